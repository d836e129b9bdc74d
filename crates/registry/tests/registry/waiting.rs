//! Transactions that are ahead of their sender's nonce wait their turn.

use std::time::Duration;

use quorate_registry::{
    alloy_primitives::{Address, Bytes, U256},
    chain::{TxRequest, sign_1559},
    rpc_client::RpcCallError,
};
use serde_json::{Value, json};

use crate::{
    network::{chain, key},
    rpc::{call, request},
};

async fn send(url: &str, raw: &Bytes) -> Result<Value, String> {
    match call(url, "eth_sendRawTransaction", json!([raw])).await {
        Err(RpcCallError::Refused { message, .. }) => Err(message),
        other => Ok(other.unwrap()),
    }
}

fn signed(request: TxRequest) -> Bytes {
    sign_1559(&key("owner"), request).1
}

/// The sender's nonce in blocks, and with what is on its way.
async fn nonces(url: &str) -> [Value; 2] {
    let address = quorate_registry::chain::address_of(key("owner").verifying_key());
    let nonce = async |tag| call(url, "eth_getTransactionCount", json!([address, tag])).await.unwrap();
    [nonce("latest").await, nonce("pending").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_ahead_waits_for_those_before_it() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let (hash, later) = sign_1559(&key("owner"), request(2));
    assert_eq!(send(&url, &later).await.unwrap(), json!(hash));
    assert_eq!(send(&url, &signed(request(1))).await.unwrap().as_str().unwrap().len(), 66);
    // Neither counts before the first is there, and no block is made of them.
    assert_eq!(nonces(&url).await, ["0x0", "0x0"]);
    assert_eq!(call(&url, "eth_blockNumber", json!([])).await.unwrap(), "0x0");
    assert_eq!(
        call(&url, "txpool_status", json!([])).await.unwrap(),
        json!({ "pending": "0x0", "queued": "0x2" })
    );
    let waiting = call(&url, "eth_getTransactionByHash", json!([hash])).await.unwrap();
    assert_eq!((&waiting["blockHash"], &waiting["nonce"]), (&Value::Null, &json!("0x2")));
    assert_eq!(call(&url, "eth_getTransactionReceipt", json!([hash])).await.unwrap(), Value::Null);
    assert_eq!(send(&url, &later).await.unwrap_err(), "already known");

    send(&url, &signed(request(0))).await.unwrap();
    // All three are in one block, the last one too.
    let receipt = call(&url, "eth_getTransactionReceipt", json!([hash])).await.unwrap();
    assert_eq!((&receipt["blockNumber"], &receipt["transactionIndex"]), (&json!("0x1"), &json!("0x2")));
    assert_eq!(nonces(&url).await, ["0x3", "0x3"]);
    assert_eq!(send(&url, &signed(request(2))).await.unwrap_err(), "already known");
    let other = TxRequest { value: U256::ONE, ..request(2) };
    assert_eq!(send(&url, &signed(other)).await.unwrap_err(), "nonce too low");
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_in_any_order_get_into_blocks() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let sends = (0..100).rev().map(|nonce| {
        let url = url.clone();
        tokio::spawn(async move { send(&url, &signed(request(nonce))).await })
    });
    for sending in sends.collect::<Vec<_>>() {
        sending.await.unwrap().unwrap();
    }
    // The one that was sent last may not be the one that was answered last.
    for _ in 0..100 {
        if nonces(&url).await == ["0x64", "0x64"] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", nonces(&url).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_replaced_only_for_a_tenth_more_and_is_checked_before() {
    let (server, _stop) = chain().await;
    let url = server.url();
    const UNIT: u128 = 20_000_000;
    let paying = |fee: u128, tip: u128| TxRequest {
        max_fee_per_gas: fee * UNIT,
        max_priority_fee_per_gas: tip * UNIT,
        ..request(1)
    };
    send(&url, &signed(paying(100, 100))).await.unwrap();
    for (fee, tip) in [(109, 109), (100, 99), (110, 100), (100, 0), (99, 99)] {
        let refusal = send(&url, &signed(paying(fee, tip))).await.unwrap_err();
        assert_eq!(refusal, "replacement transaction underpriced", "{fee} {tip}");
    }
    let (hash, raw) = sign_1559(&key("owner"), paying(110, 110));
    send(&url, &raw).await.unwrap();
    send(&url, &signed(request(0))).await.unwrap();
    assert_eq!(call(&url, "eth_getTransactionReceipt", json!([hash])).await.unwrap()["blockNumber"], "0x1");

    let refusal = async |request: TxRequest| send(&url, &signed(request)).await.unwrap_err();
    assert!(refusal(request(2 + 17)).await.starts_with("nonce too high"));
    assert!(refusal(request(2 + 5_000)).await.starts_with("nonce too high"));
    assert!(
        refusal(TxRequest { gas_limit: 20_999, ..request(9) }).await.starts_with("intrinsic gas too low")
    );
    assert!(
        refusal(TxRequest { gas_limit: 20_999, ..request(2) }).await.starts_with("intrinsic gas too low")
    );
    let poor = TxRequest { value: U256::MAX, ..request(9) };
    assert!(refusal(poor).await.starts_with("insufficient funds"));
    let tip = TxRequest { max_priority_fee_per_gas: u128::MAX, ..request(2) };
    assert!(refusal(tip).await.starts_with("max priority fee per gas higher than max fee per gas"));
    // A synchronous send of one that is ahead names its hash.
    let (hash, raw) = sign_1559(&key("owner"), request(5));
    match call(&url, "eth_sendRawTransactionSync", json!([raw, 50])).await {
        Err(RpcCallError::Refused { code: 4, message, data, .. }) => {
            assert_eq!(json!(data), json!(hash));
            assert!(message.contains("waits"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_in_its_turn_leaves_those_behind_it_waiting() {
    let (server, _stop) = chain().await;
    let url = server.url();
    // It can be paid for when it arrives, and no more when its turn comes.
    let balance = call(
        &url,
        "eth_getBalance",
        json!([quorate_registry::chain::address_of(key("owner").verifying_key())]),
    );
    let balance: U256 = balance.await.unwrap().as_str().unwrap().parse().unwrap();
    let all = |nonce| {
        let most = request(nonce);
        let fee = U256::from(most.max_fee_per_gas) * U256::from(most.gas_limit);
        TxRequest { value: balance - fee * U256::from(10), to: Some(Address::repeat_byte(9)), ..most }
    };
    send(&url, &signed(all(1))).await.unwrap();
    send(&url, &signed(request(2))).await.unwrap();
    send(&url, &signed(all(0))).await.unwrap();
    assert_eq!(nonces(&url).await, ["0x1", "0x1"]);
    send(&url, &signed(request(1))).await.unwrap();
    assert_eq!(nonces(&url).await, ["0x3", "0x3"]);
}
