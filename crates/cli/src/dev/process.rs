//! One supervised process of the development network.
//!
//! The child's standard input is a pipe that only this process holds. When this process ends, however it
//! ends, the pipe closes and the child stops by itself: nothing is left running.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// First wait before a dead process is started again; each further one is twice as long…
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
/// …up to this.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// A process that lived this long has recovered: the waits begin anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);
/// A process that does not stop within this time is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// What to run.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    /// Its name in messages, and of its log.
    pub(super) name: String,
    /// Arguments of this same program.
    pub(super) arguments: Vec<std::ffi::OsString>,
    /// Where its standard error goes.
    pub(super) log: PathBuf,
    /// Whether it is started again when it dies.
    pub(super) restart: bool,
}

/// What happened to a process.
#[derive(Debug)]
pub(super) enum Event {
    /// It runs.
    Started {
        /// Which.
        name: String,
        /// Its process id.
        process: u32,
        /// How often it was started again.
        restarts: u32,
    },
    /// It ended, and nobody had asked it to.
    Died {
        /// Which.
        name: String,
        /// How.
        how: String,
        /// When it is started again; never if it is to stay dead.
        again_in: Option<Duration>,
    },
}

/// A process that is started again whenever it dies, until it is told to stop.
#[derive(Debug)]
pub(super) struct Supervised {
    name: String,
    process: Option<u32>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Starts a process. The first start must succeed; later ones are tried for ever.
    pub(super) fn start(spec: Spec, events: mpsc::Sender<Event>) -> Result<Self> {
        let name = spec.name.clone();
        let child = spawn(&spec)?;
        let process = child.id();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(supervise(spec, child, events, stopped));
        Ok(Self { name, process, stop, task })
    }

    /// Its name, and the process id of its first start.
    pub(super) fn first_process(&self) -> (&str, Option<u32>) {
        (&self.name, self.process)
    }

    /// Asks the process to end and waits until it has.
    pub(super) async fn stop(self) {
        // If the receiver is gone, the task has ended already.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(process = self.name, %error, "a supervising task failed");
        }
    }
}

async fn supervise(
    spec: Spec,
    first: Child,
    events: mpsc::Sender<Event>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut next = Some(first);
    let mut restarts = 0;
    let mut backoff = BACKOFF_FIRST;
    loop {
        let begun = Instant::now();
        let how = match next.take().map_or_else(|| spawn(&spec), Ok) {
            Ok(mut child) => {
                // Waiting for a child would close its pipe, which means: stop.
                let _pipe = child.stdin.take();
                let process = child.id().unwrap_or(0);
                let name = spec.name.clone();
                // Reports are for people: a full queue must not hold up the supervision.
                let _ = events.try_send(Event::Started { name, process, restarts });
                tokio::select! {
                    status = child.wait() => describe(status),
                    _ = &mut stopped => return end(child).await,
                }
            }
            Err(error) => format!("{error:#}"),
        };
        if begun.elapsed() > HEALTHY_AFTER {
            backoff = BACKOFF_FIRST;
        }
        let again_in = spec.restart.then_some(backoff);
        let _ = events.try_send(Event::Died { name: spec.name.clone(), how, again_in });
        if !spec.restart {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(backoff) => {}
            _ = &mut stopped => return,
        }
        backoff = (backoff * 2).min(BACKOFF_MAX);
        restarts += 1;
    }
}

fn spawn(spec: &Spec) -> Result<Child> {
    let log = open_log(&spec.log)?;
    let program = std::env::current_exe().context("finding this program's file")?;
    Command::new(program)
        .args(&spec.arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::from(log.try_clone()?))
        .stderr(Stdio::from(log))
        // A group of its own: Ctrl-C reaches this process only, which then stops the others in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", spec.name))
}

fn open_log(path: &std::path::Path) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    file.with_context(|| format!("opening the log {}", path.display()))
}

/// Asks politely, waits, then kills.
async fn end(mut child: Child) {
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // The child is not collected yet, so its number cannot belong to another process.
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(STOP_WITHIN, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}
