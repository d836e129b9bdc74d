//! Where nodes are reached: their own numbered words, passed on by anybody and taken from nobody else.

use quorate_engine::Report;
use quorate_wire::{Hello, NodeEndpoint, PeerMessage};

use crate::harness::{Done, Net, index, name_of, statement_key};

fn place(port: u16) -> NodeEndpoint {
    NodeEndpoint::unsigned(format!("http://127.0.0.1:{port}"), format!("127.0.0.1:{port}"))
}

/// A node's word.
fn word(node: u8, number: u64, port: u16) -> NodeEndpoint {
    place(port).signed(number, &statement_key(node))
}

fn faults(net: &Net, node: u8, wanted: &str) -> usize {
    net.reported(node, |report| matches!(report, Report::PeerFault { check, .. } if *check == wanted))
}

/// Node 3 greets node 1 once more, with these words.
fn tell(net: &mut Net, endpoints: Vec<(u8, NodeEndpoint)>, after: u64) {
    let last = net.hello(3, 1);
    let endpoints = endpoints.into_iter().map(|(node, word)| (index(node), word)).collect();
    let hello = Hello { serial: last.serial + after, endpoints, ..last };
    net.forge(3, 1, &PeerMessage::Hello(hello));
}

/// What a node knows of another, or says of itself.
fn known(net: &Net, node: u8, of: u8) -> Option<NodeEndpoint> {
    let status = net.engine(node).status();
    let view = status.peers.into_iter().find(|peer| peer.index == index(of));
    if node == of { status.endpoint } else { view.unwrap().endpoint }
}

fn written(net: &Net, node: u8, of: u8) -> usize {
    let key = format!("endpoint/{}", name_of(of));
    net.nodes[&node]
        .done
        .iter()
        .filter(|done| matches!(done, Done::Persisted(keys) if keys.contains(&key)))
        .count()
}

#[test]
fn a_node_that_moves_is_found_by_all_and_after_their_restart() {
    let mut net = Net::ready();
    assert_eq!(known(&net, 2, 2), None, "this file has no words");
    net.kill(2);
    net.node(2).done.clear();
    net.node(2).place = Some(place(9_002));
    net.start(2);
    let first = Done::Persisted(vec!["incarnation".to_owned(), format!("endpoint/{}", name_of(2))]);
    assert_eq!(net.nodes[&2].done[0], first, "before it is told");
    net.advance(3_000);
    for node in 1..=3 {
        assert_eq!(known(&net, node, 2), Some(word(2, 1, 9_002)));
    }
    assert_eq!(net.nodes[&1].endpoints, [(2, word(2, 1, 9_002))]);
    // The same place is no news, another one is.
    net.kill(2);
    net.start(2);
    assert_eq!(known(&net, 2, 2), Some(word(2, 1, 9_002)));
    net.kill(2);
    net.kill(1);
    net.node(1).endpoints.clear();
    net.node(2).place = Some(place(9_003));
    net.start(2);
    net.start(1);
    assert_eq!(net.nodes[&1].endpoints[0], (2, word(2, 1, 9_002)), "what is stored is told at the start");
    net.advance(15_000);
    assert_eq!(net.nodes[&1].endpoints.last(), Some(&(2, word(2, 2, 9_003))));
}

#[test]
fn a_word_comes_over_others_and_only_from_its_node() {
    let mut net = Net::ready();
    tell(&mut net, vec![(2, word(2, 5, 9_005))], 1);
    net.advance(2_000);
    assert_eq!(known(&net, 1, 2), Some(word(2, 5, 9_005)));
    let mut altered = word(2, 6, 9_006);
    altered.quic = "127.0.0.1:1".to_owned();
    let wrong = [
        vec![(2, word(3, 6, 9_006))],
        vec![(2, altered)],
        vec![(2, place(9_006))],
        vec![(9, word(2, 6, 9_006))],
        vec![(2, word(2, 6, 9_006)), (2, word(2, 7, 9_007))],
        vec![(3, word(3, 6, 9_006)), (2, word(2, 6, 9_006))],
        vec![(2, NodeEndpoint::unsigned("ftp://x", "x:1").signed(60, &statement_key(2)))],
    ];
    let before = faults(&net, 1, "endpoint");
    for (after, words) in (2..).zip(wrong) {
        tell(&mut net, words, after);
    }
    assert_eq!(faults(&net, 1, "endpoint") - before, 7);
    tell(&mut net, vec![(1, word(2, 1, 1)); 9], 20);
    assert_eq!(faults(&net, 1, "hello_size"), 1);
    // What is older is not even verified.
    tell(&mut net, vec![(2, word(3, 4, 1))], 21);
    assert_eq!(faults(&net, 1, "endpoint") - before, 7);
}

