//! Sets of an issuer's keys (RFC 7517).

use std::collections::BTreeSet;

use quorate_wire::TokenAlgorithm;
use serde_json::{Map, Value};

use super::{JwksError, KID_BYTES_MAX, TokenError, algorithm_name, base64url};
use crate::{
    strict_json::read_object,
    verifier::{EcdsaForm, Verifier},
};

/// Longest document.
const JWKS_BYTES_MAX: usize = 256 * 1024;
/// Most keys for signatures.
const KEYS_MAX: usize = 64;
/// Sizes of RSA keys that are verified; RS256 asks for the least one.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// 3 and 65537.
const RSA_EXPONENTS: &[&[u8]] = &[&[3], &[1, 0, 1]];
/// Members of private keys (RFC 7518, section 6). `k`, of symmetric keys, is none: such a key is never used.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// The keys with which an issuer signs: a set that never changes, as one document had it.
///
/// Ignored are keys that this network has no use for: of another type, curve, `alg` or `use`. A key that would be used
/// and is not sound makes the whole document an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeys {
    keys: Vec<SigningKey>,
}

/// One key of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    kid: Option<String>,
    key: Verifier,
}

impl SigningKeys {
    /// Reads a document.
    ///
    /// # Errors
    /// [`JwksError`] with the first check that failed.
    pub fn parse(bytes: &[u8]) -> Result<SigningKeys, JwksError> {
        if bytes.len() > JWKS_BYTES_MAX {
            return Err(JwksError::TooLong);
        }
        let members = read_object(bytes).ok_or(JwksError::Form)?;
        let listed = members.get("keys").and_then(Value::as_array).ok_or(JwksError::Form)?;
        let mut keys = Vec::new();
        let mut kids = BTreeSet::new();
        for value in listed {
            let Some(key) = read_key(value.as_object().ok_or(JwksError::Form)?)? else { continue };
            if keys.len() == KEYS_MAX {
                return Err(JwksError::TooMany);
            }
            if key.kid.as_ref().is_some_and(|kid| !kids.insert(kid.clone())) {
                return Err(JwksError::DuplicateKid);
            }
            keys.push(key);
        }
        // The order in which an issuer lists its keys says nothing.
        keys.sort_by(|one, other| one.kid.cmp(&other.kid));
        if keys.is_empty() { Err(JwksError::Empty) } else { Ok(SigningKeys { keys }) }
    }

    /// The key that a token means. A token without `kid` means the only key for its algorithm.
    ///
    /// # Errors
    /// [`TokenError::KeyUnknown`] if there is none, [`TokenError::KeyAmbiguous`] if there are several, and
    /// [`TokenError::AlgorithmOfKey`] if the key that is named has another algorithm.
    pub fn find(&self, kid: Option<&str>, algorithm: TokenAlgorithm) -> Result<&SigningKey, TokenError> {
        let Some(kid) = kid else {
            let mut fitting = self.keys.iter().filter(|key| key.algorithm() == algorithm);
            let key = fitting.next().ok_or(TokenError::KeyUnknown)?;
            return if fitting.next().is_none() { Ok(key) } else { Err(TokenError::KeyAmbiguous) };
        };
        let named = self.keys.iter().find(|key| key.kid.as_deref() == Some(kid));
        let key = named.ok_or(TokenError::KeyUnknown)?;
        if key.algorithm() == algorithm { Ok(key) } else { Err(TokenError::AlgorithmOfKey) }
    }

    /// The names of the keys; a key may have none.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(|key| key.kid.as_deref())
    }
}

impl SigningKey {
    /// The algorithm that follows from the key's type.
    #[must_use]
    pub fn algorithm(&self) -> TokenAlgorithm {
        match self.key {
            Verifier::Rsa { .. } => TokenAlgorithm::Rs256,
            Verifier::P256(_) => TokenAlgorithm::Es256,
            Verifier::Ed25519(_) => TokenAlgorithm::EdDsa,
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(message, signature, EcdsaForm::Fixed)
    }
}

/// Reads one key. `None` is a key that this network has no use for.
fn read_key(members: &Map<String, Value>) -> Result<Option<SigningKey>, JwksError> {
    if PRIVATE.iter().any(|name| members.contains_key(*name)) {
        return Err(JwksError::PrivateKey);
    }
    let text = |name| match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(JwksError::KeyForm),
    };
    let number = |name| {
        let encoded = text(name)?.ok_or(JwksError::KeyForm)?;
        base64url(encoded).ok_or(JwksError::KeyForm)
    };
    let coordinate = |name| <[u8; 32]>::try_from(number(name)?).map_err(|_| JwksError::KeyForm);
    if text("use")?.is_some_and(|purpose| purpose != "sig") || !may_verify(members)? {
        return Ok(None);
    }
    let algorithm = match (text("kty")?, text("crv")?) {
        (Some("RSA"), _) => TokenAlgorithm::Rs256,
        (Some("EC"), Some("P-256")) => TokenAlgorithm::Es256,
        (Some("OKP"), Some("Ed25519")) => TokenAlgorithm::EdDsa,
        _ => return Ok(None),
    };
    if text("alg")?.is_some_and(|named| named != algorithm_name(algorithm)) {
        return Ok(None);
    }
    let key = match algorithm {
        TokenAlgorithm::Rs256 => Verifier::rsa(&number("n")?, &number("e")?, RSA_BITS, RSA_EXPONENTS),
        TokenAlgorithm::Es256 => Verifier::p256(&coordinate("x")?, &coordinate("y")?),
        TokenAlgorithm::EdDsa => Verifier::ed25519(&coordinate("x")?),
    };
    let kid = text("kid")?.map(str::to_owned);
    if kid.as_ref().is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
        return Err(JwksError::KeyForm);
    }
    Ok(Some(SigningKey { kid, key: key.ok_or(JwksError::KeyUnsound)? }))
}

/// Whether `key_ops`, if it is there, has `verify` in it.
fn may_verify(members: &Map<String, Value>) -> Result<bool, JwksError> {
    match members.get("key_ops") {
        None => Ok(true),
        Some(Value::Array(operations)) => Ok(operations.iter().any(|operation| operation == "verify")),
        Some(_) => Err(JwksError::KeyForm),
    }
}
