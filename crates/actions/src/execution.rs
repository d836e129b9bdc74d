//! One execution: a fresh instance, driven from one answer to the next.

pub(crate) mod host;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use wasmtime::{Memory, Store, Trap, TypedFunc, UpdateDeadline};

pub(crate) use self::host::runs_here;
use crate::engine::Engine;
use crate::execution::host::Host;
use crate::limits::{ActionLimits, LimitHit, Usage, over};
use crate::outcome::{ActionOutcome, FailureCode, Finished};
use crate::protocol::{ChildBudget, HostCall, HostReply};
use crate::worker::turns::offer_turn;

const STATUS_DONE: i32 = 0;
const STATUS_WAITING: i32 = 1;
const STATUS_FAILED: i32 = 2;

type StartParams = (u32, u32, u32, u32, u32, u32, f64, u64);
type DeliverParams = (u32, u32, u32, u32, u32);

/// What an execution runs on.
#[derive(Clone, Debug)]
pub struct RunInputs {
    /// The action's source text.
    pub code: Arc<[u8]>,
    /// JSON text of the parameters.
    pub params: String,
    /// JSON text of what `Lit.Auth` holds.
    pub auth: String,
    /// The request's time in milliseconds since 1970.
    pub time_ms: u64,
    /// Seeds `Math.random`.
    pub random_seed: [u8; 32],
    /// What it may use.
    pub limits: ActionLimits,
}

/// Where an execution stands after it ran as far as it could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits for answers. These calls are new since the last time.
    Waiting(Vec<OpenCall>),
    /// It ended. Its instance must be dropped.
    Ended(Finished),
}

/// A host call that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// Its number within its execution: 0, 1, 2, …
    pub call: u32,
    /// What is asked for.
    pub op: HostCall,
    /// For a call of a child action: what was put aside for it.
    pub budget: Option<ChildBudget>,
}

/// An execution, running or suspended. It borrows no thread while it waits.
pub struct Execution {
    store: Store<Host>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    deliver: TypedFunc<DeliverParams, i32>,
    /// Answers that came, each with the work of the child action that it stands for.
    replies: BTreeMap<u32, (HostReply, u64)>,
    next_delivery: u32,
    /// Calls behind that one whose answers the script has been given already.
    delivered: BTreeSet<u32>,
    started: Instant,
    limits: ActionLimits,
}

impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution").field("next_delivery", &self.next_delivery).finish_non_exhaustive()
    }
}

