//! `cargo xtask npm-packages`: bundles the npm packages that actions and wallets use most, and runs one call of each.
//!
//! The list is `crates/cli/tests/packages/list.toml`. Beside it each package has a folder with the source of an action, which
//! says what it gives, and the lock of what it imports. What does not work must fail as the list says, and stand in docs/actions.md.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::step::{cargo, root, run as run_command, target};
use crate::{guest, packages, say, warn};

const FOLDER: &str = "crates/cli/tests/packages";
const PAGE: &str = "docs/actions.md";
/// What stands before an action's value, in its source.
const GIVES: &str = "// Gives: ";

/// The list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    package: Vec<Entry>,
}

/// A package in one version.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Where its action lies, if that is not what [`Entry::folder`] makes of the name.
    folder: Option<String>,
    /// Why it does not work.
    does_not_work: Option<String>,
    /// What is said then by the build or the run, or a part of it.
    fails_with: Option<String>,
    /// What to use instead.
    instead: Option<String>,
}

impl Entry {
    fn folder(&self) -> String {
        let plain = || self.name.trim_start_matches('@').replace('/', "-");
        self.folder.clone().unwrap_or_else(plain)
    }

    /// Its line in the table of what does not work.
    fn row(&self) -> Option<String> {
        let reason = self.does_not_work.as_ref()?;
        let instead = self.instead.as_deref().unwrap_or_default();
        Some(format!("| `{}` {} | {reason} | {instead} |", self.name, self.version))
    }
}

/// What came of a package.
struct Outcome {
    bytes: Option<u64>,
    fuel: Option<u64>,
    /// The response, or what went wrong.
    result: Result<String, String>,
}

/// Runs all packages, or those that are named.
pub(crate) fn run(names: &[String]) -> Result<()> {
    packages::ensure_node()?;
    let list = List::read()?;
    let chosen: Vec<&Entry> = match names {
        [] => list.package.iter().collect(),
        names => {
            let known = |name: &String| list.package.iter().any(|entry| entry.is(name));
            if let Some(unknown) = names.iter().find(|name| !known(name)) {
                bail!("{unknown} is not in {FOLDER}/list.toml");
            }
            list.package.iter().filter(|entry| names.iter().any(|name| entry.is(name))).collect()
        }
    };
    guest::ensure_built()?;
    run_command(cargo().args(["build", "--locked", "--package", "quorate-cli"]))?;
    let out = target().join("npm-packages");
    fs::create_dir_all(&out)?;
    say(&format!("{:30} {:>9} {:>9} {:>14}  result", "package", "version", "bytes", "fuel"));
    let mut wrong = Vec::new();
    for entry in chosen {
        let outcome = entry.outcome(&out)?;
        let verdict = entry.verdict(&outcome)?;
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        say(&format!(
            "{:30} {:>9} {:>9} {:>14}  {}",
            entry.name,
            entry.version,
            number(outcome.bytes),
            number(outcome.fuel),
            verdict.as_ref().map_or_else(|text| format!("WRONG: {text}"), ToString::to_string)
        ));
        wrong.extend(verdict.err().map(|text| format!("{} {}: {text}", entry.name, entry.version)));
    }
    wrong.iter().for_each(|line| warn(line));
    ensure!(wrong.is_empty(), "{} packages differ from what {FOLDER} says", wrong.len());
    Ok(())
}

