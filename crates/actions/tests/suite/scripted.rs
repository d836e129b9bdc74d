//! A host with fixed answers.

use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use k256::ecdsa::{RecoveryId, Signature, SigningKey};
use quorate_policy::Policy;
use quorate_wire::{
    ActionCid, EcdsaAnswer, FetchRequest, HostCall, HostReply, Identity, NetworkId, OpenRequest, OpenTo,
    OpenWhat, Redirect, RegistryQuery, RpcMethod, SignMessage, SignRequest, action_signature_digest,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The action that the scripts run as, as far as signatures with its own key are concerned.
pub(crate) const OWN_CODE: &[u8] = b"the scripted action";

/// Answers by the call and its number alone, so that every run of a script is the same. Names choose what happens:
/// `refused`, `elsewhere`, `nowhere` and so on.
pub(crate) fn scripted_host(call: u32, op: &HostCall) -> HostReply {
    match op {
        HostCall::Sign(sign) => signature(sign),
        HostCall::Fetch(fetch) => page(fetch),
        HostCall::ActionKey { cid } => match cid.parse::<ActionCid>() {
            Ok(_) => value(&json!(public_key())),
            Err(_) => error("malformed_request", "that is no CID of an action"),
        },
        HostCall::Registry(query) => value(&registry(query)),
        HostCall::Claim { key_id } if key_id == "refused" => {
            error("no_quorum", "too few nodes can be reached")
        }
        HostCall::Claim { .. } => value(&json!(public_key())),
        HostCall::Collect { name, value: own } => match name.as_str() {
            "spread" => value(&json!([at(1, "30"), at(2, "10"), at(4, own)])),
            "refused" => error("no_quorum", "too few nodes can be reached"),
            _ => value(&json!([at(1, own), at(2, own), at(3, own)])),
        },
        HostCall::RunOnce { name, wait } => value(&match (name.as_str(), wait) {
            (name, false) if name.starts_with("elsewhere") => json!({}),
            ("elsewhere", true) => json!({ "value": "from another node" }),
            ("elsewhere-fails", true) => json!({ "error": "Error: it broke there" }),
            _ => json!({ "run": true }),
        }),
        HostCall::RunOnceResult { result: Ok(result), .. } => value(&json!({ "value": result })),
        HostCall::RunOnceResult { result: Err(thrown), .. } => value(&json!({ "error": thrown })),
        HostCall::Call { cid, .. } if cid == "QmFails" => error("child_failed", "action_threw: it broke"),
        HostCall::Call { cid, .. } if cid == "QmSilent" => value(&Value::Null),
        HostCall::Call { cid, params } => value(&json!(format!("{cid} with {params}"))),
        HostCall::Random => value(&json!(hex::encode(Sha256::digest(format!("random {call}"))))),
        HostCall::DecryptRoot => {
            value(&json!(format!("0x{}", hex::encode(decrypt_secret().sk_to_pk().compress()))))
        }
        HostCall::Open(wanted) => opens(wanted),
        HostCall::Pause { .. } => value(&Value::Null),
        HostCall::Rpc { chain, method } => match (chain.as_str(), method) {
            ("nowhere", _) => error("chain_unknown", "no such chain is configured"),
            (_, RpcMethod::PublicUrl) => value(&json!("https://rpc.test/")),
            (_, RpcMethod::BlockNumber) => value(&json!(1_000)),
            (_, RpcMethod::Call(call)) => value(&json!(format!("0x{}", hex::encode(&call.data)))),
            (_, RpcMethod::TransactionCount { .. }) => value(&json!(12)),
            (_, RpcMethod::ChainId) => value(&json!(8_453)),
        },
    }
}

/// The secret of the scripted network's root: in a network nobody has one.
fn decrypt_secret() -> blst::min_pk::SecretKey {
    blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).expect("enough bytes")
}

/// The value that opens, where the policy names no other action than the scripted one.
fn opens(wanted: &OpenRequest) -> HostReply {
    let policy = match Policy::parse(&wanted.policy, wanted.form) {
        Ok(policy) => policy,
        Err(refused) => return error(refused.code.as_str(), &refused.detail),
    };
    if policy.canonical().contains("currentActionIpfsId")
        && !policy.canonical().contains(&ActionCid::of_code(OWN_CODE).to_string())
    {
        return error("policy_denied", "policy[0]: the condition is not satisfied");
    }
    let policy = policy.hash();
    let identity = match wanted.what {
        OpenWhat::Lit { data } => Identity::Lit { policy, data },
        OpenWhat::Container { salt } => Identity::Container { network: NetworkId([3; 32]), policy, salt },
    };
    if wanted.to == OpenTo::One {
        return value(&json!(""));
    }
    let point = decrypt_secret().sign(&identity.bytes(), quorate_encryption::DST, &[]);
    value(&json!(format!("0x{}", hex::encode(point.compress()))))
}

