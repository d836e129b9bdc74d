//! EIP-712 messages, read back from the pieces that were hashed on the way to a digest.

use quorate_registry::alloy_primitives::U256;
use serde_json::{Map, Value, json};

use super::preimage::Preimages;
use super::transaction::hex0x;

/// Deepest nesting of structs and arrays that is shown.
const DEPTH_MAX: usize = 16;

/// What is behind a word, twice: as JavaScript would have it, and with types, in the order in which it was hashed.
struct Shown {
    plain: Value,
    ordered: Value,
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        Shown { plain: value.clone(), ordered: value }
    }
}

/// Domain and message behind the bytes `0x1901 ‖ domain separator ‖ struct hash`, as far as their pieces are known. Objects have
/// no order, so `members` has both again, each struct as a list of names, types and values in its type's order.
pub(super) fn decode(bytes: &[u8], known: &Preimages) -> Option<Value> {
    let rest: [u8; 64] = bytes.strip_prefix(&[0x19, 0x01])?.try_into().ok()?;
    let (domain, message) = rest.split_at(32);
    let bare = |word: &[u8]| Shown::from(json!(hex0x(word)));
    let domain = match structure(domain, known, 0) {
        Some((name, shown)) if name == "EIP712Domain" => shown,
        _ => bare(domain),
    };
    let (primary_type, message) = match structure(message, known, 0) {
        Some((name, shown)) => (json!(name), shown),
        None => (Value::Null, bare(message)),
    };
    Some(json!({
        "kind": "eip712", "domain": domain.plain, "primary_type": primary_type, "message": message.plain,
        "members": { "domain": domain.ordered, "message": message.ordered },
    }))
}

/// The struct with this hash: its type's name and its members.
fn structure(hash: &[u8], known: &Preimages, depth: usize) -> Option<(String, Shown)> {
    let encoded = known.keccak(hash)?;
    let (type_hash, values) = encoded.split_at_checked(32)?;
    let types = std::str::from_utf8(known.keccak(type_hash)?).ok()?;
    let (name, rest) = types.split_once('(')?;
    let (members, _) = rest.split_once(')')?;
    let members: Vec<&str> = members.split(',').filter(|member| !member.is_empty()).collect();
    if members.len() * 32 != values.len() || depth == DEPTH_MAX {
        return None;
    }
    let (mut plain, mut ordered) = (Map::new(), Vec::new());
    for (member, word) in members.iter().zip(values.chunks_exact(32)) {
        let (kind, member) = member.split_once(' ')?;
        let shown = value(kind, word, known, depth + 1);
        plain.insert(member.to_owned(), shown.plain);
        ordered.push(json!({ "name": member, "type": kind, "value": shown.ordered }));
    }
    Some((name.to_owned(), Shown { plain: Value::Object(plain), ordered: Value::Array(ordered) }))
}

