//! Makes blocks: takes transactions in the order in which they arrive, executes, syncs, then announces.

use std::{
    collections::HashSet,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use alloy_primitives::{Address, B256, B512};
use ed25519_dalek::SigningKey;
use tokio::sync::{mpsc, watch};

use super::{
    genesis::Genesis,
    head::{BlockId, HeadStatement, RawBlock},
    ledger::{Keep, Ledger, Left},
    log::{BlockLog, StoredBlock},
    pool::{Fate, Pool, Sender},
    tx::DecodedTx,
};
use crate::error::ChainError;

/// Sequence numbers that are reserved on disk at a time.
const SEQUENCE_RESERVE: u64 = 10_000;

/// The chain of one process.
pub(crate) struct Sequencer {
    pub(crate) ledger: Arc<RwLock<Ledger>>,
    pub(crate) heads: Arc<Heads>,
    pool: Arc<Mutex<Pool>>,
    /// Tells the writer that there is something to do; when it is gone, the writer ends.
    wake: mpsc::Sender<()>,
}

/// Runs on its own thread until every `Sequencer` is gone.
pub(crate) struct Writer {
    ledger: Arc<RwLock<Ledger>>,
    heads: Arc<Heads>,
    pool: Arc<Mutex<Pool>>,
    woken: mpsc::Receiver<()>,
    log: Option<BlockLog>,
}

impl Sequencer {
    /// Opens the chain: replays the log if there is one.
    pub(crate) fn open(
        genesis: Genesis,
        key: SigningKey,
        folder: Option<&Path>,
    ) -> Result<(Self, Writer), ChainError> {
        if !genesis.is_valid() {
            return Err(ChainError::BadGenesis);
        }
        if genesis.head_key != B256::from(key.verifying_key().to_bytes()) {
            return Err(ChainError::WrongHeadKey);
        }
        let mut ledger = Ledger::new(genesis, Keep::Everything);
        let genesis_hash = ledger.genesis_hash();
        let log = match folder {
            None => None,
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(ChainError::io("create the chain's folder"))?;
                Some(BlockLog::open(&folder.join("blocks.log"), genesis_hash, |block| {
                    replay_stored(&mut ledger, &block)
                })?)
            }
        };
        let sequence = Sequence::open(folder.map(|folder| folder.join("head-sequence")))?;
        let ledger = Arc::new(RwLock::new(ledger));
        let heads = Arc::new(Heads::new(Arc::clone(&ledger), key, genesis_hash, sequence)?);
        let (wake, woken) = mpsc::channel(1);
        let pool = Arc::default();
        let writer = Writer {
            ledger: Arc::clone(&ledger),
            heads: Arc::clone(&heads),
            pool: Arc::clone(&pool),
            woken,
            log,
        };
        Ok((Self { ledger, heads, pool, wake }, writer))
    }

    /// The transactions that wait. Whoever needs the ledger as well takes that first.
    pub(crate) fn pool(&self) -> MutexGuard<'_, Pool> {
        lock(&self.pool)
    }

    /// Has the writer look whether it is time for a block.
    pub(crate) fn wake(&self) {
        // If it cannot be sent, one is there already.
        let _ = self.wake.try_send(());
    }

    /// Has a transaction put into a block. Waits until it is in a synced one, or refused; one that is ahead of its
    /// sender's nonce is taken in to wait its turn, and not waited for.
    pub(crate) async fn submit(&self, tx: DecodedTx) -> Fate {
        let hash = tx.hash;
        let fate = {
            let ledger = read(&self.ledger);
            if ledger.tx(hash).is_some() {
                return Err("already known".to_owned());
            }
            let sender = sender(&ledger, tx.from);
            self.pool().add(tx, sender, Instant::now())?
        };
        let Some(fate) = fate else { return Ok(hash) };
        self.wake();
        fate.await.map_err(|_| "the chain is stopping".to_owned())?
    }
}

fn lock(pool: &Mutex<Pool>) -> MutexGuard<'_, Pool> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sender(ledger: &Ledger, address: Address) -> Sender {
    let (balance, nonce) = ledger.account(address, ledger.head()).unwrap_or_default();
    Sender { balance, nonce }
}

