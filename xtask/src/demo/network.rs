//! The demonstration's network: one `quorate dev` process, and the commands that are given to it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::step::{as_text, target};

/// A running network. Its processes follow the standard input of `quorate dev`, which this process holds:
/// when this one ends, however it ends, they end.
pub(super) struct Network {
    dev: Child,
    /// Held open: `dev` may still print.
    _output: BufReader<ChildStdout>,
    folder: PathBuf,
    chain: String,
}

impl Network {
    /// Starts a new network in a folder of its own and waits until it is ready.
    pub(super) fn start() -> Result<Self> {
        let folder = target().join("demo").join(std::process::id().to_string());
        if folder.exists() {
            // Left behind by an earlier process of the same number.
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut command = Command::new(program());
        command.args(["--json", "dev", "--follow-stdin", "--dir"]).arg(folder.join("state"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut dev = command.spawn().with_context(|| format!("starting {}", as_text(&command)))?;
        let mut output = BufReader::new(dev.stdout.take().context("its output is a pipe")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let ready: Value = match serde_json::from_str(&line) {
            Ok(value) => value,
            Err(_) => {
                drop(dev.stdin.take());
                bail!("quorate dev did not start ({}); its logs are in {}", dev.wait()?, folder.display());
            }
        };
        let chain = ready["chain"]["rpc"].as_str().with_context(|| format!("no network started: {line}"));
        let chain = chain?.to_owned();
        Ok(Self { dev, _output: output, folder, chain })
    }

    /// A folder for what the demonstration writes.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of the network's state.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.join("state").join(name).display().to_string()
    }

    /// The chain's JSON-RPC address.
    pub(super) fn chain(&self) -> &str {
        &self.chain
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub(super) fn quorate(&self, words: &[&str]) -> Result<Value> {
        let (succeeded, value) = self.call(words)?;
        ensure!(succeeded, "quorate {} failed: {value}", words.join(" "));
        Ok(value)
    }

    /// Runs a command that must be refused, and returns the error that it printed.
    pub(super) fn refused(&self, words: &[&str]) -> Result<Value> {
        let (succeeded, value) = self.call(words)?;
        ensure!(!succeeded, "quorate {} should have been refused, but: {value}", words.join(" "));
        value.get("error").cloned().with_context(|| format!("no error in {value}"))
    }

    fn call(&self, words: &[&str]) -> Result<(bool, Value)> {
        let mut command = Command::new(program());
        command.arg("--json").args(words).stdin(Stdio::null()).stderr(Stdio::null());
        if words[0] != "verify" {
            command.arg("--dir").arg(self.folder.join("state"));
        }
        let output = command.output().with_context(|| format!("running {}", as_text(&command)))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let value = serde_json::from_str(&text)
            .with_context(|| format!("{} printed no JSON ({}): {text}", as_text(&command), output.status))?;
        Ok((output.status.success(), value))
    }

    /// Stops everything; removes the folder if that went well.
    pub(super) fn stop(mut self) -> Result<()> {
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

fn program() -> PathBuf {
    target().join("debug").join("quorate")
}
