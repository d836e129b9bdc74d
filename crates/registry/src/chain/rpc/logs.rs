//! Log queries and the filters that remember where a client was.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, BloomInput, Log};
use serde_json::Value;

use super::{RpcError, json, params};
use crate::chain::ledger::{Block, Ledger};

/// Blocks that one log query may span.
const RANGE_BLOCKS_MAX: u64 = 100_000;
/// Logs that one query may return.
const LOGS_MAX: usize = 10_000;
/// Addresses, and topics of one place, that a query may name.
const ALTERNATIVES_MAX: usize = 256;
/// Filters that may exist at once.
const FILTERS_MAX: usize = 256;
/// A filter that is not asked for this long is forgotten.
const FILTER_IDLE_MAX: Duration = Duration::from_secs(300);

/// Which logs a client wants.
#[derive(Clone, Debug, Default)]
pub(super) struct LogQuery {
    addresses: Vec<Address>,
    topics: Vec<Vec<B256>>,
}

impl LogQuery {
    fn parse(value: &Value) -> Result<Self, RpcError> {
        match value {
            Value::Object(_) => {}
            Value::Null => return Err(params::missing(0)),
            _ => return Err(RpcError::params("filter: an object is expected")),
        }
        let addresses = alternatives(value.get("address"), |item| params::address(item, "address"))?;
        let topics = match value.get("topics") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(places)) if places.len() <= 4 => places
                .iter()
                .map(|place| alternatives(Some(place), |item| params::hash(item, "topic")))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(RpcError::params("topics: at most four are expected")),
        };
        Ok(Self { addresses, topics })
    }

    fn may_match(&self, block: &Block) -> bool {
        let bloom = &block.header.logs_bloom;
        let any = |mut inputs: Box<dyn Iterator<Item = &[u8]> + '_>| {
            inputs.any(|input| bloom.contains_input(BloomInput::Raw(input)))
        };
        (self.addresses.is_empty() || any(Box::new(self.addresses.iter().map(|address| address.as_slice()))))
            && self
                .topics
                .iter()
                .all(|place| place.is_empty() || any(Box::new(place.iter().map(|topic| topic.as_slice()))))
    }

    fn matches(&self, log: &Log) -> bool {
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.len() <= log.topics().len()
            && self
                .topics
                .iter()
                .zip(log.topics())
                .all(|(place, topic)| place.is_empty() || place.contains(topic))
    }

    fn collect(&self, ledger: &Ledger, from: u64, to: u64) -> Result<Vec<Value>, RpcError> {
        let to = to.min(ledger.head());
        if to.saturating_sub(from) > RANGE_BLOCKS_MAX {
            return Err(RpcError::limit(format!("block range is more than {RANGE_BLOCKS_MAX}")));
        }
        let mut found = Vec::new();
        for number in from..=to {
            let Some(block) = ledger.block(number) else { break };
            if !self.may_match(block) {
                continue;
            }
            for (index, tx) in block.txs.iter().enumerate() {
                for (offset, log) in tx.logs.iter().enumerate().filter(|(_, log)| self.matches(log)) {
                    if found.len() >= LOGS_MAX {
                        return Err(RpcError::limit(format!("query returns more than {LOGS_MAX} results")));
                    }
                    found.push(json::log(block, index, offset, log));
                }
            }
        }
        Ok(found)
    }
}

fn alternatives<T>(
    value: Option<&Value>,
    parse: impl Fn(&Value) -> Result<T, RpcError>,
) -> Result<Vec<T>, RpcError> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) if items.len() <= ALTERNATIVES_MAX => items.iter().map(parse).collect(),
        Some(Value::Array(_)) => Err(RpcError::limit(format!("more than {ALTERNATIVES_MAX} alternatives"))),
        Some(item) => Ok(vec![parse(item)?]),
    }
}

/// Which blocks a query is about.
#[derive(Clone, Copy, Debug)]
enum Range {
    /// One block, by its hash.
    One(u64),
    /// From one to another; `None` is the newest, whichever that is when it is asked.
    Blocks(Option<u64>, Option<u64>),
}

impl Range {
    fn parse(value: &Value, ledger: &Ledger) -> Result<Self, RpcError> {
        let bound = |name: &str| match params::there(value, name) {
            None => Ok(None),
            Some(Value::String(tag))
                if ["latest", "pending", "safe", "finalized"].contains(&tag.as_str()) =>
            {
                Ok(None)
            }
            Some(Value::Object(_)) => {
                Err(RpcError::params(format!("{name}: a tag or a quantity is expected")))
            }
            Some(block) => params::block(block, ledger).map(Some),
        };
        if let Some(wanted) = params::there(value, "blockHash") {
            if params::there(value, "fromBlock").or(params::there(value, "toBlock")).is_some() {
                return Err(RpcError::params(
                    "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other",
                ));
            }
            let number = ledger.number_of(params::hash(wanted, "blockHash")?);
            return number.map(Range::One).ok_or_else(|| RpcError::server("unknown block"));
        }
        match (bound("fromBlock")?, bound("toBlock")?) {
            (Some(from), Some(to)) if from > to => Err(RpcError::params("invalid block range params")),
            (from, to) => Ok(Range::Blocks(from, to)),
        }
    }

