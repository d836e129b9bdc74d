//! Votes for roots: whose count, for which roots, and when they are submitted. Node 3 is the liar where there is one.

use quorate_engine::Report;
use quorate_wire::{ErrorCode, NodeVote, PeerMessage, RootKeys};

use crate::harness::{Net, chain_key, index, roots_digest, some_roots};

fn faults(net: &Net, node: u8, wanted: &str) -> usize {
    net.reported(node, |report| matches!(report, Report::PeerFault { check, .. } if *check == wanted))
}

fn vote(node: u8, roots: RootKeys) -> PeerMessage {
    let vote = NodeVote::sign(&roots_digest(&roots), &chain_key(node));
    PeerMessage::RootsVote { roots: Box::new(roots), vote }
}

/// All have certified shares. Nobody hears a vote of node 3, which hears of none.
fn without_votes_of_3() -> Net {
    let mut net = Net::unfounded();
    net.links = Box::new(|from, to, message| {
        let vote = matches!(message, PeerMessage::RootsVote { .. });
        !vote || (from != 3 && to != 3)
    });
    net.advance(8_000);
    net
}

/// The roots for which a node votes.
fn chosen(net: &Net, node: u8) -> RootKeys {
    let votes = net.sent(node, if node == 1 { 2 } else { 1 }).filter_map(|message| match message {
        PeerMessage::RootsVote { roots, .. } => Some(**roots),
        _ => None,
    });
    votes.last().expect("it votes")
}

#[test]
fn roots_are_submitted_with_the_votes_of_all_and_again_until_the_chain_shows_them() {
    let mut net = Net::unfounded();
    for node in 1..=3 {
        net.node(node).registry.roots_unfinalized = true;
    }
    net.heads = false;
    net.advance(12_000);
    // The chain has them, but no node has heard of it.
    for node in 1..=3 {
        let times = net.nodes[&node].submitted.len();
        assert!((2..=5).contains(&times), "{times}");
    }
    let roots = chosen(&net, 1);
    assert!(net.nodes.values().all(|node| node.submitted.iter().all(|submitted| *submitted == roots)));
    net.heads = true;
    net.advance(2_000);
    let before = net.nodes[&1].submitted.len();
    net.advance(10_000);
    assert_eq!(net.nodes[&1].submitted.len(), before);
}

#[test]
fn a_vote_counts_from_its_account_and_for_certified_roots_only() {
    let mut net = without_votes_of_3();
    let roots = chosen(&net, 1);
    let text = net.engine(1).status().waiting_for.unwrap();
    assert_eq!(net.engine(1).status().waiting_code, Some(ErrorCode::NotReady));
    assert!(text.ends_with("no vote of node 3"), "{text}");
    // Another account's, and one for other roots under these.
    let PeerMessage::RootsVote { vote: of_others, .. } = vote(3, some_roots()) else { unreachable!() };
    for wrong in [vote(2, roots), PeerMessage::RootsVote { roots: Box::new(roots), vote: of_others }] {
        net.forge(3, 1, &wrong);
    }
    assert_eq!(faults(&net, 1, "roots_vote"), 2);
    let view = net.engine(1).status().peers.into_iter().find(|peer| peer.index == index(3)).unwrap();
    assert_eq!(view.fault.map(|fault| (fault.check, fault.count)), Some(("roots_vote".to_owned(), 2)));
    // Roots that may still be certified are no fault; they count for nothing.
    net.forge(3, 1, &vote(3, some_roots()));
    net.advance(4_000);
    assert_eq!((faults(&net, 1, "roots_vote"), net.nodes[&1].submitted.len()), (2, 0));
    net.forge(3, 1, &vote(3, roots));
    net.advance(100);
    assert_eq!(net.nodes[&1].submitted, [roots]);
    // A later vote for what is not certified takes back nothing.
    net.forge(3, 1, &vote(3, some_roots()));
    net.advance(4_000);
    assert!(net.nodes[&1].registry.roots == Some(roots) && faults(&net, 1, "roots_vote") == 2);
}

#[test]
fn a_vote_is_told_to_whoever_comes_back() {
    let mut net = without_votes_of_3();
    let before = net.sent(1, 2).filter(|message| matches!(message, PeerMessage::RootsVote { .. })).count();
    net.kill(2);
    net.start(2);
    net.advance(50);
    let after = net.sent(1, 2).filter(|message| matches!(message, PeerMessage::RootsVote { .. })).count();
    assert!(after > before);
    net.links = Box::new(|_, _, _| true);
    net.advance(15_000);
    assert!((1..=3).all(|node| net.engine(node).status().ready));
}

#[test]
fn votes_that_came_before_the_certificate_count_with_it() {
    let mut net = Net::unfounded();
    // Node 1 hears every vote, and no certificate nor confirmation, until all others have voted.
    net.links = Box::new(|_, to, message| {
        to != 1 || !matches!(message, PeerMessage::Certificate(_) | PeerMessage::Confirm(_))
    });
    net.advance(6_000);
    let roots = chosen(&net, 2);
    assert!(net.sent(2, 1).any(|message| *message == vote(2, roots)));
    net.links = Box::new(|_, to, message| to != 1 || !matches!(message, PeerMessage::RootsVote { .. }));
    net.advance(8_000);
    assert!(net.nodes[&1].submitted.contains(&roots), "{:?}", net.engine(1).status());
    assert_eq!(faults(&net, 1, "roots_vote"), 0);
}
