//! Log queries and the filters that remember where a client was.

use std::{
    collections::HashMap,
    sync::MutexGuard,
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, Log};
use serde_json::Value;

use super::{RpcError, json, params};
use crate::chain::{
    body::{ANY_LOG, LogTag, log_tag},
    ledger::{Block, Ledger, NextLogs},
};

/// Blocks that are looked at for what came since a filter was asked last.
const CHANGES_BLOCKS_MAX: u64 = 100_000;
/// Processor time of one query.
const TIME_MAX: Duration = Duration::from_secs(2);
/// Logs that one query may return, and bytes of their data.
const LOGS_MAX: usize = 10_000;
const LOGS_BYTES_MAX: usize = 4 << 20;
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
    /// What a block that has one is found by: one of each list.
    tags: Vec<Vec<LogTag>>,
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
        let mut tags = vec![addresses.iter().map(|address| log_tag(address.as_slice())).collect::<Vec<_>>()];
        tags.extend(topics.iter().map(|place| place.iter().map(|topic| log_tag(topic.as_slice())).collect()));
        tags.retain(|place: &Vec<LogTag>| !place.is_empty());
        if tags.is_empty() {
            tags.push(vec![ANY_LOG]);
        }
        Ok(Self { addresses, topics, tags })
    }

    /// What an `eth_subscribe` asks for: addresses and topics, of the blocks to come. Without them it is everything.
    pub(super) fn of_subscription(value: &Value) -> Result<Self, RpcError> {
        if value.is_null() { Ok(Self::default()) } else { Self::parse(value) }
    }

    /// The logs of a block that are wanted, in order.
    pub(super) fn of_block<'a>(&'a self, block: &'a Block) -> impl Iterator<Item = Value> + 'a {
        let txs = block.txs.iter().enumerate();
        txs.flat_map(move |(index, tx)| {
            let wanted = tx.logs.iter().enumerate().filter(|(_, log)| self.matches(log));
            wanted.map(move |(offset, log)| json::log(block, index, offset, log))
        })
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
        let until = Instant::now() + TIME_MAX;
        let mut found = Found::default();
        let mut next = from;
        while next <= to {
            let before = found.list.len();
            let (number, late) = match ledger.next_with_logs(&self.tags, (next, to), until)? {
                NextLogs::Nowhere => break,
                NextLogs::NotYet(number) => (number, true),
                NextLogs::In(number) => {
                    found.add_logs(self, number, ledger)?;
                    (number, false)
                }
            };
            let more = found.list.len() > LOGS_MAX || found.bytes > LOGS_BYTES_MAX;
            if more || late {
                // A range that has an answer: that of the blocks before this one.
                let fits = number.saturating_sub(1).max(from);
                let why = match more {
                    true => format!("more than {LOGS_MAX} results, or more than {LOGS_BYTES_MAX} bytes"),
                    false => format!("more than {} s to look for", TIME_MAX.as_secs()),
                };
                let hint = match before {
                    0 if more => "name addresses or topics".to_owned(),
                    _ => format!("this block range should work: [{from:#x}, {fits:#x}]"),
                };
                return Err(RpcError::limit(format!("query returns {why}; {hint}")));
            }
            next = number + 1;
        }
        Ok(found.list)
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
            let number = ledger.number_of(params::hash(wanted, "blockHash")?)?;
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

#[derive(Clone)]
enum Wanted {
    Blocks,
    Transactions,
    Logs(LogQuery, Range),
}

#[derive(Clone)]
struct Filter {
    wanted: Wanted,
    next: u64,
    to: Option<u64>,
    used: Instant,
}

/// The filters of all clients. Whoever knows the id of one may use it, so ids cannot be guessed.
#[derive(Default)]
pub(super) struct Filters {
    open: HashMap<u128, Filter>,
}

/// The id of a filter, as it was given out.
pub(super) fn filter_id(value: &Value) -> Result<u128, RpcError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits
        .filter(|digits| params::is_hex(digits))
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .ok_or_else(|| RpcError::params("filter: an id is expected, as eth_newFilter gives it"))
}

