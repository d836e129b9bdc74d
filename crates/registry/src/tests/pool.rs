//! The bounds of what waits.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, Bytes, U256};
use k256::ecdsa::SigningKey;

use crate::chain::{
    TxRequest,
    pool::{Pool, Sender},
    sign_1559,
    tx::DecodedTx,
};

const POOR: Sender = Sender { balance: U256::ZERO, nonce: 0 };

fn tx(sender: u32, nonce: u64, bytes: usize) -> DecodedTx {
    let mut secret = [1; 32];
    secret[..4].copy_from_slice(&sender.to_be_bytes());
    let request = TxRequest {
        chain_id: 1,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 0,
        max_priority_fee_per_gas: 0,
        to: Some(Address::ZERO),
        value: U256::ZERO,
        data: Bytes::from(vec![0; bytes]),
    };
    let (_, raw) = sign_1559(&SigningKey::from_slice(&secret).unwrap(), request);
    DecodedTx::decode(&raw, 1).unwrap()
}

#[test]
fn what_may_never_run_keeps_out_nothing_that_can() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    for sender in 0..1_024 {
        assert!(pool.add(tx(sender, 1, 0), POOR, now).unwrap().is_none(), "nobody waits for one ahead");
    }
    assert_eq!(pool.add(tx(5_000, 1, 0), POOR, now).unwrap_err(), "txpool is full");
    let answers: Vec<_> =
        (2_000..3_024).map(|sender| pool.add(tx(sender, 0, 0), POOR, now).unwrap()).collect();
    assert!(answers.iter().all(Option::is_some));
    let _more = pool.add(tx(4_000, 0, 0), POOR, now).unwrap().unwrap();
    assert_eq!(pool.counts(|_| 0), (1_025, 1_023), "it takes the place of one that nobody waits for");
    assert_eq!(pool.ready(|_| 0).len(), 256, "a block's");

    // Those in a block make room, and who sent them hears.
    let included = pool.ready(|_| 0);
    pool.settle(&included, Vec::new(), |_| 0);
    let told = answers.into_iter().flatten().filter_map(|mut answer| answer.try_recv().ok());
    assert_eq!(told.collect::<Result<Vec<_>, _>>().unwrap().len(), 256);
    pool.add(tx(5_000, 0, 0), POOR, now).unwrap();

    // What is old is forgotten, and who waited for it is told.
    let mut waiting = pool.add(tx(5_001, 0, 0), POOR, now).unwrap().unwrap();
    pool.add(tx(6_000, 0, 0), POOR, now + Duration::from_secs(301)).unwrap();
    assert!(waiting.try_recv().unwrap().unwrap_err().starts_with("dropped"));
    assert_eq!(pool.counts(|_| 0), (1, 0));
}

#[test]
fn bytes_of_what_may_never_run_keep_out_nothing_that_can() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let mut ahead = 0;
    while pool.add(tx(1 + ahead / 255, u64::from(1 + ahead % 255), 120 << 10), POOR, now).is_ok() {
        ahead += 1;
    }
    assert!((100..200).contains(&ahead), "half of all bytes: {ahead}");
    let ready = (3_000..3_300).take_while(|sender| pool.add(tx(*sender, 0, 120 << 10), POOR, now).is_ok());
    assert!(ready.count() > 265, "all bytes, those of what may never run too");
    assert_eq!(pool.counts(|_| 0).1, 0);
}

/// Who sent one that is ahead was told only that it waits. Once those before it are there it is in a block soon, and
/// nothing newer takes its place.
#[test]
fn what_has_become_ready_keeps_its_place() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    assert!(pool.add(tx(1, 1, 0), POOR, now).unwrap().is_none());
    let _first = pool.add(tx(1, 0, 0), POOR, now).unwrap().unwrap();
    let answers: Vec<_> =
        (2_000..4_046).filter_map(|sender| pool.add(tx(sender, 0, 0), POOR, now).unwrap()).collect();
    assert_eq!((answers.len(), pool.counts(|_| 0)), (2_046, (2_048, 0)));
    assert_eq!(pool.add(tx(5_000, 0, 0), POOR, now).unwrap_err(), "txpool is full");
    assert!(pool.tx(tx(1, 1, 0).hash).is_some());

    // After the first is refused, the second is ahead again, and makes room.
    pool.settle(&[], vec![(tx(1, 0, 0), "no".to_owned())], |_| 0);
    let _more: Vec<_> = (5_000..5_002).map(|sender| pool.add(tx(sender, 0, 0), POOR, now).unwrap()).collect();
    assert!(pool.tx(tx(1, 1, 0).hash).is_none());
}

#[test]
fn senders_take_turns() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    for nonce in (0..256).rev() {
        pool.add(tx(1, nonce, 0), POOR, now).unwrap();
    }
    pool.add(tx(2, 0, 0), POOR, now).unwrap();
    let order = pool.ready(|_| 0);
    assert_eq!(order[1].from, tx(2, 0, 0).from, "before the second one of the sender that came first");
    assert_eq!(order.len(), 256);
}

#[test]
fn bytes_are_bounded_and_freed() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let large = |nonce| tx(1, nonce, 120 << 10);
    let mut taken = 0;
    while pool.add(large(taken), POOR, now).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 256, "of one sender no more wait");
    let mut others = 0;
    while pool.add(tx(2, others, 120 << 10), POOR, now).is_ok() {
        others += 1;
    }
    assert!((1..256).contains(&others), "{others}");
    let included = pool.ready(|_| 0);
    pool.settle(&included, Vec::new(), |_| 256);
    pool.add(tx(2, others, 120 << 10), POOR, now).unwrap();
}

#[test]
fn a_closed_pool_lets_nobody_wait() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let mut answer = pool.add(tx(1, 0, 0), POOR, now).unwrap().unwrap();
    pool.close();
    assert!(answer.try_recv().is_err());
    assert_eq!(pool.add(tx(1, 0, 0), POOR, now).unwrap_err(), "the chain is stopping");
}
