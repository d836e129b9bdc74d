//! The same snippets in Node.js 20 and in the guest: they print the same.
//!
//! `differential/snippets/AREA.js` holds many, each behind a line `/// name`. One that prints something else
//! in the guest stands in docs/actions.md, section "Differences from Node.js", with the reason; one that stands there
//! and prints the same fails, so the section is neither too short nor too long.
//! `SNIPPETS=area/name cargo test -p quorate-actions differential` runs those whose name begins so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use quorate_actions::{ActionOutcome, Engine};
use quorate_wire::ErrorCode;

use super::support::{engine, inputs, run_with, scripted_host};

/// There are more, and none may vanish unseen.
const SNIPPETS_MIN: usize = 1000;
/// Set where only some snippets are wanted.
const FILTER: &str = "SNIPPETS";

struct Snippet {
    name: String,
    code: String,
}

#[test]
fn differential_snippets_print_what_they_print_in_node() {
    require_node_20();
    let engine = engine();
    let show = fs::read_to_string(folder().join("show.js")).expect("show.js is there");
    let filter = std::env::var(FILTER).unwrap_or_default();
    let mut accepted = accepted();
    let (mut count, mut wrong) = (0, String::new());
    for mut area in areas() {
        area.retain(|snippet| snippet.name.starts_with(&filter));
        let in_node = if area.is_empty() { Vec::new() } else { run_in_node(&show, &area) };
        assert_eq!(in_node.len(), area.len(), "Node ran them all");
        for (snippet, node) in area.iter().zip(in_node) {
            count += 1;
            let guest = run_in_guest(&engine, &show, &snippet.code);
            match (accepted.remove(&snippet.name), node == guest) {
                (None, true) | (Some(_), false) => {}
                (None, false) => {
                    let _ = writeln!(
                        wrong,
                        "=== {} differs\n--- Node.js\n{node}--- guest\n{guest}",
                        snippet.name
                    );
                }
                (Some(_), true) => {
                    let _ =
                        writeln!(wrong, "=== {} is listed as a difference but prints the same", snippet.name);
                }
            }
        }
    }
    if filter.is_empty() {
        for (name, _) in accepted {
            let _ = writeln!(wrong, "=== {name} is listed as a difference but there is no such snippet");
        }
    }
    assert!(count >= SNIPPETS_MIN || !filter.is_empty(), "only {count} snippets");
    assert!(wrong.is_empty(), "of {count} snippets these came out wrong:\n{wrong}");
}

/// What Node 18 or 22 prints is not what the documentation promises.
fn require_node_20() {
    let output = Command::new("node")
        .arg("--version")
        .output()
        .expect("node is installed: cargo xtask ci --only packages");
    let version = String::from_utf8_lossy(&output.stdout);
    assert!(version.starts_with("v20."), "these snippets need Node.js 20, not {version}");
}

/// The snippets of each file, in order.
fn areas() -> Vec<Vec<Snippet>> {
    let mut paths: Vec<_> = fs::read_dir(folder().join("snippets"))
        .expect("the snippets are there")
        .map(|entry| entry.expect("a folder entry").path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let area = path.file_stem().expect("a file has a name").to_string_lossy();
            let text = fs::read_to_string(path).expect("snippets are text");
            let mut names = BTreeMap::new();
            let snippets: Vec<_> = format!("\n{text}")
                .split("\n/// ")
                .skip(1)
                .map(|part| {
                    let (name, code) = part.split_once('\n').expect("code behind the name");
                    let name = format!("{area}/{}", name.trim());
                    assert!(names.insert(name.clone(), ()).is_none(), "{name} is there twice");
                    Snippet { name, code: code.to_owned() }
                })
                .collect();
            assert!(!snippets.is_empty(), "{} has no snippets", path.display());
            snippets
        })
        .collect()
}

/// One process for the snippets of a file, so that what one file does to the built-ins ends with it.
fn run_in_node(show: &str, snippets: &[Snippet]) -> Vec<String> {
    let codes: Vec<_> = snippets.iter().map(|snippet| &snippet.code).collect();
    let given = serde_json::json!({ "show": show, "now": inputs("").time_ms, "snippets": codes });
    let mut node = Command::new("node");
    node.arg(folder().join("node.mjs")).env_clear().env("TZ", "UTC").env("NODE_NO_WARNINGS", "1");
    node.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = node.spawn().expect("node starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    stdin.write_all(given.to_string().as_bytes()).expect("node reads");
    drop(stdin);
    let output = child.wait_with_output().expect("node ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a list of what was printed")
}

fn run_in_guest(engine: &Engine, show: &str, code: &str) -> String {
    let mut inputs = inputs(&format!("{show}\n(async () => {{\n{code}\n}})();\n"));
    inputs.limits.log_bytes = 1024 * 1024;
    let finished = run_with(engine, &inputs, scripted_host);
    let end = match finished.outcome {
        ActionOutcome::Completed { .. } => String::new(),
        ActionOutcome::Failed { code: ErrorCode::ActionSyntax, .. } => "no program\n".into(),
        ActionOutcome::Failed { code: ErrorCode::ActionThrew, message, .. } => {
            format!("uncaught {}\n", message.split(':').next().unwrap_or_default())
        }
        ActionOutcome::Failed { code, message, .. } => format!("failed {code}: {message}\n"),
    };
    finished.logs + &end
}

/// The rows of the table in the documentation: a snippet's name, what happens in Node.js and here, and why.
fn accepted() -> BTreeMap<String, String> {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/actions.md");
    let page = fs::read_to_string(page).expect("docs/actions.md is there");
    let (_, section) = page.split_once("\n## Differences from Node.js\n").expect("it has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut accepted = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, what, reason] = cells[..] else { panic!("not three cells: {row}") };
        let name = name.trim_matches('`').to_owned();
        assert!(what.len() > 10 && reason.len() > 10, "{name} is not explained");
        assert!(accepted.insert(name.clone(), reason.to_owned()).is_none(), "{name} is listed twice");
    }
    accepted
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/differential")
}
