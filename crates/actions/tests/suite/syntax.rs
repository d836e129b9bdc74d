//! The guest's syntax, by the npm package `test262-parser-tests`: what it must accept and what it must refuse.
//!
//! An action is a classic script, so the package's module files are passed over. `test262/exceptions.txt`
//! lists where the guest does otherwise than the package says, and why; a line that is no longer true fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use quorate_actions::{ActionOutcome, Engine};
use quorate_wire::ErrorCode;

use super::support::{engine, inputs, run_with, scripted_host};

/// A folder of the package, whether its files are programs, and how many of them are scripts.
const FOLDERS: [(&str, bool, usize); 4] =
    [("pass", true, 1_905), ("pass-explicit", true, 1_905), ("fail", false, 684), ("early", false, 605)];

/// Enough for the parser; a program that loops ends soon.
const FUEL: u64 = 20_000_000;

#[test]
fn parser_tests_of_test262_pass_but_for_the_listed_exceptions() {
    let base = folder().join("node_modules/test262-parser-tests");
    assert!(base.exists(), "the parser tests are missing, run: npm ci --prefix crates/actions/tests/test262");
    let engine = engine();
    let mut exceptions = exceptions();
    let mut wrong = Vec::new();
    for (name, is_program, count) in FOLDERS {
        let mut scripts = 0;
        let mut paths: Vec<_> = fs::read_dir(base.join(name))
            .expect("the package has this folder")
            .map(|entry| entry.expect("a folder entry").path())
            .filter(|path| !path.to_string_lossy().ends_with(".module.js"))
            .collect();
        paths.sort();
        for path in paths {
            scripts += 1;
            let test = format!("{name}/{}", path.file_name().expect("a file").to_string_lossy());
            let code = fs::read_to_string(&path).expect("a test is text");
            let as_listed = exceptions.remove(&test).is_none();
            if (parses(&engine, &code) == is_program) != as_listed {
                let verdict = if as_listed { "comes out wrong" } else { "is listed but comes out right" };
                wrong.push(format!("{test} {verdict}: {code}"));
            }
        }
        assert_eq!(scripts, count, "scripts in {name}");
    }
    wrong.extend(exceptions.into_keys().map(|test| format!("{test} is listed but not in the package")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text of an action is compiled before any of it runs, and only that ends with this code.
fn parses(engine: &Engine, code: &str) -> bool {
    let mut inputs = inputs(code);
    inputs.limits.fuel = FUEL;
    let finished = run_with(engine, &inputs, scripted_host);
    !matches!(finished.outcome, ActionOutcome::Failed { code: ErrorCode::ActionSyntax, .. })
}

/// Tests by name with the reason: a line is `folder/file.js reason`, or a comment, or empty.
fn exceptions() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("exceptions.txt")).expect("the list of exceptions");
    let mut exceptions = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (test, reason) = line.split_once(' ').expect("a test and a reason");
        assert!(reason.len() > 10, "{test} has no reason");
        assert!(exceptions.insert(test.into(), reason.into()).is_none(), "{test} is listed twice");
    }
    exceptions
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/test262")
}
