//! The pairwise set-up under ECDSA signing: oblivious transfer for the two-party multiplication, and
//! the common seed of the zero shares.
//!
//! It knows no key. The `dkls23` crate makes it inside its own key generation, for a whole committee at
//! once; its building blocks are public, so it is made here for one pair at a time by the same steps
//! (phases 2 to 4 of that key generation, without the parts about a key). A restarted node thus renews
//! only its own pairs, and a broken run costs one pair. Nothing in signing needs the whole committee to
//! have been set up together: seeds and multiplications are looked up by counterparty, and each signing
//! message is bound to the digest of its pair's set-up.
//!
//! The steps (1.1 … 3.2) are those of `docs/protocols/signing.md`, section "Pairwise set-up".

use core::fmt;

use dkls23_secp256k1::protocols::PartyIndex as DklsIndex;
use dkls23_secp256k1::utilities::multiplication::{MulReceiver, MulSender};
use dkls23_secp256k1::utilities::ot::base::{OTReceiver, OTSender};
use dkls23_secp256k1::utilities::proofs::{DLogProof, EncProof};
use dkls23_secp256k1::utilities::zero_shares::{SeedPair, ZeroShare};
use k256::{Scalar, Secp256k1};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::driver::rounds::{Advance, Received, Rounds};
use crate::driver::{Driver, Outgoing};
use crate::{Bug, Check, Failure, Fault, Misuse, PartyIndex, codec, entropy, transcript};

mod state;

pub use state::PairState;

const HASH_LEN: usize = 32;
const SALT_LEN: usize = 64;
const COMMIT: u8 = 1;
const REVEAL: u8 = 2;
/// The encoded [`Reveal`]: 256 proofs of encryption and one proof of knowledge, all of fixed size.
const REVEAL_LEN: usize = 143_048;

/// The set-up of one pair.
pub type PairSetup = Driver<PairSetupRounds>;

/// Who sets up with whom.
#[derive(Clone, Copy, Debug)]
pub struct PairInput {
    /// This party.
    pub me: PartyIndex,
    /// The other one.
    pub peer: PartyIndex,
    /// Names this set-up; both sides use the same value.
    pub session: [u8; 32],
}

impl PairInput {
    /// Equal on both sides; every hash covers it.
    fn context(&self) -> [u8; HASH_LEN] {
        let (low, high) = (self.me.min(self.peer), self.me.max(self.peer));
        transcript::hash("quorate/pair/v1/context", &[&self.session, &[low.get(), high.get()]])
    }

    /// Mine and the peer's value in the order of the indices, so that both sides hash the same.
    fn in_order<'a, T: ?Sized>(&self, mine: &'a T, peers: &'a T) -> [&'a T; 2] {
        if self.me < self.peer { [mine, peers] } else { [peers, mine] }
    }
}

impl Driver<PairSetupRounds> {
    /// Starts the set-up of a pair. The ECDSA crate's generator is seeded anew from the operating system.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotTakingPart`] if `me` and `peer` are one, [`Misuse::Entropy`] without entropy.
    pub fn start(input: PairInput) -> Result<(Self, Vec<Outgoing>), Misuse> {
        if input.me == input.peer {
            return Err(Misuse::NotTakingPart);
        }
        entropy::reseed()?;
        // 1.1: my half of the zero-share seed, committed to for this set-up and direction.
        let context = input.context();
        let seed_context =
            ZeroShare::seed_context(SEED_PROTOCOL, &[&context], index(input.me), index(input.peer));
        let (seed, commitment, salt) = ZeroShare::generate_seed_with_bound_commitment(&seed_context);
        let phase = Phase::Committed { commitment };
        let state =
            PairSetupRounds { input, context, seed: Zeroizing::new(seed), salt: Zeroizing::new(salt), phase };
        Ok(Driver::new(input.me, vec![input.peer], state, vec![(input.peer, commitment.to_vec())]))
    }
}

/// The protocol word in the seed commitments.
const SEED_PROTOCOL: &[u8] = b"quorate/pair/v1/seed";

