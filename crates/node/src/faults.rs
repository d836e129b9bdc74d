//! Faults that a test build can be told to commit, so that acceptance tests can watch honest nodes.
//!
//! A build without the feature `faults` refuses to start with any of them.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use quorate_encryption::sealed;
use quorate_engine::{Effect, Input};
use quorate_wire::{
    Decision, DecryptionReply, DecryptionRequest, Digest, EcdsaBytes, Hello, NodeIndex, PeerMessage,
    ShareStatement, Signed, ValuePoint, Verdict, Vote, decode, encode, limits,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Which faults this node commits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSwitches {
    /// Flips this bit (0 to 255) of every digest that an action asks to sign, before the engine sees it.
    pub alter_digest: Option<u8>,
    /// What the node lies about when it coordinates.
    pub coordinator: Option<CoordinatorLie>,
    /// How it uses what it may say as a member.
    pub member: Option<MemberLie>,
}

/// What a lying member sends besides, or in place of, what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberLie {
    /// In place of each vote, the first signature that it has come to know, as if it were of this execution.
    OldSignature,
    /// With each ping 5,000 greetings, each newer than the one before.
    Greetings,
    /// In place of its partial of a random value, that of the first value which it drew.
    WrongPartial,
    /// Nothing of drawn values: neither its partials nor what they make.
    WithholdsDraws,
    /// In place of its share of what a caller has opened, a point that is nobody's; sealed and signed as its own.
    WrongShare,
}

/// The generator of G2 (RFC 9380, section 8.8.2, compressed): a point, and no share of anything.
const NO_SHARE: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                        024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

/// Greetings of a [`MemberLie::Greetings`] with each ping.
const GREETINGS: u64 = 5_000;

/// What the node's frames become on their way out, and what a lying one remembers for that.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    switches: FaultSwitches,
    signature: Option<EcdsaBytes>,
    hello: Option<Hello>,
    partial: Option<ValuePoint>,
    /// With which it signs what it changes.
    key: Option<SigningKey>,
}

impl Outgoing {
    pub(crate) fn new(switches: FaultSwitches, key: &SigningKey) -> Self {
        let key = cfg!(feature = "faults").then(|| key.clone());
        Outgoing { switches, key, ..Outgoing::default() }
    }

    /// The frames that this node sends in place of one.
    pub(crate) fn frames(&mut self, frame: Vec<u8>) -> impl Iterator<Item = Vec<u8>> {
        let lies = cfg!(feature = "faults") && self.switches != FaultSwitches::default();
        let (first, more) = if lies && self.keeps_back(&frame) {
            (None, Vec::new())
        } else if lies {
            let (first, more) = self.lies(frame);
            (Some(first), more)
        } else {
            (Some(frame), Vec::new())
        };
        first.into_iter().chain(more)
    }

    /// Whether nothing is sent in place of a frame.
    fn keeps_back(&self, frame: &[u8]) -> bool {
        if self.switches.member != Some(MemberLie::WithholdsDraws) {
            return false;
        }
        match decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX) {
            Ok(PeerMessage::Vote(vote)) => matches!(vote.body.verdict, Verdict::Draw { .. }),
            Ok(PeerMessage::Decided { decision, .. }) => matches!(decision, Decision::Drawn(_)),
            Ok(_) | Err(_) => false,
        }
    }

    /// A submission as this node passes it on.
    pub(crate) fn shared(&self, frame: Arc<[u8]>) -> Arc<[u8]> {
        self.switches.changed(&frame).map_or(frame, Arc::from)
    }

    /// The one-time key of a caller who gets a wrong share for this input.
    pub(crate) fn deceived(&self, input: &Input) -> Option<Digest> {
        let lies = cfg!(feature = "faults") && self.switches.member == Some(MemberLie::WrongShare);
        match input {
            Input::Decryption { submission, .. } if lies => {
                DecryptionRequest::parse(&submission.request).ok().map(|request| request.reader)
            }
            _ => None,
        }
    }

    /// Puts a wrong share in the place of the one that is given to this one-time key.
    pub(crate) fn deceive(&self, reader: &Digest, effects: &mut [Effect], rng: &mut dyn CryptoRng) {
        let (Some(key), Ok(point)) = (&self.key, hex::decode(NO_SHARE)) else { return };
        for effect in effects {
            let Effect::ReplyShare { result: Ok(reply), .. } = effect else { continue };
            let (node, body) = (reply.statement.node, reply.statement.body.clone());
            let context = sealed::context(&body.request, node);
            if let Some(sealed) = sealed::seal(&reader.0, &context, &point, rng) {
                let body = ShareStatement { sealed: Digest(Sha256::digest(&sealed).into()), ..body };
                **reply = DecryptionReply { sealed, statement: Signed::new(node, body, key) };
            }
        }
    }

    fn lies(&mut self, frame: Vec<u8>) -> (Vec<u8>, Vec<Vec<u8>>) {
        let Ok(message) = decode::<PeerMessage>(&frame, limits::PEER_FRAME_BYTES_MAX) else {
            return (frame, Vec::new());
        };
        match (self.switches.member, message) {
            (Some(MemberLie::OldSignature), PeerMessage::Signature { signature, recovery_id, .. }) => {
                self.signature.get_or_insert((signature, recovery_id));
            }
            (
                Some(MemberLie::OldSignature),
                PeerMessage::Decided { decision: Decision::Signed(signature), .. },
            ) => {
                self.signature.get_or_insert(signature);
            }
            (Some(MemberLie::OldSignature), PeerMessage::Vote(vote)) => {
                if let Some((signature, recovery_id)) = self.signature {
                    let (request, operation) = (vote.body.request, vote.body.operation);
                    let old = PeerMessage::Signature { request, operation, signature, recovery_id };
                    return (encode(&old), Vec::new());
                }
            }
            (Some(MemberLie::WrongPartial), PeerMessage::Vote(vote)) => {
                if let (Verdict::Draw { partial }, Some(key)) = (&vote.body.verdict, &self.key) {
                    let partial = *self.partial.get_or_insert(*partial);
                    let body = Vote { verdict: Verdict::Draw { partial }, ..vote.body.clone() };
                    return (encode(&PeerMessage::Vote(Signed::new(vote.node, body, key))), Vec::new());
                }
            }
            (Some(MemberLie::Greetings), PeerMessage::Hello(hello)) => self.hello = Some(hello),
            (Some(MemberLie::Greetings), PeerMessage::Ping(_)) => {
                let Some(hello) = &mut self.hello else { return (frame, Vec::new()) };
                let mut greeting = || {
                    hello.serial += 1;
                    encode(&PeerMessage::Hello(hello.clone()))
                };
                return (frame, (0..GREETINGS).map(|_| greeting()).collect());
            }
            _ => {}
        }
        (self.switches.changed(&frame).unwrap_or(frame), Vec::new())
    }
}

