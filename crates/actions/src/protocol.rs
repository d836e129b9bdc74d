//! What a node and its worker say to each other over their socket.

pub mod frame;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_quota::Portion;
use quorate_wire::{ErrorCode, HostCall, HostReply};

use crate::limits::ActionLimits;
use crate::outcome::{Finished, end_code};
use crate::walls::Walls;

/// From the node to a worker.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ToWorker {
    /// Fixes, once, which action this worker runs. Comes before everything but `Ping`.
    Assign {
        /// The action's CID, which the node has compared with the code.
        cid: String,
        /// The action's source text.
        code: Vec<u8>,
        /// What all executions of this worker may hold together.
        memory_bytes: u64,
    },
    /// Starts an execution.
    Run(RunMessage),
    /// Answers a host call.
    HostReply {
        /// Whose call.
        execution: u64,
        /// Which call of that execution.
        call: u32,
        /// The answer.
        reply: HostReply,
        /// Work that a child action did for this call; the execution pays for it.
        fuel: u64,
    },
    /// Ends an execution; it still reports `Finished`.
    Cancel {
        /// Which one.
        execution: u64,
        /// The limit that it has reached together with its child actions; `deadline_exceeded` if nobody waits for
        /// it any more.
        #[borsh(deserialize_with = "end_code")]
        code: ErrorCode,
        /// Says limit and use.
        message: String,
    },
    /// Asks for a sign of life.
    Ping {
        /// Comes back in `Pong`.
        nonce: u64,
    },
}

/// The inputs of one execution.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RunMessage {
    /// The node's number for it.
    pub execution: u64,
    /// The parameters: JSON text of an object.
    pub params: String,
    /// What `Lit.Auth` holds: JSON text of an object.
    pub auth: String,
    /// The request's time in milliseconds since 1970.
    pub time_ms: u64,
    /// Seeds `Math.random`.
    pub random_seed: [u8; 32],
    /// What the execution may use.
    pub limits: ActionLimits,
    /// In whose shares of the worker's threads it counts.
    pub payers: Vec<ThreadPayer>,
}

/// One in whose share of a worker's threads executions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct ThreadPayer {
    /// Says nothing else.
    pub number: u64,
    /// How many shares it may have.
    pub multiple: u32,
}

impl Portion for ThreadPayer {
    fn multiple(&self) -> u32 {
        self.multiple
    }
}

/// From a worker to its node.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FromWorker {
    /// The guest is loaded; the worker may be assigned.
    Ready {
        /// The walls that it could put up around itself.
        walls: Walls,
    },
    /// An execution wants something done.
    HostCall {
        /// Who wants it.
        execution: u64,
        /// Number of the call within its execution, from 0 upwards without gaps.
        call: u32,
        /// What it wants.
        op: HostCall,
        /// For a call of a child action: what the worker put aside for it.
        budget: Option<ChildBudget>,
    },
    /// An execution ended.
    Finished {
        /// Which one.
        execution: u64,
        /// How.
        finished: Finished,
    },
    /// Most of its threads have run long executions and have a low priority for good: it serves what it has
    /// to the end, and another worker should serve what comes.
    Worn,
    /// Answers `Ping`.
    Pong {
        /// The nonce of the `Ping`.
        nonce: u64,
    },
}

/// Half of what an execution had left when it called a child action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChildBudget {
    /// Work; what the child does not use comes back with its answer.
    pub fuel: u64,
    /// Time in milliseconds in which it may run.
    pub wall_ms: u64,
    /// Time in milliseconds that it may take in all.
    pub total_ms: u64,
}
