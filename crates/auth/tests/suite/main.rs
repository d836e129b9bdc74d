//! Logins by other people's systems: what they really write is accepted, and every forgery is refused with its reason.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

mod assertions;
mod corpus;
mod jwks;
mod keys;
mod properties;
mod recorded;
mod tokens;