fn replay_stored(ledger: &mut Ledger, block: &StoredBlock) -> Result<(), ChainError> {
    let failed = |reason: String| ChainError::Replay { number: block.number, reason };
    if block.number != ledger.head() + 1 {
        return Err(failed(format!("the log has it after block {}", ledger.head())));
    }
    let executed = ledger.replay(block.timestamp, &block.txs).map_err(failed)?;
    if executed.block.hash != block.hash {
        return Err(failed(format!("it gives {}, the log says {}", executed.block.hash, block.hash)));
    }
    ledger.commit(executed);
    Ok(())
}

impl Writer {
    /// Makes blocks until the senders are gone, and one without transactions where the newest is older than that. An error means that the disk failed: the chain must stop, because
    /// what is on disk is unknown until it is opened again.
    pub(crate) fn run(mut self, block_time_s: Option<u64>) -> Result<(), ChainError> {
        while self.woken.blocking_recv().is_some() {
            loop {
                // Whatever arrived while the last block was synced goes into one block, with one sync.
                let ready = {
                    let ledger = read(&self.ledger);
                    lock(&self.pool).ready(|address| sender(&ledger, address).nonce)
                };
                let nothing = ready.is_empty();
                if nothing && block_time_s.is_none_or(|most_s| self.head_age_s() < most_s) {
                    break;
                }
                self.make_block(ready)?;
                if nothing {
                    break;
                }
            }
        }
        Ok(())
    }

    fn head_age_s(&self) -> u64 {
        (now_ms() / 1000).saturating_sub(read(&self.ledger).head_meta().timestamp)
    }

    /// Makes one block; what does not fit goes on waiting. There is none if nothing fits that was wanted.
    fn make_block(&mut self, txs: Vec<DecodedTx>) -> Result<(), ChainError> {
        let wanted = !txs.is_empty();
        let (executed, left) = {
            let ledger = read(&self.ledger);
            // The clock may go back; block times do not.
            let parent = ledger.head_meta().timestamp;
            let timestamp = (now_ms() / 1000).max(parent);
            if !wanted && timestamp == parent {
                return Ok(());
            }
            ledger.execute(timestamp, txs)
        };
        let included: Vec<_> = executed.block.txs.iter().map(|included| included.tx.clone()).collect();
        if !included.is_empty() || !wanted {
            if let Some(log) = &mut self.log {
                log.append(&StoredBlock {
                    number: executed.block.header.number,
                    timestamp: executed.block.header.timestamp,
                    hash: executed.block.hash,
                    txs: included.iter().map(|tx| tx.raw.clone()).collect(),
                })?;
            }
            // Nobody sees a block before it is on disk: latest and finalized are the same here.
            write(&self.ledger).commit(executed);
            self.heads.publish()?;
        }
        let ledger = read(&self.ledger);
        lock(&self.pool).settle(&included, refused(left), |address| sender(&ledger, address).nonce);
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.pool).close();
    }
}

/// Of what did not get into a block: what never will. Behind one that did not, others of its sender wait again.
fn refused(left: Vec<(usize, DecodedTx, Left)>) -> Vec<(DecodedTx, String)> {
    let mut senders = HashSet::new();
    let first = left.into_iter().filter(|(_, tx, _)| senders.insert(tx.from));
    first
        .filter_map(|(_, tx, why)| match why {
            Left::Full => None,
            Left::Invalid(reason) => Some((tx, reason)),
        })
        .collect()
}

/// Signs head statements and hands them to whoever waits.
pub(crate) struct Heads {
    ledger: Arc<RwLock<Ledger>>,
    key: SigningKey,
    genesis_hash: B256,
    sequence: Mutex<Sequence>,
    latest: watch::Sender<HeadStatement>,
}

impl Heads {
    fn new(
        ledger: Arc<RwLock<Ledger>>,
        key: SigningKey,
        genesis_hash: B256,
        mut sequence: Sequence,
    ) -> Result<Self, ChainError> {
        let first = statement(&read(&ledger), &key, genesis_hash, sequence.next()?);
        Ok(Self {
            ledger,
            key,
            genesis_hash,
            sequence: Mutex::new(sequence),
            latest: watch::Sender::new(first),
        })
    }

