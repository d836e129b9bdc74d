//! Follows a chain: verifies its signed heads, replays its blocks, and keeps a [`RegistryView`].
//!
//! The chain process orders transactions and is trusted with nothing else: what a block does, this process computes
//! itself. A bad answer is refused and asked for again; a *signed* contradiction is proof of a faulty chain, and the
//! view answers nothing more until an operator has looked.
//!
//! Whoever sits between here and the chain can forge nothing, but withhold and delay. So a statement is as old as the
//! moment *before* it was asked for, also when the same one is asked for again; it is judged once more after its blocks
//! were fetched; and fetching them has a bound, after which a newer statement is asked for.

mod confirm;
mod creations;
mod replay;
mod verdict;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alloy_primitives::{Address, B256};
use ed25519_dalek::VerifyingKey;
use quorate_wire::SecretUrl;
use serde_json::json;
use tokio::task::JoinHandle;

pub use crate::{
    chain::snapshot::{SnapshotError, SnapshotFile, Unvouched, VouchForBlock, Voucher},
    rpc_client::Trust,
};
use confirm::Confirming;

use self::creations::Creations;
use crate::{
    artifacts::Contracts,
    chain::{
        BlockId, Genesis, HeadStatement, StoreError, genesis_hash,
        ledger::{Keep, Ledger, LedgerWriter},
    },
    error::{ChainFault, ReadError},
    moment::Moment,
    rpc_client::{CallBounds, RpcCallError, RpcClient},
    view::{RegistryView, Status},
};

/// How long the chain may hold a long poll.
const WAIT_MS: u64 = 500;
/// Blocks asked for at once.
const BATCH_BLOCKS: u64 = 256;
/// Pause after a failed step: the first…
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// …and the longest.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A statement that is older than this, by the chain's clock or by when it was asked for, says nothing any more.
pub const STATEMENT_AGE_MS_MAX: u64 = 30_000;
/// How far the chain's clock may be ahead of ours: by as much an old statement can seem younger than it is.
pub const STATEMENT_AHEAD_MS_MAX: u64 = 5_000;
/// For how long statements may be behind the state of an earlier start: as long as one counts, and some.
const DOUBT_MAX: Duration = Duration::from_millis(STATEMENT_AGE_MS_MAX + STATEMENT_AHEAD_MS_MAX);
/// For how long the blocks up to one statement are fetched.
pub const CATCH_UP_MAX: Duration = Duration::from_secs(10);

const _: () =
    assert!(CATCH_UP_MAX.as_millis() < STATEMENT_AGE_MS_MAX as u128, "what was caught up with counts");

const HEAD_BOUNDS: CallBounds = CallBounds { deadline: Duration::from_secs(3), answer_bytes_max: 16 * 1024 };
const BLOCKS_BOUNDS: CallBounds =
    CallBounds { deadline: Duration::from_secs(10), answer_bytes_max: 4 * 1024 * 1024 };

/// Which chain to follow; everything but the URL is of the network file.
#[derive(Clone, Debug)]
pub struct FollowConfig {
    /// JSON-RPC of the chain.
    pub rpc_url: SecretUrl,
    /// Names the chain.
    pub genesis_hash: B256,
    /// Signs its heads.
    pub head_key: B256,
    /// The registry contracts.
    pub contracts: Contracts,
    /// Creations that were approved: an address, and Keccak-256 of the one init code that may be run there. Networks that
    /// name none have none checked.
    pub creations: Vec<(Address, B256)>,
    /// For how long the blocks up to one statement are fetched: [`CATCH_UP_MAX`], or less.
    pub catch_up_max: Duration,
    /// Where the state is kept from one start to the next; in memory, and replayed at each start, without it.
    pub state: Option<StateFile>,
    /// Who vouches for the server of an `https` URL.
    pub trust: Trust,
    /// What to begin with while the process's own state is behind it.
    pub snapshot: Option<SnapshotFile>,
}