/// An id that nobody guesses.
pub(super) fn random_id() -> Result<u128, RpcError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| RpcError::server("no randomness for an id"))?;
    // Some clients take an id for a number, which has no zeros before it.
    Ok(u128::from_be_bytes(bytes) | 1 << 127)
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

    /// Of too many the one that was not used for longest gives way.
    fn insert(&mut self, wanted: Wanted, next: u64, to: Option<u64>) -> Result<Value, RpcError> {
        self.open.retain(|_, filter| filter.used.elapsed() < FILTER_IDLE_MAX);
        if self.open.len() >= FILTERS_MAX
            && let Some(oldest) = self.open.iter().min_by_key(|(_, filter)| filter.used).map(|(id, _)| *id)
        {
            self.open.remove(&oldest);
        }
        let id = random_id()?;
        self.open.insert(id, Filter { wanted, next, to, used: Instant::now() });
        Ok(Value::String(format!("{id:#x}")))
    }

    fn open(&mut self, id: u128) -> Result<&mut Filter, RpcError> {
        let filter = self
            .open
            .get_mut(&id)
            .filter(|filter| filter.used.elapsed() < FILTER_IDLE_MAX)
            .ok_or_else(|| RpcError::server("filter not found"))?;
        filter.used = Instant::now();
        Ok(filter)
    }

    pub(super) fn remove(&mut self, id: u128) -> Value {
        Value::Bool(self.open.remove(&id).is_some())
    }
}

/// All logs of a filter, also those that were given before. The filters are free while the ledger is searched.
pub(super) fn of_filter<'a>(
    id: u128,
    filters: impl Fn() -> MutexGuard<'a, Filters>,
    ledger: &Ledger,
) -> Result<Value, RpcError> {
    let wanted = filters().open(id)?.wanted.clone();
    let Wanted::Logs(query, range) = wanted else {
        return Err(RpcError::server("filter not found"));
    };
    let (from, to) = range.now(ledger);
    Ok(Value::Array(query.collect(ledger, from, to)?))
}

/// What came since the filter was asked last: as many whole blocks as one answer has room for, and the rest when it is
/// asked again.
pub(super) fn changes<'a>(
    id: u128,
    filters: impl Fn() -> MutexGuard<'a, Filters>,
    ledger: &Ledger,
) -> Result<Value, RpcError> {
    let Filter { wanted, next, to, .. } = filters().open(id)?.clone();
    let last = to.unwrap_or(u64::MAX).min(ledger.head()).min(next.saturating_add(CHANGES_BLOCKS_MAX));
    let (mut found, mut after) = (Found::default(), next);
    let until = Instant::now() + TIME_MAX;
    while after <= last && !found.is_full() && Instant::now() < until {
        let next = match &wanted {
            Wanted::Logs(query, _) => ledger.next_with_logs(&query.tags, (after, last), until)?,
            Wanted::Blocks | Wanted::Transactions => NextLogs::In(after),
        };
        after = match next {
            NextLogs::Nowhere => last + 1,
            NextLogs::NotYet(number) => number,
            NextLogs::In(number) => {
                found.add_block(&wanted, number, ledger)?;
                number + 1
            }
        };
    }
    let mut filters = filters();
    let filter = filters.open(id)?;
    filter.next = filter.next.max(after);
    Ok(Value::Array(found.list))
}

/// What an answer has so far.
#[derive(Default)]
struct Found {
    list: Vec<Value>,
    bytes: usize,
}

impl Found {
    fn is_full(&self) -> bool {
        self.list.len() >= LOGS_MAX || self.bytes >= LOGS_BYTES_MAX
    }

    fn add_block(&mut self, wanted: &Wanted, number: u64, ledger: &Ledger) -> Result<(), RpcError> {
        match wanted {
            Wanted::Blocks => {
                self.list.extend(ledger.meta(number)?.map(|meta| Value::String(meta.hash.to_string())));
            }
            Wanted::Transactions => {
                if let Some(block) = ledger.block(number)? {
                    self.list.extend(block.txs.iter().map(|tx| Value::String(tx.tx.hash.to_string())));
                }
            }
            Wanted::Logs(query, _) => self.add_logs(query, number, ledger)?,
        }
        Ok(())
    }

    fn add_logs(&mut self, query: &LogQuery, number: u64, ledger: &Ledger) -> Result<(), RpcError> {
        let Some(block) = ledger.block(number)? else { return Ok(()) };
        for (index, tx) in block.txs.iter().enumerate() {
            for (offset, log) in tx.logs.iter().enumerate().filter(|(_, log)| query.matches(log)) {
                self.bytes += log.data.data.len();
                self.list.push(json::log(&block, index, offset, log));
            }
        }
        Ok(())
    }
}
