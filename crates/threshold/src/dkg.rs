//! Distributed key generation of one or several roots at once: commit, reveal, echo, share.
//!
//! The steps (1.1 … 4.3) are those of `docs/protocols/dkg.md`.

use core::fmt;
use std::collections::BTreeMap;

use rand_core::CryptoRng;

use crate::driver::rounds::{Advance, Bodies, Received, Rounds};
use crate::driver::{Driver, Outgoing};
use crate::group::SCALAR_LEN;
use crate::{Bug, Check, Failure, Fault, Misuse, Params, PartyIndex, transcript};

mod package;
mod part;
mod sets;

pub use sets::{RootSet, SixRoots};

use part::Part;

const HASH_LEN: usize = 32;
const COMMIT: u8 = 1;
const REVEAL: u8 = 2;
const ECHO: u8 = 3;
const SHARE: u8 = 4;

/// Key generation among all members of a committee, of the roots `K`: one ([`crate::Root`]) or
/// [`SixRoots`].
pub type Dkg<K> = Driver<DkgRounds<K>>;

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
    /// Every hash of the ceremony covers this: the roots' purposes, session, t and n.
    fn context<K: RootSet>(&self) -> [u8; HASH_LEN] {
        let purposes: Vec<u8> = K::PURPOSES.iter().map(|purpose| purpose.number()).collect();
        transcript::hash(
            "quorate/dkg/v2/context",
            &[&purposes, &self.session, &[self.params.threshold(), self.params.share_count()]],
        )
    }

    fn peers(&self) -> impl Iterator<Item = PartyIndex> + use<> {
        let me = self.me;
        self.params.parties().filter(move |party| *party != me)
    }
}

impl<K: RootSet> Driver<DkgRounds<K>> {
    /// Starts key generation. All of its entropy is drawn here.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotTakingPart`] if `me` is not in the committee, [`Misuse::Entropy`] if `rng` gives zeros.
    pub fn start(input: DkgInput, rng: &mut dyn CryptoRng) -> Result<(Self, Vec<Outgoing>), Misuse> {
        if !input.params.contains(input.me) {
            return Err(Misuse::NotTakingPart);
        }
        // 1.1: polynomials, commitments and proofs of possession.
        let parts = K::make(input, &input.context::<K>(), rng)?;
        Ok(Self::commit(input, parts))
    }

    /// 1.2: only the packages' hash goes out.
    fn commit(input: DkgInput, parts: K::Parts) -> (Self, Vec<Outgoing>) {
        let context = input.context::<K>();
        let own: Vec<u8> = K::each(&parts).into_iter().flat_map(Part::reveal).collect();
        let state = DkgRounds { input, context, parts, own, phase: Phase::Committed };
        let commit = state.commitment(input.me, &state.own);
        let bodies = state.to_peers(|_| commit.to_vec());
        Driver::new(input.me, input.peers().collect(), state, bodies)
    }
}

/// The state of [`Dkg`].
pub struct DkgRounds<K: RootSet> {
    input: DkgInput,
    context: [u8; HASH_LEN],
    /// One for each root, in the order of the purposes.
    parts: K::Parts,
    /// The own packages, as they are revealed.
    own: Vec<u8>,
    phase: Phase,
}

enum Phase {
    /// The own commitment is out.
    Committed,
    /// All commitments are here, the own packages are out.
    Revealed { commitments: BTreeMap<PartyIndex, Vec<u8>> },
    /// All packages are here and checked, the own view of them is out.
    Echoed { views: Vec<[u8; HASH_LEN]> },
    /// All views agree, the shares are out.
    Shared,
}

impl<K: RootSet> fmt::Debug for DkgRounds<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DkgRounds").finish_non_exhaustive()
    }
}

impl<K: RootSet> Rounds for DkgRounds<K> {
    type Output = K::Output;
    const SUITE: u8 = 1;
    const ROUNDS: u8 = SHARE;
    const RELEASING_ROUND: Option<u8> = None;

    fn body_len(&self, round: u8) -> usize {
        match round {
            COMMIT => HASH_LEN,
            REVEAL => self.own.len(),
            ECHO => HASH_LEN * usize::from(self.input.params.share_count()),
            _ => SCALAR_LEN * K::PURPOSES.len(),
        }
    }

