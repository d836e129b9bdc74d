//! Attacks on a chain process, each with what it did before and what it does now.
//!
//! Bounds are of what a chain holds and of how callers are treated; times are compared with others of the same run. The
//! connections that say nothing are in `doors.rs`, transactions of mixed kinds in `hostile.rs`.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use quorate_registry::{
    alloy_primitives::{Address, B256, Bytes, U256},
    chain::BASE_FEE_MIN,
    encode,
    rpc_client::RpcClient,
    subject::{DEFAULT_KEY_SET_ID, Subject},
    tx_client::TxClient,
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::{
    doors,
    hostile::{CHAIN_MIB_MAX, LOGS, TURNS, powers},
    network::{CHAIN_ID, action, founded, key},
    process::{Account, PATIENT, Process, SENDERS, ask_from, contracts, head, number, sender_name},
};

/// The most gas of a transaction.
const TX_GAS: u64 = 1 << 24;
const STRANGER: u8 = 2;
const OTHER: u8 = 3;

/// The same transaction of an account, so many times, in any number of blocks: the hash of the first.
async fn repeat(account: &mut Account, count: usize, to: Option<Address>, data: &Bytes) -> B256 {
    let first = account.send(to, TX_GAS, data.clone()).await.unwrap();
    for _ in 1..count {
        account.send(to, TX_GAS, data.clone()).await.unwrap();
    }
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_without_end_are_paid_for_and_not_held() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    let url = chain.url();
    let mut account = Account::of("has nothing", &url).await.unwrap();
    account.fee = 2 * u128::from(BASE_FEE_MIN);
    account.rpc.call("quorate_faucet", json!([account.address()]), PATIENT).await.unwrap();
    let (before, idle) = (account.balance().await, chain.memory_mib());
    let first = repeat(&mut account, 80, None, &Bytes::from_static(&LOGS)).await;
    // So many are in no receipt, whose refusal names their number.
    let receipt = account.rpc.call("eth_getTransactionReceipt", json!([first]), PATIENT).await;
    let refusal = receipt.unwrap_err().to_string();
    let logs: u32 = refusal.split(' ').find_map(|word| word.parse().ok()).expect("a number");
    let paid = before - account.balance().await;
    println!(
        "80 creations of 19 bytes with {logs} logs each: before, 20 to 311 MiB, free of charge; now, {idle} to at most {} MiB \
         (goal < {CHAIN_MIB_MAX}), for {} milliether",
        chain.peak_mib(),
        paid / U256::from(10).pow(U256::from(15)),
    );
    assert!(logs > 20_000);
    assert!(paid >= U256::from(80 * (TX_GAS - 100_000)) * U256::from(BASE_FEE_MIN));
    assert!(chain.peak_mib() < CHAIN_MIB_MAX, "{} MiB", chain.peak_mib());
}

/// A receipt of all those logs had 8 MiB: 32 callers at once took 565 MiB.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_many_logs_for_many_callers_are_not_held() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    let mut account = Account::of(&sender_name(0), &chain.url()).await.unwrap();
    let hash = account.send(None, TX_GAS, Bytes::from_static(&LOGS)).await.unwrap();
    let address = chain.address;
    let ask = |_| {
        tokio::spawn(async move {
            let params = json!([hash]);
            ask_from(STRANGER, address, "eth_getTransactionReceipt", &params).await.0.to_string().len()
        })
    };
    let asking: Vec<_> = (0..32).map(ask).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let waited = ask_from(OTHER, address, "quorate_head", &json!([])).await.1;
    let mut bytes = 0;
    for one in asking {
        bytes = bytes.max(one.await.unwrap());
    }
    println!(
        "32 receipts of many logs asked for at once: before, 8 MiB each and 565 MiB in the chain; now, {} KiB each and at most {} MiB; \
         another address waited {waited:?}",
        bytes >> 10,
        chain.peak_mib()
    );
    assert!(chain.peak_mib() < CHAIN_MIB_MAX, "{} MiB", chain.peak_mib());
}

/// How long a chain takes to be made anew from its log, and to be there with its state; and a new follower.
async fn starts(code: &Bytes, count: usize) -> [Duration; 3] {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    founded(&chain.url()).await;
    let mut account = Account::of(&sender_name(0), &chain.url()).await.unwrap();
    repeat(&mut account, count, None, code).await;
    chain.stop().unwrap();
    std::fs::remove_file(folder.path().join("state.redb")).unwrap();
    let begun = Instant::now();
    let chain = Process::chain(folder.path()).unwrap();
    let anew = begun.elapsed();
    chain.stop().unwrap();
    let begun = Instant::now();
    let chain = Process::chain(folder.path()).unwrap();
    let again = begun.elapsed();
    let at = head(&chain.url()).await.unwrap().0;
    let of_follower = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    Process::follower(of_follower.path(), &chain.url()).until_followed(at);
    [anew, again, begun.elapsed()]
}

