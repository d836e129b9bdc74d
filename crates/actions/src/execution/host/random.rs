//! Random bytes that are equal on all nodes.
//!
//! The nodes agree on a value of 32 bytes, and everything until the next answer from outside is expanded from it:
//! block `i` is SHA-256 of [`DOMAIN`], the value and `i` as eight bytes, big endian. A draw takes the bytes that
//! the one before it left. `docs/protocols/randomness.md` is the authority.
//!
//! While a value is being agreed on, the instance stands inside its call: it holds no thread, no turn and no
//! time of its limit, and what is left of its stack is counted as its memory.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use sha2::{Digest as _, Sha256};
use wasmtime::{AsContextMut as _, Caller, Result, Trap};

use super::{Host, before_start, bytes, memory, slice};
use crate::execution::{OpenCall, stack};
use crate::limits::LimitHit;
use quorate_wire::{ErrorCode, HostCall, HostReply};

/// What the blocks of a value are hashed with.
const DOMAIN: &[u8] = b"quorate/random-bytes/v1";
/// Most bytes of one draw, as in browsers.
const DRAW_BYTES_MAX: u32 = 65_536;
/// What a draw costs beside its bytes.
const BASE_FUEL: u64 = 2_000;
/// What a byte costs: two compressions for 32 bytes, also without help of the processor.
const FUEL_PER_BYTE: u64 = 64;

/// Bytes of one value.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    value: [u8; 32],
    /// The next block's number.
    next: u64,
    block: [u8; 32],
    /// Bytes of the block that nobody has.
    left: usize,
}

impl Stream {
    pub(super) const fn new(value: [u8; 32]) -> Self {
        Self { value, next: 0, block: [0; 32], left: 0 }
    }

    /// Gives the next bytes.
    pub(super) fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.left == 0 {
                let hash = Sha256::new().chain_update(DOMAIN).chain_update(self.value);
                self.block = hash.chain_update(self.next.to_be_bytes()).finalize().into();
                self.next += 1;
                self.left = self.block.len();
            }
            *byte = self.block[self.block.len() - self.left];
            self.left -= 1;
        }
    }
}

/// Where an instance that waits inside its call and whoever drives it meet.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    calls: Vec<OpenCall>,
    answer: Option<Result<HostReply, ErrorCode>>,
}

impl Gate {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls that were made before it waits; the last one is what it waits for.
    pub(crate) fn take_calls(&self) -> Vec<OpenCall> {
        std::mem::take(&mut self.line().calls)
    }

    /// Lets it go on, or end with that code, once it is polled.
    pub(crate) fn open(&self, answer: Result<HostReply, ErrorCode>) {
        self.line().answer = Some(answer);
    }

