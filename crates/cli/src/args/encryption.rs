//! What can be typed after `quorate encrypt`, `quorate decrypt` and `quorate policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quorate_wire::Address;

use super::{Access, KeyName, Place};

#[derive(Debug, Args)]
pub(crate) struct EncryptArgs {
    /// What is encrypted; `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) recipient: Recipient,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) written: Written,
    /// Write the form of Lit's clients, a JSON document, in place of a container: for secrets of at most 16 MiB. Its hash of
    /// the plaintext gives a short or guessable secret away.
    #[arg(long)]
    pub(crate) lit: bool,
}

/// Who can open it: exactly one of these.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Recipient {
    /// One action alone: a file whose CID is computed, or a CID if there is no file of this name.
    #[arg(long, value_name = "FILE|CID")]
    pub(crate) to_action: Option<String>,
    /// Whoever holds this address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to_address: Option<Address>,
    /// Whoever may decrypt with a key when it is opened: its owner, and whom it is granted to with the scope `decrypt` or
    /// `sign-anything`.
    #[arg(long, value_name = "KEY")]
    pub(crate) to_pkp: Option<KeyName>,
    /// A file with a policy, JSON; `quorate policy show` says what it means.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// Where a result goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Written {
    /// Where the result is written, `-` for standard output. Unless named: beside FILE, or standard output for what came from
    /// standard input.
    #[arg(short, long, value_name = "OUT|-")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DecryptArgs {
    /// What `quorate encrypt` or one of Lit's clients has written; `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(flatten)]
    pub(crate) written: Written,
    /// Open nothing: ask every node, and tell what each says.
    #[arg(long, conflicts_with_all = ["out", "force"])]
    pub(crate) explain: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say in words who can open what is under a policy, with its hash, and what of it this network does not evaluate.
    Show {
        /// The policy, or something that is encrypted under one; `-` reads standard input.
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
    },
}
