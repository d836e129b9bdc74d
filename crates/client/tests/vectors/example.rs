//! One example from the wallet to the receipt, with every value in between.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use k256::ecdsa::SigningKey as AccountKey;
use quorate_auth::{NoFacts, checksum_address, did_key, eip191, session_request_digest, verify_request};
use quorate_client::{LoginBuilder, Wallet, verify_execution, verify_login};
use quorate_wire::{
    ActionCid, Address, Admission, BlockRef, Capability, ChainParameters, Claim, CodeRequest, Collected,
    ContractRecord, Contracts, Digest, ErrorCode, ExecutionReply, ExecutionRequest, FoundingNode, Identity,
    Intent, Lane, MessageKind, NetworkFile, NetworkId, NodeEndpoint, NodeIndex, OpenTo, Opened,
    OperationNumber, PublicKey, Receipt, Recipient, Refusal, RequestId, Scheme, Signable as _, SignatureView,
    Signed, SingleNode, Statement, StatementKey, Status, Submission, Transcript, TransportKey, Usage,
    capabilities_hash, code_request_id, request_id,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use rand_core::Rng as _;
use serde_json::{Value, json, value::RawValue};

#[path = "example/founding.rs"]
mod founding;
#[path = "example/opening.rs"]
mod opening;
#[path = "example/signing_out.rs"]
mod signing_out;

/// 2026-01-01T00:00:00.000Z.
const NOW_MS: u64 = 1_767_225_600_000;
const CODE: &str = "async function main({ name }) {\n  return `hello, ${name}`;\n}\n";
const PARAMS: &str = r#"{"name": "Zoë", "price": 1.50}"#;
const RESPONSE: &str = "hello, Zoë";

pub(crate) fn vectors() -> Value {
    let network = network();
    let login = login(&network);
    let request = request(&network, &login);
    let account = AccountKey::from_slice(&[0x33; 32]).unwrap();
    json!({
        "transcripts": transcripts(),
        "base64url": (["", "00", "fbff", "ff00ff"].map(base64url)),
        "cids": cids(),
        "networks": [network_vector(&network), network_vector(&other_network()), network_vector(&founding::network())],
        "founding": founding::vector(),
        "login": login_vector(&network, &login),
        "logins": logins_vector(&network, &login),
        "request": request_vector(&network, &login, &request),
        "code_request": code_vector(&network, &login),
        "replies": replies(&network, &request),
        "opening": opening::vector(&network),
        "signing_out": signing_out::vector(&network, &login),
        "error_codes": error_codes(),
        "keys": [key(&public_key_of(&pkp())), key(&public_key_of(&account))],
    })
}

/// What belongs to a key: its token, and its account.
fn key(key: &PublicKey) -> Value {
    json!({ "public_key": key, "uncompressed": format!("0x{}", hex::encode(key.uncompressed())),
        "token_id": key.token_id(), "address": key.address() })
}

fn base64url(bytes: &str) -> Value {
    json!({ "bytes": bytes, "text": URL_SAFE_NO_PAD.encode(hex::decode(bytes).unwrap()) })
}

fn error_codes() -> Value {
    let number = |code: &ErrorCode| (code.as_str().to_owned(), json!(*code as u8));
    Value::Object(ErrorCode::ALL.iter().map(number).collect())
}

fn transcripts() -> Value {
    let one = |domain: &str, fields: &[&[u8]]| {
        let transcript = fields.iter().fold(Transcript::new(domain), |all, field| all.field(field));
        let fields: Vec<String> = fields.iter().map(hex::encode).collect();
        json!({ "domain": domain, "fields": fields, "hash": hex::encode(transcript.finish()) })
    };
    json!([one("example/v1", &[]), one("example/v1", &[b"ab", b"c"]), one("example/v1", &[b"a", b"", b"bc"])])
}

/// Texts of one letter: none, one, one leaf, two, as many as one branch takes, and one more.
fn cids() -> Value {
    let of = |text: &str, times: usize| {
        let cid = ActionCid::of_code(text.repeat(times).as_bytes());
        json!({ "text": text, "times": times, "cid": cid, "bytes": hex::encode(&cid.multihash()[2..]) })
    };
    let leaf = 262_144;
    json!([
        of("", 1),
        of("hello world\n", 1),
        of(CODE, 1),
        of("x", leaf),
        of("x", leaf + 1),
        of("x", 174 * leaf),
        of("x", 174 * leaf + 1)
    ])
}

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn index(number: u8) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

/// Three nodes, any two of which act.
fn network() -> NetworkFile {
    let contract =
        |number: u8| ContractRecord { address: Address([number; 20]), code_hash: Digest([number; 32]) };
    let node = |number: u8| FoundingNode {
        transport_key: TransportKey(secret(0x40 + number).verifying_key().to_bytes()),
        statement_key: StatementKey(secret(number).verifying_key().to_bytes()),
        chain_address: Address([0x20 + number; 20]),
    };
    let endpoint = |number: u8| {
        NodeEndpoint::unsigned(format!("http://127.0.0.1:747{number}"), format!("127.0.0.1:757{number}"))
    };
    NetworkFile {
        version: NetworkFile::VERSION_BEFORE,
        name: "example".to_owned(),
        chain: ChainParameters {
            id: 4_000_000_000_000_001,
            genesis: Digest([0x0a; 32]),
            head_key: StatementKey(secret(0x50).verifying_key().to_bytes()),
        },
        contracts: Contracts {
            pkp_nft: contract(0x11),
            pubkey_router: contract(0x12),
            pkp_permissions: contract(0x13),
            node_registry: contract(0x14),
            directory: contract(0x15),
        },
        threshold: 2,
        nodes: (1..=3).map(node).collect(),
        wildcard_sessions: true,
        admission: Admission::Open,
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints: (1..=3).map(endpoint).collect(),
    }
}

fn other_network() -> NetworkFile {
    NetworkFile {
        admission: Admission::List(vec![Address([0xaa; 20]), Address([0xbb; 20])]),
        allow_hosts: Some(vec!["api.example".to_owned(), "*.prices.example".to_owned()]),
        wildcard_sessions: false,
        ..network()
    }
}

fn network_vector(network: &NetworkFile) -> Value {
    json!({ "file": network, "id": network.id() })
}

/// A login, the key that it allows, and what was drawn for it.
struct Login {
    login: quorate_client::Login,
    session: SigningKey,
    wallet: [u8; 32],
    capabilities: Vec<Capability>,
}

fn pkp() -> AccountKey {
    AccountKey::from_slice(&[7; 32]).unwrap()
}

fn public_key_of(key: &AccountKey) -> PublicKey {
    PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).unwrap()
}

