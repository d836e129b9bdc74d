//! The guest's C compiler, linker and C library: one release of Zig from the Python package index, which carries
//! clang, lld and the sources of the C library. pip fetches it by the hashes in the lock and refuses any other file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::output;
use crate::{packages, warn};

/// The release and the hashes of its files, one for each kind of processor; what pip calls requirements.
pub(super) const LOCK: &str = "compiler.lock.txt";

/// The installed compiler.
pub(super) struct Compiler {
    folder: PathBuf,
    cache: PathBuf,
}

impl Compiler {
    /// Installs what the lock names, once, into a folder of its own in `guests`.
    pub(super) fn install(guest: &Path, guests: &Path) -> Result<Self> {
        let lock = guest.join(LOCK);
        let mut key = hex::encode(Sha256::digest(fs::read(&lock).context("reading the compiler's lock")?));
        key.truncate(16);
        let folder = guests.join(format!("zig-{key}"));
        let compiler = Self { cache: folder.join("cache"), folder };
        if !compiler.program().exists() {
            warn("   fetching the guest's C compiler (once; about 100 MB)");
            let new = guests.join(format!("zig-{key}.{}", std::process::id()));
            // What an earlier try left is not whole, and pip would leave it as it is.
            let _ = fs::remove_dir_all(&new);
            let mut pip = Command::new(packages::ensure_pip()?);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
            pip.args(["--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes"]);
            pip.arg("--requirement").arg(&lock).arg("--target").arg(&new);
            output(&mut pip)?;
            fs::rename(&new, &compiler.folder)?;
        }
        Ok(compiler)
    }

    /// Keeps what it has built, its C library among it, in this folder.
    pub(super) fn cache_in(&mut self, folder: PathBuf) {
        self.cache = folder;
    }

    /// The compiler as a command. Its C library is built when it links first.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(self.program());
        command.arg("cc");
        command.env("ZIG_GLOBAL_CACHE_DIR", &self.cache).env("ZIG_LOCAL_CACHE_DIR", &self.cache);
        command
    }

    fn program(&self) -> PathBuf {
        self.folder.join("ziglang/zig")
    }
}
