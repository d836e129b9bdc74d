//! Takes blocks over, one after the other.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{Block, Executed, Keep, Known, Ledger, genesis_block, genesis_hash, meta_of};
use crate::{
    chain::{
        body,
        genesis::{Genesis, HISTORY_BLOCKS, HISTORY_BLOCKS_MAX, HISTORY_SECONDS},
        head::BlockId,
        snapshot::{self, SnapshotError},
        store::{
            Batch, Checkpoint, Found, Indexes, LogMark, Pending, Store, StoreError, Sum, SumKey,
            remove_scratch,
        },
    },
    error::ReadError,
};

/// Memory in which a store keeps what it read last.
const CACHE_BYTES: usize = 24 << 20;
/// Blocks that may be lost with the process, and are then replayed…
const UNSYNCED_BLOCKS_MAX: u64 = 256;
/// …and for how long.
const UNSYNCED_MAX: Duration = Duration::from_secs(2);
/// Blocks whose history is forgotten with a new one.
const FORGET_MAX: u64 = 16;

/// Takes blocks over, one after the other.
pub(crate) struct LedgerWriter {
    ledger: Ledger,
    store: Store,
    keep: Keep,
    checkpoint: Checkpoint,
    /// What all rows come to.
    sum: Sum,
    /// Blocks that are not written yet…
    pending: Arc<RwLock<Pending>>,
    /// …and what is known after them.
    gathered: Option<(Checkpoint, Ledger)>,
    /// Where the store is.
    path: Option<PathBuf>,
    synced: (u64, Instant),
}

impl LedgerWriter {
    /// A ledger that is gone with the process.
    pub(crate) fn in_memory(genesis: Genesis, keep: Keep) -> Result<Self, ReadError> {
        let store = Store::in_memory(SumKey::new(&[0; 32]))?;
        Self::of(genesis, keep, store, Found::Empty, None)
    }

    /// Opens a ledger on disk at the block that the store was left at. What does not fit is made anew, from block 0. The
    /// secret says which stores are this process's own.
    pub(crate) fn open(
        genesis: Genesis,
        keep: Keep,
        path: &Path,
        secret: &[u8; 32],
    ) -> Result<Self, ReadError> {
        let hash = genesis_hash(&genesis);
        let (store, found) = Store::open(path, hash, &SumKey::new(secret), CACHE_BYTES)?;
        Self::of(genesis, keep, store, found, Some(path.to_owned()))
    }

    /// A ledger that begins with a snapshot, in a file that is of no use after this process, or in memory. No state of
    /// before the snapshot's block can be read.
    pub(crate) fn of_snapshot(
        genesis: Genesis,
        scratch: Option<&Path>,
        (file, block): (&Path, BlockId),
    ) -> Result<Self, SnapshotError> {
        let mut store = Store::scratch(scratch, CACHE_BYTES)?;
        let into = Some((&mut store, scratch));
        let filled = snapshot::load(file, &genesis, Some(block), into);
        let opened = filled.and_then(|(found, sum)| {
            let found = Found::Whole(found.checkpoint(), sum);
            Self::of(genesis, Keep::Hashes, store, found, None).map_err(|error| match error {
                ReadError::Store(error) => error.into(),
                other => SnapshotError::File(other.to_string()),
            })
        });
        if let (Err(_), Some(scratch)) = (&opened, scratch) {
            remove_scratch(scratch)?;
        }
        opened
    }

    fn of(
        genesis: Genesis,
        keep: Keep,
        store: Store,
        found: Found,
        path: Option<PathBuf>,
    ) -> Result<Self, ReadError> {
        let genesis = Arc::new(genesis);
        let (checkpoint, sum) = match found {
            Found::Whole(checkpoint, sum) => (checkpoint, sum),
            Found::Empty => begin(&genesis, keep, &store)?,
        };
        let ledger = known(&genesis, &store, &checkpoint)?;
        let synced = (checkpoint.head, Instant::now());
        let pending = Arc::default();
        Ok(Self { ledger, store, keep, checkpoint, sum, pending, gathered: None, path, synced })
    }

    /// What is known after the newest block that is written.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Where the log of blocks goes on.
    pub(crate) fn log(&self) -> LogMark {
        self.checkpoint.log
    }

    /// The newest block that was taken over, written or not: what the next one is executed on.
    pub(crate) fn tip(&self) -> &Ledger {
        self.gathered.as_ref().map_or(&self.ledger, |(_, ledger)| ledger)
    }

    /// Takes over an executed block, whose record ends the log there. It must have been executed on this very head.
    pub(crate) fn commit(&mut self, executed: Executed, log: LogMark) -> Result<Arc<Block>, ReadError> {
        let block = self.gather(executed, log)?;
        self.settle()?;
        Ok(block)
    }