fn action() -> ActionCid {
    ActionCid::of_code(CODE.as_bytes())
}

fn login(network: &NetworkFile) -> Login {
    let capabilities = [
        format!("quorate:key/*/action/{}", action()),
        format!("quorate:key/{}/action/*", public_key_of(&pkp())),
    ];
    login_for(network, &capabilities)
}

/// A login that allows these capabilities.
fn login_for(network: &NetworkFile, capabilities: &[String]) -> Login {
    let wallet = [0x33; 32];
    let mut entropy = ChaCha20Rng::from_seed([9; 32]);
    let mut session = [0; 32];
    entropy.clone().fill_bytes(&mut session);
    let capabilities: Vec<Capability> = capabilities.iter().map(|text| text.parse().unwrap()).collect();
    let builder = LoginBuilder::new(network, "localhost").allow_all(capabilities.clone());
    let login = builder.sign_in(&Wallet::from_bytes(&wallet).unwrap(), NOW_MS, &mut entropy).unwrap();
    Login { login, session: SigningKey::from_bytes(&session), wallet, capabilities }
}

fn login_vector(network: &NetworkFile, login: &Login) -> Value {
    let proof = login.login.proof();
    let shown = proof.wallet().unwrap();
    let session = login.login.session();
    let message = quorate_auth::SiweMessage::parse(&shown.message).unwrap();
    json!({
        "wallet_secret": hex::encode(login.wallet),
        "address": checksum_address(&session.wallet().unwrap()),
        "session_secret": hex::encode(login.session.to_bytes()),
        "session": session.key,
        "did": did_key(&session.key),
        "network": network.id(),
        "domain": session.domain().unwrap(),
        "issued_ms": message.issued_at_ms,
        "expires_ms": session.expires_ms,
        "capabilities": login.capabilities.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "capabilities_hash": hex::encode(capabilities_hash(&login.capabilities)),
        "nonce": message.nonce,
        "digest": hex::encode(eip191::hash(shown.message.as_bytes())),
        "hash": login.login.hash(),
        "login": proof,
    })
}

