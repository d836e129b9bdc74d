//! Dead nodes: one is not missed, two are named.

use std::time::{Duration, Instant};

use crate::harness::{Folder, Network, SIGN, SLOW};

/// Enough work for about a second in a debug build's worker; the kill comes well within it.
const ROUNDS: &str = r#"{"rounds": 2000000}"#;

#[test]
fn execution_goes_on_without_a_killed_node_and_names_two() {
    let folder = Folder::new("faults");
    let network = Network::start(&folder, &["--no-restart"]);
    let key = network.key_for(&[SIGN, SLOW]);
    network.run(SIGN, &key, &[]).ok();

    // Node 1 coordinates; node 2 dies while the action runs.
    let before = started(&network);
    std::thread::scope(|scope| {
        let execution = scope.spawn(|| network.run(SLOW, &key, &["--node", "1", "--params", ROUNDS]));
        let begun = Instant::now();
        while started(&network) == before {
            assert!(begun.elapsed() < Duration::from_secs(10), "the action does not run");
        }
        network.kill("node-2");
        let ran = execution.join().unwrap().ok();
        assert_eq!(ran["verified_by"], serde_json::json!([1, 3]));
    });

    network.kill("node-3");
    let begun = Instant::now();
    let error = network.run(SIGN, &key, &["--node", "1"]).error();
    assert!(begun.elapsed() < Duration::from_secs(2), "told after {:?}", begun.elapsed());
    assert_eq!(error["code"], "no_quorum");
    assert_eq!(error["nodes"], serde_json::json!([2, 3]));
    network.stop();
}

#[test]
fn another_node_answers_for_a_killed_coordinator() {
    let folder = Folder::new("coordinator");
    let network = Network::start(&folder, &["--no-restart"]);
    let key = network.key_for(&[SLOW]);
    let before = started(&network);
    std::thread::scope(|scope| {
        let execution = scope.spawn(|| network.run(SLOW, &key, &["--node", "1", "--params", ROUNDS]));
        let begun = Instant::now();
        while started(&network) == before {
            assert!(begun.elapsed() < Duration::from_secs(10), "the action does not run");
        }
        network.kill("node-1");
        let ran = execution.join().unwrap().ok();
        assert_eq!(ran["verified_by"], serde_json::json!([2, 3]));
        assert_ne!(ran["node"], 1);
    });
    network.stop();
}

/// Nodes that are told to lie need a build with the feature.
#[cfg(feature = "faults")]
#[test]
fn odd_node_is_named_and_three_opinions_diverge() {
    let folder = Folder::new("odd");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.stop();

    // Node 3 sees another digest: the two others sign, and its own vote shows it.
    folder.lie(3, "alter_digest = 0");
    let network = Network::start(&folder, &[]);
    let reply = network.file("reply.json");
    let ran = network.run(SIGN, &key, &["--node", "1", "--out", &reply]).ok();
    assert_eq!(ran["verified_by"], serde_json::json!([1, 2]));
    // Its vote may come after the answer; the coordinator's metrics have it in any case.
    let odd = ran["reply"]["receipt"]["odd"].as_array().cloned().unwrap_or_default();
    assert!(odd.iter().all(|odd| odd["node"] == 3 && odd["field"] == "digest"));
    network.quorate(&["verify", &reply]).ok();
    let begun = Instant::now();
    while network
        .metric(0, "quorate_odd_nodes_total{node=\"3\",field=\"digest\"}")
        .is_none_or(|count| count == 0)
    {
        assert!(begun.elapsed() < Duration::from_secs(5), "the odd node is not counted");
    }
    network.stop();

    // Node 2 sees a third one: no two agree.
    folder.lie(2, "alter_digest = 1");
    let network = Network::start(&folder, &[]);
    let begun = Instant::now();
    let error = network.run(SIGN, &key, &[]).error();
    assert!(begun.elapsed() < Duration::from_secs(2), "told after {:?}", begun.elapsed());
    assert_eq!(error["code"], "intents_diverged");
    let intents: std::collections::BTreeSet<&str> = error["odd"]
        .as_array()
        .unwrap_or_else(|| panic!("{error:#}"))
        .iter()
        .filter_map(|odd| odd["intent"].as_str())
        .collect();
    assert_eq!(intents.len(), 3, "{error}");
    network.stop();
}

/// Whatever a coordinator says, what comes out is what the caller asked for, or nothing.
#[cfg(feature = "faults")]
#[test]
fn lying_coordinator_gets_nothing_that_was_not_asked_for() {
    let folder = Folder::new("lying");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.stop();
    for lie in ["request_bytes", "code", "intent", "drop_signer", "foreign_signer", "fresh", "attempt"] {
        folder.lie(1, &format!("coordinator = \"{lie}\""));
        let network = Network::start(&folder, &[]);
        // The client believes nothing that t statements and the key itself do not prove.
        let answer = network.run(SIGN, &key, &["--node", "1"]);
        let digest = answer.value["reply"]["signatures"]["signature"]["digest"].as_str();
        assert_eq!(answer.succeeded, digest.is_some(), "{lie}: {}", answer.value);
        assert!(digest.is_none_or(|digest| digest == crate::harness::DIGEST), "{lie}: {digest:?}");
        // Whoever asks an honest node gets what was asked for.
        let honest = network.run(SIGN, &key, &["--node", "2"]).ok();
        assert_eq!(honest["reply"]["signatures"]["signature"]["digest"], crate::harness::DIGEST, "{lie}");
        network.stop();
    }
}

#[test]
fn killed_nodes_rejoin_by_themselves_and_sign() {
    let folder = Folder::new("rejoining");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.kill("node-1");
    network.kill("node-3");
    let begun = Instant::now();
    // Refused until they are back; each answer comes within its own time.
    while !network.run(SIGN, &key, &["--node", "2"]).succeeded {
        assert!(begun.elapsed() < Duration::from_secs(20), "the network did not come back");
    }
    network.stop();
}

/// How many runs node 2 has begun.
fn started(network: &Network) -> u64 {
    network.metric(1, "quorate_executions_started_total").expect("the node counts its runs")
}
