//! All grants on a key, read from the contract's own list.

use alloy_primitives::{Bytes, U256, keccak256};
use alloy_sol_types::SolValue as _;

use super::{At, RegistryView, reader::mapping_slot};
use crate::error::ReadError;
use crate::subject::{Grant, Granted};

/// Most grants that are listed, as many as a key is minted with at most: anybody may write as many on a key of their own.
const GRANTS_MAX: usize = 64;
/// Longest id of a subject that is listed: nodes know none above 34 bytes.
const ID_BYTES_MAX: usize = 64;

impl RegistryView {
    /// Every grant on a key, in the contract's order; `None` if these are more than 64, or one is for a subject whose id has
    /// more than 64 bytes.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn grants(&self, token_id: U256, at: At) -> Result<Option<Vec<Granted>>, ReadError> {
        let state = self.read()?;
        let reader = state.reader(self, at)?;
        let (permissions, slots) = (self.0.contracts.pkp_permissions, &self.0.slots);
        let epoch = reader.slot(permissions, mapping_slot(token_id, slots.perm_epoch))?;
        let key = U256::from_be_bytes(keccak256((token_id, epoch).abi_encode()).0);
        let list = mapping_slot(key, slots.lists);
        let Ok(count @ ..=GRANTS_MAX) = usize::try_from(reader.slot(permissions, list)?) else {
            return Ok(None);
        };
        // An entry has two words: the kind, and the head of the id.
        let mut place = U256::from_be_bytes(keccak256(list.to_be_bytes::<32>()).0);
        let mut grants = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = reader.slot(permissions, place)?;
            let id_place = place.wrapping_add(U256::ONE);
            if reader.length(permissions, id_place)? > ID_BYTES_MAX {
                return Ok(None);
            }
            let id = Bytes::from(reader.bytes(permissions, id_place, ID_BYTES_MAX)?);
            let subject = keccak256((kind, id.clone()).abi_encode_params());
            let key = U256::from_be_bytes(keccak256((token_id, epoch, subject).abi_encode()).0);
            let Grant { scopes, .. } =
                Grant::from_word(reader.slot(permissions, mapping_slot(key, slots.grants))?);
            grants.push(Granted { kind, id, scopes });
            place = place.wrapping_add(U256::from(2));
        }
        Ok(Some(grants))
    }
}
