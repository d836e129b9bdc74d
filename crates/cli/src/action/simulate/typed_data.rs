//! EIP-712 messages, read back from the pieces that were hashed on the way to a digest.

use quorate_registry::alloy_primitives::U256;
use serde_json::{Map, Value, json};

use super::preimage::Preimages;
use super::transaction::hex0x;

/// Deepest nesting of structs and arrays that is shown.
const DEPTH_MAX: usize = 16;

/// Domain and message behind the bytes `0x1901 ‖ domain separator ‖ struct hash`, as far as their pieces are known.
pub(super) fn decode(bytes: &[u8], known: &Preimages) -> Option<Value> {
    let rest: [u8; 64] = bytes.strip_prefix(&[0x19, 0x01])?.try_into().ok()?;
    let (domain, message) = rest.split_at(32);
    let (primary, domain_value) = structure(domain, known, 0).unwrap_or_default();
    let domain_value = if primary == "EIP712Domain" { domain_value } else { json!(hex0x(domain)) };
    let (primary_type, message) = match structure(message, known, 0) {
        Some((name, value)) => (json!(name), value),
        None => (Value::Null, json!(hex0x(message))),
    };
    Some(json!({
        "kind": "eip712", "domain": domain_value, "primary_type": primary_type, "message": message
    }))
}

/// The struct with this hash: its type's name and its members.
fn structure(hash: &[u8], known: &Preimages, depth: usize) -> Option<(String, Value)> {
    let encoded = known.keccak(hash)?;
    let (type_hash, values) = encoded.split_at_checked(32)?;
    let types = std::str::from_utf8(known.keccak(type_hash)?).ok()?;
    let (name, rest) = types.split_once('(')?;
    let (members, _) = rest.split_once(')')?;
    let members: Vec<&str> = members.split(',').filter(|member| !member.is_empty()).collect();
    if members.len() * 32 != values.len() || depth == DEPTH_MAX {
        return None;
    }
    let mut shown = Map::new();
    for (member, value) in members.iter().zip(values.chunks_exact(32)) {
        let (kind, member) = member.split_once(' ')?;
        shown.insert(member.to_owned(), self::value(kind, value, known, depth + 1));
    }
    Some((name.to_owned(), Value::Object(shown)))
}

/// A member's value; the bare word where what is behind it is not known.
fn value(kind: &str, word: &[u8], known: &Preimages, depth: usize) -> Value {
    let number = || U256::from_be_slice(word);
    let found = match kind {
        "string" => {
            known.keccak(word).and_then(|text| std::str::from_utf8(text).ok()).map(|text| json!(text))
        }
        "bytes" => known.keccak(word).map(|bytes| json!(hex0x(bytes))),
        "bool" => Some(json!(!number().is_zero())),
        "address" => Some(json!(hex0x(&word[12..]))),
        _ if kind.ends_with(']') => array(kind, word, known, depth),
        _ if kind.starts_with("uint") => Some(json!(number().to_string())),
        _ if kind.starts_with("int") => {
            // Two's complement; the sign is the first bit.
            let negative = word[0] >= 0x80;
            Some(json!(if negative { format!("-{}", number().wrapping_neg()) } else { number().to_string() }))
        }
        _ if kind.starts_with("bytes") => {
            let length = kind["bytes".len()..].parse().unwrap_or(32).min(32);
            Some(json!(hex0x(&word[..length])))
        }
        _ => structure(word, known, depth).map(|(_, value)| value),
    };
    found.unwrap_or_else(|| json!(hex0x(word)))
}

fn array(kind: &str, word: &[u8], known: &Preimages, depth: usize) -> Option<Value> {
    let (element, _) = kind.rsplit_once('[')?;
    let words = known.keccak(word)?;
    if words.len() % 32 != 0 || depth == DEPTH_MAX {
        return None;
    }
    Some(words.chunks_exact(32).map(|word| value(element, word, known, depth + 1)).collect())
}
