//! The client in TypeScript: `sdk`.

use std::process::Command;

use anyhow::Result;

use crate::ci::npm_ci;
use crate::step::{cargo, root, run as run_command, target};
use crate::{guest, packages};

const FOLDER: &str = "sdk";

/// Installs what the lock names, checks the types, builds the modules and the bundle, and runs the tests: on vectors, on
/// fake nodes, and on a network of real processes.
pub(crate) fn run() -> Result<()> {
    packages::ensure_node()?;
    guest::ensure_built()?;
    npm_ci(FOLDER)?;
    run_command(npm().args(["run", "--silent", "build"]))?;
    // The same words as the demo's: what it has built is not built again.
    run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))?;
    let program = target().join("debug").join("quorate");
    run_command(npm().args(["test", "--silent"]).env("QUORATE_BIN", program))
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join(FOLDER));
    command
}
