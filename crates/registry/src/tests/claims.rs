//! Keys that nodes attest to be somebody's, and everybody who would like to have one without that.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolEvent as _};

use super::{
    contracts::{mint, next_key},
    harness::{Claim, Harness, NODES, key, sign},
};
use crate::{
    abi::{PKPHelper, PKPNFT, PKPNFTWithoutKeySet, PubkeyRouter},
    encode,
    subject::{DEFAULT_KEY_SET_ID, Subject, token_id},
    view::At,
};

const KEY_ID: B256 = B256::repeat_byte(0x77);

impl Harness {
    /// What nodes attest if an account claims for itself.
    pub(super) fn claim_of(&self, account: u8) -> Claim {
        let receiver = self.address(account);
        Claim { key_id: KEY_ID, receiver, minter: receiver, by_all: false }
    }

    /// Claims with these signatures.
    pub(super) fn claim(
        &mut self,
        from: u8,
        key_id: B256,
        signatures: Vec<PKPNFT::Signature>,
    ) -> Result<U256, String> {
        let call = PKPNFT::claimAndMintCall {
            realmId: U256::ONE,
            keyType: U256::from(2),
            keySetId: DEFAULT_KEY_SET_ID.to_owned(),
            derivedKeyId: key_id,
            signatures,
            stakingContractAddress: self.contracts.node_registry,
        };
        let tx = self.send(from, Some(self.contracts.pkp_nft), call.abi_encode().into())?;
        Ok(PKPNFT::PKPMinted::decode_log(&tx.logs[0]).expect("the first log tells of the mint").data.tokenId)
    }

    fn owner(&self, token: U256) -> Option<Address> {
        self.view.pkp(token, At::Latest).unwrap().and_then(|pkp| pkp.owner)
    }
}

#[test]
fn a_threshold_of_nodes_gives_the_key_of_a_tagged_id() {
    let mut harness = Harness::with_root();
    let claim = harness.claim_of(50);
    let digest = PKPNFT::claimDigestCall {
        keyType: U256::from(2),
        keySetId: "naga-keyset1".to_owned(),
        derivedKeyId: claim.key_id,
        receiver: claim.receiver,
        minter: claim.minter,
        byAll: false,
    };
    let digest = harness.call(harness.contracts.pkp_nft, &digest).unwrap();
    assert_eq!(digest, claim.digest(7470, harness.contracts.pkp_nft));
    let next = next_key(&harness);
    let token = harness.claim(50, KEY_ID, harness.attest(&[2, 0], &claim)).unwrap();
    let pkp = harness.view.pkp(token, At::Latest).unwrap().unwrap();
    assert_eq!((pkp.owner, pkp.key_id), (Some(claim.receiver), KEY_ID));
    // A claim is not a mint: the next key stays the next.
    assert_eq!(next_key(&harness), next);
    assert_eq!(mint(&mut harness, 51).0, token_id(&next));
}

#[test]
fn the_logs_of_a_claim_carry_the_token_where_clients_look() {
    let mut harness = Harness::with_root();
    let signatures = harness.attest(&[0, 1], &harness.claim_of(50));
    let call = PKPNFTWithoutKeySet::claimAndMintCall {
        keyType: U256::from(2),
        derivedKeyId: KEY_ID,
        signatures: signatures
            .into_iter()
            .map(|one| PKPNFTWithoutKeySet::Signature { r: one.r, s: one.s, v: one.v })
            .collect(),
        stakingContractAddress: harness.contracts.node_registry,
    };
    let tx = harness.send(50, Some(harness.contracts.pkp_nft), call.abi_encode().into()).unwrap();
    let token = PKPNFT::PKPMinted::decode_log(&tx.logs[0]).unwrap().data.tokenId;
    // The older generation takes the second log after a claim, and the first after a mint.
    let claimed = PKPNFT::PKPClaimed::decode_log(&tx.logs[1]).unwrap().data;
    assert_eq!((claimed.tokenId, claimed.derivedKeyId, claimed.byAll), (token, KEY_ID, false));
    assert_eq!(tx.logs[1].topics()[1], B256::from(token));
    assert_eq!(PKPNFT::Transfer::decode_log(&tx.logs[2]).unwrap().data.tokenId, token);
}

#[test]
fn an_untagged_id_needs_every_node() {
    let mut harness = Harness::with_root();
    let claim = Claim { by_all: true, ..harness.claim_of(50) };
    for nodes in [&[0, 1][..], &[1, 2], &[2]] {
        let refused = harness.claim(50, KEY_ID, harness.attest(nodes, &claim)).unwrap_err();
        assert!(refused.contains("WrongSignatureCount"), "{refused}");
    }
    // What a threshold said of one text does not make up for what is missing of the other.
    let mut mixed = harness.attest(&[0, 1, 2], &claim);
    mixed[2] = harness.attest(&[0, 1, 2], &harness.claim_of(50))[2].clone();
    assert!(harness.claim(50, KEY_ID, mixed).unwrap_err().contains("NotNodeSignature"));
    let token = harness.claim(50, KEY_ID, harness.attest(&[0, 1, 2], &claim)).unwrap();
    assert_eq!(harness.owner(token), Some(claim.receiver));
}

