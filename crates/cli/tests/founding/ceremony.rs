//! The way from nothing to a signature, and the ways on from an interruption.

use std::fs;
use std::time::{Duration, Instant};

use crate::{
    kills,
    operators::{Ceremony, Process},
};

#[test]
fn four_operators_found_a_network_and_it_signs() {
    let ceremony = Ceremony::new("four", 4);
    ceremony.found();
    let nodes: Vec<Process> = ceremony.operators.iter().map(|operator| operator.start()).collect();
    let begun = Instant::now();
    ceremony.ready(Duration::from_secs(60));
    println!("ready {} ms after the last start", begun.elapsed().as_millis());
    ceremony.signs();
    drop(nodes);
}

#[test]
fn every_command_of_a_founding_is_safe_to_repeat() {
    let ceremony = Ceremony::new("repeated", 3);
    let first = &ceremony.operators[0];
    let card = fs::read(first.file("card.json")).unwrap();
    first.init(&ceremony.rpc);
    assert_eq!(fs::read(first.file("card.json")).unwrap(), card, "the same card");

    let hash = ceremony.propose(&[]);
    assert_eq!(ceremony.propose(&[]), hash);
    ceremony.approve(&hash);
    ceremony.approve(&hash);

    // Without all approvals nothing is deployed, and whom it waits for is said.
    let waiting = ceremony.assemble(&[0, 2]);
    assert_eq!(waiting.status, 1);
    assert_eq!((&waiting.value["done"], &waiting.value["missing"]), (&false.into(), &serde_json::json!([2])));
    assert!(!first.home.join("network.json").exists());

    ceremony.assemble(&[2, 1, 0, 1]).ok();
    let network = fs::read(first.home.join("network.json")).unwrap();
    // A second time everything stands already; a file that was lost is written again.
    fs::remove_file(first.home.join("network.json")).unwrap();
    ceremony.assemble(&[0, 1, 2]).ok();
    assert_eq!(fs::read(first.home.join("network.json")).unwrap(), network);
}

#[test]
fn a_founding_goes_on_after_every_node_was_killed_in_the_middle() {
    let ceremony = Ceremony::new("killed", 3);
    ceremony.found();
    // One is early and alone, and says whom it waits for.
    let alone = ceremony.operators[2].start();
    std::thread::sleep(Duration::from_secs(3));
    let status = ceremony.status();
    let third = &status["nodes"][2];
    assert!(third["answers"] == true && third["ready"] == false, "{status}");
    assert!(third["waiting_for"].is_string() && status["nodes"][0]["answers"] == false, "{status}");
    let mut nodes = vec![alone];
    for round in 0..6 {
        let others = if nodes.len() == 1 { &ceremony.operators[..2] } else { &ceremony.operators[..] };
        nodes.extend(others.iter().map(|operator| operator.start()));
        std::thread::sleep(Duration::from_millis(150 + 150 * round));
        nodes.drain(..).for_each(Process::kill);
    }
    let _nodes: Vec<Process> = ceremony.operators.iter().map(|operator| operator.start()).collect();
    ceremony.ready(Duration::from_secs(60));
    kills::same_six_keys(&ceremony);
    ceremony.signs();
}
