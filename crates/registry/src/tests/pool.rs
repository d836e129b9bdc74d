//! The bounds of what waits, and its order.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall as _;
use k256::ecdsa::SigningKey;

use crate::{
    abi::{Directory, PKPNFT},
    chain::{
        BASE_FEE_MIN, TxRequest,
        lane::Lane,
        pool::{AHEAD_MAX, Arriving, NotTaken, OF_SENDER_MAX, Pool, Sender},
        sign_1559,
        tx::DecodedTx,
    },
    deploy,
};

const RICH: Sender = Sender { balance: U256::MAX, nonce: 0 };
const FLOOR: u128 = BASE_FEE_MIN as u128;

fn request(nonce: u64, fee: u128) -> TxRequest {
    TxRequest {
        chain_id: 1,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: fee,
        max_priority_fee_per_gas: 0,
        to: Some(Address::ZERO),
        value: U256::ZERO,
        data: Bytes::new(),
    }
}

fn signed(sender: u32, request: TxRequest) -> DecodedTx {
    let mut secret = [1; 32];
    secret[..4].copy_from_slice(&sender.to_be_bytes());
    let (_, raw) = sign_1559(&SigningKey::from_slice(&secret).unwrap(), request);
    DecodedTx::decode(&raw, 1).unwrap()
}

fn tx(sender: u32, nonce: u64) -> DecodedTx {
    signed(sender, request(nonce, FLOOR))
}

fn arriving(tx: DecodedTx, now: Instant) -> Arriving {
    Arriving { tx, sender: RICH, source: None, base_fee: BASE_FEE_MIN, now }
}

fn refused(reason: &str) -> NotTaken {
    NotTaken::Refused(reason.to_owned())
}

#[test]
fn what_may_never_run_keeps_out_nothing_that_can() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let add = |pool: &mut Pool, tx| pool.add(arriving(tx, now));
    for sender in 0..1_024 {
        assert!(add(&mut pool, tx(sender, 1)).unwrap().is_none(), "nobody waits for one ahead");
    }
    assert_eq!(add(&mut pool, tx(5_000, 1)).unwrap_err(), refused("txpool is full"));
    let answers: Vec<_> = (2_000..3_024).map(|sender| add(&mut pool, tx(sender, 0)).unwrap()).collect();
    assert!(answers.iter().all(Option::is_some));
    let _more = add(&mut pool, tx(4_000, 0)).unwrap().unwrap();
    assert_eq!(pool.counts(), (1_025, 1_023), "it takes the place of one that nobody waits for");
    assert_eq!(pool.ready(BASE_FEE_MIN).len(), 256, "a block's");

    // Those in a block make room, and who sent them hears.
    let included = pool.ready(BASE_FEE_MIN);
    pool.settle(&included, Vec::new());
    let told = answers.into_iter().flatten().filter_map(|mut answer| answer.try_recv().ok());
    assert_eq!(told.collect::<Result<Vec<_>, _>>().unwrap().len(), 256);
    add(&mut pool, tx(5_000, 0)).unwrap();

    // What is old is forgotten, and who waited for it is told.
    let mut waiting = add(&mut pool, tx(5_001, 0)).unwrap().unwrap();
    pool.add(arriving(tx(6_000, 0), now + Duration::from_secs(301))).unwrap();
    assert!(waiting.try_recv().unwrap().unwrap_err().starts_with("dropped"));
    assert_eq!(pool.counts(), (1, 0));
}

