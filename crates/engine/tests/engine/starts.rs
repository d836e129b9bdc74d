//! Starts of nodes: who is behind, who can say so, and how often a pair is set up anew.

use std::collections::BTreeSet;

use quorate_engine::{Input, NewerStart, Report};
use quorate_wire::{Hello, PeerMessage, Signed, StartNotice};

use crate::harness::{Caller, Done, Net, index, name_of, signed, statement_key};

fn thrown_away(net: &Net, node: u8) -> usize {
    net.reported(
        node,
        |report| matches!(report, Report::Ceremony { what: "pair", event } if event.ends_with("thrown away")),
    )
}

fn faults(net: &Net, node: u8, wanted: &str) -> usize {
    net.reported(node, |report| matches!(report, Report::PeerFault { check, .. } if *check == wanted))
}

/// Another body under the signature.
fn altered(notice: &Signed<StartNotice>, body: StartNotice) -> Signed<StartNotice> {
    let mut altered = notice.clone();
    altered.body = body;
    altered
}

/// How many set-ups a node has begun with a peer.
fn begun(net: &Net, node: u8, peer: u8) -> usize {
    let sessions = net.sent(node, peer).filter_map(|message| match message {
        PeerMessage::Pair(message) => Some(message.session),
        _ => None,
    });
    sessions.collect::<BTreeSet<_>>().len()
}

fn all_set_up(net: &Net, node: u8) -> bool {
    net.engine(node).status().peers.iter().all(|peer| peer.set_up)
}

#[test]
fn the_new_incarnation_is_stored_before_anybody_hears_it() {
    let net = Net::ready();
    for node in 1..=3 {
        assert_eq!(net.nodes[&node].done[0], Done::Persisted(vec!["incarnation".to_owned()]));
        assert_eq!(net.engine(node).status().incarnation, 2);
    }
}

#[test]
fn an_unproven_claim_of_staleness_changes_nothing_and_is_a_fault() {
    let mut net = Net::ready();
    let earlier = net.hello(1, 3).start;
    net.kill(1);
    net.start(1);
    net.advance(50);
    let present = net.hello(1, 3).start;
    let later = StartNotice { incarnation: present.body.incarnation + 1, start: [5; 16], ..present.body };
    let other_network = StartNotice { network: quorate_wire::NetworkId([9; 32]), ..later };
    let claims = [
        // In its own name, and in node 1's under another key.
        signed(3, later),
        Signed::new(index(1), later, &statement_key(3)),
        // Node 1's own word, altered, of another network or epoch, of before, and of now.
        altered(&present, later),
        signed(1, other_network),
        signed(1, StartNotice { node: name_of(3), ..later }),
        earlier,
        present.clone(),
    ];
    net.node(1).done.clear();
    for claim in &claims {
        net.forge(3, 1, &PeerMessage::Stale(claim.clone()));
        net.advance(10);
    }
    assert_eq!(faults(&net, 1, "stale_claim"), claims.len());
    assert_eq!((thrown_away(&net, 1), net.engine(1).status().incarnation), (0, present.body.incarnation));
    assert!(net.nodes[&1].done.iter().all(|done| !matches!(done, Done::Persisted(_))));
    assert!(net.engine(1).status().ready && all_set_up(&net, 1));
}

#[test]
fn who_claims_staleness_without_proof_again_and_again_is_sent_away() {
    let mut net = Net::ready();
    let present = net.hello(1, 3).start;
    for number in 0..100 {
        let later = StartNotice { incarnation: present.body.incarnation + number, ..present.body };
        net.forge(3, 1, &PeerMessage::Stale(signed(3, later)));
    }
    assert_eq!(net.reported(1, |report| matches!(report, Report::PeerSentAway { .. })), 1);
    assert_eq!(thrown_away(&net, 1), 0);
}

