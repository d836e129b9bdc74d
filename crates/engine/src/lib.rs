//! What one Quorate node decides: a closed [`Input`] in, closed [`Effect`]s out.
//!
//! The engine knows requests, grants, intents, signing attempts, bans and key ceremonies. It has no
//! clock, no disk, no socket, no thread and no source of entropy of its own: time and randomness are
//! arguments of [`Engine::handle`], and everything it wants done is an effect. So a simulator can run
//! many engines on a virtual clock, and a test can say what a node does by listing what it was told.
//! (The DKLs23 crate draws its own randomness inside `quorate-threshold`: the one exception.)
//!
//! Entry types: [`Engine`], [`Input`], [`Effect`]; the registry is read through [`ReadRegistry`].

// A new variant of one of our enums has to be looked at wherever there is a choice by it.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod accept;
mod admission;
mod committee;
mod conduct;
mod contract;
mod coordinator;
mod decryptions;
mod early;
mod ended;
mod endpoints;
mod engine;
mod execution;
mod facts;
mod finality;
mod founding;
mod logins;
mod member;
mod moving;
mod node;
mod order;
mod pairs;
mod peers;
mod rates;
mod report;
mod revocations;
mod starts;
mod status;
mod succession;
mod turn;
mod votes;

pub use contract::{
    ActionEnd, ActionEvent, ActionFailure, ActionStart, Answer, AskedBy, Call, Config, Effect, Input,
    NewerStart, Now, Payers, ReplyTo, RunNumber, Stored, Write,
};
pub use engine::Engine;
pub use logins::IssuerKeys;
pub use moving::{begin_after_move, retain_movable};
pub use quorate_policy::{
    At, BlockStanding, Grant, Heard, LoginLists, LoginRule, POLICY_CALL_GAS_MAX, Pkp, ReadPolicyFacts,
    ReadRegistry, ReadRights, SCOPE_DECRYPT, SCOPE_NO_SINGLE_NODE, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING,
    SCOPE_SIGN_LOGINS, Subject, TYPE_OIDC, TYPE_PASSKEY, Unreadable, registry_fresh,
};
pub use rates::Rates;
pub use report::Report;
pub use status::{EngineStatus, StartError};
