//! The log of a process: to standard error, quiet when all is well.

use tracing_subscriber::EnvFilter;

/// What of dependencies may be heard before the operator's filter says otherwise.
const DEPENDENCIES: &str = "quinn=error,quinn_proto=error,quinn_udp=error,rustls=error,hyper=error";

/// Starts the log, and makes panics part of it. To be called once, at the start of the process.
///
/// # Errors
/// If the filter is malformed, or a log runs already.
pub fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(format!("{DEPENDENCIES},{filter}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init()
        .map_err(|error| anyhow::anyhow!("the log: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // A formatted message may carry what somebody sent; a constant one is our own text.
        let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
        tracing::error!(place, what, "panic");
    }));
    Ok(())
}
