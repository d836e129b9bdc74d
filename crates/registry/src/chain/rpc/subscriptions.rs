//! Subscriptions: what a socket is told of each block, in order and without a gap.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Rpc, RpcError, failure, json as write, logs, methods, params};
use crate::{
    chain::ledger::{Block, Ledger},
    error::ReadError,
};

/// Subscriptions of one socket.
const SUBSCRIPTIONS_MAX: usize = 32;
/// Blocks that are told at a time; then the socket is looked after, and it goes on.
const BLOCKS_AT_ONCE: u64 = 8;

/// What a subscription is about.
enum Wanted {
    Heads,
    Logs(logs::LogQuery),
    /// For `newPendingTransactions`. Who asks hears of a transaction when it is in a block: most are at once.
    Transactions,
}

struct Subscription {
    wanted: Wanted,
    /// The newest block when it began: it hears of those after.
    after: u64,
}

/// The subscriptions of one socket.
#[derive(Default)]
pub(in crate::chain) struct Subscriptions {
    open: BTreeMap<String, Subscription>,
    /// The block that is told next.
    next: u64,
}

impl Subscriptions {
    pub(in crate::chain) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn add(&mut self, params: &Value, ledger: &Ledger) -> Result<Value, RpcError> {
        let wanted = match params::text(params::at(params, 0), "subscription")? {
            "newHeads" => Wanted::Heads,
            "logs" => Wanted::Logs(logs::LogQuery::of_subscription(params::at(params, 1))?),
            "newPendingTransactions" => match params::at(params, 1) {
                Value::Null | Value::Bool(false) => Wanted::Transactions,
                _ => return Err(RpcError::params("full transactions are not supported")),
            },
            other => {
                let name: String = other.chars().take(methods::NAME_CHARS_MAX).collect();
                let message = format!("no \"{name}\" subscription in eth namespace");
                return Err(RpcError { code: -32601, message, data: None });
            }
        };
        if self.open.len() >= SUBSCRIPTIONS_MAX {
            return Err(RpcError::limit(format!("a socket has at most {SUBSCRIPTIONS_MAX} subscriptions")));
        }
        let after = ledger.head();
        if self.open.is_empty() {
            self.next = after + 1;
        }
        let id = format!("{:#x}", logs::random_id()?);
        self.open.insert(id.clone(), Subscription { wanted, after });
        Ok(Value::String(id))
    }

    fn remove(&mut self, params: &Value) -> Result<Value, RpcError> {
        let id = params::text(params::at(params, 0), "subscription")?;
        Ok(Value::Bool(self.open.remove(id).is_some()))
    }

