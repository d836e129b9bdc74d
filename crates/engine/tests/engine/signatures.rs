//! One operation has one signature, whatever a member replays or keeps back; and whoever stalls goes last.
//! Node 3 is the liar; its engine runs beside what is forged.

use quorate_engine::Answer;
use quorate_wire::{
    Decision, EcdsaAnswer, EcdsaBytes, HostCall, Offer, OperationNumber, PeerMessage, Proposal, Recipient,
    RequestId, SignKey, SignMessage, SignRequest, Signed, Vote,
};

use crate::harness::{Caller, Net, index, of_five};

/// The same digest in every execution: it depends on action and text only.
fn own(_: u8) -> Vec<HostCall> {
    let message = SignMessage::Bytes(b"always the same".to_vec());
    vec![HostCall::Sign(SignRequest {
        key: SignKey::Own,
        message,
        name: "sig".to_owned(),
        recipient: Recipient::Caller,
    })]
}

fn six(_: u8) -> Vec<HostCall> {
    let sign = |name: u8| {
        let message = SignMessage::Bytes(vec![name]);
        HostCall::Sign(SignRequest {
            key: SignKey::Own,
            message,
            name: name.to_string(),
            recipient: Recipient::Caller,
        })
    };
    (1..=6).map(sign).collect()
}

fn bytes(answer: &EcdsaAnswer) -> EcdsaBytes {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&answer.r);
    signature[32..].copy_from_slice(&answer.s);
    (signature, answer.recovery_id)
}

/// What the runs of a node were answered with.
fn answered(net: &Net, node: u8) -> Vec<EcdsaBytes> {
    let of_node = net.answers.iter().filter(|(of, _, _)| *of == node);
    of_node
        .filter_map(|(_, _, answer)| match answer {
            Ok(Answer::Signed(signature)) => Some(bytes(signature)),
            _ => None,
        })
        .collect()
}

/// Ready nodes, and valid signatures of two executions over the digest of every execution to come.
fn with_old_signatures() -> (Net, [EcdsaBytes; 2]) {
    let mut net = Net::ready();
    net.wanted = Some((own, false));
    for nonce in 1..=2 {
        let (_, submission) = Caller::new(1).request(nonce);
        net.submit(1, &submission);
        net.advance(20);
    }
    let old = answered(&net, 1);
    assert!(old.len() == 2 && old[0] != old[1] && old == answered(&net, 2));
    net.answers.clear();
    (net, [old[0], old[1]])
}

fn shown(request: RequestId, (signature, recovery_id): EcdsaBytes) -> PeerMessage {
    PeerMessage::Signature { request, operation: OperationNumber::FIRST, signature, recovery_id }
}

fn fixed(request: RequestId, signature: EcdsaBytes) -> PeerMessage {
    let decision = Decision::Signed(signature);
    PeerMessage::Decided { request, operation: OperationNumber::FIRST, decision }
}

/// An execution that node 1 coordinates, with nothing signed yet. Node 3 coordinates what it overheard, and is silent
/// else. What node 3 says to nodes 1 and 2 comes before their first attempt.
fn replayed(say: impl Fn(RequestId) -> [Vec<PeerMessage>; 2]) -> Vec<Vec<EcdsaBytes>> {
    let (mut net, _) = with_old_signatures();
    let (id, submission) = Caller::new(1).request(9);
    // The offer of node 2 is late, and the words of node 3 are its own.
    net.links = Box::new(|from, _, message| {
        let alive = matches!(message, PeerMessage::Hello(_) | PeerMessage::Ping(_));
        alive || (from != 3 && !(from == 2 && matches!(message, PeerMessage::Offer(_))))
    });
    let to = net.submit(1, &submission);
    net.advance(5);
    net.forge(3, 2, &PeerMessage::Execute(submission));
    for (node, messages) in [1, 2].into_iter().zip(say(id)) {
        for message in messages {
            net.forge(3, node, &message);
        }
    }
    net.advance(5);
    if let Some(offer) = offers(&net, 2, 1, id).last().copied() {
        net.forge(2, 1, &PeerMessage::Offer(offer));
    }
    net.links = Box::new(|from, _, message| {
        from != 3 || matches!(message, PeerMessage::Hello(_) | PeerMessage::Ping(_))
    });
    net.advance(4_000);
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
    vec![answered(&net, 1), answered(&net, 2)]
}

fn offers(net: &Net, by: u8, to: u8, id: RequestId) -> Vec<Offer> {
    let offers = net.sent(by, to).filter_map(|message| match message {
        PeerMessage::Offer(offer) if offer.request == id => Some(*offer),
        _ => None,
    });
    offers.collect()
}

