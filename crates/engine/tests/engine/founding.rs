//! Foundings in which a member lies about its share. Node 3 is the liar where there is one.

use quorate_engine::Report;
use quorate_wire::{
    ConfirmShare, ConfirmedRoot, Digest, NodeIndex, PeerMessage, Purpose, RefuseShare, RootKeys, Signed,
    Transcript,
};

use crate::harness::{Net, index, network, signed, some_roots, statement_key};

/// Nobody hears node 3's confirmations and certificates, and it hears none.
fn silent() -> Net {
    let mut net = Net::unfounded();
    silence(&mut net);
    net.advance(500);
    net
}

fn silence(net: &mut Net) {
    net.links = Box::new(|from, to, message| {
        let about = matches!(message, PeerMessage::Confirm(_) | PeerMessage::Certificate(_));
        !about || (from != 3 && to != 3)
    });
}

fn faults(net: &Net, node: u8, wanted: &str) -> usize {
    net.reported(node, |report| matches!(report, Report::PeerFault { check, .. } if *check == wanted))
}

fn stored(net: &Net, node: u8, prefix: &str) -> Vec<String> {
    let keys = net.nodes[&node].store.keys();
    keys.filter_map(|key| Some(key.strip_prefix("epoch/1/")?.strip_prefix(prefix)?.to_owned())).collect()
}

/// Ceremonies that a node has confirmed, the oldest first.
fn confirmed(net: &Net, node: u8, to: u8) -> Vec<Signed<ConfirmShare>> {
    let mut confirms: Vec<Signed<ConfirmShare>> = Vec::new();
    for message in net.sent(node, to) {
        if let PeerMessage::Confirm(confirm) = message
            && confirms.iter().all(|known| known.body.session != confirm.body.session)
        {
            confirms.push(confirm.clone());
        }
    }
    confirms
}

fn certificate(net: &Net, session: [u8; 32]) -> PeerMessage {
    let of = |node, to| {
        let confirms = confirmed(net, node, to).into_iter();
        confirms.filter(|confirm| confirm.body.session.0 == session).collect::<Vec<_>>()
    };
    PeerMessage::Certificate([of(1, 3), of(2, 3), of(3, 1)].concat())
}

fn refusal(by: u8, session: [u8; 32]) -> Signed<RefuseShare> {
    signed(by, RefuseShare { network: network().id(), epoch: 1, session })
}

/// Node 3 refuses a ceremony to everybody, itself included: its own engine goes on with the others.
fn refuse(net: &mut Net, session: [u8; 32]) {
    let refusal = PeerMessage::Refuse(refusal(3, session));
    net.forge(3, 1, &refusal);
    net.forge(3, 2, &refusal);
    net.forge(1, 3, &refusal);
}

fn session_of(fresh: &[u8; 32]) -> [u8; 32] {
    session_by(1, fresh)
}

fn session_by(proposer: u8, fresh: &[u8; 32]) -> [u8; 32] {
    let transcript = Transcript::new("quorate/dkg/v1").field(&network().id().0).number(1);
    transcript.number(proposer.into()).field(fresh).finish()
}

fn proposed(net: &Net) -> Vec<[u8; 32]> {
    let proposals = net.sent(1, 3).filter_map(|message| match message {
        PeerMessage::StartKeygen { fresh, .. } => Some(*fresh),
        _ => None,
    });
    proposals.collect()
}

fn roots(net: &Net, node: u8) -> Option<RootKeys> {
    net.engine(node).status().roots
}

fn all_ready(net: &Net) -> bool {
    let halted = net.nodes.values().any(|node| node.halted.is_some());
    !halted && (1..=3).all(|node| net.engine(node).status().ready && roots(net, node) == roots(net, 1))
}

#[test]
fn a_member_that_certifies_two_ceremonies_leaves_one_root_and_no_share_is_lost() {
    for swapped in [false, true] {
        let mut net = silent();
        let first = confirmed(&net, 1, 3)[0].body.session.0;
        refuse(&mut net, first);
        net.advance(4_000);
        let second = confirmed(&net, 1, 3)[1].body.session.0;
        let (mut one, mut two) = (certificate(&net, first), certificate(&net, second));
        if swapped {
            std::mem::swap(&mut one, &mut two);
        }
        // To each another one, before the two can tell each other.
        net.forge(3, 1, &one);
        net.forge(3, 2, &two);
        for node in [1, 2] {
            assert_eq!(stored(&net, node, "share/certified/").len(), 1);
            assert_eq!(stored(&net, node, "share/pending/").len(), 2);
        }
        // Node 1 forgets what is in memory only.
        net.kill(1);
        net.start(1);
        net.links = Box::new(|_, _, _| true);
        net.advance(15_000);
        assert!(all_ready(&net), "{:?}", net.engine(2).status());
        assert!((1..=3).all(|node| stored(&net, node, "share/pending/").is_empty()));
    }
}

