//! One named spoiling of signing: no signature, and the right name.

use proptest::prelude::*;
use quorate_threshold::{Check, EcdsaSign, EcdsaSignature, Failure, Outgoing, PartyIndex, derive};

use crate::support::{Ends, Job, parties, party, run, set_up_pair, three_of_five, two_of_three};

fn job(signers: &[PartyIndex]) -> Job<'_> {
    Job { tweak: derive::tweak(&[1; 32]).unwrap(), digest: [2; 32], signers, session: [3; 32] }
}

/// Signers 1 and 2; party 1's message of `round` is changed on its way.
fn spoil_round(round: u8, mut change: impl FnMut(&mut Vec<u8>)) -> Ends<EcdsaSignature> {
    let signers = parties(&[1, 2]);
    let (_, ends) = run(two_of_three().start(&job(&signers)), |from, mut message| {
        if from == party(1) && message.round == round {
            change(&mut message.payload);
        }
        vec![message]
    });
    ends
}

fn failure_at(ends: &Ends<EcdsaSignature>, at: u8) -> &Failure {
    ends[&party(at)].as_ref().unwrap_err()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Any flipped bit in any message: the receiver ends without a signature and names the sender.
    #[test]
    fn any_flipped_bit_names_the_sender(round in 1u8..=3, position in any::<prop::sample::Index>(), bit in 0u8..8) {
        let ends = spoil_round(round, |payload| {
            let at = position.index(payload.len());
            payload[at] ^= 1 << bit;
        });
        let failure = failure_at(&ends, 2);
        prop_assert_eq!(failure.culprits(), &[party(1)][..]);
        if round < 3 {
            prop_assert!(!ends.contains_key(&party(1)));
        }
    }

    /// Any other length is refused before anything is decoded.
    #[test]
    fn any_other_length_names_the_sender(round in 1u8..=3, cut in 1usize..60, longer in any::<bool>()) {
        let ends = spoil_round(round, |payload| {
            let length = if longer { payload.len() + cut } else { payload.len() - cut };
            payload.resize(length, 0);
        });
        prop_assert_eq!(failure_at(&ends, 2), &Failure::Recoverable(quorate_threshold::Fault::of(party(1), Check::Length)));
    }
}

/// Party 2 starts with another job than party 1; nobody signs, nobody is banned.
fn disagree(first: &Job<'_>, second: &Job<'_>) {
    let committee = two_of_three();
    let started = vec![
        EcdsaSign::start(committee.input(party(1), first)).unwrap(),
        EcdsaSign::start(committee.input(party(2), second)).unwrap(),
    ];
    let (_, ends) = run(started, |_, message| vec![message]);
    for (at, other) in [(1, 2), (2, 1)] {
        let failure = failure_at(&ends, at);
        assert!(matches!(failure, Failure::Recoverable(_)), "{failure:?}");
        assert_eq!((failure.culprits(), failure.check()), (&[party(other)][..], Some(Check::SessionDiffers)));
    }
}

#[test]
fn different_digest_tweak_or_session_is_a_disagreement_without_a_ban() {
    let signers = parties(&[1, 2]);
    let job = job(&signers);
    disagree(&job, &Job { digest: [9; 32], ..job });
    disagree(&job, &Job { tweak: derive::tweak(&[9; 32]).unwrap(), ..job });
    disagree(&job, &Job { session: [9; 32], ..job });
}

#[test]
fn different_signer_sets_are_a_disagreement_without_a_ban() {
    let committee = three_of_five();
    let (mine, theirs) = (parties(&[1, 2, 3]), parties(&[1, 3, 5]));
    let started = [(1, &mine), (2, &mine), (3, &theirs), (5, &theirs)]
        .map(|(me, signers)| EcdsaSign::start(committee.input(party(me), &job(signers))).unwrap());
    let (_, ends) = run(started.into(), |from, message| {
        // The receivers' own sets leave these two out: the caller has no ceremony to give them to.
        let foreign = matches!((from.get(), message.to.get()), (2, 3) | (5, 1));
        if foreign { Vec::new() } else { vec![message] }
    });
    for (at, other) in [(1, 3), (3, 1)] {
        let expected = quorate_threshold::Fault::of(party(other), Check::SessionDiffers);
        assert_eq!(failure_at(&ends, at), &Failure::Recoverable(expected));
    }
    assert!(ends.values().all(Result::is_err));
}