    fn advance(mut self, _round: u8, received: Received) -> Result<Advance<Self>, Failure> {
        match core::mem::replace(&mut self.phase, Phase::Committed) {
            Phase::Committed => Ok(self.reveal(received)),
            Phase::Revealed { commitments } => self.echo(&commitments, &received),
            Phase::Echoed { views } => self.share(&views, &received),
            Phase::Shared => self.finish(&received),
        }
    }
}

impl<K: RootSet> DkgRounds<K> {
    /// 1.2: what is sent before anybody reveals; it covers the packages of all roots.
    fn commitment(&self, dealer: PartyIndex, packages: &[u8]) -> [u8; HASH_LEN] {
        transcript::hash("quorate/dkg/v2/commit", &[&self.context, &[dealer.get()], packages])
    }

    /// 3.1: what a member says it has seen of this dealer. The commitment binds all packages, so the
    /// commitment stands for both rounds.
    fn view(&self, dealer: PartyIndex, commitment: &[u8]) -> [u8; HASH_LEN] {
        transcript::hash("quorate/dkg/v2/view", &[&self.context, &[dealer.get()], commitment])
    }

    /// 2.1: with every commitment in hand, the packages go out.
    fn reveal(mut self, received: Received) -> Advance<Self> {
        let commitments = received.into_iter().map(|(from, body)| (from, body.to_vec())).collect();
        let bodies = self.to_peers(|_| self.own.clone());
        self.phase = Phase::Revealed { commitments };
        Advance::Next(self, bodies)
    }

    /// 2.2–2.4: packages are checked; 3.1: what was seen of each member goes out.
    fn echo(
        mut self,
        commitments: &BTreeMap<PartyIndex, Vec<u8>>,
        received: &Received,
    ) -> Result<Advance<Self>, Failure> {
        let own = self.commitment(self.input.me, &self.own);
        let mut views = BTreeMap::from([(self.input.me, self.view(self.input.me, &own))]);
        for (dealer, body) in received {
            let mut rest = body.as_slice();
            for part in K::each_mut(&mut self.parts) {
                let package = next(&mut rest, part.reveal_len())?;
                part.take(*dealer, package)?;
            }
            let commitment = self.commitment(*dealer, body);
            if commitments.get(dealer).map(Vec::as_slice) != Some(commitment.as_slice()) {
                return Err(Fault::of(*dealer, Check::RevealCommitment).into());
            }
            for part in K::each(&self.parts) {
                part.proves_possession(*dealer)?;
            }
            views.insert(*dealer, self.view(*dealer, &commitment));
        }
        let views: Vec<[u8; HASH_LEN]> = views.into_values().collect();
        let bodies = self.to_peers(|_| views.concat());
        self.phase = Phase::Echoed { views };
        Ok(Advance::Next(self, bodies))
    }

    /// 3.2: everybody must have seen the same; 4.1: only then do shares go out.
    fn share(mut self, views: &[[u8; HASH_LEN]], received: &Received) -> Result<Advance<Self>, Failure> {
        self.compare_views(views, received)?;
        let bodies = self.to_peers(|peer| {
            // The final size at once, so that no copy is left behind by growing.
            let mut body = Vec::with_capacity(SCALAR_LEN * K::PURPOSES.len());
            for part in K::each(&self.parts) {
                body.extend_from_slice(part.deal(peer).as_slice());
            }
            body
        });
        self.phase = Phase::Shared;
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
    fn finish(mut self, received: &Received) -> Result<Advance<Self>, Failure> {
        for (dealer, body) in received {
            let mut rest = body.as_slice();
            for part in K::each_mut(&mut self.parts) {
                part.add(*dealer, next(&mut rest, SCALAR_LEN)?)?;
            }
        }
        for part in K::each_mut(&mut self.parts) {
            // Commit–reveal makes a failure impossible but for a broken hash, so nobody is named alone.
            let everybody = || self.input.peers().collect();
            part.sum().map_err(|check| Fault { culprits: everybody(), check })?;
        }
        Ok(Advance::Done(K::finish(self.parts)?))
    }

    fn to_peers(&self, body: impl Fn(PartyIndex) -> Vec<u8>) -> Bodies {
        self.input.peers().map(|peer| (peer, body(peer))).collect()
    }
}

/// The next `length` bytes of a body, whose whole length the driver has checked.
fn next<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Bug> {
    let (part, after) = rest.split_at_checked(length).ok_or(Bug("a body shorter than its parts"))?;
    *rest = after;
    Ok(part)
}

#[cfg(test)]
mod tests;
