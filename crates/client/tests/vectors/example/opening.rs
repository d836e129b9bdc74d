//! A request for a share of what opens a ciphertext, and one node's answer.

use quorate_auth::verify_decryption_request;
use quorate_encryption::sealed::{self, Reader};
use quorate_wire::{
    DecryptionReply, DecryptionRequest, DecryptionSubmission, PolicyForm, ShareStatement, Signable as _,
    decryption_request_id,
};
use rand_chacha::rand_core::SeedableRng as _;
use rand_core::Rng as _;
use sha2::{Digest as _, Sha256};

use super::{
    BlockRef, ChaCha20Rng, Digest, Identity, NOW_MS, NetworkFile, RawValue, Signed, Transcript, Value, index,
    json, login_for, login_vector, secret, session_request_digest,
};

/// A policy in its canonical text, of which its hash is SHA-256: the wallet of the example.
const POLICY: &str = r#"[{"contractAddress":"","chain":"quorate","standardContractType":"","method":"","parameters":[":userAddress"],"returnValueTest":{"comparator":"=","value":"0x5cbdd86a2fa8dc4bddd8a8f69dba48572eec07fb"}}]"#;
/// The generator of G2, which stands for a share.
const SHARE: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                     024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

/// Random bytes of the example, and the first 32 of them.
fn drawn(seed: u8) -> (ChaCha20Rng, String) {
    let rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut first = [0; 32];
    rng.clone().fill_bytes(&mut first);
    (rng, hex::encode(first))
}

pub(super) fn vector(network: &NetworkFile) -> Value {
    let policy = Digest(Sha256::digest(POLICY).into());
    let digits = hex::encode(policy.0);
    let login = login_for(network, &[format!("quorate:decrypt/{digits}")]);
    let identity = Identity::Container { network: network.id(), policy, salt: [0x2a; 32] };
    let (mut rng, reader_secret) = drawn(0x61);
    let reader = Reader::new(&mut rng);
    let request = DecryptionRequest {
        v: 1,
        network: network.id(),
        node: index(1),
        session: login.login.session().key,
        login: login.login.hash(),
        policy: RawValue::from_string(POLICY.to_owned()).unwrap(),
        form: PolicyForm::Unified,
        identity,
        reader: Digest(*reader.public()),
        time_ms: NOW_MS,
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
    };
    let bytes = serde_json::to_vec(&request).unwrap();
    let id = decryption_request_id(&network.id(), &bytes);
    let body = DecryptionSubmission {
        request: bytes.clone(),
        sig: login.login.sign_request(&id).to_vec(),
        login: login.login.proof().clone(),
    };
    verify_decryption_request(&network.id(), login.login.session(), &body).unwrap();
    assert!(login.login.session().may_open(&policy, None));

    let (mut rng, sender_secret) = drawn(0x62);
    let context = sealed::context(&id, index(1));
    let share = hex::decode(SHARE).unwrap();
    let sealed = sealed::seal(reader.public(), &context, &share, &mut rng).unwrap();
    assert_eq!(*reader.open(&context, &sealed).unwrap(), share);
    let block = |number: u64| BlockRef { number, hash: Digest([0x0b; 32]) };
    let statement = ShareStatement {
        network: network.id(),
        epoch: 1,
        request: id,
        login: login.login.hash(),
        identity,
        latest: block(4_711),
        finalized: block(4_709),
        sealed: Digest(Sha256::digest(&sealed).into()),
    };
    let statement_bytes = borsh::to_vec(&statement).unwrap();
    let signed = Transcript::new(ShareStatement::DOMAIN).number(1).field(&statement_bytes).finish();
    json!({
        "policy": POLICY,
        "policy_hash": policy,
        "identity": String::from_utf8(identity.bytes()).unwrap(),
        "login": login_vector(network, &login),
        "reader_secret": reader_secret,
        "bytes": std::str::from_utf8(&bytes).unwrap(),
        "id": id,
        "signed": hex::encode(session_request_digest(&id)),
        "body": body,
        "share": SHARE,
        "sender_secret": sender_secret,
        "context": hex::encode(context),
        "statement_bytes": hex::encode(&statement_bytes),
        "statement_signed": hex::encode(signed),
        "reply": DecryptionReply { sealed, statement: Signed::new(index(1), statement, &secret(1)) },
    })
}
