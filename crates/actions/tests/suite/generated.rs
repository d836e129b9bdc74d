//! Generated programs: calls of the helpers with arguments of every type. Each comes to a value or to an error that
//! names an argument, and the same program to the same on every run.
//!
//! `GENERATED=20000 cargo test -p quorate-actions generated` runs as many instead of 2,000.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

use quorate_actions::{ActionOutcome, Engine};
use serde_json::Value;

use super::support::{engine, inputs, run_with, scripted_host};

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generated/programs.js");
/// Arguments that are bytes.
const TAKE_BYTES: [&str; 15] = [
    "toSign",
    "publicKey",
    "userId",
    "array",
    "symmetricKey",
    "ciphertext",
    "keyData",
    "iv",
    "additionalData",
    "salt",
    "info",
    "signature",
    "wrappedKey",
    "secret",
    "txn",
];
/// So many run in one action.
const TOGETHER: u32 = 25;
/// How many programs there are unless the environment says otherwise.
const COUNT: u32 = 2000;

#[test]
fn generated_programs_come_to_values_or_to_errors_that_name_an_argument() {
    let engine = engine();
    let count = std::env::var("GENERATED").map_or(COUNT, |count| count.parse().expect("a number"));
    assert_eq!(run(&engine, 0), run(&engine, 0), "the same programs, the same lines");
    let mut wrong = BTreeMap::new();
    for first in (0..count).step_by(TOGETHER as usize) {
        let lines = run(&engine, first);
        assert_eq!(lines.len(), TOGETHER as usize, "all programs from {first} on came to something");
        for line in lines {
            if let Some(why) = fault(&line) {
                let key = format!("{} {}: {why}", line["helper"], line["exchanged"]);
                wrong.entry(key).or_insert(line["program"].clone());
            }
        }
    }
    let text = wrong.iter().fold(String::new(), |mut text, (what, program)| {
        let _ = writeln!(text, "{program} {what}");
        text
    });
    assert!(wrong.is_empty(), "of {count} programs {} came out wrong:\n{text}", wrong.len());
}

/// What the programs from `first` on come to. The clock and all else is the same in every run.
fn run(engine: &Engine, first: u32) -> Vec<Value> {
    let mut inputs = inputs("");
    inputs.code = Arc::from(fs::read(PROGRAMS).expect("the programs are there"));
    inputs.params = serde_json::json!({ "first": first, "count": TOGETHER }).to_string();
    inputs.limits.signatures = 1000;
    inputs.limits.log_bytes = 1024 * 1024;
    let finished = run_with(engine, &inputs, scripted_host);
    match finished.outcome {
        ActionOutcome::Completed { .. } => {}
        ActionOutcome::Failed { code, message, .. } => {
            panic!("programs from {first} on: {code}: {message}\n{}", finished.logs)
        }
    }
    let lines = finished.logs.lines().filter(|line| line.starts_with("{\"program\""));
    lines.map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// What is wrong with what a program came to.
fn fault(line: &Value) -> Option<String> {
    let error = line.get("error")?;
    let (Some(name), Some(message)) = (error["name"].as_str(), error["message"].as_str()) else {
        return Some(format!("it threw what is no error: {error}"));
    };
    // What the caller's own code throws is the caller's.
    if message.contains("of the caller") {
        return None;
    }
    if matches!(name, "InternalError" | "ReferenceError") {
        return Some(format!("{name}: {message}"));
    }
    // Nor is what becomes of an object of the caller's that cannot be made a text or a number, or be looked at.
    let exchanged = line["exchanged"].as_object()?;
    let unusable = |(argument, kind): (&String, &Value)| match kind.as_str() {
        Some("revoked" | "no_primitive" | "null_object" | "boxed_symbol") => true,
        // It may stand where a callback may.
        Some("class") => argument == "options",
        Some("false_bytes" | "shrunk") => !TAKE_BYTES.contains(&argument.as_str()),
        _ => false,
    };
    if name == "TypeError" && exchanged.iter().any(unusable) {
        return None;
    }
    // What is not there for anybody.
    if error["code"] == "not_supported"
        && line["helper"].as_str().is_some_and(|helper| message.contains(helper))
    {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    let said = plain(message);
    let others = line["names"].as_array()?.iter().filter_map(Value::as_str);
    let named = exchanged.keys().map(String::as_str).chain(others).any(|name| said.contains(&plain(name)));
    (!named).then(|| format!("{name}: {message}"))
}
