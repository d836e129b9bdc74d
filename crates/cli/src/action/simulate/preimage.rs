//! What a digest is a digest of.
//!
//! An action asks for a signature on 32 bytes, which say nothing. While it ran it has hashed something to get
//! there, and what it hashed is recorded; so are its parameters, for digests that it was handed. Nothing here is
//! believed: a message is shown only if it hashes to the digest.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quorate_wire::{check_strict, keccak256};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::transaction::hex0x;
use super::{transaction, typed_data};

/// Longest message that is kept.
const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// Most bytes kept in all; an action that hashes more gets the rest of its digests shown bare.
const TOTAL_BYTES_MAX: usize = 32 << 20;
/// What EIP-191 puts before a personal message.
const PERSONAL: &[u8] = b"\x19Ethereum Signed Message:\n";

/// Messages by their hash.
#[derive(Debug, Default)]
pub(super) struct Preimages {
    keccak: HashMap<[u8; 32], Vec<u8>>,
    sha256: HashMap<[u8; 32], Vec<u8>>,
    bytes: usize,
}

impl Preimages {
    /// Keeps a message.
    pub(super) fn add(&mut self, message: &[u8]) {
        if message.len() > MESSAGE_BYTES_MAX || self.bytes + message.len() > TOTAL_BYTES_MAX {
            return;
        }
        self.bytes += message.len();
        self.sha256.insert(Sha256::digest(message).into(), message.to_vec());
        self.keccak.insert(keccak256(message), message.to_vec());
    }

    /// Keeps what others have kept.
    pub(super) fn merge(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.keccak.extend(other.keccak);
        self.sha256.extend(other.sha256);
    }

    /// Keeps what a text could stand for: itself, its personal message, and the bytes that its digits name.
    pub(super) fn add_text(&mut self, text: &str) {
        self.add(text.as_bytes());
        self.add(&personal(text.as_bytes()));
        if let Some(Ok(bytes)) = text.strip_prefix("0x").map(hex::decode) {
            self.add(&bytes);
            self.add(&personal(&bytes));
        }
    }

