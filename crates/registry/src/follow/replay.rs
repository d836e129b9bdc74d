//! Fetches blocks, and computes what they do.

use std::time::Instant;

use serde_json::{Value, json};
use tokio::task::JoinError;

use super::{BATCH_BLOCKS, BLOCKS_BOUNDS, Follow, FollowError, Ordering, STATEMENT_AHEAD_MS_MAX, now_ms};
use crate::{
    chain::{
        LogMark, RawBlock, StoreError,
        ledger::{LedgerWriter, Unreplayable},
    },
    error::{ChainFault, ReadError},
};

impl Follow {
    /// What became of blocks that were replayed. The database does not look for damage when it reads, and panics on some:
    /// a state on which no block can be put any more is given up, and made anew.
    fn replayed(&self, ended: Result<Result<(), FollowError>, JoinError>) -> Result<(), FollowError> {
        if let Ok(result) = ended {
            return result;
        }
        tracing::error!(
            "the registry's state is damaged: it is thrown away and made anew from the chain's blocks"
        );
        self.begin_again(true)?;
        Err(ReadError::NotReady.into())
    }

    /// Fetches, verifies and replays blocks up to a height, until a moment. What it has come to by then stays.
    pub(super) async fn catch_up(&self, target: u64, until: Instant) -> Result<(), FollowError> {
        loop {
            let Some(head) = self.head()?.filter(|head| *head < target) else { return Ok(()) };
            let count = (target - head).min(BATCH_BLOCKS);
            let fetched = tokio::time::timeout_at(until.into(), self.fetch(head + 1, count)).await;
            let blocks = fetched.map_err(|_| FollowError::Slow)??;
            let this = self.clone();
            // Replaying is pure computation: it must not hold up the node's other tasks.
            let replayed = tokio::task::spawn_blocking(move || {
                let mut books = this.books();
                let Some(books) = books.as_mut() else { return Err(ReadError::NotReady.into()) };
                let ended = this.replay_all(books, &blocks, || Instant::now() < until);
                this.view.write()?.ledger = Some(books.ledger().clone());
                ended
            });
            self.replayed(replayed.await)?;
        }
    }

    pub(super) async fn fetch(&self, from: u64, count: u64) -> Result<Vec<RawBlock>, FollowError> {
        let answer = self.rpc.call("quorate_blocks", json!([from, count]), BLOCKS_BOUNDS).await?;
        parse_blocks(answer, count)
    }

    /// Replays blocks in order for as long as it may go on, and writes all that went well.
    pub(super) fn replay_all(
        &self,
        books: &mut LedgerWriter,
        blocks: &[RawBlock],
        may_go_on: impl Fn() -> bool,
    ) -> Result<(), FollowError> {
        let ended = blocks.iter().try_for_each(|block| {
            if !may_go_on() || self.stopping.load(Ordering::Relaxed) {
                return Err(FollowError::Slow);
            }
            self.replay(books, block)
        });
        books.settle()?;
        ended
    }

    fn replay(&self, books: &mut LedgerWriter, block: &RawBlock) -> Result<(), FollowError> {
        if !block.verify(&self.key, self.genesis_hash) {
            return Err(FollowError::BadSignature("a block"));
        }
        if block.number != books.tip().head() + 1 {
            return Err(FollowError::BadForm("blocks out of order"));
        }
        // What is to come has not happened: a chain whose clock is ahead is waited for.
        if block.timestamp.saturating_mul(1000) > now_ms().saturating_add(STATEMENT_AHEAD_MS_MAX) {
            return Err(FollowError::ClockAhead);
        }
        // Hash and content are signed together: if one does not give the other, the chain is at fault.
        let unfaithful = |reason| ChainFault::Unfaithful { number: block.number, reason };
        let executed = match books.tip().replay(block.timestamp, &block.txs) {
            Ok(executed) => executed,
            Err(Unreplayable::Wrong(reason)) => return Err(self.judge_replay(books, unfaithful(reason))),
            // Its own disk is not the chain's fault.
            Err(Unreplayable::Read(error)) => return Err(error.into()),
        };
        if executed.block.hash != block.hash {
            let fault = unfaithful(format!("it gives {}", executed.block.hash));
            return Err(self.judge_replay(books, fault));
        }
        // Before it is taken over: no state that was kept has such a block in it.
        if let Err(fault) = self.creations.check(&executed.block) {
            return Err(self.close(fault));
        }
        books.gather(executed, LogMark::default())?;
        Ok(())
    }

    /// A block does not replay. Either the chain lies, or this process's own disk does: that is looked at first.
    pub(super) fn judge_replay(&self, books: &LedgerWriter, fault: ChainFault) -> FollowError {
        if books.is_sound() {
            return self.close(fault);
        }
        tracing::error!(%fault, "a block does not replay because the registry's state is damaged");
        ReadError::from(StoreError::Damaged("rows")).into()
    }
}

fn parse_blocks(answer: Value, count: u64) -> Result<Vec<RawBlock>, FollowError> {
    let blocks: Vec<RawBlock> = serde_json::from_value(answer).map_err(|_| FollowError::BadForm("blocks"))?;
    if blocks.is_empty() || blocks.len() as u64 > count {
        return Err(FollowError::BadForm("number of blocks"));
    }
    Ok(blocks)
}
