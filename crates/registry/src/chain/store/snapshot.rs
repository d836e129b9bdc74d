//! What a store has at one moment, for readers.

use std::sync::Arc;

use alloy_primitives::{B256, U256};
use redb::{Database, ReadOnlyTable};
use revm::bytecode::Bytecode;

use super::{
    BlockMeta, Checkpoint, Codes, Damage, LogTag, ReadRows, StoreError, before_key, log_key, number,
};
use crate::chain::{
    state::{Account, SlotKey},
    trie::{NodeKey, NodeSource},
};

/// What a store has at one moment.
pub(crate) struct Snapshot {
    pub(super) accounts: ReadRows<32>,
    pub(super) slots: ReadRows<64>,
    pub(super) codes: ReadRows<32>,
    pub(super) nodes: ReadOnlyTable<&'static [u8], &'static [u8]>,
    pub(super) accounts_before: ReadRows<40>,
    pub(super) slots_before: ReadRows<72>,
    pub(super) metas: ReadOnlyTable<u64, &'static [u8; BlockMeta::BYTES]>,
    pub(super) bodies: ReadOnlyTable<u64, &'static [u8]>,
    pub(super) hashes: ReadOnlyTable<&'static [u8; 32], u64>,
    pub(super) txs: ReadOnlyTable<&'static [u8; 32], (u64, u32)>,
    pub(super) logs: ReadOnlyTable<&'static [u8; 24], ()>,
    pub(super) checkpoint: ReadOnlyTable<(), &'static [u8; Checkpoint::BYTES]>,
    pub(super) ready: Arc<Codes>,
    pub(super) damage: Arc<Damage>,
    /// Closed only when nobody reads it any more.
    pub(super) _database: Arc<Database>,
}

impl Snapshot {
    pub(crate) fn meta(&self, block: u64) -> Result<Option<BlockMeta>, StoreError> {
        Ok(self.metas.get(block)?.map(|meta| BlockMeta::from_bytes(meta.value())))
    }

    pub(crate) fn body(&self, block: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.bodies.get(block)?.map(|body| body.value().to_vec()))
    }

    /// Remembers that a row of a table is damaged.
    pub(crate) fn is_damaged(&self, table: &'static str) {
        let _ = self.damage.0.set(table);
    }

    pub(crate) fn number_of(&self, hash: B256) -> Result<Option<u64>, StoreError> {
        Ok(self.hashes.get(&hash.0)?.map(|number| number.value()))
    }

    pub(crate) fn tx(&self, hash: B256) -> Result<Option<(u64, u32)>, StoreError> {
        Ok(self.txs.get(&hash.0)?.map(|place| place.value()))
    }

    /// The first block from `from` to `to` that has a log with one of these.
    pub(crate) fn next_with_log(
        &self,
        tags: &[LogTag],
        from: u64,
        to: u64,
    ) -> Result<Option<u64>, StoreError> {
        let mut first = None;
        for tag in tags {
            let last = first.map_or(to, |first: u64| first - 1);
            if last < from {
                break;
            }
            let mut rows = self.logs.range::<&[u8; 24]>(&log_key(tag, from)..=&log_key(tag, last))?;
            if let Some(row) = rows.next() {
                let block = number(&row?.0.value()[16..]);
                first = Some(block);
                if block == 0 {
                    break;
                }
            }
        }
        Ok(first)
    }

    /// An account after a block: `None` for the newest.
    pub(crate) fn account(&self, key: B256, block: Option<u64>) -> Result<Option<Account>, StoreError> {
        let account = |bytes: &[u8]| Account::from_bytes(bytes).ok_or(StoreError::Damaged("accounts"));
        if let Some(block) = block {
            let first = before_key::<32, 40>(&key.0, block.saturating_add(1));
            let mut later =
                self.accounts_before.range::<&[u8; 40]>(&first..=&before_key::<32, 40>(&key.0, u64::MAX))?;
            if let Some(row) = later.next() {
                let (_, before) = row?;
                return Some(before.value()).filter(|bytes| !bytes.is_empty()).map(account).transpose();
            }
        }
        self.accounts.get(&key.0)?.map(|found| account(found.value())).transpose()
    }

    /// A slot after a block: `None` for the newest. One that was never written is zero.
    pub(crate) fn slot(&self, key: &SlotKey, block: Option<u64>) -> Result<U256, StoreError> {
        let word = |bytes: &[u8]| {
            <[u8; 32]>::try_from(bytes).map(U256::from_be_bytes).map_err(|_| StoreError::Damaged("slots"))
        };
        if let Some(block) = block {
            let first = before_key::<64, 72>(key, block.saturating_add(1));
            let mut later =
                self.slots_before.range::<&[u8; 72]>(&first..=&before_key::<64, 72>(key, u64::MAX))?;
            if let Some(row) = later.next() {
                return word(row?.1.value());
            }
        }
        Ok(self.slots.get(key)?.map(|found| word(found.value())).transpose()?.unwrap_or_default())
    }

    /// Code by its hash; empty if there is none.
    pub(crate) fn code(&self, hash: B256) -> Result<Option<Bytecode>, StoreError> {
        if let Some(code) = self.ready.get(hash) {
            return Ok(Some(code));
        }
        let Some(found) = self.codes.get(&hash.0)? else { return Ok(None) };
        let code = Bytecode::new_raw_checked(found.value().to_vec().into())
            .map_err(|_| StoreError::Damaged("codes"))?;
        self.ready.put(hash, &code);
        Ok(Some(code))
    }
}

impl NodeSource for Snapshot {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.nodes.get(key.to_bytes().as_slice())?.map(|node| node.value().to_vec()))
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}
