//! Tests that need the inside: contracts on a bare ledger, without sockets.

mod calls;
mod claims;
mod contracts;
mod derivation;
mod directory;
mod figures;
mod foreign;
mod harness;
mod helper;
mod indexes;
mod log;
mod logins;
mod minters;
mod model;
mod pool;
mod selectors;
mod snapshots;
mod state;
mod steps;
mod votes;
