//! Dead nodes: one is not missed, two are named.

use std::time::{Duration, Instant};

use crate::harness::{Folder, Network, SIGN, SLOW, http};

/// Enough work for about a second in a debug build's worker; the kill comes well within it.
const ROUNDS: &str = r#"{"rounds": 2000000}"#;

#[test]
fn execution_goes_on_without_a_killed_node_and_names_two() {
    let folder = Folder::new("faults");
    let network = Network::start(&folder, &["--no-restart"]);
    let key = network.key_for(&[SIGN, SLOW]);
    network.run(SIGN, &key, &[]).ok();

    // Node 1 coordinates; node 2 dies while the action runs.
    let before = started(&network.http(1));
    std::thread::scope(|scope| {
        let execution = scope.spawn(|| network.run(SLOW, &key, &["--node", "1", "--params", ROUNDS]));
        let begun = Instant::now();
        while started(&network.http(1)) == before {
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

/// How many runs a node has begun.
fn started(address: &str) -> u64 {
    let (_, metrics) = http(address, "GET /metrics", b"");
    let line = metrics.lines().find_map(|line| line.strip_prefix("quorate_executions_started_total "));
    line.expect("the node counts its runs").parse().expect("a count")
}
