//! What is tried with a login of each kind.

use quorate_wire::{ErrorCode, Login, NetworkId, SessionTerms, Submission};

use super::{Kind, KindRow, OWN, Seen, bare, with_terms};

/// The login that was seen, with other terms beside the same proofs.
fn other_terms(all: &Seen, kind: Kind, change: impl Fn(&mut SessionTerms)) -> Submission {
    all.under(with_terms(&all.of(kind).caller.login, change))
}

fn seen(all: &Seen, kind: Kind) -> Login {
    all.of(kind).caller.login.clone()
}

pub(super) const ROWS: &[KindRow] = &[
    (
        "a session key of its own in the terms",
        |all, kind| other_terms(all, kind, |terms| terms.session = bare(OWN).session_key()),
        ErrorCode::LoginInvalid,
    ),
    (
        "a session key of its own beside the login",
        |all, kind| all.under(seen(all, kind)),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "a session key of its own beside a login that no other node has seen",
        |all, kind| all.under(all.of(kind).unseen.login.clone()),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the person's session named, its own signature",
        |all, kind| {
            let mut own = bare(OWN);
            own.login = seen(all, kind);
            own.sign(all.of(kind).held.request.clone()).1
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "every capability instead",
        |all, kind| {
            other_terms(all, kind, |terms| terms.capabilities = vec!["quorate:key/*/action/*".to_owned()])
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "a capability more",
        |all, kind| {
            other_terms(all, kind, |terms| terms.capabilities.push("quorate:key/own/action/*".to_owned()))
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "a later end",
        |all, kind| other_terms(all, kind, |terms| terms.expires_ms += 60_000),
        ErrorCode::LoginInvalid,
    ),
    (
        "an earlier end",
        |all, kind| other_terms(all, kind, |terms| terms.expires_ms -= 60_000),
        ErrorCode::LoginInvalid,
    ),
    (
        "other randomness",
        |all, kind| other_terms(all, kind, |terms| terms.rz.0[0] ^= 1),
        ErrorCode::LoginInvalid,
    ),
    (
        "the session of the same person's other login",
        |all, kind| {
            let other = all.of(kind).unseen.session_key();
            other_terms(all, kind, move |terms| terms.session = other)
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "the login for another network",
        |all, kind| all.renamed(kind, all.of(kind).elsewhere.clone()),
        ErrorCode::LoginInvalid,
    ),
    (
        "another body under the signature, another request under the same nonce",
        |all, kind| {
            all.exchanged(kind, |request| {
                request.params = serde_json::value::RawValue::from_string(r#"{"a":1}"#.to_owned()).unwrap();
            })
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another action under the signature",
        |all, kind| {
            all.exchanged(kind, |request| request.action = quorate_wire::ActionCid::of_code(b"another"))
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another moment under the signature",
        |all, kind| all.exchanged(kind, |request| request.time_ms += 1),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another nonce under the signature",
        |all, kind| all.exchanged(kind, |request| request.nonce = "ab".repeat(16)),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another network under the signature",
        |all, kind| all.exchanged(kind, |request| request.network = NetworkId([9; 32])),
        ErrorCode::WrongNetwork,
    ),
    (
        "its own session named under the signature",
        |all, kind| all.exchanged(kind, |request| request.session = bare(OWN).session_key()),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the signature of another request of the session",
        |all, kind| Submission { sig: all.of(kind).sent.sig.clone(), ..all.of(kind).held.clone() },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "its own login beside a request",
        |all, kind| all.beside(kind, bare(OWN).login),
        ErrorCode::LoginMismatch,
    ),
    (
        "its own login named in a request",
        |all, kind| all.renamed(kind, bare(OWN).login),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the same person's other login beside a request",
        |all, kind| all.beside(kind, all.of(kind).unseen.login.clone()),
        ErrorCode::LoginMismatch,
    ),
    (
        "the same person's other login named in a request",
        |all, kind| all.renamed(kind, all.of(kind).unseen.login.clone()),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "other code for the action",
        |all, kind| Submission { code: Some("something else".to_owned()), ..all.of(kind).held.clone() },
        ErrorCode::CidMismatch,
    ),
];
