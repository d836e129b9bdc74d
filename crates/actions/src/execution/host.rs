//! What the guest can reach: ten functions, and nothing else. Everything that comes through them is
//! hostile: the guest runs somebody else's program in a C engine.

mod native;
#[cfg(test)]
mod tests;

mod codec;
mod meter;
mod random;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use wasmtime::{Caller, Engine, Linker, Memory, ResourceLimiter, Result, Trap};
use zeroize::Zeroizing;

pub(crate) use self::codec::{decode_call, encode_reply};
use self::meter::Meter;
pub(crate) use self::meter::runs_here;
pub(crate) use self::random::Gate;
use self::random::Stream;
use crate::engine::HashObserver;
use crate::execution::stack::Top;
use crate::limits::{ActionLimits, Charge, INSTANCE_BYTES, LimitHit, SharedMemory, over};
use crate::outcome::ActionOutcome;
use quorate_wire::{
    ErrorCode, HostCall, HostReply,
    limits::{ERROR_CODE_BYTES_MAX, FAILURE_BYTES_MAX},
};

/// The host's state of one execution.
pub(crate) struct Host {
    limits: ActionLimits,
    memory: Option<Memory>,
    logs: String,
    response: Option<String>,
    failure: Option<ActionOutcome>,
    /// Counts calls and time.
    pub(crate) meter: Meter,
    computed: Vec<u8>,
    hash_observer: Option<HashObserver>,
    cancelled: Arc<AtomicBool>,
    memory_charge: Charge,
    /// What random bytes come from.
    stream: Option<Stream>,
    gate: Arc<Gate>,
    /// Where the stack begins on which it runs.
    stack: Option<Top>,
}

impl Host {
    pub(crate) fn new(limits: ActionLimits, started: Instant) -> Self {
        Self {
            limits,
            memory: None,
            logs: String::new(),
            response: None,
            failure: None,
            meter: Meter::new(limits, started),
            computed: Vec::new(),
            hash_observer: None,
            cancelled: Arc::default(),
            memory_charge: SharedMemory::unbounded().open(),
            stream: None,
            gate: Arc::default(),
            stack: None,
        }
    }

    /// Its memory is counted here.
    pub(crate) fn charged_to(&mut self, memory: Charge) {
        self.memory_charge = memory;
    }

    /// Counts and queues a call. What it takes counts as memory until it is answered.
    fn call(&mut self, made: (HostCall, bool), fuel: &mut u64) -> Result<Option<i32>> {
        let before = self.meter.open_bytes();
        let number = self.meter.call(made, fuel)?;
        self.memory_charge.grow(self.meter.open_bytes() - before)?;
        Ok(number)
    }

    /// Takes note of an answer that is about to be delivered. Gives back the fuel that a child did not use.
    pub(crate) fn answered(&mut self, call: u32, reply: &HostReply, fuel_used: u64) -> Result<u64, LimitHit> {
        let before = self.meter.open_bytes();
        let back = self.meter.answered(call, reply, fuel_used)?;
        self.memory_charge.shrink(before - self.meter.open_bytes());
        Ok(back)
    }

    /// Where it waits for random values.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// The guest is about to run, on a stack of which nothing is known.
    pub(crate) fn enters(&mut self) {
        self.stack = None;
    }

    /// Once this is set, it is given up.
    pub(crate) fn cancelled_by(&mut self, cancelled: Arc<AtomicBool>) {
        self.cancelled = cancelled;
    }

    /// Why it may not go on running, if it may not.
    pub(crate) fn late(&self) -> Option<LimitHit> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Some(LimitHit::cancelled());
        }
        self.meter.overdue()
    }

    pub(crate) fn observe_hashes(&mut self, observer: Option<HashObserver>) {
        self.hash_observer = observer;
    }

    pub(crate) const fn set_memory(&mut self, memory: Memory) {
        self.memory = Some(memory);
    }

    pub(crate) fn take_logs(&mut self) -> String {
        std::mem::take(&mut self.logs)
    }

    pub(crate) const fn take_response(&mut self) -> Option<String> {
        self.response.take()
    }

    pub(crate) const fn take_failure(&mut self) -> Option<ActionOutcome> {
        self.failure.take()
    }

    fn log(&mut self, text: &str) -> Result<()> {
        self.room_for_log(text.len())?;
        self.logs.push_str(text);
        Ok(())
    }

    fn room_for_log(&self, more: usize) -> Result<()> {
        let used = self.logs.len() + more;
        if used > bytes(self.limits.log_bytes) {
            let allowed = u64::from(self.limits.log_bytes);
            return Err(over(ErrorCode::LimitLogs, "bytes of the log", used as u64, allowed).into());
        }
        Ok(())
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        if desired as u64 > self.limits.memory_bytes {
            // Not a refusal, which the script could catch and try again for ever: the end.
            let allowed = self.limits.memory_bytes;
            return Err(over(ErrorCode::LimitMemory, "bytes of memory", desired as u64, allowed).into());
        }
        // A memory that begins is the image, of which an instance holds little.
        let more = if current == 0 { INSTANCE_BYTES } else { desired.saturating_sub(current) as u64 };
        self.memory_charge.grow(more)?;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        // The guest's table has a fixed size; only instantiation asks.
        Ok(desired <= 20_000)
    }
}

