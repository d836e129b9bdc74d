//! Files that are there whole under their name, or not at all.

use std::{
    cell::Cell,
    fs, io,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

use super::{MovingError, sync_folder};

/// A file that goes away unless it gets its name.
pub(super) struct Unfinished {
    path: PathBuf,
    published: Cell<bool>,
}

impl Unfinished {
    pub(super) fn at(path: PathBuf) -> Self {
        Unfinished { path, published: Cell::new(false) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_published(&self) -> bool {
        self.published.get()
    }

    /// Gives the whole file its name, durably. What has that name already stays.
    pub(super) fn publish(&self, name: &Path) -> Result<(), MovingError> {
        let renamed = match renameat_with(CWD, &self.path, CWD, name, RenameFlags::NOREPLACE) {
            // Not every file system can do it so; a second name is refused in the same way.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::hard_link(&self.path, name),
            renamed => renamed.map_err(io::Error::from),
        };
        renamed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => MovingError::FileThere(name.to_owned()),
            _ => MovingError::io(name)(error),
        })?;
        self.published.set(true);
        sync_folder(name.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
