//! What the node knows of an execution, and which messages of its worker fit that.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::execution::runs_here;
use crate::limits::{ActionLimits, Counts, LimitHit, Usage, open_bytes};
use crate::outcome::{ActionOutcome, Finished};
use crate::pool::ParentCall;
use crate::protocol::ChildBudget;
use quorate_wire::{
    HostCall, HostReply, Payer, ReplyKind,
    limits::{ERROR_CODE_BYTES_MAX, FAILURE_BYTES_MAX},
};

/// One running execution.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) worker: u64,
    pub(super) cid: String,
    pub(super) cancelled: bool,
    pub(super) parent: Option<ParentCall>,
    /// In whose shares it counts.
    pub(super) payers: Vec<Payer>,
    limits: ActionLimits,
    started: Instant,
    next_call: u32,
    counts: Counts,
    family: Family,
    /// Open calls, and what answers them.
    open: HashMap<u32, OpenCall>,
    /// Work that others did for calls that are answered: child actions, and the node.
    children_fuel: u64,
    sig_names: HashSet<String>,
    /// Calls of `runOnce` whose function this worker was told to run.
    runs_once: HashSet<u32>,
}

/// What an execution and its child actions, which share one budget, have used together.
#[derive(Clone, Debug)]
struct Family {
    limits: ActionLimits,
    counts: Arc<Mutex<Counts>>,
    open_bytes: Arc<AtomicU64>,
}

#[derive(Debug)]
struct OpenCall {
    kind: ReplyKind,
    once: bool,
    child: Option<ChildBudget>,
    /// The work that others did for it.
    fuel: u64,
    bytes: OpenBytes,
}

/// Bytes of an open call, counted in its family until this is dropped.
#[derive(Debug)]
struct OpenBytes {
    bytes: u64,
    family: Arc<AtomicU64>,
}

impl Drop for OpenBytes {
    fn drop(&mut self) {
        self.family.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why a call was not entered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// No honest worker would make it.
    Violation(&'static str),
    /// It is one too many together with what other executions of the family have used.
    Limit(LimitHit),
}

impl From<&'static str> for Refused {
    fn from(why: &'static str) -> Self {
        Self::Violation(why)
    }
}

impl Entry {
    /// An execution that a caller asked for.
    pub(super) fn new(worker: u64, cid: String, limits: ActionLimits) -> Self {
        let family = Family { limits, counts: Arc::default(), open_bytes: Arc::default() };
        Self::with(worker, cid, limits, None, family)
    }

    /// An execution that another one asked for; `limits` are those of [`Self::child_limits`].
    pub(super) fn of_parent(&self, worker: u64, cid: String, limits: ActionLimits, call: ParentCall) -> Self {
        Self::with(worker, cid, limits, Some(call), self.family.clone())
    }

    fn with(
        worker: u64,
        cid: String,
        limits: ActionLimits,
        parent: Option<ParentCall>,
        family: Family,
    ) -> Self {
        Self {
            worker,
            cid,
            cancelled: false,
            parent,
            payers: Vec::new(),
            limits,
            started: Instant::now(),
            next_call: 0,
            counts: Counts::default(),
            family,
            open: HashMap::new(),
            children_fuel: 0,
            sig_names: HashSet::new(),
            runs_once: HashSet::new(),
        }
    }

    /// What a child action may use that this open call asked for: the budget that was put aside for it, the
    /// counts that the family has left, and no time beyond its parent's.
    pub(super) fn child_limits(&self, call: u32, wanted: ActionLimits) -> Option<ActionLimits> {
        let budget = self.open.get(&call)?.child?;
        let left = self.family.counts().left(&self.family.limits);
        let total_left = self.limits.total_ms.saturating_sub(self.elapsed_ms());
        Some(ActionLimits {
            fuel: wanted.fuel.min(budget.fuel),
            wall_ms: wanted.wall_ms.min(budget.wall_ms),
            total_ms: wanted.total_ms.min(budget.total_ms).min(total_left),
            depth: wanted.depth.min(self.limits.depth.saturating_sub(1)),
            memory_bytes: wanted.memory_bytes,
            stack_bytes: wanted.stack_bytes,
            code_bytes: wanted.code_bytes,
            params_bytes: wanted.params_bytes,
            response_bytes: wanted.response_bytes,
            log_bytes: wanted.log_bytes,
            pending: wanted.pending,
            timers: wanted.timers,
            ..left
        })
    }

    /// Others did work for a call, such as a child action that has ended: it is this execution's.
    pub(super) fn did_work(&mut self, call: u32, fuel: u64) {
        if let Some(call) = self.open.get_mut(&call) {
            call.fuel = call.fuel.saturating_add(fuel);
        }
    }

