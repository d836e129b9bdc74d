//! `cargo xtask sim`: runs the simulator over a range of seeds.

use anyhow::{Context as _, Result, bail};

use crate::step;

/// Runs `--seeds N` seeds (100 unless told), from `--start S` (0 unless told).
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut seeds, mut start) = (100_u64, 0_u64);
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let value = rest.next().with_context(|| format!("{flag} needs a number"))?;
        let number = value.parse().with_context(|| format!("{flag} needs a number, not {value:?}"))?;
        match flag.as_str() {
            "--seeds" => seeds = number,
            "--start" => start = number,
            _ => bail!("usage: cargo xtask sim [--seeds N] [--start S]"),
        }
    }
    seeds_from(seeds, start)
}

/// Runs a range of seeds; a failure prints the command that repeats it.
pub(crate) fn seeds_from(seeds: u64, start: u64) -> Result<()> {
    simulate("--seeds", seeds, start)
}

/// Runs a range of seeds that only found networks, under more faults.
pub(crate) fn foundings_from(seeds: u64, start: u64) -> Result<()> {
    simulate("--foundings", seeds, start)
}

/// Foundings in which somebody is killed once, at every K-th of all writes and sends.
pub(crate) fn kills(step: u64) -> Result<()> {
    let words = ["run", "--quiet", "--locked", "--package", "quorate-sim", "--", "--kills", "--step"];
    step::run(step::cargo().args(words).arg(step.to_string()))
}

fn simulate(what: &str, seeds: u64, start: u64) -> Result<()> {
    let (seeds, start) = (seeds.to_string(), start.to_string());
    step::run(
        step::cargo()
            .args(["run", "--quiet", "--locked", "--package", "quorate-sim", "--"])
            .args([what, &seeds, "--start", &start]),
    )
}
