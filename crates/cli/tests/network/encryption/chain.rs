//! Policies that read the chain, on nodes that follow a real one: what opens follows what is on it.

use std::fs;
use std::time::Duration;

use k256::ecdsa::SigningKey;
use quorate_registry::alloy_primitives::{Address, Bytes, U256};
use quorate_registry::chain::{TxRequest, address_of, sign_1559};
use serde_json::{Value, json};

use super::{Files, ONE, all_refuse, eventually, head};
use crate::harness::{Folder, Network, http};

/// A network's chain, for transactions that the command line does not make.
pub(super) struct Chain<'a> {
    pub(super) network: &'a Network,
    address: String,
}

/// What a transaction came to.
pub(super) struct Sent {
    pub(super) block: u64,
    pub(super) created: Option<Address>,
}

impl<'a> Chain<'a> {
    pub(super) fn of(network: &'a Network) -> Self {
        let address = network.ready["chain"]["rpc"].as_str().unwrap().trim_start_matches("http://");
        Chain { network, address: address.trim_end_matches('/').to_owned() }
    }

    pub(super) fn ask(&self, method: &str, params: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let (status, answer) = http(&self.address, "POST /", body.as_bytes());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, &answer["error"]), (200, &Value::Null), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Sends a transaction, and waits until all nodes have its block.
    pub(super) fn send(&self, key: &SigningKey, to: Option<Address>, value: u128, data: &[u8]) -> Sent {
        let from = address_of(key.verifying_key());
        let request = TxRequest {
            chain_id: self.network.ready["chain"]["id"].as_u64().unwrap(),
            nonce: number(&self.ask("eth_getTransactionCount", &json!([from, "pending"]))),
            gas_limit: 1_000_000,
            max_fee_per_gas: 100_000_000_000,
            max_priority_fee_per_gas: 0,
            to,
            value: U256::from(value),
            data: Bytes::copy_from_slice(data),
        };
        let (_, raw) = sign_1559(key, request);
        let hash = self.ask("eth_sendRawTransaction", &json!([raw]));
        let mut receipt = Value::Null;
        let mined = || {
            receipt = self.ask("eth_getTransactionReceipt", &json!([hash]));
            !receipt.is_null()
        };
        eventually(mined, "a transaction is in a block");
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        let block = number(&receipt["blockNumber"]);
        self.all_have(block);
        let created = receipt["contractAddress"].as_str().map(|address| address.parse().unwrap());
        Sent { block, created }
    }

    /// Waits until all nodes have a block.
    pub(super) fn all_have(&self, block: u64) {
        eventually(|| (0..3).all(|place| head(self.network, place) >= block), "nodes follow the chain");
    }
}

