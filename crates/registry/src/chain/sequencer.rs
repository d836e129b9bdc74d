//! Makes blocks: takes transactions in the order in which they arrive, executes, syncs, then announces.

use std::{
    collections::HashSet,
    fs::File,
    io::Write as _,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alloy_primitives::{Address, B256, B512};
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};

use super::{
    block_clock::BlockClock,
    genesis::{BLOCK_GAS_LIMIT, Genesis, TX_GAS_LIMIT},
    head::{BlockId, HeadStatement, RawBlock},
    lane::Lane,
    ledger::{BlockMeta, Keep, Ledger, LedgerWriter, Left, LeftOut, Unreplayable},
    log::{BlockLog, LockedLog, StoredBlock},
    pool::{Arriving, Fate, NotTaken, Pool, Sender},
    price::GAS_PER_SECOND,
    store::{Indexes, LogMark, StoreError},
    tx::DecodedTx,
};
use crate::{
    error::{ChainError, ReadError},
    moment::Moment,
};

/// How long blocks are read for one follower; it asks again for the rest.
const RAW_BLOCKS_TIME_MAX: Duration = Duration::from_secs(1);
/// Sequence numbers that are reserved on disk at a time; the next ones while so many are left.
const SEQUENCE_RESERVE: u64 = 10_000;
const SEQUENCE_LEFT_MIN: u64 = SEQUENCE_RESERVE / 2;

/// What is known after the newest block. Whoever reads takes a copy, and holds up nobody.
pub(crate) struct Tip(RwLock<Ledger>);

impl Tip {
    pub(crate) fn get(&self) -> Ledger {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, ledger: Ledger) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = ledger;
    }
}

/// The chain of one process.
pub(crate) struct Sequencer {
    pub(crate) tip: Arc<Tip>,
    pub(crate) heads: Arc<Heads>,
    pool: Arc<Mutex<Pool>>,
    /// Tells the writer that there is something to do; when it is gone, the writer ends.
    wake: mpsc::Sender<()>,
}

/// Runs on its own thread until every `Sequencer` is gone.
pub(crate) struct Writer {
    books: LedgerWriter,
    tip: Arc<Tip>,
    heads: Arc<Heads>,
    pool: Arc<Mutex<Pool>>,
    woken: mpsc::Receiver<()>,
    log: Option<BlockLog>,
    budget: GasBudget,
    clock: BlockClock,
}

/// What has not been read at the start: the log that leads to the state, and the state's indexes.
pub(crate) struct Unread {
    path: PathBuf,
    genesis: B256,
    until: LogMark,
    /// The state's file, and what is found by it that no state is read from.
    state: PathBuf,
    indexes: Indexes,
}

impl Unread {
    /// Reads it, and says what is damaged if something is. A state with such indexes is put aside: the next start makes it
    /// anew.
    pub(crate) fn check(self) -> Result<(), ChainError> {
        let Self { path, genesis, until, state, indexes } = self;
        let checked = indexes.check();
        // Until then nothing that was read there is written over.
        drop(indexes);
        if let Err(error) = checked {
            if matches!(error, StoreError::Damaged(_))
                && let Err(error) = std::fs::rename(&state, state.with_extension("aside"))
            {
                tracing::error!(%error, "the damaged state could not be put aside");
            }
            return Err(ReadError::from(error).into());
        }
        BlockLog::check(&path, genesis, until)
    }
}

