//! What one execution has used: calls, time, and the work that it gave away to child actions.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use wasmtime::Result;

use crate::execution::OpenCall;
use crate::limits::{ActionLimits, CALL_GAS_MAX, Counts, FUEL_PER_GAS, LimitHit, Usage, open_bytes, over};
use crate::protocol::ChildBudget;
use quorate_wire::{ErrorCode, HostCall, HostReply, OWN_CHAIN, RpcMethod};

/// Counts calls and time of one execution.
pub(crate) struct Meter {
    limits: ActionLimits,
    counts: Counts,
    new_calls: Vec<OpenCall>,
    sig_names: HashSet<String>,
    /// The calls of `runOnce` that wait for what their function came to.
    run_once: HashSet<u32>,
    asked_once: HashSet<u32>,
    /// Open calls that only this node makes: those of such a function, and what the function came to.
    alone: HashSet<u32>,
    /// Open calls whose answers tell the script of all nodes nothing of the outside.
    quiet: HashSet<u32>,
    /// Whether the next random bytes are those of a new value.
    needs_value: bool,
    /// What was put aside for child actions and calls of contracts.
    lent: HashMap<u32, u64>,
    made: u32,
    open: u32,
    /// The bytes of each open call, and of all.
    sizes: HashMap<u32, u64>,
    open_bytes: u64,
    pending_most: u32,
    timers_most: u32,
    started: Instant,
    /// Time of running that is over.
    ran: Duration,
    /// Since when it runs, if it does.
    since: Option<Instant>,
}

impl Meter {
    pub(super) fn new(limits: ActionLimits, started: Instant) -> Self {
        Self {
            limits,
            counts: Counts::default(),
            new_calls: Vec::new(),
            sig_names: HashSet::new(),
            run_once: HashSet::new(),
            asked_once: HashSet::new(),
            alone: HashSet::new(),
            quiet: HashSet::new(),
            needs_value: true,
            lent: HashMap::new(),
            made: 0,
            open: 0,
            sizes: HashMap::new(),
            open_bytes: 0,
            pending_most: 0,
            timers_most: 0,
            started,
            ran: Duration::ZERO,
            since: None,
        }
    }

    /// Counts and queues a call; `None` for one that the guest's own code never makes.
    pub(super) fn call(&mut self, (mut op, alone): (HostCall, bool), fuel: &mut u64) -> Result<Option<i32>> {
        let number = self.made;
        match &op {
            // The guest refuses a second use of a name.
            HostCall::Sign(sign) if !self.sig_names.insert(sign.name.clone()) => return Ok(None),
            HostCall::RunOnce { .. } => {
                self.asked_once.insert(number);
            }
            HostCall::RunOnceResult { of, result: _ } if !self.run_once.remove(of) => return Ok(None),
            _ => {}
        }
        self.counts.call(&op, &self.limits)?;
        if self.open >= self.limits.pending {
            let (used, allowed) = (u64::from(self.open) + 1, u64::from(self.limits.pending));
            return Err(over(ErrorCode::LimitPromises, "host calls open at once", used, allowed).into());
        }
        let size = op.size() as u64;
        let bytes = open_bytes(self.open_bytes, size)?;
        let budget = match &op {
            HostCall::Call { .. } => Some(self.lend(number, fuel)?),
            _ => None,
        };
        if let HostCall::Rpc { chain, method: RpcMethod::Call(call) } = &mut op
            && chain == OWN_CHAIN
        {
            call.gas = Some(self.lend_gas(number, call.gas, fuel));
        }
        if alone || matches!(op, HostCall::RunOnceResult { .. }) {
            self.alone.insert(number);
        }
        if alone || matches!(op, HostCall::Random | HostCall::Pause { .. }) {
            self.quiet.insert(number);
        }
        self.made += 1;
        self.open += 1;
        self.open_bytes = bytes;
        self.sizes.insert(number, size);
        self.pending_most = self.pending_most.max(self.open);
        self.new_calls.push(OpenCall { call: number, op, budget });
        Ok(Some(i32::try_from(number)?))
    }

