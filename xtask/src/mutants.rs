//! `cargo xtask mutants`: plants one-line faults in checks that keep a promise, and shows which test catches each.
//!
//! The faults are listed in `xtask/mutants.toml`. They are planted in a copy of the tracked files, one at a time; the
//! checkout is never touched. The copy has a target folder of its own, so that no planted fault is ever built into
//! anything else; what cargo has built of other people's crates is linked into it.

mod list;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

pub(crate) use list::{Mutant, load};

use crate::step::{cargo, root, seconds, target};
use crate::{say, warn};

/// Into how many parts the list is cut; each run of the checks takes one.
const PARTS: usize = 20;

const USAGE: &str = "usage: cargo xtask mutants [--list | --only NAME | --turn | --part K]  (K from 0 to 19)";

/// Plants all mutants, one, or a twentieth of them.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mutants = load()?;
    let chosen: Vec<&Mutant> = match words.as_slice() {
        [] => mutants.iter().collect(),
        ["--list"] => {
            mutants.iter().for_each(|mutant| say(&format!("{}: {}", mutant.name, mutant.promise)));
            return Ok(());
        }
        ["--only", name] => mutants.iter().filter(|mutant| mutant.name == *name).collect(),
        ["--turn"] => return turn(),
        ["--part", part] => {
            let part: usize = part.parse().ok().filter(|part| *part < PARTS).context(USAGE)?;
            part_of(&mutants, part)
        }
        _ => bail!(USAGE),
    };
    if chosen.is_empty() {
        bail!("no such mutant; see cargo xtask mutants --list");
    }
    plant_all(&chosen)
}

/// The twentieth whose turn it is: each commit takes another one, and the same commit the same.
fn turn() -> Result<()> {
    let count = git(&["rev-list", "--count", "HEAD"])?;
    let part = count.trim().parse::<usize>().context("git counts commits")? % PARTS;
    warn(&format!(
        "   the part of this commit is {part}; to repeat only this: cargo xtask mutants --part {part}"
    ));
    plant_all(&part_of(&load()?, part))
}

/// Every twentieth, so that the faults of one file, which stand together, come in different parts.
fn part_of(mutants: &[Mutant], part: usize) -> Vec<&Mutant> {
    mutants.iter().skip(part).step_by(PARTS).collect()
}

fn plant_all(mutants: &[&Mutant]) -> Result<()> {
    let copy = Copy::make()?;
    copy.passes(mutants)?;
    let mut survivors = Vec::new();
    for mutant in mutants {
        let begun = Instant::now();
        let caught = copy.catches(mutant)?;
        let took = seconds(begun.elapsed());
        match caught.first() {
            Some(first) => {
                let more =
                    if caught.len() > 1 { format!(" and {} more", caught.len() - 1) } else { String::new() };
                say(&format!("caught    {}: {first}{more} ({took})", mutant.name));
            }
            None => {
                say(&format!("SURVIVED  {}: {} ({took})", mutant.name, mutant.promise));
                survivors.push(mutant.name.as_str());
            }
        }
    }
    say(&format!("{} planted, {} caught", mutants.len(), mutants.len() - survivors.len()));
    if survivors.is_empty() { Ok(()) } else { bail!("no test catches {}", survivors.join(", ")) }
}

