//! One execution: a fresh instance, driven from one answer to the next.

pub(crate) mod host;
mod stack;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{self, Poll, Waker};
use std::time::{Duration, Instant};

use wasmtime::{Memory, Store, Trap, TypedFunc, UpdateDeadline, WasmParams};

pub(crate) use self::host::runs_here;
use crate::engine::Engine;
use crate::execution::host::{Gate, Host};
use crate::limits::{ActionLimits, LimitHit, Usage, over};
use crate::outcome::{ActionOutcome, Finished};
use crate::protocol::ChildBudget;
use crate::worker::turns::offer_turn;
use quorate_wire::{ErrorCode, HostCall, HostReply};

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
    state: State,
    book: Book,
}

enum State {
    /// The script has returned to us.
    Waiting(Box<Instance>),
    /// It stands inside a call.
    Drawing(Drawing),
}

/// What is kept of an execution beside its instance.
struct Book {
    /// Answers that came, each with the work of the child action that it stands for.
    replies: BTreeMap<u32, (HostReply, u64)>,
    next_delivery: u32,
    /// Calls behind that one whose answers the script has been given already.
    delivered: BTreeSet<u32>,
    started: Instant,
    limits: ActionLimits,
}

/// The guest, with nothing of it running.
struct Instance {
    store: Store<Host>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    deliver: TypedFunc<DeliverParams, i32>,
}

/// A call into the guest that is under way.
type Running = Pin<Box<dyn Future<Output = (Box<Instance>, wasmtime::Result<i32>)> + Send>>;

/// An instance that waits inside its call for a random value.
struct Drawing {
    running: Running,
    gate: Arc<Gate>,
    /// The call that it waits for: the newest of all.
    call: u32,
}

/// How far a call into the guest has come.
enum Step {
    Returned(Box<Instance>, wasmtime::Result<i32>),
    Drawing(Drawing, Vec<OpenCall>),
}

impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution").field("next_delivery", &self.book.next_delivery).finish_non_exhaustive()
    }
}

impl Execution {
    /// Makes an instance and runs it until it ends or waits. `started` is when the execution's time in all began; once
    /// `cancelled` is set it ends at the next tick.
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
        match at_once(Instance::make(engine, &mut store, inputs)).map_err(|error| (None, error)).flatten() {
            Ok((memory, alloc, deliver, (start, arguments))) => {
                let instance = Box::new(Instance { store, memory, alloc, deliver });
                let book = Book {
                    replies: BTreeMap::new(),
                    next_delivery: 0,
                    delivered: BTreeSet::new(),
                    started,
                    limits,
                };
                book.go_on(instance.call(start, arguments))
            }
            Err((memory, error)) => {
                let finished = finish(&mut store, memory, &limits, Err(error));
                (None, Progress::Ended(finished))
            }
        }
    }

    /// Takes the answer to a call. Answers are given to the script in the order in which it asked, however
    /// they arrive, so that it sees the same on every node. What a function asks for that only this node runs is answered at
    /// once: the answers before it may wait for the function. A script that waits inside a call is given that call's
    /// answer only.
    ///
    /// Returns whether [`Self::resume`] would now run something.
    pub fn answer(&mut self, call: u32, reply: HostReply) -> bool {
        self.answer_of_child(call, reply, 0)
    }

    /// The same for a call of a child action, which did `fuel` of work for it.
    pub fn answer_of_child(&mut self, call: u32, reply: HostReply, fuel: u64) -> bool {
        let made = match &self.state {
            State::Waiting(instance) => instance.store.data().meter.calls(),
            State::Drawing(drawing) => drawing.call + 1,
        };
        if !self.is_delivered(call) && call < made {
            self.book.replies.entry(call).or_insert((reply, fuel));
        }
        match &self.state {
            State::Waiting(instance) => self.book.due(&instance.store).is_some(),
            State::Drawing(drawing) => self.book.replies.contains_key(&drawing.call),
        }
    }

    /// Whether the script has been given the answer to a call.
    pub(crate) fn is_delivered(&self, call: u32) -> bool {
        call < self.book.next_delivery || self.book.delivered.contains(&call)
    }

    /// Goes on with the answers that are there.
    pub fn resume(self: Box<Self>) -> (Option<Box<Self>>, Progress) {
        let Self { state, mut book } = *self;
        let step = match state {
            State::Waiting(mut instance) => {
                instance.store.set_epoch_deadline(1);
                instance.store.data_mut().meter.running();
                Step::Returned(instance, Ok(STATUS_WAITING))
            }
            State::Drawing(drawing) => match book.take(drawing.call) {
                Some((reply, _)) => drawing.go_on(Ok(reply)),
                None => Step::Drawing(drawing, Vec::new()),
            },
        };
        book.go_on(step)
    }

    /// Ends it from outside.
    #[must_use]
    pub fn abandon(self: Box<Self>, code: ErrorCode) -> Finished {
        let Self { state, book } = *self;
        let (mut instance, status) = match state {
            State::Waiting(instance) => {
                let error = instance.store.data().ended(code).into();
                (instance, Err(error))
            }
            State::Drawing(drawing) => match drawing.go_on(Err(code)) {
                Step::Returned(instance, status) => (instance, status),
                // It never waits once it has been told to end.
                Step::Drawing(..) => {
                    let outcome = engine_fault("it does not end");
                    return Finished { outcome, logs: String::new(), usage: Usage::default() };
                }
            },
        };
        let memory = instance.memory;
        finish(&mut instance.store, Some(memory), &book.limits, status)
    }

    /// When its time is over, its waiting included.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.book.started + Duration::from_millis(self.book.limits.total_ms)
    }

    /// Its linear memory, for the tool that looks which pages of it were written.
    #[cfg(feature = "guest-compiler")]
    pub(crate) fn memory(&self) -> &[u8] {
        match &self.state {
            State::Waiting(instance) => instance.memory.data(&instance.store),
            State::Drawing(_) => &[],
        }
    }
}