/// The state of [`PairSetup`].
pub struct PairSetupRounds {
    input: PairInput,
    context: [u8; HASH_LEN],
    seed: Zeroizing<[u8; 32]>,
    salt: Zeroizing<Vec<u8>>,
    phase: Phase,
}

enum Phase {
    Committed {
        commitment: [u8; HASH_LEN],
    },
    Revealed(Box<Revealed>),
    Confirmed(Box<PairState>),
    /// Between two phases; never met again.
    Moved,
}

/// What is kept while the reveals cross.
struct Revealed {
    peer_commitment: [u8; HASH_LEN],
    session: [u8; HASH_LEN],
    my_reveal: [u8; HASH_LEN],
    secrets: TransferSecrets,
}

/// Secrets of the base transfers, wiped here because the crate's own types do not wipe them.
struct TransferSecrets {
    ot_sender: OTSender<Secp256k1>,
    gadget_nonce: Scalar,
    ot_receiver: OTReceiver,
    choices: Vec<bool>,
    vec_r: Vec<Scalar>,
}

impl Drop for TransferSecrets {
    fn drop(&mut self) {
        self.ot_sender.s.zeroize();
        self.choices.zeroize();
        self.vec_r.zeroize();
    }
}

/// Round 2, in clear text inside the pair's encrypted channel.
#[derive(Serialize, Deserialize)]
struct Reveal {
    zero_seed: [u8; 32],
    salt: Vec<u8>,
    dlog_proof: DLogProof<Secp256k1>,
    gadget_nonce: Scalar,
    enc_proofs: Vec<EncProof<Secp256k1>>,
    ot_seed: [u8; 32],
}

impl Drop for Reveal {
    fn drop(&mut self) {
        self.zero_seed.zeroize();
        self.salt.zeroize();
    }
}

impl fmt::Debug for PairSetupRounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairSetupRounds").finish_non_exhaustive()
    }
}

impl Rounds for PairSetupRounds {
    type Output = PairState;
    const SUITE: u8 = 2;
    const ROUNDS: u8 = 3;
    const RELEASING_ROUND: Option<u8> = None;

    fn body_len(&self, round: u8) -> usize {
        // The commitment and the confirmation are hashes.
        if round == REVEAL { REVEAL_LEN } else { HASH_LEN }
    }

    fn advance(mut self, round: u8, mut received: Received) -> Result<Advance<Self>, Failure> {
        let body = received.remove(&self.input.peer).ok_or(Bug("a round without its message"))?;
        match (round, core::mem::replace(&mut self.phase, Phase::Moved)) {
            (COMMIT, Phase::Committed { commitment }) => self.reveal(&commitment, &body),
            (REVEAL, Phase::Revealed(kept)) => self.confirm(&kept, &body),
            (_, Phase::Confirmed(pair)) => self.finish(*pair, &body),
            _ => Err(Bug("the pairwise set-up lost its place").into()),
        }
    }
}

impl PairSetupRounds {
    /// 2.1: the session of the transfers holds both (random) commitments, so no message of another run
    /// of the same `session` fits; then both roles' first messages.
    fn reveal(mut self, commitment: &[u8; HASH_LEN], body: &[u8]) -> Result<Advance<Self>, Failure> {
        let peer_commitment: [u8; HASH_LEN] = body.try_into().map_err(|_| Bug("unchecked length"))?;
        let [first, second] = self.input.in_order(commitment, &peer_commitment);
        let session = transcript::hash("quorate/pair/v1/session", &[&self.context, first, second]);

        let (ot_sender, dlog_proof, gadget_nonce) =
            MulReceiver::<Secp256k1>::init_phase1(&self.transfer_session(&session, self.input.me));
        let (ot_receiver, choices, vec_r, enc_proofs) =
            MulSender::<Secp256k1>::init_phase1(&self.transfer_session(&session, self.input.peer));
        let reveal = Reveal {
            zero_seed: *self.seed,
            salt: self.salt.to_vec(),
            dlog_proof,
            gadget_nonce,
            enc_proofs,
            ot_seed: ot_receiver.seed,
        };
        let secrets = TransferSecrets { ot_sender, gadget_nonce, ot_receiver, choices, vec_r };
        let bytes = codec::encode(&reveal, REVEAL_LEN)?;
        if bytes.len() != REVEAL_LEN {
            return Err(Bug("the reveal has an unexpected size").into());
        }
        let my_reveal = transcript::hash("quorate/pair/v1/reveal", &[&bytes]);
        self.phase = Phase::Revealed(Box::new(Revealed { peer_commitment, session, my_reveal, secrets }));
        let peer = self.input.peer;
        Ok(Advance::Next(self, vec![(peer, bytes.to_vec())]))
    }

