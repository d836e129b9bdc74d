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

/// Runs the program, as from the folder of the sources: examples name each other's files.
pub(crate) fn quorate(words: &[&str]) -> Output {
    quorate_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), words)
}

fn quorate_in(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.current_dir(folder).args(words).stdin(Stdio::null()).output().expect("the program runs")
}

/// Runs the program for a document; says whether it succeeded.
pub(crate) fn quorate_json(words: &[&str]) -> (bool, Value) {
    document(&quorate(&[&["--json"], words].concat()))
}

fn document(output: &Output) -> (bool, Value) {
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), value)
}

/// A folder with these files.
pub(crate) fn with_files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

pub(crate) fn path(folder: &tempfile::TempDir, name: &str) -> String {
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
fn an_answer_longer_than_a_node_takes_fails_as_on_a_node() {
    let action = r#"(async () => {
      for (const size of ['fits', 'long', 'head']) {
        await fetch(`https://a.test/${size}`).then(() => console.log('came'), (error) => console.log(error.code));
      }
    })();"#;
    let reply = |length: usize| json!({ "text": "x".repeat(length) });
    let fixtures = json!({ "fetch": [
        { "url": "https://a.test/fits", "reply": reply(1 << 20) },
        { "url": "https://a.test/long", "reply": reply((1 << 20) + 1) },
        { "url": "https://a.test/head", "reply": { "headers": { "x": "x".repeat(30 << 10) } } },
    ] });
    let folder = with_files(&[("a.js", action), ("f.json", &fixtures.to_string())]);
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["log"], "came\nfetch_failed\nfetch_failed\n");
}

#[test]
fn a_request_that_no_node_sends_is_refused_whatever_the_fixtures_say() {
    let action = r#"(async () => {
      const url = 'https://a.test/';
      for (const [at, init] of [
        [url, { headers: { 'accept-encoding': 'gzip' } }], [url, { headers: { te: 'trailers' } }],
        [url, { method: 'PURGE' }], ['ftp://a.test/', {}],
      ]) {
        await fetch(at, init).then(() => console.log('came'), (error) => console.log(error.code));
      }
    })();"#;
    let fixtures = json!({ "fetch": [{ "url": "https://a.test/", "reply": {}, "repeat": true }] });
    let folder = with_files(&[("a.js", action), ("f.json", &fixtures.to_string())]);
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["log"], "came\nfetch_refused\nfetch_refused\nfetch_refused\n");
}

