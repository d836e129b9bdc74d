//! Every frame between a node and its workers is frozen: of generated values of each, a hash is committed.
//!
//! `crates/wire/tests/golden.rs` says how; a field or a variant that is missing here does not compile.

#[macro_use]
#[path = "../../wire/tests/golden/source.rs"]
mod source;
#[expect(dead_code, reason = "frames are binary only")]
#[path = "../../wire/tests/golden/hashes.rs"]
mod hashes;

use hashes::Hashes;
use quorate_actions::worker_protocol::{FromWorker, RunMessage, ThreadPayer, ToWorker};
use quorate_actions::{
    ActionLimits, ActionOutcome, CallBlock, ChildBudget, ContractCall, FailureCode, FetchRequest, Finished,
    HostCall, HostReply, OpenRequest, OpenWhat, Redirect, RegistryQuery, RpcMethod, SignKey, SignMessage,
    SignRequest, Usage, Wall, Walls,
};
use quorate_wire::{OpenTo, PolicyForm};
use source::{Sample, Source};

#[test]
fn frames_are_what_they_were() {
    let mut hashes = Hashes::default();
    hashes.binary_variants::<ToWorker>("ToWorker");
    hashes.binary_variants::<FromWorker>("FromWorker");
    hashes.binary_variants::<HostCall>("HostCall");
    hashes.binary_variants::<HostReply>("HostReply");
    hashes.binary_variants::<ActionOutcome>("ActionOutcome");
    hashes.binary_variants::<FailureCode>("FailureCode");
    hashes.binary_variants::<RegistryQuery>("RegistryQuery");
    hashes.binary_variants::<RpcMethod>("RpcMethod");
    hashes.binary::<RunMessage>("RunMessage");
    hashes.binary::<ThreadPayer>("ThreadPayer");
    hashes.binary::<ChildBudget>("ChildBudget");
    hashes.binary::<Finished>("Finished");
    hashes.binary::<SignRequest>("SignRequest");
    hashes.binary::<OpenRequest>("OpenRequest");
    hashes.binary::<FetchRequest>("FetchRequest");
    hashes.binary::<ContractCall>("ContractCall");
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
    HostCall {
        Sign(one),
        Fetch(one),
        ActionKey { cid },
        Registry(one),
        Claim { key_id },
        Random,
        DecryptRoot,
        Open(one),
        Collect { name, value },
        RunOnce { name, wait },
        RunOnceResult { of, result },
        Call { cid, params },
        Rpc { chain, method },
        Pause { ms },
    }
    HostReply {
        Signed { r, s, recovery_id },
        Fetched { status, headers, body, url },
        Value(one),
        Error { code, message },
    }
    RegistryQuery {
        IsPermittedAction { token, cid },
        IsPermittedAddress { token, address },
        IsPermittedAuthMethod { token, method, id },
        PermittedActions { token },
        PermittedAddresses { token },
        PermittedAuthMethods { token },
        PermittedAuthMethodScopes { token, method, id, scopes },
    }
    RpcMethod { PublicUrl, BlockNumber, Call(one), TransactionCount { address }, ChainId }
    CallBlock { Named, Number(one) }
    SignKey { Pkp(one), Own }
    SignMessage { Digest(one), Personal(one), Bytes(one) }
    OpenWhat { Lit(one), Container(one) }
    OpenTo { All, One }
    PolicyForm { Unified, EvmBasic, EvmContract, SolRpc }
    Redirect { Follow, Error, Manual }
    ActionOutcome { Completed { response }, Failed { code, message, cause } }
    FailureCode {
        ActionThrew, ActionPending, ActionSyntax, LimitCpu, LimitWall, LimitTotal, LimitMemory,
        LimitStack, LimitResponse, LimitLogs, LimitCode, LimitParams, LimitFetches,
        LimitFetchedBytes, LimitSignatures, LimitCollects, LimitContractCalls, LimitClaims,
        LimitRandoms, LimitDecryptions, LimitChildren, LimitDepth, LimitHostCalls,
        LimitPromises, LimitTimers, ParamReserved, NotSupported, Cancelled, EngineFault,
        WorkerDied
    }
}

records! {
    RunMessage { execution, params, auth, time_ms, random_seed, limits, payers }
    ThreadPayer { number, multiple }
    ChildBudget { fuel, wall_ms, total_ms }
    Finished { outcome, logs, usage }
    SignRequest { key, message, name, combine }
    OpenRequest { policy, form, what, to }
    FetchRequest { method, url, headers, body, redirect }
    ContractCall { to, data, from, value, gas, block }
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
