//! Which transactions take rights away: they have a lane that others cannot fill.
//!
//! Anybody may send what belongs here, also what then reverts: whose token it is, or whether nodes signed, shows only when it
//! runs. What bounds strangers is the room. A sender has four places in the lane, one source gets a place only while it
//! holds less than is free, and a block takes one of each sender, so and so many in all. A block's lane comes to less gas than
//! the block has, all of it paid for. What finds no room waits by its price, as any other does.

use std::collections::BTreeMap;

use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_primitives::Address;
use alloy_sol_types::SolCall as _;

use super::genesis::BLOCK_GAS_LIMIT;
use crate::{
    abi::{Directory, PKPNFT, PKPPermissions},
    deploy,
};

/// Transactions of the lane in one block.
pub(crate) const LANE_TXS_MAX: usize = 32;
/// How many of them may carry what nodes signed: so whoever fills these keeps no owner from a revocation.
pub(crate) const LANE_SIGNED_MAX: usize = 4;
/// Gas of a revocation or a burn: what the dearest of them takes, and some.
const REVOCATION_GAS_MAX: u64 = 500_000;
/// Gas of named values with signatures: 32 of these, and a value of 4,096 bytes in the place of another; a fifth more, as
/// senders add to an estimate. The first value of a name may take more. It takes nobody's rights away.
const SIGNED_GAS_MAX: u64 = 1_300_000;

const _: () = {
    let revocations = (LANE_TXS_MAX - LANE_SIGNED_MAX) as u64 * REVOCATION_GAS_MAX;
    let signed = LANE_SIGNED_MAX as u64 * SIGNED_GAS_MAX;
    assert!((revocations + signed) * 3 <= BLOCK_GAS_LIMIT * 2, "others have a third of each block");
};

/// Where the registry is, and which of its functions take rights away or change who may give them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane(BTreeMap<(Address, [u8; 4]), Kind>);

/// What a transaction of the lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An owner takes back a grant, or burns a token.
    Revocation,
    /// Named values that nodes signed.
    Signed,
}

impl Kind {
    fn gas_max(self) -> u64 {
        match self {
            Self::Revocation => REVOCATION_GAS_MAX,
            Self::Signed => SIGNED_GAS_MAX,
        }
    }
}

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
        let mut lane: BTreeMap<_, _> = permissions
            .into_iter()
            .map(|selector| ((contracts.pkp_permissions, selector), Kind::Revocation))
            .collect();
        lane.insert((contracts.pkp_nft, PKPNFT::burnCall::SELECTOR), Kind::Revocation);
        lane.insert((contracts.directory, Directory::setCall::SELECTOR), Kind::Signed);
        Self(lane)
    }

    /// What a transaction is in the lane; none if it is not of it.
    pub(crate) fn kind(&self, tx: &TxEnvelope) -> Option<Kind> {
        let (to, selector) = tx.to().zip(tx.input().first_chunk::<4>().copied())?;
        self.0.get(&(to, selector)).copied().filter(|kind| tx.gas_limit() <= kind.gas_max())
    }
}