#[test]
fn types_of_logins_may_be_hashes() {
    let action = r#"
      async function main({ tokenId, kind }) {
        const userId = '0x0102', own = { tokenId, authMethodType: kind, userId };
        const [{ auth_method_type, id }] = await Lit.Actions.getPermittedAuthMethods({ tokenId });
        return [
          auth_method_type === kind, id, await Lit.Actions.isPermittedAuthMethod(own),
          await Lit.Actions.isPermittedAuthMethod({ ...own, authMethodType: 6 }),
          await Lit.Actions.getPermittedAuthMethodScopes({ ...own, maxScopeId: 3 }),
        ];
      }"#;
    let kind = "0xfedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    let grant = json!({ "auth_method": { "type": kind, "id": "0x0102" }, "scopes": ["personal-sign"] });
    let fixtures = json!({ "pkps": { "key": { "grants": [grant] } } }).to_string();
    let folder = with_files(&[("a.js", action), ("f.json", &fixtures)]);
    let params = json!({ "tokenId": "${pkp.key.token_id}", "kind": kind }).to_string();
    let (succeeded, report) = simulate(&folder, &["--params", &params]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["response"], r#"[true,"0x0102",true,false,[false,false,true]]"#);
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
        let body = r#"{"price":42,"note":"${name} and $${x}"}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        write!(stream, "{head}x-time: now\r\ndate: now\r\nconnection: close\r\n\r\n{body}").unwrap();
    });
    let action = format!(
        r#"(async () => {{
          const response = await fetch('http://127.0.0.1:{port}/price');
          const {{ price, note }} = await response.json();
          Lit.Actions.setResponse({{ response: `${{price}} ${{note}}` }});
        }})();"#
    );
    // What looks like a name of the fixtures is none in what a server says.
    let said = "42 ${name} and $${x}";
    let folder = with_files(&[("a.js", &action)]);
    let opened = port.to_string();
    let (succeeded, report) = simulate(&folder, &["--record", "--allow-loopback-port", &opened]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["response"], said);
    server.join().unwrap();
    let written: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("f.json")).unwrap()).unwrap();
    assert_eq!(written["fetch"][0]["reply"]["json"]["price"], 42);
    let headers = &written["fetch"][0]["reply"]["headers"];
    assert_eq!((headers["x-time"].as_str(), headers["date"].as_str()), (Some("now"), None));
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(succeeded, "{report:#}");
    assert_eq!(report["response"], said);
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
fn what_waits_for_ever_fails_in_a_simulation_and_in_a_test() {
    let action = "(async () => { await new Promise(() => {}); })();";
    let folder = with_files(&[("a.js", action), ("f.json", "{}")]);
    let (succeeded, report) = simulate(&folder, &[]);
    assert!(!succeeded);
    assert_eq!((&report["status"], &report["error"]["code"]), (&json!("failed"), &json!("action_pending")));

    let tests = r"
test('the action waits', async () => {
  const code = '(async () => { await new Promise(() => {}); })();';
  assertDenies(await simulate({ code }), 'action_pending');
});
test('the test waits', () => new Promise(() => {}));
test('never begins', () => {});
console.log('read');
";
    let folder = with_files(&[("x.test.js", tests)]);
    let (succeeded, result) = quorate_json(&["action", "test", &path(&folder, "x.test.js")]);
    assert!(!succeeded);
    assert_eq!((&result["passed"], &result["failed"]), (&json!(1), &json!(1)), "{result:#}");
    let waits = &result["files"][0]["tests"][1];
    assert_eq!(waits["name"], "the test waits");
    assert!(waits["failure"].as_str().unwrap().starts_with("action_pending"), "{waits}");
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

#[test]
fn a_value_of_one_node_bars_keys_that_forbid_it_also_through_child_actions() {
    let action = r#"
      const sign = async (publicKey, sigName) => {
        const toSign = ethers.utils.arrayify(ethers.utils.id(sigName));
        try { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName }); return 'signed'; } catch (e) { return e.code; }
      };
      async function main({ strict, lax, child, how }) {
        const said = [await sign(strict, 'before')];
        if (how === 'child') said.push(await Lit.Actions.call({ ipfsId: child, params: {} }));
        else said.push(String(await Lit.Actions.runOnce({ waitForResponse: how === 'wait', name: 'n' }, async () => 'own')));
        said.push(await sign(strict, 'after'), await sign(lax, 'lax'), await sign(lax, 'lax'));
        return said;
      }"#;
    let child = "(async () => { await Lit.Actions.runOnce({ name: 'c' }, async () => 1); Lit.Actions.setResponse({ response: 'c' }); })()";
    let fixtures = |led: Value| {
        json!({
            "pkps": {
                "strict": { "grants": [{ "action": "self", "scopes": ["sign-anything", "no-single-node"] }] },
                "lax": { "grants": [{ "action": "self", "scopes": ["sign-anything"] }] },
            },
            "actions": { "child": { "file": "child.js" } },
            "run_once": led,
        })
        .to_string()
    };
    let another = json!({ "n": { "value": "theirs" } });
    for (how, led, said, stated) in [
        ("wait", json!({}), "own", 1),
        ("wait", another.clone(), "theirs", 1),
        // Nobody waits: the node that runs the function has its value, the others have none, and no statement does.
        ("go", json!({}), "own", 0),
        ("go", another, "undefined", 0),
        ("child", json!({}), "c", 0),
    ] {
        let folder = with_files(&[("a.js", action), ("child.js", child), ("f.json", &fixtures(led))]);
        let params = json!({
            "how": how,
            "strict": "${pkp.strict.public_key}",
            "lax": "${pkp.lax.public_key}",
            "child": "${action.child.cid}",
        });
        let (_, report) = simulate(&folder, &["--params", &params.to_string()]);
        let expected = json!(["signed", said, "single_node_value", "signed", "signature_name_duplicate"]);
        assert_eq!(report["response"], expected.to_string(), "{how}: {report:#}");
        assert_eq!(report["single_node"].as_array().map_or(0, Vec::len), stated, "{how}");
    }
}