/// What a lying coordinator changes in what it sends; what it does itself stays honest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoordinatorLie {
    /// One bit of the request that it passes on.
    RequestBytes,
    /// The code of the action that it passes on.
    Code,
    /// One bit of the intent that is to be signed.
    Intent,
    /// The signer set: its first member is dropped.
    DropSigner,
    /// The signer set: its first member is somebody who is no member.
    ForeignSigner,
    /// The fresh bytes of the last signer.
    Fresh,
    /// The attempt: every one is said to be the first.
    Attempt,
}

impl FaultSwitches {
    /// The digest as this node's engine is shown it.
    pub(crate) fn digest(&self, mut digest: [u8; 32]) -> [u8; 32] {
        if let Some(bit) = self.alter_digest.filter(|_| cfg!(feature = "faults"))
            && let Some(byte) = digest.get_mut(usize::from(bit / 8))
        {
            *byte ^= 1 << (bit % 8);
        }
        digest
    }

    fn changed(&self, frame: &[u8]) -> Option<Vec<u8>> {
        let lie = self.coordinator.filter(|_| cfg!(feature = "faults"))?;
        let mut message = decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX).ok()?;
        lie.tell(&mut message);
        Some(encode(&message))
    }
}

impl CoordinatorLie {
    fn tell(self, message: &mut PeerMessage) {
        match (self, message) {
            (CoordinatorLie::RequestBytes, PeerMessage::Execute(submission)) => {
                if let Some(last) = submission.request.last_mut() {
                    *last ^= 1;
                }
            }
            (CoordinatorLie::Code, PeerMessage::Execute(submission)) => {
                if let Some(code) = &mut submission.code {
                    code.push(';');
                }
            }
            (CoordinatorLie::Intent, PeerMessage::Propose(proposal)) => proposal.intent.0[0] ^= 1,
            (CoordinatorLie::DropSigner, PeerMessage::Propose(proposal)) => {
                proposal.signers.drain(..1.min(proposal.signers.len()));
            }
            (CoordinatorLie::ForeignSigner, PeerMessage::Propose(proposal)) => {
                let foreign = NodeIndex::new(u8::MAX);
                if let (Some(first), Some(foreign)) = (proposal.signers.first_mut(), foreign) {
                    first.0 = foreign;
                }
            }
            (CoordinatorLie::Fresh, PeerMessage::Propose(proposal)) => {
                if let Some(last) = proposal.signers.last_mut() {
                    last.1[0] ^= 1;
                }
            }
            (CoordinatorLie::Attempt, PeerMessage::Propose(proposal)) => proposal.attempt = 1,
            // Everything else it says truly.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_act_only_in_a_build_that_has_them() {
        let switches = FaultSwitches {
            alter_digest: Some(9),
            coordinator: Some(CoordinatorLie::RequestBytes),
            member: None,
        };
        let digest = switches.digest([0; 32]);
        assert_eq!(digest[1], if cfg!(feature = "faults") { 2 } else { 0 });
        let frame = encode(&PeerMessage::Ping(7));
        assert_eq!(
            Outgoing::new(switches, &SigningKey::from_bytes(&[1; 32]))
                .frames(frame.clone())
                .collect::<Vec<_>>(),
            [frame]
        );
    }
}
