//! Accounts and storage with a bounded history: a read names a block, and sees what that block left behind.

use std::collections::{BTreeMap, HashMap, VecDeque};

use alloy_primitives::{Address, B256, U256};
use revm::{DatabaseRef, bytecode::Bytecode, primitives::KECCAK_EMPTY, state::AccountInfo};

use super::genesis::{Genesis, HISTORY_BLOCKS, HISTORY_BLOCKS_MAX, HISTORY_SECONDS};

/// An account as it is kept: its code is elsewhere, by hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) balance: U256,
    pub(crate) nonce: u64,
    pub(crate) code_hash: B256,
}

/// What one block changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// `None` is an account that is gone.
    pub(crate) accounts: BTreeMap<Address, Option<Account>>,
    pub(crate) slots: BTreeMap<(Address, U256), U256>,
    pub(crate) codes: BTreeMap<B256, Bytecode>,
}

/// The values of one key, oldest first, each with the block that wrote it.
#[derive(Clone, Debug)]
struct Versions<T>(Vec<(u64, T)>);

impl<T: Copy> Versions<T> {
    fn at(&self, block: u64) -> Option<T> {
        self.0.iter().rev().find(|(number, _)| *number <= block).map(|(_, value)| *value)
    }

    fn push(&mut self, block: u64, value: T) {
        self.0.push((block, value));
    }

    /// Forgets what no read at `oldest` or later can see.
    fn prune(&mut self, oldest: u64) {
        let keep = self.0.iter().rposition(|(number, _)| *number <= oldest).unwrap_or(0);
        if keep > 0 {
            self.0.drain(..keep);
        }
    }
}

struct Written {
    block: u64,
    timestamp: u64,
    accounts: Vec<Address>,
    slots: Vec<(Address, U256)>,
}

/// The whole state, readable at every block of the history window.
pub(crate) struct State {
    accounts: HashMap<Address, Versions<Option<Account>>>,
    slots: HashMap<(Address, U256), Versions<U256>>,
    codes: HashMap<B256, Bytecode>,
    written: VecDeque<Written>,
    oldest: u64,
}

impl State {
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let accounts = genesis
            .accounts
            .iter()
            .map(|(address, balance)| {
                let account = Account { balance: *balance, nonce: 0, code_hash: KECCAK_EMPTY };
                (*address, Versions(vec![(0, Some(account))]))
            })
            .collect();
        Self { accounts, slots: HashMap::new(), codes: HashMap::new(), written: VecDeque::new(), oldest: 0 }
    }

    /// The oldest block that can still be read.
    pub(crate) fn oldest(&self) -> u64 {
        self.oldest
    }

    pub(crate) fn account(&self, address: Address, block: u64) -> Option<Account> {
        self.accounts.get(&address)?.at(block)?
    }

    pub(crate) fn slot(&self, address: Address, key: U256, block: u64) -> U256 {
        self.slots.get(&(address, key)).and_then(|versions| versions.at(block)).unwrap_or_default()
    }

    pub(crate) fn code(&self, hash: B256) -> Option<&Bytecode> {
        self.codes.get(&hash)
    }

    /// Takes over what a block changed. Block numbers grow by one.
    pub(crate) fn apply(&mut self, block: u64, timestamp: u64, changes: Changes) {
        let mut written = Written {
            block,
            timestamp,
            accounts: Vec::with_capacity(changes.accounts.len()),
            slots: Vec::new(),
        };
        for (address, account) in changes.accounts {
            self.accounts.entry(address).or_insert_with(|| Versions(Vec::new())).push(block, account);
            written.accounts.push(address);
        }
        for (key, value) in changes.slots {
            self.slots.entry(key).or_insert_with(|| Versions(Vec::new())).push(block, value);
            written.slots.push(key);
        }
        self.codes.extend(changes.codes);
        self.written.push_back(written);
        self.prune(block, timestamp);
    }

    fn prune(&mut self, head: u64, head_timestamp: u64) {
        while let Some(first) = self.written.front() {
            let deep = head.saturating_sub(first.block);
            let recent =
                deep < HISTORY_BLOCKS || head_timestamp.saturating_sub(first.timestamp) < HISTORY_SECONDS;
            if recent && deep < HISTORY_BLOCKS_MAX {
                return;
            }
            let Some(first) = self.written.pop_front() else { return };
            self.oldest = first.block;
            for address in first.accounts {
                if let Some(versions) = self.accounts.get_mut(&address) {
                    versions.prune(first.block);
                }
            }
            for key in first.slots {
                if let Some(versions) = self.slots.get_mut(&key) {
                    versions.prune(first.block);
                    // A cleared slot reads as zero without an entry.
                    if matches!(versions.0.as_slice(), [(_, value)] if value.is_zero()) {
                        self.slots.remove(&key);
                    }
                }
            }
        }
    }
}

/// A read-only view of the state after one block, as the EVM wants it.
#[derive(Clone, Copy)]
pub(crate) struct StateAt<'a> {
    pub(crate) state: &'a State,
    pub(crate) hashes: &'a dyn BlockHashes,
    pub(crate) block: u64,
}

/// Hashes of earlier blocks, for the BLOCKHASH instruction.
pub(crate) trait BlockHashes: Sync {
    fn block_hash(&self, number: u64) -> Option<B256>;
}

impl DatabaseRef for StateAt<'_> {
    type Error = std::convert::Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        Ok(self.state.account(address, self.block).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: self.state.code(account.code_hash).cloned(),
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        Ok(self.state.code(code_hash).cloned().unwrap_or_default())
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, Self::Error> {
        Ok(self.state.slot(address, index, self.block))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Self::Error> {
        Ok(self.hashes.block_hash(number).unwrap_or_default())
    }
}