    /// Says, by `tell`, what came since it was asked last; false if that wants no more. Some of it may be left.
    fn tell(&mut self, ledger: &Ledger, tell: &mut impl FnMut(String) -> bool) -> Result<bool, ReadError> {
        let last = ledger.head().min(self.next.saturating_add(BLOCKS_AT_ONCE - 1));
        while self.next <= last {
            let number = self.next;
            // Counted before it is told: whatever becomes of the socket, nothing is told twice.
            self.next += 1;
            let Some(block) = ledger.block(number)? else { continue };
            for (id, subscription) in self.open.iter().filter(|(_, open)| open.after < number) {
                if !subscription.wanted.of_block(&block, |result| tell(notification(id, &result))) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

impl Wanted {
    /// Hands over what it wants of a block, until that wants no more.
    fn of_block(&self, block: &Block, mut tell: impl FnMut(Value) -> bool) -> bool {
        match self {
            Wanted::Heads => tell(write::header(block)),
            Wanted::Transactions => block.txs.iter().all(|tx| tell(json!(tx.tx.hash))),
            Wanted::Logs(query) => query.of_block(block).all(tell),
        }
    }
}

fn notification(id: &str, result: &Value) -> String {
    let params = json!({ "subscription": id, "result": result });
    json!({ "jsonrpc": "2.0", "method": "eth_subscription", "params": params }).to_string()
}

impl Rpc {
    /// Answers a call that begins or ends a subscription; `None` is another call, or a batch.
    pub(in crate::chain) fn subscribe(
        &self,
        body: &[u8],
        subscriptions: &mut Subscriptions,
    ) -> Option<String> {
        // Few calls are such ones: most are not parsed for this.
        if !body.windows(SUBSCRIBE.len()).any(|part| part == SUBSCRIBE) {
            return None;
        }
        let call: Value = serde_json::from_slice(body).ok()?;
        let (id, method) = (call.get("id")?, call.get("method")?.as_str()?);
        let params = call.get("params").unwrap_or(&Value::Null);
        let result = match method {
            "eth_subscribe" => subscriptions.add(params, &self.sequencer.tip.get()),
            "eth_unsubscribe" => subscriptions.remove(params),
            _ => return None,
        };
        let answer = match result {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => failure(id, &error),
        };
        Some(answer.to_string())
    }

    /// Tells what is new. False: that wants no more. Some may be left, if [`Self::is_ahead_of`] says so.
    pub(in crate::chain) fn tell(
        &self,
        subscriptions: &mut Subscriptions,
        mut tell: impl FnMut(String) -> bool,
    ) -> Result<bool, ReadError> {
        subscriptions.tell(&self.sequencer.tip.get(), &mut tell)
    }

    /// Whether there are blocks of which these subscriptions have not heard.
    pub(in crate::chain) fn is_ahead_of(&self, subscriptions: &Subscriptions) -> bool {
        !subscriptions.is_empty() && self.sequencer.tip.get().head() >= subscriptions.next
    }

    /// Changes when there is a new block, and now and then beside that.
    pub(in crate::chain) fn heads(&self) -> tokio::sync::watch::Receiver<crate::chain::HeadStatement> {
        self.sequencer.heads.watch()
    }
}

/// What the names of both methods have in common.
const SUBSCRIBE: &[u8] = b"subscribe";

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256};
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::chain::{
        Genesis, LogMark,
        ledger::{Keep, LedgerWriter},
    };

    fn books() -> LedgerWriter {
        let key = SigningKey::from_bytes(&[7; 32]);
        let genesis =
            Genesis::new(7470, B256::from(key.verifying_key().to_bytes()), BTreeMap::new(), Address::ZERO);
        LedgerWriter::in_memory(genesis, Keep::Everything).unwrap()
    }

    fn add_block(books: &mut LedgerWriter) {
        let ledger = books.ledger();
        let (executed, _) = ledger.execute(ledger.head() + 1, Vec::new(), 0).unwrap();
        books.commit(executed, LogMark::default()).unwrap();
    }

    #[test]
    fn every_block_is_told_once_and_in_order_however_many_came_between_two_looks() {
        let mut books = books();
        add_block(&mut books);
        let mut subscriptions = Subscriptions::default();
        let first = subscriptions.add(&json!(["newHeads"]), books.ledger()).unwrap();
        for _ in 0..150 {
            add_block(&mut books);
        }
        // One that begins later hears of later blocks only, though the first is behind.
        let second = subscriptions.add(&json!(["newHeads"]), books.ledger()).unwrap();
        add_block(&mut books);
        let mut told = Vec::new();
        while subscriptions.next <= books.ledger().head() {
            let told_all = subscriptions.tell(books.ledger(), &mut |text| {
                told.push(serde_json::from_str::<Value>(&text).unwrap());
                true
            });
            assert!(told_all.unwrap());
        }
        let of = |id: &Value| -> Vec<u64> {
            let mine = told.iter().filter(|told| told["params"]["subscription"] == *id);
            let number =
                |told: &Value| params::number(&told["params"]["result"]["number"], "number").unwrap();
            mine.map(number).collect()
        };
        assert_eq!(of(&first), (2..=152).collect::<Vec<_>>());
        assert_eq!(of(&second), [152]);
        assert_eq!(subscriptions.remove(&json!([first])).unwrap(), true);
        assert_eq!(subscriptions.remove(&json!([first])).unwrap(), false);
    }

    #[test]
    fn what_is_wanted_is_known_and_little() {
        let books = books();
        let ledger = books.ledger();
        let mut subscriptions = Subscriptions::default();
        for wrong in [
            json!([]),
            json!([7]),
            json!(["syncing"]),
            json!(["logs", 7]),
            json!(["logs", { "address": "0x12" }]),
            json!(["newPendingTransactions", true]),
        ] {
            assert!(subscriptions.add(&wrong, ledger).is_err(), "{wrong}");
        }
        for _ in 0..SUBSCRIPTIONS_MAX {
            subscriptions.add(&json!(["logs"]), ledger).unwrap();
        }
        assert_eq!(subscriptions.add(&json!(["newHeads"]), ledger).unwrap_err().code, -32005);
    }
}