fn logins_vector(network: &NetworkFile, login: &Login) -> Value {
    let session = login.login.session();
    crate::logins::vectors(&network.id(), session.key, session.expires_ms, &login.capabilities)
}

fn request(network: &NetworkFile, login: &Login) -> Vec<u8> {
    let request = ExecutionRequest {
        v: 1,
        network: network.id(),
        session: login.login.session().key,
        login: login.login.hash(),
        action: action(),
        params: RawValue::from_string(PARAMS.to_owned()).unwrap(),
        block: BlockRef { number: 4_711, hash: Digest([0x0b; 32]) },
        time_ms: NOW_MS,
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
        limits: Some(quorate_wire::LimitsRequest {
            fetches: Some(3),
            ..quorate_wire::LimitsRequest::default()
        }),
    };
    serde_json::to_vec(&request).unwrap()
}

fn request_vector(network: &NetworkFile, login: &Login, request: &[u8]) -> Value {
    let id = request_id(&network.id(), request);
    let submission = Submission {
        request: request.to_vec(),
        sig: login.login.sign_request(&id).to_vec(),
        login: login.login.proof().clone(),
        code: Some(CODE.to_owned()),
    };
    verify_request(&network.id(), login.login.session(), &submission).unwrap();
    verify_login(network, request, &submission.login, &NoFacts).unwrap();
    json!({
        "bytes": std::str::from_utf8(request).unwrap(),
        "id": id,
        "signed": hex::encode(session_request_digest(&id)),
        "params": PARAMS,
        "params_hash": ExecutionRequest::parse(request).unwrap().params_hash(),
        "body": submission,
    })
}

fn code_vector(network: &NetworkFile, login: &Login) -> Value {
    let request = CodeRequest {
        v: 1,
        network: network.id(),
        session: login.login.session().key,
        login: login.login.hash(),
        action: action(),
        time_ms: NOW_MS,
    };
    let bytes = serde_json::to_string(&request).unwrap();
    let id = code_request_id(&network.id(), bytes.as_bytes());
    json!({
        "bytes": bytes,
        "id": id,
        "signed": hex::encode(session_request_digest(&id)),
        "sig": URL_SAFE_NO_PAD.encode(login.login.sign_request(&id)),
    })
}

fn intent(operation: OperationNumber, name: &str) -> Intent {
    Intent {
        operation,
        action: action(),
        key: public_key_of(&pkp()),
        scheme: Scheme::EcdsaK256Sha256,
        kind: MessageKind::Digest,
        digest: Digest([0x0d; 32]),
        name: name.to_owned(),
        recipient: Recipient::Caller,
        guest: Digest([0x0e; 32]),
    }
}

fn statement(network: &NetworkFile, request: &[u8]) -> Statement {
    let parsed = ExecutionRequest::parse(request).unwrap();
    Statement {
        network: network.id(),
        epoch: 1,
        request: request_id(&network.id(), request),
        login: parsed.login,
        action: parsed.action,
        params: parsed.params_hash(),
        block: parsed.block,
        intents: Vec::new(),
        refusals: Vec::new(),
        collected: Vec::new(),
        single_node: Vec::new(),
        opened: Vec::new(),
        draws: Vec::new(),
        claims: Vec::new(),
        failed: Vec::new(),
        wildcard: false,
        status: Status::Completed,
        error: None,
        response: Some(Statement::response_hash(RESPONSE)),
        guest: Digest([0x0e; 32]),
    }
}

