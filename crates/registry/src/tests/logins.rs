//! The key that is recorded with a login.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolCall as _;

use super::{contracts::mint, harness::Harness};
use crate::{abi::PKPPermissions, encode, subject::Subject, view::At};

fn login() -> Subject {
    Subject::AuthMethod { kind: U256::from(3), id: b"somebody".to_vec() }
}

fn add(token: U256, user_pubkey: &[u8], scopes: &[u64]) -> Bytes {
    let (kind, id) = login().auth_method();
    PKPPermissions::addPermittedAuthMethodCall {
        tokenId: token,
        authMethod: PKPPermissions::AuthMethod {
            authMethodType: kind,
            id,
            userPubkey: Bytes::copy_from_slice(user_pubkey),
        },
        scopes: scopes.iter().map(|scope| U256::from(*scope)).collect(),
    }
    .abi_encode()
    .into()
}

#[test]
fn a_permitted_login_keeps_its_key_until_it_is_removed() {
    let mut harness = Harness::with_root();
    let (token, _) = mint(&mut harness, 50);
    let permissions = Some(harness.contracts.pkp_permissions);
    let recorded = |harness: &Harness| harness.view.user_pubkey(token, &login(), At::Latest).unwrap();
    let long = vec![7; 1024];
    for (first, others) in [
        (&b"a key"[..], [&b"another"[..], b"", b"a keyy"]),
        (b"", [b"a key", b"\0", b"another"]),
        (&long, [&long[1..], b"", b"a key"]),
        (&[5; 31], [&[5; 32], &[5; 30], b""]),
        (&[5; 32], [&[5; 31], &[6; 32], b""]),
    ] {
        harness.send(50, permissions, add(token, first, &[1])).unwrap();
        assert_eq!(recorded(&harness).as_ref(), first);
        for other in others {
            let refused = harness.send(50, permissions, add(token, other, &[2])).unwrap_err();
            assert!(refused.contains("UserPubkeyMismatch"), "{refused}");
        }
        harness.send(50, permissions, add(token, first, &[3])).unwrap();
        let grant = harness.view.grant(token, &login(), At::Latest).unwrap();
        assert!(grant.scopes.iter().eq([1, 3]));
        let (kind, id) = login().auth_method();
        let asked = PKPPermissions::getUserPubkeyCall { tokenId: token, authMethodType: kind, id };
        assert_eq!(harness.call(harness.contracts.pkp_permissions, &asked).unwrap().as_ref(), first);
        let listed = harness.view.permitted(token, At::Latest).unwrap();
        assert_eq!(listed[0].2.as_ref(), first);
        harness.send(50, permissions, encode::remove_permitted(token, &login())).unwrap();
        assert_eq!(recorded(&harness), Bytes::new());
    }
    assert!(
        harness.send(50, permissions, add(token, &[1; 1025], &[])).unwrap_err().contains("InvalidSubject")
    );
}

#[test]
fn a_key_of_a_login_goes_with_the_token_and_stays_after_a_burn() {
    let mut harness = Harness::with_root();
    let permissions = Some(harness.contracts.pkp_permissions);
    let nft = Some(harness.contracts.pkp_nft);
    let (sold, _) = mint(&mut harness, 50);
    let (burnt, _) = mint(&mut harness, 50);
    for token in [sold, burnt] {
        harness.send(50, permissions, add(token, b"a key", &[])).unwrap();
    }
    let (from, to) = (harness.address(50), harness.address(51));
    harness.send(50, nft, encode::transfer(from, to, sold)).unwrap();
    harness.send(50, nft, encode::burn(burnt)).unwrap();
    let recorded = |harness: &Harness, token| harness.view.user_pubkey(token, &login(), At::Latest).unwrap();
    assert_eq!(recorded(&harness, sold), Bytes::new());
    assert_eq!(recorded(&harness, burnt), Bytes::from_static(b"a key"));
    harness.send(51, permissions, add(sold, b"another", &[])).unwrap();
    assert_eq!(recorded(&harness, sold), Bytes::from_static(b"another"));
}
