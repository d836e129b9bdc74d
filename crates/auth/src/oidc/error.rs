//! Why tokens and key sets are not accepted. No text of theirs is in the words.

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token has too many bytes.
    #[error("the token is too long")]
    TooLong,
    /// The token does not have exactly three parts.
    #[error("the token does not have exactly three parts")]
    Parts,
    /// A part is not base64url without padding, in its one form.
    #[error("a part of the token is not base64url in canonical form")]
    Encoding,
    /// The header is not one object of strict JSON.
    #[error("the token's header is not one object of strict JSON")]
    HeaderForm,
    /// The header asks for an extension: `crit`, `b64` or `zip`.
    #[error("the token's header asks for an extension")]
    Extension,
    /// The header's `typ` is not `JWT`.
    #[error("the token's type is not JWT")]
    Type,
    /// The header's `alg` is none that this network knows.
    #[error("the token's algorithm is not RS256, ES256 or EdDSA")]
    Algorithm,
    /// The header's `kid` is not a text, or too long.
    #[error("the token's kid is not a text of at most 256 bytes")]
    Kid,
    /// The claims are not one object of strict JSON.
    #[error("the token's claims are not one object of strict JSON")]
    ClaimsForm,
    /// `iss` is not there, not a text, or another issuer.
    #[error("the token is not from this issuer")]
    Issuer,
    /// The issuer does not sign with the token's algorithm.
    #[error("the issuer does not sign with the token's algorithm")]
    AlgorithmOfIssuer,
    /// `aud` is not one client, or several without an `azp` that says which one.
    #[error("the token's aud does not name one client")]
    Audience,
    /// `azp` is not the client of `aud`.
    #[error("the token's azp is not its client")]
    AuthorizedParty,
    /// `sub` is not 1 to 255 characters of ASCII.
    #[error("the token's sub is not 1 to 255 characters of ASCII")]
    Subject,
    /// `nonce` is not there, or another one.
    #[error("the token does not have this login's nonce")]
    Nonce,
    /// `iat` is not a time in whole seconds.
    #[error("the token's iat is not a time in whole seconds")]
    IssuedAt,
    /// `exp` is not a time in whole seconds after `iat`.
    #[error("the token's exp is not a time in whole seconds after iat")]
    Expires,
    /// `nbf` is not a time in whole seconds before `exp`.
    #[error("the token's nbf is not a time in whole seconds before exp")]
    NotBefore,
    /// `auth_time` is not a time in whole seconds.
    #[error("the token's auth_time is not a time in whole seconds")]
    AuthTime,
    /// `acr` or `amr` does not have its form.
    #[error("the token's acr or amr does not have its form")]
    Context,
    /// The issuer has no key of the token's `kid`, or none for its algorithm.
    #[error("the issuer has no key of the token's kid and algorithm")]
    KeyUnknown,
    /// Several keys of the issuer could have signed, and the token does not say which one.
    #[error("the token does not say which of the issuer's keys signed it")]
    KeyAmbiguous,
    /// The key is for another algorithm than the one the token names.
    #[error("the issuer's key is for another algorithm")]
    AlgorithmOfKey,
    /// The signature does not fit the key and the token.
    #[error("the token is not signed by the issuer's key")]
    Signature,
}

/// Why a set of keys is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// The document has too many bytes.
    #[error("the set of keys is too long")]
    TooLong,
    /// The document is not one object of strict JSON with an array `keys` of objects.
    #[error("the set of keys is not one object of strict JSON with an array of keys")]
    Form,
    /// There are too many keys for signatures.
    #[error("the set has too many keys for signatures")]
    TooMany,
    /// Two keys for signatures have the same `kid`.
    #[error("two keys of the set have the same kid")]
    DuplicateKid,
    /// A key has members of a private key.
    #[error("a key of the set is a private key")]
    PrivateKey,
    /// A member of a key is not of its type, or not base64url in its one form.
    #[error("a key of the set does not have its form")]
    KeyForm,
    /// A key is no point of its curve, of small order, or an RSA key of another size or exponent.
    #[error("a key of the set is not a sound key")]
    KeyUnsound,
    /// There is no key with which a token could be verified.
    #[error("the set has no key for signatures")]
    Empty,
}
