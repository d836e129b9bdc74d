//! `eth_feeHistory`, with the bounds and errors of go-ethereum.

use std::time::{Duration, Instant};

use alloy_consensus::Transaction as _;
use serde_json::{Value, json};

use super::{RpcError, json as write, params};
use crate::chain::{
    evm::BLOB_BASE_FEE,
    ledger::{Block, IncludedTx, Ledger},
};

/// Blocks of one answer.
const BLOCKS_MAX: u64 = 1_024;
/// How long one answer is computed.
const TIME_MAX: Duration = Duration::from_secs(2);
/// Percentiles that may be asked for.
const PERCENTILES_MAX: usize = 100;

/// Answers `eth_feeHistory`; the price of the block after the newest one is what gas costs now.
pub(super) fn history(params: &Value, ledger: &Ledger, base_fee: u64) -> Result<Value, RpcError> {
    let wanted = params::number(params::at(params, 0), "blockCount")?;
    let newest = match params::at(params, 1) {
        Value::Null => return Err(params::missing(1)),
        Value::Object(_) => return Err(RpcError::params("newestBlock: a tag or a quantity is expected")),
        newest => params::block(newest, ledger)?,
    };
    let percentiles = percentiles(params::at(params, 2))?;
    if newest > ledger.head() {
        let head = ledger.head();
        return Err(RpcError::server(format!("request beyond head block: requested {newest}, head {head}")));
    }
    let count = wanted.min(BLOCKS_MAX).min(newest + 1);
    if count == 0 {
        return Ok(json!({ "oldestBlock": "0x0", "baseFeePerGas": [], "gasUsedRatio": [] }));
    }
    let oldest = newest + 1 - count;
    let until = Instant::now() + TIME_MAX;
    let (mut prices, mut ratios, mut reward) = (Vec::new(), Vec::new(), Vec::new());
    // One block at a time: each may be long.
    for number in oldest..=newest {
        let Some(block) = ledger.block(number)? else { continue };
        if Instant::now() > until {
            return Err(RpcError::limit("the blocks are long: ask for fewer"));
        }
        prices.push(write::quantity(base_fee_of(&block)));
        ratios.push(used(&block));
        reward.push(rewards(&block, &percentiles));
    }
    let of_next = prices.len() + 1;
    let next = ledger.meta(newest + 1)?.map_or(base_fee, |meta| meta.base_fee);
    prices.push(write::quantity(next));
    let mut history = json!({
        "oldestBlock": write::quantity(oldest),
        "baseFeePerGas": prices,
        "gasUsedRatio": ratios,
        "baseFeePerBlobGas": vec![write::quantity(BLOB_BASE_FEE); of_next],
        "blobGasUsedRatio": vec![0; of_next - 1],
    });
    if !percentiles.is_empty() {
        history["reward"] = Value::Array(reward);
    }
    Ok(history)
}

fn percentiles(value: &Value) -> Result<Vec<f64>, RpcError> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        _ => return Err(RpcError::params("rewardPercentiles: a list is expected")),
    };
    if list.len() > PERCENTILES_MAX {
        return Err(RpcError::server(format!("over the query limit {PERCENTILES_MAX}")));
    }
    let mut percentiles: Vec<f64> = Vec::with_capacity(list.len());
    for (place, item) in list.iter().enumerate() {
        let percentile =
            item.as_f64().ok_or_else(|| RpcError::params("rewardPercentiles: numbers are expected"))?;
        let invalid = |reason: String| RpcError::server(format!("invalid reward percentile: {reason}"));
        if !(0.0..=100.0).contains(&percentile) {
            return Err(invalid(percentile.to_string()));
        }
        if let Some(before) = percentiles.last().filter(|before| **before >= percentile) {
            return Err(invalid(format!("#{}:{before} >= #{place}:{percentile}", place - 1)));
        }
        percentiles.push(percentile);
    }
    Ok(percentiles)
}

#[expect(clippy::cast_precision_loss, reason = "gas of a block is below 2^53")]
fn used(block: &Block) -> f64 {
    block.header.gas_used as f64 / block.header.gas_limit as f64
}

fn base_fee_of(block: &Block) -> u64 {
    block.header.base_fee_per_gas.unwrap_or_default()
}

/// What transactions paid for a gas beside the base fee, at each percentile of the gas used.
fn rewards(block: &Block, percentiles: &[f64]) -> Value {
    let tip = |tx: &IncludedTx| tx.tx.envelope.effective_tip_per_gas(base_fee_of(block)).unwrap_or_default();
    let mut paid: Vec<(u128, u64)> = block.txs.iter().map(|tx| (tip(tx), tx.gas_used)).collect();
    paid.sort_unstable();
    let at = |percentile: &f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "gas of a block is below 2^53, and a percentile from 0 to 100"
        )]
        let threshold = (block.header.gas_used as f64 * percentile / 100.0) as u64;
        let mut sum = 0;
        let reached = paid.iter().find(|(_, gas)| {
            sum += gas;
            sum >= threshold
        });
        write::quantity(reached.or(paid.last()).map_or(0, |(price, _)| *price))
    };
    percentiles.iter().map(at).collect()
}
