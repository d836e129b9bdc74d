//! What a node keeps over restarts: one file, every value sealed.

mod seal;

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use quorate_engine::{Stored, Write};
use quorate_wire::NetworkId;
use redb::{
    Database, Durability, ReadableDatabase as _, ReadableTable as _, StorageBackend as _, TableDefinition,
    backends::InMemoryBackend,
};
use zeroize::Zeroizing;

use seal::Sealer;

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records/v2");
/// The records of releases that knew one root and no epochs in their places.
const EARLIER_RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records/v1");
/// One sealed value that every store has, so that a wrong key shows before any record is touched.
const CHECK: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("check/v1");
const CHECK_NAME: &str = "check";
const CHECK_VALUE: &[u8] = b"quorate/store/v1";

const FILE_NAME: &str = "store.redb";
/// What an export leaves in the folder of a node that has moved: no store opens beside it.
pub(crate) const MOVED: &str = "moved";
const CACHE_BYTES: usize = 8 << 20;
/// Longest record: a pairwise set-up is below 100 KB, the DKG's result far below.
const RECORD_BYTES_MAX: usize = 4 << 20;
const RECORD_KEY_BYTES_MAX: usize = 256;
/// Longest file that is looked at for what an earlier release wrote: a store of the largest committee has a tenth.
const EARLIER_BYTES_MAX: u64 = 64 << 20;

/// Why the store is not used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the store {0} is in use by another process")]
    InUse(PathBuf),
    /// The file is not one that we wrote, or was altered.
    #[error("the store {path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// An earlier release wrote it.
    #[error(
        "the store {0} was written by an earlier release, which had one root for all keys: its network does not run under \
         this release. Found a new network in another folder (quorate dev --dir DIR)"
    )]
    EarlierRelease(PathBuf),
    /// The node is at home on another machine.
    #[error(
        "this node was exported to move to another machine, and does not start here (the mark {0} says when, and where \
         to): remove the mark only if that export is imported nowhere"
    )]
    Moved(PathBuf),
    /// The sealing key, or the network, is not the one it was made with.
    #[error("the store {0} was sealed with another key or for another network, or is damaged")]
    OtherKey(PathBuf),
    /// A record that would not be read back.
    #[error("a record of {length} bytes for the key {key:?} is too long to store")]
    TooLong {
        /// The record.
        key: String,
        /// Length of its value.
        length: usize,
    },
    /// The disk failed.
    #[error("the store {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database failed in another way.
    #[error("the store {path}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: Box<redb::Error>,
    },
}

