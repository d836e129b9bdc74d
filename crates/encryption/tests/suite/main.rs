//! What is encrypted opens with the right value, and nothing else does.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

mod ciphertexts;
mod containers;
mod lit;
mod spoiled;
mod support;
mod vectors;
