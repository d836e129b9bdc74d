//! `cargo xtask chirp`: the example of a backend made of actions, whole and running: Ceramic, a network, a key that nobody
//! can use otherwise, and the page.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::ci::npm_ci;
use crate::step::{Steps, as_text, cargo, root, run as run_command, target};
use crate::{guest, packages, warn};

const FOLDER: &str = "examples/chirp";
const CERAMIC: &str = "examples/chirp/ceramic";
/// Where the packages are said to be those of the lock, and built.
const MARK: &str = "node_modules/.installed";
/// What is built by its own script, if it is there.
const PAGE: [&str; 2] = ["sdk", "examples/chirp/web"];
const CLIENTS: &str = "examples/clients";
const ACTIONS: [&str; 4] = ["createProfile", "createPost", "likePost", "unlikePost"];

/// Runs it until Ctrl-C; with words behind `--then`, runs these with the page's address behind them instead, in a folder and on
/// ports of its own, and ends as they do.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            prepare()?;
            let mut command = runner(&root().join(FOLDER).join(".state"), "debug");
            // In place of this process, so that Ctrl-C ends it in order and nobody waits for nobody.
            Err(command.exec()).with_context(|| format!("starting {}", as_text(&command)))
        }
        ["--then", program, rest @ ..] => {
            prepare()?;
            on_its_own(program, rest)
        }
        _ => bail!("usage: cargo xtask chirp [--then COMMAND…]"),
    }
}

/// Everything that is built or installed before.
fn prepare() -> Result<()> {
    let repeat = "cargo xtask chirp";
    let mut steps = Steps::new("chirp");
    steps.run("packages", repeat, packages::ensure_node)?;
    steps.run("Ceramic", repeat, install_ceramic)?;
    steps.run("build the action guest", repeat, guest::ensure_built)?;
    steps.run("build quorate", repeat, || {
        run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))
    })?;
    steps.run("build the page", repeat, || PAGE.into_iter().try_for_each(build))
}

/// A command on a running Chirp of its own, whose folder is gone afterwards if all went well. Chirp's tests log in and sign by
/// the example of a client.
fn on_its_own(program: &str, words: &[&str]) -> Result<()> {
    install(CLIENTS)?;
    let state = target().join("chirp").join(std::process::id().to_string());
    on_its_own_in(&state, "debug", program, words)
}

fn on_its_own_in(state: &Path, profile: &str, program: &str, words: &[&str]) -> Result<()> {
    let _ = fs::remove_dir_all(state);
    fs::create_dir_all(state)?;
    let mut command = runner(state, profile);
    run_command(command.args(["--any-ports", "--", program]).args(words))
        .with_context(|| format!("its logs are in {}", state.display()))?;
    fs::remove_dir_all(state)?;
    Ok(())
}

fn runner(state: &Path, profile: &str) -> Command {
    let mut command = Command::new("node");
    command.current_dir(root()).arg(root().join(FOLDER).join("run.mjs"));
    command.arg("--quorate").arg(target().join(profile).join("quorate")).arg("--state").arg(state);
    command
}

/// Installs Ceramic's packages unless those of this lock are there; the one that has to be compiled is compiled for this Node.js.
pub(crate) fn install_ceramic() -> Result<()> {
    if is_installed(CERAMIC)? {
        return Ok(());
    }
    packages::ensure(&[packages::GXX, packages::MAKE, packages::PYTHON])?;
    warn(
        "   a Ceramic node is 1,560 npm packages, 0.7 GB, some minutes; once, as long as its lock stays the same",
    );
    npm_ci(CERAMIC)?;
    let mut rebuild = Command::new("npm");
    rebuild.current_dir(root().join(CERAMIC)).args(["rebuild", "sqlite3", "--loglevel=error"]);
    rebuild.stdout(std::io::stderr());
    // With the headers of this Node.js where it brings them along: otherwise they are downloaded.
    if let Some(headers) = headers()? {
        rebuild.env("npm_config_nodedir", headers);
    }
    run_command(&mut rebuild)?;
    mark(CERAMIC)
}

