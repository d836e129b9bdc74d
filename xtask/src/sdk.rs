//! The client in TypeScript: `sdk`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::ci::npm_ci;
use crate::step::{cargo, root, run as run_command, target};
use crate::{guest, packages};

const FOLDER: &str = "sdk";
const BROWSER: &str = "sdk/test/browser";

/// Builds the client, and runs its tests: on vectors, on fake nodes, and on a network of real processes.
pub(crate) fn run() -> Result<()> {
    let program = build()?;
    let mut test = Command::new("npm");
    test.current_dir(root().join(FOLDER)).args(["test", "--silent"]).env("QUORATE_BIN", program);
    run_command(&mut test)
}

/// The bundle in Chromium, with a network of real processes.
pub(crate) fn run_browser() -> Result<()> {
    packages::ensure(&[packages::CHROMIUM])?;
    let program = build()?;
    npm_ci(BROWSER)?;
    let mut test = Command::new("node");
    test.current_dir(root().join(BROWSER)).args(["--test", "smoke.mjs"]).env("QUORATE_BIN", program);
    run_command(&mut test)
}

/// Installs what the lock names, checks the types, and makes the modules and the bundle; and `quorate`, for a network.
fn build() -> Result<PathBuf> {
    packages::ensure_node()?;
    guest::ensure_built()?;
    npm_ci(FOLDER)?;
    run_command(Command::new("npm").current_dir(root().join(FOLDER)).args(["run", "--silent", "build"]))?;
    // The same words as the demo's: what it has built is not built again.
    run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))?;
    Ok(target().join("debug").join("quorate"))
}
