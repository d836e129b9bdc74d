//! What a command prints: a document for programs on standard output, lines for people, progress on the side.

use std::io::Write as _;

use serde_json::Value;

use crate::failure::Failure;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Prints JSON only, or text.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a result, in the form that was asked for.
    pub(crate) fn result(self, value: &Value, text: impl FnOnce() -> String) {
        let line = if self.json { value.to_string() } else { text() };
        // Whoever closed the pipe does not want to read on; that is no failure of the command.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// Prints why a command failed: for people on standard error, for programs where they read results.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            self.result(&failure.as_json(), String::new);
        } else {
            self.progress(&failure.as_text());
        }
    }

    /// Says what is going on.
    pub(crate) fn progress(self, line: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}
