//! Calls on the view hold up nobody.

use alloy_primitives::{Address, U256};

use super::harness::{Harness, root};
use crate::{
    chain::ledger::Ledger,
    encode,
    error::ReadError,
    subject::DEFAULT_KEY_SET_ID,
    view::{At, CALL_GAS_MAX, ViewCall},
};

#[test]
fn a_reader_sees_one_block_whatever_comes_after_and_holds_up_nobody() {
    let mut harness = Harness::with_root();
    let ledger = harness.view.read().unwrap().ledger.clone().unwrap();
    let (head, minter) = (ledger.head(), harness.address(50));
    let count = |ledger: &Ledger, number| ledger.account(minter, number).unwrap().1;
    assert_eq!(count(&ledger, head), 0);
    for _ in 0..3 {
        let mint = encode::mint_next(DEFAULT_KEY_SET_ID);
        harness.send(50, Some(harness.contracts.pkp_nft), mint).unwrap();
    }
    assert_eq!((ledger.head(), count(&ledger, head)), (head, 0));
    assert_eq!(ledger.account(minter, head + 1), Err(ReadError::Ahead(head + 1)));
    let newer = harness.view.read().unwrap().ledger.clone().unwrap();
    let counts: Vec<u64> = (head..=head + 3).map(|number| count(&newer, number)).collect();
    assert_eq!(counts, [0, 1, 2, 3], "a later one sees what was before, too");
}

#[test]
fn calls_of_actions_have_their_gas_and_blocks_that_can_be_read() {
    let harness = Harness::deployed();
    // The identity precompile, which is paid by the word.
    let call = |bytes: usize, gas: Option<u64>| ViewCall {
        from: Address::ZERO,
        to: Address::with_last_byte(4),
        value: U256::ZERO,
        data: vec![0; bytes].into(),
        gas,
    };
    let read = |call: &ViewCall, at: At| harness.view.call_contract(call, at);
    let called = read(&call(100_000, None), At::Latest).unwrap();
    assert!(called.output.is_ok() && (21_000..CALL_GAS_MAX).contains(&called.gas), "{called:?}");
    let short = read(&call(100_000, Some(30_000)), At::Latest).unwrap();
    assert!(short.output.is_err() && short.gas == 30_000, "{short:?}");
    let long = read(&call(1_000_000, Some(u64::MAX)), At::Latest).unwrap();
    assert!(long.output.is_err() && long.gas == CALL_GAS_MAX, "more than any call gets: {long:?}");
    // Too little to begin costs what it was given.
    assert_eq!(read(&call(1, Some(7)), At::Latest).unwrap().gas, 7);
    assert_eq!(read(&call(1, None), At::Number(1_000)), Err(ReadError::Ahead(1_000)));
}

#[test]
fn the_committee_is_read_once_for_each_block() {
    let mut harness = Harness::deployed();
    let first = harness.view.committee(At::Latest).unwrap();
    assert_eq!(harness.view.committee_reads(), 1);
    assert_eq!(harness.view.committee(At::Latest).unwrap(), first);
    assert_eq!(harness.view.committee_reads(), 1);
    harness.set_roots(&[], "another", &root(201)).unwrap_err();
    assert_eq!(harness.view.committee(At::Latest).unwrap(), first);
    assert_eq!(harness.view.committee_reads(), 2, "the next block may have another");
}
