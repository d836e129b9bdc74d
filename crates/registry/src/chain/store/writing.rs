//! Blocks on their way into the store.

use alloy_primitives::B256;
use redb::WriteTransaction;

use super::{
    ACCOUNTS, ACCOUNTS_BEFORE, BODIES, BlockMeta, CODES, Changed, HASHES, Indexed, LOGS, METAS, NODES, SLOTS,
    SLOTS_BEFORE, StoreError, TXS, WRITTEN, before_key, log_key,
    pending::{Pending, PendingBlock},
    sum::{Row, Sum, SumKey},
};
use crate::chain::{
    state::{Account, SlotKey},
    trie::NodeChanges,
};

/// Blocks on their way into the store: each row goes into its table and into the sum.
pub(super) struct Writing<'a> {
    pub(super) transaction: &'a WriteTransaction,
    pub(super) key: &'a SumKey,
    pub(super) sum: Sum,
    /// Whether the store began with another state: then what is gone has a row that says so.
    pub(super) on_base: bool,
}

impl Writing<'_> {
    /// What accounts, slots, code and nodes are after all blocks, and what each block found.
    pub(super) fn state(&mut self, pending: &Pending) -> Result<(), StoreError> {
        if self.on_base {
            self.state_on_base(pending)?;
        } else {
            self.state_alone(pending)?;
        }
        let (transaction, key, sum) = (self.transaction, self.key, &mut self.sum);
        let mut codes = transaction.open_table(CODES)?;
        for (hash, code) in &pending.codes {
            // The same code may have been put there before, by another contract.
            if codes.insert(&hash.0, code.original_byte_slice())?.is_none() {
                sum.add(key.hash(Row::Code, hash.as_slice(), code.original_byte_slice()));
            }
        }
        drop(codes);
        write_nodes(transaction, &pending.nodes)?;
        pending.blocks.iter().try_for_each(|block| self.before(block))
    }

    fn state_alone(&mut self, pending: &Pending) -> Result<(), StoreError> {
        let (transaction, key, sum) = (self.transaction, self.key, &mut self.sum);
        let mut accounts = transaction.open_table(ACCOUNTS)?;
        for (address, Changed { before, after }) in &pending.accounts {
            if let Some(before) = before.map(Account::to_bytes) {
                sum.take(key.hash(Row::Account, address.as_slice(), &before));
            }
            match after.map(Account::to_bytes) {
                Some(account) => {
                    sum.add(key.hash(Row::Account, address.as_slice(), &account));
                    accounts.insert(&address.0, account.as_slice())?;
                }
                None => drop(accounts.remove(&address.0)?),
            }
        }
        let mut slots = transaction.open_table(SLOTS)?;
        for (slot, Changed { before, after }) in &pending.slots {
            if !before.is_zero() {
                sum.take(key.hash(Row::Slot, slot, &before.to_be_bytes::<32>()));
            }
            if after.is_zero() {
                slots.remove(slot)?;
            } else {
                let word = after.to_be_bytes::<32>();
                sum.add(key.hash(Row::Slot, slot, &word));
                slots.insert(slot, word.as_slice())?;
            }
        }
        Ok(())
    }

    /// Where rows were read from another state, they are in no sum.
    fn state_on_base(&mut self, pending: &Pending) -> Result<(), StoreError> {
        let (transaction, key, sum) = (self.transaction, self.key, &mut self.sum);
        let mut accounts = transaction.open_table(ACCOUNTS)?;
        for (address, Changed { after, .. }) in &pending.accounts {
            let account = after.map_or_else(Vec::new, |account| account.to_bytes().to_vec());
            if let Some(before) = accounts.insert(&address.0, account.as_slice())? {
                sum.take(key.hash(Row::Account, address.as_slice(), before.value()));
            }
            sum.add(key.hash(Row::Account, address.as_slice(), &account));
        }
        let mut slots = transaction.open_table(SLOTS)?;
        for (slot, Changed { after, .. }) in &pending.slots {
            let word = after.to_be_bytes::<32>();
            if let Some(before) = slots.insert(slot, word.as_slice())? {
                sum.take(key.hash(Row::Slot, slot, before.value()));
            }
            sum.add(key.hash(Row::Slot, slot, &word));
        }
        Ok(())
    }

    /// What accounts and slots were before a block.
    fn before(&mut self, block: &PendingBlock) -> Result<(), StoreError> {
        let (transaction, key, sum) = (self.transaction, self.key, &mut self.sum);
        let mut written = Vec::with_capacity(33 * block.accounts.len() + 65 * block.slots.len());
        let mut accounts_before = transaction.open_table(ACCOUNTS_BEFORE)?;
        for (address, before) in &block.accounts {
            let before = before.map_or_else(Vec::new, |account| account.to_bytes().to_vec());
            let row = before_key::<32, 40>(&address.0, block.number);
            sum.add(key.hash(Row::AccountBefore, &row, &before));
            accounts_before.insert(&row, before.as_slice())?;
            written.push(0);
            written.extend_from_slice(address.as_slice());
        }
        let mut slots_before = transaction.open_table(SLOTS_BEFORE)?;
        for (slot, before) in &block.slots {
            let before = before.to_be_bytes::<32>();
            let row = before_key::<64, 72>(slot, block.number);
            sum.add(key.hash(Row::SlotBefore, &row, &before));
            slots_before.insert(&row, before.as_slice())?;
            written.push(1);
            written.extend_from_slice(slot);
        }
        transaction.open_table(WRITTEN)?.insert(block.number, written.as_slice())?;
        Ok(())
    }

    /// Forgets what accounts and slots were before these blocks.
    pub(super) fn forget(&mut self, blocks: std::ops::Range<u64>) -> Result<(), StoreError> {
        if blocks.is_empty() {
            return Ok(());
        }
        let mut written = self.transaction.open_table(WRITTEN)?;
        let mut accounts = self.transaction.open_table(ACCOUNTS_BEFORE)?;
        let mut slots = self.transaction.open_table(SLOTS_BEFORE)?;
        for block in blocks {
            let Some(keys) = written.remove(block)? else { continue };
            for key in Written::parse(keys.value()).ok_or(StoreError::Damaged("written"))? {
                match key {
                    Written::Account(key) => {
                        let row = before_key::<32, 40>(&key, block);
                        if let Some(before) = accounts.remove(&row)? {
                            self.sum.take(self.key.hash(Row::AccountBefore, &row, before.value()));
                        }
                    }
                    Written::Slot(key) => {
                        let row = before_key::<64, 72>(&key, block);
                        if let Some(before) = slots.remove(&row)? {
                            self.sum.take(self.key.hash(Row::SlotBefore, &row, before.value()));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn meta(&mut self, block: u64, meta: &BlockMeta) -> Result<(), StoreError> {
        let meta = meta.to_bytes();
        let mut metas = self.transaction.open_table(METAS)?;
        if let Some(before) = metas.insert(block, &meta)? {
            self.sum.take(self.key.meta(block, before.value()));
        }
        self.sum.add(self.key.meta(block, &meta));
        Ok(())
    }

    /// A block's body, and what it is found by.
    pub(super) fn index(&mut self, block: u64, hash: B256, indexed: &Indexed) -> Result<(), StoreError> {
        let (transaction, key, sum) = (self.transaction, self.key, &mut self.sum);
        let mac = key.body(block, hash, &indexed.body);
        let body = [indexed.body.as_slice(), &mac].concat();
        transaction.open_table(BODIES)?.insert(block, body.as_slice())?;
        let mut hashes = transaction.open_table(HASHES)?;
        if let Some(before) = hashes.insert(&hash.0, block)? {
            sum.take_index(key.block_hash(&hash.0, before.value()));
        }
        sum.add_index(key.block_hash(&hash.0, block));
        let mut txs = transaction.open_table(TXS)?;
        for (place, tx) in (0..).zip(&indexed.txs) {
            if let Some(before) = txs.insert(&tx.0, (block, place))? {
                sum.take_index(key.tx(&tx.0, before.value()));
            }
            sum.add_index(key.tx(&tx.0, (block, place)));
        }
        let mut logs = transaction.open_table(LOGS)?;
        for tag in &indexed.logs {
            let row = log_key(tag, block);
            if logs.insert(&row, ())?.is_none() {
                sum.add_index(key.log(&row));
            }
        }
        Ok(())
    }
}

pub(super) fn write_nodes(transaction: &WriteTransaction, changes: &NodeChanges) -> Result<(), StoreError> {
    let mut nodes = transaction.open_table(NODES)?;
    for (key, node) in changes {
        let key = key.to_bytes();
        match node {
            Some(node) => drop(nodes.insert(key.as_slice(), node.as_slice())?),
            None => drop(nodes.remove(key.as_slice())?),
        }
    }
    Ok(())
}

/// A key that a block wrote.
enum Written {
    Account([u8; 32]),
    Slot(SlotKey),
}

impl Written {
    fn parse(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut keys = Vec::new();
        while let Some((kind, rest)) = bytes.split_first() {
            let (key, rest) = match kind {
                0 => rest.split_first_chunk().map(|(key, rest)| (Self::Account(*key), rest)),
                1 => rest.split_first_chunk().map(|(key, rest)| (Self::Slot(*key), rest)),
                _ => None,
            }?;
            keys.push(key);
            bytes = rest;
        }
        Some(keys)
    }
}