/// Set in the kind of a call that a function makes which only this node runs.
const CALL_ALONE: i32 = 0x100;

/// Links the guest's imports. What the C library would ask of an operating system is answered with
/// nothing: the guest has no clock, files, environment or randomness.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        "quorate",
        "call",
        |mut caller: Caller<'_, Host>, kind: i32, meta: u32, meta_len: u32, body: u32, body_len: u32| {
            let mut fuel = caller.get_fuel()?;
            let (data, host) = memory(&mut caller)?;
            let alone = kind & CALL_ALONE != 0;
            let op =
                decode_call(kind & !CALL_ALONE, slice(data, meta, meta_len)?, slice(data, body, body_len)?);
            let number = match op {
                Some(op) => host.call((op, alone), &mut fuel)?,
                None => None,
            };
            // What a child action may use was taken out of it.
            caller.set_fuel(fuel)?;
            Ok(number.unwrap_or(-1))
        },
    )?;
    linker.func_wrap("quorate", "log", |mut caller: Caller<'_, Host>, at: u32, len: u32| {
        let (data, host) = memory(&mut caller)?;
        // Before anything is made of it, which could be much.
        host.room_for_log(bytes(len))?;
        host.log(&String::from_utf8_lossy(slice(data, at, len)?))
    })?;
    linker.func_wrap("quorate", "respond", |mut caller: Caller<'_, Host>, at: u32, len: u32| {
        let (data, host) = memory(&mut caller)?;
        if len > host.limits.response_bytes {
            let (used, allowed) = (u64::from(len), u64::from(host.limits.response_bytes));
            return Err(over(ErrorCode::LimitResponse, "bytes of the response", used, allowed).into());
        }
        host.response = Some(String::from_utf8_lossy(slice(data, at, len)?).into_owned());
        Ok(())
    })?;
    linker.func_wrap(
        "quorate",
        "fail",
        |mut caller: Caller<'_, Host>, kind: i32, cause: u32, cause_len: u32, at: u32, len: u32| {
            let (data, host) = memory(&mut caller)?;
            let code = match kind {
                1 => ErrorCode::ActionSyntax,
                2 => ErrorCode::ParamReserved,
                3 => ErrorCode::NotSupported,
                4 => ErrorCode::ActionPending,
                _ => ErrorCode::ActionThrew,
            };
            let cause = bounded(slice(data, cause, cause_len)?, ERROR_CODE_BYTES_MAX);
            let message = bounded(slice(data, at, len)?, FAILURE_BYTES_MAX);
            let cause = (!cause.is_empty() && code == ErrorCode::ActionThrew).then_some(cause);
            host.failure = Some(ActionOutcome::Failed { code, message, cause });
            Ok(())
        },
    )?;
    linker.func_wrap("quorate", "timers", |mut caller: Caller<'_, Host>, set: u32| -> Result<()> {
        caller.data_mut().meter.timers(set)
    })?;
    linker.func_wrap("quorate", "enter", |mut caller: Caller<'_, Host>| {
        caller.data_mut().stack.get_or_insert_with(Top::here);
    })?;
    linker.func_wrap("quorate", "rest", |caller: Caller<'_, Host>| {
        if let Some(top) = caller.data().stack {
            top.free_below_here();
        }
    })?;
    linker.func_wrap_async("quorate", "random", |caller: Caller<'_, Host>, (at, len): (u32, u32)| {
        Box::new(random::draw(caller, at, len))
    })?;
    linker.func_wrap("quorate", "compute", compute)?;
    linker.func_wrap("quorate", "take", |mut caller: Caller<'_, Host>, to: u32, len: u32| {
        // It can be a plaintext: nothing of it stays here.
        let computed = Zeroizing::new(std::mem::take(&mut caller.data_mut().computed));
        let Some(memory) = caller.data().memory else { return Err(before_start()) };
        if computed.len() != bytes(len) {
            return Err(wasmtime::Error::msg("the guest took another result than there is"));
        }
        memory.write(&mut caller, bytes(to), &computed)?;
        Ok(())
    })?;
    // The C library's remaining imports come only from code that ends the program.
    let ended = || wasmtime::Error::msg("the guest gave up");
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", move |_: i32| -> Result<()> { Err(ended()) })?;
    linker.func_wrap("wasi_snapshot_preview1", "fd_close", |_: i32| 8_i32)?;
    linker.func_wrap("wasi_snapshot_preview1", "fd_seek", |_: i32, _: i64, _: i32, _: i32| 8_i32)?;
    linker.func_wrap("wasi_snapshot_preview1", "fd_write", |_: i32, _: i32, _: i32, _: i32| 8_i32)?;
    linker.func_wrap("wasi_snapshot_preview1", "fd_fdstat_get", |_: i32, _: i32| 8_i32)?;
    Ok(linker)
}

