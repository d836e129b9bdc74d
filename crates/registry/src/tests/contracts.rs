//! What the contracts promise, one sentence each.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolEvent as _};

use super::harness::{ALL_NODES, Harness, committee, root, root_keys};
use crate::{
    abi::{PKPNFT, PKPPermissions, PubkeyRouter},
    artifacts, deploy, encode,
    subject::{DEFAULT_KEY_SET_ID, Granted, RootKey, Subject, token_id},
    view::At,
};

pub(super) const ACTION: [u8; 34] = {
    let mut id = [9; 34];
    id[0] = 0x12;
    id[1] = 0x20;
    id
};

pub(super) fn mint(harness: &mut Harness, account: u8) -> (U256, Bytes) {
    let tx = harness
        .send(account, Some(harness.contracts.pkp_nft), encode::mint_next(DEFAULT_KEY_SET_ID))
        .expect("the mint succeeds");
    let event = PKPNFT::PKPMinted::decode_log(&tx.logs[0]).expect("the first log tells of the mint").data;
    (event.tokenId, event.pubkey)
}

#[test]
fn mint_tells_the_token_first_and_names_it_after_its_key() {
    let mut harness = Harness::with_root();
    let next = harness
        .call(harness.contracts.pkp_nft, &PKPNFT::getNextDerivedKeyIdCall {})
        .expect("a key id is known");
    let nft = harness.contracts.pkp_nft;
    let tx = harness.send(50, Some(nft), encode::mint_next("naga-keyset1")).unwrap();
    assert_eq!(tx.logs[0].topics()[0], PKPNFT::PKPMinted::SIGNATURE_HASH);
    assert_eq!(tx.logs[1].topics()[0], PKPNFT::Transfer::SIGNATURE_HASH);
    let id = U256::from_be_bytes(tx.logs[0].topics()[1].0);
    let pkp = harness.view.pkp(id, At::Latest).unwrap().unwrap();
    assert_eq!(token_id(&pkp.public_key), id);
    assert_eq!(pkp.key_id, next);
    assert_eq!(pkp.key_set, DEFAULT_KEY_SET_ID);
    assert_eq!(pkp.owner, Some(harness.address(50)));
    assert_eq!(harness.view.pkp_by_public_key(&pkp.compressed(), At::Latest).unwrap(), Some(pkp.clone()));
    let routing = harness
        .call(harness.contracts.pubkey_router, &PubkeyRouter::getRoutingDataCall { tokenId: id })
        .unwrap();
    assert_eq!((routing.pubkey.as_ref(), routing.derivedKeyId), (pkp.public_key.as_slice(), pkp.key_id));
    let address = harness.call(nft, &PKPNFT::getEthAddressCall { tokenId: id }).unwrap();
    assert_eq!(address, pkp.eth_address());
}

#[test]
fn mint_grant_and_burn_leaves_one_grant_and_no_owner() {
    let mut harness = Harness::with_root();
    let nft = harness.contracts.pkp_nft;
    let data = encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &ACTION);
    let tx = harness.send(50, Some(nft), data).unwrap();
    let id = U256::from_be_bytes(tx.logs[0].topics()[1].0);
    let pkp = harness.view.pkp(id, At::Latest).unwrap().unwrap();
    assert_eq!(pkp.owner, None);
    let grant = harness.view.grant(id, &Subject::Action(ACTION), At::Latest).unwrap();
    assert!(grant.member);
    assert_eq!(grant.scopes.iter().collect::<Vec<_>>(), [1]);
    let refused = harness
        .send(
            50,
            Some(harness.contracts.pkp_permissions),
            encode::remove_permitted(id, &Subject::Action(ACTION)),
        )
        .unwrap_err();
    assert!(refused.contains("ERC721NonexistentToken"), "{refused}");
}

#[test]
fn refuses_scopes_beyond_the_word_and_scope_zero() {
    let mut harness = Harness::with_root();
    let (id, _) = mint(&mut harness, 50);
    let permissions = harness.contracts.pkp_permissions;
    for scope in [U256::ZERO, U256::from(256), U256::MAX] {
        let call = PKPPermissions::addPermittedActionCall {
            tokenId: id,
            ipfsCID: Bytes::copy_from_slice(&ACTION),
            scopes: vec![scope],
        };
        let refused = harness.send(50, Some(permissions), call.abi_encode().into()).unwrap_err();
        assert!(refused.contains("InvalidScope"), "{refused}");
    }
    assert!(!harness.view.grant(id, &Subject::Action(ACTION), At::Latest).unwrap().member);
}

