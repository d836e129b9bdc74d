//! One sealed file into one folder, whole or not at all.
//!
//! Whoever knows a recipient can seal a file for it. So nothing in an export decides where anything is written, and
//! what names programs or other places is told to the operator.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Component, Path, PathBuf},
};

use quorate_engine::{Stored, Write};
use quorate_wire::{NetworkFile, NetworkId, NodeIndex, StartNotice};

use super::{
    MovingError, Unlock, age, beside, leftovers,
    parcel::{APPROVED, CARD, CHAIN_CA, CONFIG, NETWORK, PARCEL_BYTES_MAX, PAYER, Parcel},
    read_bounded, sync_folder, write_new,
};
use crate::{
    config::{Config, ConfigError, make_private_folder},
    keys::{KeyFiles, NodeKeys},
    secret_file::{self, SecretFileError},
    store::Store,
};

/// A parcel, a tag for each of its chunks, and a header.
const SEALED_BYTES_MAX: usize = PARCEL_BYTES_MAX + PARCEL_BYTES_MAX / 2048 + (64 << 10);
/// What was written before a place in it was changed.
const CONFIG_BEFORE: &str = "node.toml.before";

/// What was imported.
#[derive(Debug)]
pub struct Imported {
    /// The network.
    pub network: NetworkId,
    /// Its name, for people.
    pub name: String,
    /// Which node this is.
    pub node: NodeIndex,
    /// How often it has moved by now.
    pub moves: u64,
    /// When the export was made, in seconds since 1970.
    pub made_unix_s: u64,
    /// Places that were outside of the node's folder, and are inside of it now; and names of files that did not come along,
    /// which are gone.
    pub changed: Vec<Setting>,
    /// All other settings that are not the usual ones, since any of them can harm: the operator looks at them.
    pub look_at: Vec<Setting>,
}

/// A setting of `node.toml`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, with dots.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What is imported, and where to.
#[derive(Debug)]
pub struct Import<'a> {
    /// The exported file.
    pub file: &'a Path,
    /// The node's folder.
    pub folder: &'a Path,
    /// What opens the file.
    pub unlock: &'a Unlock,
    /// The number of a later start than the export knows: the node's next start comes after it.
    pub after: Option<u64>,
}

/// Imports a node into a folder that is empty, or not there.
///
/// # Errors
/// [`MovingError`]; nothing has been written then.
pub fn import(import: &Import<'_>, progress: &mut dyn FnMut(&str)) -> Result<Imported, MovingError> {
    let folder = std::path::absolute(import.folder).map_err(MovingError::io(import.folder))?;
    check_free(&folder)?;
    leftovers::remove(&folder, "importing")?;
    let parcel = read(import.file, import.unlock, progress)?;
    progress("writing the node's folder");
    let building = Building::begin(&folder)?;
    let imported = build(&building.path, parcel, import.after)?;
    // A folder that is empty gives way; one that is not empty any more does not.
    fs::rename(&building.path, &folder).map_err(MovingError::io(&folder))?;
    sync_folder(folder.parent().unwrap_or(Path::new("/")))?;
    Ok(imported)
}

fn check_free(folder: &Path) -> Result<(), MovingError> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(MovingError::FolderThere(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(MovingError::io(folder)(error)),
    }
}

fn read(file: &Path, unlock: &Unlock, progress: &mut dyn FnMut(&str)) -> Result<Parcel, MovingError> {
    let missing = || MovingError::io(file)(io::ErrorKind::NotFound.into());
    let sealed = read_bounded(file, SEALED_BYTES_MAX)?.ok_or_else(missing)?;
    progress("opening the file");
    let bytes =
        age::open(&sealed, unlock).map_err(|reason| MovingError::Sealed { path: file.to_owned(), reason })?;
    Parcel::from_bytes(&bytes).map_err(|reason| MovingError::Content { path: file.to_owned(), reason })
}

