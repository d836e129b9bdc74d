//! Which methods there are, how many parameters they take, and why others are not there.

use serde_json::Value;

use super::RpcError;

/// The methods, each with the most parameters that it takes.
const METHODS: &[(&str, usize)] = &[
    ("eth_accounts", 0),
    ("eth_blobBaseFee", 0),
    ("eth_blockNumber", 0),
    ("eth_call", 4),
    ("eth_chainId", 0),
    ("eth_createAccessList", 4),
    ("eth_estimateGas", 4),
    ("eth_feeHistory", 3),
    ("eth_gasPrice", 0),
    ("eth_getBalance", 2),
    ("eth_getBlockByHash", 2),
    ("eth_getBlockByNumber", 2),
    ("eth_getBlockReceipts", 1),
    ("eth_getBlockTransactionCountByHash", 1),
    ("eth_getBlockTransactionCountByNumber", 1),
    ("eth_getCode", 2),
    ("eth_getFilterChanges", 1),
    ("eth_getFilterLogs", 1),
    ("eth_getLogs", 1),
    ("eth_getRawTransactionByHash", 1),
    ("eth_getStorageAt", 3),
    ("eth_getTransactionByBlockHashAndIndex", 2),
    ("eth_getTransactionByBlockNumberAndIndex", 2),
    ("eth_getTransactionByHash", 1),
    ("eth_getTransactionCount", 2),
    ("eth_getTransactionReceipt", 1),
    ("eth_getUncleByBlockHashAndIndex", 2),
    ("eth_getUncleByBlockNumberAndIndex", 2),
    ("eth_getUncleCountByBlockHash", 1),
    ("eth_getUncleCountByBlockNumber", 1),
    ("eth_maxPriorityFeePerGas", 0),
    ("eth_newBlockFilter", 0),
    ("eth_newFilter", 1),
    ("eth_newPendingTransactionFilter", 1),
    ("eth_sendRawTransaction", 1),
    ("eth_sendRawTransactionSync", 2),
    ("eth_syncing", 0),
    ("eth_uninstallFilter", 1),
    ("net_listening", 0),
    ("net_peerCount", 0),
    ("net_version", 0),
    ("quorate_blocks", 2),
    ("quorate_genesis", 0),
    ("quorate_head", 0),
    ("quorate_waitHead", 2),
    ("txpool_status", 0),
    ("web3_clientVersion", 0),
    ("web3_sha3", 1),
];

/// Checks that there is such a method, and that its parameters are a list that is not too long.
pub(super) fn check(method: &str, params: &Value) -> Result<(), RpcError> {
    let Some((_, most)) = METHODS.iter().find(|(name, _)| *name == method) else {
        return Err(RpcError { code: -32601, message: absent(method).to_owned(), data: None });
    };
    match params {
        Value::Null => Ok(()),
        Value::Array(list) if list.len() > *most => {
            Err(RpcError::params(format!("too many arguments, want at most {most}")))
        }
        Value::Array(_) => Ok(()),
        _ => Err(RpcError::params("non-array args")),
    }
}

/// What stands in place of a method that libraries know.
fn absent(method: &str) -> &'static str {
    match method {
        "eth_getProof" => "this chain's state root is no trie root: there are no proofs of accounts",
        "eth_sendTransaction"
        | "eth_sign"
        | "eth_signTransaction"
        | "eth_signTypedData_v4"
        | "personal_sign" => {
            "this chain holds no keys: sign in the wallet, and send by eth_sendRawTransaction"
        }
        "eth_subscribe" | "eth_unsubscribe" => {
            "this chain speaks HTTP only: poll, or use eth_newFilter and eth_getFilterChanges"
        }
        "eth_simulateV1" => "simulations are not available: use eth_call, with overrides if need be",
        _ => "the method does not exist or is not available",
    }
}
