//! Folders that a killed import has left beside the one that it was to make: they have a node's keys in them.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::fs::{FlockOperation, Mode, OFlags};

use super::MovingError;

/// Looks at no more entries than this: whoever has more beside a node's folder sweeps by hand.
const ENTRIES_MAX: usize = 100_000;

/// Takes the lock of a folder, which ends with the process that holds it.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
    Ok(folder)
}

/// Removes what killed processes have left of this name: folders of this user that no process holds, and whose process is
/// gone.
pub(super) fn remove(folder: &Path, what: &str) -> Result<(), MovingError> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
    let prefix = format!(".{}.{what}-", name.to_string_lossy());
    let entries = match fs::read_dir(parent) {
        // The place itself is judged where it is written to.
        Err(_) => return Ok(()),
        Ok(entries) => entries,
    };
    for entry in entries.take(ENTRIES_MAX) {
        let entry = entry.map_err(MovingError::io(parent))?;
        let process = entry.file_name().to_str().and_then(|name| process_of(name, &prefix));
        if let Some(process) = process.filter(|process| is_gone(*process)) {
            // One that is held, of somebody else, or no folder at all, stays.
            let _ = remove_one(&entry.path(), process);
        }
    }
    Ok(())
}

fn process_of(name: &str, prefix: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?;
    let process: u32 = digits.parse().ok()?;
    (process.to_string() == digits).then_some(process)
}

/// Whether no other process has this number. One with the number of this process is of an earlier one.
fn is_gone(process: u32) -> bool {
    process == std::process::id()
        || fs::symlink_metadata(format!("/proc/{process}"))
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn remove_one(path: &Path, process: u32) -> io::Result<()> {
    let held = lock(path)?;
    if held.metadata()?.uid() != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    tracing::info!(process, "removing what a killed import has left");
    fs::remove_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestFolder;

    /// No process has a number as high.
    const NOBODY: u32 = u32::MAX;

    #[test]
    fn only_folders_of_this_name_and_of_processes_that_are_gone_are_removed() {
        let home = TestFolder::new();
        let at = |name: &str| home.path().join(name);
        let living = std::os::unix::process::parent_id();
        let gone = [format!(".node.importing-{NOBODY}"), format!(".node.importing-{}", std::process::id())];
        let stay = [
            format!(".node.importing-{living}"),
            format!(".node.importing-0{NOBODY}"),
            ".node.importing-".to_owned(),
            format!(".node2.importing-{NOBODY}"),
            format!(".node.exporting-{NOBODY}"),
            format!("node.importing-{NOBODY}"),
        ];
        for name in gone.iter().chain(&stay) {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("key"), "secret").unwrap();
        }
        let (file, link) =
            (format!(".node.importing-{}", NOBODY - 1), format!(".node.importing-{}", NOBODY - 2));
        fs::write(at(&file), "").unwrap();
        std::os::unix::fs::symlink(at(&stay[3]), at(&link)).unwrap();
        let held = format!(".node.importing-{}", NOBODY - 3);
        fs::create_dir(at(&held)).unwrap();
        let lock = lock(&at(&held)).unwrap();
        remove(&at("node"), "importing").unwrap();
        assert!(gone.iter().all(|name| !at(name).exists()));
        assert!(stay.iter().all(|name| at(name).join("key").exists()));
        assert!(at(&file).exists() && at(&link).exists() && at(&held).exists());
        drop(lock);
        remove(&at("node"), "importing").unwrap();
        assert!(!at(&held).exists());
        remove(&at("none/node"), "importing").unwrap();
    }
}
