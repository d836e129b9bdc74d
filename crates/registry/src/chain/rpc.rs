//! JSON-RPC: the methods that wallets and ethers use, and two of our own for those who follow the chain.

mod json;
mod logs;
mod params;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy_primitives::Bytes;
use alloy_sol_types::SolError as _;
use serde_json::{Value, json};

use super::{
    evm::Outcome,
    ledger::Ledger,
    sequencer::{Sequencer, read},
    tx::DecodedTx,
};
use crate::error::ReadError;

/// Calls of one batch.
const BATCH_MAX: usize = 100;
/// Blocks that one `quorate_blocks` may return…
const RAW_BLOCKS_MAX: usize = 256;
/// …and bytes of transactions.
const RAW_BLOCKS_BYTES_MAX: usize = 1024 * 1024;
/// Longest wait of a long poll.
const WAIT_MS_MAX: u64 = 1_000;
/// Blocks of one `eth_feeHistory`.
const FEE_HISTORY_MAX: u64 = 1_024;

/// An error as JSON-RPC has it.
#[derive(Debug)]
pub(super) struct RpcError {
    code: i64,
    message: String,
    data: Option<Value>,
}

impl RpcError {
    pub(super) fn params(message: impl Into<String>) -> Self {
        Self { code: -32602, message: message.into(), data: None }
    }

    pub(super) fn server(message: impl Into<String>) -> Self {
        Self { code: -32000, message: message.into(), data: None }
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self { code: -32005, message: message.into(), data: None }
    }

    fn of_outcome(outcome: &Outcome) -> Self {
        if let Some(halt) = &outcome.halt {
            return Self::server(halt.clone());
        }
        let reason = alloy_sol_types::Revert::abi_decode(&outcome.output).ok().map(|revert| revert.reason);
        Self {
            code: 3,
            message: reason.map_or_else(
                || "execution reverted".to_owned(),
                |reason| format!("execution reverted: {reason}"),
            ),
            data: Some(json::bytes(&outcome.output)),
        }
    }

    fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        error
    }
}

impl From<ReadError> for RpcError {
    fn from(error: ReadError) -> Self {
        Self::server(error.to_string())
    }
}

/// Answers calls on one chain.
pub(super) struct Rpc {
    sequencer: Sequencer,
    filters: Mutex<logs::Filters>,
}

impl Rpc {
    pub(super) fn new(sequencer: Sequencer) -> Self {
        Self { sequencer, filters: Mutex::default() }
    }

    /// Answers a request body: one call or a batch. `None` is an answer without content (only notifications).
    pub(super) async fn answer(self: &Arc<Self>, body: &[u8]) -> Option<Value> {
        let Ok(request) = serde_json::from_slice::<Value>(body) else {
            return Some(failure(
                &Value::Null,
                &RpcError { code: -32700, message: "parse error".into(), data: None },
            ));
        };
        match request {
            Value::Array(calls) if calls.is_empty() => Some(failure(&Value::Null, &invalid_request())),
            Value::Array(calls) if calls.len() > BATCH_MAX => Some(failure(
                &Value::Null,
                &RpcError::limit(format!("a batch has at most {BATCH_MAX} calls")),
            )),
            Value::Array(calls) => {
                let mut answers = Vec::with_capacity(calls.len());
                for call in calls {
                    answers.extend(self.answer_one(call).await);
                }
                (!answers.is_empty()).then_some(Value::Array(answers))
            }
            call => self.answer_one(call).await,
        }
    }

    async fn answer_one(self: &Arc<Self>, call: Value) -> Option<Value> {
        let id = call.get("id").cloned();
        let Some(method) = call.get("method").and_then(Value::as_str).map(str::to_owned) else {
            return Some(failure(&id.unwrap_or(Value::Null), &invalid_request()));
        };
        let params = call.get("params").cloned().unwrap_or(Value::Null);
        let result = self.dispatch(&method, params).await;
        // A call without an id is a notification and gets no answer.
        let id = id?;
        Some(match result {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => failure(&id, &error),
        })
    }

