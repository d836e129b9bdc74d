//! JSON-RPC: the methods that wallets and ethers use, and two of our own for those who follow the chain.

mod blocks;
mod fees;
mod json;
mod logs;
mod methods;
mod overrides;
mod params;
mod reasons;
mod state;
mod subscriptions;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy_primitives::{B256, Bytes};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use quorate_door::{LateThreads, Places, late};
use quorate_wire::Payer;
use serde_json::{Value, json};

pub(super) use subscriptions::Subscriptions;

use super::{
    faucet::Faucet,
    sequencer::Sequencer,
    snapshot::{self, Part},
    tx::DecodedTx,
};
use crate::error::ReadError;

/// Calls of one batch, as many as viem puts into one.
const BATCH_MAX: usize = 1_000;
/// Bytes of a batch's answers, and how long it is worked on: its calls after that are refused.
const BATCH_BYTES_MAX: usize = 8 << 20;
const BATCH_TIME_MAX: Duration = Duration::from_secs(10);
/// Calls that read much run at a time, one address's half of them: so many threads compute for strangers, all of which have
/// stepped back…
const READS_MAX: usize = 4;
/// Followers that get blocks at a time, one address's half of them, and the threads that read for them.
const FOLLOWS_MAX: usize = 16;
const FOLLOWS_THREADS: usize = 2;
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
        match error {
            // Explorers wait for a block when they hear these words.
            ReadError::Ahead(_) | ReadError::Pruned(_) => Self::server(format!("header not found: {error}")),
            other => Self::server(other.to_string()),
        }
    }
}

/// Answers calls on one chain.
pub(super) struct Rpc {
    sequencer: Sequencer,
    filters: Mutex<logs::Filters>,
    reads: Arc<Places>,
    threads: LateThreads,
    /// Those of followers, who wait for no stranger's calls, and whose threads do not step back.
    follows: Arc<Places>,
    follow_threads: LateThreads,
    faucet: Option<Faucet>,
}

impl Rpc {
    pub(super) fn new(sequencer: Sequencer, faucet: Option<Faucet>) -> std::io::Result<Self> {
        Ok(Self {
            sequencer,
            filters: Mutex::default(),
            reads: Places::new(READS_MAX),
            follows: Places::new(FOLLOWS_MAX),
            threads: LateThreads::start(READS_MAX, late::step_back)?,
            follow_threads: LateThreads::start(FOLLOWS_THREADS, || Ok(()))?,
            faucet,
        })
    }