impl Sequencer {
    /// Opens the chain at its newest checkpoint, and replays what the log has after it.
    pub(crate) fn open(
        genesis: Genesis,
        key: SigningKey,
        folder: Option<&Path>,
    ) -> Result<(Self, Writer, Option<Unread>), ChainError> {
        if !genesis.is_valid() {
            return Err(ChainError::BadGenesis);
        }
        if genesis.head_key != B256::from(key.verifying_key().to_bytes()) {
            return Err(ChainError::WrongHeadKey);
        }
        let lane = Lane::new(genesis.deployer);
        let (books, log, unread) = match folder {
            None => (LedgerWriter::in_memory(genesis, Keep::Everything)?, None, None),
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(ChainError::io("create the chain's folder"))?;
                let (books, log, unread) = open_folder(genesis, &key, folder)?;
                (books, Some(log), unread)
            }
        };
        let sequence = Sequence::open(folder.map(|folder| folder.join("head-sequence")))?;
        let tip = Arc::new(Tip(RwLock::new(books.ledger().clone())));
        let heads = Arc::new(Heads::new(Arc::clone(&tip), key, books.ledger().genesis_hash(), sequence)?);
        let (wake, woken) = mpsc::channel(1);
        let pool = Arc::new(Mutex::new(Pool::new(lane)));
        let writer = Writer {
            books,
            tip: Arc::clone(&tip),
            heads: Arc::clone(&heads),
            pool: Arc::clone(&pool),
            woken,
            log,
            budget: GasBudget::new(Instant::now()),
            clock: BlockClock::new(now_ms(), Moment::now()),
        };
        Ok((Self { tip, heads, pool, wake }, writer, unread))
    }

    /// The transactions that wait.
    pub(crate) fn pool(&self) -> MutexGuard<'_, Pool> {
        lock(&self.pool)
    }

    /// Has the writer look whether it is time for a block.
    pub(crate) fn wake(&self) {
        // If it cannot be sent, one is there already.
        let _ = self.wake.try_send(());
    }

    /// What gas costs in a block that is made now.
    pub(crate) fn base_fee(&self) -> u64 {
        self.tip.get().next_base_fee(now_ms() / 1000)
    }

    /// Has a transaction put into a block. Waits until it is in a synced one, or refused; one that is ahead of its
    /// sender's nonce, or offers less than gas costs now, is taken in to wait its turn, and not waited for. One that is too
    /// far ahead waits at the door until those before it are in blocks.
    pub(crate) async fn submit(&self, tx: DecodedTx, source: Option<IpAddr>) -> Fate {
        let hash = tx.hash;
        let mut heads = self.heads.watch();
        let begun = Instant::now();
        let fate = loop {
            let before = heads.borrow_and_update().latest.number;
            match self.take(tx.clone(), source) {
                Ok(fate) => break fate,
                Err(NotTaken::Refused(reason)) => return Err(reason),
                Err(far @ NotTaken::TooFar) if begun.elapsed() > DOOR_WAIT => return Err(far.reason()),
                Err(far @ NotTaken::TooFar) => {
                    let newer = heads.wait_for(|head| head.latest.number > before);
                    match tokio::time::timeout(FAR_WAIT, newer).await {
                        Ok(Ok(_)) => {}
                        Ok(Err(_)) => return Err("the chain is stopping".to_owned()),
                        Err(_) => return Err(far.reason()),
                    }
                }
            }
        };
        let Some(fate) = fate else { return Ok(hash) };
        self.wake();
        fate.await.map_err(|_| "the chain is stopping".to_owned())?
    }

    fn take(
        &self,
        tx: DecodedTx,
        source: Option<IpAddr>,
    ) -> Result<Option<tokio::sync::oneshot::Receiver<Fate>>, NotTaken> {
        let unread = |error: ReadError| NotTaken::Refused(error.to_string());
        // The tip is set before the pool hears of a block: what is read under the pool's lock is not older than that.
        let mut pool = self.pool();
        let ledger = self.tip.get();
        if ledger.has_tx(tx.hash).map_err(unread)? {
            return Err(NotTaken::Refused("already known".to_owned()));
        }
        let base_fee = ledger.next_base_fee(now_ms() / 1000);
        let sender = sender(&ledger, tx.from).map_err(unread)?;
        pool.add(Arriving { tx, sender, source, base_fee, now: Instant::now() })
    }
}

/// How long a transaction that is too far ahead waits for the next block.
const FAR_WAIT: Duration = Duration::from_millis(800);
/// How long it waits at the door in all.
const DOOR_WAIT: Duration = Duration::from_secs(15);

/// Opens state and log of a folder: the state where it was left, and the log from there on. A log that does not lead to
/// where the state is, is an error; a state that does not fit is made anew from the log.
fn open_folder(
    genesis: Genesis,
    key: &SigningKey,
    folder: &Path,
) -> Result<(LedgerWriter, BlockLog, Option<Unread>), ChainError> {
    // Whose folder this is, and whether it is free, is known before anything in it is opened.
    let path = folder.join("blocks.log");
    let genesis_hash = super::genesis_hash(&genesis);
    let log = LockedLog::open(&path, genesis_hash)?;
    let mut secret = Sha256::new();
    secret.update(b"quorate/chain-state/v1");
    secret.update(key.to_bytes());
    let state = folder.join("state.redb");
    let mut books = LedgerWriter::open(genesis, Keep::Everything, &state, &secret.finalize().into())?;
    let (head, mark) = (books.ledger().head(), books.log());
    let indexes = books.indexes()?;
    let read = log.read((head, mark), |block, mark| replay_stored(&mut books, &block, mark));
    // Also where the log is damaged further on: the next start need not do this again.
    books.settle()?;
    let log = read?;
    if books.ledger().head() > head {
        books.sync()?;
    }
    let unread = (mark != LogMark::default()).then_some(Unread {
        path,
        genesis: genesis_hash,
        until: mark,
        state,
        indexes,
    });
    Ok((books, log, unread))
}

