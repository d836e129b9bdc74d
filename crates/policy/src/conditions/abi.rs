//! The part of Solidity's ABI that conditions may use: values of one place each, no arrays and no tuples.
//! Source: the contract ABI specification of Solidity.

use super::compare::{Found, Type, Word, address, boolean, decimal};

/// A type of one place in the head of the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AbiType {
    Bool,
    Text,
    Address,
    /// Bits.
    Uint(usize),
    /// Bits.
    Int(usize),
    Bytes,
    /// Bytes, 1 to 32.
    FixedBytes(usize),
}

/// One encoded argument.
pub(super) enum Encoded {
    Head(Word),
    /// Goes behind the heads, with its length.
    Tail(Vec<u8>),
}

impl AbiType {
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let bits = |digits: &str| {
            let bits = if digits.is_empty() { 256 } else { digits.parse::<usize>().ok()? };
            let written = digits.is_empty() || bits.to_string() == digits;
            (written && bits % 8 == 0 && (8..=256).contains(&bits)).then_some(bits)
        };
        Some(match text {
            "bool" => AbiType::Bool,
            "string" => AbiType::Text,
            "address" => AbiType::Address,
            "bytes" => AbiType::Bytes,
            _ => {
                if let Some(digits) = text.strip_prefix("uint") {
                    AbiType::Uint(bits(digits)?)
                } else if let Some(digits) = text.strip_prefix("int") {
                    AbiType::Int(bits(digits)?)
                } else {
                    let digits = text.strip_prefix("bytes")?;
                    let bytes = digits.parse::<usize>().ok().filter(|bytes| bytes.to_string() == digits)?;
                    AbiType::FixedBytes((1..=32).contains(&bytes).then_some(bytes)?)
                }
            }
        })
    }

    /// The name in a function's signature.
    pub(super) fn name(self) -> String {
        match self {
            AbiType::Bool => "bool".to_owned(),
            AbiType::Text => "string".to_owned(),
            AbiType::Address => "address".to_owned(),
            AbiType::Uint(bits) => format!("uint{bits}"),
            AbiType::Int(bits) => format!("int{bits}"),
            AbiType::Bytes => "bytes".to_owned(),
            AbiType::FixedBytes(bytes) => format!("bytes{bytes}"),
        }
    }

    /// How a result of this type is tested; bytes and signed numbers are not.
    pub(super) fn result(self) -> Option<Type> {
        match self {
            AbiType::Bool => Some(Type::Bool),
            AbiType::Text => Some(Type::Text),
            AbiType::Address => Some(Type::Address),
            AbiType::Uint(_) => Some(Type::Uint),
            AbiType::Int(_) | AbiType::Bytes | AbiType::FixedBytes(_) => None,
        }
    }

    /// An argument out of its text; `None` if it is none of this type.
    pub(super) fn encode(self, text: &str) -> Option<Encoded> {
        Some(match self {
            AbiType::Bool => {
                let mut word = [0; 32];
                word[31] = u8::from(boolean(text)?);
                Encoded::Head(word)
            }
            AbiType::Text => Encoded::Tail(text.as_bytes().to_vec()),
            AbiType::Address => {
                let mut word = [0; 32];
                word[12..].copy_from_slice(&address(text)?.0);
                Encoded::Head(word)
            }
            AbiType::Uint(bits) => Encoded::Head(decimal(text).filter(|word| fits(word, bits))?),
            AbiType::Int(bits) => Encoded::Head(signed(text, bits)?),
            AbiType::Bytes => Encoded::Tail(bytes(text)?),
            AbiType::FixedBytes(length) => {
                let bytes = bytes(text).filter(|bytes| bytes.len() == length)?;
                let mut word = [0; 32];
                word[..length].copy_from_slice(&bytes);
                Encoded::Head(word)
            }
        })
    }

    /// The value at a place of an answer; `None` if the answer is of another form.
    pub(super) fn decode(self, answer: &[u8], place: usize) -> Option<Found> {
        let word = word_at(answer, place.checked_mul(32)?)?;
        match self {
            AbiType::Bool => match small(&word)? {
                0 => Some(Found::Bool(false)),
                1 => Some(Found::Bool(true)),
                _ => None,
            },
            AbiType::Address => {
                let low: [u8; 20] = word[12..].try_into().ok()?;
                word[..12].iter().all(|byte| *byte == 0).then_some(Found::Address(quorate_wire::Address(low)))
            }
            AbiType::Uint(bits) => fits(&word, bits).then_some(Found::Uint(word)),
            AbiType::Text => {
                let from = small(&word)?;
                let length = small(&word_at(answer, from)?)?;
                let from = from.checked_add(32)?;
                let text = answer.get(from..from.checked_add(length)?)?;
                Some(Found::Text(String::from_utf8(text.to_vec()).ok()?))
            }
            AbiType::Int(_) | AbiType::Bytes | AbiType::FixedBytes(_) => None,
        }
    }
}

