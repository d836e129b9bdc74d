//! Bad input: each is answered by an error within a second, and nothing of it is kept.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use quorate_registry::chain::{TxRequest, sign_1559};
use serde_json::{Value, json};

use crate::{
    network::{chain, key},
    rpc::{call, request},
};

const MOST: Duration = Duration::from_secs(1);

struct Poster {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Poster {
    fn new(url: String) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), url }
    }

    /// Status and answer; it has to come in time.
    async fn post(&self, body: impl Into<Bytes>) -> (u16, Value) {
        let body: Bytes = body.into();
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let post = axum::http::Request::post(&self.url)
            .header("content-type", "application/json")
            .body(Full::new(body));
        let begun = Instant::now();
        let response = self.client.request(post.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert!(begun.elapsed() < MOST, "{:?} for {shown}", begun.elapsed());
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn ask(&self, method: &str, params: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (status, answer) = self.post(body.to_string()).await;
        assert_eq!(status, 200, "{method} {params}");
        answer
    }
}

/// As deep as asked for, around something.
fn deep(depth: usize, inside: &str) -> String {
    format!("{}{inside}{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_calls_are_refused_at_once() {
    let (server, _stop) = chain().await;
    let poster = Poster::new(server.url());
    let of = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let many =
        |count: usize| json!(vec![json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" }); count]);
    for (body, code) in [
        (String::new(), -32700),
        ("{".to_owned(), -32700),
        ("{\"id\":1,}".to_owned(), -32700),
        ("hello".to_owned(), -32700),
        ("\u{feff}{}".to_owned(), -32700),
        (" ".repeat(1 << 20), -32700),
        // Deeper than any call, and nothing of the stack is used up.
        (deep(1_000, ""), -32700),
        (deep(500_000, ""), -32700),
        (of("eth_call", &deep(1_000, "")), -32700),
        (format!("{}{}", "{\"a\":".repeat(1_000), "}".repeat(1_000)), -32700),
        (of("eth_feeHistory", "[1e400,\"latest\",[]]"), -32700),
        // As deep as JSON may be: a parameter of the wrong kind.
        (of("eth_call", &deep(100, "")), -32602),
        (of("eth_getLogs", &format!(r#"[{{"topics":{}}}]"#, deep(100, ""))), -32602),
        (of("eth_chainId", "7"), -32602),
        (of("eth_chainId", "{\"a\":1}"), -32602),
        (of(&"x".repeat(500_000), "[]"), -32601),
        ("[]".to_owned(), -32600),
        ("7".to_owned(), -32600),
        ("null".to_owned(), -32600),
        ("\"eth_chainId\"".to_owned(), -32600),
        ("{}".to_owned(), -32600),
        (r#"{"id":1,"method":7}"#.to_owned(), -32600),
        (many(1_001).to_string(), -32005),
        (many(10_000).to_string(), -32005),
        (format!("[{}0]", "0,".repeat(400_000)), -32005),
    ] {
        let (status, answer) = poster.post(body.clone()).await;
        assert_eq!((status, &answer["error"]["code"]), (200, &json!(code)), "{:.200}", body);
        assert!(answer.to_string().len() < 300, "what was said is not said again: {answer}");
    }
    let (_, answer) = poster.post(b"{\"id\":\xff}".to_vec()).await;
    assert_eq!(answer["error"]["code"], -32700);
    let (_, each) = poster.post("[7,[],null,{\"method\":1}]").await;
    assert!(each.as_array().unwrap().iter().all(|answer| answer["error"]["code"] == -32600), "{each}");
    assert_eq!(poster.post(" ".repeat((1 << 20) + 1)).await.0, 413);
    // A thousand bad calls are a thousand errors.
    let bad = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [-1] });
    let (_, answers) = poster.post(json!(vec![bad; 1_000]).to_string()).await;
    assert_eq!(answers.as_array().unwrap().len(), 1_000);
}

/// A method, and its parameters with a quantity in one place.
type Place = (&'static str, fn(Value) -> Value);

/// Every place of a quantity.
fn places() -> Vec<Place> {
    const ADDRESS: &str = "0x00000000000000000000000000000000005a7e12";
    vec![
        ("eth_getBalance", |q| json!([ADDRESS, q])),
        ("eth_getCode", |q| json!([ADDRESS, q])),
        ("eth_getTransactionCount", |q| json!([ADDRESS, q])),
        ("eth_getStorageAt", |q| json!([ADDRESS, q, "latest"])),
        ("eth_getStorageAt", |q| json!([ADDRESS, "0x0", q])),
        ("eth_getBalance", |q| json!([ADDRESS, { "blockNumber": q }])),
        ("eth_call", |q| json!([{ "to": ADDRESS }, q])),
        ("eth_call", |q| json!([{ "to": ADDRESS, "gas": q }])),
        ("eth_call", |q| json!([{ "to": ADDRESS, "value": q }])),
        ("eth_call", |q| json!([{ "to": ADDRESS, "chainId": q }])),
        ("eth_call", |q| json!([{ "to": ADDRESS }, "latest", { ADDRESS: { "balance": q } }])),
        ("eth_call", |q| json!([{ "to": ADDRESS }, "latest", { ADDRESS: { "nonce": q } }])),
        ("eth_call", |q| json!([{ "to": ADDRESS }, "latest", null, { "number": q }])),
        ("eth_call", |q| json!([{ "to": ADDRESS }, "latest", null, { "time": q }])),
        ("eth_call", |q| json!([{ "to": ADDRESS }, "latest", null, { "gasLimit": q }])),
        ("eth_call", |q| json!([{ "to": ADDRESS }, "latest", null, { "baseFeePerGas": q }])),
        ("eth_estimateGas", |q| json!([{ "to": ADDRESS, "gas": q }])),
        ("eth_estimateGas", |q| json!([{ "to": ADDRESS, "value": q }])),
        ("eth_createAccessList", |q| json!([{ "to": ADDRESS, "gas": q }])),
        ("eth_getBlockByNumber", |q| json!([q, false])),
        ("eth_getBlockReceipts", |q| json!([q])),
        ("eth_getBlockTransactionCountByNumber", |q| json!([q])),
        ("eth_getUncleCountByBlockNumber", |q| json!([q])),
        ("eth_getUncleByBlockNumberAndIndex", |q| json!([q, "0x0"])),
        ("eth_getUncleByBlockNumberAndIndex", |q| json!(["0x0", q])),
        ("eth_getTransactionByBlockNumberAndIndex", |q| json!([q, "0x0"])),
        ("eth_getTransactionByBlockNumberAndIndex", |q| json!(["0x0", q])),
        ("eth_feeHistory", |q| json!([q, "latest", []])),
        ("eth_feeHistory", |q| json!(["0x1", q, []])),
        ("eth_getLogs", |q| json!([{ "fromBlock": q }])),
        ("eth_getLogs", |q| json!([{ "toBlock": q }])),
        ("eth_newFilter", |q| json!([{ "fromBlock": q, "toBlock": "latest" }])),
        ("quorate_blocks", |q| json!([q, 1])),
        ("quorate_blocks", |q| json!([1, q])),
        ("quorate_waitHead", |q| json!([q, 1])),
        ("quorate_waitHead", |q| json!([0, q])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_place_of_a_quantity_takes_what_is_none() {
    let (server, _stop) = chain().await;
    let poster = Poster::new(server.url());
    // With a block there is nothing to wait for.
    let (_, raw) = sign_1559(&key("owner"), request(0));
    call(&server.url(), "eth_sendRawTransaction", json!([raw])).await.unwrap();
    let malformed = [
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(true),
        json!([]),
        json!([["0x1"]]),
        json!(""),
        json!("0x"),
        json!("1"),
        json!("-0x1"),
        json!("0x-1"),
        json!("0x+1"),
        json!("0x1g"),
        json!("0x 1"),
        json!("0x1_0"),
        json!("0x\u{ff11}"),
        json!(format!("0x{}", "f".repeat(65))),
        json!(format!("0x{}", "0".repeat(500_000))),
    ];
    for (method, params) in places() {
        for value in &malformed {
            let answer = poster.ask(method, &params(value.clone())).await;
            assert_eq!(answer["error"]["code"], -32602, "{method} {:.100}: {answer}", value.to_string());
        }
        // Numbers that are too large for what they count are refused, or there is nothing there.
        for value in [json!("0xffffffffffffffff"), json!(u64::MAX), json!(format!("0x{}", "f".repeat(64)))] {
            let answer = poster.ask(method, &params(value.clone())).await;
            let code = answer["error"]["code"].as_i64().unwrap_or_default();
            assert!([0, -32602, -32000].contains(&code), "{method} {value}: {answer}");
            assert!(answer.to_string().len() < 5_000, "{method} {value}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_leaves_nothing_behind() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let poster = Poster::new(url.clone());
    let refused = async |method: &str, params: Value, code: i64| {
        let answer = poster.ask(method, &params).await;
        assert_eq!(answer["error"]["code"], code, "{method} {:.100}: {answer}", params.to_string());
    };
    let words: Vec<_> = (0..257).map(|number| format!("0x{number:064x}")).collect();
    refused("eth_newFilter", json!([{ "topics": [words] }]), -32005).await;
    refused("eth_getLogs", json!([{ "address": vec![format!("0x{:040x}", 1); 257] }]), -32005).await;
    refused("eth_newFilter", json!([{ "topics": [null, null, null, null, null] }]), -32602).await;
    refused("eth_newFilter", json!([{ "fromBlock": "0x2", "toBlock": "0x1" }]), -32602).await;
    for id in [json!(-1), json!("0x"), json!("0x+1"), json!("0x1_0"), json!(format!("0x{}", "f".repeat(33)))]
    {
        refused("eth_getFilterChanges", json!([id]), -32602).await;
        refused("eth_uninstallFilter", json!([id]), -32602).await;
    }
    refused("eth_getFilterChanges", json!(["0xffffffffffffffffffffffffffffffff"]), -32000).await;
    // All blocks, also those that are not there yet, are few here.
    let all =
        poster.ask("eth_getLogs", &json!([{ "fromBlock": "0x0", "toBlock": "0xffffffffffffffff" }])).await;
    assert_eq!(all["result"], json!([]));
    // Transactions that are never run: of nobody with money, of another chain, with too much gas, too far ahead.
    let send = async |request: TxRequest, name: &str| {
        let (_, raw) = sign_1559(&key(name), request);
        refused("eth_sendRawTransaction", json!([raw]), -32000).await;
    };
    send(TxRequest { max_fee_per_gas: u128::MAX, ..request(0) }, "stranger").await;
    send(TxRequest { chain_id: 1, ..request(0) }, "owner").await;
    send(TxRequest { gas_limit: u64::MAX, ..request(0) }, "owner").await;
    send(TxRequest { nonce: u64::MAX, ..request(0) }, "owner").await;
    send(TxRequest { nonce: 256, ..request(0) }, "owner").await;
    for raw in
        ["0x", "0x02", "0x02c0", "0x03c0", "0x04c0", "0xc0", "0xff", &format!("0x02{}", "f8".repeat(400_000))]
    {
        refused("eth_sendRawTransaction", json!([raw]), -32000).await;
    }
    for raw in [json!("hello"), json!("0x0"), json!(7), json!(null), json!([])] {
        refused("eth_sendRawTransaction", json!([raw]), -32602).await;
    }
    assert_eq!(
        call(&url, "txpool_status", json!([])).await.unwrap(),
        json!({ "pending": "0x0", "queued": "0x0" })
    );
    assert_eq!(call(&url, "eth_blockNumber", json!([])).await.unwrap(), "0x0");
}
