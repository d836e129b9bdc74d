//! Threshold ECDSA and distributed key generation as pure rounds: bytes in, bytes out.

pub mod derive;
mod fault;
mod group;
mod party;
mod transcript;

pub use fault::{Bug, Check, Failure, Fault, Misuse};
pub use party::{PARTIES_MAX, Params, PartyIndex};
