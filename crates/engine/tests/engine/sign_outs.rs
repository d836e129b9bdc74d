//! Signing out: what ends, who has to know, and who cannot make anybody else's session end.

use quorate_engine::{ReplyTo, Report, TYPE_PASSKEY};
use quorate_wire::{
    ActionCid, Capability, CapabilityAction, CapabilityKey, Ends, ErrorCode, NetworkId, NodeIndex,
    PeerMessage, RevocationRequest, RevocationSubmission, limits, revocation_request_id,
};

use crate::{
    harness::{Caller, Net, SignOutAnswer, UNIX_MS, index, network, people::BLOCK, people::passkey_of},
    sign_ins::{caller, prepare, with_passkey, with_token},
};

/// What a caller was answered who signed out.
fn answer(net: &Net, to: ReplyTo) -> Option<&SignOutAnswer> {
    net.sign_outs.iter().find(|(caller, _)| *caller == to).map(|(_, answer)| answer)
}

/// Signs out at a node, and gives who has it and whether that is enough, once there is an answer.
fn signs_out(net: &mut Net, node: u8, submission: &RevocationSubmission) -> (Vec<u8>, bool) {
    let to = net.sign_out(node, submission);
    net.advance(3_000);
    let reply = answer(net, to).expect("answered").as_ref().unwrap();
    let id = revocation_request_id(&network().id(), &submission.request);
    for held in &reply.held {
        let member = *network().founding_committee().member(held.node).unwrap();
        assert!(held.verify(&member.statement_key).is_ok() && held.body.revocation == id);
    }
    assert_eq!(reply.of, 3);
    (reply.held.iter().map(|held| held.node.get()).collect(), reply.done)
}

/// How a request of a caller at a node ends.
fn ends(net: &mut Net, node: u8, caller: &Caller, nonce: u8) -> Result<(), ErrorCode> {
    let to = net.submit(node, &caller.request(nonce).1);
    net.advance(100);
    net.answer(to).expect("answered").as_ref().map(|_| ()).map_err(|problem| problem.code)
}

/// A caller whose session is another one of the same wallet.
fn sister(session: u8, wallet: u8) -> Caller {
    let mut sister = Caller::new(session);
    sister.login = Caller::login_for(session, wallet);
    sister
}

fn apart(net: &mut Net, node: u8) {
    net.links = Box::new(move |from, to, _| from != node && to != node);
}

const OUT: Result<(), ErrorCode> = Err(ErrorCode::SessionRevoked);

#[test]
fn one_session_ends_on_every_node_and_its_sister_does_not() {
    let mut net = Net::ready();
    let (here, there) = (Caller::new(1), sister(2, 1));
    assert_eq!((ends(&mut net, 1, &here, 1), ends(&mut net, 2, &there, 1)), (Ok(()), Ok(())));
    assert!(signs_out(&mut net, 1, &here.sign_out(Ends::Session)).1);
    for node in 1..=3 {
        assert_eq!(ends(&mut net, node, &here, 1 + node), OUT, "node {node}");
        assert_eq!(ends(&mut net, node, &there, 1 + node), Ok(()), "node {node}");
    }
    assert_eq!(ends(&mut net, 1, &here, 1), OUT, "what it asked before is not shown either");
    // Another wallet's login for the key does not revive it.
    assert_eq!(ends(&mut net, 1, &sister(1, 3), 9), OUT);
}

#[test]
fn the_answer_comes_as_soon_as_enough_nodes_have_it() {
    let mut net = Net::ready();
    apart(&mut net, 3);
    let to = net.sign_out(1, &Caller::new(1).sign_out(Ends::Session));
    assert!(answer(&net, to).is_none(), "two nodes without it could sign");
    net.advance(1);
    assert!(answer(&net, to).unwrap().as_ref().unwrap().done);
    // Alone it cannot be done, and the caller is told so.
    net.links = Box::new(|_, _, _| false);
    let to = net.sign_out(1, &Caller::new(2).sign_out(Ends::Session));
    net.advance(1_990);
    assert!(answer(&net, to).is_none());
    net.advance(20);
    let reply = answer(&net, to).unwrap().as_ref().unwrap();
    assert_eq!((reply.held.len(), reply.done), (1, false));
}

