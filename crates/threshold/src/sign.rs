//! Signing by exactly t members: three rounds of DKLs23 over our own shares, tweaked for one key.
//!
//! The steps (1.1 … 4.2) are those of `docs/protocols/signing.md`.
//!
//! # Security
//!
//! Digest, tweak, signer set and session are fixed before a nonce exists. Signing state is moved from
//! round to round, is never encoded or copied, and is wiped at the end, whatever the end is. A second
//! attempt starts from nothing, with a new session.

use core::fmt;
use std::collections::BTreeMap;

use dkls23_secp256k1::Party;
use dkls23_secp256k1::protocols::Parameters;
use dkls23_secp256k1::protocols::PartyIndex as DklsIndex;
use dkls23_secp256k1::protocols::derivation::DerivData;
use dkls23_secp256k1::protocols::signing::{
    KeepPhase1to2, KeepPhase2to3, SignData, TransmitPhase1to2, TransmitPhase2to3, UniqueKeep1to2,
    UniqueKeep2to3,
};
use dkls23_secp256k1::utilities::zero_shares::ZeroShare;
use k256::elliptic_curve::ops::Reduce;
use k256::{FieldBytes, ProjectivePoint, PublicKey, Scalar, Secp256k1};

use crate::driver::rounds::{Advance, Bodies, Received, Rounds};
use crate::driver::{Driver, Outgoing};
use crate::pair::index;
use crate::purpose::SignSecp256k1;
use crate::{Bug, Check, Failure, Fault, Misuse, PairState, PartyIndex, RootShare, entropy, group};

mod blame;
mod finish;
mod messages;

pub use finish::EcdsaSignature;

use blame::Blame;

/// One attempt at one signature.
pub type EcdsaSign = Driver<EcdsaRounds>;

/// Everything that a signature depends on, fixed before the first message.
#[derive(Clone, Copy)]
pub struct SigningInput<'a> {
    /// This member's share of the root.
    pub share: &'a RootShare<SignSecp256k1>,
    /// This member's pairwise states by counterparty; those of the signers must be there.
    pub pairs: &'a BTreeMap<PartyIndex, PairState>,
    /// Which key: [`crate::derive::tweak`] of its id.
    pub tweak: [u8; 32],
    /// What is signed.
    pub digest: [u8; 32],
    /// Exactly t members, ascending, this one among them.
    pub signers: &'a [PartyIndex],
    /// Names this attempt; fresh, and equal for all signers.
    pub session: [u8; 32],
}

impl fmt::Debug for SigningInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningInput").field("signers", &self.signers).finish_non_exhaustive()
    }
}

