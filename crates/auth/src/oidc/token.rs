//! Tokens as they are written: a compact JWS (RFC 7515) whose payload are claims (RFC 7519).

use quorate_wire::TokenAlgorithm;
use serde_json::{Map, Value};

use super::{KID_BYTES_MAX, TokenError, algorithm_of, base64url};
use crate::strict_json::read_object;

/// Longest token.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Header members by which a signature would mean something else than the token's own bytes.
const EXTENSIONS: [&str; 3] = ["crit", "b64", "zip"];

/// A token that has been read and **not** verified: enough to choose an issuer and its keys.
///
/// Nothing in it may be believed before [`verify_token`](super::verify_token).
#[derive(Debug, Clone, PartialEq)]
pub struct UnverifiedToken {
    /// The name of the key that should have signed. It is only looked up.
    pub kid: Option<String>,
    /// The issuer that should have signed.
    pub iss: String,
    pub(super) algorithm: TokenAlgorithm,
    pub(super) claims: Map<String, Value>,
    /// The signed bytes: header and claims, as they were sent.
    pub(super) signed: String,
    pub(super) signature: Vec<u8>,
}

impl UnverifiedToken {
    /// The client that the token says it is for: enough to compute the nonce that it must carry.
    ///
    /// # Errors
    /// [`TokenError`] if there is none, or if it is not clear which.
    pub fn audience(&self) -> Result<String, TokenError> {
        super::claims::audience(&self.claims)
    }
}

/// Reads a token without verifying it.
///
/// Keys and addresses of keys in the header (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
///
/// # Errors
/// [`TokenError`] with the first check that failed.
pub fn read_token(token: &str) -> Result<UnverifiedToken, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLong);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Parts);
    };
    let signed = token[..header.len() + 1 + claims.len()].to_owned();
    let decode = |part| base64url(part).ok_or(TokenError::Encoding);
    let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
    let (algorithm, kid) = read_header(&header)?;
    let claims = read_object(&claims).ok_or(TokenError::ClaimsForm)?;
    let iss = claims.get("iss").and_then(Value::as_str).ok_or(TokenError::Issuer)?.to_owned();
    Ok(UnverifiedToken { kid, iss, algorithm, claims, signed, signature })
}

fn read_header(bytes: &[u8]) -> Result<(TokenAlgorithm, Option<String>), TokenError> {
    let members = read_object(bytes).ok_or(TokenError::HeaderForm)?;
    if EXTENSIONS.iter().any(|name| members.contains_key(*name)) {
        return Err(TokenError::Extension);
    }
    let is_jwt = |value: &Value| value.as_str().is_some_and(|name| name.eq_ignore_ascii_case("JWT"));
    if !members.get("typ").is_none_or(is_jwt) {
        return Err(TokenError::Type);
    }
    let named = members.get("alg").and_then(Value::as_str);
    let algorithm = named.and_then(algorithm_of).ok_or(TokenError::Algorithm)?;
    let kid = match members.get("kid") {
        None => None,
        Some(Value::String(kid)) if kid.len() <= KID_BYTES_MAX => Some(kid.clone()),
        Some(_) => return Err(TokenError::Kid),
    };
    Ok((algorithm, kid))
}