/// A member's value; the bare word where what is behind it is not known, or where it is none of its type.
fn value(kind: &str, word: &[u8], known: &Preimages, depth: usize) -> Shown {
    let number = || U256::from_be_slice(word);
    let simple = match (kind, sized(kind)) {
        ("string", _) => {
            known.keccak(word).and_then(|text| std::str::from_utf8(text).ok()).map(|text| json!(text))
        }
        ("bytes", _) => known.keccak(word).map(|bytes| json!(hex0x(bytes))),
        ("bool", _) => (number() <= U256::ONE).then(|| json!(!number().is_zero())),
        ("address", _) => is_zero(&word[..12]).then(|| json!(hex0x(&word[12..]))),
        (_, Some(("uint", bits))) => (number().bit_len() <= bits).then(|| json!(number().to_string())),
        (_, Some(("int", bits))) => integer(word, bits).map(Value::String),
        (_, Some((_, length))) => is_zero(&word[length..]).then(|| json!(hex0x(&word[..length]))),
        _ => {
            let found = if kind.ends_with(']') {
                array(kind, word, known, depth)
            } else {
                structure(word, known, depth).filter(|(name, _)| name == kind).map(|(_, shown)| shown)
            };
            return found.unwrap_or_else(|| json!(hex0x(word)).into());
        }
    };
    simple.unwrap_or_else(|| json!(hex0x(word))).into()
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Two's complement in so many bits: the sign is the word's first bit, and all above the number are like it.
fn integer(word: &[u8], bits: usize) -> Option<String> {
    let (number, negative) = (U256::from_be_slice(word), word[0] >= 0x80);
    let size = if negative { number.wrapping_neg() } else { number };
    let most = U256::ONE << (bits - 1);
    let fits = if negative { size <= most } else { size < most };
    fits.then(|| if negative { format!("-{size}") } else { size.to_string() })
}

/// The elementary types with a number behind them, as EIP-712 has them: `uint8` to `uint256` and `int8` to `int256` in bits, `bytes1` to
/// `bytes32` in bytes. Any other name is one of a struct.
fn sized(kind: &str) -> Option<(&'static str, usize)> {
    let (name, step, most) = [("uint", 8, 256), ("int", 8, 256), ("bytes", 1, 32)]
        .into_iter()
        .find(|(name, ..)| kind.strip_prefix(name).is_some_and(|size| size.parse::<usize>().is_ok()))?;
    let digits = &kind[name.len()..];
    let size: usize = digits.parse().ok()?;
    let sound = size > 0 && size <= most && size.is_multiple_of(step) && size.to_string() == digits;
    sound.then_some((name, size))
}

fn array(kind: &str, word: &[u8], known: &Preimages, depth: usize) -> Option<Shown> {
    let (element, _) = kind.rsplit_once('[')?;
    let words = known.keccak(word)?;
    if words.len() % 32 != 0 || depth == DEPTH_MAX {
        return None;
    }
    let shown = words.chunks_exact(32).map(|word| value(element, word, known, depth + 1));
    let (plain, ordered): (Vec<Value>, Vec<Value>) = shown.map(|shown| (shown.plain, shown.ordered)).unzip();
    Some(Shown { plain: plain.into(), ordered: ordered.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, word: &str) -> Value {
        value(kind, &hex::decode(format!("{word:0>64}")).unwrap(), &Preimages::default(), 0).plain
    }

    #[test]
    fn numbers_are_those_of_their_type_or_bare_words() {
        assert_eq!(shown("uint8", "ff"), "255");
        assert_eq!(shown("uint256", &"f".repeat(64)), U256::MAX.to_string());
        assert_eq!(shown("int8", &"f".repeat(64)), "-1");
        assert_eq!(shown("int8", &format!("{}80", "f".repeat(62))), "-128");
        assert_eq!(shown("int8", "7f"), "127");
        assert_eq!(shown("bool", "1"), true);
        for (kind, word) in [
            ("uint8", "100"),
            ("int8", "80"),
            ("bool", "2"),
            ("uint7", "1"),
            ("uint08", "1"),
            ("uint264", "1"),
        ] {
            assert_eq!(shown(kind, word), format!("0x{word:0>64}"), "{kind}");
        }
        let padded = |text: &str| format!("{text:0<64}");
        assert_eq!(shown("bytes4", &padded("01020304")), "0x01020304");
        assert_eq!(shown("bytes4", &padded("0102030405")), format!("0x{}", padded("0102030405")));
        assert_eq!(shown("address", &"1".repeat(64)), format!("0x{}", "1".repeat(64)));
    }

    #[test]
    fn structs_may_be_named_like_numbers_and_are_those_that_their_member_names() {
        for name in ["integer", "uinteger", "bytesLike", "int", "uint8x"] {
            let mut known = Preimages::default();
            let inner = format!("{name}(uint256 z,uint256 a)");
            let words = [U256::from(7).to_be_bytes::<32>(), U256::from(8).to_be_bytes::<32>()].concat();
            let encoded = [&quorate_wire::keccak256(inner.as_bytes())[..], &words].concat();
            known.add(inner.as_bytes());
            known.add(&encoded);
            let hash = quorate_wire::keccak256(&encoded);
            let members = json!([
                { "name": "z", "type": "uint256", "value": "7" },
                { "name": "a", "type": "uint256", "value": "8" },
            ]);
            let shown = value(name, &hash, &known, 0);
            assert_eq!(shown.ordered, members, "in the type's order");
            assert_eq!(shown.plain, json!({ "a": "8", "z": "7" }));
            assert_eq!(
                value("Other", &hash, &known, 0).plain,
                json!(hex0x(&hash)),
                "another struct than is named"
            );
        }
    }
}
