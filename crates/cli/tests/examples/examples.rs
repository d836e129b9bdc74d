//! The example actions.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::command::{folder, quorate, quorate_json};

/// The folders of the examples, sorted.
fn examples() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the examples are there")
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[test]
fn examples_do_what_their_expectations_say() {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        for example in examples() {
            let (succeeded, report) = simulate(&example);
            if succeeded {
                fs::write(example.join("expected.json"), text(report))
                    .expect("the expectation can be written");
            }
        }
    }
    let mut wrong = Vec::new();
    for example in examples() {
        let (succeeded, report) = simulate(&example);
        assert!(succeeded, "{}: {report:#}", example.display());
        assert_eq!(report["fixtures"], serde_json::json!({ "missing": [], "unused": [] }));
        let text = text(report);
        let expected = fs::read_to_string(example.join("expected.json"));
        // An example without the file is wrong as well.
        if expected.ok().as_ref() != Some(&text) {
            wrong.push(format!("{}:\n{text}", example.display()));
        }
    }
    assert!(wrong.is_empty(), "these came out differently:\n{}", wrong.join("\n"));
}

/// The report without the counters: how much work it was depends on the guest's build.
fn text(mut report: Value) -> String {
    report.as_object_mut().expect("an object").remove("limits");
    format!("{report:#}\n")
}

#[test]
fn every_example_says_what_it_shows_and_is_listed() {
    let readme = fs::read_to_string(folder().join("README.md")).expect("a readme");
    let examples = examples();
    assert!(examples.len() >= 25, "only {} examples", examples.len());
    for example in examples {
        let name = example.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(readme.contains(&format!("| `{name}` |")), "{name} is not in the readme");
        // What is bundled says it in its source.
        let source = ["action.ts", "action.js"].map(|file| example.join(file));
        let source = source.iter().find(|path| path.exists()).expect("an action");
        let source = fs::read_to_string(source).expect("an action");
        let comment = source.lines().take_while(|line| line.starts_with("// ")).count();
        assert_eq!(comment, 2, "{name} begins with a comment of two lines");
    }
}

#[test]
fn the_tests_of_the_examples_pass() {
    let mut count = 0;
    for example in examples() {
        let name = example.file_name().and_then(|name| name.to_str()).expect("a name");
        let file = example.join(format!("{name}.test.js"));
        if !file.exists() {
            continue;
        }
        count += 1;
        let output = quorate(&["--json", "action", "test", &file.display().to_string()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(result["failed"], 0);
    }
    assert!(count > 0, "no example has tests");
}

#[test]
fn the_tests_of_chirp_pass() {
    let actions = folder().join("../chirp/actions");
    let output = quorate(&["--json", "action", "test", &actions.display().to_string()]);
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(output.status.success(), "{result:#}");
    assert_eq!(result["failed"], 0);
}

fn simulate(example: &std::path::Path) -> (bool, Value) {
    let path = |name: &str| example.join(name).display().to_string();
    let (action, params, fixtures) =
        (path("action.js"), format!("@{}", path("params.json")), path("fixtures.json"));
    quorate_json(&["action", "simulate", &action, "--params", &params, "--fixtures", &fixtures])
}
