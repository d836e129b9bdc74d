//! State, blocks and their indexes on disk, in one file of `redb`.
//!
//! Blocks are written whole, one or some in a transaction, and synced only now and then: whoever opens the store finds it
//! as one block left it, and replays what follows. A reader holds a [`Snapshot`], which no later block changes.
//!
//! Every row that a state is read from, older blocks' included, is summed up under a key of this process (MSet-Add-Hash of
//! Clarke, Devadas, van Dijk, Gassend, Suh: "Incremental Multiset Hash Functions", ASIACRYPT 2003). Each block writes a MAC
//! over the sum and its own hash; the sum itself is in no file. What somebody else changed while the process was down does
//! not fit, and the store is made anew. Whoever can write the disk of a process that runs controls that process.
//!
//! What blocks, transactions and logs are found by has a sum of its own, which a thread compares after the start: see
//! [`Indexes`]. A block's body has a MAC beside it, which each reader compares. Nodes of the trie are in no sum: whoever
//! reads one compares its hash.

mod base;
#[cfg(test)]
mod figures;
mod fill;
mod indexes;
mod pending;
mod snapshot;
mod sum;
mod writing;

use std::{
    collections::{BTreeMap, HashMap},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use alloy_primitives::{Address, B256, U256};
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use revm::bytecode::Bytecode;

pub(crate) use self::{
    base::{Base, LEFT_OUT, Metas, State, begin, nothing},
    fill::{Fill, remove_scratch},
    indexes::Indexes,
    pending::Pending,
    snapshot::Snapshot,
    sum::{Sum, SumKey},
};
use self::{sum::Row, writing::Writing};
use super::{
    state::{Account, SlotKey},
    trie::NodeChanges,
};

type Rows<const N: usize> = TableDefinition<'static, &'static [u8; N], &'static [u8]>;
type ReadRows<const N: usize> = ReadOnlyTable<&'static [u8; N], &'static [u8]>;

const ACCOUNTS: Rows<32> = TableDefinition::new("accounts");
const SLOTS: Rows<64> = TableDefinition::new("slots");
const CODES: Rows<32> = TableDefinition::new("codes");
const NODES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("trie nodes");
/// What an account or a slot was before a block: its key, and the block.
const ACCOUNTS_BEFORE: Rows<40> = TableDefinition::new("accounts before");
const SLOTS_BEFORE: Rows<72> = TableDefinition::new("slots before");
/// The keys that a block wrote, of accounts and of slots: to forget what they were before.
const WRITTEN: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("written");
const METAS: TableDefinition<'_, u64, &[u8; BlockMeta::BYTES]> = TableDefinition::new("blocks");
const BODIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bodies");
const HASHES: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("block hashes");
const TXS: TableDefinition<'_, &[u8; 32], (u64, u32)> = TableDefinition::new("transactions");
/// An address or a topic, shortened, and a block that has a log with it.
const LOGS: TableDefinition<'_, &[u8; 24], ()> = TableDefinition::new("logs");
const CHECKPOINT: TableDefinition<'_, (), &[u8; Checkpoint::BYTES]> = TableDefinition::new("checkpoint");

/// Contracts whose code is kept ready to run.
const CODES_READY_MAX: usize = 64;

/// Why the store does not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk, or what is on it.
    #[error("the chain's state cannot be read or written: {0}")]
    Disk(String),
    /// A row that nobody writes so.
    #[error(
        "the chain's state is damaged in the table {0}: remove state.redb (a node's is registry.redb), and it is made anew from the blocks"
    )]
    Damaged(&'static str),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::Corrupted(what) => {
                tracing::error!(what, "a page of the chain's state is damaged");
                Self::Damaged("pages")
            }
            // A file whose making was interrupted, or one of another release.
            redb::Error::TableDoesNotExist(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::UpgradeRequired(_) => Self::Damaged("tables"),
            // Not a file of the library's: its head is damaged.
            redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Self::Damaged("head")
            }
            other => Self::Disk(other.to_string()),
        }
    }
}