/// A quantity of the chain's.
pub(super) fn number(quantity: &Value) -> u64 {
    u64::from_str_radix(quantity.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// The private key of this small number.
pub(super) fn account(number: u8) -> SigningKey {
    let mut bytes = [0; 32];
    bytes[31] = number;
    SigningKey::from_slice(&bytes).unwrap()
}

/// The network's own wallet, which has what the chain began with.
pub(super) fn wallet(network: &Network) -> SigningKey {
    let file = network.ready["wallet"]["key_file"].as_str().unwrap();
    let text = fs::read_to_string(file).unwrap();
    SigningKey::from_slice(&hex::decode(text.trim().trim_start_matches("0x")).unwrap()).unwrap()
}

/// A condition on what a function of a contract returns.
pub(super) fn condition(
    contract: &str,
    (name, inputs): (&str, &[(&str, &str)]),
    (output, comparator, value): (&str, &str, &str),
) -> Value {
    let kinds: Vec<Value> = inputs.iter().map(|(kind, _)| json!({ "name": "", "type": kind })).collect();
    let given: Vec<&str> = inputs.iter().map(|(_, given)| *given).collect();
    json!({
        "conditionType": "evmContract", "contractAddress": contract, "chain": "quorate",
        "functionName": name, "functionParams": given,
        "functionAbi": { "name": name, "type": "function", "stateMutability": "view", "inputs": kinds,
            "outputs": [{ "name": "", "type": output }] },
        "returnValueTest": { "key": "", "comparator": comparator, "value": value },
    })
}

/// A condition of the simpler kind.
pub(super) fn basic(
    (contract, standard, method): (&str, &str, &str),
    parameters: &[&str],
    (comparator, value): (&str, &str),
) -> Value {
    json!({
        "conditionType": "evmBasic", "contractAddress": contract, "standardContractType": standard,
        "chain": "quorate", "method": method, "parameters": parameters,
        "returnValueTest": { "comparator": comparator, "value": value },
    })
}

impl Files<'_> {
    /// Encrypts the secret under a policy.
    pub(super) fn under(&self, name: &str, policy: &Value) -> String {
        let path = self.network.file(&format!("{name}.policy.json"));
        fs::write(&path, policy.to_string()).unwrap();
        self.encrypt(name, &["--policy", &path])
    }

    /// What all nodes say, once they have time for another reading of contracts, which costs more than other requests.
    pub(super) fn said(&self, file: &str, key: &str) -> Value {
        let mut said = Value::Null;
        let answered = || {
            said = self.explain(file, &["--key", key]);
            let busy = said["nodes"].as_array().unwrap().iter().any(|node| node["code"] == "rate_limited");
            std::thread::sleep(if busy { Duration::from_millis(200) } else { Duration::ZERO });
            !busy
        };
        eventually(answered, "nodes have time");
        said
    }
}

#[test]
fn what_opens_follows_balances_and_contracts_on_the_chain() {
    let folder = Folder::new("encrypt-chain");
    let network = Network::start(&folder, &[]);
    let (files, chain) = (Files { network: &network }, Chain::of(&network));
    let one = files.key(1);
    let denied = |file: &str, what: &str| {
        let said = files.said(file, &one);
        assert!(all_refuse(&said, "policy_denied"), "{what}: {said:#}");
    };
    let opens = |file: &str, what: &str| eventually(|| files.decrypt(file, &["--key", &one]).succeeded, what);

    // The balance of who asks: more than one ether.
    let ether = 10u128.pow(18);
    let rich = basic(("", "", "eth_getBalance"), &[":userAddress", "latest"], (">", &ether.to_string()));
    let rich = files.under("rich.quorate", &json!([rich]));
    denied(&rich, "an account without anything");
    chain.send(&wallet(&network), Some(ONE.parse().unwrap()), ether, &[]);
    denied(&rich, "exactly one ether");
    chain.send(&wallet(&network), Some(ONE.parse().unwrap()), 1, &[]);
    opens(&rich, "a wei more");
    chain.send(&account(1), Some(address_of(wallet(&network).verifying_key())), 1, &[]);
    denied(&rich, "the wei is sent back");

    // What contracts of the registry say: tokens of the caller, and a grant of one key.
    let contract = |name: &str| network.ready["contracts"][name].as_str().unwrap().to_owned();
    let holder = basic((&contract("PKPNFT"), "ERC721", "balanceOf"), &[":userAddress"], (">", "0"));
    let holder = files.under("holder.quorate", &json!([holder]));
    denied(&holder, "no token");
    let minted = network.quorate(&["pkp", "mint", "--key", &one]).ok();
    opens(&holder, "a token of its own");
    let key = minted["public_key"].as_str().unwrap();
    let burnt = network.quorate(&["pkp", "burn", key, "--key", &one]).ok();
    chain.all_have(burnt["block"].as_u64().unwrap());
    denied(&holder, "its token is burnt");

    let minted = network.quorate(&["pkp", "mint"]).ok();
    let (key, token) = (minted["public_key"].as_str().unwrap(), minted["token_id"].as_str().unwrap());
    let token = U256::from_str_radix(token.trim_start_matches("0x"), 16).unwrap().to_string();
    let inputs = [("uint256", token.as_str()), ("address", ":userAddress")];
    let granted = (contract("PKPPermissions"), ("isPermittedAddress", &inputs[..]));
    let granted = condition(&granted.0, granted.1, ("bool", "=", "true"));
    let granted = files.under("granted.quorate", &json!([granted]));
    denied(&granted, "before the grant");
    network.quorate(&["pkp", "grant", key, "--address", ONE, "--scope", "personal-sign"]).ok();
    opens(&granted, "the contract says yes");
    let revoked = network.quorate(&["pkp", "revoke", key, "--address", ONE]).ok();
    chain.all_have(revoked["block"].as_u64().unwrap());
    denied(&granted, "the contract says no again");
    network.stop();
}
