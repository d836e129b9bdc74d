//! Operations on values, children, and the kinds of messages: what is not a bare digest.

use std::collections::BTreeSet;

use quorate_engine::{ActionEvent, ActionFailure, Answer, Input, Report};
use quorate_wire::{
    ActionCid, Decision, Digest, ErrorCode, HostCall, LeaderValue, MessageKind, PeerMessage, PublicKey,
    Recipient, RpcMethod, SignKey, SignMessage, SignRequest, Signed, Verdict, Vote, action_key_id,
    action_signature_digest,
};

use crate::harness::{CODE, Caller, Net, end, index, operation, signed};

fn collect(node: u8) -> HostCall {
    HostCall::Collect { name: "price".to_owned(), value: format!("{}", 100 + node) }
}

fn once() -> HostCall {
    HostCall::RunOnce { name: "post".to_owned(), wait: true }
}

fn own(name: &str) -> HostCall {
    let message = SignMessage::Bytes(b"hello".to_vec());
    HostCall::Sign(SignRequest {
        key: SignKey::Own,
        message,
        name: name.to_owned(),
        recipient: Recipient::Caller,
    })
}

/// The values that runs were given by a call.
fn given(net: &Net, call: u32) -> Vec<(u8, String)> {
    let of_call = net.answers.iter().filter(|(_, number, _)| *number == call);
    let mut given: Vec<(u8, String)> = of_call
        .filter_map(|(node, _, answer)| match answer {
            Ok(Answer::Value(value)) => Some((*node, value.clone())),
            _ => None,
        })
        .collect();
    given.sort();
    given
}

#[test]
fn calls_that_name_no_action_or_are_not_the_engines_are_refused() {
    fn wanted(_: u8) -> Vec<HostCall> {
        vec![
            HostCall::ActionKey { cid: "Qm".to_owned() },
            HostCall::Call { cid: "Qm".to_owned(), params: "{}".to_owned() },
            HostCall::Pause { ms: 1 },
            HostCall::Rpc { chain: "quorate".to_owned(), method: RpcMethod::ChainId },
        ]
    }
    let mut net = Net::ready();
    net.wanted = Some((wanted, true));
    let to = net.submit(1, &Caller::new(1).request(1).1);
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
    let malformed = ErrorCode::MalformedRequest;
    let expected = [malformed, malformed, ErrorCode::NotSupported, ErrorCode::NotSupported];
    let codes: Vec<_> = net
        .answers
        .iter()
        .filter(|(node, _, _)| *node == 1)
        .map(|(_, _, answer)| *answer.as_ref().unwrap_err())
        .collect();
    assert_eq!(codes, expected);
}

#[test]
fn all_nodes_collect_the_same_values_in_the_order_of_nodes() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(2, &submission);
    net.advance(100);
    let all = r#"[{"node":1,"value":"101"},{"node":2,"value":"102"},{"node":3,"value":"103"}]"#;
    assert_eq!(given(&net, 1), [1, 2, 3].map(|node| (node, all.to_owned())));
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    let collected = &reply.receipt.statements[0].body.collected;
    assert_eq!(collected[0].nodes, [1, 2, 3].map(index));
    assert_eq!(collected[0].values, quorate_wire::Collected::hash(["101", "102", "103"]));
}

#[test]
fn a_silent_node_is_waited_for_a_moment_and_then_left_out() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    net.links = Box::new(|from, _, message| from != 3 || !matches!(message, PeerMessage::Vote(_)));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(500);
    assert!(net.answer(to).is_none(), "it waits");
    net.advance(1_000);
    let two = r#"[{"node":1,"value":"101"},{"node":2,"value":"102"}]"#;
    assert!(given(&net, 1).contains(&(1, two.to_owned())));
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn a_set_that_was_changed_on_its_way_is_not_taken() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    // What the coordinator fixes reaches nobody; what is forged from it does.
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Decided { .. }));
    let (_, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(100);
    let decided = net.sent(1, 2).find(|message| matches!(message, PeerMessage::Decided { .. })).cloned();
    let Some(PeerMessage::Decided { request, operation, decision: Decision::Collected(votes) }) = decided
    else {
        panic!("fixed");
    };
    let forgeries = [
        votes[..1].to_vec(),
        vec![votes[0].clone(), votes[0].clone(), votes[1].clone()],
        votes.iter().rev().cloned().collect(),
        {
            let mut other = votes.clone();
            if let quorate_wire::Verdict::Observed { value, .. } = &mut other[2].body.verdict {
                *value = "0".to_owned();
            }
            other
        },
    ];
    for votes in forgeries {
        let decision = Decision::Collected(votes);
        net.forge(1, 2, &PeerMessage::Decided { request, operation, decision });
        assert!(given(&net, 1).iter().all(|(node, _)| *node != 2));
    }
    let decision = Decision::Collected(votes);
    net.forge(1, 2, &PeerMessage::Decided { request, operation, decision });
    assert!(given(&net, 1).iter().any(|(node, _)| *node == 2), "the true one is");
}