    async fn dispatch(self: &Arc<Self>, method: &str, params: Value) -> Result<Value, RpcError> {
        match method {
            "eth_sendRawTransaction" => self.send_raw(&params).await,
            "quorate_waitHead" => self.wait_head(&params).await,
            // These may run for long: they get a thread of their own and leave the others free.
            "eth_call" | "eth_estimateGas" | "eth_getLogs" | "eth_getFilterChanges" | "quorate_blocks" => {
                let (this, method) = (Arc::clone(self), method.to_owned());
                tokio::task::spawn_blocking(move || this.read_method(&method, &params)).await.unwrap_or_else(
                    |_| Err(RpcError { code: -32603, message: "internal error".into(), data: None }),
                )
            }
            _ => self.read_method(method, &params),
        }
    }

    async fn send_raw(&self, params: &Value) -> Result<Value, RpcError> {
        let raw: Bytes = params::data(params::at(params, 0), "transaction")?;
        let chain_id = read(&self.sequencer.ledger).genesis().chain_id;
        let tx = DecodedTx::decode(&raw, chain_id).map_err(|error| RpcError::server(error.to_string()))?;
        if read(&self.sequencer.ledger).tx(tx.hash).is_some() {
            return Err(RpcError::server("already known"));
        }
        let hash =
            self.sequencer.submit(tx).await.map_err(|reason| RpcError::server(plain_reason(reason)))?;
        Ok(json!(hash))
    }

    async fn wait_head(&self, params: &Value) -> Result<Value, RpcError> {
        let after = params::number(params::at(params, 0), "after")?;
        let wait_ms = params::number(params::at(params, 1), "waitMs")?.min(WAIT_MS_MAX);
        let mut heads = self.sequencer.heads.watch();
        let newer = heads.wait_for(|head| head.latest.number > after);
        match tokio::time::timeout(Duration::from_millis(wait_ms), newer).await {
            Ok(Ok(head)) => Ok(json!(*head)),
            Ok(Err(_)) | Err(_) => Ok(json!(self.sequencer.heads.current())),
        }
    }

    fn read_method(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        // Taken once: a second read lock on this thread could wait for a writer that waits for the first.
        let ledger = &*read(&self.sequencer.ledger);
        let param = |index| params::at(params, index);
        Ok(match method {
            "eth_chainId" => json::quantity(ledger.genesis().chain_id),
            "net_version" => Value::String(ledger.genesis().chain_id.to_string()),
            "web3_clientVersion" => Value::String(concat!("quorate/", env!("CARGO_PKG_VERSION")).to_owned()),
            "net_listening" => Value::Bool(true),
            "eth_syncing" => Value::Bool(false),
            "eth_accounts" => json!([]),
            "eth_blockNumber" => json::quantity(ledger.head()),
            "eth_gasPrice" | "eth_maxPriorityFeePerGas" => json!("0x0"),
            "eth_feeHistory" => fee_history(params, ledger)?,
            "eth_getBlockByNumber" => {
                let number = params::block(param(0), ledger)?;
                ledger.block(number).map_or(Value::Null, |block| json::block(block, param(1) == true))
            }
            "eth_getBlockByHash" => ledger
                .number_of(params::hash(param(0), "hash")?)
                .and_then(|number| ledger.block(number))
                .map_or(Value::Null, |block| json::block(block, param(1) == true)),
            "eth_getTransactionCount" => json::quantity(
                ledger.account(params::address(param(0), "address")?, params::block(param(1), ledger)?)?.1,
            ),
            "eth_getBalance" => json::quantity(
                ledger.account(params::address(param(0), "address")?, params::block(param(1), ledger)?)?.0,
            ),
            "eth_getCode" => json::bytes(
                ledger.code(params::address(param(0), "address")?, params::block(param(1), ledger)?)?,
            ),
            "eth_getStorageAt" => {
                let (address, key) = (params::address(param(0), "address")?, params::word(param(1), "slot")?);
                json::bytes(ledger.slot(address, key, params::block(param(2), ledger)?)?.to_be_bytes::<32>())
            }
            "eth_call" => {
                let outcome = ledger
                    .call(&params::call(param(0))?, params::block(param(1), ledger)?)?
                    .map_err(RpcError::server)?;
                if !outcome.success {
                    return Err(RpcError::of_outcome(&outcome));
                }
                json::bytes(outcome.output)
            }
            "eth_estimateGas" => {
                let gas = ledger.estimate_gas(&params::call(param(0))?, params::block(param(1), ledger)?)?;
                json::quantity(gas.map_err(|outcome| RpcError::of_outcome(&outcome))?)
            }
            "eth_getTransactionReceipt" => ledger
                .tx(params::hash(param(0), "hash")?)
                .map_or(Value::Null, |(block, index)| json::receipt(block, index)),
            "eth_getTransactionByHash" => ledger
                .tx(params::hash(param(0), "hash")?)
                .map_or(Value::Null, |(block, index)| json::transaction(block, index)),
            "eth_getLogs" => logs::get_logs(param(0), ledger)?,
            "eth_newFilter" => self.filters().new_logs(param(0), ledger)?,
            "eth_newBlockFilter" => self.filters().new_blocks(ledger)?,
            "eth_getFilterChanges" => self.filters().changes(params::number(param(0), "filter")?, ledger)?,
            "eth_uninstallFilter" => self.filters().remove(params::number(param(0), "filter")?),
            "quorate_genesis" => json!(ledger.genesis()),
            "quorate_head" => json!(self.sequencer.heads.current()),
            "quorate_blocks" => {
                let (from, count) = (params::number(param(0), "from")?, params::number(param(1), "max")?);
                let count = usize::try_from(count).unwrap_or(RAW_BLOCKS_MAX).min(RAW_BLOCKS_MAX);
                json!(self.sequencer.heads.raw_blocks(ledger, from, count, RAW_BLOCKS_BYTES_MAX))
            }
            _ => {
                return Err(RpcError {
                    code: -32601,
                    message: "the method does not exist or is not available".into(),
                    data: None,
                });
            }
        })
    }