#[test]
fn everywhere_ends_all_that_a_method_has_allowed_so_far() {
    let mut net = Net::ready();
    prepare(&mut net, &[(TYPE_PASSKEY, passkey_of(1)), (TYPE_PASSKEY, passkey_of(2))]);
    let (phone, desk, stranger) = (with_passkey(1, 1), with_passkey(2, 1), with_passkey(3, 2));
    let both = caller(4, |terms| {
        let with = |person| crate::harness::people::by_passkey(person, terms, BLOCK);
        vec![with(2), with(1)]
    });
    assert_eq!(ends(&mut net, 1, &both, 1), Ok(()));
    assert!(signs_out(&mut net, 2, &phone.sign_out(Ends::Everywhere)).1);
    for node in 1..=3 {
        for (out, caller) in [(true, &phone), (true, &desk), (true, &both), (false, &stranger)] {
            assert_eq!(ends(&mut net, node, caller, 2 * node).is_err(), out, "node {node}");
        }
    }
    // A passkey shows the moment of its block: only one that was made later comes after the revocation.
    assert_eq!(ends(&mut net, 1, &with_passkey(5, 1), 1), OUT);
    for node in 1..=3 {
        net.node(node).registry.block_time_s = UNIX_MS / 1_000 + 1;
        net.head(node);
    }
    assert_eq!(ends(&mut net, 1, &with_passkey(6, 1), 1), Ok(()));
}

#[test]
fn a_node_that_was_away_is_handed_it_and_a_start_forgets_nothing() {
    let mut net = Net::ready();
    let caller = Caller::new(1);
    apart(&mut net, 3);
    assert_eq!(signs_out(&mut net, 1, &caller.sign_out(Ends::Session)), (vec![1, 2], true));
    net.kill(1);
    net.start(1);
    assert_eq!(net.node(1).signed_out.len(), 2, "the shell is told anew");
    assert_eq!(ends(&mut net, 1, &caller, 1), OUT);
    net.links = Box::new(|_, _, _| true);
    net.kill(2);
    net.reconnect(1, 3);
    net.advance(300);
    assert_eq!(ends(&mut net, 3, &caller, 2), OUT);
    // Whoever asks again with the same bytes learns who has it by now.
    net.start(2);
    net.advance(300);
    assert_eq!(signs_out(&mut net, 1, &caller.sign_out(Ends::Session)), (vec![1, 2, 3], true));
}

#[test]
fn what_is_under_way_ends_and_its_last_message_never_leaves() {
    let mut net = Net::ready();
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Round(_)));
    let caller = Caller::new(1);
    let (id, submission) = caller.request(1);
    let to = net.submit(1, &submission);
    net.advance(20);
    assert!(net.sent(1, 2).any(|message| matches!(message, PeerMessage::Round(_))));
    assert!(signs_out(&mut net, 3, &caller.sign_out(Ends::Session)).1);
    net.links = Box::new(|_, _, _| true);
    net.advance(6_000);
    assert_eq!(net.error(to), ErrorCode::SessionRevoked);
    assert!((1..=3).all(|node| net.signatures(node, id) == 0));
}

#[test]
fn one_node_that_has_it_is_enough_to_keep_its_share() {
    let mut net = Net::ready();
    net.links =
        Box::new(|_, _, message| !matches!(message, PeerMessage::Round(_) | PeerMessage::Revocation(_)));
    let caller = Caller::new(1);
    let (id, submission) = caller.request(1);
    net.submit(1, &submission);
    net.advance(20);
    // Of three nodes two can sign: with two that know of it nobody can, however the third asks.
    net.sign_out(2, &caller.sign_out(Ends::Session));
    net.sign_out(3, &caller.sign_out(Ends::Session));
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Revocation(_)));
    net.advance(8_000);
    assert!((1..=3).all(|node| net.signatures(node, id) == 0));
}