/// The call's data.
pub(super) fn call(selector: [u8; 4], arguments: Vec<Encoded>) -> Vec<u8> {
    let heads = arguments.len() * 32;
    let (mut data, mut tail) = (selector.to_vec(), Vec::new());
    for argument in arguments {
        match argument {
            Encoded::Head(word) => data.extend(word),
            Encoded::Tail(bytes) => {
                data.extend(number(heads + tail.len()));
                tail.extend(number(bytes.len()));
                tail.extend(&bytes);
                tail.resize(tail.len().next_multiple_of(32), 0);
            }
        }
    }
    data.extend(tail);
    data
}

/// The data of a call with two lists of the same length.
pub(super) fn call_with_lists(selector: [u8; 4], first: &[Word], second: &[Word]) -> Vec<u8> {
    let mut data = selector.to_vec();
    data.extend(number(64));
    data.extend(number(96 + first.len() * 32));
    for list in [first, second] {
        data.extend(number(list.len()));
        data.extend(list.as_flattened());
    }
    data
}

/// The one list of numbers that an answer is, of the stated length.
pub(super) fn decode_list(answer: &[u8], length: usize) -> Option<Vec<Word>> {
    let from = small(&word_at(answer, 0)?)?;
    if small(&word_at(answer, from)?)? != length {
        return None;
    }
    (1..=length).map(|index| word_at(answer, from.checked_add(index * 32)?)).collect()
}

/// The first four bytes of the hash of a signature.
pub(super) fn selector(name: &str, inputs: &[AbiType]) -> [u8; 4] {
    let types: Vec<String> = inputs.iter().map(|input| input.name()).collect();
    selector_of(&format!("{name}({})", types.join(",")))
}

/// The same, of a signature as it is written.
pub(super) fn selector_of(signature: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = quorate_wire::keccak256(signature.as_bytes());
    [a, b, c, d]
}

fn number(value: usize) -> Word {
    let mut word = [0; 32];
    let bytes = value.to_be_bytes();
    word[32 - bytes.len()..].copy_from_slice(&bytes);
    word
}

fn small(word: &Word) -> Option<usize> {
    let low: [u8; 4] = word[28..].try_into().ok()?;
    word[..28].iter().all(|byte| *byte == 0).then_some(usize::try_from(u32::from_be_bytes(low)).ok()?)
}

fn word_at(bytes: &[u8], from: usize) -> Option<Word> {
    bytes.get(from..from.checked_add(32)?)?.try_into().ok()
}

fn fits(word: &Word, bits: usize) -> bool {
    word[..32 - bits / 8].iter().all(|byte| *byte == 0)
}

