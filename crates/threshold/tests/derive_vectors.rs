//! The published vectors of key derivation, which the contracts and the SDKs are compared with too.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

use quorate_threshold::{Misuse, Purpose, derive};

fn bytes<const N: usize>(vector: &serde_json::Value, name: &str) -> [u8; N] {
    hex::decode(vector[name].as_str().unwrap()).unwrap().try_into().unwrap()
}

#[test]
fn derives_as_the_published_vectors_say() {
    let file: serde_json::Value = serde_json::from_str(include_str!("vectors/derive.json")).unwrap();
    assert_eq!(file["dst"].as_str().unwrap().as_bytes(), derive::KEY_ID_DST);
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let root = bytes::<33>(vector, "root");
        let key_id = bytes::<32>(vector, "key_id");
        assert_eq!(derive::tweak(&key_id).unwrap(), bytes::<32>(vector, "tweak"));
        let key = derive::public_key(&root, &key_id).unwrap();
        assert_eq!(key, bytes::<33>(vector, "public_key"));
        assert_eq!(derive::uncompressed(&root).unwrap(), bytes::<65>(vector, "root_uncompressed"));
        assert_eq!(derive::uncompressed(&key).unwrap(), bytes::<65>(vector, "public_key_uncompressed"));
    }
}

#[test]
fn derives_on_the_other_curves_as_another_implementation_does() {
    let file: serde_json::Value = serde_json::from_str(include_str!("vectors/derive_more.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let named = |purpose: &Purpose| purpose.name() == vector["purpose"];
        let purpose = Purpose::ALL.into_iter().find(named).unwrap();
        let dst = match purpose {
            Purpose::SignP256 => derive::KEY_ID_DST_P256,
            Purpose::SignEd25519 => derive::KEY_ID_DST_ED25519,
            _ => panic!("{purpose}"),
        };
        assert_eq!(vector["dst"].as_str().unwrap().as_bytes(), dst);
        let key_id = bytes::<32>(vector, "key_id");
        let root = hex::decode(vector["root"].as_str().unwrap()).unwrap();
        let key = hex::decode(vector["public_key"].as_str().unwrap()).unwrap();
        assert_eq!(derive::tweak_of(purpose, &key_id).unwrap(), bytes::<32>(vector, "tweak"));
        assert_eq!(derive::public_key_of(purpose, &root, &key_id).unwrap(), key);
        assert_eq!(derive::public_key_of(purpose, &root[1..], &key_id), Err(Misuse::PublicKey));
    }
}

#[test]
fn derives_alike_by_purpose_and_by_curve_and_from_no_root_of_values() {
    let root = bytes::<33>(
        &serde_json::from_str::<serde_json::Value>(include_str!("vectors/derive.json")).unwrap()["vectors"]
            [0],
        "root",
    );
    for id in [[1; 32], [2; 32]] {
        let key = derive::public_key_of(Purpose::SignSecp256k1, &root, &id).unwrap();
        assert_eq!(key, derive::public_key(&root, &id).unwrap());
        assert_eq!(derive::tweak_of(Purpose::SignSecp256k1, &id), derive::tweak(&id));
    }
    for purpose in [Purpose::Decrypt, Purpose::Session, Purpose::Random] {
        assert_eq!(derive::tweak_of(purpose, &[1; 32]), Err(Misuse::NoDerivation));
        assert_eq!(derive::public_key_of(purpose, &root, &[1; 32]), Err(Misuse::NoDerivation));
    }
}
