//! Further minters: admitted by nodes, and only ever of use for what is their own.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall as _;
use quorate_wire::{Digest, MinterAdmission, minter_digest};

use super::{
    contracts::{mint, next_key},
    harness::{Harness, NODES, Puppet, STRANGER, domain, puppet_calls, wire},
};
use crate::{
    abi::{PKPNFT, PKPPermissions, PubkeyRouter},
    encode,
    subject::{DEFAULT_KEY_SET_ID, Subject, token_id},
    view::At,
};

const KEY_ID: B256 = B256::repeat_byte(0x55);

fn route(key_id: B256) -> Bytes {
    PubkeyRouter::routeCall {
        keyType: U256::from(2),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        derivedKeyId: key_id,
    }
    .abi_encode()
    .into()
}

fn reset(token: U256) -> Bytes {
    PKPPermissions::resetOnTransferCall { tokenId: token }.abi_encode().into()
}

fn set_owner(token: U256, owner: Address) -> Bytes {
    Puppet::setOwnerCall { tokenId: token, owner }.abi_encode().into()
}

fn login() -> Subject {
    Subject::AuthMethod { kind: U256::from(6), id: b"somebody".to_vec() }
}

impl Harness {
    /// Hands over the signatures of these accounts for the code that a minter has.
    pub(super) fn admit_minter(&mut self, nodes: &[u8], minter: Address) -> Result<(), String> {
        let code = self.view.code_hash(minter, At::Latest).unwrap();
        self.admit_code(nodes, minter, code.unwrap_or(B256::repeat_byte(1)))
    }

    fn admit_code(&mut self, nodes: &[u8], minter: Address, code_hash: B256) -> Result<(), String> {
        let router = self.contracts.pubkey_router;
        let admitted = self.call(router, &PubkeyRouter::admissionsCall {}).unwrap();
        let call = self.admission(nodes, minter, code_hash, admitted + 1);
        self.send(STRANGER, Some(router), call).map(drop)
    }

    /// The call of an admission with this number, signed by these accounts.
    fn admission(&self, nodes: &[u8], minter: Address, code_hash: B256, number: u64) -> Bytes {
        let admission = MinterAdmission { minter: wire(minter), code_hash: Digest(code_hash.0), number };
        let digest = minter_digest(&domain(self.contracts.pubkey_router), &admission);
        encode::admit_minter(&admission, &self.votes(nodes, &digest))
    }

    fn is_minter(&self, account: Address) -> bool {
        self.call(self.contracts.pubkey_router, &PubkeyRouter::isMinterCall { account }).unwrap()
    }

    pub(super) fn minter_of(&self, token: U256) -> Address {
        let call = PubkeyRouter::minterOfCall { tokenId: token };
        self.call(self.contracts.pubkey_router, &call).unwrap()
    }

    /// A puppet that the nodes have admitted.
    pub(super) fn admitted(&mut self) -> Address {
        let puppet = self.puppet();
        self.admit_minter(&[0, 1], puppet).unwrap();
        puppet
    }

    /// The token of a minter's key.
    pub(super) fn key_of(&self, minter: Address, key_id: B256) -> U256 {
        let mixed = PubkeyRouter::keyIdOfCall { minter, derivedKeyId: key_id };
        let key_id = self.call(self.contracts.pubkey_router, &mixed).unwrap();
        let call = PubkeyRouter::getDerivedPubkeyCall {
            stakingContract: self.contracts.node_registry,
            keySetId: DEFAULT_KEY_SET_ID.to_owned(),
            derivedKeyId: key_id,
        };
        let key = self.call(self.contracts.pubkey_router, &call).unwrap();
        token_id(key.as_ref().try_into().unwrap())
    }
}

#[test]
fn a_threshold_of_nodes_admits_a_minter_and_fewer_do_not() {
    let mut harness = Harness::with_root();
    let puppet = harness.puppet();
    let router = harness.contracts.pubkey_router;
    for nodes in [&[][..], &[0]] {
        assert!(harness.admit_minter(nodes, puppet).unwrap_err().contains("TooFewSignatures"));
    }
    assert!(harness.admit_minter(&[0, 0], puppet).unwrap_err().contains("NotAscending"));
    // Signed for other code than there is.
    assert!(harness.admit_code(&[0, 1], puppet, B256::repeat_byte(7)).unwrap_err().contains("BadMinter"));
    assert!(harness.admit_code(&[0, 1], puppet, B256::ZERO).unwrap_err().contains("BadMinter"));
    assert!(!harness.is_minter(puppet));
    let refused = harness.act(50, puppet, &[(router, route(KEY_ID))]).unwrap_err();
    assert!(refused.contains("NotMinter"), "{refused}");
    harness.admit_minter(&[0, 2], puppet).unwrap();
    assert!(harness.is_minter(puppet));
    harness.act(50, puppet, &[(router, route(KEY_ID))]).unwrap();
    assert_eq!(harness.minter_of(harness.key_of(puppet, KEY_ID)), puppet);
    assert_eq!(harness.minter_of(U256::ONE), Address::ZERO);
    let nft = harness.contracts.pkp_nft;
    assert!(harness.is_minter(nft));
    let (minted, _) = mint(&mut harness, 50);
    assert_eq!(harness.minter_of(minted), nft);
}

