//! ID tokens, good ones and forged ones. Every forged one is a good one with one thing changed.

mod claims;
mod forms;
mod headers;
mod signatures;

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quorate_auth::oidc::{
    ALGORITHMS, IdToken, SigningKeys, TokenError, algorithm_name, oidc_id, read_token, verify_token,
};
use quorate_wire::{IssuerRule, TokenAlgorithm};
use serde_json::{Value, json};

use crate::{corpus, keys::TestKey};

pub(crate) const NONCE: &str = "6a0d5c1b1d4be3f2a9c7e8f00112233445566778899aabbccddeeff001122334";
pub(crate) const HEADER: &str = r#"{"alg":"ES256","typ":"JWT","kid":"p256-1"}"#;
pub(crate) const CLAIMS: &str = concat!(
    r#"{"iss":"https://issuer.example","aud":"client-1","sub":"user-1","iat":1700000000,"exp":1700003600,"#,
    r#""nbf":1699999990,"auth_time":1699999000,"amr":["pwd","otp"],"acr":"2","email":"a@b.example","#,
    r#""nonce":"6a0d5c1b1d4be3f2a9c7e8f00112233445566778899aabbccddeeff001122334"}"#
);

/// A forged token.
pub(crate) struct Forged {
    name: &'static str,
    error: TokenError,
    token: String,
    /// Algorithms of the issuer, where they are not all.
    algorithms: &'static [TokenAlgorithm],
    /// Keys of the issuer that are left out.
    without: &'static [&'static str],
}

/// A forged token, at an issuer with all keys and algorithms.
pub(crate) fn forged(name: &'static str, error: TokenError, token: String) -> Forged {
    Forged { name, error, token, algorithms: &ALGORITHMS, without: &[] }
}

/// A text with one thing changed, which must be in it once.
pub(crate) fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} is in the text once");
    text.replacen(from, to, 1)
}