#[test]
fn nobody_ends_what_is_somebody_elses() {
    let mut net = Net::ready();
    prepare(&mut net, &[]);
    let (owner, thief) = (Caller::new(1), Caller::new(2));
    let request = |change: &dyn Fn(&mut RevocationRequest)| {
        let mut request = RevocationRequest::parse(&owner.sign_out(Ends::Session).request).unwrap();
        change(&mut request);
        request
    };
    let with = |by: &Caller, change: &dyn Fn(&mut RevocationRequest)| by.sign_out_of(&request(change));
    let own = owner.sign_out(Ends::Session);
    let rows: Vec<(&str, RevocationSubmission, ErrorCode)> = vec![
        (
            "signed by another session, under the owner's login",
            RevocationSubmission { login: owner.login.clone(), ..with(&thief, &|_| {}) },
            ErrorCode::SessionSignatureInvalid,
        ),
        ("signed by another session, under its own login", with(&thief, &|_| {}), ErrorCode::LoginMismatch),
        (
            "of another session, under its own login",
            with(&thief, &|request| request.login = thief.login.hash()),
            ErrorCode::SessionSignatureInvalid,
        ),
        (
            "the owner's, under a login of the thief's wallet for the owner's session key",
            RevocationSubmission { login: Caller::login_for(1, 2), ..own.clone() },
            ErrorCode::LoginMismatch,
        ),
        (
            "with more to end",
            RevocationSubmission {
                request: serde_json::to_vec(&request(&|request| request.ends = Ends::Everywhere)).unwrap(),
                ..own.clone()
            },
            ErrorCode::SessionSignatureInvalid,
        ),
        (
            "of another network",
            with(&owner, &|request| request.network = NetworkId([9; 32])),
            ErrorCode::WrongNetwork,
        ),
        ("of another version", with(&owner, &|request| request.v = 2), ErrorCode::UnsupportedVersion),
        (
            "too old",
            with(&owner, &|request| request.time_ms -= limits::REQUEST_AGE_MS_MAX + 50),
            ErrorCode::RequestExpired,
        ),
        ("not yet", with(&owner, &|request| request.time_ms += 60_000), ErrorCode::RequestFromFuture),
        (
            "an execution's signature",
            RevocationSubmission {
                request: owner.request(1).1.request,
                sig: owner.request(1).1.sig,
                login: owner.login.clone(),
            },
            ErrorCode::MalformedRequest,
        ),
        (
            "without a signature",
            RevocationSubmission { sig: Vec::new(), ..own.clone() },
            ErrorCode::SessionSignatureInvalid,
        ),
    ];
    for (name, submission, code) in rows {
        for node in 1..=3 {
            let to = net.sign_out(node, &submission);
            net.advance(1);
            let answer = answer(&net, to).unwrap_or_else(|| panic!("{name}: no answer"));
            assert_eq!(answer.as_ref().unwrap_err().code, code, "{name} at node {node}");
        }
    }
    assert!((1..=3).all(|node| net.reported(node, |report| *report == Report::SignedOut) == 0));
    assert_eq!(ends(&mut net, 1, &owner, 2), Ok(()));
}

#[test]
fn who_is_out_ends_nothing_any_more_after_a_while() {
    let mut net = Net::ready();
    let (mut stolen, owner) = (sister(2, 1), Caller::new(1));
    assert!(signs_out(&mut net, 1, &owner.sign_out(Ends::Everywhere)).1);
    net.unix_ms += 11 * 60_000;
    stolen.time_ms += 11 * 60_000;
    let to = net.sign_out(2, &stolen.sign_out(Ends::Everywhere));
    net.advance(1);
    assert_eq!(answer(&net, to).unwrap().as_ref().unwrap_err().code, ErrorCode::SessionRevoked);
}

