//! The signals that end a node.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

/// Ready when the process is told to end, by SIGTERM or SIGINT.
///
/// # Errors
/// If the system does not let us listen.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
