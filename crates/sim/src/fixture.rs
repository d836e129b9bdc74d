//! Founded committees: made by real engines, and kept in a file beside the program.
//!
//! A founding costs a pairwise set-up for each pair, half a minute of computing for all shapes. What is kept bears the
//! hash of the program that made it: whatever changes in the cryptography, the engine or the simulator makes it anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
};

use quorate_engine::Stored;
use quorate_wire::RootKeys;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    committee::Shape,
    run::{SeedReport, found, in_own_thread},
    scenario::Plan,
};

/// Folder beside the program.
const FOLDER: &str = "quorate-sim-founded";

/// What a founded committee has on its disks, and its roots.
pub(crate) struct Fixture {
    pub(crate) stores: Vec<Stored>,
    pub(crate) roots: RootKeys,
}

/// The same as text, values as hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct Kept {
    stores: Vec<BTreeMap<String, String>>,
    roots: RootKeys,
}

type Founded = Result<Fixture, Box<SeedReport>>;

/// The founded committee of a shape: made once for a program, and never written to.
pub(crate) fn fixture(shape: Shape) -> &'static Founded {
    static FIXTURES: Mutex<BTreeMap<Shape, &'static OnceLock<Founded>>> = Mutex::new(BTreeMap::new());
    let cell: &'static OnceLock<_> = {
        let mut fixtures = FIXTURES.lock().unwrap_or_else(PoisonError::into_inner);
        fixtures.entry(shape).or_insert_with(|| Box::leak(Box::new(OnceLock::new())))
    };
    cell.get_or_init(|| {
        let file = kept_file(shape);
        if let Some(kept) = file.as_ref().and_then(read) {
            return Ok(kept);
        }
        let made = in_own_thread(move || match found(shape, false) {
            (_, Some(fixture)) => Ok(fixture),
            (report, None) => Err(Box::new(report)),
        });
        if let (Ok(fixture), Some(file)) = (&made, file) {
            // Without the file the next start takes longer, and nothing else.
            let _ = keep(fixture, &file);
        }
        made
    })
}

/// Makes the committees that these seeds need on so many threads, the largest first.
pub fn prepare(seeds: impl Iterator<Item = u64>, threads: u64) {
    let mut shapes = BTreeSet::new();
    for seed in seeds {
        let plan = Plan::of(seed);
        if !plan.kind.founds() {
            shapes.insert(plan.shape);
        }
        if shapes.len() == Shape::ALL.len() {
            break;
        }
    }
    let waiting = Mutex::new(shapes);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_last();
                    let Some(shape) = next else { return };
                    let _ = fixture(shape);
                }
            });
        }
    });
}

/// Where a committee of this program is kept: the name has a hash over the whole program.
fn kept_file(shape: Shape) -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<(PathBuf, String, String)>> = OnceLock::new();
    let (folder, name, hash) = PROGRAM
        .get_or_init(|| {
            let program = std::env::current_exe().ok()?;
            let hash = hex::encode(&Sha256::digest(fs::read(&program).ok()?)[..16]);
            Some((program.parent()?.join(FOLDER), program.file_stem()?.to_str()?.to_owned(), hash))
        })
        .as_ref()?;
    Some(folder.join(format!("{name}-{hash}-{}", shape.n)))
}

fn read(file: &PathBuf) -> Option<Fixture> {
    let text = fs::read_to_string(file).ok()?;
    let (hash, kept) = text.split_once('\n')?;
    if hash != hex::encode(Sha256::digest(kept)) {
        return None;
    }
    let kept: Kept = serde_json::from_str(kept).ok()?;
    let stores = kept.stores.into_iter().map(|store| {
        let values = store.into_iter().map(|(key, value)| Some((key, hex::decode(value).ok()?.into())));
        values.collect::<Option<Stored>>()
    });
    Some(Fixture { stores: stores.collect::<Option<_>>()?, roots: kept.roots })
}

fn keep(fixture: &Fixture, file: &PathBuf) -> std::io::Result<()> {
    let text = |store: &Stored| store.iter().map(|(key, value)| (key.clone(), hex::encode(value))).collect();
    let kept = Kept { stores: fixture.stores.iter().map(text).collect(), roots: fixture.roots };
    let kept = serde_json::to_string(&kept)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
        remove_older(folder, file)?;
    }
    let part = file.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, format!("{}\n{kept}", hex::encode(Sha256::digest(&kept))))?;
    fs::rename(part, file)
}

/// Removes what earlier builds of this program have left.
fn remove_older(folder: &std::path::Path, file: &std::path::Path) -> std::io::Result<()> {
    let name = |path: &std::path::Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let of_build = |name: String| name.rsplit_once('-').map(|(build, _)| build.to_owned());
    let of_program = |build: &str| build.rsplit_once('-').map(|(program, _)| program.to_owned());
    let Some(own) = name(file).and_then(of_build) else { return Ok(()) };
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(build) = name(&path).and_then(of_build) else { continue };
        if build != own && of_program(&build) == of_program(&own) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
