//! Parameters of JSON-RPC calls: every one is checked, none is trusted.

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::Value;

use super::RpcError;
use crate::chain::{evm::Call, ledger::Ledger};

/// A positional parameter; `Null` if it is missing.
pub(super) fn at(params: &Value, index: usize) -> &Value {
    params.get(index).unwrap_or(&Value::Null)
}

/// A parameter that must be there and is not.
pub(super) fn missing(index: usize) -> RpcError {
    RpcError::params(format!("missing value for required argument {index}"))
}

pub(super) fn text<'a>(value: &'a Value, what: &str) -> Result<&'a str, RpcError> {
    value.as_str().ok_or_else(|| RpcError::params(format!("{what}: a string is expected")))
}

pub(super) fn address(value: &Value, what: &str) -> Result<Address, RpcError> {
    text(value, what)?.parse().map_err(|_| RpcError::params(format!("{what}: not an address")))
}

pub(super) fn hash(value: &Value, what: &str) -> Result<B256, RpcError> {
    text(value, what)?.parse().map_err(|_| RpcError::params(format!("{what}: not 32 bytes")))
}

pub(super) fn data(value: &Value, what: &str) -> Result<Bytes, RpcError> {
    text(value, what)?.parse().map_err(|_| RpcError::params(format!("{what}: not hexadecimal bytes")))
}

pub(super) fn word(value: &Value, what: &str) -> Result<U256, RpcError> {
    if let Some(number) = value.as_u64() {
        return Ok(U256::from(number));
    }
    text(value, what)?
        .strip_prefix("0x")
        .filter(|digits| !digits.is_empty() && digits.len() <= 64 && is_hex(digits))
        .and_then(|digits| U256::from_str_radix(digits, 16).ok())
        .ok_or_else(|| RpcError::params(format!("{what}: not a quantity")))
}

/// Digits and nothing else: the parsers of numbers take signs and underscores as well.
pub(super) fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

pub(super) fn number(value: &Value, what: &str) -> Result<u64, RpcError> {
    u64::try_from(word(value, what)?).map_err(|_| RpcError::params(format!("{what}: too large")))
}

/// A block parameter: a tag, a number, or an object of EIP-1898. A missing one means the newest.
pub(super) fn block(value: &Value, ledger: &Ledger) -> Result<u64, RpcError> {
    match value {
        Value::Null => Ok(ledger.head()),
        Value::String(tag) => match tag.as_str() {
            "latest" | "pending" | "safe" | "finalized" => Ok(ledger.head()),
            "earliest" => Ok(0),
            _ => number(value, "block"),
        },
        Value::Object(_) => match (there(value, "blockHash"), there(value, "blockNumber")) {
            (Some(wanted), None) => {
                ledger.number_of(hash(wanted, "blockHash")?)?.ok_or_else(|| RpcError::server("unknown block"))
            }
            (None, Some(wanted)) => number(wanted, "blockNumber"),
            _ => Err(RpcError::params("block: blockHash or blockNumber is expected")),
        },
        _ => Err(RpcError::params("block: a tag or a quantity is expected")),
    }
}

/// A member that is there: `null` is none.
pub(super) fn there<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|value| !value.is_null())
}

/// A call object. Nonce and price change nothing here: neither is checked, and gas costs nothing.
pub(super) fn call(value: &Value, ledger: &Ledger) -> Result<Call, RpcError> {
    if !value.is_object() {
        return Err(RpcError::params("call: an object is expected"));
    }
    let optional = |name: &str| there(value, name);
    let (input, same) = (optional("input"), optional("data"));
    if let (Some(input), Some(same)) = (input, same)
        && data(input, "input")? != data(same, "data")?
    {
        return Err(RpcError::params("call: input and data differ"));
    }
    let chain_id = ledger.genesis().chain_id;
    if optional("chainId").map(|value| number(value, "chainId")).transpose()?.is_some_and(|id| id != chain_id)
    {
        return Err(RpcError::params(format!("chainId: this is chain {chain_id}")));
    }
    for name in ["authorizationList", "blobVersionedHashes", "blobs"] {
        if optional(name).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty())) {
            return Err(RpcError::params(format!("call: {name} is not supported")));
        }
    }
    let input = input.or(same);
    Ok(Call {
        from: optional("from").map(|value| address(value, "from")).transpose()?.unwrap_or_default(),
        to: optional("to").map(|value| address(value, "to")).transpose()?,
        value: optional("value").map(|value| word(value, "value")).transpose()?.unwrap_or_default(),
        data: input.map(|value| data(value, "data")).transpose()?.unwrap_or_default(),
        gas_limit: optional("gas").map(|value| number(value, "gas")).transpose()?,
        access_list: optional("accessList").map(access_list).transpose()?.unwrap_or_default(),
    })
}

fn access_list(value: &Value) -> Result<AccessList, RpcError> {
    let items = value.as_array().ok_or_else(|| RpcError::params("accessList: a list is expected"))?;
    let item = |item: &Value| {
        let keys = item.get("storageKeys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Ok(AccessListItem {
            address: address(at_name(item, "address"), "accessList address")?,
            storage_keys: keys.iter().map(|key| hash(key, "storage key")).collect::<Result<_, _>>()?,
        })
    };
    items.iter().map(item).collect::<Result<_, _>>().map(AccessList)
}

fn at_name<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}
