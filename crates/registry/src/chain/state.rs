//! Accounts and storage after one block, as the EVM reads them.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_rlp::RlpEncodable;
use revm::{
    DatabaseRef, bytecode::Bytecode, database_interface::DBErrorMarker, primitives::KECCAK_EMPTY,
    state::AccountInfo,
};

use super::{ledger::Ledger, store::account_key, trie::EMPTY_ROOT};
use crate::error::ReadError;

/// The hashes of an account's address and of a slot's number: under what a slot is kept.
pub(crate) type SlotKey = [u8; 64];

/// An account as it is kept: its code is elsewhere, by hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) balance: U256,
    pub(crate) nonce: u64,
    pub(crate) code_hash: B256,
    pub(crate) storage_root: B256,
}

impl Account {
    pub(crate) const BYTES: usize = 32 + 8 + 32 + 32;

    /// An account that has nothing but money.
    pub(crate) fn with_balance(balance: U256) -> Self {
        Self { balance, nonce: 0, code_hash: KECCAK_EMPTY, storage_root: EMPTY_ROOT }
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..32].copy_from_slice(&self.balance.to_be_bytes::<32>());
        bytes[32..40].copy_from_slice(&self.nonce.to_be_bytes());
        bytes[40..72].copy_from_slice(self.code_hash.as_slice());
        bytes[72..].copy_from_slice(self.storage_root.as_slice());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let (balance, rest) = bytes.split_first_chunk::<32>()?;
        let (nonce, rest) = rest.split_first_chunk::<8>()?;
        let (code_hash, storage_root) = rest.split_first_chunk::<32>()?;
        Some(Self {
            balance: U256::from_be_bytes(*balance),
            nonce: u64::from_be_bytes(*nonce),
            code_hash: B256::from(*code_hash),
            storage_root: B256::from_slice(storage_root),
        })
    }

    /// As the trie of accounts has it (yellow paper, section 4.1).
    pub(crate) fn to_rlp(self) -> Vec<u8> {
        #[derive(RlpEncodable)]
        struct Leaf {
            nonce: u64,
            balance: U256,
            storage_root: B256,
            code_hash: B256,
        }
        let Self { balance, nonce, code_hash, storage_root } = self;
        alloy_rlp::encode(Leaf { nonce, balance, storage_root, code_hash })
    }
}

pub(crate) fn slot_key(account: B256, slot: U256) -> SlotKey {
    let mut key = [0; 64];
    key[..32].copy_from_slice(account.as_slice());
    key[32..].copy_from_slice(keccak256(slot.to_be_bytes::<32>()).as_slice());
    key
}

/// A read-only view of the state after one block, as the EVM wants it. It holds no lock, and no later block changes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateAt<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) block: u64,
}

impl DBErrorMarker for ReadError {}

impl DatabaseRef for StateAt<'_> {
    type Error = ReadError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        Ok(self.ledger.account_at(account_key(address), self.block)?.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            // It is asked for by its hash.
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, ReadError> {
        self.ledger.code_by_hash(code_hash)
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, ReadError> {
        self.ledger.slot_at(&slot_key(account_key(address), index), self.block)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, ReadError> {
        Ok(self.ledger.meta(number)?.map(|meta| meta.hash).unwrap_or_default())
    }
}
