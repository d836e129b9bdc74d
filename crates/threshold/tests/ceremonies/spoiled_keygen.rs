//! One named spoiling of key generation, and the verdict of the others.

use std::collections::BTreeMap;

use quorate_threshold::{
    Check, Dkg as AnyDkg, Outgoing, Params, PartyIndex, RootShare as AnyShare, SignSecp256k1,
};

use crate::support::{Ends, parties, party, run, start_dkg};

type Dkg = AnyDkg<SignSecp256k1>;
type RootShare = AnyShare<SignSecp256k1>;

const ECHO: u8 = 3;
const SHARE: u8 = 4;

fn started(threshold: u8, share_count: u8, session: u8, seed: u64) -> Vec<(Dkg, Vec<Outgoing>)> {
    start_dkg(Params::new(threshold, share_count).unwrap(), [session; 32], seed)
}

fn verdict(ends: &Ends<RootShare>, at: u8, culprits: &[u8], check: Check) {
    let failure = ends[&party(at)].as_ref().unwrap_err();
    assert_eq!((failure.culprits(), failure.check()), (&parties(culprits)[..], Some(check)), "at {at}");
}

/// Party 1 spoils every message of `round` to party 2.
fn spoil_round(round: u8, change: impl Fn(&mut Vec<u8>)) -> Ends<RootShare> {
    let (_, ends) = run(started(2, 3, 1, 1), |from, mut message| {
        if from == party(1) && message.to == party(2) && message.round == round {
            change(&mut message.payload);
        }
        vec![message]
    });
    ends
}

#[test]
fn a_flipped_reveal_names_the_dealer() {
    // Each part of the package in turn: coefficients, proof point, proof scalar, salt.
    for (position, check) in [
        (3 + 5, None),
        (3 + 33 + 5, None),
        (3 + 66 + 5, None),
        (3 + 99 + 5, Some(Check::RevealCommitment)),
        (3 + 131 + 5, Some(Check::RevealCommitment)),
    ] {
        let ends = spoil_round(2, |payload| payload[position] ^= 1);
        let failure = ends[&party(2)].as_ref().unwrap_err();
        assert_eq!(failure.culprits(), [party(1)]);
        // A flipped coordinate is off the curve half the time.
        let got = failure.check().unwrap();
        assert!(check.map_or(matches!(got, Check::Encoding | Check::RevealCommitment), |check| got == check));
    }
}

#[test]
fn a_commitment_vector_one_short_or_long_names_the_dealer() {
    let longer = spoil_round(2, |payload| {
        let first = payload[3..36].to_vec();
        payload.splice(3..3, first);
    });
    verdict(&longer, 2, &[1], Check::Length);
    let shorter = spoil_round(2, |payload| {
        payload.drain(3..36);
    });
    verdict(&shorter, 2, &[1], Check::Length);
}

#[test]
fn a_wrong_share_names_the_dealer() {
    verdict(&spoil_round(SHARE, |payload| payload[34] ^= 1), 2, &[1], Check::DealtShare);
    // The group order and above are no scalars.
    verdict(&spoil_round(SHARE, |payload| payload[3..].fill(0xff)), 2, &[1], Check::Encoding);
    verdict(&spoil_round(SHARE, |payload| payload[3..].fill(0)), 2, &[1], Check::DealtShare);
}

#[test]
fn a_package_of_another_session_names_its_dealer() {
    // Party 1 replays what it sent in session 2, commitment and reveal alike.
    let (_, _) = run(started(2, 3, 2, 9), |_, message| vec![message]);
    let mut recorded = BTreeMap::new();
    let _ = run(started(2, 3, 2, 9), |from, message| {
        if from == party(1) {
            recorded.insert((message.round, message.to), message.payload.clone());
        }
        vec![message]
    });
    let (_, ends) = run(started(2, 3, 1, 1), |from, mut message| {
        if from == party(1) && message.round <= 2 {
            message.payload = recorded[&(message.round, message.to)].clone();
        }
        vec![message]
    });
    verdict(&ends, 2, &[1], Check::RevealCommitment);
    verdict(&ends, 3, &[1], Check::RevealCommitment);
}