#[test]
fn a_rolled_back_node_throws_its_set_ups_away_and_makes_new_ones() {
    let mut net = Net::ready();
    let old = net.nodes[&2].store.clone();
    net.kill(2);
    net.start(2);
    net.advance(50);
    net.kill(2);
    // The operator restores a disk from before the last start.
    net.node(2).store = old;
    net.node(2).done.clear();
    let before = net.nodes[&2].store[&format!("epoch/1/pair/{}", name_of(1))].to_vec();
    net.start(2);
    net.advance(20);
    assert!(net.sent(1, 2).any(|message| matches!(message, PeerMessage::Stale(_))));
    net.advance(6_000);
    assert_ne!(net.nodes[&2].store[&format!("epoch/1/pair/{}", name_of(1))].to_vec(), before);
    assert_eq!(net.engine(2).status().incarnation, 4);
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    net.kill(3);
    let to = net.submit(2, &caller.request(1).1);
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn one_that_remembers_is_enough_and_its_proof_counts_once() {
    let mut net = Net::ready();
    let old = net.nodes[&2].store.clone();
    net.kill(2);
    net.start(2);
    net.advance(50);
    let proof = net.hello(2, 1).start;
    net.kill(2);
    net.kill(1);
    net.node(2).store = old;
    net.start(2);
    // Node 3 says nothing of what it remembers. It would be believed from anybody.
    net.links = Box::new(|from, _, message| from != 3 || !matches!(message, PeerMessage::Stale(_)));
    net.advance(20);
    assert_eq!(net.engine(2).status().incarnation, proof.body.incarnation);
    for _ in 0..3 {
        net.forge(3, 2, &PeerMessage::Stale(proof.clone()));
        net.advance(20);
    }
    assert_eq!(net.engine(2).status().incarnation, proof.body.incarnation + 1);
    assert_eq!((thrown_away(&net, 2), faults(&net, 2, "stale_claim")), (2, 2));
}

#[test]
fn nobody_starts_anew_under_a_notice_that_it_has_not_signed() {
    let mut net = Net::ready();
    let hello = net.hello(3, 1);
    let later =
        StartNotice { incarnation: hello.start.body.incarnation + 1, start: [5; 16], ..hello.start.body };
    let stored = net.nodes[&1].store[&format!("start/{}", name_of(3))].to_vec();
    for start in [
        altered(&hello.start, later),
        Signed::new(index(3), later, &statement_key(2)),
        net.hello(2, 1).start,
        signed(3, StartNotice { node: name_of(2), ..later }),
    ] {
        net.input(1, Input::PeerConnected { peer: index(3) });
        net.forge(3, 1, &PeerMessage::Hello(Hello { start, ..hello.clone() }));
    }
    assert_eq!(faults(&net, 1, "start_notice"), 4);
    assert_eq!(net.nodes[&1].store[&format!("start/{}", name_of(3))].to_vec(), stored);
}

#[test]
fn the_lower_place_forces_no_set_up_every_two_seconds() {
    let mut net = Net::ready();
    for second in 0..120u8 {
        net.forge(1, 2, &PeerMessage::StartPair { fresh: [second; 32] });
        net.advance(1_000);
    }
    let forced = begun(&net, 2, 1);
    assert!((4..=6).contains(&forced), "{forced}");
    // What stood before still stands, and node 2 is ready for others.
    assert_eq!(thrown_away(&net, 2), 0);
    assert!(all_set_up(&net, 2));
}

#[test]
fn a_higher_place_forces_none_either_by_what_it_says_it_has() {
    let mut net = Net::ready();
    for second in 0..40 {
        let hello = net.hello(3, 1);
        let serial = hello.serial + 1_000_000 + second;
        net.forge(3, 1, &PeerMessage::Hello(Hello { serial, set_ups: Vec::new(), ..hello }));
        net.advance(1_000);
    }
    let forced = begun(&net, 1, 3);
    assert!((3..=5).contains(&forced), "{forced}");
    // Nor by claims that it is behind, each in a connection of its own.
    let mut net = Net::ready();
    let hello = net.hello(3, 1);
    for second in 0..40u8 {
        net.input(1, Input::PeerConnected { peer: index(3) });
        let start = signed(3, StartNotice { incarnation: 0, start: [second; 16], ..hello.start.body });
        net.forge(3, 1, &PeerMessage::Hello(Hello { start, ..hello.clone() }));
        net.reconnect(1, 3);
        net.advance(1_000);
    }
    let forced = begun(&net, 1, 3);
    assert!((3..=5).contains(&forced), "{forced}");
}

fn halted(net: &Net, node: u8) -> String {
    net.nodes[&node].halted.clone().unwrap_or_default()
}

/// A start of node 1 that came so much later, after so many moves.
fn later(net: &Net, later_by: u64, moves: u64) -> Signed<StartNotice> {
    let present = net.hello(1, 3).start.body;
    let mut incarnation = present.incarnation + later_by;
    for _ in 0..moves {
        incarnation = StartNotice::after_move(incarnation);
    }
    signed(1, StartNotice { incarnation, start: [5; 16], ..present })
}

#[test]
fn a_copy_that_was_left_behind_by_a_move_stops_and_takes_no_number_above_it() {
    let mut net = Net::ready();
    let here = net.engine(1).status().incarnation;
    let moved = later(&net, 1, 1);
    net.node(1).done.clear();
    net.forge(3, 1, &PeerMessage::Stale(moved.clone()));
    let there = moved.body.incarnation;
    assert_eq!(moved.body.moves(), 1);
    let said = format!(
        "this node was moved to another machine (start {there} there, shown by node 3; this copy is at {here})"
    );
    assert_eq!(net.nodes[&1].newer, Some(NewerStart { number: there, own: here, told_by: index(3) }));
    assert!(halted(&net, 1).starts_with(&said), "{}", halted(&net, 1));
    assert_eq!(net.engine(1).status().incarnation, here);
    assert!(net.nodes[&1].done.iter().all(|done| !matches!(done, Done::Persisted(_))));
    // Whoever starts the copy again is told again, whether or not a peer has taken it before.
    net.kill(1);
    net.node(1).halted = None;
    net.links = Box::new(|_, _, _| false);
    net.start(1);
    net.forge(3, 1, &PeerMessage::Stale(moved));
    assert!(halted(&net, 1).starts_with("this node was moved"));
    assert!(net.engine(1).status().incarnation < there);
}

#[test]
fn a_move_that_the_node_has_not_signed_stops_nobody() {
    let mut net = Net::ready();
    let moved = later(&net, 1, 1);
    for claim in [signed(3, moved.body), Signed::new(index(1), moved.body, &statement_key(3))] {
        net.forge(3, 1, &PeerMessage::Stale(claim));
    }
    assert_eq!((halted(&net, 1), faults(&net, 1, "stale_claim")), (String::new(), 2));
}

#[test]
fn of_two_copies_the_earlier_one_stops() {
    let mut net = Net::ready();
    net.advance(1_000);
    // A copy of the folder starts elsewhere: both peers take it, and show it to the first one.
    let copy = later(&net, 1, 0);
    let hello = net.hello(1, 3);
    net.input(3, Input::PeerConnected { peer: index(1) });
    net.forge(1, 3, &PeerMessage::Hello(Hello { start: copy.clone(), serial: 1, heard: None, ..hello }));
    net.reconnect(1, 3);
    net.advance(100);
    assert!(
        halted(&net, 1).starts_with("another copy of this node has started later"),
        "{}",
        halted(&net, 1)
    );
    assert!(halted(&net, 1).contains("shown by node 3"));
    assert_eq!(thrown_away(&net, 1), 0);
}

#[test]
fn a_start_that_was_not_taken_yet_is_no_copy() {
    let mut net = Net::ready();
    net.advance(1_000);
    // Node 2 has taken the present start. Node 3 remembers a later one, of a disk that was put back since.
    net.kill(1);
    net.links = Box::new(|from, to, _| (from, to) != (3, 1) && (from, to) != (1, 3));
    net.start(1);
    net.advance(100);
    let later = later(&net, 5, 0);
    net.forge(3, 1, &PeerMessage::Stale(later.clone()));
    assert_eq!(halted(&net, 1), "");
    assert_eq!(net.engine(1).status().incarnation, later.body.incarnation + 1);
    // The same word, that was on its way for the number before, stops nobody either.
    net.links = Box::new(|_, _, _| true);
    net.advance(1_000);
    net.forge(3, 1, &PeerMessage::Stale(later));
    net.advance(1_000);
    assert_eq!(halted(&net, 1), "");
}

#[test]
fn starts_are_not_counted_into_the_moves() {
    let mut net = Net::ready();
    let last = u64::from(u32::MAX);
    net.kill(1);
    for (stored, starts) in [(last - 1, true), (last, false), (u64::MAX, false), (last + 1, true)] {
        net.node(1).store.insert("incarnation".to_owned(), borsh::to_vec(&stored).unwrap().into());
        let error = net.try_start(1).err().map(|error| error.to_string());
        assert_eq!(error.is_none(), starts, "{stored}: {error:?}");
    }
    // Nor when a peer shows the last number.
    net.node(1).store.insert("incarnation".to_owned(), borsh::to_vec(&7u64).unwrap().into());
    net.links = Box::new(|_, _, _| false);
    net.start(1);
    let present = net.hello(1, 3).start.body;
    net.forge(
        3,
        1,
        &PeerMessage::Stale(signed(1, StartNotice { incarnation: last, start: [5; 16], ..present })),
    );
    assert!(halted(&net, 1).contains("no number left"), "{}", halted(&net, 1));
}
