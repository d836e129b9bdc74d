//! Which methods there are, how many parameters they take, and why others are not there.

use serde_json::Value;

use super::RpcError;

/// How much of an unknown method's name its refusal repeats.
pub(super) const NAME_CHARS_MAX: usize = 64;

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
    ("eth_getProof", 3),
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
    ("quorate_faucet", 1),
    ("quorate_genesis", 0),
    ("quorate_head", 0),
    ("quorate_snapshot", 3),
    ("quorate_waitHead", 2),
    ("txpool_status", 0),
    ("web3_clientVersion", 0),
    ("web3_sha3", 1),
];

/// Whether a method is answered from memory.
pub(super) fn is_at_hand(method: &str) -> bool {
    matches!(
        method,
        "eth_accounts"
            | "eth_blobBaseFee"
            | "eth_blockNumber"
            | "eth_chainId"
            | "eth_gasPrice"
            | "eth_maxPriorityFeePerGas"
            | "eth_syncing"
            | "eth_uninstallFilter"
            | "net_listening"
            | "net_peerCount"
            | "net_version"
            | "quorate_genesis"
            | "quorate_head"
            | "txpool_status"
            | "web3_clientVersion"
            | "web3_sha3"
    )
}

/// Checks that there is such a method, and that its parameters are a list that is not too long.
pub(super) fn check(method: &str, params: &Value) -> Result<(), RpcError> {
    let Some((_, most)) = METHODS.iter().find(|(name, _)| *name == method) else {
        return Err(RpcError { code: -32601, message: absent(method), data: None });
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

/// The refusal of a method that is not there, in the words by which ethers knows one, and with the reason where libraries
/// know the method.
fn absent(method: &str) -> String {
    let reason = match method {
        "eth_sendTransaction"
        | "eth_sign"
        | "eth_signTransaction"
        | "eth_signTypedData_v4"
        | "personal_sign" => {
            ": this chain holds no keys: sign in the wallet, and send by eth_sendRawTransaction"
        }
        "eth_subscribe" | "eth_unsubscribe" => {
            ": subscriptions are for WebSockets, each in a message of its own; by HTTP, use eth_newFilter"
        }
        "eth_simulateV1" => ": simulations are not available, use eth_call, with overrides if need be",
        _ => "",
    };
    // A name is the caller's own text: of a long one the beginning is enough.
    let name: String = method.chars().take(NAME_CHARS_MAX).collect();
    format!("the method {name} does not exist/is not available{reason}")
}