#[test]
fn refuses_attestations_that_are_not_of_distinct_nodes_over_this_text() {
    let mut harness = Harness::with_root();
    let claim = harness.claim_of(50);
    let good = harness.attest(&[0, 1], &claim);
    let elsewhere = |chain, contract, nodes: &[u8]| {
        let mut nodes = nodes.to_vec();
        nodes.sort_by_key(|node| harness.address(*node));
        nodes.into_iter().map(|node| sign(node, claim.digest(chain, contract))).collect::<Vec<_>>()
    };
    let high = {
        let mut high = good.clone();
        let order = U256::from_be_slice(&alloy_primitives::hex!(
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
        ));
        high[1].s = (order - U256::from_be_bytes(high[1].s.0)).into();
        high[1].v = 55 - high[1].v;
        high
    };
    let with = |place: usize, change: fn(&mut PKPNFT::Signature)| {
        let mut changed = good.clone();
        change(&mut changed[place]);
        changed
    };
    let nft = harness.contracts.pkp_nft;
    let stranger = {
        let digest = claim.digest(7470, nft);
        let mut both = vec![good[0].clone(), sign(60, digest)];
        both.sort_by_key(|one| one.s != good[0].s);
        both
    };
    let cases: Vec<(&str, Vec<PKPNFT::Signature>, &str)> = vec![
        ("none", Vec::new(), "WrongSignatureCount"),
        ("one", good[..1].to_vec(), "WrongSignatureCount"),
        ("one twice", vec![good[0].clone(), good[0].clone()], "SignersNotAscending"),
        ("descending", good.iter().rev().cloned().collect(), "SignersNotAscending"),
        ("more than nodes", vec![good[0].clone(); 4], "WrongSignatureCount"),
        ("another chain", elsewhere(7471, nft, &[0, 1]), "NotNodeSignature"),
        ("another contract", elsewhere(7470, harness.contracts.pubkey_router, &[0, 1]), "NotNodeSignature"),
        ("a stranger", stranger, "NotNodeSignature"),
        ("high s", high, "BadSignature"),
        ("v of 0", with(0, |one| one.v -= 27), "BadSignature"),
        ("v of 29", with(1, |one| one.v = 29), "BadSignature"),
        ("no signature", with(0, |one| one.r = B256::ZERO), "BadSignature"),
        ("of another receiver", harness.attest(&[0, 1], &harness.claim_of(51)), "NotNodeSignature"),
        (
            "of another id",
            harness.attest(&[0, 1], &Claim { key_id: B256::repeat_byte(1), ..claim }),
            "NotNodeSignature",
        ),
        (
            "for another minter",
            harness.attest(&[0, 1], &Claim { minter: harness.companions.pkp_helper, ..claim }),
            "NotNodeSignature",
        ),
    ];
    for (what, signatures, error) in cases {
        let refused = harness.claim(50, KEY_ID, signatures).unwrap_err();
        assert!(refused.contains(error), "{what}: {refused}");
    }
    // Somebody else with what was attested for account 50.
    assert!(harness.claim(51, KEY_ID, good.clone()).unwrap_err().contains("NotNodeSignature"));
    harness.claim(50, KEY_ID, good).unwrap();
}

#[test]
fn a_key_is_claimed_once_for_ever_and_never_after_its_mint() {
    let mut harness = Harness::with_root();
    let signatures = harness.attest(&[0, 1], &harness.claim_of(50));
    let token = harness.claim(50, KEY_ID, signatures.clone()).unwrap();
    assert!(harness.claim(50, KEY_ID, signatures.clone()).unwrap_err().contains("AlreadyRouted"));
    harness.send(50, Some(harness.contracts.pkp_nft), encode::burn(token)).unwrap();
    assert!(harness.claim(50, KEY_ID, signatures).unwrap_err().contains("AlreadyRouted"));
    let others = harness.attest(&[1, 2], &harness.claim_of(51));
    assert!(harness.claim(51, KEY_ID, others).unwrap_err().contains("AlreadyRouted"));
    // The id of a key that was minted, attested by all the same.
    let (minted, _) = mint(&mut harness, 50);
    let key_id = harness.view.pkp(minted, At::Latest).unwrap().unwrap().key_id;
    let claim = Claim { key_id, by_all: true, ..harness.claim_of(51) };
    let signatures = harness.attest(&[0, 1, 2], &claim);
    assert!(harness.claim(51, key_id, signatures).unwrap_err().contains("AlreadyRouted"));
    assert_eq!(harness.owner(minted), Some(harness.address(50)));
}