/// The scripted action's own key, 33 bytes in hexadecimal digits.
fn public_key() -> String {
    hex::encode(key().verifying_key().to_sec1_point(true).as_bytes())
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("a scalar")
}

fn signature(sign: &SignRequest) -> HostReply {
    if sign.name == "refused" {
        return error("not_granted", "this action may not use that key");
    }
    let digest = match &sign.message {
        SignMessage::Digest(digest) => *digest,
        SignMessage::Personal(text) => <[u8; 32]>::from(Sha256::digest(text)),
        SignMessage::Bytes(bytes) => {
            let digest = action_signature_digest(&ActionCid::of_code(OWN_CODE), bytes);
            let (signature, id): (Signature, RecoveryId) =
                key().sign_prehash(&digest.0).expect("a signature");
            let (r, s) = signature.split_bytes();
            return HostReply::Signed(EcdsaAnswer { r: r.into(), s: s.into(), recovery_id: id.to_byte() });
        }
    };
    let half =
        |label: &[u8]| <[u8; 32]>::from(Sha256::new().chain_update(label).chain_update(digest).finalize());
    HostReply::Signed(EcdsaAnswer { r: half(b"r"), s: half(b"s"), recovery_id: digest[0] & 1 })
}

fn page(fetch: &FetchRequest) -> HostReply {
    let answer = |status, body: &[u8]| HostReply::Fetched {
        status,
        headers: vec![("content-type".into(), "application/json".into()), ("x-two".into(), "b".into())],
        body: body.to_vec(),
        url: fetch.url.clone(),
    };
    match fetch.url.strip_prefix("https://host.test/").unwrap_or("") {
        "json" => answer(200, br#"{"price":42,"nested":{"ok":true}}"#),
        "missing" => answer(404, b"no such thing"),
        "bytes" => answer(200, &[0, 1, 2, 0xff, 0xfe]),
        "echo" => {
            let headers: Vec<String> =
                fetch.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let body = String::from_utf8_lossy(&fetch.body);
            answer(200, format!("{} [{}] {body}", fetch.method, headers.join("; ")).as_bytes())
        }
        "moved" => match fetch.redirect {
            Redirect::Follow => answer(200, b"where it is now"),
            Redirect::Error => error("fetch_redirected", "the server redirects"),
            Redirect::Manual => HostReply::Fetched {
                status: 302,
                headers: vec![("location".into(), "/json".into())],
                body: b"look there".to_vec(),
                url: fetch.url.clone(),
            },
        },
        other if other.starts_with("slow/") => answer(200, other.as_bytes()),
        _ => error("egress_denied", "the address is not allowed"),
    }
}

fn registry(query: &RegistryQuery) -> Value {
    match query {
        RegistryQuery::IsPermittedAction { cid, .. } => {
            json!(cid == "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")
        }
        RegistryQuery::IsPermittedAddress { address, .. } => json!(address[0] == 0xaa),
        RegistryQuery::IsPermittedAuthMethod { method, id, .. } => {
            json!(method[31] == 1 && id.starts_with(&[1]))
        }
        RegistryQuery::PermittedActions { .. } => json!(["QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"]),
        RegistryQuery::PermittedAddresses { .. } => json!(["0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"]),
        RegistryQuery::PermittedAuthMethods { .. } => {
            json!([{ "auth_method_type": "0x1", "id": "0x01", "user_pubkey": "0x" }])
        }
        RegistryQuery::PermittedAuthMethodScopes { scopes, .. } => {
            json!((0..*scopes).map(|scope| scope == 1).collect::<Vec<_>>())
        }
    }
}

fn at(node: u8, value: &str) -> Value {
    json!({ "node": node, "value": value })
}

fn value(json: &Value) -> HostReply {
    HostReply::Value(json.to_string())
}

fn error(code: &str, message: &str) -> HostReply {
    HostReply::Error { code: code.into(), message: message.into() }
}
