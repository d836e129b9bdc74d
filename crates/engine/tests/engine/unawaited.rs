//! Functions that one node runs while nobody waits for them.

use quorate_engine::Report;
use quorate_wire::{ErrorCode, HostCall, PeerMessage, Status};

use crate::harness::{Caller, Net, signed};

fn unawaited() -> HostCall {
    HostCall::RunOnce { name: "post".to_owned(), wait: false }
}

/// The node whose run ended with the code.
fn refused(net: &Net) -> u8 {
    let ended =
        |report: &Report| matches!(report, Report::Ended { error: Some(ErrorCode::RunOnceOperation), .. });
    (1..=3).find(|node| net.reported(*node, ended) == 1).expect("one that ran the function")
}

#[test]
fn a_function_that_asked_for_what_all_nodes_do_is_in_the_log_though_nobody_waits_for_it() {
    for asked in 1..=3 {
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![unawaited()], false));
        let (_, submission) = Caller::new(1).request(1);
        let to = net.submit(asked, &submission);
        net.advance(500);
        let runner = refused(&net);
        let reply = net.answer(to).expect("an answer at once").as_ref().expect("the others completed");
        let line = format!("the run of node {runner} ended with run_once_operation");
        assert!(reply.logs.contains(&line), "{}", reply.logs);
        assert!(reply.logs.contains(&format!("on node {runner}")), "{}", reply.logs);
    }
}

#[test]
fn a_runner_of_which_nothing_is_heard_is_waited_for_a_moment() {
    let mut waited = 0;
    for asked in 1..=3 {
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![unawaited()], false));
        net.links = Box::new(|_, _, message| match message {
            PeerMessage::Outcome(outcome) => outcome.statement.body.error.is_none(),
            _ => true,
        });
        let (_, submission) = Caller::new(1).request(1);
        let to = net.submit(asked, &submission);
        net.advance(500);
        if refused(&net) != asked {
            assert!(net.answer(to).is_none(), "it waits");
            waited += 1;
        }
        net.advance(1_000);
        assert!(net.answer(to).expect("an answer").is_ok());
    }
    assert!(waited > 0, "some were asked that did not run it");
}

#[test]
fn a_member_that_was_to_run_nothing_writes_no_line_into_the_log() {
    let mut net = Net::ready();
    // No run asks for a function that one node runs; the third member's run says that it ended so all the same.
    let (_, submission) = Caller::new(1).request(1);
    // The honest outcomes wait until the lie is there.
    net.links = Box::new(|_, to, message| to != 1 || !matches!(message, PeerMessage::Outcome(_)));
    let to = net.submit(1, &submission);
    net.advance(200);
    let outcome = net.sent(3, 1).find_map(|message| match message {
        PeerMessage::Outcome(outcome) => Some(outcome.clone()),
        _ => None,
    });
    let mut lie = *outcome.expect("the third has ended");
    lie.statement.body.status = Status::Failed;
    lie.statement.body.error = Some(ErrorCode::RunOnceOperation);
    lie.statement.body.response = None;
    lie.statement = signed(3, lie.statement.body);
    (lie.response, lie.signatures) = (None, Vec::new());
    lie.detail = Some("no\nan invented line".to_owned());
    let honest = net.sent(2, 1).find(|message| matches!(message, PeerMessage::Outcome(_))).cloned();
    assert!(net.answer(to).is_none());
    net.forge(3, 1, &PeerMessage::Outcome(Box::new(lie)));
    net.forge(2, 1, &honest.expect("the second has ended"));
    let reply = net.answer(to).expect("an answer").as_ref().expect("two ended alike");
    assert!(!reply.logs.contains("invented") && !reply.logs.contains("node 3"), "{}", reply.logs);
}
