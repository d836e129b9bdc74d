//! How an execution ends.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::limits::Usage;

/// What one execution came to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Finished {
    /// Completed or failed.
    pub outcome: ActionOutcome,
    /// Everything the action wrote to its console, at most `ActionLimits::log_bytes`.
    pub logs: String,
    /// What it used.
    pub usage: Usage,
}

/// The end of an execution.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ActionOutcome {
    /// The action ran to its end.
    Completed {
        /// What it set with `setResponse`, or else what its `main` returned.
        response: Option<String>,
    },
    /// The action did not run to its end.
    Failed {
        /// Why, as a code that never changes its meaning.
        code: FailureCode,
        /// Why, for people. It is the action's own text where the action threw: treat it as hostile.
        message: String,
        /// The code of the host's error that the action left uncaught, if that is what ended it.
        cause: Option<String>,
    },
}

/// Why an execution failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum FailureCode {
    /// The action threw, or left a rejected promise unhandled.
    ActionThrew,
    /// The action waits for a promise that nothing can settle any more, and has said nothing.
    ActionPending,
    /// The action's text is not a JavaScript program.
    ActionSyntax,
    /// It used more of the processor than `ActionLimits::fuel`.
    LimitCpu,
    /// It ran longer than `ActionLimits::wall_ms`.
    LimitWall,
    /// It took longer than `ActionLimits::total_ms`, its waiting included.
    LimitTotal,
    /// It needed more memory than `ActionLimits::memory_bytes`.
    LimitMemory,
    /// It overran the machine stack below the engine's own, catchable, limit.
    LimitStack,
    /// Its response is longer than `ActionLimits::response_bytes`.
    LimitResponse,
    /// It wrote more than `ActionLimits::log_bytes` to its console.
    LimitLogs,
    /// Its source is longer than `ActionLimits::code_bytes`.
    LimitCode,
    /// Its parameters are longer than `ActionLimits::params_bytes`.
    LimitParams,
    /// It called `fetch` more often than `ActionLimits::fetches`.
    LimitFetches,
    /// It was answered with more than `ActionLimits::fetched_bytes`.
    LimitFetchedBytes,
    /// It used keys more often than `ActionLimits::signatures`.
    LimitSignatures,
    /// It had more values agreed on than `ActionLimits::collects`.
    LimitCollects,
    /// It read chains more often than `ActionLimits::contract_calls`.
    LimitContractCalls,
    /// It claimed more keys than `ActionLimits::claims`.
    LimitClaims,
    /// It had more random values agreed on than `ActionLimits::randoms`.
    LimitRandoms,
    /// It had more ciphertexts opened than `ActionLimits::decryptions`.
    LimitDecryptions,
    /// It called more child actions than `ActionLimits::children`.
    LimitChildren,
    /// It called a child action below `ActionLimits::depth`.
    LimitDepth,
    /// It made more host calls of all kinds than `ActionLimits::host_calls`.
    LimitHostCalls,
    /// It had more host calls open at once than `ActionLimits::pending`.
    LimitPromises,
    /// It had more timers set at once than `ActionLimits::timers`.
    LimitTimers,
    /// A parameter has the name of something that the runtime provides.
    ParamReserved,
    /// It used something that this runtime does not provide.
    NotSupported,
    /// Its caller gave it up.
    Cancelled,
    /// The engine itself failed; the instance was thrown away.
    EngineFault,
    /// The worker process that ran it died or was stopped.
    WorkerDied,
}

impl FailureCode {
    /// All codes, for tables and documentation.
    pub const ALL: [Self; 30] = [
        Self::ActionThrew,
        Self::ActionPending,
        Self::ActionSyntax,
        Self::LimitCpu,
        Self::LimitWall,
        Self::LimitTotal,
        Self::LimitMemory,
        Self::LimitStack,
        Self::LimitResponse,
        Self::LimitLogs,
        Self::LimitCode,
        Self::LimitParams,
        Self::LimitFetches,
        Self::LimitFetchedBytes,
        Self::LimitSignatures,
        Self::LimitCollects,
        Self::LimitContractCalls,
        Self::LimitClaims,
        Self::LimitRandoms,
        Self::LimitDecryptions,
        Self::LimitChildren,
        Self::LimitDepth,
        Self::LimitHostCalls,
        Self::LimitPromises,
        Self::LimitTimers,
        Self::ParamReserved,
        Self::NotSupported,
        Self::Cancelled,
        Self::EngineFault,
        Self::WorkerDied,
    ];

    /// The stable name of the code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ActionThrew => "action_threw",
            Self::ActionPending => "action_pending",
            Self::ActionSyntax => "action_syntax",
            Self::LimitCpu => "limit_cpu",
            Self::LimitWall => "limit_wall",
            Self::LimitTotal => "limit_total",
            Self::LimitMemory => "limit_memory",
            Self::LimitStack => "limit_stack",
            Self::LimitResponse => "limit_response",
            Self::LimitLogs => "limit_logs",
            Self::LimitCode => "limit_code",
            Self::LimitParams => "limit_params",
            Self::LimitFetches => "limit_fetches",
            Self::LimitFetchedBytes => "limit_fetched_bytes",
            Self::LimitSignatures => "limit_signatures",
            Self::LimitCollects => "limit_collects",
            Self::LimitContractCalls => "limit_contract_calls",
            Self::LimitClaims => "limit_claims",
            Self::LimitRandoms => "limit_randoms",
            Self::LimitDecryptions => "limit_decryptions",
            Self::LimitChildren => "limit_children",
            Self::LimitDepth => "limit_depth",
            Self::LimitHostCalls => "limit_host_calls",
            Self::LimitPromises => "limit_promises",
            Self::LimitTimers => "limit_timers",
            Self::ParamReserved => "param_reserved",
            Self::NotSupported => "not_supported",
            Self::Cancelled => "cancelled",
            Self::EngineFault => "engine_fault",
            Self::WorkerDied => "worker_died",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
