//! What can be typed after `quorate`.

pub(crate) mod encryption;
pub(crate) mod founding;
mod moving;
pub(crate) mod pkp;
mod votes;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use quorate_wire::{Address, Digest, SecretUrl};

pub(crate) use encryption::{DecryptArgs, EncryptArgs, PolicyCommand, Written};
pub(crate) use founding::{ApproveArgs, AssembleArgs, CheckArgs, InitArgs, NetworkCommand, ProposeArgs};
pub(crate) use moving::{ExportArgs, ImportArgs};
pub(crate) use pkp::{KeyName, MintArgs, Pages, PkpCommand, Scope, Subject};
pub(crate) use votes::VoteArgs;

/// The largest chain id that wallets take.
const CHAIN_ID_MAX: u64 = (1 << 52) - 20;

/// Keys that sign only when a quorum of independent nodes has run the owner's program and each said yes.
///
/// `quorate dev` starts a network of your own on this machine. Then, in the same folder:
///
///   quorate pkp mint
///   quorate pkp grant KEY --action sign.js --scope sign-anything
///   quorate action run sign.js --pkp KEY --to-sign DIGEST
#[derive(Debug, Parser)]
#[command(name = "quorate", version, verbatim_doc_comment, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print one JSON document on standard output, for programs; progress still goes to standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a network of real processes on this machine, and keep it running until Ctrl-C.
    Dev(DevArgs),
    /// Mint, show, grant, revoke and burn keys.
    #[command(subcommand)]
    Pkp(PkpCommand),
    /// Name and run actions.
    #[command(subcommand)]
    Action(ActionCommand),
    /// Encrypt a file to an action, an address, a key or a policy; nobody is asked.
    ///
    /// Who can open it is judged by the nodes when it is opened. With --json: out, bytes, policy and network.
    Encrypt(Box<EncryptArgs>),
    /// Open a file: each node judges by itself whether it gives its share.
    ///
    /// The result is under its name only if all of it is as it was encrypted. With --json: out, bytes, policy and the nodes
    /// that gave wrong shares; with --explain, what each node says.
    Decrypt(Box<DecryptArgs>),
    /// Say what a policy means.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Sign out everywhere: end every session that the wallet has allowed up to now, on any machine.
    ///
    /// The wallet logs in once more for this, and that session ends as well. The exit code is 0 once so many nodes have it
    /// that the others can sign nothing. With --json: nodes, of, done, and what the others said.
    SignOut(SignOutArgs),
    /// Check a receipt offline, against nothing but the network file.
    Verify(VerifyArgs),
    /// Run the embedded chain (`dev` does this for you).
    Chain(ChainArgs),
    /// Give an account money on the embedded chain, from the wallet's own: transactions are paid for.
    ///
    /// With --json: transaction and block.
    Fund(FundArgs),
    /// Run one node (`dev` does this for you), make one, or sign with its keys.
    Node(NodeArgs),
    /// Found a network with other operators, and show what there is of one.
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Run one action for the node that started this process.
    #[command(hide = true)]
    Worker {
        /// The guest's folder; otherwise `guest` beside this program's folder, or one folder above that.
        guest: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SignOutArgs {
    #[command(flatten)]
    pub(crate) access: Access,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DevArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DevCommand>,
    /// Folder that holds keys, chain and stores; a second start in the same folder goes on with them.
    #[arg(long, value_name = "DIR", default_value = ".quorate")]
    pub(crate) dir: PathBuf,
    /// Take on a folder that your `quorate dev` did not make, with everything that is in it: programs that it names are run,
    /// its keys are used.
    #[arg(long)]
    pub(crate) adopt: bool,
    /// Number of nodes, 2 to 32 (first start only).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=32))]
    pub(crate) nodes: Option<u8>,
    /// How many nodes make a signature; fewer learn nothing (first start only).
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u8).range(2..=32))]
    pub(crate) threshold: Option<u8>,
    /// A JSON file with issuers of OpenID Connect whose tokens are logins here: an array of objects with name, issuer and
    /// algorithms. At a later start it takes the place of the one before.
    #[arg(long, value_name = "FILE")]
    pub(crate) issuers: Option<PathBuf>,
    /// Have the chain make a block at least every so many seconds, also without transactions: for time locks, and for passkeys
    /// that come back after signing out everywhere.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) block_time: Option<u64>,
    /// A host that actions may reach by `fetch`, or `*.domain` for every host below it; may be repeated. Without any: all
    /// that are public (first start only).
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// A port of this machine that actions may reach by `fetch`, for this start only; may be repeated. Development networks
    /// only, and said at each start.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) allow_loopback_port: Vec<u16>,
    /// A domain that logins may be for, beside `localhost` with any port; may be repeated. The nodes vote for this list in
    /// place of the one before.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) login_domain: Vec<String>,
    /// The chain's id, up to 2^52 - 20; a new chain draws one that no public chain has. Client libraries that are built for a
    /// local chain may take 31337 only (first start only).
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..=CHAIN_ID_MAX))]
    pub(crate) chain_id: Option<u64>,
    /// First HTTP port; each node takes the next free one from here, 0 takes any.
    #[arg(long, value_name = "PORT", default_value_t = 7470)]
    pub(crate) http_port: u16,
    /// First port for QUIC between nodes, 0 takes any.
    #[arg(long, value_name = "PORT", default_value_t = 7570)]
    pub(crate) quic_port: u16,
    /// Port of the chain's JSON-RPC, 0 takes any.
    #[arg(long, value_name = "PORT", default_value_t = 8545)]
    pub(crate) chain_port: u16,
    /// Write a JSON description of the running network to this file once it is ready.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Stop when standard input ends: when the process that started this one is gone.
    #[arg(long, hide = true)]
    pub(crate) follow_stdin: bool,
    /// Leave a process that dies dead, to see how the others go on without it.
    #[arg(long)]
    pub(crate) no_restart: bool,
    /// Give up if the network is not ready after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) ready_within: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevCommand {
    /// Have the faucet of a running development network give an account money: ten ether an hour.
    ///
    /// With --json: transaction.
    Faucet {
        /// The account.
        address: Address,
        #[command(flatten)]
        access: RegistryAccess,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FundArgs {
    /// The account.
    pub(crate) address: Address,
    /// How much, in ether: `0.25`.
    #[arg(long, value_name = "AMOUNT", default_value = "1")]
    pub(crate) ether: String,
    #[command(flatten)]
    pub(crate) wallet: WalletKey,
    #[command(flatten)]
    pub(crate) access: RegistryAccess,
}

/// Which network.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// State folder of a `quorate dev` network: network file, test key and addresses are taken from it.
    #[arg(long, value_name = "DIR", default_value = ".quorate")]
    pub(crate) dir: PathBuf,
    /// Network file, instead of the one in the state folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
}