fn build(folder: &Path, mut parcel: Parcel, after: Option<u64>) -> Result<Imported, MovingError> {
    let incarnation =
        quorate_engine::begin_after_move(&mut parcel.records, after).map_err(MovingError::Records)?;
    let network = NetworkFile::parse(text_of(&parcel, NETWORK)?)
        .map_err(|reason| MovingError::FileInside { name: NETWORK, reason })?;
    let (config, changed) = write_config(folder, &parcel)?;
    let look_at = settings_to_look_at(&config, &changed);
    write_files(folder, &config, &parcel)?;
    let keys = write_keys(folder, &config.keys, &parcel)?;
    let public = keys.public();
    let node = network.indices().find(|&index| network.node(index) == Some(&public));
    let node = node.ok_or(MovingError::NoMember)?;
    let store = Store::open(&folder.join(&config.data_folder), &keys.sealing, network.id())?;
    store.apply(&writes(parcel.records))?;
    store.close()?;
    sync_tree(folder)?;
    Ok(Imported {
        network: network.id(),
        name: network.name.clone(),
        node,
        moves: incarnation >> StartNotice::STARTS_BITS,
        made_unix_s: parcel.made_unix_s,
        changed,
        look_at,
    })
}

/// Writes the configuration as it was, unless it has places outside of the folder.
fn write_config(folder: &Path, parcel: &Parcel) -> Result<(Config, Vec<Setting>), MovingError> {
    let refused = |reason: &str| MovingError::FileInside { name: CONFIG, reason: reason.to_owned() };
    let path = folder.join(CONFIG);
    write_new(&path, text_of(parcel, CONFIG)?.as_bytes(), 0o600)?;
    let mut config = Config::as_written(&path).map_err(|error| match error {
        ConfigError::Form { reason, .. } => refused(&reason),
        other => other.into(),
    })?;
    let changed = bring_inside(&mut config, parcel);
    if !changed.is_empty() {
        fs::rename(&path, folder.join(CONFIG_BEFORE)).map_err(MovingError::io(&path))?;
        write_new(&path, config.to_toml().as_bytes(), 0o600)?;
    }
    let places = places(&config);
    let alone = places.iter().collect::<BTreeSet<_>>().len() == places.len();
    if alone { Ok((config, changed)) } else { Err(refused("two files have one place")) }
}

fn write_files(folder: &Path, config: &Config, parcel: &Parcel) -> Result<(), MovingError> {
    let network_file = folder.join(&config.network_file);
    for (&name, text) in parcel.files.iter().filter(|(name, _)| **name != CONFIG) {
        let path = match name {
            NETWORK => network_file.clone(),
            APPROVED => match &config.approved_file {
                Some(named) => folder.join(named),
                None => network_file.with_file_name(name),
            },
            // A file that nothing names is of no use.
            CHAIN_CA | PAYER => {
                let named = if name == PAYER { &config.payer } else { &config.chain_ca };
                let Some(named) = named else { continue };
                folder.join(named)
            }
            _ => folder.join(name),
        };
        make_parent(&path)?;
        write_new(&path, text, if name == PAYER { 0o600 } else { 0o644 })?;
    }
    Ok(())
}

fn write_keys(folder: &Path, files: &KeyFiles, parcel: &Parcel) -> Result<NodeKeys, MovingError> {
    let at = |path: &Path| folder.join(path);
    let files = KeyFiles {
        transport: at(&files.transport),
        statement: at(&files.statement),
        chain: at(&files.chain),
        sealing: at(&files.sealing),
    };
    let paths = [&files.chain, &files.sealing, &files.statement, &files.transport];
    for (path, key) in paths.into_iter().zip(&parcel.keys) {
        make_parent(path)?;
        secret_file::create_secret(path, key)?;
    }
    NodeKeys::load(&files).map_err(|error| match error {
        SecretFileError::Invalid { .. } => MovingError::NoMember,
        other => other.into(),
    })
}

fn make_parent(path: &Path) -> Result<(), MovingError> {
    path.parent().map_or(Ok(()), |folder| make_private_folder(folder).map_err(MovingError::io(folder)))
}

