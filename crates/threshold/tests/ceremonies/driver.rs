//! The driver's own promises, shown with key generation among three.

use proptest::prelude::*;
use quorate_threshold::{Check, Dkg as AnyDkg, Misuse, Outcome, Outgoing, Params, SignSecp256k1};

use crate::support::{party, run, start_dkg};

type Dkg = AnyDkg<SignSecp256k1>;

fn started() -> Vec<(Dkg, Vec<Outgoing>)> {
    start_dkg(Params::new(2, 3).unwrap(), [5; 32], 1)
}

/// Party 1's driver, and the round-1 messages of 2 and 3 to it.
fn first_party() -> (Dkg, Vec<u8>, Vec<u8>) {
    let mut all = started();
    let to_first = |messages: &[Outgoing]| messages[0].payload.clone();
    let (second, third) = (to_first(&all[1].1), to_first(&all[2].1));
    (all.swap_remove(0).0, second, third)
}

fn fails_with(driver: &mut Dkg, from: u8, payload: &[u8], check: Check) {
    let step = driver.receive(party(from), payload).unwrap();
    let Some(Outcome::Failed(failure)) = step.outcome else { panic!("{step:?}") };
    assert_eq!((failure.culprits(), failure.check()), (&[party(from)][..], Some(check)));
    assert!(driver.is_finished());
    assert!(driver.waiting_for().is_empty());
}

#[test]
fn names_who_is_silent() {
    let (mut driver, second, third) = first_party();
    assert_eq!(driver.waiting_for(), [party(2), party(3)]);
    assert!(driver.receive(party(3), &third).unwrap().messages.is_empty());
    assert_eq!(driver.waiting_for(), [party(2)]);
    let step = driver.receive(party(2), &second).unwrap();
    assert_eq!(step.messages.len(), 2);
    assert_eq!((driver.round(), driver.waiting_for()), (2, vec![party(2), party(3)]));
}

#[test]
fn ignores_a_repetition_and_faults_a_second_message() {
    let (mut driver, second, _) = first_party();
    for _ in 0..3 {
        let step = driver.receive(party(2), &second).unwrap();
        assert!(step.messages.is_empty() && step.outcome.is_none());
    }
    let mut other = second.clone();
    other[9] ^= 1;
    fails_with(&mut driver, 2, &other, Check::SecondMessageDiffers);
    let step = driver.receive(party(2), &second).unwrap();
    assert!(step.messages.is_empty() && step.outcome.is_none());
}

#[test]
fn faults_headers_lengths_and_impossible_rounds() {
    let (_, second, _) = first_party();
    for (position, value, check) in [
        (0, 2, Check::Header),
        (1, 3, Check::Header),
        (2, 0, Check::Header),
        (2, 5, Check::Header),
        (2, 3, Check::RoundTooEarly),
        (2, 2, Check::Length),
    ] {
        let mut payload = second.clone();
        payload[position] = value;
        fails_with(&mut first_party().0, 2, &payload, check);
    }
    fails_with(&mut first_party().0, 2, &[], Check::Header);
    fails_with(&mut first_party().0, 2, &second[..34], Check::Length);
    fails_with(&mut first_party().0, 2, &[&second[..], &[0]].concat(), Check::Length);
}

#[test]
fn a_stranger_harms_nothing() {
    let (mut driver, second, third) = first_party();
    for stranger in [1, 4] {
        assert_eq!(driver.receive(party(stranger), &second).unwrap_err(), Misuse::ForeignSender);
    }
    let _ = driver.receive(party(2), &second).unwrap();
    assert_eq!(driver.receive(party(3), &third).unwrap().messages.len(), 2);
}

#[test]
fn says_its_longest_payload() {
    let (driver, ..) = first_party();
    assert_eq!(driver.payload_bytes_max(), 3 + 2 * 33 + 33 + 32 + 32);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// Whatever the order of arrival and however often a message comes, the ceremony ends well.
    #[test]
    fn order_and_repetition_do_not_matter(picks in proptest::collection::vec(any::<u16>(), 200)) {
        let mut drivers = Vec::new();
        let mut flight = Vec::new();
        for (driver, messages) in started() {
            flight.extend(messages.into_iter().map(|message| (driver.me(), message)));
            drivers.push(driver);
        }
        let mut done = 0;
        let mut picks = picks.into_iter().cycle();
        while !flight.is_empty() {
            let pick = usize::from(picks.next().unwrap());
            let at = pick % flight.len();
            // One time in four the message stays in flight and comes again.
            let again = pick % 4 == 0 && flight.len() < 60;
            let (from, message) = if again { flight[at].clone() } else { flight.swap_remove(at) };
            let driver = &mut drivers[usize::from(message.to.get()) - 1];
            let step = driver.receive(from, &message.payload).unwrap();
            let me = driver.me();
            flight.extend(step.messages.into_iter().map(|message| (me, message)));
            match step.outcome {
                Some(Outcome::Done(_)) => done += 1,
                Some(Outcome::Failed(failure)) => panic!("{failure}"),
                None => {}
            }
        }
        prop_assert_eq!(done, 3);
    }

    /// Bytes that nobody wrote end the ceremony or are refused; they never panic.
    #[test]
    fn survives_any_bytes(from in 1u8..=5, payload in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (mut driver, ..) = first_party();
        if let Ok(step) = driver.receive(party(from), &payload) {
            let done = matches!(step.outcome, Some(Outcome::Done(_)));
            prop_assert!(!done);
        }
    }
}

#[test]
fn a_silent_party_stops_the_others_without_an_end() {
    let (drivers, ends) =
        run(started(), |from, message| if from == party(3) { Vec::new() } else { vec![message] });
    assert!(ends.is_empty());
    assert_eq!(drivers[&party(1)].waiting_for(), [party(3)]);
    assert_eq!(drivers[&party(2)].waiting_for(), [party(3)]);
}