/// The open store.
pub struct Store {
    database: Database,
    sealer: Sealer,
    path: PathBuf,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Whether a folder has a store, whosever it is.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(FILE_NAME).exists()
    }

    /// Opens the store in a folder, or makes it.
    ///
    /// # Errors
    /// [`StoreError`] if it is in use, damaged, or sealed with another key.
    pub fn open(folder: &Path, sealing: &[u8; 32], network: NetworkId) -> Result<Self, StoreError> {
        let path = folder.join(FILE_NAME);
        let io = |source| StoreError::Io { path: path.clone(), source };
        let mark = folder.join(MOVED);
        if std::fs::symlink_metadata(&mark).is_ok() {
            return Err(StoreError::Moved(mark));
        }
        if of_earlier_release(&path) {
            return Err(StoreError::EarlierRelease(path));
        }
        crate::config::make_private_folder(folder).map_err(io)?;
        // Made by us, so that the mode is right before the first byte is in it.
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(io)?;
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            // The file is small: reading it whole at each start shows any alteration of it.
            .set_check_integrity_on_open(true)
            .create(&path)
            .map_err(|error| open_error(&path, error.into()))?;
        let store = Store { database, sealer: Sealer::new(sealing, network), path };
        store.check_key()?;
        Ok(store)
    }

    /// Everything that is stored.
    ///
    /// # Errors
    /// [`StoreError`] if a record was altered or moved.
    pub fn load_all(&self) -> Result<Stored, StoreError> {
        let mut stored = Stored::new();
        let transaction = self.database.begin_read().map_err(|error| self.failed(error))?;
        let table = match transaction.open_table(RECORDS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(stored),
            Err(error) => return Err(self.failed(error)),
        };
        for entry in table.iter().map_err(|error| self.failed(error))? {
            let (key, sealed) = entry.map_err(|error| self.failed(error))?;
            let value = self.sealer.open(key.value(), sealed.value()).ok_or_else(|| StoreError::Damaged {
                path: self.path.clone(),
                what: format!("the record {:?} does not open", key.value()),
            })?;
            stored.insert(key.value().to_owned(), value);
        }
        Ok(stored)
    }

    /// Applies all writes or none; they are on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails; nothing was written then.
    pub fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        for write in writes {
            let length = write.value.as_ref().map_or(0, |value| value.len());
            if length > RECORD_BYTES_MAX || write.key.len() > RECORD_KEY_BYTES_MAX {
                return Err(StoreError::TooLong { key: write.key.clone(), length });
            }
        }
        let mut transaction = self.database.begin_write().map_err(|error| self.failed(error))?;
        transaction.set_durability(Durability::Immediate).map_err(|error| self.failed(error))?;
        {
            let mut table = transaction.open_table(RECORDS).map_err(|error| self.failed(error))?;
            for write in writes {
                match &write.value {
                    Some(value) => {
                        let sealed = self.sealer.seal(&write.key, value);
                        table.insert(write.key.as_str(), sealed.as_slice())
                    }
                    None => table.remove(write.key.as_str()),
                }
                .map_err(|error| self.failed(error))?;
            }
        }
        transaction.commit().map_err(|error| self.failed(error))
    }

    /// Closes the file in order.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails; what was applied is on disk all the same.
    pub fn close(self) -> Result<(), StoreError> {
        let path = self.path;
        self.database.close().map_err(|error| database_error(&path, error.into()))
    }

    fn check_key(&self) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(|error| self.failed(error))?;
        let fresh = {
            let mut table = transaction.open_table(CHECK).map_err(|error| self.failed(error))?;
            let found = table
                .get(CHECK_NAME)
                .map_err(|error| self.failed(error))?
                .map(|sealed| Zeroizing::new(sealed.value().to_vec()));
            match found {
                Some(sealed) => {
                    let value = self.sealer.open(CHECK_NAME, &sealed);
                    if value.is_none_or(|value| value.as_slice() != CHECK_VALUE) {
                        return Err(StoreError::OtherKey(self.path.clone()));
                    }
                    false
                }
                None => {
                    let sealed = self.sealer.seal(CHECK_NAME, CHECK_VALUE);
                    table.insert(CHECK_NAME, sealed.as_slice()).map_err(|error| self.failed(error))?;
                    true
                }
            }
        };
        if fresh {
            transaction.open_table(RECORDS).map_err(|error| self.failed(error))?;
            transaction.commit().map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn failed(&self, error: impl Into<redb::Error>) -> StoreError {
        database_error(&self.path, error.into())
    }
}

/// Whether an earlier release wrote a store. It is looked at in a copy in memory: an opened file is written to, and one
/// that does not run under this release stays as it is.
fn of_earlier_release(path: &Path) -> bool {
    let short = std::fs::metadata(path).is_ok_and(|file| file.len() <= EARLIER_BYTES_MAX);
    let Some(bytes) = short.then(|| std::fs::read(path).ok()).flatten() else { return false };
    let copy = InMemoryBackend::new();
    let copied = copy.set_len(bytes.len() as u64).and_then(|()| copy.write(0, &bytes));
    let mut builder = Database::builder();
    let builder = builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    let Some(database) = copied.ok().and_then(|()| builder.create_with_backend(copy).ok()) else {
        return false;
    };
    let transaction = database.begin_read();
    transaction.is_ok_and(|transaction| {
        transaction.open_table(EARLIER_RECORDS).is_ok() && transaction.open_table(RECORDS).is_err()
    })
}

/// An error of an opening: what is no database at all shows itself as an invalid file here.
fn open_error(path: &Path, error: redb::Error) -> StoreError {
    match error {
        redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
            StoreError::Damaged { path: path.to_owned(), what: "it is not a store".to_owned() }
        }
        other => database_error(path, other),
    }
}