fn votes(net: &Net, by: u8, to: u8, id: RequestId) -> Vec<Signed<Vote>> {
    let votes = net.sent(by, to).filter_map(|message| match message {
        PeerMessage::Vote(vote) if vote.body.request == id => Some(vote.clone()),
        _ => None,
    });
    votes.collect()
}

#[test]
fn an_old_signature_given_to_one_signer_ends_nothing() {
    let (_, [old, _]) = with_old_signatures();
    let given = replayed(|id| [Vec::new(), vec![shown(id, old), fixed(id, old)]]);
    assert!(given[0].len() == 1 && given[0] == given[1], "{given:?}");
}

#[test]
fn two_old_signatures_do_not_part_the_nodes() {
    let (_, [one, other]) = with_old_signatures();
    let both = |id, signature| vec![shown(id, signature), fixed(id, signature)];
    let given = replayed(|id| [both(id, one), both(id, other)]);
    assert!(given[0].len() == 1 && given[0] == given[1], "{given:?}");
}

#[test]
fn a_signature_that_does_not_verify_is_no_ones() {
    let (_, [(mut signature, recovery_id), _]) = with_old_signatures();
    signature[63] ^= 1;
    let wrong = (signature, recovery_id);
    let given = replayed(|id| [vec![shown(id, wrong), fixed(id, wrong)], vec![fixed(id, wrong)]]);
    assert!(given[0].len() == 1 && given[0] == given[1] && given[0][0] != wrong, "{given:?}");
}

#[test]
fn a_withheld_signature_does_not_part_the_nodes() {
    let mut net = Net::ready();
    net.wanted = Some((own, false));
    let (id, submission) = Caller::new(1).request(1);
    // Node 3 votes before node 2, is in the first attempt, and keeps its last message.
    net.links = Box::new(|from, _, message| match message {
        PeerMessage::Vote(_) => from != 2,
        PeerMessage::Round(round) => from != 3 || !round.payload.starts_with(&[1, 3, 3]),
        PeerMessage::Signature { .. } => from != 3,
        _ => true,
    });
    let to = net.submit(1, &submission);
    net.advance(400);
    // What an honest node in its place would have told.
    let kept = net.sent(3, 1).find_map(|message| match message {
        PeerMessage::Signature { signature, recovery_id, .. } => Some((*signature, *recovery_id)),
        _ => None,
    });
    let kept = kept.expect("node 3 has the signature of the first attempt");
    assert!(answered(&net, 1).is_empty());
    net.links = Box::new(|from, _, message| from != 3 || matches!(message, PeerMessage::Hello(_)));
    net.forge(3, 2, &PeerMessage::Execute(submission));
    net.forge(3, 2, &shown(id, kept));
    net.forge(3, 2, &fixed(id, kept));
    net.advance(3_000);
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
    let given = [answered(&net, 1), answered(&net, 2)];
    assert!(given[0].len() == 1 && given[0] == given[1], "{given:?}");
}

#[test]
fn whoever_loses_the_decision_asks_for_it() {
    let mut net = Net::ready();
    net.wanted = Some((own, false));
    let (_, submission) = Caller::new(1).request(1);
    net.links = Box::new(|_, to, message| to == 1 || !matches!(message, PeerMessage::Decided { .. }));
    let to = net.submit(1, &submission);
    net.advance(20);
    assert!(answered(&net, 2).is_empty() && answered(&net, 3).is_empty());
    net.links = Box::new(|_, _, _| true);
    net.advance(300);
    assert!(net.answer(to).is_some_and(Result::is_ok));
    assert!((1..=3).all(|node| answered(&net, node) == answered(&net, 1)));
}

#[test]
fn the_next_coordinator_takes_over_what_the_first_one_fixed() {
    let mut net = Net::ready();
    net.wanted = Some((own, false));
    let (_, submission) = Caller::new(1).request(1);
    net.links = Box::new(|from, to, message| {
        from == to || !(matches!(message, PeerMessage::Decided { .. }) && to == 3)
    });
    net.submit(1, &submission);
    net.advance(5);
    assert!(answered(&net, 3).is_empty());
    net.kill(1);
    net.links = Box::new(|_, _, _| true);
    let to = net.submit(3, &submission);
    net.advance(1_000);
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
    assert_eq!(answered(&net, 3), answered(&net, 1));
}

fn set_up(net: &Net, of: u8, with: u8) -> [u8; 32] {
    let hellos = net.sent(of, with).filter_map(|message| match message {
        PeerMessage::Hello(hello) => hello.set_ups.iter().find(|pair| pair.peer == index(with)),
        _ => None,
    });
    hellos.last().expect("announced").id
}

