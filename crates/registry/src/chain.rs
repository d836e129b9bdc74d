//! The embedded chain: blocks of signed transactions, an EVM that runs them, and JSON-RPC in front.

pub(crate) mod evm;
mod genesis;
mod head;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod pool;
mod rpc;
mod sequencer;
mod serve;
pub(crate) mod state;
pub(crate) mod store;
#[cfg_attr(not(test), expect(dead_code, reason = "the ledger does not keep tries yet"))]
pub(crate) mod trie;
pub(crate) mod tx;

pub use genesis::{
    BLOCK_GAS_LIMIT, FOUNDED_CHAIN_IDS, Genesis, HISTORY_BLOCKS, HISTORY_BLOCKS_MAX, HISTORY_SECONDS,
    TX_BYTES_MAX, founded_chain_id,
};
pub use head::{BlockId, HeadStatement, RawBlock};
pub use ledger::genesis_hash;
pub use quorate_door::Bounds;
pub use serve::{BOUNDS, ChainConfig, ChainServer, serve};
pub use tx::{TxError, TxRequest, address_of, sign_1559};
