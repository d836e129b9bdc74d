//! The state after one block for a call that holds no lock while it computes.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, U256};
use revm::{DatabaseRef, bytecode::Bytecode, database_interface::DBErrorMarker, state::AccountInfo};

use super::RegistryView;
use crate::{chain::state::StateAt, error::ReadError};

/// Takes the view's lock for each value: a call of an action can compute for long, and whoever writes, and all who
/// read behind that, would wait for it.
pub(crate) struct Unlocked<'a> {
    pub(crate) view: &'a RegistryView,
    pub(crate) number: u64,
}

impl Unlocked<'_> {
    fn with<T>(&self, read: impl FnOnce(StateAt<'_>) -> Result<T, Infallible>) -> Result<T, ReadError> {
        let state = self.view.read()?;
        let Ok(value) = read(state.ready()?.0.state_at(self.number)?);
        Ok(value)
    }
}

impl DBErrorMarker for ReadError {}

impl DatabaseRef for Unlocked<'_> {
    type Error = ReadError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        self.with(|state| state.basic_ref(address))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, ReadError> {
        self.with(|state| state.code_by_hash_ref(code_hash))
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, ReadError> {
        self.with(|state| state.storage_ref(address, index))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, ReadError> {
        self.with(|state| state.block_hash_ref(number))
    }
}
