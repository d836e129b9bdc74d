//! The list of mutants, `xtask/mutants.toml`.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::step::root;

/// One fault: a piece of a file, and what it becomes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// Its name, unique.
    pub(crate) name: String,
    /// What is promised, and would be broken.
    pub(crate) promise: String,
    /// The file, from the workspace's folder.
    pub(crate) file: String,
    /// What stands there, exactly once.
    find: String,
    /// What is planted in its place.
    put: String,
    /// Whose tests are to catch it.
    pub(crate) package: String,
    /// A word of the tests' names; without one, all of the package's tests run.
    #[serde(default)]
    pub(crate) tests: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

impl Mutant {
    /// The file's text with the fault in it.
    pub(super) fn planted(&self, sound: &str) -> Result<String> {
        match sound.matches(&self.find).count() {
            1 => Ok(sound.replacen(&self.find, &self.put, 1)),
            count => bail!("mutant {}: its piece stands {count} times in {}", self.name, self.file),
        }
    }
}

/// Reads the list. Every piece must stand in its file exactly once, and have a name of its own.
pub(crate) fn load() -> Result<Vec<Mutant>> {
    let text = fs::read_to_string(root().join("xtask/mutants.toml")).context("reading xtask/mutants.toml")?;
    let List { mutant: mutants } = toml::from_str(&text).context("xtask/mutants.toml")?;
    let mut names = BTreeSet::new();
    for mutant in &mutants {
        if !names.insert(&mutant.name) {
            bail!("two mutants are called {}", mutant.name);
        }
        let sound = fs::read_to_string(root().join(&mutant.file))
            .with_context(|| format!("mutant {}: reading {}", mutant.name, mutant.file))?;
        mutant.planted(&sound)?;
    }
    Ok(mutants)
}
