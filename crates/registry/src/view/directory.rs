//! Named values of the Directory, at a block.

use std::sync::{Arc, PoisonError};

use alloy_primitives::{U256, keccak256};
use quorate_wire::{LoginDomains, limits::DIRECTORY_VALUE_BYTES_MAX};

use super::{At, Reader, RegistryView, mapping_slot};
use crate::error::ReadError;

impl RegistryView {
    /// A named value of the Directory, and how often it was set: nothing and zero if it never was.
    ///
    /// # Errors
    /// If the block cannot be read, or the value is longer than the contract lets it be.
    pub fn named_value(&self, name: &str, at: At) -> Result<(u64, Vec<u8>), ReadError> {
        let state = self.read()?;
        state.reader(self, at)?.named_value(self, name)
    }

    /// The domains that logins may be for. A value that is no list of domains is no domain.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn login_domains(&self, at: At) -> Result<Arc<LoginDomains>, ReadError> {
        // Block and value are read under one lock: what is kept for a block is what that block has.
        let state = self.read()?;
        let reader = state.reader(self, at)?;
        let block = reader.ledger.meta(reader.number).ok_or(ReadError::Ahead(reader.number))?.hash;
        let mut kept = self.0.login_domains.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, domains)) = kept.iter().find(|(read_at, _)| *read_at == block) {
            return Ok(domains.clone());
        }
        let (version, value) = reader.named_value(self, LoginDomains::NAME)?;
        let domains = LoginDomains::parse(&value).unwrap_or_else(|error| {
            tracing::warn!(version, error, "the login domains of the Directory are no list of domains");
            LoginDomains::default()
        });
        let domains = Arc::new(domains);
        // Two blocks are asked for again and again: the latest, and the finalized one.
        if kept.len() == 2 {
            kept.remove(0);
        }
        kept.push((block, domains.clone()));
        Ok(domains)
    }
}

impl Reader<'_> {
    fn named_value(&self, view: &RegistryView, name: &str) -> Result<(u64, Vec<u8>), ReadError> {
        let directory = view.0.contracts.directory;
        let hash = U256::from_be_bytes(keccak256(name.as_bytes()).0);
        let entry = mapping_slot(hash, view.0.slots.entries);
        let version = self.slot(directory, entry)?;
        let version = u64::try_from(version).map_err(|_| ReadError::Contract(directory))?;
        let value = self.bytes(directory, entry.wrapping_add(U256::ONE), DIRECTORY_VALUE_BYTES_MAX)?;
        Ok((version, value))
    }
}
