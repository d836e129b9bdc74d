//! The checker checked: crafted bad traces, each of which it must catch.

use k256::ecdsa::SigningKey;

use super::*;

const SHAPE: Shape = Shape { n: 3, t: 2 };

fn life(slot: usize, node: u8) -> Life {
    Life { slot, generation: 0, node: NodeIndex::new(node).unwrap() }
}

fn checker() -> Checker {
    Checker::new(&Committee::new(SHAPE), BTreeSet::new())
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[5; 32]).unwrap()
}

fn asked() -> Asked {
    Asked {
        request: RequestId([1; 32]),
        operation: OperationNumber::FIRST,
        kind: MessageKind::Digest,
        action: ActionCid::of_code(b"a"),
        key: PublicKey::from_sec1(&key().verifying_key().to_sec1_bytes()).unwrap(),
        digest: [2; 32],
        name: "sig0".to_owned(),
    }
}

fn shown() -> Shown {
    let asked = asked();
    let (signature, recovery_id) = key().sign_prehash_recoverable(&asked.digest);
    Shown {
        request: asked.request,
        key: asked.key,
        digest: asked.digest,
        signature: signature.to_bytes().into(),
        recovery_id: Some(recovery_id.to_byte()),
    }
}

/// A checker in which nodes 1 and 2 want the same, and the proposal that would let them sign it.
fn agreed() -> (Checker, Proposal) {
    let mut checker = checker();
    for node in [1, 2] {
        checker.asked(life(usize::from(node) - 1, node), &asked(), (true, false));
        checker.offered(life(usize::from(node) - 1, node), [node; 32]);
    }
    let signers = [1, 2].map(|node| (NodeIndex::new(node).unwrap(), [node; 32])).to_vec();
    let intent = checker.vote(&asked()).hash();
    let request = asked().request;
    let coordinator = NodeIndex::new(1).unwrap();
    let proposal = Proposal {
        request,
        operation: OperationNumber::FIRST,
        coordinator,
        attempt: 1,
        intent,
        signers,
        set_ups: vec![[0; 32]],
    };
    (checker, proposal)
}

fn broken(checker: &Checker) -> Option<&'static str> {
    checker.violation().map(|violation| violation.invariant)
}

#[test]
fn a_good_trace_breaks_nothing() {
    let (mut checker, proposal) = agreed();
    checker.joined(life(0, 1), [9; 32], &proposal, false);
    checker.joined(life(1, 2), [9; 32], &proposal, true);
    checker.released(life(0, 1), &[9; 32], true);
    checker.shown(&shown(), life(0, 1).node);
    checker.shown(&shown(), life(1, 2).node);
    checker.replied(life(0, 1), 1);
    assert_eq!(checker.violation(), None);
    assert_eq!(checker.counts(), Counts { signatures: 1, attempts: 1, bans: 0, values: 0 });
}

#[test]
fn finds_fresh_bytes_spent_twice() {
    let (mut checker, mut proposal) = agreed();
    checker.joined(life(0, 1), [9; 32], &proposal, false);
    proposal.attempt = 2;
    checker.joined(life(0, 1), [8; 32], &proposal, false);
    assert_eq!(broken(&checker), Some("fresh bytes are spent at most once"));
}

#[test]
fn finds_a_session_with_two_meanings() {
    let (mut checker, mut proposal) = agreed();
    checker.joined(life(0, 1), [9; 32], &proposal, false);
    proposal.set_ups = vec![[1; 32]];
    checker.joined(life(1, 2), [9; 32], &proposal, true);
    assert_eq!(broken(&checker), Some("no session id with two meanings"));
}

#[test]
fn finds_a_signature_without_votes() {
    let mut checker = checker();
    checker.asked(life(0, 1), &asked(), (true, false));
    checker.asked(life(1, 2), &asked(), (false, false));
    checker.shown(&shown(), life(0, 1).node);
    assert_eq!(broken(&checker), Some("no signature without t equal intents"));
}

