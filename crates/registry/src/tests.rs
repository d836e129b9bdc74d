//! Tests that need the inside: contracts on a bare ledger, without sockets.

mod claims;
mod contracts;
mod derivation;
mod directory;
mod figures;
mod foreign;
mod harness;
mod helper;
mod log;
mod logins;
mod minters;
mod model;
mod pool;
mod selectors;
mod steps;
mod unlocked;