/// Whether a folder's packages are those of its lock, for this version of Node.js. `npm ci` by anybody else takes the mark away.
fn is_installed(folder: &str) -> Result<bool> {
    let wanted = installed_as(folder)?;
    Ok(fs::read_to_string(root().join(folder).join(MARK)).is_ok_and(|there| there == wanted))
}

fn mark(folder: &str) -> Result<()> {
    Ok(fs::write(root().join(folder).join(MARK), installed_as(folder)?)?)
}

/// What is installed: the lock, for a version of Node.js.
fn installed_as(folder: &str) -> Result<String> {
    let lock = root().join(folder).join("package-lock.json");
    let lock = fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    Ok(format!("{} {}", hex::encode(Sha256::digest(lock)), node(&["--version"])?))
}

/// Installs what a folder's lock names, unless that is there.
fn install(folder: &str) -> Result<()> {
    if is_installed(folder)? {
        return Ok(());
    }
    npm_ci(folder)?;
    mark(folder)
}

/// The folder with `include/node` of this Node.js.
fn headers() -> Result<Option<PathBuf>> {
    let program = PathBuf::from(node(&["--print", "process.execPath"])?);
    let folder = program.parent().and_then(Path::parent).map(Path::to_owned);
    Ok(folder.filter(|folder| folder.join("include/node/node.h").is_file()))
}

fn node(words: &[&str]) -> Result<String> {
    let output = Command::new("node").args(words).output().context("running node")?;
    ensure!(output.status.success(), "node {} failed", words.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Builds a folder by its script `build`, if it has one.
fn build(folder: &str) -> Result<()> {
    let Ok(text) = fs::read_to_string(root().join(folder).join("package.json")) else { return Ok(()) };
    let project: serde_json::Value = serde_json::from_str(&text)?;
    if project["scripts"]["build"].is_null() {
        return Ok(());
    }
    install(folder)?;
    let mut build = Command::new("npm");
    build.current_dir(root().join(folder)).args(["run", "--silent", "build"]).stdout(std::io::stderr());
    run_command(&mut build)
}

/// What hostile callers and a real Ceramic node have to do with each other.
pub(crate) fn tests() -> Result<()> {
    prepare()?;
    on_its_own("node", &[&root().join(FOLDER).join("tests/all.mjs").display().to_string()])
}

/// What a write costs, where a Ceramic node is installed; by the network that a release build makes.
pub(crate) fn bench(more: &[&str]) -> Result<()> {
    install(CLIENTS)?;
    install_ceramic()?;
    let script = root().join(FOLDER).join("tests/bench.mjs").display().to_string();
    let state = target().join("chirp").join(std::process::id().to_string());
    on_its_own_in(&state, "release", "node", &[&[script.as_str()], more].concat())
}

/// What the check of streams has to find; without a network.
pub(crate) fn check() -> Result<()> {
    packages::ensure_node()?;
    run_command(
        Command::new("node").current_dir(root()).args(["--test", "examples/chirp/tests/check.test.mjs"]),
    )
}

/// Sees that the committed bundles are what their sources build to: their names are in every grant.
pub(crate) fn bundles() -> Result<()> {
    packages::ensure_node()?;
    run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))?;
    let chirp = ACTIONS
        .map(|name| (format!("{FOLDER}/actions/{name}.ts"), format!("{FOLDER}/actions/{name}.dist.js")));
    let single = ["ceramic-create-post", "ceramic-like-post"].map(|name| {
        (format!("examples/actions/{name}/action.ts"), format!("examples/actions/{name}/action.js"))
    });
    let out = target().join("chirp-bundle.js");
    for (source, bundle) in chirp.into_iter().chain(single) {
        let mut build = Command::new(target().join("debug").join("quorate"));
        build.current_dir(root()).args(["action", "build", &source, "--locked", "--out"]).arg(&out);
        run_command(&mut build)?;
        ensure!(
            fs::read(&out)? == fs::read(root().join(&bundle))?,
            "{bundle} is not what {source} builds to; run: quorate action build {source} --out {bundle}"
        );
    }
    fs::remove_file(&out)?;
    Ok(())
}
