//! Everything that can be wrong with a submission has its code, and no node minds.

use std::time::{SystemTime, UNIX_EPOCH};

use quorate_client::{Login, LoginBuilder, Wallet};
use quorate_wire::{
    ActionCid, Capability, CapabilityAction, CapabilityKey, Digest, NetworkFile, NetworkId, Submission,
    request_id,
};
use serde_json::{Value, json};

use crate::harness::{Folder, Network, SIGN, http};

#[test]
fn bad_input_gets_its_code_and_harms_nobody() {
    let folder = Folder::new("bad-input");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    let asker = Asker::new(&network);

    asker.expect("malformed_request", 400, b"{".to_vec());
    asker.expect("malformed_request", 400, b"{\"request\":\"\",\"request\":\"\"}".to_vec());
    asker.expect("body_too_large", 413, vec![b' '; 20 << 20]);
    asker.expect_request("malformed_request", |request| request["more"] = json!(1));
    asker.expect_request("unsupported_version", |request| request["v"] = json!(2));
    asker.expect_request("wrong_network", |request| request["network"] = json!(NetworkId([9; 32])));
    asker.expect_request("params_invalid", |request| request["params"] = json!([1]));
    asker.expect_request("cid_mismatch", |request| {
        request["action"] = json!(ActionCid::of_code(b"something else"));
    });
    asker.expect_request("request_expired", |request| request["time_ms"] = json!(now_ms() - 70_000));
    asker.expect_request("request_from_future", |request| request["time_ms"] = json!(now_ms() + 60_000));
    asker.expect_request("block_unknown", |request| request["block"]["hash"] = json!(Digest([9; 32])));
    asker.expect_request("action_threw", |_| {});

    let mut submission = asker.submission(SIGN, &asker.request(SIGN));
    submission.sig[5] ^= 1;
    asker.expect("session_signature_invalid", 401, serde_json::to_vec(&submission).unwrap());
    let mut submission = asker.submission(SIGN, &asker.request(SIGN));
    let mut wallet = submission.login.wallet().unwrap().clone();
    wallet.signature.replace_range(10..12, "00");
    submission.login = wallet.into();
    asker.expect("login_mismatch", 401, serde_json::to_vec(&submission).unwrap());
    let mut named = asker.request(SIGN);
    named["login"] = json!(submission.login.hash());
    let unsound = Submission { login: submission.login, ..asker.submission(SIGN, &named) };
    asker.expect("login_invalid", 401, serde_json::to_vec(&unsound).unwrap());
    let mut submission = asker.submission(SIGN, &asker.request(SIGN));
    submission.code = None;
    asker.expect("code_missing", 400, serde_json::to_vec(&submission).unwrap());

    asker.expect_code("action_threw", "throw new Error('no');");
    asker.expect_code("action_syntax", "this is not a program");
    asker.expect_code("action_pending", "(async () => { await new Promise(() => {}); })();");
    // On a busy machine the time by the wall is over first.
    asker.expect_one_of(&["limit_cpu", "limit_wall"], "for (;;) {}");
    let short = format!("Lit.Actions.signEcdsa({{ toSign: [1], publicKey: '{key}', sigName: 's' }})");
    asker.expect_code("digest_length", &short);
    let foreign = format!(
        "Lit.Actions.signEcdsa({{ toSign: new Uint8Array(32).fill(1), publicKey: '{NOT_MINTED}', sigName: 's' }})"
    );
    asker.expect_code("pkp_unknown", &foreign);

    let (status, _) = http(&network.http(0), "GET /v1/nothing", b"");
    assert_eq!(status, 404);

    // The same bytes again are the same execution: they attach, and give the same outcome.
    let request = json!({ "publicKey": key, "toSign": vec![1u8; 32] });
    let mut text = asker.request(SIGN);
    text["params"] = request;
    let body = serde_json::to_vec(&asker.submission(SIGN, &text)).unwrap();
    let (first, one) = http(&network.http(0), "POST /v1/executions", &body);
    let (second, two) = http(&network.http(1), "POST /v1/executions", &body);
    assert_eq!((first, second), (200, 200), "{one}\n{two}");
    let signature = |text: &str| serde_json::from_str::<Value>(text).unwrap()["signatures"].clone();
    assert_eq!(signature(&one), signature(&two));
    network.stop();
}

/// The generator of the curve: a key that nobody minted.
const NOT_MINTED: &str = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

/// A caller that can say anything.
/// Who asks a node, by HTTP alone.
pub(crate) struct Asker {
    network: NetworkFile,
    address: String,
    login: Login,
}

impl Asker {
    pub(crate) fn new(network: &Network) -> Asker {
        Asker::with(network, &Wallet::from_file(&network.state().join("wallet.key")).unwrap())
    }

    pub(crate) fn with(network: &Network, wallet: &Wallet) -> Asker {
        let file =
            NetworkFile::parse(&std::fs::read_to_string(network.state().join("network.json")).unwrap());
        let file = file.unwrap();
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let everything = Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any };
        let login = LoginBuilder::new(&file, "localhost")
            .allow(everything)
            .sign_in(wallet, now_ms(), &mut entropy)
            .unwrap();
        Asker { network: file, address: network.http(0), login }
    }

    /// A request that is right in everything; the action finds no parameters.
    pub(crate) fn request(&self, code: &str) -> Value {
        let (_, view) = http(&self.address, "GET /v1/network", b"");
        let view: Value = serde_json::from_str(&view).unwrap();
        let mut nonce = [0u8; 16];
        getrandom::fill(&mut nonce).unwrap();
        json!({
            "v": 1, "network": self.network.id(), "session": self.login.session().key, "login": self.login.hash(),
            "action": ActionCid::of_code(code.as_bytes()), "params": {},
            "block": { "number": view["head"]["number"], "hash": view["head"]["hash"] },
            "time_ms": now_ms(), "nonce": hex::encode(nonce),
        })
    }

    pub(crate) fn submission(&self, code: &str, request: &Value) -> Submission {
        let bytes = request.to_string().into_bytes();
        let id = request_id(&self.network.id(), &bytes);
        Submission {
            sig: self.login.sign_request(&id).to_vec(),
            request: bytes,
            login: self.login.proof().clone(),
            code: Some(code.to_owned()),
        }
    }

    fn expect(&self, code: &str, status: u16, body: Vec<u8>) {
        let (got, text) = http(&self.address, "POST /v1/executions", &body);
        let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{code}: {text}"));
        assert_eq!((problem["code"].as_str(), got), (Some(code), status), "{text}");
        assert_eq!(problem["status"], status);
    }

    fn expect_request(&self, code: &str, spoil: impl Fn(&mut Value)) {
        let mut request = self.request(SIGN);
        spoil(&mut request);
        self.expect_problem(&[code], SIGN, &request);
    }

    fn expect_code(&self, code: &str, source: &str) {
        self.expect_one_of(&[code], source);
    }

    fn expect_one_of(&self, codes: &[&str], source: &str) {
        self.expect_problem(codes, source, &self.request(source));
    }

    fn expect_problem(&self, codes: &[&str], source: &str, request: &Value) {
        let body = serde_json::to_vec(&self.submission(source, request)).unwrap();
        let (_, text) = http(&self.address, "POST /v1/executions", &body);
        let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{codes:?}: {text}"));
        assert!(problem["code"].as_str().is_some_and(|code| codes.contains(&code)), "{codes:?}: {text}");
    }
}

pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}
