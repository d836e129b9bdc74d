//! Values that all nodes draw: one for each place, known to nobody before t nodes have come to it.

use std::sync::Arc;

use quorate_engine::{Answer, Input, Report};
use quorate_wire::{
    Decision, ErrorCode, FaultNotice, HostCall, LeaderValue, OutcomeMessage, PeerMessage, Signed, ValuePoint,
    Verdict, Vote, WrongPartial,
};

use crate::harness::{Caller, Net, Registry, index, operation, signed};

fn draws(count: usize) -> Vec<HostCall> {
    vec![HostCall::Random; count]
}

/// The values that a node's run was given, in order.
fn drawn(net: &Net, node: u8) -> Vec<String> {
    let of_node = net.answers.iter().filter(|(of, ..)| *of == node);
    let values = of_node.filter_map(|(_, _, answer)| match answer {
        Ok(Answer::Value(value)) => Some(value.clone()),
        _ => None,
    });
    values.collect()
}

fn partial(message: &PeerMessage) -> Option<&Signed<Vote>> {
    match message {
        PeerMessage::Vote(vote) if matches!(vote.body.verdict, Verdict::Draw { .. }) => Some(vote),
        _ => None,
    }
}

fn named(net: &Net, node: u8, peer: u8) -> usize {
    let about = |report: &Report| matches!(report, Report::PeerFault { peer: of, check: "partial" } if *of == index(peer));
    net.reported(node, about)
}

/// A node's vote with another point in the place of its partial.
fn with_point(vote: &Signed<Vote>, node: u8, partial: ValuePoint) -> PeerMessage {
    PeerMessage::Vote(signed(node, Vote { verdict: Verdict::Draw { partial }, ..vote.body.clone() }))
}

#[test]
fn all_nodes_draw_the_same_bytes_and_each_place_and_request_has_its_own() {
    let mut net = Net::ready();
    net.wanted = Some((|_| draws(3), false));
    let to = [1, 2].map(|number| {
        let (_, submission) = Caller::new(number).request(1);
        net.submit(number, &submission)
    });
    net.advance(100);
    let (one, two) = (drawn(&net, 1), drawn(&net, 2));
    assert_eq!(one.len(), 6);
    let distinct: std::collections::BTreeSet<&String> = one.iter().collect();
    assert_eq!(distinct.len(), 6, "{one:?}");
    assert!(one.iter().all(|value| value.len() == 66 && value.starts_with('"')), "{one:?}");
    let sorted = |mut values: Vec<String>| {
        values.sort();
        values
    };
    assert_eq!(sorted(one), sorted(two));
    for to in to {
        let reply = net.answer(to).unwrap().as_ref().unwrap();
        for statement in &reply.receipt.statements {
            assert_eq!(statement.body.draws, [0, 1, 2].map(operation));
        }
    }
}

#[test]
fn one_node_draws_nothing_alone_and_two_of_three_draw_without_the_third() {
    let mut net = Net::ready();
    net.wanted = Some((|_| draws(1), false));
    net.links = Box::new(|_, _, message| partial(message).is_none());
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(1_000);
    assert!((1..=3).all(|node| drawn(&net, node).is_empty()));
    net.links = Box::new(|from, to, _| from != 3 && to != 3);
    net.advance(1_000);
    assert_eq!(drawn(&net, 1), drawn(&net, 2));
    assert_eq!((drawn(&net, 1).len(), drawn(&net, 3).len()), (1, 0));
    assert!(net.answer(to).unwrap().is_ok());
    // Node 3 asks again and again; it is told, though all others have ended.
    net.links = Box::new(|_, _, _| true);
    net.advance(1_000);
    assert_eq!(drawn(&net, 3), drawn(&net, 1));
}

