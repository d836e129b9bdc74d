//! Whole executions, and what happens to them when nodes differ, fall silent or die.

use quorate_engine::Report;
use quorate_wire::{Digest, ErrorCode, PeerMessage, Recipient, Status, Submission, limits, request_id};

use crate::harness::{Caller, LOG, Net, index, network};

#[test]
fn three_strangers_found_a_network_and_sign() {
    let mut net = Net::found();
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    let (_, submission) = caller.request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    assert_eq!(net.answer(to).unwrap().as_ref().unwrap().status, Status::Completed);
}

#[test]
fn nodes_that_see_the_named_block_a_moment_later_take_part() {
    let mut net = Net::ready();
    for node in [2, 3] {
        net.node(node).registry.behind = true;
        net.head(node);
    }
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(300);
    assert!(net.answer(to).is_none(), "it waits");
    net.node(2).registry.behind = false;
    net.head(2);
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
    net.advance(1_000);
    assert_eq!(net.signatures(3, id), 0, "whoever stays behind has refused");
    assert_eq!(net.reported(3, |r| matches!(r, Report::Refused(ErrorCode::BlockAhead))), 1);
}

#[test]
fn a_granted_action_gets_a_signature_and_a_receipt_of_two_members() {
    let mut net = Net::ready();
    let (id, submission) = Caller::new(1).request(1);
    assert_eq!(id, request_id(&network().id(), &submission.request));
    let to = net.submit(1, &submission);
    net.advance(50);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    let view = &reply.signatures["sig"];
    assert_eq!((view.public_key, view.digest), (net.key, Digest([7; 32])));
    let mut bytes = [0u8; 64];
    hex::decode_to_slice(&view.signature[2..], &mut bytes).unwrap();
    assert!(quorate_wire::ecdsa_valid(&net.key, &view.digest, &(bytes, view.recovery_id.unwrap())));
    let statements = &reply.receipt.statements;
    assert!(statements.len() >= 2 && reply.receipt.odd.is_empty());
    for statement in statements {
        statement.verify(&network().node(statement.node).unwrap().statement_key).unwrap();
        assert_eq!(statement.body, statements[0].body);
    }
    assert!((1..=3).all(|node| net.signatures(node, id) == 1), "the third node goes on as well");
}

#[test]
fn several_operations_of_one_run_are_signed_in_order() {
    let mut net = Net::ready();
    net.names = vec!["a", "b", "c"];
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(2, &submission);
    net.advance(100);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    let names: Vec<&str> = reply.receipt.statements[0].body.intents.iter().map(|i| i.name.as_str()).collect();
    assert_eq!((names, reply.signatures.len()), (vec!["a", "b", "c"], 3));
}

#[test]
fn an_odd_node_is_named_with_its_field_and_the_execution_succeeds() {
    let mut net = Net::ready();
    net.node(3).digest = [8; 32];
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(3, &submission);
    net.advance(200);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    let odd: Vec<_> = reply.receipt.odd.iter().map(|odd| (odd.node, odd.field.as_str())).collect();
    assert_eq!(odd, vec![(index(3), "digest")]);
    assert_eq!(reply.signatures["sig"].digest, Digest([7; 32]));
    assert!(net.nodes[&3].reports.iter().any(
        |report| matches!(report, Report::OddNode { node, field, .. } if *node == index(3) && field == "digest")
    ));
}

#[test]
fn three_different_intents_diverge_with_three_hashes_and_sign_nothing() {
    let mut net = Net::ready();
    net.node(2).digest = [8; 32];
    net.node(3).digest = [9; 32];
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    let problem = net.answer(to).unwrap().as_ref().unwrap_err();
    assert_eq!(problem.code, ErrorCode::IntentsDiverged);
    let mut hashes: Vec<Digest> = problem.odd.iter().map(|odd| odd.intent).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
    for node in 1..=3 {
        assert_eq!((net.signatures(node, id), net.engine(node).status().running), (0, 0));
    }
}

#[test]
fn a_replayed_request_gets_the_same_outcome_and_signs_nothing_more() {
    let mut net = Net::ready();
    let (id, submission) = Caller::new(1).request(1);
    let first = net.submit(1, &submission);
    net.advance(50);
    let again = net.submit(1, &submission);
    let elsewhere = net.submit(2, &submission);
    net.advance(50);
    assert_eq!(net.answer(first), net.answer(again));
    let (first, elsewhere) = (net.answer(first).unwrap(), net.answer(elsewhere).unwrap());
    let (first, elsewhere) = (first.as_ref().unwrap(), elsewhere.as_ref().unwrap());
    assert_eq!((&first.response, &first.signatures), (&elsewhere.response, &elsewhere.signatures));
    assert!((1..=3).all(|node| net.signatures(node, id) == 1));
}

#[test]
fn a_clock_set_back_revives_no_forgotten_request() {
    let mut net = Net::ready();
    let (_, submission) = Caller::new(1).request(1);
    let first = net.submit(1, &submission);
    net.advance(50);
    assert!(net.answer(first).unwrap().is_ok());
    net.advance(limits::REQUEST_AGE_MS_MAX + limits::EXECUTION_MS_MAX + 2_000);
    assert_eq!(net.engine(1).status().remembered, 0);
    net.unix_ms -= limits::REQUEST_AGE_MS_MAX;
    let again = net.submit(1, &submission);
    assert_eq!(net.error(again), ErrorCode::RequestExpired);
}

