//! What a call may pretend: other accounts, and another block. What is not understood is refused, never passed over.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use serde_json::{Map, Value};

use super::{RpcError, params};
use crate::{
    chain::{evm::Environment, state::StateAt},
    error::ReadError,
};

/// Accounts of one call…
const ACCOUNTS_MAX: usize = 256;
/// …and slots of each.
const SLOTS_MAX: usize = 4_096;

/// An account as a call shall see it.
#[derive(Default)]
struct Pretended {
    balance: Option<U256>,
    nonce: Option<u64>,
    code: Option<Bytecode>,
    slots: HashMap<U256, U256>,
    /// Whether all other slots are empty.
    whole: bool,
}

/// The state after a block, with accounts that a call pretends.
pub(super) struct Overridden<'a> {
    state: StateAt<'a>,
    accounts: HashMap<Address, Pretended>,
}

impl<'a> Overridden<'a> {
    /// Reads a state override; `Null` is none.
    pub(super) fn parse(state: StateAt<'a>, value: &Value) -> Result<Self, RpcError> {
        let accounts = members(value, "state override")?
            .map(|all| {
                if all.len() > ACCOUNTS_MAX {
                    return Err(RpcError::limit(format!("more than {ACCOUNTS_MAX} accounts")));
                }
                let key = |text: &String| params::address(&Value::String(text.clone()), "state override");
                all.iter().map(|(address, account)| Ok((key(address)?, pretended(account)?))).collect()
            })
            .transpose()?
            .unwrap_or_default();
        Ok(Self { state, accounts })
    }
}

fn members<'a>(value: &'a Value, what: &str) -> Result<Option<&'a Map<String, Value>>, RpcError> {
    match value {
        Value::Null => Ok(None),
        Value::Object(object) => Ok(Some(object)),
        _ => Err(RpcError::params(format!("{what}: an object is expected"))),
    }
}

fn pretended(value: &Value) -> Result<Pretended, RpcError> {
    let mut account = Pretended::default();
    let all = members(value, "account of a state override")?;
    for (name, value) in all.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "balance" => account.balance = Some(params::word(value, "balance")?),
            "nonce" => account.nonce = Some(params::number(value, "nonce")?),
            "code" => account.code = Some(code(params::data(value, "code")?)?),
            "state" | "stateDiff" if all.is_some_and(both) => {
                return Err(RpcError::params("state override: an account has state and stateDiff"));
            }
            "state" => (account.whole, account.slots) = (true, slots(value)?),
            "stateDiff" => account.slots = slots(value)?,
            other => return Err(RpcError::params(format!("state override: {other} is not supported"))),
        }
    }
    Ok(account)
}

fn both(account: &Map<String, Value>) -> bool {
    ["state", "stateDiff"].iter().all(|name| account.get(*name).is_some_and(|value| !value.is_null()))
}

fn code(bytes: Bytes) -> Result<Bytecode, RpcError> {
    Bytecode::new_raw_checked(bytes).map_err(|_| RpcError::params("code: not that of a contract"))
}

fn slots(value: &Value) -> Result<HashMap<U256, U256>, RpcError> {
    let all = members(value, "slots of a state override")?;
    if all.is_some_and(|all| all.len() > SLOTS_MAX) {
        return Err(RpcError::limit(format!("more than {SLOTS_MAX} slots of an account")));
    }
    let word = |value: &Value| -> Result<U256, RpcError> {
        Ok(U256::from_be_bytes(params::hash(value, "slot of a state override")?.0))
    };
    all.into_iter()
        .flatten()
        .map(|(key, value)| Ok((word(&Value::String(key.clone()))?, word(value)?)))
        .collect()
}

impl DatabaseRef for Overridden<'_> {
    type Error = ReadError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        let found = self.state.basic_ref(address)?;
        let Some(account) = self.accounts.get(&address) else { return Ok(found) };
        let mut info = found.unwrap_or_default();
        info.balance = account.balance.unwrap_or(info.balance);
        info.nonce = account.nonce.unwrap_or(info.nonce);
        if let Some(code) = &account.code {
            info.code_hash = code.hash_slow();
            info.code = Some(code.clone());
        }
        Ok(Some(info))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, ReadError> {
        self.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, ReadError> {
        match self.accounts.get(&address) {
            Some(account) if account.whole || account.slots.contains_key(&index) => {
                Ok(account.slots.get(&index).copied().unwrap_or_default())
            }
            _ => self.state.storage_ref(address, index),
        }
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, ReadError> {
        self.state.block_hash_ref(number)
    }
}

/// The block in which a call shall run; `Null` is the one that it names.
pub(super) fn block(mut environment: Environment, value: &Value) -> Result<Environment, RpcError> {
    let all = members(value, "block override")?;
    for (name, value) in all.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "number" => environment.number = params::number(value, "number")?,
            "time" => environment.timestamp = params::number(value, "time")?,
            "gasLimit" => environment.gas_limit = params::number(value, "gasLimit")?,
            "feeRecipient" | "coinbase" => environment.beneficiary = params::address(value, name)?,
            "prevRandao" | "random" => environment.prevrandao = params::hash(value, name)?,
            "baseFeePerGas" | "baseFee" => environment.base_fee = params::number(value, name)?,
            "blobBaseFee" => environment.blob_base_fee = params::number(value, name)?.into(),
            other => return Err(RpcError::params(format!("block override: {other} is not supported"))),
        }
    }
    Ok(environment)
}
