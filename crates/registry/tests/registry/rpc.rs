//! The JSON-RPC: bounds, refusals, and the transactions of owners.

use quorate_registry::{
    alloy_primitives::{Address, B256, Bytes, U256},
    chain::{TxRequest, address_of, sign_1559},
    rpc_client::{CallBounds, RpcCallError, RpcClient},
    subject::{DEFAULT_KEY_SET_ID, Subject},
    tx_client::{TxClient, TxClientError},
};
use serde_json::{Value, json};

use crate::network::{CHAIN_ID, SENDERS, action, chain, founded, key};

pub(crate) async fn call(url: &str, method: &str, params: Value) -> Result<Value, RpcCallError> {
    RpcClient::new(url).unwrap().call(method, params, CallBounds::default()).await
}

pub(crate) fn request(nonce: u64) -> TxRequest {
    TxRequest {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 0,
        to: Some(Address::repeat_byte(1)),
        value: U256::ZERO,
        data: Bytes::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_mints_grants_revokes_and_burns() {
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let owner = TxClient::new(&server.url(), CHAIN_ID, key("owner")).unwrap();
    let minted = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    assert_eq!(minted.public_key.len(), 65);
    let subject = Subject::Action(action(1));
    owner.add_permitted(&contracts, minted.token_id, &subject, &[1]).await.unwrap();
    owner.remove_permitted(&contracts, minted.token_id, &subject).await.unwrap();
    owner
        .add_permitted(&contracts, minted.token_id, &Subject::Address(Address::repeat_byte(7)), &[])
        .await
        .unwrap();
    owner.burn(&contracts, minted.token_id).await.unwrap();
    let refused = owner.add_permitted(&contracts, minted.token_id, &subject, &[1]).await.unwrap_err();
    assert!(
        matches!(&refused, TxClientError::Reverted(reason) if reason.contains("ERC721NonexistentToken")),
        "{refused}"
    );
    let burnt = owner.mint_grant_and_burn_next(&contracts, DEFAULT_KEY_SET_ID, &action(2)).await.unwrap();
    assert_ne!(burnt.token_id, minted.token_id);
    let stranger = TxClient::new(&server.url(), CHAIN_ID, key("stranger")).unwrap();
    let other = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    let refused = stranger.add_permitted(&contracts, other.token_id, &subject, &[1]).await.unwrap_err();
    assert!(matches!(&refused, TxClientError::Reverted(reason) if reason.contains("NotOwner")), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ecrecover_on_the_chain_names_the_signer() {
    let (server, _stop) = chain().await;
    let client = TxClient::new(&server.url(), CHAIN_ID, key("owner")).unwrap();
    let digest = B256::repeat_byte(0x5a);
    let (signature, id) = key("signer").sign_prehash_recoverable(digest.as_slice());
    let (r, s) = signature.split_bytes();
    let signer = client
        .ecrecover(digest, 27 + u8::from(id.is_y_odd()), B256::from_slice(&r), B256::from_slice(&s))
        .await
        .unwrap();
    assert_eq!(signer, Some(address_of(key("signer").verifying_key())));
    let nobody = client.ecrecover(digest, 27, B256::ZERO, B256::from_slice(&s)).await.unwrap();
    assert_eq!(nobody, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_transactions_that_are_not_for_this_chain_or_not_now() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let send = async |raw: Bytes| match call(&url, "eth_sendRawTransaction", json!([raw])).await {
        Err(RpcCallError::Refused { message, .. }) => message,
        other => panic!("expected a refusal, got {other:?}"),
    };
    let (_, other_chain) = sign_1559(&key("owner"), TxRequest { chain_id: 1, ..request(0) });
    assert!(send(other_chain).await.contains("invalid chain id"));
    let (_, early) = sign_1559(&key("owner"), request(5_000));
    assert!(send(early).await.contains("nonce too high"));
    let (_, greedy) = sign_1559(&key("owner"), TxRequest { gas_limit: 16_777_217, ..request(0) });
    assert!(send(greedy).await.contains("gas limit too high"));
    let (_, poor) = sign_1559(&key("stranger"), TxRequest { value: U256::ONE, ..request(0) });
    assert!(send(poor).await.contains("insufficient funds"));
    assert!(send(Bytes::from_static(&[3, 0xc0])).await.contains("not supported"));
    assert!(send(Bytes::from_static(&[4, 0xc0])).await.contains("not supported"));
    assert!(send(Bytes::from_static(&[0xc0])).await.contains("malformed"));
    assert!(send(vec![2; 128 * 1024 + 1].into()).await.contains("too large"));
    let (_, good) = sign_1559(&key("owner"), request(0));
    let mut trailing = good.to_vec();
    trailing.push(0);
    assert!(send(trailing.into()).await.contains("malformed"));
    call(&url, "eth_sendRawTransaction", json!([good])).await.unwrap();
    assert_eq!(send(good).await, "already known");
    // No empty blocks, one block for the one transaction.
    assert_eq!(call(&url, "eth_blockNumber", json!([])).await.unwrap(), "0x1");
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_batches_bodies_and_filters() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let post = async |body: Vec<u8>, host: &str| {
        let client =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
        let request = axum::http::Request::post(&url)
            .header("host", host)
            .body(http_body_util::Full::new(bytes::Bytes::from(body)))
            .unwrap();
        let response = client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        (status, serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null))
    };
    let one = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" });
    let (status, answer) = post(json!(vec![one.clone(); 1_000]).to_string().into(), "localhost").await;
    assert_eq!((status, answer.as_array().unwrap().len()), (200, 1_000));
    let (_, answer) = post(json!(vec![one.clone(); 1_001]).to_string().into(), "localhost").await;
    assert_eq!(answer["error"]["code"], -32005);
    let (_, answer) = post(b"{".to_vec(), "localhost").await;
    assert_eq!(answer["error"]["code"], -32700);
    assert_eq!(post(vec![b' '; 1024 * 1024 + 1], "localhost").await.0, 413);
    assert_eq!(post(one.to_string().into(), "rebound.example").await.0, 403);
    for _ in 0..256 {
        call(&url, "eth_newBlockFilter", json!([])).await.unwrap();
    }
    // One more takes the place of the one that was not asked for longest; nobody guesses the id of another's.
    let last = call(&url, "eth_newFilter", json!([{}])).await.unwrap();
    assert_eq!(call(&url, "eth_uninstallFilter", json!([last])).await.unwrap(), true);
    for guess in ["0x1", "0x101"] {
        assert_eq!(call(&url, "eth_uninstallFilter", json!([guess])).await.unwrap(), false);
    }
    // What waits stands alone, and a batch has so many bytes.
    let wait = json!({ "jsonrpc": "2.0", "id": 1, "method": "quorate_waitHead", "params": [9, 1_000] });
    let (_, answer) = post(json!([wait]).to_string().into(), "localhost").await;
    assert_eq!(answer[0]["error"]["code"], -32005);
    // Code that returns 1 MiB: ten answers are more than a batch has.
    let params = json!([{ "to": format!("0x{:040x}", 0x9999) }, "latest", { format!("0x{:040x}", 0x9999): { "code": "0x621000005ff3" } }]);
    let long = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": params });
    let (_, answer) = post(json!(vec![long; 10]).to_string().into(), "localhost").await;
    let answers = answer.as_array().unwrap();
    assert_eq!(answers.len(), 10);
    assert!(answers[0]["result"].is_string(), "{}", answers[0]);
    assert_eq!(answers[9]["error"]["code"], -32005);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_share_blocks_and_all_get_in() {
    let (server, _stop) = chain().await;
    let url = server.url();
    let sends = (0..SENDERS).map(|index| {
        let url = url.clone();
        tokio::spawn(async move {
            let (hash, raw) = sign_1559(&key(&format!("sender {index}")), request(0));
            assert_eq!(call(&url, "eth_sendRawTransaction", json!([raw])).await.unwrap(), json!(hash));
            call(&url, "eth_getTransactionReceipt", json!([hash])).await.unwrap()["status"].clone()
        })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap(), "0x1");
    }
}

/// A server that answers everything with 1, so that it seems to be the main network, and keeps what it is sent.
fn liar() -> (String, std::thread::JoinHandle<Vec<String>>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let mut sent = Vec::new();
        // Gas, nonce, price, and the transaction; nobody answers who asks for a receipt.
        for _ in 0..4 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"}") {
                let mut more = [0; 4096];
                let length = stream.read(&mut more).unwrap();
                bytes.extend_from_slice(&more[..length]);
            }
            sent.push(String::from_utf8(bytes).unwrap());
            let body = r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#;
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
        sent
    });
    (url, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_names_another_chain_gets_no_transaction_for_it() {
    let (url, serving) = liar();
    let client = TxClient::new(&url, CHAIN_ID, key("owner")).unwrap();
    assert!(client.send(Some(Address::repeat_byte(1)), Bytes::new()).await.is_err());
    let sent = serving.join().unwrap();
    let raw = sent.iter().find_map(|text| {
        let body: Value = serde_json::from_str(&text[text.find('{')?..]).ok()?;
        (body["method"] == "eth_sendRawTransaction").then(|| body["params"][0].as_str().unwrap().to_owned())
    });
    let raw = raw.unwrap_or_else(|| panic!("nothing was sent: {sent:#?}"));
    assert!(sent.iter().all(|text| !text.contains("eth_chainId")), "{sent:#?}");
    // Type 2, a list of fewer than 256 bytes, and then its first member: the chain id.
    assert_eq!(&raw[..14], format!("0x02f8{}82{CHAIN_ID:04x}", &raw[6..8]), "{raw}");
}