impl SigningInput<'_> {
    fn counterparties(&self) -> Result<Vec<PartyIndex>, Misuse> {
        let params = self.share.params();
        let ascending = self.signers.windows(2).all(|pair| pair[0] < pair[1]);
        let members = self.signers.iter().all(|signer| params.contains(*signer));
        if self.signers.len() != usize::from(params.threshold()) || !ascending || !members {
            return Err(Misuse::SignerSet);
        }
        if !self.signers.contains(&self.share.me()) {
            return Err(Misuse::NotTakingPart);
        }
        Ok(self.signers.iter().copied().filter(|signer| *signer != self.share.me()).collect())
    }

    /// The tweak as a scalar and the key that it makes. The root itself never signs.
    fn key(&self) -> Result<(Scalar, PublicKey), Misuse> {
        let tweak =
            group::scalar_from_bytes::<group::secp256k1::Secp256k1>(&self.tweak).ok_or(Misuse::Tweak)?;
        if tweak.is_zero().into() {
            return Err(Misuse::Tweak);
        }
        let key = *self.share.root_element().point() + ProjectivePoint::mul_by_generator(&tweak);
        Ok((tweak, group::secp256k1::finite(key).ok_or(Misuse::Tweak)?))
    }

    /// A short-lived party of the crate: our tweaked share over copies of the signers' pairwise states
    /// (52 KB a pair, copied in 8 µs: 0.2 % of a signature, so sharing would gain nothing).
    fn party(&self, counterparties: &[PartyIndex]) -> Result<Party, Misuse> {
        let params = self.share.params();
        let (tweak, key) = self.key()?;
        // A constant is a polynomial of degree 0: adding the tweak to every share adds it to the key.
        let poly_point = self.share.scalar() + tweak;
        let mut mul_senders = BTreeMap::new();
        let mut mul_receivers = BTreeMap::new();
        let mut seeds = Vec::with_capacity(counterparties.len());
        for peer in counterparties {
            let pair = self.pairs.get(peer).ok_or(Misuse::MissingPair(*peer))?;
            if pair.me() != self.share.me() || pair.peer() != *peer {
                return Err(Misuse::MissingPair(*peer));
            }
            mul_senders.insert(index(*peer), pair.secrets.sender.clone());
            mul_receivers.insert(index(*peer), pair.secrets.receiver.clone());
            seeds.push(pair.secrets.seed.clone());
        }
        Ok(Party {
            parameters: Parameters { threshold: params.threshold(), share_count: params.share_count() },
            party_index: index(self.share.me()),
            session_id: self.session.to_vec(),
            poly_point,
            pk: *key.as_affine(),
            zero_share: ZeroShare::initialize(seeds),
            mul_senders,
            mul_receivers,
            derivation_data: DerivData {
                depth: 0,
                child_number: 0,
                parent_fingerprint: [0; 4],
                poly_point: Scalar::ZERO,
                pk: *key.as_affine(),
                // The crate hashes this into every transcript. Ours is the digest of the root's key
                // generation, so members who disagree about that meet a session mismatch.
                chain_code: self.share.public_digest(),
            },
            address: String::new(),
        })
    }
}

impl Driver<EcdsaRounds> {
    /// Starts an attempt. The ECDSA crate's generator is seeded anew from the operating system.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if the input has no meaning, or there is no entropy; nothing secret was used then.
    pub fn start(input: SigningInput<'_>) -> Result<(Self, Vec<Outgoing>), Misuse> {
        let (state, bodies) = EcdsaRounds::begin(input)?;
        Ok(Driver::new(state.me, state.peers.clone(), state, bodies))
    }
}

/// The state of [`EcdsaSign`].
pub struct EcdsaRounds {
    me: PartyIndex,
    peers: Vec<PartyIndex>,
    party: Box<Party>,
    data: SignData,
    set_up_ids: BTreeMap<PartyIndex, [u8; 32]>,
    phase: Phase,
}

enum Phase {
    /// Commitments to the nonce point are out.
    Committed { unique: Box<UniqueKeep1to2<Secp256k1>>, kept: BTreeMap<DklsIndex, KeepPhase1to2<Secp256k1>> },
    /// Nonce points and products are out.
    Multiplied { unique: Box<UniqueKeep2to3<Secp256k1>>, kept: BTreeMap<DklsIndex, KeepPhase2to3<Secp256k1>> },
    /// The own part of the signature is handed out.
    Released { x: String, own: finish::Part },
    /// Between two phases; never met again.
    Moved,
}

impl fmt::Debug for EcdsaRounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcdsaRounds").finish_non_exhaustive()
    }
}

impl Rounds for EcdsaRounds {
    type Output = EcdsaSignature;
    const SUITE: u8 = 3;
    const ROUNDS: u8 = 3;
    const RELEASING_ROUND: Option<u8> = Some(3);

    fn body_len(&self, round: u8) -> usize {
        messages::body_len(round)
    }

    fn advance(mut self, round: u8, received: Received) -> Result<Advance<Self>, Failure> {
        match (round, core::mem::replace(&mut self.phase, Phase::Moved)) {
            (1, Phase::Committed { unique, kept }) => self.multiply(*unique, kept, &received),
            (2, Phase::Multiplied { unique, kept }) => self.release(*unique, kept, &received),
            (3, Phase::Released { x, own }) => self.assemble(&x, own, &received),
            _ => Err(Bug("signing lost its place").into()),
        }
    }
}

