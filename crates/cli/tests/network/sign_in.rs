//! People without wallets on running processes: a passkey, and an issuer whose keys each node fetches for itself.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use quorate_auth::HeldKeys;
use quorate_client::{
    ActionSource, Client, ClientError, ClientOptions, ExecutionCall, Login, LoginBuilder, OwnFacts,
    PasskeyAssertion, PendingSession,
};
use quorate_wire::{
    ActionCid, BlockRef, Capability, CapabilityAction, CapabilityKey, Ends, ErrorCode, IssuerRule,
    NetworkFile, Proof, TokenAlgorithm,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::bad_input::now_ms;
use crate::harness::{DIGEST, Folder, Network};

/// Signs if it may, perhaps after a while, and greets whoever calls.
const GREETS: &str = r"async function main({ publicKey, toSign, delay }) {
  if (delay) await new Promise((go) => setTimeout(go, delay));
  const signed = await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(toSign), publicKey, sigName: 'sig' })
    .then(() => 'signed', (error) => error.code);
  return { signed, ids: Lit.Auth.authMethodContexts.map(({ id }) => id), wallet: Lit.Auth.authSigAddress };
}";
const CLIENT: &str = "an-application";

/// An issuer on this machine. Its documents can be exchanged while it runs.
struct Issuer {
    url: String,
    keys: Arc<Mutex<String>>,
}

impl Issuer {
    fn start(key: &SigningKey) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let keys = Arc::new(Mutex::new(document(key)));
        let (own, shown) = (url.clone(), keys.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut line = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let _ = reader.read_line(&mut line);
                let mut header = String::new();
                while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
                    header.clear();
                }
                let body = if line.contains("/.well-known/openid-configuration") {
                    json!({ "issuer": own, "jwks_uri": format!("{own}/keys") }).to_string()
                } else {
                    shown.lock().unwrap().clone()
                };
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        Issuer { url, keys }
    }

    fn rule(&self) -> IssuerRule {
        IssuerRule {
            name: "An issuer".to_owned(),
            issuer: self.url.clone(),
            aliases: Vec::new(),
            algorithms: vec![TokenAlgorithm::EdDsa],
            jwks_uri: None,
        }
    }

    fn token(&self, subject: &str, nonce: &str, key: &SigningKey) -> String {
        let now_s = now_ms() / 1_000;
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({ "alg": "EdDSA", "kid": kid(key) }));
        let claims = part(json!({
            "iss": self.url, "aud": CLIENT, "sub": subject, "iat": now_s, "exp": now_s + 300, "nonce": nonce,
        }));
        let signed = format!("{header}.{claims}");
        let signature = key.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn kid(key: &SigningKey) -> String {
    hex::encode(&key.verifying_key().to_bytes()[..4])
}

fn document(key: &SigningKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().to_bytes());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": kid(key), "x": x }] }).to_string()
}

fn cose_key(key: &SigningKey) -> Vec<u8> {
    [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20][..], &key.verifying_key().to_bytes()]
        .concat()
}

/// What an authenticator answers at a page of this machine.
fn assertion(pending: &PendingSession<'_>, key: &SigningKey, block: &BlockRef) -> Proof {
    let challenge = URL_SAFE_NO_PAD.encode(pending.passkey_challenge("localhost", block));
    let client_data = json!({
        "type": "webauthn.get", "challenge": challenge, "origin": "http://localhost:5173", "crossOrigin": false,
    });
    let client_data = client_data.to_string().into_bytes();
    let authenticator_data = [&Sha256::digest("localhost")[..], &[0x05, 0, 0, 0, 0]].concat();
    let signed = [&authenticator_data[..], &Sha256::digest(&client_data)].concat();
    let shown = PasskeyAssertion {
        public_key: cose_key(key),
        signature: key.sign(&signed).to_bytes().to_vec(),
        authenticator_data,
        client_data,
        credential_id: None,
    };
    pending.passkey("localhost", *block, shown)
}

