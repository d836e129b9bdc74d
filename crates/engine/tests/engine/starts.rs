//! Starts of nodes: who is behind, who can say so, and how often a pair is set up anew.

use std::collections::BTreeSet;

use quorate_engine::{Input, Report};
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