#[test]
fn one_node_runs_the_function_and_all_go_on_with_its_value() {
    let mut net = Net::ready();
    net.wanted = Some((|_| vec![once()], false));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    let statement = &net.answer(to).unwrap().as_ref().unwrap().receipt.statements[0].body;
    let leader = statement.single_node[0].node;
    let value = format!(r#"{{"value":"of node {leader}"}}"#);
    let others: Vec<(u8, String)> =
        given(&net, 1).into_iter().filter(|(node, _)| *node != leader.get()).collect();
    assert_eq!(others.len(), 2);
    assert!(others.iter().all(|(_, given)| *given == value));
    assert_eq!(given(&net, 1_001), [(leader.get(), value)]);
}

#[test]
fn the_next_one_runs_the_function_if_the_first_is_gone() {
    for dead in 1..=3 {
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![once()], false));
        net.kill(dead);
        let (_, submission) = Caller::new(1).request(1);
        let to = net.submit(1 + dead % 3, &submission);
        net.advance(3_000);
        let reply = net.answer(to).unwrap().as_ref().unwrap();
        assert_ne!(reply.receipt.statements[0].body.single_node[0].node, index(dead));
    }
}

#[test]
fn a_node_that_comes_late_does_not_run_again_what_another_has_run() {
    let mut late = 0;
    for nonce in 1..=8 {
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![once()], false));
        let (_, mut submission) = Caller::new(1).request(nonce);
        submission.code = None;
        let to = net.submit(1, &submission);
        net.advance(10);
        let found = |net: &mut Net, node: u8| {
            let run = net.node(node).searches.remove(0);
            net.input(node, Input::Code { run, code: Ok(CODE.into()) });
            net.advance(300);
        };
        // The node that the caller asked finds the code last, when its caller has the answer.
        found(&mut net, 2);
        found(&mut net, 3);
        if net.answer(to).is_none() {
            continue;
        }
        late += 1;
        found(&mut net, 1);
        let run = Ok(Answer::Value(r#"{"run":true}"#.to_owned()));
        let runners: Vec<u8> =
            net.answers.iter().filter(|(_, _, answer)| *answer == run).map(|(node, ..)| *node).collect();
        assert_eq!(runners.len(), 1, "{runners:?}");
        assert_eq!(given(&net, 1).len() + given(&net, 1_001).len(), 4, "all have the value");
    }
    assert!(late > 0, "the first in the order was not always the late one");
}