#[test]
fn a_claim_names_this_network_and_a_known_kind_of_key() {
    let mut harness = Harness::with_root();
    let signatures = harness.attest(&[0, 1], &harness.claim_of(50));
    let call = PKPNFT::claimAndMintForCall {
        realmId: U256::ONE,
        keyType: U256::from(2),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        derivedKeyId: KEY_ID,
        signatures,
        stakingContractAddress: harness.contracts.node_registry,
        receiver: harness.address(50),
    };
    let other = |change: fn(&mut PKPNFT::claimAndMintForCall)| {
        let mut call = call.clone();
        change(&mut call);
        Bytes::from(call.abi_encode())
    };
    for (data, error) in [
        (other(|call| call.realmId = U256::from(2)), "UnknownRealm"),
        (other(|call| call.stakingContractAddress = Address::repeat_byte(1)), "WrongStakingContract"),
        (other(|call| call.receiver = Address::ZERO), "BadReceiver"),
        (other(|call| call.receiver = Address::repeat_byte(1)), "NotNodeSignature"),
        (other(|call| call.keyType = U256::from(3)), "NotNodeSignature"),
        (other(|call| "other".clone_into(&mut call.keySetId)), "NotNodeSignature"),
    ] {
        let refused = harness.send(50, Some(harness.contracts.pkp_nft), data).unwrap_err();
        assert!(refused.contains(error), "{refused}");
    }
}

/// The composite claims for its caller, and for nobody else.
#[test]
fn the_helper_claims_for_its_caller_alone() {
    let mut harness = Harness::with_root();
    let helper = harness.companions.pkp_helper;
    let claim = Claim { minter: helper, ..harness.claim_of(50) };
    let login = Subject::AuthMethod { kind: U256::from(6), id: b"somebody".to_vec() };
    let data = |claim: &Claim, terms: u64| -> Bytes {
        PKPHelper::claimAndMintNextAndAddAuthMethodsWithTypesCall {
            claimMaterial: PKPHelper::ClaimMaterial {
                keyType: U256::from(2),
                derivedKeyId: KEY_ID,
                signatures: harness
                    .attest(&[0, 2], claim)
                    .into_iter()
                    .map(|one| PKPHelper::Signature { r: one.r, s: one.s, v: one.v })
                    .collect(),
            },
            authMethodData: PKPHelper::AuthMethodData {
                keyType: U256::from(terms),
                permittedIpfsCIDs: Vec::new(),
                permittedIpfsCIDScopes: Vec::new(),
                permittedAddresses: Vec::new(),
                permittedAddressScopes: Vec::new(),
                permittedAuthMethodTypes: vec![U256::from(6)],
                permittedAuthMethodIds: vec![Bytes::from_static(b"somebody")],
                permittedAuthMethodPubkeys: vec![Bytes::new()],
                permittedAuthMethodScopes: vec![vec![U256::ONE]],
                addPkpEthAddressAsPermittedAddress: false,
                sendPkpToItself: false,
            },
        }
        .abi_encode()
        .into()
    };
    let (good, plain, mixed) = (data(&claim, 2), data(&harness.claim_of(50), 2), data(&claim, 3));
    // Attested for account 50 by way of the helper: of no use to another caller of the helper, nor directly.
    assert!(harness.send(51, Some(helper), good.clone()).unwrap_err().contains("NotNodeSignature"));
    let direct = harness.attest(&[0, 2], &claim);
    assert!(harness.claim(50, KEY_ID, direct).unwrap_err().contains("NotNodeSignature"));
    // Attested for a call of account 50's own: of no use to the helper.
    assert!(harness.send(50, Some(helper), plain).unwrap_err().contains("NotNodeSignature"));
    assert!(harness.send(50, Some(helper), mixed).unwrap_err().contains("KeyTypeMismatch"));
    let tx = harness.send(50, Some(helper), good).unwrap();
    let token = PKPNFT::PKPMinted::decode_log(&tx.logs[0]).unwrap().data.tokenId;
    assert_eq!(harness.owner(token), Some(harness.address(50)));
    assert!(harness.view.grant(token, &login, At::Latest).unwrap().member);
}

#[test]
fn a_claimed_key_is_the_one_that_its_id_gives() {
    let mut harness = Harness::with_root();
    let derived = PubkeyRouter::getDerivedPubkeyCall {
        stakingContract: harness.contracts.node_registry,
        keySetId: "naga-keyset1".to_owned(),
        derivedKeyId: KEY_ID,
    };
    let derived = harness.call(harness.contracts.pubkey_router, &derived).unwrap();
    let token = harness.claim(50, KEY_ID, harness.attest(&[1, 2], &harness.claim_of(50))).unwrap();
    assert_eq!(token, U256::from_be_bytes(keccak256(&derived).0));
    assert!((0..NODES).all(|node| key(node) != key(50)));
}
