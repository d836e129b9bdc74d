//! `cargo xtask bench`: what Quorate costs, measured in an optimised build.

use anyhow::Result;

use crate::{chirp, guest, packages, step, warn};

/// Builds for release and runs the benches; arguments are passed on (`--json`, `--only PART`).
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    packages::ensure(&[packages::AGE])?;
    guest::ensure_built()?;
    let packages = guest::packages()?;
    warn("── building for release (once, some minutes)");
    let words = ["build", "--release", "--locked", "--package", "quorate-cli", "--package", "quorate-bench"];
    step::run(step::cargo().args(words))?;
    let asked: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--only", "chirp", rest @ ..] | ["--json", "--only", "chirp", rest @ ..] = asked.as_slice() {
        return chirp::bench(if asked[0] == "--json" { &["--json"] } else { rest });
    }
    if let ["--only", "founding"] = asked.as_slice() {
        return founding();
    }
    let bench = step::target().join("release").join("quorate-bench");
    step::run(std::process::Command::new(bench).args(arguments).arg("--packages").arg(packages))
}

/// Foundings on a test network, by the size of the committee, and a node that moves.
fn founding() -> Result<()> {
    packages::ensure(&[packages::PYTHON, packages::IPROUTE2])?;
    let words = ["test", "--release", "--locked", "--package", "quorate-cli", "--test", "founding", "--"];
    step::run(step::cargo().args(words).args(["--ignored", "--nocapture", "--test-threads", "1", "bench::"]))
}
