//! What the guest can reach: five functions, and nothing else. Everything that comes through them is
//! hostile: the guest runs somebody else's program in a C engine.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};
use wasmtime::{Caller, Engine, Linker, Memory, ResourceLimiter, Result};

use crate::limits::{ActionLimits, ERROR_CODE_BYTES_MAX, FAILURE_BYTES_MAX};
use crate::outcome::{ActionOutcome, FailureCode};
use crate::protocol::{FetchRequest, HostCall, HostReply, SignRequest};

const KIND_SIGN: i32 = 0;
const KIND_SIGN_AND_COMBINE: i32 = 1;
const KIND_FETCH: i32 = 2;

/// The error by which a host function ends an execution.
#[derive(Debug)]
pub(crate) struct LimitHit {
    pub(crate) code: FailureCode,
    pub(crate) message: String,
}

impl LimitHit {
    pub(crate) const fn new(code: FailureCode, message: String) -> Self {
        Self { code, message }
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(FailureCode::Cancelled, "the execution was cancelled".to_owned())
    }
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LimitHit {}

/// The host's state of one execution.
pub(crate) struct Host {
    limits: ActionLimits,
    memory: Option<Memory>,
    logs: String,
    response: Option<String>,
    failure: Option<ActionOutcome>,
    new_calls: Vec<(u32, HostCall)>,
    sig_names: Vec<String>,
    made: u32,
    open: u32,
    fetches: u32,
    signatures: u32,
}

impl Host {
    pub(crate) const fn new(limits: ActionLimits) -> Self {
        Self {
            limits,
            memory: None,
            logs: String::new(),
            response: None,
            failure: None,
            new_calls: Vec::new(),
            sig_names: Vec::new(),
            made: 0,
            open: 0,
            fetches: 0,
            signatures: 0,
        }
    }

    pub(crate) const fn set_memory(&mut self, memory: Memory) {
        self.memory = Some(memory);
    }

    pub(crate) const fn calls_made(&self) -> u32 {
        self.made
    }

