//! What one Quorate node decides: a closed [`Input`] in, closed [`Effect`]s out.
//!
//! The engine knows requests, grants, intents, signing attempts, bans and key ceremonies. It has no
//! clock, no disk, no socket, no thread and no source of entropy: time and randomness are arguments
//! of [`Engine::handle`], and everything it wants done is an effect. So a simulator can run many
//! engines on a virtual clock, and a test can say what a node does by listing what it was told.
//!
//! Entry types: [`Engine`], [`Input`], [`Effect`]; the registry is read through [`ReadRegistry`].

mod contract;
mod registry;

pub use contract::{
    ActionEnd, ActionEvent, ActionFailure, ActionStart, Config, EcdsaAnswer, Effect, Input, Now, ReplyTo,
    Report, RunNumber, SignCall, Stored, Write,
};
pub use registry::{At, BlockStanding, Grant, Pkp, ReadRegistry, SCOPE_SIGN_ANYTHING, Subject};

/// What `GET /v1/network` and the metrics show of an engine.
#[derive(Debug, Clone)]
pub struct EngineStatus {
    /// Whether this node takes executions.
    pub ready: bool,
    /// What it waits for, unless it is ready.
    pub waiting_for: Option<String>,
    /// The network's root, once certified by all members.
    pub root: Option<quorate_wire::PublicKey>,
    /// This start's number.
    pub incarnation: u64,
    /// Runs in progress.
    pub running: usize,
    /// Request ids remembered.
    pub remembered: usize,
    /// The other members.
    pub peers: Vec<quorate_wire::NodeView>,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A record of the store is not what this version writes.
    #[error("the record {key:?} of the store is damaged")]
    Damaged {
        /// The record.
        key: String,
    },
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(String),
}

/// One node's brain.
pub struct Engine {}

impl Engine {
    /// Starts a node from its configuration and everything it has stored.
    ///
    /// # Errors
    /// [`StartError`] if the configuration or a stored record is not usable.
    pub fn new(_config: Config, _stored: &Stored, _now: Now) -> Result<(Engine, Vec<Effect>), StartError> {
        Ok((Engine {}, Vec::new()))
    }

    /// Handles one input.
    pub fn handle(&mut self, _now: Now, _rng: &mut dyn rand_core::CryptoRng, _input: Input) -> Vec<Effect> {
        Vec::new()
    }

    /// Monotonic time in milliseconds at which [`Input::Tick`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }

    /// A summary for operators.
    #[must_use]
    pub fn status(&self) -> EngineStatus {
        EngineStatus {
            ready: false,
            waiting_for: None,
            root: None,
            incarnation: 0,
            running: 0,
            remembered: 0,
            peers: Vec::new(),
        }
    }
}