    /// Puts half of what is left aside for a child action.
    fn lend(&mut self, call: u32, fuel: &mut u64) -> Result<ChildBudget, LimitHit> {
        if self.limits.depth == 0 {
            let what = "levels of child actions below this one";
            return Err(over(ErrorCode::LimitDepth, what, 1, 0));
        }
        let half = *fuel / 2;
        *fuel -= half;
        self.lent.insert(call, half);
        let now = Instant::now();
        let left = |allowed: u64, used: Duration| allowed.saturating_sub(millis(used)) / 2;
        Ok(ChildBudget {
            fuel: half,
            wall_ms: left(self.limits.wall_ms, self.ran(now)),
            total_ms: left(self.limits.total_ms, now.saturating_duration_since(self.started)),
        })
    }

    /// Puts aside what a call on the registry's own chain can cost at most, and says how much gas it has for that. What
    /// it does not use comes back with the answer.
    fn lend_gas(&mut self, call: u32, wanted: Option<u64>, fuel: &mut u64) -> u64 {
        let gas = wanted.unwrap_or(CALL_GAS_MAX).min(CALL_GAS_MAX).min(*fuel / 2 / FUEL_PER_GAS);
        let lent = gas * FUEL_PER_GAS;
        *fuel -= lent;
        self.lent.insert(call, lent);
        gas
    }

    /// Takes note of an answer that is about to be delivered. Gives back the fuel that it did not take, of what was put
    /// aside for it.
    pub(super) fn answered(&mut self, call: u32, reply: &HostReply, fuel_used: u64) -> Result<u64, LimitHit> {
        self.open = self.open.saturating_sub(1);
        self.alone.remove(&call);
        self.open_bytes = self.open_bytes.saturating_sub(self.sizes.remove(&call).unwrap_or_default());
        let mut heard = !self.quiet.remove(&call);
        match reply {
            HostReply::Fetched { body, .. } => self.counts.fetched(body.len(), &self.limits)?,
            HostReply::Value(json) if self.asked_once.remove(&call) => {
                if runs_here(json) {
                    self.run_once.insert(call);
                    // The script hears of it with what the function came to, as on the other nodes.
                    heard = false;
                }
            }
            HostReply::Value(_) | HostReply::Signed(_) | HostReply::Error { .. } => {}
        }
        self.needs_value |= heard;
        Ok(self.lent.remove(&call).map_or(0, |lent| lent.saturating_sub(fuel_used)))
    }

    /// Whether the script has heard from outside since the last random value, or there is none yet.
    pub(super) const fn needs_value(&self) -> bool {
        self.needs_value
    }

    /// There is a new random value.
    pub(super) const fn has_value(&mut self) {
        self.needs_value = false;
    }

    /// Whether only this node makes an open call, so that its answer has no place among those of the others.
    pub(crate) fn is_alone(&self, call: u32) -> bool {
        self.alone.contains(&call)
    }

    /// The number of timers that are set now.
    pub(super) fn timers(&mut self, set: u32) -> Result<()> {
        self.timers_most = self.timers_most.max(set);
        if set > self.limits.timers {
            let (used, allowed) = (u64::from(set), u64::from(self.limits.timers));
            return Err(over(ErrorCode::LimitTimers, "timers set at once", used, allowed).into());
        }
        Ok(())
    }

    /// Bytes of the calls that are open.
    pub(super) const fn open_bytes(&self) -> u64 {
        self.open_bytes
    }

    pub(crate) fn take_calls(&mut self) -> Vec<OpenCall> {
        std::mem::take(&mut self.new_calls)
    }

    /// Calls made so far.
    pub(crate) const fn calls(&self) -> u32 {
        self.made
    }

    /// The guest is about to run.
    pub(crate) fn running(&mut self) {
        self.since = Some(Instant::now());
    }

