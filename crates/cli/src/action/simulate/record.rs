//! `--record`: does what the fixtures do not answer, by a node's own rules, and writes it into them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_node::{Outbound, OutboundReply};
use quorate_wire::{Address, CallBlock, FetchRequest, Redirect, RpcMethod};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::fixtures::{Chain, ChainCall, Fetch, Fixtures, HeaderValues, Reply, compact};
use super::host::body_value;
use super::transaction::hex0x;
use super::world::{bytes_of, escaped};

/// The longest that one recorded request may take in all.
const REQUEST: Duration = Duration::from_secs(20);
/// Headers of an answer that are not kept: they differ each time, or open a session of whoever recorded.
const HEADERS_LEFT_OUT: &[&str] = &[
    "age",
    "cf-ray",
    "date",
    "nel",
    "report-to",
    "server-timing",
    "set-cookie",
    "x-amz-cf-id",
    "x-amzn-trace-id",
    "x-request-id",
];

/// Carries out requests and keeps their answers.
pub(crate) struct Recorder {
    outbound: Outbound,
    runtime: Handle,
    fetches: Vec<Fetch>,
    chains: Vec<(String, RpcMethod, Value)>,
}

impl Recorder {
    /// A recorder that may reach what a node in production may, and these ports of this machine.
    pub(crate) fn new(loopback_ports: &[u16]) -> Result<Self> {
        let outbound = Outbound::new(loopback_ports.iter().copied()).context("preparing TLS")?;
        Ok(Self { outbound, runtime: Handle::current(), fetches: Vec::new(), chains: Vec::new() })
    }

    /// Carries out a request.
    pub(super) fn fetch(&mut self, request: &FetchRequest) -> Reply {
        let reply = self.carry_out(request.clone()).map_or_else(
            |error| Reply { error: Some(error), ..Reply::default() },
            |answer| reply_of(answer, &request.url),
        );
        self.fetches.push(Fetch {
            method: request.method.clone(),
            url: request.url.clone(),
            body: body_value(&request.body),
            headers: BTreeMap::new(),
            reply: reply.clone(),
            repeat: false,
        });
        reply
    }

    /// Reads a chain through its server.
    pub(super) fn rpc(&mut self, chain: &str, url: &str, method: &RpcMethod) -> Option<Value> {
        let (name, params) = match method {
            RpcMethod::PublicUrl => return None,
            RpcMethod::BlockNumber => ("eth_blockNumber", json!([])),
            RpcMethod::ChainId => ("eth_chainId", json!([])),
            RpcMethod::TransactionCount { address } => {
                ("eth_getTransactionCount", json!([hex0x(address), "latest"]))
            }
            RpcMethod::Call(call) => {
                let mut members = json!({ "to": hex0x(&call.to), "data": hex0x(&call.data) });
                if let Some(from) = &call.from {
                    members["from"] = json!(hex0x(from));
                }
                let block = match call.block {
                    CallBlock::Number(number) => json!(format!("0x{number:x}")),
                    CallBlock::Named => json!("latest"),
                };
                ("eth_call", json!([members, block]))
            }
        };
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": name, "params": params });
        let reply = self.carry_out(FetchRequest {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
            redirect: Redirect::Error,
        });
        let said: Value = serde_json::from_slice(&reply.ok()?.body).ok()?;
        let result = said.get("result")?.clone();
        let value = match method {
            RpcMethod::Call(_) => bytes_of(result.as_str()?).map(|bytes| json!(hex0x(&bytes)))?,
            _ => json!(u64::from_str_radix(result.as_str()?.strip_prefix("0x")?, 16).ok()?),
        };
        self.chains.push((chain.to_owned(), method.clone(), value.clone()));
        Some(value)
    }

    /// Adds what was recorded; returns how many answers that are.
    pub(crate) fn add_to(self, fixtures: &mut Fixtures) -> Result<usize> {
        let count = self.fetches.len() + self.chains.len();
        // What a server said is no name of the fixtures, whatever it looks like.
        fixtures.fetch.extend(escaped(&self.fetches).context("keeping the answers")?);
        for (name, method, value) in self.chains {
            if let Some(chain) = fixtures.chains.get_mut(&name) {
                keep(chain, &method, &value);
            }
        }
        Ok(count)
    }

    /// The answer, or the code of what came in its place.
    fn carry_out(&self, request: FetchRequest) -> Result<OutboundReply, String> {
        let carried = self
            .runtime
            .block_on(async { tokio::time::timeout(REQUEST, self.outbound.fetch(request)).await });
        match carried {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(code)) => Err(code.as_str().to_owned()),
            Err(_) => Err("fetch_failed".to_owned()),
        }
    }
}

/// An answer as fixtures have it: its bytes as they came.
fn reply_of(answer: OutboundReply, asked: &str) -> Reply {
    let mut headers: BTreeMap<String, HeaderValues> = BTreeMap::new();
    for (name, value) in answer.headers {
        if HEADERS_LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        match headers.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(HeaderValues::One(value))),
            Entry::Occupied(mut entry) => {
                let mut values = entry.get().as_slice().to_vec();
                values.push(value);
                entry.insert(HeaderValues::Several(values));
            }
        }
    }
    // JSON is easier to read, where it says the same bytes.
    let told = headers.contains_key("content-type");
    let url = Some(answer.url).filter(|url| url != asked);
    let mut reply = Reply { status: Some(answer.status), url, headers, ..Reply::default() };
    match String::from_utf8(answer.body) {
        Ok(text) => match RawValue::from_string(text.clone()) {
            Ok(value) if told && compact(&value) == text => reply.json = Some(value),
            _ => reply.text = Some(text),
        },
        Err(bytes) => reply.base64 = Some(STANDARD.encode(bytes.as_bytes())),
    }
    reply
}

fn keep(chain: &mut Chain, method: &RpcMethod, value: &Value) {
    match method {
        RpcMethod::PublicUrl => {}
        RpcMethod::BlockNumber => chain.block_number = value.as_u64(),
        RpcMethod::ChainId => chain.chain_id = value.as_u64(),
        RpcMethod::TransactionCount { address } => {
            chain.nonces.insert(Address(*address).to_string(), value.as_u64().unwrap_or_default());
        }
        RpcMethod::Call(call) => chain.calls.push(ChainCall {
            to: hex0x(&call.to),
            data: hex0x(&call.data),
            from: call.from.map(|from| hex0x(&from)),
            result: value.as_str().map(str::to_owned),
            error: None,
        }),
    }
}
