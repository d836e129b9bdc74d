//! Assertions of passkeys, good ones and forged ones. Every forged one is a good one with one thing changed.

mod client_data;
mod data;
mod keys;

use std::collections::BTreeSet;

use quorate_auth::passkey::{Assertion, Passkey, PasskeyError, passkey_id, verify_assertion};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    corpus,
    keys::{TestKey, der, other_s},
};

pub(crate) const CHALLENGE: [u8; 32] = [0xc5; 32];
const RP_ID: &str = "example.com";
pub(crate) const CLIENT_DATA: &str = concat!(
    r#"{"type":"webauthn.get","challenge":"xcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcU","#,
    r#""origin":"https://login.example.com","crossOrigin":false}"#
);
/// User present and verified, backup eligible, backed up.
const FLAGS: u8 = 0x1d;

/// The parts of an assertion, and the key that signs them.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) rp_id: String,
    pub(crate) cose_key: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) client_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    key: String,
}

impl Parts {
    /// The parts of a good assertion by a key, not yet signed.
    fn by(key: &str) -> Parts {
        let hash = Sha256::digest(RP_ID);
        Parts {
            rp_id: RP_ID.to_owned(),
            cose_key: TestKey::named(key).cose(),
            authenticator_data: [&hash[..], &[FLAGS], &7u32.to_be_bytes()].concat(),
            client_data: CLIENT_DATA.into(),
            signature: Vec::new(),
            key: key.to_owned(),
        }
    }

    /// What is signed.
    fn message(&self) -> Vec<u8> {
        [&self.authenticator_data[..], &Sha256::digest(&self.client_data)].concat()
    }

    fn signed(mut self) -> Parts {
        let key = TestKey::named(&self.key);
        let signature = key.sign(&self.message());
        self.signature = if matches!(key, TestKey::P256(_)) { der(&signature) } else { signature };
        self
    }

    pub(crate) fn verify(&self) -> Result<Passkey, PasskeyError> {
        let assertion = Assertion {
            rp_id: &self.rp_id,
            cose_key: &self.cose_key,
            authenticator_data: &self.authenticator_data,
            client_data: &self.client_data,
            signature: &self.signature,
        };
        verify_assertion(&assertion, &CHALLENGE)
    }

    fn shown(&self, name: &str) -> Value {
        json!({
            "name": name,
            "rp_id": self.rp_id,
            "cose_key": hex::encode(&self.cose_key),
            "authenticator_data": hex::encode(&self.authenticator_data),
            "client_data": hex::encode(&self.client_data),
            "signature": hex::encode(&self.signature),
        })
    }
}

/// A good assertion by a key.
pub(crate) fn good(key: &str) -> Parts {
    Parts::by(key).signed()
}

/// An assertion that was changed before it was signed.
fn before(key: &str, change: impl FnOnce(&mut Parts)) -> Parts {
    let mut parts = Parts::by(key);
    change(&mut parts);
    parts.signed()
}

/// An assertion that was changed after it was signed.
fn after(key: &str, change: impl FnOnce(&mut Parts)) -> Parts {
    let mut parts = good(key);
    change(&mut parts);
    parts
}

