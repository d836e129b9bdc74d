//! Files that a quorum opens, on real processes: who can open them, who can not, and what is left where nobody can.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use quorate_client::{Login, LoginBuilder, Wallet};
use quorate_wire::{
    Capability, CapabilityPolicy, DecryptionRequest, DecryptionSubmission, Digest, Identity, NetworkFile,
    NodeIndex, PolicyForm, decryption_request_id,
};
use serde_json::{Value, json, value::RawValue};

use crate::harness::{Answer, Folder, Network, http, program};

#[cfg(test)]
mod chain;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod lit;
#[cfg(test)]
mod recipes;

/// The accounts of the private keys 1 and 2.
const ONE: &str = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";
const TWO: &str = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf";
const SECRET: &[u8] = b"the secret\n";

/// What the tests do with a network's files.
struct Files<'a> {
    network: &'a Network,
}

impl Files<'_> {
    /// A file with these bytes.
    fn plain(&self, bytes: &[u8]) -> String {
        let path = self.network.file("plain");
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The file with the private key of this small number.
    fn key(&self, number: u8) -> String {
        let path = self.network.file(&format!("key-{number}"));
        fs::write(&path, format!("{:064x}\n", u64::from(number))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Encrypts the secret; answers the container's place.
    fn encrypt(&self, name: &str, to: &[&str]) -> String {
        let (plain, out) = (self.plain(SECRET), self.network.file(name));
        self.network.quorate(&[&["encrypt", &plain, "-o", &out], to].concat()).ok();
        out
    }

    /// Opens a file, as the owner of the network's own wallet or with a key.
    fn decrypt(&self, file: &str, more: &[&str]) -> Answer {
        let out = self.network.file("opened");
        let _ = fs::remove_file(&out);
        let answer = self.network.quorate(&[&["decrypt", file, "-o", &out], more].concat());
        assert_eq!(answer.succeeded, fs::exists(&out).unwrap(), "{}", answer.value);
        if answer.succeeded {
            assert_eq!(fs::read(&out).unwrap(), SECRET);
        }
        answer
    }

    /// What all nodes say.
    fn explain(&self, file: &str, more: &[&str]) -> Value {
        self.network.quorate(&[&["decrypt", file, "--explain"], more].concat()).value
    }
}

/// Opens what it is given, and tells its length alone.
const OPENS: &str = r#"async function main({ ciphertext, dataToEncryptHash, unifiedAccessControlConditions }) {
  const sealed = { ciphertext, dataToEncryptHash, unifiedAccessControlConditions };
  const key = await Lit.Actions.decryptAndCombine({ ...sealed, authSig: null, chain: "ethereum" });
  Lit.Actions.setResponse({ response: String(key.length) });
}"#;

#[test]
fn a_secret_opens_in_the_action_that_it_is_encrypted_to_and_nowhere_else() {
    let folder = Folder::new("encrypt-action");
    let network = Network::start(&folder, &[]);
    let files = Files { network: &network };
    let plain = files.plain(SECRET);
    let action = network.action(OPENS);
    let sealed = network.file("sealed.json");
    network.quorate(&["encrypt", &plain, "--lit", "--to-action", &action, "-o", &sealed]).ok();
    let params = format!("@{sealed}");
    let reply = network.file("reply.json");
    let opened = network.quorate(&["action", "run", &action, "--params", &params, "--out", &reply]).ok();
    assert_eq!(opened["reply"]["response"], SECRET.len().to_string());
    let text = opened.to_string();
    assert!(!text.contains("the secret"), "{text}");
    let stated = &opened["reply"]["receipt"]["statements"][0]["body"]["opened"];
    assert_eq!(stated.as_array().map_or(0, Vec::len), 1, "{stated}");
    network.quorate(&["verify", &reply]).ok();
    // One byte more, and the command line.
    let other = network.action(&format!("{OPENS}\n"));
    let refused = network.quorate(&["action", "run", &other, "--params", &params]).error();
    assert_eq!(refused["code"], "policy_denied", "{refused}");
    assert!(all_refuse(&files.explain(&sealed, &[]), "policy_denied"));
}

/// Whether every node refuses with this code.
fn all_refuse(said: &Value, code: &str) -> bool {
    let nodes = said["nodes"].as_array().unwrap_or_else(|| panic!("{said:#}"));
    said["opens"] == false && nodes.iter().all(|node| node["code"] == code)
}

#[test]
fn a_file_opens_for_whom_it_is_encrypted_to_and_leaves_nothing_where_it_does_not() {
    let folder = Folder::new("encrypt-address");
    let network = Network::start(&folder, &[]);
    let files = Files { network: &network };
    let (one, two) = (files.key(1), files.key(2));
    let file = files.encrypt("to-one.quorate", &["--to-address", ONE]);
    let opened = files.decrypt(&file, &["--key", &one]).ok();
    assert_eq!(opened["wrong_shares"], json!([]));
    let denied = files.decrypt(&file, &["--key", &two]).error();
    assert_eq!(denied["code"], "policy_denied");
    let said = files.explain(&file, &["--key", &two]);
    assert!(all_refuse(&said, "policy_denied"), "{said:#}");
    let said = files.explain(&file, &["--key", &one]);
    assert_eq!((&said["opens"], said["nodes"].as_array().map(Vec::len)), (&json!(true), Some(3)));
    assert!(
        said["nodes"][0]["latest"]["number"].as_u64() >= said["nodes"][0]["finalized"]["number"].as_u64()
    );

    // The form of Lit's clients, both ways.
    let document = files.encrypt("to-two.lit.json", &["--to-address", TWO, "--lit"]);
    files.decrypt(&document, &["--key", &two]).ok();
    assert_eq!(files.decrypt(&document, &["--key", &one]).error()["code"], "policy_denied");

    // An action's secret is nobody's else.
    let action = network.action("Lit.Actions.setResponse({ response: 'x' });");
    let file = files.encrypt("to-action.quorate", &["--to-action", &action]);
    assert_eq!(files.decrypt(&file, &[]).error()["code"], "policy_denied");

    // A file that is there is not written over, and what was changed leaves no file.
    let plain = files.plain(SECRET);
    let words = ["encrypt", plain.as_str(), "-o", file.as_str(), "--to-address", ONE];
    network.quorate(&words).error();
    network.quorate(&[&words[..], &["--force"]].concat()).ok();
    let whole = fs::read(&file).unwrap();
    let last = whole.len() - 1;
    for (at, code) in [
        (0, "container_invalid"),
        (8, "container_version"),
        (20, "ciphertext_foreign"),
        (last, "container_invalid"),
    ] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        assert_eq!(files.decrypt(&file, &["--key", &one]).error()["code"], code, "byte {at}");
    }
    network.stop();
}

