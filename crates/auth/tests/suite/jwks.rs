//! Sets of keys, good ones and bad ones.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quorate_auth::oidc::{
    JwksError::{self, DuplicateKid, Empty, Form, KeyForm, KeyUnsound, PrivateKey, TooLong, TooMany},
    SigningKeys, TokenError,
};
use quorate_wire::TokenAlgorithm;
use serde_json::{Value, json};

use crate::{
    corpus,
    keys::TestKey,
    tokens::{changed, jwks, keys},
};

/// The document with one change in one of its keys.
fn with(kid: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document = jwks(&[]);
    let keys = document["keys"].as_array_mut().unwrap();
    change(keys.iter_mut().find(|key| key["kid"] == kid).unwrap());
    document.to_string()
}

fn set(kid: &str, member: &str, value: impl Into<Value>) -> String {
    with(kid, |key| key[member] = value.into())
}

fn number(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A document of so many keys, each with its own `kid`.
fn of_keys(count: usize) -> String {
    let key = |place: usize| TestKey::named(&format!("ed25519-{place}")).jwk(&format!("k{place}"));
    json!({ "keys": (0..count).map(key).collect::<Vec<_>>() }).to_string()
}

fn forms() -> Vec<(&'static str, JwksError, String)> {
    let good = jwks(&[]).to_string();
    let twice = changed(&good, r#""kid":"p256-1""#, r#""kid":"p256-1","kid":"p256-1""#);
    vec![
        ("empty", Form, String::new()),
        ("a page", Form, "<html></html>".to_owned()),
        ("a list", Form, "[]".to_owned()),
        ("an object without keys", Form, "{}".to_owned()),
        ("keys an object", Form, r#"{"keys":{}}"#.to_owned()),
        ("keys twice", Form, r#"{"keys":[],"keys":[]}"#.to_owned()),
        ("a key that is a text", Form, r#"{"keys":["x"]}"#.to_owned()),
        ("a member of a key twice", Form, twice),
        ("something behind it", Form, format!("{good}x")),
        ("a byte order mark", Form, format!("\u{feff}{good}")),
        ("longer than 262144 bytes", TooLong, format!("{good}{}", " ".repeat(262_144))),
        ("no keys", Empty, r#"{"keys":[]}"#.to_owned()),
        ("only a symmetric key", Empty, r#"{"keys":[{"kty":"oct","kid":"s","k":"AAAA"}]}"#.to_owned()),
        ("65 keys", TooMany, of_keys(65)),
        ("two keys of one kid", DuplicateKid, set("rsa-2", "kid", "rsa-1")),
        ("two keys of one kid and other types", DuplicateKid, set("p256-1", "kid", "rsa-1")),
        ("kid a number", KeyForm, set("p256-1", "kid", 1)),
        ("kid of 257 bytes", KeyForm, set("p256-1", "kid", "k".repeat(257))),
        ("use a list", KeyForm, set("p256-1", "use", json!(["sig"]))),
        ("key_ops a text", KeyForm, set("p256-1", "key_ops", "verify")),
        ("alg null", KeyForm, set("p256-1", "alg", Value::Null)),
        ("kty a number", KeyForm, set("p256-1", "kty", 1)),
    ]
}

fn values() -> Vec<(&'static str, JwksError, String)> {
    let n = TestKey::named("rsa-1").rsa().modulus.to_bytes_be();
    let (x, y) = TestKey::named("p256-1").coordinates();
    let mut even = n.clone();
    even[255] &= 0xfe;
    let field = hex::decode("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff").unwrap();
    let rsa = |member, value: &[u8]| set("rsa-1", member, number(value));
    let p256 = |member, value: &[u8]| set("p256-1", member, number(value));
    let ed25519 = |value: &[u8]| set("ed25519-1", "x", number(value));
    let small = |first: u8| [&[first][..], &[0; 31]].concat();
    vec![
        ("RSA with its secret exponent", PrivateKey, rsa("d", &[1])),
        ("RSA with a prime", PrivateKey, rsa("p", &[3])),
        ("RSA with a null for its secret", PrivateKey, set("rsa-1", "d", Value::Null)),
        ("P-256 with its secret", PrivateKey, p256("d", &[1; 32])),
        (
            "Ed25519 with its secret",
            PrivateKey,
            ed25519(&[1; 32]).replacen("\"crv\"", "\"d\":\"AA\",\"crv\"", 1),
        ),
        (
            "RSA without its modulus",
            KeyForm,
            with("rsa-1", |key| drop(key.as_object_mut().unwrap().remove("n"))),
        ),
        ("RSA with a number as modulus", KeyForm, set("rsa-1", "n", 65_537)),
        ("RSA with padding", KeyForm, set("rsa-1", "n", format!("{}==", number(&n)))),
        ("RSA in the standard alphabet", KeyForm, set("rsa-1", "e", "A+/B")),
        ("RSA of 1024 bits", KeyUnsound, rsa("n", &n[128..])),
        ("RSA of 2040 bits", KeyUnsound, rsa("n", &[&[0x7f][..], &n[2..]].concat())),
        ("RSA of 8200 bits", KeyUnsound, rsa("n", &[&[0xff; 1024][..], &[1]].concat())),
        ("RSA with a zero in front", KeyUnsound, rsa("n", &[&[0], &n[..]].concat())),
        ("RSA with an even modulus", KeyUnsound, rsa("n", &even)),
        ("RSA with an empty modulus", KeyUnsound, rsa("n", &[])),
        ("RSA with the exponent 1", KeyUnsound, rsa("e", &[1])),
        ("RSA with the exponent 17", KeyUnsound, rsa("e", &[17])),
        ("RSA with an even exponent", KeyUnsound, rsa("e", &[1, 0, 0])),
        ("RSA with a zero in front of its exponent", KeyUnsound, rsa("e", &[0, 1, 0, 1])),
        ("RSA with an exponent as large as its modulus", KeyUnsound, rsa("e", &n)),
        ("P-256 with a short coordinate", KeyForm, p256("x", &x[..31])),
        ("P-256 with a long coordinate", KeyForm, p256("x", &[&[0], &x[..]].concat())),
        ("P-256 without y", KeyForm, with("p256-1", |key| drop(key.as_object_mut().unwrap().remove("y")))),
        ("P-256 off its curve", KeyUnsound, p256("y", &x)),
        ("P-256 with exchanged coordinates", KeyUnsound, p256("x", &y).replace(&number(&y), &number(&x))),
        ("P-256 with x of the field's size", KeyUnsound, p256("x", &field)),
        (
            "P-256 zero",
            KeyUnsound,
            with("p256-1", |key| {
                (key["x"], key["y"]) = (number(&[0; 32]).into(), number(&[0; 32]).into());
            }),
        ),
        ("Ed25519 with a short coordinate", KeyForm, ed25519(&[2; 31])),
        ("Ed25519 neutral", KeyUnsound, ed25519(&small(1))),
        ("Ed25519 of order 4", KeyUnsound, ed25519(&small(0))),
        ("Ed25519 no point", KeyUnsound, ed25519(&small(2))),
        (
            "Ed25519 written with the field's size",
            KeyUnsound,
            ed25519(&[&[0xee][..], &[0xff; 30], &[0x7f]].concat()),
        ),
    ]
}

/// Keys for which the network has no use: the rest of the set is used.
fn ignored() -> Vec<(&'static str, String)> {
    vec![
        (
            "symmetric",
            with("p256-1", |key| {
                *key = json!({ "kty": "oct", "kid": "p256-1", "k": "AAAA", "alg": "HS256" })
            }),
        ),
        ("of an unknown type", set("p256-1", "kty", "X")),
        ("without a type", with("p256-1", |key| drop(key.as_object_mut().unwrap().remove("kty")))),
        ("of another curve", set("p256-1", "crv", "P-384")),
        ("for key agreement", set("p256-1", "crv", "secp256k1")),
        ("for encryption", set("p256-1", "use", "enc")),
        ("for an algorithm of another type", set("p256-1", "alg", "RS256")),
        ("for a symmetric algorithm", set("p256-1", "alg", "HS256")),
        ("only for signing", set("p256-1", "key_ops", json!(["sign"]))),
    ]
}

#[test]
fn bad_sets_are_refused_with_their_reason() {
    for (name, error, document) in [forms(), values()].concat() {
        assert_eq!(SigningKeys::parse(document.as_bytes()).err(), Some(error), "{name}");
    }
}

#[test]
fn keys_without_use_are_ignored() {
    for (name, document) in ignored() {
        let keys =
            SigningKeys::parse(document.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(keys.kids().collect::<Vec<_>>(), ["ed25519-1", "p256-2", "rsa-1", "rsa-2"], "{name}");
        assert_eq!(keys.find(Some("p256-1"), TokenAlgorithm::Es256), Err(TokenError::KeyUnknown), "{name}");
    }
}

#[test]
fn a_set_has_64_keys_at_most_and_is_what_was_read() {
    let keys = SigningKeys::parse(of_keys(64).as_bytes()).unwrap();
    assert_eq!(keys.kids().count(), 64);
    assert_eq!(keys, keys.clone());
    assert_ne!(keys, SigningKeys::parse(of_keys(63).as_bytes()).unwrap());
    let without_kid = with("ed25519-1", |key| drop(key.as_object_mut().unwrap().remove("kid")));
    let keys = SigningKeys::parse(without_kid.as_bytes()).unwrap();
    assert_eq!(keys.find(None, TokenAlgorithm::EdDsa).unwrap().algorithm(), TokenAlgorithm::EdDsa);
}

#[test]
fn a_key_is_found_by_its_kid_and_its_algorithm() {
    let keys = keys(&[]);
    assert_eq!(keys.find(Some("rsa-1"), TokenAlgorithm::Rs256).unwrap().algorithm(), TokenAlgorithm::Rs256);
    assert_eq!(keys.find(Some("rsa-1"), TokenAlgorithm::Es256), Err(TokenError::AlgorithmOfKey));
    assert_eq!(keys.find(Some("rsa-9"), TokenAlgorithm::Rs256), Err(TokenError::KeyUnknown));
    assert_eq!(keys.find(None, TokenAlgorithm::Rs256), Err(TokenError::KeyAmbiguous));
}

#[test]
fn the_corpus_is_in_the_tree() {
    let short = |document: String| if document.len() > 10_000 { Value::Null } else { document.into() };
    let refused = [forms(), values()].concat().into_iter().map(
        |(name, error, document)| json!({ "name": name, "error": format!("{error:?}"), "document": short(document) }),
    );
    let ignored = ignored().into_iter().map(|(name, document)| json!({ "name": name, "document": document }));
    let found = json!({
        "about": "Sets of keys. Documents of more than 10000 bytes are left out. Of each set in `ignored`, the key p256-1 is not used.",
        "refused": refused.collect::<Vec<_>>(),
        "ignored": ignored.collect::<Vec<_>>(),
    });
    corpus::check("jwks", &found);
}
