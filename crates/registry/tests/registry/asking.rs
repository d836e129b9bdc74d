//! What wallets and libraries ask beside the plain reads: fee histories, logs by every kind of range, calls that pretend,
//! and methods that are there or are refused with a reason.

use quorate_registry::{
    alloy_primitives::{Address, B256, Bytes, U256, hex},
    chain::{TxRequest, sign_1559},
    rpc_client::RpcCallError,
    subject::DEFAULT_KEY_SET_ID,
    tx_client::TxClient,
};
use serde_json::{Value, json};

use crate::{
    network::{CHAIN_ID, chain, founded, key},
    rpc::{call, request},
};

/// The answer, or the code and message of the refusal.
async fn ask(url: &str, method: &str, params: Value) -> Result<Value, (i64, String)> {
    match call(url, method, params).await {
        Ok(value) => Ok(value),
        Err(RpcCallError::Refused { code, message, .. }) => Err((code, message)),
        Err(other) => panic!("{method}: {other:?}"),
    }
}

/// A refusal with this code, whose message has these words.
fn refused(answer: &Result<Value, (i64, String)>, code: i64, words: &str) {
    let (found, message) = answer.as_ref().unwrap_err();
    assert!(*found == code && message.contains(words), "{code} {words}: {found} {message}");
}