/// What is kept of every block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockMeta {
    pub(crate) hash: B256,
    pub(crate) timestamp: u64,
    pub(crate) state_root: B256,
    pub(crate) base_fee: u64,
    /// Gas above what the price aims at, after this block.
    pub(crate) excess_gas: u64,
}

impl BlockMeta {
    const BYTES: usize = 32 + 8 + 32 + 8 + 8;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..32].copy_from_slice(self.hash.as_slice());
        bytes[32..40].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[40..72].copy_from_slice(self.state_root.as_slice());
        bytes[72..80].copy_from_slice(&self.base_fee.to_be_bytes());
        bytes[80..].copy_from_slice(&self.excess_gas.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        Self {
            hash: B256::from_slice(&bytes[..32]),
            timestamp: number(&bytes[32..40]),
            state_root: B256::from_slice(&bytes[40..72]),
            base_fee: number(&bytes[72..80]),
            excess_gas: number(&bytes[80..]),
        }
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Where a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) genesis: B256,
    /// Number of the newest block.
    pub(crate) head: u64,
    /// The oldest block after which the state can be read.
    pub(crate) oldest: u64,
    /// Where the log of blocks goes on: how long it is, and its running checksum.
    pub(crate) log: LogMark,
}

/// A place in the log of blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogMark {
    pub(crate) end: u64,
    pub(crate) checksum: [u8; 16],
}

impl Checkpoint {
    /// Where the nonce and the sum of the indexes are.
    const NONCE_AT: usize = 32 + 8 + 8 + 8 + 16;
    const INDEXES_AT: usize = Self::NONCE_AT + 16;
    const FIELDS_BYTES: usize = Self::INDEXES_AT + 32;
    const BYTES: usize = Self::FIELDS_BYTES + 32;

    /// The fields, and the MAC over them and what all rows come to.
    fn to_bytes(self, sum: Sum, key: &SumKey) -> Result<[u8; Self::BYTES], StoreError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| StoreError::Disk(error.to_string()))?;
        Ok(self.with_nonce(nonce, sum, key))
    }

    /// What the indexes come to goes with it, hidden: a sum that is seen, or two of which the difference is, tells what
    /// single rows add, and from enough of them others can be made that add the same.
    fn with_nonce(self, nonce: [u8; 16], sum: Sum, key: &SumKey) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..32].copy_from_slice(self.genesis.as_slice());
        bytes[32..40].copy_from_slice(&self.head.to_be_bytes());
        bytes[40..48].copy_from_slice(&self.oldest.to_be_bytes());
        bytes[48..56].copy_from_slice(&self.log.end.to_be_bytes());
        bytes[56..Self::NONCE_AT].copy_from_slice(&self.log.checksum);
        bytes[Self::NONCE_AT..Self::INDEXES_AT].copy_from_slice(&nonce);
        let hidden = sum.indexes ^ Self::mask(&nonce, key);
        bytes[Self::INDEXES_AT..Self::FIELDS_BYTES].copy_from_slice(&hidden.to_be_bytes::<32>());
        let mac = key.hash(Row::Checkpoint, &bytes[..Self::FIELDS_BYTES], &sum.rows.to_be_bytes::<32>());
        bytes[Self::FIELDS_BYTES..].copy_from_slice(&mac);
        bytes
    }

    fn mask(nonce: &[u8; 16], key: &SumKey) -> U256 {
        U256::from_be_bytes(key.hash(Row::Mask, nonce, &[]))
    }

    /// Reads one that this process has written with rows that come to this sum, and what the indexes came to then; none if
    /// it is another's.
    fn from_bytes(bytes: &[u8; Self::BYTES], rows: U256, key: &SumKey) -> Option<(Self, Sum)> {
        let (mut checksum, mut nonce) = ([0; 16], [0; 16]);
        checksum.copy_from_slice(&bytes[56..Self::NONCE_AT]);
        nonce.copy_from_slice(&bytes[Self::NONCE_AT..Self::INDEXES_AT]);
        let hidden = U256::from_be_slice(&bytes[Self::INDEXES_AT..Self::FIELDS_BYTES]);
        let sum = Sum { rows, indexes: hidden ^ Self::mask(&nonce, key) };
        let found = Self {
            genesis: B256::from_slice(&bytes[..32]),
            head: number(&bytes[32..40]),
            oldest: number(&bytes[40..48]),
            log: LogMark { end: number(&bytes[48..56]), checksum },
        };
        (found.with_nonce(nonce, sum, key) == *bytes).then_some((found, sum))
    }
}

