//! The contracts on a chain, read as a view at a block; the embedded chain.
//!
//! Knows: the contracts' interface and storage, how a chain of signed transactions is ordered, executed, stored and
//! served, and how another process follows it by replaying every block itself. Knows nothing of callers, sessions,
//! actions or key shares: it says what the registry records, not whether a request may pass.
//!
//! Entry types: [`chain::serve`] runs the embedded chain, [`follow::follow`] gives a node its [`view::RegistryView`],
//! [`tx_client::TxClient`] changes the registry as one account.
//!
//! ```
//! use quorate_registry::subject::Subject;
//!
//! // Grants name an action by the multihash of its code.
//! let action = Subject::Action([0x12; 34]);
//! assert_eq!(action.auth_method().1.len(), 34);
//! ```

pub mod abi;
pub mod artifacts;
pub mod chain;
pub mod deploy;
pub mod encode;
pub mod error;
pub mod follow;
pub mod moment;
pub mod revert;
pub mod rpc_client;
pub mod subject;
pub mod tx_client;
pub mod view;

#[cfg(test)]
mod tests;

pub use alloy_primitives;
