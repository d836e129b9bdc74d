//! The pairwise set-up: equal names, storage, and spoilings.

use quorate_threshold::{Check, Misuse, Outgoing, PairInput, PairSetup, PairState};

use crate::support::{Ends, party, run, set_up_pair, two_of_three};

fn started(session: u8) -> Vec<(PairSetup, Vec<Outgoing>)> {
    [(1, 2), (2, 1)]
        .map(|(me, peer)| PairInput { me: party(me), peer: party(peer), session: [session; 32] })
        .map(|input| PairSetup::start(input).unwrap())
        .into()
}

fn spoil_second(change: impl Fn(&mut Vec<u8>)) -> Ends<PairState> {
    let (_, ends) = run(started(1), |from, mut message| {
        if from == party(1) && message.round == 2 {
            change(&mut message.payload);
        }
        vec![message]
    });
    ends
}

#[test]
fn each_run_has_its_own_name_even_in_one_session() {
    let [first, same] = set_up_pair(party(1), party(2), [1; 32]);
    assert_eq!(first.set_up_id(), same.set_up_id());
    let [second, _] = set_up_pair(party(1), party(2), [1; 32]);
    assert_ne!(first.set_up_id(), second.set_up_id());
    assert_eq!((first.me(), first.peer()), (party(1), party(2)));
}

#[test]
fn a_stored_state_comes_back_and_a_cut_one_is_refused() {
    let state = &two_of_three().members[&party(1)].pairs[&party(3)];
    let bytes = state.to_secret_bytes();
    let again = PairState::from_secret_bytes(&bytes).unwrap();
    assert_eq!(again.set_up_id(), state.set_up_id());
    assert_eq!(*again.to_secret_bytes(), *bytes);
    assert!(PairState::from_secret_bytes(&bytes[..bytes.len() - 1]).is_err());
    assert!(PairState::from_secret_bytes(&[&bytes[..], &[0]].concat()).is_err());
    for (position, value) in [(0, 9), (1, 0), (2, 0), (2, 1), (2, 2)] {
        let mut damaged = bytes.to_vec();
        damaged[position] = value;
        assert!(PairState::from_secret_bytes(&damaged).is_err(), "byte {position}");
    }
    assert!(!format!("{state:?}").contains("seed"));
}

#[test]
fn spoiled_reveals_name_the_peer() {
    // The zero-share seed, and somewhere in the proofs.
    for (position, check) in [(3, Check::ZeroShareSeed), (90_000, Check::BaseTransfer)] {
        let ends = spoil_second(|payload| payload[position] ^= 1);
        let failure = ends[&party(2)].as_ref().unwrap_err();
        assert_eq!(failure.culprits(), [party(1)]);
        // A flip inside a point may leave the curve.
        let got = failure.check().unwrap();
        assert!(got == check || (got == Check::Encoding && check == Check::BaseTransfer), "{got:?}");
        assert!(!ends.contains_key(&party(1)));
    }
    let ends = spoil_second(|payload| payload.truncate(100_000));
    assert_eq!(ends[&party(2)].as_ref().unwrap_err().check(), Some(Check::Length));
}

#[test]
fn a_wrong_confirmation_names_the_peer() {
    let (_, ends) = run(started(1), |from, mut message| {
        if from == party(1) && message.round == 3 {
            message.payload[5] ^= 1;
        }
        vec![message]
    });
    let failure = ends[&party(2)].as_ref().unwrap_err();
    assert_eq!((failure.culprits(), failure.check()), (&[party(1)][..], Some(Check::SetUpTranscript)));
    assert!(ends[&party(1)].is_ok());
}

#[test]
fn a_replay_of_another_run_is_refused() {
    let mut recorded = Vec::new();
    let _ = run(started(1), |from, message| {
        if from == party(1) {
            recorded.push(message.payload.clone());
        }
        vec![message]
    });
    let (_, ends) = run(started(1), |from, mut message| {
        if from == party(1) && message.round <= 2 {
            message.payload = recorded[usize::from(message.round) - 1].clone();
        }
        vec![message]
    });
    let failure = ends[&party(2)].as_ref().unwrap_err();
    assert_eq!((failure.culprits(), failure.check()), (&[party(1)][..], Some(Check::BaseTransfer)));
}

#[test]
fn refuses_a_pair_of_one() {
    let input = PairInput { me: party(1), peer: party(1), session: [0; 32] };
    assert_eq!(PairSetup::start(input).unwrap_err(), Misuse::NotTakingPart);
}