impl Book {
    /// The call whose answer the script is given next.
    fn due(&self, store: &Store<Host>) -> Option<u32> {
        let meter = &store.data().meter;
        let alone = self.replies.keys().copied().find(|call| meter.is_alone(*call));
        alone.or_else(|| self.replies.contains_key(&self.next_delivery).then_some(self.next_delivery))
    }

    /// Takes the answer to a call, which is answered with that.
    fn take(&mut self, call: u32) -> Option<(HostReply, u64)> {
        let answer = self.replies.remove(&call)?;
        self.delivered.insert(call);
        while self.delivered.remove(&self.next_delivery) {
            self.next_delivery += 1;
        }
        Some(answer)
    }

    /// Gives the script answers as long as it has returned to us and there are any.
    fn go_on(mut self, mut step: Step) -> (Option<Box<Execution>>, Progress) {
        loop {
            match step {
                Step::Drawing(drawing, calls) => {
                    let execution = Execution { state: State::Drawing(drawing), book: self };
                    return (Some(Box::new(execution)), Progress::Waiting(calls));
                }
                Step::Returned(mut instance, Ok(STATUS_WAITING)) => {
                    let answer = self.due(&instance.store).and_then(|call| Some((call, self.take(call)?)));
                    if let Some((call, (reply, fuel))) = answer {
                        step = instance.deliver(call, &reply, fuel);
                        continue;
                    }
                    let meter = &mut instance.store.data_mut().meter;
                    meter.paused();
                    let calls = meter.take_calls();
                    let execution = Execution { state: State::Waiting(instance), book: self };
                    return (Some(Box::new(execution)), Progress::Waiting(calls));
                }
                Step::Returned(mut instance, status) => {
                    let memory = instance.memory;
                    let finished = finish(&mut instance.store, Some(memory), &self.limits, status);
                    return (None, Progress::Ended(finished));
                }
            }
        }
    }
}

