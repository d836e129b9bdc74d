//! The shell of a Quorate node: sockets, disk, clock, entropy, workers.
//!
//! This crate knows how to carry bytes: between nodes (QUIC, mutually authenticated), from callers (HTTP), to the disk
//! (sealed), to the chain, to action workers and, behind a guard, to the servers that actions ask. It decides
//! nothing about requests, grants or signatures: that is `quorate-engine`, whose inputs it feeds and whose
//! effects it applies in order. It names no share and no scalar.
//!
//! Entry types: [`Config`] (`node.toml`), [`NodeKeys`], [`run`].
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let config = quorate_node::Config::load("node.toml".as_ref())?;
//! quorate_node::start_log(&config.log)?;
//! quorate_node::run(config, quorate_node::stop_signal()?).await
//! # }
//! ```

mod brain;
mod chain;
mod chains;
mod check;
mod clock;
mod code;
mod config;
mod egress;
mod endpoints;
mod entropy;
mod fault_log;
mod faults;
mod http;
mod inbox;
mod issuers;
mod keys;
mod log;
mod member;
mod metrics;
mod moving;
mod run;
mod secret_file;
mod signal;
mod signed_out;
mod store;
#[cfg(test)]
mod testing;
mod transport;
mod workers;

pub use brain::Halted;
pub use chains::{ReadGrants, answer_registry};
pub use check::{Finding, Grade, check_machine, check_walls};
pub use code::CodeConfig;
pub use config::{Config, ConfigError, EgressConfig, EndpointConfig, ShellLimits, SnapshotConfig};
pub use egress::{Outbound, OutboundReply, answer_fits, check_request};
pub use faults::{CoordinatorLie, FaultSwitches, MemberLie};
pub use keys::{KeyFiles, NodeKeys};
pub use log::{flush_log, start_log};
pub use moving::{
    AgeError, Export, Exported, Identity, Import, Imported, Lock, MovingError, ParcelError, Recipient,
    Setting, Unlock, export, import,
};
pub use run::{EXIT_HALTED, Listening, exit_status, run, run_with};
pub use secret_file::{SecretFileError, read_secret, read_secret_text};
pub use signal::stop_signal;
pub use store::{Store, StoreError};
pub use transport::{Probed, Reached, TransportError, probe};
