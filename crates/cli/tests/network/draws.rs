//! Random values that all nodes draw, and the root keys that prove them, on real processes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Folder, Network};

/// Draws a number below ten, and says so.
const DRAW: &str =
    r#"Lit.Actions.setResponse({ response: String(crypto.getRandomValues(new Uint32Array(1))[0] % 10) });"#;
/// Draws once it has computed for about a second in a debug build's worker.
const LATE: &str = r#"async function main({ rounds }) {
  let x = 1;
  for (let i = 0; i < rounds; i++) x = (x * 48271) % 2147483647;
  Lit.Actions.setResponse({ response: crypto.randomUUID() });
}"#;
const ROUNDS: &str = r#"{"rounds": 2000000}"#;
/// Draws whose numbers are counted. The bound on chi-square, of nine degrees of freedom, is exceeded by chance once in a
/// million runs.
const DRAWS: usize = 200;
const CHI_SQUARE_MAX: f64 = 45.1;

fn drawn(network: &Network, more: &[&str]) -> Value {
    let file = network.action(DRAW);
    network.quorate(&[&["action", "run", &file], more].concat()).ok()
}

#[test]
fn draws_are_even_and_receipts_say_that_there_was_one_without_its_value() {
    let folder = Folder::new("draws");
    let network = Network::start(&folder, &[]);
    let keys = network.quorate(&["network", "keys"]).ok();
    assert_eq!(keys["certified_by"], json!([1, 2, 3]));
    assert_eq!(keys["keys"].as_object().unwrap().len(), 6);
    // What was kept is compared: another key of anybody's making is refused from now on.
    let kept = keys["kept"].as_str().unwrap();
    let text = std::fs::read_to_string(kept).unwrap();
    let random = keys["keys"]["random"].as_str().unwrap();
    std::fs::write(kept, text.replacen(random, keys["keys"]["session"].as_str().unwrap(), 1)).unwrap();
    let refused = network.quorate(&["network", "keys"]).error();
    assert!(refused["detail"].as_str().unwrap().contains("another key for random"), "{refused}");
    std::fs::write(kept, text).unwrap();
    network.quorate(&["network", "keys"]).ok();

    let reply = network.file("reply.json");
    let first = drawn(&network, &["--out", &reply]);
    let receipt = first["reply"]["receipt"].to_string();
    assert_eq!(first["reply"]["receipt"]["statements"][0]["body"]["draws"], json!([0]));
    assert!(!receipt.contains("partial"), "{receipt}");
    network.quorate(&["verify", &reply]).ok();

    let mut counts = [0usize; 10];
    for _ in 0..DRAWS {
        let number = drawn(&network, &[])["reply"]["response"].as_str().unwrap().parse::<usize>().unwrap();
        counts[number] += 1;
    }
    let expected = DRAWS as f64 / 10.0;
    let chi_square: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    assert!(chi_square < CHI_SQUARE_MAX, "{counts:?}: {chi_square}");
    network.stop();
}

#[test]
fn a_draw_goes_on_without_a_killed_node_and_not_with_one_alone() {
    let folder = Folder::new("draw-killed");
    let network = Network::start(&folder, &["--no-restart"]);
    drawn(&network, &[]);
    let file = network.action(LATE);
    let late = |node: &str| network.quorate(&["action", "run", &file, "--node", node, "--params", ROUNDS]);
    std::thread::scope(|scope| {
        let execution = scope.spawn(|| late("1"));
        std::thread::sleep(Duration::from_millis(300));
        network.kill("node-2");
        let ran = execution.join().unwrap().ok();
        assert_eq!(ran["verified_by"], json!([1, 3]));
    });
    network.kill("node-3");
    let begun = Instant::now();
    let error = late("1").error();
    assert_eq!(error["code"], "no_quorum");
    assert!(begun.elapsed() < Duration::from_secs(5), "told after {:?}", begun.elapsed());
    network.stop();
}

/// Nodes that are told to lie need a build with the feature.
#[cfg(feature = "faults")]
#[test]
fn a_wrong_partial_is_named_and_delays_nobody() {
    let folder = Folder::new("draw-wrong");
    let network = Network::start(&folder, &[]);
    drawn(&network, &[]);
    network.stop();
    folder.lie(3, "member = \"wrong_partial\"");
    let network = Network::start(&folder, &[]);
    for _ in 0..5 {
        let begun = Instant::now();
        drawn(&network, &["--node", "1"]);
        assert!(begun.elapsed() < Duration::from_secs(3), "drawn after {:?}", begun.elapsed());
    }
    let named = |place| {
        let metrics = crate::harness::http(&network.http(place), "GET /metrics", b"").1;
        metrics.lines().any(|line| line.starts_with("quorate_peer_faults_total") && line.contains("partial"))
    };
    let begun = Instant::now();
    while !(named(0) || named(1)) {
        assert!(begun.elapsed() < Duration::from_secs(5), "the wrong partials are not counted");
    }
    network.stop();
}
