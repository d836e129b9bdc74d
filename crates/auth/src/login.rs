//! Logins: who allows a session key to do named things until a time.

mod assertion;
mod token;
mod wallet;

use std::{collections::BTreeSet, sync::Arc};

use ed25519_dalek::VerifyingKey;
use quorate_wire::{
    BlockRef, Capability, Digest, ErrorCode, IssuerRule, Login, LoginTerms, NetworkFile, ParseIdError,
    Problem, Proof, SessionKey, SessionTerms,
    limits::{CAPABILITIES_MAX, REQUEST_AHEAD_MS_MAX, SESSION_MS_MAX},
};

use crate::{Method, Session, key_ring::HeldKeys};

/// How a resource begins that gives a policy a parameter, as upstream's clients write it.
const POLICY_PARAMETER: &str = "litParam:";

/// A login may have been issued this much ahead of a node's clock.
pub const ISSUED_AHEAD_MS_MAX: u64 = 60_000;

/// Where the block stands that a passkey's login names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginBlock {
    /// A block of the chain, made at this moment, in milliseconds since the epoch.
    MadeAt(u64),
    /// Higher than what is known of the chain.
    Ahead,
    /// Not a block of the chain.
    Unknown,
}

/// An issuer that the network takes, with what is known of its keys.
#[derive(Debug, Clone)]
pub struct KnownIssuer {
    /// The rule by which its tokens are taken.
    pub rule: IssuerRule,
    /// Its keys; none if they were never fetched.
    pub keys: Option<Arc<HeldKeys>>,
}

/// What a login is checked by, beside itself: one node's own reading of the chain, and its own copies of issuers' keys.
pub trait LoginFacts {
    /// The issuer that a token names as its `iss`.
    fn issuer(&self, iss: &str) -> Option<KnownIssuer>;
    /// A block of the chain.
    fn login_block(&self, block: &BlockRef) -> LoginBlock;
}

/// No issuer and no block: enough for wallets.
#[derive(Debug, Clone, Copy)]
pub struct NoFacts;

impl LoginFacts for NoFacts {
    fn issuer(&self, _: &str) -> Option<KnownIssuer> {
        None
    }

    fn login_block(&self, _: &BlockRef) -> LoginBlock {
        LoginBlock::Unknown
    }
}

/// Checks a login for this network, and says what it allows. Whether the network takes logins for the audiences of its
/// methods is for its Directory to say.
///
/// The cheap checks of each proof come first. Several proofs are of different methods, and say the same of the session.
///
/// # Errors
/// `session_expired` if the times do not admit `now_ms`; `login_issuer_unknown`, `login_keys_unavailable` or `block_ahead`
/// for what this node does not know; `login_invalid` for everything else, with what was wrong.
pub fn verify_login(
    network: &NetworkFile,
    login: &Login,
    facts: &dyn LoginFacts,
    now_ms: u64,
) -> Result<Session, Problem> {
    login.check_bounds()?;
    let mut sessions = Vec::with_capacity(login.proofs().len());
    for proof in login.proofs() {
        sessions.push(match proof {
            Proof::Wallet(login) => wallet::verify(network, login, now_ms)?,
            Proof::Oidc(login) => token::verify(network, login, facts, now_ms)?,
            Proof::Passkey(login) => assertion::verify(network, login, facts, now_ms)?,
        });
    }
    let mut session = join(sessions)?;
    session.identify(&network.admission);
    Ok(session)
}

/// One session of several that differ in their methods only.
fn join(sessions: Vec<Session>) -> Result<Session, Problem> {
    let mut sessions = sessions.into_iter();
    let mut all = sessions.next().ok_or_else(|| invalid("a login has a proof"))?;
    for next in sessions {
        let same = next.key == all.key
            && next.expires_ms == all.expires_ms
            && next.capabilities == all.capabilities
            && next.resources == all.resources;
        if !same {
            return Err(invalid("several logins name the same session key, end and capabilities"));
        }
        if next.methods.iter().any(|method| all.methods.iter().any(|known| known.id == method.id)) {
            return Err(invalid("several logins are of different methods"));
        }
        all.methods.extend(next.methods);
    }
    Ok(all)
}

/// What the terms beside a token or an assertion say of the session.
fn read_terms(terms: &SessionTerms) -> Result<Vec<Capability>, Problem> {
    check_session_key(&terms.session)?;
    let capabilities = capabilities(&terms.capabilities)?;
    // A token's nonce and an assertion's challenge cover capabilities, and nothing else that could stand here.
    if capabilities.len() != terms.capabilities.len() {
        return Err(invalid("policy parameters are for wallets' texts only"));
    }
    Ok(capabilities)
}

/// What a token's nonce and an assertion's challenge bind, by the terms beside it.
fn bound<'a>(terms: &SessionTerms, capabilities: &'a [Capability], block: Option<Digest>) -> LoginTerms<'a> {
    let SessionTerms { session, expires_ms, rz, .. } = *terms;
    LoginTerms { session, expires_ms, capabilities, rz, block }
}

/// The session that terms describe, by the one method that allowed it.
fn session_of(terms: &SessionTerms, capabilities: Vec<Capability>, method: Method) -> Session {
    Session {
        key: terms.session,
        id: method.id,
        methods: vec![method],
        capabilities,
        expires_ms: terms.expires_ms,
        resources: terms.capabilities.clone(),
    }
}

/// Whether a session that was allowed at one moment may end at another, and goes on now.
fn check_life(began_ms: u64, expires_ms: u64, now_ms: u64) -> Result<(), Problem> {
    let life_ms = expires_ms.saturating_sub(began_ms);
    if life_ms == 0 || life_ms > SESSION_MS_MAX {
        return Err(invalid(format!("a session lives from 1 to {SESSION_MS_MAX} ms")));
    }
    if expires_ms <= now_ms {
        return expired("the session has expired");
    }
    if began_ms > now_ms.saturating_add(ISSUED_AHEAD_MS_MAX) {
        return expired("the login was issued ahead of this node's clock");
    }
    Ok(())
}

/// Whether a session has begun that may not be used before a moment: with the same tolerance that a request's own time has.
fn check_begun(not_before_ms: Option<u64>, now_ms: u64) -> Result<(), Problem> {
    if not_before_ms.is_some_and(|begin| begin > now_ms.saturating_add(REQUEST_AHEAD_MS_MAX)) {
        return expired("the session has not begun");
    }
    Ok(())
}

fn check_session_key(key: &SessionKey) -> Result<(), Problem> {
    match VerifyingKey::from_bytes(&key.0) {
        // Under a small-order key, a signature can fit every message.
        Ok(point) if !point.is_weak() => Ok(()),
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

fn expired(detail: &str) -> Result<(), Problem> {
    Err(Problem::new(ErrorCode::SessionExpired, detail))
}

#[cfg(test)]
mod tests;
