//! Generated programs, calls of the helpers with arguments of every type: what they come to in a simulation they come to
//! on nodes.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Folder, Network, program};

const PROGRAMS: &str = include_str!("../../../actions/tests/generated/programs.js");
/// So many run in one action: no limit of an execution is reached.
const TOGETHER: u32 = 8;
/// A simulation asks its fixtures for these.
const OF_FIXTURES: [&str; 6] = ["call", "callContract", "getRpcUrl", "getLatestNonce", "fetch", "fetch init"];
/// A simulation has keys and a time of its own, and it is the node that runs a function for all.
const ITS_OWN: [&str; 7] = [
    "signAsAction",
    "getActionPublicKey",
    "claimKey",
    "jwt.sign",
    "jwt.sign options",
    "jwt.sign claims",
    "runOnce",
];

#[test]
fn generated_programs_come_to_the_same_in_a_simulation_and_on_nodes() {
    compare(200);
}

#[test]
#[ignore = "takes a minute; `cargo xtask ci --full` runs it"]
fn all_generated_programs_come_to_the_same_in_a_simulation_and_on_nodes() {
    compare(2000);
}

fn compare(count: u32) {
    let folder = Folder::new("generated");
    let network = Network::start(&folder, &[]);
    let action = network.action(PROGRAMS);
    let file = network.file("fixtures.json");
    fs::write(&file, json!({ "nodes": { "count": 3 } }).to_string()).unwrap();
    let (mut compared, mut different) = (0, Vec::new());
    for first in (0..count).step_by(TOGETHER as usize) {
        let params = json!({ "first": first, "count": TOGETHER }).to_string();
        let ran = network.quorate(&["action", "run", &action, "--params", &params]).ok();
        let output = program()
            .args(["--json", "action", "simulate", &action, "--params", &params, "--fixtures", &file])
            .output()
            .unwrap();
        let simulated: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let (nodes, simulated) = (lines(&ran["reply"]["logs"]), lines(&simulated["log"]));
        assert_eq!((nodes.len(), simulated.len()), (TOGETHER as usize, TOGETHER as usize), "from {first} on");
        for (node, simulated) in nodes.iter().zip(&simulated) {
            compared += 1;
            if shown(node) != shown(simulated) {
                different.push(format!("nodes      {node}\nsimulation {simulated}"));
            }
        }
    }
    network.stop();
    assert!(compared >= count);
    assert!(different.is_empty(), "{} of {compared} differ:\n{}", different.len(), different.join("\n"));
}

/// The programs' own lines of a log.
fn lines(log: &Value) -> Vec<Value> {
    let own = log.as_str().unwrap_or_default().lines().filter(|line| line.starts_with("{\"program\""));
    own.map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// What has to be equal. Of a refusal by a node that is its code: the words are the node's.
fn shown(line: &Value) -> Value {
    let helper = line["helper"].as_str().unwrap_or_default().trim_end_matches(" params");
    let error = &line["error"];
    let from_host = error["code"].is_string()
        && matches!(error["name"].as_str(), Some("Error" | "TypeError"))
        && !error["code"].as_str().unwrap_or_default().starts_with("ERR_");
    if OF_FIXTURES.contains(&helper) && (from_host || error.is_null()) {
        return json!("what it is told");
    }
    if from_host {
        return json!({ "code": error["code"] });
    }
    if ITS_OWN.contains(&helper) && error.is_null() {
        return json!("a value");
    }
    json!([line["helper"], line["value"], error])
}
