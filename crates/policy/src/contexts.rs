//! What an action is told of its caller's logins.

use quorate_auth::{Method, Session, Who, siwe::format_time};
use quorate_wire::{Digest, keccak256};
use serde::Serialize;

use crate::{TYPE_OIDC, TYPE_PASSKEY, TYPE_UPSTREAM_WALLET, authority::upstream_type};

/// One entry of `Lit.Auth.authMethodContexts`: upstream's members, and our id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthContext {
    /// Who, as a grant under the type names them: hexadecimal digits.
    pub user_id: String,
    /// Whom the login was shown to: a domain, a client id or a relying party.
    pub app_id: String,
    /// The type, as the contracts have it.
    pub auth_method_type: u64,
    /// The moment that the login proves, in ISO 8601.
    pub last_retrieved_at: String,
    /// End of the session, in seconds since the epoch.
    pub expiration: u64,
    /// Always: no other login makes a session.
    pub used_for_sign_session_key_request: bool,
    /// Our id of the method.
    pub id: String,
}

/// The contexts of a session, one for each method: under upstream's type where the method has one of its own there, and
/// else under ours. A passkey has ours, since upstream's id of it stands for no key.
#[must_use]
pub fn contexts(session: &Session) -> Vec<AuthContext> {
    session.methods.iter().map(|method| context(method, session.expires_ms)).collect()
}

fn context(method: &Method, expires_ms: u64) -> AuthContext {
    let own = method.id.to_string();
    let (auth_method_type, user_id) = match &method.who {
        Who::Wallet(address) => (TYPE_UPSTREAM_WALLET, address.to_string()),
        Who::Passkey { .. } => (TYPE_PASSKEY, own.clone()),
        Who::Oidc { issuer, subject, .. } => match upstream_type(issuer, subject, &method.audience) {
            Some(kind) => (kind, upstream_id(subject, &method.audience).to_string()),
            None => (TYPE_OIDC, own.clone()),
        },
    };
    AuthContext {
        user_id,
        app_id: method.audience.clone(),
        auth_method_type,
        last_retrieved_at: format_time(method.proven_ms),
        expiration: expires_ms / 1_000,
        used_for_sign_session_key_request: true,
        id: own,
    }
}

/// Upstream's id of somebody whom an issuer knows.
pub(crate) fn upstream_id(subject: &str, audience: &str) -> Digest {
    Digest(keccak256(format!("{subject}:{audience}").as_bytes()))
}
