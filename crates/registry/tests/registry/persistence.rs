//! A chain that is stopped, or cut, and goes on.

use quorate_registry::{
    chain::serve,
    rpc_client::{CallBounds, RpcClient},
    subject::{DEFAULT_KEY_SET_ID, Subject},
    tx_client::TxClient,
    view::At,
};
use serde_json::{Value, json};

use crate::network::{
    CHAIN_ID, action, bounded, chain_at, chain_of, config, follower, founded, key, loopback, root_votes,
    roots, until_block,
};

async fn head(url: &str) -> Value {
    RpcClient::new(url).unwrap().call("quorate_head", json!([]), CallBounds::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_replays_to_the_same_block_and_followers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (server, stop) = chain_at(loopback(), Some(folder.path())).await;
    let address = server.address;
    let contracts = founded(&server.url()).await.contracts;
    let owner = TxClient::new(&server.url(), CHAIN_ID, key("owner")).unwrap();
    let minted = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    let (view, running, _stop_follower) = follower(&server.url(), contracts);
    until_block(&view, minted.receipt.block_number).await;
    let before = head(&server.url()).await;
    drop(stop);
    server.wait().await.unwrap();

    let (server, _stop) = chain_at(address, Some(folder.path())).await;
    let after = head(&server.url()).await;
    assert_eq!(after["latest"], before["latest"]);
    assert!(after["sequence"].as_u64() > before["sequence"].as_u64());
    let subject = Subject::Action(action(1));
    let granted = owner.add_permitted(&contracts, minted.token_id, &subject, &[1]).await.unwrap();
    until_block(&view, granted.block_number).await;
    assert!(view.grant(minted.token_id, &subject, At::Finalized).unwrap().member);
    // The time without a chain was an error; it is over.
    bounded(async { running.errors().wait_for(Option::is_none).await.map(drop) }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_with_a_block_time_goes_on_without_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let (server, stop) = chain_of(loopback(), Some(folder.path()), Some(1)).await;
    let contracts = founded(&server.url()).await.contracts;
    let (view, _running, _stop_follower) = follower(&server.url(), contracts);
    let number = |head: &Value| head["latest"]["number"].as_u64().unwrap();
    let first = number(&head(&server.url()).await);
    until_block(&view, first + 2).await;
    drop(stop);
    server.wait().await.unwrap();
    // Blocks without a transaction are replayed like others, and without a block time there are no more.
    let (server, _stop) = chain_at(loopback(), Some(folder.path())).await;
    let again = number(&head(&server.url()).await);
    assert!(again >= first + 2);
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(number(&head(&server.url()).await), again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_record_is_cut_and_a_shorter_log_is_never_taken_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let (server, stop) = chain_at(loopback(), Some(folder.path())).await;
    let deployment = founded(&server.url()).await;
    let before = head(&server.url()).await;
    drop(stop);
    server.wait().await.unwrap();
    let path = folder.path().join("blocks.log");
    let bytes = std::fs::read(&path).unwrap();

    // A record that was begun when the machine stopped was never announced.
    std::fs::write(&path, [&bytes[..], &[0, 0, 1, 0]].concat()).unwrap();
    let (server, stop) = chain_at(loopback(), Some(folder.path())).await;
    assert_eq!(head(&server.url()).await["latest"], before["latest"]);
    drop(stop);
    server.wait().await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is cut off");

    // One that is missing was announced.
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let config = config(loopback(), Some(folder.path()));
    let refusal = serve(config, std::future::pending()).await.unwrap_err().to_string();
    assert!(refusal.contains("the block log ends") && refusal.contains("blocks.log"), "{refusal}");
    assert_eq!(std::fs::read(&path).unwrap().len(), bytes.len() - 1, "nothing is changed");

    // Who goes back deliberately removes the state as well: then the log alone counts.
    std::fs::remove_file(folder.path().join("state.redb")).unwrap();
    let (server, stop) = chain_at(loopback(), Some(folder.path())).await;
    let after = head(&server.url()).await;
    assert_eq!(after["latest"]["number"].as_u64().unwrap() + 1, before["latest"]["number"].as_u64().unwrap());
    // The signatures that were in the torn block can be handed over again.
    let contracts = &deployment.contracts;
    let votes = root_votes(CHAIN_ID, contracts.pubkey_router);
    let anybody = TxClient::new(&server.url(), CHAIN_ID, key("deployer")).unwrap();
    anybody.set_root_keys(contracts, DEFAULT_KEY_SET_ID, &roots(), &votes).await.unwrap();
    drop(stop);
    server.wait().await.unwrap();

    // A damaged record that the start has not read is found while the chain runs, and named.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let (server, _stop) = chain_at(loopback(), Some(folder.path())).await;
    let error = bounded(server.wait()).await.unwrap_err().to_string();
    assert!(error.contains("the block log is damaged in the record at byte 48"), "{error}");
}
