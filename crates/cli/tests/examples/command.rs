//! The commands themselves: what they print, refuse, record, and how they end.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// The folder of the examples.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/actions")
}

/// Runs the program.
pub(crate) fn quorate(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    // As from the folder of the sources: examples name each other's files.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    command.current_dir(root).args(words).stdin(Stdio::null()).output().expect("the program runs")
}

/// Runs the program for a document; says whether it succeeded.
pub(crate) fn quorate_json(words: &[&str]) -> (bool, Value) {
    let output = quorate(&[&["--json"], words].concat());
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), value)
}

/// A folder with these files.
fn with_files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

fn simulate(folder: &tempfile::TempDir, more: &[&str]) -> (bool, Value) {
    let (action, fixtures) = (path(folder, "a.js"), path(folder, "f.json"));
    quorate_json(&[&["action", "simulate", &action, "--fixtures", &fixtures], more].concat())
}

#[test]
fn two_simulations_print_the_same_bytes() {
    let example = folder().join("custom-login");
    let name = |file: &str| example.join(file).display().to_string();
    let (action, params, fixtures) =
        (name("action.js"), format!("@{}", name("params.json")), name("fixtures.json"));
    let words = ["action", "simulate", &action, "--params", &params, "--fixtures", &fixtures];
    let (one, two) = (quorate(&words), quorate(&words));
    assert!(one.status.success() && !one.stdout.is_empty());
    assert_eq!(one.stdout, two.stdout);
    let json = [&["--json"], &words[..]].concat();
    assert_eq!(quorate(&json).stdout, quorate(&json).stdout);
}

#[test]
fn a_missing_answer_fails_and_says_what_to_add() {
    let action = r#"(async () => {
      const body = JSON.stringify({ a: 1 });
      try { await fetch('https://a.test/x', { method: 'POST', body }); } catch (e) { console.log(e.code); }
      Lit.Actions.setResponse({ response: 'went on' });
    })();"#;
    let folder = with_files(&[("a.js", action), ("f.json", "{}")]);
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(!succeeded);
    assert_eq!(report["status"], "completed");
    assert_eq!(report["log"], "fixture_missing\n");
    let missing = report["fixtures"]["missing"][0].clone();
    assert_eq!(missing["member"], "fetch");
    // What is printed is a fixture: added to the file, it answers the request.
    fs::write(folder.path().join("f.json"), json!({ "fetch": [missing["add"]] }).to_string()).unwrap();
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(succeeded, "{report:#}");
}

#[test]
fn fixtures_with_an_unknown_member_are_refused() {
    let folder = with_files(&[("a.js", "1"), ("f.json", r#"{"fetches": []}"#)]);
    let (succeeded, answer) = simulate(&folder, &[]);
    assert!(!succeeded);
    let detail = answer["error"]["detail"].as_str().unwrap();
    assert!(detail.contains("f.json") && detail.contains("unknown field `fetches`"), "{detail}");
}

#[test]
fn an_endless_action_ends_at_its_limit() {
    let folder = with_files(&[("a.js", "while (true);"), ("f.json", r#"{"limits": {"fuel": 50000000}}"#)]);
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(!succeeded);
    assert_eq!(report["error"]["code"], "limit_cpu");
    assert_eq!(report["limits"]["fuel"]["limit"], 50_000_000);
}

#[test]
fn records_what_is_missing_and_then_needs_no_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = [0; 1024];
        let _ = stream.read(&mut seen).unwrap();
        let body = r#"{"price":42}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        write!(stream, "{head}x-time: now\r\nconnection: close\r\n\r\n{body}").unwrap();
    });
    let action = format!(
        r#"(async () => {{
          const response = await fetch('http://127.0.0.1:{port}/price');
          Lit.Actions.setResponse({{ response: String((await response.json()).price) }});
        }})();"#
    );
    let folder = with_files(&[("a.js", &action)]);
    let opened = port.to_string();
    let (succeeded, report) = simulate(&folder, &["--record", "--allow-loopback-port", &opened]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["response"], "42");
    server.join().unwrap();
    let written: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("f.json")).unwrap()).unwrap();
    assert_eq!(written["fetch"][0]["reply"]["json"]["price"], 42);
    assert!(written["fetch"][0]["reply"]["headers"]["x-time"].is_null());
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["response"], "42");
}

#[test]
fn recording_does_not_reach_this_machine_unasked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let action = format!("fetch('http://127.0.0.1:{port}/').catch((e) => console.log(e.code))");
    let folder = with_files(&[("a.js", &action)]);
    let (succeeded, report) = simulate(&folder, &["--record"]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["log"], "fetch_refused\n");
    assert!(listener.accept().is_err(), "nobody has connected");
    let written = fs::read_to_string(folder.path().join("f.json")).unwrap();
    assert!(written.contains("\"error\": \"fetch_refused\""), "{written}");
}

#[test]
fn failing_tests_fail_the_command_and_show_the_difference() {
    let tests = r#"
test('passes', () => { assertEqual(1, 1); });
test('signs', async () => {
  const outcome = await simulate({ code: 'Lit.Actions.setResponse({ response: "no" })' });
  assertSigns(outcome, { name: 'sig' });
});
test('differs', () => assertDeepEqual({ a: 1, b: [2] }, { a: 1, b: [3] }));
test('throws', () => assertThrows(() => { throw new Error('abc'); }, 'xyz'));
test('reads nothing outside', () => readText('/etc/passwd'));
test('has no network', () => assertThrows(fetch('https://example.com/'), 'no network'));
"#;
    let folder = with_files(&[("x.test.js", tests)]);
    let file = path(&folder, "x.test.js");
    let junit = path(&folder, "junit.xml");
    let (succeeded, result) = quorate_json(&["action", "test", &file, "--junit", &junit]);
    assert!(!succeeded);
    assert_eq!((&result["passed"], &result["failed"]), (&json!(2), &json!(4)), "{result:#}");
    let failure = |place: usize| result["files"][0]["tests"][place]["failure"].as_str().unwrap().to_owned();
    assert!(failure(1).contains("nothing was signed"), "{}", failure(1));
    assert!(failure(1).contains("x.test.js:5"), "the line is named: {}", failure(1));
    assert!(failure(2).contains("-     3") && failure(2).contains("+     2"), "{}", failure(2));
    assert!(failure(3).contains("another error was thrown"), "{}", failure(3));
    assert!(failure(4).contains("outside"), "{}", failure(4));
    let xml = fs::read_to_string(junit).unwrap();
    assert!(xml.contains("tests=\"6\" failures=\"4\""), "{xml}");
    let (succeeded, result) = quorate_json(&["action", "test", &file, "--filter", "passes"]);
    assert!(succeeded && result["passed"] == 1, "{result:#}");
    assert!(!quorate_json(&["action", "test", &file, "--filter", "no such test"]).0);
}

#[test]
fn a_test_file_that_does_not_parse_fails() {
    let folder = with_files(&[("x.test.js", "test('a', () => {\n  const x = ;\n});")]);
    let (succeeded, result) = quorate_json(&["action", "test", &path(&folder, "x.test.js")]);
    assert!(!succeeded);
    let failure = result["files"][0]["tests"][0]["failure"].as_str().unwrap();
    assert!(failure.contains("action_syntax") && failure.contains("x.test.js:2"), "{failure}");
}

#[test]
fn a_folder_without_tests_is_an_error() {
    let folder = with_files(&[]);
    assert!(!quorate_json(&["action", "test", &folder.path().display().to_string()]).0);
}
