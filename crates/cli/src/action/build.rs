//! `quorate action build`: bundles a source with the npm packages that it imports into one file.
//!
//! Everything that decides about the bytes is pinned: the bundler by its own lock, packages by `quorate.lock.json`, which
//! npm checks by hash while it installs them into a folder that only this command uses. What lies in
//! the project's `node_modules` is never used.

mod lock;
mod npm;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use quorate_wire::{ActionCid, limits::CODE_BYTES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::args::BuildArgs;
use crate::output::Output;
use crate::state::write_whole;
use lock::{Import, Lock, Pins};

/// Builds one bundle.
pub(super) fn run(args: &BuildArgs, output: Output) -> Result<()> {
    let entry = args.file.canonicalize().with_context(|| format!("reading {}", args.file.display()))?;
    let known = ["ts", "mts", "js", "mjs"];
    let extension = entry.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ensure!(known.contains(&extension), "a source ends in .{}", known.join(", ."));
    let out = args.out.clone().unwrap_or_else(|| entry.with_extension("dist.js"));
    let project = Project::of(&entry)?;
    let bundler = npm::bundler(&project.cache, output)?;
    let scanned: Scanned = bundler.run(&Task::scan(&entry, &project))?;
    let pins = Pins::of(&scanned.imports, &project.folder)?;
    let lock = locked(&project, &pins, args.locked, output)?;
    let packages = match lock.imports.is_empty() {
        true => None,
        false => Some(npm::install(&project.cache, &lock, output)?),
    };
    let task = Task {
        mode: "bundle",
        kind: Some(scanned.kind),
        packages: packages.as_deref(),
        minify: args.minify,
        ..Task::scan(&entry, &project)
    };
    let bundled: Bundled = bundler.run(&task)?;
    for warning in &bundled.warnings {
        output.progress(&format!("warning: {warning}"));
    }
    if bundled.code.len() > CODE_BYTES_MAX {
        bail!("the bundle has {} bytes, an action has at most {CODE_BYTES_MAX}", bundled.code.len());
    }
    write_whole(&out, bundled.code.as_bytes(), 0o644)?;
    tell(&out, &bundled, &lock, output)
}

/// The lock of the project with these pins in it: as it is, or made anew where something is missing.
fn locked(project: &Project, pins: &Pins, frozen: bool, output: Output) -> Result<Lock> {
    let path = project.folder.join(lock::FILE);
    let lock = Lock::read(&path)?;
    if lock.covers(pins) {
        return Ok(lock);
    }
    let missing = lock.missing(pins);
    ensure!(!frozen, "{} does not have {missing}; build without --locked", path.display());
    output.progress(&format!("locking {missing}"));
    let lock = npm::resolve(&project.cache, &lock.with(pins))?;
    write_whole(&path, lock.text()?.as_bytes(), 0o644)?;
    Ok(lock)
}

fn tell(out: &Path, bundled: &Bundled, lock: &Lock, output: Output) -> Result<()> {
    let cid = ActionCid::of_code(bundled.code.as_bytes());
    let mut packages = Vec::new();
    for path in &bundled.packages {
        packages.push(lock.package(path).with_context(|| format!("{path} is not in the lock"))?);
    }
    let value = json!({
        "cid": cid,
        "file": out,
        "bytes": bundled.code.len(),
        "packages": packages,
    });
    output.result(&value, || {
        let mut lines = vec![format!("{cid}  {}  {} bytes", out.display(), bundled.code.len())];
        lines.extend(packages.iter().map(|one| format!("  {}@{} {}", one.name, one.version, one.integrity)));
        lines.join("\n")
    });
    Ok(())
}

/// The folder of `package.json` above the source, or the source's own.
struct Project {
    folder: PathBuf,
    cache: PathBuf,
}

impl Project {
    fn of(entry: &Path) -> Result<Project> {
        let own = entry.parent().context("the source is no folder")?;
        let folder = entry.ancestors().skip(1).find(|folder| folder.join("package.json").is_file());
        let folder = folder.unwrap_or(own).to_owned();
        let cache = folder.join(".quorate-cache");
        if std::fs::symlink_metadata(&cache).is_ok_and(|found| !found.is_dir()) {
            bail!("{} is not a folder", cache.display());
        }
        std::fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
        // The folder keeps itself out of version control.
        write_whole(&cache.join(".gitignore"), b"*\n", 0o644)?;
        Ok(Project { folder, cache })
    }
}

/// What the bundler is told.
#[derive(Serialize)]
struct Task<'a> {
    mode: &'static str,
    entry: &'a Path,
    project: &'a Path,
    kind: Option<Kind>,
    packages: Option<&'a Path>,
    minify: bool,
}

impl<'a> Task<'a> {
    fn scan(entry: &'a Path, project: &'a Project) -> Self {
        Task { mode: "scan", entry, project: &project.folder, kind: None, packages: None, minify: false }
    }
}

/// How a source gives its `main`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// `export function main`.
    Exported,
    /// `export default`.
    Default,
    /// A function of that name, not exported.
    Declared,
    /// Not at all: the script does its work by itself.
    Script,
}

#[derive(Deserialize)]
struct Scanned {
    imports: Vec<Import>,
    kind: Kind,
}

#[derive(Deserialize)]
struct Bundled {
    code: String,
    /// Places of the packages that it has something of, as the lock names them.
    packages: Vec<String>,
    warnings: Vec<String>,
}