#[test]
fn blocks_take_what_pays_most_and_senders_take_turns() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let tipped = |sender, nonce, tip: u128| {
        let fees = TxRequest { max_priority_fee_per_gas: tip, ..request(nonce, 10 * FLOOR) };
        signed(sender, fees)
    };
    let wanted = [
        tipped(1, 0, 5),
        tipped(1, 1, 9),
        tipped(2, 0, 7),
        tipped(3, 0, 5),
        tipped(3, 1, 5),
        tipped(4, 0, 5),
    ];
    for tx in wanted.clone() {
        pool.add(arriving(tx, now)).unwrap();
    }
    // By tip; a sender's later ones come after its earlier ones; among equals by turns and arrival.
    let order: Vec<_> = pool.ready(BASE_FEE_MIN).iter().map(|tx| tx.hash).collect();
    assert_eq!(order, [2, 0, 1, 3, 5, 4].map(|place: usize| wanted[place].hash));
    assert!(pool.ready(11 * BASE_FEE_MIN).is_empty(), "what does not pay the price waits");
    let low = pool.add(Arriving { base_fee: 2 * BASE_FEE_MIN, ..arriving(tx(9, 0), now) });
    assert!(low.unwrap().is_none(), "and nobody waits for it");
}

#[test]
fn who_offers_more_takes_the_place_of_who_offers_least() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let mut answers: Vec<_> =
        (0..2_048).map(|sender| pool.add(arriving(tx(sender, 0), now)).unwrap().unwrap()).collect();
    // What counts is what it pays now, and not the most that it might.
    let offer = |price| {
        let tip = TxRequest { max_priority_fee_per_gas: price - FLOOR, ..request(0, 100 * FLOOR) };
        arriving(signed(9_000, tip), now)
    };
    assert_eq!(pool.add(offer(FLOOR + FLOOR / 10)).unwrap_err(), refused("txpool is full"));
    pool.add(offer(FLOOR + FLOOR / 10 + 1)).unwrap().unwrap();
    let last = answers.pop().unwrap().try_recv().unwrap();
    assert!(last.unwrap_err().starts_with("dropped: others pay more"), "of equals the last that came");
    assert!(answers.iter_mut().all(|answer| answer.try_recv().is_err()), "nobody else's");
}

#[test]
fn one_source_leaves_room_to_others() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let from = |last: u8, sender| Arriving {
        source: Some(IpAddr::from([192, 0, 2, last])),
        ..arriving(tx(sender, 0), now)
    };
    let held = (0..3_000).take_while(|sender| pool.add(from(1, *sender)).is_ok()).count();
    assert_eq!(held, 1_024, "half, while it is alone");
    for sender in 3_000..3_500 {
        pool.add(from(2, sender)).unwrap();
    }
    assert!(pool.add(from(1, 9_000)).is_err());
    pool.add(arriving(tx(9_001, 0), now)).unwrap();
}

#[test]
fn a_sender_has_sixty_four_and_sixteen_of_them_may_be_missing() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    assert_eq!(pool.add(arriving(tx(1, AHEAD_MAX + 1), now)).unwrap_err(), NotTaken::TooFar);
    pool.add(arriving(tx(1, AHEAD_MAX), now)).unwrap();
    for nonce in 0..OF_SENDER_MAX {
        let _ = pool.add(arriving(tx(1, nonce), now));
    }
    assert_eq!(pool.next_nonce(tx(1, 0).from, 0), OF_SENDER_MAX);
    assert_eq!(pool.add(arriving(tx(1, OF_SENDER_MAX), now)).unwrap_err(), NotTaken::TooFar);
}

