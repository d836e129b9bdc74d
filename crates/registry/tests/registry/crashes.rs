//! A chain that is killed under load, again and again: nothing that it said is taken back.
//!
//! SIGKILL takes nothing from the system's own memory, so this is about what the process holds back, and not about the disk.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use quorate_registry::{
    alloy_primitives::{B256, keccak256},
    encode,
    rpc_client::RpcClient,
    subject::DEFAULT_KEY_SET_ID,
};
use serde_json::json;

use crate::{
    network::founded,
    process::{Account, PATIENT, Process, contracts, head, head_of, number, sender_name},
};

/// Who mints at once.
const SENDERS: usize = 6;
const MINT_GAS: u64 = 600_000;

/// What callers were told.
#[derive(Default)]
struct Told {
    /// Receipts: transaction, and number and hash of its block.
    receipts: Mutex<Vec<(B256, u64, String)>>,
    /// The newest head.
    head: Mutex<(u64, String)>,
}

/// Mints until the chain is gone.
async fn mint(place: usize, url: String, told: Arc<Told>) {
    let Ok(mut account) = Account::of(&sender_name(place), &url).await else { return };
    loop {
        let data = encode::mint_next(DEFAULT_KEY_SET_ID);
        let Ok(hash) = account.send(Some(contracts().pkp_nft), MINT_GAS, data).await else { return };
        let receipt = account.rpc.call("eth_getTransactionReceipt", json!([hash]), PATIENT).await;
        let Ok(receipt) = receipt else { return };
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        let block = receipt["blockHash"].as_str().unwrap().to_owned();
        told.receipts.lock().unwrap().push((hash, number(&receipt["blockNumber"]), block));
    }
}

async fn watch(url: String, told: Arc<Told>) {
    let Ok(rpc) = RpcClient::new(&url) else { return };
    loop {
        let after = told.head.lock().unwrap().0;
        let Ok(statement) = rpc.call("quorate_waitHead", json!([after, 200]), PATIENT).await else { return };
        let newest = head_of(&statement);
        let mut known = told.head.lock().unwrap();
        if newest.0 > known.0 {
            *known = newest;
        }
    }
}

/// Whether everything that was told still holds; of receipts, those from `from` on.
async fn still_holds(url: &str, told: &Told, from: usize) {
    let rpc = RpcClient::new(url).unwrap();
    let (at, hash) = told.head.lock().unwrap().clone();
    let now = head(url).await.unwrap();
    assert!(now.0 >= at, "block {at} was announced, and the head is {}", now.0);
    if at == 0 {
        return;
    }
    let block = rpc.call("eth_getBlockByNumber", json!([format!("{at:#x}"), false]), PATIENT).await.unwrap();
    assert_eq!(block["hash"], hash, "block {at}");
    let receipts = told.receipts.lock().unwrap()[from..].to_vec();
    for (hash, at, block) in receipts {
        let receipt = rpc.call("eth_getTransactionReceipt", json!([hash]), PATIENT).await.unwrap();
        assert_eq!((number(&receipt["blockNumber"]), &receipt["blockHash"]), (at, &json!(block)), "{hash}");
    }
}

async fn killed(times: u32) {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    founded(&chain.url()).await;
    chain.stop().unwrap();
    let told = Arc::new(Told::default());
    let (mut checked, mut slowest, mut in_start) = (0, Duration::ZERO, 0);
    for round in 0..times {
        // Any moment, and the same ones at each run.
        let random = keccak256(round.to_be_bytes());
        if random[0].is_multiple_of(4) {
            // Before it is there, or just when it is.
            let process = Process::begin(folder.path(), "chain", "");
            tokio::time::sleep(Duration::from_millis(u64::from(random[1]) / 2)).await;
            process.kill();
            in_start += 1;
        }
        let begun = Instant::now();
        let chain = Process::chain(folder.path()).unwrap_or_else(|said| panic!("round {round}: {said}"));
        slowest = slowest.max(begun.elapsed());
        still_holds(&chain.url(), &told, checked).await;
        checked = told.receipts.lock().unwrap().len();
        let minting: Vec<_> =
            (0..SENDERS).map(|place| tokio::spawn(mint(place, chain.url(), Arc::clone(&told)))).collect();
        let watching = tokio::spawn(watch(chain.url(), Arc::clone(&told)));
        let wait = u64::from(u16::from_be_bytes([random[2], random[3]])) % 600;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        chain.kill();
        for task in minting {
            task.await.unwrap();
        }
        watching.await.unwrap();
    }
    let chain = Process::chain(folder.path()).unwrap();
    still_holds(&chain.url(), &told, 0).await;
    let before = head(&chain.url()).await.unwrap();
    chain.stop().unwrap();
    // The head's hash has the state's root in it.
    fs::remove_file(folder.path().join("state.redb")).unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    assert_eq!(head(&chain.url()).await.unwrap(), before, "a replay of the log alone gives the same head");
    still_holds(&chain.url(), &told, 0).await;
    println!(
        "killed {times} times under load and {in_start} times in its start: {} receipts and block {} are there, \
         a replay gives the same root; the slowest start took {slowest:?}",
        told.receipts.lock().unwrap().len(),
        before.0,
    );
    assert!(told.receipts.lock().unwrap().len() > times as usize, "there was load");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_said_is_gone_after_a_kill() {
    killed(8).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask ci --full"]
async fn nothing_that_was_said_is_gone_after_two_hundred_kills() {
    killed(200).await;
}
