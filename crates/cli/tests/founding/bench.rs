//! What a founding takes: time, bytes and processor time of a node, for committees of four sizes; and what callers notice
//! of a node that moves. Not tests: `cargo xtask bench --only founding` runs them.

use std::fs;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::hosts::moves_to_another_host_under_load;
use crate::operators::{Ceremony, Process};
use crate::testnet::TestNet;

const SIZES: [u8; 4] = [3, 5, 10, 16];
const DELAY_MS: u32 = 40;

/// What one founding took.
struct Figures {
    ready: Duration,
    kilobytes: u64,
    processor: Duration,
}

#[test]
#[ignore = "a bench: it takes minutes, and its times gate nothing"]
fn start_to_ready_by_the_size_of_the_committee() {
    println!(
        "one way {DELAY_MS} ms; from the last start to every node ready; bytes and processor time of one node"
    );
    println!(
        "{:>3} {:>9} {:>7} {:>9} {:>11} {:>7}",
        "n", "ready s", "ratio", "sent kB", "processor s", "ratio"
    );
    let mut first: Option<Figures> = None;
    for size in SIZES {
        let Some(figures) = founded(size) else { return };
        let base = first.as_ref().unwrap_or(&figures);
        println!(
            "{size:>3} {:>9.1} {:>7.2} {:>9} {:>11.2} {:>7.2}",
            figures.ready.as_secs_f64(),
            figures.ready.as_secs_f64() / base.ready.as_secs_f64(),
            figures.kilobytes,
            figures.processor.as_secs_f64(),
            figures.processor.as_secs_f64() / base.processor.as_secs_f64(),
        );
        first.get_or_insert(figures);
    }
}

/// How many call at once while a node moves.
const CALLERS: usize = 8;

#[test]
#[ignore = "a bench: its times gate nothing"]
fn calls_while_a_node_moves() {
    let Some(net) = TestNet::start(5, DELAY_MS, 0.0).map(Rc::new) else { return };
    let ceremony = Ceremony::on_hosts("bench-move", &net, 4);
    ceremony.found();
    let mut nodes: Vec<Option<Process>> =
        ceremony.operators.iter().map(|operator| Some(operator.start())).collect();
    ceremony.ready(Duration::from_secs(120));
    ceremony.signs();
    println!("{CALLERS} callers, one way {DELAY_MS} ms");
    moves_to_another_host_under_load(&net, &ceremony, &mut nodes, CALLERS);
}

fn founded(size: u8) -> Option<Figures> {
    let net = TestNet::start(size, DELAY_MS, 0.0).map(Rc::new)?;
    let ceremony = Ceremony::on_hosts(&format!("bench-{size}"), &net, size);
    ceremony.found();
    let before = sent(&net);
    let nodes: Vec<Process> = ceremony.operators.iter().map(|operator| operator.start()).collect();
    let begun = Instant::now();
    ceremony.ready(Duration::from_secs(300));
    let ready = begun.elapsed();
    let processor: Duration = nodes.iter().map(|node| processor_time(node.id())).sum();
    Some(Figures {
        ready,
        kilobytes: (sent(&net) - before) / u64::from(size) / 1_000,
        processor: processor / u32::from(size),
    })
}

/// Bytes that all hosts together have sent and that arrived.
fn sent(net: &TestNet) -> u64 {
    let stats = net.ask("stats");
    stats["links"].as_array().unwrap().iter().map(|link| link["bytes"].as_u64().unwrap()).sum()
}

/// User and system time of a process and of those of its children that have ended.
fn processor_time(process: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name before the fields may have spaces.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..15].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    // Linux counts in hundredths of a second for everybody outside of the kernel.
    Duration::from_millis(ticks * 10)
}
