//! The way from nothing to a signature, and the ways on from an interruption.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    kills,
    operators::{Ceremony, Process, an_hour_ahead, until},
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

/// What the table of `network status` says of a node.
fn row(status: &Value, node: usize) -> &Value {
    &status["nodes"][node - 1]
}

#[test]
#[ignore = "takes ten minutes: cargo xtask ci --full"]
fn a_founding_waits_ten_minutes_for_a_member_and_says_for_whom() {
    let ceremony = Ceremony::new("late", 3);
    ceremony.found();
    let mut nodes: Vec<Process> = ceremony.operators[..2].iter().map(|operator| operator.start()).collect();
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(10));
    while begun.elapsed() < Duration::from_secs(600) {
        let status = ceremony.status();
        for node in [1, 2] {
            let waiting = row(&status, node)["waiting_for"].as_str().unwrap_or_default();
            assert!(waiting.contains("node 3"), "it says for whom it waits: {status}");
        }
        assert_eq!(row(&status, 3)["answers"], false, "{status}");
        std::thread::sleep(Duration::from_secs(20));
    }
    assert!(nodes.iter_mut().all(|node| node.ended(Duration::ZERO).is_none()), "a node gave up");
    nodes.push(ceremony.operators[2].start());
    let begun = Instant::now();
    ceremony.ready(Duration::from_secs(120));
    println!("ready {:.1} s after the late one", begun.elapsed().as_secs_f64());
    ceremony.signs();
}

#[test]
fn a_clock_an_hour_ahead_holds_a_founding_up_and_the_table_says_whose_it_is() {
    let mut ceremony = Ceremony::new("clock", 3);
    // Every command of this operator from the proposal on, and the node.
    ceremony.operators[2].preload = Some(an_hour_ahead(&ceremony.path(".")));
    ceremony.found();
    let mut nodes: Vec<Process> = ceremony.operators.iter().map(|operator| operator.start()).collect();
    // All have their shares, and Gamma's node believes no head of the chain: it does not vote.
    let mut status = Value::Null;
    until(Duration::from_secs(60), || {
        status = ceremony.status();
        let waiting = |node| row(&status, node)["waiting_for"].as_str().unwrap_or_default();
        waiting(1).contains("vote of node 3") && waiting(2).contains("vote of node 3")
    });
    let ahead_s = row(&status, 3)["clock_ahead_ms"].as_i64().unwrap_or_default() / 1_000;
    assert!((3_590..=3_610).contains(&ahead_s), "who has to set a clock: {status}");
    assert!(row(&status, 1)["clock_ahead_ms"].is_null() && row(&status, 2)["clock_ahead_ms"].is_null());
    // With the clock set it goes on with the shares that all have.
    nodes.pop();
    ceremony.operators[2].preload = None;
    nodes.push(ceremony.operators[2].start());
    ceremony.ready(Duration::from_secs(60));
    ceremony.signs();
}