fn database_error(path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_owned();
    match error {
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse(path),
        redb::Error::Corrupted(what) => StoreError::Damaged { path, what },
        redb::Error::Io(source) => StoreError::Io { path, source },
        other => StoreError::Database { path, source: Box::new(other) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestFolder;

    const NETWORK: NetworkId = NetworkId([1; 32]);

    fn write(key: &str, value: Option<&[u8]>) -> Write {
        Write { key: key.to_owned(), value: value.map(|value| Zeroizing::new(value.to_vec())) }
    }

    fn filled(folder: &TestFolder) {
        let store = Store::open(folder.path(), &[7; 32], NETWORK).unwrap();
        assert!(store.load_all().unwrap().is_empty());
        store
            .apply(&[write("a", Some(b"plainly visible")), write("b", Some(b"2")), write("c", Some(b""))])
            .unwrap();
        store.apply(&[write("b", None), write("c", Some(b"3"))]).unwrap();
        store.close().unwrap();
    }

    #[test]
    fn what_was_applied_is_there_after_a_restart() {
        let folder = TestFolder::new();
        filled(&folder);
        let stored = Store::open(folder.path(), &[7; 32], NETWORK).unwrap().load_all().unwrap();
        let stored: Vec<_> = stored.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect();
        assert_eq!(stored, [("a", &b"plainly visible"[..]), ("c", b"3")]);
    }

    #[test]
    fn no_value_lies_open_in_the_file() {
        let folder = TestFolder::new();
        filled(&folder);
        let bytes = std::fs::read(folder.path().join(FILE_NAME)).unwrap();
        assert!(!bytes.windows(15).any(|window| window == b"plainly visible"));
    }

    #[test]
    fn refuses_a_store_of_an_earlier_release_and_changes_no_byte_of_it() {
        let folder = TestFolder::new();
        let path = folder.path().join(FILE_NAME);
        {
            let database = Database::create(&path).unwrap();
            let transaction = database.begin_write().unwrap();
            transaction.open_table(EARLIER_RECORDS).unwrap().insert("share/root", &b"sealed"[..]).unwrap();
            transaction.commit().unwrap();
        }
        let before = std::fs::read(&path).unwrap();
        let refused = Store::open(folder.path(), &[7; 32], NETWORK).unwrap_err();
        assert!(matches!(refused, StoreError::EarlierRelease(_)));
        assert!(refused.to_string().contains("--dir"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn refuses_another_key_and_another_network() {
        let folder = TestFolder::new();
        filled(&folder);
        let open = |key, network| Store::open(folder.path(), &[key; 32], network).map(|_| ());
        assert!(matches!(open(8, NETWORK), Err(StoreError::OtherKey(_))));
        assert!(matches!(open(7, NetworkId([2; 32])), Err(StoreError::OtherKey(_))));
        assert!(open(7, NETWORK).is_ok());
    }

    #[test]
    fn refuses_to_open_twice() {
        let folder = TestFolder::new();
        let _store = Store::open(folder.path(), &[7; 32], NETWORK).unwrap();
        assert!(matches!(Store::open(folder.path(), &[7; 32], NETWORK), Err(StoreError::InUse(_))));
    }

    #[test]
    fn refuses_record_that_was_moved_to_another_key() {
        let folder = TestFolder::new();
        filled(&folder);
        {
            let database = Database::open(folder.path().join(FILE_NAME)).unwrap();
            let transaction = database.begin_write().unwrap();
            {
                let mut table = transaction.open_table(RECORDS).unwrap();
                let sealed = table.get("a").unwrap().unwrap().value().to_vec();
                table.insert("c", sealed.as_slice()).unwrap();
            }
            transaction.commit().unwrap();
        }
        let store = Store::open(folder.path(), &[7; 32], NETWORK).unwrap();
        assert!(matches!(store.load_all(), Err(StoreError::Damaged { .. })));
    }

    #[test]
    fn refuses_file_with_any_altered_page() {
        let folder = TestFolder::new();
        filled(&folder);
        let path = folder.path().join(FILE_NAME);
        let sealed = {
            let database = Database::open(&path).unwrap();
            let table = database.begin_read().unwrap().open_table(RECORDS).unwrap();
            table.get("a").unwrap().unwrap().value().to_vec()
        };
        let good = std::fs::read(&path).unwrap();
        let loaded = |place: usize| {
            let mut bytes = good.clone();
            bytes[place] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            Store::open(folder.path(), &[7; 32], NETWORK).and_then(|store| store.load_all())
        };
        // The record itself: no byte of it can change unseen.
        let places: Vec<usize> =
            (0..good.len() - sealed.len()).filter(|&place| good[place..].starts_with(&sealed)).collect();
        assert!(!places.is_empty(), "the sealed record lies in the file");
        for offset in 0..sealed.len() {
            assert!(
                places.iter().any(|place| loaded(place + offset).is_err()),
                "byte {offset} of the record"
            );
        }
        // The pages around it: what redb does not use may change unseen, what is loaded is right.
        for place in (0..good.len()).step_by(97).filter(|&place| good[place] != 0) {
            if let Ok(stored) = loaded(place) {
                assert_eq!(stored.get("a").map(|value| value.to_vec()), Some(b"plainly visible".to_vec()));
            }
        }
        std::fs::write(&path, b"not a store at all").unwrap();
        assert!(Store::open(folder.path(), &[7; 32], NETWORK).is_err());
    }

    #[test]
    fn refuses_records_that_are_too_long() {
        let folder = TestFolder::new();
        let store = Store::open(folder.path(), &[7; 32], NETWORK).unwrap();
        let long = vec![0u8; RECORD_BYTES_MAX + 1];
        assert!(matches!(store.apply(&[write("a", Some(&long))]), Err(StoreError::TooLong { .. })));
        assert!(store.load_all().unwrap().is_empty());
    }
}