/// The newest state of a chain that does not run, and the lock that keeps it from being started meanwhile.
pub(crate) fn open_to_read(
    genesis: Genesis,
    key: &SigningKey,
    folder: &Path,
) -> Result<(Ledger, BlockLog), ChainError> {
    if !genesis.is_valid() {
        return Err(ChainError::BadGenesis);
    }
    let (books, log, unread) = open_folder(genesis, key, folder)?;
    if let Some(unread) = unread {
        unread.check()?;
    }
    Ok((books.ledger().clone(), log))
}

fn lock(pool: &Mutex<Pool>) -> MutexGuard<'_, Pool> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sender(ledger: &Ledger, address: Address) -> Result<Sender, ReadError> {
    let (balance, nonce) = ledger.account(address, ledger.head())?;
    Ok(Sender { balance, nonce })
}

fn replay_stored(books: &mut LedgerWriter, block: &StoredBlock, mark: LogMark) -> Result<(), ChainError> {
    let failed = |reason: String| ChainError::Replay { number: block.number, reason };
    let ledger = books.tip();
    if block.number != ledger.head() + 1 {
        return Err(failed(format!("the log has it after block {}", ledger.head())));
    }
    let executed = ledger.replay(block.timestamp, &block.txs).map_err(|error| match error {
        Unreplayable::Wrong(reason) => failed(reason),
        Unreplayable::Read(error) => error.into(),
    })?;
    if executed.block.hash != block.hash {
        return Err(failed(format!("it gives {}, the log says {}", executed.block.hash, block.hash)));
    }
    books.gather(executed, mark)?;
    Ok(())
}

/// Gas that blocks may use: so much a second, and saved up for one block at most.
struct GasBudget {
    left: u64,
    since: Instant,
}

impl GasBudget {
    fn new(now: Instant) -> Self {
        Self { left: BLOCK_GAS_LIMIT, since: now }
    }

    /// Counts what came since; how long to wait until the largest transaction fits.
    fn wait(&mut self, now: Instant) -> Duration {
        let passed = u64::try_from(now.saturating_duration_since(self.since).as_micros()).unwrap_or(u64::MAX);
        let came = passed.saturating_mul(GAS_PER_SECOND / 1_000_000);
        self.left = self.left.saturating_add(came).min(BLOCK_GAS_LIMIT);
        self.since = now;
        Duration::from_micros(TX_GAS_LIMIT.saturating_sub(self.left) / (GAS_PER_SECOND / 1_000_000))
    }

    fn spend(&mut self, gas: u64) {
        self.left = self.left.saturating_sub(gas);
    }
}

impl Writer {
    /// Makes blocks until the senders are gone, and one without transactions where the newest is older than that. An error means that the disk failed: the chain must stop, because
    /// what is on disk is unknown until it is opened again.
    pub(crate) fn run(mut self, block_time_s: Option<u64>) -> Result<(), ChainError> {
        while self.woken.blocking_recv().is_some() {
            self.books.tick()?;
            loop {
                let wait = self.budget.wait(Instant::now());
                // Whatever arrived while the last block was synced goes into one block, with one sync.
                let ready = self.ready();
                let nothing = ready.is_empty();
                if nothing && block_time_s.is_none_or(|most_s| self.head_age_s() < most_s) {
                    break;
                }
                if !wait.is_zero() {
                    std::thread::sleep(wait);
                    continue;
                }
                self.make_block(ready)?;
                if nothing {
                    break;
                }
            }
        }
        // What is on disk is whole without it; with it the next start replays nothing.
        self.books.sync()?;
        Ok(())
    }

    fn now_s(&mut self) -> u64 {
        self.clock.now_s(now_ms(), Moment::now())
    }

