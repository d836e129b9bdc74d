//! Composite mints: all of it or nothing, and nothing stays with the composite.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolEvent as _};

use super::{
    contracts::{ACTION, next_key},
    harness::Harness,
};
use crate::{
    abi::{PKPHelper, PKPHelperWithoutKeySet, PKPNFT},
    subject::{DEFAULT_KEY_SET_ID, Subject, token_id},
    view::At,
};

alloy_sol_types::sol! {
    function balanceOf(address owner) external view returns (uint256);
}

fn login(id: &str) -> Subject {
    Subject::AuthMethod { kind: U256::from(6), id: id.as_bytes().to_vec() }
}

fn terms() -> Vec<(Subject, Bytes, Vec<u8>)> {
    vec![
        (Subject::Action(ACTION), Bytes::new(), vec![1]),
        (Subject::Address(Address::repeat_byte(0xaa)), Bytes::new(), vec![2, 255]),
        (login("somebody"), Bytes::from_static(b"their key"), vec![]),
    ]
}

/// What becomes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The caller owns it.
    Caller,
    /// The key owns itself.
    Itself,
    /// Nobody does: the token is burnt, and its grants are frozen.
    Nobody,
}

/// `mintWith`: subjects, each with the key that proves it and its scopes, the scopes of the key's own address if it is
/// permitted, and what becomes of the token.
fn mint_with(
    key_set: &str,
    subjects: &[(Subject, Bytes, Vec<u8>)],
    own_address: Option<&[u8]>,
    keep: Keep,
) -> Bytes {
    let words = |scopes: &[u8]| scopes.iter().map(|scope| U256::from(*scope)).collect::<Vec<_>>();
    let method = |(subject, user_pubkey, _): &(Subject, Bytes, Vec<u8>)| {
        let (kind, id) = subject.auth_method();
        PKPHelper::AuthMethod { authMethodType: kind, id, userPubkey: user_pubkey.clone() }
    };
    let terms = PKPHelper::MintTerms {
        keyType: U256::from(2),
        keySetId: key_set.to_owned(),
        methods: subjects.iter().map(method).collect(),
        scopes: subjects.iter().map(|(_, _, scopes)| words(scopes)).collect(),
        permitPkpAddress: own_address.is_some(),
        pkpAddressScopes: own_address.map(words).unwrap_or_default(),
        sendPkpToItself: keep == Keep::Itself,
        burnPkp: keep == Keep::Nobody,
    };
    PKPHelper::mintWithCall { terms }.abi_encode().into()
}

impl Harness {
    /// Mints with these terms.
    pub(super) fn mint_with(
        &mut self,
        from: u8,
        terms: &[(Subject, Bytes, Vec<u8>)],
        own: Option<&[u8]>,
        keep: Keep,
    ) -> Result<U256, String> {
        let data = mint_with(DEFAULT_KEY_SET_ID, terms, own, keep);
        self.mint_by_helper(from, data)
    }

    fn mint_by_helper(&mut self, from: u8, data: Bytes) -> Result<U256, String> {
        let tx = self.send(from, Some(self.companions.pkp_helper), data)?;
        assert!(self.kept_by_helper().is_zero());
        Ok(U256::from_be_bytes(tx.logs[0].topics()[1].0))
    }

    /// How many tokens the composite holds.
    pub(super) fn kept_by_helper(&self) -> U256 {
        self.call(self.contracts.pkp_nft, &balanceOfCall { owner: self.companions.pkp_helper }).unwrap()
    }

    fn granted(&self, token: U256, subject: &Subject) -> Option<Vec<u8>> {
        let grant = self.view.grant(token, subject, At::Latest).unwrap();
        grant.member.then(|| grant.scopes.iter().collect())
    }
}

#[test]
fn everything_is_permitted_and_the_token_is_where_the_terms_say() {
    let mut harness = Harness::with_root();
    for (keep, own) in [
        (Keep::Caller, None),
        (Keep::Caller, Some(&[1][..])),
        (Keep::Itself, Some(&[2, 4])),
        (Keep::Nobody, Some(&[])),
    ] {
        let token = harness.mint_with(50, &terms(), own, keep).unwrap();
        let pkp = harness.view.pkp(token, At::Latest).unwrap().unwrap();
        let itself = pkp.eth_address();
        let owner = match keep {
            Keep::Caller => Some(harness.address(50)),
            Keep::Itself => Some(itself),
            Keep::Nobody => None,
        };
        assert_eq!(pkp.owner, owner, "{keep:?}");
        for (subject, user_pubkey, scopes) in terms() {
            assert_eq!(harness.granted(token, &subject), Some(scopes), "{keep:?} {subject:?}");
            assert_eq!(harness.view.user_pubkey(token, &subject, At::Latest).unwrap(), user_pubkey);
        }
        assert_eq!(harness.granted(token, &Subject::Address(itself)), own.map(<[u8]>::to_vec), "{keep:?}");
    }
}