impl EcdsaRounds {
    fn begin(input: SigningInput<'_>) -> Result<(Self, Bodies), Misuse> {
        // 1.1: the whole input is checked before a nonce exists.
        let peers = input.counterparties()?;
        let digest = <Scalar as Reduce<FieldBytes>>::reduce(&FieldBytes::from(input.digest));
        if digest.is_zero().into() {
            return Err(Misuse::ZeroDigest);
        }
        let party = Box::new(input.party(&peers)?);
        let data = SignData {
            sign_id: input.session.to_vec(),
            counterparties: peers.iter().map(|peer| index(*peer)).collect(),
            message_hash: input.digest,
        };
        entropy::reseed()?;
        // 1.2: nonce, mask, and the first message of each multiplication. What phase 1 could refuse was
        // refused above, except a damaged pairwise state.
        let damaged = Misuse::Stored("a pairwise state is damaged");
        let (unique, kept, messages) = party.sign_phase1(&data).map_err(|_| damaged)?;
        let set_up_ids: BTreeMap<PartyIndex, [u8; 32]> =
            peers.iter().filter_map(|peer| Some((*peer, *input.pairs.get(peer)?.set_up_id()))).collect();
        let bodies = messages::encode_first(&peers, &set_up_ids, &messages).map_err(|_| damaged)?;
        let phase = Phase::Committed { unique: Box::new(unique), kept };
        Ok((Self { me: input.share.me(), peers, party, data, set_up_ids, phase }, bodies))
    }

    /// 2.1: the peers' commitments and transfers are checked, both products answered.
    fn multiply(
        mut self,
        unique: UniqueKeep1to2<Secp256k1>,
        kept: BTreeMap<DklsIndex, KeepPhase1to2<Secp256k1>>,
        received: &Received,
    ) -> Result<Advance<Self>, Failure> {
        let messages: Vec<TransmitPhase1to2> = messages::decode_first(self.me, &self.set_up_ids, received)?;
        let (unique, kept, messages) = self
            .party
            .sign_phase2(&self.data, unique, kept, &messages)
            .map_err(|abort| self.blame().for_abort(&abort))?;
        let bodies = messages::encode_second(&self.peers, &messages)?;
        self.phase = Phase::Multiplied { unique: Box::new(unique), kept };
        Ok(Advance::Next(self, bodies))
    }

    /// 3.1: openings and products are checked; 3.2: the own part of the signature is handed out.
    fn release(
        mut self,
        unique: UniqueKeep2to3<Secp256k1>,
        kept: BTreeMap<DklsIndex, KeepPhase2to3<Secp256k1>>,
        received: &Received,
    ) -> Result<Advance<Self>, Failure> {
        let messages: Vec<TransmitPhase2to3<Secp256k1>> = messages::decode_second(self.me, received)?;
        let (x, own) = self
            .party
            .sign_phase3(&self.data, unique, kept, &messages)
            .map_err(|abort| self.blame().for_abort(&abort))?;
        let own = finish::Part::from(own);
        let bodies: Bodies = self.peers.iter().map(|peer| (*peer, own.encode())).collect();
        self.phase = Phase::Released { x, own };
        Ok(Advance::Next(self, bodies))
    }

    /// 4.1: the parts are added up; 4.2: the signature is checked before anybody sees it.
    fn assemble(self, x: &str, own: finish::Part, received: &Received) -> Result<Advance<Self>, Failure> {
        let mut parts = vec![own.into()];
        for (from, body) in received {
            let part = finish::Part::decode(body).ok_or_else(|| Fault::of(*from, Check::Encoding))?;
            parts.push(part.into());
        }
        let (s, recovery_id) = self
            .party
            .sign_phase4(&self.data, x, &parts, true)
            .map_err(|abort| self.blame().for_abort(&abort))?;
        let signature = EcdsaSignature::check(x, &s, recovery_id, &self.data.message_hash, &self.party.pk)?;
        Ok(Advance::Done(signature))
    }

    fn blame(&self) -> Blame<'_> {
        Blame { others: &self.peers }
    }
}

#[cfg(test)]
mod tests;
