//! Examples on a real network: it signs what their simulation says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{Folder, Network, program};

#[test]
fn the_network_signs_what_the_simulation_says() {
    let folder = Folder::new("examples");
    let network = Network::start(&folder, &[]);
    for (name, key_name, scope) in
        [("evm-transfer", "wallet", "sign-anything"), ("personal-sign", "speaker", "personal-sign")]
    {
        let example = Example::of(name);
        let minted = network.quorate(&["pkp", "mint"]).ok();
        let key = minted["public_key"].as_str().unwrap();
        network
            .quorate(&["pkp", "grant", key, "--action", &example.file("action.js"), "--scope", scope])
            .ok();

        let simulated = example.simulate(&network, key_name, key);
        let mut params = example.json("params.json");
        params.as_object_mut().unwrap().remove("publicKey");
        let ran = network
            .quorate(&[
                "action",
                "run",
                &example.file("action.js"),
                "--pkp",
                key,
                "--params",
                &params.to_string(),
            ])
            .ok();
        let reply = &ran["reply"];
        let made = reply["signatures"].as_object().unwrap();
        let foretold = simulated["signatures"].as_array().unwrap();
        assert_eq!((made.len(), foretold.len()), (1, 1), "{name}: {reply:#}");
        let foretold = &foretold[0];
        let signature = &made[foretold["name"].as_str().unwrap()];
        assert_eq!(signature["digest"], foretold["digest"], "{name}");
        assert_eq!(signature["public_key"], foretold["public_key"], "{name}");
        // The transaction's response holds the signature itself, which a stand-in cannot foretell.
        if name != "evm-transfer" {
            assert_eq!(reply["response"], simulated["response"], "{name}");
        }
    }
    network.stop();
}

/// One of the folders in `examples/actions`.
struct Example(PathBuf);

impl Example {
    fn of(name: &str) -> Self {
        Self(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/actions").join(name))
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.0.join(name)).unwrap()).unwrap()
    }

    /// The report of a simulation with the network's key in the place of the fixtures' own.
    fn simulate(&self, network: &Network, key_name: &str, key: &str) -> Value {
        let mut fixtures = self.json("fixtures.json");
        fixtures["pkps"][key_name]["public_key"] = json!(key);
        let path = network.file("fixtures.json");
        fs::write(&path, fixtures.to_string()).unwrap();
        let params = format!("@{}", self.file("params.json"));
        let words = [
            "--json",
            "action",
            "simulate",
            &self.file("action.js"),
            "--fixtures",
            &path,
            "--params",
            &params,
        ];
        let output = program().args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}
