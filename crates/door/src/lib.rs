//! Accepting HTTP connections: bounded in number, by address, and none may be slow for ever.
//!
//! Nodes and the chain have the same door. Whoever opens connections, heads or bodies and says nothing on them holds a
//! share of the places for a bounded time, and others find some.

pub mod body;
pub mod descriptors;
pub mod late;
pub mod places;
mod server;
mod socket;

pub use descriptors::TooFewFiles;
pub use late::LateThreads;
pub use places::{Place, Places};
pub use server::{Bounds, Server};
