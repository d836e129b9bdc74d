//! Hashes of policies against those that the published packages computed (`examples/lit-conditions/vectors.mjs`).

use quorate_policy::{Policy, PolicyForm};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../docs/vectors/policies.json");

#[test]
fn every_hash_is_the_one_of_the_published_packages() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() >= 200, "{}", vectors.len());
    for vector in &vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let form = match text("form") {
            "unified" => PolicyForm::Unified,
            "evm_basic" => PolicyForm::EvmBasic,
            "evm_contract" => PolicyForm::EvmContract,
            "sol_rpc" => PolicyForm::SolRpc,
            other => panic!("{other}"),
        };
        let policy =
            Policy::parse(text("text"), form).unwrap_or_else(|error| panic!("{error}: {}", text("text")));
        assert_eq!(policy.hash().to_string(), format!("0x{}", text("sha256")), "{}", text("text"));
        // What is hashed is a policy as well, and its own canonical form; it has no types, and is the same policy.
        let again = Policy::parse(policy.canonical(), form).unwrap();
        assert_eq!((again.canonical(), again.words()), (policy.canonical(), policy.words()));
    }
}
