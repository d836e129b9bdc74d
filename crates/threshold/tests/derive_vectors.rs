//! The published vectors of key derivation, which the contracts and the SDKs are compared with too.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

use quorate_threshold::derive;

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
