//! May it? The one rule about who may have what signed, with which key, and which digest that is.
//!
//! Pure: no clock, no key, no socket, no state. Whoever asks brings a reading of the registry, the session and the time.
//! A node asks here for every signature, `quorate action simulate` asks the same functions about its fixtures, and so a
//! simulation and a node cannot differ.
//!
//! Entry points: [`may_sign`], [`allowed`], [`digest`]; the registry is read through [`ReadRights`] and [`ReadRegistry`].

// A new variant of one of our enums has to be looked at wherever there is a choice by it.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod authority;
mod conditions;
mod contexts;
mod logins;
mod message;
mod registry;

pub use authority::{Wish, allowed, may_sign, registry_fresh, subjects};
pub use conditions::{
    CONDITIONS_MAX, DEPTH_MAX, Denial, POLICY_CALL_GAS_MAX, POLICY_CALLS_MAX, Policy, PolicyError,
    ReadPolicyFacts, Reader, Unreadable, may_open,
};
pub use contexts::{AuthContext, contexts};
pub use logins::{LoginLists, LoginRule};
pub use message::{Message, SigningKey, check_claim_id, check_signature_name, digest};
pub use quorate_wire::{PolicyForm, limits::POLICY_BYTES_MAX};
pub use registry::{
    At, BlockStanding, Grant, Heard, Pkp, ReadRegistry, ReadRights, SCOPE_DECRYPT, SCOPE_NO_SINGLE_NODE,
    SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, SCOPE_SIGN_LOGINS, Subject, TYPE_OIDC, TYPE_PASSKEY,
    TYPE_UPSTREAM_APPLE, TYPE_UPSTREAM_GOOGLE, TYPE_UPSTREAM_PASSKEY, TYPE_UPSTREAM_WALLET,
};
