//! `quorate action build`: bundles a source with the npm packages that it imports into one file.
//!
//! Everything that decides about the bytes is pinned: the bundler by its own lock, packages by `quorate.lock.json`, which
//! npm checks by hash while it installs them. A project may be anybody's: nothing that lies in it is run, and no setting of it
//! is taken. Bundler and packages lie in the user's own cache; what is in the project's `node_modules` is never used.

mod bundler;
mod lock;
mod npm;
mod tools;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use quorate_wire::{ActionCid, limits::CODE_BYTES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::args::BuildArgs;
use crate::home;
use crate::output::{Output, printable};
use crate::state::write_whole;
use bundler::{Bundler, Told};
use lock::{Import, Lock, Pins};
use npm::Scratch;

/// Builds one bundle.
pub(super) fn run(args: &BuildArgs, output: Output) -> Result<()> {
    let entry = args.file.canonicalize().with_context(|| format!("reading {}", args.file.display()))?;
    let known = ["ts", "mts", "js", "mjs"];
    let extension = entry.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ensure!(known.contains(&extension), "a source ends in .{}", known.join(", ."));
    let out = args.out.clone().unwrap_or_else(|| entry.with_extension("dist.js"));
    let folder = project_of(&entry)?;
    let bundler = Bundler::locked(output)?;
    let mut stage = Stage::new(&folder)?;
    let entry = stage.project().join(entry.strip_prefix(&folder).context("the source is in its project")?);
    let scanned: Scanned = bundler.run(&Task::scan(&entry, &stage, &bundler))?;
    let pins = Pins::of(&scanned.imports, &folder)?;
    let lock = locked(&folder, &pins, args.locked, output)?;
    if !lock.imports.is_empty() {
        stage.link_packages(&npm::install(&lock, output)?)?;
    }
    let task = Task {
        mode: "bundle",
        kind: Some(scanned.kind),
        minify: args.minify,
        ..Task::scan(&entry, &stage, &bundler)
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
fn locked(project: &Path, pins: &Pins, frozen: bool, output: Output) -> Result<Lock> {
    let path = project.join(lock::FILE);
    let lock = Lock::read(&path)?;
    if lock.covers(pins) {
        return Ok(lock);
    }
    let missing = lock.missing(pins);
    ensure!(!frozen, "{} does not have {missing}; build without --locked", path.display());
    output.progress(&format!("locking {missing}"));
    let lock = npm::resolve(&lock.with(pins))?;
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
        lines.extend(
            packages
                .iter()
                .map(|one| printable(&format!("  {}@{} {}", one.name, one.version, one.integrity))),
        );
        lines.join("\n")
    });
    Ok(())
}

/// The folder of `package.json` above the source, or the source's own.
fn project_of(entry: &Path) -> Result<PathBuf> {
    let own = entry.parent().context("the source is no folder")?;
    let folder = entry.ancestors().skip(1).find(|folder| folder.join("package.json").is_file());
    Ok(folder.unwrap_or(own).to_owned())
}

/// Where the bundler works: a folder with links to the project and to its packages. Paths below it are the same on every
/// machine, and they stand in the bundle.
struct Stage {
    folder: Scratch,
    packages: Option<PathBuf>,
}

impl Stage {
    fn new(project: &Path) -> Result<Self> {
        let folder = Scratch::in_folder(&home::cache()?.join("stage"))?;
        let stage = Stage { folder, packages: None };
        symlink(project, stage.project()).context("linking the project")?;
        Ok(stage)
    }

    fn project(&self) -> PathBuf {
        self.folder.0.join("project")
    }

    fn link_packages(&mut self, installed: &Path) -> Result<()> {
        let packages = self.folder.0.join("packages");
        symlink(installed, &packages).context("linking the packages")?;
        self.packages = Some(packages);
        Ok(())
    }
}

/// What the bundler is told.
#[derive(Serialize)]
struct Task<'a> {
    mode: &'static str,
    bundler: Told<'a>,
    stage: &'a Path,
    entry: &'a Path,
    project: PathBuf,
    kind: Option<Kind>,
    packages: Option<&'a Path>,
    minify: bool,
}

impl<'a> Task<'a> {
    fn scan(entry: &'a Path, stage: &'a Stage, bundler: &'a Bundler) -> Self {
        let packages = stage.packages.as_deref();
        Task {
            mode: "scan",
            bundler: bundler.told(),
            stage: &stage.folder.0,
            entry,
            project: stage.project(),
            kind: None,
            packages,
            minify: false,
        }
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
