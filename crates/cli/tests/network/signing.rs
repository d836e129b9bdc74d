//! The main job: who may have what signed, before and after the token is burnt, and after a restart.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Folder, Network, OTHER, SIGN, program};

#[test]
fn granted_action_signs_and_no_other_also_after_burn_and_restart() {
    let folder = Folder::new("signing");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);

    let id = network.ready["chain"]["id"].as_u64().unwrap();
    assert!((4_000_000_000_000_000..4_500_000_000_000_000).contains(&id), "{id} could be a public chain");
    // There are keys in the folder: it keeps itself out of version control.
    assert_eq!(fs::read_to_string(network.state().join(".gitignore")).unwrap(), "*\n");

    let reply = network.file("reply.json");
    let ran = network.run(SIGN, &key, &["--out", &reply]).ok();
    assert_eq!(ran["reply"]["response"], "signed");
    assert_eq!(ran["reply"]["signatures"]["signature"]["public_key"], key.as_str());
    let verified = network.quorate(&["verify", &reply]).ok();
    assert_eq!(verified["threshold"], 2);
    assert_eq!(verified["verified_by"], ran["verified_by"]);
    refuses_altered_receipts(&network, &reply);

    // The owner's session may use the key with any action that it names; a stranger's may not.
    let stranger = network.file("stranger.key");
    fs::write(&stranger, "11".repeat(32)).unwrap();
    let open = network.run(SIGN, &key, &["--key", &stranger]).error();
    assert!(open["detail"].as_str().unwrap().contains("others could read it"), "{open}");
    fs::set_permissions(&stranger, fs::Permissions::from_mode(0o600)).unwrap();
    network.run(OTHER, &key, &[]).ok();
    assert_eq!(network.run(OTHER, &key, &["--key", &stranger]).error()["code"], "not_granted");
    network.run(SIGN, &key, &["--key", &stranger]).ok();

    assert_eq!(owned(&network, &[]), [key.as_str()]);
    network.quorate(&["pkp", "burn", &key]).ok();
    assert!(owned(&network, &[]).is_empty(), "a burnt token has no owner");
    let other = network.action(OTHER);
    let frozen = network.quorate(&["pkp", "grant", &key, "--action", &other, "--scope", "sign-anything"]);
    assert!(frozen.error()["detail"].as_str().unwrap().contains("burnt"));
    let sign = network.action(SIGN);
    assert!(!network.quorate(&["pkp", "revoke", &key, "--action", &sign]).succeeded);
    assert!(!network.quorate(&["pkp", "burn", &key]).succeeded);
    let refused = network.run(OTHER, &key, &[]).error();
    assert_eq!(refused["code"], "not_granted");
    assert!(refused["advice"].as_str().is_some());
    network.run(SIGN, &key, &[]).ok();

    let id = network.ready["network"].clone();
    network.stop();
    let network = Network::start(&folder, &[]);
    assert_eq!(network.ready["network"], id);
    network.run(SIGN, &key, &[]).ok();
    second_network_in_the_folder_is_refused(&network);
    network.stop();
}

#[test]
fn revoked_grant_is_refused_at_once() {
    let folder = Folder::new("revoking");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    let stranger = network.file("stranger.key");
    fs::write(&stranger, "22".repeat(32)).unwrap();
    fs::set_permissions(&stranger, fs::Permissions::from_mode(0o600)).unwrap();
    network.run(SIGN, &key, &["--key", &stranger]).ok();
    let sign = network.action(SIGN);
    network.quorate(&["pkp", "revoke", &key, "--action", &sign]).ok();
    assert_eq!(network.run(SIGN, &key, &["--key", &stranger]).error()["code"], "not_granted");
    let shown = network.quorate(&["pkp", "show", &key]).ok();
    assert_eq!(shown["grants"], Value::Array(Vec::new()));
    // Several, and somebody else's.
    let owner = shown["owner"].as_str().unwrap();
    let mut minted = vec![key];
    for _ in 0..2 {
        minted.push(network.quorate(&["pkp", "mint"]).ok()["public_key"].as_str().unwrap().to_owned());
    }
    let mut listed = owned(&network, &["--owner", owner, "--key", &stranger]);
    minted.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, minted);
    assert!(owned(&network, &["--key", &stranger]).is_empty());
    network.stop();
}

#[test]
fn what_a_timer_waits_for_passes_in_truth_and_on_the_scripts_clock_alike() {
    const WAITS: &str = "
        const begun = Date.now();
        const wait = (ms) => new Promise((over) => setTimeout(over, ms));
        async function main() {
          for (let i = 0; i < 10; i++) await wait(125);
          Lit.Actions.setResponse({ response: String(Date.now() - begun) });
        }";
    let folder = Folder::new("waits");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[WAITS]);
    let begun = Instant::now();
    let ran = network.run(WAITS, &key, &[]).ok();
    assert!(begun.elapsed() >= Duration::from_millis(1_250));
    assert_eq!(ran["reply"]["response"], "1250");
    network.stop();
}

/// The keys that the wallet, or who else is named, owns.
fn owned(network: &Network, options: &[&str]) -> Vec<String> {
    let listed = network.quorate(&[&["pkp", "list"], options].concat()).ok();
    let keys = listed["keys"].as_array().unwrap();
    keys.iter().map(|key| key["public_key"].as_str().unwrap().to_owned()).collect()
}

fn refuses_altered_receipts(network: &Network, reply: &str) {
    let text = fs::read_to_string(reply).unwrap();
    let altered = network.file("altered.json");
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["reply"]["response"] = "other".into();
    fs::write(&altered, value.to_string()).unwrap();
    assert!(!network.quorate(&["verify", &altered]).succeeded);

    let named =
        serde_json::from_str::<Value>(&text).unwrap()["reply"]["receipt"]["statements"][0]["body"]["login"]
            .clone();
    assert!(network.quorate(&["verify", reply, "--login", named.as_str().unwrap()]).succeeded);
    let other = format!("0x{}", "1".repeat(64));
    assert!(!network.quorate(&["verify", reply, "--login", &other]).succeeded);

    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["login"]["rz"] = other.into();
    fs::write(&altered, value.to_string()).unwrap();
    assert!(!network.quorate(&["verify", &altered]).succeeded, "another login beside it");

    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["reply"]["receipt"]["statements"].as_array_mut().unwrap().truncate(1);
    fs::write(&altered, value.to_string()).unwrap();
    assert!(!network.quorate(&["verify", &altered]).succeeded);
}

fn second_network_in_the_folder_is_refused(network: &Network) {
    let output = program().arg("dev").arg("--dir").arg(network.state()).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another"));
}
