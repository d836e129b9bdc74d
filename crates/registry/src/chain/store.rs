//! A stand-in for the chain's store.

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct StoreError(pub(crate) String);