/// A statement with everything in it: operations of the caller's run and of children, one of which failed.
fn full_statement(network: &NetworkFile, request: &[u8]) -> Statement {
    let root = |index| Lane::ROOT.operation(index).unwrap();
    let (child, failed) = (Lane::ROOT.child(2).unwrap(), Lane::ROOT.child(3).unwrap());
    let kept = Intent { kind: MessageKind::Login, recipient: Recipient::Action, ..intent(root(1), "kept") };
    let personal = Intent { kind: MessageKind::Personal, ..intent(root(3), "für #1") };
    let own = Intent { kind: MessageKind::Action, ..intent(child.operation(0).unwrap(), "signature") };
    let lost = intent(failed.operation(0).unwrap(), "lost");
    let below = intent(failed.child(1).unwrap().operation(0).unwrap(), "lost too");
    let eleventh = intent(Lane::ROOT.child(11).unwrap().operation(0).unwrap(), "signature");
    let claim = Claim {
        operation: root(6),
        action: action(),
        key_id: "alice".to_owned(),
        public_key: public_key_of(&pkp()),
    };
    Statement {
        intents: vec![intent(root(0), "signature"), kept, personal, own, eleventh, lost, below],
        refusals: vec![Refusal { operation: root(2), code: ErrorCode::NotGranted }],
        collected: vec![Collected {
            operation: root(4),
            nodes: vec![index(1), index(3)],
            values: Collected::hash(["1.5", "1.25"]),
        }],
        single_node: vec![SingleNode {
            operation: root(5),
            node: index(2),
            value: SingleNode::hash(&Ok("7".to_owned())),
        }],
        opened: vec![
            Opened {
                operation: root(8),
                action: statement(network, request).action,
                identity: Identity::Lit { policy: Digest([0x21; 32]), data: Digest([0x22; 32]) },
                to: OpenTo::All,
            },
            Opened {
                operation: root(9),
                action: statement(network, request).action,
                identity: Identity::Container {
                    network: network.id(),
                    policy: Digest([0x23; 32]),
                    salt: [0x24; 32],
                },
                to: OpenTo::One,
            },
        ],
        draws: vec![root(7)],
        claims: vec![claim],
        failed: vec![failed],
        wildcard: true,
        ..statement(network, request)
    }
}

fn view(intent: &Intent) -> SignatureView {
    let (signature, id) = pkp().sign_prehash_recoverable(&intent.digest.0);
    SignatureView {
        scheme: intent.scheme,
        public_key: intent.key,
        digest: intent.digest,
        signature: format!("0x{}", hex::encode(signature.to_bytes())),
        recovery_id: Some(id.to_byte()),
    }
}

fn reply(statement: &Statement, members: &[u8]) -> ExecutionReply {
    let signed = |number: &u8| Signed::new(index(*number), statement.clone(), &secret(*number));
    ExecutionReply {
        request_id: statement.request,
        status: statement.status,
        error: statement.error,
        response: statement.response.map(|_| RESPONSE.to_owned()),
        signatures: statement.shown().into_iter().map(|(name, intent)| (name, view(intent))).collect(),
        claims: statement.claims.clone(),
        logs: String::new(),
        usage: Usage::default(),
        receipt: Receipt {
            statements: members.iter().map(signed).collect(),
            odd: Vec::new(),
            faults: Vec::new(),
        },
    }
}

