//! What a corrupt member can cost the others: time, room and answers, each within a bound.

use quorate_engine::Report;
use quorate_wire::{Digest, HostCall, Offer, PeerMessage, RequestId, Seen, Verdict, Vote, limits};

use crate::harness::{Caller, Net, network, operation, signed};

fn collect(_: u8) -> Vec<HostCall> {
    vec![HostCall::Collect { name: "price".to_owned(), value: "7".to_owned() }]
}

fn once(_: u8) -> Vec<HostCall> {
    vec![HostCall::RunOnce { name: "post".to_owned(), wait: true }]
}

fn value_of(node: u8, request: RequestId, number: u32, seen: Vec<Seen>) -> PeerMessage {
    let value = "x".repeat(limits::VALUE_BYTES_MAX);
    let verdict = Verdict::Observed { name: "price".to_owned(), value };
    let (network, operation) = (network().id(), operation(number));
    PeerMessage::Vote(signed(node, Vote { network, epoch: 1, request, operation, verdict, seen }))
}

fn faults(net: &Net, node: u8, wanted: &str) -> usize {
    net.reported(node, |report| matches!(report, Report::PeerFault { check, .. } if *check == wanted))
}

/// Which node runs the function of the first request, where these are gone.
fn runner(dead: &[u8]) -> u8 {
    let mut net = Net::ready();
    net.wanted = Some((once, false));
    for node in dead {
        net.kill(*node);
    }
    let (_, submission) = Caller::new(1).request(1);
    let to = (1..=3).find(|node| !dead.contains(node)).unwrap();
    let to = net.submit(to, &submission);
    net.advance(3_000);
    net.answer(to).unwrap().as_ref().unwrap().receipt.statements[0].body.single_node[0].node.get()
}

#[test]
fn all_who_falsely_claim_to_run_the_function_cost_one_time_together() {
    let first = runner(&[]);
    let next = runner(&[first]);
    let third = (1..=3).find(|node| ![first, next].contains(node)).unwrap();
    let mut net = Net::ready();
    net.wanted = Some((once, false));
    let (request, submission) = Caller::new(1).request(1);
    let to = net.submit(next, &submission);
    let leading = PeerMessage::Leading { request, operation: operation(0) };
    net.forge(first, next, &leading);
    net.kill(first);
    net.advance(9_000);
    assert!(net.answer(to).is_none(), "it is given its time");
    net.forge(third, next, &leading);
    net.advance(2_000);
    assert!(net.answer(to).unwrap().is_ok(), "another claim is given no further one");
}

#[test]
fn asking_again_is_answered_a_few_times_at_growing_intervals() {
    let mut net = Net::ready();
    net.wanted = Some((collect, false));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
    let is_vote = |message: &&PeerMessage| matches!(message, PeerMessage::Vote(_));
    let vote = net.sent(3, 1).find(is_vote).unwrap().clone();
    let told =
        |net: &Net| net.sent(1, 3).filter(|message| matches!(message, PeerMessage::Decided { .. })).count();
    let before = told(&net);
    for _ in 0..100 {
        net.forge(3, 1, &vote);
    }
    assert!(told(&net) <= before + 1, "not at once");
    for _ in 0..600 {
        net.advance(100);
        net.forge(3, 1, &vote);
    }
    assert!((before + 2..=before + 8).contains(&told(&net)), "{} after {before}", told(&net));
}

#[test]
fn a_vote_that_is_said_again_is_charged_once() {
    let mut net = Net::ready();
    net.wanted = Some((once, false));
    // The function's value reaches nobody, so all go on waiting.
    net.links =
        Box::new(|_, _, message| !matches!(message, PeerMessage::Led(_) | PeerMessage::Decided { .. }));
    let (_, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(100);
    let Some(PeerMessage::Vote(vote)) =
        net.sent(3, 2).find(|message| matches!(message, PeerMessage::Vote(_))).cloned()
    else {
        panic!("all are told who is there");
    };
    let mut body = vote.body;
    let url = "u".repeat(limits::SEEN_URL_BYTES_MAX);
    let seen = Seen { url, url_hash: Digest([0; 32]), status: 200, body: Digest([0; 32]) };
    body.seen = vec![seen; limits::SEEN_MAX];
    let vote = PeerMessage::Vote(signed(3, body));
    let times = limits::EXECUTION_VALUES_BYTES_MAX / (limits::SEEN_MAX * limits::SEEN_URL_BYTES_MAX);
    for _ in 0..times {
        net.forge(3, 2, &vote);
    }
    assert_eq!(faults(&net, 2, "too_much"), 0);
}

#[test]
fn operations_that_a_peer_is_ahead_with_count_in_its_share_until_the_own_run_comes_to_them() {
    let mut net = Net::ready();
    net.wanted = Some((once, false));
    net.links =
        Box::new(|_, _, message| !matches!(message, PeerMessage::Led(_) | PeerMessage::Decided { .. }));
    let (request, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(100);
    let before = net.engine(1).status().kept_for_peers;
    let offer = |number| {
        PeerMessage::Offer(Offer { request, operation: operation(number), attempt: 0, fresh: [1; 32] })
    };
    for number in 1..=10 {
        net.forge(3, 1, &offer(number));
        net.forge(3, 1, &offer(number));
        net.forge(2, 1, &offer(number));
    }
    let kept = net.engine(1).status().kept_for_peers - before;
    assert_eq!(kept, 10 * limits::OPERATION_BYTES, "once for each, and to whoever was first");
}

#[test]
fn one_peer_fills_its_own_share_of_what_a_node_remembers_and_no_more() {
    let mut net = Net::ready();
    net.wanted = Some((collect, false));
    let share = limits::PEERS_KEPT_BYTES_MAX / 2;
    let of_one = limits::VALUE_BYTES_MAX * 60;
    let caller = Caller::new(1);
    let executions = u8::try_from(share / of_one + 2).unwrap();
    for nonce in 1..=executions {
        let (request, submission) = caller.request(nonce);
        net.submit(1, &submission);
        for number in 100..160 {
            net.forge(3, 1, &value_of(3, request, number, Vec::new()));
        }
    }
    // What an honest peer carries for its callers may be as much: it is dropped, and no fault.
    assert_eq!(faults(&net, 1, "too_much"), 0);
    let kept = net.engine(1).status().kept_for_peers;
    assert!(
        (share / 8 * 7..share / 8 * 9).contains(&kept),
        "its share is used up, and no more: {kept} of {share}"
    );
    assert!(net.reported(1, |report| matches!(report, Report::Refused(_))) == 0);
    // The others and the callers do not notice.
    net.advance(3_000);
    let (_, submission) = Caller::new(2).request(200);
    let to = net.submit(2, &submission);
    net.advance(3_000);
    assert!(net.answer(to).unwrap().is_ok(), "{:?}", net.answer(to));
}