#[test]
fn what_takes_rights_away_comes_first_and_finds_room() {
    let deployer = Address::repeat_byte(9);
    let (mut pool, now) = (Pool::new(Lane::new(deployer)), Instant::now());
    let nft = deploy::addresses(deployer, 0).pkp_nft;
    let burn = |sender, nonce, to| {
        let data = PKPNFT::burnCall { tokenId: U256::from(7) }.abi_encode().into();
        signed(sender, TxRequest { gas_limit: 100_000, to: Some(to), data, ..request(nonce, FLOOR) })
    };
    let rich = |sender| {
        signed(sender, TxRequest { max_priority_fee_per_gas: 50 * FLOOR, ..request(0, 100 * FLOOR) })
    };
    for sender in 0..2_048 {
        pool.add(arriving(rich(sender), now)).unwrap();
    }
    assert_eq!(pool.add(arriving(tx(5_000, 0), now)).unwrap_err(), refused("txpool is full"));
    assert_eq!(
        pool.add(arriving(burn(5_000, 0, Address::ZERO), now)).unwrap_err(),
        refused("txpool is full")
    );
    let revocation = burn(5_001, 0, nft);
    pool.add(arriving(revocation.clone(), now)).unwrap().unwrap();
    assert_eq!(pool.ready(BASE_FEE_MIN)[0].hash, revocation.hash);

    // One sender has a few places there, and one of a block; whoever floods it keeps nobody out.
    for nonce in 0..4 {
        pool.add(arriving(burn(6_000, nonce, nft), now)).unwrap();
    }
    assert_eq!(pool.add(arriving(burn(6_000, 4, nft), now)).unwrap_err(), refused("txpool is full"));
    let from: Vec<_> = pool.ready(BASE_FEE_MIN).iter().map(|tx| (tx.from, tx.envelope.nonce())).collect();
    assert_eq!(from[..2], [(revocation.from, 0), (burn(6_000, 0, nft).from, 0)]);
    assert_eq!(from.iter().filter(|(sender, _)| *sender == from[1].0).count(), 1);
}

#[test]
fn what_is_in_the_block_that_is_made_keeps_its_place_and_its_answer() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let mut answer = pool.add(arriving(tx(1, 0), now)).unwrap().unwrap();
    let made = pool.ready(BASE_FEE_MIN);
    let dearer = |sender| {
        let fees = TxRequest { max_priority_fee_per_gas: 1, ..request(0, 2 * FLOOR) };
        arriving(signed(sender, fees), now)
    };
    assert!(
        matches!(pool.add(dearer(1)), Err(NotTaken::Refused(reason)) if reason.contains("in a block already"))
    );
    pool.add(arriving(tx(2, 0), now + Duration::from_secs(301))).unwrap();
    assert!(answer.try_recv().is_err(), "nor is it forgotten as old");
    pool.settle(&made, Vec::new());
    assert!(answer.try_recv().unwrap().is_ok());
    assert_eq!(pool.next_nonce(tx(1, 0).from, 1), 1);

    // Before that, one that pays more takes its place, and who sent the first one is told.
    let mut answer = pool.add(arriving(tx(3, 0), now)).unwrap().unwrap();
    pool.add(dearer(3)).unwrap().unwrap();
    assert_eq!(answer.try_recv().unwrap().unwrap_err(), "replaced by a transaction that pays more");
}

/// Anybody may send what nodes signed, or what looks like it: it has few places in a block, and none of a revocation's.
#[test]
fn strangers_who_fill_the_lane_with_named_values_keep_no_revocation_out() {
    let deployer = Address::repeat_byte(9);
    let (mut pool, now) = (Pool::new(Lane::new(deployer)), Instant::now());
    let contracts = deploy::addresses(deployer, 0);
    let to = |sender, to, gas_limit, data: Vec<u8>| {
        signed(sender, TxRequest { gas_limit, to: Some(to), data: data.into(), ..request(0, FLOOR) })
    };
    let set = |sender, gas_limit| {
        let set = Directory::setCall { changes: Vec::new(), signatures: Vec::new() };
        to(sender, contracts.directory, gas_limit, set.abi_encode())
    };
    for sender in 0..100 {
        pool.add(arriving(set(sender, 1_300_000), now)).unwrap();
    }
    let burn = PKPNFT::burnCall { tokenId: U256::from(7) }.abi_encode();
    let revocation = to(500, contracts.pkp_nft, 100_000, burn);
    pool.add(arriving(revocation.clone(), now)).unwrap();
    let rich = TxRequest { max_priority_fee_per_gas: 50 * FLOOR, ..request(0, 100 * FLOOR) };
    let rich = signed(600, rich);
    pool.add(arriving(rich.clone(), now)).unwrap();
    let first: Vec<_> = pool.ready(BASE_FEE_MIN).iter().map(|tx| tx.hash).take(6).collect();
    let sets = (0..4).map(|sender| set(sender, 1_300_000).hash);
    assert_eq!(first, sets.chain([revocation.hash, rich.hash]).collect::<Vec<_>>());
    // One with more gas than such a transaction takes is not of the lane at all.
    let (mut pool, large) = (Pool::new(Lane::new(deployer)), set(1, 1_300_001));
    pool.add(arriving(large, now)).unwrap();
    pool.add(arriving(rich.clone(), now)).unwrap();
    assert_eq!(pool.ready(BASE_FEE_MIN)[0].hash, rich.hash);
}

