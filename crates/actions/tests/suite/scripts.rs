//! Every `tests/actions/NAME.js` runs against the scripted host; what comes out is `NAME.out`.
//!
//! A script may begin with lines `// params: JSON`, `// auth: JSON` and `// limits: name=number …`.
//! `UPDATE_OUT=1 cargo test -p quorate-actions` writes the `.out` files anew: read the difference.

use std::fmt::Write as _;
use std::fs;

use quorate_actions::{ActionLimits, ActionOutcome, RunInputs};
use quorate_wire::{HostCall, Recipient, SignKey, SignMessage, SignRequest};

use super::support::{engine, guest_for_tests, inputs, run_with, scripted_host, scripts};

#[test]
fn the_guest_names_whole_pages_that_executions_write() {
    let manifest = std::fs::read(guest_for_tests().folder().join("guest.json")).expect("it is there");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("it is JSON");
    let spans: Vec<(usize, usize)> = serde_json::from_value(manifest["hot_pages"].clone()).expect("pairs");
    let page = rustix::param::page_size();
    assert!(spans.iter().all(|(start, len)| start % page == 0 && len % page == 0 && *len > 0), "{spans:?}");
    // The page of the stack that every call begins on is surely among them, and not the whole image.
    let pages = spans.iter().map(|(_, len)| len / page).sum::<usize>();
    assert!((10..1000).contains(&pages), "{pages} pages");
}

#[test]
fn scripts_do_what_their_out_files_say() {
    let engine = engine();
    let update = std::env::var_os("UPDATE_OUT").is_some();
    let mut wrong = Vec::new();
    let mut names: Vec<_> = fs::read_dir(scripts())
        .expect("the scripts are there")
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "js"))
        .collect();
    names.sort();
    assert!(names.len() > 20, "only {} scripts", names.len());
    for path in names {
        let code = fs::read_to_string(&path).expect("a script is text");
        let mut calls = String::new();
        let finished = run_with(&engine, &with_header(&code), |call, op| {
            describe(&mut calls, call, op);
            scripted_host(call, op)
        });
        let mut out = match &finished.outcome {
            ActionOutcome::Completed { response: None } => "completed without a response\n".to_owned(),
            ActionOutcome::Completed { response: Some(response) } => format!("completed: {response}\n"),
            ActionOutcome::Failed { code, message, cause } => {
                let cause = cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
                format!("failed: {code}{cause}\n{message}\n")
            }
        };
        for (title, text) in [("calls", &calls), ("logs", &finished.logs)] {
            if !text.is_empty() {
                let _ = write!(out, "--- {title}\n{text}");
            }
        }
        let expected = path.with_extension("out");
        if update {
            fs::write(&expected, &out).expect("the out file can be written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != out {
            wrong.push(format!("{}:\n{out}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "these came out differently:\n{}", wrong.join("\n"));
}

fn with_header(code: &str) -> RunInputs {
    let mut inputs = inputs(code);
    for line in code.lines().map_while(|line| line.strip_prefix("// ")) {
        if let Some(params) = line.strip_prefix("params: ") {
            inputs.params = params.to_owned();
        } else if let Some(auth) = line.strip_prefix("auth: ") {
            inputs.auth = auth.to_owned();
        } else if let Some(limits) = line.strip_prefix("limits: ") {
            for limit in limits.split_whitespace() {
                let (name, number) = limit.split_once('=').expect("name=number");
                set(&mut inputs.limits, name, number);
            }
        }
    }
    inputs
}

/// Sets a limit by its name.
fn set(limits: &mut ActionLimits, name: &str, number: &str) {
    let mut all = serde_json::to_value(*limits).expect("limits are JSON");
    let number: u64 = number.parse().expect("a number");
    *all.get_mut(name).unwrap_or_else(|| panic!("no limit {name}")) = number.into();
    *limits = serde_json::from_value(all).expect("limits are JSON");
}

fn describe(calls: &mut String, call: u32, op: &HostCall) {
    let _ = match op {
        HostCall::Sign(sign) => describe_sign(calls, call, sign),
        HostCall::Fetch(fetch) => {
            writeln!(
                calls,
                "{call} fetch {} {} {:?} {} bytes",
                fetch.method,
                fetch.url,
                fetch.headers,
                fetch.body.len()
            )
        }
        other => writeln!(calls, "{call} {other:?}"),
    };
}

fn describe_sign(calls: &mut String, call: u32, sign: &SignRequest) -> std::fmt::Result {
    let kind = match sign.recipient {
        Recipient::Action => "sign and combine",
        Recipient::Caller => "sign",
    };
    let key = match &sign.key {
        SignKey::Pkp(key) => hex::encode(key),
        SignKey::Own => "its own key".to_owned(),
    };
    let message = match &sign.message {
        SignMessage::Digest(digest) => hex::encode(digest),
        SignMessage::Personal(text) => format!("{text:?}"),
        SignMessage::Bytes(bytes) => format!("bytes {}", hex::encode(bytes)),
    };
    writeln!(calls, "{call} {kind} {:?} {message} with {key}", sign.name)
}
