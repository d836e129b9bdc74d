//! What can be typed to move a node to another machine.

use std::path::PathBuf;

use clap::Args;
use quorate_node::Recipient;

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The node's configuration, `node.toml`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The file that is written, in the age format.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Seal it to this recipient, `age1…`; may be repeated. Without any, a passphrase is asked for.
    #[arg(long, value_name = "RECIPIENT")]
    pub(crate) recipient: Vec<Recipient>,
    /// Seal it under the passphrase that this file has, which only you can read.
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Let the node go on here: for a backup.
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The exported file.
    pub(crate) file: PathBuf,
    /// The node's folder; it is empty, or not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// File with the identity of a recipient, `AGE-SECRET-KEY-1…`, which only you can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// File with the passphrase, which only you can read. Without this and an identity, it is asked for.
    #[arg(long, value_name = "FILE", conflicts_with = "identity")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The number of a later start of the node than the file knows, as a halted node names it: the imported node's starts
    /// come after it.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) after: Option<u64>,
}