    pub(crate) const fn call_answered(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    pub(crate) fn take_calls(&mut self) -> Vec<(u32, HostCall)> {
        std::mem::take(&mut self.new_calls)
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

    /// Counts and queues a call. It is counted before anything is waited for, so parallel calls do not
    /// slip under a limit together.
    fn call(&mut self, op: HostCall) -> Result<i32> {
        let limits = &self.limits;
        let (kind, used, most) = match &op {
            HostCall::SignEcdsa(sign) | HostCall::SignAndCombineEcdsa(sign) => {
                // The guest refuses a second use of a name; one that comes here anyway is malformed.
                if self.sig_names.contains(&sign.name) {
                    return Ok(-1);
                }
                self.sig_names.push(sign.name.clone());
                self.signatures += 1;
                ("signatures", self.signatures, limits.signatures)
            }
            HostCall::Fetch(_) => {
                self.fetches += 1;
                ("fetches", self.fetches, limits.fetches)
            }
        };
        if used > most {
            return Err(limit(
                FailureCode::LimitHostCalls,
                format!("the action made more than {most} {kind}"),
            ));
        }
        if self.made >= limits.host_calls {
            let text = format!("the action made more than {} host calls", limits.host_calls);
            return Err(limit(FailureCode::LimitHostCalls, text));
        }
        if self.open >= limits.pending_calls {
            let text = format!("the action had more than {} host calls open at once", limits.pending_calls);
            return Err(limit(FailureCode::LimitPromises, text));
        }
        let number = self.made;
        self.made += 1;
        self.open += 1;
        self.new_calls.push((number, op));
        Ok(i32::try_from(number)?)
    }

    fn log(&mut self, text: &str) -> Result<()> {
        if self.logs.len() + text.len() > bytes(self.limits.logs_bytes) {
            let text = format!("the action wrote more than {} bytes to its console", self.limits.logs_bytes);
            return Err(limit(FailureCode::LimitLogs, text));
        }
        self.logs.push_str(text);
        Ok(())
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        if desired as u64 > self.limits.memory_bytes {
            // Not a refusal, which the script could catch and try again for ever: the end.
            let text = format!("the action needed more than {} bytes of memory", self.limits.memory_bytes);
            return Err(limit(FailureCode::LimitMemory, text));
        }
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        // The guest's table has a fixed size; only instantiation asks.
        Ok(desired <= 20_000)
    }
}

/// Links the guest's imports. What the C library would ask of an operating system is answered with
/// nothing: the guest has no clock, files, environment or randomness.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        "quorate",
        "call",
        |mut caller: Caller<'_, Host>, kind: i32, meta: u32, meta_len: u32, body: u32, body_len: u32| {
            let (data, host) = memory(&mut caller)?;
            let op = decode_call(kind, slice(data, meta, meta_len)?, slice(data, body, body_len)?);
            match op {
                Some(op) => host.call(op),
                None => Ok(-1),
            }
        },
    )?;
    linker.func_wrap("quorate", "log", |mut caller: Caller<'_, Host>, at: u32, len: u32| {
        let (data, host) = memory(&mut caller)?;
        host.log(&String::from_utf8_lossy(slice(data, at, len)?))
    })?;
    linker.func_wrap("quorate", "respond", |mut caller: Caller<'_, Host>, at: u32, len: u32| {
        let (data, host) = memory(&mut caller)?;
        if len > host.limits.response_bytes {
            let text = format!("the response is longer than {} bytes", host.limits.response_bytes);
            return Err(limit(FailureCode::LimitResponse, text));
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
                1 => FailureCode::ActionSyntax,
                2 => FailureCode::ParamReserved,
                3 => FailureCode::NotSupported,
                _ => FailureCode::ActionThrew,
            };
            let cause = bounded(slice(data, cause, cause_len)?, ERROR_CODE_BYTES_MAX);
            let message = bounded(slice(data, at, len)?, FAILURE_BYTES_MAX);
            let cause = (!cause.is_empty() && code == FailureCode::ActionThrew).then_some(cause);
            host.failure = Some(ActionOutcome::Failed { code, message, cause });
            Ok(())
        },
    )?;
    linker.func_wrap("quorate", "exceeded", |_: Caller<'_, Host>, _limit: i32| -> Result<()> {
        Err(limit(FailureCode::LimitPromises, "the action had too many timers open at once".to_owned()))
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

fn limit(code: FailureCode, message: String) -> wasmtime::Error {
    LimitHit::new(code, message).into()
}

/// A 32-bit count as a length; this crate runs on 64-bit machines only.
const fn bytes(count: u32) -> usize {
    count as usize
}

fn memory<'a>(caller: &'a mut Caller<'_, Host>) -> Result<(&'a [u8], &'a mut Host)> {
    let Some(memory) = caller.data().memory else {
        // Only `initialize`, which calls nothing of the host's, runs before the memory is known.
        return Err(wasmtime::Error::msg("a host call before the start"));
    };
    let (data, host) = memory.data_and_store_mut(caller);
    Ok((data, host))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignMeta {
    name: String,
    to_sign: String,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchMeta {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
}

/// The one decoder of what the guest asks for.
pub(crate) fn decode_call(kind: i32, meta: &[u8], body: &[u8]) -> Option<HostCall> {
    let op = match kind {
        KIND_SIGN | KIND_SIGN_AND_COMBINE => {
            let meta: SignMeta = serde_json::from_slice(meta).ok()?;
            let mut to_sign = [0; 32];
            hex::decode_to_slice(&meta.to_sign, &mut to_sign).ok()?;
            let sign =
                SignRequest { to_sign, public_key: hex::decode(&meta.public_key).ok()?, name: meta.name };
            if kind == KIND_SIGN { HostCall::SignEcdsa(sign) } else { HostCall::SignAndCombineEcdsa(sign) }
        }
        KIND_FETCH => {
            let meta: FetchMeta = serde_json::from_slice(meta).ok()?;
            HostCall::Fetch(FetchRequest {
                method: meta.method,
                url: meta.url,
                headers: meta.headers,
                body: body.to_vec(),
            })
        }
        _ => return None,
    };
    op.is_well_formed().then_some(op)
}

#[derive(Serialize)]
#[serde(untagged)]
enum ReplyMeta<'a> {
    Signed { r: String, s: String, recovery_id: u8 },
    Fetched { status: u16, headers: &'a [(String, String)], url: &'a str },
    Error { error: ErrorMeta<'a> },
}

#[derive(Serialize)]
struct ErrorMeta<'a> {
    code: &'a str,
    message: &'a str,
}

/// A reply as the guest reads it: JSON text and a body.
pub(crate) fn encode_reply(reply: &HostReply) -> Result<(String, &[u8])> {
    let (meta, body): (_, &[u8]) = match reply {
        HostReply::Signed { r, s, recovery_id } => {
            (ReplyMeta::Signed { r: hex::encode(r), s: hex::encode(s), recovery_id: *recovery_id }, &[])
        }
        HostReply::Fetched { status, headers, body, url } => {
            (ReplyMeta::Fetched { status: *status, headers, url }, body)
        }
        HostReply::Error { code, message } => (ReplyMeta::Error { error: ErrorMeta { code, message } }, &[]),
    };
    Ok((serde_json::to_string(&meta)?, body))
}