/// Creations of each kind.
const CREATIONS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn powers_cost_what_they_take() {
    let plain = starts(&Bytes::from_static(&TURNS), CREATIONS).await;
    let mut worst = [Duration::ZERO; 3];
    for (base, exponent) in [(32, 32), (256, 32), (1024, 32), (32, 1024)] {
        let took = starts(&powers(base, exponent), CREATIONS).await;
        println!("{base} bytes to the power of {exponent}: anew, again, follower {took:.2?}");
        for (worst, took) in worst.iter_mut().zip(took) {
            *worst = took.max(*worst);
        }
    }
    println!(
        "{CREATIONS} creations that compute powers: before, a start took 32 s in place of 3 s; now, anew from the log {:.2?} beside {:.2?} \
         of as many that count, with its state {:.2?} beside {:.2?}, a follower's first start {:.2?} beside {:.2?}",
        worst[0], plain[0], worst[1], plain[1], worst[2], plain[2]
    );
    // A second's gas of the dearest kind must not take much longer than a second.
    let gas_seconds = Duration::from_secs_f64((CREATIONS as u64 * TX_GAS) as f64 / 150e6);
    assert!(worst[0] < 4 * gas_seconds + 3 * plain[0], "{worst:?} {gas_seconds:?}");
    assert!(worst[1] < 3 * plain[1] + Duration::from_secs(1), "{worst:?} beside {plain:?}");
    assert!(worst[2] < 4 * gas_seconds + 3 * plain[2], "{worst:?} {gas_seconds:?}");
}

/// For how long heads are watched.
const WATCH: Duration = Duration::from_secs(20);

