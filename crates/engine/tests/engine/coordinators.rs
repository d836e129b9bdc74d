//! Coordinators and peers that lie. Node 3 is the liar; its engine runs beside what is forged.

use quorate_engine::Report;
use quorate_wire::{
    Evidence, NodeIndex, Offer, OperationNumber, OutcomeMessage, PeerMessage, Proposal, RequestId, Signed,
    Statement, Submission, Vote, limits::EXECUTION_MS_MAX,
};

use crate::harness::{Caller, Net, index, operation, signed};

/// An execution in which all have voted, and no honest proposal has been heard.
fn voted() -> (Net, RequestId, Submission) {
    let mut net = Net::ready();
    net.links = Box::new(|_, _, message| {
        !matches!(message, PeerMessage::Propose(_) | PeerMessage::Round(_) | PeerMessage::Signature { .. })
    });
    let (id, submission) = Caller::new(1).request(1);
    // The liar coordinates; nodes 1 and 2 have offered it their bytes.
    net.submit(3, &submission);
    net.advance(20);
    (net, id, submission)
}

fn offered(net: &Net, by: u8) -> Offer {
    let offers = net.sent(by, 3).filter_map(|message| match message {
        PeerMessage::Offer(offer) => Some(*offer),
        _ => None,
    });
    offers.last().expect("offered")
}

fn vote_of(net: &Net, by: u8) -> Signed<Vote> {
    let votes = net.sent(by, 3).filter_map(|message| match message {
        PeerMessage::Vote(vote) => Some(vote.clone()),
        _ => None,
    });
    votes.last().expect("voted")
}

fn set_up(net: &Net, of: u8, with: u8) -> [u8; 32] {
    let hellos = net.sent(of, with).filter_map(|message| match message {
        PeerMessage::Hello(hello) => hello.set_ups.iter().find(|pair| pair.peer == index(with)),
        _ => None,
    });
    hellos.last().expect("announced").id
}

/// A proposal to which nothing is wrong.
fn sound(net: &Net, id: RequestId) -> Proposal {
    Proposal {
        request: id,
        operation: OperationNumber::FIRST,
        coordinator: index(3),
        attempt: 1,
        intent: vote_of(net, 1).body.hash(),
        signers: vec![(index(1), offered(net, 1).fresh), (index(2), offered(net, 2).fresh)],
        set_ups: vec![set_up(net, 1, 2)],
    }
}

fn rounds(net: &Net, node: u8) -> usize {
    (1..=3)
        .filter(|peer| *peer != node)
        .flat_map(|peer| net.sent(node, peer))
        .filter(|message| matches!(message, PeerMessage::Round(_)))
        .count()
}

/// Gives node 1 a proposal; whether it joined, and otherwise said so.
fn joins(net: &mut Net, proposal: &Proposal) -> bool {
    let before = (rounds(net, 1), declined(net));
    net.forge(3, 1, &PeerMessage::Propose(proposal.clone()));
    net.advance(0);
    let after = (rounds(net, 1), declined(net));
    assert!((after.0 > before.0) != (after.1 > before.1), "joined or declined");
    after.0 > before.0
}

fn declined(net: &Net) -> usize {
    net.sent(1, 3).filter(|message| matches!(message, PeerMessage::AttemptFailed { .. })).count()
}

#[test]
fn a_sound_proposal_is_joined_once() {
    let (mut net, id, _) = voted();
    let proposal = sound(&net, id);
    assert!(joins(&mut net, &proposal));
    assert!(!joins(&mut net, &proposal), "the same attempt again");
    let mut later = Proposal { attempt: 2, ..proposal };
    assert!(!joins(&mut net, &later), "with bytes that are spent");
    later.signers[0].1 = offered(&net, 1).fresh;
    assert!(joins(&mut net, &later));
    later.attempt = 1;
    later.signers[0].1 = offered(&net, 1).fresh;
    assert!(!joins(&mut net, &later), "attempts grow");
}