#[test]
fn a_thief_who_is_quicker_keeps_nobody_from_signing_out_everywhere() {
    let mut net = Net::ready();
    let (mut owner, other) = (Caller::new(1), sister(2, 1));
    // With the stolen session key, as of a while ago, and to one node only.
    apart(&mut net, 2);
    net.sign_out(2, &owner.sign_out(Ends::Everywhere));
    net.advance(2_500);
    net.links = Box::new(|_, _, _| true);
    owner.time_ms += 2_000;
    net.advance(300);
    assert!(signs_out(&mut net, 1, &owner.sign_out(Ends::Everywhere)).1);
    net.advance(6_000);
    for node in 1..=3 {
        assert_eq!(ends(&mut net, node, &other, node), OUT, "node {node}");
    }
    let latest = |node: u8| net.nodes[&node].signed_out.iter().map(|ended| ended.at_ms).max();
    assert!((1..=3).all(|node| latest(node) == Some(owner.time_ms)));
}

#[test]
fn a_revocation_of_before_the_session_is_none_however_well_the_session_is_known() {
    let mut net = Net::ready();
    let caller = Caller::new(1);
    assert_eq!(ends(&mut net, 1, &caller, 1), Ok(()));
    let mut old = Caller::new(1);
    // It would be forgotten in a moment, and the owner's with it.
    old.time_ms -= 25 * 3_600_000;
    net.forge(3, 1, &PeerMessage::Revocation(Box::new(old.sign_out(Ends::Session))));
    assert!(net.node(1).signed_out.is_empty());
    assert!(signs_out(&mut net, 1, &caller.sign_out(Ends::Session)).1);
    assert_eq!(net.node(1).signed_out.len(), 1);
}

#[test]
fn a_peer_with_an_older_disk_is_handed_again_what_it_has_said_to_have() {
    let mut net = Net::ready();
    let caller = Caller::new(1);
    let older = net.nodes[&3].store.clone();
    assert!(signs_out(&mut net, 1, &caller.sign_out(Ends::Session)).1);
    net.advance(300);
    assert_eq!(ends(&mut net, 3, &caller, 1), OUT);
    net.kill(3);
    net.node(3).store = older;
    net.start(3);
    net.advance(6_000);
    assert_eq!(kept(&net, 3), 1);
    assert_eq!(ends(&mut net, 3, &caller, 2), OUT);
}

/// How many revocations are on a node's disk.
fn kept(net: &Net, node: u8) -> usize {
    net.nodes[&node].store.keys().filter(|key| key.starts_with("revocation/")).count()
}

#[test]
fn one_address_fills_nobodys_disk() {
    let mut net = Net::ready();
    let signed_out = |net: &mut Net, mark: u8| {
        let to = net.sign_out(1, &Caller::new(mark).sign_out(Ends::Session));
        net.advance(1);
        answer(net, to).unwrap().as_ref().map(|_| ()).map_err(|problem| problem.code)
    };
    let refused = (1..=250).filter(|mark| signed_out(&mut net, *mark) == Err(ErrorCode::RateLimited)).count();
    assert!(refused > 100, "{refused}");
    net.source = std::net::IpAddr::from([198, 51, 100, 7]);
    assert_eq!(signed_out(&mut net, 251), Ok(()));
}

#[test]
fn a_peer_hands_on_what_is_sound_and_is_named_for_what_is_not() {
    let mut net = Net::ready();
    let sound = |mark| Box::new(Caller::new(mark).sign_out(Ends::Session));
    let faults = |net: &Net, check: &'static str| {
        let fault =
            |report: &Report| matches!(report, Report::PeerFault { check: named, .. } if *named == check);
        net.reported(1, fault)
    };
    net.forge(3, 1, &PeerMessage::Revocation(sound(1)));
    assert_eq!(ends(&mut net, 1, &Caller::new(1), 1), OUT);
    let wrong = RevocationSubmission { sig: vec![0; 64], ..*sound(2) };
    net.forge(3, 1, &PeerMessage::Revocation(Box::new(wrong)));
    assert_eq!((faults(&net, "revocation"), ends(&mut net, 1, &Caller::new(2), 1)), (1, Ok(())));
    // Nobody says for another that it has one.
    let to = net.sign_out(2, &sound(4));
    net.advance(100);
    let held = answer(&net, to).unwrap().as_ref().unwrap().held.clone();
    let of = |node: u8| held.iter().find(|held| held.node == index(node)).unwrap().clone();
    net.forge(3, 1, &PeerMessage::HeldRevocation(of(2)));
    assert_eq!(faults(&net, "held_revocation"), 1);
    // An old one stands: it was signed in time, and a peer that comes back brings it hours later.
    net.unix_ms += 3 * 3_600_000;
    let mut old = Caller::living(5, 24 * 3_600_000 - 1_000);
    old.time_ms = UNIX_MS + 1_000;
    net.forge(3, 1, &PeerMessage::Revocation(Box::new(old.sign_out(Ends::Everywhere))));
    assert!(net.node(1).signed_out.iter().any(|ended| ended.session == old.session_key()));
}

