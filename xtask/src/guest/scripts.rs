//! The guest's JavaScript half: npm installs what the lock names, esbuild makes one text of the modules, and
//! the C compiler gets it as a header.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::{Inputs, output};

/// What says which packages are installed, and how.
const LOCK: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
/// The program that bundles.
const BUNDLE: &str = "bundle.mjs";
/// Folders of modules.
const FOLDERS: [&str; 2] = ["js", "ethers"];
/// Files that the bundler writes, and the constants that the shim knows them by.
const TEXTS: [(&str, &str); 2] = [("sdk.js", "sdk_js"), ("ethers.js", "ethers_js")];

/// Adds every file that decides what the texts are.
pub(super) fn add_inputs(guest: &Path, inputs: &mut Inputs) -> Result<()> {
    for name in LOCK.iter().chain(&[BUNDLE]) {
        inputs.add_file(&guest.join(name))?;
    }
    for folder in FOLDERS {
        for file in modules(&guest.join(folder))? {
            let name = file.strip_prefix(guest)?.to_string_lossy().into_owned();
            inputs.add(&name, &fs::read(&file)?);
        }
    }
    Ok(())
}

/// Bundles the scripts into `work`, one header each. Packages lie in a folder of their own in `guests`,
/// named by the lock, so that they are installed once and never into the source tree.
pub(super) fn bundle(guest: &Path, guests: &Path, work: &Path) -> Result<()> {
    let packages = install(guest, guests)?;
    output(Command::new("node").arg(guest.join(BUNDLE)).arg(&packages).arg(work))?;
    for (file, constant) in TEXTS {
        let text = fs::read(work.join(file)).with_context(|| format!("the bundler made no {file}"))?;
        fs::write(work.join(file).with_extension("h"), as_header(constant, &text))?;
    }
    Ok(())
}

/// Installs what the lock names, once, and returns the folder.
pub(super) fn install(guest: &Path, guests: &Path) -> Result<PathBuf> {
    let mut hasher = Sha256::new();
    for name in LOCK {
        hasher.update(Sha256::digest(fs::read(guest.join(name))?));
    }
    let mut key = hex::encode(hasher.finalize());
    key.truncate(16);
    let folder = guests.join(format!("npm-{key}"));
    // npm writes this file last.
    if !folder.join("node_modules/.package-lock.json").exists() {
        fs::create_dir_all(&folder)?;
        for name in LOCK {
            fs::copy(guest.join(name), folder.join(name))?;
        }
        let words = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
        output(Command::new("npm").current_dir(&folder).args(words))?;
    }
    Ok(folder)
}

/// Modules in a folder and the folders in it, in order.
fn modules(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "js") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn as_header(constant: &str, text: &[u8]) -> String {
    let mut header = format!("static const char {constant}[] = {{");
    for byte in text {
        header.push_str(&format!("{},", i8::from_ne_bytes([*byte])));
    }
    header.push_str("0};\n");
    header
}
