//! What a policy asks of the chain.

use quorate_wire::{Address, BlockRef, PublicKey, TokenId};

use crate::{At, Grant, Pkp, ReadRights, Subject};

/// Most gas of one call that a policy makes: a token's balance takes a third. What a precompile is paid least for, a processor
/// does for so much in eight milliseconds.
pub const POLICY_CALL_GAS_MAX: u64 = 100_000;

/// Something could not be read; that is neither yes nor no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// This node has no such block, or its chain contradicted itself.
    State,
    /// The contract reverted the call, or its gas did not suffice.
    Reverted,
}

/// A reading of the chain that can say that it failed.
///
/// [`ReadRights`] answers "none" where it cannot read, which is right for a grant that allows. A policy may also ask that
/// something is *not* so, therefore every answer here can be a failure.
pub trait ReadPolicyFacts: ReadRights {
    /// The block at which is read.
    ///
    /// # Errors
    /// [`Unreadable`] where there is none.
    fn policy_block(&self, at: At) -> Result<BlockRef, Unreadable>;

    /// The block's time, in seconds since the epoch.
    ///
    /// # Errors
    /// [`Unreadable`] where the block is unknown.
    fn block_time_s(&self, at: At) -> Result<u64, Unreadable>;

    /// An account's balance in wei, big-endian.
    ///
    /// # Errors
    /// [`Unreadable`] where the state is unknown.
    fn balance(&self, account: &Address, at: At) -> Result<[u8; 32], Unreadable>;

    /// What a contract answers to a call from the zero address with at most [`POLICY_CALL_GAS_MAX`] gas.
    ///
    /// # Errors
    /// [`Unreadable`], also where the contract reverts.
    fn call(&self, to: &Address, data: &[u8], at: At) -> Result<Vec<u8>, Unreadable>;

    /// A registered key, or that there is none.
    ///
    /// # Errors
    /// [`Unreadable`] where the state is unknown.
    fn policy_pkp(&self, key: &PublicKey, at: At) -> Result<Option<Pkp>, Unreadable> {
        self.policy_block(at)?;
        Ok(self.pkp(key, at))
    }

    /// A grant, or that there is none.
    ///
    /// # Errors
    /// [`Unreadable`] where the state is unknown.
    fn policy_grant(&self, token: &TokenId, subject: &Subject, at: At) -> Result<Grant, Unreadable> {
        self.policy_block(at)?;
        Ok(self.grant(token, subject, at))
    }
}