#[test]
fn a_login_whose_key_a_node_has_not_signs_out_there_as_soon_as_it_has_it() {
    let mut net = Net::ready();
    prepare(&mut net, &[]);
    let alice = with_token(1, "alice");
    net.input(3, quorate_engine::Input::IssuerKeys(crate::harness::people::issuer_keys(&[2], None)));
    let to = net.sign_out(1, &alice.sign_out(Ends::Everywhere));
    net.advance(3_000);
    let held = |net: &Net, to| {
        let reply = answer(net, to).unwrap().as_ref().unwrap();
        reply.held.iter().map(|held| held.node).collect::<Vec<NodeIndex>>()
    };
    assert_eq!(held(&net, to), [index(1), index(2)]);
    net.input(3, quorate_engine::Input::IssuerKeys(crate::harness::people::issuer_keys(&[1], None)));
    net.advance(6_000);
    let to = net.sign_out(1, &alice.sign_out(Ends::Everywhere));
    net.advance(3_000);
    assert_eq!(held(&net, to), [index(1), index(2), index(3)]);
}

#[test]
fn shares_of_what_opens_a_ciphertext_and_draws_are_refused_as_well() {
    let mut net = Net::ready();
    let action = CapabilityAction::Named(ActionCid::of_code(crate::harness::CODE.as_bytes()));
    let caller = Caller::may(1, Capability::Use { key: CapabilityKey::Any, action });
    assert!(signs_out(&mut net, 1, &caller.sign_out(Ends::Session)).1);
    let identity = quorate_wire::Identity::Lit {
        policy: quorate_wire::Digest([1; 32]),
        data: quorate_wire::Digest([2; 32]),
    };
    let answer = net.share(1, &caller.opening("[]", identity, ([9; 32], 1)));
    assert_eq!(answer.unwrap_err().code, ErrorCode::SessionRevoked);
}

#[test]
fn what_could_end_nothing_any_more_is_forgotten_and_nothing_by_a_clock_that_jumps() {
    let mut net = Net::ready();
    signs_out(&mut net, 1, &Caller::new(1).sign_out(Ends::Everywhere));
    assert_eq!(kept(&net, 1), 1);
    net.unix_ms += 26 * 3_600_000;
    net.advance(2_000);
    assert_eq!(kept(&net, 1), 1, "no time has passed");
    net.mono_ms += 25 * 3_600_000;
    net.advance(2_000);
    assert_eq!(kept(&net, 1), 1);
    net.mono_ms += 70_000;
    net.advance(2_000);
    assert_eq!(kept(&net, 1), 0);
}

#[test]
fn a_later_one_takes_the_place_of_earlier_ones() {
    let mut net = Net::ready();
    let mut caller = Caller::new(1);
    signs_out(&mut net, 1, &caller.sign_out(Ends::Session));
    caller.time_ms += 10;
    signs_out(&mut net, 1, &caller.sign_out(Ends::Session));
    assert_eq!(kept(&net, 1), 1);
    let mut other = sister(2, 1);
    other.time_ms += 20;
    signs_out(&mut net, 2, &other.sign_out(Ends::Everywhere));
    net.advance(1_000);
    assert!((1..=3).all(|node| kept(&net, node) == 1));
}
