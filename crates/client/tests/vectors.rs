//! The vectors of `docs/http.md`: what a client of one's own must compute. They are made here by the code that nodes and
//! clients run, and stand in `docs/vectors/http.json`; the page shows the short ones. `UPDATE_VECTORS=1` writes both.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

#[path = "vectors/example.rs"]
mod example;
#[path = "vectors/logins.rs"]
mod logins;
#[path = "vectors/page.rs"]
mod page;

use std::{fs, path::PathBuf};

use serde_json::Value;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// Compares a file with what it must be, or writes it.
fn check(name: &str, expected: &str) {
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        fs::create_dir_all(path("vectors")).unwrap();
        fs::write(path(name), expected).unwrap();
    }
    let found = fs::read_to_string(path(name)).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).find(|(one, other)| one != other);
    assert!(found == expected, "docs/{name} differs; UPDATE_VECTORS=1 writes it anew: {differs:#?}");
}

#[test]
fn the_file_of_vectors_is_what_this_code_computes() {
    let mut text = serde_json::to_string_pretty(&example::vectors()).unwrap();
    text.push('\n');
    check("vectors/http.json", &text);
}

#[test]
fn the_page_shows_the_same_vectors() {
    let vectors: Value = example::vectors();
    let found = fs::read_to_string(path("http.md")).unwrap();
    check("http.md", &page::with_vectors(&found, &vectors));
}