/// A proposal of node 3 to sign with node 2, which it will not do.
fn stalling(net: &Net, offer: Offer, attempt: u8) -> Option<Proposal> {
    let votes = votes(net, 2, 3, offer.request);
    let vote = votes.iter().find(|vote| vote.body.operation == offer.operation)?;
    Some(Proposal {
        request: offer.request,
        operation: offer.operation,
        coordinator: index(3),
        attempt,
        intent: vote.body.hash(),
        signers: vec![(index(2), offer.fresh), (index(3), [7; 32])],
        set_ups: vec![set_up(net, 2, 3)],
    })
}

#[test]
fn the_coordinator_that_asked_first_replaces_an_attempt_of_a_later_one_at_once() {
    let mut net = Net::ready();
    net.wanted = Some((own, false));
    let (id, submission) = Caller::new(1).request(1);
    let said = |message: &PeerMessage| matches!(message, PeerMessage::Vote(_) | PeerMessage::Offer(_));
    net.links = Box::new(move |from, _, message| {
        (from != 3 && (from != 2 || !said(message)))
            || matches!(message, PeerMessage::Hello(_) | PeerMessage::Ping(_))
    });
    let to = net.submit(1, &submission);
    net.advance(5);
    net.forge(3, 2, &PeerMessage::Execute(submission));
    let offer = offers(&net, 2, 3, id)[0];
    let proposal = stalling(&net, offer, 1).unwrap();
    net.forge(3, 2, &PeerMessage::Propose(proposal));
    assert!(net.sent(2, 3).any(|message| matches!(message, PeerMessage::Round(_))), "it has joined that one");
    // What node 2 had said arrives.
    net.forge(2, 1, &PeerMessage::Vote(votes(&net, 2, 1, id)[0].clone()));
    let offer = *offers(&net, 2, 1, id).last().unwrap();
    net.forge(2, 1, &PeerMessage::Offer(offer));
    net.advance(50);
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
}

#[test]
fn a_first_coordinator_that_stalls_goes_last_and_six_signatures_keep_the_deadline() {
    let mut net = Net::ready();
    net.wanted = Some((six, false));
    let (id, submission) = Caller::new(1).request(1);
    net.links = Box::new(|from, _, message| {
        from != 3 || matches!(message, PeerMessage::Hello(_) | PeerMessage::Ping(_))
    });
    // The caller asked node 3 first; node 3 has everybody begin, and does nothing but stall.
    net.forge(3, 1, &PeerMessage::Execute(submission.clone()));
    net.forge(3, 2, &PeerMessage::Execute(submission.clone()));
    net.advance(1);
    let mut answered_used = Vec::new();
    let (mut attempt, mut to) = (0, None);
    for step in 0..700 {
        if let Some(offer) = offers(&net, 2, 3, id).last().copied()
            && !answered_used.contains(&offer.fresh)
            && let Some(proposal) = stalling(&net, offer, attempt + 1)
        {
            answered_used.push(offer.fresh);
            attempt = (attempt + 1) % 30;
            net.forge(3, 2, &PeerMessage::Propose(proposal));
        }
        if step == 1 {
            to = Some(net.submit(1, &submission));
        }
        net.advance(10);
    }
    let to = to.unwrap();
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
    assert_eq!(answered(&net, 1).len(), 6);
}

#[test]
fn signers_that_fall_silent_in_attempts_are_passed_over_as_soon_as_each_stalls() {
    let mut net = Net::ready_in(of_five);
    net.wanted = Some((own, false));
    // Nodes 3 and 4 vote and offer, and send nothing of any attempt.
    net.links = Box::new(|from, to, message| match message {
        PeerMessage::Vote(_) => from == 3 || to != 1,
        PeerMessage::Round(_) => from != 3 && from != 4,
        _ => true,
    });
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(5);
    // So node 3 is of the first set, and node 4 of the second.
    for node in [2, 4, 5] {
        let vote = votes(&net, node, 1, id)[0].clone();
        net.forge(node, 1, &PeerMessage::Vote(vote));
    }
    net.links =
        Box::new(|from, _, message| (from != 3 && from != 4) || !matches!(message, PeerMessage::Round(_)));
    // One attempt for each silent member, and not the whole of its time: the coordinator is waited for no longer than 3 s.
    net.advance(1_200);
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
    let proposals = |node| net.sent(1, node).filter(|message| matches!(message, PeerMessage::Propose(_)));
    assert!(proposals(3).count() > 0 && proposals(4).count() > 0, "each was tried");
}
