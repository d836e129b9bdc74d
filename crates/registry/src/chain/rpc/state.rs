//! Accounts and calls at a block.

use alloy_primitives::{Bytes, U256};
use serde_json::{Value, json};

use super::{RpcError, json as write, overrides, params, reasons};
use crate::chain::{
    evm::{self, Call, Environment},
    ledger::{Ledger, Proof},
};

/// Gas of a transfer to an account without code.
const TRANSFER_GAS: u64 = 21_000;

/// Answers what is read from the state after a block; `None` for other methods.
pub(super) fn answer(method: &str, params: &Value, ledger: &Ledger) -> Result<Option<Value>, RpcError> {
    let param = |index| params::at(params, index);
    let address = || params::address(param(0), "address");
    let block = |index| params::block(param(index), ledger);
    Ok(Some(match method {
        "eth_getBalance" => write::quantity(ledger.account(address()?, block(1)?)?.0),
        "eth_getTransactionCount" => write::quantity(ledger.account(address()?, block(1)?)?.1),
        "eth_getCode" => write::bytes(ledger.code(address()?, block(1)?)?),
        "eth_getStorageAt" => {
            let key = params::word(param(1), "slot")?;
            write::bytes(ledger.slot(address()?, key, block(2)?)?.to_be_bytes::<32>())
        }
        "eth_call" => {
            let (state, environment, request) = pretended(params, ledger)?;
            let outcome = evm::call(&state, environment, &request)?.map_err(RpcError::server)?;
            if !outcome.success {
                return Err(reasons::of_outcome(&outcome));
            }
            write::bytes(outcome.output)
        }
        "eth_estimateGas" => {
            let (state, environment, request) = pretended(params, ledger)?;
            // A plain transfer needs exactly this, and wallets show the number: no bisection's rounding.
            let plain = Call { gas_limit: Some(TRANSFER_GAS), ..request.clone() };
            let is_plain =
                request.to.is_some() && request.data.is_empty() && request.access_list.0.is_empty();
            if is_plain && evm::call(&state, environment, &plain)?.is_ok_and(|outcome| outcome.success) {
                return Ok(Some(write::quantity(TRANSFER_GAS)));
            }
            let most =
                request.gas_limit.unwrap_or(u64::MAX).min(evm::CALL_GAS_MAX).min(environment.gas_limit);
            let gas = evm::estimate_gas(&state, environment, &request)?;
            write::quantity(gas.map_err(|outcome| reasons::of_estimate(&outcome, most))?)
        }
        "eth_createAccessList" => {
            let (state, environment, request) = pretended(params, ledger)?;
            let (list, outcome) =
                evm::access_list(&state, environment, &request)?.map_err(RpcError::server)?;
            let mut answer = json!({ "accessList": write::access_list(&list), "gasUsed": write::quantity(outcome.gas_used) });
            if !outcome.success {
                answer["error"] = json!(reasons::of_outcome(&outcome).message);
            }
            answer
        }
        "eth_getProof" => proof(params, ledger)?,
        _ => return Ok(None),
    }))
}

/// What a call runs on: the state after its block, with what it pretends.
fn pretended<'a>(
    params: &Value,
    ledger: &'a Ledger,
) -> Result<(overrides::Overridden<'a>, Environment, Call), RpcError> {
    let request = params::call(params::at(params, 0), ledger)?;
    let number = params::block(params::at(params, 1), ledger)?;
    let state = overrides::Overridden::parse(ledger.state_at(number)?, params::at(params, 2))?;
    let environment = overrides::block(ledger.call_environment(number)?, params::at(params, 3))?;
    Ok((state, environment, request))
}

/// Slots of one proof.
const PROOF_SLOTS_MAX: usize = 1_024;

/// An account and slots of it, with what proves them under the newest block's state root (EIP-1186).
fn proof(params: &Value, ledger: &Ledger) -> Result<Value, RpcError> {
    let address = params::address(params::at(params, 0), "address")?;
    let keys = match params::at(params, 1) {
        Value::Null => &[][..],
        Value::Array(keys) if keys.len() <= PROOF_SLOTS_MAX => keys,
        Value::Array(_) => return Err(RpcError::limit(format!("more than {PROOF_SLOTS_MAX} slots"))),
        _ => return Err(RpcError::params("slots: a list is expected")),
    };
    let slots = keys.iter().map(|key| params::word(key, "slot")).collect::<Result<Vec<_>, _>>()?;
    if params::block(params::at(params, 2), ledger)? != ledger.head() {
        return Err(RpcError::server("proofs are of the newest block only"));
    }
    let Proof { account, nodes, storage } = ledger.proof(address, &slots)?;
    let slot = |(key, (_, value, nodes)): (&Value, (U256, U256, Vec<Bytes>))| json!({ "key": key, "value": write::quantity(value), "proof": nodes });
    Ok(json!({
        "address": address,
        "accountProof": nodes,
        "balance": write::quantity(account.balance),
        "codeHash": account.code_hash,
        "nonce": write::quantity(account.nonce),
        "storageHash": account.storage_root,
        "storageProof": keys.iter().zip(storage).map(slot).collect::<Vec<_>>(),
    }))
}
