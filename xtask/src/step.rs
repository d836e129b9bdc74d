//! Steps of a task: each is announced, timed, and listed at the end.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::warn;

/// The steps of one task, as they happen.
pub(crate) struct Steps {
    task: &'static str,
    begun: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// A task with nothing done yet.
    pub(crate) fn new(task: &'static str) -> Self {
        Self { task, begun: Instant::now(), done: Vec::new() }
    }

    /// Does one step. If it fails, says which it was and how to repeat it.
    pub(crate) fn run<T>(&mut self, name: &str, repeat: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        warn(&format!("── {name}"));
        let begun = Instant::now();
        let result = step();
        let took = begun.elapsed();
        match result {
            Ok(value) => {
                warn(&format!("   {name}: {}", seconds(took)));
                self.done.push((name.to_owned(), took));
                Ok(value)
            }
            Err(error) => {
                self.summary();
                Err(error.context(format!(
                    "{} failed at {name:?} after {}; to repeat only this: {repeat}",
                    self.task,
                    seconds(took)
                )))
            }
        }
    }

    /// Shows what was done and how long each step took.
    pub(crate) fn summary(&self) {
        let width = self.done.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        warn(&format!("\n{} took {}", self.task, seconds(self.begun.elapsed())));
        for (name, took) in &self.done {
            warn(&format!("  {name:width$}  {:>9}", seconds(*took)));
        }
    }
}

/// A duration for people.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else if duration < Duration::from_secs(120) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// `cargo`, the one that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Set by `cargo run` for this process only; a build script that reads one would run again for nothing.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The workspace's folder.
pub(crate) fn root() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace's folder")
}

/// The folder that cargo builds into.
pub(crate) fn target() -> std::path::PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Runs a command to its end; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let text = as_text(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("starting {text}"))?;
    if !status.success() {
        bail!("{text}: {status}");
    }
    Ok(())
}

/// A command as a person would type it.
pub(crate) fn as_text(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