/// A 32-bit count as a length; this crate runs on 64-bit machines only.
const fn bytes(count: u32) -> usize {
    count as usize
}

fn memory<'a>(caller: &'a mut Caller<'_, Host>) -> Result<(&'a [u8], &'a mut Host)> {
    let Some(memory) = caller.data().memory else { return Err(before_start()) };
    let (data, host) = memory.data_and_store_mut(caller);
    Ok((data, host))
}

/// Nothing that runs before the memory is known calls the host.
fn before_start() -> wasmtime::Error {
    wasmtime::Error::msg("a host call before the start")
}

/// Runs a native operation whose parts are listed at `list`: address and length of each. Its result, or
/// the text of an error, waits to be taken; returned is the result's length or minus that of the text.
fn compute(mut caller: Caller<'_, Host>, op: i32, list: u32, count: u32) -> Result<i32> {
    let fuel = caller.get_fuel()?;
    let (data, host) = memory(&mut caller)?;
    let mut parts = [&[][..]; native::PARTS_MAX];
    let Some(parts) = parts.get_mut(..bytes(count)) else {
        return Err(wasmtime::Error::msg("the guest named too many parts"));
    };
    let words = slice(data, list, count * 8)?.as_chunks::<4>().0;
    for (part, [at, len]) in parts.iter_mut().zip(words.as_chunks::<2>().0) {
        *part = slice(data, u32::from_le_bytes(*at), u32::from_le_bytes(*len))?;
    }
    if let (native::HASH, [_, message], Some(observer)) = (op, &*parts, &host.hash_observer) {
        observer(message);
    }
    let job = native::prepare(op, parts);
    // To look at what is then refused is work, too.
    let price = job.as_ref().map_or_else(|_| native::refusal_price(parts), |job| job.fuel);
    let Some(left) = fuel.checked_sub(price) else {
        drop(job);
        caller.set_fuel(0)?;
        return Err(Trap::OutOfFuel.into());
    };
    let look = || host.late();
    let mut pulse = native::Pulse::new(&look);
    let done = job.and_then(|job| job.run(&mut pulse));
    if let Some(hit) = pulse.late() {
        return Err(hit.into());
    }
    let (computed, sign) = match done {
        Ok(result) => (result, 1),
        Err(refused) => (refused.text().into_bytes(), -1),
    };
    let len = i32::try_from(computed.len())?;
    host.computed = computed;
    caller.set_fuel(left)?;
    Ok(sign * len)
}

fn slice(data: &[u8], at: u32, len: u32) -> Result<&[u8]> {
    let end = bytes(at).checked_add(bytes(len));
    end.and_then(|end| data.get(bytes(at)..end))
        .ok_or_else(|| wasmtime::Error::msg("the guest named bytes outside of its memory"))
}

/// Text of at most that many bytes; what is longer is cut at a character, with a mark.
fn bounded(text: &[u8], bytes_max: usize) -> String {
    let text = String::from_utf8_lossy(text);
    if text.len() <= bytes_max {
        return text.into_owned();
    }
    let mark = "…";
    let mut end = bytes_max - mark.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{mark}", &text[..end])
}