/// A value that a block changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changed<T> {
    pub(crate) before: T,
    pub(crate) after: T,
}

/// What one block changes, under hashed keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// `None` is an account that is not there.
    pub(crate) accounts: BTreeMap<B256, Changed<Option<Account>>>,
    pub(crate) slots: BTreeMap<SlotKey, Changed<U256>>,
    pub(crate) codes: BTreeMap<B256, Bytecode>,
    pub(crate) nodes: NodeChanges,
}

/// What a block is found by, beside its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexed {
    pub(crate) body: Vec<u8>,
    pub(crate) txs: Vec<B256>,
    /// Addresses and topics of its logs, shortened.
    pub(crate) logs: Vec<LogTag>,
}

/// An address or a topic of a log, shortened; all zeros for any log.
pub(crate) type LogTag = [u8; 16];

/// The store of one chain. Whoever writes is alone.
pub(crate) struct Store {
    database: Arc<Database>,
    key: SumKey,
    codes: Arc<Codes>,
    damage: Arc<Damage>,
    /// A state below the rows, where there is one.
    base: Option<Arc<Base>>,
}

/// The table in which a reader found damage.
#[derive(Debug, Default)]
struct Damage(OnceLock<&'static str>);

/// The code of contracts that ran last, ready to run.
#[derive(Default)]
struct Codes(Mutex<HashMap<B256, Bytecode>>);

impl Codes {
    fn get(&self, hash: B256) -> Option<Bytecode> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned()
    }

    fn put(&self, hash: B256, code: &Bytecode) {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.len() >= CODES_READY_MAX {
            ready.clear();
        }
        ready.insert(hash, code.clone());
    }
}

/// How a file was found.
pub(crate) enum Found {
    /// As a block of this process left it; what its rows come to.
    Whole(Checkpoint, Sum),
    /// New, or made empty because what was there does not fit.
    Empty,
}

impl Store {
    /// A store in memory, for a chain that is gone with its process.
    pub(crate) fn in_memory(key: SumKey) -> Result<Self, StoreError> {
        let database = Database::builder().create_with_backend(redb::backends::InMemoryBackend::new())?;
        Self::of(database, key)
    }

    /// Opens a file, or makes it. One that is damaged, of another chain or not as this process left it is put aside, with a
    /// line in the log, and made anew: all that it has follows from the blocks.
    pub(crate) fn open(
        path: &Path,
        genesis: B256,
        key: &SumKey,
        cache_bytes: usize,
    ) -> Result<(Self, Found), StoreError> {
        if path.exists() {
            match Self::open_whole(path, genesis, key, cache_bytes)? {
                Ok((store, checkpoint, sum)) => return Ok((store, Found::Whole(checkpoint, sum))),
                Err(why) => {
                    let file = path.file_name().unwrap_or_default();
                    tracing::warn!(
                        ?file,
                        "the chain's state is put aside and made anew from the blocks: {why}"
                    );
                    std::fs::rename(path, path.with_extension("aside"))
                        .map_err(|error| StoreError::Disk(error.to_string()))?;
                }
            }
        }
        new_file(path)?;
        let database = Database::builder().set_cache_size(cache_bytes).create(path)?;
        Ok((Self::of(database, key.clone())?, Found::Empty))
    }

