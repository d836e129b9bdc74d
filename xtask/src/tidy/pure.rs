//! Crates without clock, threads or unordered maps: each has the same list of what clippy refuses there, beside the
//! settings of the workspace, and refuses wildcards over enums.

use std::fs;

use anyhow::{Context as _, Result};
use toml::Table;

use super::{Findings, Member};
use crate::step;

/// The pure crates, the first of which has the list that the others have, too.
const PURE: [&str; 7] = ["threshold", "auth", "encryption", "engine", "policy", "quota", "wire"];
/// What a pure crate refuses.
const LISTS: [&str; 2] = ["disallowed-types", "disallowed-methods"];
/// The attribute by which a crate refuses wildcards.
const NO_WILDCARDS: &str = "#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]";

pub(super) fn check(members: &[Member]) -> Result<Findings> {
    let workspace = settings("clippy.toml")?;
    let mut findings = Findings::new();
    let mut first = None;
    for name in PURE {
        let place = format!("crates/{name}/clippy.toml");
        let own = settings(&place)?;
        findings.extend(compare(&place, &own, &workspace, first.as_ref().unwrap_or(&own)));
        first.get_or_insert(own);
        let library = format!("crates/{name}/src/lib.rs");
        if !read(&library)?.lines().any(|line| line == NO_WILDCARDS) {
            findings.push(format!("{library}: without {NO_WILDCARDS}"));
        }
    }
    // Another crate's settings would silently replace the workspace's.
    let others = members.iter().filter(|member| member.folder.join("clippy.toml").exists());
    let listed =
        |member: &&Member| member.name.strip_prefix("quorate-").is_some_and(|name| PURE.contains(&name));
    findings.extend(
        others
            .filter(|member| !listed(member))
            .map(|member| format!("{} has a clippy.toml, and is not among the pure crates", member.name)),
    );
    Ok(findings)
}

/// What the settings of a pure crate lack: a setting of the workspace, or the common lists.
fn compare(place: &str, own: &Table, workspace: &Table, first: &Table) -> Findings {
    let lost = workspace.iter().filter(|(name, value)| own.get(*name) != Some(value));
    let mut findings: Findings =
        lost.map(|(name, _)| format!("{place}: {name} is not as in the workspace's clippy.toml")).collect();
    for list in LISTS {
        match own.get(list) {
            None => findings.push(format!("{place}: no {list}")),
            found if found != first.get(list) => {
                findings.push(format!("{place}: {list} is not as in crates/{}/clippy.toml", PURE[0]));
            }
            Some(_) => {}
        }
    }
    findings
}

fn settings(path: &str) -> Result<Table> {
    read(path)?.parse().with_context(|| format!("reading {path}"))
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(step::root().join(path)).with_context(|| format!("reading {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_differs_and_a_setting_that_is_lost_are_found() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        let first = table("a = 1\ndisallowed-types = ['x']\ndisallowed-methods = ['y']");
        let found = |own: &str| compare("p", &table(own), &table("a = 1"), &first).len();
        assert_eq!(found("a = 1\nb = 2\ndisallowed-types = ['x']\ndisallowed-methods = ['y']"), 0);
        assert_eq!(found("disallowed-types = ['x']\ndisallowed-methods = ['y']"), 1, "a is lost");
        assert_eq!(found("a = 1\ndisallowed-types = []\ndisallowed-methods = ['y']"), 1, "x is lost");
        assert_eq!(found("a = 2"), 3);
    }
}
