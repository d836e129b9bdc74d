//! Many engines on a virtual clock, with faults and invariants.
//!
//! One seed makes a committee, a plan of faults and liars, and callers; real engines with the real
//! threshold code live in it, and after every step the checker compares what they do with what must
//! hold. Then faults end, and the network must serve again. Nothing here ships.
//!
//! The simulator knows engines only through their contract, and judges authority by its own reading of
//! the design. It does not know sockets, disks or JavaScript: those are the node's and are tested there.
//!
//! Entry points: [`run_seed`] runs one seed, [`Summary`] adds reports up.
//!
//! The same seed gives the same trace, cryptography included: see `entropy.rs` for how the ECDSA
//! crate's own randomness is made repeatable. The trace's hash leaves out what derives from it all the
//! same, so that it says something about the engines only.

mod byzantine;
mod caller;
mod chain;
mod committee;
mod entropy;
mod fixture;
mod host;
mod inbox;
mod invariants;
mod issuer;
mod links;
mod node;
mod person;
mod run;
mod scenario;
mod trace;
mod world;

pub use committee::Shape;
pub use fixture::prepare;
pub use invariants::{Counts, Violation};
pub use run::{SeedReport, Summary, kills, run_seed};
pub use scenario::{FOUNDINGS, KILLS, Kind};
