//! What a node is told of the registry's chain, beside where it is.

use std::{path::PathBuf, sync::Arc, time::Duration};

use quorate_registry::{
    chain::BlockId,
    follow::{SnapshotFile, Trust, VouchForBlock, Voucher},
};
use quorate_wire::BlockRef;
use serde::{Deserialize, Serialize};

use super::{Config, ConfigError, read_text};

/// A snapshot of the chain, as `quorate chain snapshot` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotConfig {
    /// The file.
    pub file: PathBuf,
    /// The block that it has to be of, as `NUMBER:HASH`, from somebody whose own node has replayed it. Without it, as many
    /// other members as the threshold have to sign for the block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
}

/// For how long members are asked for their words on a snapshot's block, before the chain is replayed instead.
const SNAPSHOT_ASKING: Duration = Duration::from_secs(120);
/// For how long the replay of what led to a snapshot may stand still while the chain shows heads.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(600);

impl Config {
    /// The snapshot to begin with, and who vouches for it where no block is named.
    pub(crate) fn snapshot(
        &self,
        members: impl FnOnce() -> Arc<dyn VouchForBlock>,
    ) -> Result<Option<SnapshotFile>, ConfigError> {
        let Some(SnapshotConfig { file, block }) = &self.chain_snapshot else { return Ok(None) };
        let voucher = match block {
            Some(block) => {
                let BlockRef { number, hash } = block_ref("chain_snapshot.block", block)?;
                Voucher::Operator(BlockId { number, hash: hash.0.into() })
            }
            None => Voucher::Members(members()),
        };
        let (path, asking, patience) = (file.clone(), SNAPSHOT_ASKING, SNAPSHOT_PATIENCE);
        Ok(Some(SnapshotFile { path, voucher, asking, patience }))
    }

    /// Who vouches for the chain's server.
    ///
    /// # Errors
    /// If the file of authorities cannot be read, or has none.
    pub fn chain_trust(&self) -> Result<Trust, ConfigError> {
        let Some(path) = &self.chain_ca else { return Ok(Trust::default()) };
        Trust::only(read_text(path)?.as_bytes())
            .map_err(|error| ConfigError::Refused { setting: "chain_ca", reason: error.to_string() })
    }
}

pub(super) fn block_ref(setting: &'static str, text: &str) -> Result<BlockRef, ConfigError> {
    let read = || {
        let (number, hash) = text.split_once(':')?;
        Some(BlockRef { number: number.parse().ok()?, hash: hash.parse().ok()? })
    };
    read().ok_or_else(|| ConfigError::Refused {
        setting,
        reason: "must be a block's number and its hash, as NUMBER:HASH".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_named_by_its_file_and_its_block() {
        let hash = "ab".repeat(32);
        let members = || -> Arc<dyn VouchForBlock> { panic!("nobody is asked for a block that is named") };
        let named = |block: String| {
            let chain_snapshot = Some(SnapshotConfig { file: "snapshot".into(), block: Some(block) });
            Config { chain_snapshot, ..Config::default() }.snapshot(members)
        };
        for text in [format!("12:{hash}"), format!("12:0x{hash}")] {
            let Voucher::Operator(block) = named(text).unwrap().unwrap().voucher else {
                panic!("it is named")
            };
            assert_eq!((block.number, block.hash.0), (12, [0xab; 32]));
        }
        for text in ["12", "12:0xab", ":", "-1:0x00"] {
            let refused = named(text.to_owned()).unwrap_err();
            assert!(matches!(refused, ConfigError::Refused { setting: "chain_snapshot.block", .. }));
        }
        assert!(Config::default().snapshot(members).unwrap().is_none());
    }
}
