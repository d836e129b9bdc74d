//! `quorate node`: one node as a process of its own.

use anyhow::Result;

use crate::args::NodeArgs;
use crate::shutdown;

/// Runs the node until it is told to stop, or has to.
pub(crate) async fn run(args: &NodeArgs) -> Result<()> {
    let config = quorate_node::Config::load(&args.config)?;
    quorate_node::start_log(&config.log)?;
    quorate_node::run(config, shutdown::requested(args.follow_stdin)?).await
}
