//! Domains of logins, by the Directory as each node reads it.

use quorate_wire::{ErrorCode, PeerMessage};

use crate::harness::{Caller, Net, domains};

fn set(net: &mut Net, latest: &[&str], finalized: &[&str]) {
    for node in 1..=3 {
        let registry = &mut net.node(node).registry;
        (registry.login_domains, registry.final_login_domains) = (domains(latest), domains(finalized));
        net.head(node);
    }
}

fn refused(net: &mut Net, nonce: u8) -> ErrorCode {
    let to = net.submit(1, &Caller::new(1).request(nonce).1);
    net.advance(50);
    net.error(to)
}

#[test]
fn a_login_counts_where_its_domain_stands_at_both_heads() {
    let mut net = Net::ready();
    // The session is known from here on: its login is not checked again, its domain is.
    let to = net.submit(1, &Caller::new(1).request(1).1);
    net.advance(50);
    assert!(net.answer(to).unwrap().is_ok());
    set(&mut net, &["other.example"], &["localhost"]);
    assert_eq!(refused(&mut net, 2), ErrorCode::LoginInvalid, "it was taken out");
    set(&mut net, &["localhost"], &["other.example"]);
    assert_eq!(refused(&mut net, 3), ErrorCode::LoginInvalid, "it was added and is not final");
    set(&mut net, &[], &[]);
    assert_eq!(refused(&mut net, 4), ErrorCode::LoginInvalid, "what cannot be read is none");
    set(&mut net, &["a.example", "localhost"], &["localhost"]);
    let to = net.submit(1, &Caller::new(1).request(5).1);
    net.advance(50);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn a_domain_taken_out_between_vote_and_last_message_releases_nothing() {
    let mut net = Net::ready();
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Round(_)));
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(20);
    assert!(net.sent(1, 2).any(|message| matches!(message, PeerMessage::Round(_))));
    set(&mut net, &[], &["localhost"]);
    net.links = Box::new(|_, _, _| true);
    net.advance(6_000);
    assert_eq!(net.error(to), ErrorCode::LoginInvalid);
    assert!((1..=3).all(|node| net.signatures(node, id) == 0));
}

#[test]
fn a_text_with_a_domain_of_either_head_is_a_login() {
    for (latest, finalized) in [
        (&["localhost", "new.example"][..], &["localhost"][..]),
        (&["localhost"], &["localhost", "new.example"]),
    ] {
        let mut net = Net::ready();
        net.text = Some("http://new.example/".to_owned());
        set(&mut net, latest, finalized);
        for node in 1..=3 {
            net.node(node).registry.scopes = 1 << quorate_engine::SCOPE_PERSONAL_SIGN;
            net.head(node);
        }
        assert_eq!(refused(&mut net, 1), ErrorCode::ScopeMissing);
    }
}
