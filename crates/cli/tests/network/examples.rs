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
        let shown = reply["signatures"].as_object().unwrap();
        let made = reply["receipt"]["statements"][0]["body"]["intents"].as_array().unwrap();
        let foretold = simulated["signatures"].as_array().unwrap();
        assert_eq!((made.len(), foretold.len()), (1, 1), "{name}: {reply:#}");
        let (made, foretold) = (&made[0], &foretold[0]);
        assert_eq!((&made["digest"], &made["key"]), (&foretold["digest"], &foretold["public_key"]), "{name}");
        // What an action combines is for itself.
        let given = foretold["recipient"] == "caller";
        assert_eq!(made["recipient"], foretold["recipient"], "{name}");
        assert_eq!(
            shown.keys().collect::<Vec<_>>(),
            if given { vec![foretold["name"].as_str().unwrap()] } else { vec![] },
            "{name}"
        );
        for signature in shown.values() {
            assert_eq!(signature["digest"], foretold["digest"], "{name}");
            assert_eq!(signature["public_key"], foretold["public_key"], "{name}");
        }
        // The transaction's response holds the signature itself, which a stand-in cannot foretell.
        if name != "evm-transfer" {
            assert_eq!(reply["response"], simulated["response"], "{name}");
        }
    }
    network.stop();
}

#[test]
fn a_value_of_one_node_bars_the_same_signatures_as_in_a_simulation() {
    const ACTION: &str = r#"
      const sign = async (publicKey, sigName) => {
        const toSign = ethers.utils.arrayify(ethers.utils.id(sigName));
        try { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName }); return 'signed'; } catch (e) { return e.code; }
      };
      async function main({ publicKey, child, how }) {
        const said = [await sign(publicKey, 'before')];
        if (how === 'child') said.push(await Lit.Actions.call({ ipfsId: child, params: {} }));
        if (how !== 'child') await Lit.Actions.runOnce({ waitForResponse: how === 'wait', name: 'n' }, async () => 'x');
        said.push(await sign(publicKey, 'after'), await sign(publicKey, 'before'));
        return said;
      }"#;
    const CHILD: &str = "(async () => { await Lit.Actions.runOnce({ name: 'c' }, async () => 1); })()";
    let folder = Folder::new("single-node");
    let network = Network::start(&folder, &[]);
    let (action, child) = (network.action(ACTION), network.action(CHILD));
    let cid = network.quorate(&["action", "put", &child]).ok()["cid"].as_str().unwrap().to_owned();
    let key = network.quorate(&["pkp", "mint"]).ok()["public_key"].as_str().unwrap().to_owned();
    let scopes = ["--scope", "sign-anything", "--scope", "no-single-node"];
    network.quorate(&[&["pkp", "grant", &key, "--action", &action][..], &scopes].concat()).ok();
    let fixtures = json!({
        "pkps": { "key": { "public_key": key, "grants": [{ "action": "self", "scopes": ["sign-anything", "no-single-node"] }] } },
        "actions": { "child": { "file": child } },
    });
    let file = network.file("fixtures.json");
    fs::write(&file, fixtures.to_string()).unwrap();
    for how in ["wait", "go", "child"] {
        let params = json!({ "how": how, "child": cid }).to_string();
        let ran = network.quorate(&["action", "run", &action, "--pkp", &key, "--params", &params]).ok();
        let params = json!({ "how": how, "child": cid, "publicKey": key }).to_string();
        let words = ["--json", "action", "simulate", &action, "--fixtures", &file, "--params", &params];
        let simulated: Value =
            serde_json::from_slice(&program().args(words).output().unwrap().stdout).unwrap();
        assert_eq!(ran["reply"]["response"], simulated["response"], "{how}: {simulated:#}");
        let response = ran["reply"]["response"].as_str().unwrap();
        assert!(
            response.starts_with(r#"["signed","#) && response.contains("single_node_value"),
            "{response}"
        );
        let stated = |report: &Value| report["single_node"].as_array().map_or(0, Vec::len);
        assert_eq!(stated(&ran["reply"]["receipt"]["statements"][0]["body"]), stated(&simulated), "{how}");
    }
    network.stop();
}

