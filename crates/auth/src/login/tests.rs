use ed25519_dalek::{Signer as _, SigningKey};
use k256::ecdsa::Signature;
use quorate_wire::{
    ActionCid, Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode,
    NodeEndpoint, PublicKey, RequestId, StatementKey, Submission, TransportKey,
    limits::LOGIN_MESSAGE_BYTES_MAX,
};

use quorate_wire::{LoginTerms, WalletLogin, login_nonce};

use super::*;
use crate::{SiweMessage, eip191, parse_did_key};
use crate::{did_key, session_request_digest, verify_request};

const NOW: u64 = 1_785_405_600_000;
const DOMAIN: &str = "localhost";

fn network(name: &str) -> NetworkFile {
    let contract = ContractRecord { address: Address([1; 20]), code_hash: Digest([2; 32]) };
    let node = |number: u8| FoundingNode {
        transport_key: TransportKey([number; 32]),
        statement_key: StatementKey([number; 32]),
        chain_address: Address([number; 20]),
    };
    let endpoint = || NodeEndpoint::unsigned(String::new(), String::new());
    NetworkFile {
        version: NetworkFile::VERSION_BEFORE,
        name: name.to_owned(),
        chain: ChainParameters { id: 1, genesis: Digest([0; 32]), head_key: StatementKey([9; 32]) },
        contracts: Contracts {
            pkp_nft: contract,
            pubkey_router: contract,
            pkp_permissions: contract,
            node_registry: contract,
            directory: contract,
        },
        threshold: 2,
        nodes: vec![node(1), node(2)],
        wildcard_sessions: false,
        admission: Admission::Open,
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints: vec![endpoint(), endpoint()],
    }
}

/// A login in the making: its fields are spoiled before it is signed, or its text after.
struct Draft {
    message: SiweMessage,
    rz: Digest,
    wallet: k256::ecdsa::SigningKey,
}

fn session_signer() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn session_of(signer: &SigningKey) -> SessionKey {
    SessionKey(signer.verifying_key().to_bytes())
}

fn nonce(network: &NetworkFile, message: &SiweMessage, rz: Digest) -> String {
    let capabilities: Vec<Capability> =
        message.resources.iter().filter_map(|resource| resource.parse().ok()).collect();
    let session = parse_did_key(&message.uri).unwrap_or(SessionKey([0; 32]));
    let terms =
        LoginTerms { session, expires_ms: message.expires_ms, capabilities: &capabilities, rz, block: None };
    login_nonce(&network.id(), &message.domain, &terms)
}

/// A good login, changed by `change`; the nonce is then made for what the text says.
fn draft(change: impl FnOnce(&mut SiweMessage)) -> Draft {
    let wallet = k256::ecdsa::SigningKey::from_slice(&[3; 32]).unwrap();
    let address = PublicKey::from_sec1(&wallet.verifying_key().to_sec1_bytes()).unwrap().address();
    let mut message = SiweMessage {
        scheme: None,
        domain: DOMAIN.to_owned(),
        address,
        statement: Some("Let this session run one action.".to_owned()),
        uri: did_key(&session_of(&session_signer())),
        chain_id: 1,
        nonce: String::new(),
        issued_at_ms: NOW - 1_000,
        expires_ms: NOW + 3_600_000,
        not_before_ms: None,
        request_id: None,
        resources: vec![format!("quorate:key/*/action/{}", ActionCid::of_code(b"a"))],
    };
    change(&mut message);
    let rz = Digest([4; 32]);
    message.nonce = nonce(&network("a"), &message, rz);
    Draft { message, rz, wallet }
}

impl Draft {
    fn signed(&self) -> WalletLogin {
        let message = self.message.render().unwrap();
        let (signature, id) = self.wallet.sign_prehash_recoverable(&eip191::hash(message.as_bytes()));
        let signature = format!("0x{}{:02x}", hex::encode(signature.to_bytes()), 27 + id.to_byte());
        WalletLogin { message, signature, rz: self.rz }
    }
}

fn verdict(login: &WalletLogin) -> Result<Session, ErrorCode> {
    verify_login(&network("a"), &login.clone().into(), &NoFacts, NOW).map_err(|problem| problem.code)
}

fn code(change: impl FnOnce(&mut SiweMessage)) -> Option<ErrorCode> {
    verdict(&draft(change).signed()).err()
}

const INVALID: Option<ErrorCode> = Some(ErrorCode::LoginInvalid);
const EXPIRED: Option<ErrorCode> = Some(ErrorCode::SessionExpired);

#[test]
fn a_good_login_says_who_may_do_what_until_when() {
    let draft = draft(|_| {});
    let session = verdict(&draft.signed()).unwrap();
    assert_eq!(session.key, session_of(&session_signer()));
    assert_eq!(session.wallet().unwrap(), draft.message.address);
    assert_eq!(session.expires_ms, NOW + 3_600_000);
    assert_eq!(session.domain(), Some(DOMAIN));
    assert!(session.may_run(&ActionCid::of_code(b"a")));
    assert!(!session.may_run(&ActionCid::of_code(b"b")));
}

