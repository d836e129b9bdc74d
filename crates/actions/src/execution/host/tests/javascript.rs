//! The guest's JavaScript and the documentation say the numbers that this code says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quorate_wire::limits;

use crate::execution::host::codec::KINDS;

fn folder(place: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(place)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of the project")
}

/// The texts of all JavaScript files of the guest.
fn scripts(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of the project");
    let mut texts = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            texts.extend(scripts(&path));
        } else if path.extension().is_some_and(|extension| extension == "js") {
            texts.push(read(&path));
        }
    }
    texts
}

/// What a text says that names beginning so are: `NAME = value`, up to a comma or semicolon.
fn constants<'a>(text: &'a str, prefix: &str) -> Vec<(&'a str, &'a str)> {
    let declared = text.lines().filter(|line| line.contains("const "));
    let parts =
        declared.flat_map(|line| line.split("const ").skip(1)).flat_map(|list| list.split([',', ';']));
    parts
        .filter_map(|part| part.trim().split_once(" = "))
        .filter(|(name, _)| name.starts_with(prefix) && !name.contains(' '))
        .collect()
}

/// A number as the scripts write it: digits, `a << b`, or `a * b`.
fn number(text: &str) -> u64 {
    let plain = |text: &str| text.trim().replace('_', "").parse::<u64>().expect("a number");
    match (text.split_once("<<"), text.split_once('*')) {
        (Some((a, b)), _) => plain(a) << plain(b),
        (None, Some((a, b))) => plain(a) * plain(b),
        (None, None) => plain(text),
    }
}

#[test]
fn kinds_of_host_calls_are_the_same_in_javascript() {
    let texts = scripts(&folder("guest/js"));
    let mut found = BTreeMap::new();
    for (name, value) in texts.iter().flat_map(|text| constants(text, "KIND_")) {
        assert_eq!(found.insert(name, number(value)), None, "{name} stands once");
    }
    let expected = KINDS.map(|(name, kind)| (name, u64::try_from(kind).expect("not negative")));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn bounds_of_host_calls_are_the_same_in_javascript() {
    let expected: [(&str, &[(&str, usize)]); 3] = [
        (
            "guest/js/web/fetch.js",
            &[
                ("URL_BYTES_MAX", limits::FETCH_URL_BYTES_MAX),
                ("HEADERS_MAX", limits::FETCH_HEADERS_MAX),
                ("HEADERS_BYTES_MAX", limits::FETCH_HEADERS_BYTES_MAX),
                ("BODY_BYTES_MAX", limits::FETCH_BODY_BYTES_MAX),
            ],
        ),
        (
            "guest/js/sdk/flow.js",
            &[
                ("NAME_BYTES_MAX", limits::VALUE_NAME_BYTES_MAX),
                ("COLLECT_BYTES_MAX", limits::VALUE_BYTES_MAX),
                ("RUN_ONCE_BYTES_MAX", limits::LEADER_VALUE_BYTES_MAX),
            ],
        ),
        ("guest/js/web/timers.js", &[("PAUSE_MS_MAX", limits::PAUSE_MS_MAX as usize)]),
    ];
    for (file, bounds) in expected {
        let text = read(&folder(file));
        let found: BTreeMap<_, _> = constants(&text, "").into_iter().collect();
        for (name, bound) in bounds {
            assert_eq!(found.get(name).map(|value| number(value)), Some(*bound as u64), "{name} of {file}");
        }
    }
    let methods = limits::FETCH_METHODS.map(|method| format!("'{method}'")).join(", ");
    assert!(read(&folder("guest/js/web/fetch.js")).contains(&format!("const METHODS = [{methods}];")));
}

#[test]
fn the_documentation_has_the_bounds_of_a_fetch() {
    let text = read(&folder("../../docs/actions.md"));
    let kib = |bytes: usize| format!("{} KiB", bytes >> 10);
    let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
    let seconds = |ms: u64| format!("{} s", ms / 1_000);
    let methods = limits::FETCH_METHODS.map(|method| format!("`{method}`")).join(", ");
    let rows = [
        ("address", kib(limits::FETCH_URL_BYTES_MAX)),
        ("method", methods),
        (
            "headers of the request",
            format!(
                "{}, names and values {}",
                limits::FETCH_HEADERS_MAX,
                kib(limits::FETCH_HEADERS_BYTES_MAX)
            ),
        ),
        ("body of the request", mib(limits::FETCH_BODY_BYTES_MAX)),
        ("body of the answer", mib(limits::FETCH_ANSWER_BODY_BYTES_MAX)),
        (
            "headers of the answer",
            format!(
                "{}, the head {}, names and values {}",
                limits::FETCH_ANSWER_HEADERS_MAX,
                kib(limits::FETCH_ANSWER_HEAD_BYTES_MAX),
                kib(limits::FETCH_ANSWER_HEADERS_BYTES_MAX)
            ),
        ),
        ("finding and reaching the server", seconds(limits::FETCH_CONNECT_MS)),
        ("the whole request", seconds(limits::FETCH_MS)),
        ("redirects", format!("{}, ", limits::FETCH_REDIRECTS_MAX)),
    ];
    for (name, bound) in rows {
        let row = text.lines().find(|line| line.starts_with(&format!("| {name}"))).expect("a row");
        let cell = row.split('|').nth(2).expect("a bound");
        assert!(cell.contains(&bound), "{name}: {bound} is not in {cell}");
    }
}