/// Its sender's first one arrives last: what it leads to has its place in the lane from then on.
#[test]
fn a_revocation_that_waited_for_one_before_it_is_in_the_lane() {
    let deployer = Address::repeat_byte(9);
    let (mut pool, now) = (Pool::new(Lane::new(deployer)), Instant::now());
    let nft = deploy::addresses(deployer, 0).pkp_nft;
    let burn = |sender, nonce| {
        let data = PKPNFT::burnCall { tokenId: U256::from(7) }.abi_encode().into();
        signed(sender, TxRequest { gas_limit: 100_000, to: Some(nft), data, ..request(nonce, FLOOR) })
    };
    let rich = |sender| {
        let fees = TxRequest { max_priority_fee_per_gas: FLOOR, ..request(0, 10 * FLOOR) };
        signed(sender, fees)
    };
    let (first, second) = (burn(1, 0), burn(1, 1));
    assert!(pool.add(arriving(second.clone(), now)).unwrap().is_none());
    let _rich: Vec<_> = (10..20).map(|sender| pool.add(arriving(rich(sender), now)).unwrap()).collect();
    pool.add(arriving(first.clone(), now)).unwrap();
    let made = pool.ready(BASE_FEE_MIN);
    assert_eq!(made[0].hash, first.hash);
    // A block's lane has one of each sender; the next block begins with the second.
    pool.settle(&made[..1], Vec::new());
    assert_eq!(pool.ready(BASE_FEE_MIN)[0].hash, second.hash);
    pool.settle(&[second], Vec::new());
    assert_eq!(pool.counts(), (10, 0), "what left the ordinary room is not counted there any more");
    // More than the lane has of one sender wait by their price.
    for nonce in (2..8).rev() {
        let sender = Sender { nonce: 2, ..RICH };
        pool.add(Arriving { sender, ..arriving(burn(1, nonce), now) }).unwrap();
    }
    assert_eq!(pool.counts(), (16, 0));
}

#[test]
fn the_lane_has_bounds_of_its_own_also_while_the_rest_is_empty() {
    let deployer = Address::repeat_byte(9);
    let (mut pool, now) = (Pool::new(Lane::new(deployer)), Instant::now());
    let nft = deploy::addresses(deployer, 0).pkp_nft;
    let burn = |sender, nonce| {
        let data = PKPNFT::burnCall { tokenId: U256::from(7) }.abi_encode().into();
        signed(sender, TxRequest { gas_limit: 100_000, to: Some(nft), data, ..request(nonce, FLOOR) })
    };
    // What the lane has no room for waits like any other, and is counted and dropped like any other.
    for sender in 0..70 {
        for nonce in 0..40 {
            let _ = pool.add(arriving(burn(sender, nonce), now));
        }
    }
    let (ready, ahead) = pool.counts();
    assert_eq!((ready, ahead), (256 + 2_048, 0), "the lane's and the ordinary room");
}

#[test]
fn gas_that_does_not_even_begin_is_refused_at_the_door() {
    let (mut pool, now) = (Pool::default(), Instant::now());
    let with =
        |data: Vec<u8>, gas_limit| signed(1, TxRequest { data: data.into(), gas_limit, ..request(0, FLOOR) });
    for (data, least) in [(vec![], 21_000), (vec![0; 100], 22_000), (vec![1; 100], 25_000)] {
        let refusal = pool.add(arriving(with(data.clone(), least - 1), now)).unwrap_err();
        assert!(matches!(refusal, NotTaken::Refused(reason) if reason.contains(&least.to_string())));
        pool.add(arriving(with(data, least), now)).unwrap();
        pool.close();
        pool = Pool::default();
    }
}