#[test]
fn answers_to_calls_made_at_once_come_in_the_order_of_the_calls() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![own("a"), collect(node), once(), own("b")], true));
    // The first signature comes last: its proposals are held back for a while.
    let (_, submission) = Caller::new(1).request(1);
    net.links = Box::new(|_, _, message| match message {
        PeerMessage::Propose(proposal) => proposal.operation.get() != 0 || proposal.attempt > 1,
        _ => true,
    });
    let to = net.submit(1, &submission);
    net.advance(5_000);
    assert!(net.answer(to).unwrap().is_ok(), "{:?}", net.answer(to));
    for node in 1..=3 {
        let order: Vec<u32> = net
            .answers
            .iter()
            .filter(|(of, _, answer)| {
                *of == node && *answer != Ok(Answer::Value(r#"{"run":true}"#.to_owned()))
            })
            .map(|(_, call, _)| call % 1_000)
            .collect();
        assert_eq!(order, [1, 2, 3, 4], "node {node}");
    }
}

#[test]
fn an_action_signs_with_its_own_key_and_the_digest_is_typed() {
    let mut net = Net::ready();
    net.wanted = Some((
        |_| vec![own("a"), HostCall::ActionKey { cid: ActionCid::of_code(CODE.as_bytes()).to_string() }],
        false,
    ));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(200);
    let action = ActionCid::of_code(CODE.as_bytes());
    let root = net.engine(1).status().roots.unwrap().sign_secp256k1;
    let key = quorate_threshold::derive::public_key(root.as_bytes(), &action_key_id(&action).0).unwrap();
    let key = PublicKey::from_sec1(&key).unwrap();
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    let view = &reply.signatures["a"];
    assert_eq!((view.public_key, view.digest), (key, action_signature_digest(&action, b"hello")));
    assert_eq!(reply.receipt.statements[0].body.intents[0].kind, MessageKind::Action);
    let told: BTreeSet<String> = given(&net, 2).into_iter().map(|(_, value)| value).collect();
    assert_eq!(told, BTreeSet::from([format!("\"{key}\"")]));
}

#[test]
fn a_claimed_key_is_stated_and_shown() {
    let mut net = Net::ready();
    net.wanted = Some((
        |_| {
            let claim = |key_id: &str| HostCall::Claim { key_id: key_id.to_owned() };
            vec![claim("alice"), claim("a\nb"), claim("")]
        },
        false,
    ));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    assert_eq!(reply.claims.len(), 1, "what is no id is refused");
    assert_eq!(reply.claims, reply.receipt.statements[0].body.claims);
    assert_eq!(given(&net, 1)[0].1, format!("\"{}\"", reply.claims[0].public_key));
    assert!(
        net.answers.iter().any(|(_, call, answer)| *call == 2 && *answer == Err(ErrorCode::ClaimInvalid))
    );
}

#[test]
fn a_child_runs_under_its_own_cid_and_its_parent_is_told_what_it_said() {
    const CHILD: &str = "// the child";
    let mut net = Net::ready();
    net.wanted = Some((
        |_| {
            let action = ActionCid::of_code(CHILD.as_bytes());
            vec![HostCall::Call { cid: action.to_string(), params: "{}".to_owned() }]
        },
        false,
    ));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    // The children do nothing but end.
    net.wanted = Some((|_| Vec::new(), false));
    for node in 1..=3 {
        let run = net.node(node).searches.remove(0);
        let code = if node == 3 { Err(ErrorCode::CodeMissing) } else { Ok(CHILD.into()) };
        net.input(node, Input::Code { run, code });
    }
    net.advance(100);
    assert_eq!(given(&net, 1), [1, 2].map(|node| (node, "\"done\"".to_owned())));
    let third: Vec<_> = net.answers.iter().filter(|(node, _, _)| *node == 3).collect();
    assert_eq!(third.len(), 1);
    assert_eq!(third[0].2, Err(ErrorCode::CodeMissing));
    let child = net.nodes[&1].runs.values().find(|start| start.parent.is_some()).unwrap();
    assert_eq!(child.action, ActionCid::of_code(CHILD.as_bytes()));
    assert!(child.auth.contains(&format!(
        "[\"{}\",\"{}\"]",
        ActionCid::of_code(CODE.as_bytes()),
        child.action
    )));
    assert!(net.answer(to).is_some());
}

#[test]
fn what_a_child_signed_before_it_failed_is_not_shown() {
    fn child(_: u8) -> HostCall {
        HostCall::Call { cid: ActionCid::of_code(b"// the child").to_string(), params: "{}".to_owned() }
    }
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![own("first"), child(node), own("last")], false));
    let to = net.submit(1, &Caller::new(1).request(1).1);
    net.advance(100);
    // The child signs, and then asks for one of its own, whose code nobody finds for now.
    net.wanted = Some((|node| vec![own("of the child"), child(node)], false));
    for node in 1..=3 {
        let run = net.node(node).searches.remove(0);
        net.input(node, Input::Code { run, code: Ok("// the child".into()) });
    }
    net.advance(100);
    net.wanted = Some((|node| vec![own("first"), child(node), own("last")], false));
    for node in 1..=3 {
        let child = net.nodes[&node].runs.iter().find(|(_, start)| start.parent.is_some());
        let run = *child.unwrap().0;
        let failure = ActionFailure { code: ErrorCode::ActionThrew, message: "no".to_owned() };
        net.input(node, Input::Action { run, event: ActionEvent::Finished(end(Err(failure))) });
    }
    net.advance(100);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    assert_eq!(reply.signatures.keys().collect::<Vec<_>>(), ["first", "last"]);
    let statement = &reply.receipt.statements[0].body;
    assert_eq!((statement.intents.len(), statement.failed.len()), (3, 1));
}