/// What is wrong with the list, its folders or the table in the document; nothing is run.
pub(crate) fn check() -> Result<Vec<String>> {
    let list = List::read()?;
    let mut findings = list.findings()?;
    let page = fs::read_to_string(root().join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let rows: BTreeSet<String> = list.package.iter().filter_map(Entry::row).collect();
    let heading = "### Packages that do not work\n";
    let section =
        page.split_once(heading).map_or("", |(_, rest)| rest.split("\n#").next().unwrap_or_default());
    let written: BTreeSet<String> =
        section.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    for row in rows.symmetric_difference(&written) {
        findings.push(format!("{PAGE} and {FOLDER}/list.toml differ in: {row}"));
    }
    Ok(findings)
}

impl List {
    fn read() -> Result<Self> {
        let path = root().join(FOLDER).join("list.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("reading {}", path.display()))
    }

    /// Each folder is of one entry, and its source imports that package in that version.
    fn findings(&self) -> Result<Vec<String>> {
        let mut findings = Vec::new();
        let mut listed = BTreeSet::new();
        for entry in &self.package {
            let folder = entry.folder();
            let source = fs::read_to_string(entry.source()).unwrap_or_default();
            let import = format!("\"npm:{}@{}", entry.name, entry.version);
            let imports = [format!("{import}\""), format!("{import}/")];
            if !imports.iter().any(|import| source.contains(import)) {
                findings.push(format!("{FOLDER}/{folder}: no import of {} {}", entry.name, entry.version));
            }
            let fails = entry.does_not_work.is_some();
            if fails == source.contains(GIVES) || fails != entry.fails_with.is_some() {
                findings.push(format!(
                    "{FOLDER}/{folder}: either it gives a value, or the list says how it fails"
                ));
            }
            if !listed.insert(folder.clone()) {
                findings.push(format!("{FOLDER}/{folder}: listed twice"));
            }
        }
        for found in fs::read_dir(root().join(FOLDER))? {
            let found = found?;
            let name = found.file_name().to_string_lossy().into_owned();
            if found.path().is_dir() && !listed.contains(&name) {
                findings.push(format!("{FOLDER}/{name}: not in the list"));
            }
        }
        Ok(findings)
    }
}

impl Entry {
    fn is(&self, name: &str) -> bool {
        self.name == name || self.folder() == name
    }

    fn source(&self) -> PathBuf {
        root().join(FOLDER).join(self.folder()).join("action.js")
    }

    /// Builds and runs it.
    fn outcome(&self, out: &Path) -> Result<Outcome> {
        let bundle = out.join(self.folder()).with_extension("js");
        let mut build = Command::new(program());
        build.args(["--json", "action", "build", "--out"]).arg(&bundle).arg(self.source());
        // What cannot be locked has none.
        if self.source().with_file_name("quorate.lock.json").exists() {
            build.arg("--locked");
        }
        let built = quorate(out, &mut build)?;
        let Some(bytes) = built["bytes"].as_u64() else {
            return Ok(Outcome { bytes: None, fuel: None, result: Err(text_of(&built["error"]["detail"])) });
        };
        let mut simulate = Command::new(program());
        simulate.args(["--json", "action", "simulate", "--fixtures"]);
        simulate.arg(root().join(FOLDER).join("fixtures.json")).arg(&bundle);
        let ran = quorate(out, &mut simulate)?;
        let result = match ran["status"].as_str() {
            Some("completed") => Ok(text_of(&ran["response"])),
            _ => Err(text_of(&ran["error"])),
        };
        Ok(Outcome { bytes: Some(bytes), fuel: ran["limits"]["fuel"]["used"].as_u64(), result })
    }

    /// Whether that is what the list and the source say.
    fn verdict(&self, outcome: &Outcome) -> Result<Result<&'static str, String>> {
        let source =
            fs::read_to_string(self.source()).with_context(|| format!("reading {}", self.folder()))?;
        let gives = source.lines().find_map(|line| line.strip_prefix(GIVES));
        verdict(&outcome.result, gives, self.fails_with.as_deref())
    }
}

/// Compares a response, or what went wrong, with the value of a source or with how it is to fail.
fn verdict(
    result: &Result<String, String>,
    gives: Option<&str>,
    fails_with: Option<&str>,
) -> Result<Result<&'static str, String>> {
    Ok(match (result, gives, fails_with) {
        (Ok(response), Some(gives), None) => {
            let expected: Value = serde_json::from_str(gives).context("what a source gives is JSON")?;
            // A text is the response itself; any other value is sent as JSON.
            let same = match expected.as_str() {
                Some(text) => text == response,
                None => serde_json::from_str::<Value>(response).is_ok_and(|value| value == expected),
            };
            if same { Ok("works") } else { Err(format!("it gives {response}")) }
        }
        (Err(text), None, Some(part)) if text.contains(part) => Ok("does not work, as listed"),
        (Err(text), ..) => Err(text.clone()),
        (Ok(response), ..) => {
            Err(format!("it works, and gives {response}; it is listed as one that does not"))
        }
    })
}

fn program() -> PathBuf {
    target().join("debug/quorate")
}

/// Runs a command of ours with a cache of this task, and reads what it prints.
fn quorate(out: &Path, command: &mut Command) -> Result<Value> {
    let output = command.env("XDG_CACHE_HOME", out.join("cache")).stdin(Stdio::null()).output()?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_does_what_is_written_of_it_and_nothing_else() {
        let said = |text: &str| -> Result<String, String> { Ok(text.to_owned()) };
        let failed = Err("TypeError: eval is not supported".to_owned());
        for (result, gives, fails_with) in [
            (said(r#"{"b":1,"a":2}"#), Some(r#"{"a":2,"b":1}"#), None),
            (said(r#"{"a":2,"b":1}"#), Some(r#""{\"a\":2,\"b\":1}""#), None),
            (failed.clone(), None, Some("eval is not supported")),
        ] {
            assert!(verdict(&result, gives, fails_with).unwrap().is_ok(), "{result:?}");
        }
        for (result, gives, fails_with) in [
            (said("2"), Some("1"), None),
            (said(r#"{"b":1,"a":2}"#), Some(r#""{\"a\":2,\"b\":1}""#), None),
            (said("1"), None, Some("eval is not supported")),
            (failed.clone(), Some("1"), None),
            (failed, None, Some("Intl is not defined")),
        ] {
            assert!(verdict(&result, gives, fails_with).unwrap().is_err(), "{result:?}");
        }
    }
}
