//! What nodes sign together: the digests beside a library's, and every way to spoil the signatures.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::{SolCall as _, SolStruct, eip712_domain};
use quorate_wire::{
    Digest, DirectoryChange, MinterAdmission, NodeVote, VoteDomain, directory_digest, gather, minter_digest,
    root_keys_digest,
};

use super::{
    directory::change,
    harness::{ALL_NODES, CHAIN_ID, Harness, STRANGER, committee, domain, key, root, root_keys, wire},
};
use crate::{
    abi::{Directory, PubkeyRouter},
    encode,
    subject::{CommitteeNode, DEFAULT_KEY_SET_ID, RootKey},
};

const NAME: &str = "login-domains";

alloy_sol_types::sol! {
    struct Change { string name; uint64 version; bytes value; }
    struct Changes { Change[] changes; }
    struct Minter { address minter; bytes32 codeHash; uint64 number; }
}

/// The same struct by its own name, which Rust has for another thing here.
mod text {
    alloy_sol_types::sol! {
        struct RootKey { bytes pubkey; uint256 keyType; }
        struct RootKeys { string keySetId; RootKey[] rootKeys; }
    }
}

fn by_library(text: &impl SolStruct, domain: &VoteDomain) -> Digest {
    let domain = eip712_domain! {
        name: "Quorate", version: "1", chain_id: domain.chain_id, verifying_contract: domain.contract.0.into(),
        salt: domain.salt.0.into(),
    };
    Digest(text.eip712_signing_hash(&domain).0)
}

fn changes() -> Vec<DirectoryChange> {
    vec![change(NAME, 1, b"[\"one.example\"]"), change("contracts/other", 7, b"")]
}

#[test]
fn digests_are_those_of_typed_data() {
    for (chain_id, byte) in [(1, 0), (u64::MAX, 0xab)] {
        let domain = VoteDomain {
            chain_id,
            contract: quorate_wire::Address([byte; 20]),
            salt: Digest([byte.wrapping_add(1); 32]),
        };
        let listed = changes().into_iter().map(|change| Change {
            name: change.name,
            version: change.version,
            value: change.value.into(),
        });
        let text = Changes { changes: listed.collect() };
        assert_eq!(directory_digest(&domain, &changes()), by_library(&text, &domain));
        let roots = root_keys(&root(200));
        let listed = roots
            .iter()
            .map(|root| text::RootKey { pubkey: root.public_key.clone(), keyType: root.key_type });
        let text = text::RootKeys { keySetId: DEFAULT_KEY_SET_ID.to_owned(), rootKeys: listed.collect() };
        let named = RootKey::read(&roots).unwrap();
        for name in [DEFAULT_KEY_SET_ID, "naga-keyset1"] {
            assert_eq!(root_keys_digest(&domain, name, &named), by_library(&text, &domain));
        }
        let text = Minter { minter: Address::repeat_byte(1), codeHash: B256::repeat_byte(2), number: 3 };
        let admission =
            MinterAdmission { minter: wire(text.minter), code_hash: Digest(text.codeHash.0), number: 3 };
        assert_eq!(minter_digest(&domain, &admission), by_library(&text, &domain));
    }
}

fn on_another_chain(contract: Address) -> VoteDomain {
    VoteDomain { chain_id: CHAIN_ID + 1, ..domain(contract) }
}

fn of_another_founding(contract: Address) -> VoteDomain {
    VoteDomain { salt: Digest([0x5b; 32]), ..domain(contract) }
}

