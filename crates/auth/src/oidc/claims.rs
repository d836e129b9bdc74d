//! The claims of an ID token (OpenID Connect Core 1.0, sections 2 and 3.1.3.7).

use serde_json::{Map, Value};

use super::TokenError;

/// Longest subject, which is the standard's bound, and longest client id.
const NAME_BYTES_MAX: usize = 255;
/// Most audiences of one token, and most methods of authentication.
const LIST_MAX: usize = 16;
/// The last second of the year 9999.
const TIME_S_MAX: u64 = 253_402_300_799;

/// The claims that are used, each in its form.
pub(super) struct Claims {
    pub(super) audience: String,
    pub(super) subject: String,
    pub(super) issued_at_s: u64,
    pub(super) expires_s: u64,
    pub(super) not_before_s: Option<u64>,
    pub(super) auth_time_s: Option<u64>,
    pub(super) amr: Vec<String>,
    pub(super) acr: Option<String>,
}

/// Checks the form of the claims, and the nonce.
pub(super) fn check(claims: &Map<String, Value>, nonce: &str) -> Result<Claims, TokenError> {
    let audience = audience(claims)?;
    let subject = claims.get("sub").and_then(name).ok_or(TokenError::Subject)?;
    // An empty nonce binds nothing.
    if nonce.is_empty() || claims.get("nonce").and_then(Value::as_str) != Some(nonce) {
        return Err(TokenError::Nonce);
    }
    let issued_at_s = claims.get("iat").and_then(time).ok_or(TokenError::IssuedAt)?;
    let expires_s = claims.get("exp").and_then(time).ok_or(TokenError::Expires)?;
    if expires_s <= issued_at_s {
        return Err(TokenError::Expires);
    }
    let optional_time = |member, error| match claims.get(member) {
        None => Ok(None),
        Some(value) => time(value).map(Some).ok_or(error),
    };
    let not_before_s = optional_time("nbf", TokenError::NotBefore)?;
    if not_before_s.is_some_and(|begin| begin >= expires_s) {
        return Err(TokenError::NotBefore);
    }
    let auth_time_s = optional_time("auth_time", TokenError::AuthTime)?;
    let amr = match claims.get("amr") {
        None => Vec::new(),
        Some(value) => names(value).ok_or(TokenError::Context)?,
    };
    let acr = match claims.get("acr") {
        None => None,
        Some(value) => Some(name(value).ok_or(TokenError::Context)?),
    };
    Ok(Claims { audience, subject, issued_at_s, expires_s, not_before_s, auth_time_s, amr, acr })
}

/// The one client for which the token is. Of several audiences, `azp` says which one it is.
pub(super) fn audience(claims: &Map<String, Value>) -> Result<String, TokenError> {
    let audiences = match claims.get("aud") {
        Some(Value::Array(_)) => claims.get("aud").and_then(names),
        Some(value) => name(value).map(|audience| vec![audience]),
        None => None,
    };
    let audiences = audiences.ok_or(TokenError::Audience)?;
    let Some(party) = claims.get("azp") else {
        return match <[String; 1]>::try_from(audiences) {
            Ok([audience]) => Ok(audience),
            Err(_) => Err(TokenError::Audience),
        };
    };
    let party = name(party).ok_or(TokenError::AuthorizedParty)?;
    if audiences.contains(&party) { Ok(party) } else { Err(TokenError::AuthorizedParty) }
}

/// Names, none of them twice. `None` also for an array of another length than 1 to the most.
fn names(value: &Value) -> Option<Vec<String>> {
    let values = value.as_array().filter(|values| (1..=LIST_MAX).contains(&values.len()))?;
    let mut names = Vec::with_capacity(values.len());
    for value in values {
        let name = name(value)?;
        if names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

/// A text of 1 to 255 printable characters of ASCII, the space among them.
fn name(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let sound =
        (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    sound.then(|| text.to_owned())
}

/// Whole seconds since the epoch. Fractions and exponents are none, even where their value is whole.
fn time(value: &Value) -> Option<u64> {
    value.as_u64().filter(|seconds| (1..=TIME_S_MAX).contains(seconds))
}
