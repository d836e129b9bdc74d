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

/// Draws, then signs.
#[cfg(feature = "faults")]
const DRAW_AND_SIGN: &str = r#"async function main({ publicKey, toSign }) {
  const drawn = crypto.randomUUID();
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "signature" });
  Lit.Actions.setResponse({ response: drawn });
}"#;
/// What a node counts that was given a wrong partial by node 3.
#[cfg(feature = "faults")]
const WRONG_OF_3: &str = "quorate_peer_faults_total{node=\"3\",check=\"partial\"}";

/// Nodes that are told to lie need a build with the feature.
#[cfg(feature = "faults")]
#[test]
fn a_wrong_partial_is_named_and_delays_nobody() {
    use crate::harness::Signal;

    let folder = Folder::new("draw-wrong");
    let network = Network::start(&folder, &[]);
    network.stop();
    folder.lie(3, "member = \"wrong_partial\"");
    let network = Network::start(&folder, &[]);
    // Its first partial is right, and is what it sends from then on.
    drawn(&network, &["--node", "1"]);
    let timed = |draw: &dyn Fn() -> Value| {
        let begun = Instant::now();
        let ran = draw();
        assert!(begun.elapsed() < Duration::from_secs(3), "drawn after {:?}", begun.elapsed());
        (ran, begun.elapsed())
    };
    let took: Vec<Duration> = (0..5).map(|_| timed(&|| drawn(&network, &["--node", "1"])).1).collect();

    // While node 2 is stopped, the wrong partial is the only one that node 1 has beside its own. The value that it then
    // gets from node 3 proves itself.
    let before = network.metric(0, WRONG_OF_3).unwrap_or(0);
    network.signal("node-2", Signal::STOP);
    let reply = network.file("reply.json");
    let (ran, alone) = timed(&|| drawn(&network, &["--node", "1", "--out", &reply]));
    network.signal("node-2", Signal::CONT);
    println!("drawn after {took:?}, without node 2 after {alone:?}, each by a process of its own");
    let faults = &ran["reply"]["receipt"]["faults"];
    assert_eq!((&faults[0]["node"], faults.as_array().unwrap().len()), (&json!(1), 1), "{faults}");
    assert_eq!(faults[0]["body"]["wrong_partials"], json!([{ "operation": 0, "node": 3 }]));
    assert!(network.metric(0, WRONG_OF_3).unwrap_or(0) > before, "node 1 does not count it");
    let verified = network.quorate(&["verify", &reply]).ok();
    assert_eq!(verified["faults"], json!([{ "node": 3, "operation": 0, "check": "partial", "by": 1 }]));
    // It is node 1's word, and nobody else's.
    let text = std::fs::read_to_string(&reply).unwrap();
    let mut forged: Value = serde_json::from_str(&text).unwrap();
    forged["reply"]["receipt"]["faults"][0]["node"] = json!(2);
    std::fs::write(&reply, forged.to_string()).unwrap();
    let refused = network.quorate(&["verify", &reply]).error();
    assert!(
        refused["detail"].as_str().unwrap().contains("said to have signed is not signed by it"),
        "{refused}"
    );
    network.stop();
}

/// All three must act here: where two may, two liars of three could do without the honest one.
#[cfg(feature = "faults")]
#[test]
fn two_wrong_partials_of_three_end_a_draw_at_once_and_nothing_is_signed() {
    let folder = Folder::new("draw-two-wrong");
    let network = Network::start(&folder, &["--nodes", "3", "--threshold", "3"]);
    let key = network.key_for(&[DRAW_AND_SIGN]);
    network.stop();
    for liar in [2, 3] {
        folder.lie(liar, "member = \"wrong_partial\"");
    }
    let network = Network::start(&folder, &[]);
    let signed = || (0..3).map(|place| signatures(&network, place)).collect::<Vec<_>>();
    network.run(DRAW_AND_SIGN, &key, &["--node", "1"]).ok();
    let before = signed();
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    let begun = Instant::now();
    let error = network.run(DRAW_AND_SIGN, &key, &["--node", "1"]).error();
    println!("told after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(5), "told after {:?}", begun.elapsed());
    assert_eq!(error["code"], "draw_failed", "{error}");
    let reply = &error["execution"];
    assert_eq!(reply["signatures"], json!({}));
    let statement = &reply["receipt"]["statements"][0]["body"];
    assert_eq!((&statement["intents"], &statement["draws"]), (&json!([]), &json!([])));
    let said = |by: u64| {
        let faults = reply["receipt"]["faults"].as_array().unwrap().iter();
        let wrong = faults.filter(|notice| notice["node"] == by).flat_map(|notice| {
            notice["body"]["wrong_partials"]
                .as_array()
                .unwrap()
                .iter()
                .map(|wrong| wrong["node"].as_u64().unwrap())
        });
        wrong.collect::<Vec<_>>()
    };
    assert_eq!((said(1), said(2), said(3)), (vec![2, 3], vec![3], vec![2]), "{error}");
    assert_eq!(signed(), before);
    network.stop();
}

/// How many signatures a node has taken part in.
#[cfg(feature = "faults")]
fn signatures(network: &Network, place: usize) -> u64 {
    let (_, metrics) = crate::harness::http(&network.http(place), "GET /metrics", b"");
    let lines = metrics.lines().filter(|line| line.starts_with("quorate_signatures_total{"));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}
