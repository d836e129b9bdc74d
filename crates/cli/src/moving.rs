//! A node goes to another machine, or into a backup.

use anyhow::Result;
use quorate_node::{Export, Identity, Import, Lock, Setting, Unlock, read_secret_text};
use serde_json::{Value, json};

use crate::args::{ExportArgs, ImportArgs};
use crate::output::{Output, printable, quoted};
use crate::passphrase;

/// A file of identities is a page of text.
const IDENTITIES_BYTES_MAX: usize = 64 << 10;

/// Writes a node that does not run into one sealed file.
pub(crate) fn export(args: &ExportArgs, output: Output) -> Result<()> {
    let lock = if args.recipient.is_empty() {
        Lock::passphrase(passphrase::chosen(args.passphrase_file.as_deref())?)
    } else {
        Lock::recipients(args.recipient.clone())?
    };
    let export = Export { config: &args.config, out: &args.out, lock: &lock, keep: args.keep };
    let exported = quorate_node::export(&export, &mut |line| output.progress(line))?;
    let shown = json!({
        "out": args.out, "bytes": exported.bytes, "records": exported.records, "network": exported.network,
        "mark": exported.mark,
    });
    output.result(&shown, || {
        let out = args.out.display();
        let then = match &exported.mark {
            None => "The node may start here again; do not import the file while it runs.".to_owned(),
            Some(mark) => format!(
                "The node does not start here any more ({}). On the other machine:\n  quorate node import {out} --dir DIR",
                mark.display()
            ),
        };
        format!("wrote {out}, {} bytes: the keys, the share and all records but pairwise state\n{then}", exported.bytes)
    });
    Ok(())
}

/// Makes a node's folder of an exported file.
pub(crate) fn import(args: &ImportArgs, output: Output) -> Result<()> {
    let unlock = match &args.identity {
        Some(path) => Unlock::Identities(Identity::read_all(&read_secret_text(path, IDENTITIES_BYTES_MAX)?)?),
        None => Unlock::Passphrase(passphrase::known(args.passphrase_file.as_deref())?),
    };
    let import = Import { file: &args.file, folder: &args.dir, unlock: &unlock, after: args.after };
    let imported = quorate_node::import(&import, &mut |line| output.progress(line))?;
    let shown = json!({
        "dir": args.dir, "network": imported.network, "node": imported.node, "moves": imported.moves,
        "exported_unix_s": imported.made_unix_s,
        "changed": listed(&imported.changed), "look_at": listed(&imported.look_at),
    });
    output.result(&shown, || {
        let dir = args.dir.display();
        let mut lines = vec![format!(
            "{dir} has node {} of the network {} ({}), move {}",
            imported.node,
            quoted(&imported.name),
            imported.network,
            imported.moves
        )];
        let told = |setting: &Setting| format!("  {} = {}", printable(&setting.name), quoted(&setting.value));
        if !imported.changed.is_empty() {
            lines.push(
                "Places outside of the folder are inside of it now (node.toml.before has the old ones):"
                    .to_owned(),
            );
            lines.extend(imported.changed.iter().map(told));
        }
        if !imported.look_at.is_empty() {
            lines.push(
                "Look at these settings of node.toml: programs, and places of the machine of before:"
                    .to_owned(),
            );
            lines.extend(imported.look_at.iter().map(told));
        }
        lines.push("Next:".to_owned());
        lines.push(format!(
            "  1. If its addresses change: quorate node init … --dir {dir}, which signs the new ones."
        ));
        lines.push(format!("  2. quorate node --config {}", args.dir.join("node.toml").display()));
        lines.push("  3. Never start the old one again.".to_owned());
        lines.join("\n")
    });
    Ok(())
}

fn listed(settings: &[Setting]) -> Vec<Value> {
    settings.iter().map(|setting| json!({ "name": setting.name, "value": setting.value })).collect()
}