    /// Takes over a block as [`LedgerWriter::commit`] does, but writes it with others, when there are many or by
    /// [`LedgerWriter::settle`]. Until then no reader sees it, and after a crash it was never there.
    pub(crate) fn gather(&mut self, executed: Executed, log: LogMark) -> Result<Arc<Block>, ReadError> {
        let Executed { block, meta, changes } = executed;
        let tip = self.tip();
        let number = tip.head() + 1;
        assert_eq!(block.header.number, number, "a block is committed on the head it was executed on");
        assert_eq!(block.header.parent_hash, tip.head_meta().hash, "a block is committed on its parent");
        let checkpoint = Checkpoint {
            genesis: self.checkpoint.genesis,
            head: number,
            oldest: self.oldest_after(number, meta.timestamp)?,
            log,
        };
        let indexed = (self.keep == Keep::Everything).then(|| body::indexed(&block));
        let known = Known {
            genesis: Arc::clone(&tip.0.genesis),
            genesis_hash: checkpoint.genesis,
            snapshot: Arc::clone(&tip.0.snapshot),
            pending: Some(Arc::clone(&self.pending)),
            head: number,
            head_meta: meta,
            oldest: number,
        };
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        pending.add(number, meta, changes, indexed);
        let full = pending.is_full();
        drop(pending);
        self.gathered = Some((checkpoint, Ledger(Arc::new(known))));
        if full {
            self.settle()?;
        }
        Ok(Arc::new(block))
    }

    /// Writes the blocks that were gathered, in one transaction. After an error they are as if they had never been.
    pub(crate) fn settle(&mut self) -> Result<(), ReadError> {
        let Some((checkpoint, _)) = self.gathered.take() else { return Ok(()) };
        let pending = std::mem::take(&mut *self.pending.write().unwrap_or_else(PoisonError::into_inner));
        let durable =
            checkpoint.head - self.synced.0 >= UNSYNCED_BLOCKS_MAX || self.synced.1.elapsed() >= UNSYNCED_MAX;
        let sum = self.store.write(&Batch {
            checkpoint,
            pending: &pending,
            sum: self.sum,
            forget: self.checkpoint.oldest + 1..checkpoint.oldest + 1,
            durable,
        })?;
        if durable {
            self.synced = (checkpoint.head, Instant::now());
        }
        self.ledger = known(&self.ledger.0.genesis, &self.store, &checkpoint)?;
        (self.checkpoint, self.sum) = (checkpoint, sum);
        Ok(())
    }

    /// What blocks, transactions and logs are found by, as it is now: to be compared beside the start.
    pub(crate) fn indexes(&self) -> Result<Indexes, ReadError> {
        Ok(self.store.indexes(self.sum)?)
    }

    /// Whether what is read is still what was written.
    pub(crate) fn is_sound(&self) -> bool {
        self.store.is_sound(self.checkpoint.genesis, self.sum)
    }

    /// Syncs what has been written for a while. An error is also what readers have found.
    pub(crate) fn tick(&mut self) -> Result<(), ReadError> {
        if let Err(error) = self.store.check_readers() {
            // The next start makes it anew: what was found is in no sum.
            if let Some(path) = &self.path
                && let Err(error) = std::fs::rename(path, path.with_extension("aside"))
            {
                tracing::error!(%error, "the damaged state could not be put aside");
            }
            return Err(error.into());
        }
        if self.synced.0 < self.checkpoint.head && self.synced.1.elapsed() >= UNSYNCED_MAX {
            self.sync()?;
        }
        Ok(())
    }

    /// Syncs what was written.
    pub(crate) fn sync(&mut self) -> Result<(), ReadError> {
        self.store.sync()?;
        self.synced = (self.checkpoint.head, Instant::now());
        Ok(())
    }

    /// The oldest block after which the state is readable when there is a new head: some more are forgotten with each.
    fn oldest_after(&self, head: u64, timestamp: u64) -> Result<u64, ReadError> {
        let newest = self.gathered.as_ref().map_or(&self.checkpoint, |(checkpoint, _)| checkpoint);
        let mut oldest = newest.oldest;
        for _ in 0..FORGET_MAX {
            let next = oldest + 1;
            let Some(meta) = self.ledger.meta(next)? else { break };
            let deep = head.saturating_sub(next);
            let recent = deep < HISTORY_BLOCKS || timestamp.saturating_sub(meta.timestamp) < HISTORY_SECONDS;
            if recent && deep < HISTORY_BLOCKS_MAX {
                break;
            }
            oldest = next;
        }
        Ok(oldest)
    }
}

fn known(genesis: &Arc<Genesis>, store: &Store, checkpoint: &Checkpoint) -> Result<Ledger, ReadError> {
    let snapshot = store.snapshot()?;
    let head_meta = snapshot.meta(checkpoint.head)?.ok_or(StoreError::Damaged("blocks"))?;
    Ok(Ledger(Arc::new(Known {
        genesis: Arc::clone(genesis),
        genesis_hash: checkpoint.genesis,
        snapshot: Arc::new(snapshot),
        pending: None,
        head: checkpoint.head,
        head_meta,
        oldest: checkpoint.oldest,
    })))
}

/// Writes block 0.
fn begin(genesis: &Genesis, keep: Keep, store: &Store) -> Result<(Checkpoint, Sum), ReadError> {
    let (block, changes) = genesis_block(genesis);
    let meta = meta_of(&block);
    let checkpoint = Checkpoint { genesis: block.hash, head: 0, oldest: 0, log: LogMark::default() };
    let indexed = (keep == Keep::Everything).then(|| body::indexed(&block));
    let mut pending = Pending::default();
    pending.add(0, meta, changes, indexed);
    let sum = store.write(&Batch {
        checkpoint,
        sum: Sum::default(),
        pending: &pending,
        forget: 0..0,
        durable: true,
    })?;
    Ok((checkpoint, sum))
}
