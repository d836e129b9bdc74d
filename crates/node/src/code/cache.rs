//! Sources that were found elsewhere, on disk within a bound: the least recently used go first.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quorate_wire::ActionCid;

use super::files::{Files, action, file_name, on_disk};

pub(super) struct Cache {
    files: Files,
    bytes_max: u64,
    index: Mutex<Index>,
    /// Held while files are written, read or removed, so that index and folder agree.
    disk: Mutex<()>,
}

#[derive(Default)]
struct Index {
    bytes: u64,
    next: u64,
    /// By action: when it was used last, and what it takes.
    by_cid: BTreeMap<ActionCid, (u64, u64)>,
    by_use: BTreeMap<u64, ActionCid>,
}

impl Cache {
    pub(super) fn open(folder: &Path, bytes_max: u64) -> io::Result<Self> {
        let (files, mut found) = Files::open(folder)?;
        found.sort_by_key(|file| file.used);
        let mut index = Index::default();
        for file in found {
            match action(&file.name) {
                Some(cid) => index.insert(cid, file.bytes),
                None => tracing::warn!("the cache of code has a file that is none of its own"),
            }
        }
        let cache = Cache { files, bytes_max, index: Mutex::new(index), disk: Mutex::default() };
        // The bound may have been lowered since.
        cache.make_room(0);
        Ok(cache)
    }

    /// Whether it is there, without a look at the disk.
    pub(super) fn holds(&self, cid: ActionCid) -> bool {
        self.index().by_cid.contains_key(&cid)
    }

    /// Reads a source and checks it; a damaged file is dropped.
    pub(super) fn read(&self, cid: ActionCid) -> Option<Arc<str>> {
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.index().used(cid) {
            return None;
        }
        let code = self.files.read(&file_name(cid), cid);
        match &code {
            Some(_) => self.files.touch(&file_name(cid)),
            None => self.index().remove(cid),
        }
        code
    }

    /// Writes a source, after others have made room for it.
    pub(super) fn write(&self, cid: ActionCid, code: &str) -> io::Result<()> {
        let bytes = on_disk(code.len() as u64);
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes > self.bytes_max || self.index().used(cid) {
            return Ok(());
        }
        self.make_room(bytes);
        self.files.write(&file_name(cid), code)?;
        self.index().insert(cid, bytes);
        Ok(())
    }

    fn make_room(&self, bytes: u64) {
        loop {
            let mut index = self.index();
            if index.bytes.saturating_add(bytes) <= self.bytes_max {
                return;
            }
            let Some(oldest) = index.by_use.values().next().copied() else { return };
            index.remove(oldest);
            drop(index);
            self.files.remove(&file_name(oldest));
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn insert(&mut self, cid: ActionCid, bytes: u64) {
        self.remove(cid);
        self.by_cid.insert(cid, (self.next, bytes));
        self.by_use.insert(self.next, cid);
        self.next += 1;
        self.bytes += bytes;
    }

    /// Notes a use; says whether it is there.
    fn used(&mut self, cid: ActionCid) -> bool {
        let Some((used, _)) = self.by_cid.get_mut(&cid) else { return false };
        self.by_use.remove(used);
        *used = self.next;
        self.by_use.insert(self.next, cid);
        self.next += 1;
        true
    }

    fn remove(&mut self, cid: ActionCid) {
        if let Some((used, bytes)) = self.by_cid.remove(&cid) {
            self.by_use.remove(&used);
            self.bytes -= bytes;
        }
    }
}
