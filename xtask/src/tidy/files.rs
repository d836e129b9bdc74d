//! What no tracked file may contain: paths of one machine, package hosts; and locks that name download addresses.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::Findings;
use crate::step;

/// First folders of paths that exist on one machine only.
const MACHINE_FOLDERS: [&str; 5] = ["home", "root", "Users", "work", "farm"];
/// Package hosts, cut in two so that this list is not a finding.
const HOSTS: [(&str, &str); 5] = [
    ("registry.", "npmjs.org"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("files.python", "hosted.org"),
    ("deb.debian", ".org"),
];

pub(super) fn check() -> Result<Findings> {
    let mut findings = Findings::new();
    let hosts: Vec<String> = HOSTS.iter().map(|(start, end)| format!("{start}{end}")).collect();
    for path in tracked()? {
        // A file that was deleted but not yet committed, or is not text, is none of ours.
        let Ok(text) = fs::read_to_string(step::root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(host) = hosts.iter().find(|host| line.contains(host.as_str())) {
                findings.push(format!("{path}:{}: names the package host {host}", number + 1));
            }
            if let Some(folder) = machine_path(line) {
                findings.push(format!("{path}:{}: a path of one machine (/{folder}/…)", number + 1));
            }
        }
        if path.ends_with("package-lock.json") && text.lines().any(is_download_address) {
            findings.push(format!(
                "{path}: has download addresses; see omit-lockfile-registry-resolved in .npmrc"
            ));
        }
    }
    Ok(findings)
}

/// The first folder, if the line has a path that begins in one of a single machine.
fn machine_path(line: &str) -> Option<&'static str> {
    MACHINE_FOLDERS.into_iter().find(|folder| {
        line.match_indices(&format!("/{folder}/")).any(|(place, _)| {
            // Behind a word, a dot or a host name it is part of a longer path or of an address.
            let before = line[..place].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '}' | ')' | '>'))
        })
    })
}

/// Whether a line of a lock says where a package comes from. A folder of the tree is no such place.
fn is_download_address(line: &str) -> bool {
    line.trim_start().strip_prefix("\"resolved\":").is_some_and(|place| place.contains("://"))
}

/// The paths of all tracked files.
pub(super) fn tracked() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    let output = git.current_dir(step::root()).args(["ls-files", "-z"]).output().context("running git")?;
    if !output.status.success() {
        bail!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let list = String::from_utf8(output.stdout)?;
    Ok(list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(machine_path(&format!("see /{}/me/x", "home")), Some("home"));
        assert_eq!(machine_path("crates/work/x and https://a.example/root/x"), None);
    }

    #[test]
    fn a_folder_of_the_tree_is_no_download_address() {
        assert!(is_download_address(r#"      "resolved": "https://packages.example/a-1.0.0.tgz","#));
        assert!(is_download_address(r#""resolved": "git+ssh://git@host.example/a.git#1","#));
        assert!(!is_download_address(r#"      "resolved": "empty","#));
        assert!(!is_download_address(r#"      "link": true"#));
    }
}