/// Replies that prove something, with the bytes that their nodes signed, and replies that prove nothing.
fn replies(network: &NetworkFile, request: &[u8]) -> Value {
    let good = statement(network, request);
    let failed = Statement {
        status: Status::Failed,
        error: Some(ErrorCode::ActionThrew),
        response: None,
        ..full_statement(network, request)
    };
    let full = full_statement(network, request);
    let mut all = vec![
        ("the action came to its end", reply(&good, &[1, 3])),
        ("everything that a statement can have", reply(&full, &[1, 2, 3])),
        ("the action failed", reply(&failed, &[2, 3])),
        ("statements of fewer than t members", reply(&good, &[1])),
        ("one member twice", reply(&good, &[1, 1])),
        ("one member twice, beside another", reply(&good, &[1, 3, 1])),
        ("a node that the network file does not list", reply(&good, &[1, 4])),
        ("another network", reply(&Statement { network: NetworkId([1; 32]), ..good.clone() }, &[1, 3])),
        ("another epoch", reply(&Statement { epoch: 2, ..good.clone() }, &[1, 3])),
        ("another request", reply(&Statement { request: RequestId([1; 32]), ..good.clone() }, &[1, 3])),
        ("another login", reply(&Statement { login: Digest([1; 32]), ..good.clone() }, &[1, 3])),
        ("other parameters", reply(&Statement { params: Digest([1; 32]), ..good.clone() }, &[1, 3])),
        ("another action", reply(&Statement { action: ActionCid::of_code(b""), ..good.clone() }, &[1, 3])),
        (
            "another block",
            reply(
                &Statement { block: BlockRef { number: 1, hash: Digest([1; 32]) }, ..good.clone() },
                &[1, 3],
            ),
        ),
    ];
    let mut changed = |about: &'static str, statement: &Statement, change: &dyn Fn(&mut ExecutionReply)| {
        let mut reply = reply(statement, &[1, 3]);
        change(&mut reply);
        all.push((about, reply));
    };
    changed("another request id", &good, &|reply| reply.request_id = RequestId([1; 32]));
    changed("an error beside a completed run", &good, &|reply| reply.error = Some(ErrorCode::LimitCpu));
    changed("another response", &good, &|reply| reply.response = Some("hello".to_owned()));
    changed("no response", &good, &|reply| reply.response = None);
    changed("another status", &good, &|reply| reply.status = Status::Failed);
    changed("another error", &failed, &|reply| reply.error = Some(ErrorCode::LimitCpu));
    changed("another's signature", &good, &|reply| {
        let body = reply.receipt.statements[0].body.clone();
        reply.receipt.statements[0] = Signed::new(index(1), body, &secret(2));
    });
    changed("statements that differ", &good, &|reply| {
        let body = Statement { wildcard: true, ..reply.receipt.statements[0].body.clone() };
        reply.receipt.statements[0] = Signed::new(index(1), body, &secret(1));
    });
    changed("a claim left out", &full, &|reply| reply.claims.clear());
    changed("a signature left out", &full, &|reply| {
        reply.signatures.remove("signature");
    });
    changed("a signature under another name", &full, &|reply| {
        let signature = reply.signatures.remove("signature").unwrap();
        reply.signatures.insert("other".to_owned(), signature);
    });
    changed("one signature more", &full, &|reply| {
        let more = reply.signatures["signature"].clone();
        reply.signatures.insert("more".to_owned(), more);
    });
    changed("another key", &full, &|reply| {
        let other = AccountKey::from_slice(&[0x66; 32]).unwrap();
        let key = PublicKey::from_sec1(&other.verifying_key().to_sec1_bytes()).unwrap();
        reply.signatures.get_mut("signature").unwrap().public_key = key;
    });
    changed("another digest", &full, &|reply| {
        reply.signatures.get_mut("signature").unwrap().digest = Digest([1; 32]);
    });
    changed("another recovery id", &full, &|reply| {
        let view = reply.signatures.get_mut("signature").unwrap();
        view.recovery_id = view.recovery_id.map(|id| id ^ 1);
    });
    changed("a signature of another digest", &full, &|reply| {
        let other = Intent { digest: Digest([1; 32]), ..intent(OperationNumber::FIRST, "signature") };
        let signature = view(&other).signature;
        reply.signatures.get_mut("signature").unwrap().signature = signature;
    });
    changed("a signature with a high s", &full, &|reply| {
        let view = reply.signatures.get_mut("signature").unwrap();
        let bytes = hex::decode(&view.signature[2..]).unwrap();
        let (r, s) = k256::ecdsa::Signature::from_slice(&bytes).unwrap().split_scalars();
        let high = k256::ecdsa::Signature::from_scalars(r, -s).unwrap();
        view.signature = format!("0x{}", hex::encode(high.to_bytes()));
        view.recovery_id = view.recovery_id.map(|id| id ^ 1);
    });
    let mut vectors: Vec<Value> =
        all.into_iter().map(|(about, reply)| reply_vector(network, request, about, &reply)).collect();
    // Texts for numbers: one member must not count as two.
    let mut texts = serde_json::to_value(reply(&good, &[1, 1])).unwrap();
    texts["receipt"]["statements"][1]["node"] = json!("1");
    assert!(serde_json::from_value::<ExecutionReply>(texts.clone()).is_err());
    vectors.push(json!({ "about": "one member twice, once as text", "proven": false, "reply": texts }));
    Value::Array(vectors)
}

fn reply_vector(network: &NetworkFile, request: &[u8], about: &str, reply: &ExecutionReply) -> Value {
    let proven = verify_execution(network, request, reply).is_ok();
    let first = &reply.receipt.statements[0];
    let bytes = borsh::to_vec(&first.body).unwrap();
    let signed = Transcript::new(Statement::DOMAIN).number(first.node.get().into()).field(&bytes).finish();
    if proven {
        // What is shown here as signed is what the member signs.
        let key = secret(first.node.get());
        let signature = serde_json::to_value(first).unwrap()["signature"].clone();
        assert_eq!(signature, hex::encode(key.sign(&signed).to_bytes()));
        return json!({ "about": about, "proven": true, "statement_bytes": hex::encode(bytes),
            "signed_by_first": hex::encode(signed), "reply": reply });
    }
    json!({ "about": about, "proven": false, "reply": reply })
}
