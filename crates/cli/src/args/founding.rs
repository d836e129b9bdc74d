//! What can be typed to found a network with other operators.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use quorate_wire::{NetworkId, SecretUrl};

use super::{Place, RegistryAccess, WalletKey};

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The operator's name, as other operators and receipts show it.
    #[arg(long, value_name = "OPERATOR")]
    pub(crate) name: String,
    /// Base URL under which callers reach the node, `https://node.example` or `http://192.0.2.1:7470`.
    #[arg(long, value_name = "URL")]
    pub(crate) http: String,
    /// Address (UDP) under which other nodes reach it, `node.example:7570`.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) quic: String,
    /// The same in a network that it shares with some of the others.
    #[arg(long, value_name = "URL", requires = "private_quic")]
    pub(crate) private_http: Option<String>,
    /// The same in a network that it shares with some of the others.
    #[arg(long, value_name = "HOST:PORT", requires = "private_http")]
    pub(crate) private_quic: Option<String>,
    /// Where the HTTP interface listens; the port of --http on every interface, or 127.0.0.1:7470 behind `https`.
    #[arg(long, value_name = "ADDR")]
    pub(crate) http_listen: Option<SocketAddr>,
    /// Where the interface to other nodes listens (UDP); the port of --quic on every interface.
    #[arg(long, value_name = "ADDR")]
    pub(crate) quic_listen: Option<SocketAddr>,
    /// JSON-RPC address of the chain, which the node follows.
    #[arg(long, value_name = "URL")]
    pub(crate) chain: Option<SecretUrl>,
    /// A key file of an account that pays for transactions; only the one that pays for the founding has it.
    #[arg(long, value_name = "FILE")]
    pub(crate) payer: Option<PathBuf>,
    /// The node's folder.
    #[arg(long, value_name = "DIR", default_value = "node")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The proposal, or the network file; the one of the node's configuration unless it is named.
    pub(crate) file: Option<PathBuf>,
    /// The node's folder.
    #[arg(long, value_name = "DIR", default_value = "node")]
    pub(crate) dir: PathBuf,
    /// For how many seconds members are tried; they need to run, or to check at the same time.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) wait: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// The network's name, for people.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// How many nodes act together; fewer learn nothing. Unless it is named, any two groups of so many have a node in common.
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u8).range(2..=32))]
    pub(crate) threshold: Option<u8>,
    /// JSON-RPC address of the chain that is to carry the registry.
    #[arg(long, value_name = "URL")]
    pub(crate) chain: SecretUrl,
    /// Key file of the account that pays for the contracts; it is made if there is none, and has no say in anything.
    #[arg(long, value_name = "FILE", default_value = "payer.key")]
    pub(crate) payer: PathBuf,
    /// A domain that logins may be for; may be repeated.
    #[arg(long, value_name = "HOST[:PORT]", required = true)]
    pub(crate) login_domain: Vec<String>,
    /// A JSON file with the issuers of OpenID Connect whose tokens are logins.
    #[arg(long, value_name = "FILE")]
    pub(crate) issuers: Option<PathBuf>,
    /// Who may ask for executions: `open` (any valid login), `granted` (with a grant on the key), or a wallet's address, which
    /// may be repeated.
    #[arg(long, value_name = "WHO", default_value = "open")]
    pub(crate) admission: Vec<String>,
    /// A host that actions may reach, or `*.domain`; may be repeated. Without any: all that are public.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// A JSON file with limits of executions that differ from this release's.
    #[arg(long, value_name = "FILE")]
    pub(crate) limits: Option<PathBuf>,
    /// Let sessions name keys and actions by `*` as authority: for development only.
    #[arg(long)]
    pub(crate) wildcard_sessions: bool,
    /// Where the proposal is written.
    #[arg(long, value_name = "FILE", default_value = "proposal.json")]
    pub(crate) out: PathBuf,
    /// The card of each node, in the order of their numbers.
    #[arg(required = true, value_name = "CARD")]
    pub(crate) cards: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The proposal.
    pub(crate) proposal: PathBuf,
    /// The node's folder.
    #[arg(long, value_name = "DIR", default_value = "node")]
    pub(crate) dir: PathBuf,
    /// Approve without a question, but only the proposal with this hash.
    #[arg(long, value_name = "HASH")]
    pub(crate) hash: Option<NetworkId>,
    /// Approve although this node has approved another proposal before, which came to nothing.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Approve although the chain is not reached: what the proposal says of it is checked when the node starts.
    #[arg(long)]
    pub(crate) without_chain: bool,
    /// Where the approval is written; `approval.json` in the node's folder unless it is named.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AssembleArgs {
    /// The proposal.
    pub(crate) proposal: PathBuf,
    /// The approvals, in any order.
    #[arg(value_name = "APPROVAL")]
    pub(crate) approvals: Vec<PathBuf>,
    /// JSON-RPC address of the chain.
    #[arg(long, value_name = "URL")]
    pub(crate) chain: SecretUrl,
    /// Key file of the account that pays for the contracts.
    #[arg(long, value_name = "FILE", default_value = "payer.key")]
    pub(crate) payer: PathBuf,
    /// Where the network file is written.
    #[arg(long, value_name = "FILE", default_value = "network.json")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NetworkCommand {
    /// Show the network's root keys, and the members that certify them.
    ///
    /// They are believed only with the signed word of every founding member, under the network file. They are kept beside
    /// the network file, and other keys are refused from then on.
    Keys {
        #[command(flatten)]
        place: Place,
    },
    /// Show what the network file and the chain say of a network.
    Show {
        #[command(flatten)]
        access: RegistryAccess,
    },
    /// Propose a network to the operators whose cards these are: nobody is bound by it.
    ///
    /// Writes a file that every operator approves, and prints its hash, to be read out to each other. With --json: out, hash,
    /// and the proposal's terms.
    Propose(Box<ProposeArgs>),
    /// Show what a proposal says, and sign it with the keys of this operator's node.
    ///
    /// What differs from the node's own card, from this release or from the chain is refused. With --json: out, hash, node.
    Approve(ApproveArgs),
    /// Put the approvals together, deploy the contracts, and write the network file. Safe to repeat: it goes on.
    ///
    /// With --json: done, out, hash, and the operators whose approvals are missing.
    Assemble(AssembleArgs),
    /// Set a value of the Directory with the votes of enough nodes; the wallet pays, and needs no right.
    ///
    /// With --json: name, version, done, and the nodes that have voted.
    Vote {
        #[command(flatten)]
        access: RegistryAccess,
        #[command(flatten)]
        wallet: WalletKey,
        /// Files that `quorate node vote` wrote.
        #[arg(required = true, value_name = "VOTE")]
        votes: Vec<PathBuf>,
    },
    /// Show who is connected, which step each node is in, who is late and who is at fault.
    ///
    /// The exit code is 0 once every node is ready. With --json: one entry for each node.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Say which members share a machine, an address block or an operator: they are one security domain.
    ///
    /// With --json: findings, each with its nodes. The exit code is 0 unless enough nodes to act share something.
    Check {
        #[command(flatten)]
        place: Place,
    },
}