    /// Keeps every text of a JSON document.
    pub(super) fn add_json(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_json(item)),
            Value::Object(members) => members.values().for_each(|member| self.add_json(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The message with this Keccak-256 hash.
    pub(super) fn keccak(&self, hash: &[u8]) -> Option<&[u8]> {
        self.keccak.get(<&[u8; 32]>::try_from(hash).ok()?).map(Vec::as_slice)
    }

    /// What this digest is of, in the words of whoever reads the report.
    pub(super) fn describe(&self, digest: &[u8; 32]) -> Value {
        if let Some(message) = self.keccak.get(digest) {
            return of_keccak(message, self);
        }
        match self.sha256.get(digest) {
            Some(message) => self.of_sha256(message),
            None => json!({ "kind": "digest" }),
        }
    }

    fn of_sha256(&self, message: &[u8]) -> Value {
        if let Some(inner) = <&[u8; 32]>::try_from(message).ok().and_then(|hash| self.sha256.get(hash)) {
            return json!({ "kind": "sha256d", "message": hex0x(inner) });
        }
        if let Some(jws) = jws(message) {
            return jws;
        }
        plain("sha256", message)
    }
}

/// A message with the prefix of EIP-191.
pub(super) fn personal(message: &[u8]) -> Vec<u8> {
    [PERSONAL, message.len().to_string().as_bytes(), message].concat()
}

/// The description of a personal message.
pub(super) fn personal_value(message: &[u8]) -> Value {
    match std::str::from_utf8(message) {
        Ok(text) => json!({ "kind": "eip191", "text": text }),
        Err(_) => json!({ "kind": "eip191", "bytes": hex0x(message) }),
    }
}

fn of_keccak(message: &[u8], known: &Preimages) -> Value {
    if let Some(rest) = message.strip_prefix(PERSONAL) {
        // The length's digits cannot be told from the message's own first digits but by counting.
        for digits in 1..=rest.len().min(10) {
            // Only as wallets write it: another text of the same number makes another digest.
            if personal(&rest[digits..]) == message {
                return personal_value(&rest[digits..]);
            }
        }
    }
    transaction::decode(message)
        .or_else(|| typed_data::decode(message, known))
        .unwrap_or_else(|| plain("keccak256", message))
}

fn plain(kind: &str, message: &[u8]) -> Value {
    let printable = std::str::from_utf8(message).ok().filter(|text| !text.chars().any(char::is_control));
    match printable {
        Some(text) if !text.is_empty() => json!({ "kind": kind, "text": text }),
        _ => json!({ "kind": kind, "message": hex0x(message) }),
    }
}

/// The signing input of a JSON Web Signature: `header.payload`.
fn jws(message: &[u8]) -> Option<Value> {
    let (header, payload) = std::str::from_utf8(message).ok()?.split_once('.')?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    // Of two members of one name each reader believes another one: such a text is shown as it is.
    let strict =
        |bytes: &[u8]| check_strict(bytes).ok().and_then(|()| serde_json::from_slice::<Value>(bytes).ok());
    let header = strict(&decode(header)?)?;
    header.get("alg")?;
    let payload = decode(payload)?;
    let payload = strict(&payload).unwrap_or_else(|| json!(hex0x(&payload)));
    Some(json!({ "kind": "jws", "header": header, "payload": payload }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(messages: &[&[u8]]) -> Preimages {
        let mut known = Preimages::default();
        messages.iter().for_each(|message| known.add(message));
        known
    }

    #[test]
    fn tells_a_personal_message_from_its_length() {
        for text in ["", "hello", "12 apples", &"7".repeat(120)] {
            let message = personal(text.as_bytes());
            let shown = known(&[&message]).describe(&keccak256(&message));
            assert_eq!(shown, json!({ "kind": "eip191", "text": text }));
        }
    }

    #[test]
    fn a_length_that_is_written_otherwise_makes_no_personal_message() {
        let message = b"\x19Ethereum Signed Message:\n005hello";
        let shown = known(&[message]).describe(&keccak256(message));
        assert_eq!(shown, json!({ "kind": "keccak256", "message": hex0x(message) }));
    }

    #[test]
    fn shows_a_digest_bare_when_nothing_hashes_to_it() {
        assert_eq!(known(&[b"other"]).describe(&[7; 32]), json!({ "kind": "digest" }));
    }

    #[test]
    fn shows_typed_data_with_its_nested_parts() {
        // The example of EIP-712 itself.
        let person = b"Person(string name,address wallet)";
        let mail = b"Mail(Person from,Person to,string contents)Person(string name,address wallet)";
        let domain = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        let address = |byte: u8| [[0; 12].as_slice(), &[byte; 20]].concat();
        let cow = hex::decode(format!("{:024}cd2a3d9f938e13cd947ec05abc7fe734df8dd826", 0)).unwrap();
        let one = |number: u8| [[0; 31].as_slice(), &[number]].concat();
        let encode = |kind: &[u8], words: &[&[u8]]| [&keccak256(kind)[..], &words.concat()].concat();
        let text = |text: &str| keccak256(text.as_bytes());
        let from = encode(person, &[&text("Cow"), &cow]);
        let to = encode(person, &[&text("Bob"), &address(0xbb)]);
        let message = encode(mail, &[&keccak256(&from), &keccak256(&to), &text("Hello, Bob!")]);
        let domain_data = encode(domain, &[&text("Ether Mail"), &text("1"), &one(1), &address(0xcc)]);
        let signed = [b"\x19\x01".as_slice(), &keccak256(&domain_data), &keccak256(&message)].concat();
        // The digest that the standard gives.
        assert_eq!(
            hex::encode(keccak256(&signed)),
            "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
        );
        let words: [&[u8]; 12] = [
            person,
            mail,
            domain,
            b"Cow",
            b"Bob",
            b"Hello, Bob!",
            b"Ether Mail",
            b"1",
            &from,
            &to,
            &message,
            &domain_data,
        ];
        let mut known = known(&words);
        known.add(&signed);
        let shown = known.describe(&keccak256(&signed));
        assert_eq!(shown["primary_type"], "Mail");
        assert_eq!(shown["domain"]["chainId"], "1");
        assert_eq!(shown["message"]["from"]["name"], "Cow");
        assert_eq!(shown["message"]["contents"], "Hello, Bob!");
        assert_eq!(shown["message"]["to"]["wallet"], format!("0x{}", "bb".repeat(20)));
        let members = &shown["members"];
        assert_eq!(members["domain"][2], json!({ "name": "chainId", "type": "uint256", "value": "1" }));
        assert_eq!(members["message"][0]["name"], "from");
        assert_eq!(members["message"][1]["value"][0]["value"], "Bob");
    }

    #[test]
    fn shows_a_jws_and_a_double_hash() {
        let input = b"eyJhbGciOiJFUzI1NksifQ.eyJhIjoxfQ";
        let shown = known(&[input]).describe(&Sha256::digest(input).into());
        assert_eq!(shown, json!({ "kind": "jws", "header": { "alg": "ES256K" }, "payload": { "a": 1 } }));
        let inner = Sha256::digest([0, 1]);
        let shown = known(&[&[0, 1], &inner]).describe(&Sha256::digest(inner).into());
        assert_eq!(shown, json!({ "kind": "sha256d", "message": "0x0001" }));
    }
}