    fn filters(&self) -> std::sync::MutexGuard<'_, logs::Filters> {
        self.filters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs the second's head statement.
    pub(super) fn tick(&self) -> Result<(), crate::error::ChainError> {
        self.sequencer.heads.publish()
    }
}

fn fee_history(params: &Value, ledger: &Ledger) -> Result<Value, RpcError> {
    let count = params::number(params::at(params, 0), "blockCount")?.min(FEE_HISTORY_MAX);
    let newest = params::block(params::at(params, 1), ledger)?.min(ledger.head());
    let oldest = (newest + 1).saturating_sub(count.max(1));
    let percentiles = params::at(params, 2).as_array().map_or(0, Vec::len).min(100);
    let blocks = usize::try_from(newest + 1 - oldest).unwrap_or(0);
    let ratios: Vec<f64> = (oldest..=newest)
        .filter_map(|number| ledger.block(number))
        .map(|block| {
            // Gas of a block is far below 2^53, so nothing is lost.
            #[expect(clippy::cast_precision_loss, reason = "both are below 2^53")]
            let ratio = block.header.gas_used as f64 / block.header.gas_limit as f64;
            ratio
        })
        .collect();
    Ok(json!({
        "oldestBlock": json::quantity(oldest),
        "baseFeePerGas": vec!["0x0"; blocks + 1],
        "gasUsedRatio": ratios,
        "reward": vec![vec!["0x0"; percentiles]; blocks],
    }))
}

/// ethers recognises go-ethereum's texts.
fn plain_reason(reason: String) -> String {
    let lower = reason.to_lowercase();
    if lower.contains("nonce") && lower.contains("too low") {
        return "nonce too low".to_owned();
    }
    if lower.contains("nonce") && lower.contains("too high") {
        return "nonce too high".to_owned();
    }
    if lower.contains("lack of funds") || lower.contains("insufficient") {
        return format!("insufficient funds for gas * price + value: {reason}");
    }
    reason
}

fn invalid_request() -> RpcError {
    RpcError { code: -32600, message: "invalid request".into(), data: None }
}

fn failure(id: &Value, error: &RpcError) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() })
}