    fn ready(&mut self) -> Vec<DecodedTx> {
        let now_s = self.now_s();
        lock(&self.pool).ready(self.books.ledger().next_base_fee(now_s))
    }

    fn head_age_s(&mut self) -> u64 {
        self.now_s().saturating_sub(self.books.ledger().head_meta().timestamp)
    }

    /// Makes one block; what does not fit goes on waiting. There is none if nothing fits that was wanted.
    fn make_block(&mut self, txs: Vec<DecodedTx>) -> Result<(), ChainError> {
        let wanted = !txs.is_empty();
        // The clock may go back; block times do not.
        let parent = self.books.ledger().head_meta().timestamp;
        let timestamp = self.now_s().max(parent);
        if !wanted && timestamp == parent {
            return Ok(());
        }
        let (executed, left) = self.books.ledger().execute(timestamp, txs, self.budget.left)?;
        let included: Vec<_> = executed.block.txs.iter().map(|included| included.tx.clone()).collect();
        self.budget.spend(executed.block.header.gas_used);
        if !included.is_empty() || !wanted {
            let mut mark = LogMark::default();
            if let Some(log) = &mut self.log {
                log.append(&StoredBlock {
                    number: executed.block.header.number,
                    timestamp: executed.block.header.timestamp,
                    hash: executed.block.hash,
                    txs: included.iter().map(|tx| tx.raw.clone()).collect(),
                })?;
                mark = log.mark();
            }
            // Nobody sees a block before it is in the log: latest and finalized are the same here.
            self.books.commit(executed, mark)?;
            self.tip.set(self.books.ledger().clone());
            self.heads.publish()?;
        }
        lock(&self.pool).settle(&included, refused(left));
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.pool).close();
    }
}

/// Of what did not get into a block: what never will. Behind one that did not, others of its sender wait again.
fn refused(left: Vec<LeftOut>) -> Vec<(DecodedTx, String)> {
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
    tip: Arc<Tip>,
    key: SigningKey,
    genesis_hash: B256,
    sequence: Mutex<Sequence>,
    latest: watch::Sender<HeadStatement>,
}

impl Heads {
    fn new(
        tip: Arc<Tip>,
        key: SigningKey,
        genesis_hash: B256,
        mut sequence: Sequence,
    ) -> Result<Self, ChainError> {
        let first = statement(&tip.get(), &key, genesis_hash, sequence.next()?);
        Ok(Self { tip, key, genesis_hash, sequence: Mutex::new(sequence), latest: watch::Sender::new(first) })
    }

    /// Signs where the chain is now.
    pub(crate) fn publish(&self) -> Result<(), ChainError> {
        // The lock covers number, head and announcement: a later sequence number never has an earlier head.
        let mut sequence = self.sequence.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let number = sequence.next()?;
        self.latest.send_replace(statement(&self.tip.get(), &self.key, self.genesis_hash, number));
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
    ) -> Result<Vec<RawBlock>, ReadError> {
        let (mut bytes, mut blocks) = (0, Vec::new());
        let until = Instant::now() + RAW_BLOCKS_TIME_MAX;
        for number in (from.max(1)..=ledger.head()).take(count) {
            let Some((meta, txs)) = ledger.raw_block(number)? else { break };
            bytes += txs.iter().map(|tx| tx.len()).sum::<usize>();
            if (bytes > bytes_max || Instant::now() > until) && !blocks.is_empty() {
                break;
            }
            let BlockMeta { hash, timestamp, .. } = meta;
            let raw = RawBlock { number, timestamp, hash, txs, signature: B512::ZERO };
            blocks.push(raw.signed(&self.key, self.genesis_hash));
        }
        Ok(blocks)
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
        // Never below the clock, also where that was set after the start.
        self.next = self.next.max(now_ms());
        if self.reserved.saturating_sub(self.next) < SEQUENCE_LEFT_MIN
            && let Some(path) = &self.path
        {
            let reserved = self.next.saturating_add(SEQUENCE_RESERVE);
            match write_durably(path, &reserved.to_be_bytes()) {
                Ok(()) => self.reserved = reserved,
                // It is tried again with the next one, while there are numbers.
                Err(error) if self.next < self.reserved => {
                    tracing::warn!(%error, left = self.reserved - self.next, "numbers of head statements were not reserved");
                }
                Err(error) => return Err(error),
            }
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

pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
