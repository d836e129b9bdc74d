//! The encoding is frozen: golden bytes, and decoders that survive any input.

use proptest::prelude::*;
use quorate_wire::{
    ActionCid, CallBlock, ContractCall, Digest, EcdsaAnswer, ErrorCode, ExecutionRequest, FetchRequest,
    HostCall, HostReply, Intent, MessageKind, NetworkId, NodeIndex, Offer, OpenRequest, OpenTo, OpenWhat,
    OperationNumber, PeerMessage, PolicyForm, PublicKey, Recipient, Redirect, RegistryQuery, ReplyKind,
    RequestId, RpcMethod, Scheme, SignKey, SignMessage, SignRequest, Submission, Verdict, Vote, decode,
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

/// One host call of each kind, and of each kind within a kind.
fn host_calls() -> Vec<HostCall> {
    let (token, method) = ([1; 32], [2; 32]);
    let text = || "text".to_owned();
    let sign =
        |key, message, recipient| HostCall::Sign(SignRequest { key, message, name: text(), recipient });
    let open = |what, to| {
        HostCall::Open(OpenRequest { policy: "[]".to_owned(), form: PolicyForm::EvmBasic, what, to })
    };
    let rpc = |method| HostCall::Rpc { chain: text(), method };
    let contract = |block| ContractCall {
        to: [3; 20],
        data: vec![1, 2],
        from: Some([4; 20]),
        value: [5; 32],
        gas: Some(6),
        block,
    };
    let fetch = |redirect| {
        HostCall::Fetch(FetchRequest {
            method: "POST".to_owned(),
            url: "https://host.test".to_owned(),
            headers: vec![("a".to_owned(), "b".to_owned())],
            body: vec![7],
            redirect,
        })
    };
    let pkp = || SignKey::Pkp([&[2][..], &[9; 32]].concat());
    vec![
        sign(pkp(), SignMessage::Digest([8; 32]), Recipient::Caller),
        sign(pkp(), SignMessage::Personal(text()), Recipient::Action),
        sign(SignKey::Own, SignMessage::Bytes(vec![1]), Recipient::Action),
        fetch(Redirect::Follow),
        fetch(Redirect::Error),
        fetch(Redirect::Manual),
        HostCall::ActionKey { cid: text() },
        HostCall::Registry(RegistryQuery::IsPermittedAction { token, cid: text() }),
        HostCall::Registry(RegistryQuery::IsPermittedAddress { token, address: [3; 20] }),
        HostCall::Registry(RegistryQuery::IsPermittedAuthMethod { token, method, id: vec![1] }),
        HostCall::Registry(RegistryQuery::PermittedActions { token }),
        HostCall::Registry(RegistryQuery::PermittedAddresses { token }),
        HostCall::Registry(RegistryQuery::PermittedAuthMethods { token }),
        HostCall::Registry(RegistryQuery::PermittedAuthMethodScopes {
            token,
            method,
            id: vec![1],
            scopes: 4,
        }),
        HostCall::Claim { key_id: text() },
        HostCall::Random,
        HostCall::DecryptRoot,
        open(OpenWhat::Lit { data: Digest([1; 32]) }, OpenTo::All),
        open(OpenWhat::Container { salt: [2; 32] }, OpenTo::One),
        HostCall::Collect { name: text(), value: text() },
        HostCall::RunOnce { name: text(), wait: true },
        HostCall::RunOnceResult { of: 3, result: Ok(text()) },
        HostCall::RunOnceResult { of: 3, result: Err(text()) },
        HostCall::Call { cid: text(), params: "{}".to_owned() },
        rpc(RpcMethod::PublicUrl),
        rpc(RpcMethod::BlockNumber),
        rpc(RpcMethod::Call(contract(CallBlock::Named))),
        rpc(RpcMethod::Call(contract(CallBlock::Number(7)))),
        rpc(RpcMethod::TransactionCount { address: [3; 20] }),
        rpc(RpcMethod::ChainId),
        HostCall::Pause { ms: 1 },
    ]
}

fn host_replies() -> Vec<HostReply> {
    vec![
        HostReply::Signed(EcdsaAnswer { r: [1; 32], s: [2; 32], recovery_id: 1 }),
        HostReply::Fetched {
            status: 200,
            headers: vec![("a".to_owned(), "b".to_owned())],
            body: vec![1],
            url: "https://host.test".to_owned(),
        },
        HostReply::Value("null".to_owned()),
        HostReply::Error { code: "not_granted".to_owned(), message: "no".to_owned() },
    ]
}

#[test]
fn host_calls_and_their_answers_are_written_as_they_were() {
    let (calls, replies) = (host_calls(), host_replies());
    assert!(calls.iter().all(HostCall::is_well_formed));
    let call_bytes: Vec<Vec<u8>> = calls.iter().map(encode).collect();
    let reply_bytes: Vec<Vec<u8>> = replies.iter().map(encode).collect();
    for (call, bytes) in calls.iter().zip(&call_bytes) {
        assert_eq!(decode::<HostCall>(bytes, bytes.len()).as_ref(), Ok(call));
        assert_eq!(call.size() + 1, bytes.len());
    }
    for (reply, bytes) in replies.iter().zip(&reply_bytes) {
        assert_eq!(decode::<HostReply>(bytes, bytes.len()).as_ref(), Ok(reply));
    }
    let kinds = [ReplyKind::Signed, ReplyKind::Fetched, ReplyKind::Value];
    let fits = |reply: &HostReply| kinds.map(|kind| reply.answers(kind));
    let answers: Vec<_> = replies.iter().map(fits).collect();
    let (t, f) = (true, false);
    assert_eq!(answers, [[t, f, f], [f, t, f], [f, f, t], [t, t, t]]);
    let hash = |bytes: &[Vec<u8>]| hex::encode(Sha256::digest(bytes.concat()));
    assert_eq!(hash(&call_bytes), "1725e4c89dbe7c182bba5a514f12af26586b9aadeed51f7ce756445fc7d0ed7d");
    assert_eq!(hash(&reply_bytes), "99b79b64786cbab2c7d439440816a364030999bb6fa3f601b5a11bb815d00e69");
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
