//! What a store begins with: a whole state that never changes, as sorted rows in files.
//!
//! Rows of one kind have one length, so a row is found by its key without a tree. Of the tries' nodes only those above many
//! keys are in the database. The others are made from the rows below them when a block wants them. The files have no names
//! once they are open, and end with the process. Their hashes are in its memory.

use std::{
    fs::File,
    ops::Range,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use alloy_primitives::{B256, U256};
use sha2::{Digest as _, Sha256};

use super::{BlockMeta, StoreError, number, remove_scratch};
use crate::chain::{
    state::{Account, SlotKey},
    trie::{NodeKey, TrieId, rebuilt},
};

/// Nodes above no more keys than these are not kept.
pub(crate) const LEFT_OUT: usize = 64;
/// Rows that are read at a time, where one is looked for.
const LOOKED_AT: u64 = 64;
const BUFFER_BYTES: usize = 1 << 20;

const ACCOUNT_BYTES: usize = 32 + Account::BYTES + 16;
const SLOT_BYTES: usize = 64;

enum Place {
    Disk(File),
    Memory(Vec<u8>),
    /// What is only verified.
    Nowhere,
}

impl Place {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), StoreError> {
        match self {
            Self::Disk(file) => {
                file.read_exact_at(into, at).map_err(|error| StoreError::Disk(error.to_string()))
            }
            Self::Memory(bytes) => {
                let from = usize::try_from(at).ok();
                let found = from.and_then(|from| bytes.get(from..from.checked_add(into.len())?));
                into.copy_from_slice(found.ok_or(StoreError::Damaged("rows"))?);
                Ok(())
            }
            Self::Nowhere => Err(StoreError::Damaged("rows")),
        }
    }
}

/// Rows of one kind on their way into a base.
pub(crate) struct Filling<const N: usize> {
    place: Place,
    buffer: Vec<u8>,
    written: u64,
    hash: Sha256,
}

impl<const N: usize> Filling<N> {
    fn of(place: Place) -> Self {
        Self { place, buffer: Vec::new(), written: 0, hash: Sha256::new() }
    }