#[test]
fn removing_a_subject_forgets_its_scopes() {
    let mut harness = Harness::with_root();
    let (id, _) = mint(&mut harness, 50);
    let permissions = Some(harness.contracts.pkp_permissions);
    let subject = Subject::AuthMethod { kind: U256::from(6), id: b"somebody".to_vec() };
    harness.send(50, permissions, encode::add_permitted(id, &subject, &[1, 2, 255])).unwrap();
    harness.send(50, permissions, encode::remove_permitted(id, &subject)).unwrap();
    harness.send(50, permissions, encode::add_permitted(id, &subject, &[])).unwrap();
    let grant = harness.view.grant(id, &subject, At::Latest).unwrap();
    assert!(grant.member && grant.scopes.bits().is_zero());
}

#[test]
fn the_list_of_grants_is_the_contracts_own_up_to_its_bounds() {
    let mut harness = Harness::with_root();
    let (id, _) = mint(&mut harness, 50);
    let permissions = Some(harness.contracts.pkp_permissions);
    let listed = |harness: &Harness| {
        let list = harness.view.grants(id, At::Latest).unwrap();
        let of = |grants: Vec<Granted>| {
            grants
                .into_iter()
                .map(|one| (one.kind, one.id, one.scopes.iter().collect::<Vec<_>>()))
                .collect::<Vec<_>>()
        };
        list.map(of)
    };
    assert_eq!(listed(&harness), Some(vec![]));
    let login = |id: Vec<u8>| Subject::AuthMethod { kind: U256::MAX, id };
    let subjects = [
        (Subject::Action(ACTION), &[1, 255][..]),
        (Subject::Address(Address::repeat_byte(7)), &[2]),
        (login(vec![1; 31]), &[]),
        (login(vec![2; 32]), &[1]),
        (login(vec![3; 64]), &[5]),
    ];
    for (subject, scopes) in &subjects {
        harness.send(50, permissions, encode::add_permitted(id, subject, scopes)).unwrap();
    }
    let wanted = |subjects: &[(Subject, &[u8])]| {
        let of = |(subject, scopes): &(Subject, &[u8])| {
            let (kind, id) = subject.auth_method();
            (kind, id, scopes.to_vec())
        };
        Some(subjects.iter().map(of).collect::<Vec<_>>())
    };
    assert_eq!(listed(&harness), wanted(&subjects));
    let methods = harness.view.permitted(id, At::Latest).unwrap();
    assert!(
        methods
            .iter()
            .map(|(kind, id, _)| (kind, id))
            .eq(listed(&harness).unwrap().iter().map(|(kind, id, _)| (kind, id)))
    );
    // The last one takes the place of one that goes.
    harness.send(50, permissions, encode::remove_permitted(id, &subjects[1].0)).unwrap();
    let [first, _, third, fourth, last] = subjects;
    assert_eq!(listed(&harness), wanted(&[first, last, third, fourth]));

    // A longer id than is listed, and more grants than are listed: nothing is said, rather than less than all.
    harness.send(50, permissions, encode::add_permitted(id, &login(vec![4; 65]), &[])).unwrap();
    assert_eq!(listed(&harness), None);
    harness.send(50, permissions, encode::remove_permitted(id, &login(vec![4; 65]))).unwrap();
    for number in 4..64 {
        harness.send(50, permissions, encode::add_permitted(id, &login(vec![number; 20]), &[])).unwrap();
    }
    assert_eq!(listed(&harness).map(|list| list.len()), Some(64));
    harness.send(50, permissions, encode::add_permitted(id, &login(vec![64; 20]), &[])).unwrap();
    assert_eq!(listed(&harness), None);
}

#[test]
fn refuses_subjects_that_can_never_be() {
    let mut harness = Harness::with_root();
    let (id, _) = mint(&mut harness, 50);
    let permissions = Some(harness.contracts.pkp_permissions);
    for subject in [
        Subject::Action([7; 34]),
        Subject::AuthMethod { kind: U256::from(2), id: vec![0x12, 0x20, 1] },
        Subject::AuthMethod { kind: U256::from(1), id: vec![1; 19] },
        Subject::AuthMethod { kind: U256::from(6), id: Vec::new() },
        Subject::AuthMethod { kind: U256::from(6), id: vec![1; 1025] },
    ] {
        let refused = harness.send(50, permissions, encode::add_permitted(id, &subject, &[])).unwrap_err();
        assert!(refused.contains("InvalidSubject"), "{refused}");
    }
}