/// The caller's wallet.
#[derive(Debug, Clone, Args)]
pub(crate) struct WalletKey {
    /// File with the wallet's private key in hexadecimal digits, instead of the test key.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

/// Which network, and who asks its nodes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Access {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) wallet: WalletKey,
    /// The domain that the wallet's login names: one that the network takes logins for, see `quorate network show`.
    #[arg(long, value_name = "HOST[:PORT]", default_value = "localhost")]
    pub(crate) login_domain: String,
}

/// Which network, and the chain that has its registry.
#[derive(Debug, Clone, Args)]
pub(crate) struct RegistryAccess {
    #[command(flatten)]
    pub(crate) place: Place,
    /// JSON-RPC address of the chain, `http://…`, instead of the development chain's.
    #[arg(long, value_name = "URL")]
    pub(crate) rpc: Option<SecretUrl>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActionCommand {
    /// Print the CID of an action's source.
    ///
    /// With --json: {"cid": …} for one file, {"cids": [{"cid": …, "file": …}]} for several.
    Cid {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Bundle a source and the npm packages that it imports into one file, and print its CID.
    ///
    /// A package is imported by one version of it: `import { keccak256 } from "npm:viem@2.57.20"`, or by its name alone
    /// if package.json names one version. What is used is written with its hash into quorate.lock.json, so that the
    /// same sources give the same bytes, and the same CID, everywhere. Needs Node.js and npm.
    #[command(verbatim_doc_comment)]
    Build(BuildArgs),
    /// Store an action's source with the nodes, so that it runs by its CID alone.
    ///
    /// With --json: one document for one file, {"stored": [one for each]} for several.
    Put(PutArgs),
    /// Run an action on all nodes and print what it said and signed.
    Run(Box<RunArgs>),
    /// Run an action offline against fixtures and print what it would sign; nothing is really signed. One node is
    /// simulated: that all nodes come to the same is not shown.
    Simulate(SimulateArgs),
    /// Run the tests in `*.test.js` files; each simulates actions and says what must come out.
    Test(TestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// The source: TypeScript or JavaScript.
    pub(crate) file: PathBuf,
    /// Where the bundle is written; beside the source as `NAME.dist.js` unless named.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Make the bundle short instead of readable.
    #[arg(long)]
    pub(crate) minify: bool,
    /// Fail if quorate.lock.json would change: for machines that check what a person has locked.
    #[arg(long)]
    pub(crate) locked: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    #[command(flatten)]
    pub(crate) access: Access,
    /// The files.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The key that the actions are granted, by its public key or its token id, for networks that admit nobody else.
    #[arg(long, value_name = "KEY")]
    pub(crate) pkp: Option<KeyName>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) access: Access,
    /// The action: a file with its source, which is sent along, or the CID of what the network can find.
    #[arg(value_name = "FILE|CID")]
    pub(crate) action: String,
    /// The parameters: a JSON object, or `@file` with one.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) params: String,
    /// The key that the session names, by its public key or its token id; its public key is also handed to the action
    /// as `publicKey`, unless `--params` has one.
    #[arg(long, value_name = "KEY")]
    pub(crate) pkp: Option<KeyName>,
    /// 32 bytes in hexadecimal digits, handed to the action as `toSign`, unless `--params` has one.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) to_sign: Option<Digest>,
    /// Limits to lower for this run, such as `{"fetches": 0, "wall_ms": 500}`; none can be raised. docs/actions.md has
    /// the names.
    #[arg(long, value_name = "JSON")]
    pub(crate) limits: Option<String>,
    /// Ask this node first, by its number from 1; another is asked if it does not answer.
    #[arg(long, value_name = "N")]
    pub(crate) node: Option<u8>,
    /// Write the whole reply, which `quorate verify` reads, to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The file with the action's source.
    pub(crate) file: PathBuf,
    /// The parameters: a JSON object, or `@file` with one. `${pkp.NAME.public_key}` and its like are filled in.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) params: String,
    /// What the action finds outside of itself; docs/actions-testing.md describes the file.
    #[arg(long, value_name = "FILE")]
    pub(crate) fixtures: Option<PathBuf>,
    /// Carry out the requests that the fixtures do not answer, and write the answers into them.
    #[arg(long)]
    pub(crate) record: bool,
    /// With `--record`, let requests reach this port of this machine; may be repeated.
    #[arg(long, value_name = "PORT", requires = "record")]
    pub(crate) allow_loopback_port: Vec<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Test files, or folders that are searched for `*.test.js`.
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Run only tests whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Write the results to this file as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A receipt, or the reply of an execution that contains one; `-` reads standard input.
    pub(crate) file: PathBuf,
    /// Hash of the login for which it must have been run, 0x and 64 digits.
    #[arg(long, value_name = "HASH")]
    pub(crate) login: Option<Digest>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ChainArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ChainCommand>,
    /// Folder of the chain: its genesis, head key and transactions.
    #[arg(long, value_name = "DIR", required = true)]
    pub(crate) dir: Option<PathBuf>,
    /// Address of the JSON-RPC interface.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8545")]
    pub(crate) listen: SocketAddr,
    /// A name under which the chain is asked, besides `localhost` and addresses in figures; may be given several times.
    #[arg(long = "host-name", value_name = "NAME", value_parser = host_name)]
    pub(crate) host_names: Vec<String>,
    /// Address of a proxy in front of the chain: the last entry of its `X-Forwarded-For` is then who calls; may be given
    /// several times.
    #[arg(long = "proxy", value_name = "ADDRESS")]
    pub(crate) proxies: Vec<IpAddr>,
    /// At the first start, give this account money; may be given several times.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) fund: Vec<Address>,
    /// At the first start, name the account that deploys the registry: nobody else then creates contracts on this chain.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) deployer: Option<Address>,
    /// The same by the account's key file, which is made if there is none, and give that account money: it can then pay for
    /// a founding.
    #[arg(long, value_name = "FILE", conflicts_with = "deployer")]
    pub(crate) payer: Option<PathBuf>,
    /// Give money to whoever asks, a bounded sum an address and hour: for development only.
    #[arg(long)]
    pub(crate) faucet: bool,
    /// Make a block without transactions when the newest one is so many seconds old; 0 is never.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) block_time: Option<u64>,
    /// Stop when standard input ends: when the process that started this one is gone.
    #[arg(long, hide = true)]
    pub(crate) follow_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChainCommand {
    /// Write the chain's state at its newest block to a file, with which nodes can begin.
    Snapshot(ChainSnapshotArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ChainSnapshotArgs {
    /// Folder of a chain that does not run.
    #[arg(long, value_name = "DIR", required_unless_present = "rpc")]
    pub(crate) dir: Option<PathBuf>,
    /// JSON-RPC address of a chain that runs, `http://…` or `https://…`.
    #[arg(long, value_name = "URL", conflicts_with = "dir")]
    pub(crate) rpc: Option<SecretUrl>,
    /// PEM file of the only authorities that vouch for an `https://` address; the public ones without it.
    #[arg(long, value_name = "FILE", requires = "rpc")]
    pub(crate) ca: Option<PathBuf>,
    /// The file; one that is there is replaced once the new one is whole.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// A host name as requests have it: without a scheme, a port or a path.
fn host_name(text: &str) -> Result<String, String> {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match text.len() <= 253 && text.split('.').all(label) {
        true => Ok(text.to_owned()),
        false => Err("must be a name such as chain.example, without a scheme, a port or a path".to_owned()),
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct NodeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<NodeCommand>,
    #[command(flatten)]
    pub(crate) run: NodeRun,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Make a node's folder: its keys, its configuration and its card, which other operators need. Safe to repeat: keys that
    /// are there stay, and a card is numbered on if addresses have changed.
    ///
    /// With --json: dir, card, and what others will not reach.
    Init(Box<InitArgs>),
    /// Look at this machine, the chain, and the way to every member and back, while this node does not run.
    ///
    /// Operators run it at the same time. Each finding names the node, its operator and what is to be done. The exit code is 0
    /// without problems. With --json: fine, and findings with grade, node, operator, what and act.
    Check(CheckArgs),
    /// Sign a value of the network's Directory, or a further minter, with this node's chain key. Once as many nodes as the
    /// threshold have signed the same, `quorate network vote` sends it.
    ///
    /// With --json: name, version, node, out, and whether it stands already.
    Vote(VoteArgs),
    /// Seal a node that does not run into one file, to move it to another machine. It does not start here again.
    ///
    /// The file has the keys, the share and all records but pairwise state. With --json: out, bytes, records, network and mark.
    Export(ExportArgs),
    /// Make a node's folder of an exported file. Peers know its starts as later than all at the old place.
    ///
    /// With --json: dir, network, node, moves, and the settings that were changed or want a look.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NodeRun {
    /// The node's configuration, `node.toml`.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) config: Option<PathBuf>,
    /// A port of this machine that actions may reach, beside those of the configuration.
    #[arg(long, value_name = "PORT", hide = true)]
    pub(crate) allow_loopback_port: Vec<u16>,
    /// Stop when standard input ends: when the process that started this one is gone.
    #[arg(long, hide = true)]
    pub(crate) follow_stdin: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_grant_has_exactly_one_subject() {
        let key = format!("0x{}", "01".repeat(32));
        let address = format!("0x{:040}", 1);
        let subjects = [["--action", "a.js"], ["--address", &address], ["--auth-method", "6:0xab"]];
        let parse =
            |words: &[&str]| Cli::try_parse_from([&["quorate", "pkp", "grant", &key], words].concat());
        assert!(parse(&[]).is_err());
        for (place, subject) in subjects.iter().enumerate() {
            assert!(parse(subject).is_ok(), "{subject:?}");
            for other in &subjects[..place] {
                assert!(parse(&[*subject, *other].concat()).is_err(), "{subject:?} {other:?}");
            }
        }
    }

    #[test]
    fn options_are_there_only_where_they_count() {
        let parse = |words: &[&str]| Cli::try_parse_from([&["quorate"], words].concat());
        let token = "01".repeat(32);
        for refused in [
            &["action", "run", "a.js", "--rpc", "http://a"][..],
            &["action", "put", "a.js", "--rpc", "http://a"],
            &["pkp", "show", &token, "--key", "k"],
            &["pkp", "show", "0x1"],
        ] {
            assert!(parse(refused).is_err(), "{refused:?}");
        }
        assert!(parse(&["action", "run", "a.js", "--pkp", &token, "--limits", "{}"]).is_ok());
    }
}
