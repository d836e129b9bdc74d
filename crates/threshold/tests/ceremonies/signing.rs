//! Signing without disturbance, checked by two libraries.

use std::collections::BTreeSet;

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use quorate_threshold::{EcdsaSign, EcdsaSignature, Misuse, PairState, RootShare, derive};

use crate::support::{
    Committee, Job, Member, TRIPLES, honestly, parties, party, three_of_five, two_of_three,
};

fn job(signers: &[quorate_threshold::PartyIndex], salt: u8) -> Job<'_> {
    Job {
        tweak: derive::tweak(&[salt; 32]).unwrap(),
        digest: [salt ^ 0x5a; 32],
        signers,
        session: [salt; 32],
    }
}

/// k256 and libsecp256k1 both verify, recover the key with the recovery id, and see low s.
fn check(committee: &Committee, salt: u8, job: &Job<'_>, signature: &EcdsaSignature) {
    let key = derive::public_key(&committee.root(), &[salt; 32]).unwrap();

    let verifier = k256::ecdsa::VerifyingKey::from_sec1_bytes(&key).unwrap();
    let parsed = k256::ecdsa::Signature::from_slice(&signature.to_bytes()).unwrap();
    verifier.verify_prehash(&job.digest, &parsed).unwrap();
    assert_eq!(parsed.normalize_s(), parsed, "s is low");

    let message = secp256k1::Message::from_digest(job.digest);
    let expected = secp256k1::PublicKey::from_slice(&key).unwrap();
    let mut theirs = secp256k1::ecdsa::Signature::from_compact(&signature.to_bytes()).unwrap();
    let before = theirs;
    theirs.normalize_s();
    assert_eq!(before, theirs, "s is low");
    secp256k1::ecdsa::verify(&theirs, message, &expected).unwrap();
    let id = secp256k1::ecdsa::RecoveryId::try_from(i32::from(signature.recovery_id)).unwrap();
    let recoverable =
        secp256k1::ecdsa::RecoverableSignature::from_compact(&signature.to_bytes(), id).unwrap();
    assert_eq!(recoverable.recover_ecdsa(message).unwrap(), expected);
}

#[test]
fn every_pair_of_three_signs() {
    let committee = two_of_three();
    let mut nonces = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (round, set) in [[1, 2], [1, 3], [2, 3]].iter().cycle().take(18).enumerate() {
        let salt = u8::try_from(round).unwrap() + 1;
        let signers = parties(set);
        let job = job(&signers, salt);
        let signature = committee.sign(&job);
        check(committee, salt, &job, &signature);
        assert!(nonces.insert(signature.r), "a nonce came twice");
        ids.insert(signature.recovery_id);
    }
    // Eighteen coins show both sides, but for one run in 131,072.
    assert_eq!(ids, BTreeSet::from([0, 1]));
}

#[test]
fn triples_of_five_sign() {
    let committee = three_of_five();
    for (salt, set) in (1..).zip(TRIPLES) {
        let signers = parties(set);
        let job = job(&signers, salt);
        check(committee, salt, &job, &committee.sign(&job));
    }
}

#[test]
fn one_input_signed_twice_has_two_nonces() {
    let signers = parties(&[1, 2]);
    let job = job(&signers, 1);
    let [first, second] = [two_of_three().sign(&job), two_of_three().sign(&job)];
    assert_ne!(first.r, second.r);
}

#[test]
fn signs_from_stored_shares_and_states() {
    let committee = two_of_three();
    let signers = parties(&[2, 3]);
    let members = signers
        .iter()
        .map(|me| {
            let member = &committee.members[me];
            let pairs = member
                .pairs
                .iter()
                .map(|(peer, state)| (*peer, PairState::from_secret_bytes(&state.to_secret_bytes()).unwrap()))
                .collect();
            let share = RootShare::from_secret_bytes(&member.share.to_secret_bytes()).unwrap();
            (*me, Member { share, pairs })
        })
        .collect();
    let again = Committee { params: committee.params, members };
    let job = job(&signers, 77);
    let signature = honestly(again.start(&job)).remove(&party(2)).unwrap();
    check(committee, 77, &job, &signature);
}

#[test]
fn only_the_last_messages_release() {
    let signers = parties(&[1, 2]);
    let (_, _) = crate::support::run(two_of_three().start(&job(&signers, 3)), |_, message| {
        assert_eq!(message.last, message.round == 3);
        vec![message]
    });
}

#[test]
fn refuses_meaningless_input() {
    let committee = two_of_three();
    let start = |job: &Job<'_>| EcdsaSign::start(committee.input(party(1), job)).unwrap_err();
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
    let order: [u8; 32] = order.try_into().unwrap();
    let good = parties(&[1, 2]);

    for set in [&[1][..], &[1, 2, 3], &[2, 1], &[1, 1], &[1, 4], &[]] {
        let signers = parties(set);
        assert_eq!(start(&job(&signers, 1)), Misuse::SignerSet, "{set:?}");
    }
    let others = parties(&[2, 3]);
    assert_eq!(start(&job(&others, 1)), Misuse::NotTakingPart);
    for digest in [[0; 32], order] {
        assert_eq!(start(&Job { digest, ..job(&good, 1) }), Misuse::ZeroDigest);
    }
    for tweak in [[0; 32], order, [0xff; 32]] {
        assert_eq!(start(&Job { tweak, ..job(&good, 1) }), Misuse::Tweak);
    }

    let job = job(&good, 1);
    let none = crate::support::Pairs::new();
    let input = quorate_threshold::SigningInput { pairs: &none, ..committee.input(party(1), &job) };
    assert_eq!(EcdsaSign::start(input).unwrap_err(), Misuse::MissingPair(party(2)));
    // Another party's states are not this party's.
    let input = quorate_threshold::SigningInput {
        pairs: &committee.members[&party(3)].pairs,
        ..committee.input(party(1), &job)
    };
    assert_eq!(EcdsaSign::start(input).unwrap_err(), Misuse::MissingPair(party(2)));
}