#[test]
fn a_key_opens_for_its_owner_and_its_grants_at_that_moment() {
    let folder = Folder::new("encrypt-pkp");
    let network = Network::start(&folder, &[]);
    let files = Files { network: &network };
    let one = files.key(1);
    let key = network.quorate(&["pkp", "mint"]).ok()["public_key"].as_str().unwrap().to_owned();
    let file = files.encrypt("to-key.quorate", &["--to-pkp", &key]);
    files.decrypt(&file, &[]).ok();
    let denied = |what: &str| {
        let said = files.explain(&file, &["--key", &one]);
        assert!(all_refuse(&said, "policy_denied"), "{what}: {said:#}");
    };
    denied("before the grant");
    for round in 1..=5 {
        network.quorate(&["pkp", "grant", &key, "--address", ONE, "--scope", "decrypt"]).ok();
        eventually(|| files.decrypt(&file, &["--key", &one]).succeeded, "the grant opens what is older");
        let revoked = network.quorate(&["pkp", "revoke", &key, "--address", ONE]).ok();
        let block = revoked["block"].as_u64().unwrap();
        eventually(|| (0..3).all(|place| head(&network, place) >= block), "nodes follow the chain");
        // Not one opening more: the same file, and the very next request to every node.
        let said = files.explain(&file, &["--key", &one]);
        assert!(all_refuse(&said, "policy_denied"), "round {round}, block {block}: {said:#}");
        for node in said["nodes"].as_array().unwrap() {
            let judged = judged_at(node["detail"].as_str().unwrap());
            assert!(judged.is_some_and(|judged| judged >= block), "round {round}, block {block}: {node}");
        }
    }
    denied("after it was revoked");
    network.quorate(&["pkp", "grant", &key, "--address", ONE, "--scope", "decrypt"]).ok();
    network.quorate(&["pkp", "burn", &key]).ok();
    eventually(|| files.decrypt(&file, &["--key", &one]).succeeded, "a burnt key stays as it was");
    eventually(|| !files.decrypt(&file, &[]).succeeded, "a burnt key has no owner");
    network.quorate(&["pkp", "revoke", &key, "--address", ONE]).error();
    files.decrypt(&file, &["--key", &one]).ok();
    network.stop();
}

/// The number of the latest block that a node has.
fn head(network: &Network, place: usize) -> u64 {
    let (_, text) = http(&network.http(place), "GET /v1/network", b"");
    let view: Value = serde_json::from_str(&text).unwrap();
    view["head"]["number"].as_u64().unwrap()
}

