//! May this action, for this caller, use this key?
//!
//! Asked twice for every signature: when the intent is made, and when the node's last message of the
//! signature leaves it. The block that a request names never authorises anything.

use quorate_auth::{Method, Session, Who};
use quorate_wire::{ActionCid, Digest, ErrorCode, KeyId, MessageKind, PublicKey, keccak256, limits};
use sha2::{Digest as _, Sha256};

use crate::{
    At, Grant, Heard, Pkp, ReadRights, SCOPE_NO_SINGLE_NODE, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING,
    SCOPE_SIGN_LOGINS, Subject, TYPE_OIDC, TYPE_PASSKEY, TYPE_UPSTREAM_APPLE, TYPE_UPSTREAM_GOOGLE,
    TYPE_UPSTREAM_PASSKEY, contexts::upstream_id,
};

/// Who wants what of a key of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The key.
    pub key: PublicKey,
    /// The running action.
    pub action: ActionCid,
    /// What is to be signed.
    pub kind: MessageKind,
    /// Whether the run knows a value that was taken from one node.
    pub single_node: bool,
}

/// Whether the last head statement is recent enough to decide anything by, at a moment of the monotonic clock and of the
/// wall clock, in milliseconds. Either clock denies: the monotonic one, for whoever sets the wall clock; the statement's
/// own time, for whoever hands out old statements late.
///
/// # Errors
/// `registry_stale`.
pub fn registry_fresh(heard: Heard, mono_ms: u64, unix_ms: u64) -> Result<(), ErrorCode> {
    let waited_ms = mono_ms.saturating_sub(heard.asked_mono_ms);
    let age_ms = unix_ms.saturating_sub(heard.stated_unix_ms);
    let ahead_ms = heard.stated_unix_ms.saturating_sub(unix_ms);
    if waited_ms.max(age_ms) <= limits::HEAD_AGE_MS_MAX && ahead_ms <= limits::HEAD_AHEAD_MS_MAX {
        Ok(())
    } else {
        Err(ErrorCode::RegistryStale)
    }
}

/// The id of the key, if the wish is granted at the latest head *and* at the finalized block.
///
/// Grants so wait for finality, revocations bite at once, and a reorganisation can only deny. That the id gives the very
/// key under the root is for the caller to compute.
///
/// # Errors
/// `pkp_unknown`, `not_granted`, `scope_missing` or `single_node_value`.
pub fn may_sign(registry: &dyn ReadRights, wish: &Wish, session: &Session) -> Result<KeyId, ErrorCode> {
    let finalized = allowed(registry, At::Finalized, (wish, session))?;
    let latest = allowed(registry, At::Latest, (wish, session))?;
    if latest.key_id == finalized.key_id { Ok(latest.key_id) } else { Err(ErrorCode::PkpUnknown) }
}

/// The key, if one reading of the registry grants this wish: to the running action; or to the caller, if the session names
/// this very key and this very action, and the login behind it owns the token or has a grant of its own.
///
/// # Errors
/// `pkp_unknown`, `not_granted`, `scope_missing` or `single_node_value`.
pub fn allowed(
    registry: &dyn ReadRights,
    at: At,
    (wish, session): (&Wish, &Session),
) -> Result<Pkp, ErrorCode> {
    let pkp = registry.pkp(&wish.key, at).ok_or(ErrorCode::PkpUnknown)?;
    if pkp.token != wish.key.token_id() {
        return Err(ErrorCode::PkpUnknown);
    }
    let to_action = registry.grant(&pkp.token, &Subject::Action(wish.action), at);
    if allows(&to_action, wish.kind) {
        return restricted(&to_action, wish).map(|()| pkp);
    }
    // The other way: the caller's session names this very key and this very action, and the login
    // behind it owns the token or has a grant of its own.
    if session.names_exactly(&wish.key, &wish.action) {
        for subject in subjects(session) {
            let to_caller = registry.grant(&pkp.token, &subject, at);
            let owns = matches!(subject, Subject::Address(address) if pkp.owner == Some(address));
            if owns || allows(&to_caller, wish.kind) {
                return restricted(&to_caller, wish).map(|()| pkp);
            }
        }
    }
    Err(if to_action.member { ErrorCode::ScopeMissing } else { ErrorCode::NotGranted })
}

/// Whom grants to the login behind a session can name: each of its methods, by our id, and by upstream's where it has one.
#[must_use]
pub fn subjects(session: &Session) -> Vec<Subject> {
    session.methods.iter().flat_map(of_method).collect()
}

/// Upstream's type of somebody whom an issuer knows, if it has one.
pub(crate) fn upstream_type(issuer: &str, subject: &str, audience: &str) -> Option<u64> {
    let kind = match issuer {
        "https://accounts.google.com" => TYPE_UPSTREAM_GOOGLE,
        "https://appleid.apple.com" => TYPE_UPSTREAM_APPLE,
        _ => return None,
    };
    // Its id has no lengths: with the separator inside of a part, two people could have one.
    (!subject.contains(':') && !audience.contains(':')).then_some(kind)
}

fn of_method(method: &Method) -> Vec<Subject> {
    let own = |kind| Subject::Method { kind, id: method.id.0, recorded: None };
    match &method.who {
        Who::Wallet(address) => vec![Subject::Address(*address)],
        Who::Oidc { issuer, subject, .. } => {
            let id = || upstream_id(subject, &method.audience);
            let upstream = upstream_type(issuer, subject, &method.audience).map(|kind| Subject::Method {
                kind,
                id: id(),
                recorded: None,
            });
            std::iter::once(own(TYPE_OIDC)).chain(upstream).collect()
        }
        Who::Passkey { public_key, credential_id } => {
            // Anybody can name any credential: it counts for the key that the token has recorded with it.
            let upstream = credential_id.as_ref().map(|credential| Subject::Method {
                kind: TYPE_UPSTREAM_PASSKEY,
                id: Digest(keccak256(format!("{credential}:lit").as_bytes())),
                recorded: Some(Digest(Sha256::digest(public_key).into())),
            });
            std::iter::once(own(TYPE_PASSKEY)).chain(upstream).collect()
        }
    }
}

/// Whether a grant covers this kind of message. To sign anything covers all.
fn allows(grant: &Grant, kind: MessageKind) -> bool {
    let own = match kind {
        MessageKind::Personal => grant.allows(SCOPE_PERSONAL_SIGN),
        MessageKind::Login => grant.allows(SCOPE_SIGN_LOGINS),
        MessageKind::Digest | MessageKind::Action => false,
    };
    own || grant.allows(SCOPE_SIGN_ANYTHING)
}

/// What a grant forbids beside what it allows.
fn restricted(grant: &Grant, wish: &Wish) -> Result<(), ErrorCode> {
    if wish.single_node && grant.allows(SCOPE_NO_SINGLE_NODE) {
        return Err(ErrorCode::SingleNodeValue);
    }
    Ok(())
}
