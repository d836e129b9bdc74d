//! Faults that a test build can be told to commit, so that acceptance tests can watch honest nodes.
//!
//! A build without the feature `faults` refuses to start with any of them.

use std::sync::Arc;

use quorate_wire::{NodeIndex, PeerMessage, decode, encode, limits};
use serde::{Deserialize, Serialize};

/// Which faults this node commits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSwitches {
    /// Flips this bit (0 to 255) of every digest that an action asks to sign, before the engine sees it.
    pub alter_digest: Option<u8>,
    /// What the node lies about when it coordinates.
    pub coordinator: Option<CoordinatorLie>,
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
    pub(crate) fn digest(&self, mut digest: Vec<u8>) -> Vec<u8> {
        if let Some(bit) = self.alter_digest.filter(|_| cfg!(feature = "faults"))
            && let Some(byte) = digest.get_mut(usize::from(bit / 8))
        {
            *byte ^= 1 << (bit % 8);
        }
        digest
    }

    /// A frame as this node sends it.
    pub(crate) fn frame(&self, frame: Vec<u8>) -> Vec<u8> {
        self.changed(&frame).unwrap_or(frame)
    }

    /// A submission as this node passes it on.
    pub(crate) fn shared(&self, frame: Arc<[u8]>) -> Arc<[u8]> {
        self.changed(&frame).map_or(frame, Arc::from)
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
        let switches =
            FaultSwitches { alter_digest: Some(9), coordinator: Some(CoordinatorLie::RequestBytes) };
        let digest = switches.digest(vec![0; 32]);
        assert_eq!(digest[1], if cfg!(feature = "faults") { 2 } else { 0 });
        let frame = encode(&PeerMessage::Ping(7));
        assert_eq!(switches.frame(frame.clone()), frame);
    }
}
