//! Wallet logins: a SIWE text that allows a session key to do named things until a time.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use quorate_wire::{
    Capability, ErrorCode, LoginKind, LoginTerms, NetworkFile, ParseIdError, Problem, SessionKey,
    WalletLogin,
    limits::{CAPABILITIES_MAX, REQUEST_AHEAD_MS_MAX, SESSION_MS_MAX},
    login_nonce,
};

use crate::{Session, SiweMessage, eip191, parse_did_key};

/// How a resource begins that gives a policy a parameter, as upstream's clients write it.
const POLICY_PARAMETER: &str = "litParam:";

/// A login may have been issued this much ahead of a node's clock.
pub const ISSUED_AHEAD_MS_MAX: u64 = 60_000;

/// Checks a wallet's login for this network, and says what it allows. Whether the network takes logins for the session's
/// domain is for its Directory to say.
///
/// The cheap checks come first; the chain id is informative, since an externally owned account is the
/// same on every chain.
///
/// # Errors
/// `session_expired` if the text's times do not admit `now_ms`; `login_invalid` for everything else,
/// with what was wrong.
pub fn verify_wallet_login(
    network: &NetworkFile,
    login: &WalletLogin,
    now_ms: u64,
) -> Result<Session, Problem> {
    match login.kind {
        LoginKind::Wallet => {}
    }
    login.check_bounds()?;
    let message = SiweMessage::parse(&login.message).map_err(|error| invalid(error.to_string()))?;
    check_times(&message, now_ms)?;
    let key = session_key(&message.uri)?;
    let capabilities = capabilities(&message.resources)?;
    let terms = LoginTerms {
        session: key,
        expires_ms: message.expires_ms,
        capabilities: &capabilities,
        rz: login.rz,
    };
    if message.nonce != login_nonce(&network.id(), &message.domain, &terms) {
        return Err(invalid(
            "the nonce does not bind the login to this network, session, end and capabilities",
        ));
    }
    let signature = eip191::parse_signature(&login.signature).map_err(|error| invalid(error.to_string()))?;
    let signer = eip191::recover(&eip191::hash(login.message.as_bytes()), &signature)
        .map_err(|error| invalid(error.to_string()))?;
    if signer != message.address {
        return Err(invalid("the login is not signed by the wallet that it names"));
    }
    Ok(Session {
        key,
        wallet: message.address,
        capabilities,
        expires_ms: message.expires_ms,
        domain: message.domain,
        resources: message.resources,
    })
}

fn check_times(message: &SiweMessage, now_ms: u64) -> Result<(), Problem> {
    let life_ms = message.expires_ms.saturating_sub(message.issued_at_ms);
    if life_ms == 0 || life_ms > SESSION_MS_MAX {
        return Err(invalid(format!("a session lives from 1 to {SESSION_MS_MAX} ms")));
    }
    let expired = |detail| Err(Problem::new(ErrorCode::SessionExpired, detail));
    if message.expires_ms <= now_ms {
        return expired("the session has expired");
    }
    if message.issued_at_ms > now_ms.saturating_add(ISSUED_AHEAD_MS_MAX) {
        return expired("the login was issued ahead of this node's clock");
    }
    // The same tolerance that a request's own time has.
    if message.not_before_ms.is_some_and(|begin| begin > now_ms.saturating_add(REQUEST_AHEAD_MS_MAX)) {
        return expired("the session has not begun");
    }
    Ok(())
}

fn session_key(uri: &str) -> Result<SessionKey, Problem> {
    let key = parse_did_key(uri).ok_or_else(|| invalid("the URI must be the did:key of an ed25519 key"))?;
    match VerifyingKey::from_bytes(&key.0) {
        // Under a small-order key, a signature can fit every message.
        Ok(point) if !point.is_weak() => Ok(key),
        _ => Err(invalid("the session key is not a sound ed25519 key")),
    }
}

fn capabilities(resources: &[String]) -> Result<Vec<Capability>, Problem> {
    if resources.is_empty() || resources.len() > CAPABILITIES_MAX {
        return Err(invalid(format!("a login names 1 to {CAPABILITIES_MAX} capabilities")));
    }
    let mut seen = BTreeSet::new();
    let mut capabilities = Vec::with_capacity(resources.len());
    for resource in resources.iter().filter(|resource| !resource.starts_with(POLICY_PARAMETER)) {
        let capability: Capability = resource.parse().map_err(|error: ParseIdError| {
            invalid(format!("every resource must be {error}, or litParam:…"))
        })?;
        if !seen.insert(capability) {
            return Err(invalid("a resource appears twice"));
        }
        capabilities.push(capability);
    }
    if capabilities.is_empty() {
        return Err(invalid("the login names no capability"));
    }
    Ok(capabilities)
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::LoginInvalid, detail)
}

#[cfg(test)]
mod tests;
