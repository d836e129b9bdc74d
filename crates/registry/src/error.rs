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

/// What only a lying, restored or broken chain does. It never heals by itself.
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
}

impl ChainFault {
    /// A stable name, for error codes and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Equivocation { .. } => "registry_equivocation",
            Self::RolledBack { .. } => "registry_rolled_back",
            Self::Unfaithful { .. } => "registry_unfaithful",
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
