//! Who is let in, and what a session's own words are worth.

use quorate_wire::{ActionCid, Admission, CapabilityAction, CapabilityKey, ErrorCode};

use crate::harness::{CODE, Caller, Net};

/// An action that nobody has granted anything.
const OTHER: &str = "another action";

fn named(code: &str) -> CapabilityAction {
    CapabilityAction::Named(ActionCid::of_code(code.as_bytes()))
}

/// What becomes of a caller's request: nothing, if it completes.
fn ends(net: &mut Net, caller: &mut Caller) -> Option<ErrorCode> {
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(1).1);
    net.advance(100);
    net.answer(to).expect("answered").as_ref().err().map(|problem| problem.code)
}

#[test]
fn a_list_lets_in_whom_it_names() {
    let mut net = Net::ready_in(|network| {
        network.admission = Admission::List([Caller::wallet(1)].into_iter().collect())
    });
    assert_eq!(ends(&mut net, &mut Caller::new(1)), None);
    assert_eq!(ends(&mut net, &mut Caller::new(2)), Some(ErrorCode::NotAdmitted));
}

#[test]
fn a_grant_lets_in_whoever_names_its_key_and_its_action() {
    let mut net = Net::ready_in(|network| network.admission = Admission::Granted);
    let key = CapabilityKey::Named(net.key);
    assert_eq!(ends(&mut net, &mut Caller::for_one(1, key, named(CODE))), None);
    // A wildcard names nothing.
    for wildcard in [
        Caller::new(2),
        Caller::for_one(3, CapabilityKey::Any, named(CODE)),
        Caller::for_one(4, key, CapabilityAction::Any),
    ] {
        let mut wildcard = wildcard;
        assert_eq!(ends(&mut net, &mut wildcard), Some(ErrorCode::NotAdmitted));
    }
    let mut ungranted = Caller::for_one(5, key, named(OTHER)).running(OTHER);
    assert_eq!(ends(&mut net, &mut ungranted), Some(ErrorCode::NotAdmitted));
}

#[test]
fn a_session_runs_the_actions_that_it_names() {
    let mut net = Net::ready();
    let mut caller = Caller::for_one(1, CapabilityKey::Any, named(CODE));
    assert_eq!(ends(&mut net, &mut caller), None);
    let mut caller = Caller::for_one(2, CapabilityKey::Any, named(CODE)).running(OTHER);
    assert_eq!(ends(&mut net, &mut caller), Some(ErrorCode::SessionScope));
}

#[test]
fn an_owner_signs_by_any_action_that_its_session_names_with_the_key_and_by_no_wildcard() {
    let mut net = Net::ready();
    let key = net.key;
    for node in 1..=3 {
        net.node(node).registry.give(&key, Caller::wallet(1));
        net.head(node);
    }
    let named_key = CapabilityKey::Named(key);
    let mut exact = Caller::for_one(1, named_key, named(OTHER)).running(OTHER);
    assert_eq!(ends(&mut net, &mut exact), None);
    for (capability_key, action) in [
        (CapabilityKey::Any, CapabilityAction::Any),
        (CapabilityKey::Any, named(OTHER)),
        (named_key, CapabilityAction::Any),
    ] {
        let mut wildcard = Caller::for_one(1, capability_key, action).running(OTHER);
        assert_eq!(ends(&mut net, &mut wildcard), Some(ErrorCode::NotGranted), "{action:?}");
    }
    // Naming the key lends a stranger nothing.
    let mut stranger = Caller::for_one(2, named_key, named(OTHER)).running(OTHER);
    assert_eq!(ends(&mut net, &mut stranger), Some(ErrorCode::NotGranted));
}
