//! What the node knows of an execution, and which messages of its worker fit that.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::limits::{ActionLimits, ERROR_CODE_BYTES_MAX, FAILURE_BYTES_MAX};
use crate::outcome::{ActionOutcome, Finished};
use crate::protocol::{HostCall, HostReply};

/// One running execution.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) worker: u64,
    pub(super) cid: String,
    pub(super) cancelled: bool,
    limits: ActionLimits,
    started: Instant,
    next_call: u32,
    fetches: u32,
    signatures: u32,
    /// Open calls, and whether they are for a signature.
    open: HashMap<u32, bool>,
    sig_names: HashSet<String>,
}

impl Entry {
    pub(super) fn new(worker: u64, cid: String, limits: ActionLimits) -> Self {
        Self {
            worker,
            cid,
            cancelled: false,
            limits,
            started: Instant::now(),
            next_call: 0,
            fetches: 0,
            signatures: 0,
            open: HashMap::new(),
            sig_names: HashSet::new(),
        }
    }

    /// Whether it should have ended by itself long ago.
    pub(super) fn is_overdue(&self, grace: Duration) -> bool {
        self.started.elapsed() > Duration::from_millis(u64::from(self.limits.wall_ms)) + grace
    }

    pub(super) fn wall_ms(&self) -> u32 {
        u32::try_from(self.started.elapsed().as_millis()).unwrap_or(u32::MAX)
    }

    pub(super) const fn calls(&self) -> u32 {
        self.next_call
    }

    /// Enters a call, or says why no honest worker would make it. The worker enforces the same limits;
    /// they are counted again because a worker whose engine was broken into would not.
    pub(super) fn open_call(&mut self, call: u32, op: &HostCall) -> Result<(), &'static str> {
        if call != self.next_call {
            return Err("a call out of order");
        }
        if !op.is_well_formed() {
            return Err("a malformed call");
        }
        match op {
            HostCall::SignEcdsa(sign) | HostCall::SignAndCombineEcdsa(sign) => {
                self.signatures += 1;
                if !self.sig_names.insert(sign.name.clone()) {
                    return Err("a signature's name used twice");
                }
            }
            HostCall::Fetch(_) => self.fetches += 1,
        }
        let limits = &self.limits;
        if self.signatures > limits.signatures
            || self.fetches > limits.fetches
            || self.next_call >= limits.host_calls
            || self.open.len() >= limits.pending_calls as usize
        {
            return Err("more calls than the limits allow");
        }
        self.next_call += 1;
        self.open.insert(call, op.is_signature());
        Ok(())
    }

    /// Takes an open call out if the reply fits it.
    pub(super) fn close_call(&mut self, call: u32, reply: &HostReply) -> bool {
        let fits = self.open.get(&call).is_some_and(|signature| reply.answers(*signature));
        fits && self.open.remove(&call).is_some()
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
        outcome && finished.logs.len() <= self.limits.logs_bytes as usize
    }
}
