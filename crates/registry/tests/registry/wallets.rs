//! The chain as wallets and tools see it: ethers v5 and v6, viem, MetaMask, cast, and every request of the table in
//! `docs/chain.md`.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use quorate_registry::alloy_primitives::hex;

use crate::{
    anvil::Anvil,
    network::{CHAIN_ID, bounded, chain, founded, key},
};

/// Where the scripts have their packages.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wallets");
    assert!(
        folder.join("node_modules/viem").exists(),
        "the libraries are missing, run: npm ci --prefix crates/registry/tests/wallets"
    );
    folder
}

/// Runs a script, which fails if one of its checks does.
async fn script(name: &str, arguments: &[&str]) {
    let node = tokio::process::Command::new("node")
        .arg(folder().join(name))
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = bounded(node).await.expect("node starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{text}");
}

fn owner() -> String {
    hex::encode_prefixed(key("owner").to_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_chains_answer_every_row_of_the_table_as_it_says() {
    let (server, _stop) = chain().await;
    let anvil = Anvil::start(CHAIN_ID, "osaka");
    anvil.fund(CHAIN_ID, ["owner"].into_iter()).await;
    script("table.mjs", &[&server.url(), &anvil.url, &owner()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_cast_say_the_same_on_both_chains() {
    let (server, _stop) = chain().await;
    let anvil = Anvil::start(CHAIN_ID, "osaka");
    anvil.fund(CHAIN_ID, ["owner"].into_iter()).await;
    script("cast.mjs", &[&server.url(), &anvil.url, &owner()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_the_page_is_that_of_the_rows() {
    script("table.mjs", &["--check"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ethers_v6_deploys_mints_grants_and_hears_events() {
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let contracts = serde_json::to_string(&contracts).unwrap();
    script("contracts.mjs", &[&server.url(), &owner(), &contracts]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ethers_v5_sends_in_any_order_and_hears_everything() {
    let (server, _stop) = chain().await;
    script("ethers5.mjs", &[&server.url(), &owner()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ethers_v6_sends_in_any_order_and_hears_everything() {
    let (server, _stop) = chain().await;
    script("ethers6.mjs", &[&server.url(), &owner()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viem_sends_in_any_order_and_hears_everything() {
    let (server, _stop) = chain().await;
    script("viem.mjs", &[&server.url(), &owner()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_every_library_hear_every_block_and_every_log() {
    let (server, _stop) = chain().await;
    script("sockets.mjs", &[&server.url(), &owner()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metamask_connects_sends_and_speeds_up() {
    let (server, _stop) = chain().await;
    script("metamask.mjs", &[&server.url(), &owner()]).await;
}