    /// 2.2–2.4: the peer's seed and proofs are checked; 3.1: the name of what came out goes back.
    fn confirm(mut self, kept: &Revealed, body: &[u8]) -> Result<Advance<Self>, Failure> {
        let peer = self.input.peer;
        let fault = |check| Fault::of(peer, check);
        let reveal: Reveal = codec::decode(body).ok_or_else(|| fault(Check::Encoding))?;
        // One encoding only: what is hashed below is what was understood.
        if *codec::encode(&reveal, body.len())? != *body || reveal.salt.len() != SALT_LEN {
            return Err(fault(Check::Encoding).into());
        }
        let seed_pair = self.common_seed(kept, &reveal).ok_or_else(|| fault(Check::ZeroShareSeed))?;

        let secrets = &kept.secrets;
        let receiver = MulReceiver::<Secp256k1>::init_phase2(
            &secrets.ot_sender,
            &self.transfer_session(&kept.session, self.input.me),
            &reveal.ot_seed,
            &reveal.enc_proofs,
            &secrets.gadget_nonce,
        )
        .map_err(|_| fault(Check::BaseTransfer))?;
        let sender = MulSender::<Secp256k1>::init_phase2(
            &secrets.ot_receiver,
            &self.transfer_session(&kept.session, peer),
            secrets.choices.clone(),
            &secrets.vec_r,
            &reveal.dlog_proof,
            &reveal.gadget_nonce,
        )
        .map_err(|_| fault(Check::BaseTransfer))?;

        let peer_reveal = transcript::hash("quorate/pair/v1/reveal", &[body]);
        let [first, second] = self.input.in_order(&kept.my_reveal, &peer_reveal);
        let set_up_id = transcript::hash("quorate/pair/v1/id", &[&kept.session, first, second]);
        let pair = PairState::new(self.input, set_up_id, sender, receiver, seed_pair);
        self.phase = Phase::Confirmed(Box::new(pair));
        Ok(Advance::Next(self, vec![(peer, set_up_id.to_vec())]))
    }

    /// 3.2: the peer saw the same, and finished its side.
    fn finish(self, pair: PairState, body: &[u8]) -> Result<Advance<Self>, Failure> {
        if body != pair.set_up_id() {
            return Err(Fault::of(self.input.peer, Check::SetUpTranscript).into());
        }
        Ok(Advance::Done(pair))
    }

    fn common_seed(&self, kept: &Revealed, reveal: &Reveal) -> Option<SeedPair> {
        let (me, peer) = (index(self.input.me), index(self.input.peer));
        let context = ZeroShare::seed_context(SEED_PROTOCOL, &[&self.context], peer, me);
        ZeroShare::verify_bound_seed(&reveal.zero_seed, &context, &kept.peer_commitment, &reveal.salt)
            .then(|| ZeroShare::generate_seed_pair(me, peer, &self.seed, &reveal.zero_seed))
    }

    /// The session of one direction, named by the multiplication's receiver.
    fn transfer_session(&self, session: &[u8; HASH_LEN], receiver: PartyIndex) -> [u8; HASH_LEN] {
        transcript::hash("quorate/pair/v1/transfer", &[session, &[receiver.get()]])
    }
}

/// The same index in the crate's type, which refuses only the zero that ours cannot hold.
pub(crate) fn index(party: PartyIndex) -> DklsIndex {
    DklsIndex::new(party.get()).expect("a party index is never zero")
}
