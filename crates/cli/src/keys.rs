//! `quorate network keys`: the root keys, believed with the word of every member, and kept.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use quorate_client::{Client, ClientOptions};
use quorate_wire::{KeysView, NetworkFile, RootKeys};
use serde_json::json;

use crate::action::refused;
use crate::args::Place;
use crate::failure::Failure;
use crate::output::Output;

/// Longest file of kept keys: a certificate of the largest committee has about 60 KB.
const KEPT_BYTES_MAX: u64 = 1 << 20;

/// Shows the root keys of a network.
pub(crate) async fn show(place: &Place, output: Output) -> Result<(), Failure> {
    let (path, network) = place.network_path()?;
    let client = Client::new(network.clone(), ClientOptions::default()).map_err(refused)?;
    let kept = kept_path(&path);
    let known = believed(&kept, &client)?;
    let view = client.keys().await.map_err(refused)?;
    if known.is_none() {
        keep(&kept, &view).with_context(|| format!("the keys cannot be kept in {}", kept.display()))?;
    }
    let members: Vec<_> = view.certificate.iter().map(|word| word.node).collect();
    let value = json!({
        "network": view.network, "epoch": view.epoch, "keys": view.keys, "certified_by": members,
        "kept": kept,
    });
    output.result(&value, || words(&network, &view));
    Ok(())
}

/// The certified root keys: those that are kept beside the network file, and nobody is asked; or those that a node shows,
/// which are kept from then on. The client refuses others.
pub(crate) async fn certified(path: &Path, client: &Client, output: Output) -> Result<RootKeys, Failure> {
    let kept = kept_path(path);
    if let Some(known) = believed(&kept, client)? {
        return Ok(known.keys);
    }
    let view = client.keys().await.map_err(refused)?;
    if let Err(error) = keep(&kept, &view) {
        output.progress(&format!("the network's keys cannot be kept in {}: {error:#}", kept.display()));
    }
    Ok(view.keys)
}

/// The kept keys, if there are some and the client takes them.
fn believed(kept: &Path, client: &Client) -> Result<Option<KeysView>> {
    let known = read_kept(kept)?;
    if let Some(known) = &known {
        client.believe(known).with_context(|| {
            format!("the kept keys {}: remove the file if it is of another network", kept.display())
        })?;
    }
    Ok(known)
}

fn words(network: &NetworkFile, view: &KeysView) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (purpose, key) in view.keys.iter() {
        lines.push(format!("{:<15} {:<12} 0x{}", purpose.name(), purpose.curve(), hex::encode(key)));
    }
    let members: Vec<String> = view.certificate.iter().map(|word| format!("node {}", word.node)).collect();
    lines.push(format!(
        "certified by all {} members of epoch {}: {}",
        network.nodes.len(),
        view.epoch,
        members.join(", ")
    ));
    lines.join("\n")
}

/// Where the keys of a network are kept: beside its file.
fn kept_path(network: &Path) -> PathBuf {
    network.with_extension("keys.json")
}

fn read_kept(path: &Path) -> Result<Option<KeysView>> {
    let told = || format!("the kept keys {}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(told),
    };
    let mut text = String::new();
    file.take(KEPT_BYTES_MAX + 1).read_to_string(&mut text).with_context(told)?;
    ensure!(text.len() as u64 <= KEPT_BYTES_MAX, "{} are longer than keys can be", told());
    serde_json::from_str(&text).map(Some).with_context(told)
}

/// Writes the keys beside their place, and then to it: a file that is there is whole.
fn keep(path: &Path, view: &KeysView) -> Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let text = format!("{}\n", serde_json::to_string_pretty(view)?);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&part)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let kept = written.and_then(|()| std::fs::rename(&part, path));
    if kept.is_err() {
        // What is only half there is nobody's.
        let _ = std::fs::remove_file(&part);
    }
    Ok(kept?)
}
