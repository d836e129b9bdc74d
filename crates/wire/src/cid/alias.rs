//! CIDv1 texts of actions: other spellings of the name that we write as CIDv0.

use super::{ActionCid, EXPECTED};
use crate::ids::ParseIdError;

/// CIDv1 and the codec of its block.
const DAG_PB: [u8; 2] = [0x01, 0x70];
const RAW: [u8; 2] = [0x01, 0x55];
/// The longest form, base16, has 73 characters.
const TEXT_BYTES_MAX: usize = 80;
/// Version, codec and multihash.
const CID_BYTES: usize = 36;

const BASE16: &[u8; 16] = b"0123456789abcdef";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Reads the text of a CIDv1.
pub(super) fn parse(text: &str) -> Result<ActionCid, ParseIdError> {
    let bytes = decode(text).ok_or(ParseIdError { expected: EXPECTED })?;
    let (head, multihash) = bytes.split_at(DAG_PB.len());
    if head == RAW {
        return Err(ParseIdError {
            expected: "the CID of a file whose leaves are UnixFS (dag-pb); this one is of raw blocks, as `ipfs add \
                       --cid-version=1` makes them: use the one that `quorate action cid FILE` prints",
        });
    }
    if head != DAG_PB {
        return Err(ParseIdError { expected: EXPECTED });
    }
    ActionCid::from_multihash(multihash).map_err(|_| ParseIdError { expected: EXPECTED })
}

/// The bytes behind a multibase text, if they have the length of a CID with a SHA-256 digest.
fn decode(text: &str) -> Option<[u8; CID_BYTES]> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (base, digits) = text.split_at_checked(1)?;
    let bytes = match base {
        "b" => in_bits(digits, BASE32, 5)?,
        "f" => in_bits(digits, BASE16, 4)?,
        "k" => as_number(digits, BASE36)?,
        "z" => bs58::decode(digits).into_vec().ok()?,
        _ => return None,
    };
    bytes.try_into().ok()
}

/// Digits of a fixed number of bits each, without padding; bits that are left over must be zero.
fn in_bits(digits: &str, alphabet: &[u8], bits: u32) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut held, mut held_bits) = (0u32, 0u32);
    for digit in digits.bytes() {
        held = held << bits | value(digit, alphabet)?;
        held_bits += bits;
        if held_bits >= 8 {
            held_bits -= 8;
            bytes.push((held >> held_bits).to_le_bytes()[0]);
            held &= (1 << held_bits) - 1;
        }
    }
    // A whole digit too many would be a second text for the same bytes.
    (held == 0 && held_bits < bits).then_some(bytes)
}

/// Digits of one large number, most significant first. A leading zero digit is a zero byte; a CIDv1 has none.
fn as_number(digits: &str, alphabet: &[u8; 36]) -> Option<Vec<u8>> {
    if digits.starts_with('0') {
        return None;
    }
    // Least significant byte first while it grows.
    let mut bytes: Vec<u8> = Vec::with_capacity(digits.len());
    for digit in digits.bytes() {
        let mut carry = value(digit, alphabet)?;
        for byte in &mut bytes {
            let sum = u32::from(*byte) * 36 + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        if carry > 0 {
            bytes.push(carry.to_le_bytes()[0]);
        }
    }
    bytes.reverse();
    Some(bytes)
}

fn value(digit: u8, alphabet: &[u8]) -> Option<u32> {
    alphabet.iter().position(|&known| known == digit).and_then(|place| u32::try_from(place).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hello world` and a line end, by the reference implementation, in the four bases.
    const HELLO: [&str; 4] = [HELLO_32, HELLO_36, HELLO_58, HELLO_16];
    const HELLO_32: &str = "bafybeicg2rebjoofv4kbyovkw7af3rpiitvnl6i7ckcywaq6xjcxnc2mby";
    const HELLO_36: &str = "k2jmtxt4nv2kx0qz1ncwpjwzdixb27xsgqxk7kgho4nnmjceustvi80e";
    const HELLO_58: &str = "zdj7WaCPMsy3FP2whSwpFXHjDEaTVmjnddYSn5W2Gdn4aEZFj";
    const HELLO_16: &str = "f0170122046d44814b9c5af141c3aaab7c05dc5e844ead5f91f12858b021eba45768b4c0e";

    #[test]
    fn each_spelling_is_the_same_name() {
        let name = ActionCid::of_code(b"hello world\n");
        for text in HELLO {
            assert_eq!(text.parse::<ActionCid>().unwrap(), name, "{text}");
            assert_eq!(text.parse::<ActionCid>().unwrap().to_string(), name.to_string());
            let quoted = format!("\"{text}\"");
            assert_eq!(serde_json::from_str::<ActionCid>(&quoted).unwrap(), name);
        }
    }

    #[test]
    fn raw_blocks_are_refused_with_the_reason() {
        let raw = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4";
        assert!(raw.parse::<ActionCid>().unwrap_err().to_string().contains("raw blocks"));
    }

    #[test]
    fn refuses_other_texts_of_the_same_bytes() {
        let longer = HELLO.map(|text| format!("{text}{}", &text[1..2]));
        let upper = HELLO.map(|text| format!("{}{}", &text[..1], text[1..].to_uppercase()));
        let zero = HELLO.map(|text| format!("{}0{}", &text[..1], &text[1..]));
        let others = ["b", "f", "k", "z", "k0", "m", "é", "bafy=", "BAFYBEICG2REBJOOFV4KBYOVKW7AF3RPI"];
        let others = others.into_iter().map(str::to_owned);
        for text in longer.into_iter().chain(upper).chain(zero).chain(others) {
            assert!(text.parse::<ActionCid>().is_err(), "{text}");
        }
        // The last digit of base32 holds bits that no byte has.
        let bits = format!("{}z", &HELLO_32[..HELLO_32.len() - 1]);
        assert!(bits.parse::<ActionCid>().is_err());
    }

    #[test]
    fn refuses_other_codecs_and_hashes() {
        for (place, byte) in [("01", "02"), ("70", "71"), ("12", "13"), ("20", "21")] {
            let text = HELLO_16.replacen(place, byte, 1);
            assert_ne!(text, HELLO_16);
            assert!(text.parse::<ActionCid>().is_err(), "{text}");
        }
    }
}
