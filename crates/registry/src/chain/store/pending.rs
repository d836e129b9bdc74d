//! Blocks that were executed and are not written yet: read before what is written, and written together.

use std::collections::BTreeMap;

use alloy_primitives::{B256, U256};
use revm::bytecode::Bytecode;

use super::{BlockMeta, Changed, Changes, Indexed};
use crate::chain::{
    state::{Account, SlotKey},
    trie::{NodeChanges, NodeKey},
};

/// Blocks that are written together…
const BLOCKS_MAX: usize = 256;
/// …rows that they change…
const ROWS_MAX: usize = 1 << 16;
/// …and bytes of their bodies: more of either are held only by the last one.
const BYTES_MAX: usize = 16 << 20;

/// Executed blocks, in order.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// From before the first of them to after the last.
    pub(super) accounts: BTreeMap<B256, Changed<Option<Account>>>,
    pub(super) slots: BTreeMap<SlotKey, Changed<U256>>,
    pub(super) codes: BTreeMap<B256, Bytecode>,
    pub(super) nodes: NodeChanges,
    pub(super) blocks: Vec<PendingBlock>,
    rows: usize,
    bytes: usize,
}

/// One of them.
#[derive(Debug)]
pub(super) struct PendingBlock {
    pub(super) number: u64,
    pub(super) meta: BlockMeta,
    /// What it changed was this before.
    pub(super) accounts: Vec<(B256, Option<Account>)>,
    pub(super) slots: Vec<(SlotKey, U256)>,
    /// For those who are asked for blocks.
    pub(super) indexed: Option<Indexed>,
}

impl Pending {
    /// Adds the next block.
    pub(crate) fn add(&mut self, number: u64, meta: BlockMeta, changes: Changes, indexed: Option<Indexed>) {
        let Changes { accounts, slots, codes, nodes } = changes;
        self.rows += accounts.len() + slots.len() + nodes.len();
        self.bytes += indexed.as_ref().map_or(0, |indexed| indexed.body.len());
        self.blocks.push(PendingBlock {
            number,
            meta,
            accounts: accounts.iter().map(|(key, changed)| (*key, changed.before)).collect(),
            slots: slots.iter().map(|(key, changed)| (*key, changed.before)).collect(),
            indexed,
        });
        for (key, changed) in accounts {
            self.accounts.entry(key).or_insert(changed).after = changed.after;
        }
        for (key, changed) in slots {
            self.slots.entry(key).or_insert(changed).after = changed.after;
        }
        self.codes.extend(codes);
        self.nodes.extend(nodes);
    }

    /// Whether they should be written before there are more.
    pub(crate) fn is_full(&self) -> bool {
        self.blocks.len() >= BLOCKS_MAX || self.rows >= ROWS_MAX || self.bytes >= BYTES_MAX
    }

    /// An account, if it was changed: `None` within is one that is not there.
    pub(crate) fn account(&self, key: B256) -> Option<Option<Account>> {
        self.accounts.get(&key).map(|changed| changed.after)
    }

    pub(crate) fn slot(&self, key: &SlotKey) -> Option<U256> {
        self.slots.get(key).map(|changed| changed.after)
    }

    pub(crate) fn code(&self, hash: B256) -> Option<Bytecode> {
        self.codes.get(&hash).cloned()
    }

    pub(crate) fn node(&self, key: &NodeKey) -> Option<Option<Vec<u8>>> {
        self.nodes.get(key).cloned()
    }

    pub(crate) fn meta(&self, number: u64) -> Option<BlockMeta> {
        let first = self.blocks.first()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        self.blocks.get(place).map(|block| block.meta)
    }
}