    /// The guest has stopped running.
    pub(crate) fn paused(&mut self) {
        self.ran = self.ran(Instant::now());
        self.since = None;
    }

    fn ran(&self, now: Instant) -> Duration {
        self.ran + self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// The limit of time that is reached, if one is.
    pub(crate) fn overdue(&self) -> Option<LimitHit> {
        let now = Instant::now();
        let ran = millis(self.ran(now));
        if ran >= self.limits.wall_ms {
            return Some(over(ErrorCode::LimitWall, "milliseconds running", ran, self.limits.wall_ms));
        }
        let total = millis(now.saturating_duration_since(self.started));
        (total >= self.limits.total_ms).then(|| {
            over(ErrorCode::LimitTotal, "milliseconds from start to end", total, self.limits.total_ms)
        })
    }

    /// What was used, apart from what only the engine knows.
    pub(crate) fn usage(&self) -> Usage {
        let now = Instant::now();
        let ran = self.ran(now);
        self.counts.usage(Usage {
            wall_ms: millis(ran),
            host_ms: millis(now.saturating_duration_since(self.started).saturating_sub(ran)),
            pending: self.pending_most,
            timers: self.timers_most,
            ..Usage::default()
        })
    }
}

/// Whether an answer to `runOnce` says that the function runs on this node.
pub(crate) fn runs_here(json: &str) -> bool {
    json == r#"{"run":true}"#
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_wire::{CallBlock, ContractCall};

    fn call(chain: &str, gas: Option<u64>) -> HostCall {
        let block = if chain == OWN_CHAIN { CallBlock::Named } else { CallBlock::Number(1) };
        let call = ContractCall { to: [1; 20], data: Vec::new(), from: None, value: [0; 32], gas, block };
        HostCall::Rpc { chain: chain.to_owned(), method: RpcMethod::Call(call) }
    }

    fn asked(meter: &mut Meter) -> Option<u64> {
        match meter.take_calls().pop().unwrap().op {
            HostCall::Rpc { method: RpcMethod::Call(call), .. } => call.gas,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_on_the_own_chain_costs_fuel_by_its_gas_and_has_no_more_than_can_be_paid() {
        let mut meter = Meter::new(ActionLimits::default(), Instant::now());
        let answer = HostReply::Value("null".to_owned());
        let mut fuel = ActionLimits::default().fuel;
        let all = fuel;
        meter.call((call(OWN_CHAIN, None), false), &mut fuel).unwrap();
        assert_eq!((asked(&mut meter), all - fuel), (Some(CALL_GAS_MAX), CALL_GAS_MAX * FUEL_PER_GAS));
        fuel += meter.answered(0, &answer, 30_000 * FUEL_PER_GAS).unwrap();
        assert_eq!(all - fuel, 30_000 * FUEL_PER_GAS, "what was used is paid for, and no more");
        // Of others' chains a server does the work.
        let before = fuel;
        meter.call((call("base", Some(9_000_000)), false), &mut fuel).unwrap();
        assert_eq!((asked(&mut meter), fuel), (Some(9_000_000), before));
        assert_eq!(meter.answered(1, &answer, 0).unwrap(), 0);
        // Thirty of the dearest calls do not cost more than there is.
        for number in 2..ActionLimits::default().contract_calls {
            meter.call((call(OWN_CHAIN, Some(u64::MAX)), false), &mut fuel).unwrap();
            let gas = asked(&mut meter).unwrap();
            assert!(gas <= CALL_GAS_MAX);
            fuel += meter.answered(number, &answer, gas * FUEL_PER_GAS).unwrap();
        }
        let mut little = 100 * FUEL_PER_GAS;
        let mut meter = Meter::new(ActionLimits::default(), Instant::now());
        meter.call((call(OWN_CHAIN, None), false), &mut little).unwrap();
        assert_eq!((asked(&mut meter), little), (Some(50), 50 * FUEL_PER_GAS));
    }
}
