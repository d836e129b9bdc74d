//! Every frame between a node and its workers is frozen: of generated values of each, a hash is committed.
//!
//! `crates/wire/tests/golden.rs` says how; a field or a variant that is missing here does not compile.

#[macro_use]
#[path = "../../wire/tests/golden/source.rs"]
mod source;
#[expect(dead_code, reason = "frames are binary only")]
#[path = "../../wire/tests/golden/hashes.rs"]
mod hashes;
#[path = "../../wire/tests/golden/host_calls.rs"]
mod host_calls;

use hashes::Hashes;
use quorate_actions::worker_protocol::{FromWorker, RunMessage, ThreadPayer, ToWorker};
use quorate_actions::{ActionLimits, ActionOutcome, ChildBudget, Finished, Usage, Wall, Walls};
use quorate_wire::{Digest, ErrorCode, OpenTo, PolicyForm, Recipient};
use source::{Sample, Source};

#[test]
fn frames_are_what_they_were() {
    let mut hashes = Hashes::default();
    hashes.binary_variants::<ToWorker>("ToWorker");
    hashes.binary_variants::<FromWorker>("FromWorker");
    hashes.binary_variants::<ActionOutcome>("ActionOutcome");
    hashes.binary::<RunMessage>("RunMessage");
    hashes.binary::<ThreadPayer>("ThreadPayer");
    hashes.binary::<ChildBudget>("ChildBudget");
    hashes.binary::<Finished>("Finished");
    hashes.compare("tests/frames.txt", "cargo test -p quorate-actions --test frames");
}

choices! {
    ToWorker {
        Assign { cid, code, memory_bytes },
        Run(one),
        HostReply { execution, call, reply, fuel },
        Cancel { execution, code, message },
        Ping { nonce },
    }
    FromWorker {
        Ready { walls },
        HostCall { execution, call, op, budget },
        Finished { execution, finished },
        Worn,
        Pong { nonce },
    }
    OpenTo { All, One }
    Recipient { Caller, Action }
    PolicyForm { Unified, EvmBasic, EvmContract, SolRpc }
    ActionOutcome { Completed { response }, Failed { code, message, cause } }
}

records! {
    RunMessage { execution, params, auth, time_ms, random_seed, limits, payers }
    ThreadPayer { number, multiple }
    ChildBudget { fuel, wall_ms, total_ms }
    Finished { outcome, logs, usage }
    ActionLimits {
        wall_ms, total_ms, fuel, memory_bytes, stack_bytes, code_bytes, params_bytes, response_bytes,
        log_bytes, fetches, fetched_bytes, signatures, collects, contract_calls, claims, randoms,
        decryptions, children, depth, pending, timers, host_calls
    }
    Usage {
        fuel, wall_ms, host_ms, memory_bytes, response_bytes, log_bytes, fetches, fetched_bytes,
        signatures, collects, contract_calls, claims, randoms, decryptions, children, pending,
        timers, host_calls
    }
}

impl Sample for Walls {
    fn sample(from: &mut Source) -> Self {
        Wall::ALL.iter().copied().filter(|_| from.take()).collect()
    }
}

impl Sample for Digest {
    fn sample(from: &mut Source) -> Self {
        Digest(from.bytes())
    }
}

/// One of those with which a run can end: a frame with another is malformed.
impl Sample for ErrorCode {
    fn sample(from: &mut Source) -> Self {
        let ends =
            [ErrorCode::ActionThrew, ErrorCode::LimitCpu, ErrorCode::DeadlineExceeded, ErrorCode::Internal];
        ends[from.below(ends.len())]
    }
}
