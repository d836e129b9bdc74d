//! Begins with a snapshot, and replays what led to it: until that is done, the process's own state is not what it reads.
//!
//! The two states are two stores. What the snapshot gives is in files that no later start reads. The own one begins at
//! block 0, is kept from one start to the next, and takes the snapshot's place when it has come as far and says the same.

use std::{
    path::PathBuf,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use quorate_door::{LateThreads, late};

use super::{BATCH_BLOCKS, Follow, FollowError, PAUSE_MAX, STATEMENT_AGE_MS_MAX, verdict::Patience};
use crate::{
    chain::{
        BlockId, Genesis, RawBlock, StoreError,
        ledger::{Ledger, LedgerWriter},
        snapshot::{SnapshotError, Unvouched, VouchForBlock, Voucher, block_of, remove_scratch},
    },
    error::{ChainFault, ReadError},
    moment::Moment,
};

/// How often it is looked whether there is something to replay.
const LOOK: Duration = Duration::from_millis(200);
/// How long the chain may take for a block, beyond the patience that is configured.
const PER_BLOCK: Duration = Duration::from_millis(100);
/// How often it is said that a snapshot's block is still asked for.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// For how long blocks are replayed at a time.
const REPLAY_MAX: Duration = Duration::from_secs(60);

/// What is confirmed, and how that goes on.
#[derive(Default)]
pub(super) struct Confirming {
    own: Own,
    /// Which block the snapshot is of.
    pub(super) block: Option<BlockId>,
    pub(super) patience: Patience,
    /// Why the snapshot is not taken.
    refused: Option<SnapshotError>,
    /// For how long this start has asked for the snapshot's block.
    asking: Asking,
}

/// How long a snapshot's block has been asked for.
#[derive(Default)]
struct Asking {
    since: Option<Instant>,
    /// What was logged last of it, and when.
    told: Option<(String, Instant)>,
    /// Whether that was enough: this process goes on without the snapshot.
    over: bool,
}

impl Asking {
    /// Nobody's word was enough once more. Whoever withholds it must not keep the process from starting.
    fn goes_on(&mut self, number: u64, most: Duration, missing: &FollowError) {
        let now = Instant::now();
        let asked = now - *self.since.get_or_insert(now);
        if asked >= most {
            self.over = true;
            tracing::warn!(
                number,
                asked_s = asked.as_secs(),
                "the snapshot is not begun with, and the chain is replayed instead: {missing}"
            );
            return;
        }
        let missing = missing.to_string();
        let told = |(last, at): &(String, Instant)| *last == missing && now - *at < TELL_EVERY;
        if !self.told.as_ref().is_some_and(told) {
            let replays_in_s = (most - asked).as_secs();
            tracing::warn!(number, replays_in_s, "the snapshot's block is asked for: {missing}");
            self.told = Some((missing, now));
        }
    }
}

/// Where the process's own state is.
#[derive(Default)]
enum Own {
    /// It is what the view reads, or not open.
    #[default]
    Read,
    /// Here, behind the snapshot's.
    Behind(Box<LedgerWriter>),
    /// With a thread that replays, until this is set: the thread lets go of it then. An error may have ended the thread.
    Away(Arc<AtomicBool>),
}

impl Confirming {
    /// Gives the own state up to whoever opens it anew. Whether there was one besides the one that is read.
    pub(super) fn stop(&mut self) -> bool {
        match &self.own {
            Own::Read => return false,
            Own::Behind(_) => self.own = Own::Read,
            Own::Away(let_go) => let_go.store(true, Ordering::Relaxed),
        }
        true
    }

    /// Whether what is read is a snapshot's that was not replayed yet.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.own, Own::Read)
    }

    fn head(&self) -> Option<u64> {
        match &self.own {
            Own::Behind(own) => Some(own.ledger().head()),
            Own::Read | Own::Away(_) => None,
        }
    }

    /// For a thread that replays.
    fn take(&mut self) -> Option<(LedgerWriter, Arc<AtomicBool>)> {
        if !matches!(self.own, Own::Behind(_)) {
            return None;
        }
        let let_go = Arc::<AtomicBool>::default();
        match std::mem::replace(&mut self.own, Own::Away(Arc::clone(&let_go))) {
            Own::Behind(own) => Some((*own, let_go)),
            Own::Read | Own::Away(_) => None,
        }
    }
}

