//! The URI of a session: `did:key` of its ed25519 key.

use quorate_wire::SessionKey;

/// What every `did:key` of an ed25519 key begins with: the method, and base58btc's `z`.
pub const DID_KEY_PREFIX: &str = "did:key:z";
/// Multicodec of an ed25519 public key, as a varint.
const ED25519_PUB: [u8; 2] = [0xed, 0x01];
/// 34 bytes have at most this many base58 digits; longer texts are refused before they are decoded.
const DIGITS_MAX: usize = 48;

/// Writes a session key as `did:key:z` and base58btc of its multicodec and bytes.
#[must_use]
pub fn did_key(session: &SessionKey) -> String {
    let mut bytes = [0u8; 34];
    bytes[..2].copy_from_slice(&ED25519_PUB);
    bytes[2..].copy_from_slice(&session.0);
    format!("{DID_KEY_PREFIX}{}", bs58::encode(bytes).into_string())
}

/// Reads a session key, only in the form that [`did_key`] writes.
///
/// It does not check that the bytes are a point of the curve.
#[must_use]
pub fn parse_did_key(text: &str) -> Option<SessionKey> {
    let digits = text.strip_prefix(DID_KEY_PREFIX)?;
    if digits.len() > DIGITS_MAX {
        return None;
    }
    let bytes = bs58::decode(digits).into_vec().ok()?;
    let key = SessionKey(bytes.strip_prefix(&ED25519_PUB)?.try_into().ok()?);
    (did_key(&key) == text).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_example_of_the_specification_reads_back() {
        let text = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let key = parse_did_key(text).unwrap();
        assert_eq!(key.to_string(), "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6");
        assert_eq!(did_key(&key), text);
    }

    #[test]
    fn refuses_other_methods_codecs_lengths_and_fragments() {
        let text = did_key(&SessionKey([7; 32]));
        for other in [
            text.replace("did:key:", "did:web:"),
            format!("{text}#key-1"),
            format!("{text}1"),
            text.replace(":z", ":Z"),
            format!("{DID_KEY_PREFIX}{}", bs58::encode([&[0xe7, 0x01][..], &[7; 32]].concat()).into_string()),
            format!("{DID_KEY_PREFIX}{}", bs58::encode([&ED25519_PUB[..], &[7; 31]].concat()).into_string()),
            format!("{DID_KEY_PREFIX}{}", bs58::encode([&ED25519_PUB[..], &[7; 33]].concat()).into_string()),
            format!("{DID_KEY_PREFIX}{}", "2".repeat(10_000)),
            String::new(),
        ] {
            assert_eq!(parse_did_key(&other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn keys_read_back(bytes: [u8; 32]) {
            let key = SessionKey(bytes);
            prop_assert_eq!(parse_did_key(&did_key(&key)), Some(key));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = parse_did_key(&format!("{DID_KEY_PREFIX}{text}"));
            let _ = parse_did_key(&text);
        }
    }
}