#[test]
fn roots_need_every_node_and_never_change() {
    let mut harness = Harness::deployed();
    let (one, two) = (root(200), root(201));
    for nodes in [&[][..], &[0], &ALL_NODES[1..]] {
        let refused = harness.set_roots(nodes, DEFAULT_KEY_SET_ID, &one).unwrap_err();
        assert!(refused.contains("TooFewSignatures"), "{nodes:?}: {refused}");
    }
    assert_eq!(harness.view.root_keys(DEFAULT_KEY_SET_ID, At::Latest).unwrap(), []);
    let minted = harness.send(50, Some(harness.contracts.pkp_nft), encode::mint_next(DEFAULT_KEY_SET_ID));
    assert!(minted.unwrap_err().contains("RootKeysNotSet"));
    // The signed name is the key set's own, under whichever it is called.
    harness.set_roots(ALL_NODES, "naga-keyset1", &one).unwrap();
    for name in ["naga-keyset1", DEFAULT_KEY_SET_ID] {
        assert_eq!(harness.view.root_keys(name, At::Latest).unwrap(), root_keys(&one));
        for root in [&one, &two] {
            let refused = harness.set_roots(ALL_NODES, name, root).unwrap_err();
            assert!(refused.contains("RootKeysAlreadySet"), "{refused}");
        }
    }
    harness.set_roots(ALL_NODES, "other", &two).unwrap();
    let elsewhere = encode::set_root_keys(Address::ZERO, "third", &root_keys(&one), &[]);
    let refused = harness.send(0, Some(harness.contracts.pubkey_router), elsewhere).unwrap_err();
    assert!(refused.contains("WrongStakingContract"));
}

#[test]
fn refuses_roots_that_are_not_on_the_curve() {
    let mut harness = Harness::deployed();
    let good = root(200);
    let mut off = good.clone();
    off[64] ^= 1;
    let mut prefix = good.clone();
    prefix[0] = 6;
    for bad in [off, prefix, vec![4; 65]] {
        let data = encode::set_root_keys(harness.contracts.node_registry, "set", &root_keys(&bad), &[]);
        let refused = harness.send(0, Some(harness.contracts.pubkey_router), data).unwrap_err();
        assert!(refused.contains("BadPublicKey"), "{refused}");
    }
}

#[test]
fn refuses_roots_of_another_number_order_type_or_length() {
    let mut harness = Harness::deployed();
    let good = root_keys(&root(200));
    let mut set = |roots: &[RootKey]| {
        let data = encode::set_root_keys(harness.contracts.node_registry, "set", roots, &[]);
        harness.send(0, Some(harness.contracts.pubkey_router), data)
    };
    for number in [0, 1, 5] {
        let refused = set(&good[..number]).unwrap_err();
        assert!(refused.contains("BadRootKeysNumber"), "{refused}");
    }
    assert!(set(&[&good[..], &good[..1]].concat()).unwrap_err().contains("BadRootKeysNumber"));
    for place in 0..good.len() {
        let mut type_of_another = good.clone();
        type_of_another[place].key_type = good[(place + 1) % good.len()].key_type;
        let mut short = good.clone();
        short[place].public_key = short[place].public_key.slice(1..);
        let mut long = good.clone();
        long[place].public_key = [&good[place].public_key[..], &[0]].concat().into();
        let mut twice = good.clone();
        twice[place] = good[(place + 1) % good.len()].clone();
        for bad in [type_of_another, short, long, twice] {
            let refused = set(&bad).unwrap_err();
            assert!(refused.contains("BadRootKey") && !refused.contains("Number"), "{place}: {refused}");
        }
    }
    // Nothing was wrong with the roots themselves.
    assert!(set(&good).unwrap_err().contains("TooFewSignatures"));
}

