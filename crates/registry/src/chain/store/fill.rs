//! A store that is filled with a state at once, block by block never.

use std::{path::Path, sync::mpsc::Receiver};

use alloy_primitives::B256;
use redb::{Database, Durability, WriteTransaction};
use revm::bytecode::Bytecode;

use super::{
    Base, CHECKPOINT, CODES, Checkpoint, Store, StoreError, Sum, SumKey, new_file, sum::Row,
    writing::write_nodes,
};
use crate::chain::trie::NodeChanges;

/// What of a state is not in its base, and in the end where the store is then.
#[derive(Debug, Default)]
pub(crate) struct Fill {
    pub(crate) codes: Vec<(B256, Bytecode)>,
    pub(crate) nodes: NodeChanges,
    pub(crate) end: Option<Checkpoint>,
}

impl Store {
    /// An empty store of which nothing is used again after this process; a file that is there already is removed.
    pub(crate) fn scratch(path: Option<&Path>, cache_bytes: usize) -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| StoreError::Disk(error.to_string()))?;
        let key = SumKey::new(&secret);
        let Some(path) = path else { return Self::in_memory(key) };
        remove_scratch(path)?;
        new_file(path)?;
        Self::of(Database::builder().set_cache_size(cache_bytes).create(path)?, key)
    }

    /// Puts a state below the rows.
    pub(crate) fn put_below(&mut self, base: Base) {
        self.base = Some(std::sync::Arc::new(base));
    }

    /// Writes all that comes, and returns what the rows come to. Where it ends without a last one, nothing was written.
    pub(crate) fn fill(&self, fills: Receiver<Fill>) -> Result<Option<Sum>, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None).map_err(|error| StoreError::Disk(error.to_string()))?;
        let mut sum = Sum::default();
        for fill in fills {
            write(&transaction, &self.key, &fill, &mut sum)?;
            if let Some(checkpoint) = fill.end {
                transaction.open_table(CHECKPOINT)?.insert((), &checkpoint.to_bytes(sum, &self.key)?)?;
                transaction.commit()?;
                return Ok(Some(sum));
            }
        }
        transaction.abort()?;
        Ok(None)
    }
}

/// Removes a scratch store's file.
pub(crate) fn remove_scratch(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::Disk(error.to_string()))
        }
        _ => Ok(()),
    }
}

fn write(transaction: &WriteTransaction, key: &SumKey, fill: &Fill, sum: &mut Sum) -> Result<(), StoreError> {
    let mut codes = transaction.open_table(CODES)?;
    for (hash, code) in &fill.codes {
        sum.add(key.hash(Row::Code, hash.as_slice(), code.original_byte_slice()));
        codes.insert(&hash.0, code.original_byte_slice())?;
    }
    drop(codes);
    write_nodes(transaction, &fill.nodes)
}