type Forged = (&'static str, PasskeyError, Parts);

const KEYS: [&str; 3] = ["p256-1", "ed25519-1", "rsa-1"];

/// Good assertions by their names.
fn good_assertions() -> Vec<(&'static str, Parts)> {
    let flags = |flags: u8| before("p256-1", |parts| parts.authenticator_data[32] = flags);
    let text = |from: &str, to: &str| before("p256-1", |parts| client_data::change(parts, from, to));
    let extended = |map: &str| {
        before("p256-1", |parts| {
            parts.authenticator_data[32] |= 0x80;
            parts.authenticator_data.extend(hex::decode(map).unwrap());
        })
    };
    let localhost = |origin: &str| {
        before("p256-1", |parts| {
            "localhost".clone_into(&mut parts.rp_id);
            parts.authenticator_data[..32].copy_from_slice(&Sha256::digest("localhost"));
            client_data::change(parts, "https://login.example.com", origin);
        })
    };
    vec![
        ("ES256", good("p256-1")),
        ("ES256 with the other s", {
            let mut parts = Parts::by("p256-1");
            parts.signature = der(&other_s(&TestKey::named("p256-1").sign(&parts.message())));
            parts
        }),
        ("EdDSA", good("ed25519-1")),
        ("RS256", good("rsa-1")),
        ("not backed up", flags(0x0d)),
        ("bound to its device", flags(0x05)),
        ("reserved flags set", flags(0x27)),
        ("an empty map of extensions", extended("a0")),
        // {"hmac-secret": 2 bytes, "credProtect": [true, {"a": -1}]}
        (
            "extensions",
            extended(
                "a26b686d61632d736563726574420102 6b6372656450726f7465637482f5a1616120"
                    .replace(' ', "")
                    .as_str(),
            ),
        ),
        ("a counter of zero", before("p256-1", |parts| parts.authenticator_data[33..].fill(0))),
        ("origin of the relying party itself", text("login.example.com", "example.com")),
        ("origin with a port", text("login.example.com", "login.example.com:8443")),
        ("without crossOrigin", text(r#","crossOrigin":false"#, "")),
        ("unknown member", text(r#""type""#, r#""other":{"keys":[1]},"type""#)),
        ("token binding", text(r#""type""#, r#""tokenBinding":{"status":"supported"},"type""#)),
        ("origin with an escape", text("https://", r"https:\/\/")),
        ("localhost by http", localhost("http://localhost:3000")),
        ("localhost by https", localhost("https://localhost")),
    ]
}

/// Every forged assertion.
fn forged_assertions() -> Vec<Forged> {
    [client_data::forged(), data::forged(), keys::forged()].into_iter().flatten().collect()
}

#[test]
fn good_assertions_are_accepted() {
    for (name, parts) in good_assertions() {
        let passkey = parts.verify().unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(passkey.id, passkey_id(&parts.rp_id, &parts.cose_key), "{name}");
        let counter = u32::from_be_bytes(parts.authenticator_data[33..37].try_into().unwrap());
        assert_eq!(
            (passkey.counter, passkey.backed_up),
            (counter, parts.authenticator_data[32] & 16 != 0),
            "{name}"
        );
    }
}

#[test]
fn forged_assertions_are_refused_with_their_reason() {
    let mut names = BTreeSet::new();
    for (name, error, parts) in forged_assertions() {
        assert_eq!(parts.verify(), Err(error), "{name}");
        assert!(names.insert(name), "{name} is there twice");
    }
    assert!(names.len() >= 40, "{} forged assertions", names.len());
}

#[test]
fn no_part_of_one_assertion_fits_another() {
    let [one, two, three] = KEYS.map(good);
    for (own, other) in [(&one, &two), (&two, &three), (&three, &one)] {
        let with_key = Parts { cose_key: other.cose_key.clone(), ..own.clone() };
        assert_eq!(with_key.verify(), Err(PasskeyError::Signature));
        let with_signature = Parts { signature: other.signature.clone(), ..own.clone() };
        assert_eq!(with_signature.verify(), Err(PasskeyError::Signature));
    }
}

#[test]
fn ids_are_what_they_always_were() {
    let id = hex::encode(passkey_id("example.com", &[1, 2, 3]));
    assert_eq!(id, "0b77f054b0e71491f33dd3a382cf45cb6e52f16b65b76362205dfa81200f2a56");
}

#[test]
fn the_corpus_is_in_the_tree() {
    let good: Vec<Value> = good_assertions().iter().map(|(name, parts)| parts.shown(name)).collect();
    let forged = forged_assertions().into_iter().map(|(name, error, parts)| {
        let mut shown = parts.shown(name);
        shown["error"] = json!(format!("{error:?}"));
        shown
    });
    let found = json!({
        "about": "Assertions of passkeys over one challenge. Bytes are in hexadecimal digits.",
        "challenge": hex::encode(CHALLENGE),
        "good": good,
        "forged": forged.collect::<Vec<_>>(),
    });
    corpus::check("assertions", &found);
}
