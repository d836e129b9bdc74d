//! Storage of the contracts, as Solidity lays it out.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue as _;

use crate::{chain::ledger::Ledger, error::ReadError};

/// Longest string that is read from storage.
const STRING_BYTES_MAX: usize = 256;

/// Reads storage at a block.
pub(super) struct Reader {
    pub(super) ledger: Ledger,
    pub(super) number: u64,
}

impl Reader {
    pub(super) fn slot(&self, address: Address, key: U256) -> Result<U256, ReadError> {
        self.ledger.slot(address, key, self.number)
    }

    pub(super) fn string(&self, address: Address, slot: U256) -> Result<String, ReadError> {
        let bytes = self.bytes(address, slot, STRING_BYTES_MAX)?;
        String::from_utf8(bytes).map_err(|_| ReadError::Contract(address))
    }

    /// Solidity's bytes: short ones are in the slot itself, long ones behind its hash.
    pub(super) fn bytes(&self, address: Address, slot: U256, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
        let head = self.slot(address, slot)?;
        let length = length_of(head);
        let mut bytes = Vec::new();
        if head.bit(0) {
            if length > bytes_max {
                return Err(ReadError::Contract(address));
            }
            let mut place = U256::from_be_bytes(keccak256(slot.to_be_bytes::<32>()).0);
            while bytes.len() < length {
                bytes.extend_from_slice(&self.slot(address, place)?.to_be_bytes::<32>());
                place = place.wrapping_add(U256::ONE);
            }
            bytes.truncate(length);
        } else {
            bytes.extend_from_slice(&head.to_be_bytes::<32>()[..length]);
        }
        Ok(bytes)
    }

    /// How many bytes are at a place that has Solidity's bytes.
    pub(super) fn length(&self, address: Address, slot: U256) -> Result<usize, ReadError> {
        Ok(length_of(self.slot(address, slot)?))
    }
}

/// The length of Solidity's bytes, by the word at their place: its lowest bit tells long ones.
fn length_of(head: U256) -> usize {
    if head.bit(0) {
        usize::try_from((head - U256::ONE) >> 1).unwrap_or(usize::MAX)
    } else {
        usize::from(head.byte(0) / 2).min(31)
    }
}

pub(super) fn address_of_word(word: U256) -> Address {
    Address::from_word(B256::from(word))
}

/// Where Solidity keeps the value of a mapping's key.
pub(super) fn mapping_slot(key: U256, slot: U256) -> U256 {
    U256::from_be_bytes(keccak256((key, slot).abi_encode()).0)
}