/// The four published forms, in the words of each generation.
fn published(send_to_itself: bool) -> [Bytes; 4] {
    let (types, ids) = (vec![U256::from(6)], vec![Bytes::from_static(b"somebody")]);
    let (user_pubkeys, scopes) = (vec![Bytes::from_static(b"their key")], vec![vec![U256::from(2)]]);
    let two = U256::from(2);
    let (actions, addresses) = (vec![Bytes::copy_from_slice(&ACTION)], vec![Address::repeat_byte(0xaa)]);
    let newer = PKPHelper::mintNextAndAddAuthMethodsCall {
        keyType: two,
        keySetId: "naga-keyset1".to_owned(),
        permittedAuthMethodTypes: types.clone(),
        permittedAuthMethodIds: ids.clone(),
        permittedAuthMethodPubkeys: user_pubkeys.clone(),
        permittedAuthMethodScopes: scopes.clone(),
        addPkpEthAddressAsPermittedAddress: true,
        sendPkpToItself: send_to_itself,
    };
    let older = PKPHelperWithoutKeySet::mintNextAndAddAuthMethodsCall {
        keyType: two,
        permittedAuthMethodTypes: types.clone(),
        permittedAuthMethodIds: ids.clone(),
        permittedAuthMethodPubkeys: user_pubkeys.clone(),
        permittedAuthMethodScopes: scopes.clone(),
        addPkpEthAddressAsPermittedAddress: true,
        sendPkpToItself: send_to_itself,
    };
    let newer_types = PKPHelper::mintNextAndAddAuthMethodsWithTypesCall {
        params: PKPHelper::MintNextAndAddAuthMethodsWithTypesParams {
            keyType: two,
            keySetId: "naga-keyset1".to_owned(),
            permittedIpfsCIDs: actions.clone(),
            permittedIpfsCIDScopes: vec![vec![U256::ONE]],
            permittedAddresses: addresses.clone(),
            permittedAddressesScopes: vec![vec![U256::from(255)]],
            permittedAuthMethodTypes: types.clone(),
            permittedAuthMethodIds: ids.clone(),
            permittedAuthMethodPubkeys: user_pubkeys.clone(),
            permittedAuthMethodScopes: scopes.clone(),
            addPkpEthAddressAsPermittedAddress: true,
            sendPkpToItself: send_to_itself,
        },
    };
    let older_types = PKPHelperWithoutKeySet::mintNextAndAddAuthMethodsWithTypesCall {
        keyType: two,
        permittedIpfsCIDs: actions,
        permittedIpfsCIDScopes: vec![vec![U256::ONE]],
        permittedAddresses: addresses,
        permittedAddressScopes: vec![vec![U256::from(255)]],
        permittedAuthMethodTypes: types,
        permittedAuthMethodIds: ids,
        permittedAuthMethodPubkeys: user_pubkeys,
        permittedAuthMethodScopes: scopes,
        addPkpEthAddressAsPermittedAddress: true,
        sendPkpToItself: send_to_itself,
    };
    [newer.abi_encode(), older.abi_encode(), newer_types.abi_encode(), older_types.abi_encode()]
        .map(Bytes::from)
}

#[test]
fn both_generations_mint_with_logins_in_their_own_words() {
    let mut harness = Harness::with_root();
    for send_to_itself in [false, true] {
        for (index, data) in published(send_to_itself).into_iter().enumerate() {
            let token = harness.mint_by_helper(50, data).unwrap();
            let pkp = harness.view.pkp(token, At::Latest).unwrap().unwrap();
            let itself = pkp.eth_address();
            assert_eq!(pkp.owner, Some(if send_to_itself { itself } else { harness.address(50) }));
            assert_eq!(pkp.key_set, DEFAULT_KEY_SET_ID);
            assert_eq!(harness.granted(token, &login("somebody")), Some(vec![2]));
            assert_eq!(harness.granted(token, &Subject::Address(itself)), Some(vec![]));
            let with_types = index >= 2;
            assert_eq!(harness.granted(token, &Subject::Action(ACTION)), with_types.then(|| vec![1]));
            let user = Subject::Address(Address::repeat_byte(0xaa));
            assert_eq!(harness.granted(token, &user), with_types.then(|| vec![255]));
        }
    }
}

#[test]
fn a_malformed_fifth_permission_leaves_nothing() {
    let mut harness = Harness::with_root();
    let next = next_key(&harness);
    let cases = [
        (Subject::Action([7; 34]), Bytes::new(), vec![1], "InvalidSubject"),
        (login(""), Bytes::new(), vec![1], "InvalidSubject"),
        (login(&"i".repeat(1025)), Bytes::new(), vec![1], "InvalidSubject"),
        (login("fifth"), Bytes::from(vec![1; 1025]), vec![1], "InvalidSubject"),
        (login("fifth"), Bytes::new(), vec![0], "InvalidScope"),
        (login("first"), Bytes::from_static(b"another key"), vec![1], "UserPubkeyMismatch"),
    ];
    for (subject, user_pubkey, scopes, error) in cases {
        let mut terms = terms();
        terms.push((login("first"), Bytes::from_static(b"a key"), vec![1]));
        terms.push((subject, user_pubkey, scopes));
        for keep in [Keep::Caller, Keep::Itself, Keep::Nobody] {
            let refused = harness.mint_with(50, &terms, Some(&[1]), keep).unwrap_err();
            assert!(refused.contains(error), "{refused}");
        }
        let token = token_id(&next);
        assert_eq!(harness.view.pkp(token, At::Latest).unwrap(), None, "nothing was minted");
        for (subject, ..) in &terms {
            assert_eq!(harness.granted(token, subject), None);
        }
        assert_eq!(next_key(&harness), next);
    }
    assert!(harness.kept_by_helper().is_zero());
}

