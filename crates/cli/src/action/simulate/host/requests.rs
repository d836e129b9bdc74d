//! Requests to other servers and reads of chains, answered from the fixtures; recorded where that was asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_node::{answer_fits, check_request};
use quorate_wire::{Address, ContractCall, ErrorCode, FetchRequest, HostReply, Redirect, RpcMethod};
use serde_json::{Value, json};
use url::Url;

use super::{Host, Refused, coded};
use crate::action::simulate::fixtures::{Chain, ChainCall, Fetch, Reply, compact};
use crate::action::simulate::transaction::hex0x;
use crate::action::simulate::world::bytes_of;

impl Host<'_> {
    pub(super) fn fetch(&mut self, request: &FetchRequest) -> Result<HostReply, Refused> {
        if let Ok(text) = std::str::from_utf8(&request.body) {
            self.events.preimages.add_text(text);
        }
        check_request(request).map_err(coded)?;
        let all = self.world.fixtures.fetch.iter().zip(&self.answered).enumerate();
        let found = all
            .filter(|(_, (fetch, answered))| (fetch.repeat || !**answered) && matches(fetch, request))
            .map(|(place, _)| place)
            .next();
        if let Some(place) = found {
            self.answered[place] = true;
            return reply(&self.world.fixtures.fetch[place].reply, request);
        }
        match self.recorder.as_deref_mut() {
            Some(recorder) => reply(&recorder.fetch(request), request),
            None => {
                let what = format!("{} {}", request.method, request.url);
                Err(self.missing("fetch", example(request), &what))
            }
        }
    }

    pub(super) fn rpc(&mut self, chain: &str, method: &RpcMethod) -> Result<Value, Refused> {
        let Some(held) = self.world.fixtures.chains.get(chain) else {
            let add = json!({ chain: { "chain_id": 1, "block_number": 1 } });
            return Err(self.missing("chains", add, &format!("the chain {chain}")));
        };
        if let Some(found) = held_value(held, method) {
            return found.map_err(|error| (ErrorCode::CallReverted.as_str().to_owned(), error));
        }
        let rpc = held.rpc.clone();
        if let (Some(recorder), Some(rpc)) = (self.recorder.as_deref_mut(), rpc) {
            return recorder.rpc(chain, &rpc, method).ok_or_else(|| coded(ErrorCode::RpcFailed));
        }
        let (member, add) = match method {
            RpcMethod::PublicUrl => ("public_url", json!("https://rpc.example")),
            RpcMethod::BlockNumber => ("block_number", json!(1)),
            RpcMethod::ChainId => ("chain_id", json!(1)),
            RpcMethod::TransactionCount { address } => {
                ("nonces", json!({ Address(*address).to_string(): 0 }))
            }
            RpcMethod::Call(call) => {
                let add = json!({ "to": hex0x(&call.to), "data": hex0x(&call.data), "result": "0x" });
                ("calls", add)
            }
        };
        Err(self.missing(&format!("chains.{chain}.{member}"), add, &format!("{member} of {chain}")))
    }
}

/// What the fixtures say of a chain; the error is a call's that fails.
fn held_value(chain: &Chain, method: &RpcMethod) -> Option<Result<Value, String>> {
    match method {
        RpcMethod::PublicUrl => chain.public_url.as_ref().map(|url| Ok(json!(url))),
        RpcMethod::BlockNumber => chain.block_number.map(|number| Ok(json!(number))),
        RpcMethod::ChainId => chain.chain_id.map(|id| Ok(json!(id))),
        RpcMethod::TransactionCount { address } => {
            let nonce = chain.nonces.iter().find(|(of, _)| of.parse() == Ok(Address(*address)));
            nonce.map(|(_, nonce)| Ok(json!(nonce)))
        }
        RpcMethod::Call(call) => {
            let found = chain.calls.iter().find(|held| is_call(held, call))?;
            Some(match (&found.result, &found.error) {
                (Some(result), _) => Ok(json!(result)),
                (None, error) => Err(error.clone().unwrap_or_default()),
            })
        }
    }
}

fn is_call(held: &ChainCall, call: &ContractCall) -> bool {
    let address = |text: &str| text.parse::<Address>().ok().map(|address| address.0);
    address(&held.to) == Some(call.to)
        && bytes_of(&held.data).as_deref() == Some(&call.data)
        && held.from.as_deref().is_none_or(|from| address(from) == call.from)
}

fn matches(fetch: &Fetch, request: &FetchRequest) -> bool {
    let same_url = fetch.url == request.url
        || matches!((Url::parse(&fetch.url), Url::parse(&request.url)), (Ok(a), Ok(b)) if a == b);
    let body_fits = match &fetch.body {
        None => true,
        Some(Value::String(text)) => text.as_bytes() == request.body,
        Some(value) => serde_json::from_slice::<Value>(&request.body).is_ok_and(|body| body == *value),
    };
    let headers_fit = fetch.headers.iter().all(|(name, value)| {
        request.headers.iter().any(|(has, its)| has.eq_ignore_ascii_case(name) && its == value)
    });
    fetch.method.eq_ignore_ascii_case(&request.method) && same_url && body_fits && headers_fit
}

/// The fixture that would answer a request.
fn example(request: &FetchRequest) -> Value {
    let mut add = json!({ "url": request.url, "reply": { "status": 200, "json": {} } });
    if request.method != "GET" {
        add["method"] = json!(request.method);
    }
    if let Some(body) = body_value(&request.body) {
        add["body"] = body;
    }
    add
}

/// A request's body as a fixture has it.
pub(crate) fn body_value(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok().filter(|text| !text.is_empty())?;
    match serde_json::from_str::<Value>(text) {
        // A JSON string stands for itself as text, so only composed values are matched by value.
        Ok(value) if value.is_object() || value.is_array() => Some(value),
        _ => Some(json!(text)),
    }
}

fn reply(reply: &Reply, request: &FetchRequest) -> Result<HostReply, Refused> {
    if let Some(code) = &reply.error {
        return Err(coded(ErrorCode::from_text(code).unwrap_or(ErrorCode::FetchFailed)));
    }
    let status = reply.status.unwrap_or(200);
    if request.redirect == Redirect::Error && matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Err(coded(ErrorCode::FetchRedirected));
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, values) in &reply.headers {
        headers.extend(values.as_slice().iter().map(|value| (name.to_ascii_lowercase(), value.clone())));
    }
    let body = match (&reply.json, &reply.text, &reply.base64) {
        (Some(json), _, _) => {
            if !headers.iter().any(|(name, _)| name == "content-type") {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            compact(json).into_bytes()
        }
        (None, Some(text), _) => text.clone().into_bytes(),
        // It was checked when the fixtures were read.
        (None, None, Some(text)) => STANDARD.decode(text).map_err(|_| coded(ErrorCode::Internal))?,
        (None, None, None) => Vec::new(),
    };
    if !answer_fits(&headers, &body) {
        return Err(coded(ErrorCode::FetchFailed));
    }
    let url = reply.url.as_ref().unwrap_or(&request.url).clone();
    Ok(HostReply::Fetched { status, headers, body, url })
}
