//! Whether what blocks, transactions and logs are found by is what this process wrote.
//!
//! A row that leads to another place is seen by whoever follows it: a block has its hash, and a transaction too. A row that
//! is gone hides what it led to, and no reader sees that. So all rows are compared with their sum once after a start, while
//! the chain serves already: what is read of a state is compared before.

use std::panic::{AssertUnwindSafe, catch_unwind};

use alloy_primitives::U256;

use super::{Snapshot, Store, StoreError, Sum};

/// The indexes as a start found them, and what they have to come to.
pub(crate) struct Indexes {
    snapshot: Snapshot,
    wanted: U256,
}

impl Store {
    /// The indexes as they are now; the sum is that of the newest block that is written.
    pub(crate) fn indexes(&self, sum: Sum) -> Result<Indexes, StoreError> {
        Ok(Indexes { snapshot: self.snapshot()?, wanted: sum.indexes })
    }
}

impl Indexes {
    /// Reads every row, and finds each once more by its key.
    ///
    /// # Errors
    /// If they are not those that this process wrote.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        // The database panics on some damage.
        match catch_unwind(AssertUnwindSafe(|| self.is_whole())) {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(StoreError::Damaged("block hashes, transactions or logs")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::Damaged("pages")),
        }
    }

    fn is_whole(&self) -> Result<bool, StoreError> {
        let Snapshot { hashes, txs, logs, key, .. } = &self.snapshot;
        let (mut sum, mut found) = (Sum::default(), true);
        for row in hashes.range::<&[u8; 32]>(..)? {
            let (hash, block) = row?;
            found &= hashes.get(hash.value())?.is_some_and(|again| again.value() == block.value());
            sum.add_index(key.block_hash(hash.value(), block.value()));
        }
        for row in txs.range::<&[u8; 32]>(..)? {
            let (hash, place) = row?;
            found &= txs.get(hash.value())?.is_some_and(|again| again.value() == place.value());
            sum.add_index(key.tx(hash.value(), place.value()));
        }
        for row in logs.range::<&[u8; 24]>(..)? {
            let (row, _) = row?;
            found &= logs.get(row.value())?.is_some();
            sum.add_index(key.log(row.value()));
        }
        Ok(found && sum.indexes == self.wanted)
    }
}
