//! One node's decisions, tried with real threshold code on a virtual clock, three engines at a time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admission;
mod agreement;
mod ballots;
mod bounds;
mod conduct;
mod coordinators;
mod draws;
mod endpoints;
mod executions;
mod finality;
mod founding;
mod frames;
mod harness;
mod logins;
mod membership;
mod openings;
mod recorder;
mod refusals;
mod remembering;
mod sign_ins;
mod sign_outs;
mod signatures;
mod starts;
mod unawaited;
mod values;
