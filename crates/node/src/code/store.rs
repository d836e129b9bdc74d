//! Sources that callers have stored, on disk within a bound and a share for each login.
//!
//! A full store makes room for what is new only by dropping what was stored and never wanted, the oldest first. What
//! runs have used stays, and longest what was stored for a key that is granted to it. So that there is always some
//! room to come in, these may take three quarters: beyond that, the least recently used is merely stored again.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quorate_wire::{ActionCid, LoginId};

use super::{
    CodeError,
    files::{Files, action, file_name, on_disk},
};

pub(super) struct Store {
    files: Files,
    bytes_max: u64,
    bytes_per_login_max: u64,
    index: Mutex<Index>,
    /// Held while files are written, read, renamed or removed, so that index and folder agree.
    disk: Mutex<()>,
    /// Sources whose standing is being raised.
    rising: Mutex<BTreeSet<ActionCid>>,
}

/// Sources at most: what is known of each is in memory.
const SOURCES_MAX: usize = 1 << 17;

/// What a source has been good for; the lower goes before the higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It was stored.
    Stored,
    /// A run has used it.
    Used,
    /// Who stored it named a key that is granted to it.
    Granted,
}

#[derive(Default)]
struct Index {
    bytes: u64,
    /// Of these, what runs have used or keys are granted to.
    bytes_staying: u64,
    next: u64,
    by_login: BTreeMap<LoginId, u64>,
    by_cid: BTreeMap<ActionCid, Entry>,
    /// In the order in which they would go.
    by_turn: BTreeMap<(Standing, u64), ActionCid>,
}

/// Who has stored it, and what it takes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    login: LoginId,
    bytes: u64,
    standing: Standing,
    /// Grows with each use.
    turn: u64,
}

impl Store {
    pub(super) fn open(folder: &Path, bytes_max: u64, bytes_per_login_max: u64) -> io::Result<Self> {
        let (files, mut found) = Files::open(folder)?;
        found.sort_by_key(|file| file.used);
        let mut index = Index::default();
        for file in found {
            match parse(&file.name) {
                Some((cid, login, standing)) => index.insert(cid, login, file.bytes, standing),
                None => tracing::warn!("the store of code has a file that is none of its own"),
            }
        }
        Ok(Store {
            files,
            bytes_max,
            bytes_per_login_max,
            index: Mutex::new(index),
            disk: Mutex::default(),
            rising: Mutex::default(),
        })
    }

    /// Whether it is there, without a look at the disk.
    pub(super) fn holds(&self, cid: ActionCid) -> bool {
        self.index().by_cid.contains_key(&cid)
    }

    /// Reads a source and checks it; a damaged file is dropped.
    pub(super) fn read(&self, cid: ActionCid) -> Option<Arc<str>> {
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = self.index().by_cid.get(&cid).copied()?;
        let code = self.files.read(&name(cid, &entry), cid);
        if code.is_none() {
            self.index().remove(cid);
        }
        code
    }

