//! The embedded chain: blocks of signed transactions, an EVM that runs them, and JSON-RPC in front.

mod block_clock;
pub(crate) mod body;
pub(crate) mod evm;
mod faucet;
mod genesis;
mod head;
pub(crate) mod lane;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod pool;
mod price;
mod rpc;
mod sequencer;
mod serve;
pub mod snapshot;
pub(crate) mod state;
mod store;
pub(crate) mod trie;
pub(crate) mod tx;
mod ws;

pub use genesis::{
    BASE_FEE_MIN, BLOCK_GAS_LIMIT, Creation, FOUNDED_CHAIN_IDS, Genesis, HISTORY_BLOCKS, HISTORY_BLOCKS_MAX,
    HISTORY_SECONDS, RULES, TX_BYTES_MAX, founded_chain_id,
};
pub use head::{BlockId, HeadStatement, RawBlock};
pub use ledger::genesis_hash;
pub use quorate_door::Bounds;
pub use serve::{BOUNDS, ChainConfig, ChainServer, serve};
pub(crate) use store::LogMark;
pub use store::StoreError;
pub(crate) use trie::TrieError;
pub use tx::{TxError, TxRequest, address_of, sign_1559};
