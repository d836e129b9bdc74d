//! What a command prints: a document for programs on standard output, lines for people, progress on the side.

use std::{io::Write as _, sync::mpsc, thread, time::Duration};

use quorate_auth::is_invisible;
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
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// A text of somebody else as it may stand in a line of a terminal, a log or a page: it can begin no line that is taken for one
/// of ours, and hides no character.
///
/// Lines after the first begin with `MARK`. Control characters, marks of direction, and what is not seen at all are
/// written as `\u{…}`.
pub(crate) fn printable(text: &str) -> String {
    const MARK: &str = "\n  \u{2502} ";
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push_str(MARK),
            '\t' => shown.push('\t'),
            _ if character.is_control() || is_hidden(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

/// What is not seen, looks like a space, ends a line, or goes around the characters after it.
fn is_hidden(character: char) -> bool {
    let number = u32::from(character);
    is_invisible(character)
        || matches!(number, 0x2028 | 0x2029 | 0x115f | 0x1160 | 0x3164 | 0xffa0)
        || matches!(number, 0x0600..=0x0605 | 0x06dd | 0x070f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(
            printable("hi\nsignature  forged\r\n"),
            "hi\n  \u{2502} signature  forged\\u{d}\n  \u{2502} "
        );
        assert_eq!(printable("to \u{202e}elbarreva\u{2028}x"), "to \\u{202e}elbarreva\\u{2028}x");
        assert_eq!(printable("tabs\tand Zürich, 日本, 🙂 stay"), "tabs\tand Zürich, 日本, 🙂 stay");
    }
}