#[test]
fn another_session_gets_no_answer_to_a_request_that_it_saw() {
    let mut net = Net::ready();
    let (id, submission) = Caller::new(1).request(1);
    let first = net.submit(1, &submission);
    net.advance(50);
    assert!(net.answer(first).unwrap().is_ok());
    let (same, stolen) = Caller::new(2).sign(submission.request.clone());
    assert_eq!(id, same);
    let thief = net.submit(1, &stolen);
    assert_eq!(net.error(thief), ErrorCode::LoginMismatch);
    // With the caller's own login, which every node has seen, the signature is still another's.
    let thief = net.submit(1, &Submission { login: submission.login, ..stolen });
    assert_eq!(net.error(thief), ErrorCode::SessionSignatureInvalid);
}

#[test]
fn a_second_coordinator_takes_over_when_the_first_is_dead() {
    let mut net = Net::ready();
    // The first coordinator dies as it proposes: the others have voted and know the request.
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Propose(_)));
    let (id, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(20);
    assert_eq!(net.signatures(2, id), 0);
    net.kill(1);
    net.links = Box::new(|_, _, _| true);
    let to = net.submit(2, &submission);
    net.advance(1_500);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    assert_eq!((reply.request_id, reply.signatures.len()), (id, 1));
}

#[test]
fn coordinators_of_one_request_are_not_in_each_others_way() {
    let mut net = Net::ready();
    let (id, submission) = Caller::new(1).request(1);
    let callers = [1, 2, 3].map(|node| net.submit(node, &submission));
    net.advance(limits::HEDGE_MS);
    for to in callers {
        assert!(net.answer(to).unwrap().is_ok());
    }
    assert!((1..=3).all(|node| net.signatures(node, id) == 1));
}

#[test]
fn a_signer_that_falls_silent_costs_one_hedge() {
    let mut net = Net::ready();
    // Node 2 votes and offers, then says no word of any round.
    net.links = Box::new(|from, _, message| from != 2 || !matches!(message, PeerMessage::Round(_)));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(limits::HEDGE_MS + 100);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn a_node_killed_in_the_middle_of_signing_does_not_stop_the_execution() {
    let mut net = Net::ready();
    net.links =
        Box::new(|from, to, message| (from, to) != (2, 1) || !matches!(message, PeerMessage::Round(_)));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(10);
    net.kill(2);
    net.advance(limits::HEDGE_MS + 300);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn two_dead_nodes_give_no_quorum_within_two_seconds_and_are_named() {
    for warning in [true, false] {
        let mut net = Net::ready();
        if warning {
            net.kill(2);
            net.kill(3);
        } else {
            // They fall silent without a word from the transport.
            net.links = Box::new(|from, _, _| from == 1);
        }
        let (_, submission) = Caller::new(1).request(1);
        let to = net.submit(1, &submission);
        net.advance(1_950);
        let problem = net.answer(to).expect("in time").as_ref().unwrap_err();
        assert_eq!((problem.code, &problem.nodes), (ErrorCode::NoQuorum, &vec![index(2), index(3)]));
    }
}

#[test]
fn a_lost_last_message_is_made_good_by_the_signature() {
    let mut net = Net::ready();
    // Node 1 coordinates and completes; its part never reaches node 2, and node 3 is dead.
    net.kill(3);
    let mut rounds = 0;
    net.links = Box::new(move |from, to, message| {
        if (from, to) == (1, 2) && matches!(message, PeerMessage::Round(_)) {
            rounds += 1;
            return rounds != 3;
        }
        true
    });
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(limits::HEDGE_MS + 100);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn an_outcome_lost_with_the_connection_is_asked_for_again() {
    let mut net = Net::ready();
    net.kill(3);
    net.links = Box::new(|from, _, message| from != 2 || !matches!(message, PeerMessage::Outcome(_)));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    assert!(net.answer(to).is_none());
    net.links = Box::new(|_, _, _| true);
    for (node, peer) in [(1, 2), (2, 1)] {
        net.input(node, quorate_engine::Input::PeerConnected { peer: index(peer) });
    }
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn what_an_action_keeps_for_itself_is_in_the_receipt_and_not_in_the_reply() {
    let mut net = Net::ready();
    net.recipient = Recipient::Action;
    let to = net.submit(1, &Caller::new(1).request(1).1);
    net.advance(50);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    assert!(reply.signatures.is_empty());
    let intents = &reply.receipt.statements[0].body.intents;
    assert_eq!((intents.len(), intents[0].digest, intents[0].key), (1, Digest([7; 32]), net.key));
}

#[test]
fn log_and_usage_come_also_from_a_node_that_has_not_ended_its_own_run() {
    let mut net = Net::ready();
    // The caller asks two, and the first hears of no decision: what t others made is its answer.
    net.links = Box::new(|_, to, message| {
        to != 1 || matches!(message, PeerMessage::Outcome(_) | PeerMessage::Ping(_))
    });
    let submission = Caller::new(1).request(1).1;
    net.submit(2, &submission);
    let to = net.submit(1, &submission);
    net.advance(3_000);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    let members: Vec<_> = reply.receipt.statements.iter().map(|statement| statement.node).collect();
    assert_eq!(members, [index(2), index(3)]);
    assert_eq!((reply.logs.as_str(), reply.usage.fuel), (LOG, 7));
}