/// A set of two of three, as a corrupt member fixes it that coordinates what it overheard, while the node that
/// the caller asked waits for the third.
#[test]
fn a_set_that_an_overhearing_coordinator_fixes_at_once_is_not_taken() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    // Node 3 is corrupt: its value does not reach node 1, which the caller asked, in time.
    net.links =
        Box::new(|from, to, message| (from, to) != (3, 1) || !matches!(message, PeerMessage::Vote(_)));
    let (request, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    net.forge(3, 2, &PeerMessage::Execute(submission.clone()));
    net.advance(10);
    let vote = |net: &Net, of: u8, to: u8| {
        net.sent(of, to).find_map(|message| match message {
            PeerMessage::Vote(vote) => Some(vote.clone()),
            _ => None,
        })
    };
    let votes = vec![vote(&net, 2, 3).unwrap(), vote(&net, 3, 1).unwrap()];
    let decision = Decision::Collected(votes);
    net.forge(3, 2, &PeerMessage::Decided { request, operation: crate::harness::operation(0), decision });
    assert!(given(&net, 1).is_empty(), "the one whom the caller asked still collects");
    net.advance(1_500);
    let fixed = r#"[{"node":1,"value":"101"},{"node":2,"value":"102"}]"#;
    assert!(given(&net, 1).contains(&(2, fixed.to_owned())), "{:?}", given(&net, 1));
    assert!(net.answer(to).unwrap().is_ok());
}

/// The first vote on values that one node sent to another.
fn vote(net: &Net, of: u8, to: u8) -> Signed<Vote> {
    let vote = net.sent(of, to).find_map(|message| match message {
        PeerMessage::Vote(vote) => Some(vote.clone()),
        _ => None,
    });
    vote.expect("it voted")
}

fn faults(net: &Net, at: u8) -> usize {
    net.reported(at, |report| matches!(report, Report::PeerFault { .. }))
}

const ALL: &str = r#"[{"node":1,"value":"101"},{"node":2,"value":"102"},{"node":3,"value":"103"}]"#;

/// The set is sound, and has all that the coordinator has; but not all that it waits for.
#[test]
fn a_coordinator_takes_no_set_over_that_lacks_whom_it_still_waits_for() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    let mut lost = 0;
    net.links = Box::new(move |from, to, message| {
        let held = (from, to) == (2, 1) && matches!(message, PeerMessage::Vote(_));
        lost += u8::from(held);
        !held || lost > 2
    });
    let (request, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(10);
    net.forge(3, 1, &PeerMessage::Execute(submission));
    let decision = Decision::Collected(vec![vote(&net, 1, 3), vote(&net, 3, 1)]);
    net.forge(3, 1, &PeerMessage::Decided { request, operation: operation(0), decision });
    net.advance(100);
    assert!(given(&net, 1).is_empty(), "{:?}", given(&net, 1));
    net.advance(800);
    assert_eq!(given(&net, 1), [1, 2, 3].map(|node| (node, ALL.to_owned())));
    assert!(net.answer(to).unwrap().is_ok());
}

/// A set that lacks nobody, with another value of its own for each, from one that is heard in the same
/// millisecond as the node that the caller asked.
#[test]
fn a_member_that_gives_another_set_to_each_node_does_not_part_them() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    net.links = Box::new(|from, _, message| from != 1 || !matches!(message, PeerMessage::Vote(_)));
    let (request, submission) = Caller::new(1).request(1);
    let to = net.submit(3, &submission);
    net.advance(0);
    net.forge(1, 2, &PeerMessage::Execute(submission.clone()));
    net.forge(1, 3, &PeerMessage::Execute(submission));
    let mut own = vote(&net, 1, 3).body;
    own.verdict = Verdict::Observed { name: "price".to_owned(), value: "another".to_owned() };
    let decision = Decision::Collected(vec![signed(1, own), vote(&net, 2, 1), vote(&net, 3, 1)]);
    net.forge(1, 2, &PeerMessage::Decided { request, operation: operation(0), decision });
    net.advance(2_000);
    let fixed = r#"[{"node":2,"value":"102"},{"node":3,"value":"103"}]"#;
    for node in [2, 3] {
        assert!(given(&net, 1).contains(&(node, fixed.to_owned())), "{:?}", given(&net, 1));
    }
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn a_set_that_is_told_late_and_lacks_our_value_is_taken_and_nobody_is_blamed() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    // Node 2 is cut off from the coordinator for a while.
    net.links = Box::new(|from, to, message| {
        let (a, b) = (from.min(to), from.max(to));
        (a, b) != (1, 2) || matches!(message, PeerMessage::Execute(_) | PeerMessage::Ping(_))
    });
    let (_, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(5_000);
    let fixed = net.sent(1, 2).find(|message| matches!(message, PeerMessage::Decided { .. })).cloned();
    net.forge(1, 2, &fixed.expect("fixed"));
    let two = r#"[{"node":1,"value":"101"},{"node":3,"value":"103"}]"#;
    assert!(given(&net, 1).contains(&(2, two.to_owned())), "{:?}", given(&net, 1));
    assert_eq!(faults(&net, 2), 0);
}