#[test]
fn a_signature_that_liars_kept_back_was_wanted_in_its_own_request() {
    let later = Shown { request: RequestId([9; 32]), ..shown() };
    let (mut checker, proposal) = agreed();
    for (slot, node) in [(0, 1), (1, 2)] {
        checker.joined(life(slot, node), [9; 32], &proposal, node != 1);
    }
    checker.released(life(0, 1), &[9; 32], true);
    checker.released(life(1, 2), &[9; 32], true);
    checker.shown(&later, life(0, 1).node);
    assert_eq!(broken(&checker), None);
    // One honest node alone let it go: nobody else can have.
    let (mut checker, proposal) = agreed();
    checker.joined(life(0, 1), [9; 32], &proposal, false);
    checker.released(life(0, 1), &[9; 32], true);
    checker.shown(&later, life(0, 1).node);
    assert_eq!(broken(&checker), Some("no signature without t equal intents"));
}

#[test]
fn a_signature_of_an_earlier_request_is_no_new_one() {
    let (mut checker, _) = agreed();
    checker.shown(&shown(), life(0, 1).node);
    checker.shown(&Shown { request: RequestId([9; 32]), ..shown() }, life(0, 1).node);
    assert_eq!(broken(&checker), None);
}

#[test]
fn finds_a_nonce_used_twice_and_a_wrong_signature() {
    let (mut checker, _) = agreed();
    checker.shown(&shown(), life(0, 1).node);
    let known = checker.nonces.values_mut().next().unwrap();
    known.digest = [7; 32];
    checker.shown(&shown(), life(0, 1).node);
    assert_eq!(broken(&checker), Some("no nonce twice"));

    let (mut checker, _) = agreed();
    checker.shown(&Shown { digest: [7; 32], ..shown() }, life(0, 1).node);
    assert_eq!(broken(&checker), Some("a signature verifies"));
    let (mut checker, _) = agreed();
    let recovery_id = shown().recovery_id.map(|id| id ^ 1);
    checker.shown(&Shown { recovery_id, ..shown() }, life(0, 1).node);
    assert_eq!(broken(&checker), Some("a signature verifies"));
}

#[test]
fn finds_signers_who_did_not_want_it() {
    let (mut checker, proposal) = agreed();
    checker.joined(life(2, 3), [9; 32], &proposal, true);
    assert_eq!(broken(&checker), Some("a signer set is exactly t members, oneself among them"));

    let (mut checker, mut proposal) = agreed();
    proposal.intent = Digest([0; 32]);
    checker.joined(life(0, 1), [9; 32], &proposal, false);
    assert_eq!(broken(&checker), Some("a node signs only its own allowed intent"));

    let (mut checker, mut proposal) = agreed();
    proposal.signers[0].1 = [77; 32];
    checker.joined(life(0, 1), [9; 32], &proposal, true);
    assert_eq!(broken(&checker), Some("a node's bytes in a session are its own offer"));
}

#[test]
fn finds_attempts_that_do_not_grow() {
    let (mut checker, mut proposal) = agreed();
    proposal.attempt = 3;
    checker.joined(life(0, 1), [9; 32], &proposal, false);
    proposal.attempt = 2;
    proposal.signers[0].1 = [55; 32];
    checker.joined(life(0, 1), [8; 32], &proposal, false);
    assert_eq!(broken(&checker), Some("attempts grow, up to the limit"));
}

#[test]
fn finds_votes_and_releases_without_authority() {
    let mut checker = checker();
    let vote = checker.vote(&asked());
    checker.voted(life(0, 1), &vote, true);
    assert_eq!(broken(&checker), Some("a node votes only for what its own run asked"));

    let (mut checker, _) = agreed();
    checker.voted(life(0, 1), &vote, false);
    assert_eq!(broken(&checker), Some("no intent without authority at that moment"));

    // One that coordinates has cast its vote when its run asked, and may say it again.
    for (allowed, broke) in [(true, None), (false, Some("no intent without authority at that moment"))] {
        let mut checker = self::checker();
        checker.asked(life(0, 1), &asked(), (allowed, true));
        checker.voted(life(0, 1), &vote, false);
        assert_eq!(broken(&checker), broke, "{allowed}");
    }

    let (mut checker, _) = agreed();
    checker.released(life(0, 1), &[9; 32], false);
    assert_eq!(broken(&checker), Some("no last message without authority at that moment"));
}

