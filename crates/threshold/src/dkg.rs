//! Distributed key generation for secp256k1: commit, reveal, echo, share.
//!
//! The steps (1.1 … 4.3) are those of `docs/protocols/dkg.md`.

use core::fmt;
use std::collections::BTreeMap;

use k256::{ProjectivePoint, PublicKey, Scalar};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::driver::rounds::{Advance, Bodies, Received, Rounds};
use crate::driver::{Driver, Outgoing};
use crate::group::{self, POINT_LEN, SCALAR_LEN};
use crate::{Bug, Check, Failure, Fault, Misuse, Params, PartyIndex, RootShare, transcript};

mod package;

use package::Package;

const HASH_LEN: usize = 32;
const COMMIT: u8 = 1;
const REVEAL: u8 = 2;
const ECHO: u8 = 3;
const SHARE: u8 = 4;

/// Key generation among all members of a committee.
pub type Dkg = Driver<DkgRounds>;

/// What all members agree on before they start, and who this one is.
#[derive(Clone, Copy, Debug)]
pub struct DkgInput {
    /// t and n.
    pub params: Params,
    /// This member.
    pub me: PartyIndex,
    /// Names this ceremony. All members use the same value and none is ever used twice.
    pub session: [u8; 32],
}

impl DkgInput {
    /// Every hash of the ceremony covers this: purpose, session, t and n.
    fn context(&self) -> [u8; HASH_LEN] {
        transcript::hash(
            "quorate/dkg/v1/context",
            &[
                b"signing-root/secp256k1",
                &self.session,
                &[self.params.threshold(), self.params.share_count()],
            ],
        )
    }

    fn peers(&self) -> impl Iterator<Item = PartyIndex> + use<> {
        let me = self.me;
        self.params.parties().filter(move |party| *party != me)
    }
}

impl Driver<DkgRounds> {
    /// Starts key generation. All of its entropy is drawn here.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotTakingPart`] if `me` is not in the committee, [`Misuse::Entropy`] if `rng` gives zeros.
    pub fn start(input: DkgInput, rng: &mut dyn CryptoRng) -> Result<(Self, Vec<Outgoing>), Misuse> {
        if !input.params.contains(input.me) {
            return Err(Misuse::NotTakingPart);
        }
        // 1.1: the polynomial, its commitments and the proof of possession.
        let polynomial: Zeroizing<Vec<Scalar>> =
            Zeroizing::new((0..input.params.threshold()).map(|_| group::scalar_random(rng)).collect());
        let context = input.context();
        // No random coefficient is ever zero, so a zero shows a dead source of entropy.
        let package = Package::make(&context, input.me, &polynomial, rng).ok_or(Misuse::Entropy)?;
        Ok(Self::commit(input, polynomial, package))
    }

    /// 1.2: only the package's hash goes out.
    fn commit(
        input: DkgInput,
        polynomial: Zeroizing<Vec<Scalar>>,
        package: Package,
    ) -> (Self, Vec<Outgoing>) {
        let context = input.context();
        let commit = package.commitment(&context, input.me);
        let bodies = input.peers().map(|peer| (peer, commit.to_vec())).collect();
        let peers = input.peers().collect();
        let state = DkgRounds { input, context, polynomial, package, phase: Phase::Committed };
        Driver::new(input.me, peers, state, bodies)
    }
}

/// The state of [`Dkg`].
pub struct DkgRounds {
    input: DkgInput,
    context: [u8; HASH_LEN],
    polynomial: Zeroizing<Vec<Scalar>>,
    package: Package,
    phase: Phase,
}

enum Phase {
    /// The own commitment is out.
    Committed,
    /// All commitments are here, the own package is out.
    Revealed { commitments: BTreeMap<PartyIndex, Vec<u8>> },
    /// All packages are here and checked, the own view of them is out.
    Echoed { packages: BTreeMap<PartyIndex, Package>, views: Vec<[u8; HASH_LEN]> },
    /// All views agree, the shares are out.
    Shared { packages: BTreeMap<PartyIndex, Package> },
}

impl fmt::Debug for DkgRounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DkgRounds").finish_non_exhaustive()
    }
}

impl Rounds for DkgRounds {
    type Output = RootShare;
    const SUITE: u8 = 1;
    const ROUNDS: u8 = SHARE;
    const RELEASING_ROUND: Option<u8> = None;