#[test]
fn the_network_says_who_may_use_a_key_as_a_simulation_does() {
    const ACTION: &str = r#"
      async function main({ publicKey, owner, friend, kind }) {
        const stranger = '0x' + '57'.repeat(20), other = 'QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH';
        const ipfsId = Lit.Auth.actionIpfsIds[0], own = ethers.utils.base58.decode(ipfsId);
        const A = Lit.Actions, said = {};
        for (const tokenId of [A.pubkeyToTokenId({ publicKey }), '7']) {
          said[tokenId] = await Promise.all([
            A.getPermittedActions({ tokenId }), A.getPermittedAddresses({ tokenId }), A.getPermittedAuthMethods({ tokenId }),
            ...[ipfsId, other].map((ipfsId) => A.isPermittedAction({ tokenId, ipfsId })),
            ...[owner, friend, stranger].map((address) => A.isPermittedAddress({ tokenId, address })),
            ...[[1, owner], [1, friend], ['2', own], [kind, '0x0102'], [kind, own]].flatMap(([authMethodType, userId]) => [
              A.isPermittedAuthMethod({ tokenId, authMethodType, userId }),
              A.getPermittedAuthMethodScopes({ tokenId, authMethodType, userId, maxScopeId: 4 }),
            ]),
          ]);
        }
        return said;
      }"#;
    let folder = Folder::new("permissions");
    let network = Network::start(&folder, &[]);
    let action = network.action(ACTION);
    let minted = network.quorate(&["pkp", "mint"]).ok();
    let (key, owner) = (minted["public_key"].as_str().unwrap(), minted["owner"].as_str().unwrap());
    let friend = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
    network.quorate(&["pkp", "grant", key, "--action", &action, "--scope", "sign-anything"]).ok();
    network.quorate(&["pkp", "grant", key, "--address", friend, "--scope", "personal-sign"]).ok();
    // Types of people's own are hashes.
    let kind = "0xfedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    let login = format!("{kind}:0x0102");
    network.quorate(&["pkp", "grant", key, "--auth-method", &login, "--scope", "no-single-node"]).ok();
    let fixtures = json!({ "pkps": { "key": { "public_key": key, "owner": owner, "grants": [
        { "action": "self", "scopes": ["sign-anything"] },
        { "address": friend, "scopes": ["personal-sign"] },
        { "auth_method": { "type": kind, "id": "0x0102" }, "scopes": ["no-single-node"] },
    ] } } });
    let file = network.file("fixtures.json");
    fs::write(&file, fixtures.to_string()).unwrap();
    let params = json!({ "owner": owner, "friend": friend, "kind": kind });
    let ran =
        network.quorate(&["action", "run", &action, "--pkp", key, "--params", &params.to_string()]).ok();
    let params = json!({ "owner": owner, "friend": friend, "kind": kind, "publicKey": key }).to_string();
    let words = ["--json", "action", "simulate", &action, "--fixtures", &file, "--params", &params];
    let simulated: Value = serde_json::from_slice(&program().args(words).output().unwrap().stdout).unwrap();
    assert_eq!(ran["reply"]["response"], simulated["response"], "{ran:#} {simulated:#}");
    let response = ran["reply"]["response"].as_str().unwrap();
    let (owner, friend) = (owner.to_lowercase(), friend.to_lowercase());
    assert!(response.contains(&format!(r#"["{owner}","{friend}"]"#)), "{response}");
    assert!(response.contains(r#""auth_method_type":"0x2""#), "{response}");
    let login = format!(r#"{{"auth_method_type":"{kind}","id":"0x0102","user_pubkey":"0x"}}"#);
    assert!(response.contains(&login), "{response}");
    assert!(response.contains("true,[false,false,false,true]"), "{response}");
    assert!(response.contains(r#""7":[[],[],[],false,false,"#), "{response}");
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
