//! Which transactions take rights away: they have a lane that others cannot fill.

use std::collections::BTreeSet;

use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_primitives::Address;
use alloy_sol_types::SolCall as _;

use crate::{
    abi::{Directory, PKPNFT, PKPPermissions},
    deploy,
};

/// Gas of a transaction in the lane: what the dearest of them takes, and some.
const LANE_GAS_MAX: u64 = 500_000;

/// Where the registry is, and which of its functions take rights away or change who may give them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane(BTreeSet<(Address, [u8; 4])>);

impl Lane {
    /// For a registry that an account deploys with its first transactions.
    pub(crate) fn new(deployer: Address) -> Self {
        let contracts = deploy::addresses(deployer, 0);
        let permissions = [
            PKPPermissions::removePermittedActionCall::SELECTOR,
            PKPPermissions::removePermittedAddressCall::SELECTOR,
            PKPPermissions::removePermittedAuthMethodCall::SELECTOR,
            PKPPermissions::removePermittedAuthMethodScopeCall::SELECTOR,
        ];
        let mut lane: BTreeSet<_> =
            permissions.into_iter().map(|selector| (contracts.pkp_permissions, selector)).collect();
        lane.insert((contracts.pkp_nft, PKPNFT::burnCall::SELECTOR));
        lane.insert((contracts.directory, Directory::voteCall::SELECTOR));
        Self(lane)
    }

    pub(crate) fn is_of(&self, tx: &TxEnvelope) -> bool {
        let selector = tx.input().first_chunk::<4>().copied();
        tx.gas_limit() <= LANE_GAS_MAX
            && tx.to().zip(selector).is_some_and(|(to, selector)| self.0.contains(&(to, selector)))
    }
}
