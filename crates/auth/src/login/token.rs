//! A login by an issuer of OpenID Connect: an ID token whose nonce binds the session.

use quorate_wire::{Digest, ErrorCode, LoginId, NetworkFile, OidcLogin, Problem, login_nonce};

use super::{LoginFacts, bound, check_begun, check_life, invalid, read_terms, session_of};
use crate::{Method, Session, Who, key_ring::Found, oidc};

/// The token shows one moment, that it was issued: neither its own end nor its age ends a session that it began.
pub(super) fn verify(
    network: &NetworkFile,
    login: &OidcLogin,
    facts: &dyn LoginFacts,
    now_ms: u64,
) -> Result<Session, Problem> {
    let terms = &login.terms;
    let capabilities = read_terms(terms)?;
    let refused = |error: oidc::TokenError| invalid(format!("the token: {error}"));
    let token = oidc::read_token(&login.token).map_err(refused)?;
    let known = facts.issuer(&token.iss).ok_or_else(|| Problem::of(ErrorCode::LoginIssuerUnknown))?;
    let found = known.keys.as_ref().and_then(|keys| keys.find(token.kid.as_deref()));
    let Some(Found { keys, withdrawn_ms }) = found else {
        let detail = format!("this node has no such key of {}", known.rule.name);
        return Err(Problem::new(ErrorCode::LoginKeysUnavailable, detail));
    };
    let audience = token.audience().map_err(refused)?;
    let nonce = login_nonce(&network.id(), &audience, &bound(terms, &capabilities, None));
    let token = oidc::verify_token(&token, &known.rule, keys, &nonce).map_err(refused)?;
    let issued_ms = token.issued_at_s.saturating_mul(1_000);
    check_life(issued_ms, terms.expires_ms, now_ms)?;
    check_begun(token.not_before_s.map(|begin_s| begin_s.saturating_mul(1_000)), now_ms)?;
    if withdrawn_ms.is_some_and(|since_ms| issued_ms >= since_ms) {
        return Err(invalid("the token: it was issued after its issuer withdrew the key"));
    }
    let method = Method {
        id: LoginId(Digest(oidc::oidc_id(&token.issuer, &token.audience, &token.subject))),
        who: Who::Oidc {
            issuer: token.issuer,
            subject: token.subject,
            rule: known.rule.digest(),
            auth_time_s: token.auth_time_s,
        },
        audience: token.audience,
        proven_ms: issued_ms,
    };
    Ok(session_of(terms, capabilities, method))
}
