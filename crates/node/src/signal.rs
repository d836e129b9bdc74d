//! The process of a node: its runtime, and the signals that end it.

use std::path::Path;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::{Config, run, start_log};

/// Threads of the runtime: sockets and timers only, the engine has its own.
const THREADS_MAX: usize = 4;
/// Threads for reading the disk and long bodies. Names are looked up elsewhere, as their servers may keep silent.
const BLOCKING_THREADS_MAX: usize = 16;

/// Runs the node of a `node.toml` until the process is told to end.
///
/// # Errors
/// What keeps the node from starting, or why it had to stop by itself.
pub fn main(config: &Path) -> anyhow::Result<()> {
    let config = Config::load(config)?;
    start_log(&config.log)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("node")
        .enable_all()
        .build()
        .context("the runtime")?;
    runtime.block_on(async { run(config, stop_signal()?).await })
}

/// Ready when the process is told to end, by SIGTERM or SIGINT.
///
/// # Errors
/// If the system does not let us listen.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