    /// Waits for the answer. Whoever gives one polls afterwards, so nobody needs to be woken.
    async fn pass(&self, calls: Vec<OpenCall>) -> Result<HostReply, ErrorCode> {
        self.line().calls = calls;
        std::future::poll_fn(|_| self.line().answer.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// Writes random bytes into the guest's memory. Returns 0, or minus the length of an error's text, which waits to be
/// taken as after [`super::compute`].
pub(super) async fn draw(mut caller: Caller<'_, Host>, at: u32, len: u32) -> Result<i32> {
    if len > DRAW_BYTES_MAX {
        return Err(wasmtime::Error::msg("the guest drew too many bytes at once"));
    }
    let (data, _) = memory(&mut caller)?;
    slice(data, at, len)?;
    let price = BASE_FUEL + FUEL_PER_BYTE * u64::from(len);
    let Some(left) = caller.get_fuel()?.checked_sub(price) else {
        caller.set_fuel(0)?;
        return Err(Trap::OutOfFuel.into());
    };
    caller.set_fuel(left)?;
    if caller.data().meter.needs_value() {
        match agree(&mut caller).await? {
            Ok(value) => caller.data_mut().stream = Some(Stream::new(value)),
            Err(text) => {
                let len = i32::try_from(text.len())?;
                caller.data_mut().computed = text.into_bytes();
                return Ok(-len);
            }
        }
        caller.data_mut().meter.has_value();
    }
    let mut drawn = vec![0; bytes(len)];
    let Some(stream) = &mut caller.data_mut().stream else { return Err(before_start()) };
    stream.fill(&mut drawn);
    let Some(memory) = caller.data().memory else { return Err(before_start()) };
    memory.write(&mut caller, bytes(at), &drawn)?;
    Ok(0)
}

/// Has the nodes agree on a value; or the text of an error.
async fn agree(caller: &mut Caller<'_, Host>) -> Result<Result<[u8; 32], String>> {
    let mut fuel = caller.get_fuel()?;
    let host = caller.data_mut();
    let Some(number) = host.call((HostCall::Random, false), &mut fuel)? else { return Err(before_start()) };
    let call = u32::try_from(number)?;
    let held = host.stack.map_or(0, stack::Top::held_here);
    host.memory_charge.grow(held)?;
    host.meter.paused();
    let (calls, gate) = (host.meter.take_calls(), Arc::clone(&host.gate));
    if let Some(top) = host.stack {
        top.free_below_here();
    }
    let answer = pin!(gate.pass(calls)).await;
    // What was a time ahead of the clock is long over.
    caller.as_context_mut().set_epoch_deadline(1);
    let host = caller.data_mut();
    host.meter.running();
    host.memory_charge.shrink(held);
    let reply = answer.map_err(|code| host.ended(code))?;
    host.answered(call, &reply, 0)?;
    match reply {
        HostReply::Value(json) => Ok(Ok(value_of(&json)?)),
        HostReply::Error { code, message } => Ok(Err(format!("{code} {message}"))),
        HostReply::Signed(_) | HostReply::Fetched { .. } => Err(no_value()),
    }
}

/// Reads 64 lower-case hexadecimal digits, a JSON string.
fn value_of(json: &str) -> Result<[u8; 32]> {
    let digits = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(no_value)?;
    let mut value = [0; 32];
    hex::decode_to_slice(digits, &mut value).map_err(|_| no_value())?;
    Ok(value)
}

/// A node gives no such answer.
fn no_value() -> wasmtime::Error {
    wasmtime::Error::msg("the node's answer is no random value")
}

impl Host {
    /// What it ends with that is ended from outside.
    pub(crate) fn ended(&self, code: ErrorCode) -> LimitHit {
        let hit = match code {
            ErrorCode::LimitTotal => self.meter.overdue(),
            _ => None,
        };
        hit.unwrap_or_else(LimitHit::cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_gives_these_bytes_however_they_are_taken() {
        let mut whole = [0; 100];
        Stream::new([7; 32]).fill(&mut whole);
        // Made with another implementation: the vector of docs/protocols/randomness.md.
        let first = "9ea17e76a1cd56efdaff22ac977247a6928e44aadec5d2e243f5be385462c2b81c3eb0c3cb44547f";
        assert_eq!(hex::encode(&whole[..40]), first);
        let mut parts = Vec::new();
        let mut stream = Stream::new([7; 32]);
        for len in [0, 1, 31, 32, 3, 33] {
            let mut part = vec![0; len];
            stream.fill(&mut part);
            parts.extend(part);
        }
        assert_eq!(parts, whole);
    }

    #[test]
    fn an_answer_that_is_no_value_is_refused() {
        let digits = "0f".repeat(32);
        assert_eq!(value_of(&format!("\"{digits}\"")).unwrap(), [0x0f; 32]);
        for wrong in [
            digits.clone(),
            format!("\"{digits}00\""),
            "\"\"".into(),
            "null".into(),
            "\"".into(),
            String::new(),
        ] {
            assert!(value_of(&wrong).is_err(), "{wrong}");
        }
    }
}