/// It votes, dies, and sees another price when it runs the action again. What it signed first stands, for itself too.
#[test]
fn a_member_that_starts_anew_may_see_another_value_and_goes_on_with_its_first() {
    let mut net = Net::ready();
    net.wanted = Some((|node| vec![collect(node)], false));
    net.links = Box::new(|from, _, message| from != 2 || !matches!(message, PeerMessage::Vote(_)));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    let first = vote(&net, 3, 1);
    net.kill(3);
    net.wanted = Some((|node| vec![collect(node + 100)], false));
    // Its clock is behind, so that the request looks younger than its start.
    net.unix_ms -= 1_000;
    net.start(3);
    net.advance(100);
    net.unix_ms += 1_000;
    let votes: Vec<&Signed<Vote>> = net
        .sent(3, 1)
        .filter_map(|message| match message {
            PeerMessage::Vote(vote) if *vote != first => Some(vote),
            _ => None,
        })
        .collect();
    let Verdict::Observed { value, .. } = &votes.first().expect("it votes again").body.verdict else {
        panic!("on a value");
    };
    assert_eq!(value, "203");
    assert!(given(&net, 1).is_empty(), "{:?}", given(&net, 1));
    net.advance(2_000);
    let fixed = r#"[{"node":1,"value":"101"},{"node":3,"value":"103"}]"#;
    assert_eq!(given(&net, 1), [1, 2, 3].map(|node| (node, fixed.to_owned())));
    assert_eq!([1, 2, 3].map(|node| faults(&net, node)), [0; 3]);
    assert!(net.answer(to).unwrap().is_ok());
}

/// Whoever ran the function may have started anew, and may have run it again: its first value stands.
#[test]
fn two_values_of_one_member_are_its_fault_unless_it_started_anew_between_them() {
    for anew in [false, true] {
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![once()], false));
        net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Decided { .. }));
        let led = |net: &Net| {
            [2, 3].into_iter().find_map(|node| {
                let value = net.sent(node, 1).find_map(|message| match message {
                    PeerMessage::Led(value) => Some(value.clone()),
                    _ => None,
                });
                value.map(|value| (node, value))
            })
        };
        let found = (0..20).find_map(|nonce| {
            let (_, submission) = Caller::new(1).request(nonce);
            net.submit(1, &submission);
            net.advance(100);
            led(&net)
        });
        let (leader, mut value) = found.expect("another node than the coordinator runs one of the functions");
        if anew {
            net.kill(leader);
            net.start(leader);
        }
        value.body.result = Ok("another".to_owned());
        let before = faults(&net, 1);
        net.forge(leader, 1, &PeerMessage::Led(signed(leader, value.body)));
        assert_eq!(faults(&net, 1) - before, usize::from(!anew), "anew: {anew}");
    }
}

/// A function that comes second, so that a liar can speak of it before anybody has come to it. Who is to run it,
/// and the vote on it.
fn once_after_a_set(lies: impl FnOnce(&mut Net, u8, u8, &Vote)) -> (Net, u8) {
    let begin = || {
        let mut net = Net::ready();
        net.wanted = Some((|node| vec![collect(node), once()], false));
        let mut lost = [0; 4];
        net.links = Box::new(move |from, _, message| match message {
            PeerMessage::Vote(vote) if vote.body.operation == operation(0) => {
                lost[usize::from(from)] += 1;
                lost[usize::from(from)] > 2
            }
            _ => true,
        });
        let (_, submission) = Caller::new(1).request(1);
        let to = net.submit(1, &submission);
        net.advance(10);
        (net, to)
    };
    let leader = |net: &Net, to| {
        let reply = net.answer(to).expect("answered").as_ref().unwrap();
        reply.receipt.statements[0].body.single_node[0].node.get()
    };
    let (mut net, to) = begin();
    net.advance(2_000);
    let first = leader(&net, to);
    let (mut net, to) = begin();
    let mut body = vote(&net, 2, 1).body;
    body.operation = operation(1);
    body.verdict = Verdict::Once { name: "post".to_owned() };
    // Neither the one that is to run it nor the one that was asked.
    lies(&mut net, first, if first == 2 { 3 } else { 2 }, &body);
    net.advance(2_000);
    assert_eq!(leader(&net, to), first);
    (net, first)
}

