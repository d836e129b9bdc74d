//! Threshold ECDSA and distributed key generation as pure rounds: bytes in, bytes out.

mod codec;
pub mod derive;
mod dkg;
mod driver;
mod fault;
mod group;
mod pair;
mod party;
mod root_share;
mod sign;
mod transcript;

pub use dkg::{Dkg, DkgInput, DkgRounds};
pub use driver::{Driver, Outcome, Outgoing, Protocol, Step};
pub use fault::{Bug, Check, Failure, Fault, Misuse};
pub use pair::{PairInput, PairSetup, PairSetupRounds, PairState};
pub use party::{PARTIES_MAX, Params, PartyIndex};
pub use root_share::RootShare;
pub use sign::{EcdsaRounds, EcdsaSign, EcdsaSignature, SigningInput};
