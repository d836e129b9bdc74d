//! Named values of the Directory, at a block.

use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::{B256, U256, keccak256};
use quorate_wire::{Issuers, LoginDomains, limits::DIRECTORY_VALUE_BYTES_MAX};

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
        self.kept_value(&self.0.login_domains, (LoginDomains::NAME, LoginDomains::parse), at)
    }

    /// The issuers whose tokens are logins. A value that is no list of issuers is no issuer.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn issuers(&self, at: At) -> Result<Arc<Issuers>, ReadError> {
        self.kept_value(&self.0.issuers, (Issuers::NAME, Issuers::parse), at)
    }

    /// A named value as it is read again and again, parsed once for each block.
    fn kept_value<T: Default>(
        &self,
        kept: &Kept<T>,
        (name, parse): (&str, Parse<T>),
        at: At,
    ) -> Result<Arc<T>, ReadError> {
        // Block and value are read under one lock: what is kept for a block is what that block has.
        let state = self.read()?;
        let reader = state.reader(self, at)?;
        let block = reader.ledger.meta(reader.number)?.ok_or(ReadError::Ahead(reader.number))?.hash;
        let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = kept.iter().find(|(read_at, _)| *read_at == block) {
            return Ok(value.clone());
        }
        let (version, value) = reader.named_value(self, name)?;
        let value = parse(&value).unwrap_or_else(|error| {
            tracing::warn!(name, version, error, "the value in the Directory cannot be read");
            T::default()
        });
        let value = Arc::new(value);
        // Two blocks are asked for again and again: the latest, and the finalized one.
        if kept.len() == 2 {
            kept.remove(0);
        }
        kept.push((block, value.clone()));
        Ok(value)
    }
}

/// How a value is read; the error is a sentence for operators.
type Parse<T> = fn(&[u8]) -> Result<T, String>;

/// A named value at the blocks at which it was read last.
#[derive(Debug)]
pub(super) struct Kept<T>(Mutex<Vec<(B256, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(Mutex::default())
    }
}

impl Reader {
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
