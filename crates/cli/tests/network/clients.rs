//! Clients that are written after `docs/http.md`, in other languages: they compute its vectors, and run actions on a network.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Folder, Network, SIGN};

const HELLO: &str =
    "async function main({ name }) { return `hello, ${name}, from ${Lit.Auth.authSigAddress}`; }";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/clients")
}

/// Runs a client of this folder; returns whether it succeeded, and what it printed.
fn run(words: &[&str]) -> (bool, String) {
    let (file, rest) = words.split_first().unwrap();
    // Debian's own, for which Debian's packages are.
    let interpreter = if file.ends_with(".py") { "/usr/bin/python3" } else { "node" };
    let mut command = Command::new(interpreter);
    command.arg(folder().join(file)).args(rest).env("PYTHONDONTWRITEBYTECODE", "1");
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{interpreter}: {error}"));
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), format!("{out}{error}"))
}

/// What a client that must succeed printed.
fn ok(words: &[&str]) -> String {
    let (succeeded, text) = run(words);
    assert!(succeeded, "{words:?}; are its packages there (cargo xtask ci --only clients)?\n{text}");
    text
}

#[test]
fn clients_in_javascript_and_python_log_in_run_actions_and_check_receipts() {
    for vectors in ["vectors.mjs", "vectors.py"] {
        let said = ok(&[vectors]);
        assert!(said.trim().ends_with(" vectors"), "{vectors}: {said}");
    }

    let folder = Folder::new("clients");
    let network = Network::start(&folder, &[]);
    let file = network.state().join("network.json").display().to_string();
    let key = network.key_for(&[SIGN]);
    let sign = json!({ "publicKey": key, "toSign": ([1_u8; 32]) }).to_string();
    let (hello, signing) = (network.action(HELLO), network.action(SIGN));
    let other = network.file("other.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["name"] = json!("other");
    std::fs::write(&other, changed.to_string()).unwrap();
    for client in ["node.mjs", "python.py"] {
        let said: Value = serde_json::from_str(&ok(&[client, &file, &hello, r#"{"name": "Zoë"}"#])).unwrap();
        let response = said["response"].as_str().unwrap();
        assert!(response.starts_with("hello, Zoë, from 0x"), "{client}: {said}");
        assert!(said["members"].as_array().unwrap().len() >= 2, "{client}: {said}");
        let said: Value = serde_json::from_str(&ok(&[client, &file, &signing, &sign])).unwrap();
        assert_eq!(said["response"], "signed", "{client}");

        // What the node refuses, and a file of another network, are errors.
        let (succeeded, said) = run(&[client, &file, &signing, r#"{"publicKey": 1}"#]);
        assert!(!succeeded && said.contains("action_threw"), "{client}: {said}");
        let (succeeded, said) = run(&[client, &other, &hello]);
        assert!(!succeeded && said.contains("wrong_network"), "{client}: {said}");
    }
    network.stop();
}
