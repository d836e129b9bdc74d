//! Texts of others as people are shown them.

use crate::is_invisible;

/// A text of somebody else as it may stand in a line of a terminal, a log or a page: it can begin no line that is taken for one
/// of ours, and hides no character.
///
/// Lines after the first begin with `│`. Control characters, marks of direction, and what is not seen at all are
/// written as `\u{…}`.
///
/// ```
/// assert_eq!(quorate_auth::printable("hi\nsignature 0x01\u{202e}"), "hi\n  │ signature 0x01\\u{202e}");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
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
        || (character.is_whitespace() && character != ' ')
        || matches!(number, 0x2028 | 0x2029 | 0x2800 | 0x115f | 0x1160 | 0x3164 | 0xffa0)
        || matches!(number, 0x0600..=0x0605 | 0x06dd | 0x070f | 0x08e2 | 0x110bd | 0x110cd | 0x13430..=0x1345f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_what_is_not_seen_do_not_reach_the_reader() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(
            printable("hi\nsignature  forged\r\n"),
            "hi\n  \u{2502} signature  forged\\u{d}\n  \u{2502} "
        );
        assert_eq!(printable("to \u{202e}elbarreva\u{2028}x"), "to \\u{202e}elbarreva\\u{2028}x");
        assert_eq!(printable("tabs\tand Zürich, 日本, 🙂 stay"), "tabs\tand Zürich, 日本, 🙂 stay");
    }
}
