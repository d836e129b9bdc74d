//! `quorate node`: one node as a process of its own, and its votes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use quorate_node::{Config, NodeKeys};
use quorate_registry::tx_client::TxClient;
use quorate_wire::{Address, LoginDomains, limits::DIRECTORY_VALUE_BYTES_MAX};
use serde_json::json;

use crate::args::{NodeArgs, NodeCommand, NodeRun};
use crate::directory::{self, Voted};
use crate::output::Output;
use crate::shutdown;

/// Runs the node until it is told to stop, or has to; or votes with its account.
pub(crate) async fn run(args: NodeArgs, output: Output) -> Result<()> {
    match args.command {
        Some(NodeCommand::Vote { config, name, value, remove: _ }) => {
            vote(&config, &name, value.as_deref(), output).await
        }
        None => serve(&args.run).await,
    }
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

async fn vote(config: &Path, name: &str, value: Option<&str>, output: Output) -> Result<()> {
    let config = Config::load(config)?;
    let network = config.load_network()?;
    let keys = NodeKeys::load(&config.keys)?;
    let value = match value.map(|value| value.strip_prefix('@').ok_or(value)) {
        Some(Ok(path)) => value_in(Path::new(path))?,
        Some(Err(value)) => value.as_bytes().to_vec(),
        None => Vec::new(),
    };
    let value = directory::canonical(name, &value)?;
    if name == LoginDomains::NAME && LoginDomains::parse(&value).is_ok_and(|list| list.names().is_empty()) {
        output.progress("With this value the network takes no login at all.");
    }
    let client = TxClient::new(config.chain_rpc.expose(), network.chain.id, keys.chain.clone())?;
    let account = Address(client.address().into_array());
    let place = network.nodes.iter().position(|node| node.chain_address == account);
    let number = place.map(|place| place + 1);
    ensure!(number.is_some(), "the account {account} of this node is none of the network's");
    let voted = directory::vote(&client, network.contracts.directory.address.0.into(), name, &value).await?;
    let (version, set) = match voted {
        Voted::Stands(version) | Voted::Set(version) => (version, true),
        Voted::Counted(version) => (version, false),
    };
    let shown = json!({
        "name": name, "version": version, "set": set, "sent": !matches!(voted, Voted::Stands(_)),
        "node": number, "account": account,
    });
    output.result(&shown, || match voted {
        Voted::Stands(version) => {
            format!("{name} has this value already (version {version}); nothing was sent")
        }
        Voted::Set(version) => format!("voted, and {name} is set (version {version})"),
        Voted::Counted(version) => format!(
            "voted for version {version} of {name}; it is set once {} nodes have voted for the same bytes",
            network.threshold
        ),
    });
    Ok(())
}