/// Three blocks, the last of which pays 3 wei more for a gas.
async fn three_blocks(url: &str) {
    for nonce in 0..3 {
        let tip = if nonce == 2 { 3 } else { 0 };
        let request = TxRequest { max_priority_fee_per_gas: tip, ..request(nonce) };
        let (_, raw) = sign_1559(&key("owner"), request);
        call(url, "eth_sendRawTransaction", json!([raw])).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fee_histories_have_the_blocks_that_are_there_and_the_errors_of_go_ethereum() {
    let (server, _stop) = chain().await;
    let url = server.url();
    three_blocks(&url).await;
    let history = async |params: Value| ask(&url, "eth_feeHistory", params).await;

    let two = history(json!(["0x2", "latest", [0, 50.5, 100]])).await.unwrap();
    assert_eq!((&two["oldestBlock"], two["baseFeePerGas"].as_array().unwrap().len()), (&json!("0x2"), 3));
    assert_eq!(two["reward"], json!([["0x0", "0x0", "0x0"], ["0x3", "0x3", "0x3"]]));
    assert_eq!(two["gasUsedRatio"].as_array().unwrap().len(), 2);
    // As many as there are, the one before the first among them.
    for count in ["0x400", "0xffffffffffffffff"] {
        let all = history(json!([count, "latest"])).await.unwrap();
        assert_eq!((&all["oldestBlock"], all["gasUsedRatio"].as_array().unwrap().len()), (&json!("0x0"), 4));
        assert!(all.get("reward").is_none(), "nobody asked for rewards");
    }
    let number = history(json!([1, "0x1", []])).await.unwrap();
    assert_eq!(number["oldestBlock"], "0x1");
    let none = history(json!(["0x0", "latest", [50]])).await.unwrap();
    assert_eq!(none["gasUsedRatio"], json!([]));

    refused(
        &history(json!(["0x1", "0x4", []])).await,
        -32000,
        "request beyond head block: requested 4, head 3",
    );
    for (percentiles, words) in [
        (json!([50, 10]), "#0:50 >= #1:10"),
        (json!([50, 50]), "#0:50 >= #1:50"),
        (json!([100.5]), "100.5"),
        (json!([-1]), "-1"),
        (json!(vec![1; 101]), "over the query limit 100"),
    ] {
        refused(&history(json!(["0x1", "latest", percentiles])).await, -32000, words);
    }
    for params in [
        json!(["0x1", "latest", "x"]),
        json!(["0x1", "latest", ["x"]]),
        json!(["0x1"]),
        json!(["x", "latest"]),
    ] {
        refused(&history(params).await, -32602, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_asked_for_by_range_or_block_and_again_by_filter() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let contracts = founded(&url).await.contracts;
    let owner = TxClient::new(&url, CHAIN_ID, key("owner")).unwrap();
    owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    let block = call(&url, "eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
    let logs = async |filter: Value| ask(&url, "eth_getLogs", json!([filter])).await;
    let count = |logs: Value| logs.as_array().unwrap().len();

    let of_block = count(logs(json!({ "blockHash": block["hash"] })).await.unwrap());
    let all = count(logs(json!({ "fromBlock": "0x0" })).await.unwrap());
    assert!(of_block > 0 && all > of_block);
    // What is null is not there.
    let by_hash = json!({ "address": null, "blockHash": block["hash"], "fromBlock": null, "toBlock": null, "topics": null });
    assert_eq!(count(logs(by_hash).await.unwrap()), of_block);
    let by_range = json!({ "blockHash": null, "fromBlock": "earliest", "toBlock": "finalized" });
    assert_eq!(count(logs(by_range).await.unwrap()), all);
    for bound in ["fromBlock", "toBlock"] {
        refused(&logs(json!({ "blockHash": block["hash"], bound: "latest" })).await, -32602, "both");
    }
    refused(&logs(json!({ "blockHash": B256::repeat_byte(9) })).await, -32000, "unknown block");
    refused(&logs(json!({ "fromBlock": "0x2", "toBlock": "0x1" })).await, -32602, "invalid block range");
    assert_eq!(count(logs(json!({ "fromBlock": "0xffff" })).await.unwrap()), 0);
    refused(&logs(Value::Null).await, -32602, "missing value for required argument 0");
    refused(&logs(json!("latest")).await, -32602, "object");

    // Filters: by range from the beginning, of new blocks only, and of one block.
    let filter = async |filter: Value| call(&url, "eth_newFilter", json!([filter])).await.unwrap();
    let (from_start, new, one) = (
        filter(json!({ "fromBlock": "0x0" })).await,
        filter(json!({})).await,
        filter(json!({ "blockHash": block["hash"] })).await,
    );
    let txs = call(&url, "eth_newPendingTransactionFilter", json!([])).await.unwrap();
    owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    let get = async |method: &str, id: &Value| count(call(&url, method, json!([id])).await.unwrap());
    let later = get("eth_getFilterChanges", &new).await;
    assert!(later > 0);
    for (id, first, whole) in
        [(&from_start, all + later, all + later), (&new, 0, later), (&one, of_block, of_block)]
    {
        assert_eq!(get("eth_getFilterChanges", id).await, first);
        assert_eq!(get("eth_getFilterChanges", id).await, 0, "what was given is not given again");
        assert_eq!(get("eth_getFilterLogs", id).await, whole, "but all of it is there");
    }
    assert_eq!(get("eth_getFilterChanges", &txs).await, 1);
    refused(&ask(&url, "eth_getFilterLogs", json!([txs])).await, -32000, "filter not found");
    refused(&ask(&url, "eth_getFilterLogs", json!(["0x7777"])).await, -32000, "filter not found");
    for wrong in [
        json!({ "blockHash": block["hash"], "toBlock": "0x1" }),
        json!({ "fromBlock": "0x2", "toBlock": "0x1" }),
    ] {
        refused(&ask(&url, "eth_newFilter", json!([wrong])).await, -32602, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_pretend_what_they_are_told_or_are_refused() {
    let (server, _stop) = chain().await;
    let url = server.url();
    three_blocks(&url).await;
    let address = Address::repeat_byte(0x77);
    let to = json!({ "to": address, "data": "0x" });
    let run = async |overrides: Value, block: Value| {
        ask(&url, "eth_call", json!([to, "latest", overrides, block])).await
    };
    let word = |number: u64| json!(hex::encode_prefixed(U256::from(number).to_be_bytes::<32>()));
    // An instruction, and its result as 32 bytes.
    let of = |instructions: &str| json!(format!("0x{instructions}5f5260205ff3"));
    let account = |account: Value| json!({ address.to_string(): account });

    let balance = account(json!({ "code": of("47"), "balance": "0x7b" }));
    assert_eq!(run(balance.clone(), Value::Null).await.unwrap(), word(123));
    assert_eq!(ask(&url, "eth_call", json!([to, "latest"])).await.unwrap(), "0x", "nothing of it stays");
    // 0x5f54 reads slot 0.
    let slot =
        |name: &str| account(json!({ "code": of("5f54"), name: { word(0).as_str().unwrap(): word(5) } }));
    for name in ["state", "stateDiff"] {
        assert_eq!(run(slot(name), Value::Null).await.unwrap(), word(5));
    }
    for (instructions, block, value) in [
        ("42", json!({ "time": "0x9" }), 9),
        ("43", json!({ "number": "0x8" }), 8),
        ("45", json!({ "gasLimit": "0xf4240" }), 1_000_000),
        ("48", json!({ "baseFeePerGas": "0x6" }), 6),
        ("4a", json!({ "blobBaseFee": "0x4" }), 4),
        ("41", json!({ "feeRecipient": Address::with_last_byte(3) }), 3),
        ("44", json!({ "prevRandao": word(2) }), 2),
    ] {
        let code = account(json!({ "code": of(instructions) }));
        assert_eq!(run(code, block).await.unwrap(), word(value), "{instructions}");
    }

    for (overrides, block) in [
        (json!("rubbish"), Value::Null),
        (json!({ "0x12": {} }), Value::Null),
        (account(json!("rubbish")), Value::Null),
        (account(json!({ "movePrecompileToAddress": address })), Value::Null),
        (account(json!({ "balance": "x" })), Value::Null),
        (account(json!({ "code": "0xef0100" })), Value::Null),
        (account(json!({ "state": {}, "stateDiff": {} })), Value::Null),
        (account(json!({ "state": { "0x0": word(1) } })), Value::Null),
        (Value::Null, json!("rubbish")),
        (Value::Null, json!({ "withdrawals": [] })),
        (Value::Null, json!({ "time": "soon" })),
    ] {
        refused(&run(overrides, block).await, -32602, "");
    }
    let many = (0..300_u64).map(|n| (Address::left_padding_from(&n.to_be_bytes()).to_string(), json!({})));
    refused(&run(Value::Object(many.collect()), Value::Null).await, -32005, "256 accounts");

    // A gas estimate and an access list are of the same pretended state.
    let estimate = async |overrides: Value| {
        ask(&url, "eth_estimateGas", json!([to, "latest", overrides])).await.unwrap()
    };
    assert_ne!(estimate(slot("state")).await, estimate(json!({})).await);
    let listed = ask(&url, "eth_createAccessList", json!([to, "latest", slot("state")])).await.unwrap();
    assert_eq!(listed["accessList"], json!([{ "address": address, "storageKeys": [word(0)] }]));
    let reverts =
        ask(&url, "eth_createAccessList", json!([to, "latest", account(json!({ "code": "0x5f5ffd" }))]))
            .await;
    assert_eq!(reverts.unwrap()["error"], "execution reverted");

    // Members of a call that would change what it does are not passed over either.
    for (member, value) in
        [("input", json!("0x01")), ("chainId", json!("0x1")), ("authorizationList", json!([{}]))]
    {
        let mut changed = to.clone();
        changed[member] = value;
        refused(&ask(&url, "eth_call", json!([changed])).await, -32602, member);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_of_libraries_are_there_or_are_refused_with_a_reason() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let (hash, raw) = sign_1559(&key("owner"), request(0));
    let receipt = call(&url, "eth_sendRawTransactionSync", json!([raw])).await.unwrap();
    assert_eq!((&receipt["transactionHash"], &receipt["status"]), (&json!(hash), &json!("0x1")));
    let block = call(&url, "eth_getBlockByNumber", json!(["0x1", true])).await.unwrap();
    let tx = &block["transactions"][0];
    let by_hash = json!([block["hash"]]);
    let same = async |method: &str, params: Value, expected: Value| {
        assert_eq!(ask(&url, method, params).await.unwrap(), expected, "{method}");
    };
    same("eth_getBlockTransactionCountByNumber", json!(["latest"]), json!("0x1")).await;
    same("eth_getBlockTransactionCountByHash", by_hash.clone(), json!("0x1")).await;
    same("eth_getTransactionByBlockNumberAndIndex", json!(["0x1", "0x0"]), tx.clone()).await;
    same("eth_getTransactionByBlockHashAndIndex", json!([block["hash"], "0x0"]), tx.clone()).await;
    same("eth_getTransactionByBlockHashAndIndex", json!([block["hash"], "0x1"]), Value::Null).await;
    same("eth_getBlockReceipts", json!(["latest"]), json!([receipt])).await;
    same("eth_getBlockReceipts", by_hash.clone(), json!([receipt])).await;
    same(
        "eth_getBlockReceipts",
        json!([{ "blockHash": block["hash"], "blockNumber": null }]),
        json!([receipt]),
    )
    .await;
    same("eth_getRawTransactionByHash", json!([hash]), json!(raw)).await;
    same("eth_getUncleCountByBlockNumber", json!(["0x1"]), json!("0x0")).await;
    same("eth_getUncleCountByBlockHash", by_hash, json!("0x0")).await;
    same("eth_getUncleByBlockNumberAndIndex", json!(["0x1", "0x0"]), Value::Null).await;
    same("eth_blobBaseFee", json!([]), json!("0x1")).await;
    same("net_peerCount", json!([]), json!("0x0")).await;
    let hello = "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8";
    same("web3_sha3", json!([Bytes::from_static(b"hello")]), json!(hello)).await;

    for (method, words) in [
        ("eth_sendTransaction", "holds no keys"),
        ("eth_subscribe", "eth_newFilter"),
        ("eth_simulateV1", "eth_call"),
        ("debug_traceTransaction", "does not exist"),
        ("wallet_getCapabilities", "does not exist"),
    ] {
        refused(&ask(&url, method, json!([])).await, -32601, words);
    }
    refused(&ask(&url, "eth_chainId", json!([1, 2])).await, -32602, "too many arguments, want at most 0");
    refused(&ask(&url, "eth_chainId", json!({ "a": 1 })).await, -32602, "non-array args");
    refused(&ask(&url, "eth_getBlockByNumber", json!([])).await, -32602, "required argument 0");
    refused(&ask(&url, "eth_getBlockByNumber", json!(["latest", "yes"])).await, -32602, "boolean");
}
