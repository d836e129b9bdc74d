//! Unsigned EVM transactions, read back from the bytes whose hash is to be signed.

use quorate_registry::alloy_primitives::U256;
use serde_json::{Map, Value, json};

/// Deepest nesting of lists: an access list has three levels.
const DEPTH_MAX: usize = 4;

/// An RLP item.
#[derive(Debug, PartialEq, Eq)]
enum Item<'a> {
    Bytes(&'a [u8]),
    List(Vec<Item<'a>>),
}

/// The members of a transaction with these bytes, if that is what they are.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let (kind, list) = match bytes.first()? {
        1 => (1, &bytes[1..]),
        2 => (2, &bytes[1..]),
        0xc0.. => (0, bytes),
        _ => return None,
    };
    let Item::List(fields) = whole(list)? else { return None };
    let names: &[&str] = match (kind, fields.len()) {
        (0, 6) => &["nonce", "gas_price", "gas_limit", "to", "value", "data"],
        // EIP-155: the chain's number and two zeros stand where the signature will.
        (0, 9) => &["nonce", "gas_price", "gas_limit", "to", "value", "data", "chain_id", "zero", "zero"],
        (1, 8) => &["chain_id", "nonce", "gas_price", "gas_limit", "to", "value", "data", "access_list"],
        (2, 9) => &[
            "chain_id",
            "nonce",
            "max_priority_fee_per_gas",
            "max_fee_per_gas",
            "gas_limit",
            "to",
            "value",
            "data",
            "access_list",
        ],
        _ => return None,
    };
    let mut shown = Map::new();
    shown.insert("kind".into(), json!("evm_transaction"));
    shown.insert("type".into(), json!(kind));
    for (name, field) in names.iter().zip(&fields) {
        let value = match (*name, field) {
            ("zero", Item::Bytes([])) => continue,
            ("to", Item::Bytes([])) => Value::Null,
            ("to", Item::Bytes(address)) if address.len() == 20 => json!(hex0x(address)),
            ("data", Item::Bytes(data)) => {
                if let Some(selector) = data.get(..4) {
                    shown.insert("selector".into(), json!(hex0x(selector)));
                }
                json!(hex0x(data))
            }
            ("access_list", Item::List(entries)) => access_list(entries)?,
            ("zero" | "to", _) | (_, Item::List(_)) => return None,
            (name, Item::Bytes(number)) => {
                let number = integer(number)?;
                match u64::try_from(number) {
                    Ok(small) if matches!(name, "chain_id" | "nonce") => json!(small),
                    _ => json!(number.to_string()),
                }
            }
        };
        shown.insert((*name).to_owned(), value);
    }
    Some(Value::Object(shown))
}

/// `0x` and hexadecimal digits.
pub(super) fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn access_list(entries: &[Item<'_>]) -> Option<Value> {
    let entry = |entry: &Item<'_>| {
        let Item::List(parts) = entry else { return None };
        let [Item::Bytes(address), Item::List(slots)] = parts.as_slice() else { return None };
        let slots: Option<Vec<String>> = slots
            .iter()
            .map(|slot| match slot {
                Item::Bytes(slot) if slot.len() == 32 => Some(hex0x(slot)),
                _ => None,
            })
            .collect();
        (address.len() == 20).then_some(())?;
        Some(json!({ "address": hex0x(address), "storage_keys": slots? }))
    };
    entries.iter().map(entry).collect::<Option<Vec<Value>>>().map(Value::Array)
}

fn integer(bytes: &[u8]) -> Option<U256> {
    (bytes.len() <= 32 && bytes.first() != Some(&0)).then(|| U256::from_be_slice(bytes))
}

fn whole(bytes: &[u8]) -> Option<Item<'_>> {
    let (item, rest) = item(bytes, 0)?;
    rest.is_empty().then_some(item)
}

fn item(bytes: &[u8], depth: usize) -> Option<(Item<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (is_list, length, rest) = match first {
        0..=0x7f => return Some((Item::Bytes(&bytes[..1]), rest)),
        0x80..=0xb7 => (false, usize::from(first - 0x80), rest),
        0xb8..=0xbf => long(first - 0xb7, rest).map(|(length, rest)| (false, length, rest))?,
        0xc0..=0xf7 => (true, usize::from(first - 0xc0), rest),
        0xf8.. => long(first - 0xf7, rest).map(|(length, rest)| (true, length, rest))?,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    if !is_list {
        return Some((Item::Bytes(content), rest));
    }
    if depth == DEPTH_MAX {
        return None;
    }
    let (mut items, mut content) = (Vec::new(), content);
    while !content.is_empty() {
        let (next, left) = item(content, depth + 1)?;
        items.push(next);
        content = left;
    }
    Some((Item::List(items), rest))
}

fn long(digits: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = rest.split_at_checked(usize::from(digits))?;
    let length = usize::try_from(integer(length)?).ok()?;
    (length > 55).then_some((length, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(hex: &str) -> Option<Value> {
        decode(&hex::decode(hex).unwrap())
    }

    #[test]
    fn reads_the_example_of_eip_155() {
        let shown = decoded(
            "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080",
        )
        .unwrap();
        assert_eq!(
            shown,
            json!({
                "kind": "evm_transaction", "type": 0, "chain_id": 1, "nonce": 9,
                "gas_price": "20000000000", "gas_limit": "21000",
                "to": "0x3535353535353535353535353535353535353535",
                "value": "1000000000000000000", "data": "0x"
            })
        );
    }

    #[test]
    fn refuses_what_is_no_transaction() {
        let valid =
            "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080";
        for bad in [
            "",
            "c0",
            "80",
            "02c0",
            "ff",
            "f8ffffffffffffffff",
            "bfffffffffffffffff",
            &format!("{valid}00"),
            &valid[..valid.len() - 2],
            &valid.replacen("ec09", "ec00", 1),
        ] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
        assert_eq!(decode(&[0xf7; 4096]), None);
        assert_eq!(decode(&[0xc1; 4096]), None);
    }
}