    /// Signs where the chain is now.
    pub(crate) fn publish(&self) -> Result<(), ChainError> {
        // The lock covers number, head and announcement: a later sequence number never has an earlier head.
        let mut sequence = self.sequence.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let number = sequence.next()?;
        self.latest.send_replace(statement(&read(&self.ledger), &self.key, self.genesis_hash, number));
        Ok(())
    }

    pub(crate) fn watch(&self) -> watch::Receiver<HeadStatement> {
        self.latest.subscribe()
    }

    pub(crate) fn current(&self) -> HeadStatement {
        self.latest.borrow().clone()
    }

    /// Blocks as followers get them, until one of the bounds is reached.
    pub(crate) fn raw_blocks(
        &self,
        ledger: &Ledger,
        from: u64,
        count: usize,
        bytes_max: usize,
    ) -> Vec<RawBlock> {
        let mut bytes = 0;
        let mut blocks = Vec::new();
        for number in (from.max(1)..=ledger.head()).take(count) {
            let Some(block) = ledger.block(number) else { break };
            bytes += block.txs.iter().map(|tx| tx.tx.raw.len()).sum::<usize>();
            if bytes > bytes_max && !blocks.is_empty() {
                break;
            }
            let raw = RawBlock {
                number,
                timestamp: block.header.timestamp,
                hash: block.hash,
                txs: block.txs.iter().map(|tx| tx.tx.raw.clone()).collect(),
                signature: B512::ZERO,
            };
            blocks.push(raw.signed(&self.key, self.genesis_hash));
        }
        blocks
    }
}

fn statement(ledger: &Ledger, key: &SigningKey, genesis_hash: B256, sequence: u64) -> HeadStatement {
    let head = BlockId { number: ledger.head(), hash: ledger.head_meta().hash };
    HeadStatement::sign(key, genesis_hash, sequence, (head, head), now_ms())
}

/// Numbers that only grow, over restarts and older folders too: a block of them is reserved on disk before the first is used.
struct Sequence {
    next: u64,
    reserved: u64,
    path: Option<PathBuf>,
}

impl Sequence {
    fn open(path: Option<PathBuf>) -> Result<Self, ChainError> {
        // Never below the clock: where an older folder was put back, what is signed from now on still counts as newer
        // than all that was signed before. One statement in a millisecond is never reached.
        let now = now_ms();
        let Some(path) = path else {
            return Ok(Self { next: now, reserved: u64::MAX, path: None });
        };
        let next = match std::fs::read(&path) {
            Ok(bytes) => bytes.try_into().map(u64::from_be_bytes).map_err(|_| ChainError::CorruptLog(0))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 1,
            Err(error) => return Err(ChainError::io("read the head sequence")(error)),
        };
        let next = now.max(next);
        Ok(Self { next, reserved: next, path: Some(path) })
    }

    fn next(&mut self) -> Result<u64, ChainError> {
        if self.next >= self.reserved
            && let Some(path) = &self.path
        {
            let reserved = self.next.saturating_add(SEQUENCE_RESERVE);
            write_durably(path, &reserved.to_be_bytes())?;
            self.reserved = reserved;
        }
        let number = self.next;
        self.next += 1;
        Ok(number)
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), ChainError> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh).map_err(ChainError::io("write the head sequence"))?;
    file.write_all(bytes).map_err(ChainError::io("write the head sequence"))?;
    file.sync_all().map_err(ChainError::io("sync the head sequence"))?;
    std::fs::rename(&fresh, path).map_err(ChainError::io("replace the head sequence"))?;
    if let Some(parent) = path.parent() {
        File::open(parent)
            .and_then(|folder| folder.sync_all())
            .map_err(ChainError::io("sync the chain's folder"))?;
    }
    Ok(())
}

/// Commits are short inserts of values that were computed before; a reader's panic leaves nothing half done.
pub(crate) fn read(ledger: &RwLock<Ledger>) -> std::sync::RwLockReadGuard<'_, Ledger> {
    ledger.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write(ledger: &RwLock<Ledger>) -> std::sync::RwLockWriteGuard<'_, Ledger> {
    ledger.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