async fn heads_beside(method: &'static str, params: Value) {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    founded(&chain.url()).await;
    let address = chain.address;
    let call = json!([{ "to": contracts().pkp_nft, "data": "0x18160ddd" }, "latest"]);
    let quiet = ask_from(OTHER, address, "eth_call", &call).await.1;
    let until = Instant::now() + WATCH;
    let asking: Vec<_> = (0..16)
        .map(|_| {
            let params = params.clone();
            tokio::spawn(async move {
                let mut answered = 0_u32;
                while Instant::now() < until {
                    ask_from(STRANGER, address, method, &params).await;
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    let heads = tokio::spawn(heads_until(address, until));
    let mut slowest = Duration::ZERO;
    while Instant::now() < until {
        let (answer, took) = ask_from(OTHER, address, "eth_call", &call).await;
        assert!(answer["result"].is_string(), "{answer}");
        slowest = slowest.max(took);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let gap = heads.await.unwrap();
    let mut answered = 0;
    for one in asking {
        answered += one.await.unwrap();
    }
    println!(
        "{method}, 16 at a time from one address for 20 s ({answered} answered): before, no head for 44 s; now, heads at most {gap:?} apart \
         (goal < 3 s), another address's eth_call answered within {slowest:?} (goal < 2 s; {quiet:?} beside nothing)"
    );
    assert!(gap < Duration::from_secs(3), "{gap:?}");
    // On a busy machine threads that have stepped back wait for others.
    assert!(slowest < Duration::from_secs(2) + 10 * quiet, "{slowest:?}");
}

/// The longest time between two new head statements, as a third address sees them.
async fn heads_until(address: SocketAddr, until: Instant) -> Duration {
    let (mut sequence, mut since, mut gap) = (0, Instant::now(), Duration::ZERO);
    while Instant::now() < until {
        let (answer, _) = ask_from(OTHER + 1, address, "quorate_head", &json!([])).await;
        let now = answer["result"]["sequence"].as_u64().expect("a statement");
        if now > sequence {
            if sequence != 0 {
                gap = gap.max(since.elapsed());
            }
            (sequence, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    gap.max(since.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dearest_estimates_hold_up_neither_heads_nor_others() {
    heads_beside("eth_estimateGas", json!([{ "data": powers(256, 32) }])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_after_two_thousand_mints_replays_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    founded(&chain.url()).await;
    let minting: Vec<_> = (0..16)
        .map(|place| {
            let url = chain.url();
            tokio::spawn(async move {
                let mut account = Account::of(&sender_name(place), &url).await.unwrap();
                for _ in 0..125 {
                    let data = encode::mint_next(DEFAULT_KEY_SET_ID);
                    account.send(Some(contracts().pkp_nft), 600_000, data).await.unwrap();
                }
            })
        })
        .collect();
    let begun = Instant::now();
    for task in minting {
        task.await.unwrap();
    }
    let took = begun.elapsed();
    let before = head(&chain.url()).await.unwrap();
    chain.stop().unwrap();
    std::fs::remove_file(folder.path().join("state.redb")).unwrap();
    let mut times = Vec::new();
    for _ in 0..3 {
        let begun = Instant::now();
        let chain = Process::chain(folder.path()).unwrap();
        times.push(begun.elapsed());
        assert_eq!(head(&chain.url()).await.unwrap(), before);
        chain.stop().unwrap();
    }
    println!(
        "2,000 mints (in {took:.1?}), {} blocks: before, 2.2 s at each start; now, {:.2?} without its state, then {:.2?} and {:.2?}",
        before.0, times[0], times[1], times[2]
    );
    assert!(times[1].min(times[2]) < times[0] / 2, "{times:?}: it replays nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_transactions_side_by_side_are_both_in_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    let mut account = Account::of("owner", &chain.url()).await.unwrap();
    let mut next = || account.sign(Some(Address::repeat_byte(1)), 21_000, Bytes::new());
    let (first, second) = (next(), next());
    let rpc = RpcClient::new(&chain.url()).unwrap();
    let later = rpc.call("eth_sendRawTransaction", json!([second.1]), PATIENT);
    assert_eq!(later.await.unwrap(), json!(second.0));
    rpc.call("eth_sendRawTransaction", json!([first.1]), PATIENT).await.unwrap();
    let mut blocks = Vec::new();
    for hash in [first.0, second.0] {
        let receipt = rpc.call("eth_getTransactionReceipt", json!([hash]), PATIENT).await.unwrap();
        blocks.push(number(&receipt["blockNumber"]));
    }
    println!(
        "two side by side, the later nonce first: before, \"nonce too high\"; now, in blocks {blocks:?}"
    );
}

/// Sends a transaction and hangs up: it waits on.
async fn leave(address: SocketAddr, from: u8, raw: &Bytes) {
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw] }).to_string();
    let mut stream = doors::from(from, address).await;
    stream.write_all((doors::head(call.len(), "") + &call).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_a_right_away_waits_for_nobody_who_pays_more() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Process::chain(folder.path()).unwrap();
    let url = chain.url();
    founded(&url).await;
    let owner = TxClient::new(&url, CHAIN_ID, key("owner")).unwrap();
    let minted = owner.mint_next(&contracts(), DEFAULT_KEY_SET_ID).await.unwrap();
    let subject = Subject::Action(action(1));
    owner.add_permitted(&contracts(), minted.token_id, &subject, &[1]).await.unwrap();
    let filling: Vec<_> = (0..16)
        .map(|place| {
            let (url, address) = (url.clone(), chain.address);
            tokio::spawn(async move {
                let mut account = Account::of(&sender_name(place % SENDERS), &url).await.unwrap();
                let raws: Vec<_> =
                    (0..64).map(|_| account.sign(None, TX_GAS, Bytes::from_static(&TURNS)).1).collect();
                // In order: of those that are ahead of their nonce fewer may wait.
                for raw in raws {
                    leave(address, STRANGER + u8::try_from(place % 4).unwrap(), &raw).await;
                }
            })
        })
        .collect();
    for task in filling {
        task.await.unwrap();
    }
    let status = owner.rpc().call("txpool_status", json!([]), PATIENT).await.unwrap();
    let waiting = number(&status["pending"]);
    let mut revoking = Account::of("owner", &url).await.unwrap();
    // The price may rise, but it has a most; others pay more than twice as much.
    revoking.fee = 100 * u128::from(BASE_FEE_MIN);
    let mut took = Vec::new();
    for data in [encode::remove_permitted(minted.token_id, &subject), encode::burn(minted.token_id)] {
        let to = if took.is_empty() { contracts().pkp_permissions } else { contracts().pkp_nft };
        let begun = Instant::now();
        let hash = revoking.send(Some(to), 300_000, data).await.unwrap();
        took.push(begun.elapsed());
        let receipt = owner.rpc().call("eth_getTransactionReceipt", json!([hash]), PATIENT).await.unwrap();
        assert_eq!(receipt["status"], "0x1", "{receipt}");
    }
    let still = number(&owner.rpc().call("txpool_status", json!([]), PATIENT).await.unwrap()["pending"]);
    println!(
        "a revocation and a burn beside {waiting} others of the most gas and a higher price: in blocks after {took:.2?} (goal < 2 s), \
         {still} of the others still wait"
    );
    assert!(waiting > 800, "{waiting} wait");
    assert!(still > 700, "they did not wait for the others: {still}");
}
