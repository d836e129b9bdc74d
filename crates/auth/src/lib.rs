//! Who is calling, and what the caller's session may do.
//!
//! A wallet signs a SIWE text (EIP-4361) that names an ephemeral ed25519 key, the session; or an issuer of OpenID Connect
//! signs an ID token, or a passkey an assertion, whose nonce or challenge names it. The session signs every request. The
//! nonce binds each of them to the network, the session key, its end and its capabilities, so that a node to which a login
//! is shown can do nothing with it.
//!
//! This crate opens no socket, reads no clock and draws no randomness: keys and time are arguments. It
//! does not know what is granted on the chain; it says only what the caller's wallet allowed.
//!
//! Entry points: [`verify_login`] gives a [`Session`], [`verify_request`] checks that a session
//! signed a submission, [`check_time`] is the one rule about a request's time.
//!
//! ```
//! use quorate_auth::{DID_KEY_PREFIX, did_key, parse_did_key};
//! use quorate_wire::SessionKey;
//! let session = SessionKey([7; 32]);
//! assert!(did_key(&session).starts_with(DID_KEY_PREFIX));
//! assert_eq!(parse_did_key(&did_key(&session)), Some(session));
//! ```

// A new variant of one of our enums has to be looked at wherever there is a choice by it.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod address;
mod did;
pub mod eip191;
mod key_ring;
mod login;
mod login_text;
pub mod oidc;
pub mod passkey;
mod printable;
mod request;
mod session;
mod signed_out;
pub mod siwe;
mod strict_json;
mod verifier;

pub use address::{checksum_address, parse_checksum_address};
pub use did::{DID_KEY_PREFIX, did_key, parse_did_key};
pub use key_ring::{Found, HeldKeys, WITHDRAWN_MS_MAX};
pub use login::{ISSUED_AHEAD_MS_MAX, KnownIssuer, LoginBlock, LoginFacts, NoFacts, verify_login};
pub use login_text::{is_invisible, is_login_text};
pub use printable::printable;
pub use request::{
    check_time, session_request_digest, verify_code_request, verify_decryption_request, verify_request,
    verify_revocation_request,
};
pub use session::{Method, Session, Who};
pub use signed_out::{Ended, SignedOut};
pub use siwe::SiweMessage;
