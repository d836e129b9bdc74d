//! What rows come to under a key: the keyed additive multiset hash of MSet-Add-Hash.

use alloy_primitives::{B256, U256};
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
    BlockHash = 8,
    Tx = 9,
    Log = 10,
    Body = 11,
    Mask = 12,
}

/// Under what rows are summed up: a secret of the process.
#[derive(Clone)]
pub(crate) struct SumKey(Sha256);

impl SumKey {
    /// From a secret that nothing else is made of.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(secret);
        block[32..].copy_from_slice(b"quorate/chain-state-checkpoint/2");
        Self(Sha256::new().chain_update(block))
    }

    pub(super) fn meta(&self, block: u64, meta: &[u8; BlockMeta::BYTES]) -> [u8; 32] {
        self.hash(Row::Meta, &block.to_be_bytes(), meta)
    }

    pub(super) fn block_hash(&self, hash: &[u8; 32], block: u64) -> [u8; 32] {
        self.hash(Row::BlockHash, hash, &block.to_be_bytes())
    }

    pub(super) fn tx(&self, hash: &[u8; 32], (block, place): (u64, u32)) -> [u8; 32] {
        let mut value = [0; 12];
        value[..8].copy_from_slice(&block.to_be_bytes());
        value[8..].copy_from_slice(&place.to_be_bytes());
        self.hash(Row::Tx, hash, &value)
    }

    pub(super) fn log(&self, row: &[u8; 24]) -> [u8; 32] {
        self.hash(Row::Log, row, &[])
    }

    /// What stands beside a body: nobody else can write one for this block.
    pub(super) fn body(&self, block: u64, hash: B256, body: &[u8]) -> [u8; 32] {
        let mut key = [0; 40];
        key[..8].copy_from_slice(&block.to_be_bytes());
        key[8..].copy_from_slice(hash.as_slice());
        self.hash(Row::Body, &key, body)
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
pub(crate) struct Sum {
    /// Of all that a state is read from.
    pub(super) rows: U256,
    /// Of what blocks, transactions and logs are found by.
    pub(super) indexes: U256,
}

impl Sum {
    pub(super) fn add(&mut self, hash: [u8; 32]) {
        self.rows = self.rows.wrapping_add(U256::from_be_bytes(hash));
    }

    pub(super) fn take(&mut self, hash: [u8; 32]) {
        self.rows = self.rows.wrapping_sub(U256::from_be_bytes(hash));
    }

    /// Adds a row of an index that was not there before.
    pub(super) fn add_index(&mut self, hash: [u8; 32]) {
        self.indexes = self.indexes.wrapping_add(U256::from_be_bytes(hash));
    }

    /// Takes back a row of an index that is there no more.
    pub(super) fn take_index(&mut self, hash: [u8; 32]) {
        self.indexes = self.indexes.wrapping_sub(U256::from_be_bytes(hash));
    }
}