#[test]
fn signatures_for_an_admission_are_void_once_another_minter_was_admitted() {
    let mut harness = Harness::with_root();
    let (router, helper) = (harness.contracts.pubkey_router, harness.companions.pkp_helper);
    let code = harness.view.code_hash(helper, At::Latest).unwrap().unwrap();
    // Signed, and sent by nobody for as long as another is admitted.
    let kept = harness.admission(&[0, 1], helper, code, 1);
    for number in [0, 2, u64::MAX] {
        let other = harness.admission(&[0, 1], helper, code, number);
        let refused = harness.send(STRANGER, Some(router), other).unwrap_err();
        assert!(refused.contains("WrongNumber"), "{refused}");
    }
    harness.admitted();
    let refused = harness.send(STRANGER, Some(router), kept).unwrap_err();
    assert!(refused.contains("WrongNumber") && refused.contains('2'), "{refused}");
    assert!(!harness.is_minter(helper));
    harness.admit_minter(&[0, 1], helper).unwrap();
    assert_eq!(harness.call(router, &PubkeyRouter::admissionsCall {}).unwrap(), 2);
}

#[test]
fn admissions_are_refused_by_name() {
    let mut harness = Harness::with_root();
    let puppet = harness.admitted();
    let nft = harness.contracts.pkp_nft;
    let helper = harness.companions.pkp_helper;
    for (other, minter, error) in [
        (NODES, helper, "NotNode"),
        (50, helper, "NotNode"),
        (0, Address::ZERO, "BadMinter"),
        (0, harness.address(50), "BadMinter"),
        (0, puppet, "AlreadyMinter"),
        (0, nft, "AlreadyMinter"),
    ] {
        let refused = harness.admit_minter(&[1, other], minter).unwrap_err();
        assert!(refused.contains(error), "{refused}");
    }
}

#[test]
fn a_further_minter_cannot_touch_what_is_not_its_own() {
    let mut harness = Harness::with_root();
    let (router, permissions) = (harness.contracts.pubkey_router, harness.contracts.pkp_permissions);
    let puppet = harness.admitted();
    let other = harness.admitted();
    let (living, _) = mint(&mut harness, 50);
    let (burnt, _) = mint(&mut harness, 50);
    for token in [living, burnt] {
        harness.send(50, Some(permissions), encode::add_permitted(token, &login(), &[1])).unwrap();
    }
    harness.send(50, Some(harness.contracts.pkp_nft), encode::burn(burnt)).unwrap();
    harness.act(50, other, &[(router, route(KEY_ID))]).unwrap();
    let foreign = harness.key_of(other, KEY_ID);
    harness.send(51, Some(other), set_owner(foreign, harness.address(51))).unwrap();
    let before: Vec<_> = [living, burnt, foreign]
        .iter()
        .map(|token| harness.view.pkp(*token, At::Latest).unwrap().unwrap())
        .collect();
    for pkp in &before {
        let token = pkp.token_id;
        // It says that it owns the token, and that its caller does.
        for owner in [puppet, harness.address(60)] {
            harness.send(60, Some(puppet), set_owner(token, owner)).unwrap();
            let add = encode::add_permitted(token, &Subject::Address(owner), &[1]);
            for (from, to, data) in [(60, permissions, reset(token)), (60, permissions, add.clone())] {
                let refused = harness.act(from, puppet, &[(to, data)]).unwrap_err();
                assert!(
                    ["NotMinter", "NotOwner", "ERC721NonexistentToken"]
                        .iter()
                        .any(|name| refused.contains(name)),
                    "{refused}"
                );
            }
            assert!(harness.send(60, Some(permissions), add).is_err());
        }
        assert_eq!(harness.view.pkp(token, At::Latest).unwrap().as_ref(), Some(pkp));
    }
    for token in [living, burnt] {
        let grant = harness.view.grant(token, &login(), At::Latest).unwrap();
        assert!(grant.member && grant.scopes.iter().eq([1]));
        let epoch = PKPPermissions::permEpochCall { tokenId: token };
        assert!(harness.call(permissions, &epoch).unwrap().is_zero());
    }
}