#[test]
fn a_banned_pair_in_a_forged_proposal_is_declined() {
    for (by, counterparty) in [(1, 2), (2, 1)] {
        let (mut net, id, _) = voted();
        let proposal = sound(&net, id);
        let notice = crate::harness::ban_notice((by, counterparty), set_up(&net, 1, 2));
        net.forge(3, 1, &PeerMessage::Ban(signed(by, notice)));
        assert!(!joins(&mut net, &proposal), "banned by {by}");
        // It may be that the coordinator was not told: that is no fault of its own.
        let fault = |report: &Report| matches!(report, Report::PeerFault { .. });
        assert_eq!(net.reported(1, fault), 0, "banned by {by}");
    }
}

#[test]
fn a_corrupt_coordinator_uses_up_its_own_attempts_and_nobody_elses() {
    let mut net = Net::ready();
    // Node 3 proposes on its own; node 2's words are lost, so that node 1 signs with nobody for a while.
    net.links = Box::new(|from, to, message| {
        (from != 3 && to != 3 && from != 2)
            || matches!(message, PeerMessage::Offer(_) | PeerMessage::Vote(_) | PeerMessage::Hello(_))
    });
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.forge(3, 1, &PeerMessage::Execute(submission.clone()));
    net.forge(3, 2, &PeerMessage::Execute(submission));
    net.advance(20);
    for attempt in 28..=32 {
        let fresh = offered(&net, 1).fresh;
        let mut proposal = sound(&net, id);
        proposal.attempt = attempt;
        proposal.signers = vec![(index(1), fresh), (index(3), [7; 32])];
        proposal.set_ups = vec![set_up(&net, 1, 3)];
        net.forge(3, 1, &PeerMessage::Propose(proposal));
        net.advance(600);
    }
    net.links = Box::new(|from, to, _| from != 3 && to != 3);
    for (node, peer) in [(1, 2), (2, 1)] {
        net.input(node, quorate_engine::Input::PeerConnected { peer: index(peer) });
    }
    net.advance(6_000);
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
}

#[test]
fn an_attempt_is_not_disturbed_by_another_coordinator_before_it_stalls() {
    let (mut net, id, submission) = voted();
    let proposal = sound(&net, id);
    assert!(joins(&mut net, &proposal));
    net.forge(2, 1, &PeerMessage::Execute(submission));
    let offer = offered(&net, 1);
    let mut other = Proposal { coordinator: index(2), ..proposal };
    other.signers[0].1 = offer.fresh;
    let before = rounds(&net, 1);
    net.forge(2, 1, &PeerMessage::Propose(other.clone()));
    net.advance(0);
    assert_eq!(rounds(&net, 1), before, "the living attempt stands");
    net.advance(600);
    other.signers[0].1 = offered(&net, 1).fresh;
    net.forge(2, 1, &PeerMessage::Propose(other));
    net.advance(0);
    assert!(rounds(&net, 1) > before, "once it stalls, another may try");
}

type Change = Box<dyn Fn(&mut Proposal)>;

