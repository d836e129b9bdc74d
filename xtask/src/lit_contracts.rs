//! Published client libraries on the contracts of a running network: `examples/lit-contracts`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::ci::npm_ci;
use crate::step::{as_text, cargo, root, run as run_command, target};
use crate::{guest, packages};

const FOLDER: &str = "examples/lit-contracts";
const SCRIPTS: [&str; 4] = ["ethers-v5.mjs", "ethers-v6.mjs", "viem.mjs", "contracts-sdk.mjs"];
/// The newer generation's packages, in a folder of their own: ten times as many.
const NETWORKS: &str = "examples/lit-contracts/networks";

/// What each run of the checks runs.
pub(crate) fn run() -> Result<()> {
    scripts_of(FOLDER, &SCRIPTS)
}

/// What takes longer to install than a run of the checks may take.
pub(crate) fn run_networks() -> Result<()> {
    scripts_of(NETWORKS, &["networks.mjs"])
}

/// Installs what the folder's lock names, and runs its scripts on a network of their own.
fn scripts_of(folder: &str, scripts: &[&str]) -> Result<()> {
    packages::ensure_node()?;
    guest::ensure_built()?;
    npm_ci(folder)?;
    // The same words as the demo's: what it has built is not built again.
    run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))?;
    let network = Network::start()?;
    for script in scripts {
        run_command(Command::new("node").current_dir(root().join(folder)).arg(script).arg(network.state()))?;
    }
    network.stop()
}

/// A running network, on free ports and in a folder of its own. Its processes follow the standard input of `quorate dev`,
/// which this process holds: when this one ends, however it ends, they end.
struct Network {
    dev: Child,
    _output: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Network {
    fn start() -> Result<Self> {
        let folder = target().join("lit-contracts").join(std::process::id().to_string());
        if folder.exists() {
            // Left behind by an earlier process of the same number.
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut command = Command::new(target().join("debug").join("quorate"));
        command.args(["--json", "dev", "--follow-stdin", "--chain-id", "31337"]);
        command.args(["--http-port", "0", "--quic-port", "0", "--chain-port", "0", "--dir"]);
        command.arg(state_in(&folder)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut dev = command.spawn().with_context(|| format!("starting {}", as_text(&command)))?;
        let mut output = BufReader::new(dev.stdout.take().context("its output is a pipe")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let network = Self { dev, _output: output, folder };
        ensure!(line.contains("\"ready\":true"), "no network: {line}; logs in {}", network.folder.display());
        Ok(network)
    }

    fn state(&self) -> PathBuf {
        state_in(&self.folder)
    }

    /// Stops everything; removes the folder if that went well.
    fn stop(mut self) -> Result<()> {
        drop(self.dev.stdin.take());
        let status = self.dev.wait()?;
        ensure!(
            status.success(),
            "quorate dev ended with {status}; its logs are in {}",
            self.folder.display()
        );
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // After `stop` there is nothing to end.
        drop(self.dev.stdin.take());
        let _ = self.dev.wait();
    }
}

fn state_in(folder: &Path) -> PathBuf {
    folder.join("state")
}