    /// Answers a request body: one call or a batch. `None` is an answer without content (only notifications).
    pub(super) async fn answer(self: &Arc<Self>, body: &[u8], source: IpAddr) -> Option<String> {
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
                let begun = Instant::now();
                for call in calls {
                    let full = answers.len() > BATCH_BYTES_MAX || begun.elapsed() > BATCH_TIME_MAX;
                    // A batch is long: others have their turn between its calls.
                    tokio::task::yield_now().await;
                    if let Some(answer) = self.answer_one(call, Some(full), source).await {
                        answers.push(if answers.is_empty() { '[' } else { ',' });
                        answers.push_str(&answer.to_string());
                    }
                }
                (!answers.is_empty()).then(|| answers + "]")
            }
            call => self.answer_one(call, None, source).await.and_then(one),
        }
    }

    /// Answers one call, by itself or in a batch, which may have had all the bytes or the time that it gets.
    async fn answer_one(
        self: &Arc<Self>,
        call: Value,
        in_batch: Option<bool>,
        source: IpAddr,
    ) -> Option<Value> {
        let id = call.get("id").cloned();
        let Some(method) = call.get("method").and_then(Value::as_str).map(str::to_owned) else {
            return Some(failure(&id.unwrap_or(Value::Null), &invalid_request()));
        };
        let params = call.get("params").cloned().unwrap_or(Value::Null);
        let result = match (in_batch, method.as_str()) {
            (Some(true), _) => {
                let most_s = BATCH_TIME_MAX.as_secs();
                Err(RpcError::limit(format!(
                    "a batch's answers are over {BATCH_BYTES_MAX} bytes or {most_s} s"
                )))
            }
            (Some(false), "quorate_waitHead" | "quorate_faucet" | "eth_sendRawTransactionSync") => {
                Err(RpcError::limit("a call that waits stands alone, in no batch"))
            }
            _ => self.dispatch(&method, params, source).await,
        };
        // A call without an id is a notification and gets no answer.
        let id = id?;
        Some(match result {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => failure(&id, &error),
        })
    }

    async fn dispatch(
        self: &Arc<Self>,
        method: &str,
        params: Value,
        source: IpAddr,
    ) -> Result<Value, RpcError> {
        methods::check(method, &params)?;
        match method {
            "eth_sendRawTransaction" => self.send_raw(&params, source).await.map(|hash| json!(hash)),
            "eth_sendRawTransactionSync" => self.send_raw_and_wait(&params, source).await,
            "quorate_waitHead" => self.wait_head(&params).await,
            "quorate_faucet" => {
                let Some(faucet) = &self.faucet else {
                    return Err(RpcError::server(
                        "this chain has no faucet: it is no network for development",
                    ));
                };
                let to = params::address(params::at(&params, 0), "address")?;
                faucet
                    .give(&self.sequencer, to, source)
                    .await
                    .map(|hash| json!(hash))
                    .map_err(RpcError::limit)
            }
            // Those who follow the chain wait for no stranger's calls.
            "quorate_blocks" => {
                self.read_apart(method, params, (&self.follows, &self.follow_threads), source).await
            }
            // What is known without the disk is answered at once; whatever reads that gets a thread of its own.
            _ if methods::is_at_hand(method) => self.read_method(method, &params),
            _ => self.read_apart(method, params, (&self.reads, &self.threads), source).await,
        }
    }

    /// Reads in a thread of these, waiting for a place. The place is free when that has ended, and not when
    /// the caller hangs up.
    async fn read_apart(
        self: &Arc<Self>,
        method: &str,
        params: Value,
        (places, threads): (&Arc<Places>, &LateThreads),
        source: IpAddr,
    ) -> Result<Value, RpcError> {
        let payers = Payer::of_source(source);
        let Ok(Some(place)) = tokio::time::timeout(READ_WAIT, places.take(&payers)).await else {
            return Err(RpcError::limit("the chain is busy with other calls: try again"));
        };
        let (this, method) = (Arc::clone(self), method.to_owned());
        let read = threads.run(move || {
            let _place = place;
            this.read_method(&method, &params)
        });
        read.await
            .unwrap_or_else(|| Err(RpcError { code: -32603, message: "internal error".into(), data: None }))
    }

    async fn send_raw(&self, params: &Value, source: IpAddr) -> Result<B256, RpcError> {
        let raw: Bytes = params::data(params::at(params, 0), "transaction")?;
        let chain_id = self.sequencer.tip.get().genesis().chain_id;
        let tx = DecodedTx::decode(&raw, chain_id)
            .map_err(|error| RpcError::server(reasons::of_refusal(error.to_string())))?;
        let hash = tx.hash;
        match tokio::time::timeout(SEND_WAIT, self.sequencer.submit(tx, Some(source))).await {
            Ok(fate) => fate.map_err(|reason| RpcError::server(reasons::of_refusal(reason))),
            // It waits on: most are in a block sooner or later.
            Err(_) => Ok(hash),
        }
    }

    /// Sends a transaction and answers with its receipt; the error of one that waits for longer names its hash.
    async fn send_raw_and_wait(&self, params: &Value, source: IpAddr) -> Result<Value, RpcError> {
        let wait_ms = match params::at(params, 1) {
            Value::Null => SYNC_MS,
            wait => params::number(wait, "timeout")?.min(SYNC_MS_MAX),
        };
        let mut heads = self.sequencer.heads.watch();
        let begun = Instant::now();
        let hash = self.send_raw(params, source).await?;
        let wait_ms = wait_ms.saturating_sub(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        let receipt = || -> Result<Option<Value>, RpcError> {
            let found = self.sequencer.tip.get().tx(hash)?;
            found.map(|(block, index)| blocks::receipt(&block, index)).transpose()
        };
        let included = async {
            loop {
                match receipt()? {
                    None if heads.changed().await.is_ok() => {}
                    found => return Ok::<_, RpcError>(found),
                }
            }
        };
        match tokio::time::timeout(Duration::from_millis(wait_ms), included).await {
            Ok(Ok(Some(receipt))) => Ok(receipt),
            Ok(Err(error)) => Err(error),
            Ok(Ok(None)) | Err(_) => Err(RpcError {
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
        // A copy, which no later block changes, and which holds up no later block.
        let ledger = &self.sequencer.tip.get();
        let param = |index| params::at(params, index);
        let filter = || logs::filter_id(param(0));
        let hash = || params::hash(param(0), "hash");
        let waiting = |write: fn(&DecodedTx) -> Value| -> Result<Value, RpcError> {
            Ok(self.sequencer.pool().tx(hash()?).map_or(Value::Null, write))
        };
        Ok(match method {
            "eth_getTransactionCount" if param(1) == "pending" => {
                let address = params::address(param(0), "address")?;
                // The pool hears of a block after the tip: in this order the two never contradict each other.
                let pool = self.sequencer.pool();
                let ledger = self.sequencer.tip.get();
                let (_, nonce) = ledger.account(address, ledger.head())?;
                json::quantity(pool.next_nonce(address, nonce))
            }
            "eth_getTransactionByHash" => match ledger.tx(hash()?)? {
                Some((block, index)) => json::transaction(&block, index),
                None => waiting(json::waiting_transaction)?,
            },
            "eth_getRawTransactionByHash" => match ledger.tx(hash()?)? {
                Some((block, index)) => json::bytes(&block.txs[index].tx.raw),
                None => waiting(|tx| json::bytes(&tx.raw))?,
            },
            "txpool_status" => {
                let (ready, ahead) = self.sequencer.pool().counts();
                json!({ "pending": json::quantity(ready as u64), "queued": json::quantity(ahead as u64) })
            }
            // The floor is what most pay; whoever offers twice as much is in a block also after a burst.
            "eth_gasPrice" => json::quantity(self.sequencer.base_fee()),
            "eth_feeHistory" => fees::history(params, ledger, self.sequencer.base_fee())?,
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
                json!(self.sequencer.heads.raw_blocks(ledger, from, count, RAW_BLOCKS_BYTES_MAX)?)
            }
            "quorate_snapshot" => {
                let part = params::text(param(1), "part")?;
                let part = Part::named(part).ok_or_else(|| RpcError::params("part: there is no such one"))?;
                let cursor = params::data(param(2), "cursor")?;
                let page = snapshot::page(ledger, params::number(param(0), "block")?, part, &cursor)?;
                let page = page.ok_or_else(|| RpcError::params("cursor: not one of a page"))?;
                json!({ "rows": STANDARD.encode(&page.rows), "next": page.next.map(Bytes::from) })
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

    /// Each second: signs the head statement, has the writer look at the clock, and forgets what has waited for too long.
    pub(super) fn tick(&self) -> Result<(), crate::error::ChainError> {
        self.sequencer.heads.publish()?;
        self.sequencer.wake();
        self.sequencer.pool().forget_old(Instant::now());
        Ok(())
    }
}

fn invalid_request() -> RpcError {
    RpcError { code: -32600, message: "invalid request".into(), data: None }
}

fn failure(id: &Value, error: &RpcError) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() })
}
