//! What rows come to under a key: the keyed additive multiset hash of MSet-Add-Hash.

use alloy_primitives::U256;
use sha2::{Digest as _, Sha256};

use super::BlockMeta;

/// Which table a row is of, in a sum.
#[derive(Clone, Copy)]
pub(super) enum Row {
    Account = 1,
    Slot = 2,
    Code = 3,
    Checkpoint = 4,
    Meta = 5,
    AccountBefore = 6,
    SlotBefore = 7,
}

/// Under what rows are summed up: a secret of the process.
#[derive(Clone)]
pub(crate) struct SumKey(Sha256);

impl SumKey {
    /// From a secret that nothing else is made of.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(secret);
        block[32..].copy_from_slice(b"quorate/chain-state-checkpoint/1");
        Self(Sha256::new().chain_update(block))
    }

    pub(super) fn meta(&self, block: u64, meta: &[u8; BlockMeta::BYTES]) -> [u8; 32] {
        self.hash(Row::Meta, &block.to_be_bytes(), meta)
    }

    pub(super) fn hash(&self, row: Row, key: &[u8], value: &[u8]) -> [u8; 32] {
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes();
        self.0
            .clone()
            .chain_update([row as u8])
            .chain_update(length)
            .chain_update(key)
            .chain_update(value)
            .finalize()
            .into()
    }
}

/// What rows come to: each adds its keyed hash, modulo 2^256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum(pub(super) U256);

impl Sum {
    pub(super) fn add(&mut self, hash: [u8; 32]) {
        self.0 = self.0.wrapping_add(U256::from_be_bytes(hash));
    }

    pub(super) fn take(&mut self, hash: [u8; 32]) {
        self.0 = self.0.wrapping_sub(U256::from_be_bytes(hash));
    }
}
