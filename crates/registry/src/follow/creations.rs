//! Which init code the contracts may come from.
//!
//! Runtime code is not all of a contract: init code may write storage as well, such as a grant that nobody gave, and leave
//! the very same runtime code. So the transaction itself is compared, by the hash that was approved for its address.

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, keccak256};
use sha2::{Digest as _, Sha256};

use crate::{
    chain::ledger::Block,
    error::{ChainFault, SpentBy},
};

const DOMAIN: &[u8] = b"quorate/registry-state/creations/v1";

/// Addresses with the hash of the one init code that may be run there. Without any, nothing is checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Creations(BTreeMap<Address, B256>);

impl Creations {
    pub(super) fn new(list: Vec<(Address, B256)>) -> Self {
        Self(list.into_iter().collect())
    }

    /// The secret of a state that was replayed under this list. Under another list, or none, it is another one, and the
    /// state does not count.
    pub(super) fn bind(&self, secret: [u8; 32]) -> [u8; 32] {
        if self.0.is_empty() {
            return secret;
        }
        let mut hash = Sha256::new_with_prefix(DOMAIN);
        hash.update(secret);
        for (address, creation) in &self.0 {
            hash.update(address);
            hash.update(creation);
        }
        hash.finalize().into()
    }

    /// Whether every transaction of a block that decides what is at a listed address is the creation that was approved, and
    /// went well. An account uses each of its numbers once: after any other transaction the address stays empty for ever.
    pub(super) fn check(&self, block: &Block) -> Result<(), ChainFault> {
        if self.0.is_empty() {
            return Ok(());
        }
        for included in &block.txs {
            let envelope = &included.tx.envelope;
            let address = included.tx.from.create(envelope.nonce());
            let Some(approved) = self.0.get(&address).copied() else { continue };
            let spent = |happened| ChainFault::SpentCreation { address, tx: included.tx.hash, happened };
            if !envelope.kind().is_create() {
                return Err(spent(SpentBy::Other));
            }
            let found = keccak256(envelope.input());
            if found != approved {
                return Err(ChainFault::ForeignCreation { address, approved, found });
            }
            if !included.success {
                return Err(spent(SpentBy::Failed));
            }
        }
        Ok(())
    }
}
