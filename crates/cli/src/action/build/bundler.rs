//! The bundler: archives of esbuild in the user's own cache, compared with the hashes of our lock each time before anything of
//! them runs, and our program that tells it what may be imported.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::npm::{self, Scratch};
use super::tools;
use crate::home;
use crate::output::Output;
use crate::state::write_whole;

/// The bundler, as its lock has it.
pub(super) const BUNDLER: &str = "esbuild@0.28.2";

const LOCK: &str = include_str!("../../../bundler/package-lock.json");
const PROGRAM: &str = include_str!("../../../bundler/bundle.mjs");
/// No archive of the bundler is longer.
const ARCHIVE_BYTES_MAX: u64 = 64 << 20;

/// The bundler, ready to run.
pub(super) struct Bundler {
    folder: PathBuf,
    parts: Vec<Part>,
}

/// A file that runs, and the archive that it is taken out of.
#[derive(Serialize)]
struct Part {
    archive: PathBuf,
    file: &'static str,
    to: String,
    executable: bool,
}

/// What the program in Node.js is told of it.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    folder: &'a Path,
    parts: &'a [Part],
}

impl Bundler {
    /// The bundler for this machine. What is missing, or is not what the lock says, is fetched.
    ///
    /// # Errors
    /// npm cannot get it, or what it got is something else than the lock names.
    pub(super) fn locked(output: Output) -> Result<Self> {
        let folder = home::cache()?.join("bundler");
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let machine = format!("@esbuild/{}", machine()?);
        let mut parts = Vec::new();
        for (package, file, executable) in [
            ("esbuild", "package/lib/main.js", false),
            (machine.as_str(), "package/bin/esbuild", true),
            // It says of which kind the first is.
            ("esbuild", "package/package.json", false),
        ] {
            let archive = Archive::of_lock(package, LOCK)?;
            let to = format!("{}/{}", archive.stem(), file.trim_start_matches("package/"));
            parts.push(Part { archive: archive.in_folder(&folder, output)?, file, to, executable });
        }
        Ok(Bundler { folder, parts })
    }

    /// What the program has to be told.
    pub(super) fn told(&self) -> Told<'_> {
        Told { folder: &self.folder, parts: &self.parts }
    }

    /// Has one thing done.
    pub(super) fn run<T: DeserializeOwned>(&self, task: &impl Serialize) -> Result<T> {
        let program = self.folder.join("bundle.mjs");
        write_whole(&program, PROGRAM.as_bytes(), 0o600)?;
        let ended = tools::run(tools::node(&self.folder)?.arg(&program), &serde_json::to_vec(task)?)?;
        let value: Value = serde_json::from_slice(&ended.stdout)
            .with_context(|| format!("the bundler ended badly: {}", tools::first_lines(&ended.stderr)))?;
        if let Some(errors) = value.get("errors").and_then(Value::as_array) {
            let lines: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
            bail!("{}", lines.join("\n"));
        }
        serde_json::from_value(value).context("the bundler's answer")
    }
}

/// This machine, as the bundler's packages are named.
fn machine() -> Result<String> {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let system = if system == "macos" { "darwin" } else { system };
    let processor = match processor {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        "riscv64" | "s390x" | "arm" => processor,
        other => bail!("the bundler is not there for {other}"),
    };
    Ok(format!("{system}-{processor}"))
}

/// A package in the form in which the registry has it.
struct Archive<'a> {
    package: &'a str,
    version: String,
    sha512: Vec<u8>,
}

impl<'a> Archive<'a> {
    fn of_lock(package: &'a str, lock: &str) -> Result<Self> {
        let lock: Value = serde_json::from_str(lock)?;
        let entry = &lock["packages"][format!("node_modules/{package}")];
        let (version, integrity) = (entry["version"].as_str(), entry["integrity"].as_str());
        let (Some(version), Some(hash)) = (version, integrity.and_then(|text| text.strip_prefix("sha512-")))
        else {
            bail!("the bundler's lock does not have {package}: there is none for this machine");
        };
        let sha512 = STANDARD.decode(hash).map_err(|_| anyhow::anyhow!("the hash of {package}"))?;
        Ok(Archive { package, version: version.to_owned(), sha512 })
    }

    /// As npm names the file.
    fn stem(&self) -> String {
        format!("{}-{}", self.package.trim_start_matches('@').replace('/', "-"), self.version)
    }

    /// The archive in this folder, which is what the lock says, or is fetched.
    fn in_folder(&self, folder: &Path, output: Output) -> Result<PathBuf> {
        let name = format!("{}.tgz", self.stem());
        let path = folder.join(&name);
        if self.is_at(&path)? {
            return Ok(path);
        }
        let wanted = format!("{}@{}", self.package, self.version);
        output.progress(&format!("fetching {wanted} into {}", folder.display()));
        let fetching = Scratch::in_folder(&folder.join("fetching"))?;
        write_whole(&fetching.0.join("package.json"), b"{}", 0o644)?;
        npm::settings(&fetching.0)?;
        npm::run(&fetching.0, &["pack", "--pack-destination=.", &wanted])
            .with_context(|| format!("npm could not fetch {wanted}"))?;
        let fetched = fetching.0.join(&name);
        ensure!(
            self.is_at(&fetched)?,
            "what npm gave for {wanted} is not what the bundler's lock names; it was not run"
        );
        std::fs::rename(&fetched, &path).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// Whether the archive lies there to the byte.
    fn is_at(&self, path: &Path) -> Result<bool> {
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let mut bytes = Vec::new();
        file.take(ARCHIVE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .with_context(|| format!("reading {}", path.display()))?;
        Ok(Sha512::digest(&bytes).as_slice() == self.sha512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_the_bundler_names_the_bundler_and_its_program_for_this_machine() {
        let main = Archive::of_lock("esbuild", LOCK).unwrap();
        assert_eq!(BUNDLER, format!("{}@{}", main.package, main.version));
        let name = format!("@esbuild/{}", machine().unwrap());
        let program = Archive::of_lock(&name, LOCK).unwrap();
        assert_eq!((program.version, program.sha512.len()), (main.version, 64));
        assert!(Archive::of_lock("@esbuild/none", LOCK).is_err());
    }

    #[test]
    fn an_archive_is_what_the_lock_names_to_the_byte() {
        let path = std::env::temp_dir().join(format!("quorate-archive-{}", std::process::id()));
        let sha512 = Sha512::digest(b"the bundler").to_vec();
        let archive = Archive { package: "@a/b", version: "1.0.0".to_owned(), sha512 };
        assert!(!archive.is_at(&path).unwrap());
        for (bytes, same) in
            [("the bundler", true), ("a bundler!!", false), ("the bundler ", false), ("", false)]
        {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(archive.is_at(&path).unwrap(), same, "{bytes}");
        }
        std::fs::remove_file(path).unwrap();
        assert_eq!(archive.stem(), "a-b-1.0.0");
    }
}