/// Makes the names in a folder durable, and in all folders below it.
fn sync_tree(folder: &Path) -> Result<(), MovingError> {
    for entry in fs::read_dir(folder).map_err(MovingError::io(folder))? {
        let path = entry.map_err(MovingError::io(folder))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    sync_folder(folder)
}

fn text_of<'a>(parcel: &'a Parcel, name: &'static str) -> Result<&'a str, MovingError> {
    let bytes = parcel.files.get(name).map_or(&[][..], |text| text.as_slice());
    std::str::from_utf8(bytes)
        .map_err(|_| MovingError::FileInside { name, reason: "it is no text".to_owned() })
}

fn writes(records: Stored) -> Vec<Write> {
    records.into_iter().map(|(key, value)| Write { key, value: Some(value) }).collect()
}

/// Every file and folder of the node has a place in its folder. Those that have another get their usual one. The name of a
/// file that the export does not have goes away.
fn bring_inside(config: &mut Config, parcel: &Parcel) -> Vec<Setting> {
    let usual = Config::default();
    let places = [
        ("data_folder", &mut config.data_folder, usual.data_folder),
        ("network_file", &mut config.network_file, usual.network_file),
        ("keys.transport", &mut config.keys.transport, usual.keys.transport),
        ("keys.statement", &mut config.keys.statement, usual.keys.statement),
        ("keys.chain", &mut config.keys.chain, usual.keys.chain),
        ("keys.sealing", &mut config.keys.sealing, usual.keys.sealing),
    ];
    let mut changed = Vec::new();
    for (name, place, usual) in places {
        if !is_inside(place) {
            changed.push(Setting { name: name.to_owned(), value: place.display().to_string() });
            *place = usual;
        }
    }
    let named = [
        // Unless it is named, it lies beside the network file.
        ("approved_file", &mut config.approved_file, APPROVED, None),
        ("payer", &mut config.payer, PAYER, Some(Path::new("keys").join(PAYER))),
        ("chain_ca", &mut config.chain_ca, CHAIN_CA, Some(PathBuf::from(CHAIN_CA))),
    ];
    for (name, place, file, usual) in named {
        let Some(before) = place.clone() else { continue };
        let (came, value) = (parcel.files.contains_key(file), before.display().to_string());
        if !came {
            changed.push(Setting { name: format!("{name} (gone)"), value });
            *place = None;
        } else if !is_inside(&before) {
            changed.push(Setting { name: name.to_owned(), value });
            *place = usual;
        }
    }
    // A snapshot is longer than an export may be.
    if let Some(snapshot) = config.chain_snapshot.take() {
        let value = snapshot.file.display().to_string();
        changed.push(Setting { name: "chain_snapshot (gone)".to_owned(), value });
    }
    changed
}

fn is_inside(path: &Path) -> bool {
    !path.as_os_str().is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn places(config: &Config) -> Vec<PathBuf> {
    let keys = &config.keys;
    let beside_network = config.network_file.with_file_name(APPROVED);
    let ours = [CONFIG, CONFIG_BEFORE, CARD].map(PathBuf::from);
    let named = [
        &config.data_folder,
        &config.network_file,
        &keys.transport,
        &keys.statement,
        &keys.chain,
        &keys.sealing,
    ];
    let approved = config.approved_file.clone().unwrap_or(beside_network);
    let others = [config.payer.clone(), config.chain_ca.clone()].into_iter().flatten();
    named.into_iter().cloned().chain(ours).chain([approved]).chain(others).collect()
}

/// All settings that are not the usual ones, but for those that were changed just now. URLs are shown without their keys.
fn settings_to_look_at(config: &Config, changed: &[Setting]) -> Vec<Setting> {
    let [usual, found] = [&Config::default(), config].map(|config| {
        let mut flat = BTreeMap::new();
        if let Ok(table) = toml::Table::try_from(config) {
            flatten("", table, &mut flat);
        }
        flat
    });
    let differ = found.into_iter().filter(|(name, values)| {
        usual.get(name) != Some(values) && !changed.iter().any(|setting| setting.name == *name)
    });
    differ
        .flat_map(|(name, values)| values.into_iter().map(move |value| Setting { name: name.clone(), value }))
        .collect()
}

/// Each setting by its name with dots; those that are lists have several values.
fn flatten(before: &str, table: toml::Table, flat: &mut BTreeMap<String, Vec<String>>) {
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    for (key, value) in table {
        let name = if before.is_empty() { key } else { format!("{before}.{key}") };
        let values = match value {
            toml::Value::Table(inner) => {
                flatten(&name, inner, flat);
                continue;
            }
            toml::Value::Array(values) if values.is_empty() => vec!["[]".to_owned()],
            toml::Value::Array(values) => values.into_iter().map(text).collect(),
            other => vec![text(other)],
        };
        flat.insert(name, values);
    }
}

/// A folder that goes away unless it gets its name. It is locked for as long, so that nobody takes it for a leftover.
struct Building {
    path: PathBuf,
    _lock: File,
}

impl Building {
    fn begin(folder: &Path) -> Result<Self, MovingError> {
        let path = beside(folder, "importing")?;
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(MovingError::io(&path))?;
        match leftovers::lock(&path) {
            Ok(lock) => Ok(Building { path, _lock: lock }),
            Err(error) => {
                let _ = fs::remove_dir(&path);
                Err(MovingError::io(&path)(error))
            }
        }
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
