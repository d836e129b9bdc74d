//! One chain, several operators: by https, through proxies, and after the chain's folder has moved.

use std::{net::SocketAddr, path::Path, time::Duration};

use quorate_registry::{
    chain::ChainConfig,
    error::ChainFault,
    follow::{FollowError, StateFile, Trust},
    moment::Moment,
    rpc_client::{CallBounds, RpcCallError, RpcClient},
    subject::DEFAULT_KEY_SET_ID,
    tx_client::TxClient,
    view::At,
};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    doors,
    network::{
        CHAIN_ID, Following, bounded, chain, chain_at, config, founded, key, loopback, start, until_block,
        until_error,
    },
    proxy::{Proxy, authority},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_followed_by_https_only_where_the_authority_vouches_for_its_name() {
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let proxy = Proxy::start(server.address, true).await;
    let (view, _running, _stop_follower) =
        Following { trust: authority(), ..Following::of(&proxy.url, contracts) }.start();
    let rpc = RpcClient::trusting(&proxy.url, &authority()).unwrap();
    let owner = TxClient::by(rpc, CHAIN_ID, key("owner"));
    let minted = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    until_block(&view, minted.receipt.block_number).await;
    assert!(view.pkp(minted.token_id, At::Latest).unwrap().is_some());

    // Neither without the authority, nor under another name than the certificate's.
    let elsewhere = proxy.url.replace("localhost", "127.0.0.1");
    for (url, trust) in [(&proxy.url, Trust::default()), (&elsewhere, authority())] {
        let (view, running, _stop_follower) = Following { trust, ..Following::of(url, contracts) }.start();
        let error = until_error(&running, |_| true).await;
        assert_eq!(error, FollowError::Call(RpcCallError::Certificate));
        assert!(error.to_string().contains("certificate"), "{error}");
        assert!(view.head().is_err());
    }
    assert_eq!(Trust::only(b"no certificate").unwrap_err(), RpcCallError::NoAuthority);
    assert_eq!(RpcClient::new("ftp://chain.example").unwrap_err(), RpcCallError::BadUrl);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_holds_answers_back_makes_no_head_fresher() {
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let proxy = Proxy::start(server.address, false).await;
    let (view, _running, _stop_follower) = Following::of(&proxy.url, contracts).start();
    until_block(&view, 1).await;
    let held = Duration::from_millis(1_200);
    let age = || Duration::from_millis(view.head_age_ms(Moment::now()).unwrap());

    // An answer that is held back says what was so when it was asked for.
    proxy.now(|proxy| proxy.delay = held);
    tokio::time::sleep(held).await;
    let first = view.head().unwrap().sequence;
    bounded(async {
        while view.head().unwrap().sequence == first {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(age() >= held, "{:?}", age());

    // One that is shown again and again is as old as it was.
    proxy.now(|proxy| (proxy.delay, proxy.stores) = (Duration::ZERO, true));
    tokio::time::sleep(held * 2).await;
    let (before, shown) = (age(), view.head().unwrap().sequence);
    tokio::time::sleep(held).await;
    assert_eq!(view.head().unwrap().sequence, shown);
    assert!(age() >= before + held, "{before:?} and then {:?}", age());
    proxy.now(|proxy| proxy.stores = false);
    bounded(async {
        while age() >= held {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_asked_by_its_public_name_and_by_no_other() {
    let names = ChainConfig { host_names: vec!["chain.example".to_owned()], ..config(loopback(), None) };
    let (server, _stop) = start(names).await;
    let proxy = Proxy::start(server.address, true).await;
    let rpc = RpcClient::trusting(&proxy.url, &authority()).unwrap();
    let ask = || rpc.call("eth_chainId", json!([]), CallBounds::default());
    for (host, served) in
        [("chain.example", true), ("Chain.Example:443", true), ("evil.example", false), ("localhost", true)]
    {
        proxy.now(|proxy| proxy.host = host);
        assert_eq!(ask().await.is_ok(), served, "{host}");
    }
}

/// The status of a call that a proxy passes on for somebody.
async fn ask_for(proxy: u8, caller: &str, chain: SocketAddr) -> String {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] }).to_string();
    let more = format!("connection: close\r\nx-forwarded-for: 192.0.2.1, {caller}\r\n");
    let mut stream = doors::from(proxy, chain).await;
    stream.write_all((doors::head(call.len(), &more) + &call).as_bytes()).await.unwrap();
    doors::rest(&mut stream).await.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_behind_a_proxy_have_shares_of_their_own_and_nobody_else_names_one() {
    const PROXY: u8 = 2;
    let proxies = vec!["127.0.0.2".parse().unwrap()];
    let (server, _stop) = start(ChainConfig { proxies, ..config(loopback(), None) }).await;
    let mut held = Vec::new();
    for _ in 0..128 {
        let mut stream = doors::from(PROXY, server.address).await;
        let more = "expect: 100-continue\r\nx-forwarded-for: 203.0.113.7\r\n";
        stream.write_all(doors::head(100, more).as_bytes()).await.unwrap();
        let mut wanted = [0; 12];
        bounded(stream.read_exact(&mut wanted)).await.unwrap();
        assert_eq!(&wanted, b"HTTP/1.1 100", "its body is waited for");
        held.push(stream);
    }
    let (one, other) = tokio::join!(
        ask_for(PROXY, "203.0.113.7", server.address),
        ask_for(PROXY, "203.0.113.8", server.address)
    );
    assert!(one.contains(" 503 ") && other.contains(" 200 "), "{one} {other}");
    // Who is no proxy speaks for itself: it takes nobody's share, and gets none by a name.
    assert!(ask_for(3, "203.0.113.7", server.address).await.contains(" 200 "));
    drop(held);
}

fn copy(from: &Path, to: &Path, names: &[&str]) {
    for name in names {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

const ALL: [&str; 3] = ["blocks.log", "state.redb", "head-sequence"];

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_moves_with_its_folder_or_with_its_log_alone_and_an_older_copy_is_noticed() {
    let [first, old, whole, bare, node] = [(); 5].map(|()| tempfile::tempdir().unwrap());
    let (server, stop) = chain_at(loopback(), Some(first.path())).await;
    let contracts = founded(&server.url()).await.contracts;
    let proxy = Proxy::start(server.address, false).await;
    // One follower goes on through it all; another one is stopped, and finds the chain elsewhere.
    let (view, running, _stop_follower) = Following::of(&proxy.url, contracts).start();
    let state = StateFile { path: node.path().join("registry.redb"), secret: [3; 32] };
    let kept = |url: &str| Following { state: Some(state.clone()), ..Following::of(url, contracts) }.start();
    let owner = |url: &str| TxClient::new(url, CHAIN_ID, key("owner")).unwrap();
    drop(stop);
    server.wait().await.unwrap();
    copy(first.path(), old.path(), &ALL);

    let (server, stop) = chain_at(loopback(), Some(first.path())).await;
    proxy.now(|proxy| proxy.chain = server.address);
    let (kept_view, kept_running, stop_kept) = kept(&server.url());
    let minted = owner(&server.url()).mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    until_block(&view, minted.receipt.block_number).await;
    until_block(&kept_view, minted.receipt.block_number).await;
    drop((stop, stop_kept, kept_view));
    kept_running.wait().await;
    server.wait().await.unwrap();
    copy(first.path(), whole.path(), &ALL);
    copy(first.path(), bare.path(), &ALL[..1]);

    for folder in [whole.path(), bare.path()] {
        let (server, stop) = chain_at(loopback(), Some(folder)).await;
        proxy.now(|proxy| proxy.chain = server.address);
        let minted = owner(&server.url()).mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
        let (kept_view, kept_running, stop_kept) = kept(&server.url());
        until_block(&kept_view, minted.receipt.block_number).await;
        if folder == whole.path() {
            until_block(&view, minted.receipt.block_number).await;
            // The log that the bare one begins with is the newest.
            drop((stop, stop_kept, kept_view));
            kept_running.wait().await;
            server.wait().await.unwrap();
            copy(whole.path(), bare.path(), &ALL[..1]);
            continue;
        }
        until_block(&view, minted.receipt.block_number).await;
        drop((stop, stop_kept, kept_view));
        kept_running.wait().await;
        server.wait().await.unwrap();
    }

    // An older copy starts: it is whole. Those who have seen more do not take it.
    let (server, _stop) = chain_at(loopback(), Some(old.path())).await;
    proxy.now(|proxy| proxy.chain = server.address);
    let (kept_view, kept_running, _stop_kept) = kept(&server.url());
    let error = until_error(&running, |error| matches!(error, FollowError::Fault(_))).await;
    assert!(matches!(error, FollowError::Fault(ChainFault::RolledBack { .. })), "{error}");
    assert_eq!(error.code(), "registry_rolled_back");
    assert!(view.head().is_err(), "it answers nothing more");
    until_error(&kept_running, |error| *error == FollowError::OldStatement).await;
    assert!(kept_view.head().is_err(), "nothing is read from what the chain denies");
}
