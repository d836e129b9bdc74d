//! Restarts, guests and bans.

use quorate_engine::{Input, Report, StartError};
use quorate_wire::{BanNotice, Digest, ErrorCode, PeerMessage, StartNotice};

use crate::harness::{Caller, Done, Net, ban_notice, index, name_of, signed};

fn ban(by: u8, counterparty: u8, epoch: u64) -> PeerMessage {
    PeerMessage::Ban(signed(by, BanNotice { epoch, ..ban_notice((by, counterparty), [0; 32]) }))
}

fn ban_key(by: u8, counterparty: u8) -> String {
    format!("epoch/1/ban/{}/{}", name_of(by), name_of(counterparty))
}

fn banned(net: &Net, node: u8, peer: u8) -> bool {
    net.engine(node).status().peers.iter().any(|view| view.index == index(peer) && view.banned)
}

#[test]
fn a_restarted_node_keeps_its_set_ups_and_signs_at_once() {
    let mut net = Net::ready();
    net.kill(2);
    net.kill(3);
    net.advance(100);
    net.start(2);
    net.advance(50);
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(1).1);
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
    let set_up = |report: &Report| matches!(report, Report::Ceremony { what: "pair", .. });
    assert_eq!(net.reported(2, set_up), 0);
}

#[test]
fn where_nodes_run_different_builds_the_error_is_for_their_operators() {
    let mut net = Net::ready();
    for node in [2, 3] {
        net.kill(node);
        net.node(node).guest = Digest([node; 32]);
        net.start(node);
    }
    net.advance(50);
    let mut caller = Caller::new(1);
    for (request, names, code) in
        [(1, vec!["sig"], ErrorCode::IntentsDiverged), (2, Vec::new(), ErrorCode::OutcomesDiverged)]
    {
        // A run that signs nothing differs in its end alone.
        net.names = names;
        caller.time_ms = net.unix_ms;
        let to = net.submit(1, &caller.request(request).1);
        net.advance(3_000);
        let problem = net.answer(to).unwrap().as_ref().unwrap_err();
        assert_eq!(problem.code, code);
        assert!(problem.detail.ends_with(quorate_wire::GUESTS_DIFFER), "{}", problem.detail);
    }
}

#[test]
fn a_ban_is_stored_outlives_a_restart_and_excludes_its_pair_only() {
    let mut net = Net::ready();
    net.forge(3, 1, &ban(3, 1, 1));
    net.forge(3, 2, &ban(3, 1, 1));
    assert!(net.nodes[&1].store.contains_key(&ban_key(3, 1)) && banned(&net, 1, 3));
    net.kill(1);
    net.start(1);
    net.advance(50);
    assert!(banned(&net, 1, 3) && !banned(&net, 1, 2));
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(1).1);
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok(), "nodes 1 and 2 sign");
    net.kill(2);
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(2).1);
    net.advance(3_000);
    assert_eq!(net.error(to), ErrorCode::NoUnbannedQuorum);
}

#[test]
fn nobody_bans_in_anothers_name_or_for_another_epoch() {
    let mut net = Net::ready();
    let PeerMessage::Ban(mut stolen) = ban(3, 1, 1) else { unreachable!() };
    stolen.node = index(2);
    net.forge(3, 1, &PeerMessage::Ban(stolen));
    net.forge(3, 1, &ban(3, 1, 2));
    net.forge(3, 1, &ban(3, 3, 1));
    net.forge(3, 1, &ban(3, 200, 1));
    assert_eq!(net.reported(1, |report| matches!(report, Report::Banned { .. })), 0);
    assert!(net.nodes[&1].store.keys().all(|key| !key.contains("/ban/")));
}

#[test]
fn a_ban_that_the_disk_has_forgotten_is_handed_back() {
    let mut net = Net::ready();
    net.forge(3, 2, &ban(1, 3, 1));
    net.kill(1);
    assert!(!net.nodes[&1].store.contains_key(&ban_key(1, 3)));
    net.start(1);
    net.advance(50);
    assert!(banned(&net, 1, 3));
}

#[test]
fn who_has_caught_as_many_cheats_as_make_a_signature_stops_for_good() {
    let mut net = Net::ready();
    // What others have seen binds their pairs only: one liar could say so of everybody.
    net.forge(3, 1, &ban(3, 1, 1));
    net.forge(3, 1, &ban(3, 2, 1));
    net.forge(2, 1, &ban(1, 3, 1));
    assert_eq!(net.nodes[&1].halted, None);
    net.forge(3, 1, &ban(1, 2, 1));
    let halted = net.nodes[&1].halted.clone().unwrap();
    assert!(halted.contains("node 2 and node 3"), "{halted}");
    // Who supervises the process starts it again.
    net.kill(1);
    match net.try_start(1).map(drop) {
        Err(StartError::FaultAssumptionBroken { cheats }) => assert_eq!(cheats, [index(2), index(3)]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_peer_with_another_guest_is_reported_once_for_each_of_its_starts() {
    let mut net = Net::ready();
    let differs = |report: &Report| matches!(report, Report::PeerGuest { same: false, .. });
    let agrees = |report: &Report| matches!(report, Report::PeerGuest { same: true, .. });
    assert_eq!((net.reported(1, differs), net.reported(1, agrees)), (0, 2));
    let mut hello = net.hello(2, 1);
    hello.guest = Digest([8; 32]);
    let incarnation = hello.start.body.incarnation + 1;
    hello.start = signed(2, StartNotice { incarnation, start: [8; 16], ..hello.start.body });
    net.input(1, Input::PeerConnected { peer: index(2) });
    net.forge(2, 1, &PeerMessage::Hello(hello.clone()));
    hello.serial += 1;
    net.forge(2, 1, &PeerMessage::Hello(hello));
    assert_eq!((net.reported(1, differs), net.reported(1, agrees)), (1, 2));
    let peers = net.engine(1).status().peers;
    assert_eq!(peers.iter().find(|peer| peer.index == index(2)).unwrap().guest, Some(Digest([8; 32])));
}

#[test]
fn an_oblivious_transfer_cheat_is_banned_on_disk_before_anybody_is_told() {
    // Bytes of node 3's second message to node 1 are flipped, one after the other, until it is a cheat.
    let mut place = 40;
    while place < 60_000 {
        let mut net = Net::ready();
        net.kill(2);
        net.start(2);
        net.links =
            Box::new(|from, to, message| (from, to) != (2, 1) && ((from, to) != (3, 1) || !second(message)));
        let mut caller = Caller::new(1);
        caller.time_ms = net.unix_ms;
        net.submit(1, &caller.request(1).1);
        net.advance(20);
        let message = net.sent(3, 1).find(|message| second(message)).cloned();
        if let Some(PeerMessage::Round(mut round)) = message {
            let at = place % round.payload.len();
            round.payload[at] ^= 1;
            net.forge(3, 1, &PeerMessage::Round(round));
        }
        if banned(&net, 1, 3) {
            let done = &net.nodes[&1].done;
            let stored = done.iter().position(|done| *done == Done::Persisted(vec![ban_key(1, 3)]));
            let told = done.iter().position(
                |done| matches!(done, Done::Sent(_, message) if matches!(**message, PeerMessage::Ban(_))),
            );
            assert!(stored.unwrap() < told.unwrap());
            return;
        }
        place += 9_973;
    }
    panic!("no flipped byte was a cheat");
}

fn second(message: &PeerMessage) -> bool {
    matches!(message, PeerMessage::Round(round) if round.payload.get(2) == Some(&2))
}