#[test]
fn whoever_is_first_does_not_wait_for_one_that_only_says_that_it_runs_the_function() {
    once_after_a_set(|net, first, liar, vote| {
        let leading = PeerMessage::Leading { request: vote.request, operation: vote.operation };
        net.forge(liar, first, &leading);
    });
}

#[test]
fn whoever_is_first_runs_the_function_though_one_behind_it_has_given_a_value() {
    let (net, first) = once_after_a_set(|net, first, liar, vote| {
        let value = LeaderValue {
            network: vote.network,
            epoch: vote.epoch,
            request: vote.request,
            operation: vote.operation,
            intent: vote.hash(),
            result: Ok("usurped".to_owned()),
        };
        let decision = Decision::Led(signed(liar, value));
        for node in [first, 1] {
            let (request, operation) = (vote.request, vote.operation);
            if node != liar {
                net.forge(
                    liar,
                    node,
                    &PeerMessage::Decided { request, operation, decision: decision.clone() },
                );
            }
        }
    });
    assert!(given(&net, 1_002).iter().any(|(node, value)| *node == first && !value.contains("usurped")));
}

#[test]
fn a_value_for_another_function_than_ours_is_not_taken_and_nobody_is_blamed() {
    let mut net = Net::ready();
    net.wanted = Some((|_| vec![once()], false));
    net.links =
        Box::new(|_, _, message| !matches!(message, PeerMessage::Led(_) | PeerMessage::Decided { .. }));
    let (request, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(10);
    // The node that runs the function has its own value; the other one has none yet.
    let target = (2..=3).find(|node| given(&net, 1).iter().all(|(has, _)| has != node)).unwrap();
    let own = vote(&net, target, 1).body;
    let value = LeaderValue {
        network: own.network,
        epoch: own.epoch,
        request,
        operation: operation(0),
        intent: Digest([7; 32]),
        result: Ok("of another".to_owned()),
    };
    let decision = Decision::Led(signed(5 - target, value));
    net.forge(1, target, &PeerMessage::Decided { request, operation: operation(0), decision });
    assert!(given(&net, 1).iter().all(|(node, _)| *node != target));
    assert_eq!(faults(&net, target), 0);
}

/// The key that the runs of the next test ask to sign with.
static GRANTED: std::sync::OnceLock<PublicKey> = std::sync::OnceLock::new();

fn once_and_then_sign(_: u8) -> Vec<HostCall> {
    let key = SignKey::Pkp(GRANTED.get().unwrap().uncompressed().to_vec());
    let sign = |key, name: &str| {
        let message = SignMessage::Digest([7; 32]);
        HostCall::Sign(SignRequest { key, message, name: name.to_owned(), recipient: Recipient::Caller })
    };
    vec![sign(key.clone(), "before"), once(), sign(key, "after")]
}

#[test]
fn a_grant_can_bar_what_is_signed_after_a_value_of_one_node() {
    let mut net = Net::ready();
    GRANTED.set(net.key).unwrap();
    net.wanted = Some((once_and_then_sign, false));
    for (bars, nonce) in [(false, 1), (true, 2)] {
        net.answers.clear();
        for node in 1..=3 {
            net.node(node).registry.bars_single_node = bars;
            net.head(node);
        }
        let (_, submission) = Caller::new(1).request(nonce);
        net.submit(1, &submission);
        net.advance(100);
        let signed = |call| net.answers.iter().filter(move |(_, number, _)| *number == call);
        assert_eq!((signed(1).count(), signed(3).count()), (3, 3), "{bars}");
        assert!(signed(1).all(|(_, _, answer)| matches!(answer, Ok(Answer::Signed(_)))), "{bars}");
        assert!(
            signed(3).all(|(_, _, answer)| match answer {
                Ok(Answer::Signed(_)) => !bars,
                Err(code) => bars && *code == ErrorCode::SingleNodeValue,
                Ok(Answer::Value(_)) => false,
            }),
            "{bars}: {:?}",
            net.answers
        );
    }
}
