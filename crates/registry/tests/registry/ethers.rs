//! The chain as ethers v6 sees it.

use std::{path::Path, process::Stdio};

use quorate_registry::alloy_primitives::hex;

use crate::network::{bounded, chain, founded, key};

#[tokio::test(flavor = "multi_thread")]
async fn ethers_v6_deploys_mints_grants_and_hears_events() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ethers");
    assert!(
        folder.join("node_modules/ethers").exists(),
        "ethers is missing, run: npm ci --prefix crates/registry/tests/ethers"
    );
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let script = tokio::process::Command::new("node")
        .arg(folder.join("smoke.mjs"))
        .arg(server.url())
        .arg(hex::encode_prefixed(key("owner").to_bytes()))
        .arg(serde_json::to_string(&contracts).unwrap())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = bounded(script).await.expect("node starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{text}");
}
