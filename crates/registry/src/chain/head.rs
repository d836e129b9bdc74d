//! What the chain signs: where its head is, once a second, and each block that it hands out.

use alloy_primitives::{B256, B512, Bytes};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use quorate_wire::{BlockRef, Digest, SignedHead, StatementKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const BLOCK_DOMAIN: &[u8] = b"quorate/block/v1";

/// A block by height and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockId {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
}

/// Where the chain is, signed with its head key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadStatement {
    /// Names the chain.
    pub genesis_hash: B256,
    /// Grows with every statement, over restarts too.
    pub sequence: u64,
    /// Newest block.
    pub latest: BlockId,
    /// Newest block that will never be taken back: it is on disk.
    pub finalized: BlockId,
    /// The chain's clock, unix milliseconds.
    pub time_ms: u64,
    /// Ed25519 over everything above.
    pub signature: B512,
}

impl HeadStatement {
    /// Signs a statement.
    #[must_use]
    pub fn sign(
        key: &SigningKey,
        genesis_hash: B256,
        sequence: u64,
        (latest, finalized): (BlockId, BlockId),
        time_ms: u64,
    ) -> Self {
        let mut statement =
            Self { genesis_hash, sequence, latest, finalized, time_ms, signature: B512::ZERO };
        statement.signature = B512::from(statement.as_passed_on().signed(key).signature);
        statement
    }

    /// Whether the signature is the key's, by the strict rules.
    #[must_use]
    pub fn verify(&self, key: &VerifyingKey) -> bool {
        self.as_passed_on().verify(&StatementKey(key.to_bytes())).is_ok()
    }

    /// The statement as nodes pass it on to each other.
    #[must_use]
    pub fn as_passed_on(&self) -> SignedHead {
        let block = |block: &BlockId| BlockRef { number: block.number, hash: Digest(block.hash.0) };
        SignedHead {
            genesis: Digest(self.genesis_hash.0),
            sequence: self.sequence,
            latest: block(&self.latest),
            finalized: block(&self.finalized),
            time_ms: self.time_ms,
            signature: self.signature.0,
        }
    }
}

/// A block as followers get it, signed with the head key: hash and content together, so that a content that does not
/// give the hash convicts the chain and not whoever passed it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBlock {
    /// Height.
    pub number: u64,
    /// Seconds.
    pub timestamp: u64,
    /// Hash that a replay must give.
    pub hash: B256,
    /// Raw transactions in order.
    pub txs: Vec<Bytes>,
    /// Ed25519 over genesis hash and everything above.
    pub signature: B512,
}

impl RawBlock {
    /// Signs a block; the signature that it carries is replaced.
    #[must_use]
    pub fn signed(mut self, key: &SigningKey, genesis_hash: B256) -> Self {
        self.signature = B512::from(key.sign(&self.signed_bytes(genesis_hash)).to_bytes());
        self
    }

    /// Whether the signature is the key's, by the strict rules.
    #[must_use]
    pub fn verify(&self, key: &VerifyingKey, genesis_hash: B256) -> bool {
        key.verify_strict(&self.signed_bytes(genesis_hash), &Signature::from_bytes(&self.signature.0)).is_ok()
    }

    fn signed_bytes(&self, genesis_hash: B256) -> Vec<u8> {
        let mut content = Sha256::new();
        for tx in &self.txs {
            content.update((tx.len() as u64).to_be_bytes());
            content.update(tx);
        }
        let mut bytes = BLOCK_DOMAIN.to_vec();
        bytes.extend_from_slice(genesis_hash.as_slice());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(self.hash.as_slice());
        bytes.extend_from_slice(&content.finalize());
        bytes
    }
}
