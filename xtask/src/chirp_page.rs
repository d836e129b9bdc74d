//! The page of the example Chirp: `examples/chirp/web`.

use std::process::Command;

use anyhow::Result;

use crate::ci::npm_ci;
use crate::step::{root, run as run_command};
use crate::{chirp, packages};

const FOLDER: &str = "examples/chirp/web";
const SDK: &str = "sdk";

/// Checks the types, builds the page, and runs its tests: on the golden commits, on a world in memory, and on lies.
pub(crate) fn run() -> Result<()> {
    prepare()?;
    run_command(npm(FOLDER).args(["run", "--silent", "check"]))?;
    run_command(npm(FOLDER).args(["test", "--silent"]))
}

/// Drives the page in Chromium and makes its pictures: over a world in memory, and over real nodes and a real Ceramic node.
pub(crate) fn run_browser() -> Result<()> {
    packages::ensure(&[packages::CHROMIUM])?;
    prepare()?;
    run_command(npm(FOLDER).args(["run", "--silent", "browser"]))?;
    let test = root().join(FOLDER).join("test/browser/stack.mjs");
    chirp::run(&["--then".to_owned(), "node".to_owned(), test.display().to_string()])
}

/// Installs what the locks name, and builds the client, of which the page needs types and bundle.
fn prepare() -> Result<()> {
    packages::ensure_node()?;
    npm_ci(SDK)?;
    run_command(npm(SDK).args(["run", "--silent", "build"]))?;
    npm_ci(FOLDER)
}

fn npm(folder: &str) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join(folder));
    command
}