    /// The work that this execution answers for at least, whatever its worker says of it.
    pub(super) fn fuel_of_children(&self) -> u64 {
        self.open.values().fold(self.children_fuel, |sum, call| sum.saturating_add(call.fuel))
    }

    /// The most that it may do. If its worker is dead, nobody can say that it did less.
    pub(super) const fn fuel_max(&self) -> u64 {
        self.limits.fuel
    }

    /// Half of the work that is not given away or done by children: what an honest worker puts aside for one
    /// more, as far as it has done nothing itself.
    fn fuel_to_lend(&self) -> u64 {
        let lent = self.open.values().map(|call| call.child.map_or(0, |budget| budget.fuel));
        let gone = lent.fold(self.children_fuel, u64::saturating_add);
        self.limits.fuel.saturating_sub(gone) / 2
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether it should have ended by itself long ago.
    pub(super) fn is_overdue(&self, grace: Duration) -> bool {
        self.started.elapsed() > Duration::from_millis(self.limits.total_ms) + grace
    }

    /// What it has used as far as the node itself knows, with what only the worker can tell.
    pub(super) fn usage(&self, told: Usage) -> Usage {
        match self.parent {
            None => self.family.counts().usage(told),
            Some(_) => self.counts.usage(told),
        }
    }

    /// The usage of an execution whose worker can tell nothing any more.
    pub(super) fn usage_of_the_dead(&self) -> Usage {
        self.usage(Usage { wall_ms: self.elapsed_ms(), ..Usage::default() })
    }

    /// Enters a call. The worker enforces the same limits; they are counted again because a worker whose
    /// engine was broken into would not.
    pub(super) fn open_call(
        &mut self,
        call: u32,
        op: &HostCall,
        budget: Option<ChildBudget>,
    ) -> Result<(), Refused> {
        if call != self.next_call {
            return Err("a call out of order".into());
        }
        if !op.is_well_formed() {
            return Err("a malformed call".into());
        }
        match op {
            HostCall::Sign(sign) if !self.sig_names.insert(sign.name.clone()) => {
                return Err("a signature's name used twice".into());
            }
            HostCall::RunOnceResult { of, .. } if !self.runs_once.remove(of) => {
                return Err("a result of nothing".into());
            }
            _ => {}
        }
        let within = |budget: &ChildBudget| {
            budget.fuel <= self.fuel_to_lend()
                && budget.wall_ms <= self.limits.wall_ms / 2
                && budget.total_ms <= self.limits.total_ms / 2
        };
        let child = matches!(op, HostCall::Call { .. });
        if budget.is_some() != child || !budget.iter().all(within) || (child && self.limits.depth == 0) {
            return Err("a child action that it cannot pay for".into());
        }
        if self.counts.call(op, &self.limits).is_err() || self.open.len() >= self.limits.pending as usize {
            return Err("more calls than the limits allow".into());
        }
        let bytes = op.size() as u64;
        let open = self.open.values().map(|call| call.bytes.bytes).sum();
        if open_bytes(open, bytes).is_err() {
            return Err("longer calls than the limits allow".into());
        }
        self.next_call += 1;
        self.family.counts().call(op, &self.family.limits).map_err(Refused::Limit)?;
        let bytes = self.family.open(bytes).map_err(Refused::Limit)?;
        let once = matches!(op, HostCall::RunOnce { .. });
        self.open.insert(call, OpenCall { kind: op.reply_kind(), once, child: budget, fuel: 0, bytes });
        Ok(())
    }

    /// Takes an open call out if the reply fits it: the work that a child did for it, or the limit that the
    /// reply reaches.
    pub(super) fn close_call(&mut self, call: u32, reply: &HostReply) -> Option<Result<u64, LimitHit>> {
        if !self.open.get(&call).is_some_and(|open| reply.answers(open.kind)) {
            return None;
        }
        let open = self.open.remove(&call)?;
        self.children_fuel = self.children_fuel.saturating_add(open.fuel);
        match reply {
            HostReply::Value(json) if open.once && runs_here(json) => {
                self.runs_once.insert(call);
            }
            HostReply::Fetched { body, .. } => {
                let own = self.counts.fetched(body.len(), &self.limits);
                let all = self.family.counts().fetched(body.len(), &self.family.limits);
                if let Err(hit) = own.and(all) {
                    return Some(Err(hit));
                }
            }
            HostReply::Value(_) | HostReply::Signed(_) | HostReply::Error { .. } => {}
        }
        Some(Ok(open.fuel))
    }

    /// Whether an end is one that an honest worker reports.
    pub(super) fn admits(&self, finished: &Finished) -> bool {
        let outcome = match &finished.outcome {
            ActionOutcome::Completed { response } => {
                response.as_ref().is_none_or(|response| response.len() <= self.limits.response_bytes as usize)
            }
            ActionOutcome::Failed { code: _, message, cause } => {
                message.len() <= FAILURE_BYTES_MAX
                    && cause.as_ref().is_none_or(|cause| cause.len() <= ERROR_CODE_BYTES_MAX)
            }
        };
        outcome
            && finished.logs.len() <= self.limits.log_bytes as usize
            && finished.usage.fuel <= self.limits.fuel
    }
}

impl Family {
    /// Each change of the counts is one call: they are whole even if a thread has panicked.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the bytes of a further open call.
    fn open(&self, bytes: u64) -> Result<OpenBytes, LimitHit> {
        let open = self.open_bytes.fetch_add(bytes, Ordering::Relaxed);
        // Given back at once if it is too many.
        let held = OpenBytes { bytes, family: Arc::clone(&self.open_bytes) };
        open_bytes(open, bytes).map(|_| held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_wire::{ErrorCode, FetchRequest, Redirect};

    fn entry() -> Entry {
        let limits = ActionLimits { fuel: 1_000, ..ActionLimits::default() };
        Entry::new(1, "Qm".to_owned(), limits)
    }

    fn open(entry: &mut Entry, call: u32, budget: ChildBudget) -> Result<(), Refused> {
        let op = HostCall::Call { cid: "Qm".to_owned(), params: "{}".to_owned() };
        entry.open_call(call, &op, Some(budget))
    }

    const fn fuel(fuel: u64) -> ChildBudget {
        ChildBudget { fuel, wall_ms: 10_000, total_ms: 14_500 }
    }

    const POOR: Refused = Refused::Violation("a child action that it cannot pay for");

    #[test]
    fn what_is_lent_to_children_is_lent_once() {
        let mut entry = entry();
        assert_eq!(open(&mut entry, 0, fuel(501)), Err(POOR));
        assert_eq!(open(&mut entry, 0, fuel(500)), Ok(()));
        assert_eq!(open(&mut entry, 1, fuel(251)), Err(POOR), "the first is still out");
        assert_eq!(open(&mut entry, 1, fuel(250)), Ok(()));
        entry.did_work(0, 400);
        assert_eq!(entry.fuel_of_children(), 400);
        entry.close_call(0, &HostReply::Value("null".to_owned())).expect("open").expect("within limits");
        // 400 are done and 250 lent: half of 350 are left.
        assert_eq!(open(&mut entry, 2, fuel(176)), Err(POOR));
        assert_eq!(open(&mut entry, 2, fuel(175)), Ok(()));
        assert_eq!(entry.fuel_of_children(), 400);
    }

    #[test]
    fn the_bytes_of_open_calls_are_counted_for_the_whole_family() {
        let fetch = |call: u32, entry: &mut Entry| {
            let fetch = FetchRequest {
                method: "POST".to_owned(),
                url: "https://host.test".to_owned(),
                headers: Vec::new(),
                body: vec![0; 1 << 20],
                redirect: Redirect::Follow,
            };
            entry.open_call(call, &HostCall::Fetch(fetch), None)
        };
        let answer = HostReply::Error { code: "fetch_failed".to_owned(), message: String::new() };
        let mut parent = entry();
        let mut child =
            parent.of_parent(2, "Qm".to_owned(), parent.limits, ParentCall { execution: 1, call: 0 });
        for call in 0..7 {
            assert_eq!(fetch(call, &mut parent), Ok(()));
        }
        let alone = "longer calls than the limits allow";
        assert_eq!(fetch(7, &mut parent), Err(Refused::Violation(alone)), "its own meter ends it before");
        parent.close_call(0, &answer).expect("open").expect("within limits");
        assert_eq!(fetch(0, &mut child), Ok(()), "what is answered is open no more");
        let Err(Refused::Limit(hit)) = fetch(1, &mut child) else { panic!("it is too much together") };
        assert_eq!(hit.code, ErrorCode::LimitPromises);
        drop(child);
        assert_eq!(fetch(7, &mut parent), Ok(()), "what ended holds nothing");
        drop(parent);
    }

    #[test]
    fn no_child_gets_more_time_than_half_or_outlives_its_parent() {
        let mut entry = entry();
        assert_eq!(open(&mut entry, 0, ChildBudget { wall_ms: 10_001, ..fuel(1) }), Err(POOR));
        assert_eq!(open(&mut entry, 0, ChildBudget { total_ms: 14_501, ..fuel(1) }), Err(POOR));
        assert_eq!(open(&mut entry, 0, fuel(1)), Ok(()));
        entry.started = Instant::now().checked_sub(Duration::from_secs(20)).expect("a machine that is up");
        let limits = entry.child_limits(0, ActionLimits::default()).expect("the call is open");
        assert!(limits.total_ms <= 9_000, "{}", limits.total_ms);
    }
}