struct Site {
    network: Network,
    file: NetworkFile,
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Site {
    fn start(folder: &Folder, more: &[&str]) -> Site {
        let network = Network::start(folder, more);
        let text = fs::read_to_string(network.state().join("network.json")).unwrap();
        let file = NetworkFile::parse(&text).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let client = {
            let _inside = runtime.enter();
            Client::new(file.clone(), ClientOptions::default()).unwrap()
        };
        Site { network, file, runtime, client }
    }

    fn head(&self) -> BlockRef {
        let (_, head) = self.runtime.block_on(self.client.head()).unwrap();
        BlockRef { number: head.number, hash: head.hash }
    }

    /// A session that may run the action with whatever the login itself is granted, allowed by these proofs.
    fn log_in(&self, facts: &OwnFacts, proofs: impl FnOnce(&PendingSession<'_>) -> Vec<Proof>) -> Login {
        self.log_in_for(GREETS, facts, proofs)
    }

    fn log_in_for(
        &self,
        code: &str,
        facts: &OwnFacts,
        proofs: impl FnOnce(&PendingSession<'_>) -> Vec<Proof>,
    ) -> Login {
        let action = CapabilityAction::Named(ActionCid::of_code(code.as_bytes()));
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let pending = LoginBuilder::new(&self.file, "localhost")
            .allow(Capability::Use { key: CapabilityKey::Own, action })
            .begin(now_ms(), &mut entropy);
        let proofs = proofs(&pending);
        pending.finish(proofs, facts).unwrap()
    }

    fn with_passkey(&self, key: &SigningKey) -> Login {
        let block = self.head();
        let facts = OwnFacts { block: Some((block, now_ms())), ..OwnFacts::default() };
        self.log_in(&facts, |pending| vec![assertion(pending, key, &block)])
    }

    /// What the action answered, or the code of the refusal.
    fn greet(&self, login: &Login, key: &str) -> Result<Value, String> {
        self.greet_after(login, key, 0)
    }

    /// As [`Site::greet`], of a run that signs after so many milliseconds.
    fn greet_after(&self, login: &Login, key: &str, delay: u64) -> Result<Value, String> {
        let params = json!({ "publicKey": key, "toSign": DIGEST, "delay": delay });
        let call = ExecutionCall::new(ActionSource::Code(GREETS.to_owned()), &params).unwrap();
        let answer = self.runtime.block_on(self.client.execute(login, &call));
        let answer = answer.map_err(|error| match error {
            ClientError::Problem(problem) => problem.code.as_str().to_owned(),
            other => other.to_string(),
        })?;
        Ok(serde_json::from_str(&answer.reply.response.unwrap()).unwrap())
    }

    fn grant(&self, key: &str, whom: &[&str]) {
        let words = [&["pkp", "grant", key][..], whom, &["--scope", "sign-anything"]].concat();
        self.network.quorate(&words).ok();
    }
}

#[test]
fn a_key_that_is_granted_to_a_passkey_signs_for_its_holder_and_for_nobody_else() {
    let folder = Folder::new("sign-in-passkey");
    let site = Site::start(&folder, &[]);
    let [alice, bob] = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let key = site.network.key_for(&[]);
    let described = site.network.file("passkey.json");
    let text = json!({ "rp_id": "localhost", "public_key": URL_SAFE_NO_PAD.encode(cose_key(&alice)) });
    fs::write(&described, text.to_string()).unwrap();
    site.grant(&key, &["--passkey", &described]);
    let shown = site.network.quorate(&["pkp", "show", &key]).ok();
    assert_eq!(shown["grants"][0]["kind"], "passkey", "{shown}");

    let first = site.greet(&site.with_passkey(&alice), &key).unwrap();
    assert_eq!((&first["signed"], &first["wallet"]), (&json!("signed"), &Value::Null), "{first}");
    // A new session of the same person, as from another browser.
    let again = site.greet(&site.with_passkey(&alice), &key).unwrap();
    assert_eq!(again["ids"], first["ids"]);
    let other = site.greet(&site.with_passkey(&bob), &key).unwrap();
    assert_eq!(other["signed"], "not_granted", "{other}");
    assert_ne!(other["ids"], first["ids"]);
    site.network.quorate(&["pkp", "revoke", &key, "--passkey", &described]).ok();
    let until = Instant::now() + Duration::from_secs(5);
    while site.greet(&site.with_passkey(&alice), &key).unwrap()["signed"] != "not_granted" {
        assert!(Instant::now() < until, "the grant is revoked");
    }
}

#[test]
fn an_issuers_keys_are_fetched_by_each_node_and_sessions_outlive_them() {
    let folder = Folder::new("sign-in-oidc");
    let [before, after] = [11, 12].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let issuer = Issuer::start(&before);
    let list = folder.path.join("issuers.json");
    fs::write(&list, json!([issuer.rule()]).to_string()).unwrap();
    let site = Site::start(&folder, &["--issuers", list.to_str().unwrap()]);
    let key = site.network.key_for(&[]);
    site.grant(&key, &["--oidc", &issuer.url, CLIENT, "alice"]);
    let log_in = |subject: &str, signer: &SigningKey| {
        let held = HeldKeys::new(&document(signer)).unwrap();
        let facts = OwnFacts { issuers: vec![(issuer.rule(), held)], ..OwnFacts::default() };
        site.log_in(&facts, |pending| {
            vec![pending.oidc(issuer.token(subject, &pending.oidc_nonce(CLIENT), signer))]
        })
    };
    // The nodes fetch the keys within a moment of the issuer being listed.
    let alice = log_in("alice", &before);
    let until = Instant::now() + Duration::from_secs(20);
    let first = loop {
        match site.greet(&alice, &key) {
            Ok(answer) => break answer,
            Err(code) => assert!(Instant::now() < until, "{code}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(first["signed"], "signed", "{first}");
    let bob = site.greet(&log_in("bob", &before), &key).unwrap();
    assert_eq!(bob["signed"], "not_granted", "{bob}");

    // The issuer changes its keys, and then answers nonsense: what stood goes on, nothing else is taken.
    *issuer.keys.lock().unwrap() = document(&after);
    assert_eq!(site.greet(&alice, &key).unwrap()["signed"], "signed");
    let unknown = site.greet(&log_in("alice", &after), &key).unwrap_err();
    assert_eq!(unknown, "login_keys_unavailable", "they are asked for once a minute at most");
    *issuer.keys.lock().unwrap() = "<html>".to_owned();
    assert_eq!(site.greet(&alice, &key).unwrap()["signed"], "signed");

    // An issuer that nobody listed, and one that signs with a key of its own under the listed name.
    let stranger = Issuer::start(&after);
    let foreign = {
        let held = HeldKeys::new(&document(&after)).unwrap();
        let facts = OwnFacts { issuers: vec![(stranger.rule(), held)], ..OwnFacts::default() };
        site.log_in(&facts, |pending| {
            vec![pending.oidc(stranger.token("alice", &pending.oidc_nonce(CLIENT), &after))]
        })
    };
    assert_eq!(site.greet(&foreign, &key).unwrap_err(), "login_issuer_unknown");
    site.network.stop();
}

#[test]
fn who_signs_out_is_out_on_every_device_and_in_what_is_under_way() {
    let folder = Folder::new("sign-out");
    let site = Site::start(&folder, &[]);
    let [alice, bob] = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let key = site.network.key_for(&[]);
    for (name, person) in [("alice.json", &alice), ("bob.json", &bob)] {
        let described = site.network.file(name);
        let text = json!({ "rp_id": "localhost", "public_key": URL_SAFE_NO_PAD.encode(cose_key(person)) });
        fs::write(&described, text.to_string()).unwrap();
        site.grant(&key, &["--passkey", &described]);
    }
    let [phone, desk, other] = [&alice, &alice, &bob].map(|person| site.with_passkey(person));
    for login in [&phone, &desk, &other] {
        assert_eq!(site.greet(login, &key).unwrap()["signed"], "signed");
    }
    // A run on the one device goes on while the other signs out.
    let out = std::thread::scope(|threads| {
        let under_way = threads.spawn(|| site.greet_after(&desk, &key, 3_000));
        std::thread::sleep(Duration::from_millis(1_000));
        let out = site.runtime.block_on(site.client.sign_out(&phone, Ends::Everywhere)).unwrap();
        assert_eq!(under_way.join().unwrap().unwrap_err(), "session_revoked");
        out
    });
    let signed_out_s = now_ms() / 1_000;
    assert_eq!((out.nodes.len(), out.of, out.done), (3, 3, true), "{out:?}");
    for login in [&phone, &desk] {
        assert_eq!(site.greet(login, &key).unwrap_err(), "session_revoked");
        let stored = site.runtime.block_on(site.client.put_code(login, GREETS)).unwrap();
        assert!(stored.refused.iter().all(|(_, problem)| problem.code == ErrorCode::SessionRevoked));
        assert_eq!(stored.refused.len(), 3);
    }
    assert_eq!(site.greet(&other, &key).unwrap()["signed"], "signed");
    // It was written down.
    let state = site.network.state();
    site.network.stop();
    let site = Site::start(&folder, &[]);
    assert_eq!(site.network.state(), state);
    assert_eq!(site.greet(&desk, &key).unwrap_err(), "session_revoked");
    assert_eq!(site.greet(&other, &key).unwrap()["signed"], "signed");
    // A passkey comes back with a block of a later second; a wallet comes back at once.
    while now_ms() / 1_000 <= signed_out_s {
        std::thread::sleep(Duration::from_millis(20));
    }
    site.network.key_for(&[]);
    let until = Instant::now() + Duration::from_secs(20);
    let back = loop {
        // Until a node has that block, a login shows one of before.
        match site.greet(&site.with_passkey(&alice), &key) {
            Err(code) if code == "session_revoked" && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => break answer.unwrap(),
        }
    };
    assert_eq!(back["signed"], "signed");
    let told = site.network.quorate(&["sign-out"]).ok();
    assert_eq!((&told["of"], &told["done"]), (&json!(3), &json!(true)), "{told}");
    let minted = site.network.key_for(&[crate::harness::SIGN]);
    site.network.run(crate::harness::SIGN, &minted, &[]).ok();
    site.network.stop();
}

#[test]
fn an_action_that_wants_two_logins_signs_for_both_together_and_for_neither_alone() {
    let folder = Folder::new("two-logins");
    let signer = SigningKey::from_bytes(&[11; 32]);
    let issuer = Issuer::start(&signer);
    let list = folder.path.join("issuers.json");
    fs::write(&list, json!([issuer.rule()]).to_string()).unwrap();
    let site = Site::start(&folder, &["--issuers", list.to_str().unwrap()]);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/actions/two-logins/action.js");
    let code = fs::read_to_string(example).unwrap();
    let key = site.network.key_for(&[&code]);
    let [alice, bob] = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let described = site.network.file("passkey.json");
    let text = json!({ "rp_id": "localhost", "public_key": URL_SAFE_NO_PAD.encode(cose_key(&alice)) });
    fs::write(&described, text.to_string()).unwrap();
    // Neither way has the scope to sign a digest: that is the action's alone.
    let granted = |whom: &[&str]| {
        let words = [&["pkp", "grant", &key][..], whom, &["--scope", "personal-sign"]].concat();
        site.network.quorate(&words).ok();
    };
    granted(&["--passkey", &described]);
    granted(&["--oidc", &issuer.url, CLIENT, "alice"]);

    let block = site.head();
    let facts = OwnFacts {
        issuers: vec![(issuer.rule(), HeldKeys::new(&document(&signer)).unwrap())],
        block: Some((block, now_ms())),
    };
    let runs = |token: bool, passkey: Option<&SigningKey>| {
        let login = site.log_in_for(&code, &facts, |pending| {
            let token =
                token.then(|| pending.oidc(issuer.token("alice", &pending.oidc_nonce(CLIENT), &signer)));
            token.into_iter().chain(passkey.map(|key| assertion(pending, key, &block))).collect()
        });
        let params = json!({ "publicKey": key, "digest": DIGEST });
        let call = ExecutionCall::new(ActionSource::Code(code.clone()), &params).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match site.runtime.block_on(site.client.execute(&login, &call)) {
                Ok(ran) => {
                    let said: Value = serde_json::from_str(&ran.reply.response.unwrap()).unwrap();
                    return (said["signed"].as_bool().unwrap(), ran.reply.signatures.contains_key("both"));
                }
                // The nodes fetch the issuer's keys within a moment.
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    assert_eq!(runs(true, Some(&alice)), (true, true));
    assert_eq!(runs(true, None), (false, false), "the token alone");
    assert_eq!(runs(false, Some(&alice)), (false, false), "the passkey alone");
    assert_eq!(runs(true, Some(&bob)), (false, false), "somebody else's passkey beside the token");
    site.network.stop();
}
