//! `quorate-guest-compiler LINKED.wasm FOLDER` writes `guest.wasm`, `guest.cwasm` and `guest.json` to the
//! folder. `cargo xtask guest` runs it; it is apart from xtask so that other tasks need no compiler.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use quorate_actions::{GuestManifest, compiler};
use sha2::{Digest as _, Sha256};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(linked), Some(folder), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return fail("usage: quorate-guest-compiler LINKED.wasm FOLDER");
    };
    match compile(&linked, &folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:?}")),
    }
}

fn compile(linked: &Path, folder: &Path) -> wasmtime::Result<()> {
    let compiled = compiler::compile(&fs::read(linked)?)?;
    let image = folder.join("guest.cwasm");
    write(&folder.join("guest.wasm"), &compiled.module)?;
    write(&image, &compiled.image)?;
    let manifest = GuestManifest {
        guest_sha256: sha256(&compiled.module),
        image_sha256: sha256(&compiled.image),
        hot_pages: compiler::hot_pages(fs::File::open(&image)?)?,
    };
    // Last: the manifest says that the rest is there.
    write(&folder.join("guest.json"), serde_json::to_string_pretty(&manifest)?.as_bytes())?;
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Puts a file in its place in one step: a worker may have the one before mapped.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    fs::rename(&new, path)
}

#[expect(clippy::print_stderr, reason = "a command-line tool says why it failed")]
fn fail(why: &str) -> ExitCode {
    eprintln!("quorate-guest-compiler: {why}");
    ExitCode::FAILURE
}
