//! `quorate node`: one node as a process of its own, and what its operator does beside.

use anyhow::{Context as _, Result};
use quorate_node::Config;

use crate::args::{NodeArgs, NodeCommand, NodeRun};
use crate::check;
use crate::founding;
use crate::moving;
use crate::output::Output;
use crate::shutdown;
use crate::votes;

/// Runs the node until it is told to stop, or has to; or does what its operator does beside.
pub(crate) async fn run(args: NodeArgs, output: Output) -> Result<bool> {
    match args.command {
        Some(NodeCommand::Init(args)) => founding::init(&args, output)?,
        Some(NodeCommand::Check(args)) => return check::run(&args, output).await,
        Some(NodeCommand::Vote(args)) => votes::vote(&args, output).await?,
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