#[test]
fn each_unsound_proposal_is_declined_and_no_round_message_leaves() {
    let changes: Vec<(&str, Change)> = vec![
        (
            "too few signers",
            Box::new(|p| {
                p.signers.pop();
                p.set_ups.pop();
            }),
        ),
        (
            "too many signers",
            Box::new(|p| {
                p.signers.push((index(3), [1; 32]));
                p.set_ups = vec![p.set_ups[0]; 3];
            }),
        ),
        (
            "no signers",
            Box::new(|p| {
                p.signers.clear();
                p.set_ups.clear();
            }),
        ),
        ("without me", Box::new(|p| p.signers[0] = (index(3), [1; 32]))),
        (
            "without me, ascending",
            Box::new(|p| {
                p.signers = vec![(index(2), p.signers[1].1), (index(3), [1; 32])];
            }),
        ),
        ("me twice", Box::new(|p| p.signers[1] = p.signers[0])),
        ("descending", Box::new(|p| p.signers.reverse())),
        ("a stranger", Box::new(|p| p.signers[1].0 = index(4))),
        ("an index beyond every committee", Box::new(|p| p.signers[1].0 = index(255))),
        ("other bytes of mine", Box::new(|p| p.signers[0].1[0] ^= 1)),
        ("the other's bytes as mine", Box::new(|p| p.signers[0].1 = p.signers[1].1)),
        ("another intent", Box::new(|p| p.intent.0[0] ^= 1)),
        ("another operation", Box::new(|p| p.operation = operation(1))),
        ("an operation beyond all", Box::new(|p| p.operation = operation(1 << 29))),
        ("attempt 0", Box::new(|p| p.attempt = 0)),
        ("attempt 33", Box::new(|p| p.attempt = 33)),
        ("another coordinator's name", Box::new(|p| p.coordinator = index(2))),
        ("attempt 255", Box::new(|p| p.attempt = 255)),
        ("another set-up", Box::new(|p| p.set_ups[0][0] ^= 1)),
        ("no set-up", Box::new(|p| p.set_ups.clear())),
        ("two set-ups", Box::new(|p| p.set_ups.push([0; 32]))),
    ];
    let (mut net, id, _) = voted();
    for (what, change) in changes {
        let mut proposal = sound(&net, id);
        change(&mut proposal);
        assert!(!joins(&mut net, &proposal), "{what}");
    }
    assert_eq!(rounds(&net, 1), 0);
    let proposal = sound(&net, id);
    assert!(joins(&mut net, &proposal), "and nothing was spent by it");
}

#[test]
fn whoever_was_not_asked_by_a_caller_proposes_nothing() {
    let mut net = Net::ready();
    net.links = Box::new(|_, to, message| to != 3 && !matches!(message, PeerMessage::Propose(_)));
    let (id, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(20);
    let proposal = Proposal {
        request: id,
        operation: OperationNumber::FIRST,
        coordinator: index(3),
        attempt: 1,
        intent: id_hash(),
        signers: Vec::new(),
        set_ups: Vec::new(),
    };
    net.forge(3, 2, &PeerMessage::Propose(proposal));
    assert_eq!(net.reported(2, |r| matches!(r, Report::PeerFault { check: "not_a_coordinator", .. })), 1);
}

fn id_hash() -> quorate_wire::Digest {
    quorate_wire::Digest([0; 32])
}

#[test]
fn signers_that_were_told_different_things_sign_nothing() {
    let (mut net, id, _) = voted();
    let one = sound(&net, id);
    let mut other = one.clone();
    other.signers[0].1[0] ^= 1;
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Propose(_)));
    net.forge(3, 1, &PeerMessage::Propose(one));
    net.forge(3, 2, &PeerMessage::Propose(other));
    net.advance(100);
    assert!((1..=3).all(|node| net.signatures(node, id) == 0));
}

/// Two honest nodes with equal intents, one of which the liar wants to end.
fn ended_by(evidence: impl Fn(&Net, RequestId) -> Evidence) -> bool {
    let (mut net, id, _) = voted();
    let evidence = evidence(&net, id);
    net.forge(3, 1, &PeerMessage::Diverged { request: id, operation: OperationNumber::FIRST, evidence });
    net.engine(1).status().running == 0
}

fn altered(net: &Net, node: u8, mark: u8) -> Signed<Vote> {
    let mut body = vote_of(net, 1).body;
    if let quorate_wire::Verdict::Intent(intent) = &mut body.verdict {
        intent.digest.0[0] ^= mark;
    }
    signed(node, body)
}

#[test]
fn only_sufficient_genuine_evidence_ends_a_run() {
    let votes = |votes: Vec<Signed<Vote>>| Evidence { votes, statements: Vec::new() };
    assert!(!ended_by(|_, _| votes(Vec::new())), "none");
    assert!(!ended_by(|net, _| votes(vec![altered(net, 3, 1)])), "its own vote");
    assert!(
        !ended_by(|net, _| votes(vec![altered(net, 3, 1), altered(net, 3, 2), altered(net, 3, 4)])),
        "twice"
    );
    assert!(!ended_by(|net, _| {
        let mut forged = altered(net, 3, 1);
        forged.node = index(2);
        votes(vec![altered(net, 3, 1), forged])
    }));
    assert!(!ended_by(|net, _| votes(vec![altered(net, 3, 1), altered(net, 1, 1)])), "mine is what I know");
    for change in [
        (|body: &mut Vote| body.epoch = 2) as fn(&mut Vote),
        |body| body.network.0[0] ^= 1,
        |body| body.request.0[0] ^= 1,
        |body| body.operation = operation(1),
    ] {
        assert!(!ended_by(|net, _| {
            let mut body = altered(net, 2, 1).body;
            change(&mut body);
            votes(vec![altered(net, 3, 1), signed(2, body)])
        }));
    }
    assert!(ended_by(|net, _| votes(vec![altered(net, 3, 1), altered(net, 2, 2)])), "two others differ");
}

