//! One node into one sealed file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use quorate_wire::NetworkId;
use zeroize::Zeroizing;

use super::{
    Lock, MovingError, age, beside, mark, now_unix_s,
    parcel::{APPROVED, CHAIN_CA, CONFIG, FILE_BYTES_MAX, FILES, NETWORK, PAYER, Parcel},
    publish::Unfinished,
    read_bounded, write_new,
};
use crate::{
    config::Config,
    keys::NodeKeys,
    store::{MOVED, Store, StoreError},
};

/// What is exported, and where to.
#[derive(Debug)]
pub struct Export<'a> {
    /// The node's configuration.
    pub config: &'a Path,
    /// The file that is written.
    pub out: &'a Path,
    /// Who opens it.
    pub lock: &'a Lock,
    /// Whether the node goes on here: a backup instead of a move.
    pub keep: bool,
}

/// What was exported.
#[derive(Debug)]
pub struct Exported {
    /// The network of the node.
    pub network: NetworkId,
    /// Records of the store that are in the file.
    pub records: usize,
    /// Length of the file.
    pub bytes: usize,
    /// The mark that keeps the node from starting here.
    pub mark: Option<PathBuf>,
}

/// Exports a node that does not run. The file is there whole, or not at all.
///
/// # Errors
/// [`MovingError`]; nothing has changed then.
pub fn export(export: &Export<'_>, progress: &mut dyn FnMut(&str)) -> Result<Exported, MovingError> {
    let out = std::path::absolute(export.out).map_err(MovingError::io(export.out))?;
    if fs::symlink_metadata(&out).is_ok() {
        return Err(MovingError::FileThere(out));
    }
    let config = Config::load(export.config)?;
    let network = config.load_network()?;
    let keys = NodeKeys::load(&config.keys)?;
    if !Store::is_in(&config.data_folder) {
        return Err(MovingError::NoStore(config.data_folder));
    }
    progress("reading the store");
    // It stays open until all is done: no node starts in between.
    let store = match Store::open(&config.data_folder, &keys.sealing, network.id()) {
        Err(StoreError::InUse(_)) => return Err(MovingError::Running(config.data_folder)),
        opened => opened?,
    };
    let parcel = pack(export.config, &config, &keys, &store)?;
    let records = parcel.records.len();
    let bytes = parcel.to_bytes().ok_or(MovingError::TooMuch)?;
    drop(parcel);
    progress("sealing it");
    let sealed = age::seal(&bytes, export.lock);
    drop(bytes);

    let new = Unfinished::at(beside(&out, "exporting")?);
    write_new(new.path(), &sealed, 0o600)?;
    let mark = (!export.keep).then(|| config.data_folder.join(MOVED));
    let marked = mark.as_ref().map_or(Ok(()), |mark| mark::leave_moved(mark, &out));
    // Last of all, so that no file is there whose node still starts here.
    if let Err(error) = marked.and_then(|()| new.publish(&out)) {
        // The node stays only if nobody can import it: a mark without a file is told by its own sentence.
        if !new.is_published() || is_gone_after_removal(&out) {
            let _ = mark.map(fs::remove_file);
        }
        return Err(error);
    }
    store.close()?;
    Ok(Exported { network: network.id(), records, bytes: sealed.len(), mark })
}

fn pack(path: &Path, config: &Config, keys: &NodeKeys, store: &Store) -> Result<Parcel, MovingError> {
    let path = std::path::absolute(path).map_err(MovingError::io(path))?;
    let beside_network = |name| config.network_file.with_file_name(name);
    let mut files = BTreeMap::new();
    for name in FILES {
        let file = match name {
            CONFIG => path.clone(),
            NETWORK => config.network_file.clone(),
            APPROVED => config.approved_file.clone().unwrap_or_else(|| beside_network(name)),
            CHAIN_CA | PAYER => {
                let Some(named) = named(config, name) else { continue };
                named.clone()
            }
            _ => path.with_file_name(name),
        };
        match read_bounded(&file, FILE_BYTES_MAX)? {
            Some(text) => drop(files.insert(name, text)),
            // Without a file that it names, the node would not start at the other place.
            None if named(config, name).is_some() => {
                return Err(MovingError::io(&file)(io::ErrorKind::NotFound.into()));
            }
            None => {}
        }
    }
    let mut records = store.load_all()?;
    quorate_engine::retain_movable(&mut records);
    let chain = Zeroizing::new(<[u8; 32]>::from(keys.chain.to_bytes()));
    let [statement, transport] = [&keys.statement, &keys.transport].map(|key| Zeroizing::new(key.to_bytes()));
    let folder = path.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
    let keys = [chain, keys.sealing.clone(), statement, transport];
    Ok(Parcel { made_unix_s: now_unix_s(), folder, keys, files, records })
}

/// A file that the configuration names, and need not.
fn named<'a>(config: &'a Config, name: &str) -> Option<&'a PathBuf> {
    match name {
        APPROVED => config.approved_file.as_ref(),
        CHAIN_CA => config.chain_ca.as_ref(),
        PAYER => config.payer.as_ref(),
        _ => None,
    }
}

/// Removes a file; says whether it is gone for sure.
fn is_gone_after_removal(path: &Path) -> bool {
    let _ = fs::remove_file(path);
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestFolder;

    #[test]
    fn what_appeared_meanwhile_is_not_replaced() {
        let folder = TestFolder::new();
        let [new, out] = ["new", "out"].map(|name| folder.path().join(name));
        fs::write(&new, "ours").unwrap();
        fs::write(&out, "somebody's").unwrap();
        let new = Unfinished::at(new);
        assert!(matches!(new.publish(&out), Err(MovingError::FileThere(_))));
        assert!(!new.is_published() && fs::read(&out).unwrap() == b"somebody's");
        fs::remove_file(&out).unwrap();
        new.publish(&out).unwrap();
        assert!(new.is_published() && fs::read(&out).unwrap() == b"ours");
        assert!(!is_gone_after_removal(folder.path()) && is_gone_after_removal(&out));
    }
}
