//! `cargo xtask sign-in`: the page for signing in, with a network and an issuer of OpenID Connect that run on this machine.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::ci::npm_ci;
use crate::step::{Steps, as_text, cargo, root, run as run_command, target};
use crate::{guest, packages, say};

const FOLDER: &str = "web/sign-in";
const ISSUER: &str = "web/sign-in/issuer";
const BROWSER: &str = "web/sign-in/test/browser";
const SDK: &str = "sdk";

const USAGE: &str = "\
usage: cargo xtask sign-in [--port PORT] [--then COMMAND…]

  Starts a development network, an issuer of OpenID Connect and the page, mints a key, and prints the page's address.
  Ctrl-C ends all of them. State is in the target folder, under sign-in/state: the next start goes on with it.

  --port PORT        the page's port on localhost; without it, that of the last start, or any free one
  --then COMMAND…    runs a command with the page's address behind its words, on a state of its own, and ends as it ends";

/// Runs it until Ctrl-C, or as long as a command takes.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (port, then) = match words.as_slice() {
        ["--help" | "-h"] => {
            say(USAGE);
            return Ok(());
        }
        ["--port", port, rest @ ..] => (Some(port.parse::<u16>().ok().context(USAGE)?), rest),
        rest => (None, rest),
    };
    match then {
        [] => {
            prepare()?;
            let mut command = runner(&target().join("sign-in").join("state"), port);
            // In place of this process, so that Ctrl-C ends it in order and nobody waits for nobody.
            Err(command.exec()).with_context(|| format!("starting {}", as_text(&command)))
        }
        ["--then", program, rest @ ..] => {
            prepare()?;
            on_its_own(port, program, rest)
        }
        _ => bail!("{USAGE}"),
    }
}

/// Everything that is built or installed before.
fn prepare() -> Result<()> {
    let repeat = "cargo xtask sign-in";
    let mut steps = Steps::new("sign-in");
    steps.run("build the page", repeat, build)?;
    steps.run("the issuer", repeat, || npm_ci(ISSUER))?;
    steps.run("build the action guest", repeat, guest::ensure_built)?;
    steps.run("build quorate", repeat, || {
        run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))
    })
}

/// Installs what the locks name, and builds the page; and the client, unless an earlier step has built it as it is now.
fn build() -> Result<()> {
    packages::ensure_node()?;
    let folders: &[&str] = if is_client_built()? { &[FOLDER] } else { &[SDK, FOLDER] };
    for folder in folders {
        npm_ci(folder)?;
        // Standard output is for a task's result.
        run_command(npm(folder).args(["run", "--silent", "build"]).stdout(std::io::stderr()))?;
    }
    Ok(())
}

/// Whether the client's bundle, which its build writes last but for its types, is newer than all that it is made of.
fn is_client_built() -> Result<bool> {
    let folder = root().join(SDK);
    let changed = |path: &Path| fs::metadata(path).and_then(|of| of.modified());
    let Ok(built) = changed(&folder.join("dist/quorate.js")) else { return Ok(false) };
    let mut sources =
        vec![folder.join("build.mjs"), folder.join("package-lock.json"), folder.join("tsconfig.json")];
    for entry in fs::read_dir(folder.join("src"))? {
        sources.push(entry?.path());
    }
    Ok(folder.join("node_modules").is_dir()
        && sources.iter().all(|source| changed(source).is_ok_and(|at| at < built)))
}

/// A command on a page, a network and an issuer of its own, whose folder is gone afterwards if all went well.
fn on_its_own(port: Option<u16>, program: &str, words: &[&str]) -> Result<()> {
    let state = target().join("sign-in").join(std::process::id().to_string());
    let _ = fs::remove_dir_all(&state);
    fs::create_dir_all(&state)?;
    let mut command = runner(&state, port);
    run_command(command.args(["--", program]).args(words))
        .with_context(|| format!("its logs are in {}", state.display()))?;
    fs::remove_dir_all(state)?;
    Ok(())
}

fn runner(state: &Path, port: Option<u16>) -> Command {
    let mut command = Command::new("node");
    command.current_dir(root()).arg(root().join(FOLDER).join("run.mjs"));
    command.arg("--quorate").arg(target().join("debug").join("quorate")).arg("--state").arg(state);
    if let Some(port) = port {
        command.args(["--port", &port.to_string()]);
    }
    command
}

fn npm(folder: &str) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join(folder));
    command
}

/// Types, bundle and size of the page, and its tests without a browser.
pub(crate) fn check() -> Result<()> {
    build()?;
    run_command(npm(FOLDER).args(["test", "--silent"]))
}

/// A person's whole story in Chromium: real nodes, a real issuer, and authenticators that the browser plays.
pub(crate) fn run_browser() -> Result<()> {
    packages::ensure(&[packages::CHROMIUM])?;
    npm_ci(BROWSER)?;
    let story = root().join(BROWSER).join("story.mjs").display().to_string();
    run(&["--then".to_owned(), "node".to_owned(), story])
}
