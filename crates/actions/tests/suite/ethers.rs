//! The library ethers in the image: its hot parts compute natively, and nobody can tell by the results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quorate_actions::ActionLimits;
use quorate_wire::{ErrorCode, HostCall, HostReply};

use super::support::{engine, failure, guest_for_tests, inputs, response, run, run_with, scripted_host};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ethers")
}

/// Where `cargo xtask guest` installed the packages that are bundled into the guest.
fn packages() -> PathBuf {
    let guest = guest_for_tests();
    let guests = guest.folder().parent().expect("guests lie together");
    let lock =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/package-lock.json")).expect("the lock");
    let mut folders = fs::read_dir(guests).expect("it is there").map(|entry| entry.expect("an entry").path());
    let ours = |path: &PathBuf| fs::read(path.join("package-lock.json")).is_ok_and(|found| found == lock);
    folders.find(ours).expect("cargo xtask guest installed what the lock names")
}

#[test]
fn differential_ethers_says_in_the_guest_what_it_says_unchanged_in_node() {
    let script = folder().join("differential.js");
    let mut node = Command::new("node");
    let output =
        node.arg(folder().join("node.mjs")).arg(packages()).arg(&script).output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let code = fs::read_to_string(&script).expect("the script");
    let given = inputs(&code);
    let finished = run_with(&engine(), &given, scripted_host);
    let (node, guest) = (String::from_utf8_lossy(&output.stdout), response(&finished));
    for (number, (node, guest)) in node.lines().zip(guest.lines()).enumerate() {
        assert_eq!(node, guest, "line {}", number + 1);
    }
    assert_eq!(node.trim_end(), guest);
    assert!(guest.lines().count() > 400);
}

#[test]
fn native_work_is_charged_before_it_is_done() {
    let file = "
        const open = (c) => ethers.Wallet.fromEncryptedJsonSync(JSON.stringify({ version: 3, address: '00'.repeat(20),
            crypto: { cipher: 'aes-128-ctr', kdf: 'pbkdf2', cipherparams: { iv: '00'.repeat(16) },
            ciphertext: '00'.repeat(32), mac: '00'.repeat(32),
            kdfparams: { c, dklen: 32, prf: 'hmac-sha256', salt: '00' } } }), 'x');";
    let code = format!("{file} for (;;) try {{ open(60000); }} catch {{}}");
    let mut little = inputs(&code);
    little.limits = ActionLimits { fuel: 1_000_000_000, ..ActionLimits::default() };
    let finished = run_with(&engine(), &little, scripted_host);
    assert_eq!(failure(&finished).0, ErrorCode::LimitCpu);
    assert_eq!(finished.usage.fuel, little.limits.fuel);
    // What would cost too much at once is refused: nothing could stop it.
    let finished = run(&format!(
        "{file} try {{ open(9999999); }} catch (e) {{ Lit.Actions.setResponse({{ response: e.code }}); }}"
    ));
    assert_eq!(response(&finished), "compute_limit");
}

#[test]
fn what_native_work_refuses_is_an_error_with_a_code() {
    let code = "
        const codes = [];
        const attempt = (act) => { try { act(); } catch (error) { codes.push(error.code); } };
        attempt(() => new ethers.utils.SigningKey(new Uint8Array(32)));
        attempt(() => ethers.utils.recoverPublicKey('0x' + '11'.repeat(32), { r: '0x' + 'ff'.repeat(32), s: '0x' + '01'.repeat(32), v: 27 }));
        attempt(() => ethers.utils.computeHmac('md5', '0x', '0x'));
        Lit.Actions.setResponse({ response: codes.join() });";
    assert_eq!(response(&run(code)), "compute_input,compute_failed,UNSUPPORTED_OPERATION");
}

#[test]
fn a_bundle_may_bring_libraries_under_the_names_of_ours() {
    let code = "'use strict';
        var ethers = { version: `not ${ethers.version}` };
        var jwt = typeof jwt.verify;
        Lit.Actions.setResponse({ response: `${ethers.version} ${globalThis.ethers === ethers} ${jwt}` });";
    assert_eq!(response(&run(code)), "not ethers/5.8.0 true function");
    assert_eq!(response(&run("ethers = 1; Lit.Actions.setResponse({ response: `${ethers}` });")), "1");
}

/// A chain's answers as a node's JSON-RPC gives them.
fn chain(_: u32, op: &HostCall) -> HostReply {
    let HostCall::Fetch(fetch) = op else { return scripted_host(0, op) };
    let asked: serde_json::Value = serde_json::from_slice(&fetch.body).expect("JSON-RPC");
    let result = match asked["method"].as_str() {
        Some("eth_chainId") => "0x7a69",
        Some("eth_blockNumber") => "0x10",
        Some("eth_getBalance") => "0xde0b6b3a7640000",
        Some("eth_gasPrice") => "0x3b9aca00",
        Some("eth_call") => "0x000000000000000000000000000000000000000000000000000000000000002a",
        other => panic!("not asked before: {other:?}"),
    };
    let answer = serde_json::json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result });
    HostReply::Fetched {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: answer.to_string().into_bytes(),
        url: fetch.url.clone(),
    }
}

#[test]
fn providers_and_contracts_work_over_fetch() {
    let code = "
        const main = async () => {
            const address = '0x' + '11'.repeat(20);
            const seen = [];
            for (const Provider of [ethers.providers.JsonRpcProvider, ethers.providers.StaticJsonRpcProvider]) {
                const provider = new Provider('https://rpc.test/');
                const token = new ethers.Contract(address, ['function balanceOf(address) view returns (uint256)'], provider);
                const { chainId } = await provider.getNetwork();
                const [balance, held, block] = await Promise.all([
                    provider.getBalance(address), token.balanceOf(address), provider.getBlockNumber(),
                ]);
                seen.push(chainId, ethers.utils.formatEther(balance), held.toString(), block);
            }
            return seen.join();
        };";
    let finished = run_with(&engine(), &inputs(code), chain);
    assert_eq!(response(&finished), "31337,1.0,42,16,31337,1.0,42,16");
}