/// The good header with another one of the keys.
pub(crate) fn header_of(algorithm: &str, kid: &str) -> String {
    let header = changed(HEADER, r#""ES256""#, &format!("\"{algorithm}\""));
    changed(&header, r#""p256-1""#, &format!("\"{kid}\""))
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of any texts, signed.
pub(crate) fn signed(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, key: &str) -> String {
    signed_by(header, claims, |message| TestKey::named(key).sign(message))
}

pub(crate) fn signed_by(
    header: impl AsRef<[u8]>,
    claims: impl AsRef<[u8]>,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", encode(signature))
}

pub(crate) fn good() -> String {
    signed(HEADER, CLAIMS, "p256-1")
}

pub(crate) fn issuer() -> IssuerRule {
    IssuerRule {
        name: "example".to_owned(),
        issuer: "https://issuer.example".to_owned(),
        aliases: vec!["issuer.example".to_owned()],
        algorithms: ALGORITHMS.to_vec(),
        jwks_uri: None,
    }
}

/// The issuer's keys: each has its own name as `kid`.
const KEYS: [&str; 5] = ["rsa-1", "rsa-2", "p256-1", "p256-2", "ed25519-1"];

pub(crate) fn jwks(without: &[&str]) -> Value {
    let names = KEYS.iter().filter(|name| !without.contains(name));
    json!({ "keys": names.map(|name| TestKey::named(name).jwk(name)).collect::<Vec<_>>() })
}

pub(crate) fn keys(without: &[&str]) -> SigningKeys {
    SigningKeys::parse(jwks(without).to_string().as_bytes()).unwrap()
}

fn verify(token: &str, issuer: &IssuerRule, keys: &SigningKeys) -> Result<IdToken, TokenError> {
    verify_token(&read_token(token)?, issuer, keys, NONCE)
}

/// Good tokens by their names.
fn good_tokens() -> Vec<(&'static str, String)> {
    let with = |from, to| signed(HEADER, changed(CLAIMS, from, to), "p256-1");
    let without_kid = changed(&header_of("EdDSA", "x"), r#","kid":"x""#, "");
    vec![
        ("RS256", signed(header_of("RS256", "rsa-1"), CLAIMS, "rsa-1")),
        ("ES256", good()),
        (
            "ES256 with the other s",
            signed_by(HEADER, CLAIMS, |message| {
                crate::keys::other_s(&TestKey::named("p256-1").sign(message))
            }),
        ),
        ("EdDSA", signed(header_of("EdDSA", "ed25519-1"), CLAIMS, "ed25519-1")),
        ("EdDSA without kid, and one key for it", signed(without_kid, CLAIMS, "ed25519-1")),
        ("without typ", signed(changed(HEADER, r#""typ":"JWT","#, ""), CLAIMS, "p256-1")),
        ("typ in small letters", signed(changed(HEADER, "JWT", "jwt"), CLAIMS, "p256-1")),
        ("unknown header member", signed(changed(HEADER, r#""typ""#, r#""x":1,"typ""#), CLAIMS, "p256-1")),
        ("issuer by its alias", with("https://issuer.example", "issuer.example")),
        ("issuer with an escape", with("https://", r"https:\/\/")),
        ("audience as an array", with(r#""client-1""#, r#"["client-1"]"#)),
        ("audience and an equal azp", with(r#""client-1""#, r#""client-1","azp":"client-1""#)),
        ("two audiences and azp", with(r#""client-1""#, r#"["client-1","client-2"],"azp":"client-1""#)),
        (
            "without optional claims",
            with(
                r#""nbf":1699999990,"auth_time":1699999000,"amr":["pwd","otp"],"acr":"2","email":"a@b.example","#,
                "",
            ),
        ),
        ("subject of 255 characters", with("user-1", &"u".repeat(255))),
    ]
}

/// Every forged token.
pub(crate) fn all_forged() -> Vec<Forged> {
    [forms::forged_tokens(), headers::forged_tokens(), signatures::forged_tokens(), claims::forged_tokens()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn good_tokens_are_accepted() {
    for (name, token) in good_tokens() {
        let id = verify(&token, &issuer(), &keys(&[])).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(
            (id.issuer.as_str(), id.audience.as_str()),
            ("https://issuer.example", "client-1"),
            "{name}"
        );
        assert_eq!((id.issued_at_s, id.expires_s), (1_700_000_000, 1_700_003_600), "{name}");
        assert_eq!(id.id(), oidc_id("https://issuer.example", "client-1", &id.subject), "{name}");
    }
    let id = verify(&good(), &issuer(), &keys(&[])).unwrap();
    assert_eq!((id.not_before_s, id.auth_time_s), (Some(1_699_999_990), Some(1_699_999_000)));
    assert_eq!(
        (id.subject.as_str(), id.kid.as_deref(), id.acr.as_deref()),
        ("user-1", Some("p256-1"), Some("2"))
    );
    assert_eq!(id.amr, ["pwd", "otp"]);
}

#[test]
fn forged_tokens_are_refused_with_their_reason() {
    let mut names = BTreeSet::new();
    for row in all_forged() {
        let issuer = IssuerRule { algorithms: row.algorithms.to_vec(), ..issuer() };
        assert_eq!(verify(&row.token, &issuer, &keys(row.without)), Err(row.error), "{}", row.name);
        assert!(names.insert(row.name), "{} is there twice", row.name);
    }
    assert!(names.len() >= 60, "{} forged tokens", names.len());
}

#[test]
fn a_nonce_that_is_empty_binds_nothing() {
    let token = read_token(&signed(HEADER, changed(CLAIMS, NONCE, ""), "p256-1")).unwrap();
    assert_eq!(verify_token(&token, &issuer(), &keys(&[]), ""), Err(TokenError::Nonce));
}

#[test]
fn ids_are_what_they_always_were() {
    let id = hex::encode(oidc_id("https://issuer.example", "client-1", "user-1"));
    assert_eq!(id, "db57c92b15bd74680ece9b20263154e98933f4a8a4722ace37513880727542ba");
}

#[test]
fn the_corpus_is_in_the_tree() {
    let good: Vec<Value> =
        good_tokens().into_iter().map(|(name, token)| json!({ "name": name, "token": token })).collect();
    let names = |algorithms: &[TokenAlgorithm]| {
        algorithms.iter().map(|each| algorithm_name(*each)).collect::<Vec<_>>()
    };
    let forged = all_forged().into_iter().map(|row| {
        let mut shown = json!({ "name": row.name, "error": format!("{:?}", row.error), "token": row.token });
        if row.algorithms != ALGORITHMS {
            shown["algorithms"] = json!(names(row.algorithms));
        }
        if !row.without.is_empty() {
            shown["without_keys"] = json!(row.without);
        }
        shown
    });
    let issuer = issuer();
    let found = json!({
        "about": "ID tokens. The issuer signs with all three algorithms and has all keys where a token does not say otherwise.",
        "nonce": NONCE,
        "issuer": { "issuer": issuer.issuer, "aliases": issuer.aliases },
        "jwks": jwks(&[]),
        "good": good,
        "forged": forged.collect::<Vec<_>>(),
    });
    corpus::check("tokens", &found);
}
