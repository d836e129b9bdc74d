//! What a store has at one moment, for readers.

use std::{ops::Bound, sync::Arc};

use alloy_primitives::{B256, U256};
use redb::{Database, ReadOnlyTable};
use revm::bytecode::Bytecode;

use super::{
    Base, BlockMeta, Checkpoint, Codes, Damage, LogTag, ReadRows, StoreError, SumKey, before_key, log_key,
    number,
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
    pub(super) key: SumKey,
    pub(super) ready: Arc<Codes>,
    pub(super) damage: Arc<Damage>,
    pub(super) base: Option<Arc<Base>>,
    /// Closed only when nobody reads it any more.
    pub(super) _database: Arc<Database>,
}

impl Snapshot {
    pub(crate) fn meta(&self, block: u64) -> Result<Option<BlockMeta>, StoreError> {
        if let Some(meta) = self.metas.get(block)? {
            return Ok(Some(BlockMeta::from_bytes(meta.value())));
        }
        self.below(|base| base.meta(block))
    }

    /// What is in the state that the store began with.
    fn below<T>(
        &self,
        read: impl FnOnce(&Base) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.base.as_deref().map_or(Ok(None), read)
    }

    /// A block's body as this process wrote it; `None` where only hashes are kept.
    pub(crate) fn body(&self, block: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(meta) = self.meta(block)? else { return Ok(None) };
        let Some(found) = self.bodies.get(block)? else {
            // Blocks that have a body are found by their hashes.
            return if self.hashes.get(&meta.hash.0)?.is_none() {
                Ok(None)
            } else {
                Err(self.damaged("bodies"))
            };
        };
        let Some((body, mac)) = found.value().split_last_chunk() else { return Err(self.damaged("bodies")) };
        if *mac != self.key.body(block, meta.hash, body) {
            return Err(self.damaged("bodies"));
        }
        Ok(Some(body.to_vec()))
    }

    /// The error of a row that is damaged, which is remembered.
    pub(crate) fn damaged(&self, table: &'static str) -> StoreError {
        self.is_damaged(table);
        StoreError::Damaged(table)
    }

    /// Remembers that a row of a table is damaged.
    pub(crate) fn is_damaged(&self, table: &'static str) {
        let _ = self.damage.0.set(table);
    }

    pub(crate) fn number_of(&self, hash: B256) -> Result<Option<u64>, StoreError> {
        let Some(found) = self.hashes.get(&hash.0)?.map(|number| number.value()) else { return Ok(None) };
        match self.meta(found)? {
            Some(meta) if meta.hash == hash => Ok(Some(found)),
            _ => Err(self.damaged("block hashes")),
        }
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
        match self.accounts.get(&key.0)? {
            // Above another state, an account that is gone has an empty row.
            Some(found) if found.value().is_empty() && self.base.is_some() => Ok(None),
            Some(found) => account(found.value()).map(Some),
            None => self.below(|base| base.account(key)),
        }
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
        match self.slots.get(key)? {
            Some(found) => word(found.value()),
            None => Ok(self.below(|base| base.slot(key).map(Some))?.unwrap_or_default()),
        }
    }

    /// The next account behind a key that is there, or was after a block: `None` within where it was not.
    pub(crate) fn next_account(
        &self,
        behind: Option<B256>,
        block: Option<u64>,
    ) -> Result<Option<(B256, Option<Account>)>, StoreError> {
        let from = behind.map_or(Bound::Unbounded, |key| Bound::Excluded(key.0));
        let from = from.as_ref();
        let now = self.accounts.range::<&[u8; 32]>((from, Bound::Unbounded))?.next().transpose()?;
        let now = now.map(|(key, _)| B256::from(*key.value()));
        let mut next = now.into_iter().chain(self.below(|base| base.next_account(behind))?).min();
        if block.is_some() {
            let from = behind.map(|key| before_key::<32, 40>(&key.0, u64::MAX));
            let from = from.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let changed =
                self.accounts_before.range::<&[u8; 40]>((from, Bound::Unbounded))?.next().transpose()?;
            let changed = changed.map(|(row, _)| B256::from_slice(&row.value()[..32]));
            next = next.into_iter().chain(changed).min();
        }
        next.map(|key| Ok((key, self.account(key, block)?))).transpose()
    }

    /// The slots of an account behind a key, in order and as they were after a block, until `each` is false: the last one
    /// then.
    pub(crate) fn slots_behind(
        &self,
        account: B256,
        behind: Option<B256>,
        block: Option<u64>,
        mut each: impl FnMut(B256, U256) -> bool,
    ) -> Result<Option<B256>, StoreError> {
        let within = |slot: B256| {
            let mut key = [0; 64];
            key[..32].copy_from_slice(account.as_slice());
            key[32..].copy_from_slice(slot.as_slice());
            key
        };
        let (last, mut done) = (within(B256::repeat_byte(0xff)), behind.map(within));
        let from = done.unwrap_or(within(B256::ZERO));
        let from = if done.is_some() { Bound::Excluded(&from) } else { Bound::Included(&from) };
        let mut now = self.slots.range::<&[u8; 64]>((from, Bound::Included(&last)))?;
        let mut ahead: Option<SlotKey> = None;
        loop {
            if ahead.is_none_or(|ahead| done.is_some_and(|done| ahead <= done)) {
                ahead = now.next().transpose()?.map(|(key, _)| *key.value());
            }
            let slot = done.map_or(behind, |done| Some(B256::from_slice(&done[32..])));
            let first = self.below(|base| base.next_slot(account, slot))?.map(within);
            let mut next = ahead.into_iter().chain(first).min();
            if block.is_some() {
                let from = done.map(|done| before_key::<64, 72>(&done, u64::MAX));
                let from = from.unwrap_or(before_key::<64, 72>(&within(B256::ZERO), 0));
                let from = if done.is_some() { Bound::Excluded(&from) } else { Bound::Included(&from) };
                let to = before_key::<64, 72>(&last, u64::MAX);
                let mut rows = self.slots_before.range::<&[u8; 72]>((from, Bound::Included(&to)))?;
                let changed =
                    rows.next().transpose()?.and_then(|(row, _)| row.value().first_chunk().copied());
                next = next.into_iter().chain(changed).min();
            }
            let Some(key) = next else { return Ok(None) };
            done = Some(key);
            let (slot, word) = (B256::from_slice(&key[32..]), self.slot(&key, block)?);
            if !word.is_zero() && !each(slot, word) {
                return Ok(Some(slot));
            }
        }
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
        match self.nodes.get(key.to_bytes().as_slice())? {
            Some(node) => Ok(Some(node.value().to_vec())),
            None => self.below(|base| base.node(key)),
        }
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}