#[test]
fn any_domain_and_any_chain_id_will_do() {
    assert_eq!(code(|message| message.domain = "other.example".to_owned()), None);
    assert_eq!(code(|message| message.chain_id = 0xffff), None);
    assert_eq!(code(|message| message.statement = None), None);
}

#[test]
fn refuses_a_login_of_another_network() {
    let login = draft(|_| {}).signed();
    let problem = verify_login(&network("b"), &login.into(), &NoFacts, NOW).unwrap_err();
    assert_eq!(problem.code, ErrorCode::LoginInvalid);
}

#[test]
fn refuses_times_that_do_not_admit_now() {
    assert_eq!(code(|message| message.expires_ms = NOW), EXPIRED);
    assert_eq!(code(|message| message.expires_ms = NOW + 1), None);
    assert_eq!(code(|message| message.issued_at_ms = NOW + 60_000), None);
    assert_eq!(code(|message| message.issued_at_ms = NOW + 60_001), EXPIRED);
    assert_eq!(code(|message| message.not_before_ms = Some(NOW + 2_000)), None);
    assert_eq!(code(|message| message.not_before_ms = Some(NOW + 2_001)), EXPIRED);
}

#[test]
fn refuses_lives_that_are_too_long_or_negative() {
    assert_eq!(code(|message| message.expires_ms = message.issued_at_ms + SESSION_MS_MAX), None);
    assert_eq!(code(|message| message.expires_ms = message.issued_at_ms + SESSION_MS_MAX + 1), INVALID);
    assert_eq!(
        code(|message| {
            message.issued_at_ms = NOW + 2;
            message.expires_ms = NOW + 1;
        }),
        INVALID
    );
}

#[test]
fn refuses_resources_that_are_not_one_to_thirty_two_different_capabilities() {
    let capability = |number: u8| format!("quorate:key/*/action/{}", ActionCid::of_code(&[number]));
    assert_eq!(code(|message| message.resources.clear()), INVALID);
    assert_eq!(code(|message| message.resources = (0..32).map(capability).collect()), None);
    assert_eq!(code(|message| message.resources.push(message.resources[0].clone())), INVALID);
    for unknown in [
        "https://example.com/",
        "urn:recap:eyJhdHQiOnt9fQ",
        "quorate:key/*",
        "quorate:key/*/action/**",
        "quorate:key/*/action/*/",
        "QUORATE:key/*/action/*",
    ] {
        assert_eq!(code(|message| message.resources.push(unknown.to_owned())), INVALID, "{unknown}");
    }
    let text = draft(|message| message.resources = (0..32).map(capability).collect()).signed().message;
    let mut login = draft(|_| {}).signed();
    login.message = format!("{text}\n- {}", capability(32));
    assert_eq!(verdict(&login).err(), INVALID);
}

#[test]
fn refuses_uris_that_are_not_a_sound_session_key() {
    assert_eq!(code(|message| message.uri = "https://localhost/".to_owned()), INVALID);
    assert_eq!(code(|message| message.uri = format!("lit:session:{}", "07".repeat(32))), INVALID);
    // The identity and the point of order two: small-order keys.
    let mut identity = [0u8; 32];
    identity[0] = 1;
    assert_eq!(code(|message| message.uri = did_key(&SessionKey(identity))), INVALID);
    let mut order_two = [0xff; 32];
    (order_two[0], order_two[31]) = (0xec, 0x7f);
    assert_eq!(code(|message| message.uri = did_key(&SessionKey(order_two))), INVALID);
    // Not a point at all.
    let mut off = [0u8; 32];
    off[0] = 2;
    assert_eq!(code(|message| message.uri = did_key(&SessionKey(off))), INVALID);
}

#[test]
fn a_node_that_saw_a_login_cannot_use_it_for_its_own_session() {
    let seen = draft(|_| {});
    let own = did_key(&session_of(&SigningKey::from_bytes(&[6; 32])));
    // The text names the node's key, with the wallet's signature of the other text.
    let mut login = seen.signed();
    login.message = login.message.replace(&seen.message.uri, &own);
    assert_eq!(verdict(&login).err(), INVALID);
    // With a nonce that fits, the wallet's signature still does not.
    let forged = draft(|message| message.uri = own);
    let login = WalletLogin { signature: seen.signed().signature, ..forged.signed() };
    assert_eq!(verdict(&login).err(), INVALID);
    // Signed by a wallet of its own, which the text does not name.
    let stolen = Draft { wallet: k256::ecdsa::SigningKey::from_slice(&[8; 32]).unwrap(), ..forged };
    assert_eq!(verdict(&stolen.signed()).err(), INVALID);
}

