//! The network that most tests start from: founded once for each build of this program, and kept in a file beside it.
//!
//! Each test is a process of its own, and a founding takes it most of its time. Tests that are about the founding or
//! about set-ups make their own.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::OnceLock, time::UNIX_EPOCH};

use quorate_engine::Stored;
use quorate_wire::RootKeys;

use super::Net;

/// Folder beside the program.
const FOLDER: &str = "quorate-engine-founded";

/// What the nodes have on their disks, and the roots.
pub(super) type Founded = (BTreeMap<u8, Stored>, RootKeys);

/// The same as it is kept.
type Kept = (BTreeMap<u8, BTreeMap<String, Vec<u8>>>, RootKeys);

pub(super) fn founded() -> &'static Founded {
    static FOUNDED: OnceLock<Founded> = OnceLock::new();
    FOUNDED.get_or_init(|| {
        let file = kept_file();
        if let Some(kept) = file.as_ref().and_then(|file| borsh::from_slice(&fs::read(file).ok()?).ok()) {
            let (stores, roots): Kept = kept;
            let store = |store: BTreeMap<String, Vec<u8>>| {
                store.into_iter().map(|(key, value)| (key, value.into())).collect()
            };
            return (stores.into_iter().map(|(node, of)| (node, store(of))).collect(), roots);
        }
        let net = Net::found();
        let roots = net.nodes[&1].registry.roots.unwrap();
        let stores: BTreeMap<u8, Stored> =
            net.nodes.into_iter().map(|(node, state)| (node, state.store)).collect();
        if let Some(file) = file {
            // Without the file the next test takes longer, and nothing else.
            let _ = keep(&stores, roots, &file);
        }
        (stores, roots)
    })
}

/// The name has when this program was built, and how long it is.
fn kept_file() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let built = fs::metadata(&program).ok()?;
    let since = built.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(program.parent()?.join(FOLDER).join(format!("{since}-{}", built.len())))
}

fn keep(stores: &BTreeMap<u8, Stored>, roots: RootKeys, file: &PathBuf) -> std::io::Result<()> {
    let plain = |store: &Stored| -> BTreeMap<String, Vec<u8>> {
        store.iter().map(|(key, value)| (key.clone(), value.to_vec())).collect()
    };
    let kept: Kept = (stores.iter().map(|(node, store)| (*node, plain(store))).collect(), roots);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
        // What earlier builds left goes; another process of this build may write beside us.
        for older in fs::read_dir(folder)?.flatten().map(|entry| entry.path()) {
            if older.file_stem() != file.file_stem() {
                let _ = fs::remove_file(older);
            }
        }
    }
    let part = file.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, borsh::to_vec(&kept)?)?;
    fs::rename(part, file)
}
