//! A folder of files that are written whole or not at all, readable by their owner only.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use quorate_wire::{ActionCid, limits::CODE_BYTES_MAX};

use super::checked;
use crate::config::make_private_folder;

/// Files take whole blocks on disk, so that many small ones are bounded as well.
const BLOCK_BYTES: u64 = 4 << 10;
/// Names of files that are not written to their end.
const UNFINISHED: &str = "unfinished-";

/// The folder.
pub(super) struct Files(PathBuf);

/// One file that was there at the start.
pub(super) struct Found {
    pub(super) name: String,
    /// What it takes on disk.
    pub(super) bytes: u64,
    pub(super) used: SystemTime,
}

impl Files {
    /// Opens the folder, makes it if it is not there, and removes what a crash left unfinished.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Vec<Found>)> {
        make_private_folder(folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            } else if metadata.is_file() {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push(Found { name, bytes: on_disk(metadata.len()), used });
            }
        }
        Ok((Files(folder.to_owned()), found))
    }

    /// Writes a file whole: a reader, or a start after a crash, finds all of it or nothing.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let unfinished = self.0.join(format!("{UNFINISHED}{:016x}", crate::entropy::number()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, self.0.join(name))?;
            File::open(&self.0)?.sync_all()
        };
        write().inspect_err(|_| drop(fs::remove_file(&unfinished)))
    }

    /// Reads a file and names its content. What is not the source that it should be is removed: `None`.
    pub(super) fn read(&self, name: &str, cid: ActionCid) -> Option<Arc<str>> {
        let path = self.0.join(name);
        let read = || {
            let mut bytes = Vec::new();
            File::open(&path)?.take(CODE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
            io::Result::Ok(bytes)
        };
        let code = read().ok().and_then(|bytes| checked(cid, bytes)).and_then(Result::ok);
        if code.is_none() {
            tracing::warn!(action = %cid, "a file of code is damaged and removed");
            self.remove(name);
        }
        code
    }

    /// Notes that a file was used now, for the order after the next start.
    pub(super) fn touch(&self, name: &str) {
        if let Ok(file) = File::options().append(true).open(self.0.join(name)) {
            // If the system does not note it, the file goes sooner than it should.
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Gives a file another name; says whether it has it.
    pub(super) fn rename(&self, name: &str, new: &str) -> bool {
        fs::rename(self.0.join(name), self.0.join(new)).is_ok()
    }

    pub(super) fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.0.join(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(kind = ?error.kind(), "a file of code could not be removed");
        }
    }
}

/// What a file of this length takes on disk.
pub(super) fn on_disk(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK_BYTES).max(1).saturating_mul(BLOCK_BYTES)
}

/// The name of an action's file: hexadecimal digits, which all file systems tell apart.
pub(super) fn file_name(cid: ActionCid) -> String {
    hex::encode(cid.multihash())
}

/// The action that a file's name tells.
pub(super) fn action(name: &str) -> Option<ActionCid> {
    let cid = ActionCid::from_multihash(&hex::decode(name).ok()?).ok()?;
    (file_name(cid) == name).then_some(cid)
}
