//! The dependency table of the root manifest: exact, reasoned, ordered, and used.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Findings, Member};
use crate::step;

const TABLE: &str = "[workspace.dependencies]";

struct Entry {
    requirement: Option<String>,
    path: bool,
    reason: bool,
}

pub(super) fn check(members: &[Member]) -> Result<Findings> {
    let manifest = fs::read_to_string(step::root().join("Cargo.toml"))?;
    let (table, mut findings) = read_table(&manifest)?;
    for (name, entry) in table.iter().filter(|(_, entry)| !entry.path) {
        if !entry.reason {
            findings.push(format!("Cargo.toml: {name} has no comment above it that says why it is here"));
        }
        match &entry.requirement {
            Some(requirement) if is_exact(requirement) => {}
            _ => findings.push(format!("Cargo.toml: {name} is not pinned to one version (\"=x.y.z\")")),
        }
    }
    for name in table.keys() {
        if !members.iter().any(|member| member.dependencies.iter().any(|used| used.name == *name)) {
            findings.push(format!("Cargo.toml: no crate uses {name}"));
        }
    }
    for member in members {
        let sources = sources(&member.folder)?;
        for used in &member.dependencies {
            let Some(entry) = table.get(&used.name) else {
                findings.push(format!("{}: {} is not in the workspace's table", member.name, used.name));
                continue;
            };
            if entry.requirement.as_ref().is_some_and(|requirement| *requirement != used.requirement) {
                findings
                    .push(format!("{}: {} does not come from the workspace's table", member.name, used.name));
            }
            // An optional dependency may be there for its features or its files alone.
            let identifier = used.name.replace('-', "_");
            if !used.optional && !sources.iter().any(|source| mentions(source, &identifier)) {
                findings.push(format!("{}: {} is not used in its sources", member.name, used.name));
            }
        }
    }
    Ok(findings)
}

fn read_table(manifest: &str) -> Result<(BTreeMap<String, Entry>, Findings)> {
    let (_, rest) = manifest.split_once(TABLE).context("Cargo.toml has a dependency table")?;
    let table = rest.split("\n[").next().unwrap_or_default();
    let mut entries = BTreeMap::new();
    let mut findings = Findings::new();
    let mut above = "";
    let mut last = String::new();
    for line in table.lines() {
        if let Some((name, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            let path = value.contains("path = ");
            if !path {
                if *name < *last {
                    findings.push(format!("Cargo.toml: {name} is out of order"));
                }
                name.clone_into(&mut last);
            }
            let entry = Entry { requirement: requirement(value), path, reason: above.starts_with("# ") };
            entries.insert(name.to_owned(), entry);
        }
        above = line;
    }
    Ok((entries, findings))
}

/// The version requirement of `"=1.2.3"` or `{ version = "=1.2.3", … }`.
fn requirement(value: &str) -> Option<String> {
    let quoted = match value.split_once("version = ") {
        Some((_, rest)) => rest,
        None => value,
    };
    let text = quoted.strip_prefix('"')?.split('"').next()?;
    Some(text.to_owned())
}

fn is_exact(requirement: &str) -> bool {
    let parts = requirement.strip_prefix('=').unwrap_or_default().split('+').next().unwrap_or_default();
    parts.split('-').next().is_some_and(|version| {
        let numbers: Vec<&str> = version.split('.').collect();
        numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u64>().is_ok())
    })
}

/// Whether a source names a crate, and not only a longer word that contains its name.
fn mentions(source: &str, identifier: &str) -> bool {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    source.match_indices(identifier).any(|(place, found)| {
        !source[..place].chars().next_back().is_some_and(word)
            && !source[place + found.len()..].chars().next().is_some_and(word)
    })
}

fn sources(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(&path)?);
            }
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_version_is_exact() {
        assert!(is_exact("=1.2.3"));
        assert!(is_exact("=1.2.1+spec-1.1.0"));
        assert!(is_exact("=3.0.0-rc.1"));
        for other in ["1.2.3", "=1.2", "^1.2.3", "*", "=1", ""] {
            assert!(!is_exact(other), "{other}");
        }
    }

    #[test]
    fn an_entry_needs_its_own_reason() {
        let text = "[workspace.dependencies]\n# Why.\na = \"=1.0.0\"\nb = { version = \"=1.0.0\" }\n[x]\n";
        let (table, findings) = read_table(text).unwrap();
        assert!(findings.is_empty());
        assert!(table["a"].reason && !table["b"].reason);
        assert_eq!(table["b"].requirement.as_deref(), Some("=1.0.0"));
    }

    #[test]
    fn a_longer_word_is_no_mention() {
        assert!(mentions("use hex::encode;", "hex"));
        assert!(!mentions("use hexlike; let my_hex = 1;", "hex"));
    }
}
