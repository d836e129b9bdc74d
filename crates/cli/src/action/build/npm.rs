//! Packages of a project's lock: found and installed by npm in the user's own cache, without scripts of theirs.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::lock::Lock;
use super::tools;
use crate::home;
use crate::output::Output;
use crate::state::write_whole;

const SETTINGS: &str = include_str!("../../../bundler/.npmrc");
/// Installed locks that are kept.
const KEPT: usize = 16;

/// Has npm find out what the imports of a lock bring along.
pub(super) fn resolve(lock: &Lock) -> Result<Lock> {
    let folder = Scratch::in_folder(&home::cache()?.join("resolving"))?;
    prepare(&folder.0, lock)?;
    run(&folder.0, &["install", "--package-lock-only"]).context("npm could not find the packages")?;
    let text = std::fs::read_to_string(folder.0.join("package-lock.json")).context("npm's lock")?;
    lock.clone().resolved(&text)
}

/// Installs the packages of a lock, once; npm checks the hash of each. Returns the folder of `node_modules`.
pub(super) fn install(lock: &Lock, output: Output) -> Result<PathBuf> {
    let all = home::cache()?.join("packages");
    // A folder has the name of what is in it, so that no project can say what another one gets.
    let name = Sha256::new()
        .chain_update(Sha256::digest(lock.manifest().to_string()))
        .chain_update(Sha256::digest(lock.npm_lock().to_string()));
    let folder = all.join(hex::encode(name.finalize()));
    let used = folder.join("used");
    if used.is_file() {
        // The time is what tells which are dispensable; without it, this one is sooner.
        let _ = std::fs::File::open(&used).and_then(|file| file.set_modified(SystemTime::now()));
        return Ok(folder);
    }
    output.progress(&format!("installing packages into {}", folder.display()));
    let new = Scratch::in_folder(&all.join("new"))?;
    prepare(&new.0, lock)?;
    run(&new.0, &["ci"]).context("npm could not install packages")?;
    write_whole(&new.0.join("used"), b"", 0o600)?;
    if std::fs::rename(&new.0, &folder).is_err() && !used.is_file() {
        bail!("the packages could not be put into {}", folder.display());
    }
    forget_old(&all);
    Ok(folder)
}

/// Removes what was not used for longest.
fn forget_old(all: &Path) {
    let used = |folder: &Path| folder.join("used").metadata().and_then(|found| found.modified());
    let folders = std::fs::read_dir(all).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<(SystemTime, PathBuf)> =
        folders.filter_map(|folder| Some((used(&folder).ok()?, folder))).collect();
    folders.sort();
    let surplus = folders.len().saturating_sub(KEPT);
    for (_, folder) in folders.into_iter().take(surplus) {
        // What stays is looked at again the next time.
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn prepare(folder: &Path, lock: &Lock) -> Result<()> {
    write_whole(&folder.join("package.json"), lock.manifest().to_string().as_bytes(), 0o644)?;
    write_whole(&folder.join("package-lock.json"), lock.npm_lock().to_string().as_bytes(), 0o644)?;
    settings(folder)
}

/// Writes npm's settings for a folder, which go before those of the user.
pub(super) fn settings(folder: &Path) -> Result<()> {
    write_whole(&folder.join(".npmrc"), SETTINGS.as_bytes(), 0o644)
}

/// Runs npm. Scripts of packages are never run: they could do anything on this machine.
pub(super) fn run(folder: &Path, words: &[&str]) -> Result<()> {
    let ended = tools::run(tools::npm(folder)?.args(words), b"")?;
    if ended.status.success() {
        return Ok(());
    }
    let (said, all) = (tools::first_lines(&ended.stderr), String::from_utf8_lossy(&ended.stderr));
    let lost = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ENOTCACHED"];
    match lost.iter().any(|code| all.contains(code)) {
        true => bail!(
            "the package registry cannot be reached, and npm's cache does not have them; npm says:\n{said}"
        ),
        false => bail!("npm says:\n{said}"),
    }
}

/// A folder of this process that goes when it is dropped.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    /// An empty folder beside the place of this name.
    pub(super) fn in_folder(place: &Path) -> Result<Self> {
        let folder = place.with_extension(std::process::id().to_string());
        // One that a process of the same number left behind.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may have been moved to where it belongs.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
