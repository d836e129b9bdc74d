//! What a node remembers of executions: how many, for how long, and how little of what has ended.

use std::net::IpAddr;

use quorate_engine::{Rates, ReplyTo};
use quorate_wire::{ErrorCode, PeerMessage, RequestId, limits};

use crate::harness::{Caller, Net, RATES};

/// Rates at which tables are small: 192 ids of one login, 100 of them at once.
const SLOW: Rates = Rates { executions_per_second: 1, login_per_second: 1 };
/// From the end of an execution until everybody has heard of it.
const OVER_MS: u64 = limits::EXECUTION_MS_MAX + 2_000;

/// A network in which every run ends at once and signs nothing.
fn quick(rates: Rates) -> Net {
    RATES.set(rates);
    let mut net = Net::ready();
    net.names = Vec::new();
    net
}

/// A request of a caller at this moment.
fn request(net: &Net, mark: u8, nonce: u8) -> (RequestId, quorate_wire::Submission) {
    let mut caller = Caller::new(mark);
    caller.time_ms = net.unix_ms;
    caller.request(nonce)
}

fn error(net: &Net, to: ReplyTo) -> Option<ErrorCode> {
    net.answer(to).and_then(|answer| answer.as_ref().err()).map(|problem| problem.code)
}

#[test]
fn a_login_that_keeps_to_its_rate_never_finds_the_table_full() {
    let mut net = quick(SLOW);
    let submit = |net: &mut Net, nonce| {
        let to = net.submit(1, &request(net, 1, nonce).1);
        net.advance(5);
        error(net, to)
    };
    // All that its bucket holds, and then what comes back: longer than ids are remembered.
    for nonce in 0..100 {
        assert_eq!(submit(&mut net, nonce), None, "{nonce}");
    }
    assert_eq!(submit(&mut net, 100), Some(ErrorCode::RateLimited));
    for second in 0..200_u8 {
        net.advance(995);
        assert_eq!(submit(&mut net, second), None, "after {second} s");
    }
}

#[test]
fn a_refusal_for_rate_says_when_there_is_room_again() {
    let mut net = quick(SLOW);
    for nonce in 0..100 {
        net.submit(1, &request(&net, 1, nonce).1);
    }
    net.advance(300);
    let submission = request(&net, 1, 100).1;
    let to = net.submit(1, &submission);
    let problem = net.answer(to).unwrap().as_ref().unwrap_err();
    assert_eq!((problem.code, problem.retry_after_ms), (ErrorCode::RateLimited, Some(700)));
    net.advance(699);
    let early = net.submit(1, &submission);
    assert_eq!(error(&net, early), Some(ErrorCode::RateLimited));
    net.advance(1);
    let to = net.submit(1, &submission);
    net.advance(5);
    assert_eq!(error(&net, to), None);
}

/// A peer pays for what it passes on by itself, so that the table is what bounds the ids of a login, and its own.
#[test]
fn a_full_table_refuses_and_forgets_nothing_early() {
    let mut net = quick(SLOW);
    let refused = |net: &Net| {
        let overloaded = |message: &&PeerMessage| {
            matches!(message, PeerMessage::Refused { code: ErrorCode::Overloaded, .. })
        };
        net.sent(2, 1).filter(overloaded).count()
    };
    let pass_on = |net: &mut Net, mark, nonce| {
        let submission = request(net, mark, nonce).1;
        net.forge(1, 2, &PeerMessage::Execute(submission));
    };
    let per_login = u8::try_from(SLOW.remembered_per_login_max()).unwrap();
    for nonce in 0..per_login {
        pass_on(&mut net, 1, nonce);
    }
    assert_eq!((net.engine(2).status().remembered, refused(&net)), (per_login.into(), 0));
    pass_on(&mut net, 1, per_login);
    assert_eq!((net.engine(2).status().remembered, refused(&net)), (per_login.into(), 1));
    // The peer has half of the table as well, whatever logins it brings. Callers find the rest.
    pass_on(&mut net, 2, 0);
    assert_eq!(refused(&net), 2);
    net.source = IpAddr::from([192, 0, 2, 1]);
    let mut taken = 0;
    for nonce in 0..100 {
        let to = net.submit(2, &request(&net, 3, nonce).1);
        taken += usize::from(error(&net, to) != Some(ErrorCode::Overloaded));
    }
    let left = SLOW.remembered_max() - usize::from(per_login);
    assert_eq!(taken, left / 2, "half of what was left");
    // What has ended is remembered for as long as it may be sent again.
    net.advance(OVER_MS);
    assert_eq!(net.engine(2).status().remembered, usize::from(per_login) + taken);
    pass_on(&mut net, 2, 0);
    assert_eq!(refused(&net), 3);
    net.advance(limits::REQUEST_AGE_MS_MAX);
    assert_eq!(net.engine(2).status().remembered, 0);
    pass_on(&mut net, 2, 0);
    assert_eq!(refused(&net), 3);
}

#[test]
fn who_asks_again_after_everybody_has_ended_gets_the_same_signatures_and_nothing_is_run_again() {
    let mut net = Net::ready();
    let (id, submission) = Caller::new(1).request(1);
    let first = net.submit(1, &submission);
    net.advance(50);
    let before = net.signatures(1, id);
    net.advance(OVER_MS);
    assert_eq!(net.engine(1).held_for_peers(), [], "votes and values are gone");
    assert_eq!(net.engine(1).status().remembered, 1);
    for node in [1, 2, 3, 1] {
        let again = net.submit(node, &submission);
        net.advance(50);
        let (first, again) = (net.answer(first).unwrap(), net.answer(again).unwrap());
        let (first, again) = (first.as_ref().unwrap(), again.as_ref().unwrap());
        assert_eq!((&again.response, &again.signatures), (&first.response, &first.signatures), "{node}");
        assert_eq!(again.receipt.statements[0].body, first.receipt.statements[0].body);
        net.advance(3_000);
    }
    assert_eq!((net.signatures(1, id), net.reported(1, started)), (before, 1));
    assert!((1..=3).all(|node| net.engine(node).status().remembered == 1));
}

fn started(report: &quorate_engine::Report) -> bool {
    matches!(report, quorate_engine::Report::Started(_))
}

#[test]
fn a_long_account_is_not_kept_and_who_asks_for_it_is_told() {
    let mut net = Net::ready();
    net.names = vec!["a", "b", "c", "d", "e", "f", "g", "h"];
    let (id, submission) = Caller::new(1).request(1);
    let first = net.submit(1, &submission);
    net.advance(100);
    assert!(net.answer(first).unwrap().is_ok());
    let again = net.submit(1, &submission);
    assert!(net.answer(again).unwrap().is_ok(), "it is there while others may ask");
    net.advance(OVER_MS);
    for node in 1..=3 {
        let again = net.submit(node, &submission);
        let problem = net.answer(again).unwrap().as_ref().unwrap_err();
        assert_eq!((problem.code, problem.request_id), (ErrorCode::ReplyNotKept, Some(id)));
        assert!(!problem.retryable);
    }
    // A coordinator that asks late is told, too.
    net.forge(3, 1, &PeerMessage::Execute(submission));
    let told = |message: &&PeerMessage| matches!(message, PeerMessage::Refused { request, code: ErrorCode::ReplyNotKept, .. } if *request == id);
    assert_eq!(net.sent(1, 3).filter(told).count(), 1);
    assert_eq!(net.reported(1, started), 1);
}
