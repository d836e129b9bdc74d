//! How much? The one rule for what a payer may hold at once, and the one for how often it may ask.
//!
//! Pure: no clock, no lock, no queue. Time is an argument, in milliseconds since any fixed moment. Waiting lines, atomics
//! and tables of payers stay with whoever has them.
//!
//! Entry points: [`may_hold`] and [`Held`] for what is held at once; [`Rate`] and [`Bucket`] for what comes in a time.

// A new variant of one of our enums has to be looked at wherever there is a choice by it.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod held;
mod rate;

pub use held::{Held, Portion, may_hold};
pub use rate::{Bucket, Rate};
