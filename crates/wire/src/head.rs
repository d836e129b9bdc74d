//! What a chain signs of its head, as nodes pass it on: who has it needs to believe nobody.

use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::{BadSignature, BlockRef, Digest, StatementKey};

const DOMAIN: &[u8] = b"quorate/head/v1";

/// A head statement of the chain, with its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedHead {
    /// Hash of block 0: names the chain.
    pub genesis: Digest,
    /// Grows with every statement of the chain.
    pub sequence: u64,
    /// The newest block.
    pub latest: BlockRef,
    /// The newest block that the chain will never take back.
    pub finalized: BlockRef,
    /// The chain's clock, milliseconds since the epoch.
    pub time_ms: u64,
    /// Ed25519 over everything above, by the chain's head key.
    pub signature: [u8; 64],
}

impl SignedHead {
    /// Signs a statement; the signature that it carries is replaced.
    #[must_use]
    pub fn signed(mut self, key: &SigningKey) -> Self {
        self.signature = key.sign(&self.signed_bytes()).to_bytes();
        self
    }

    /// Checks the signature under the head key that the network file gives the chain.
    ///
    /// # Errors
    /// [`BadSignature`]; small-order keys and malleated signatures are refused as well.
    pub fn verify(&self, key: &StatementKey) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&key.0).map_err(|_| BadSignature)?;
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&self.signed_bytes(), &signature).map_err(|_| BadSignature)
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = DOMAIN.to_vec();
        bytes.extend_from_slice(&self.genesis.0);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        for block in [&self.latest, &self.finalized] {
            bytes.extend_from_slice(&block.number.to_be_bytes());
            bytes.extend_from_slice(&block.hash.0);
        }
        bytes.extend_from_slice(&self.time_ms.to_be_bytes());
        bytes
    }
}
