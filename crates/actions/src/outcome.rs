//! How an execution ends.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

/// What one execution came to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Finished {
    /// Completed or failed.
    pub outcome: ActionOutcome,
    /// Everything the action wrote to its console, at most `ActionLimits::logs_bytes`.
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
    /// The action's text is not a JavaScript program.
    ActionSyntax,
    /// It used more of the processor than `ActionLimits::fuel`.
    LimitCpu,
    /// It took longer than `ActionLimits::wall_ms`.
    LimitWall,
    /// It needed more memory than `ActionLimits::memory_bytes`.
    LimitMemory,
    /// It overran the machine stack below the engine's own, catchable, limit.
    LimitStack,
    /// Its response is longer than `ActionLimits::response_bytes`.
    LimitResponse,
    /// It wrote more than `ActionLimits::logs_bytes` to its console.
    LimitLogs,
    /// It made more host calls, of one kind or of all, than its limits allow.
    LimitHostCalls,
    /// It had more host calls or timers open at once than its limits allow.
    LimitPromises,
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
    pub const ALL: [Self; 15] = [
        Self::ActionThrew,
        Self::ActionSyntax,
        Self::LimitCpu,
        Self::LimitWall,
        Self::LimitMemory,
        Self::LimitStack,
        Self::LimitResponse,
        Self::LimitLogs,
        Self::LimitHostCalls,
        Self::LimitPromises,
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
            Self::ActionSyntax => "action_syntax",
            Self::LimitCpu => "limit_cpu",
            Self::LimitWall => "limit_wall",
            Self::LimitMemory => "limit_memory",
            Self::LimitStack => "limit_stack",
            Self::LimitResponse => "limit_response",
            Self::LimitLogs => "limit_logs",
            Self::LimitHostCalls => "limit_host_calls",
            Self::LimitPromises => "limit_promises",
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

/// What an execution used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Usage {
    /// Work of the processor; equal on all nodes for equal guest, code, inputs and answers.
    pub fuel: u64,
    /// Time from start to end in milliseconds, host calls included. Differs between nodes.
    pub wall_ms: u32,
    /// Linear memory of the instance at its end, in bytes.
    pub memory_bytes: u64,
    /// Number of host calls made.
    pub host_calls: u32,
}
