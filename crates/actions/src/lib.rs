//! Runs one JavaScript action under limits in a keyless worker process.
//!
//! This crate knows how to execute the text of an action: a guest (QuickJS-NG compiled to wasm) in a fresh
//! instance for each execution, a worker process that serves one CID in its life, and the [`Pool`] with
//! which a node keeps such workers. It deliberately does not know keys, grants, sessions or the network:
//! what an action asks for leaves as a [`HostCall`](quorate_wire::HostCall) and is judged elsewhere.
//!
//! The entry types are [`Pool`] (the node's side), [`worker_main`] (the worker's side) and [`Guest`] (the
//! compiled guest that both need, made by `cargo xtask guest`).
//!
//! ```no_run
//! use std::sync::Arc;
//! use quorate_actions::{ActionLimits, ActionStart, Guest, Pool, PoolConfig, WorkerCommand};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let guest = Guest::load(&Guest::locate(None)?)?;
//! let worker = WorkerCommand::new(std::env::current_exe()?, ["worker"]);
//! let (pool, mut events) = Pool::new(PoolConfig::new(worker, guest));
//! pool.start(ActionStart {
//!     execution: 1,
//!     cid: "QmExample".into(),
//!     code: Arc::from(&b"Lit.Actions.setResponse({response: String(1 + 1)})"[..]),
//!     params: "{}".into(),
//!     auth: "{}".into(),
//!     time_ms: 1_700_000_000_000,
//!     random_seed: [7; 32],
//!     limits: ActionLimits::default(),
//!     parent: None,
//!     payers: Vec::new(),
//! })?;
//! while let Some(event) = events.recv().await {
//!     // Answer host calls with `pool.answer`, take the outcome from `ActionEvent::Finished`.
//! }
//! # Ok(())
//! # }
//! ```

mod engine;
mod execution;
mod guest;
mod hot;
mod limits;
mod outcome;
mod pool;
mod protocol;
mod walls;
mod worker;

#[cfg(feature = "guest-compiler")]
pub mod compiler;

pub use engine::{Engine, EngineError, EngineOptions, HashObserver};
pub use execution::{Execution, OpenCall, Progress, RunInputs};
pub use guest::{Guest, GuestError, GuestManifest};
pub use hot::HotPages;
pub use limits::{ActionLimits, CALL_GAS_MAX, CODE_FRAME_BYTES_MAX, FUEL_PER_GAS, Usage};
pub use outcome::{ActionOutcome, Finished};
pub use pool::{
    ActionEvent, ActionStart, ParentCall, Pool, PoolConfig, PoolError, PoolStatus, WorkerCommand, WorkerEnd,
};
pub use protocol::ChildBudget;
pub use walls::{UnknownWall, Wall, Walls};
pub use worker::step_back;
#[doc(hidden)]
pub use worker::wall_probe;
pub use worker::worker_main;

/// The worker's wire format, for test programs that speak it without being a worker.
#[doc(hidden)]
pub mod worker_protocol {
    pub use crate::protocol::frame;
    pub use crate::protocol::{FromWorker, RunMessage, ThreadPayer, ToWorker};
}