    /// Stores a source; says whether it is new. Who has stored it first, pays for it.
    pub(super) fn write(
        &self,
        login: LoginId,
        cid: ActionCid,
        code: &str,
        standing: Standing,
    ) -> Result<bool, CodeError> {
        // A file that was damaged since is none.
        if self.holds(cid) && self.read(cid).is_some() {
            self.raise(cid, standing);
            return Ok(false);
        }
        let bytes = on_disk(code.len() as u64);
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let going = {
            let index = self.index();
            if index.by_cid.contains_key(&cid) {
                return Ok(false);
            }
            let of_login = index.by_login.get(&login).copied().unwrap_or_default();
            if of_login.saturating_add(bytes) > self.bytes_per_login_max {
                return Err(CodeError::Quota);
            }
            index.room_for(bytes, self.bytes_max).ok_or(CodeError::Full)?
        };
        for old in going {
            let entry = self.index().remove(old);
            entry.inspect(|entry| self.files.remove(&name(old, entry)));
        }
        let entry = Entry { login, bytes, standing: Standing::Stored, turn: 0 };
        self.files.write(&name(cid, &entry), code).map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "code could not be stored");
            CodeError::Internal
        })?;
        self.index().insert(cid, login, bytes, Standing::Stored);
        drop(disk);
        self.raise(cid, standing);
        Ok(true)
    }

    /// Notes that a run uses a source; says whether [`Store::raise`] is to be called for it, which writes to the disk.
    pub(super) fn used(&self, cid: ActionCid) -> bool {
        let mut index = self.index();
        let Some(entry) = index.by_cid.get(&cid).copied() else { return false };
        if entry.standing > Standing::Stored {
            index.moved(cid, entry.standing);
            return false;
        }
        drop(index);
        self.rising.lock().unwrap_or_else(PoisonError::into_inner).insert(cid)
    }

    /// Raises what a source is good for, if it is not as good already.
    pub(super) fn raise(&self, cid: ActionCid, standing: Standing) {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let below = self.index().by_cid.get(&cid).is_some_and(|entry| entry.standing < standing);
        if below {
            self.stand(cid, standing);
            loop {
                let least = self.index().too_many(self.bytes_max, cid);
                let Some(least) = least else { break };
                self.stand(least, Standing::Stored);
            }
        }
        drop(disk);
        self.rising.lock().unwrap_or_else(PoisonError::into_inner).remove(&cid);
    }

    /// Gives a source a standing, on disk first. Called with the disk held.
    fn stand(&self, cid: ActionCid, standing: Standing) {
        let Some(entry) = self.index().by_cid.get(&cid).copied() else { return };
        let new = Entry { standing, ..entry };
        if self.files.rename(&name(cid, &entry), &name(cid, &new)) {
            self.files.touch(&name(cid, &new));
            self.index().moved(cid, standing);
        } else {
            // A file that is not there any more is no source.
            self.index().remove(cid);
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn insert(&mut self, cid: ActionCid, login: LoginId, bytes: u64, standing: Standing) {
        self.remove(cid);
        self.bytes += bytes;
        self.bytes_staying += staying(standing, bytes);
        *self.by_login.entry(login).or_default() += bytes;
        self.by_cid.insert(cid, Entry { login, bytes, standing, turn: self.next });
        self.by_turn.insert((standing, self.next), cid);
        self.next += 1;
    }

    fn remove(&mut self, cid: ActionCid) -> Option<Entry> {
        let entry = self.by_cid.remove(&cid)?;
        self.by_turn.remove(&(entry.standing, entry.turn));
        self.bytes -= entry.bytes;
        self.bytes_staying -= staying(entry.standing, entry.bytes);
        if let Some(bytes) = self.by_login.get_mut(&entry.login) {
            *bytes -= entry.bytes;
            if *bytes == 0 {
                self.by_login.remove(&entry.login);
            }
        }
        Some(entry)
    }

    /// Gives an entry a standing, as one that was used now.
    fn moved(&mut self, cid: ActionCid, standing: Standing) {
        let Some(entry) = self.by_cid.get_mut(&cid) else { return };
        self.by_turn.remove(&(entry.standing, entry.turn));
        self.bytes_staying -= staying(entry.standing, entry.bytes);
        self.bytes_staying += staying(standing, entry.bytes);
        (entry.standing, entry.turn) = (standing, self.next);
        self.by_turn.insert((standing, self.next), cid);
        self.next += 1;
    }

    /// What has to go so that so many bytes fit; `None` if they do not, whatever goes.
    fn room_for(&self, bytes: u64, bytes_max: u64) -> Option<Vec<ActionCid>> {
        let mut free = bytes_max.saturating_sub(self.bytes);
        let mut going = Vec::new();
        let mut stored = self.by_turn.range(..(Standing::Used, 0)).map(|(_, cid)| *cid);
        while free < bytes || self.by_cid.len() - going.len() >= SOURCES_MAX {
            let cid = stored.next()?;
            free += self.by_cid.get(&cid).map_or(0, |entry| entry.bytes);
            going.push(cid);
        }
        Some(going)
    }

    /// The least of those that stay, if they take more than three quarters; never the one that has just come.
    fn too_many(&self, bytes_max: u64, newest: ActionCid) -> Option<ActionCid> {
        let mut staying = self.by_turn.range((Standing::Used, 0)..).map(|(_, cid)| *cid);
        let limit = bytes_max - bytes_max / 4;
        (self.bytes_staying > limit).then(|| staying.find(|cid| *cid != newest)).flatten()
    }
}

/// What of a source's bytes stays.
fn staying(standing: Standing, bytes: u64) -> u64 {
    if standing > Standing::Stored { bytes } else { 0 }
}

/// A file's name tells whose it is and what it was good for, so that both survive a restart.
fn name(cid: ActionCid, entry: &Entry) -> String {
    let mark = match entry.standing {
        Standing::Stored => "",
        Standing::Used => "-used",
        Standing::Granted => "-granted",
    };
    format!("{}-{}{mark}", file_name(cid), hex::encode(entry.login.0.0))
}

fn parse(text: &str) -> Option<(ActionCid, LoginId, Standing)> {
    let (digits, rest) = text.split_once('-')?;
    let (login, standing) = match rest.split_once('-') {
        None => (rest, Standing::Stored),
        Some((login, "used")) => (login, Standing::Used),
        Some((login, "granted")) => (login, Standing::Granted),
        Some(_) => return None,
    };
    let (cid, login) = (action(digits)?, LoginId(login.parse().ok()?));
    (name(cid, &Entry { login, bytes: 0, standing, turn: 0 }) == text).then_some((cid, login, standing))
}
