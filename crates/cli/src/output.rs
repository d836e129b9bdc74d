//! What a command prints: a document for programs on standard output, lines for people, progress on the side.

use std::{io::Write as _, sync::mpsc, thread, time::Duration};

use serde_json::Value;

use crate::failure::Failure;

pub(crate) use quorate_auth::printable;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// Prints JSON only, or text.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, quiet: false }
    }

    /// The same without progress.
    pub(crate) fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Whether results are for programs.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result, in the form that was asked for.
    pub(crate) fn result(self, value: &Value, text: impl FnOnce() -> String) {
        let line = if self.json { value.to_string() } else { text() };
        // Whoever closed the pipe does not want to read on; that is no failure of the command.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// Prints why a command failed: for people on standard error, for programs where they read results. A reader that
    /// does not read keeps the process alive for a moment only.
    pub(crate) fn failure(self, failure: &Failure) {
        const PATIENCE: Duration = Duration::from_secs(5);
        let (json, text) = (failure.as_json(), failure.as_text());
        let (printed, wait) = mpsc::channel();
        thread::spawn(move || {
            if self.json {
                self.result(&json, String::new);
            } else {
                self.progress(&text);
            }
            let _ = printed.send(());
        });
        let _ = wait.recv_timeout(PATIENCE);
    }

    /// Says what is going on.
    pub(crate) fn progress(self, line: &str) {
        if self.quiet {
            return;
        }
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// A name of somebody else in a line of ours: where it ends is seen.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", printable(name))
}

/// What an action logged, line by line: nothing proves it, and none of its lines is one of ours.
pub(crate) fn log_lines(log: &str) -> Vec<String> {
    let title = (!log.is_empty()).then(|| "log (unproven):".to_owned());
    title.into_iter().chain(log.lines().map(|line| format!("  \u{2502} {}", printable(line)))).collect()
}
