//! A member that records the shares of others, and offers them again: in other runs, for other things, as others' own.

use quorate_wire::{Decision, Digest, ErrorCode, HostCall, PeerMessage, RequestId, ValuePoint, Verdict};

use crate::{
    harness::{Caller, Net, operation},
    openings::{given, is_share, named, opens, value_of, waiting, with_share},
};

/// What was recorded elsewhere.
struct Recorded {
    /// Node 2's share of another identity.
    other_identity: ValuePoint,
    /// The value of that identity.
    other_value: ValuePoint,
    /// Node 2's share of another root: that of draws.
    other_root: ValuePoint,
}

fn share_of(message: &PeerMessage) -> ValuePoint {
    let PeerMessage::Share { share, .. } = message else { panic!("a share") };
    *share
}

impl Recorded {
    fn new() -> Self {
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![crate::openings::of_other_data()], false));
        net.submit(1, &Caller::new(1).request(1).1);
        net.advance(100);
        let other_identity = share_of(net.sent(2, 1).find(|message| is_share(message)).unwrap());
        let other_value = value_of(&given(&net, 1)[0]);
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![HostCall::Random], false));
        net.submit(1, &Caller::new(1).request(1).1);
        net.advance(100);
        let drawn = net.sent(2, 1).find_map(|message| match message {
            PeerMessage::Vote(vote) => match vote.body.verdict {
                Verdict::Draw { partial } => Some(partial),
                _ => None,
            },
            _ => None,
        });
        Recorded { other_identity, other_value, other_root: drawn.unwrap() }
    }
}

/// What node 2 sends to node 1 instead of its share, made of that and of node 3's.
type Forge = fn(&Recorded, &PeerMessage, &PeerMessage) -> PeerMessage;

/// Whether it is node 2's fault: a wrong share of what was asked for. What is about something else may be honest.
const ROWS: &[(&str, Forge, bool)] = &[
    ("a share of another identity", |all, mine, _| with_share(mine, all.other_identity), true),
    ("a share of another root", |all, mine, _| with_share(mine, all.other_root), true),
    ("another member's share", |_, mine, third| with_share(mine, share_of(third)), true),
    ("the value of another identity as a share", |all, mine, _| with_share(mine, all.other_value), true),
    (
        "the share under another identity's name",
        |_, mine, _| {
            let mut mine = mine.clone();
            if let PeerMessage::Share { identity, .. } = &mut mine {
                *identity = Digest([9; 32]);
            }
            mine
        },
        false,
    ),
    (
        "the share for another operation",
        |_, mine, _| {
            let mut mine = mine.clone();
            if let PeerMessage::Share { operation: number, .. } = &mut mine {
                *number = operation(1);
            }
            mine
        },
        false,
    ),
    (
        "the share for another execution",
        |_, mine, _| {
            let mut mine = mine.clone();
            if let PeerMessage::Share { request, .. } = &mut mine {
                *request = RequestId([9; 32]);
            }
            mine
        },
        false,
    ),
    ("the value of another identity", |all, mine, _| decided(mine, Decision::Opened(all.other_value)), false),
    ("a share as the value", |_, mine, third| decided(mine, Decision::Opened(share_of(third))), false),
];

fn decided(about: &PeerMessage, decision: Decision) -> PeerMessage {
    let PeerMessage::Share { request, operation, .. } = about else { panic!("a share") };
    PeerMessage::Decided { request: *request, operation: *operation, decision }
}

#[test]
fn shares_of_something_else_open_nothing_in_an_action() {
    let recorded = Recorded::new();
    for (about, forge, fault) in ROWS {
        let (mut net, _, shares) = waiting();
        net.forge(2, 1, &forge(&recorded, &shares[&2], &shares[&3]));
        assert!(given(&net, 1).is_empty(), "{about}");
        assert_eq!(named(&net, 1, 2), usize::from(*fault), "{about}");
        // With the right one, all goes on.
        net.forge(3, 1, &shares[&3]);
        assert_eq!(given(&net, 1), given(&net, 3), "{about}");
        assert_eq!(given(&net, 1).len(), 1, "{about}");
    }
}

#[test]
fn t_right_shares_of_members_open_nothing_where_a_nodes_own_policy_says_no() {
    let (honest, _, shares) = waiting();
    let value = value_of(&given(&honest, 2)[0]);
    let mut net = Net::ready();
    net.wanted = Some((opens, false));
    let (id, submission) = Caller::new(1).running("the same with a byte more").request(1);
    net.submit(1, &submission);
    let moved = |message: &PeerMessage| {
        let mut message = message.clone();
        match &mut message {
            PeerMessage::Share { request, .. } | PeerMessage::Decided { request, .. } => *request = id,
            _ => panic!("about an execution"),
        }
        message
    };
    for node in [2, 3] {
        net.forge(node, 1, &moved(&shares[&node]));
        net.forge(node, 1, &moved(&decided(&shares[&node], Decision::Opened(value))));
    }
    net.advance(100);
    for node in [2, 3] {
        net.forge(node, 1, &moved(&shares[&node]));
        net.forge(node, 1, &moved(&decided(&shares[&node], Decision::Opened(value))));
    }
    net.advance(100);
    assert_eq!(given(&net, 1), [Err(ErrorCode::PolicyDenied)]);
}
