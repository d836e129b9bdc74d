//! Distributed key generation, threshold ECDSA and threshold values as pure rounds: bytes in, bytes out.
//!
//! **What it knows.** Key generation for one root or for all ([`Dkg`], [`SixRoots`]), each root with a
//! [`Purpose`] that is the type of its shares; the pairwise set-up under signing ([`PairSetup`]), signing
//! by exactly t members ([`EcdsaSign`]), and how keys are derived from a root ([`mod@derive`]). Each
//! ceremony is a [`Driver`]: start it, send what it says, give it what arrives, and read the [`Outcome`].
//! The driver bounds and orders messages, and names who is silent ([`Driver::waiting_for`]) or lying
//! ([`Fault`]). Threshold values ([`mod@value`]) need no rounds.
//!
//! **What it deliberately does not know.** Clocks, sockets, files, threads; who may sign what; which
//! node is which index; when to give up. Channels between members must be authenticated and
//! encrypted: `from` is the sender, whatever the bytes say. Whether all members have stored their
//! shares is confirmed by their signed statements over [`RootShare::public_digest`], above this crate.
//! Bans ([`Failure::Ban`]) are reported here and kept durable elsewhere.
//!
//! **Entropy** is an argument wherever the protocol is ours. The ECDSA crate underneath draws inside
//! ([`PairSetup`], [`EcdsaSign`]), from a generator of this process: the one exception. It is seeded anew from the
//! operating system at each start of either.
//!
//! The protocols, with the numbered steps that the code cites, are in `docs/protocols/dkg.md` and
//! `docs/protocols/signing.md`. No audit report of the `dkls23` crates was found.
//!
//! # Example
//!
//! A key of three, and a signature by the first and the third.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use quorate_threshold::{
//!     Dkg, DkgInput, Driver, EcdsaSign, Misuse, Outcome, Outgoing, PairInput, PairSetup, Params,
//!     PartyIndex, Protocol, SignSecp256k1, SigningInput, derive,
//! };
//! # use rand_chacha::rand_core::SeedableRng;
//!
//! /// A network of one process: delivers messages until all is said.
//! fn run<P: Protocol>(started: Vec<(Driver<P>, Vec<Outgoing>)>) -> BTreeMap<PartyIndex, P::Output> {
//!     let (mut drivers, mut flight, mut outputs) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
//!     for (driver, messages) in started {
//!         flight.extend(messages.into_iter().map(|message| (driver.me(), message)));
//!         drivers.insert(driver.me(), driver);
//!     }
//!     while let Some((from, message)) = flight.pop() {
//!         let driver = drivers.get_mut(&message.to).expect("everybody takes part");
//!         let step = driver.receive(from, &message.payload).expect("nobody else does");
//!         flight.extend(step.messages.into_iter().map(|next| (message.to, next)));
//!         match step.outcome {
//!             Some(Outcome::Done(output)) => drop(outputs.insert(message.to, output)),
//!             Some(Outcome::Failed(failure)) => panic!("{failure}"),
//!             None => {}
//!         }
//!     }
//!     outputs
//! }
//!
//! # fn main() -> Result<(), Misuse> {
//! // In a node the entropy comes from the operating system.
//! let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//! let params = Params::new(2, 3)?;
//! let mut start = |me| Dkg::<SignSecp256k1>::start(DkgInput { params, me, session: [1; 32] }, &mut rng);
//! let shares = run(params.parties().map(&mut start).collect::<Result<_, _>>()?);
//!
//! let signers = [PartyIndex::new(1)?, PartyIndex::new(3)?];
//! let pair = |me, peer| PairSetup::start(PairInput { me, peer, session: [2; 32] });
//! let states = run(vec![pair(signers[0], signers[1])?, pair(signers[1], signers[0])?]);
//! let pairs: BTreeMap<_, _> =
//!     states.into_iter().map(|(me, state)| (me, BTreeMap::from([(state.peer(), state)]))).collect();
//!
//! let key_id = [7; 32];
//! let sign = |me: &PartyIndex| {
//!     EcdsaSign::start(SigningInput {
//!         share: &shares[me],
//!         pairs: &pairs[me],
//!         tweak: derive::tweak(&key_id)?,
//!         digest: [8; 32],
//!         signers: &signers,
//!         session: [9; 32],
//!     })
//! };
//! let signatures = run(signers.iter().map(sign).collect::<Result<_, _>>()?);
//! assert_eq!(signatures[&signers[0]], signatures[&signers[1]]);
//!
//! // Anybody computes the key that it verifies under.
//! let _key = derive::public_key(&shares[&signers[0]].root_public_key(), &key_id)?;
//! # Ok(())
//! # }
//! ```

// A new variant of one of our enums has to be looked at wherever there is a choice by it.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod codec;
pub mod derive;
mod dkg;
mod driver;
mod entropy;
mod fault;
mod group;
mod key_set;
mod pair;
mod party;
mod purpose;
mod root_share;
mod sign;
mod transcript;
pub mod value;

pub use dkg::{Dkg, DkgInput, DkgRounds, RootSet, SixRoots};
pub use driver::{Driver, Outcome, Outgoing, Protocol, Step};
pub use fault::{Bug, Check, Failure, Fault, Misuse};
pub use key_set::{KeySetShares, RootInfo};
pub use pair::{PairInput, PairSetup, PairSetupRounds, PairState};
pub use party::{PARTIES_MAX, Params, PartyIndex};
pub use purpose::{BlsRoot, Decrypt, Purpose, Random, Root, Session, SignEd25519, SignP256, SignSecp256k1};
pub use root_share::{PublicKeyOf, RootShare};
pub use sign::{EcdsaRounds, EcdsaSign, EcdsaSignature, SigningInput};

/// Ceremonies and what they leave behind move between threads; callers rely on it.
const _: () = {
    const fn moves<T: Send + Sync>() {}
    moves::<Dkg<SixRoots>>();
    moves::<PairSetup>();
    moves::<EcdsaSign>();
    moves::<KeySetShares>();
    moves::<PairState>();
};
