//! Key generation, pairwise set-up and signing among real parties in one process.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

mod driver;
mod keygen;
mod pairs;
mod signing;
mod six_roots;
mod spoiled_keygen;
mod spoiled_signing;
mod support;
