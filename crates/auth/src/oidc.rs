//! ID tokens of OpenID Connect (Core 1.0, section 3.1.3.7; RFC 7515, 7517, 7519 and 8725).
//!
//! A token carries, as its nonce, the hash that binds a login to its session key and network. It is then evidence for
//! that session and no other, whoever sees it. Not checked here is what needs a clock or memory: times, and whether an
//! issuer's client is registered. The times of a token are given back.
//!
//! The algorithm follows from the issuer's configuration and the key's type. The token's `alg` must agree with them, and
//! decides nothing.
//!
//! A token may have several audiences only if its `azp` is one of them; that one is then its audience.
//!
//! Entry points: [`SigningKeys::parse`] reads an issuer's keys, [`read_token`] a token, and [`verify_token`] checks it.

mod claims;
mod error;
mod jwks;
mod token;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quorate_wire::{IssuerRule, TokenAlgorithm, Transcript};

pub use error::{JwksError, TokenError};
pub use jwks::{SigningKey, SigningKeys};
pub use token::{UnverifiedToken, read_token};

/// Longest name of a key.
const KID_BYTES_MAX: usize = 256;

/// Every algorithm by which tokens are signed.
pub const ALGORITHMS: [TokenAlgorithm; 3] =
    [TokenAlgorithm::Rs256, TokenAlgorithm::Es256, TokenAlgorithm::EdDsa];

/// The name in a header: `RS256`, `ES256` or `EdDSA`.
#[must_use]
pub const fn algorithm_name(algorithm: TokenAlgorithm) -> &'static str {
    match algorithm {
        TokenAlgorithm::Rs256 => "RS256",
        TokenAlgorithm::Es256 => "ES256",
        TokenAlgorithm::EdDsa => "EdDSA",
    }
}

/// The algorithm of a name, which is compared exactly.
fn algorithm_of(name: &str) -> Option<TokenAlgorithm> {
    ALGORITHMS.into_iter().find(|algorithm| algorithm_name(*algorithm) == name)
}

/// Whether tokens with this `iss` are the issuer's. The comparison is exact.
fn goes_by(issuer: &IssuerRule, iss: &str) -> bool {
    issuer.issuer == iss || issuer.aliases.iter().any(|alias| alias == iss)
}

/// A token that has been verified, but for its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    /// The issuer's identifier, whichever of its names is in the token.
    pub issuer: String,
    /// The client for which the token was made.
    pub audience: String,
    /// The user, by the issuer's name for them.
    pub subject: String,
    /// When the token was made, in seconds since the epoch. At least 1, and before the year 10000.
    pub issued_at_s: u64,
    /// When the token ends; after `issued_at_s`.
    pub expires_s: u64,
    /// When the token begins, if it says so; before `expires_s`.
    pub not_before_s: Option<u64>,
    /// When the user last authenticated, if the token says so.
    pub auth_time_s: Option<u64>,
    /// The name of the key that signed, if the token has it.
    pub kid: Option<String>,
    /// How the user authenticated: `amr`.
    pub amr: Vec<String>,
    /// The class of the authentication: `acr`.
    pub acr: Option<String>,
}

impl IdToken {
    /// The name of the user as a method of login; see [`oidc_id`].
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        oidc_id(&self.issuer, &self.audience, &self.subject)
    }
}

/// Checks that a token is the issuer's and carries the nonce, the cheap checks first.
///
/// # Errors
/// [`TokenError`] with the first check that failed.
///
/// # Security
/// The caller checks the times, and that the audience is a client that it takes logins of.
pub fn verify_token(
    token: &UnverifiedToken,
    issuer: &IssuerRule,
    keys: &SigningKeys,
    nonce: &str,
) -> Result<IdToken, TokenError> {
    if !goes_by(issuer, &token.iss) {
        return Err(TokenError::Issuer);
    }
    if !issuer.algorithms.contains(&token.algorithm) {
        return Err(TokenError::AlgorithmOfIssuer);
    }
    let claims = claims::check(&token.claims, nonce)?;
    let key = keys.find(token.kid.as_deref(), token.algorithm)?;
    if !key.verify(token.signed.as_bytes(), &token.signature) {
        return Err(TokenError::Signature);
    }
    Ok(IdToken {
        issuer: issuer.issuer.clone(),
        audience: claims.audience,
        subject: claims.subject,
        issued_at_s: claims.issued_at_s,
        expires_s: claims.expires_s,
        not_before_s: claims.not_before_s,
        auth_time_s: claims.auth_time_s,
        kid: token.kid.clone(),
        amr: claims.amr,
        acr: claims.acr,
    })
}

/// The name of a user as a method of login: the hash of issuer, client and subject.
///
/// ```
/// use quorate_auth::oidc::oidc_id;
/// let id = oidc_id("https://issuer.example", "client", "user");
/// assert_ne!(id, oidc_id("https://issuer.example", "clientuser", ""));
/// ```
#[must_use]
pub fn oidc_id(issuer: &str, audience: &str, subject: &str) -> [u8; 32] {
    Transcript::new("quorate/method/oidc/v1")
        .field(issuer.as_bytes())
        .field(audience.as_bytes())
        .field(subject.as_bytes())
        .finish()
}

/// Bytes of their one base64url text, without padding.
fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
