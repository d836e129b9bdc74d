//! JSON-RPC: the methods that wallets and ethers use, and two of our own for those who follow the chain.

mod blocks;
mod fees;
mod json;
mod logs;
mod methods;
mod overrides;
mod params;
mod state;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolError as _;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    evm::Outcome,
    sequencer::{Sequencer, read},
    tx::DecodedTx,
};
use crate::error::ReadError;

/// Calls of one batch, and bytes of its answers: those after that are refused.
const BATCH_MAX: usize = 100;
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Calls that read much run at a time: so many threads compute for strangers, and the writer never waits for more…
const READS_MAX: usize = 2;
/// …and one waits so long for its turn.
const READ_WAIT: Duration = Duration::from_secs(10);
/// How long the sender of a transaction waits for its block.
const SEND_WAIT: Duration = Duration::from_secs(30);
/// Blocks that one `quorate_blocks` may return…
const RAW_BLOCKS_MAX: usize = 256;
/// …and bytes of transactions.
const RAW_BLOCKS_BYTES_MAX: usize = 1024 * 1024;
/// Longest wait of a long poll.
const WAIT_MS_MAX: u64 = 1_000;
/// How long `eth_sendRawTransactionSync` waits unless told, and at most.
const SYNC_MS: u64 = 2_000;
const SYNC_MS_MAX: u64 = 5_000;

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
    reads: Arc<Semaphore>,
}

impl Rpc {
    pub(super) fn new(sequencer: Sequencer) -> Self {
        Self { sequencer, filters: Mutex::default(), reads: Arc::new(Semaphore::new(READS_MAX)) }
    }

    /// Answers a request body: one call or a batch. `None` is an answer without content (only notifications).
    pub(super) async fn answer(self: &Arc<Self>, body: &[u8], _source: IpAddr) -> Option<String> {
        let one = |value: Value| Some(value.to_string());
        let Ok(request) = serde_json::from_slice::<Value>(body) else {
            return one(failure(
                &Value::Null,
                &RpcError { code: -32700, message: "parse error".into(), data: None },
            ));
        };
        match request {
            Value::Array(calls) if calls.is_empty() => one(failure(&Value::Null, &invalid_request())),
            Value::Array(calls) if calls.len() > BATCH_MAX => {
                one(failure(&Value::Null, &RpcError::limit(format!("a batch has at most {BATCH_MAX} calls"))))
            }
            Value::Array(calls) => {
                let mut answers = String::new();
                for call in calls {
                    let full = answers.len() > BATCH_BYTES_MAX;
                    if let Some(answer) = self.answer_one(call, Some(full)).await {
                        answers.push(if answers.is_empty() { '[' } else { ',' });
                        answers.push_str(&answer.to_string());
                    }
                }
                (!answers.is_empty()).then(|| answers + "]")
            }
            call => self.answer_one(call, None).await.and_then(one),
        }
    }

    /// Answers one call, by itself or in a batch, which may have had all the bytes that it gets.
    async fn answer_one(self: &Arc<Self>, call: Value, in_batch: Option<bool>) -> Option<Value> {
        let id = call.get("id").cloned();
        let Some(method) = call.get("method").and_then(Value::as_str).map(str::to_owned) else {
            return Some(failure(&id.unwrap_or(Value::Null), &invalid_request()));
        };
        let params = call.get("params").cloned().unwrap_or(Value::Null);
        let result = match (in_batch, method.as_str()) {
            (Some(true), _) => {
                Err(RpcError::limit(format!("the answers of a batch are more than {BATCH_BYTES_MAX} bytes")))
            }
            (Some(false), "quorate_waitHead" | "eth_sendRawTransactionSync") => {
                Err(RpcError::limit("a call that waits stands alone, in no batch"))
            }
            _ => self.dispatch(&method, params).await,
        };
        // A call without an id is a notification and gets no answer.
        let id = id?;
        Some(match result {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => failure(&id, &error),
        })
    }

