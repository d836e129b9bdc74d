//! Accounts and calls at a block.

use serde_json::{Value, json};

use super::{RpcError, json as write, overrides, params};
use crate::chain::{
    evm::{self, Call, Environment},
    ledger::Ledger,
};

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
            let outcome = evm::call(&state, environment, &request).map_err(RpcError::server)?;
            if !outcome.success {
                return Err(RpcError::of_outcome(&outcome));
            }
            write::bytes(outcome.output)
        }
        "eth_estimateGas" => {
            let (state, environment, request) = pretended(params, ledger)?;
            let gas = evm::estimate_gas(&state, environment, &request);
            write::quantity(gas.map_err(|outcome| RpcError::of_outcome(&outcome))?)
        }
        "eth_createAccessList" => {
            let (state, environment, request) = pretended(params, ledger)?;
            let (list, outcome) =
                evm::access_list(&state, environment, &request).map_err(RpcError::server)?;
            let mut answer = json!({ "accessList": write::access_list(&list), "gasUsed": write::quantity(outcome.gas_used) });
            if !outcome.success {
                answer["error"] = json!(RpcError::of_outcome(&outcome).message);
            }
            answer
        }
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
