//! Comparators, and which of them there are for which type.

use quorate_wire::Address;

/// A 256-bit number, big-endian: its order is that of its bytes.
pub(super) type Word = [u8; 32];

/// How a value is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Greater,
    Less,
    AtLeast,
    AtMost,
    Equal,
    Unequal,
    Contains,
    Lacks,
}

impl Comparator {
    pub(super) fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            ">" => Comparator::Greater,
            "<" => Comparator::Less,
            ">=" => Comparator::AtLeast,
            "<=" => Comparator::AtMost,
            "=" => Comparator::Equal,
            "!=" => Comparator::Unequal,
            "contains" => Comparator::Contains,
            "!contains" => Comparator::Lacks,
            _ => return None,
        })
    }

    /// In a sentence.
    pub(super) fn words(self) -> &'static str {
        match self {
            Comparator::Greater => "is more than",
            Comparator::Less => "is less than",
            Comparator::AtLeast => "is at least",
            Comparator::AtMost => "is at most",
            Comparator::Equal => "is",
            Comparator::Unequal => "is not",
            Comparator::Contains => "contains",
            Comparator::Lacks => "does not contain",
        }
    }

    /// The answer for two values of a type with an order; `None` for comparators of lists.
    fn ordered<T: Ord + ?Sized>(self, left: &T, right: &T) -> Option<bool> {
        Some(match self {
            Comparator::Greater => left > right,
            Comparator::Less => left < right,
            Comparator::AtLeast => left >= right,
            Comparator::AtMost => left <= right,
            Comparator::Equal => left == right,
            Comparator::Unequal => left != right,
            Comparator::Contains | Comparator::Lacks => return None,
        })
    }
}

/// The type of a value that a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Uint,
    Bool,
    Address,
    Text,
    Texts,
}

impl Type {
    /// Whether the comparator means something for this type.
    pub(super) fn has(self, comparator: Comparator) -> bool {
        let of_lists = matches!(comparator, Comparator::Contains | Comparator::Lacks);
        let equality = matches!(comparator, Comparator::Equal | Comparator::Unequal);
        match self {
            Type::Uint | Type::Text => !of_lists,
            Type::Bool | Type::Address => equality,
            Type::Texts => of_lists,
        }
    }

    /// What is wrong with a value to compare with.
    pub(super) fn fault(self, value: &str) -> Option<&'static str> {
        match self {
            Type::Uint => decimal(value).is_none().then_some("expected a whole decimal number below 2^256"),
            Type::Bool => boolean(value).is_none().then_some("expected `true` or `false`"),
            Type::Address => address(value).is_none().then_some("expected an address of 20 bytes"),
            Type::Text | Type::Texts => None,
        }
    }
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Uint(Word),
    Bool(bool),
    Address(Address),
    Text(String),
    Texts(Vec<String>),
}

impl Found {
    /// Whether the test holds; `None` where the value to compare with is of another form.
    pub(super) fn holds(&self, comparator: Comparator, value: &str) -> Option<bool> {
        match self {
            Found::Uint(found) => comparator.ordered(found, &decimal(value)?),
            Found::Text(found) => comparator.ordered(found.as_str(), value),
            Found::Bool(found) if Type::Bool.has(comparator) => comparator.ordered(found, &boolean(value)?),
            Found::Address(found) if Type::Address.has(comparator) => {
                comparator.ordered(found, &address(value)?)
            }
            Found::Bool(_) | Found::Address(_) => None,
            Found::Texts(found) => {
                let there = found.iter().any(|text| text == value);
                match comparator {
                    Comparator::Contains => Some(there),
                    Comparator::Lacks => Some(!there),
                    Comparator::Greater
                    | Comparator::Less
                    | Comparator::AtLeast
                    | Comparator::AtMost
                    | Comparator::Equal
                    | Comparator::Unequal => None,
                }
            }
        }
    }
}

/// A whole decimal number below 2^256.
pub(super) fn decimal(text: &str) -> Option<Word> {
    let mut word = [0_u8; 32];
    if text.is_empty() || text.len() > 78 {
        return None;
    }
    for digit in text.bytes() {
        let mut carry = u16::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        for byte in word.iter_mut().rev() {
            let [high, low] = (u16::from(*byte) * 10 + carry).to_be_bytes();
            (*byte, carry) = (low, u16::from(high));
        }
        if carry != 0 {
            return None;
        }
    }
    Some(word)
}

/// A whole number below 2^256, decimal or hexadecimal with `0x`.
pub(super) fn token_id(text: &str) -> Option<Word> {
    match text.strip_prefix("0x") {
        Some(digits) if (1..=64).contains(&digits.len()) => {
            let mut word = [0_u8; 32];
            hex::decode_to_slice(format!("{digits:0>64}"), &mut word).ok()?;
            Some(word)
        }
        Some(_) => None,
        None => decimal(text),
    }
}

/// `true` or `false`, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// 20 bytes in hexadecimal, with or without `0x`, in any case.
pub(super) fn address(text: &str) -> Option<Address> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(number: u64) -> Word {
        decimal(&number.to_string()).unwrap()
    }

    #[test]
    fn numbers_are_decimal_and_bounded() {
        assert_eq!(word(0x0102_0304)[28..], [1, 2, 3, 4]);
        let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(decimal(most), Some([0xff; 32]));
        let above = most.replace("935", "936");
        for wrong in [above.as_str(), "", "-1", "+1", "0x10", "1.0", "1e3", " 1", &"9".repeat(79), "٣"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
        assert_eq!(token_id("0xff"), Some(word(255)));
        assert_eq!(token_id("0x"), None);
    }

    #[test]
    fn each_type_has_its_comparators() {
        let all = [">", "<", ">=", "<=", "=", "!=", "contains", "!contains"]
            .map(|c| Comparator::from_text(c).unwrap());
        let [caller, other] = [[0xab; 20], [1; 20]].map(Address);
        let cases: [(Type, Found, &str, [Option<bool>; 8]); 7] = [
            (
                Type::Uint,
                Found::Uint(word(9)),
                "10",
                [Some(false), Some(true), Some(false), Some(true), Some(false), Some(true), None, None],
            ),
            (
                Type::Uint,
                Found::Uint(word(10)),
                "10",
                [Some(false), Some(false), Some(true), Some(true), Some(true), Some(false), None, None],
            ),
            (
                Type::Text,
                Found::Text("b".into()),
                "a",
                [Some(true), Some(false), Some(true), Some(false), Some(false), Some(true), None, None],
            ),
            (
                Type::Bool,
                Found::Bool(true),
                "TRUE",
                [None, None, None, None, Some(true), Some(false), None, None],
            ),
            (
                Type::Address,
                Found::Address(caller),
                &"AB".repeat(20),
                [None, None, None, None, Some(true), Some(false), None, None],
            ),
            (
                Type::Address,
                Found::Address(other),
                &"AB".repeat(20),
                [None, None, None, None, Some(false), Some(true), None, None],
            ),
            (
                Type::Texts,
                Found::Texts(vec!["a".into(), "ab".into()]),
                "b",
                [None, None, None, None, None, None, Some(false), Some(true)],
            ),
        ];
        for (kind, found, value, expected) in cases {
            for (comparator, expected) in all.into_iter().zip(expected) {
                assert_eq!(found.holds(comparator, value), expected, "{found:?} {comparator:?} {value}");
                assert_eq!(kind.has(comparator), expected.is_some(), "{kind:?} {comparator:?}");
            }
        }
        assert_eq!(Found::Uint(word(1)).holds(Comparator::Unequal, "0x2"), None);
    }
}