#[test]
fn another_pairwise_set_up_is_a_disagreement_without_a_ban() {
    let committee = two_of_three();
    let signers = parties(&[1, 2]);
    let job = job(&signers);
    // Party 2 set up again and party 1 came back with the old state.
    let [_, renewed] = set_up_pair(party(1), party(2), [8; 32]);
    let pairs = [(party(1), renewed)].into();
    let input = quorate_threshold::SigningInput { pairs: &pairs, ..committee.input(party(2), &job) };
    let started =
        vec![EcdsaSign::start(committee.input(party(1), &job)).unwrap(), EcdsaSign::start(input).unwrap()];
    let (_, ends) = run(started, |_, message| vec![message]);
    for (at, other) in [(1, 2), (2, 1)] {
        let expected = quorate_threshold::Fault::of(party(other), Check::SessionDiffers);
        assert_eq!(failure_at(&ends, at), &Failure::Recoverable(expected));
    }
}

#[test]
fn replays_of_another_attempt_are_disagreements_without_a_ban() {
    let committee = two_of_three();
    let signers = parties(&[1, 2]);
    // The same session twice is the worst case: only the attempts' fresh values differ.
    for session in [[3; 32], [4; 32]] {
        for replayed in 1..=2 {
            let mut recorded = Vec::new();
            let old = Job { session, ..job(&signers) };
            let _ = run(committee.start(&old), |from, message| {
                if from == party(1) {
                    recorded.push(message.payload.clone());
                }
                vec![message]
            });
            let (_, ends) = run(committee.start(&job(&signers)), |from, mut message| {
                if from == party(1) && message.round == replayed {
                    message.payload = recorded[usize::from(replayed) - 1].clone();
                }
                vec![message]
            });
            let honest: Vec<_> = ends.values().filter_map(|end| end.as_ref().err()).collect();
            assert!(!honest.is_empty());
            assert!(ends.values().all(Result::is_err));
            for failure in honest {
                assert!(matches!(failure, Failure::Recoverable(_)), "{failure:?}");
            }
        }
    }
}

#[test]
fn a_spoiled_last_message_names_all_whom_it_could_be() {
    let signers = parties(&[1, 3, 5]);
    let (_, ends) = run(three_of_five().start(&job(&signers)), |from, mut message: Outgoing| {
        if from == party(3) && message.to == party(1) && message.round == 3 {
            message.payload[40] ^= 1;
        }
        vec![message]
    });
    let failure = failure_at(&ends, 1);
    assert_eq!((failure.culprits(), failure.check()), (&parties(&[3, 5])[..], Some(Check::Signature)));
    // The others had three good parts.
    assert!(ends[&party(3)].is_ok() && ends[&party(5)].is_ok());
}

#[test]
fn a_withheld_last_message_leaves_no_signature_and_names_the_silent() {
    let signers = parties(&[1, 2]);
    let (drivers, ends) = run(two_of_three().start(&job(&signers)), |from, message| {
        if from == party(1) && message.last { Vec::new() } else { vec![message] }
    });
    assert!(!ends.contains_key(&party(2)));
    assert_eq!(drivers[&party(2)].waiting_for(), [party(1)]);
}

#[test]
fn a_finished_ceremony_answers_nothing() {
    let signers = parties(&[1, 2]);
    let mut recorded = Vec::new();
    let (mut drivers, _) = run(two_of_three().start(&job(&signers)), |from, message| {
        if from == party(1) {
            recorded.push(message.payload.clone());
        }
        vec![message]
    });
    let driver = drivers.get_mut(&party(2)).unwrap();
    for payload in recorded {
        let step = driver.receive(party(1), &payload).unwrap();
        assert!(step.messages.is_empty() && step.outcome.is_none());
    }
}
