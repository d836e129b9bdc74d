//! A chain's state after one block as a file, which another process begins with while it replays what led there.
//!
//! The file has every header's own fields from block 1 on, so that they lead from block 0, which is known, to the block
//! whose hash somebody named; then accounts, each with its slots, in the order of their keys; then code. Nothing in it is
//! believed: the headers must give the named hash, and the state's Merkle-Patricia root must be that of the last header.

mod collect;
mod pages;
pub(crate) mod rows;
mod verify;

use std::{fmt, path::PathBuf, pin::Pin, sync::Arc};

use alloy_primitives::B256;

#[cfg(test)]
pub(crate) use self::collect::of_ledger;
pub use self::collect::{Collected, collect, of_folder};
pub(crate) use self::{
    pages::{Page, Part, page},
    verify::{block_of, load},
};
pub(crate) use super::store::remove_scratch;
use super::{head::BlockId, store::StoreError};

/// Bytes of the longest snapshot that is read or written.
pub const SNAPSHOT_BYTES_MAX: u64 = 64 << 30;

/// Which snapshot a process begins with.
#[derive(Clone, Debug)]
pub struct SnapshotFile {
    /// Where it is.
    pub path: PathBuf,
    /// By whose word it is of the right block. Nobody's is believed for longer than until it was replayed.
    pub voucher: Voucher,
    /// For how long a start asks for the block before it goes on without the snapshot.
    pub asking: std::time::Duration,
    /// How long the replay up to that block may stand still while the chain answers.
    pub patience: std::time::Duration,
}

/// Who says of a snapshot's block that the chain has it.
#[derive(Clone, Debug)]
pub enum Voucher {
    /// The operator has named the block that the snapshot has to be of.
    Operator(BlockId),
    /// Members of the network are asked for the block that the snapshot says it is of.
    Members(Arc<dyn VouchForBlock>),
}

/// Members of a network, who can say of a block that they have replayed up to it.
pub trait VouchForBlock: Send + Sync + fmt::Debug {
    /// Asks them once, within a bounded time. Enough of them have signed that the block has this hash, or
    ///
    /// # Errors
    /// too few did, or so many signed another hash that one of them has to be honest.
    fn vouch(&self, block: BlockId) -> Pin<Box<dyn Future<Output = Result<(), Unvouched>> + Send + '_>>;
}

/// Why a block counts as nobody's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unvouched {
    /// Too few have answered; says who is missing. It is asked again.
    TooFew(String),
    /// As many as the threshold signed that the block has another hash; says who.
    Contradicted(String),
    /// There will never be enough; says why.
    Never(String),
}

/// Why a snapshot is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The file.
    #[error("the chain's snapshot cannot be read or written: {0}")]
    File(String),
    /// Another kind of file.
    #[error("the file is no snapshot of a chain, or one of another release")]
    Magic,
    /// More than any chain has.
    #[error("the snapshot is longer than {SNAPSHOT_BYTES_MAX} bytes")]
    TooLong,
    /// Of another chain.
    #[error("the snapshot is of another chain: its block 0 is {0}")]
    OtherChain(B256),
    /// Of another block than the one that was named.
    #[error("the snapshot is of block {number}:{hash}, which is not the block that was named")]
    OtherBlock {
        /// What it says of itself.
        number: u64,
        /// Its hash.
        hash: B256,
    },
    /// Cut off.
    #[error("the snapshot ends in the middle")]
    Cut,
    /// Longer than it says.
    #[error("the snapshot goes on after its end")]
    After,
    /// A row that nobody writes so.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
    /// The headers are not those of the block.
    #[error("the snapshot's headers lead to the hash {0}, which is not its block's")]
    Headers(B256),
    /// The state is not the one of the block.
    #[error("the snapshot's state has the root {found}, and its block's header has {header}")]
    StateRoot {
        /// Of the content.
        found: B256,
        /// Of the header.
        header: B256,
    },
    /// The chain's own word about the block is another one.
    #[error("the chain signs another block {number} than the snapshot's: {signed}")]
    NotTheChains {
        /// The height.
        number: u64,
        /// What it signs.
        signed: B256,
    },
    /// More members than may lie say of themselves that they have replayed another block.
    #[error("members sign another block {number} than the snapshot's {hash}: {said}; find out who is right")]
    Contradicted {
        /// The height.
        number: u64,
        /// What the snapshot has.
        hash: B256,
        /// Who signs what.
        said: String,
    },
    /// Nobody can say whether it is of the right block.
    #[error("nobody can vouch for the snapshot: {0}; name its block as chain_snapshot.block")]
    Unvouched(String),
    /// The replay, of an earlier start perhaps, has not confirmed it.
    #[error(
        "the snapshot was refused before: {fault}; name another one or none; only who knows better removes {verdict}"
    )]
    RefusedBefore {
        /// Why.
        fault: String,
        /// The file that says so.
        verdict: String,
    },
    /// Whoever was asked for it answered otherwise.
    #[error("the chain gave no snapshot: {0}")]
    Refused(String),
    /// What was written for it cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SnapshotError {
    fn file(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::Cut,
            _ => Self::File(error.to_string()),
        }
    }
}