    fn body_len(&self, round: u8) -> usize {
        match round {
            COMMIT => HASH_LEN,
            REVEAL => Package::encoded_len(self.input.params),
            ECHO => HASH_LEN * usize::from(self.input.params.share_count()),
            _ => SCALAR_LEN,
        }
    }

    fn advance(mut self, _round: u8, received: Received) -> Result<Advance<Self>, Failure> {
        match core::mem::replace(&mut self.phase, Phase::Committed) {
            Phase::Committed => Ok(self.reveal(received)),
            Phase::Revealed { commitments } => self.echo(&commitments, &received),
            Phase::Echoed { packages, views } => self.share(packages, &views, &received),
            Phase::Shared { packages } => self.finish(&packages, &received),
        }
    }
}

impl DkgRounds {
    /// 2.1: with every commitment in hand, the package goes out.
    fn reveal(mut self, received: Received) -> Advance<Self> {
        let commitments = received.into_iter().map(|(from, body)| (from, body.to_vec())).collect();
        let bodies = self.to_peers(|_| self.package.encode());
        self.phase = Phase::Revealed { commitments };
        Advance::Next(self, bodies)
    }

    /// 2.2–2.4: packages are checked; 3.1: what was seen of each member goes out.
    fn echo(
        mut self,
        commitments: &BTreeMap<PartyIndex, Vec<u8>>,
        received: &Received,
    ) -> Result<Advance<Self>, Failure> {
        let mut packages = BTreeMap::new();
        for (dealer, body) in received {
            let fault = |check| Fault::of(*dealer, check);
            let package = Package::decode(self.input.params, body).ok_or_else(|| fault(Check::Encoding))?;
            let commitment = package.commitment(&self.context, *dealer);
            if commitments.get(dealer).map(Vec::as_slice) != Some(commitment.as_slice()) {
                return Err(fault(Check::RevealCommitment).into());
            }
            if !package.proves_possession(&self.context, *dealer) {
                return Err(fault(Check::ProofOfPossession).into());
            }
            packages.insert(*dealer, package);
        }
        packages.insert(self.input.me, self.package.clone());
        // The commitment binds the whole package, so the commitment stands for both rounds.
        let views: Vec<[u8; HASH_LEN]> =
            packages.iter().map(|(dealer, package)| package.view(&self.context, *dealer)).collect();
        let bodies = self.to_peers(|_| views.concat());
        self.phase = Phase::Echoed { packages, views };
        Ok(Advance::Next(self, bodies))
    }

    /// 3.2: everybody must have seen the same; 4.1: only then do shares go out.
    fn share(
        mut self,
        packages: BTreeMap<PartyIndex, Package>,
        views: &[[u8; HASH_LEN]],
        received: &Received,
    ) -> Result<Advance<Self>, Failure> {
        self.compare_views(views, received)?;
        let polynomial = core::mem::take(&mut *self.polynomial);
        let polynomial = Zeroizing::new(polynomial);
        let bodies =
            self.to_peers(|peer| group::scalar_to_bytes(&group::evaluate(&polynomial, peer.get())).to_vec());
        self.polynomial = polynomial;
        self.phase = Phase::Shared { packages };
        Ok(Advance::Next(self, bodies))
    }

    /// At most t−1 members are corrupt, so t members who disagree with this one about a dealer include
    /// an honest one: then the dealer showed two faces. Fewer than that, and dealer and echoers are
    /// suspects together. A dealer who disagrees about itself convicts itself.
    fn compare_views(&self, views: &[[u8; HASH_LEN]], received: &Received) -> Result<(), Fault> {
        for (slot, dealer) in self.input.params.parties().enumerate() {
            let Some(mine) = views.get(slot) else { continue };
            let differing: Vec<PartyIndex> = received
                .iter()
                .filter(|(_, body)| body.chunks_exact(HASH_LEN).nth(slot) != Some(mine.as_slice()))
                .map(|(from, _)| *from)
                .collect();
            if differing.is_empty() {
                continue;
            }
            if dealer == self.input.me {
                // What this party sent it knows; it made one package only. If an echoer saw another
                // one, the echoer lies.
                return Err(Fault { culprits: differing, check: Check::Echo });
            }
            let certain =
                differing.contains(&dealer) || differing.len() >= usize::from(self.input.params.threshold());
            let mut culprits = vec![dealer];
            if !certain {
                culprits.extend(differing);
                culprits.sort_unstable();
            }
            return Err(Fault { culprits, check: Check::Echo });
        }
        Ok(())
    }

