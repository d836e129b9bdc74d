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

/// The document whose table of crates says, in its last column, which crates of ours each may use.
const MAY_USE: &str = "ARCHITECTURE.md";

pub(super) fn check(members: &[Member]) -> Result<Findings> {
    let mut findings = check_error_page()?;
    findings.extend(may_use(&read(MAY_USE)?, members));
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

/// The last column of the table of crates is what the manifests say; tests may use more.
fn may_use(page: &str, members: &[Member]) -> Findings {
    let ours = |name: &str| name.strip_prefix("quorate-").map(str::to_owned);
    let mut findings = Findings::new();
    for line in section(page, "## Code map").unwrap_or_default().lines() {
        let Some(name) = first_cell(line) else { continue };
        let Some(member) = members.iter().find(|member| ours(&member.name).as_deref() == Some(name)) else {
            continue;
        };
        let used = member.dependencies.iter().filter(|dependency| !dependency.dev);
        let used: BTreeSet<String> = used.filter_map(|dependency| ours(&dependency.name)).collect();
        let last = line.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
        let written: BTreeSet<String> =
            last.split(',').map(str::trim).filter(|name| *name != "–").map(str::to_owned).collect();
        for missing in used.difference(&written) {
            findings.push(format!("{MAY_USE}: {name} uses {missing}, which its row does not allow"));
        }
        for idle in written.difference(&used) {
            findings.push(format!("{MAY_USE}: the row of {name} allows {idle}, which it does not use"));
        }
    }
    findings
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
    fn the_last_column_is_what_the_manifests_say() {
        let uses = |name: &str, dev| super::super::Dependency {
            name: name.to_owned(),
            requirement: String::new(),
            optional: false,
            dev,
        };
        let member = Member {
            name: "quorate-a".to_owned(),
            folder: std::path::PathBuf::new(),
            dependencies: vec![uses("quorate-b", false), uses("serde", false), uses("quorate-d", true)],
        };
        let found = |last: &str| {
            let page =
                format!("## Code map\n\n| crate | what | may use |\n|---|---|---|\n| `a` | x | {last} |\n");
            may_use(&page, std::slice::from_ref(&member)).len()
        };
        assert_eq!(found("b"), 0);
        assert_eq!(found("–"), 1, "b is missing");
        assert_eq!(found("b, c"), 1, "c is not used");
        assert_eq!(found("c, d"), 3, "b is missing, the others are not used");
    }

    #[test]
    fn a_table_is_read_from_its_section_only() {
        let text = "# A\n## Crates\n\n| crate | what |\n|---|---|\n| `a` | x |\n\n## Other\n| `b` | y |\n";
        let rows: Vec<_> = section(text, "## Crates").unwrap().lines().filter_map(first_cell).collect();
        assert_eq!(rows, ["a"]);
    }
}