fn statement(net: &Net, id: RequestId, signed_it: bool) -> Statement {
    let vote = vote_of(net, 1).body;
    let intents = vote.intent().filter(|_| signed_it).cloned().into_iter().collect();
    Statement {
        network: vote.network,
        epoch: vote.epoch,
        request: id,
        login: id_hash(),
        action: quorate_wire::ActionCid::of_code(b"x"),
        params: id_hash(),
        block: quorate_wire::BlockRef { number: 1, hash: id_hash() },
        intents,
        refusals: Vec::new(),
        collected: Vec::new(),
        single_node: Vec::new(),
        opened: Vec::new(),
        draws: Vec::new(),
        claims: Vec::new(),
        failed: Vec::new(),
        wildcard: false,
        status: quorate_wire::Status::Completed,
        error: None,
        response: None,
        guest: id_hash(),
    }
}

#[test]
fn the_end_of_a_run_that_signed_the_same_is_no_evidence_of_divergence() {
    let with = |signed_it| {
        move |net: &Net, id| Evidence {
            votes: vec![altered(net, 3, 1)],
            statements: vec![signed(2, statement(net, id, signed_it))],
        }
    };
    assert!(!ended_by(with(true)), "its vote was only kept back");
    assert!(ended_by(with(false)), "it ended without ever asking for it");
    assert!(!ended_by(|net, id| {
        let mut other_epoch = statement(net, id, false);
        other_epoch.epoch = 2;
        Evidence { votes: vec![altered(net, 3, 1)], statements: vec![signed(2, other_epoch)] }
    }));
}

/// An execution that node 1 coordinates and node 3 disturbs as soon as it hears of it.
fn disturbed(messages: impl Fn(&Net, RequestId) -> Vec<PeerMessage>) -> (Net, RequestId, bool) {
    let mut net = Net::ready();
    net.links = Box::new(|from, _, message| from == 3 || matches!(message, PeerMessage::Hello(_)));
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.forge(3, 1, &PeerMessage::Execute(submission.clone()));
    net.forge(3, 2, &PeerMessage::Execute(submission.clone()));
    net.advance(5);
    for message in messages(&net, id) {
        net.forge(3, 1, &message);
        net.forge(3, 2, &message);
    }
    net.links = Box::new(|from, to, _| from != 3 && to != 3);
    for (node, peer) in [(1, 2), (2, 1)] {
        net.input(node, quorate_engine::Input::PeerConnected { peer: index(peer) });
    }
    net.advance(3_000);
    let signed = net.answer(to).is_some_and(Result::is_ok);
    (net, id, signed)
}

