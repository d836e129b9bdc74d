//! Tests that need the inside: contracts on a bare ledger, without sockets.

mod contracts;
mod derivation;
mod directory;
mod figures;
mod harness;
mod log;
mod model;
mod pool;
mod unlocked;
