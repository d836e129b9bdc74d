//! Calls on the view hold up nobody.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall as _;
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

use super::harness::Harness;
use crate::{
    abi::NodeRegistry,
    chain::evm::{self, Call},
    error::ReadError,
    view::{At, CALL_GAS_MAX, RegistryView, Unlocked, ViewCall},
};

/// Passes reads on to the view, and looks each time whether somebody else could write it now.
struct BesideAWriter<'a> {
    state: Unlocked<'a>,
    view: &'a RegistryView,
}

impl BesideAWriter<'_> {
    fn look(&self) {
        assert!(self.view.try_write().is_some(), "the call holds the lock between two reads");
    }
}

impl DatabaseRef for BesideAWriter<'_> {
    type Error = ReadError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        self.look();
        self.state.basic_ref(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, ReadError> {
        self.look();
        self.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, ReadError> {
        self.look();
        self.state.storage_ref(address, index)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, ReadError> {
        self.look();
        self.state.block_hash_ref(number)
    }
}

#[test]
fn a_call_takes_the_lock_for_each_value_and_not_for_its_whole_time() {
    let harness = Harness::deployed();
    let view = &harness.view;
    let (registry, data) =
        (harness.contracts.node_registry, NodeRegistry::thresholdCall {}.abi_encode().into());
    let number = view.head().unwrap().latest.number;
    let environment = view.read().unwrap().ledger.as_ref().unwrap().call_environment(number).unwrap();
    let state = BesideAWriter { state: Unlocked { view, number }, view };
    let request = Call { to: Some(registry), data, ..Call::default() };
    let outcome = evm::call(state, environment, &request).unwrap();
    assert!(outcome.success && U256::from_be_slice(&outcome.output) == U256::from(2));
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
    harness.vote(0, "another", b"root").unwrap_err();
    assert_eq!(harness.view.committee(At::Latest).unwrap(), first);
    assert_eq!(harness.view.committee_reads(), 2, "the next block may have another");
}
