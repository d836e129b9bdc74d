//! Keys that are minted with everything that goes with them, and the files for published client libraries.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{DIGEST, Folder, Network, OTHER, SIGN, http};

fn words<'a>(mint: &[&'a str]) -> Vec<&'a str> {
    [&["pkp", "mint"][..], mint].concat()
}

/// A key as a node tells it, once it has the block.
fn told_by(network: &Network, node: usize, key: &str) -> Value {
    let begun = Instant::now();
    loop {
        let (status, body) = http(&network.http(node), &format!("GET /v1/pkps/{key}"), b"");
        if status == 200 {
            return serde_json::from_str(&body).unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "node {node} tells of no such key: {body}");
    }
}

#[test]
fn a_key_is_minted_with_its_grants_and_handed_over_or_burnt_in_one_transaction() {
    let folder = Folder::new("minting");
    let network = Network::start(&folder, &["--chain-id", "31337"]);
    assert_eq!(network.ready["chain"]["id"], 31_337);
    let wallet = network.ready["wallet"]["address"].clone();
    let (sign, other) = (network.action(SIGN), network.action(OTHER));
    let all = format!("{sign}=sign-anything");
    let texts = format!("{other}=personal-sign,no-single-node");
    let login = ["--login", "3:0xab:0x0405"];
    let key_of = |minted: &Value| minted["public_key"].as_str().unwrap().to_owned();
    let show = |key: &str| network.quorate(&["pkp", "show", key]).ok();

    // Burnt: it signs for what it is granted to, and for nothing else, ever.
    let burnt = network.quorate(&words(&["--grant", &all, "--grant", &texts, "--burn"])).ok();
    assert_eq!((burnt["owner"].clone(), burnt["burnt"].clone()), (Value::Null, json!(true)));
    let shown = show(&key_of(&burnt));
    assert_eq!((shown["burnt"].clone(), shown["grants"].as_array().unwrap().len()), (json!(true), 2));
    let ran = network.quorate(&["action", "run", &sign, "--pkp", &key_of(&burnt), "--to-sign", DIGEST]).ok();
    assert_eq!(ran["reply"]["status"], "completed", "{ran}");
    network.run(OTHER, &key_of(&burnt), &[]).error();
    // Every node says so, whoever asks.
    for node in 0..3 {
        let told = told_by(&network, node, &key_of(&burnt));
        let granted = |place: usize, scopes: &[u8]| json!({ "kind": "action", "id": shown["grants"][place]["id"], "scopes": scopes });
        assert_eq!((&told["burnt"], &told["owner"]), (&json!(true), &Value::Null));
        assert_eq!(told["grants"], json!([granted(0, &[1]), granted(1, &[2, 3])]));
    }

    // Owned by itself, with a login and the key that proves it.
    let own =
        network.quorate(&words(&[&["--grant", all.as_str(), "--self-owned"][..], &login].concat())).ok();
    let shown = show(&key_of(&own));
    assert_eq!(
        (own["owner"].clone(), shown["owner"].clone()),
        (own["address"].clone(), own["address"].clone())
    );
    let kinds: Vec<&str> =
        shown["grants"].as_array().unwrap().iter().map(|grant| grant["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["action", "auth_method"]);
    assert_eq!(shown["grants"][1]["id"], "3:0xab");
    let told = told_by(&network, 0, &key_of(&own));
    assert_eq!(told["grants"][1], json!({ "kind": "login", "id": "3:0xab", "scopes": [] }));

    // The wallet's, and changed by it afterwards: in the same block nothing was voided.
    let mine = network.quorate(&words(&["--grant", &texts])).ok();
    assert_eq!(mine["owner"], wallet);
    let grant = ["pkp", "grant", &key_of(&mine), "--action", &other, "--scope", "sign-anything"];
    network.quorate(&grant).ok();
    let shown = show(&key_of(&mine));
    assert_eq!(shown["grants"][0]["scopes"], json!(["sign-anything", "personal-sign", "no-single-node"]));
    assert_eq!(shown["grants"][0]["foreign"], false, "the helper made it for the wallet that asked for it");

    // Whatever makes no sense is refused before anything is sent.
    let barred = format!("{sign}=no-single-node");
    for (mint, said) in [
        (&["--burn"][..], "granted to no action"),
        (&["--self-owned", "--login", "3:0xab"], "granted to no action"),
        (&["--grant", sign.as_str()], "without a scope"),
        (&["--grant", &barred], "no-single-node alone"),
        (&["--grant", &all, "--grant", &all], "named twice"),
        (&["--grant", "missing.js=sign-anything"], "missing.js"),
    ] {
        let error = network.quorate(&words(mint)).error();
        assert!(error["detail"].as_str().unwrap().contains(said), "{mint:?}: {error}");
    }

    pages_and_files(&network, &wallet, &key_of(&mine));
    recorded_keys_stay(&network, &wallet);
    another_helper_is_not_asked(&network, &key_of(&mine));
    network.stop();

    // The chain's id is for ever.
    let error = refused_start(&folder, "5");
    assert!(error.contains("31337") && error.contains("--dir"), "{error}");
}

/// Scopes are added to a login without the key that was recorded for it.
fn recorded_keys_stay(network: &Network, wallet: &Value) {
    let minted = network.quorate(&words(&["--login", "3:0xab:0x0405"])).ok();
    assert_eq!(minted["owner"], *wallet);
    let key = minted["public_key"].as_str().unwrap();
    let grant = ["pkp", "grant", key, "--auth-method", "3:0xab", "--scope", "personal-sign"];
    network.quorate(&grant).ok();
    let shown = network.quorate(&["pkp", "show", key]).ok();
    assert_eq!(shown["grants"][0]["scopes"], json!(["personal-sign"]));
}

/// Nodes can vote for any contract. One that is not this release's helper is sent nothing, and hides no grant.
fn another_helper_is_not_asked(network: &Network, key: &str) {
    let shown = network.quorate(&["network", "show"]).ok();
    let values = shown["directory"].as_array().unwrap();
    let feed = values.iter().find(|value| value["name"] == "contracts/price-feed").unwrap();
    let mut votes = Vec::new();
    for node in 1..=2 {
        let config = network.state().join(format!("node-{node}/node.toml"));
        let (config, value) = (config.to_str().unwrap(), feed["value"].as_str().unwrap());
        votes.push(network.file(&format!("vote-{node}.json")));
        let vote =
            ["node", "vote", "contracts/pkp-helper", value, "--config", config, "--out", &votes[node - 1]];
        assert!(crate::harness::program().args(vote).output().unwrap().status.success());
    }
    network.quorate(&["network", "vote", &votes[0], &votes[1]]).ok();
    a_further_minter_is_voted_for(network, feed["value"].as_str().unwrap());
    let action = network.action(SIGN);
    let error = network.quorate(&words(&["--grant", &format!("{action}=sign-anything")])).error();
    assert!(error["detail"].as_str().unwrap().contains("not the PKPHelper"), "{error}");
    let shown = network.quorate(&["pkp", "show", key]).ok();
    assert_eq!(shown["grants"][0]["foreign"], true, "who has granted it is not known any more");
}

/// Any contract may be admitted; this one mints nothing.
fn a_further_minter_is_voted_for(network: &Network, contract: &str) {
    let contract: Value = serde_json::from_str(contract).unwrap();
    let [minter, code] = ["address", "code_hash"].map(|member| contract[member].as_str().unwrap());
    let vote = |node: usize, more: &[&str]| {
        let config = network.state().join(format!("node-{node}/node.toml"));
        let out = network.file(&format!("minter-{node}.json"));
        let words =
            ["--json", "node", "vote", "minter", minter, "--config", config.to_str().unwrap(), "--out", &out];
        let output = crate::harness::program().args(words).args(more).output().unwrap();
        (out, output.status.success(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let other = format!("0x{}", "ab".repeat(32));
    assert!(!vote(1, &["--code-hash", &other]).1 && !vote(1, &["--version", "2"]).1);
    let votes = [1, 2].map(|node| vote(node, &["--code-hash", code, "--version", "1"]));
    assert!(votes.iter().all(|(_, signed, _)| *signed));
    let send = |paths: &[&str]| network.quorate(&[&["network", "vote"], paths].concat());
    let done = send(&[&votes[0].0, &votes[1].0]).ok();
    assert_eq!((&done["name"], &done["version"], &done["done"]), (&json!("minter"), &json!(1), &json!(true)));
    // It stands: sent again it costs nothing, and nobody signs for it again.
    send(&[&votes[0].0, &votes[1].0]).ok();
    assert_eq!(vote(1, &[]).2["set"], json!(true));
}

fn refused_start(folder: &Folder, id: &str) -> String {
    let state = folder.path.join("state");
    let output = crate::harness::program()
        .args(["--json", "dev", "--adopt", "--chain-id", id, "--dir"])
        .arg(state)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The list of the wallet's keys by pages, and what published client libraries read.
fn pages_and_files(network: &Network, wallet: &Value, key: &str) {
    let second = network.quorate(&["pkp", "mint"]).ok();
    let list = |words: &[&str]| network.quorate(&[&["pkp", "list"], words].concat()).ok();
    let all = list(&[]);
    assert_eq!((all["owner"].clone(), all["keys"].as_array().unwrap().len()), (wallet.clone(), 2));
    assert_eq!(all["next_page"], Value::Null);
    let first = list(&["--page-size", "1", "--page", "1"]);
    assert_eq!((first["keys"][0]["public_key"].clone(), first["next_page"].clone()), (json!(key), json!(2)));
    let last = list(&["--page-size", "1", "--page", "2"]);
    assert_eq!(last["keys"][0]["public_key"], second["public_key"]);
    assert_eq!(list(&["--page-size", "1", "--page", "3"])["keys"], json!([]));
    assert_eq!(list(&["--page-size", "1"])["keys"], all["keys"]);

    let contracts = &network.ready["contracts"];
    for (generation, count) in [("v7", 15), ("v8", 8)] {
        let path = network.ready["lit"][generation].as_str().unwrap();
        let context: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(context.as_object().unwrap().len(), count, "{generation}");
        for (name, contract) in
            [("PKPNFT", "PKPNFT"), ("PKPHelper", "PKPHelper"), ("Staking", "NodeRegistry")]
        {
            assert_eq!(context[name]["address"], contracts[contract], "{generation} {name}");
        }
    }
}
