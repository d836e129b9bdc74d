//! Follows a chain: verifies its signed heads, replays its blocks, and keeps a [`RegistryView`].
//!
//! The chain process orders transactions and is trusted with nothing else: what a block does, this process computes
//! itself. A bad answer is refused and asked for again; a *signed* contradiction is proof of a faulty chain, and the
//! view answers nothing more until an operator has looked.
//!
//! Whoever sits between here and the chain can forge nothing, but withhold and delay. So a statement is as old as the
//! moment *before* it was asked for, also when the same one is asked for again; it is judged once more after its blocks
//! were fetched; and fetching them has a bound, after which a newer statement is asked for.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy_primitives::B256;
use ed25519_dalek::VerifyingKey;
use quorate_wire::SecretUrl;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    artifacts::Contracts,
    chain::{
        BlockId, Genesis, HeadStatement, RawBlock, genesis_hash,
        ledger::{Keep, Ledger},
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
    /// For how long the blocks up to one statement are fetched: [`CATCH_UP_MAX`], or less.
    pub catch_up_max: Duration,
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
    let follow = Follow {
        rpc: RpcClient::new(config.rpc_url.expose())?,
        key,
        genesis_hash: config.genesis_hash,
        catch_up_max: config.catch_up_max.min(CATCH_UP_MAX),
        view,
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
                    inner.abort();
                    let _ = inner.await;
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
}

async fn run(follow: Follow, report: tokio::sync::watch::Sender<Option<FollowError>>) {
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
        let asked = Moment::now();
        let answer = self.rpc.call("quorate_waitHead", json!([after, WAIT_MS]), HEAD_BOUNDS).await?;
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
        self.view.write()?.ledger = Some(Ledger::new(genesis, Keep::Hashes));
        Ok(0)
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
        let contradiction = [statement.latest, statement.finalized]
            .into_iter()
            .find_map(|announced| contradiction(ledger, announced));
        if contradiction.is_none() {
            state.judged = Some((statement.sequence, asked));
        }
        drop(state);
        match contradiction {
            Some(fault) => Err(self.close(fault)),
            None => Ok(Some(asked)),
        }
    }

    /// Fetches, verifies and replays blocks up to a height, until a moment. What it has come to by then stays.
    async fn catch_up(&self, target: u64, until: Instant) -> Result<(), FollowError> {
        loop {
            let Some(head) = self.head()?.filter(|head| *head < target) else { return Ok(()) };
            let count = (target - head).min(BATCH_BLOCKS);
            let fetched = tokio::time::timeout_at(until.into(), self.fetch(head + 1, count)).await;
            let blocks = fetched.map_err(|_| FollowError::Slow)??;
            let this = self.clone();
            // Replaying is pure computation: it must not hold up the node's other tasks.
            let replayed = tokio::task::spawn_blocking(move || {
                blocks.iter().try_for_each(|block| {
                    if Instant::now() >= until {
                        return Err(FollowError::Slow);
                    }
                    this.replay(block)
                })
            });
            replayed.await.map_err(|_| ReadError::Broken)??;
        }
    }

    async fn fetch(&self, from: u64, count: u64) -> Result<Vec<RawBlock>, FollowError> {
        let answer = self.rpc.call("quorate_blocks", json!([from, count]), BLOCKS_BOUNDS).await?;
        parse_blocks(answer, count)
    }

    fn replay(&self, block: &RawBlock) -> Result<(), FollowError> {
        if !block.verify(&self.key, self.genesis_hash) {
            return Err(FollowError::BadSignature("a block"));
        }
        let executed = {
            let state = self.view.read()?;
            let Some(ledger) = &state.ledger else { return Err(ReadError::NotReady.into()) };
            if block.number != ledger.head() + 1 {
                return Err(FollowError::BadForm("blocks out of order"));
            }
            ledger.replay(block.timestamp, &block.txs)
        };
        // Hash and content are signed together: if one does not give the other, the chain is at fault.
        let unfaithful = |reason| ChainFault::Unfaithful { number: block.number, reason };
        let executed = executed.map_err(|reason| self.close(unfaithful(reason)))?;
        if executed.block.hash != block.hash {
            return Err(self.close(unfaithful(format!("it gives {}", executed.block.hash))));
        }
        let mut state = self.view.write()?;
        let Some(ledger) = &mut state.ledger else { return Err(ReadError::NotReady.into()) };
        ledger.commit(executed);
        Ok(())
    }

    /// Takes over a statement whose head was replayed, unless it has become old by then: the view is as fresh as the
    /// moment at which it was asked for.
    fn count(&self, statement: &HeadStatement, asked: Moment) -> Result<(), FollowError> {
        in_time(statement, asked)?;
        let mut state = self.view.write()?;
        let Some(ledger) = &state.ledger else { return Err(ReadError::NotReady.into()) };
        let fault = [statement.latest, statement.finalized]
            .into_iter()
            .find_map(|announced| contradiction(ledger, announced));
        if let Some(fault) = fault {
            drop(state);
            return Err(self.close(fault));
        }
        if ledger.meta(statement.latest.number).is_none() {
            return Err(FollowError::BadForm("blocks below the announced head"));
        }
        let number = ledger.head();
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
        tracing::error!(code = fault.code(), "the chain contradicts itself: the registry is closed");
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

fn contradiction(ledger: &Ledger, announced: BlockId) -> Option<ChainFault> {
    let known = ledger.meta(announced.number)?.hash;
    (known != announced.hash).then_some(ChainFault::Equivocation {
        number: announced.number,
        known,
        announced: announced.hash,
    })
}

fn parse_blocks(answer: Value, count: u64) -> Result<Vec<RawBlock>, FollowError> {
    let blocks: Vec<RawBlock> = serde_json::from_value(answer).map_err(|_| FollowError::BadForm("blocks"))?;
    if blocks.is_empty() || blocks.len() as u64 > count {
        return Err(FollowError::BadForm("number of blocks"));
    }
    Ok(blocks)
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