#[test]
fn a_further_minter_says_who_owns_its_own_tokens() {
    let mut harness = Harness::with_root();
    let (router, permissions) = (harness.contracts.pubkey_router, harness.contracts.pkp_permissions);
    let puppet = harness.admitted();
    harness.act(50, puppet, &[(router, route(KEY_ID))]).unwrap();
    let token = harness.key_of(puppet, KEY_ID);
    let owner = |harness: &Harness| harness.view.pkp(token, At::Latest).unwrap().unwrap().owner;
    assert_eq!(owner(&harness), None);
    harness.send(50, Some(puppet), set_owner(token, harness.address(51))).unwrap();
    assert_eq!(owner(&harness), Some(harness.address(51)));
    let add = encode::add_permitted(token, &login(), &[1]);
    assert!(harness.send(50, Some(permissions), add.clone()).unwrap_err().contains("NotOwner"));
    harness.send(51, Some(permissions), add).unwrap();
    let user = harness.address(51);
    let permitted = PKPPermissions::isPermittedAddressCall { tokenId: token, user };
    assert!(harness.call(permissions, &permitted).unwrap());
    let nobody = PKPPermissions::isPermittedAddressCall { tokenId: token, user: Address::ZERO };
    assert!(!harness.call(permissions, &nobody).unwrap());
    harness.act(50, puppet, &[(permissions, reset(token))]).unwrap();
    assert!(!harness.view.grant(token, &login(), At::Latest).unwrap().member);
    // The token contract of the deployment never owns it.
    let exists = PKPNFT::existsCall { tokenId: token };
    assert!(!harness.call(harness.contracts.pkp_nft, &exists).unwrap());
}

/// Whatever id a further minter asks for, the key is one of its own: not the next of PKPNFT, not an action's.
#[test]
fn a_further_minter_reaches_no_key_but_its_own() {
    let mut harness = Harness::with_root();
    let (nft, router) = (harness.contracts.pkp_nft, harness.contracts.pubkey_router);
    let puppet = harness.admitted();
    let next = next_key(&harness);
    let next_id = harness.call(nft, &PKPNFT::getNextDerivedKeyIdCall {}).unwrap();
    let action = quorate_wire::action_key_id(&quorate_wire::ActionCid::of_code(b"1;"));
    for id in [next_id, B256::from(action.0), KEY_ID] {
        harness.act(50, puppet, &[(router, route(id))]).unwrap();
        let raw = harness.key_of(nft, id);
        assert_eq!(harness.minter_of(raw), Address::ZERO, "the key that the id names is free");
        let own = harness.key_of(puppet, id);
        assert_eq!(harness.minter_of(own), puppet);
        assert_ne!(harness.view.pkp(own, At::Latest).unwrap().unwrap().key_id, id);
    }
    let (minted, _) = mint(&mut harness, 50);
    assert_eq!(minted, token_id(&next));
}

/// A receiver that acts while it is handed a token finds everything done: the grants of the former owner are void.
#[test]
fn a_receiver_that_re_enters_gains_nothing() {
    let mut harness = Harness::with_root();
    let (nft, permissions) = (harness.contracts.pkp_nft, harness.contracts.pkp_permissions);
    let puppet = harness.puppet();
    let (token, _) = mint(&mut harness, 50);
    harness.send(50, Some(permissions), encode::add_permitted(token, &login(), &[1])).unwrap();
    let (seller, send) = (
        harness.address(50),
        PKPNFT::safeTransferFromCall { from: harness.address(50), to: puppet, tokenId: token },
    );
    let send: Bytes = send.abi_encode().into();
    let tell = |calls: &[(Address, Bytes)]| -> Bytes {
        Puppet::setWhenReceivedCall { calls: puppet_calls(calls) }.abi_encode().into()
    };
    // The former owner's grant is void already: it cannot be extended, only made anew.
    let extend = encode::add_scope(token, &login(), 2);
    harness.send(60, Some(puppet), tell(&[(permissions, extend)])).unwrap();
    assert!(harness.send(50, Some(nft), send.clone()).unwrap_err().contains("NotPermitted"));
    // It may do what an owner may, and that is undone when the token goes on.
    let own = Subject::Address(puppet);
    harness
        .send(
            60,
            Some(puppet),
            tell(&[
                (permissions, encode::add_permitted(token, &own, &[1])),
                (nft, encode::transfer(puppet, seller, token)),
            ]),
        )
        .unwrap();
    harness.send(50, Some(nft), send).unwrap();
    let pkp = harness.view.pkp(token, At::Latest).unwrap().unwrap();
    assert_eq!(pkp.owner, Some(seller));
    for subject in [own, login()] {
        assert!(!harness.view.grant(token, &subject, At::Latest).unwrap().member, "{subject:?}");
    }
}
