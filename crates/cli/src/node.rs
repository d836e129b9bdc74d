//! `quorate node`: one node as a process of its own, and its votes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use quorate_node::{Config, NodeKeys};
use quorate_wire::{DirectoryChange, LoginDomains, limits::DIRECTORY_VALUE_BYTES_MAX};
use serde_json::json;

use crate::args::{NodeArgs, NodeCommand, NodeRun};
use crate::check;
use crate::directory::{self, SignedVote};
use crate::founding::{self, chain_of, place_of};
use crate::moving;
use crate::output::{Output, printable};
use crate::shutdown;
use crate::state::write_whole;

/// Runs the node until it is told to stop, or has to; or does what its operator does beside.
pub(crate) async fn run(args: NodeArgs, output: Output) -> Result<bool> {
    match args.command {
        Some(NodeCommand::Init(args)) => founding::init(&args, output)?,
        Some(NodeCommand::Check(args)) => return check::run(&args, output).await,
        Some(NodeCommand::Vote { config, name, value, remove: _, out, version }) => {
            let voting = Voting {
                config: &config,
                name: &name,
                value: value.as_deref(),
                version,
                out: out.as_deref(),
            };
            vote(voting, output).await?;
        }
        Some(NodeCommand::Export(args)) => tokio::task::block_in_place(|| moving::export(&args, output))?,
        Some(NodeCommand::Import(args)) => tokio::task::block_in_place(|| moving::import(&args, output))?,
        None => serve(&args.run).await?,
    }
    Ok(true)
}

async fn serve(args: &NodeRun) -> Result<()> {
    let path = args.config.as_deref().context("--config names the node's configuration")?;
    let mut config = Config::load(path)?;
    // A network that is not for development refuses these as it does those of the file.
    config.egress.allow_loopback_ports.extend(&args.allow_loopback_port);
    quorate_node::start_log(&config.log)?;
    quorate_node::run(config, shutdown::requested(args.follow_stdin)?).await
}

/// The bytes of a file, as far as a value can be long.
fn value_in(path: &Path) -> Result<Vec<u8>> {
    let reading = || format!("reading {}", path.display());
    let mut bytes = Vec::new();
    let most = DIRECTORY_VALUE_BYTES_MAX as u64 + 1;
    File::open(path).with_context(reading)?.take(most).read_to_end(&mut bytes).with_context(reading)?;
    Ok(bytes)
}

/// What a vote is for.
pub(crate) struct Voting<'a> {
    /// The node's configuration.
    pub(crate) config: &'a Path,
    /// The value's name.
    pub(crate) name: &'a str,
    /// The value, or `@file`; none takes it away.
    pub(crate) value: Option<&'a str>,
    /// The version that it has to be for.
    pub(crate) version: Option<u64>,
    /// Where the vote is written.
    pub(crate) out: Option<&'a Path>,
}

async fn vote(voting: Voting<'_>, output: Output) -> Result<()> {
    let config = Config::load(voting.config)?;
    let network = config.load_network()?;
    let keys = NodeKeys::load(&config.keys)?;
    let me = place_of(&network, &keys)?;
    let value = match voting.value.map(|value| value.strip_prefix('@').ok_or(value)) {
        Some(Ok(path)) => value_in(Path::new(path))?,
        Some(Err(value)) => value.as_bytes().to_vec(),
        None => Vec::new(),
    };
    let name = voting.name;
    let value = directory::canonical(name, &value)?;
    if name == LoginDomains::NAME && LoginDomains::parse(&value).is_ok_and(|list| list.names().is_empty()) {
        output.progress("With this value the network takes no login at all.");
    }
    let chain = chain_of(&config)?;
    let record = network.contracts.directory;
    let (id, code) = chain.identity(record.address.0.into()).await?;
    ensure!(
        id == network.chain.id && code.0 == record.code_hash.0,
        "the chain of node.toml is not this network's: it has another id, or another Directory"
    );
    let (version, standing) =
        directory::read(&chain, network.contracts.directory.address.0.into(), name).await?;
    if version > 0 && standing == value {
        let shown = json!({ "name": name, "version": version, "set": true, "out": null, "node": me });
        output.result(&shown, || {
            format!("{name} has this value already (version {version}); nothing was signed")
        });
        return Ok(());
    }
    // Who serves the chain says which version stands. A person sees it before a signature is out that counts for a later one.
    ensure!(
        voting.version.is_none_or(|wanted| wanted == version + 1),
        "the chain says that version {version} of {name} stands, so a vote is for version {}",
        version + 1
    );
    let standing = printable(&String::from_utf8_lossy(&standing));
    output.progress(&format!("signs version {} of {name}, in place of: {standing}", version + 1));
    let change = DirectoryChange { name: name.to_owned(), version: version + 1, value };
    let vote = SignedVote::sign(&network, me, &change, &keys.chain)?;
    let out = match voting.out {
        Some(out) => out.to_owned(),
        None => format!("vote-{}-{}-node-{me}.json", name.replace('/', "-"), change.version).into(),
    };
    write_whole(&out, format!("{}\n", serde_json::to_string_pretty(&vote)?).as_bytes(), 0o644)?;
    let shown = json!({ "name": name, "version": change.version, "set": false, "out": out, "node": me });
    output.result(&shown, || {
        format!(
            "signed version {} of {name}\nNext: with {} such votes anybody sets it: quorate network vote {} …",
            change.version,
            network.threshold,
            out.display()
        )
    });
    Ok(())
}