#[test]
fn finds_second_replies_and_second_roots() {
    let mut checker = checker();
    checker.replied(life(0, 1), 4);
    checker.replied(life(0, 1), 4);
    assert_eq!(broken(&checker), Some("a caller is answered once"));

    let mut checker = self::checker();
    let roots = RootKeys {
        sign_secp256k1: asked().key,
        sign_p256: [2; 33],
        sign_ed25519: [3; 32],
        decrypt: [4; 48],
        session: [5; 48],
        random: [6; 48],
    };
    checker.roots(life(0, 1), roots);
    checker.roots(life(1, 2), RootKeys { random: [7; 48], ..roots });
    assert_eq!(broken(&checker), Some("one key set"));
}

#[test]
fn finds_values_that_are_drawn_too_early_twice_or_differently() {
    let place = |number| (RequestId([1; 32]), OperationNumber::from_u32(number).unwrap());
    let came = |nodes: &[u8]| {
        let mut checker = checker();
        for node in nodes {
            checker.gave_partial(NodeIndex::new(*node).unwrap(), place(0));
        }
        checker
    };
    let mut alone = came(&[1]);
    alone.drew(life(0, 1), place(0), "a");
    assert_eq!(broken(&alone), Some("nothing is drawn before t nodes have come to it"));
    let mut checker = came(&[1, 2]);
    checker.drew(life(0, 1), place(0), "a");
    assert_eq!(checker.violation(), None);
    checker.drew(life(1, 2), place(0), "b");
    assert_eq!(broken(&checker), Some("a place has one drawn value"));
    let mut checker = came(&[1, 2]);
    checker.gave_partial(NodeIndex::new(1).unwrap(), place(1));
    checker.drew(life(0, 1), place(0), "a");
    checker.drew(life(1, 2), place(1), "a");
    assert_eq!(broken(&checker), Some("no value is drawn twice"));
}

#[test]
fn finds_unjust_bans() {
    let mut checker = Checker::new(&Committee::new(SHAPE), [NodeIndex::new(3).unwrap()].into());
    checker.banned(NodeIndex::new(3).unwrap(), NodeIndex::new(1).unwrap());
    assert_eq!(checker.violation(), None);
    checker.banned(NodeIndex::new(2).unwrap(), NodeIndex::new(1).unwrap());
    assert_eq!(broken(&checker), Some("no ban between honest nodes"));
}

#[test]
fn finds_tables_out_of_bounds() {
    let mut checker = checker();
    checker.tables(life(0, 1), limits::EXECUTIONS_RUNNING_MAX + 1, 0);
    assert_eq!(broken(&checker), Some("tables are bounded"));
}

#[test]
fn finds_signing_over_a_banned_set_up() {
    let (mut checker, proposal) = agreed();
    checker.told_ban(life(0, 1).node, proposal.set_ups[0]);
    checker.joined(life(0, 1), [9; 32], &proposal, false);
    assert_eq!(broken(&checker), Some("no signing over a banned set-up"));
}

/// A request, and a checker in which node 3 is corrupt and the two honest ones came to its first operation.
fn collecting() -> (Checker, (RequestId, OperationNumber), Promised) {
    let mut checker = Checker::new(&Committee::new(SHAPE), [NodeIndex::new(3).unwrap()].into());
    let place = (asked().request, OperationNumber::FIRST);
    for node in [1, 2] {
        let node = NodeIndex::new(node).unwrap();
        checker.came(node, place, u64::from(node.get()) * 100_000);
        checker.gave((node, place.0, place.1), node.get().to_string());
    }
    (checker, place, Promised { request: place.0, block: Digest([0; 32]), timed: true })
}