#[test]
fn forged_votes_outcomes_and_signatures_change_nothing() {
    let (net, id, completed) = disturbed(|net, id| {
        let mut stolen = altered(net, 3, 1);
        stolen.node = index(2);
        let outcome = |node, statement| {
            let statement = signed(node, statement);
            let (response, signatures) = (None, vec![([1; 64], 0)]);
            let (logs, usage) = (String::new(), quorate_wire::Usage::default());
            let outcome =
                OutcomeMessage { statement, response, signatures, logs, usage, detail: None, faults: None };
            PeerMessage::Outcome(Box::new(outcome))
        };
        vec![
            PeerMessage::Vote(stolen),
            PeerMessage::Vote(altered(net, 2, 1)),
            PeerMessage::Vote(altered(net, 3, 1)),
            PeerMessage::Vote(altered(net, 3, 2)),
            PeerMessage::Signature {
                request: id,
                operation: OperationNumber::FIRST,
                signature: [1; 64],
                recovery_id: 9,
            },
            PeerMessage::Signature {
                request: id,
                operation: operation(1 << 29),
                signature: [0; 64],
                recovery_id: 0,
            },
            PeerMessage::AttemptFailed {
                request: id,
                operation: OperationNumber::FIRST,
                attempt: 1,
                culprits: vec![index(2)],
            },
            PeerMessage::Stalled {
                request: id,
                operation: OperationNumber::FIRST,
                attempt: 1,
                waiting_for: vec![index(2)],
            },
            outcome(2, statement(net, id, true)),
            outcome(3, statement(net, id, true)),
        ]
    });
    assert!(completed);
    assert!((1..=2).all(|node| net.signatures(node, id) == 1));
}

#[test]
fn trouble_told_of_one_coordinators_proposal_does_not_end_anothers() {
    // What node 3 proposes is declined by node 2, and node 1's attempt of the same number lives on.
    let (net, _, completed) = disturbed(|_, id| {
        (1..=5)
            .map(|attempt| {
                PeerMessage::Propose(Proposal {
                    request: id,
                    operation: OperationNumber::FIRST,
                    coordinator: index(3),
                    attempt,
                    intent: id_hash(),
                    signers: Vec::new(),
                    set_ups: Vec::new(),
                })
            })
            .collect()
    });
    assert!(completed);
    assert!(net.sent(2, 1).all(|message| !matches!(message, PeerMessage::AttemptFailed { .. })));
}

