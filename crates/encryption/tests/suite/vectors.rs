//! Ciphertexts and containers are what they always were. `UPDATE_VECTORS=1` writes `tests/vectors/encryption.json` anew.

use quorate_encryption::{Ciphertext, encrypt, open_bytes};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::containers::{container, value_of};
use crate::support::{LENGTHS, POLICY, TestRoot, identity, message, rng};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/encryption.json");
const ABOUT: &str = "The root's secret is the IETF's KeyGen of 32 bytes 01. Byte i of a message is (31 i + i / 256 + 1) mod 256. \
    Entropy is ChaCha20 seeded with 1 (seed_from_u64). Long ones are given by their SHA-256.";

#[test]
fn bytes_are_what_they_always_were() {
    let root = TestRoot::new(1);
    let value = root.value(&identity(1));
    let ciphertexts: Vec<Value> = LENGTHS
        .iter()
        .map(|length| {
            let made = encrypt(&root.key(), &identity(1), &message(*length), &mut rng(1)).unwrap();
            json!({ "message_bytes": length, "ciphertext": shown(&made.to_bytes()) })
        })
        .collect();
    let containers: Vec<Value> = LENGTHS
        .iter()
        .map(|length| json!({ "plaintext_bytes": length, "container": shown(&container(&root, *length, 1)) }))
        .collect();
    let found = json!({
        "about": ABOUT,
        "root": hex::encode(root.key().to_bytes()),
        "identity": String::from_utf8(identity(1)).unwrap(),
        "value": hex::encode(value),
        "ciphertexts": ciphertexts,
        "container_policy": POLICY,
        "container_value": hex::encode(value_of(&root, &container(&root, 0, 1))),
        "containers": containers,
    });
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(FILE, format!("{found:#}\n")).unwrap();
    }
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    assert_eq!(found, expected, "UPDATE_VECTORS=1 writes it anew");
}

#[test]
fn committed_bytes_open() {
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap_or_default()).unwrap();
    let value = |name: &str| <[u8; 96]>::try_from(bytes(&vectors[name])).unwrap();
    let mut opened = 0;
    for vector in vectors["ciphertexts"].as_array().unwrap() {
        let given = bytes(&vector["ciphertext"]["hex"]);
        if !given.is_empty() {
            let message = Ciphertext::parse(&given).unwrap().open(&value("value")).unwrap();
            assert_eq!(json!(message.len()), vector["message_bytes"]);
            opened += 1;
        }
    }
    for vector in vectors["containers"].as_array().unwrap() {
        let given = bytes(&vector["container"]["hex"]);
        if !given.is_empty() {
            let plaintext = open_bytes(&given, &value("container_value")).unwrap();
            assert_eq!(plaintext.as_slice(), message(plaintext.len()));
            opened += 1;
        }
    }
    assert_eq!(opened, 10);
}

fn shown(bytes: &[u8]) -> Value {
    if bytes.len() < 1_000 {
        json!({ "hex": hex::encode(bytes) })
    } else {
        json!({ "bytes": bytes.len(), "sha256": hex::encode(Sha256::digest(bytes)) })
    }
}