#[test]
fn a_member_that_counts_its_numbers_up_makes_no_storm() {
    let mut net = Net::ready();
    net.advance(1_000);
    let hellos =
        |net: &Net| net.sent(1, 2).filter(|message| matches!(message, PeerMessage::Hello(_))).count();
    let before = (hellos(&net), net.nodes[&1].endpoints.len());
    for number in 1..=300 {
        tell(&mut net, vec![(3, word(3, number, 9_000))], number);
        net.advance(100);
    }
    net.advance(45_000);
    assert_eq!(known(&net, 1, 3).unwrap().number(), 300, "the newest counts in the end");
    let taken = net.nodes[&1].endpoints.len() - before.1;
    assert!((3..=4).contains(&taken) && written(&net, 1, 3) == taken, "{taken}");
    assert!(hellos(&net) - before.0 <= 6, "{}", hellos(&net) - before.0);
    // It goes on, and makes others write and send less and less.
    for number in 301..=420 {
        tell(&mut net, vec![(3, word(3, number, 9_000))], number);
        net.advance(2_000);
    }
    let taken = net.nodes[&1].endpoints.len() - before.1 - taken;
    assert!((2..=3).contains(&taken), "{taken}");
}

#[test]
fn a_member_that_was_silent_for_a_while_is_heard_as_soon_as_ever() {
    let mut net = Net::ready();
    for (number, pause_ms, taken) in
        [(1, 1_000, 1), (2, 5_000, 1), (3, 5_000, 3), (4, 11_000, 3), (5, 170_000, 5)]
    {
        tell(&mut net, vec![(3, word(3, number, 9_000))], number);
        net.advance(pause_ms);
        assert_eq!(known(&net, 1, 3).unwrap().number(), taken, "after {number}");
    }
    tell(&mut net, vec![(3, word(3, 6, 9_000))], 6);
    net.advance(1_000);
    assert_eq!(known(&net, 1, 3).unwrap().number(), 6);
    tell(&mut net, vec![(3, word(3, 7, 9_000))], 7);
    net.advance(11_000);
    assert_eq!(known(&net, 1, 3).unwrap().number(), 7);
}

/// The words in the greetings of node 1 to a peer, by their numbers.
fn told(net: &Net, to: u8) -> Vec<Vec<(u8, u64)>> {
    let words = |hello: &Hello| hello.endpoints.iter().map(|(of, word)| (of.get(), word.number())).collect();
    let hellos = net.sent(1, to).filter_map(|message| match message {
        PeerMessage::Hello(hello) => Some(words(hello)),
        _ => None,
    });
    hellos.filter(|words: &Vec<(u8, u64)>| !words.is_empty()).collect()
}

#[test]
fn a_peer_is_told_a_word_once_in_a_connection_and_once_more_a_minute_later() {
    let mut net = Net::ready();
    net.advance(5_000);
    assert!(told(&net, 2).is_empty(), "the file has no words, so there are none");
    tell(&mut net, vec![(3, word(3, 1, 9_000))], 1);
    net.advance(2_000);
    assert_eq!(told(&net, 2), [[(3, 1)]]);
    assert!(told(&net, 3).is_empty(), "it came from there");
    // A second one goes alone.
    tell(&mut net, vec![(2, word(2, 5, 9_002))], 2);
    net.advance(12_000);
    assert_eq!(told(&net, 2), [vec![(3, 1)], vec![(2, 5)]]);
    // Nothing is for ever unsaid if a greeting was lost, and nothing is said for ever.
    net.advance(60_000);
    assert_eq!(told(&net, 2).last().unwrap(), &[(2, 5), (3, 1)]);
    let count = told(&net, 2).len();
    net.advance(130_000);
    assert_eq!(told(&net, 2).len(), count);
    // A new connection begins with all of it.
    net.kill(2);
    net.start(2);
    net.advance(3_000);
    assert_eq!(told(&net, 2)[count], [(2, 5), (3, 1)]);
}

#[test]
fn a_node_whose_store_is_lost_speaks_above_what_it_said_at_most_once_a_minute() {
    let mut net = Net::ready();
    net.kill(1);
    net.node(1).place = Some(place(9_001));
    net.start(1);
    assert_eq!(known(&net, 1, 1).unwrap().number(), 1);
    net.advance(100);
    // Of an earlier life of it, under a higher number and under the same.
    tell(&mut net, vec![(1, word(1, 1, 8_000))], 1);
    assert_eq!(known(&net, 1, 1), Some(word(1, 2, 9_001)));
    tell(&mut net, vec![(1, word(1, 40, 8_000))], 2);
    net.advance(30_000);
    assert_eq!(known(&net, 1, 1).unwrap().number(), 2);
    net.advance(40_000);
    assert_eq!(known(&net, 1, 1), Some(word(1, 41, 9_001)));
    net.advance(15_000);
    assert_eq!(known(&net, 3, 1), Some(word(1, 41, 9_001)));
    // Nobody else makes it speak.
    let before = faults(&net, 1, "endpoint");
    tell(&mut net, vec![(1, word(3, 99, 8_000))], 900);
    assert_eq!(faults(&net, 1, "endpoint") - before, 1);
}