    /// A file without a name, or memory without a path.
    fn new(path: Option<&Path>) -> Result<Self, StoreError> {
        let Some(path) = path else { return Ok(Self::of(Place::Memory(Vec::new()))) };
        remove_scratch(path)?;
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| StoreError::Disk(error.to_string()))?;
        remove_scratch(path)?;
        Ok(Self::of(Place::Disk(file)))
    }

    fn push(&mut self, row: &[u8; N]) -> Result<(), StoreError> {
        if matches!(self.place, Place::Nowhere) {
            return Ok(());
        }
        self.buffer.extend_from_slice(row);
        if self.buffer.len() < BUFFER_BYTES {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.hash.update(&self.buffer);
        match &mut self.place {
            Place::Disk(file) => {
                let written = file.write_all_at(&self.buffer, self.written);
                written.map_err(|error| StoreError::Disk(error.to_string()))?;
            }
            Place::Memory(bytes) => bytes.extend_from_slice(&self.buffer),
            Place::Nowhere => {}
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn count(&self) -> u64 {
        (self.written + self.buffer.len() as u64) / N as u64
    }

    fn finish(mut self) -> Result<Rows<N>, StoreError> {
        self.flush()?;
        Ok(Rows { count: self.count(), place: self.place, hash: self.hash.finalize().into() })
    }
}

/// The blocks of a base on their way into it.
pub(crate) struct Metas(Filling<{ BlockMeta::BYTES }>);

impl Metas {
    /// Adds the next block, from block 0 on.
    pub(crate) fn push(&mut self, meta: &BlockMeta) -> Result<(), StoreError> {
        self.0.push(&meta.to_bytes())
    }
}

/// The accounts and slots of a base on their way into it.
pub(crate) struct State {
    accounts: Filling<ACCOUNT_BYTES>,
    slots: Filling<SLOT_BYTES>,
    /// Of the slots, the first of the next account.
    next: u64,
}

impl State {
    /// Adds a slot of the next account.
    pub(crate) fn slot(&mut self, key: B256, word: U256) -> Result<(), StoreError> {
        let mut row = [0; SLOT_BYTES];
        row[..32].copy_from_slice(key.as_slice());
        row[32..].copy_from_slice(&word.to_be_bytes::<32>());
        self.slots.push(&row)
    }

    /// Adds an account behind its slots.
    pub(crate) fn account(&mut self, key: B256, account: Account) -> Result<(), StoreError> {
        let end = self.slots.count();
        let mut row = [0; ACCOUNT_BYTES];
        row[..32].copy_from_slice(key.as_slice());
        row[32..32 + Account::BYTES].copy_from_slice(&account.to_bytes());
        row[32 + Account::BYTES..40 + Account::BYTES].copy_from_slice(&self.next.to_be_bytes());
        row[40 + Account::BYTES..].copy_from_slice(&end.to_be_bytes());
        self.next = end;
        self.accounts.push(&row)
    }
}

/// Begins a base: in files that take the name of a path one after the other, or in memory.
pub(crate) fn begin(path: Option<&Path>) -> Result<(Metas, State), StoreError> {
    let path = path.map(|path| path.with_extension("rows"));
    let path = path.as_deref();
    let state = State { accounts: Filling::new(path)?, slots: Filling::new(path)?, next: 0 };
    Ok((Metas(Filling::new(path)?), state))
}

/// Begins one of which nothing is kept.
pub(crate) fn nothing() -> (Metas, State) {
    let state = State { accounts: Filling::of(Place::Nowhere), slots: Filling::of(Place::Nowhere), next: 0 };
    (Metas(Filling::of(Place::Nowhere)), state)
}

/// Sorted rows of one length, each with its key first.
struct Rows<const N: usize> {
    place: Place,
    count: u64,
    hash: [u8; 32],
}

impl<const N: usize> Rows<N> {
    fn row(&self, at: u64) -> Result<[u8; N], StoreError> {
        let mut row = [0; N];
        self.place.read(at * N as u64, &mut row)?;
        Ok(row)
    }

    fn some(&self, rows: Range<u64>) -> Result<Vec<[u8; N]>, StoreError> {
        let length = usize::try_from(rows.end.saturating_sub(rows.start)).unwrap_or_default();
        let mut found = vec![[0; N]; length];
        self.place.read(rows.start * N as u64, found.as_flattened_mut())?;
        Ok(found)
    }

    /// The first row of some whose key is not below one; their end if there is none. Keys are hashes, and so about as far
    /// from each other. Every other look is where a key should be. The others halve what is left, whatever the keys are.
    fn first(&self, rows: Range<u64>, key: &[u8; 32]) -> Result<u64, StoreError> {
        let begins = |row: &[u8]| number(&row[..8]);
        let wanted = u128::from(begins(key));
        let (mut low, mut high) = (rows.start, rows.end.max(rows.start));
        let (mut low_key, mut high_key) = (0_u128, u128::from(u64::MAX));
        let mut by_key = true;
        while high - low > LOOKED_AT {
            let rows = high - low;
            let ahead = if by_key {
                let part =
                    wanted.saturating_sub(low_key) * u128::from(rows) / (high_key - low_key + 1).max(1);
                u64::try_from(part).unwrap_or(rows).min(rows)
            } else {
                rows / 2
            };
            by_key = !by_key;
            let start = low + ahead.saturating_sub(LOOKED_AT / 2).min(rows - LOOKED_AT);
            let page = self.some(start..start + LOOKED_AT)?;
            let place = page.partition_point(|row| row[..32] < key[..]);
            let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
            match place as u64 {
                0 => (high, high_key) = (start, u128::from(begins(first)).max(low_key)),
                LOOKED_AT => (low, low_key) = (start + LOOKED_AT, u128::from(begins(last)).min(high_key)),
                place => return Ok(start + place),
            }
        }
        let page = self.some(low..high)?;
        Ok(low + page.partition_point(|row| row[..32] < key[..]) as u64)
    }

    fn get(&self, rows: Range<u64>, key: &[u8; 32]) -> Result<Option<[u8; N]>, StoreError> {
        let at = self.first(rows.clone(), key)?;
        if at >= rows.end {
            return Ok(None);
        }
        Ok(Some(self.row(at)?).filter(|row| row[..32] == key[..]))
    }

    /// The first row behind a key.
    fn behind(&self, rows: Range<u64>, key: Option<B256>) -> Result<Option<[u8; N]>, StoreError> {
        let mut at = key.map_or(Ok(rows.start), |key| self.first(rows.clone(), &key.0))?;
        while at < rows.end {
            let row = self.row(at)?;
            if key.is_none_or(|key| row[..32] > key[..]) {
                return Ok(Some(row));
            }
            at += 1;
        }
        Ok(None)
    }

    fn is_sound(&self) -> Result<bool, StoreError> {
        let (mut hash, mut at) = (Sha256::new(), 0);
        while at < self.count {
            let end = self.count.min(at + LOOKED_AT * 64);
            hash.update(self.some(at..end)?.as_flattened());
            at = end;
        }
        Ok(hash.finalize()[..] == self.hash)
    }
}

/// A state that a store begins with.
pub(crate) struct Base {
    metas: Rows<{ BlockMeta::BYTES }>,
    accounts: Rows<ACCOUNT_BYTES>,
    slots: Rows<SLOT_BYTES>,
}

impl Base {
    pub(crate) fn new(metas: Metas, state: State) -> Result<Self, StoreError> {
        let (accounts, slots) = (state.accounts.finish()?, state.slots.finish()?);
        Ok(Self { metas: metas.0.finish()?, accounts, slots })
    }

    /// Whether the files have what was written.
    pub(super) fn is_sound(&self) -> Result<bool, StoreError> {
        Ok(self.metas.is_sound()? && self.accounts.is_sound()? && self.slots.is_sound()?)
    }

    pub(super) fn meta(&self, block: u64) -> Result<Option<BlockMeta>, StoreError> {
        if block >= self.metas.count {
            return Ok(None);
        }
        Ok(Some(BlockMeta::from_bytes(&self.metas.row(block)?)))
    }

    pub(super) fn account(&self, key: B256) -> Result<Option<Account>, StoreError> {
        Ok(self.account_and_slots(key)?.map(|(account, _)| account))
    }

    pub(super) fn slot(&self, key: &SlotKey) -> Result<U256, StoreError> {
        let (account, slot) = key.split_at(32);
        let Some((_, slots)) = self.account_and_slots(B256::from_slice(account))? else {
            return Ok(U256::ZERO);
        };
        let row = self.slots.get(slots, &B256::from_slice(slot).0)?;
        Ok(row.map(|row| U256::from_be_slice(&row[32..])).unwrap_or_default())
    }

    /// The next account behind a key.
    pub(super) fn next_account(&self, behind: Option<B256>) -> Result<Option<B256>, StoreError> {
        let row = self.accounts.behind(0..self.accounts.count, behind)?;
        Ok(row.map(|row| B256::from_slice(&row[..32])))
    }

    /// The next slot of an account behind one.
    pub(super) fn next_slot(&self, account: B256, behind: Option<B256>) -> Result<Option<B256>, StoreError> {
        let Some((_, slots)) = self.account_and_slots(account)? else { return Ok(None) };
        Ok(self.slots.behind(slots, behind)?.map(|row| B256::from_slice(&row[..32])))
    }

    /// A node that was not kept because few keys are below it. Whoever asks compares its hash.
    pub(super) fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, StoreError> {
        let leaves = match key.trie {
            TrieId::Accounts => {
                let rows = below(&self.accounts, 0..self.accounts.count, key)?;
                rows.iter().map(|row| Ok((row_key(row), account_of(row)?.to_rlp()))).collect()
            }
            TrieId::Storage(account) => {
                let Some((_, slots)) = self.account_and_slots(account)? else { return Ok(None) };
                let rows = below(&self.slots, slots, key)?;
                let leaf =
                    |row: &[u8; 64]| Ok((row_key(row), alloy_rlp::encode(U256::from_be_slice(&row[32..]))));
                rows.iter().map(leaf).collect::<Result<Vec<_>, StoreError>>()
            }
        }?;
        Ok(if leaves.len() > LEFT_OUT { None } else { rebuilt(key, &leaves) })
    }

    fn account_and_slots(&self, key: B256) -> Result<Option<(Account, Range<u64>)>, StoreError> {
        let Some(row) = self.accounts.get(0..self.accounts.count, &key.0)? else { return Ok(None) };
        let (from, to) = row[32 + Account::BYTES..].split_at(8);
        let slots = number(from)..number(to);
        if slots.start > slots.end || slots.end > self.slots.count {
            return Err(StoreError::Damaged("rows"));
        }
        Ok(Some((account_of(&row)?, slots)))
    }
}

fn row_key(row: &[u8]) -> B256 {
    B256::from_slice(&row[..32])
}

fn account_of(row: &[u8; ACCOUNT_BYTES]) -> Result<Account, StoreError> {
    Account::from_bytes(&row[32..32 + Account::BYTES]).ok_or(StoreError::Damaged("rows"))
}

/// The rows whose keys begin with a node's path: one more than are ever rebuilt at most.
fn below<const N: usize>(
    rows: &Rows<N>,
    among: Range<u64>,
    key: &NodeKey,
) -> Result<Vec<[u8; N]>, StoreError> {
    let (mut low, mut high) = ([0; 32], [0xff; 32]);
    for (place, nibble) in key.path.iter().enumerate().take(64) {
        let (shift, byte) = (if place % 2 == 0 { 4 } else { 0 }, place / 2);
        low[byte] |= nibble << shift;
        high[byte] &= nibble << shift | 0xf0 >> shift;
    }
    let from = rows.first(among.clone(), &low)?;
    let to = among.end.min(from + LEFT_OUT as u64 + 1);
    let mut found = rows.some(from..to.max(from))?;
    found.truncate(found.partition_point(|row| row[..32] <= high[..]));
    Ok(found)
}

#[cfg(test)]
mod tests;
