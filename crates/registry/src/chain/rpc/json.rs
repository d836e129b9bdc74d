//! Blocks, transactions and receipts in the form that wallets read.

use alloy_consensus::{Transaction as _, TxEnvelope, Typed2718 as _};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Log, U256, hex, ruint::UintTryFrom};
use serde_json::{Value, json};

use crate::chain::{ledger::Block, tx::DecodedTx};

pub(super) fn quantity<T>(value: T) -> Value
where
    U256: UintTryFrom<T>,
{
    Value::String(format!("{:#x}", U256::from(value)))
}

pub(super) fn bytes(value: impl AsRef<[u8]>) -> Value {
    Value::String(hex::encode_prefixed(value))
}

pub(super) fn block(block: &Block, full: bool) -> Value {
    let header = &block.header;
    let txs: Vec<Value> = (0..block.txs.len())
        .map(|index| if full { transaction(block, index) } else { bytes(block.txs[index].tx.hash) })
        .collect();
    json!({
        "number": quantity(header.number),
        "hash": block.hash,
        "parentHash": header.parent_hash,
        "nonce": bytes(header.nonce),
        "mixHash": header.mix_hash,
        "sha3Uncles": header.ommers_hash,
        "logsBloom": header.logs_bloom,
        "transactionsRoot": header.transactions_root,
        "stateRoot": header.state_root,
        "receiptsRoot": header.receipts_root,
        "miner": header.beneficiary,
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "extraData": header.extra_data,
        "size": quantity(block.txs.iter().map(|tx| tx.tx.raw.len() as u64).sum::<u64>() + 600),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "baseFeePerGas": quantity(header.base_fee_per_gas.unwrap_or_default()),
        "withdrawalsRoot": header.withdrawals_root,
        "withdrawals": [],
        "blobGasUsed": "0x0",
        "excessBlobGas": "0x0",
        "parentBeaconBlockRoot": header.parent_beacon_block_root,
        "requestsHash": header.requests_hash,
        "transactions": txs,
        "uncles": [],
    })
}

/// A block as subscriptions tell it: what its hash is of, without its transactions.
pub(super) fn header(told: &Block) -> Value {
    let mut header = block(told, false);
    if let Value::Object(members) = &mut header {
        for beside in ["transactions", "uncles", "withdrawals", "size", "totalDifficulty"] {
            members.remove(beside);
        }
    }
    header
}

pub(super) fn transaction(block: &Block, index: usize) -> Value {
    let mut object = waiting_transaction(&block.txs[index].tx);
    object["gasPrice"] = quantity(effective_gas_price(block, &block.txs[index].tx));
    object["blockHash"] = json!(block.hash);
    object["blockNumber"] = quantity(block.header.number);
    object["blockTimestamp"] = quantity(block.header.timestamp);
    object["transactionIndex"] = quantity(index as u64);
    object
}

/// A transaction that is in no block yet.
pub(super) fn waiting_transaction(decoded: &DecodedTx) -> Value {
    let tx = &decoded.envelope;
    let signature = tx.signature();
    let mut object = json!({
        "hash": decoded.hash,
        "type": quantity(tx.ty()),
        "nonce": quantity(tx.nonce()),
        "blockHash": null,
        "blockNumber": null,
        "transactionIndex": null,
        "from": decoded.from,
        "to": tx.to(),
        "value": quantity(tx.value()),
        "gas": quantity(tx.gas_limit()),
        "gasPrice": quantity(tx.max_fee_per_gas()),
        "input": tx.input(),
        "chainId": tx.chain_id().map(quantity),
        "r": quantity(signature.r()),
        "s": quantity(signature.s()),
        "v": quantity(u64::from(signature.v())),
    });
    match tx {
        TxEnvelope::Legacy(_) => {
            let chain_id = tx.chain_id().unwrap_or_default();
            object["v"] =
                quantity(U256::from(chain_id) * U256::from(2) + U256::from(35 + u64::from(signature.v())));
        }
        _ => {
            object["yParity"] = quantity(u64::from(signature.v()));
            object["accessList"] = tx.access_list().map_or_else(|| json!([]), access_list);
        }
    }
    if tx.is_eip1559() {
        object["maxFeePerGas"] = quantity(tx.max_fee_per_gas());
        object["maxPriorityFeePerGas"] = quantity(tx.max_priority_fee_per_gas().unwrap_or_default());
    }
    object
}

pub(super) fn access_list(list: &AccessList) -> Value {
    list.0.iter().map(|item| json!({ "address": item.address, "storageKeys": item.storage_keys })).collect()
}

pub(super) fn receipt(block: &Block, index: usize) -> Value {
    let included = &block.txs[index];
    let logs: Vec<Value> =
        included.logs.iter().enumerate().map(|(offset, entry)| log(block, index, offset, entry)).collect();
    json!({
        "transactionHash": included.tx.hash,
        "transactionIndex": quantity(index as u64),
        "blockHash": block.hash,
        "blockNumber": quantity(block.header.number),
        "from": included.tx.from,
        "to": included.tx.envelope.to(),
        "type": quantity(included.tx.envelope.ty()),
        "status": if included.success { "0x1" } else { "0x0" },
        "gasUsed": quantity(included.gas_used),
        "cumulativeGasUsed": quantity(included.cumulative_gas),
        "effectiveGasPrice": quantity(effective_gas_price(block, &included.tx)),
        "contractAddress": included.created,
        "logsBloom": included.bloom,
        "logs": logs,
    })
}

pub(super) fn log(block: &Block, index: usize, offset: usize, log: &Log) -> Value {
    let included = &block.txs[index];
    json!({
        "address": log.address,
        "topics": log.topics(),
        "data": log.data.data,
        "blockNumber": quantity(block.header.number),
        "blockHash": block.hash,
        "blockTimestamp": quantity(block.header.timestamp),
        "transactionHash": included.tx.hash,
        "transactionIndex": quantity(index as u64),
        "logIndex": quantity(included.first_log + offset as u64),
        "removed": false,
    })
}

/// What a transaction paid for a gas, the tip included.
fn effective_gas_price(block: &Block, tx: &DecodedTx) -> u128 {
    tx.envelope.effective_gas_price(block.header.base_fee_per_gas)
}