#[test]
fn only_the_token_contract_routes_keys_and_resets_grants() {
    let mut harness = Harness::with_root();
    let (id, _) = mint(&mut harness, 50);
    let pkp = harness.view.pkp(id, At::Latest).unwrap().unwrap();
    let route = PubkeyRouter::routeCall {
        keyType: U256::from(2),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        derivedKeyId: pkp.key_id,
    };
    let refused =
        harness.send(50, Some(harness.contracts.pubkey_router), route.abi_encode().into()).unwrap_err();
    assert!(refused.contains("NotMinter"));
    let mut reset = keccak256("resetOnTransfer(uint256)")[..4].to_vec();
    reset.extend_from_slice(&id.to_be_bytes::<32>());
    assert!(harness.send(50, Some(harness.contracts.pkp_permissions), reset.into()).is_err());
}

#[test]
fn committee_is_what_was_founded() {
    let harness = Harness::deployed();
    let found = harness.view.committee(At::Latest).unwrap();
    assert_eq!((found.epoch, found.threshold), (1, 2));
    assert_eq!(found.nodes, committee());
    for (address, artifact) in [
        (harness.contracts.node_registry, artifacts::node_registry()),
        (harness.contracts.pkp_nft, artifacts::pkp_nft()),
    ] {
        let state = harness.view.read().unwrap();
        let ledger = state.ledger.as_ref().unwrap();
        assert!(artifact.matches_runtime(&ledger.code(address, ledger.head()).unwrap()));
    }
}

#[test]
fn refuses_committees_that_protect_nothing() {
    let mut harness = Harness::deployed();
    let registry = |committee: &[_], threshold| {
        let founding = deploy::Founding { committee, threshold, salt: B256::ZERO };
        deploy::creation_codes(&deploy::addresses(Address::ZERO, 0), &founding)[0].0.clone()
    };
    let mut twins = committee();
    twins[1].statement_key = twins[0].statement_key;
    let mut same_address = committee();
    same_address[2].address = same_address[0].address;
    let mut nobody = committee();
    nobody[0].transport_key_hash = B256::ZERO;
    for (nodes, threshold) in [
        (committee(), 1),
        (committee(), 4),
        (committee()[..1].to_vec(), 1),
        (Vec::new(), 2),
        (twins, 2),
        (same_address, 2),
        (nobody, 2),
    ] {
        assert!(harness.send(60, None, registry(&nodes, threshold)).is_err());
    }
}

/// A transaction that mints as a contract of its own, grants the action, and hands the token over (to nobody:
/// burns it), all at once. The code that creates the contract does it.
fn mint_grant_and_hand_over(harness: &Harness, sender: u8, to: Option<Address>) -> (U256, Bytes) {
    let contracts = harness.contracts;
    let id = token_id(&next_key(harness));
    // Its sender never sent anything before.
    let minter = harness.address(sender).create(0);
    let last = match to {
        Some(to) => encode::transfer(minter, to, id),
        None => encode::burn(id),
    };
    let calls = [
        (contracts.pkp_nft, encode::mint_next(DEFAULT_KEY_SET_ID)),
        (contracts.pkp_permissions, encode::add_permitted(id, &Subject::Action(ACTION), &[1])),
        (contracts.pkp_nft, last),
    ];
    (id, creation_that_calls(&calls))
}

/// Creation code that makes these calls one after the other and reverts if one of them fails.
fn creation_that_calls(calls: &[(Address, Bytes)]) -> Bytes {
    const CALL_BYTES: usize = 53;
    let two = |number: usize| u16::try_from(number).unwrap().to_be_bytes();
    let mut data_at = calls.len() * CALL_BYTES + 1;
    let (mut code, mut data) = (Vec::new(), Vec::new());
    for (to, input) in calls {
        let length = two(input.len());
        // CODECOPY the input to memory, CALL with it, and go on behind the REVERT if that gave 1.
        code.extend([&[0x61][..], &length, &[0x61], &two(data_at), &[0x60, 0, 0x39]].concat());
        code.extend([&[0x60, 0, 0x60, 0, 0x61][..], &length, &[0x60, 0, 0x60, 0, 0x73]].concat());
        code.extend([to.as_slice(), &[0x5a, 0xf1, 0x61]].concat());
        let go_on = code.len() + 8;
        code.extend([&two(go_on)[..], &[0x57, 0x60, 0, 0x60, 0, 0xfd, 0x5b]].concat());
        data_at += input.len();
        data.extend_from_slice(input);
    }
    code.push(0);
    [code, data].concat().into()
}

