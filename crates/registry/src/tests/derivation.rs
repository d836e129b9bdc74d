//! The contract's key derivation against an implementation that shares nothing with it, and against vectors that
//! a third one made.

use alloy_primitives::{B256, hex};
use k256::{
    ProjectivePoint, PublicKey, Scalar, U256 as K256Word,
    elliptic_curve::{ops::Reduce as _, sec1::ToSec1Point as _},
};
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::harness::{ALL_NODES, Harness, key};
use crate::{abi::PubkeyRouter, subject::DEFAULT_KEY_SET_ID};

const DST: &[u8] = b"LIT_HD_KEY_ID_K256_XMD:SHA-256_SSWU_RO_NUL_";

/// RFC 9380, 5.3.1, for 48 bytes.
fn expand_message_xmd(message: &[u8]) -> [u8; 48] {
    let dst_prime = [DST, &[u8::try_from(DST.len()).unwrap()]].concat();
    let b0 = Sha256::digest([&[0; 64], message, &[0, 48, 0], &dst_prime].concat());
    let b1 = Sha256::digest([&b0, [1].as_slice(), &dst_prime].concat());
    let mixed: Vec<u8> = b0.iter().zip(b1).map(|(left, right)| left ^ right).collect();
    let b2 = Sha256::digest([&mixed, [2].as_slice(), &dst_prime].concat());
    [b1, b2].concat()[..48].try_into().unwrap()
}

fn derive(root: &PublicKey, key_id: &[u8; 32]) -> Vec<u8> {
    let wide = expand_message_xmd(key_id);
    // high · 2^256 + low, with both halves below 2^256.
    let mut high = [0; 32];
    high[16..].copy_from_slice(&wide[..16]);
    let word = |bytes: &[u8; 32]| Scalar::reduce(&K256Word::from_be_slice(bytes));
    let two_to_128 = {
        let mut bytes = [0; 32];
        bytes[15] = 1;
        word(&bytes)
    };
    let low: [u8; 32] = wide[16..].try_into().unwrap();
    let tweak = word(&high) * two_to_128 * two_to_128 + word(&low);
    let point = root.to_projective() + ProjectivePoint::GENERATOR * tweak;
    point.to_affine().to_sec1_point(false).as_bytes().to_vec()
}

fn on_chain(harness: &Harness, key_set: &str, key_id: B256) -> Vec<u8> {
    let call = PubkeyRouter::getDerivedPubkeyCall {
        stakingContract: harness.contracts.node_registry,
        keySetId: key_set.to_owned(),
        derivedKeyId: key_id,
    };
    harness.call(harness.contracts.pubkey_router, &call).unwrap().to_vec()
}

#[test]
fn contract_derives_the_published_vectors() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../threshold/tests/vectors/derive.json")).unwrap();
    assert_eq!(vectors["dst"].as_str().unwrap().as_bytes(), DST);
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(!vectors.is_empty());
    let mut harness = Harness::deployed();
    for (index, vector) in vectors.iter().enumerate() {
        let field = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
        let key_set = format!("vector-{index}");
        harness.set_roots(ALL_NODES, &key_set, &field("root_uncompressed")).unwrap();
        let derived = on_chain(&harness, &key_set, B256::from_slice(&field("key_id")));
        assert_eq!(derived, field("public_key_uncompressed"), "vector {index}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn contract_derives_what_the_curve_library_derives(key_ids in prop::collection::vec(any::<[u8; 32]>(), 4)) {
        let harness = ROOTED.with(std::rc::Rc::clone);
        let root = PublicKey::from(*key(200).verifying_key());
        for key_id in key_ids {
            prop_assert_eq!(on_chain(&harness, DEFAULT_KEY_SET_ID, B256::from(key_id)), derive(&root, &key_id));
        }
    }
}

thread_local! {
    static ROOTED: std::rc::Rc<Harness> = std::rc::Rc::new(Harness::with_root());
}
