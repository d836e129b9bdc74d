//! Node.js and npm as this command uses them: in folders of its own, without scripts of packages, by locks.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Ended, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::lock::Lock;
use crate::output::Output;
use crate::state::write_whole;

/// The bundler, as its lock has it.
pub(super) const BUNDLER: &str = "esbuild@0.28.2";

const MANIFEST: &str = include_str!("../../../bundler/package.json");
const LOCK: &str = include_str!("../../../bundler/package-lock.json");
const SETTINGS: &str = include_str!("../../../bundler/.npmrc");
const PROGRAM: &str = include_str!("../../../bundler/bundle.mjs");

/// Lines of npm's own words that are shown when it fails: its code and what it wanted come first.
const LINES_SHOWN: usize = 4;

/// The installed bundler.
pub(super) struct Bundler {
    program: PathBuf,
}

/// Installs the bundler into the cache, once.
pub(super) fn bundler(cache: &Path, output: Output) -> Result<Bundler> {
    let folder = cache.join("bundler");
    fill(&folder, MANIFEST, LOCK, "the bundler", output)?;
    let program = folder.join("bundle.mjs");
    write_whole(&program, PROGRAM.as_bytes(), 0o644)?;
    Ok(Bundler { program })
}

impl Bundler {
    /// Has one thing done.
    pub(super) fn run<T: DeserializeOwned>(&self, task: &impl Serialize) -> Result<T> {
        let mut command = Command::new("node");
        command.arg(&self.program);
        let ended = run(&mut command, &serde_json::to_vec(task)?)?;
        let value: Value = serde_json::from_slice(&ended.stdout)
            .with_context(|| format!("the bundler ended badly: {}", first_lines(&ended.stderr)))?;
        if let Some(errors) = value.get("errors").and_then(Value::as_array) {
            let lines: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
            bail!("{}", lines.join("\n"));
        }
        serde_json::from_value(value).context("the bundler's answer")
    }
}

/// Has npm find out what the imports of a lock bring along.
pub(super) fn resolve(cache: &Path, lock: &Lock) -> Result<Lock> {
    let folder = cache.join("resolving");
    let _ = std::fs::remove_dir_all(&folder);
    prepare(&folder, &lock.manifest().to_string(), &lock.npm_lock().to_string())?;
    let words = ["install", "--package-lock-only"];
    npm(&folder, &words).context("npm could not find the packages")?;
    let text = std::fs::read_to_string(folder.join("package-lock.json")).context("npm's lock")?;
    std::fs::remove_dir_all(&folder).ok();
    lock.clone().resolved(&text)
}

/// Installs the packages of a lock; npm checks the hash of each. Returns the folder of `node_modules`.
pub(super) fn install(cache: &Path, lock: &Lock, output: Output) -> Result<PathBuf> {
    let folder = cache.join("packages");
    fill(&folder, &lock.manifest().to_string(), &lock.npm_lock().to_string(), "packages", output)?;
    Ok(folder)
}

/// Installs exactly what a lock names, unless it is there already.
fn fill(folder: &Path, manifest: &str, lock: &str, what: &str, output: Output) -> Result<()> {
    let done = folder.join("installed");
    let mark = mark(folder, lock)?;
    let real = std::fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir());
    if real && std::fs::read_to_string(&done).is_ok_and(|installed| installed == mark) {
        return Ok(());
    }
    output.progress(&format!("installing {what} into {}", folder.display()));
    // What lies there was not installed by this user's `quorate`: it may have come with the project.
    match std::fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(folder),
        Ok(_) => std::fs::remove_file(folder),
        Err(_) => Ok(()),
    }
    .with_context(|| format!("clearing {}", folder.display()))?;
    prepare(folder, manifest, lock)?;
    npm(folder, &["ci"]).with_context(|| format!("npm could not install {what}"))?;
    write_whole(&done, mark.as_bytes(), 0o600)
}

/// What says that this user installed this lock into this folder. It takes a secret of the user's, so that a
/// project cannot bring a folder of its own making along.
fn mark(folder: &Path, lock: &str) -> Result<String> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let own = base.context("neither XDG_CACHE_HOME nor HOME is set")?.join("quorate");
    let path = own.join("build.key");
    let key = match std::fs::read(&path) {
        Ok(key) if key.len() == 32 => key,
        _ => {
            let mut key = vec![0; 32];
            getrandom::fill(&mut key).map_err(|_| anyhow::anyhow!("no entropy"))?;
            std::fs::create_dir_all(&own).with_context(|| format!("making {}", own.display()))?;
            write_whole(&path, &key, 0o600)?;
            key
        }
    };
    let place = std::path::absolute(folder)?;
    let hash = Sha256::new()
        .chain_update(&key)
        .chain_update(Sha256::digest(lock))
        .chain_update(place.as_os_str().as_encoded_bytes())
        .chain_update(&key);
    Ok(hex::encode(hash.finalize()))
}

fn prepare(folder: &Path, manifest: &str, lock: &str) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    write_whole(&folder.join("package.json"), manifest.as_bytes(), 0o644)?;
    write_whole(&folder.join("package-lock.json"), lock.as_bytes(), 0o644)?;
    write_whole(&folder.join(".npmrc"), SETTINGS.as_bytes(), 0o644)
}

/// Runs npm. Scripts of packages are never run: they could do anything on this machine.
fn npm(folder: &Path, words: &[&str]) -> Result<()> {
    let mut command = Command::new("npm");
    command.current_dir(folder).args(words).args([
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        "--fetch-retries=1",
        "--loglevel=error",
    ]);
    let ended = run(&mut command, b"")?;
    if ended.status.success() {
        return Ok(());
    }
    let (said, all) = (first_lines(&ended.stderr), String::from_utf8_lossy(&ended.stderr));
    let lost = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ENOTCACHED"];
    match lost.iter().any(|code| all.contains(code)) {
        true => bail!(
            "the package registry cannot be reached, and npm's cache does not have them; npm says:\n{said}"
        ),
        false => bail!("npm says:\n{said}"),
    }
}

/// Runs a program to its end.
fn run(command: &mut Command, input: &[u8]) -> Result<Ended> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.with_context(|| {
        format!("{name} cannot be started; bundling needs Node.js 18 or later and npm, on Debian: apt-get install nodejs npm")
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that has ended early says why by itself.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output().with_context(|| format!("running {name}"))
}

fn first_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[..lines.len().min(LINES_SHOWN)].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_the_bundler_names_the_bundler() {
        let lock: Value = serde_json::from_str(LOCK).unwrap();
        let version = lock["packages"]["node_modules/esbuild"]["version"].as_str().unwrap();
        assert_eq!(BUNDLER, format!("esbuild@{version}"));
    }
}
