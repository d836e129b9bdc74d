//! Which worker serves an action: workers have few places, and a new action must not wait for a process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::limits::EXECUTIONS_PER_WORKER_MAX;
use crate::pool::{
    ActionStart, PoolError, START_DELAY_MAX, Shared, State, Worker, WorkerEnd, keeper, outbox,
};
use crate::protocol::ToWorker;

impl Shared {
    /// The worker that serves this CID: the one that does already, another one, or, where there is no place for
    /// another, one that is worn. Whoever makes an action's workers worn must neither make it refuse everybody nor
    /// take the places of all other actions.
    pub(super) fn worker_for(
        self: &Arc<Self>,
        state: &mut State,
        start: &ActionStart,
    ) -> Result<u64, PoolError> {
        let serving = state.workers.iter().find(|(_, worker)| {
            worker.end.is_some() && !worker.worn && worker.cid.as_deref() == Some(&start.cid)
        });
        if let Some((number, worker)) = serving {
            if worker.executions >= EXECUTIONS_PER_WORKER_MAX {
                return Err(PoolError::Full);
            }
            let number = *number;
            return state.has_share(&start.payers, Some(number), &self.config).map(|()| number);
        }
        let of_cid = state.workers.iter().filter(|(_, worker)| {
            worker.end.is_some() && worker.worn && worker.cid.as_deref() == Some(&start.cid)
        });
        let worn: Vec<_> = of_cid.map(|(number, worker)| (*number, worker.executions)).collect();
        let another = match worn.len() < self.config.workers_per_action_max() {
            true => self.another_for(state, start),
            false => Err(PoolError::Full),
        };
        // The newest: the others must come to their end.
        another.or_else(|error| {
            let with_room =
                worn.into_iter().filter(|(_, executions)| *executions < EXECUTIONS_PER_WORKER_MAX);
            let number = with_room.map(|(number, _)| number).max().ok_or(error)?;
            state.has_share(&start.payers, Some(number), &self.config).map(|()| number)
        })
    }

    /// A blank worker, or a new one, in whose place the longest unused worker without executions goes if there
    /// is no room.
    fn another_for(self: &Arc<Self>, state: &mut State, start: &ActionStart) -> Result<u64, PoolError> {
        state.has_share(&start.payers, None, &self.config)?;
        // One that is ready, and of these the oldest.
        let blank = state.blank().min_by_key(|number| (!state.is_ready(*number), *number));
        let number = match blank {
            Some(number) => number,
            None => {
                if state.pace.delay(&self.config) > START_DELAY_MAX {
                    return Err(PoolError::Full);
                }
                if state.workers.len() >= self.config.workers_max {
                    state.longest_unused().ok_or(PoolError::Full)?.end(WorkerEnd::Idle);
                }
                self.spawn(state)
            }
        };
        state.starts.enter(&start.payers, &self.config);
        state.send(
            number,
            &ToWorker::Assign {
                cid: start.cid.clone(),
                code: start.code.to_vec(),
                memory_bytes: self.config.worker_memory_bytes,
            },
        )?;
        if let Some(worker) = state.workers.get_mut(&number) {
            worker.cid = Some(start.cid.clone());
        }
        Ok(number)
    }

    /// Starts blank workers until there are as many as wanted. If there is no room, the longest unused worker
    /// makes some, and its end leads here again: a new action must not wait for a process to start.
    pub(super) fn keep_blank(self: &Arc<Self>, state: &mut State) {
        while !state.closed
            && state.pace.delay(&self.config) <= START_DELAY_MAX
            && state.blank().count() < self.config.blank_workers
        {
            if state.workers.len() < self.config.workers_max {
                self.spawn(state);
                continue;
            }
            let makes_room = state.workers.values().any(|worker| worker.end.is_none());
            if !makes_room && let Some(worker) = state.longest_unused() {
                worker.end(WorkerEnd::Idle);
            }
            return;
        }
    }

    fn spawn(self: &Arc<Self>, state: &mut State) -> u64 {
        let number = state.next_worker;
        state.next_worker += 1;
        let (outbox, frames) = outbox::outbox();
        let (end, ending) = oneshot::channel();
        let worker = Worker {
            cid: None,
            process: None,
            ready: false,
            worn: false,
            outbox,
            end: Some(end),
            executions: 0,
            payers: BTreeMap::new(),
            used: Instant::now(),
        };
        state.workers.insert(number, worker);
        let delay = keeper::start_delay(state.failed_starts).max(state.pace.start(&self.config));
        tokio::spawn(keeper::keep(Arc::clone(self), number, delay, frames, ending));
        number
    }
}

impl State {
    /// The worker with an action and without executions that was used last before all others.
    fn longest_unused(&mut self) -> Option<&mut Worker> {
        let idle = self.workers.values_mut();
        let idle =
            idle.filter(|worker| worker.executions == 0 && worker.cid.is_some() && worker.end.is_some());
        idle.min_by_key(|worker| worker.used)
    }

    pub(super) fn is_ready(&self, number: u64) -> bool {
        self.workers.get(&number).is_some_and(|worker| worker.ready)
    }

    pub(super) fn blank(&self) -> impl Iterator<Item = u64> {
        let blank = self.workers.iter().filter(|(_, worker)| worker.cid.is_none() && worker.end.is_some());
        blank.map(|(number, _)| *number)
    }
}