fn set(nodes: &[u8]) -> String {
    let entries = nodes.iter().map(|node| format!(r#"{{"node":{node},"value":"{node}"}}"#));
    format!("[{}]", entries.collect::<Vec<_>>().join(","))
}

#[test]
fn finds_sets_that_an_honest_coordinator_does_not_fix() {
    let after = (300_000, false);
    let (mut checker, place, promised) = collecting();
    for (slot, node) in [(0, 1), (1, 2)] {
        checker.was_given(life(slot, node), place, &set(&[1, 2, 3]), after);
    }
    checker.check_promised(&promised);
    assert_eq!(checker.violation(), None);

    let (mut checker, place, promised) = collecting();
    checker.was_given(life(0, 1), place, &set(&[1, 3]), after);
    checker.check_promised(&promised);
    assert_eq!(broken(&checker), Some("all honest values in time are in an honest coordinator's set"));

    let (mut checker, place, promised) = collecting();
    checker.was_given(life(0, 1), place, &set(&[1, 2]), after);
    checker.was_given(life(1, 2), place, &set(&[1, 2, 3]), after);
    checker.check_promised(&promised);
    assert_eq!(broken(&checker), Some("an honest first coordinator's set is everybody's"));

    let (mut checker, place, promised) = collecting();
    checker.was_given(life(0, 1), place, &set(&[1, 2]), (9_000_000, false));
    checker.check_promised(&promised);
    assert_eq!(broken(&checker), Some("honest runs go on within a bound"));
}

#[test]
fn finds_sets_that_are_none_and_values_that_nobody_gave() {
    let after = (300_000, false);
    let wrong = [
        (set(&[1]), "a set is of t distinct members"),
        (set(&[1, 1]), "a set is of t distinct members"),
        (set(&[1, 2]).replace(r#""2""#, r#""7""#), "no value in the name of a node that did not give it"),
    ];
    for (value, invariant) in wrong {
        let (mut checker, place, _) = collecting();
        checker.was_given(life(0, 1), place, &value, after);
        assert_eq!(broken(&checker), Some(invariant), "{value}");
    }
    let (mut checker, place, _) = collecting();
    checker.was_given(life(0, 1), place, &set(&[1, 2]), after);
    checker.was_given(life(0, 1), place, &set(&[1, 2, 3]), after);
    assert_eq!(broken(&checker), Some("a run goes on with one value of an operation"));
}

#[test]
fn finds_peers_that_are_kept_too_much_for_and_honest_ones_that_are_blamed() {
    let (mut checker, ..) = collecting();
    let peer = NodeIndex::new(3).unwrap();
    checker.held(life(0, 1), (peer, limits::EXECUTION_OPERATIONS_MAX, 1_000));
    checker.blamed(life(0, 1), peer, "two_votes");
    assert_eq!(checker.violation(), None);
    checker.held(life(0, 1), (peer, limits::EXECUTION_OPERATIONS_MAX + 1, 1_000));
    assert_eq!(broken(&checker), Some("what a peer makes a node hold is bounded"));
    let (mut checker, ..) = collecting();
    checker.blamed(life(0, 1), life(1, 2).node, "set_votes");
    assert_eq!(broken(&checker), Some("honest nodes are not blamed"));
}

#[test]
fn a_run_for_another_login_is_caught() {
    let caught = |wallet, named: Option<[u8; 20]>| {
        let mut checker = checker();
        let id = |wallet| quorate_wire::LoginId::of_wallet(&quorate_wire::Address(wallet));
        checker.started(life(0, 1), &asked().request, (id(wallet), named.map(id)));
        checker.violation().map(|violation| violation.invariant)
    };
    let other = Some("no run acts for a login that its caller did not name");
    assert_eq!(caught([1; 20], Some([1; 20])), None);
    assert_eq!(caught([2; 20], Some([1; 20])), other);
    assert_eq!(caught([1; 20], None), other);
}

#[test]
fn catches_set_ups_beyond_the_budget_and_pairs_that_are_thrown_away() {
    let (mut checker, peer) = (checker(), NodeIndex::new(2).unwrap());
    for session in 0..5 {
        checker.sets_up(life(0, 1), peer, [session; 32], 30_000_000);
    }
    checker.thrown_away(life(0, 1), peer, true);
    assert_eq!(broken(&checker), None);
    checker.sets_up(life(0, 1), peer, [6; 32], 59_000_000);
    assert_eq!(broken(&checker), Some("set-ups of a pair are bounded, whoever wants them"));
    let mut checker = self::checker();
    checker.thrown_away(life(0, 1), peer, false);
    assert_eq!(broken(&checker), Some("set-ups of honest pairs are kept"));
}