#[test]
fn what_the_network_refuses_is_refused_in_a_simulation() {
    let action = r#"
      const code = async (what) => { try { await what(); return 'done'; } catch (e) { return e.code ?? e.name; } };
      async function main({ key, child, gone, personal, text, login }) {
        const { signEcdsa, claimKey, call, ethPersonalSignMessageEcdsa } = Lit.Actions;
        const sign = (toSign, sigName) => code(() => signEcdsa({ toSign, publicKey: key, sigName }));
        const said = [
          await sign(new Uint8Array(32), 'zero'),
          await code(() => claimKey({ keyId: 'a\u0007b' })),
          await code(() => claimKey({ keyId: 'mine' })),
          await code(() => call({ ipfsId: gone, params: {} })),
          await code(() => ethPersonalSignMessageEcdsa({ message: 'm', publicKey: personal, sigName: 'p' })),
          await code(() => ethPersonalSignMessageEcdsa({ message: 'm', publicKey: key, sigName: 'q' })),
          await code(() => ethPersonalSignMessageEcdsa({ message: 'm', publicKey: text, sigName: 'r' })),
          await code(() => ethPersonalSignMessageEcdsa({ message: 'at localhost', publicKey: text, sigName: 's' })),
          await code(() => ethPersonalSignMessageEcdsa({ message: 'did:key:z', publicKey: login, sigName: 't' })),
        ];
        // The child and its parent have three claims together.
        for (const i of [1, 2]) said.push(await code(() => call({ ipfsId: child, params: {} })));
        said.push(await code(() => claimKey({ keyId: 'fourth' })));
        return said;
      }"#;
    let child = "(async () => { await Lit.Actions.claimKey({ keyId: 'child' }); })()";
    let fixtures = json!({
        "pkps": {
            "key": { "grants": [{ "action": "self", "scopes": ["sign-anything"] }] },
            "personal": { "grants": [{ "action": "self", "scopes": ["no-single-node"] }] },
            "text": { "grants": [{ "action": "self", "scopes": ["personal-sign"] }] },
            "login": { "grants": [{ "action": "self", "scopes": ["sign-logins"] }] },
        },
        "actions": {
            "child": { "file": "child.js" },
            "gone": { "cid": "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o", "missing": true },
        },
        "limits": { "claims": 3 },
    });
    let folder = with_files(&[("a.js", action), ("child.js", child), ("f.json", &fixtures.to_string())]);
    let params = r#"{"key": "${pkp.key.public_key}", "personal": "${pkp.personal.public_key}",
        "text": "${pkp.text.public_key}", "login": "${pkp.login.public_key}",
        "child": "${action.child.cid}", "gone": "${action.gone.cid}"}"#;
    let (succeeded, report) = simulate(&folder, &["--params", params]);
    assert!(succeeded, "{report:#}");
    let expected = json!([
        "digest_invalid",
        "claim_invalid",
        "done",
        "code_missing",
        "scope_missing",
        "done",
        "done",
        "scope_missing",
        "done",
        "done",
        "done",
        "limit_claims",
    ]);
    assert_eq!(report["response"], expected.to_string(), "{report:#}");
}

#[test]
fn fixtures_name_no_file_outside_of_their_folders() {
    let folder = with_files(&[("a.js", "main = () => 1"), ("secret.js", "1")]);
    fs::create_dir(folder.path().join("inner")).unwrap();
    let test = "test('t', async () => { await simulate({ code: '1', fixtures: { actions: { x: { file: '../secret.js' } } } }) })";
    for (name, text) in
        [("inner/f.json", r#"{ "actions": { "x": { "file": "../secret.js" } } }"#), ("inner/a.test.js", test)]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    // The folder of the command counts as well, and the sources may be above this one.
    let inner = folder.path().join("inner");
    for words in [&["action", "simulate", "../a.js", "--fixtures", "f.json"][..], &["action", "test", "."]] {
        let (succeeded, report) = document(&quorate_in(&inner, &[&["--json"], words].concat()));
        assert!(!succeeded && report.to_string().contains("is outside of"), "{report:#}");
    }
}

#[test]
fn without_a_network_commands_say_how_to_start_one() {
    let folder = with_files(&[("a.js", "main = () => 1")]);
    let (action, dir) = (path(&folder, "a.js"), path(&folder, "none"));
    let network = path(&folder, "no.json");
    let key = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    for words in [
        &["action", "run", &action, "--dir", &dir][..],
        &["action", "put", &action, "--dir", &dir],
        &["pkp", "mint", "--dir", &dir],
        &["pkp", "list", "--dir", &dir],
        &["pkp", "show", key, "--dir", &dir],
        &["pkp", "grant", key, "--action", &action, "--scope", "personal-sign", "--dir", &dir],
        &["verify", &action, "--network", &network],
        &["action", "run", &action, "--network", &network],
    ] {
        let (succeeded, said) = quorate_json(words);
        let detail = said["error"]["detail"].as_str().unwrap_or_else(|| panic!("{words:?}: {said}"));
        assert!(!succeeded && detail.contains("quorate dev"), "{words:?}: {detail}");
        assert!(!detail.contains("os error") && !detail.contains("No such file"), "{words:?}: {detail}");
    }
}

#[test]
fn a_grant_that_allows_nothing_is_not_sent_and_asks_for_a_scope() {
    let folder = with_files(&[("a.js", "main = () => 1")]);
    let (action, dir) = (path(&folder, "a.js"), path(&folder, "none"));
    let key = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let address = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
    let grant = |more: &[&str]| {
        let (_, said) = quorate_json(&[&["pkp", "grant", key, "--dir", &dir], more].concat());
        said["error"]["detail"].as_str().unwrap().to_owned()
    };
    for subject in [["--action", &action], ["--address", address]] {
        for scopes in [&[][..], &["--scope", "no-single-node"]] {
            let detail = grant(&[&subject[..], scopes].concat());
            for words in
                ["nothing was sent", "--scope personal-sign", "--scope sign-logins", "--scope sign-anything"]
            {
                assert!(detail.contains(words), "{detail}");
            }
        }
        assert!(grant(&[&subject[..], &["--scope", "sign-logins"]].concat()).contains("quorate dev"));
    }
    // What another way to log in may do, actions decide.
    assert!(grant(&["--auth-method", "6:0xab"]).contains("quorate dev"));
}
