//! Lit's published library beside a running network: what either encrypts, the other opens with the network's own shares.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use quorate_encryption::sealed::{self, Reader};
use quorate_wire::{DecryptionReply, Digest, Identity, NodeIndex};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Files, Forger, ONE, list, shown};
use crate::harness::{Folder, Network, http};

/// Versions 7.4.0 and 8.1.0.
const LIBRARIES: [&str; 2] = ["wasm7", "wasm8"];
const LENGTHS: [usize; 6] = [0, 1, 31, 32, 200, 70_000];
/// Any two of the three nodes.
const PAIRS: [[u8; 2]; 3] = [[1, 2], [1, 3], [2, 3]];

/// Lets the libraries do these jobs, each in a process of its own.
fn lit(jobs: &[Value]) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/lit-encryption");
    assert!(
        folder.join("node_modules/wasm8").exists(),
        "Lit's library is missing, run: npm ci --prefix examples/lit-encryption"
    );
    let mut command = Command::new("node");
    command.arg(folder.join("lit.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut node = command.spawn().unwrap();
    node.stdin.take().unwrap().write_all(json!(jobs).to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    let results: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results.len(), jobs.len());
    results
}

/// A node's share of what opens an identity, as the libraries take it.
fn share(network: &Network, forger: &Forger, node: u8, identity: Identity) -> Value {
    let reader = Reader::new(&mut rand_core::UnwrapErr(getrandom::SysRng));
    let index = NodeIndex::new(node).unwrap();
    let body = forger.body(|request| {
        (request.node, request.identity, request.reader) = (index, identity, Digest(*reader.public()));
    });
    let (status, text) = http(&network.http(usize::from(node) - 1), "POST /v1/decryptions", &body);
    assert_eq!(status, 200, "{text}");
    let reply: DecryptionReply = serde_json::from_str(&text).unwrap();
    let context = sealed::context(&reply.statement.body.request, index);
    let share = reader.open(&context, &reply.sealed).unwrap();
    json!({ "id": node, "value": hex::encode(share) })
}

/// A plaintext, and its document as the command line writes it.
struct Sample {
    text: Vec<u8>,
    document: Value,
    identity: Identity,
}

/// Who encrypts, and who has the nodes give their shares.
struct Desk<'a> {
    network: &'a Network,
    forger: Forger,
    policy: Digest,
    /// The file with the key of who may open.
    key: String,
}

impl<'a> Desk<'a> {
    fn new(network: &'a Network) -> Self {
        let policy = shown(network, &list(ONE));
        let forger = Forger::new(network, &policy, None);
        let policy = policy["hash"].as_str().unwrap().parse().unwrap();
        Desk { network, forger, policy, key: Files { network }.key(1) }
    }

    fn sample(&self, length: usize) -> Sample {
        let text: Vec<u8> = (0..length).map(|at| u8::try_from((at * 31 + at / 256) % 256).unwrap()).collect();
        let (plain, sealed) = (self.network.file("plain"), self.network.file("sealed.json"));
        fs::write(&plain, &text).unwrap();
        // `shown` has written the list there.
        let policy = self.network.file("policy.json");
        let words = ["encrypt", plain.as_str(), "--lit", "--policy", &policy, "-o", &sealed, "--force"];
        self.network.quorate(&words).ok();
        let document: Value = serde_json::from_slice(&fs::read(&sealed).unwrap()).unwrap();
        let data = Digest(Sha256::digest(&text).into());
        assert_eq!(document["dataToEncryptHash"], hex::encode(data.0));
        Sample { text, document, identity: Identity::Lit { policy: self.policy, data } }
    }

    fn shares(&self, sample: &Sample, nodes: &[u8]) -> Vec<Value> {
        nodes.iter().map(|node| share(self.network, &self.forger, *node, sample.identity)).collect()
    }

    /// Opens a document with the command line, and so with the nodes.
    fn open(&self, document: &Value) -> Vec<u8> {
        let (file, out) = (self.network.file("theirs.json"), self.network.file("opened"));
        fs::write(&file, document.to_string()).unwrap();
        let opened = self.network.quorate(&["decrypt", &file, "--key", &self.key, "-o", &out, "--force"]);
        assert_eq!(opened.ok()["wrong_shares"], json!([]));
        fs::read(&out).unwrap()
    }
}

#[test]
fn ciphertexts_cross_between_lits_library_and_a_running_network() {
    let folder = Folder::new("encrypt-lit");
    let network = Network::start(&folder, &[]);
    let desk = Desk::new(&network);
    let root = network.quorate(&["network", "keys"]).ok()["keys"]["decrypt"].clone();
    let root = root.as_str().unwrap().trim_start_matches("0x").to_owned();
    let samples: Vec<Sample> = LENGTHS.into_iter().map(|length| desk.sample(length)).collect();

    // Theirs: encrypted with the certified key, opened by our client with the shares of the nodes.
    let all = || samples.iter().flat_map(|sample| LIBRARIES.map(|library| (sample, library)));
    let encrypt = |(sample, library): (&Sample, &str)| {
        let identity = String::from_utf8(sample.identity.bytes()).unwrap();
        json!({ "library": library,
            "encrypt": { "key": root, "identity": identity, "message": hex::encode(&sample.text) } })
    };
    let made = lit(&all().map(encrypt).collect::<Vec<_>>());
    for ((sample, library), made) in all().zip(&made) {
        let mut document = sample.document.clone();
        document["ciphertext"] = made["ciphertext"].clone();
        assert_ne!(document, sample.document, "{library}: {made}");
        assert!(desk.open(&document) == sample.text, "{library}, {} bytes", sample.text.len());
    }

    // Ours: opened in both libraries, which combine the shares of two nodes; one node's open nothing.
    let (mut jobs, mut expected) = (Vec::new(), Vec::new());
    for (sample, pair) in samples.iter().zip(PAIRS.iter().cycle()) {
        let shares = desk.shares(sample, pair);
        for (library, shares) in LIBRARIES.iter().flat_map(|of| [(of, &shares[..]), (of, &shares[..1])]) {
            let open = json!({ "ciphertext": sample.document["ciphertext"], "shares": shares });
            jobs.push(json!({ "library": library, "open": open }));
            expected.push((shares.len() == 2).then(|| hex::encode(&sample.text)));
        }
    }
    let opened = lit(&jobs);
    for ((opened, expected), job) in opened.iter().zip(&expected).zip(&jobs) {
        let message = opened["message"].as_str().map(str::to_owned);
        assert!(message == *expected, "{}: {}", job["library"], opened["error"]);
    }
    // All combine to the one value of an identity, whichever library does it.
    let values: Vec<&str> = opened.iter().filter_map(|opened| opened["value"].as_str()).collect();
    assert_eq!(values.len(), 2 * LENGTHS.len());
    assert!(values.chunks(2).all(|pair| pair[0] == pair[1]));
    network.stop();
}
