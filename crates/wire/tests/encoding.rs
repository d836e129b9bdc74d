//! The encoding is frozen: golden bytes, and decoders that survive any input.

use proptest::prelude::*;
use quorate_wire::{
    ActionCid, Digest, ErrorCode, ExecutionRequest, Intent, MessageKind, NetworkId, NodeIndex, Offer,
    OperationNumber, PeerMessage, PublicKey, Recipient, RequestId, Scheme, Submission, Verdict, Vote, decode,
    encode, limits,
};
use sha2::{Digest as _, Sha256};

fn key() -> PublicKey {
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().expect("the generator")
}

fn third() -> OperationNumber {
    OperationNumber::from_u32(3).expect("an operation of the first run")
}

fn vote() -> Vote {
    Vote {
        network: NetworkId([1; 32]),
        epoch: 1,
        request: RequestId([2; 32]),
        operation: third(),
        seen: Vec::new(),
        verdict: Verdict::Intent(Intent {
            operation: third(),
            action: ActionCid::of_code(b"action"),
            key: key(),
            scheme: Scheme::EcdsaK256Sha256,
            kind: MessageKind::Digest,
            digest: Digest([4; 32]),
            name: "sig".to_owned(),
            recipient: Recipient::Caller,
            guest: Digest([5; 32]),
        }),
    }
}

#[test]
fn encodings_and_hashes_are_what_they_were() {
    let offer = PeerMessage::Offer(Offer {
        request: RequestId([2; 32]),
        operation: third(),
        attempt: 1,
        fresh: [6; 32],
    });
    let expected = format!("01{:02x}{}0300000001{}", 6, "02".repeat(32), "06".repeat(32));
    assert_eq!(hex::encode(encode(&offer)), expected);
    let denied = Verdict::Denied(ErrorCode::NotGranted);
    assert_eq!(encode(&denied), [1, 1, 31]);
    let bytes = encode(&vote());
    assert_eq!(decode::<Vote>(&bytes, bytes.len()).unwrap(), vote());
    let golden = "3152e4c4d7d853e3051a67d06e4b45b40a8565ea0fbe53b3f22311d3ddd3de51";
    assert_eq!(hex::encode(Sha256::digest(&bytes)), golden);
    assert_eq!(
        vote().hash().to_string(),
        "0x77cb4603e0b1f5f394e222c3c5beda6471b6a4e13bc5bf6da1dedf8a4a064eb7"
    );
}

#[test]
fn every_prefix_of_a_frame_is_refused() {
    let bytes = encode(&PeerMessage::StartPair { fresh: [7; 32] });
    for length in 0..bytes.len() {
        assert!(decode::<PeerMessage>(&bytes[..length], 1_000).is_err(), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = decode::<PeerMessage>(&bytes, limits::PEER_FRAME_BYTES_MAX);
        let versioned = [&[1u8][..], &bytes].concat();
        if let Ok(message) = decode::<PeerMessage>(&versioned, limits::PEER_FRAME_BYTES_MAX) {
            prop_assert_eq!(encode(&message), versioned, "one encoding for each value");
        }
        let _ = ExecutionRequest::parse(&bytes);
        let _ = Submission::parse(&bytes);
        let _ = NodeIndex::new(bytes.len().to_le_bytes()[0]);
    }
}
