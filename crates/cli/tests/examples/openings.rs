//! Ciphertexts that open for an action in a simulation, and those that do not.

use std::fs;

use quorate_policy::Policy;
use quorate_wire::{ActionCid, Address};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::command::{path, quorate_json, with_files};

/// Encrypts under the conditions that it is given, and opens.
const ACTION: &str = r#"(async () => {
  const sealed = await Lit.Actions.encrypt({ accessControlConditions, to_encrypt: 'the real secret' });
  const open = { accessControlConditions, authSig: null, chain: 'quorate', ...sealed };
  const shown = await Lit.Actions.decryptAndCombine(open).catch((error) => `${error.code}: ${error.message}`);
  Lit.Actions.setResponse({ response: shown });
})();"#;

/// A simulation of [`ACTION`] under that policy.
fn run(policy: &Policy, fixtures: &Value) -> Value {
    let folder = with_files(&[("a.js", ACTION), ("f.json", &fixtures.to_string())]);
    let conditions: Value = serde_json::from_str(policy.canonical()).unwrap();
    let params = json!({ "accessControlConditions": conditions }).to_string();
    let (action, fixtures) = (path(&folder, "a.js"), path(&folder, "f.json"));
    quorate_json(&["action", "simulate", &action, "--params", &params, "--fixtures", &fixtures]).1
}

fn this_action() -> ActionCid {
    ActionCid::of_code(ACTION.as_bytes())
}

/// Fixtures with the plaintext, beside these members.
fn with_plaintext(more: &Value) -> Value {
    let missing = run(&Policy::to_action(&this_action()), &json!({}))["fixtures"]["missing"][0].clone();
    assert_eq!(missing["member"], "plaintexts", "{missing:#}");
    let mut fixtures = more.clone();
    fixtures["plaintexts"] = missing["add"].clone();
    fixtures
}

/// The policy's hash as a capability has it.
fn digits(policy: &Policy) -> String {
    hex::encode(policy.hash().0)
}

fn denied(report: &Value, code: &str) {
    let response = report["response"].as_str().unwrap_or_else(|| panic!("{report:#}"));
    assert!(response.starts_with(&format!("{code}: ")), "{report:#}");
    assert_eq!(
        (&report["refusals"][0]["call"], &report["refusals"][0]["code"]),
        (&json!("decrypt"), &json!(code))
    );
    assert!(report.get("opened").is_none(), "{report:#}");
}

#[test]
fn what_is_printed_as_missing_is_what_opens() {
    let policy = Policy::to_action(&this_action());
    let report = run(&policy, &with_plaintext(&json!({})));
    assert_eq!(report["response"], "the plaintext", "{report:#}");
    let opened = &report["opened"][0];
    assert_eq!(opened["action"], this_action().to_string());
    assert_eq!(opened["policy"], policy.hash().to_string());
    assert!(!report["opened"].to_string().contains("the plaintext"));
    assert_eq!(report["limits"]["decryptions"], json!({ "used": 1, "limit": 10 }));
    // Without its plaintext nothing opens, and the command fails.
    let report = run(&policy, &json!({ "plaintexts": { "00": "another" } }));
    denied(&report, "fixture_missing");
}

#[test]
fn another_action_is_told_which_condition_decided() {
    let report = run(&Policy::to_action(&ActionCid::of_code(b"another")), &with_plaintext(&json!({})));
    denied(&report, "policy_denied");
    assert!(report["response"].as_str().unwrap().contains("policy[0]"), "{report:#}");
}

#[test]
fn a_person_counts_in_an_action_only_where_the_login_names_both() {
    let holder: Address = format!("0x{}", "7e".repeat(20)).parse().unwrap();
    let policy = Policy::to_address(&holder);
    let auth = |address: &Address, resources: Value| {
        with_plaintext(&json!({ "auth": { "address": address, "resources": resources } }))
    };
    let named = json!([format!("quorate:decrypt/{}/action/${{action.self.cid}}", digits(&policy))]);
    let alone = json!([format!("quorate:decrypt/{}", digits(&policy))]);
    assert_eq!(run(&policy, &auth(&holder, named.clone()))["response"], "the plaintext");
    for resources in [json!([]), alone, json!(["quorate:decrypt/*"])] {
        denied(&run(&policy, &auth(&holder, resources)), "policy_denied");
    }
    let other: Address = format!("0x{}", "7f".repeat(20)).parse().unwrap();
    denied(&run(&policy, &auth(&other, named)), "policy_denied");
}

#[test]
fn a_key_opens_for_an_action_that_may_decrypt_with_it() {
    let folder = with_files(&[("names.test.js", NAMES)]);
    let (_, result) = quorate_json(&["action", "test", &path(&folder, "names.test.js")]);
    let key = result["files"][0]["tests"][0]["failure"].as_str().unwrap_or_else(|| panic!("{result:#}"));
    let key = key.split("key=").nth(1).unwrap().get(..68).unwrap().parse().unwrap();
    let policy = Policy::to_key(&key);
    let granted = |scopes: Value| {
        with_plaintext(&json!({ "pkps": { "team": { "grants": [{ "action": "self", "scopes": scopes }] } } }))
    };
    for scopes in [json!(["decrypt"]), json!(["sign-anything"])] {
        assert_eq!(run(&policy, &granted(scopes))["response"], "the plaintext");
    }
    denied(&run(&policy, &granted(json!(["personal-sign"]))), "policy_denied");
    let revoked = with_plaintext(&json!({ "pkps": { "team": {} } }));
    denied(&run(&policy, &revoked), "policy_denied");
}

