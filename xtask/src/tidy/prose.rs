//! Sentences of the documents: none is so long that a reader has to begin again.

use std::fs;

use anyhow::{Context as _, Result};

use super::Findings;
use super::files::tracked;
use crate::step;

/// The words that a sentence may have.
const WORDS_MAX: usize = 45;

pub(super) fn check() -> Result<Findings> {
    let mut findings = Findings::new();
    for path in tracked()?.iter().filter(|path| is_document(path)) {
        let text = fs::read_to_string(step::root().join(path)).with_context(|| format!("reading {path}"))?;
        for (line, sentence) in sentences(&text) {
            let words = sentence.split(' ').count();
            if words > WORDS_MAX {
                let start: Vec<&str> = sentence.split(' ').take(6).collect();
                let start = start.join(" ");
                findings.push(format!(
                    "{path}:{line}: a sentence of {words} words, and {WORDS_MAX} are the most: \"{start} …\""
                ));
            }
            if sentence.contains("can not ") {
                findings.push(format!("{path}:{line}: \"can not\" is written as one word"));
            }
        }
    }
    Ok(findings)
}

/// The pages at the root, and all below `docs`.
pub(super) fn is_document(path: &str) -> bool {
    path.ends_with(".md") && (path.starts_with("docs/") || !path.contains('/'))
}

/// The sentences of a page, each with the line on which its paragraph, list item or table cell begins. Code blocks are
/// none; inline code is one word, and a link is its text.
fn sentences(page: &str) -> Vec<(usize, String)> {
    let plain = |(line, block): (usize, String)| split(&plain(&block)).into_iter().map(move |s| (line, s));
    blocks(page).into_iter().flat_map(plain).collect()
}

/// Paragraphs, list items, headings and table cells.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let (mut fenced, mut open) = (false, false);
    for (number, line) in (1..).zip(page.lines()) {
        let line = line.trim().trim_start_matches('>').trim();
        if line.starts_with("```") {
            fenced = !fenced;
            open = false;
        } else if fenced || line.is_empty() {
            open = false;
        } else if line.starts_with('|') {
            blocks.extend(cells(line).into_iter().map(|cell| (number, cell)));
            open = false;
        } else if let Some(item) = after_marker(line) {
            blocks.push((number, item.to_owned()));
            // A heading has one line; a list item goes on.
            open = !line.starts_with('#');
        } else if let (true, Some((_, block))) = (open, blocks.last_mut()) {
            block.push(' ');
            block.push_str(line);
        } else {
            blocks.push((number, line.to_owned()));
            open = true;
        }
    }
    blocks
}

/// What follows the mark of a heading or of a list item.
fn after_marker(line: &str) -> Option<&str> {
    let (marker, rest) = line.split_once(' ')?;
    let number = marker.strip_suffix('.').is_some_and(|digits| digits.parse::<u32>().is_ok());
    let heading = marker.bytes().all(|byte| byte == b'#');
    (number || heading || matches!(marker, "-" | "*")).then_some(rest)
}

/// The cells of a table's row. A bar in inline code, or behind a backslash, is part of its cell.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut code, mut escaped) = (false, false);
    for character in row.chars() {
        code ^= character == '`';
        match cells.last_mut() {
            Some(cell) if character != '|' || code || escaped => cell.push(character),
            _ => cells.push(String::new()),
        }
        escaped = character == '\\';
    }
    cells
}

/// A block as it is read: inline code is the word "Code", a link its text.
fn plain(block: &str) -> String {
    // Between backquotes, every other piece is code.
    let pieces = block.replace("``", "`").split('`').map(str::to_owned).collect::<Vec<_>>();
    let mut text = String::new();
    for (place, piece) in pieces.iter().enumerate() {
        text.push_str(if place % 2 == 0 { piece } else { "Code" });
    }
    while let Some((start, end)) = address(&text) {
        text.replace_range(start..end, "");
    }
    text.replace(['[', ']', '*'], "")
}

/// Where the address of the first link is, with what encloses it.
fn address(text: &str) -> Option<(usize, usize)> {
    let start = text.find("](")?;
    let length = text[start..].find(')')?;
    Some((start, start + length + 1))
}

/// The sentences of plain text, their words one space apart. A full stop ends one where no small letter follows.
fn split(text: &str) -> Vec<String> {
    let words: Vec<&str> =
        text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).collect();
    let mut sentences = Vec::new();
    let mut from = 0;
    for (place, word) in words.iter().enumerate() {
        let full_stop = word.trim_end_matches(['"', '”', ')', '’']).ends_with(['.', '!', '?']);
        let small = |next: &&str| next.trim_start_matches(['"', '“', '(']).starts_with(char::is_lowercase);
        let next = words.get(place + 1);
        if next.is_none() || full_stop && !next.is_some_and(small) {
            sentences.push(words[from..=place].join(" "));
            from = place + 1;
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(page: &str) -> Vec<usize> {
        sentences(page).iter().map(|(_, sentence)| sentence.split(' ').count()).collect()
    }

    #[test]
    fn sentences_end_at_full_stops_and_with_their_paragraph() {
        assert_eq!(counts("One two. Three\nfour (five six).\n\nSeven"), [2, 4, 1]);
        assert_eq!(counts("It has 3.2 of them, e.g. this one."), [8]);
        assert_eq!(counts("# A heading\nA line."), [2, 2]);
        assert_eq!(counts("He said \"yes.\" Then no."), [3, 2]);
    }

    #[test]
    fn list_items_and_cells_are_apart() {
        assert_eq!(counts("These two:\n- one two\n  three\n1. four\n> five six"), [2, 3, 1 + 2]);
        assert_eq!(counts("| a b | c |\n|---|---|\n| `d | e` f | g \\| h |"), [2, 1, 2, 2]);
    }

    #[test]
    fn code_and_addresses_are_not_counted() {
        assert_eq!(
            counts("See `a b c` and [the page](https://a.example/b c) now.\n```\na b c\n```\nEnd."),
            [6, 1]
        );
        assert_eq!(counts("A `x.` then. `Y` ends."), [3, 2]);
        assert_eq!(counts("Text with ``a `b` c`` in it."), [5]);
    }

    #[test]
    fn the_line_is_that_of_the_paragraph() {
        let long = vec!["word"; WORDS_MAX + 1].join(" ");
        let found = sentences(&format!("Short.\n\nFirst. A {long}\nand more."));
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3, 3]);
        assert!(found[2].1.split(' ').count() > WORDS_MAX);
    }

    #[test]
    fn documents_are_at_the_root_and_in_docs() {
        assert!(is_document("README.md") && is_document("docs/protocols/dkg.md"));
        assert!(!is_document("examples/actions/README.md") && !is_document("docs/vectors/http.json"));
    }
}