/// The block that a denial names.
fn judged_at(detail: &str) -> Option<u64> {
    let digits = detail.split("block ").nth(1)?;
    digits.split(|digit: char| !digit.is_ascii_digit()).next()?.parse().ok()
}

/// Tries again for a few blocks at most.
fn eventually(mut holds: impl FnMut() -> bool, what: &str) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(5), "not in time: {what}");
    }
}

/// A request to the nodes that this client would never make.
struct Forger {
    network: NetworkFile,
    login: Login,
    list: Box<RawValue>,
    identity: Identity,
}

impl Forger {
    fn new(network: &Network, policy: &Value, capability: Option<CapabilityPolicy>) -> Forger {
        let text = fs::read_to_string(network.state().join("network.json")).unwrap();
        let network = NetworkFile::parse(&text).unwrap();
        let policy: Digest = policy["hash"].as_str().unwrap().parse().unwrap();
        let mut key = [0; 32];
        key[31] = 1;
        let capability =
            Capability::Decrypt { policy: capability.unwrap_or(CapabilityPolicy::Named(policy)) };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = u64::try_from(now.as_millis()).unwrap();
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let builder = LoginBuilder::new(&network, "localhost").allow(capability);
        let login = builder.sign_in(&Wallet::from_bytes(&key).unwrap(), now, &mut entropy).unwrap();
        let list = RawValue::from_string(list(ONE)).unwrap();
        let identity = Identity::Container { network: network.id(), policy, salt: [7; 32] };
        Forger { network, login, list, identity }
    }

    /// The body of a request that is in order but for what `change` does.
    fn body(&self, change: impl FnOnce(&mut DecryptionRequest)) -> Vec<u8> {
        let mut random = [0; 48];
        getrandom::fill(&mut random).unwrap();
        let (nonce, reader) = random.split_at(16);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let mut request = DecryptionRequest {
            v: 1,
            network: self.network.id(),
            node: NodeIndex::new(1).unwrap(),
            session: self.login.session().key,
            login: self.login.hash(),
            policy: self.list.clone(),
            form: PolicyForm::Unified,
            identity: self.identity,
            reader: Digest(reader.try_into().unwrap()),
            time_ms: u64::try_from(now.as_millis()).unwrap(),
            nonce: hex::encode(nonce),
        };
        change(&mut request);
        let bytes = serde_json::to_vec(&request).unwrap();
        let sig = self.login.sign_request(&decryption_request_id(&self.network.id(), &bytes)).to_vec();
        let login = self.login.proof().clone();
        serde_json::to_vec(&DecryptionSubmission { request: bytes, sig, login }).unwrap()
    }
}

fn list(address: &str) -> String {
    json!([{
        "conditionType": "evmBasic", "contractAddress": "", "standardContractType": "", "chain": "quorate",
        "method": "", "parameters": [":userAddress"],
        "returnValueTest": { "comparator": "=", "value": address },
    }])
    .to_string()
}

/// What `quorate policy show` says of a list.
fn shown(network: &Network, list: &str) -> Value {
    let path = network.file("policy.json");
    fs::write(&path, list).unwrap();
    let output = program().args(["--json", "policy", "show", &path]).output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_request_that_is_recorded_or_forged_gets_nothing() {
    let folder = Folder::new("encrypt-forged");
    let network = Network::start(&folder, &[]);
    let policy = shown(&network, &list(ONE));
    let post = |body: &[u8]| {
        let (status, text) = http(&network.http(0), "POST /v1/decryptions", body);
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status} {text}"));
        (status, value["code"].as_str().unwrap_or_default().to_owned())
    };
    let forger = Forger::new(&network, &policy, None);
    let refused = |what: &str, code: &str, body: &[u8]| {
        let (status, found) = post(body);
        assert_eq!((found.as_str(), status >= 400), (code, true), "{what}");
    };
    let body = forger.body(|_| {});
    assert_eq!(post(&body).0, 200);
    refused("the same bytes again", "request_replayed", &body);
    refused(
        "a key of low order",
        "reader_key_invalid",
        &forger.body(|request| request.reader = Digest([0; 32])),
    );
    let other: Digest = shown(&network, &list(TWO))["hash"].as_str().unwrap().parse().unwrap();
    let (id, salt) = (forger.network.id(), [7; 32]);
    let foreign = Identity::Container { network: id, policy: other, salt };
    refused(
        "another policy's identity",
        "identity_mismatch",
        &forger.body(|request| request.identity = foreign),
    );
    let lit = Identity::Lit { policy: other, data: Digest([1; 32]) };
    refused("the same in Lit's form", "identity_mismatch", &forger.body(|request| request.identity = lit));
    let swapped = |request: &mut DecryptionRequest| {
        request.identity = foreign;
        request.policy = RawValue::from_string(list(TWO)).unwrap();
    };
    refused("a policy beyond the session", "session_scope", &forger.body(swapped));
    let narrow = Forger::new(&network, &policy, Some(CapabilityPolicy::Named(other)));
    refused("a session without the right", "session_scope", &narrow.body(|_| {}));
    network.stop();
}

