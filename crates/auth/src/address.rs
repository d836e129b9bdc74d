//! The mixed-case text of an Ethereum address (EIP-55), the only one that EIP-4361 allows.

use quorate_wire::{Address, keccak256};

/// Writes an address with its EIP-55 checksum.
#[must_use]
pub fn checksum_address(address: &Address) -> String {
    let digits = hex::encode(address.0);
    let hash = keccak256(digits.as_bytes());
    let mut text = String::with_capacity(42);
    text.push_str("0x");
    for (place, digit) in digits.chars().enumerate() {
        let byte = hash[place / 2];
        let nibble = if place % 2 == 0 { byte >> 4 } else { byte & 0x0f };
        text.push(if nibble >= 8 { digit.to_ascii_uppercase() } else { digit });
    }
    text
}

/// Reads an address, only in the form that [`checksum_address`] writes.
#[must_use]
pub fn parse_checksum_address(text: &str) -> Option<Address> {
    if text.len() != 42 || !text.starts_with("0x") {
        return None;
    }
    let address: Address = text.parse().ok()?;
    (checksum_address(&address) == text).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_eip_55_read_back() {
        for text in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            let address = parse_checksum_address(text).unwrap();
            assert_eq!(checksum_address(&address), text);
            assert_eq!(parse_checksum_address(&text.to_lowercase()), None);
        }
    }

    #[test]
    fn refuses_other_lengths_and_a_missing_prefix() {
        assert_eq!(parse_checksum_address(""), None);
        assert_eq!(parse_checksum_address("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), None);
        assert_eq!(parse_checksum_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe"), None);
        assert_eq!(parse_checksum_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAé"), None);
    }
}