impl Execution {
    /// Makes an instance and runs it until it ends or waits.
    ///
    /// The thread needs a stack of [`THREAD_STACK_BYTES`](crate::THREAD_STACK_BYTES).
    /// `started` is when the execution's time in all began; once `cancelled` is set it ends at the next tick.
    pub fn start(
        engine: &Engine,
        inputs: &RunInputs,
        started: Instant,
        cancelled: Arc<AtomicBool>,
    ) -> (Option<Box<Self>>, Progress) {
        let limits = inputs.limits;
        let mut store = Store::new(engine.wasm(), Host::new(limits, started));
        store.data_mut().cancelled_by(cancelled);
        store.data_mut().charged_to(engine.memory().open());
        store.data_mut().observe_hashes(engine.hash_observer());
        store.limiter(|host| host);
        store.epoch_deadline_callback(move |context| {
            offer_turn();
            match context.data().late() {
                Some(hit) => Err(hit.into()),
                None => Ok(UpdateDeadline::Continue(1)),
            }
        });
        store.data_mut().meter.running();
        match Self::instantiate(engine, &mut store, inputs) {
            Ok((memory, alloc, deliver, status)) => {
                let execution = Self {
                    store,
                    memory,
                    alloc,
                    deliver,
                    replies: BTreeMap::new(),
                    next_delivery: 0,
                    delivered: BTreeSet::new(),
                    started,
                    limits,
                };
                Box::new(execution).settle(Ok(status))
            }
            Err((memory, error)) => {
                let finished = finish(&mut store, memory, &limits, Err(error));
                (None, Progress::Ended(finished))
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "used once, right above")]
    fn instantiate(
        engine: &Engine,
        store: &mut Store<Host>,
        inputs: &RunInputs,
    ) -> Result<
        (Memory, TypedFunc<u32, u32>, TypedFunc<DeliverParams, i32>, i32),
        (Option<Memory>, wasmtime::Error),
    > {
        let bare = |error| (None, error);
        // First of all: what is left of it tells how much was used.
        store.set_fuel(inputs.limits.fuel).map_err(bare)?;
        for (code, what, used, allowed) in [
            (FailureCode::LimitCode, "bytes of the code", inputs.code.len(), inputs.limits.code_bytes),
            (
                FailureCode::LimitParams,
                "bytes of the parameters",
                inputs.params.len(),
                inputs.limits.params_bytes,
            ),
        ] {
            if used as u64 > u64::from(allowed) {
                return Err(bare(over(code, what, used as u64, u64::from(allowed)).into()));
            }
        }
        store.set_epoch_deadline(1);
        let instance = engine.guest().instantiate(&mut *store).map_err(bare)?;
        let Some(memory) = instance.get_memory(&mut *store, "memory") else {
            return Err(bare(wasmtime::Error::msg("the guest exports no memory")));
        };
        engine.hot_pages().populate(memory.data_mut(&mut *store));
        let held = |error| (Some(memory), error);
        store.data_mut().set_memory(memory);
        let alloc = instance.get_typed_func(&mut *store, "alloc").map_err(held)?;
        let deliver = instance.get_typed_func(&mut *store, "deliver").map_err(held)?;
        let start = instance.get_typed_func::<StartParams, i32>(&mut *store, "start").map_err(held)?;
        if std::str::from_utf8(&inputs.code).is_err() {
            let text = "the action's text is not UTF-8".to_owned();
            return Err(held(LimitHit::new(FailureCode::ActionSyntax, text).into()));
        }
        if inputs.limits.stack_bytes < ActionLimits::default().stack_bytes {
            let lower = instance.get_typed_func::<u32, ()>(&mut *store, "limit_stack").map_err(held)?;
            lower.call(&mut *store, inputs.limits.stack_bytes).map_err(held)?;
        }
        let mut put = |bytes: &[u8]| put(store, memory, &alloc, bytes).map_err(held);
        let (code, code_len) = put(&inputs.code)?;
        let (params, params_len) = put(inputs.params.as_bytes())?;
        let (auth, auth_len) = put(inputs.auth.as_bytes())?;
        let [a, b, c, d, e, f, g, h, ..] = inputs.random_seed;
        let seed = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 milliseconds, which is checked")]
        let time_ms = inputs.time_ms.min(8_640_000_000_000_000) as f64;
        let arguments = (code, code_len, params, params_len, auth, auth_len, time_ms, seed);
        let status = start.call(&mut *store, arguments).map_err(held)?;
        Ok((memory, alloc, deliver, status))
    }

    /// Takes the answer to a call. Answers are given to the script in the order in which it asked, however
    /// they arrive, so that it sees the same on every node. What a function asks for that only this node runs is answered at
    /// once: the answers before it may wait for the function.
    ///
    /// Returns whether [`Self::resume`] would now run something.
    pub fn answer(&mut self, call: u32, reply: HostReply) -> bool {
        self.answer_of_child(call, reply, 0)
    }

    /// The same for a call of a child action, which did `fuel` of work for it.
    pub fn answer_of_child(&mut self, call: u32, reply: HostReply, fuel: u64) -> bool {
        if !self.is_delivered(call) && call < self.store.data().meter.calls() {
            self.replies.entry(call).or_insert((reply, fuel));
        }
        self.due().is_some()
    }

    /// The call whose answer the script is given next.
    fn due(&self) -> Option<u32> {
        let meter = &self.store.data().meter;
        let alone = self.replies.keys().copied().find(|call| meter.is_alone(*call));
        alone.or_else(|| self.replies.contains_key(&self.next_delivery).then_some(self.next_delivery))
    }

    /// Takes a call for answered.
    fn pass(&mut self, call: u32) {
        self.delivered.insert(call);
        while self.delivered.remove(&self.next_delivery) {
            self.next_delivery += 1;
        }
    }

    /// Whether the script has been given the answer to a call.
    pub(crate) fn is_delivered(&self, call: u32) -> bool {
        call < self.next_delivery || self.delivered.contains(&call)
    }

    /// Goes on with the answers that are there.
    pub fn resume(mut self: Box<Self>) -> (Option<Box<Self>>, Progress) {
        self.store.set_epoch_deadline(1);
        self.store.data_mut().meter.running();
        let mut status = Ok(STATUS_WAITING);
        while let (Ok(STATUS_WAITING), Some(call)) = (&status, self.due()) {
            let Some((reply, fuel)) = self.replies.remove(&call) else { break };
            self.pass(call);
            status = self.deliver(call, &reply, fuel);
        }
        self.settle(status)
    }

    /// Ends it from outside.
    #[must_use]
    pub fn abandon(mut self: Box<Self>, code: FailureCode) -> Finished {
        let hit = match code {
            FailureCode::LimitTotal => self.store.data().meter.overdue(),
            _ => None,
        };
        let error = hit.unwrap_or_else(LimitHit::cancelled).into();
        finish(&mut self.store, Some(self.memory), &self.limits, Err(error))
    }

    /// When its time is over, its waiting included.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.started + Duration::from_millis(self.limits.total_ms)
    }