#[test]
fn a_signer_that_only_ever_says_that_it_failed_is_left_out() {
    let mut net = Net::ready();
    // Node 3 votes before node 2, offers bytes as often as it is asked, and then says that it failed.
    net.links = Box::new(|from, to, message| match message {
        PeerMessage::Vote(_) => from != 2,
        PeerMessage::Propose(_) => to != 3,
        _ => true,
    });
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(5);
    assert!(net.sent(1, 3).any(|message| matches!(message, PeerMessage::Propose(_))));
    net.links = Box::new(|_, to, message| to != 3 || !matches!(message, PeerMessage::Propose(_)));
    net.forge(1, 2, &PeerMessage::Execute(submission));
    net.advance(5);
    for attempt in 1..=5 {
        let fresh = [attempt; 32];
        net.forge(
            3,
            1,
            &PeerMessage::Offer(Offer { request: id, operation: OperationNumber::FIRST, attempt: 0, fresh }),
        );
        let culprits = Vec::new();
        net.forge(
            3,
            1,
            &PeerMessage::AttemptFailed { request: id, operation: OperationNumber::FIRST, attempt, culprits },
        );
        net.advance(60);
    }
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn a_node_counts_once_however_often_it_votes() {
    let mut net = Net::ready();
    net.node(2).digest = [8; 32];
    net.links = Box::new(|from, _, message| from != 3 || !matches!(message, PeerMessage::Vote(_)));
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(20);
    let of = |net: &Net, node: u8| -> Vec<NodeIndex> {
        net.sent(node, 1)
            .filter_map(|m| match m {
                PeerMessage::Vote(vote) => Some(vote.node),
                _ => None,
            })
            .collect()
    };
    assert_eq!(of(&net, 2), vec![index(2)]);
    // One differing vote of node 3 ends it; its second one, equal to ours, comes too late.
    let own = net.sent(3, 1).find_map(|m| match m {
        PeerMessage::Vote(vote) => Some(vote.clone()),
        _ => None,
    });
    let own = own.unwrap();
    let mut body = own.body.clone();
    if let quorate_wire::Verdict::Intent(intent) = &mut body.verdict {
        intent.digest.0[0] ^= 0x40;
    }
    net.forge(3, 1, &PeerMessage::Vote(signed(3, body)));
    net.forge(3, 1, &PeerMessage::Vote(own));
    net.advance(100);
    assert_eq!(net.error(to), quorate_wire::ErrorCode::IntentsDiverged);
    assert_eq!(net.reported(1, |r| matches!(r, Report::PeerFault { check: "two_votes", .. })), 1);
    assert_eq!(net.signatures(1, id), 0);
}

/// Nodes 4 and 5 spoil each attempt as soon as it begins, before the slower half of the honest nodes has voted.
#[test]
fn whoever_spoils_attempts_in_no_time_does_not_use_them_up_before_the_others_have_voted() {
    for blames in [true, false] {
        let mut net = Net::ready_in(crate::harness::of_five);
        // The others' votes are late; what the liars' engines say of attempts is lost, and forged below.
        net.links = Box::new(|from, to, message| match message {
            PeerMessage::Vote(_) => !(from == 2 || from == 3),
            PeerMessage::AttemptFailed { .. } | PeerMessage::Signature { .. } => from < 4,
            PeerMessage::Round(_) => from < 4 && to < 4,
            _ => true,
        });
        let (request, submission) = Caller::new(1).request(1);
        let to = net.submit(1, &submission);
        let mut spoilt = 0;
        let mut spoil_for = |net: &mut Net, ms: u64| {
            for _ in 0..ms {
                net.advance(1);
                let proposals = net.sent(1, 4).filter_map(|message| match message {
                    PeerMessage::Propose(proposal) => Some(proposal.clone()),
                    _ => None,
                });
                let Some(last) = proposals.last().filter(|last| last.attempt > spoilt) else { continue };
                spoilt = last.attempt;
                let (operation, attempt) = (last.operation, last.attempt);
                let culprits = if blames { vec![index(1)] } else { Vec::new() };
                net.forge(4, 1, &PeerMessage::AttemptFailed { request, operation, attempt, culprits });
            }
            spoilt
        };
        assert!(spoil_for(&mut net, 5_000) >= 3, "it is tried again");
        assert!(net.answer(to).is_none(), "blames {blames}: {:?}", net.answer(to));
        net.links = Box::new(|from, to, message| match message {
            PeerMessage::AttemptFailed { .. } | PeerMessage::Signature { .. } => from < 4,
            PeerMessage::Round(_) => from < 4 && to < 4,
            _ => true,
        });
        spoil_for(&mut net, 15_000);
        assert!(net.answer(to).is_some_and(Result::is_ok), "blames {blames}: {:?}", net.answer(to));
    }
}

/// All have voted, and both liars spoil each attempt at once and blame nobody. The honest three come to their turn within a
/// third of an execution.
#[test]
fn two_who_spoil_attempts_in_no_time_do_not_keep_a_signature_past_its_deadline() {
    let mut net = Net::ready_in(crate::harness::of_five);
    for (place, liars) in [[2, 3], [2, 4], [2, 5], [3, 4], [3, 5], [4, 5]].into_iter().enumerate() {
        net.links = Box::new(move |from, to, message| match message {
            PeerMessage::AttemptFailed { .. } | PeerMessage::Signature { .. } => !liars.contains(&from),
            PeerMessage::Round(_) => !liars.contains(&from) && !liars.contains(&to),
            _ => true,
        });
        let (request, submission) = Caller::new(1).request(u8::try_from(place).unwrap());
        let to = net.submit(1, &submission);
        let mut spoilt = 0;
        for _ in 0..EXECUTION_MS_MAX / 3 {
            net.advance(1);
            if net.answer(to).is_some() {
                break;
            }
            let proposals = liars.iter().flat_map(|liar| net.sent(1, *liar).zip(std::iter::repeat(*liar)));
            let last = proposals.filter_map(|(message, liar)| match message {
                PeerMessage::Propose(of) if of.request == request => Some((of.attempt, of.operation, liar)),
                _ => None,
            });
            let Some((attempt, operation, liar)) = last.max().filter(|(attempt, ..)| *attempt > spoilt)
            else {
                continue;
            };
            spoilt = attempt;
            let culprits = Vec::new();
            net.forge(liar, 1, &PeerMessage::AttemptFailed { request, operation, attempt, culprits });
        }
        assert!(net.answer(to).is_some_and(Result::is_ok), "liars {liars:?}: {:?}", net.answer(to));
    }
}