impl Follow {
    pub(super) fn confirming(&self) -> MutexGuard<'_, Confirming> {
        self.confirming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a snapshot's state is while it is used.
    fn scratch(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|state| state.path.with_extension("snapshot"))
    }

    /// A snapshot's state, if there is a snapshot and the own state is behind it.
    pub(super) async fn begin_with_snapshot(
        &self,
        genesis: &Genesis,
    ) -> Result<Option<LedgerWriter>, FollowError> {
        if let Some(scratch) = self.scratch() {
            // Of a start that ended in the middle.
            remove_scratch(&scratch).map_err(ReadError::from)?;
        }
        let Some(snapshot) = self.snapshot.clone() else { return Ok(None) };
        if let Some(error) = self.confirming().refused.clone() {
            return Err(error.into());
        }
        let refuse = |error: SnapshotError| {
            self.confirming().refused = Some(error.clone());
            FollowError::from(error)
        };
        let block = match &snapshot.voucher {
            Voucher::Operator(block) => Ok(*block),
            Voucher::Members(_) => block_of(&snapshot.path),
        };
        self.confirming().block = block.as_ref().ok().copied();
        if let Ok(block) = block {
            self.was_refused(block)?;
        }
        if matches!(self.confirming().own, Own::Away(_)) {
            // A thread is about to let go of it.
            return Err(ReadError::NotReady.into());
        }
        if self.confirming().asking.over {
            return Ok(None);
        }
        let own = self.open_own(genesis.clone()).await?;
        let block = match block {
            Ok(block) if own.ledger().head() < block.number => block,
            Err(error) if own.ledger().head() == 0 => return Err(refuse(error)),
            other => {
                // Whoever has begun with it once may have removed it.
                if let Err(error) = other {
                    tracing::warn!(%error, "there is no snapshot any more: its own replay is gone on with");
                }
                self.forget_snapshot();
                return Ok(Some(own));
            }
        };
        match self.is_good(&snapshot.voucher, block, genesis).await {
            Ok(good) => good.map_err(refuse)?,
            // Asked again with the next step, for a while.
            Err(error) => {
                self.confirming().asking.goes_on(block.number, snapshot.asking, &error);
                return Err(error);
            }
        }
        self.confirming().asking = Asking::default();
        let (genesis, scratch) = (genesis.clone(), self.scratch());
        let loaded = tokio::task::spawn_blocking(move || {
            LedgerWriter::of_snapshot(genesis, scratch.as_deref(), (&snapshot.path, block))
        });
        let loaded = loaded.await.map_err(|_| ReadError::Broken)?.map_err(refuse)?;
        let number = block.number;
        tracing::info!(number, "begins with the chain's state of a snapshot, and replays what led to it");
        self.confirming().own = Own::Behind(Box::new(own));
        Ok(Some(loaded))
    }

    /// What has to be said of a snapshot's block before anything is read from it.
    async fn is_good(
        &self,
        voucher: &Voucher,
        block: BlockId,
        genesis: &Genesis,
    ) -> Result<Result<(), SnapshotError>, FollowError> {
        if let Err(refused) = self.is_the_chains(block).await? {
            return Ok(Err(refused));
        }
        let Voucher::Members(members) = voucher else { return Ok(Ok(())) };
        if self.was_vouched_for(block, genesis) {
            return Ok(Ok(()));
        }
        let vouched = self.is_vouched_for(members.as_ref(), block).await?;
        if vouched.is_ok() {
            self.keep_vouched(block, genesis);
        }
        Ok(vouched)
    }

    /// The chain's own word: without it a lie of the snapshot would look like one of the chain.
    async fn is_the_chains(&self, block: BlockId) -> Result<Result<(), SnapshotError>, FollowError> {
        let signed = self.fetch(block.number, 1).await?;
        let signed = signed.first().filter(|signed| signed.number == block.number);
        let signed = signed.ok_or(FollowError::BadForm("another block than was asked for"))?;
        if !signed.verify(&self.key, self.genesis_hash) {
            return Err(FollowError::BadSignature("a block"));
        }
        let (number, signed) = (block.number, signed.hash);
        Ok(if signed == block.hash { Ok(()) } else { Err(SnapshotError::NotTheChains { number, signed }) })
    }

    /// The members' word, where no operator gave theirs. Too few of them are asked again with the next step.
    async fn is_vouched_for(
        &self,
        members: &dyn VouchForBlock,
        block: BlockId,
    ) -> Result<Result<(), SnapshotError>, FollowError> {
        let BlockId { number, hash } = block;
        match members.vouch(block).await {
            Ok(()) => Ok(Ok(())),
            Err(Unvouched::TooFew(missing)) => Err(FollowError::Unvouched(missing)),
            Err(Unvouched::Contradicted(said)) => Ok(Err(SnapshotError::Contradicted { number, hash, said })),
            Err(Unvouched::Never(reason)) => Ok(Err(SnapshotError::Unvouched(reason))),
        }
    }

    /// Replays what led to the snapshot, for ever.
    pub(super) async fn confirm(&self) {
        if self.snapshot.is_none() {
            return;
        }
        let threads = match LateThreads::start(1, late::step_back) {
            Ok(threads) => threads,
            Err(error) => {
                tracing::error!(%error, "no thread can be started to replay what led to the snapshot");
                self.close(ChainFault::Unconfirmed { number: 0 });
                return;
            }
        };
        // What the replay finds is found of the snapshot.
        let this = Self { confirms: true, ..self.clone() };
        loop {
            let head = this.confirming().head();
            let Some(head) = head else {
                tokio::time::sleep(LOOK).await;
                continue;
            };
            if let Err(error) = this.confirm_some(head, &threads).await {
                tracing::debug!(code = error.code(), "what led to the snapshot was not replayed further");
                let lost = matches!(this.confirming().own, Own::Away(_));
                match &error {
                    // The view is closed.
                    FollowError::Fault(_) => {}
                    FollowError::View(ReadError::Store(cause)) => {
                        this.give_up_own(matches!(cause, StoreError::Damaged(_)));
                    }
                    _ if lost => this.give_up_own(false),
                    _ => {}
                }
                tokio::time::sleep(PAUSE_MAX).await;
            }
        }
    }

    async fn confirm_some(&self, head: u64, threads: &LateThreads) -> Result<(), FollowError> {
        // Never beyond what is read: a statement under way is about that, and not older than the other state.
        let Some(read) = self.head()? else { return Err(ReadError::NotReady.into()) };
        let count = read.saturating_sub(head).min(BATCH_BLOCKS);
        let begun = Instant::now();
        let fetched = if count == 0 { Ok(Vec::new()) } else { self.fetch(head + 1, count).await };
        // What the chain fails at in no time is asked for again after a pause, which counts as well.
        let pause = if fetched.is_err() { PAUSE_MAX } else { Duration::ZERO };
        self.count_wait(begun.elapsed() + pause, head)?;
        let this = self.clone();
        // A disk is not waited for on a thread that others need; the only error is a panic there.
        let _ = tokio::task::spawn_blocking(move || this.keep_patience(false)).await;
        let (this, blocks) = (self.clone(), fetched?);
        let replayed = threads.run(move || this.confirm_blocks(&blocks)).await;
        // The database panics on some damage.
        replayed.unwrap_or_else(|| Err(ReadError::from(StoreError::Damaged("pages")).into()))
    }

    /// Who shows heads but not the blocks that led to them keeps the snapshot from ever being confirmed.
    fn count_wait(&self, time: Duration, head: u64) -> Result<(), FollowError> {
        let answers =
            self.view.head_age_ms(Moment::now()).is_some_and(|age_ms| age_ms < STATEMENT_AGE_MS_MAX);
        let time = if answers { time } else { Duration::ZERO };
        let Some(now) = self.add_patience(time, 0) else { return Ok(()) };
        let blocks = u32::try_from(now.blocks).unwrap_or(u32::MAX);
        let patience = self.snapshot.as_ref().map_or(Duration::ZERO, |snapshot| snapshot.patience);
        if now.waited > patience.saturating_add(PER_BLOCK.saturating_mul(blocks)) {
            return Err(self.close(ChainFault::Unconfirmed { number: head + 1 }));
        }
        Ok(())
    }

    /// Replays on the own state, which nobody else can have meanwhile. Where this ends with an error, it has let go of it,
    /// or put it back.
    fn confirm_blocks(&self, blocks: &[RawBlock]) -> Result<(), FollowError> {
        let Some((mut own, let_go)) = self.confirming().take() else { return Ok(()) };
        let before = own.ledger().head();
        let until = Instant::now() + REPLAY_MAX;
        let ended =
            self.replay_all(&mut own, blocks, || Instant::now() < until && !let_go.load(Ordering::Relaxed));
        let head = own.ledger().head();
        self.add_patience(Duration::ZERO, head - before);
        // Before the other lock: a block may be taken over there for a while.
        let mut books = self.books();
        let mut confirming = self.confirming();
        let read = books.as_ref().map(|books| books.ledger().clone());
        let read = read.filter(|_| !let_go.load(Ordering::Relaxed));
        let Some(read) = read else {
            drop(own);
            confirming.own = Own::Read;
            return Ok(());
        };
        drop(confirming);
        if let Some(fault) = differs(own.ledger(), &read)? {
            return Err(self.judge_replay(&own, fault));
        }
        if head < read.head() {
            let mut confirming = self.confirming();
            confirming.own =
                if let_go.load(Ordering::Relaxed) { Own::Read } else { Own::Behind(Box::new(own)) };
            return ended;
        }
        // Whoever reads from it still does so; only its name is gone.
        if let Some(scratch) = self.scratch() {
            remove_scratch(&scratch).map_err(ReadError::from)?;
        }
        let mut state = self.view.write()?;
        (state.ledger, state.replayed) = (Some(own.ledger().clone()), true);
        drop(state);
        *books = Some(own);
        self.confirming().own = Own::Read;
        drop(books);
        self.forget_snapshot();
        tracing::info!(number = head, "the replay has come to what the snapshot says");
        self.view.announce(head);
        ended
    }

    /// The own state cannot be gone on with: it is opened again, and with it the snapshot. Whoever calls this knows that no
    /// thread has it any more.
    fn give_up_own(&self, anew: bool) {
        let own = std::mem::take(&mut self.confirming().own);
        if matches!(own, Own::Read) {
            return;
        }
        drop(own);
        if let Err(error) = self.begin_again(anew) {
            tracing::warn!(%error, "the state could not be let go of");
        }
    }
}

/// Whether two states know a block otherwise: as each block names its parent, the last that both have says so of all.
fn differs(own: &Ledger, read: &Ledger) -> Result<Option<ChainFault>, ReadError> {
    let number = own.head().min(read.head());
    let hash =
        |ledger: &Ledger| Ok::<_, ReadError>(ledger.meta(number)?.map(|meta| meta.hash).unwrap_or_default());
    let (replayed, snapshot) = (hash(own)?, hash(read)?);
    Ok((replayed != snapshot).then_some(ChainFault::Snapshot { number, snapshot, replayed }))
}