/// A copy of the tracked files in which faults are planted.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    /// Brings the copy up to the checkout. What is equal already is left alone, or cargo would build it again.
    fn make() -> Result<Self> {
        let folder = target().join("mutants").join("tree");
        let listed = git(&["ls-files", "-z"])?;
        let files: BTreeSet<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        for path in &files {
            // Deleted, but not yet committed.
            let Ok(bytes) = fs::read(root().join(path)) else { continue };
            write_if_changed(&folder.join(path), &bytes)?;
        }
        remove_others(&folder, &folder, &files)?;
        let built = folder.with_file_name("target");
        if !built.exists() {
            link_built(&target().join("debug"), &built.join("debug"))?;
        }
        Ok(Self { folder })
    }

    /// The tests that are to catch faults must pass where there is none.
    fn passes(&self, mutants: &[&Mutant]) -> Result<()> {
        let suites: BTreeSet<(&str, &str)> =
            mutants.iter().map(|mutant| (mutant.package.as_str(), mutant.tests.as_str())).collect();
        for (package, tests) in suites {
            let failed = self.test(package, tests)?;
            if let Some(test) = failed.first() {
                bail!("{test} of {package} fails without a mutant");
            }
        }
        Ok(())
    }

    /// Plants a fault, and gives the tests that fail.
    fn catches(&self, mutant: &Mutant) -> Result<Vec<String>> {
        let path = self.folder.join(&mutant.file);
        let sound = fs::read_to_string(&path).with_context(|| format!("reading {}", mutant.file))?;
        fs::write(&path, mutant.planted(&sound)?)?;
        let failed = self.test(&mutant.package, &mutant.tests);
        fs::write(&path, sound)?;
        failed.with_context(|| format!("mutant {}", mutant.name))
    }

    /// Runs tests of a package whose names contain a word, and gives those that fail.
    fn test(&self, package: &str, tests: &str) -> Result<Vec<String>> {
        let mut command = cargo();
        command.current_dir(&self.folder).args([
            "test",
            "--locked",
            "--package",
            package,
            "--lib",
            "--tests",
        ]);
        command.args(["--no-fail-fast", "--", tests]);
        // Intermediate files beside our own, finished ones apart: other people's crates are built once.
        command
            .env("CARGO_BUILD_BUILD_DIR", target())
            .env("CARGO_TARGET_DIR", self.folder.with_file_name("out"));
        command.env("CARGO_TERM_COLOR", "never");
        let output = command.stdin(Stdio::null()).output().context("running cargo test")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let failed: Vec<String> = text.lines().filter_map(failed_test).collect();
        let ran: u64 = text.lines().filter_map(tests_run).sum();
        if failed.is_empty() && (!output.status.success() || ran == 0) {
            bail!(
                "the tests {tests:?} of {package} did not run ({}):\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(failed)
    }
}

/// `test NAME ... FAILED`, as the test harness says it.
fn failed_test(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.to_owned())
}

/// `running N tests`.
fn tests_run(line: &str) -> Option<u64> {
    line.strip_prefix("running ")?.split(' ').next()?.parse().ok()
}

/// Gives the copy what cargo has built of other people's crates. Of ours nothing: cargo names both builds of them alike.
fn link_built(from: &Path, to: &Path) -> Result<()> {
    for folder in ["deps", "build", ".fingerprint"] {
        let Ok(entries) = fs::read_dir(from.join(folder)) else { continue };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let ours = ["quorate", "libquorate", "xtask", "libxtask"];
            if !ours.iter().any(|start| name.to_string_lossy().starts_with(start)) {
                link_all(&entry.path(), &to.join(folder).join(&name))?;
            }
        }
    }
    Ok(())
}

fn link_all(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            link_all(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::hard_link(from, to).with_context(|| format!("linking {}", to.display()))
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let folder = path.parent().context("a tracked file lies in a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// Removes what is tracked no more: cargo would compile a module that has moved twice.
fn remove_others(top: &Path, folder: &Path, files: &BTreeSet<&str>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(top, &path, files)?;
        } else if path.strip_prefix(top)?.to_str().is_none_or(|name| !files.contains(name)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn git(words: &[&str]) -> Result<String> {
    let output = Command::new("git").current_dir(root()).args(words).output().context("running git")?;
    if !output.status.success() {
        bail!("git {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("git prints UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_test_harness_says_is_read() {
        assert_eq!(failed_test("test a::b ... FAILED").as_deref(), Some("a::b"));
        assert_eq!(failed_test("test a::b ... ok"), None);
        assert_eq!(
            (tests_run("running 12 tests"), tests_run("running 1 test"), tests_run("test x")),
            (Some(12), Some(1), None)
        );
    }
}