    async fn dispatch(self: &Arc<Self>, method: &str, params: Value) -> Result<Value, RpcError> {
        methods::check(method, &params)?;
        match method {
            "eth_sendRawTransaction" => self.send_raw(&params).await.map(|hash| json!(hash)),
            "eth_sendRawTransactionSync" => self.send_raw_and_wait(&params).await,
            "quorate_waitHead" => self.wait_head(&params).await,
            // These may run for long: they get a thread of their own and leave the others free.
            "eth_call"
            | "eth_estimateGas"
            | "eth_createAccessList"
            | "eth_feeHistory"
            | "eth_getBlockByHash"
            | "eth_getBlockByNumber"
            | "eth_getBlockReceipts"
            | "eth_getLogs"
            | "eth_getFilterChanges"
            | "eth_getFilterLogs" => {
                let turn = tokio::time::timeout(READ_WAIT, Arc::clone(&self.reads).acquire_owned()).await;
                let Ok(Ok(turn)) = turn else {
                    return Err(RpcError::limit("the chain is busy with other calls: try again"));
                };
                self.read_apart(method, params, Some(turn)).await
            }
            // Those who follow the chain wait for no stranger's calls.
            "quorate_blocks" => self.read_apart(method, params, None).await,
            _ => self.read_method(method, &params),
        }
    }

    /// Reads in a thread of its own. The turn is over when that has ended, and not when the caller hangs up.
    async fn read_apart(
        self: &Arc<Self>,
        method: &str,
        params: Value,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Value, RpcError> {
        let (this, method) = (Arc::clone(self), method.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            this.read_method(&method, &params)
        })
        .await;
        read.unwrap_or_else(|_| Err(RpcError { code: -32603, message: "internal error".into(), data: None }))
    }

    async fn send_raw(&self, params: &Value) -> Result<B256, RpcError> {
        let raw: Bytes = params::data(params::at(params, 0), "transaction")?;
        let chain_id = read(&self.sequencer.ledger).genesis().chain_id;
        let tx = DecodedTx::decode(&raw, chain_id).map_err(|error| RpcError::server(error.to_string()))?;
        let hash = tx.hash;
        match tokio::time::timeout(SEND_WAIT, self.sequencer.submit(tx)).await {
            Ok(fate) => fate.map_err(|reason| RpcError::server(plain_reason(reason))),
            // It waits on: most are in a block sooner or later.
            Err(_) => Ok(hash),
        }
    }

