//! Bytes from peers that no honest node sends.

use std::cell::RefCell;

use proptest::prelude::*;
use quorate_engine::Input;
use quorate_wire::{
    CeremonyMessage, ErrorCode, Offer, OperationNumber, PeerMessage, Proposal, RefuseShare, RequestId,
    RoundMessage, StartNotice, Submission, encode,
};

use crate::harness::{Caller, Net, index, name_of, network, signed};

fn net() -> (Net, RequestId, Submission) {
    let mut net = Net::ready();
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Round(_)));
    let (id, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(20);
    (net, id, submission)
}

fn messages(id: RequestId) -> impl Strategy<Value = PeerMessage> {
    let bytes = any::<[u8; 32]>();
    let payload = prop::collection::vec(any::<u8>(), 0..200);
    let nodes = prop::collection::vec((1..=255u8).prop_map(index), 0..5);
    let operation = prop_oneof![0..12u32, 0..1u32 << 30]
        .prop_map(|number| OperationNumber::from_u32(number).expect("below the sixth level"));
    let pairs = prop::collection::vec(((1..=255u8).prop_map(index), bytes), 0..5);
    prop_oneof![
        (operation.clone(), any::<u8>(), bytes).prop_map(move |(operation, attempt, fresh)| {
            PeerMessage::Offer(Offer { request: id, operation, attempt, fresh })
        }),
        (operation.clone(), any::<u8>(), nodes.clone()).prop_map(move |(operation, attempt, culprits)| {
            PeerMessage::AttemptFailed { request: id, operation, attempt, culprits }
        }),
        (operation.clone(), any::<u8>(), nodes).prop_map(move |(operation, attempt, waiting_for)| {
            PeerMessage::Stalled { request: id, operation, attempt, waiting_for }
        }),
        (operation, any::<u8>(), pairs, bytes).prop_map(move |(operation, attempt, signers, set_up)| {
            let (intent, set_ups) = (quorate_wire::Digest(set_up), vec![set_up; signers.len()]);
            let coordinator = index(3);
            PeerMessage::Propose(Proposal {
                request: id,
                operation,
                coordinator,
                attempt,
                intent,
                signers,
                set_ups,
            })
        }),
        (bytes, payload.clone())
            .prop_map(|(session, payload)| PeerMessage::Round(RoundMessage { session, payload })),
        (bytes, payload.clone())
            .prop_map(|(session, payload)| PeerMessage::Keygen(CeremonyMessage { session, payload })),
        (bytes, payload)
            .prop_map(|(session, payload)| PeerMessage::Pair(CeremonyMessage { session, payload })),
        bytes.prop_map(|fresh| PeerMessage::StartPair { fresh }),
        (bytes, bytes).prop_map(|(fresh, joined)| PeerMessage::JoinPair { fresh, joined }),
        bytes.prop_map(|session| {
            PeerMessage::Refuse(signed(3, RefuseShare { network: network().id(), epoch: 1, session }))
        }),
        (any::<u64>(), 1..=3u8).prop_map(|(incarnation, by)| {
            let start = [by; 16];
            PeerMessage::Stale(signed(
                3,
                StartNotice { network: network().id(), node: name_of(3), incarnation, start },
            ))
        }),
        Just(PeerMessage::Refused { request: id, code: ErrorCode::Internal, detail: "x".repeat(5_000) }),
        Just(PeerMessage::Certificate(Vec::new())),
    ]
}

/// Cases that one network goes through: with more, the peer would be sent away for its faults.
const CASES_PER_NET: usize = 8;

#[test]
fn no_bytes_of_a_peer_make_the_engine_panic() {
    let (first, id, _) = net();
    let state = RefCell::new((first, 0_usize));
    let raw = prop::collection::vec(any::<u8>(), 0..300);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    runner
        .run(&(messages(id), raw, 0..400usize, any::<u8>(), 0..=255u8), |(message, raw, at, value, from)| {
            let (net, case) = &mut *state.borrow_mut();
            *case += 1;
            if case.is_multiple_of(CASES_PER_NET) {
                *net = self::net().0;
            }
            let greeted =
                net.engine(1).status().peers.iter().any(|peer| peer.index == index(3) && peer.connected);
            prop_assert!(greeted, "frames of a peer that has not greeted are not read");
            net.forge(3, 1, &message);
            let mut flipped = encode(&message);
            let place = at % flipped.len();
            flipped[place] = value;
            for frame in [flipped, raw.clone(), [&[1u8][..], &raw].concat()] {
                net.input(1, Input::Peer { from: index(3), frame });
            }
            if let Some(stranger) = quorate_wire::NodeIndex::new(from) {
                net.input(1, Input::Peer { from: stranger, frame: encode(&message) });
            }
            prop_assert!(net.nodes[&1].halted.is_none());
            net.node(1).done.clear();
            if from % 4 == 0 {
                for (near, far) in [(1, 3), (3, 1)] {
                    net.input(near, Input::PeerDisconnected { peer: index(far) });
                }
                for (near, far) in [(1, 3), (3, 1)] {
                    net.input(near, Input::PeerConnected { peer: index(far) });
                }
                net.advance(0);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_prefix_of_a_sound_frame_is_only_a_fault_of_the_peer() {
    let (mut net, _, submission) = net();
    let frame = encode(&PeerMessage::Execute(submission));
    for length in 0..frame.len() {
        // Faults are forgiven with time: here it passes, as otherwise the peer would be sent away.
        net.mono_ms += 1_000;
        net.input(1, Input::Peer { from: index(3), frame: frame[..length].to_vec() });
    }
    let faults =
        net.reported(1, |report| matches!(report, quorate_engine::Report::PeerFault { check: "frame", .. }));
    assert_eq!(faults, frame.len());
}
