//! What a peer that floods, or breaks the protocol again and again, comes to.

use quorate_engine::{Input, Report};
use quorate_wire::{Hello, PeerMessage, RequestId, Verdict, Vote};

use crate::harness::{Caller, Done, Net, ban_notice, index, network, operation, signed, statement_key};

fn faults(net: &Net, node: u8, wanted: &str) -> usize {
    net.reported(node, |report| matches!(report, Report::PeerFault { check, .. } if *check == wanted))
}

fn persisted(net: &Net, node: u8) -> usize {
    net.nodes[&node].done.iter().filter(|done| matches!(done, Done::Persisted(_))).count()
}

fn sent_away(net: &Net, node: u8) -> usize {
    net.reported(node, |report| matches!(report, Report::PeerSentAway { .. }))
}

/// A hello of node 3 in a start of this number.
fn started(hello: &Hello, count: u64) -> PeerMessage {
    let mut notice = hello.start.body;
    notice.incarnation += count;
    notice.start[..8].copy_from_slice(&count.to_be_bytes());
    PeerMessage::Hello(Hello { start: signed(3, notice), ..hello.clone() })
}

#[test]
fn greetings_in_masses_cost_one_durable_write() {
    let mut net = Net::ready();
    let hello = net.hello(3, 1);
    net.input(1, Input::PeerConnected { peer: index(3) });
    net.node(1).done.clear();
    for count in 1..=5_000 {
        net.forge(3, 1, &started(&hello, count));
    }
    assert_eq!(persisted(&net, 1), 1, "a new start comes with a new connection");
    assert_eq!(sent_away(&net, 1), 1);
    assert!(faults(&net, 1, "second_start") < 100, "who was sent away is not read");
}

#[test]
fn greetings_on_new_connections_are_bounded_too() {
    let mut net = Net::ready();
    let hello = net.hello(3, 1);
    net.node(1).done.clear();
    for count in 1..=5_000 {
        net.input(1, Input::PeerConnected { peer: index(3) });
        net.forge(3, 1, &started(&hello, count));
    }
    assert!(persisted(&net, 1) < 20, "{}", persisted(&net, 1));
    // What the others ask for goes on.
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(200);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn who_breaks_the_protocol_too_often_is_sent_away_and_may_come_back() {
    let mut net = Net::ready();
    for _ in 0..1_000 {
        net.input(1, Input::Peer { from: index(3), frame: vec![0xff; 40] });
    }
    assert_eq!((sent_away(&net, 1), faults(&net, 1, "frame")), (1, 65));
    let connected =
        |net: &Net| net.engine(1).status().peers.iter().any(|peer| peer.index == index(3) && peer.connected);
    assert!(!connected(&net));
    net.input(1, Input::PeerConnected { peer: index(3) });
    net.forge(3, 1, &PeerMessage::Hello(net.hello(3, 1)));
    assert!(!connected(&net), "not before its time");
    net.advance(1_500);
    assert!(connected(&net), "{:?}", net.engine(1).status().peers);
}

#[test]
fn a_vote_on_what_nobody_runs_is_dropped_before_its_signature_is_checked() {
    let mut net = Net::ready();
    let verdict = Verdict::Once { name: "post".to_owned() };
    let vote = Vote {
        network: network().id(),
        epoch: 1,
        request: RequestId([7; 32]),
        operation: operation(0),
        verdict,
        seen: Vec::new(),
    };
    // Under another member's key: a check would be told as a fault.
    let forged = quorate_wire::Signed::new(index(3), vote, &statement_key(2));
    net.forge(3, 1, &PeerMessage::Vote(forged));
    assert_eq!(faults(&net, 1, "vote"), 0);
}

#[test]
fn a_vote_that_no_coordinator_here_counts_is_dropped_before_its_signature_is_checked() {
    let mut net = Net::ready();
    let mut caller = Caller::new(1);
    // The runs wait for their code.
    caller.code = None;
    let (request, submission) = caller.request(1);
    net.submit(1, &submission);
    net.advance(10);
    let verdict = Verdict::Observed { name: "price".to_owned(), value: "7".to_owned() };
    let (network, operation) = (network().id(), operation(0));
    let vote = Vote { network, epoch: 1, request, operation, verdict, seen: Vec::new() };
    let forged = quorate_wire::Signed::new(index(3), vote, &statement_key(2));
    for (node, looked_at) in [(2, 0), (1, 1)] {
        net.forge(3, node, &PeerMessage::Vote(forged.clone()));
        assert_eq!(faults(&net, node, "vote"), looked_at, "node {node}");
    }
}

#[test]
fn one_ban_that_does_not_hold_ends_the_reading_of_a_greeting() {
    let mut net = Net::ready();
    let mut hello = net.hello(3, 1);
    hello.serial += 1;
    let notice = ban_notice((3, 1), [0; 32]);
    let forged = quorate_wire::Signed::new(index(2), notice.clone(), &statement_key(3));
    hello.bans = vec![forged; 8];
    hello.bans.push(signed(3, notice));
    net.forge(3, 1, &PeerMessage::Hello(hello));
    assert_eq!(faults(&net, 1, "ban"), 1);
    assert_eq!(net.reported(1, |report| matches!(report, Report::Banned { .. })), 0);
}

#[test]
fn frames_of_one_peer_are_bounded_and_others_are_heard() {
    let mut net = Net::ready();
    let ping = PeerMessage::Ping(1);
    for _ in 0..40_000 {
        net.forge(3, 1, &ping);
    }
    assert!(faults(&net, 1, "frames") > 0 && sent_away(&net, 1) == 1);
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(200);
    assert!(net.answer(to).unwrap().is_ok(), "node 2 is heard");
}
