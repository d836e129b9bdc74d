//! What needs a look inside a dealer.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::sets::inside::Set as _;
use super::*;
use crate::{KeySetShares, Outcome, Purpose, Step};

/// Starts a member, who commits to and reveals the same packages, one of them perhaps spoilt.
fn dealer(index: u8, spoilt: Option<usize>) -> (Dkg<SixRoots>, Vec<Outgoing>) {
    let mut rng = ChaCha20Rng::seed_from_u64(u64::from(index));
    let me = PartyIndex::new(index).unwrap();
    let input = DkgInput { params: Params::new(2, 3).unwrap(), me, session: [1; 32] };
    let mut parts = SixRoots::make(input, &input.context::<SixRoots>(), &mut rng).unwrap();
    if let Some(at) = spoilt {
        SixRoots::each_mut(&mut parts)[at].spoil_proof();
    }
    Dkg::commit(input, parts)
}

/// Hands all messages on until nobody says anything more, and gives how each member ended.
fn play(started: Vec<(Dkg<SixRoots>, Vec<Outgoing>)>) -> BTreeMap<u8, Outcome<KeySetShares>> {
    let mut ends = BTreeMap::new();
    let mut members = BTreeMap::new();
    let mut flight = Vec::new();
    for (driver, messages) in started {
        let from = driver.me();
        flight.extend(messages.into_iter().map(|message| (from, message)));
        members.insert(from, driver);
    }
    while let Some((from, message)) = flight.pop() {
        let member = members.get_mut(&message.to).unwrap();
        let Step { messages, outcome } = member.receive(from, &message.payload).unwrap();
        flight.extend(messages.into_iter().map(|next| (message.to, next)));
        if let Some(outcome) = outcome {
            ends.insert(message.to.get(), outcome);
        }
    }
    ends
}

#[test]
fn a_bad_proof_of_possession_under_a_fitting_commitment_names_the_dealer() {
    let honest = |index| dealer(index, None);
    let ends = play(vec![honest(1), honest(2), honest(3)]);
    assert!(ends.values().all(|end| matches!(end, Outcome::Done(_))), "they can end well");
    for (at, purpose) in Purpose::ALL.into_iter().enumerate() {
        let ends = play(vec![dealer(1, Some(at)), honest(2), honest(3)]);
        for index in [2, 3] {
            let Some(Outcome::Failed(failure)) = ends.get(&index) else { panic!("{index} went on") };
            assert_eq!(failure.check(), Some(Check::ProofOfPossession), "{purpose} at {index}");
            assert_eq!(failure.culprits(), [PartyIndex::new(1).unwrap()], "{purpose} at {index}");
        }
    }
}

/// Whether honest members end well with a dealer whose package for `to` is its own, whole and proven
/// package for `from`, which its commitment covers; and whether it was a package there at all.
fn goes_on_with(from: usize, to: usize) -> (bool, bool) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let me = PartyIndex::new(1).unwrap();
    let input = DkgInput { params: Params::new(2, 3).unwrap(), me, session: [1; 32] };
    let mut parts = SixRoots::make(input, &input.context::<SixRoots>(), &mut rng).unwrap();
    let package = SixRoots::each(&parts)[from].reveal();
    if !SixRoots::each_mut(&mut parts)[to].replace(&package) {
        return (false, false);
    }
    let ends = play(vec![Dkg::commit(input, parts), dealer(2, None), dealer(3, None)]);
    for index in [2, 3] {
        match ends.get(&index) {
            Some(Outcome::Failed(failure)) => {
                assert_eq!(failure.check(), Some(Check::ProofOfPossession), "{from} as {to}");
                assert_eq!(failure.culprits(), [me], "{from} as {to}");
            }
            Some(Outcome::Done(_)) => return (true, true),
            None => panic!("{index} waits"),
        }
    }
    (false, true)
}

#[test]
fn a_proven_package_of_one_purpose_is_none_of_another() {
    for from in 0..Purpose::ALL.len() {
        for to in 0..Purpose::ALL.len() {
            let (went_on, was_one) = goes_on_with(from, to);
            assert_eq!(went_on, from == to, "{} as {}", Purpose::ALL[from], Purpose::ALL[to]);
            let same_group = from == to || (from >= 3 && to >= 3);
            assert!(was_one || !same_group, "{from} and {to} have one group");
        }
    }
}
