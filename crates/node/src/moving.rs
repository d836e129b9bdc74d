//! A node's way to another machine, and into a backup: everything that makes it this node, in one sealed file.
//!
//! Two machines must never be one node at the same time. So an export that is no mere backup marks the folder that is
//! left, and an import counts one move more: peers then know every start at the new place as later.

mod age;
mod export;
mod import;
mod leftovers;
mod mark;
mod parcel;
mod publish;

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use zeroize::Zeroizing;

pub use age::{AgeError, Identity, Lock, Recipient, Unlock};
pub use export::{Export, Exported, export};
pub use import::{Import, Imported, Setting, import};
pub(crate) use mark::{check_not_halted, leave_halted};
pub use parcel::ParcelError;

use crate::{config::ConfigError, secret_file::SecretFileError, store::StoreError};

/// Why a node is not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum MovingError {
    /// A file or folder could not be read or written.
    #[error("{path}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The configuration, or its network file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key.
    #[error(transparent)]
    Key(#[from] SecretFileError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its store is open.
    #[error("the node with the store in {0} runs: stop it first")]
    Running(PathBuf),
    /// There is nothing to move.
    #[error("there is no store in {0}: this node has never run")]
    NoStore(PathBuf),
    /// Nothing is written over.
    #[error("{0} is there already: name a file that is not")]
    FileThere(PathBuf),
    /// Nothing is written over.
    #[error("{0} is not empty: name a folder that is, or that is not there")]
    FolderThere(PathBuf),
    /// Longer than what is read.
    #[error("{0} is longer than any file of its kind")]
    TooLong(PathBuf),
    /// The store is longer than any.
    #[error("the node has more than an export can hold")]
    TooMuch,
    /// The file is not opened.
    #[error("{path}: {reason}")]
    Sealed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: AgeError,
    },
    /// What was in the file is refused.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: ParcelError,
    },
    /// A file in the export is refused.
    #[error("{name} in the export: {reason}")]
    FileInside {
        /// The file.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// The records in the export are refused.
    #[error("the records in the export: {0}")]
    Records(quorate_engine::StartError),
    /// The parts of the export are not of one node.
    #[error("the keys in the export are of no member of the network in it")]
    NoMember,
}

impl MovingError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| MovingError::Io { path: path.to_owned(), source }
    }
}

/// Reads a whole regular file; none if it is not there.
fn read_bounded(path: &Path, bytes_max: usize) -> Result<Option<Zeroizing<Vec<u8>>>, MovingError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(MovingError::io(path))?,
    };
    let metadata = file.metadata().map_err(MovingError::io(path))?;
    if !metadata.is_file() {
        return Err(MovingError::Io {
            path: path.to_owned(),
            source: io::Error::other("is not a regular file"),
        });
    }
    let most = bytes_max as u64 + 1;
    let length =
        usize::try_from(metadata.len().min(most)).map_err(|_| MovingError::TooLong(path.to_owned()))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
    file.take(most).read_to_end(&mut bytes).map_err(MovingError::io(path))?;
    if bytes.len() > bytes_max { Err(MovingError::TooLong(path.to_owned())) } else { Ok(Some(bytes)) }
}

/// Writes a new file, durably but for its name in the folder.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), MovingError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(MovingError::io(path))
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> Result<(), MovingError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(MovingError::io(folder))
}

/// A name beside a file or folder, for what is not whole yet.
fn beside(path: &Path, what: &str) -> Result<PathBuf, MovingError> {
    let name = path.file_name().ok_or_else(|| MovingError::Io {
        path: path.to_owned(),
        source: io::Error::other("has no name of its own"),
    })?;
    Ok(path.with_file_name(format!(".{}.{what}-{}", name.to_string_lossy(), std::process::id())))
}

fn now_unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
