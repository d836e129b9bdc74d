//! A network whose operators have approved it: a file of version 5, and what was signed of it.

use ed25519_dalek::Signer as _;
use k256::ecdsa::SigningKey as AccountKey;
use quorate_wire::{
    Address, Approval, Digest, FoundingNode, FoundingTerms, FoundingValue, NetworkApproval, NetworkFile,
    NodeEndpoint, NodeVote, PlannedContract, PrivateEndpoint, Signable as _, Signed, Transcript,
};
use serde_json::{Value, json};

use super::{index, public_key_of, secret};

const OPERATORS: [&str; 3] = ["Example Ltd", "Zoë & Partners (EU)", "node-3@example.org"];

/// Three nodes with operators, one of which has a private address too.
pub(super) fn network() -> NetworkFile {
    let mut network = NetworkFile {
        version: NetworkFile::VERSION,
        founding: Some(terms()),
        endpoints: (1..=3).map(endpoint).collect(),
        ..super::other_network()
    };
    for (number, node) in (1..).zip(&mut network.nodes) {
        *node = FoundingNode { chain_address: public_key_of(&account(number)).address(), ..*node };
    }
    network.approvals = (1..=3).map(|number| approval(&network, number)).collect();
    network.check_approvals().unwrap();
    NetworkFile::parse(&serde_json::to_string(&network).unwrap()).unwrap()
}

/// What is signed of it, and by node 2 as the file has it.
pub(super) fn vector() -> Value {
    let network = network();
    let said = network.endpoints[1].clone();
    let number = said.number();
    let places = borsh::to_vec(&(&said.http, &said.quic, &said.private)).unwrap();
    let key = secret(2);
    let endpoint = Transcript::new("quorate/endpoint/v1")
        .field(&key.verifying_key().to_bytes())
        .number(number)
        .field(&places)
        .finish();
    // What is shown here as signed is what the node signs.
    assert_eq!(said.word.as_ref().unwrap().signature, key.sign(&endpoint).to_bytes());
    let body = borsh::to_vec(&NetworkApproval { network: network.id() }).unwrap();
    let approval = Transcript::new(NetworkApproval::DOMAIN).number(2).field(&body).finish();
    let signature = serde_json::to_value(&network.approvals[1].word).unwrap()["signature"].clone();
    assert_eq!(signature, hex::encode(key.sign(&approval).to_bytes()));
    let moved =
        NodeEndpoint::unsigned("https://moved.example", "moved.example:7570").signed(number + 1, &key);
    json!({
        "node": 2,
        "endpoint_places": hex::encode(places),
        "endpoint_signed": hex::encode(endpoint),
        "approval_signed": hex::encode(approval),
        "salt": network.salt(),
        "vote_digest": network.founding_vote_digest().unwrap(),
        "moved": moved,
    })
}

fn terms() -> FoundingTerms {
    let contract = |name: &str, number: u8| PlannedContract {
        name: name.to_owned(),
        address: Address([number; 20]),
        creation: Digest([number + 0x60; 32]),
        code_hash: Digest([number; 32]),
    };
    let value = |name: &str, value: &str| FoundingValue { name: name.to_owned(), value: value.to_owned() };
    FoundingTerms {
        guest: Digest([0x0e; 32]),
        deployer: Address([0x0f; 20]),
        contracts: vec![
            contract("NodeRegistry", 0x14),
            contract("PubkeyRouter", 0x12),
            contract("PKPPermissions", 0x13),
            contract("PKPNFT", 0x11),
            contract("Directory", 0x15),
        ],
        values: vec![value("login/domains", r#"["app.example"]"#), value("login/issuers", "[]")],
        operators: OPERATORS.map(str::to_owned).to_vec(),
    }
}

fn account(number: u8) -> AccountKey {
    AccountKey::from_slice(&[0x70 + number; 32]).unwrap()
}

fn endpoint(number: u8) -> NodeEndpoint {
    let places = NodeEndpoint::unsigned(
        format!("https://node-{number}.example"),
        format!("node-{number}.example:7570"),
    );
    let private = (number == 2).then(|| PrivateEndpoint {
        http: "https://node-2.internal:7470".to_owned(),
        quic: "node-2.internal:7570".to_owned(),
    });
    NodeEndpoint { private, ..places }.signed(u64::from(number), &secret(number))
}

fn approval(network: &NetworkFile, number: u8) -> Approval {
    Approval {
        word: Signed::new(index(number), NetworkApproval { network: network.id() }, &secret(number)),
        vote: NodeVote::sign(&network.founding_vote_digest().unwrap(), &account(number)),
    }
}