#[test]
fn refuses_terms_that_contradict_themselves() {
    let mut harness = Harness::with_root();
    let helper = harness.companions.pkp_helper;
    let empty = PKPHelper::MintTerms {
        keyType: U256::from(2),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        methods: Vec::new(),
        scopes: Vec::new(),
        permitPkpAddress: false,
        pkpAddressScopes: Vec::new(),
        sendPkpToItself: false,
        burnPkp: false,
    };
    let with = |change: fn(&mut PKPHelper::MintTerms)| {
        let mut terms = empty.clone();
        change(&mut terms);
        Bytes::from(PKPHelper::mintWithCall { terms }.abi_encode())
    };
    let cases = [
        (with(|terms| (terms.burnPkp, terms.sendPkpToItself) = (true, true)), "BurnOrSend"),
        (with(|terms| terms.scopes.push(Vec::new())), "LengthMismatch"),
        (with(|terms| terms.pkpAddressScopes.push(U256::ONE)), "LengthMismatch"),
        (with(|terms| terms.keyType = U256::ZERO), "UnsupportedKeyType"),
        (with(|terms| terms.keySetId.clear()), "RootKeysNotSet"),
    ];
    for (data, error) in cases {
        let refused = harness.send(50, Some(helper), data).unwrap_err();
        assert!(refused.contains(error), "{refused}");
    }
    let uneven = PKPHelper::mintNextAndAddAuthMethodsCall {
        keyType: U256::from(2),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        permittedAuthMethodTypes: vec![U256::from(6)],
        permittedAuthMethodIds: vec![Bytes::from_static(b"id")],
        permittedAuthMethodPubkeys: Vec::new(),
        permittedAuthMethodScopes: vec![Vec::new()],
        addPkpEthAddressAsPermittedAddress: false,
        sendPkpToItself: false,
    };
    let refused = harness.send(50, Some(helper), uneven.abi_encode().into()).unwrap_err();
    assert!(refused.contains("LengthMismatch"), "{refused}");
    // Nothing at all is permitted: a plain mint.
    let token = harness.mint_by_helper(50, with(|_| ())).unwrap();
    assert_eq!(harness.view.pkp(token, At::Latest).unwrap().unwrap().owner, Some(harness.address(50)));
}

/// The token contract would void the grants of a token that a contract is handed; the helper says so instead.
#[test]
fn a_contract_that_wants_the_token_itself_is_refused_by_name() {
    let mut harness = Harness::with_root();
    let (helper, puppet) = (harness.companions.pkp_helper, harness.puppet());
    let mint = |keep| mint_with(DEFAULT_KEY_SET_ID, &terms(), None, keep);
    let refused = harness.act(50, puppet, &[(helper, mint(Keep::Caller))]).unwrap_err();
    assert!(refused.contains("ReceiverMustSend"), "{refused}");
    for data in published(false) {
        let refused = harness.act(50, puppet, &[(helper, data)]).unwrap_err();
        assert!(refused.contains("ReceiverMustSend"), "{refused}");
    }
    for keep in [Keep::Itself, Keep::Nobody] {
        let tx = harness.act(50, puppet, &[(helper, mint(keep))]).unwrap();
        let token = PKPNFT::PKPMinted::decode_log(&tx.logs[0]).unwrap().data.tokenId;
        assert_eq!(harness.granted(token, &login("somebody")), Some(vec![]));
    }
    assert!(harness.kept_by_helper().is_zero());
}

#[test]
fn a_mint_with_two_logins_and_self_ownership_stays_within_its_budget() {
    let mut harness = Harness::with_root();
    let logins: Vec<_> = ["first", "second"]
        .map(|name| (login(&format!("{name}{}", "x".repeat(27))), Bytes::new(), vec![1]))
        .to_vec();
    // The first mint pays for fresh counters, so the second is measured.
    harness.mint_with(50, &logins, Some(&[1]), Keep::Itself).unwrap();
    let data = mint_with(DEFAULT_KEY_SET_ID, &logins, Some(&[1]), Keep::Itself);
    let tx = harness.send(51, Some(harness.companions.pkp_helper), data).unwrap();
    println!("gas: helper mint with two logins and self-ownership {}", tx.gas_used);
    assert!(tx.gas_used <= 1_200_000, "{}", tx.gas_used);
}
