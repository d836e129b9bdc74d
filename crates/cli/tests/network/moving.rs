//! A node moves to another folder: what goes along, what does not, and what is refused.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use quorate_node::{Config, NodeKeys, Store};
use serde_json::Value;

use crate::harness::{Folder, Network, SIGN, http, program};

const IDENTITY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
const RECIPIENT: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

/// What a command says: whether it succeeded, its document, and everything it wrote.
fn quorate(words: &[&str]) -> (bool, Value, String) {
    let output = program().arg("--json").args(words).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let all = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), serde_json::from_str(&text).unwrap_or(Value::Null), all)
}

fn refused(words: &[&str], why: &str) {
    let (succeeded, answer, all) = quorate(words);
    let said = answer["error"]["detail"].as_str().unwrap_or_default();
    assert!(!succeeded && said.contains(why) && said.lines().count() == 1, "{words:?}: {all}");
}

fn secret_file(path: &Path, text: &str) -> String {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    writeln!(file, "{text}").unwrap();
    path.display().to_string()
}

/// The records of a node that does not run.
fn records(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let config = Config::load(&folder.join("node.toml")).unwrap();
    let network = config.load_network().unwrap();
    let keys = NodeKeys::load(&config.keys).unwrap();
    let stored = Store::open(&config.data_folder, &keys.sealing, network.id()).unwrap().load_all().unwrap();
    stored.into_iter().map(|(record, value)| (record, value.to_vec())).collect()
}

#[test]
fn a_node_moves_with_its_share_and_makes_its_pairs_anew() {
    let folder = Folder::new("moving");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.run(SIGN, &key, &[]).ok();
    let (old, new) = (network.state().join("node-2"), folder.path.join("new"));
    let (out, identity) = (network.file("node.age"), secret_file(&folder.path.join("identity"), IDENTITY));
    let config = old.join("node.toml").display().to_string();
    let dir = new.display().to_string();
    let export = ["node", "export", "--config", &config, "--out", &out, "--recipient", RECIPIENT];
    let import = ["node", "import", &out, "--dir", &dir, "--identity", &identity];
    refused(&export, "runs: stop it first");
    network.stop();
    let before = records(&old);
    assert_eq!(before.iter().filter(|(record, _)| record.contains("/pair/")).count(), 2);

    let (succeeded, exported, all) = quorate(&export);
    assert!(succeeded && exported["records"].as_u64() == Some(before.len() as u64 - 2), "{all}");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    refused(&export, "is there already");
    // The old place is left for good.
    let start = program().args(["node", "--config", &config]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&start.stderr);
    assert!(!start.status.success() && said.contains("does not start here"), "{said}");

    let words = secret_file(&folder.path.join("words"), "not a passphrase of it");
    refused(&["node", "import", &out, "--dir", &dir, "--passphrase-file", &words], "sealed to recipients");
    assert!(!new.exists());
    let (succeeded, imported, all) = quorate(&import);
    assert!(succeeded && imported["node"] == 2 && imported["moves"] == 1, "{all}");
    assert_eq!(imported["changed"][0]["name"], "network_file");
    refused(&import, "is not empty");
    for (record, value) in records(&new) {
        let same = before.contains(&(record.clone(), value.clone()));
        match record.as_str() {
            "incarnation" => assert_eq!(u64::from_le_bytes(value.try_into().unwrap()), 1 << 32),
            _ => assert!(same && !record.contains("/pair/"), "{record}"),
        }
    }
    assert!(records(&new).iter().any(|(record, _)| record.ends_with("share/roots")));

    // The folder takes the old one's place, and the others cannot sign without it.
    fs::rename(&old, folder.path.join("old")).unwrap();
    fs::rename(&new, &old).unwrap();
    let network = Network::start(&folder, &["--no-restart"]);
    let begun = Instant::now();
    network.kill("node-1");
    let moved = network.http(1);
    let paired = |text: &str| {
        let view: Value = serde_json::from_str(text).unwrap_or_default();
        view["nodes"].as_array().is_some_and(|nodes| nodes.iter().any(|node| node["set_up"] == true))
    };
    while !paired(&http(&moved, "GET /v1/network", b"").1) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", http(&moved, "GET /v1/network", b"").1);
        std::thread::sleep(Duration::from_millis(100));
    }
    network.run(SIGN, &key, &[]).ok();
    network.stop();
}

#[test]
fn a_file_that_does_not_open_writes_nothing() {
    let folder = Folder::new("not-moving");
    let dir = folder.path.join("new");
    let at = |name: &str| folder.path.join(name).display().to_string();
    let words = secret_file(&folder.path.join("words"), "a passphrase of somebody");
    let import = |file: &str, why: &str| {
        let shown = dir.display().to_string();
        refused(&["node", "import", file, "--dir", &shown, "--passphrase-file", &words], why);
        assert!(!dir.exists(), "{file}");
    };
    fs::write(at("noise"), vec![0xa5; 10 << 20]).unwrap();
    import(&at("noise"), "not an age file");
    fs::write(at("later"), "age-encryption.org/v2\n").unwrap();
    import(&at("later"), "version");
    let slow =
        format!("age-encryption.org/v1\n-> scrypt {} 40\n{}\n--- {0}\n", "A".repeat(22), "A".repeat(43));
    fs::write(at("slow"), slow).unwrap();
    import(&at("slow"), "2^40 rounds");
    import(&at("none"), "none");
    fs::set_permissions(&words, fs::Permissions::from_mode(0o644)).unwrap();
    import(&at("noise"), "others could read it");
    refused(
        &["node", "export", "--config", &at("none"), "--out", &at("out"), "--recipient", RECIPIENT],
        "none",
    );
}
