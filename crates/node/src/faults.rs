//! Faults that a test build can be told to commit, so that acceptance tests can watch honest nodes.
//!
//! A build without the feature `faults` refuses to start with any of them.

use serde::{Deserialize, Serialize};

/// Which faults this node commits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSwitches {
    /// Flips this bit (0 to 255) of every digest that an action asks to sign, before the engine sees it.
    pub alter_digest: Option<u8>,
}

impl FaultSwitches {
    /// The digest as this node's engine is shown it.
    pub(crate) fn digest(&self, mut digest: Vec<u8>) -> Vec<u8> {
        if let Some(bit) = self.alter_digest.filter(|_| cfg!(feature = "faults"))
            && let Some(byte) = digest.get_mut(usize::from(bit / 8))
        {
            *byte ^= 1 << (bit % 8);
        }
        digest
    }
}