/// Signatures that no contract takes, each with the error's name. `good` are those of the nodes that are needed, in their
/// order; `others` are good ones of somebody else, or on another digest.
fn spoilt(
    good: &[NodeVote],
    others: Vec<(&'static str, Vec<NodeVote>)>,
) -> Vec<(&'static str, Vec<Bytes>, &'static str)> {
    let raw = |votes: &[NodeVote]| -> Vec<Bytes> {
        votes.iter().map(|vote| Bytes::copy_from_slice(&vote.0)).collect()
    };
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = raw(good);
        let mut bytes = changed[1].to_vec();
        change(&mut bytes);
        changed[1] = bytes.into();
        changed
    };
    let order =
        U256::from_be_slice(&hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    let mut cases = vec![
        ("none", Vec::new(), "TooFewSignatures"),
        ("one too few", raw(&good[1..]), "TooFewSignatures"),
        ("more than nodes", vec![raw(good)[0].clone(); 4], "TooManySignatures"),
        ("one twice", raw(&[&good[..1], &good[..good.len() - 1]].concat()), "NotAscending"),
        ("descending", raw(good).into_iter().rev().collect(), "NotAscending"),
        (
            "high s",
            with(&|bytes| {
                let s = order - U256::from_be_slice(&bytes[32..64]);
                bytes[32..64].copy_from_slice(&s.to_be_bytes::<32>());
                bytes[64] = 55 - bytes[64];
            }),
            "BadSignature",
        ),
        ("no r", with(&|bytes| bytes[..32].fill(0)), "BadSignature"),
        ("no s", with(&|bytes| bytes[32..64].fill(0)), "BadSignature"),
        (
            "r of the order",
            with(&|bytes| bytes[..32].copy_from_slice(&order.to_be_bytes::<32>())),
            "BadSignature",
        ),
        ("no bytes", with(&Vec::clear), "BadSignature"),
        ("64 bytes", with(&|bytes| bytes.truncate(64)), "BadSignature"),
        ("66 bytes", with(&|bytes| bytes.push(0)), "BadSignature"),
        ("the other v", with(&|bytes| bytes[64] = 55 - bytes[64]), "NotNode"),
    ];
    for (what, v) in [("v of 0", 0), ("v of 1", 1), ("v of 26", 26), ("v of 29", 29)] {
        cases.push((what, with(&|bytes| bytes[64] = v), "BadSignature"));
    }
    cases.extend(others.into_iter().map(|(what, votes)| (what, raw(&votes), "NotNode")));
    cases
}

#[test]
fn the_directory_refuses_signatures_that_are_not_of_distinct_nodes_over_these_changes() {
    let mut harness = Harness::deployed();
    let directory = harness.contracts.directory;
    let changes = [change(NAME, 1, b"value")];
    let digest = harness.directory_digest(&changes);
    let good = harness.votes(&[0, 1], &digest);
    let on = |digest: Digest| harness.votes(&[0, 1], &digest);
    let others = vec![
        ("a stranger's", harness.votes(&[0, 50], &digest)),
        ("on another chain", on(directory_digest(&on_another_chain(directory), &changes))),
        ("of another founding", on(directory_digest(&of_another_founding(directory), &changes))),
        ("for another contract", on(directory_digest(&domain(harness.contracts.pubkey_router), &changes))),
        ("of another version", on(harness.directory_digest(&[change(NAME, 2, b"value")]))),
        ("of another name", on(harness.directory_digest(&[change("issuers", 1, b"value")]))),
        ("of another value", on(harness.directory_digest(&[change(NAME, 1, b"valuE")]))),
        ("of more changes", on(harness.directory_digest(&[changes[0].clone(), change("a", 1, b"")]))),
        ("of no changes", on(harness.directory_digest(&[]))),
    ];
    let call = |signatures: Vec<Bytes>| -> Bytes {
        let changes = changes.iter().map(|change| Directory::Change {
            name: change.name.clone(),
            version: change.version,
            value: change.value.clone().into(),
        });
        Directory::setCall { changes: changes.collect(), signatures }.abi_encode().into()
    };
    for (what, signatures, error) in spoilt(&good, others) {
        let refused = harness.send(STRANGER, Some(directory), call(signatures)).unwrap_err();
        assert!(refused.contains(error), "{what}: {refused}");
    }
    // A node whose signature is good does not make up for one that is not.
    let three = harness.votes(&[0, 1, 50], &digest);
    let refused =
        harness.send(STRANGER, Some(directory), encode::set_directory(&changes, &three)).unwrap_err();
    assert!(refused.contains("NotNode"), "{refused}");
    // What was gathered in any order, with what does not belong, is what the contract takes.
    let mixed: Vec<_> = good.iter().rev().chain(&good).copied().chain([NodeVote([0; 65])]).collect();
    let set = encode::set_directory(&changes, &gather(&digest, mixed));
    harness.send(STRANGER, Some(directory), set.clone()).unwrap();
    assert!(
        harness.send(STRANGER, Some(directory), set).unwrap_err().contains("WrongVersion"),
        "played again"
    );
    assert_eq!(harness.value(NAME), (1, b"value".to_vec()));
}

#[test]
fn the_router_refuses_signatures_that_are_not_of_all_nodes_over_these_roots() {
    let mut harness = Harness::deployed();
    let router = harness.contracts.pubkey_router;
    let roots = root_keys(&root(200));
    let named = RootKey::read(&roots).unwrap();
    let digest = root_keys_digest(&domain(router), "set", &named);
    let good = harness.votes(ALL_NODES, &digest);
    let on = |digest: Digest| harness.votes(ALL_NODES, &digest);
    let other_roots = RootKey::read(&root_keys(&root(201))).unwrap();
    let others = vec![
        ("a stranger's", harness.votes(&[0, 1, 50], &digest)),
        ("on another chain", on(root_keys_digest(&on_another_chain(router), "set", &named))),
        ("of another founding", on(root_keys_digest(&of_another_founding(router), "set", &named))),
        ("for another contract", on(root_keys_digest(&domain(harness.contracts.directory), "set", &named))),
        ("of another key set", on(root_keys_digest(&domain(router), "other", &named))),
        ("of other roots", on(root_keys_digest(&domain(router), "set", &other_roots))),
    ];
    let call = |signatures: Vec<Bytes>| -> Bytes {
        let listed = roots
            .iter()
            .map(|root| PubkeyRouter::RootKey { pubkey: root.public_key.clone(), keyType: root.key_type });
        PubkeyRouter::setRootKeysCall {
            stakingContract: harness.contracts.node_registry,
            keySetId: "set".to_owned(),
            rootKeys: listed.collect(),
            signatures,
        }
        .abi_encode()
        .into()
    };
    let cases: Vec<_> =
        spoilt(&good, others).into_iter().map(|(what, votes, error)| (what, call(votes), error)).collect();
    for (what, data, error) in cases {
        let refused = harness.send(STRANGER, Some(router), data).unwrap_err();
        assert!(refused.contains(error), "{what}: {refused}");
    }
    let set = encode::set_root_keys(harness.contracts.node_registry, "set", &roots, &good);
    harness.send(STRANGER, Some(router), set.clone()).unwrap();
    let again = harness.send(STRANGER, Some(router), set).unwrap_err();
    assert!(again.contains("RootKeysAlreadySet"), "{again}");
}

#[test]
fn approvals_of_a_discarded_proposal_set_nothing_at_the_same_addresses() {
    let mut harness = Harness::salted(&committee(), 2, Digest([0x5b; 32]));
    let changes = [change(NAME, 1, b"of the discarded one")];
    let directory = harness.contracts.directory;
    assert_eq!(directory, Harness::deployed().contracts.directory);
    let votes = harness.votes(&[0, 1], &harness.directory_digest(&changes));
    let refused =
        harness.send(STRANGER, Some(directory), encode::set_directory(&changes, &votes)).unwrap_err();
    assert!(refused.contains("NotNode"), "{refused}");
    let votes = harness.votes(&[0, 1], &directory_digest(&of_another_founding(directory), &changes));
    harness.send(STRANGER, Some(directory), encode::set_directory(&changes, &votes)).unwrap();
}

/// The largest committee that a network has.
fn large() -> Vec<CommitteeNode> {
    let node = committee()[0].clone();
    let nodes = (0..32).map(|index| CommitteeNode {
        address: crate::chain::address_of(key(index).verifying_key()),
        transport_key_hash: B256::repeat_byte(index + 1),
        statement_key: B256::repeat_byte(index + 101),
        ..node.clone()
    });
    nodes.collect()
}

#[test]
fn signatures_of_thirty_two_nodes_fit_the_lane() {
    let mut harness = Harness::of(&large(), 22);
    let all: Vec<u8> = (0..32).collect();
    let directory = harness.contracts.directory;
    let gas = |harness: &mut Harness, nodes: &[u8], changes: &[DirectoryChange]| {
        let votes = harness.votes(nodes, &harness.directory_digest(changes));
        let tx = harness.send(STRANGER, Some(directory), encode::set_directory(changes, &votes));
        tx.unwrap().gas_used
    };
    let first = gas(&mut harness, &all[..22], &[change(NAME, 1, &[b'v'; 256])]);
    let again = gas(&mut harness, &all, &[change(NAME, 2, &[b'w'; 256])]);
    let long = gas(&mut harness, &all, &[change("long", 1, &[b'v'; 4_096])]);
    let long_again = gas(&mut harness, &all, &[change("long", 2, &[b'w'; 4_096])]);
    let roots = harness.set_roots(&all, DEFAULT_KEY_SET_ID, &root(200)).unwrap().gas_used;
    println!(
        "first 256 bytes by 22: {first}; by 32: 256 bytes again {again}, first 4,096 bytes {long}, again {long_again}, roots {roots}"
    );
    // Senders add a fifth to what they estimate.
    let lane = [first, again, long_again].map(|gas| gas * 6 / 5);
    assert!(lane.iter().all(|gas| *gas <= 1_300_000), "{lane:?}");
    assert!(long < 4_000_000 && roots < 1_500_000, "{long} {roots}");
}
