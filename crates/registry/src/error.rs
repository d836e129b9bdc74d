//! Why something about the chain or its view did not work.

use alloy_primitives::{Address, B256};

use crate::chain::{StoreError, TrieError};

/// Why a view cannot answer. Every one of these must deny: a node that cannot read the registry refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No head statement was verified yet.
    #[error("the registry has not been read yet")]
    NotReady,
    /// The block is above the view's head.
    #[error("block {0} is ahead of the view")]
    Ahead(u64),
    /// The block is older than the history that is kept.
    #[error("block {0} is older than the history that is kept")]
    Pruned(u64),
    /// The chain contradicted itself; the view answers nothing more.
    #[error("the chain is faulty: {0}")]
    Faulty(ChainFault),
    /// A contract does not answer as it should: the addresses of the network file are wrong.
    #[error("the registry contract at {0} does not answer")]
    Contract(Address),
    /// A thread died while it held the state.
    #[error("the registry state is broken")]
    Broken,
    /// The state on disk cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TrieError> for ReadError {
    fn from(error: TrieError) -> Self {
        match error {
            TrieError::Store(error) => error.into(),
            TrieError::Damaged(_) => StoreError::Damaged("trie nodes").into(),
        }
    }
}

impl ReadError {
    /// A stable name, for error codes and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReady => "registry_not_ready",
            Self::Ahead(_) => "registry_block_ahead",
            Self::Pruned(_) => "registry_block_pruned",
            Self::Faulty(fault) => fault.code(),
            Self::Contract(_) => "registry_contract",
            Self::Broken => "registry_broken",
            Self::Store(_) => "registry_store",
        }
    }
}

/// What used up the number of a planned creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpentBy {
    /// A transaction that creates nothing.
    Other,
    /// The approved creation, which failed.
    Failed,
}

impl std::fmt::Display for SpentBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Other => {
                "creates nothing, and its sender used up the number of the planned creation with it"
            }
            Self::Failed => "is the approved creation, and failed",
        })
    }
}

/// What only a lying, restored or broken chain does, or one whose registry is another than was approved. It never heals by
/// itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// Two signed statements for one height.
    #[error("two different blocks {number}: {known} and {announced}")]
    Equivocation {
        /// The height.
        number: u64,
        /// What this node had accepted.
        known: B256,
        /// What the chain signs now.
        announced: B256,
    },
    /// A newer signed statement that is below an older one.
    #[error("the chain went back from block {known} to {announced}")]
    RolledBack {
        /// The head that this node had accepted.
        known: u64,
        /// The head that the chain signs now.
        announced: u64,
    },
    /// A signed block that does not follow from its transactions.
    #[error("block {number} does not replay: {reason}")]
    Unfaithful {
        /// The height.
        number: u64,
        /// What went wrong.
        reason: String,
    },
    /// A contract of the registry was created by other init code than was approved, whatever its code is now.
    #[error("the contract at {address} was created by the init code {found}, where {approved} was approved")]
    ForeignCreation {
        /// Where the contract is.
        address: Address,
        /// Keccak-256 of the init code that was approved.
        approved: B256,
        /// Keccak-256 of the init code that was run.
        found: B256,
    },
    /// The one transaction that could create a contract of the registry did something else, or failed.
    #[error("no contract can come to be at {address} any more: its transaction {tx} {happened}")]
    SpentCreation {
        /// Where the contract was to be.
        address: Address,
        /// The transaction that had its number.
        tx: B256,
        /// What it did instead.
        happened: SpentBy,
    },
    /// The replay of all blocks gives another one than the snapshot that this process began with.
    #[error("the replay gives block {number} as {replayed}, the snapshot as {snapshot}")]
    Snapshot {
        /// The height.
        number: u64,
        /// What the snapshot has.
        snapshot: B256,
        /// What the chain's blocks give.
        replayed: B256,
    },
    /// The chain shows heads, and not the blocks that led to a snapshot.
    #[error("the chain does not give block {number}, without which the snapshot cannot be confirmed")]
    Unconfirmed {
        /// The height.
        number: u64,
    },
}

impl ChainFault {
    /// A stable name, for error codes and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Equivocation { .. } => "registry_equivocation",
            Self::RolledBack { .. } => "registry_rolled_back",
            Self::Unfaithful { .. } => "registry_unfaithful",
            Self::ForeignCreation { .. } => "registry_foreign_creation",
            Self::SpentCreation { .. } => "registry_spent_creation",
            Self::Snapshot { .. } => "registry_snapshot_wrong",
            Self::Unconfirmed { .. } => "registry_snapshot_unconfirmed",
        }
    }
}

/// Why a chain process could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The genesis is not one that we accept.
    #[error("bad genesis")]
    BadGenesis,
    /// The head key is not the one of the genesis.
    #[error("the head key is not the one that the genesis names")]
    WrongHeadKey,
    /// The data folder belongs to another chain.
    #[error("the data folder belongs to the chain {found}, not to {expected}")]
    OtherChain {
        /// Genesis hash of this configuration.
        expected: B256,
        /// Genesis hash in the folder.
        found: B256,
    },
    /// Another process uses the data folder.
    #[error("another process uses the data folder")]
    Locked,
    /// A whole record of the block log is damaged: final blocks would be lost by cutting it there.
    #[error(
        "the block log is damaged in the record at byte {0}: put back a copy that is as new, and nothing older"
    )]
    CorruptLog(u64),
    /// A stored block does not replay.
    #[error("stored block {number} does not replay: {reason}")]
    Replay {
        /// The height.
        number: u64,
        /// What went wrong.
        reason: String,
    },
    /// The log ends before a block that was announced.
    #[error(
        "the block log ends at byte {found}, before block {head} that was announced (byte {expected}): put back the newest copy of blocks.log; only who goes back deliberately removes state.redb as well"
    )]
    ShortLog {
        /// The newest block that the state has.
        head: u64,
        /// Where its record ends.
        expected: u64,
        /// Where the log ends.
        found: u64,
    },
    /// The state on disk cannot be read or written.
    #[error(transparent)]
    State(#[from] ReadError),
    /// A panic while a block was made: a bug, or a page of the state that is damaged.
    #[error(
        "the chain's writer died: if it does so again after a start, remove state.redb, and it is made anew from blocks.log"
    )]
    WriterDied,
    /// The system allows too few open files.
    #[error(transparent)]
    TooFewFiles(#[from] quorate_door::TooFewFiles),
    /// Disk or network.
    #[error("{context}: {source}")]
    Io {
        /// What was tried.
        context: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl ChainError {
    pub(crate) fn io(context: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { context, source }
    }
}
