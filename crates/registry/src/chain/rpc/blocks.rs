//! Blocks, transactions and receipts.

use std::sync::Arc;

use alloy_primitives::keccak256;
use serde_json::{Value, json};

use super::{RpcError, json as write, params};
use crate::chain::{
    evm::BLOB_BASE_FEE,
    ledger::{Block, Ledger},
};

/// Answers what is read from the list of blocks; `None` for other methods.
pub(super) fn answer(method: &str, params: &Value, ledger: &Ledger) -> Result<Option<Value>, RpcError> {
    let param = |index| params::at(params, index);
    // A block by its hash or by its number, whichever the method's name says.
    let block = || match method.contains("Hash") {
        true => by_hash(param(0), ledger),
        false => Ok(ledger.block(params::block(required(param(0), 0)?, ledger)?)?),
    };
    Ok(Some(match method {
        "eth_chainId" => write::quantity(ledger.genesis().chain_id),
        "net_version" => Value::String(ledger.genesis().chain_id.to_string()),
        "web3_clientVersion" => Value::String(concat!("quorate/", env!("CARGO_PKG_VERSION")).to_owned()),
        "web3_sha3" => write::bytes(keccak256(params::data(param(0), "data")?)),
        "net_listening" => Value::Bool(true),
        "net_peerCount" => json!("0x0"),
        "eth_syncing" => Value::Bool(false),
        "eth_accounts" => json!([]),
        "eth_blockNumber" => write::quantity(ledger.head()),
        "eth_maxPriorityFeePerGas" => json!("0x0"),
        "eth_blobBaseFee" => write::quantity(BLOB_BASE_FEE),
        "eth_getBlockByNumber" | "eth_getBlockByHash" => {
            let full = flag(param(1))?;
            block()?.map_or(Value::Null, |block| write::block(&block, full))
        }
        "eth_getBlockTransactionCountByNumber" | "eth_getBlockTransactionCountByHash" => {
            block()?.map_or(Value::Null, |block| write::quantity(block.txs.len() as u64))
        }
        "eth_getUncleCountByBlockNumber" | "eth_getUncleCountByBlockHash" => {
            block()?.map_or(Value::Null, |_| json!("0x0"))
        }
        "eth_getUncleByBlockNumberAndIndex" | "eth_getUncleByBlockHashAndIndex" => {
            // There is none, but what is no question is refused all the same.
            block()?;
            params::number(param(1), "index")?;
            Value::Null
        }
        "eth_getTransactionByBlockNumberAndIndex" | "eth_getTransactionByBlockHashAndIndex" => {
            let index = usize::try_from(params::number(param(1), "index")?).unwrap_or(usize::MAX);
            let block = block()?.filter(|block| index < block.txs.len());
            block.map_or(Value::Null, |block| write::transaction(&block, index))
        }
        // Its parameter may be either, as in EIP-1898.
        "eth_getBlockReceipts" => {
            let block = match param(0) {
                Value::String(text) if text.len() == 66 => by_hash(param(0), ledger)?,
                other => ledger.block(params::block(required(other, 0)?, ledger)?)?,
            };
            match block {
                Some(block) => receipts(&block, 0..block.txs.len())?,
                None => Value::Null,
            }
        }
        "eth_getTransactionReceipt" => match ledger.tx(params::hash(param(0), "hash")?)? {
            Some((block, index)) => receipt(&block, index)?,
            None => Value::Null,
        },
        _ => return Ok(None),
    }))
}

/// Logs of all receipts of one answer, and bytes of their data: as many as one log query gives.
const LOGS_MAX: usize = 10_000;
const LOGS_BYTES_MAX: usize = 4 << 20;

/// The receipt of one transaction.
pub(super) fn receipt(block: &Block, index: usize) -> Result<Value, RpcError> {
    receipts(block, index..index + 1).map(|mut all| all[0].take())
}

/// Receipts of a block's transactions.
fn receipts(block: &Block, places: std::ops::Range<usize>) -> Result<Value, RpcError> {
    let logs = block.txs.get(places.clone()).unwrap_or_default().iter().flat_map(|tx| &tx.logs);
    let (count, bytes) = logs.fold((0, 0), |(count, bytes), log| (count + 1, bytes + log.data.data.len()));
    if count > LOGS_MAX || bytes > LOGS_BYTES_MAX {
        return Err(RpcError::limit(format!(
            "the receipts have {count} logs with {bytes} bytes: ask for them by eth_getLogs, by address or topic"
        )));
    }
    Ok(places.map(|index| write::receipt(block, index)).collect())
}

fn by_hash(value: &Value, ledger: &Ledger) -> Result<Option<Arc<Block>>, RpcError> {
    match ledger.number_of(params::hash(value, "hash")?)? {
        Some(number) => Ok(ledger.block(number)?),
        None => Ok(None),
    }
}

fn required(value: &Value, index: usize) -> Result<&Value, RpcError> {
    if value.is_null() { Err(params::missing(index)) } else { Ok(value) }
}

fn flag(value: &Value) -> Result<bool, RpcError> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        _ => Err(RpcError::params("full transactions: a boolean is expected")),
    }
}
