//! Sources that callers have stored, on disk within a bound and a share for each wallet. None goes to make room.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quorate_wire::{ActionCid, Address};

use super::{
    CodeError,
    files::{Files, action, file_name, on_disk},
};

pub(super) struct Store {
    files: Files,
    bytes_max: u64,
    bytes_per_wallet_max: u64,
    index: Mutex<Index>,
    /// Held while files are written, read or removed, so that index and folder agree.
    disk: Mutex<()>,
}

#[derive(Default)]
struct Index {
    bytes: u64,
    by_wallet: BTreeMap<Address, u64>,
    by_cid: BTreeMap<ActionCid, Entry>,
}

/// Who has stored it, and what it takes.
#[derive(Clone, Copy)]
struct Entry {
    wallet: Address,
    bytes: u64,
}

impl Store {
    pub(super) fn open(folder: &Path, bytes_max: u64, bytes_per_wallet_max: u64) -> io::Result<Self> {
        let (files, found) = Files::open(folder)?;
        let mut index = Index::default();
        for file in found {
            match parse(&file.name) {
                Some((cid, wallet)) => index.insert(cid, Entry { wallet, bytes: file.bytes }),
                None => tracing::warn!("the store of code has a file that is none of its own"),
            }
        }
        Ok(Store { files, bytes_max, bytes_per_wallet_max, index: Mutex::new(index), disk: Mutex::default() })
    }

    /// Whether it is there, without a look at the disk.
    pub(super) fn holds(&self, cid: ActionCid) -> bool {
        self.index().by_cid.contains_key(&cid)
    }

    /// Reads a source and checks it; a damaged file is dropped.
    pub(super) fn read(&self, cid: ActionCid) -> Option<Arc<str>> {
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = self.index().by_cid.get(&cid).copied()?;
        let code = self.files.read(&name(cid, entry.wallet), cid);
        if code.is_none() {
            self.index().remove(cid);
        }
        code
    }

    /// Stores a source; says whether it is new. Who has stored it first, pays for it.
    pub(super) fn write(&self, wallet: Address, cid: ActionCid, code: &str) -> Result<bool, CodeError> {
        // A file that was damaged since is none.
        if self.holds(cid) && self.read(cid).is_some() {
            return Ok(false);
        }
        let bytes = on_disk(code.len() as u64);
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let index = self.index();
            if index.by_cid.contains_key(&cid) {
                return Ok(false);
            }
            let of_wallet = index.by_wallet.get(&wallet).copied().unwrap_or_default();
            if of_wallet.saturating_add(bytes) > self.bytes_per_wallet_max {
                return Err(CodeError::Quota);
            }
            if index.bytes.saturating_add(bytes) > self.bytes_max {
                return Err(CodeError::Full);
            }
        }
        self.files.write(&name(cid, wallet), code).map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "code could not be stored");
            CodeError::Internal
        })?;
        self.index().insert(cid, Entry { wallet, bytes });
        Ok(true)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn insert(&mut self, cid: ActionCid, entry: Entry) {
        self.remove(cid);
        self.bytes += entry.bytes;
        *self.by_wallet.entry(entry.wallet).or_default() += entry.bytes;
        self.by_cid.insert(cid, entry);
    }

    fn remove(&mut self, cid: ActionCid) {
        let Some(entry) = self.by_cid.remove(&cid) else { return };
        self.bytes -= entry.bytes;
        if let Some(bytes) = self.by_wallet.get_mut(&entry.wallet) {
            *bytes -= entry.bytes;
            if *bytes == 0 {
                self.by_wallet.remove(&entry.wallet);
            }
        }
    }
}

/// A file's name tells whose it is, so that shares survive a restart.
fn name(cid: ActionCid, wallet: Address) -> String {
    format!("{}-{}", file_name(cid), hex::encode(wallet.0))
}

fn parse(text: &str) -> Option<(ActionCid, Address)> {
    let (digits, wallet) = text.split_once('-')?;
    let (cid, wallet) = (action(digits)?, wallet.parse().ok()?);
    (name(cid, wallet) == text).then_some((cid, wallet))
}