    /// First and last block, as things are.
    fn now(self, ledger: &Ledger) -> (u64, u64) {
        match self {
            Range::One(number) => (number, number),
            Range::Blocks(from, to) => (from.unwrap_or(ledger.head()), to.unwrap_or(ledger.head())),
        }
    }
}

/// Answers `eth_getLogs`.
pub(super) fn get_logs(value: &Value, ledger: &Ledger) -> Result<Value, RpcError> {
    let query = LogQuery::parse(value)?;
    let (from, to) = Range::parse(value, ledger)?.now(ledger);
    Ok(Value::Array(query.collect(ledger, from, to)?))
}

enum Wanted {
    Blocks,
    Transactions,
    Logs(LogQuery, Range),
}

struct Filter {
    wanted: Wanted,
    next: u64,
    to: Option<u64>,
    used: Instant,
}

/// The filters of all clients.
#[derive(Default)]
pub(super) struct Filters {
    next_id: u64,
    open: HashMap<u64, Filter>,
}

impl Filters {
    pub(super) fn new_blocks(&mut self, ledger: &Ledger) -> Result<Value, RpcError> {
        self.insert(Wanted::Blocks, ledger.head() + 1, None)
    }

    /// For `eth_newPendingTransactionFilter`. Who asks hears of a transaction when it is in a block: most are at once.
    pub(super) fn new_transactions(&mut self, full: &Value, ledger: &Ledger) -> Result<Value, RpcError> {
        match full {
            Value::Null | Value::Bool(false) => self.insert(Wanted::Transactions, ledger.head() + 1, None),
            _ => Err(RpcError::params("full transactions are not supported")),
        }
    }

    pub(super) fn new_logs(&mut self, value: &Value, ledger: &Ledger) -> Result<Value, RpcError> {
        let query = LogQuery::parse(value)?;
        let range = Range::parse(value, ledger)?;
        let (next, to) = match range {
            Range::One(number) => (number, Some(number)),
            Range::Blocks(from, to) => (from.unwrap_or(ledger.head() + 1), to),
        };
        self.insert(Wanted::Logs(query, range), next, to)
    }

    fn insert(&mut self, wanted: Wanted, next: u64, to: Option<u64>) -> Result<Value, RpcError> {
        self.open.retain(|_, filter| filter.used.elapsed() < FILTER_IDLE_MAX);
        if self.open.len() >= FILTERS_MAX {
            return Err(RpcError::limit(format!("more than {FILTERS_MAX} filters")));
        }
        self.next_id += 1;
        self.open.insert(self.next_id, Filter { wanted, next, to, used: Instant::now() });
        Ok(json::quantity(self.next_id))
    }

    fn open(&mut self, id: u64) -> Result<&mut Filter, RpcError> {
        let filter = self
            .open
            .get_mut(&id)
            .filter(|filter| filter.used.elapsed() < FILTER_IDLE_MAX)
            .ok_or_else(|| RpcError::server("filter not found"))?;
        filter.used = Instant::now();
        Ok(filter)
    }

    /// All logs of a filter, also those that were given before.
    pub(super) fn logs(&mut self, id: u64, ledger: &Ledger) -> Result<Value, RpcError> {
        let Wanted::Logs(query, range) = &self.open(id)?.wanted else {
            return Err(RpcError::server("filter not found"));
        };
        let (from, to) = range.now(ledger);
        Ok(Value::Array(query.collect(ledger, from, to)?))
    }

    /// What came since the filter was asked last.
    pub(super) fn changes(&mut self, id: u64, ledger: &Ledger) -> Result<Value, RpcError> {
        let filter = self.open(id)?;
        let (from, to) = (filter.next, filter.to.unwrap_or(u64::MAX).min(ledger.head()));
        let found = match &filter.wanted {
            Wanted::Blocks => (from..=to)
                .take(LOGS_MAX)
                .filter_map(|number| ledger.meta(number))
                .map(|meta| Value::String(meta.hash.to_string()))
                .collect(),
            Wanted::Transactions => (from..=to)
                .filter_map(|number| ledger.block(number))
                .flat_map(|block| block.txs.iter().map(|tx| Value::String(tx.tx.hash.to_string())))
                .take(LOGS_MAX)
                .collect(),
            Wanted::Logs(query, _) => query.collect(ledger, from, to)?,
        };
        filter.next = ledger.head() + 1;
        Ok(Value::Array(found))
    }

    pub(super) fn remove(&mut self, id: u64) -> Value {
        Value::Bool(self.open.remove(&id).is_some())
    }
}