#[test]
fn a_certificate_shown_late_to_one_does_not_part_it_from_the_others() {
    let mut net = silent();
    let first = confirmed(&net, 1, 3)[0].body.session.0;
    refuse(&mut net, first);
    net.advance(4_000);
    let late = certificate(&net, first);
    // All certify the second ceremony and vote for it. Before node 1 sees its root it is shown another certificate.
    net.heads = false;
    net.links = Box::new(|_, _, _| true);
    net.advance(4_000);
    assert_eq!(stored(&net, 1, "share/certified/").len(), 1);
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Certificate(_)));
    net.forge(3, 1, &late);
    assert_eq!(stored(&net, 1, "share/certified/").len(), 2);
    net.heads = true;
    net.advance(15_000);
    assert!(all_ready(&net), "{:?}", net.engine(1).status());
}

#[test]
fn only_a_members_own_signed_refusal_ends_the_wait_for_it() {
    let mut net = silent();
    let session = confirmed(&net, 1, 3)[0].body.session.0;
    let body = RefuseShare { network: network().id(), epoch: 1, session };
    let mut altered = refusal(3, [1; 32]);
    altered.body.session = session;
    let mut of_nobody = refusal(3, session);
    of_nobody.node = NodeIndex::new(9).unwrap();
    for unproven in [
        Signed::new(index(2), body.clone(), &statement_key(3)),
        signed(3, RefuseShare { epoch: 2, ..body.clone() }),
        signed(3, RefuseShare { network: quorate_wire::NetworkId([9; 32]), ..body }),
        altered,
        of_nobody,
    ] {
        net.forge(3, 1, &PeerMessage::Refuse(unproven));
    }
    assert_eq!((faults(&net, 1, "refusal"), stored(&net, 1, "share/refusal/").len()), (5, 0));
    net.advance(4_000);
    assert_eq!(stored(&net, 1, "share/pending/").len(), 1, "it is still waited for");
    // One that was told to one node only is passed on to who still confirms.
    net.forge(3, 2, &PeerMessage::Refuse(refusal(3, session)));
    net.advance(2_000);
    assert_eq!(stored(&net, 1, "share/refusal/").len(), 1);
    assert!(net.sent(2, 1).any(|message| *message == PeerMessage::Refuse(refusal(3, session))));
    // Who says both is named.
    let confirm = confirmed(&net, 3, 1)[0].clone();
    net.forge(3, 1, &PeerMessage::Confirm(confirm));
    assert_eq!(faults(&net, 1, "confirm_and_refuse"), 1);
}

#[test]
fn what_a_node_refuses_it_never_begins_and_it_refuses_a_bounded_number() {
    let mut net = silent();
    let results = Purpose::ALL.map(|purpose| ConfirmedRoot { purpose, result: Digest([1; 32]) });
    let confirm = |session| {
        let (network, session) = (network().id(), Digest(session));
        let body =
            ConfirmShare { network, epoch: 1, session, roots: some_roots(), results: results.to_vec() };
        PeerMessage::Confirm(signed(3, body))
    };
    let fresh = [77; 32];
    net.forge(3, 2, &confirm(session_of(&fresh)));
    assert_eq!(stored(&net, 2, "share/refused/").len(), 1);
    let first = confirmed(&net, 1, 3)[0].body.session.0;
    refuse(&mut net, first);
    net.kill(2);
    net.start(2);
    net.links = Box::new(|from, _, _| from == 2);
    net.forge(1, 2, &PeerMessage::StartKeygen { attempt: 9, fresh });
    let begins = |message: &PeerMessage| matches!(message, PeerMessage::Keygen(keygen) if keygen.session == session_of(&fresh));
    assert!(!net.sent(2, 1).any(begins));
    for number in 0..20 {
        net.forge(3, 2, &confirm([number; 32]));
    }
    assert_eq!((stored(&net, 2, "share/refused/").len(), faults(&net, 2, "confirms")), (8, 13));
}

