//! The compiled guest on disk: where it is, and why it may be loaded.
//!
//! The image is native code that the worker maps and jumps into, so it is loaded only if nobody but its
//! owner can write it and its hash is the one that its manifest names.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::hot::HotPages;

/// What to run when there is no guest.
const HINT: &str = "run `cargo xtask guest`";
const MANIFEST: &str = "guest.json";
const IMAGE: &str = "guest.cwasm";
const POINTER: &str = "current";

/// Why the guest cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// There is none.
    #[error("no guest at {}: {HINT}", .0.display())]
    Missing(PathBuf),
    /// A file of it cannot be read.
    #[error("cannot read {}: {source}; {HINT}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its manifest is not one.
    #[error("{} is not a guest manifest: {HINT}", .0.display())]
    Manifest(PathBuf),
    /// Its image is not the one that the manifest names.
    #[error("{} does not have the hash that its manifest names: {HINT}", .0.display())]
    Altered(PathBuf),
    /// Others than its owner could have written it.
    #[error("{} must belong to this user or root and be writable by its owner only", .0.display())]
    Writable(PathBuf),
}

/// What `cargo xtask guest` writes beside the files that it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestManifest {
    /// SHA-256 of the pre-initialised wasm module: what nodes compare.
    pub guest_sha256: String,
    /// SHA-256 of the native image, which differs between processors and wasmtime versions.
    pub image_sha256: String,
    /// Pages of its memory that nearly every execution writes.
    pub hot_pages: HotPages,
}

/// A guest that was checked and may be run.
#[derive(Clone, Debug)]
pub struct Guest {
    folder: PathBuf,
    hash: [u8; 32],
    image_hash: [u8; 32],
    hot_pages: HotPages,
}

impl Guest {
    /// Finds the guest: `given` if there is one, otherwise `../guest` beside the running executable's
    /// folder (a build folder or an installation), or one folder above that (where tests run).
    ///
    /// # Errors
    /// [`GuestError::Missing`], which says what to run.
    pub fn locate(given: Option<&Path>) -> Result<PathBuf, GuestError> {
        if let Some(path) = given {
            return if path.exists() {
                Ok(path.to_owned())
            } else {
                Err(GuestError::Missing(path.to_owned()))
            };
        }
        let executable = std::env::current_exe()
            .and_then(fs::canonicalize)
            .map_err(|source| GuestError::Unreadable { path: PathBuf::from("/proc/self/exe"), source })?;
        let candidates: Vec<PathBuf> =
            executable.ancestors().skip(2).take(2).map(|folder| folder.join("guest").join(POINTER)).collect();
        match candidates.iter().find(|path| path.exists()) {
            Some(path) => Ok(path.clone()),
            None => Err(GuestError::Missing(candidates.into_iter().next().unwrap_or_default())),
        }
    }

    /// Loads the guest at `path`: its folder, or the pointer file that names the folder beside it.
    ///
    /// # Errors
    /// If it is not there, not whole, or could have been written by somebody else.
    pub fn load(path: &Path) -> Result<Self, GuestError> {
        Self::open(path).map(|(guest, _)| guest)
    }

    /// As [`Guest::load`], with the image that was checked.
    pub(crate) fn open(path: &Path) -> Result<(Self, File), GuestError> {
        let folder = if path.is_file() {
            let name = read_text(path)?;
            path.parent().unwrap_or(Path::new(".")).join(name.trim())
        } else {
            path.to_owned()
        };
        let manifest_path = folder.join(MANIFEST);
        if !manifest_path.exists() {
            return Err(GuestError::Missing(path.to_owned()));
        }
        let bad = || GuestError::Manifest(manifest_path.clone());
        let manifest: GuestManifest = serde_json::from_str(&read_text(&manifest_path)?).map_err(|_| bad())?;
        let hash = parse_hash(&manifest.guest_sha256).ok_or_else(bad)?;
        let image_hash = parse_hash(&manifest.image_sha256).ok_or_else(bad)?;
        let guest = Self { folder, hash, image_hash, hot_pages: manifest.hot_pages };
        let image = guest.open_image()?;
        Ok((guest, image))
    }

    /// SHA-256 of the wasm module, equal on all nodes that run the same guest.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The folder that holds it, which [`Guest::load`] takes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Pages of its memory that nearly every execution writes.
    pub(crate) fn hot_pages(&self) -> HotPages {
        self.hot_pages.clone()
    }

    /// Opens the image and checks owner and hash of the very file that is then mapped.
    pub(crate) fn open_image(&self) -> Result<File, GuestError> {
        let path = self.folder.join(IMAGE);
        let unreadable = |source| GuestError::Unreadable { path: path.clone(), source };
        let mut file = File::open(&path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let own = rustix::process::geteuid().as_raw();
        let folder = fs::metadata(&self.folder).map_err(unreadable)?;
        for metadata in [&metadata, &folder] {
            if metadata.mode() & 0o022 != 0 || (metadata.uid() != own && metadata.uid() != 0) {
                return Err(GuestError::Writable(path.clone()));
            }
        }
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match file.read(&mut buffer).map_err(unreadable)? {
                0 => break,
                n => hasher.update(&buffer[..n]),
            }
        }
        if hasher.finalize().as_slice() != self.image_hash {
            return Err(GuestError::Altered(path.clone()));
        }
        file.rewind().map_err(unreadable)?;
        Ok(file)
    }
}

fn read_text(path: &Path) -> Result<String, GuestError> {
    fs::read_to_string(path).map_err(|source| GuestError::Unreadable { path: path.to_owned(), source })
}

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}