    /// Sends a transaction and answers with its receipt; the error of one that waits for longer names its hash.
    async fn send_raw_and_wait(&self, params: &Value) -> Result<Value, RpcError> {
        let wait_ms = match params::at(params, 1) {
            Value::Null => SYNC_MS,
            wait => params::number(wait, "timeout")?.min(SYNC_MS_MAX),
        };
        let mut heads = self.sequencer.heads.watch();
        let begun = std::time::Instant::now();
        let hash = self.send_raw(params).await?;
        let wait_ms = wait_ms.saturating_sub(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        let receipt = || {
            let ledger = read(&self.sequencer.ledger);
            ledger.tx(hash).map(|(block, index)| json::receipt(block, index))
        };
        // The ledger is read between heads, never while one is held: whoever announces a head has them the other way round.
        let included = async {
            loop {
                match receipt() {
                    None if heads.changed().await.is_ok() => {}
                    found => return found,
                }
            }
        };
        match tokio::time::timeout(Duration::from_millis(wait_ms), included).await {
            Ok(Some(receipt)) => Ok(receipt),
            Ok(None) | Err(_) => Err(RpcError {
                code: 4,
                message: format!("the transaction waits, and was in no block within {wait_ms} ms"),
                data: Some(json!(hash)),
            }),
        }
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
        let filter = || logs::filter_id(param(0));
        let nonce_of = |address| ledger.account(address, ledger.head()).map_or(0, |(_, nonce)| nonce);
        let hash = || params::hash(param(0), "hash");
        Ok(match method {
            "eth_getTransactionCount" if param(1) == "pending" => {
                let address = params::address(param(0), "address")?;
                json::quantity(self.sequencer.pool().next_nonce(address, nonce_of(address)))
            }
            "eth_getTransactionByHash" => match ledger.tx(hash()?) {
                Some((block, index)) => json::transaction(block, index),
                None => self.sequencer.pool().tx(hash()?).map_or(Value::Null, json::waiting_transaction),
            },
            "eth_getRawTransactionByHash" => match ledger.tx(hash()?) {
                Some((block, index)) => json::bytes(&block.txs[index].tx.raw),
                None => self.sequencer.pool().tx(hash()?).map_or(Value::Null, |tx| json::bytes(&tx.raw)),
            },
            "txpool_status" => {
                let (ready, ahead) = self.sequencer.pool().counts(nonce_of);
                json!({ "pending": json::quantity(ready as u64), "queued": json::quantity(ahead as u64) })
            }
            "eth_feeHistory" => fees::history(params, ledger)?,
            "eth_getLogs" => logs::get_logs(param(0), ledger)?,
            "eth_newFilter" => self.filters().new_logs(param(0), ledger)?,
            "eth_newBlockFilter" => self.filters().new_blocks(ledger)?,
            "eth_newPendingTransactionFilter" => self.filters().new_transactions(param(0), ledger)?,
            "eth_getFilterChanges" => logs::changes(filter()?, || self.filters(), ledger)?,
            "eth_getFilterLogs" => logs::of_filter(filter()?, || self.filters(), ledger)?,
            "eth_uninstallFilter" => self.filters().remove(filter()?),
            "quorate_genesis" => json!(ledger.genesis()),
            "quorate_head" => json!(self.sequencer.heads.current()),
            "quorate_blocks" => {
                let (from, count) = (params::number(param(0), "from")?, params::number(param(1), "max")?);
                let count = usize::try_from(count).unwrap_or(RAW_BLOCKS_MAX).min(RAW_BLOCKS_MAX);
                json!(self.sequencer.heads.raw_blocks(ledger, from, count, RAW_BLOCKS_BYTES_MAX))
            }
            _ => match blocks::answer(method, params, ledger)? {
                Some(answer) => answer,
                None => state::answer(method, params, ledger)?.ok_or_else(invalid_request)?,
            },
        })
    }

    fn filters(&self) -> std::sync::MutexGuard<'_, logs::Filters> {
        self.filters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each second: forgets what has waited for too long, has the writer look at the clock, and signs the head statement.
    pub(super) fn tick(&self) -> Result<(), crate::error::ChainError> {
        self.sequencer.wake();
        self.sequencer.pool().forget_old(std::time::Instant::now());
        self.sequencer.heads.publish()
    }
}

/// Libraries recognise go-ethereum's texts.
fn plain_reason(reason: String) -> String {
    let lower = reason.to_lowercase();
    if lower.contains("lack of funds") {
        return format!("insufficient funds for gas * price + value: {reason}");
    }
    if lower.contains("gas cost") || lower.contains("gas floor") {
        return format!("intrinsic gas too low: {reason}");
    }
    if lower.contains("priority fee") {
        return "max priority fee per gas higher than max fee per gas".to_owned();
    }
    reason
}

fn invalid_request() -> RpcError {
    RpcError { code: -32600, message: "invalid request".into(), data: None }
}

fn failure(id: &Value, error: &RpcError) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::chain::Genesis;

    #[tokio::test]
    async fn a_caller_that_hangs_up_frees_no_turn_while_its_read_computes() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let genesis = Genesis::new(7470, B256::from(key.verifying_key().to_bytes()), BTreeMap::new());
        let (sequencer, _writer) = Sequencer::open(genesis, key, None).unwrap();
        let rpc = Arc::new(Rpc::new(sequencer));
        let call = |number: usize| json!({ "jsonrpc": "2.0", "id": number, "method": "eth_feeHistory", "params": ["0x1", "latest", []] });
        // While a block is written, reads stand still in their threads.
        let ledger = Arc::clone(&rpc.sequencer.ledger);
        let (holds, held) = std::sync::mpsc::channel();
        let (written, writes) = std::sync::mpsc::channel::<()>();
        let writer = std::thread::spawn(move || {
            let _ledger = ledger.write().unwrap();
            holds.send(()).unwrap();
            writes.recv().unwrap();
        });
        held.recv().unwrap();
        for number in 0..READS_MAX {
            let body = call(number).to_string();
            let answer = rpc.answer(body.as_bytes(), IpAddr::from([127, 0, 0, 1]));
            tokio::time::timeout(Duration::from_millis(1), answer).await.unwrap_err();
        }
        assert_eq!(rpc.reads.available_permits(), 0, "both still compute");
        written.send(()).unwrap();
        writer.join().unwrap();
        let turns = rpc.reads.acquire_many(u32::try_from(READS_MAX).unwrap()).await;
        assert!(turns.is_ok(), "and are over in the end");
    }
}
