//! `cargo xtask demo`: the main job end to end, in real processes, checked by code that is not ours.

mod check;
mod network;

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::step::{Steps, cargo, root, run as run_command};
use crate::{guest, say, warn};
use check::Signature;
use network::Network;

/// Runs the whole demonstration.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("usage: cargo xtask demo");
    }
    let mut steps = Steps::new("demo");
    let repeat = "cargo xtask demo";
    steps.run("build the action guest", repeat, guest::ensure_built)?;
    steps.run("build quorate", repeat, || {
        warn("   seconds, the first time about five minutes");
        run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))
    })?;
    let network = steps.run("start a chain and three nodes, make the key", repeat, Network::start)?;
    let done = with_network(&network, &mut steps);
    let stopped = steps.run("stop everything", repeat, || network.stop());
    done?;
    stopped?;
    steps.summary();
    say("\nThe demo has passed: a key that nobody holds signed for the granted action, and for no other.");
    Ok(())
}

fn with_network(network: &Network, steps: &mut Steps) -> Result<()> {
    let repeat = "cargo xtask demo";
    let granted = root().join("examples/actions/sign.js").display().to_string();
    let other = root().join("examples/actions/not-granted.js").display().to_string();

    let minted = steps.run("mint a key", repeat, || network.quorate(&["pkp", "mint"]))?;
    let key = text(&minted, "public_key")?;
    let address = text(&minted, "address")?;
    say(&format!("   public key {key}\n   address    {address}"));

    steps.run("grant it to examples/actions/sign.js", repeat, || {
        network.quorate(&["pkp", "grant", key, "--action", &granted, "--scope", "sign-anything"])
    })?;
    steps.run("burn its token", repeat, || network.quorate(&["pkp", "burn", key]))?;
    steps.run("see that its grants are frozen", repeat, || {
        let refused =
            network.refused(&["pkp", "grant", key, "--action", &other, "--scope", "sign-anything"])?;
        say(&format!("   {}", refused["detail"].as_str().unwrap_or_default()));
        Ok(())
    })?;

    let digest = digest()?;
    let params = json!({ "toSign": digest }).to_string();
    let reply_file = network.folder().join("reply.json").display().to_string();
    let ran = steps.run("run the granted action", repeat, || {
        network.quorate(&["action", "run", &granted, "--pkp", key, "--params", &params, "--out", &reply_file])
    })?;
    let signature = Signature::read(&ran["reply"]["signatures"]["signature"], digest)?;
    say(&format!("   digest {}\n{}", check::hex(&digest), signature.shown()));
    say(&format!("   receipt signed by nodes {}", ran["verified_by"]));

    steps.run("verify with libsecp256k1", repeat, || signature.verify(key))?;
    steps.run("verify with ecrecover on the chain", repeat, || {
        let recovered = signature.recover_on_chain(network.chain())?;
        ensure!(recovered == address, "ecrecover says {recovered}, but the key's address is {address}");
        say(&format!("   ecrecover says {recovered}"));
        Ok(())
    })?;
    steps.run("verify the receipt offline", repeat, || {
        let network_file = network.file("network.json");
        let verified = network.quorate(&["verify", &reply_file, "--network", &network_file])?;
        say(&format!("   signed by members {}, {} needed", verified["verified_by"], verified["threshold"]));
        Ok(())
    })?;
    steps.run("see an action without a grant refused", repeat, || {
        let refused = network.refused(&["action", "run", &other, "--pkp", key, "--params", &params])?;
        let code = text(&refused, "code")?;
        ensure!(code == "not_granted", "refused with {code} instead of not_granted: {refused}");
        say(&format!("   refused: {code}: {}", refused["title"].as_str().unwrap_or_default()));
        Ok(())
    })
}

/// What is signed: fresh each time, so that no old signature could pass.
fn digest() -> Result<[u8; 32]> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(Sha256::digest(format!("quorate demo {}", now.as_nanos())).into())
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name].as_str().with_context(|| format!("no {name} in {value}"))
}
