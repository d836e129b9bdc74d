//! Takes blocks over, one after the other.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Block, BlockMeta, Executed, Keep, Known, Ledger, genesis_block, genesis_hash};
use crate::{
    chain::{
        body,
        genesis::{Genesis, HISTORY_BLOCKS, HISTORY_BLOCKS_MAX, HISTORY_SECONDS},
        store::{BlockRow, Checkpoint, Found, LogMark, Store, StoreError, Sum, SumKey},
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
        Ok(Self { ledger, store, keep, checkpoint, sum, path, synced })
    }

    /// What is known now.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Where the log of blocks goes on.
    pub(crate) fn log(&self) -> LogMark {
        self.checkpoint.log
    }

    /// Takes over an executed block, whose record ends the log there. It must have been executed on this very head.
    pub(crate) fn commit(&mut self, executed: Executed, log: LogMark) -> Result<Arc<Block>, ReadError> {
        let Executed { block, meta, changes } = executed;
        let number = self.ledger.head() + 1;
        assert_eq!(block.header.number, number, "a block is committed on the head it was executed on");
        assert_eq!(
            block.header.parent_hash,
            self.ledger.head_meta().hash,
            "a block is committed on its parent"
        );
        let oldest = self.oldest_after(number, meta.timestamp)?;
        let checkpoint = Checkpoint { genesis: self.checkpoint.genesis, head: number, oldest, log };
        let durable =
            number - self.synced.0 >= UNSYNCED_BLOCKS_MAX || self.synced.1.elapsed() >= UNSYNCED_MAX;
        let indexed = (self.keep == Keep::Everything).then(|| body::indexed(&block));
        let sum = self.store.write(&BlockRow {
            checkpoint,
            meta,
            sum: self.sum,
            changes: &changes,
            indexed: indexed.as_ref(),
            forget: self.checkpoint.oldest + 1..oldest + 1,
            durable,
        })?;
        if durable {
            self.synced = (number, Instant::now());
        }
        self.ledger = known(&self.ledger.0.genesis, &self.store, &checkpoint)?;
        (self.checkpoint, self.sum) = (checkpoint, sum);
        Ok(Arc::new(block))
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
        let mut oldest = self.checkpoint.oldest;
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
        snapshot,
        head: checkpoint.head,
        head_meta,
        oldest: checkpoint.oldest,
    })))
}

/// Writes block 0.
fn begin(genesis: &Genesis, keep: Keep, store: &Store) -> Result<(Checkpoint, Sum), ReadError> {
    let (block, changes) = genesis_block(genesis);
    let meta = BlockMeta {
        hash: block.hash,
        timestamp: genesis.timestamp,
        state_root: block.header.state_root,
        base_fee: block.header.base_fee_per_gas.unwrap_or_default(),
        excess_gas: 0,
    };
    let checkpoint = Checkpoint { genesis: block.hash, head: 0, oldest: 0, log: LogMark::default() };
    let indexed = (keep == Keep::Everything).then(|| body::indexed(&block));
    let sum = store.write(&BlockRow {
        checkpoint,
        meta,
        sum: Sum::default(),
        changes: &changes,
        indexed: indexed.as_ref(),
        forget: 0..0,
        durable: true,
    })?;
    Ok((checkpoint, sum))
}
