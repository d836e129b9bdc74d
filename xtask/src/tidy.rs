//! `cargo xtask tidy`: compares what would otherwise rot. It reports everything it finds, not the first.

mod commands;
mod dependencies;
mod docs;
mod files;
mod prose;
mod pure;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{mutants, npm_packages, step, warn};

/// What is wrong, in sentences that name the file.
type Findings = Vec<String>;

/// Runs all checks.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("usage: cargo xtask tidy");
    }
    let members = members()?;
    let mut findings = Findings::new();
    findings.extend(dependencies::check(&members)?);
    findings.extend(docs::check(&members)?);
    findings.extend(commands::check()?);
    findings.extend(files::check()?);
    findings.extend(prose::check()?);
    findings.extend(pure::check(&members)?);
    findings.extend(npm_packages::check()?);
    // A list whose pieces are gone plants nothing.
    findings.extend(mutants::load().err().map(|error| format!("{error:#}")));
    for finding in &findings {
        warn(finding);
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} findings"),
    }
}

/// A package of the workspace.
struct Member {
    /// Its name, `quorate-wire` for instance.
    name: String,
    /// Its folder.
    folder: std::path::PathBuf,
    /// What it depends on.
    dependencies: Vec<Dependency>,
}

/// A dependency of a member, as cargo reads its manifest.
struct Dependency {
    name: String,
    requirement: String,
    optional: bool,
    /// Whether only its tests use it.
    dev: bool,
}

fn members() -> Result<Vec<Member>> {
    let output = step::cargo()
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .output()
        .context("running cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo lists packages")?;
    packages.iter().map(member).collect()
}

fn member(package: &Value) -> Result<Member> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("cargo metadata has texts here");
    let manifest = std::path::PathBuf::from(text(&package["manifest_path"])?);
    let listed = package["dependencies"].as_array().context("a package lists dependencies")?;
    let dependencies = listed.iter().map(|dependency| {
        Ok(Dependency {
            name: text(&dependency["name"])?,
            requirement: text(&dependency["req"])?,
            optional: dependency["optional"].as_bool().unwrap_or(false),
            dev: dependency["kind"].as_str() == Some("dev"),
        })
    });
    Ok(Member {
        name: text(&package["name"])?,
        folder: manifest.parent().context("a manifest has a folder")?.to_owned(),
        dependencies: dependencies.collect::<Result<_>>()?,
    })
}