impl Instance {
    async fn make(
        engine: &Engine,
        store: &mut Store<Host>,
        inputs: &RunInputs,
    ) -> Result<
        (
            Memory,
            TypedFunc<u32, u32>,
            TypedFunc<DeliverParams, i32>,
            (TypedFunc<StartParams, i32>, StartParams),
        ),
        (Option<Memory>, wasmtime::Error),
    > {
        let bare = |error| (None, error);
        // First of all: what is left of it tells how much was used.
        store.set_fuel(inputs.limits.fuel).map_err(bare)?;
        for (code, what, used, allowed) in [
            (ErrorCode::LimitCode, "bytes of the code", inputs.code.len(), inputs.limits.code_bytes),
            (
                ErrorCode::LimitParams,
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
        let instance = engine.guest().instantiate_async(&mut *store).await.map_err(bare)?;
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
            return Err(held(LimitHit::new(ErrorCode::ActionSyntax, text).into()));
        }
        if inputs.limits.stack_bytes < ActionLimits::default().stack_bytes {
            let lower = instance.get_typed_func::<u32, ()>(&mut *store, "limit_stack").map_err(held)?;
            lower.call_async(&mut *store, inputs.limits.stack_bytes).await.map_err(held)?;
        }
        let (code, code_len) = put(store, memory, &alloc, &inputs.code).await.map_err(held)?;
        let (params, params_len) =
            put(store, memory, &alloc, inputs.params.as_bytes()).await.map_err(held)?;
        let (auth, auth_len) = put(store, memory, &alloc, inputs.auth.as_bytes()).await.map_err(held)?;
        let [a, b, c, d, e, f, g, h, ..] = inputs.random_seed;
        let seed = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 milliseconds, which is checked")]
        let time_ms = inputs.time_ms.min(8_640_000_000_000_000) as f64;
        let arguments = (code, code_len, params, params_len, auth, auth_len, time_ms, seed);
        Ok((memory, alloc, deliver, (start, arguments)))
    }

    /// Gives the script an answer.
    fn deliver(mut self: Box<Self>, call: u32, reply: &HostReply, fuel_used: u64) -> Step {
        match at_once(self.put_answer(call, reply, fuel_used)).flatten() {
            Ok(arguments) => {
                let deliver = self.deliver.clone();
                self.call(deliver, arguments)
            }
            Err(error) => Step::Returned(self, Err(error)),
        }
    }

    async fn put_answer(
        &mut self,
        call: u32,
        reply: &HostReply,
        fuel_used: u64,
    ) -> wasmtime::Result<DeliverParams> {
        let back = self.store.data_mut().answered(call, reply, fuel_used)?;
        let fuel = self.store.get_fuel()?;
        self.store.set_fuel(fuel.saturating_add(back))?;
        let (meta, body) = host::encode_reply(reply)?;
        let (meta, meta_len) = put(&mut self.store, self.memory, &self.alloc, meta.as_bytes()).await?;
        let (body, body_len) = put(&mut self.store, self.memory, &self.alloc, body).await?;
        Ok((call, meta, meta_len, body, body_len))
    }

    /// Calls the guest until it returns, or waits inside.
    fn call<P: WasmParams + Sync + 'static>(
        mut self: Box<Self>,
        function: TypedFunc<P, i32>,
        arguments: P,
    ) -> Step {
        self.store.data_mut().enters();
        let gate = self.store.data().gate();
        let running = Box::pin(async move {
            let status = function.call_async(&mut self.store, arguments).await;
            (self, status)
        });
        step(running, gate)
    }
}

impl Drawing {
    fn go_on(self, answer: Result<HostReply, ErrorCode>) -> Step {
        Engine::enter_thread();
        self.gate.open(answer);
        step(self.running, self.gate)
    }
}

/// Lets a call into the guest go on until it returns or waits inside.
fn step(mut running: Running, gate: Arc<Gate>) -> Step {
    match running.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready((instance, status)) => Step::Returned(instance, status),
        Poll::Pending => {
            let calls = gate.take_calls();
            // It waits for the call that it made last.
            let call = calls.last().map_or(0, |open| open.call);
            Step::Drawing(Drawing { running, gate, call }, calls)
        }
    }
}

/// Carries out what waits for nothing.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> wasmtime::Result<T> {
    match pin!(work).poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err(wasmtime::Error::msg("the guest waits where it must not")),
    }
}

/// Copies bytes into memory that the guest allocates and frees.
async fn put(
    store: &mut Store<Host>,
    memory: Memory,
    alloc: &TypedFunc<u32, u32>,
    bytes: &[u8],
) -> wasmtime::Result<(u32, u32)> {
    let len = u32::try_from(bytes.len())?;
    let at = alloc.call_async(&mut *store, len).await?;
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
            let hit = over(ErrorCode::LimitCpu, "units of work", limits.fuel, limits.fuel);
            failed(hit.code, hit.message)
        }
        Some(Trap::StackOverflow) => failed(ErrorCode::LimitStack, "the action overran the stack".to_owned()),
        // The text names addresses inside the guest at most; it is equal on all nodes.
        Some(trap) => engine_fault(&trap.to_string()),
        None => engine_fault("the engine refused to go on"),
    }
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn failed(code: ErrorCode, message: String) -> ActionOutcome {
    ActionOutcome::Failed { code, message, cause: None }
}

fn engine_fault(why: &str) -> ActionOutcome {
    failed(ErrorCode::Internal, format!("the engine failed: {why}"))
}
