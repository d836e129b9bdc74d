//! Logins of people without wallets: whom they act for, what they need of a node, and when they count no longer.

use std::sync::Arc;

use quorate_engine::{Input, TYPE_OIDC, TYPE_PASSKEY};
use quorate_wire::{
    ActionCid, Admission, BlockRef, Capability, CapabilityAction, CapabilityKey, Digest, ErrorCode, Issuers,
    Login, LoginId, PeerMessage, Proof,
};

use crate::harness::{
    Caller, Net, UNIX_MS,
    people::{self, BLOCK, Terms, by_issuer, by_passkey, issuer_keys, issuers, known_as, passkey_of},
};

pub(super) const ACTION: &str = "an action without a grant";

pub(super) fn own() -> Capability {
    let action = CapabilityAction::Named(ActionCid::of_code(ACTION.as_bytes()));
    Capability::Use { key: CapabilityKey::Own, action }
}

/// A caller with a session that somebody allows by these proofs.
pub(super) fn caller(mark: u8, proofs: impl Fn(&Terms<'_>) -> Vec<Proof>) -> Caller {
    let mut caller = Caller::may(mark, own()).running(ACTION);
    let capabilities = [own()];
    let (network, session) = (caller.network, caller.session_key());
    let terms = Terms { network, session, capabilities: &capabilities, expires_ms: UNIX_MS + 3_600_000 };
    let mut proofs = proofs(&terms);
    caller.login = match proofs.len() {
        1 => proofs.remove(0).into(),
        _ => Login::several(proofs).unwrap(),
    };
    caller
}

pub(crate) fn with_passkey(mark: u8, person: u8) -> Caller {
    caller(mark, |terms| vec![by_passkey(person, terms, BLOCK)])
}

pub(crate) fn with_token(mark: u8, subject: &str) -> Caller {
    caller(mark, |terms| vec![by_issuer(subject, terms, 1)])
}

/// A network that takes the issuer, knows its first key, and grants its key to these logins.
fn ready(granted: &[(u64, LoginId)]) -> Net {
    let mut net = Net::ready();
    prepare(&mut net, granted);
    net
}

pub(super) fn prepare(net: &mut Net, granted: &[(u64, LoginId)]) {
    let token = net.key.token_id();
    for node in 1..=3 {
        let registry = &mut net.node(node).registry;
        registry.block_time_s = UNIX_MS / 1_000 - 10;
        registry.issuers = [Arc::new(issuers()), Arc::new(issuers())];
        registry.methods.extend(granted.iter().map(|(kind, id)| (token, *kind, id.0)));
        net.head(node);
        net.input(node, Input::IssuerKeys(issuer_keys(&[1], None)));
    }
}

fn ends(net: &mut Net, caller: &Caller, nonce: u8) -> Option<ErrorCode> {
    let to = net.submit(1, &caller.request(nonce).1);
    net.advance(100);
    net.answer(to).expect("answered").as_ref().err().map(|problem| problem.code)
}

#[test]
fn a_passkey_uses_what_is_granted_to_it_and_another_does_not() {
    let mut net = ready(&[(TYPE_PASSKEY, passkey_of(1))]);
    assert_eq!(ends(&mut net, &with_passkey(1, 1), 1), None);
    assert_eq!(ends(&mut net, &with_passkey(2, 2), 1), Some(ErrorCode::NotGranted));
    // The id of a passkey means a passkey.
    let mut net = ready(&[(TYPE_OIDC, passkey_of(1))]);
    assert_eq!(ends(&mut net, &with_passkey(1, 1), 1), Some(ErrorCode::NotGranted));
}

#[test]
fn whoever_an_issuer_knows_uses_what_is_granted_to_them() {
    let mut net = ready(&[(TYPE_OIDC, known_as("alice"))]);
    assert_eq!(ends(&mut net, &with_token(1, "alice"), 1), None);
    assert_eq!(ends(&mut net, &with_token(2, "bob"), 1), Some(ErrorCode::NotGranted));
}

#[test]
fn each_of_several_logins_brings_its_grants() {
    let both = |mark| caller(mark, |terms| vec![by_issuer("alice", terms, 1), by_passkey(1, terms, BLOCK)]);
    for granted in [(TYPE_OIDC, known_as("alice")), (TYPE_PASSKEY, passkey_of(1))] {
        assert_eq!(ends(&mut ready(&[granted]), &both(1), 1), None);
    }
    assert_eq!(ends(&mut ready(&[]), &both(1), 1), Some(ErrorCode::NotGranted));
    // The same method twice is one factor, and other terms are another session.
    let twice = caller(1, |terms| vec![by_passkey(1, terms, BLOCK), by_passkey(1, terms, BLOCK)]);
    assert_eq!(ends(&mut ready(&[]), &twice, 1), Some(ErrorCode::LoginInvalid));
    let longer = caller(1, |terms| {
        let later = Terms { expires_ms: terms.expires_ms + 1, ..*terms };
        vec![by_passkey(1, terms, BLOCK), by_issuer("alice", &later, 1)]
    });
    assert_eq!(ends(&mut ready(&[]), &longer, 1), Some(ErrorCode::LoginInvalid));
}

#[test]
fn what_an_action_sees_of_a_login_is_the_same_on_every_node() {
    let mut net = ready(&[]);
    let person = caller(1, |terms| vec![by_issuer("alice", terms, 1), by_passkey(1, terms, BLOCK)]);
    ends(&mut net, &person, 1);
    let seen: Vec<serde_json::Value> =
        net.started_auth.iter().map(|(_, auth)| serde_json::from_str(auth).unwrap()).collect();
    assert!(seen.len() == 3 && seen.iter().all(|auth| *auth == seen[0]));
    assert_eq!(seen[0]["authSigAddress"], serde_json::Value::Null);
    let contexts = seen[0]["authMethodContexts"].as_array().unwrap();
    let ids: Vec<_> = contexts.iter().map(|context| context["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [known_as("alice").to_string(), passkey_of(1).to_string()]);
    assert_eq!(contexts[0]["appId"], "an-application");
    assert_eq!(contexts[1]["authMethodType"], TYPE_PASSKEY);
}

#[test]
fn an_issuer_that_is_not_listed_at_both_heads_lets_nobody_in() {
    for place in [0, 1] {
        let mut net = ready(&[(TYPE_OIDC, known_as("alice"))]);
        for node in 1..=3 {
            net.node(node).registry.issuers[place] = Arc::new(Issuers::default());
            net.head(node);
        }
        assert_eq!(ends(&mut net, &with_token(1, "alice"), 1), Some(ErrorCode::LoginIssuerUnknown));
    }
}

#[test]
fn an_issuer_taken_out_between_vote_and_last_message_releases_nothing() {
    let mut net = ready(&[(TYPE_OIDC, known_as("alice"))]);
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Round(_)));
    let (id, submission) = with_token(1, "alice").request(1);
    let to = net.submit(1, &submission);
    net.advance(20);
    assert!(net.sent(1, 2).any(|message| matches!(message, PeerMessage::Round(_))));
    for node in 1..=3 {
        net.node(node).registry.issuers[0] = Arc::new(Issuers::default());
        net.head(node);
    }
    net.links = Box::new(|_, _, _| true);
    net.advance(6_000);
    assert_eq!(net.error(to), ErrorCode::LoginIssuerUnknown);
    assert!((1..=3).all(|node| net.signatures(node, id) == 0));
}

#[test]
fn a_key_that_one_node_has_not_seen_is_waited_for() {
    let mut net = ready(&[(TYPE_OIDC, known_as("alice"))]);
    let rotated = || caller(1, |terms| vec![by_issuer("alice", terms, 2)]);
    assert_eq!(ends(&mut net, &rotated(), 1), Some(ErrorCode::LoginKeysUnavailable));
    assert!(net.node(1).key_fetches > 0, "the key is asked for");
    net.input(1, Input::IssuerKeys(issuer_keys(&[1, 2], None)));
    let to = net.submit(1, &rotated().request(2).1);
    net.advance(300);
    assert!(net.answer(to).is_none(), "the others have no such key yet");
    for node in 2..=3 {
        net.input(node, Input::IssuerKeys(issuer_keys(&[1, 2], None)));
    }
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn a_withdrawn_key_counts_for_what_was_issued_before() {
    for (withdrawn_ms, expected) in [
        (UNIX_MS, None),
        (UNIX_MS - 1_000, Some(ErrorCode::LoginInvalid)),
        (0, Some(ErrorCode::LoginInvalid)),
    ] {
        let mut net = ready(&[(TYPE_OIDC, known_as("alice"))]);
        for node in 1..=3 {
            net.input(node, Input::IssuerKeys(issuer_keys(&[2], Some((&[1], withdrawn_ms)))));
        }
        assert_eq!(ends(&mut net, &with_token(1, "alice"), 1), expected, "{withdrawn_ms}");
    }
}

#[test]
fn a_session_goes_on_without_its_issuers_keys() {
    let mut net = ready(&[(TYPE_OIDC, known_as("alice"))]);
    let person = with_token(1, "alice");
    assert_eq!(ends(&mut net, &person, 1), None);
    for node in 1..=3 {
        net.input(node, Input::IssuerKeys(quorate_engine::IssuerKeys::default()));
    }
    assert_eq!(ends(&mut net, &person, 2), None);
    assert_eq!(ends(&mut net, &with_token(2, "alice"), 1), Some(ErrorCode::LoginKeysUnavailable));
}

#[test]
fn an_assertion_is_bound_to_a_block_of_the_chain_and_lives_from_there() {
    let at = |block: BlockRef| caller(1, move |terms| vec![by_passkey(1, terms, block)]);
    let mut net = ready(&[(TYPE_PASSKEY, passkey_of(1))]);
    let other = BlockRef { hash: Digest([7; 32]), ..BLOCK };
    assert_eq!(ends(&mut net, &at(other), 1), Some(ErrorCode::LoginInvalid));
    let ahead = BlockRef { number: BLOCK.number + 1, ..BLOCK };
    assert_eq!(ends(&mut net, &at(ahead), 1), Some(ErrorCode::BlockAhead));
    // The same assertion, said to be of another block.
    let mut person = at(BLOCK);
    let Some(Proof::Passkey(mut shown)) = person.login.proofs().first().cloned() else { panic!("a passkey") };
    shown.block.hash = Digest([7; 32]);
    person.login = Proof::Passkey(shown).into();
    assert_eq!(ends(&mut net, &person, 2), Some(ErrorCode::LoginInvalid));
    // A session ends a day after its block at the latest.
    for node in 1..=3 {
        net.node(node).registry.block_time_s = UNIX_MS / 1_000 - 24 * 3_600;
        net.head(node);
    }
    assert_eq!(ends(&mut net, &at(BLOCK), 3), Some(ErrorCode::LoginInvalid));
}

#[test]
fn whoever_passes_a_login_on_cannot_use_it_for_a_session_of_its_own() {
    let mut net = ready(&[(TYPE_PASSKEY, passkey_of(1)), (TYPE_OIDC, known_as("alice"))]);
    for honest in [with_passkey(1, 1), with_token(1, "alice")] {
        // The thief's session, with the proof that it saw and terms of its own.
        let mut thief = Caller::may(3, own()).running(ACTION);
        let mut proof = honest.login.proofs()[0].clone();
        match &mut proof {
            Proof::Passkey(shown) => shown.terms.session = thief.session_key(),
            Proof::Oidc(shown) => shown.terms.session = thief.session_key(),
            Proof::Wallet(_) => unreachable!("nobody here has a wallet"),
        }
        thief.login = proof.into();
        assert_eq!(ends(&mut net, &thief, 1), Some(ErrorCode::LoginInvalid));
        // With the login as it was, the request is signed by another session.
        thief.login = honest.login.clone();
        assert_eq!(ends(&mut net, &thief, 2), Some(ErrorCode::SessionSignatureInvalid));
    }
}

#[test]
fn a_list_of_logins_lets_in_whom_it_names() {
    let mut net = Net::ready_in(|network| network.admission = Admission::Logins(vec![people::passkey_of(1)]));
    prepare(&mut net, &[(TYPE_PASSKEY, passkey_of(1)), (TYPE_PASSKEY, passkey_of(2))]);
    assert_eq!(ends(&mut net, &with_passkey(1, 1), 1), None);
    assert_eq!(ends(&mut net, &with_passkey(2, 2), 1), Some(ErrorCode::NotAdmitted));
    assert_eq!(ends(&mut net, &Caller::new(3), 1), Some(ErrorCode::NotAdmitted));
    let both = caller(4, |terms| vec![by_passkey(2, terms, BLOCK), by_passkey(1, terms, BLOCK)]);
    assert_eq!(ends(&mut net, &both, 1), None, "one of several is named");
}