/// A test that fails with the compressed key of `team`.
const NAMES: &str = r"
test('names', async () => {
  const { pkps } = await names({ code: '1', fixtures: { pkps: { team: {} } } });
  throw new Error(`key=0x${pkps.team.compressed.replace('0x', '')}`);
});";

#[test]
fn a_child_action_opens_as_itself_and_lends_its_parent_nothing() {
    let child = r"(async () => {
      const shown = await Lit.Actions.decryptAndCombine(sealed).catch((error) => error.code);
      Lit.Actions.setResponse({ response: shown });
    })();";
    let parent = r"(async () => {
      const sealed = { accessControlConditions, ...await Lit.Actions.encrypt({ accessControlConditions, to_encrypt: 'x' }) };
      const own = await Lit.Actions.decryptAndCombine(sealed).catch((error) => error.code);
      Lit.Actions.setResponse({ response: `${own}, ${await Lit.Actions.call({ ipfsId: child, params: { sealed } })}` });
    })();";
    let [parent_cid, child_cid] = [parent, child].map(|code| ActionCid::of_code(code.as_bytes()));
    let fixtures = json!({
        "actions": { "child": { "file": "child.js" } },
        "plaintexts": { hex::encode(Sha256::digest("x")): "shown" },
    });
    let files = [("a.js", parent), ("child.js", child), ("f.json", &fixtures.to_string())];
    let folder = with_files(&files);
    let (action, fixtures) = (path(&folder, "a.js"), path(&folder, "f.json"));
    for (to, expected) in [(child_cid, "policy_denied, shown"), (parent_cid, "shown, policy_denied")] {
        let conditions: Value = serde_json::from_str(Policy::to_action(&to).canonical()).unwrap();
        let params = json!({ "accessControlConditions": conditions, "child": child_cid }).to_string();
        let words = ["action", "simulate", &action, "--params", &params, "--fixtures", &fixtures];
        let (_, report) = quorate_json(&words);
        assert_eq!(report["response"], expected, "{report:#}");
        assert_eq!(report["opened"].as_array().map(Vec::len), Some(1));
        assert_eq!(report["opened"][0]["action"], to.to_string());
        assert_eq!(report["limits"]["decryptions"]["used"], 2, "both count");
    }
}

#[test]
fn state_of_contracts_is_not_known_to_fixtures() {
    let list = r#"[{"contractAddress":"","standardContractType":"","chain":"quorate","method":"eth_getBalance",
        "parameters":[":userAddress","latest"],"returnValueTest":{"comparator":">","value":"1"}}]"#;
    let policy = Policy::parse(list, quorate_wire::PolicyForm::Unified).unwrap();
    let holder = format!("0x{}", "7e".repeat(20));
    let named = json!([format!("quorate:decrypt/{}/action/${{action.self.cid}}", digits(&policy))]);
    let fixtures = with_plaintext(&json!({ "auth": { "address": holder, "resources": named } }));
    denied(&run(&policy, &fixtures), "policy_unreadable");
}

#[test]
fn tests_assert_what_opens_and_what_is_denied() {
    let tests = r"
const conditions = (value) => [{ conditionType: 'evmBasic', contractAddress: '', standardContractType: '', chain: 'quorate', method: '',
  parameters: [':currentActionIpfsId'], returnValueTest: { comparator: '=', value } }];
const run = async (value) => {
  const params = { accessControlConditions: conditions(value) };
  const { fixtures } = await simulate({ action: 'a.js', params: { accessControlConditions: conditions('${action.self.cid}') } });
  return simulate({ action: 'a.js', params, fixtures: { plaintexts: fixtures.missing[0].add } });
};
const other = 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG';
test('opens', async () => { assertEqual(assertOpens(await run('${action.self.cid}')).length, 1); });
test('is denied', async () => { assertDenied(await run(other)); });
test('does not open', async () => { assertOpens(await run(other)); });
test('is not denied', async () => { assertDenied(await run('${action.self.cid}')); });
test('is denied for another reason', async () => { assertDenied(await run(other), 'policy_unreadable'); });
test('opens another', async () => { assertOpens(await run('${action.self.cid}'), 'ab'); });
";
    let folder = with_files(&[("a.js", ACTION), ("x.test.js", tests)]);
    let (succeeded, result) = quorate_json(&["action", "test", &path(&folder, "x.test.js")]);
    assert!(!succeeded);
    assert_eq!((&result["passed"], &result["failed"]), (&json!(2), &json!(4)), "{result:#}");
    let failure =
        |place: usize| result["files"][0]["tests"][place]["failure"].as_str().unwrap_or_default().to_owned();
    for (place, words) in [
        (2, "nothing was opened"),
        (3, "something was opened"),
        (4, "for that reason"),
        (5, "that was not opened"),
    ] {
        assert!(failure(place).contains(words), "{place}: {}", failure(place));
    }
    // The report in words shows what was opened, and nothing of the plaintext.
    let missing =
        run(&Policy::to_action(&this_action()), &json!({}))["fixtures"]["missing"][0]["add"].clone();
    fs::write(folder.path().join("f.json"), json!({ "plaintexts": missing }).to_string()).unwrap();
    let conditions = Policy::to_action(&this_action());
    let params = format!(r#"{{"accessControlConditions":{}}}"#, conditions.canonical());
    let (action, fixtures) = (path(&folder, "a.js"), path(&folder, "f.json"));
    let shown = crate::command::quorate(&[
        "action",
        "simulate",
        &action,
        "--params",
        &params,
        "--fixtures",
        &fixtures,
    ]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    let line = shown.lines().find(|line| line.starts_with("opened")).unwrap_or_else(|| panic!("{shown}"));
    assert!(line.contains(&this_action().to_string()), "{line}");
}