#[test]
fn refuses_wider_capabilities_and_a_later_end_than_the_nonce_binds() {
    let seen = draft(|_| {});
    for change in [
        (|message| message.resources = vec!["quorate:key/*/action/*".to_owned()]) as fn(&mut SiweMessage),
        |message| message.resources.push("quorate:key/*/action/*".to_owned()),
        |message| message.expires_ms += 1,
        |message| message.domain = "other.example".to_owned(),
        |message| message.uri = did_key(&session_of(&SigningKey::from_bytes(&[6; 32]))),
    ] {
        // Even signed by the wallet: the nonce was made for other terms.
        let mut wider = draft(change);
        wider.message.nonce = seen.message.nonce.clone();
        assert_eq!(verdict(&wider.signed()).err(), INVALID);
    }
    let mut login = seen.signed();
    login.rz = Digest([5; 32]);
    assert_eq!(verdict(&login).err(), INVALID);
}

#[test]
fn capabilities_are_bound_in_their_order() {
    let two = |message: &mut SiweMessage| message.resources.push("quorate:key/*/action/*".to_owned());
    let mut swapped = draft(two);
    assert_eq!(verdict(&swapped.signed()).err(), None);
    swapped.message.resources.reverse();
    assert_eq!(verdict(&swapped.signed()).err(), INVALID);
}

#[test]
fn refuses_signatures_that_are_malleated_truncated_or_of_another_text() {
    let good = draft(|_| {}).signed();
    let with = |signature: String| verdict(&WalletLogin { signature, ..good.clone() }).err();
    assert_eq!(with(good.signature[2..].to_owned()), None);
    assert_eq!(with(good.signature[..130].to_owned()), INVALID);
    assert_eq!(with(format!("{}00", good.signature)), INVALID);
    assert_eq!(with(String::new()), INVALID);
    assert_eq!(with("0x".repeat(65)), INVALID);

    let bytes = eip191::parse_signature(&good.signature).unwrap();
    let (r, s) = Signature::from_slice(&bytes[..64]).unwrap().split_scalars();
    let high = hex::encode(Signature::from_scalars(r, -s).unwrap().to_bytes());
    assert_eq!(with(format!("0x{high}{:02x}", bytes[64])), INVALID);
    assert_eq!(with(format!("0x{high}{:02x}", 55 - bytes[64])), INVALID);

    let mut other = good.clone();
    other.message = other.message.replace("one action", "all actions");
    assert_eq!(verdict(&other).err(), INVALID);
}

#[test]
fn refuses_texts_that_are_not_siwe_or_too_long() {
    let good = draft(|_| {}).signed();
    let with = |message: String| verdict(&WalletLogin { message, ..good.clone() }).err();
    assert_eq!(with(good.message.replace('\n', "\r\n")), INVALID);
    assert_eq!(with(format!("{}\n", good.message)), INVALID);
    assert_eq!(with(String::new()), INVALID);
    assert_eq!(with("x".repeat(LOGIN_MESSAGE_BYTES_MAX + 1)), INVALID);
    let long = WalletLogin { signature: "0".repeat(1 << 20), ..good.clone() };
    assert_eq!(verdict(&long).err(), INVALID);
}

#[test]
fn only_the_session_key_signs_requests() {
    let id = network("a").id();
    let login = draft(|_| {}).signed();
    let session = verdict(&login).unwrap();
    let submission = |signer: &SigningKey, request: &RequestId| Submission {
        request: b"request".to_vec(),
        sig: signer.sign(&session_request_digest(request)).to_bytes().to_vec(),
        login: login.clone().into(),
        code: None,
    };
    let request = quorate_wire::request_id(&id, b"request");
    let good = submission(&session_signer(), &request);
    assert_eq!(verify_request(&id, &session, &good), Ok(request));

    let refused = |network: &quorate_wire::NetworkId, submission: &Submission| {
        verify_request(network, &session, submission).unwrap_err().code == ErrorCode::SessionSignatureInvalid
    };
    assert!(refused(&network("b").id(), &good), "another network");
    assert!(refused(&id, &submission(&SigningKey::from_bytes(&[6; 32]), &request)), "another key");
    assert!(refused(&id, &Submission { request: b"requesu".to_vec(), ..good.clone() }), "other bytes");
    assert!(refused(&id, &submission(&session_signer(), &RequestId([0; 32]))), "another request");
    assert!(refused(&id, &Submission { sig: good.sig[..63].to_vec(), ..good.clone() }), "truncated");
    assert!(refused(&id, &Submission { sig: [&good.sig[..], &[0]].concat(), ..good.clone() }), "longer");
    assert!(refused(&id, &Submission { sig: Vec::new(), ..good.clone() }), "empty");
    // s + L: the same point equation, another signature.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut malleated = good.clone();
    let mut carry = 0u16;
    for (byte, add) in malleated.sig[32..].iter_mut().zip(order) {
        let [low, high] = (u16::from(*byte) + u16::from(add) + carry).to_le_bytes();
        (*byte, carry) = (low, high.into());
    }
    assert!(refused(&id, &malleated), "malleated");
}

proptest::proptest! {
    #[test]
    fn no_login_panics(message in "(?s).{0,200}", signature in "(0x)?[0-9a-f]{120,140}") {
        let login = WalletLogin { message, signature, rz: Digest([0; 32]) };
        proptest::prop_assert!(verdict(&login).is_err());
    }
}
