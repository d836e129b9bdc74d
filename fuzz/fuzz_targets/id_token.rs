//! Nothing but the token itself is accepted, whatever is changed in it or in one of its parts.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_auth::oidc::{ALGORITHMS, SigningKeys, read_token, verify_token};
use quorate_wire::IssuerRule;
use serde_json::Value;

mod edits;

const CORPUS: &str = include_str!("../../crates/auth/tests/corpus/tokens.json");

/// What is accepted, and by what.
struct Good {
    tokens: Vec<String>,
    issuer: IssuerRule,
    keys: SigningKeys,
    nonce: String,
}

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let corpus: Value = serde_json::from_str(CORPUS).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Good {
        tokens: corpus["good"].as_array().unwrap().iter().map(|row| text(&row["token"])).collect(),
        issuer: IssuerRule {
            name: String::new(),
            issuer: text(&corpus["issuer"]["issuer"]),
            aliases: vec![text(&corpus["issuer"]["aliases"][0])],
            algorithms: ALGORITHMS.to_vec(),
            jwks_uri: None,
        },
        keys: SigningKeys::parse(corpus["jwks"].to_string().as_bytes()).unwrap(),
        nonce: text(&corpus["nonce"]),
    }
});

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.bytes() {
        let place = ALPHABET.iter().position(|known| *known == letter).unwrap();
        (bits, count) = (bits << 6 | u32::try_from(place).unwrap(), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in bytes {
        (bits, count) = (bits << 8 | u32::from(*byte), count + 8);
        while count >= 6 {
            count -= 6;
            text.push(char::from(ALPHABET[(bits >> count & 63) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (6 - count) & 63) as usize]));
    }
    text
}

fuzz_target!(|script: &[u8]| {
    let [which, part, script @ ..] = script else { return };
    let Good { tokens, issuer, keys, nonce } = &*GOOD;
    let good = &tokens[usize::from(*which) % tokens.len()];
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let token = match usize::from(*part) % 4 {
        3 => String::from_utf8_lossy(&edits::edited(good.as_bytes(), script)).into_owned(),
        place => {
            parts[place] = encode(&edits::edited(&decode(&parts[place]), script));
            parts.join(".")
        }
    };
    let found = read_token(&token).and_then(|read| verify_token(&read, issuer, keys, nonce));
    assert_eq!(found.is_ok(), tokens.contains(&token), "only what was made is accepted");
});