#[test]
fn a_wrong_partial_changes_nothing_and_its_node_is_named() {
    let honest = {
        let mut net = Net::ready();
        net.wanted = Some((|_| draws(1), false));
        let (_, submission) = Caller::new(1).request(1);
        net.submit(1, &submission);
        net.advance(100);
        drawn(&net, 1)
    };
    let mut net = Net::ready();
    net.wanted = Some((|_| draws(1), false));
    // Node 1 is shown wrong partials first; node 3's right one comes late, and only then how its run ended.
    net.links =
        Box::new(|from, to, message| to != 1 || from == 1 || partial(message).is_none() && !ends(message));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    assert!(drawn(&net, 1).is_empty());
    let of_three = net.sent(3, 1).find_map(partial).unwrap().clone();
    let of_two = net.sent(2, 1).find_map(partial).unwrap().clone();
    let Verdict::Draw { partial: other } = of_three.body.verdict else { panic!("a draw") };
    // A point, but node 3's; no point; the identity.
    net.forge(2, 1, &with_point(&of_two, 2, other));
    assert!(drawn(&net, 1).is_empty());
    assert_eq!(named(&net, 1, 2), 1);
    net.forge(3, 1, &PeerMessage::Vote(of_three));
    assert_eq!(drawn(&net, 1), honest, "the value is the one that stands for the place");
    let of_three = net.sent(3, 1).find(|message| ends(message)).unwrap().clone();
    net.forge(3, 1, &of_three);
    // Node 1 alone was shown it: the statements are equal, and its own word names node 2.
    let receipt = &net.answer(to).unwrap().as_ref().unwrap().receipt;
    assert_eq!(receipt.statements.len(), 2);
    assert!(receipt.statements.windows(2).all(|pair| pair[0].body == pair[1].body));
    let [notice] = &receipt.faults[..] else { panic!("one node has found something: {:?}", receipt.faults) };
    assert_eq!((notice.node, notice.body.request), (index(1), receipt.statements[0].body.request));
    assert_eq!(notice.body.wrong_partials, [WrongPartial { operation: operation(0), node: index(2) }]);
}

#[test]
fn what_a_member_says_of_others_is_its_own_word_of_this_execution_or_a_fault() {
    let spoil: [fn(&mut FaultNotice); 6] = [
        |notice| notice.epoch += 1,
        |notice| notice.request.0[0] ^= 1,
        |notice| notice.network.0[0] ^= 1,
        |notice| notice.wrong_partials.clear(),
        |notice| notice.wrong_partials[0].node = index(2),
        |notice| notice.wrong_partials[0].node = index(9),
    ];
    for place in 0..=spoil.len() {
        let mut net = Net::ready();
        net.wanted = Some((|_| draws(1), false));
        net.links = Box::new(|_, to, message| to != 1 || !ends(message));
        let (request, submission) = Caller::new(1).request(1);
        let to = net.submit(1, &submission);
        net.advance(100);
        assert!(net.answer(to).is_none());
        let outcome = net.sent(2, 1).find(|message| ends(message));
        let Some(PeerMessage::Outcome(outcome)) = outcome.cloned() else { panic!("node 2 has ended") };
        let (network, epoch) = (outcome.statement.body.network, 1);
        let wrong_partials = vec![WrongPartial { operation: operation(0), node: index(3) }];
        let mut notice = FaultNotice { network, epoch, request, wrong_partials };
        if let Some(spoil) = spoil.get(place) {
            spoil(&mut notice);
        }
        let faults = Some(signed(2, notice));
        net.forge(2, 1, &PeerMessage::Outcome(Box::new(OutcomeMessage { faults, ..*outcome })));
        let faulty = |report: &Report| matches!(report, Report::PeerFault { check: "outcome", .. });
        assert_eq!(net.reported(1, faulty), usize::from(place < spoil.len()), "{place}");
        let answered = net.answer(to).map(|reply| reply.as_ref().unwrap().receipt.faults.len());
        assert_eq!(answered, (place == spoil.len()).then_some(1), "{place}");
    }
}

#[test]
fn what_is_no_point_is_a_fault_and_nothing_of_it_is_kept() {
    for bad in [[0u8; 96], [0xff; 96], {
        let mut identity = [0; 96];
        identity[0] = 0xc0;
        identity
    }] {
        let mut net = Net::ready();
        net.wanted = Some((|_| draws(1), false));
        net.links = Box::new(|from, to, message| to != 1 || from == 1 || partial(message).is_none());
        let (_, submission) = Caller::new(1).request(1);
        net.submit(1, &submission);
        net.advance(50);
        let of_two = net.sent(2, 1).find_map(partial).unwrap().clone();
        net.forge(2, 1, &with_point(&of_two, 2, ValuePoint(bad)));
        assert_eq!(named(&net, 1, 2), 1);
        assert!(
            net.engine(1).held_for_peers().iter().all(|(peer, _, bytes)| *peer != index(2) || *bytes < 200)
        );
        // Two wrong ones of three are too many: it ends at once, with a code, and nothing is signed.
        net.forge(3, 1, &with_point(&of_two, 3, ValuePoint(bad)));
        let ended =
            |report: &Report| matches!(report, Report::Ended { error: Some(ErrorCode::DrawFailed), .. });
        assert_eq!(net.reported(1, ended), 1);
    }
}