    /// The inner error says why the file is of no use; the outer one that it cannot be judged, as a file that another
    /// process has open.
    fn open_whole(
        path: &Path,
        genesis: B256,
        key: &SumKey,
        cache_bytes: usize,
    ) -> Result<Result<(Self, Checkpoint, Sum), String>, StoreError> {
        let (path, key) = (path.to_owned(), key.clone());
        // A page that somebody else changed can make the library panic: that is a damaged file, too.
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let database = Database::builder().set_cache_size(cache_bytes).open(&path)?;
            let store = Self::on(database, key);
            let whole = store.check(genesis)?;
            Ok::<_, StoreError>(whole.map(|(checkpoint, sum)| (store, checkpoint, sum)))
        }));
        Ok(match opened {
            Ok(Ok(Some(whole))) => Ok(whole),
            Ok(Ok(None)) => Err("it is not as this process left it".to_owned()),
            Ok(Err(error @ StoreError::Damaged(_))) => Err(error.to_string()),
            Ok(Err(error)) => return Err(error),
            Err(_) => Err("its pages are damaged".to_owned()),
        })
    }

    fn on(database: Database, key: SumKey) -> Self {
        let (codes, damage) = (Arc::default(), Arc::default());
        Self { database: Arc::new(database), key, codes, damage, base: None }
    }

    fn of(database: Database, key: SumKey) -> Result<Self, StoreError> {
        let store = Self::on(database, key);
        let transaction = store.database.begin_write()?;
        transaction.open_table(ACCOUNTS)?;
        transaction.open_table(SLOTS)?;
        transaction.open_table(CODES)?;
        transaction.open_table(NODES)?;
        transaction.open_table(ACCOUNTS_BEFORE)?;
        transaction.open_table(SLOTS_BEFORE)?;
        transaction.open_table(WRITTEN)?;
        transaction.open_table(METAS)?;
        transaction.open_table(BODIES)?;
        transaction.open_table(HASHES)?;
        transaction.open_table(TXS)?;
        transaction.open_table(LOGS)?;
        transaction.open_table(CHECKPOINT)?;
        transaction.commit()?;
        Ok(store)
    }

    /// Whether the rows still come to this sum: what is read from a disk that lies is not what was written.
    pub(crate) fn is_sound(&self, genesis: B256, sum: Sum) -> bool {
        let check = std::panic::AssertUnwindSafe(|| self.check(genesis));
        matches!(std::panic::catch_unwind(check), Ok(Ok(Some((_, found)))) if found == sum)
    }

    /// Whether all rows that are read are those that this process wrote, and are found where they are looked for.
    fn check(&self, genesis: B256) -> Result<Option<(Checkpoint, Sum)>, StoreError> {
        let snapshot = self.snapshot()?;
        let Some(found) = snapshot.checkpoint.get(())? else { return Ok(None) };
        let mut sum = Sum::default();
        let accounts = self.add_rows(Row::Account, &snapshot.accounts, &mut sum)?;
        let slots = self.add_rows(Row::Slot, &snapshot.slots, &mut sum)?;
        let codes = self.add_rows(Row::Code, &snapshot.codes, &mut sum)?;
        let accounts_before = self.add_rows(Row::AccountBefore, &snapshot.accounts_before, &mut sum)?;
        let slots_before = self.add_rows(Row::SlotBefore, &snapshot.slots_before, &mut sum)?;
        let mut metas = self.base.as_deref().map_or(Ok(true), Base::is_sound)?;
        for row in snapshot.metas.iter()? {
            let (block, meta) = row?;
            metas &= snapshot.metas.get(block.value())?.is_some_and(|found| found.value() == meta.value());
            sum.add(self.key.meta(block.value(), meta.value()));
        }
        if !(accounts && slots && codes && accounts_before && slots_before && metas) {
            return Ok(None);
        }
        let found = Checkpoint::from_bytes(found.value(), sum.rows, &self.key);
        Ok(found.filter(|(checkpoint, _)| checkpoint.genesis == genesis))
    }

    /// Adds the rows of a table. False if one is not found by its key: a tree whose inner pages lead elsewhere has all its
    /// rows when they are listed, and hides some when they are looked for.
    fn add_rows<const N: usize>(
        &self,
        kind: Row,
        table: &ReadRows<N>,
        sum: &mut Sum,
    ) -> Result<bool, StoreError> {
        let mut found = true;
        for row in table.iter()? {
            let (key, value) = row?;
            found &= table.get(key.value())?.is_some_and(|again| again.value() == value.value());
            sum.add(self.key.hash(kind, key.value(), value.value()));
        }
        Ok(found)
    }

    /// Whether a reader has found damage: then nothing more should be built on this.
    pub(crate) fn check_readers(&self) -> Result<(), StoreError> {
        self.damage.0.get().map_or(Ok(()), |table| Err(StoreError::Damaged(table)))
    }

    /// What is there now.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let transaction = self.database.begin_read()?;
        Ok(Snapshot {
            accounts: transaction.open_table(ACCOUNTS)?,
            slots: transaction.open_table(SLOTS)?,
            codes: transaction.open_table(CODES)?,
            nodes: transaction.open_table(NODES)?,
            accounts_before: transaction.open_table(ACCOUNTS_BEFORE)?,
            slots_before: transaction.open_table(SLOTS_BEFORE)?,
            metas: transaction.open_table(METAS)?,
            bodies: transaction.open_table(BODIES)?,
            hashes: transaction.open_table(HASHES)?,
            txs: transaction.open_table(TXS)?,
            logs: transaction.open_table(LOGS)?,
            checkpoint: transaction.open_table(CHECKPOINT)?,
            key: self.key.clone(),
            ready: Arc::clone(&self.codes),
            damage: Arc::clone(&self.damage),
            base: self.base.clone(),
            _database: Arc::clone(&self.database),
        })
    }

    /// Writes what blocks change, all of it or nothing, and returns what all rows come to then.
    pub(crate) fn write(&self, batch: &Batch<'_>) -> Result<Sum, StoreError> {
        let Batch { checkpoint, pending, .. } = batch;
        let mut transaction = self.database.begin_write()?;
        if batch.durable {
            // After a crash the file is usable at once.
            transaction.set_quick_repair(true);
        } else {
            transaction
                .set_durability(Durability::None)
                .map_err(|error| StoreError::Disk(error.to_string()))?;
        }
        let mut writing = Writing {
            transaction: &transaction,
            key: &self.key,
            sum: batch.sum,
            on_base: self.base.is_some(),
        };
        writing.state(pending)?;
        writing.forget(batch.forget.clone())?;
        for block in &pending.blocks {
            writing.meta(block.number, &block.meta)?;
            if let Some(indexed) = &block.indexed {
                writing.index(block.number, block.meta.hash, indexed)?;
            }
        }
        let sum = writing.sum;
        transaction.open_table(CHECKPOINT)?.insert((), &checkpoint.to_bytes(sum, &self.key)?)?;
        transaction.commit()?;
        for (hash, code) in &pending.codes {
            self.codes.put(*hash, code);
        }
        Ok(sum)
    }

    /// Syncs what was written before.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_quick_repair(true);
        transaction.commit()?;
        Ok(())
    }
}

/// Makes a file. Who may read it reads who may use which key.
fn new_file(path: &Path) -> Result<(), StoreError> {
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    file.map(drop).map_err(|error| StoreError::Disk(error.to_string()))
}

/// What blocks come to in the store.
pub(crate) struct Batch<'a> {
    /// After the last of them.
    pub(crate) checkpoint: Checkpoint,
    /// What all rows come to before them.
    pub(crate) sum: Sum,
    pub(crate) pending: &'a Pending,
    /// Blocks before which nobody reads any more.
    pub(crate) forget: std::ops::Range<u64>,
    /// Without it, what is written may be gone with the process, and all that came after it too.
    pub(crate) durable: bool,
}

fn before_key<const K: usize, const N: usize>(key: &[u8; K], block: u64) -> [u8; N] {
    let mut row = [0; N];
    row[..K].copy_from_slice(key);
    row[K..].copy_from_slice(&block.to_be_bytes());
    row
}

fn log_key(tag: &LogTag, block: u64) -> [u8; 24] {
    before_key::<16, 24>(tag, block)
}

/// The hash under which an account is kept.
pub(crate) fn account_key(address: Address) -> B256 {
    alloy_primitives::keccak256(address)
}