    /// 4.2: every share must lie on its dealer's public polynomial; 4.3: the sums are the result.
    fn finish(
        self,
        packages: &BTreeMap<PartyIndex, Package>,
        received: &Received,
    ) -> Result<Advance<Self>, Failure> {
        let me = self.input.me.get();
        let mut share = Zeroizing::new(group::evaluate(&self.polynomial, me));
        for (dealer, body) in received {
            let part = group::scalar_from_bytes(body)
                .map(Zeroizing::new)
                .ok_or_else(|| Fault::of(*dealer, Check::Encoding))?;
            let package = packages.get(dealer).ok_or(Bug("a dealer without a package"))?;
            if ProjectivePoint::mul_by_generator(&part) != package.public_value_at(me) {
                // The complaint: this names the dealer, and the member will not confirm.
                return Err(Fault::of(*dealer, Check::DealtShare).into());
            }
            *share += *part;
        }
        let coefficients = self.sum_of(packages)?;
        let root = RootShare::new(self.input, share, coefficients)
            .map_err(|_| Bug("checked shares do not fit the public polynomial"))?;
        Ok(Advance::Done(root))
    }

    fn sum_of(&self, packages: &BTreeMap<PartyIndex, Package>) -> Result<Vec<PublicKey>, Fault> {
        let threshold = usize::from(self.input.params.threshold());
        (0..threshold)
            .map(|degree| {
                let sum: ProjectivePoint =
                    packages.values().filter_map(|package| package.coefficient(degree)).sum();
                // Commit–reveal makes this impossible but for a broken hash, so nobody is named alone.
                group::finite(sum)
                    .ok_or_else(|| Fault { culprits: self.input.peers().collect(), check: Check::TrivialKey })
            })
            .collect()
    }

    fn to_peers(&self, body: impl Fn(PartyIndex) -> Vec<u8>) -> Bodies {
        self.input.peers().map(|peer| (peer, body(peer))).collect()
    }
}

const _: () = assert!(POINT_LEN == 33 && SCALAR_LEN == 32, "body lengths are computed from these");

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;
    use crate::{Outcome, Step};

    /// Starts a member, who commits to and reveals one and the same package, made so by `change`.
    fn dealer(index: u8, change: impl FnOnce(Package) -> Package) -> (Dkg, Vec<Outgoing>) {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(index));
        let me = PartyIndex::new(index).unwrap();
        let input = DkgInput { params: Params::new(2, 3).unwrap(), me, session: [1; 32] };
        let polynomial: Vec<Scalar> = (0..2).map(|_| group::scalar_random(&mut rng)).collect();
        let package = Package::make(&input.context(), me, &polynomial, &mut rng).unwrap();
        Dkg::commit(input, Zeroizing::new(polynomial), change(package))
    }

    /// Hands all messages on until nobody says anything more, and gives how each member ended.
    fn play(started: Vec<(Dkg, Vec<Outgoing>)>) -> BTreeMap<u8, Outcome<RootShare>> {
        let mut ends = BTreeMap::new();
        let mut members = BTreeMap::new();
        let mut flight = Vec::new();
        for (driver, messages) in started {
            let from = driver.me();
            flight.extend(messages.into_iter().map(|message| (from, message)));
            members.insert(from, driver);
        }
        while let Some((from, message)) = flight.pop() {
            let member = members.get_mut(&message.to).unwrap();
            let Step { messages, outcome } = member.receive(from, &message.payload).unwrap();
            flight.extend(messages.into_iter().map(|next| (message.to, next)));
            if let Some(outcome) = outcome {
                ends.insert(message.to.get(), outcome);
            }
        }
        ends
    }

    #[test]
    fn a_bad_proof_of_possession_under_a_fitting_commitment_names_the_dealer() {
        let honest = |index| dealer(index, |package| package);
        let ends = play(vec![honest(1), honest(2), honest(3)]);
        assert!(ends.values().all(|end| matches!(end, Outcome::Done(_))), "they can end well");
        let ends = play(vec![dealer(1, Package::with_another_proof), honest(2), honest(3)]);
        for index in [2, 3] {
            let Some(Outcome::Failed(failure)) = ends.get(&index) else { panic!("{index} went on") };
            assert_eq!(failure.check(), Some(Check::ProofOfPossession), "at {index}");
            assert_eq!(failure.culprits(), [PartyIndex::new(1).unwrap()], "at {index}");
        }
    }
}