    /// Its linear memory, for the tool that looks which pages of it were written.
    #[cfg(feature = "guest-compiler")]
    pub(crate) fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    fn deliver(&mut self, call: u32, reply: &HostReply, fuel_used: u64) -> wasmtime::Result<i32> {
        let back = self.store.data_mut().answered(call, reply, fuel_used)?;
        let fuel = self.store.get_fuel()?;
        self.store.set_fuel(fuel.saturating_add(back))?;
        let (meta, body) = host::encode_reply(reply)?;
        let (meta, meta_len) = put(&mut self.store, self.memory, &self.alloc, meta.as_bytes())?;
        let (body, body_len) = put(&mut self.store, self.memory, &self.alloc, body)?;
        self.deliver.call(&mut self.store, (call, meta, meta_len, body, body_len))
    }

    fn settle(mut self: Box<Self>, status: wasmtime::Result<i32>) -> (Option<Box<Self>>, Progress) {
        match status {
            Ok(STATUS_WAITING) => {
                let meter = &mut self.store.data_mut().meter;
                meter.paused();
                let calls = meter.take_calls();
                (Some(self), Progress::Waiting(calls))
            }
            other => {
                let finished = finish(&mut self.store, Some(self.memory), &self.limits, other);
                (None, Progress::Ended(finished))
            }
        }
    }
}

/// Copies bytes into memory that the guest allocates and frees.
fn put(
    store: &mut Store<Host>,
    memory: Memory,
    alloc: &TypedFunc<u32, u32>,
    bytes: &[u8],
) -> wasmtime::Result<(u32, u32)> {
    let len = u32::try_from(bytes.len())?;
    let at = alloc.call(&mut *store, len)?;
    memory.write(store, usize::try_from(at)?, bytes)?;
    Ok((at, len))
}

fn finish(
    store: &mut Store<Host>,
    memory: Option<Memory>,
    limits: &ActionLimits,
    status: wasmtime::Result<i32>,
) -> Finished {
    let fuel = limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let memory_bytes = memory.map_or(0, |memory| memory.data_size(&*store) as u64);
    let host = store.data_mut();
    let logs = host.take_logs();
    let mut usage = Usage { fuel, memory_bytes, log_bytes: length(&logs), ..host.meter.usage() };
    let outcome = match status {
        Ok(STATUS_DONE) => ActionOutcome::Completed { response: host.take_response() },
        Ok(STATUS_FAILED) => host.take_failure().unwrap_or_else(|| engine_fault("no reason given")),
        Ok(_) => engine_fault("unknown status"),
        Err(error) => failure_of(&error, limits),
    };
    if let ActionOutcome::Completed { response: Some(response) } = &outcome {
        usage.response_bytes = length(response);
    }
    Finished { outcome, logs, usage }
}

fn failure_of(error: &wasmtime::Error, limits: &ActionLimits) -> ActionOutcome {
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return failed(hit.code, hit.message.clone());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            // The engine stops at the limit, not behind it.
            let hit = over(FailureCode::LimitCpu, "units of work", limits.fuel, limits.fuel);
            failed(hit.code, hit.message)
        }
        Some(Trap::StackOverflow) => {
            failed(FailureCode::LimitStack, "the action overran the stack".to_owned())
        }
        // The text names addresses inside the guest at most; it is equal on all nodes.
        Some(trap) => engine_fault(&trap.to_string()),
        None => engine_fault("the engine refused to go on"),
    }
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn failed(code: FailureCode, message: String) -> ActionOutcome {
    ActionOutcome::Failed { code, message, cause: None }
}

fn engine_fault(why: &str) -> ActionOutcome {
    failed(FailureCode::EngineFault, format!("the engine failed: {why}"))
}
