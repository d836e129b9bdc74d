//! Counting: the worker counts what its execution asks for, and the node counts again.

use std::fmt;

use crate::limits::{ActionLimits, OPEN_CALLS_BYTES_MAX, Usage};
use quorate_wire::{ErrorCode, HostCall, RpcMethod};

/// The error by which a host function ends an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitHit {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl LimitHit {
    pub(crate) const fn new(code: ErrorCode, message: String) -> Self {
        Self { code, message }
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(ErrorCode::DeadlineExceeded, "the execution was cancelled".to_owned())
    }
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LimitHit {}

/// A limit that was reached, with what was used and what is allowed.
pub(crate) fn over(code: ErrorCode, what: &str, used: u64, allowed: u64) -> LimitHit {
    LimitHit::new(code, format!("{what}: {used} used, {allowed} allowed"))
}

/// The bytes of the calls that are open, with those of a further one, if that many may be.
pub(crate) fn open_bytes(open: u64, more: u64) -> Result<u64, LimitHit> {
    let bytes = open.saturating_add(more);
    if bytes > OPEN_CALLS_BYTES_MAX {
        let what = "bytes of host calls open at once";
        return Err(over(ErrorCode::LimitPromises, what, bytes, OPEN_CALLS_BYTES_MAX));
    }
    Ok(bytes)
}

/// What has been asked for so far: of one execution, or of one with its child actions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    fetches: u32,
    fetched_bytes: u64,
    signatures: u32,
    collects: u32,
    contract_calls: u32,
    claims: u32,
    randoms: u32,
    decryptions: u32,
    children: u32,
    host_calls: u32,
}

impl Counts {
    /// Counts a call. It is counted before anything is waited for, so parallel calls do not slip under a
    /// limit together.
    pub(crate) fn call(&mut self, op: &HostCall, limits: &ActionLimits) -> Result<(), LimitHit> {
        use ErrorCode as Code;
        let counted = match op {
            HostCall::Sign(_) => Some((
                &mut self.signatures,
                limits.signatures,
                Code::LimitSignatures,
                "operations with a key",
            )),
            HostCall::Fetch(_) => {
                Some((&mut self.fetches, limits.fetches, Code::LimitFetches, "calls of fetch"))
            }
            HostCall::Claim { .. } => {
                Some((&mut self.claims, limits.claims, Code::LimitClaims, "claims of keys"))
            }
            HostCall::Random => {
                Some((&mut self.randoms, limits.randoms, Code::LimitRandoms, "random values agreed on"))
            }
            HostCall::Open(_) => Some((
                &mut self.decryptions,
                limits.decryptions,
                Code::LimitDecryptions,
                "ciphertexts opened",
            )),
            HostCall::Collect { .. } | HostCall::RunOnce { .. } => {
                Some((&mut self.collects, limits.collects, Code::LimitCollects, "values agreed on"))
            }
            // The address of a server is this node's own configuration: nothing is read.
            HostCall::Rpc { chain: _, method: RpcMethod::PublicUrl } => None,
            HostCall::Rpc { .. } => Some((
                &mut self.contract_calls,
                limits.contract_calls,
                Code::LimitContractCalls,
                "reads of chains",
            )),
            HostCall::Call { .. } => {
                Some((&mut self.children, limits.children, Code::LimitChildren, "calls of child actions"))
            }
            HostCall::ActionKey { .. }
            | HostCall::DecryptRoot
            | HostCall::Registry(_)
            | HostCall::RunOnceResult { .. }
            | HostCall::Pause { .. } => None,
        };
        if let Some((count, allowed, code, what)) = counted {
            add(count, allowed, code, what)?;
        }
        add(&mut self.host_calls, limits.host_calls, Code::LimitHostCalls, "host calls of all kinds")
    }

    /// Counts the body of an answer.
    pub(crate) fn fetched(&mut self, bytes: usize, limits: &ActionLimits) -> Result<(), LimitHit> {
        self.fetched_bytes = self.fetched_bytes.saturating_add(bytes as u64);
        if self.fetched_bytes > limits.fetched_bytes {
            let (used, allowed) = (self.fetched_bytes, limits.fetched_bytes);
            return Err(over(ErrorCode::LimitFetchedBytes, "bytes fetched", used, allowed));
        }
        Ok(())
    }

    /// The limits of somebody who may use what is left.
    pub(crate) fn left(&self, limits: &ActionLimits) -> ActionLimits {
        ActionLimits {
            fetches: limits.fetches.saturating_sub(self.fetches),
            fetched_bytes: limits.fetched_bytes.saturating_sub(self.fetched_bytes),
            signatures: limits.signatures.saturating_sub(self.signatures),
            collects: limits.collects.saturating_sub(self.collects),
            contract_calls: limits.contract_calls.saturating_sub(self.contract_calls),
            claims: limits.claims.saturating_sub(self.claims),
            randoms: limits.randoms.saturating_sub(self.randoms),
            decryptions: limits.decryptions.saturating_sub(self.decryptions),
            children: limits.children.saturating_sub(self.children),
            host_calls: limits.host_calls.saturating_sub(self.host_calls),
            ..*limits
        }
    }

    /// Writes the counters into a usage.
    pub(crate) const fn usage(&self, rest: Usage) -> Usage {
        Usage {
            fetches: self.fetches,
            fetched_bytes: self.fetched_bytes,
            signatures: self.signatures,
            collects: self.collects,
            contract_calls: self.contract_calls,
            claims: self.claims,
            randoms: self.randoms,
            decryptions: self.decryptions,
            children: self.children,
            host_calls: self.host_calls,
            ..rest
        }
    }
}

fn add(count: &mut u32, allowed: u32, code: ErrorCode, what: &str) -> Result<(), LimitHit> {
    *count = count.saturating_add(1);
    if *count > allowed {
        return Err(over(code, what, u64::from(*count), u64::from(allowed)));
    }
    Ok(())
}