/// A signed number in two's complement.
fn signed(text: &str, bits: usize) -> Option<Word> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let mut word = decimal(digits).filter(|word| fits(word, bits))?;
    let top = 32 - bits / 8;
    if !negative {
        return (word[top] < 0x80).then_some(word);
    }
    // -2^(bits-1) is the least one.
    let beyond = word[top] > 0x80 || (word[top] == 0x80 && word[top + 1..].iter().any(|byte| *byte != 0));
    if beyond {
        return None;
    }
    let mut carry = true;
    for byte in word.iter_mut().rev() {
        let (value, over) = (!*byte).overflowing_add(u8::from(carry));
        (*byte, carry) = (value, over);
    }
    Some(word)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: &str, text: &str) -> Option<String> {
        match AbiType::from_text(kind)?.encode(text)? {
            Encoded::Head(word) => Some(hex::encode(word)),
            Encoded::Tail(bytes) => Some(hex::encode(bytes)),
        }
    }

    #[test]
    fn the_example_of_the_specification() {
        // `sam(bytes,bool,uint256[])` has an array; `f(uint256,uint32,bytes10)` of the same page has not.
        let kinds = ["uint256", "uint32", "bytes10", "bytes"].map(|kind| AbiType::from_text(kind).unwrap());
        let texts = ["291", "1110", "0x31323334353637383930", "48656c6c6f2c20776f726c6421"];
        let arguments = kinds.iter().zip(texts).map(|(kind, text)| kind.encode(text).unwrap()).collect();
        let data = hex::encode(call(selector_of("f(uint256,uint32[],bytes10,bytes)"), arguments));
        assert!(data.starts_with("8be65246"));
        assert!(data.contains("3132333435363738393000000000000000000000000000000000000000000000"));
        assert!(data.ends_with("000d48656c6c6f2c20776f726c642100000000000000000000000000000000000000"));
        assert_eq!(data.len(), 8 + 64 * 6);
        assert_eq!(hex::encode(selector("balanceOf", &[AbiType::Address])), "70a08231");
    }

    #[test]
    fn values_of_another_form_are_refused() {
        for (kind, text) in [
            ("uint8", "256"),
            ("uint256", "-1"),
            ("uint", "0x1"),
            ("int8", "128"),
            ("int8", "-129"),
            ("bool", "1"),
            ("address", "0x00"),
            ("address", ":userAddress"),
            ("bytes4", "0x010203"),
            ("bytes", "0x0"),
            ("int8", "--1"),
            ("uint7", "1"),
            ("uint264", "1"),
            ("uint08", "1"),
            ("bytes33", "00"),
            ("bytes0", ""),
            ("uint256[]", "1"),
        ] {
            assert_eq!(head(kind, text), None, "{kind} {text}");
        }
        assert!(head("int8", "-128").unwrap().ends_with("ffff80"));
        assert!(head("int8", "-1").unwrap().ends_with("ffffff"));
        assert!(head("int8", "127").unwrap().ends_with("00007f"));
        assert!(head("int256", "-1").unwrap().starts_with("ffff"));
        assert_eq!(head("int8", "-0"), head("uint8", "0"));
        assert!(head("uint8", "255").unwrap().ends_with("00ff"));
    }

    #[test]
    fn answers_of_another_form_are_none() {
        let text = AbiType::Text;
        let mut answer = call([0; 4], vec![text.encode("caf\u{e9}").unwrap()])[4..].to_vec();
        assert_eq!(text.decode(&answer, 0), Some(Found::Text("caf\u{e9}".into())));
        for length in 0..answer.len() - 27 {
            assert_eq!(text.decode(&answer[..length], 0), None);
        }
        answer[0] = 1;
        assert_eq!(text.decode(&answer, 0), None);
        assert_eq!(AbiType::Bool.decode(&[2; 32], 0), None);
        assert_eq!(AbiType::Address.decode(&[1; 32], 0), None);
        assert_eq!(AbiType::Uint(8).decode(&[1; 32], 0), None);
        assert_eq!(AbiType::Uint(256).decode(&[], 0), None);
        assert_eq!(AbiType::Uint(256).decode(&[1; 32], usize::MAX), None);
        let list = call_with_lists([0; 4], &[[1; 32], [2; 32]], &[[3; 32], [4; 32]]);
        assert_eq!(list.len(), 4 + 32 * 8);
        assert_eq!(decode_list(&list[4 + 32..], 2), None);
        let mut answer = number(32).to_vec();
        answer.extend([number(1), number(7)].as_flattened());
        assert_eq!(decode_list(&answer, 1), Some(vec![number(7)]));
        assert_eq!(decode_list(&answer, 2), None);
    }
}
