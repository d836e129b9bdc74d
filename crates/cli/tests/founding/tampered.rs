//! The one who assembles changes one thing: every other node refuses the file, and names what differs.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::operators::{Ceremony, Process};

type Change = fn(&mut Value);

/// What is changed, the change, and what the refusal names.
const CHANGES: [(&str, Change, &str); 24] = [
    ("a name", |file| file["name"] = json!("other"), "name"),
    ("the threshold", |file| file["threshold"] = json!(2), "threshold"),
    ("a transport key", |file| file["nodes"][1]["transport_key"] = json!("ab".repeat(32)), "transport_key"),
    (
        "a statement key",
        |file| file["nodes"][2]["statement_key"] = file["chain"]["head_key"].clone(),
        "node 3",
    ),
    (
        "an account",
        |file| file["nodes"][1]["chain_address"] = json!(format!("0x{}", "ab".repeat(20))),
        "chain_address",
    ),
    ("the order of nodes", |file| file["nodes"].as_array_mut().unwrap().swap(1, 2), "node 2"),
    ("an address", |file| file["endpoints"][1]["http"] = json!("http://192.0.2.1"), "node 2"),
    ("addresses of two nodes", |file| file["endpoints"].as_array_mut().unwrap().swap(0, 1), "node 1"),
    ("the chain's id", |file| file["chain"]["id"] = json!(31337), "chain.id"),
    ("block 0", |file| file["chain"]["genesis"] = json!(format!("0x{}", "ab".repeat(32))), "chain.genesis"),
    (
        "the key of heads",
        |file| file["chain"]["head_key"] = file["nodes"][0]["statement_key"].clone(),
        "chain.head_key",
    ),
    ("a limit", |file| file["limits"]["fetches"] = json!(49), "limits.fetches"),
    ("a host", |file| file["allow_hosts"] = json!(["evil.example"]), "allow_hosts"),
    ("the admission", |file| file["admission"] = json!("granted"), "admission"),
    ("wildcards", |file| file["wildcard_sessions"] = json!(true), "wildcard_sessions"),
    (
        "the guest",
        |file| file["founding"]["guest"] = json!(format!("0x{}", "ab".repeat(32))),
        "founding.guest",
    ),
    (
        "who deploys",
        |file| file["founding"]["deployer"] = file["nodes"][0]["chain_address"].clone(),
        "founding.deployer",
    ),
    (
        "the code of a contract",
        |file| {
            let hash = json!(format!("0x{}", "ab".repeat(32)));
            file["contracts"]["pkp_permissions"]["code_hash"] = hash.clone();
            file["founding"]["contracts"][2]["code_hash"] = hash;
        },
        "contracts",
    ),
    (
        "an argument of a constructor",
        |file| file["founding"]["contracts"][0]["creation"] = json!(format!("0x{}", "ab".repeat(32))),
        "founding.contracts.1.creation",
    ),
    (
        "the place of a contract",
        |file| {
            file["contracts"]["directory"]["address"] = json!(format!("0x{}", "ab".repeat(20)));
            file["founding"]["contracts"][4]["address"] = json!(format!("0x{}", "ab".repeat(20)));
        },
        "contracts.directory.address",
    ),
    (
        "a first value",
        |file| file["founding"]["values"][0]["value"] = json!("[\"evil.example\"]"),
        "founding.values",
    ),
    ("an operator", |file| file["founding"]["operators"][1] = json!("Someone"), "founding.operators"),
    (
        "an approval that is left out",
        |file| drop(file["approvals"].as_array_mut().unwrap().remove(1)),
        "node 2",
    ),
    ("an approval that is there twice", |file| file["approvals"][1] = file["approvals"][0].clone(), "node 2"),
];

#[test]
fn a_node_refuses_a_file_in_which_anything_was_changed_and_names_it() {
    let ceremony = Ceremony::new("tampered", 4);
    ceremony.found();
    let victim = &ceremony.operators[3];
    let whole: Value = serde_json::from_slice(&fs::read(victim.file("network.json")).unwrap()).unwrap();
    for (what, change, named) in CHANGES {
        let mut file = whole.clone();
        change(&mut file);
        assert_ne!(file, whole, "{what} is no change");
        let said = refusal(&ceremony, &file);
        assert!(said.contains(named), "{what}: {said}");
    }
    // Whoever assembles may have a second network approved, and mixes the approvals.
    let first = fs::read(ceremony.operators[1].file("approval.json")).unwrap();
    fs::remove_file(ceremony.operators[0].home.join("proposal.json")).unwrap();
    let other = ceremony.propose(&["--admission", "granted"]);
    let proposal = ceremony.path("proposal.json").display().to_string();
    ceremony.operators[1].quorate(&["network", "approve", &proposal, "--hash", &other, "--replace"]).ok();
    let approval: Value =
        serde_json::from_slice(&fs::read(ceremony.operators[1].file("approval.json")).unwrap()).unwrap();
    let mut mixed = whole.clone();
    mixed["approvals"][1] = approval;
    let said = refusal(&ceremony, &mixed);
    assert!(said.contains("node 2") && said.contains("another proposal"), "{said}");
    fs::write(ceremony.operators[1].file("approval.json"), first).unwrap();
}

/// What a node says to a network file before it ends.
fn refusal(ceremony: &Ceremony, file: &Value) -> String {
    let victim = &ceremony.operators[3];
    fs::write(victim.file("network.json"), serde_json::to_vec(file).unwrap()).unwrap();
    let _ = fs::remove_file(victim.home.join("node.log"));
    let mut node: Process = victim.start();
    let status = node.ended(Duration::from_secs(20));
    let said = node.logged();
    assert_eq!(status, Some(1), "the node started: {said}");
    assert!(!victim.file("data/store.redb").exists() || fs::metadata(victim.file("data/store.redb")).is_ok());
    said
}
