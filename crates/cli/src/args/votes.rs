//! Arguments of `quorate node vote`.

use std::path::PathBuf;

use clap::Args;
use quorate_wire::Digest;

#[derive(Debug, Args)]
pub(crate) struct VoteArgs {
    /// The node's configuration, `node.toml`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// What is voted for: a value, by its name `login-domains`, `issuers` or `contracts/…`; or `minter`, a further contract
    /// that mints keys.
    pub(crate) name: String,
    /// The value, or `@file` with it; of a minter, its address.
    #[arg(value_name = "VALUE|@FILE|ADDRESS", required_unless_present = "remove",
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) value: Option<String>,
    /// Vote for no value under this name.
    #[arg(long, conflicts_with = "value")]
    pub(crate) remove: bool,
    /// Refuse to sign for another version than this, or for another number of admission: what the chain says of the present
    /// one is not believed then.
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<u64>,
    /// Refuse to sign for a minter with other code than of this Keccak-256.
    #[arg(long, value_name = "HASH")]
    pub(crate) code_hash: Option<Digest>,
    /// Where the vote is written; `vote-NAME-VERSION-node-N.json` here unless it is named.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
