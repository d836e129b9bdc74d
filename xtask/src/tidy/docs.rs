//! Documents that list things: they list those that are there, and no others.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result};

use super::{Findings, Member};
use crate::step;

const ERROR_CODES: &str = "crates/wire/src/error.rs";
const ERROR_PAGE: &str = "docs/errors.md";
/// Documents with a table of all crates, and the heading that it stands under.
const CRATE_TABLES: [(&str, &str); 2] = [("README.md", "## Crates"), ("ARCHITECTURE.md", "## Code map")];

pub(super) fn check(members: &[Member]) -> Result<Findings> {
    let mut findings = check_error_page()?;
    let crates: BTreeSet<String> =
        members.iter().filter_map(|member| member.name.strip_prefix("quorate-")).map(str::to_owned).collect();
    for (document, heading) in CRATE_TABLES {
        let text = read(document)?;
        let Some(section) = section(&text, heading) else {
            findings.push(format!("{document}: no heading {heading:?}"));
            continue;
        };
        let listed: BTreeSet<String> = section.lines().filter_map(first_cell).map(str::to_owned).collect();
        for missing in crates.difference(&listed) {
            findings
                .push(format!("{document}: the table under {heading:?} does not list the crate {missing}"));
        }
        for gone in listed.difference(&crates) {
            findings.push(format!("{document}: the table under {heading:?} lists {gone}, which is no crate"));
        }
    }
    Ok(findings)
}

/// Each error code has a section of its own, with words in it.
fn check_error_page() -> Result<Findings> {
    let page = read(ERROR_PAGE)?;
    let codes = codes(&read(ERROR_CODES)?);
    let mut findings = Findings::new();
    if codes.is_empty() {
        findings.push(format!("{ERROR_CODES}: no codes found; the list's form has changed"));
    }
    let mut sections = BTreeSet::new();
    for part in page.split("\n### `").skip(1) {
        let (code, body) = part.split_once('`').context("a heading ends its code")?;
        let body = body.split("\n## ").next().unwrap_or_default();
        if !codes.contains(code) {
            findings.push(format!("{ERROR_PAGE}: {code} is no error code"));
        }
        if !sections.insert(code.to_owned()) {
            findings.push(format!("{ERROR_PAGE}: two sections for {code}"));
        }
        if body.trim().len() < 40 {
            findings.push(format!("{ERROR_PAGE}: the section for {code} says nothing"));
        }
    }
    findings.extend(codes.difference(&sections).map(|code| format!("{ERROR_PAGE}: no section for {code}")));
    Ok(findings)
}

/// The text forms in the list of codes: lines such as `Name = 7, "text_form", Class, "Title.";`.
fn codes(source: &str) -> BTreeSet<String> {
    let code = |line: &str| {
        let (number, rest) = line.trim().split_once(" = ")?.1.split_once(", \"")?;
        number.parse::<u8>().ok()?;
        Some(rest.split('"').next()?.to_owned())
    };
    source.lines().filter_map(code).collect()
}

fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let start = text.find(&format!("{heading}\n"))? + heading.len();
    let rest = &text[start..];
    Some(&rest[..rest.find("\n## ").unwrap_or(rest.len())])
}

/// The name in a table row such as "| `wire` | … |".
fn first_cell(line: &str) -> Option<&str> {
    line.strip_prefix("| `")?.split('`').next()
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(step::root().join(path)).with_context(|| format!("reading {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_from_the_list() {
        let found =
            codes("    NotReady = 20, \"not_ready\", Unavailable, \"No share yet.\";\n  let a = 5;\n");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["not_ready"]);
    }

    #[test]
    fn a_table_is_read_from_its_section_only() {
        let text = "# A\n## Crates\n\n| crate | what |\n|---|---|\n| `a` | x |\n\n## Other\n| `b` | y |\n";
        let rows: Vec<_> = section(text, "## Crates").unwrap().lines().filter_map(first_cell).collect();
        assert_eq!(rows, ["a"]);
    }
}
