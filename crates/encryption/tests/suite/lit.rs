//! Ciphertexts and shares cross between this crate and Lit's published library, in both directions.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use quorate_encryption::{Ciphertext, encrypt};
use serde_json::{Value, json};

use crate::support::{LENGTHS, TestRoot, identity, message, rng};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/lit-encryption");

/// Versions 7.4.0 and 8.1.0.
const LIBRARIES: [&str; 2] = ["wasm7", "wasm8"];

/// Thresholds, and the members whose shares are combined: of three, and of five with gaps.
const COMMITTEES: [(u64, &[u8]); 2] = [(2, &[1, 3]), (3, &[5, 100, 201])];

/// Lets the libraries do these jobs.
fn lit(jobs: &[Value]) -> Vec<Value> {
    assert!(
        Path::new(FOLDER).join("node_modules/wasm8").exists(),
        "Lit's library is missing, run: npm ci --prefix examples/lit-encryption"
    );
    let mut node = Command::new("node")
        .arg(Path::new(FOLDER).join("lit.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(json!(jobs).to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    let results: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results.len(), jobs.len());
    results
}

/// A job: opening with the first `count` shares of a committee.
fn open(root: &TestRoot, library: &str, ciphertext: &Value, committee: (u64, &[u8]), count: usize) -> Value {
    let shares: Vec<Value> = root
        .shares(&identity(1), committee.0, committee.1)
        .into_iter()
        .take(count)
        .map(|(id, value)| json!({ "id": id, "value": hex::encode(value) }))
        .collect();
    json!({ "library": library, "open": { "ciphertext": ciphertext, "shares": shares } })
}

#[test]
fn our_ciphertexts_open_in_both_libraries() {
    let root = TestRoot::new(1);
    let value = hex::encode(root.value(&identity(1)));
    let (mut jobs, mut expected) = (Vec::new(), Vec::new());
    for (length, seed) in LENGTHS.into_iter().zip(1..) {
        let text = message(length);
        let ciphertext = encrypt(&root.key(), &identity(1), &text, &mut rng(seed)).unwrap().to_base64();
        for library in LIBRARIES {
            for committee in COMMITTEES {
                jobs.push(open(&root, library, &json!(ciphertext), committee, committee.1.len()));
                expected.push(json!({ "message": hex::encode(&text), "value": value }));
            }
        }
    }
    assert!(lit(&jobs) == expected);
}

#[test]
fn ciphertexts_of_both_libraries_open_here() {
    let root = TestRoot::new(1);
    let value = root.value(&identity(1));
    let mut jobs = Vec::new();
    let all = || LENGTHS.into_iter().flat_map(|length| LIBRARIES.map(|library| (length, library)));
    for (length, library) in all() {
        jobs.push(json!({ "library": library, "encrypt": {
            "key": hex::encode(root.key().to_bytes()),
            "identity": String::from_utf8(identity(1)).unwrap(),
            "message": hex::encode(message(length)),
        }}));
    }
    for ((length, library), result) in all().zip(lit(&jobs)) {
        let ciphertext = Ciphertext::from_base64(result["ciphertext"].as_str().unwrap()).unwrap();
        assert!(ciphertext.open(&value).unwrap().as_slice() == message(length), "{library}, {length}");
        assert!(ciphertext.open(&root.value(&identity(2))).is_err());
    }
}

#[test]
fn fewer_shares_open_in_no_library() {
    let root = TestRoot::new(1);
    let ciphertext = json!(encrypt(&root.key(), &identity(1), b"text", &mut rng(1)).unwrap().to_base64());
    let mut jobs = Vec::new();
    for library in LIBRARIES {
        for committee in COMMITTEES {
            jobs.push(open(&root, library, &ciphertext, committee, committee.1.len() - 1));
        }
    }
    for result in lit(&jobs) {
        assert!(result["error"].is_string(), "{result}");
    }
}