/// A file with the state of a follower.
#[derive(Clone)]
pub struct StateFile {
    /// Where it is.
    pub path: PathBuf,
    /// Of this process alone: a file that was not written under it, and under the same approved creations, is thrown
    /// away.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for StateFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why a step of following failed. The follower goes on with the next step in every case; after a fault the view
/// stays closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The chain did not answer.
    #[error(transparent)]
    Call(#[from] RpcCallError),
    /// Not JSON of the expected form.
    #[error("the chain's answer has another form: {0}")]
    BadForm(&'static str),
    /// Another chain than the network file names.
    #[error("the chain is not the one of the network file")]
    WrongChain,
    /// Not signed by the chain's key.
    #[error("bad signature on {0}")]
    BadSignature(&'static str),
    /// A statement that was seen before, or one from the past.
    #[error("an old head statement")]
    OldStatement,
    /// The chain's clock, or ours, is wrong.
    #[error("the chain's clock is ahead of this machine's")]
    ClockAhead,
    /// The snapshot to begin with is not taken; it is not looked at again before the next start.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Too few members have said so far that the snapshot is of the right block.
    #[error("too few members vouch for the snapshot's block: {0}")]
    Unvouched(String),
    /// The blocks up to the head did not come in time; those that came are kept.
    #[error("the chain's blocks come too slowly to catch up with its head")]
    Slow,
    /// The chain contradicted itself.
    #[error(transparent)]
    Fault(#[from] ChainFault),
    /// The view cannot be used any more.
    #[error(transparent)]
    View(#[from] ReadError),
}

impl FollowError {
    /// A stable name, for metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(_) => "chain_unreachable",
            Self::BadForm(_) => "chain_bad_answer",
            Self::WrongChain => "chain_wrong_genesis",
            Self::BadSignature(_) => "chain_bad_signature",
            Self::OldStatement => "chain_old_statement",
            Self::ClockAhead => "chain_clock_ahead",
            Self::Snapshot(_) => "chain_snapshot",
            Self::Unvouched(_) => "chain_snapshot_unvouched",
            Self::Slow => "chain_slow",
            Self::Fault(fault) => fault.code(),
            Self::View(error) => error.code(),
        }
    }
}

/// The task that follows. Dropping it does not stop it; its shutdown future does.
#[derive(Debug)]
pub struct Follower {
    task: JoinHandle<()>,
    errors: tokio::sync::watch::Receiver<Option<FollowError>>,
}

impl Follower {
    /// Why the last step failed; `None` while all is well.
    #[must_use]
    pub fn last_error(&self) -> Option<FollowError> {
        self.errors.borrow().clone()
    }

    /// Tells of every change of [`Follower::last_error`].
    #[must_use]
    pub fn errors(&self) -> tokio::sync::watch::Receiver<Option<FollowError>> {
        self.errors.clone()
    }

    /// Waits until it has stopped.
    pub async fn wait(self) {
        // The only error is an abort by the runtime that is going down.
        let _ = self.task.await;
    }
}

/// Starts to follow a chain until `shutdown` is ready. The view is empty until the first head is replayed.
///
/// # Errors
/// If the URL or the head key is malformed.
pub fn follow(
    config: FollowConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(RegistryView, Follower), FollowError> {
    let key = VerifyingKey::from_bytes(&config.head_key.0)
        .map_err(|_| FollowError::BadSignature("the head key"))?;
    let view = RegistryView::new(config.contracts);
    let creations = Creations::new(config.creations);
    let state = config.state.map(|state| StateFile { secret: creations.bind(state.secret), ..state });
    let follow = Follow {
        rpc: RpcClient::trusting(config.rpc_url.expose(), &config.trust)?,
        key,
        genesis_hash: config.genesis_hash,
        catch_up_max: config.catch_up_max.min(CATCH_UP_MAX),
        view,
        state,
        creations: Arc::new(creations),
        snapshot: config.snapshot,
        books: Arc::default(),
        doubted: Arc::default(),
        confirming: Arc::default(),
        stopping: Arc::default(),
        confirms: false,
    };
    let view = follow.view.clone();
    let (report, errors) = tokio::sync::watch::channel(None);
    let task = tokio::spawn(async move {
        tokio::pin!(shutdown);
        loop {
            // A panic in a step (a bug) ends the inner task only: the outer one says so and starts again.
            let mut inner = tokio::spawn(run(follow.clone(), report.clone()));
            tokio::select! {
                () = &mut shutdown => {
                    follow.stopping.store(true, Ordering::Relaxed);
                    inner.abort();
                    let _ = inner.await;
                    follow.keep_patience(true);
                    return;
                }
                _ = &mut inner => {
                    tracing::error!("the chain follower ended unexpectedly and is started again");
                    tokio::time::sleep(PAUSE_MAX).await;
                }
            }
        }
    });
    Ok((view, Follower { task, errors }))
}

#[derive(Clone)]
struct Follow {
    rpc: RpcClient,
    key: VerifyingKey,
    genesis_hash: B256,
    catch_up_max: Duration,
    view: RegistryView,
    state: Option<StateFile>,
    creations: Arc<Creations>,
    snapshot: Option<SnapshotFile>,
    /// Takes blocks over; none before block 0 is known.
    books: Arc<Mutex<Option<LedgerWriter>>>,
    /// Since when statements do not fit the state of an earlier start.
    doubted: Arc<Mutex<Option<Moment>>>,
    /// The process's own state while it reads from a snapshot's: locked after `books` by whoever needs both.
    confirming: Arc<Mutex<Confirming>>,
    /// Set in the end: threads that replay go no further.
    stopping: Arc<AtomicBool>,
    /// Whether this is what replays for a snapshot: a fault that it finds is a verdict on that.
    confirms: bool,
}

async fn run(follow: Follow, report: tokio::sync::watch::Sender<Option<FollowError>>) {
    tokio::join!(steps(&follow, report), follow.confirm());
}

async fn steps(follow: &Follow, report: tokio::sync::watch::Sender<Option<FollowError>>) {
    let mut pause = PAUSE_MIN;
    loop {
        match follow.step().await {
            Ok(()) => {
                pause = PAUSE_MIN;
                report.send_if_modified(|last| last.take().is_some());
            }
            Err(error) => {
                let changed = report.send_if_modified(|last| {
                    let changed = last.as_ref() != Some(&error);
                    *last = Some(error.clone());
                    changed
                });
                if changed {
                    tracing::warn!(code = error.code(), "following the chain failed");
                }
                // A disk that failed once is opened anew, or nothing would be read until the next start.
                if let FollowError::View(ReadError::Store(cause)) = &error {
                    let anew = matches!(cause, StoreError::Damaged(_));
                    if let Err(error) = follow.begin_again(anew) {
                        tracing::warn!(%error, "the state could not be let go of");
                    }
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

impl Follow {
    /// One head statement: fetched, judged, replayed up to, counted.
    async fn step(&self) -> Result<(), FollowError> {
        let after = match self.head()? {
            Some(number) => number,
            None => self.begin().await?,
        };
        // A start waits for no newer block: with its state it may have the newest.
        let wait_ms = if self.view.read()?.status.is_some() { WAIT_MS } else { 0 };
        let asked = Moment::now();
        let answer = self.rpc.call("quorate_waitHead", json!([after, wait_ms]), HEAD_BOUNDS).await?;
        let statement: HeadStatement =
            serde_json::from_value(answer).map_err(|_| FollowError::BadForm("head statement"))?;
        let Some(asked) = self.judge(&statement, asked)? else { return Ok(()) };
        self.catch_up(statement.latest.number, Instant::now() + self.catch_up_max).await?;
        self.count(&statement, asked)
    }

    fn head(&self) -> Result<Option<u64>, FollowError> {
        let state = self.view.read()?;
        if let Some(fault) = &state.fault {
            return Err(fault.clone().into());
        }
        Ok(state.ledger.as_ref().map(Ledger::head))
    }

    /// Fetches block 0. Its hash is checked, so it can come from anywhere.
    async fn begin(&self) -> Result<u64, FollowError> {
        let answer = self.rpc.call("quorate_genesis", json!([]), BLOCKS_BOUNDS).await?;
        let genesis: Genesis = serde_json::from_value(answer).map_err(|_| FollowError::BadForm("genesis"))?;
        if !genesis.is_valid()
            || genesis_hash(&genesis) != self.genesis_hash
            || genesis.head_key != B256::from(self.key.to_bytes())
        {
            return Err(FollowError::WrongChain);
        }
        let books = match self.begin_with_snapshot(&genesis).await? {
            Some(books) => books,
            None => self.open_own(genesis).await?,
        };
        let ledger = books.ledger().clone();
        let (head, replayed) = (ledger.head(), !self.confirming().is_open());
        let mut slot = self.books();
        let mut state = self.view.write()?;
        (state.ledger, state.replayed) = (Some(ledger), replayed);
        *slot = Some(books);
        Ok(head)
    }

    /// Opens the process's own state. The whole of it is read once, and what does not fit is made anew.
    async fn open_own(&self, genesis: Genesis) -> Result<LedgerWriter, FollowError> {
        let state = self.state.clone();
        let opened = tokio::task::spawn_blocking(move || match state {
            None => LedgerWriter::in_memory(genesis, Keep::Hashes),
            Some(StateFile { path, secret }) => LedgerWriter::open(genesis, Keep::Hashes, &path, &secret),
        });
        Ok(opened.await.map_err(|_| ReadError::Broken)??)
    }

    fn books(&self) -> MutexGuard<'_, Option<LedgerWriter>> {
        // A block is taken over whole or not at all.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a statement is authentic and new: since when it counts. A signed contradiction closes the view.
    fn judge(&self, statement: &HeadStatement, asked: Moment) -> Result<Option<Moment>, FollowError> {
        if statement.genesis_hash != self.genesis_hash {
            return Err(FollowError::WrongChain);
        }
        if !statement.verify(&self.key) {
            return Err(FollowError::BadSignature("a head statement"));
        }
        if statement.finalized.number > statement.latest.number {
            return Err(FollowError::BadForm("finalized above latest"));
        }
        in_time(statement, asked)?;
        let mut state = self.view.write()?;
        let asked = match state.judged {
            Some((newest, _)) if statement.sequence < newest => return Err(FollowError::OldStatement),
            // Played again, it is as old as it was.
            Some((newest, first)) if statement.sequence == newest => first,
            _ => asked,
        };
        let Some(ledger) = &state.ledger else { return Err(ReadError::NotReady.into()) };
        if let Some(status) = &state.status {
            if statement.sequence == status.sequence {
                return Ok(None);
            }
            // Statements are signed in the order of their numbers, so a newer one is never below an older one.
            if statement.latest.number < ledger.head() || statement.finalized.number < status.finalized.number
            {
                let fault =
                    ChainFault::RolledBack { known: ledger.head(), announced: statement.latest.number };
                drop(state);
                return Err(self.close(fault));
            }
        }
        let contradiction = contradictions(ledger, statement)?;
        if state.status.is_none() && (contradiction.is_some() || statement.latest.number < ledger.head()) {
            drop(state);
            return self.doubt();
        }
        if contradiction.is_none() {
            state.judged = Some((statement.sequence, asked));
        }
        drop(state);
        match contradiction {
            Some(fault) => Err(self.close(fault)),
            None => Ok(Some(asked)),
        }
    }

    /// The chain says of itself what does not fit the state of an earlier start. Whoever passes statements on may show one
    /// from before, for a while. After that the state is given up: what is final is remembered elsewhere, and whether the
    /// chain may go back behind that is judged there.
    fn doubt(&self) -> Result<Option<Moment>, FollowError> {
        if self.state.is_none() {
            return Err(FollowError::OldStatement);
        }
        let now = Moment::now();
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(*doubted.get_or_insert(now)) < DOUBT_MAX {
            return Err(FollowError::OldStatement);
        }
        *doubted = None;
        tracing::warn!(
            "the chain is not where the state of an earlier start was: it is replayed from its beginning"
        );
        self.begin_again(true)?;
        Err(ReadError::NotReady.into())
    }

    /// Lets go of the state, and of its file as well if that is of no use any more; the next step opens it again.
    fn begin_again(&self, anew: bool) -> Result<(), ReadError> {
        // A snapshot's state is read again from its file; the process's own goes on where it was.
        let own = self.confirming().stop();
        let mut books = self.books();
        let mut state = self.view.write()?;
        (state.ledger, state.status) = (None, None);
        *books = None;
        if anew
            && !own
            && let Some(StateFile { path, .. }) = &self.state
        {
            std::fs::remove_file(path).map_err(|error| StoreError::Disk(error.to_string()))?;
        }
        Ok(())
    }

    /// Takes over a statement whose head was replayed, unless it has become old by then: the view is as fresh as the
    /// moment at which it was asked for.
    fn count(&self, statement: &HeadStatement, asked: Moment) -> Result<(), FollowError> {
        in_time(statement, asked)?;
        let mut state = self.view.write()?;
        let Some(ledger) = &state.ledger else { return Err(ReadError::NotReady.into()) };
        if let Some(fault) = contradictions(ledger, statement)? {
            drop(state);
            return Err(self.close(fault));
        }
        if ledger.meta(statement.latest.number)?.is_none() {
            return Err(FollowError::BadForm("blocks below the announced head"));
        }
        let number = ledger.head();
        *self.doubted.lock().unwrap_or_else(PoisonError::into_inner) = None;
        state.status = Some(Status {
            finalized: statement.finalized,
            asked,
            time_ms: statement.time_ms,
            sequence: statement.sequence,
            signed: statement.as_passed_on(),
        });
        drop(state);
        self.view.announce(number);
        Ok(())
    }

    /// Closes the view for ever.
    fn close(&self, fault: ChainFault) -> FollowError {
        tracing::error!(code = fault.code(), %fault, "the chain cannot be followed: the registry is closed");
        if self.confirms {
            self.refuse(&fault);
        }
        match self.view.write() {
            Ok(mut state) => {
                let fault = state.fault.get_or_insert(fault).clone();
                drop(state);
                self.view.announce(0);
                fault.into()
            }
            Err(error) => error.into(),
        }
    }
}

/// Either clock denies: the one that says when it was asked for, which nobody sets, and the one that it was signed at.
fn in_time(statement: &HeadStatement, asked: Moment) -> Result<(), FollowError> {
    let now_ms = now_ms();
    if statement.time_ms > now_ms.saturating_add(STATEMENT_AHEAD_MS_MAX) {
        return Err(FollowError::ClockAhead);
    }
    let old = Moment::now().since(asked) > Duration::from_millis(STATEMENT_AGE_MS_MAX);
    if old || statement.time_ms.saturating_add(STATEMENT_AGE_MS_MAX) < now_ms {
        return Err(FollowError::OldStatement);
    }
    Ok(())
}

/// What a statement says of a block that is known otherwise.
fn contradictions(ledger: &Ledger, statement: &HeadStatement) -> Result<Option<ChainFault>, ReadError> {
    for announced in [statement.latest, statement.finalized] {
        if let Some(fault) = contradiction(ledger, announced)? {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

fn contradiction(ledger: &Ledger, announced: BlockId) -> Result<Option<ChainFault>, ReadError> {
    let Some(known) = ledger.meta(announced.number)?.map(|meta| meta.hash) else { return Ok(None) };
    Ok((known != announced.hash).then_some(ChainFault::Equivocation {
        number: announced.number,
        known,
        announced: announced.hash,
    }))
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