#[test]
fn three_of_five_open_and_two_say_at_once_who_is_missing() {
    let folder = Folder::new("encrypt-five");
    let network = Network::start(&folder, &["--nodes", "5", "--threshold", "3", "--no-restart"]);
    let files = Files { network: &network };
    let one = files.key(1);
    let file = files.encrypt("to-one.quorate", &["--to-address", ONE]);
    for node in ["node-2", "node-4"] {
        network.kill(node);
    }
    files.decrypt(&file, &["--key", &one]).ok();
    network.kill("node-5");
    let begun = Instant::now();
    let error = files.decrypt(&file, &["--key", &one]).error();
    assert!(begun.elapsed() < Duration::from_secs(1), "told after {:?}", begun.elapsed());
    assert_eq!(
        (&error["code"], &error["nodes"]),
        (&json!("decryption_failed"), &json!([2, 4, 5])),
        "{error}"
    );
    network.stop();
}

#[test]
fn encrypting_needs_no_node_and_a_killed_one_leaves_no_file() {
    let folder = Folder::new("encrypt-offline");
    let network = Network::start(&folder, &[]);
    network.quorate(&["network", "keys"]).ok();
    let state = network.state().display().to_string();
    let out = network.file("killed.quorate");
    network.stop();
    let command = |out: &str| {
        let mut command = program();
        command.args(["encrypt", "-", "-o", out, "--to-address", ONE, "--dir", &state]);
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    };
    // A megabyte is on its way, the end is not: killed, it leaves nothing under the name.
    let mut killed = command(&out);
    let mut input = killed.stdin.take().unwrap();
    input.write_all(&vec![7; 1 << 20]).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!fs::exists(&out).unwrap());
    drop(input);
    let mut whole = command(&out);
    whole.stdin.take().unwrap().write_all(SECRET).unwrap();
    let ended = whole.wait_with_output().unwrap();
    assert!(ended.status.success() && fs::exists(&out).unwrap());
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("whoever holds the address") && told.contains(ONE), "{told}");
}

/// The commands of the page about encryption, one after another, in a folder beside a network.
#[test]
fn the_pages_commands_do_what_it_says() {
    let folder = Folder::new("encrypt-page");
    let network = Network::start(&folder, &[]);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/encryption.md");
    let page = fs::read_to_string(page).unwrap();
    let mut script = String::from("set -e\n");
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let lines = block.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line));
        script.extend(lines.flat_map(|line| [line, "\n"]));
    }
    std::os::unix::fs::symlink(network.state(), folder.path.join(".quorate")).unwrap();
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_quorate"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(&folder.path).env("PATH", path).stdin(Stdio::null());
    let ended = shell.output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}");
    for expected in ["whoever may decrypt with the key", "not before 2027-01-01", "opened 8 bytes"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    network.stop();
}

/// Nodes that are told to lie need a build with the feature.
#[cfg(feature = "faults")]
#[test]
fn a_wrong_share_is_named_and_another_takes_its_place() {
    let folder = Folder::new("encrypt-wrong");
    let network = Network::start(&folder, &[]);
    let file = Files { network: &network }.encrypt("to-one.quorate", &["--to-address", ONE]);
    network.stop();
    folder.lie(3, "member = \"wrong_share\"");
    let network = Network::start(&folder, &["--no-restart"]);
    let files = Files { network: &network };
    let one = files.key(1);
    let said = files.explain(&file, &["--key", &one]);
    let words: Value = said["nodes"].as_array().unwrap().iter().map(|node| node["said"].clone()).collect();
    assert_eq!((&said["opens"], words), (&json!(true), json!(["gave", "gave", "wrong_share"])), "{said:#}");
    // Which two answer first is chance; with the liar among them, the third one's share is taken.
    let mut named = 0;
    for _ in 0..20 {
        let opened = files.decrypt(&file, &["--key", &one]).ok();
        let wrong = opened["wrong_shares"].as_array().unwrap();
        assert!(wrong.iter().all(|node| *node == 3), "{opened}");
        named += wrong.len();
    }
    assert!(named > 0, "the liar was never among the first");
    network.kill("node-2");
    let error = files.decrypt(&file, &["--key", &one]).error();
    assert_eq!((&error["code"], &error["nodes"]), (&json!("decryption_failed"), &json!([2, 3])), "{error}");
    network.stop();
}