#[test]
fn a_value_is_taken_from_anybody_if_it_is_right_and_from_nobody_if_not() {
    let mut net = Net::ready();
    net.wanted = Some((|_| draws(1), false));
    net.links = Box::new(|from, to, message| {
        to != 1 || from == 1 || partial(message).is_none() && !about_value(message)
    });
    let (id, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(400);
    let decided = net.sent(2, 1).find(|message| about_value(message)).cloned();
    let Some(PeerMessage::Decided { decision: Decision::Drawn(value), .. }) = decided else {
        panic!("node 2 tells who comes late")
    };
    let mut wrong = value;
    wrong.0[95] ^= 1;
    let of_two = net.sent(2, 1).find_map(partial).unwrap().clone();
    let Verdict::Draw { partial: of_two } = of_two.body.verdict else { panic!("a draw") };
    for bad in [wrong, of_two, ValuePoint([0; 96])] {
        let decision = Decision::Drawn(bad);
        net.forge(3, 1, &PeerMessage::Decided { request: id, operation: operation(0), decision });
        assert!(drawn(&net, 1).is_empty());
    }
    net.forge(
        3,
        1,
        &PeerMessage::Decided { request: id, operation: operation(0), decision: Decision::Drawn(value) },
    );
    assert_eq!(drawn(&net, 1), drawn(&net, 2));
}

fn ends(message: &PeerMessage) -> bool {
    matches!(message, PeerMessage::Outcome(_))
}

fn about_value(message: &PeerMessage) -> bool {
    matches!(message, PeerMessage::Decided { decision: Decision::Drawn(_), .. })
}

/// Two draws, between which all nodes come to another reading of the registry: what the second one is answered.
fn second_draw_after(change: impl Fn(&mut Registry, &Net)) -> Vec<Result<Answer, ErrorCode>> {
    let mut net = Net::ready();
    net.wanted = Some((|_| draws(2), false));
    net.links = Box::new(|_, _, message| partial(message).is_none());
    let (_, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(100);
    net.heads = false;
    for node in 1..=3 {
        let mut view = net.nodes[&node].registry.clone();
        (view.asked_mono_ms, view.stated_unix_ms) = (net.mono_ms, net.unix_ms);
        change(&mut view, &net);
        net.input(node, Input::Registry(Arc::new(view)));
    }
    net.links = Box::new(|_, _, _| true);
    net.advance(400);
    assert_eq!(drawn(&net, 1).first(), drawn(&net, 2).first());
    net.answers
        .iter()
        .filter(|(node, call, _)| (*node, *call) == (1, 2))
        .map(|(.., answer)| answer.clone())
        .collect()
}

#[test]
fn a_stale_registry_and_a_login_whose_domain_is_gone_draw_nothing_more() {
    assert!(matches!(second_draw_after(|_, _| {})[..], [Ok(_)]));
    let stale = second_draw_after(|view, net| view.stated_unix_ms = net.unix_ms - 31_000);
    assert_eq!(stale, [Err(ErrorCode::RegistryStale)]);
    let gone = second_draw_after(|view, _| view.login_domains = Arc::default());
    assert_eq!(gone, [Err(ErrorCode::LoginInvalid)]);
}

#[test]
fn more_draws_than_allowed_are_refused() {
    let mut net = Net::ready();
    net.wanted = Some((|_| draws(17), false));
    let (_, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(500);
    let refused = net.answers.iter().filter(|(_, _, answer)| *answer == Err(ErrorCode::LimitRandoms));
    assert_eq!((drawn(&net, 1).len(), refused.count()), (16, 3));
}

#[test]
fn what_one_node_says_that_its_function_gave_is_no_drawn_value() {
    let mut net = Net::ready();
    net.wanted = Some((|_| draws(1), false));
    net.links = Box::new(|_, _, message| partial(message).is_none());
    let (id, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(50);
    let vote = net.sent(2, 1).find_map(partial).unwrap().clone();
    let value = LeaderValue {
        network: vote.body.network,
        epoch: 1,
        request: id,
        operation: operation(0),
        intent: vote.body.hash(),
        result: Ok("chosen".to_owned()),
    };
    for from in [2, 3] {
        let decision = Decision::Led(signed(from, value.clone()));
        net.forge(from, 1, &PeerMessage::Decided { request: id, operation: operation(0), decision });
    }
    net.advance(3_000);
    assert!(drawn(&net, 1).is_empty());
    net.links = Box::new(|_, _, _| true);
    net.advance(1_000);
    assert_eq!(drawn(&net, 1).len(), 1);
    assert_eq!(drawn(&net, 1), drawn(&net, 2));
}