#[test]
fn a_ceremony_that_is_proposed_again_replaces_no_share() {
    let mut net = silent();
    let fresh = *proposed(&net).last().unwrap();
    let session = confirmed(&net, 1, 3)[0].body.session.0;
    assert_eq!(session_of(&fresh), session);
    let key = format!("epoch/1/share/pending/{}", stored(&net, 2, "share/pending/")[0]);
    let share = net.nodes[&2].store[&key].to_vec();
    for node in [2, 3] {
        net.forge(if node == 2 { 3 } else { 2 }, node, &PeerMessage::Refuse(refusal(3, session)));
    }
    net.node(2).done.clear();
    net.kill(2);
    net.start(2);
    net.forge(1, 2, &PeerMessage::StartKeygen { attempt: 1, fresh });
    assert!(!net.sent(2, 1).any(|message| matches!(message, PeerMessage::Keygen(_))));
    assert_eq!(net.nodes[&2].store[&key].to_vec(), share);
}

#[test]
fn shares_stay_until_the_root_is_final_and_only_a_final_foreign_root_stops_a_node() {
    let mut net = Net::unfounded();
    for node in 1..=3 {
        net.node(node).registry.roots_unfinalized = true;
    }
    net.advance(8_000);
    assert!(net.nodes[&1].registry.roots.is_some());
    for node in 1..=3 {
        assert_eq!((stored(&net, node, "share/pending/").len(), roots(&net, node)), (1, None));
    }
    // A block that is not final may show any root: it may go again.
    let (voted, foreign) = (net.nodes[&1].registry.roots, some_roots());
    net.node(2).registry.roots = Some(foreign);
    net.head(2);
    net.advance(500);
    assert_eq!(net.nodes[&2].halted, None);
    net.node(2).registry.roots = voted;
    for node in 1..=3 {
        net.node(node).registry.roots_unfinalized = false;
    }
    net.advance(10_000);
    assert!(all_ready(&net) && roots(&net, 1) == voted);
    assert!((1..=3).all(|node| stored(&net, node, "share/pending/").is_empty()));
    net.kill(2);
    net.node(2).registry.roots = Some(foreign);
    net.start(2);
    net.advance(10);
    assert!(net.nodes[&2].halted.as_ref().unwrap().contains("shares of other roots only"));
    assert!(net.nodes[&2].halted.as_ref().unwrap().ends_with("the root for sign/secp256k1 differs"));
}

#[test]
fn a_member_that_refuses_every_share_stops_no_process() {
    let mut net = silent();
    for count in 1..=8 {
        let confirms = confirmed(&net, 1, 3);
        assert_eq!(confirms.len(), count);
        refuse(&mut net, confirms[count - 1].body.session.0);
        net.advance(4_000);
    }
    assert_eq!(stored(&net, 1, "share/pending/").len(), 8);
    assert!(net.nodes.values().all(|node| node.halted.is_none()));
    assert!(net.engine(1).status().waiting_for.unwrap().starts_with("the operators"));
    // Nothing is lost by it: what all confirm after all is taken.
    let session = confirmed(&net, 1, 3)[3].body.session.0;
    let certificate = certificate(&net, session);
    net.links = Box::new(|_, _, _| true);
    net.forge(3, 2, &certificate);
    net.advance(15_000);
    assert!(all_ready(&net), "{:?}", net.engine(1).status());
}

#[test]
fn a_node_takes_part_in_a_ceremony_once_whatever_is_proposed_in_between() {
    let mut net = Net::unfounded();
    net.links = Box::new(|_, _, _| false);
    let start = |net: &mut Net, fresh| {
        net.advance(800);
        net.forge(1, 2, &PeerMessage::StartKeygen { attempt: 1, fresh });
    };
    let begun = |net: &Net, fresh: [u8; 32]| {
        let of = |message: &&PeerMessage| matches!(message, PeerMessage::Keygen(keygen) if keygen.session == session_of(&fresh));
        net.sent(2, 3).filter(of).count()
    };
    let (first, second) = ([1; 32], [2; 32]);
    start(&mut net, first);
    start(&mut net, second);
    start(&mut net, first);
    assert_eq!((begun(&net, first), begun(&net, second)), (1, 1));
    // Nor in each of proposals without end.
    for number in 10..30 {
        net.forge(1, 2, &PeerMessage::StartKeygen { attempt: 1, fresh: [number; 32] });
    }
    assert_eq!((10..30).map(|number| begun(&net, [number; 32])).sum::<usize>(), 1);
}

#[test]
fn whoever_is_first_in_order_and_there_proposes() {
    let mut net = Net::unfounded();
    // Node 1 is there, but none of its proposals arrive.
    net.links = Box::new(|from, _, message| from != 1 || !matches!(message, PeerMessage::StartKeygen { .. }));
    net.advance(5_000);
    assert!(net.sent(2, 1).any(|message| matches!(message, PeerMessage::StartKeygen { .. })));
    // Of two proposals at a time that of the earlier member goes on.
    net.links = Box::new(|_, _, _| true);
    net.advance(20_000);
    assert!(all_ready(&net), "{:?}", net.engine(2).status());
}