#[test]
fn grants_of_the_minting_transaction_do_not_come_with_a_gift() {
    let mut harness = Harness::with_root();
    let (stranger, sender_itself) = (harness.address(51), harness.address(62));
    for (sender, stays) in [(61, false), (62, true), (63, true), (64, true)] {
        let key = next_key(&harness);
        let to = match sender {
            61 => Some(stranger),
            62 => Some(sender_itself),
            63 => None,
            // The key's own address.
            _ => Some(Address::from_slice(&keccak256(&key[1..])[12..])),
        };
        let (id, code) = mint_grant_and_hand_over(&harness, sender, to);
        let tx = harness.send(sender, None, code).unwrap();
        let reset = tx.logs.iter().any(|log| PKPPermissions::PermissionsReset::decode_log(log).is_ok());
        let grant = harness.view.grant(id, &Subject::Action(ACTION), At::Latest).unwrap();
        assert_eq!((grant.member, reset), (stays, !stays), "sender {sender}");
        let (kind, subject) = Subject::Action(ACTION).auth_method();
        let maker = PKPPermissions::grantedByCall { tokenId: id, authMethodType: kind, id: subject };
        let maker = harness.call(harness.contracts.pkp_permissions, &maker).unwrap();
        // What came with the key was not granted by who owns it now.
        let expected = if stays { harness.address(sender).create(0) } else { Address::ZERO };
        assert_eq!(maker, expected, "sender {sender}");
    }
}

/// The public key that is minted next.
pub(super) fn next_key(harness: &Harness) -> [u8; 65] {
    let key_id = harness.call(harness.contracts.pkp_nft, &PKPNFT::getNextDerivedKeyIdCall {}).unwrap();
    let derived = PubkeyRouter::getDerivedPubkeyCall {
        stakingContract: harness.contracts.node_registry,
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        derivedKeyId: key_id,
    };
    let key = harness.call(harness.contracts.pubkey_router, &derived).unwrap();
    key.as_ref().try_into().unwrap()
}

#[test]
fn who_granted_stays_with_the_grant_and_goes_with_it() {
    let mut harness = Harness::with_root();
    let (id, _) = mint(&mut harness, 50);
    let permissions = harness.contracts.pkp_permissions;
    let subjects: Vec<Subject> = (1..4).map(|mark| Subject::Address(Address::repeat_byte(mark))).collect();
    for subject in &subjects {
        harness.send(50, Some(permissions), encode::add_permitted(id, subject, &[1])).unwrap();
    }
    // Removing one moves another in the list.
    harness.send(50, Some(permissions), encode::remove_permitted(id, &subjects[0])).unwrap();
    let owner = harness.address(50);
    for (subject, expected) in subjects.iter().zip([Address::ZERO, owner, owner]) {
        let (kind, name) = subject.auth_method();
        let call = PKPPermissions::grantedByCall { tokenId: id, authMethodType: kind, id: name };
        assert_eq!(harness.call(permissions, &call).unwrap(), expected);
    }
}

#[test]
fn gas_stays_within_its_budget() {
    let mut harness = Harness::with_root();
    let nft = harness.contracts.pkp_nft;
    // The first mint pays for fresh counters, so the second is measured.
    mint(&mut harness, 50);
    let minted = harness.send(50, Some(nft), encode::mint_next(DEFAULT_KEY_SET_ID)).unwrap();
    let id = U256::from_be_bytes(minted.logs[0].topics()[1].0);
    let granted = harness
        .send(
            50,
            Some(harness.contracts.pkp_permissions),
            encode::add_permitted(id, &Subject::Action(ACTION), &[1]),
        )
        .unwrap();
    let all =
        harness.send(50, Some(nft), encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &ACTION)).unwrap();
    println!("gas: mint {}, grant {}, mint-grant-burn {}", minted.gas_used, granted.gas_used, all.gas_used);
    assert!(minted.gas_used < 430_000 && granted.gas_used < 280_000 && all.gas_used < 560_000);
}

#[test]
fn grant_slots_are_where_the_view_looks() {
    let permissions = artifacts::pkp_permissions();
    let slots = ["_grants", "permEpoch", "_userPubkeys"].map(|variable| permissions.slot(variable));
    assert_eq!(slots, [U256::ZERO, U256::ONE, U256::from(2)]);
}