#[test]
fn another_dealers_package_does_not_pass_as_ones_own() {
    // Party 1 copies party 3's commitment and then its reveal. It must wait for both, which the rounds
    // allow; the dealer's index in the hash is what stops it.
    let mut of_third = BTreeMap::new();
    let _ = run(started(2, 3, 1, 1), |from, message| {
        if from == party(3) && message.to == party(2) {
            of_third.insert(message.round, message.payload.clone());
        }
        vec![message]
    });
    let (_, ends) = run(started(2, 3, 1, 1), |from, mut message| {
        if from == party(1) && message.to == party(2) && message.round <= 2 {
            message.payload = of_third[&message.round].clone();
        }
        vec![message]
    });
    verdict(&ends, 2, &[1], Check::RevealCommitment);
}

/// Party 1 runs two key generations at once and shows the second one to `fooled`.
fn two_faces(threshold: u8, share_count: u8, fooled: PartyIndex) -> Ends<RootShare> {
    let mut other_face = started(threshold, share_count, 1, 99).swap_remove(0);
    let mut other_messages: BTreeMap<(u8, PartyIndex), Vec<u8>> = BTreeMap::new();
    let mut remember = |messages: Vec<Outgoing>| {
        for message in messages {
            other_messages.insert((message.round, message.to), message.payload);
        }
    };
    remember(std::mem::take(&mut other_face.1));
    let (_, ends) = run(started(threshold, share_count, 1, 1), |from, mut message| {
        if message.to == party(1) {
            // The second face hears the same answers.
            if let Ok(step) = other_face.0.receive(from, &message.payload) {
                for message in step.messages {
                    other_messages.insert((message.round, message.to), message.payload);
                }
            }
        }
        if from == party(1) && message.to == fooled {
            match other_messages.get(&(message.round, fooled)) {
                Some(payload) => message.payload = payload.clone(),
                None => return Vec::new(),
            }
        }
        vec![message]
    });
    ends
}

#[test]
fn a_dealer_with_two_faces_gets_no_share_out_and_is_named() {
    // Among five with t = 2, three honest echoes against one face are proof.
    let ends = two_faces(2, 5, party(2));
    assert!(ends.values().all(Result::is_err));
    verdict(&ends, 2, &[1], Check::Echo);
    for honest in [3, 4, 5] {
        verdict(&ends, honest, &[1, 2], Check::Echo);
    }
    // Among three nobody can tell the dealer from a lying echoer, and neither goes on.
    let ends = two_faces(2, 3, party(2));
    assert!(ends.values().all(Result::is_err));
    verdict(&ends, 3, &[1, 2], Check::Echo);
}

#[test]
fn a_lying_echo_is_suspected_with_its_victim_and_convicted_by_it() {
    let (_, ends) = run(started(2, 3, 1, 1), |from, mut message| {
        if from == party(3) && message.round == ECHO {
            // What 3 claims to have seen of 1.
            message.payload[3] ^= 1;
        }
        vec![message]
    });
    verdict(&ends, 2, &[1, 3], Check::Echo);
    verdict(&ends, 1, &[3], Check::Echo);
}

#[test]
fn no_share_leaves_before_all_echoes_agree() {
    let mut shares_sent = 0;
    let _ = run(started(2, 3, 1, 1), |from, mut message| {
        if message.round == SHARE {
            shares_sent += 1;
        }
        if from == party(3) && message.round == ECHO {
            message.payload[3] ^= 1;
        }
        vec![message]
    });
    // Party 3 itself saw only agreement, so its own two shares leave; nobody else's do.
    assert_eq!(shares_sent, 2);
}
