//! `cargo xtask bench`: what Quorate costs, beside the plain primitives in the same run.

mod action;
mod chain;
mod contracts;
mod cpu;
mod decrypt;
mod draw;
mod login;
mod network;
mod protocol;
mod scripts;
mod table;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

const USAGE: &str =
    "usage: quorate-bench [--json] [--only protocol|action|scripts|contracts|chain|network|random|decrypt|login] [--packages FOLDER]
                     [--seconds N] [--callers N,N] [--full]
Several parts are named with commas between them.
Prints a table, or with --json one object a line: name, value, unit, baseline, ratio.
With --packages, where npm installed ethers, scripts run in Node.js as well.
With --full the chain is measured with 100,000 keys as well, which takes many minutes to fill.
The network is under load for --seconds (10) by each of these numbers of --callers (4,16), who share one login.";
const PARTS: [&str; 9] =
    ["protocol", "action", "scripts", "contracts", "chain", "network", "random", "decrypt", "login"];
/// Those that are not compared with a signature of a committee.
const ALONE: [&str; 6] = ["scripts", "contracts", "chain", "random", "decrypt", "login"];
/// What the bench is called with to do nothing without end.
const SPIN: &str = "--spin";
/// Then it ends in any case, should the bench be killed.
const SPIN_MAX: Duration = Duration::from_secs(60);

#[expect(clippy::print_stdout, reason = "somebody asked for it")]
fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (mut json, mut full, mut only, mut packages) = (false, false, None, None);
    let mut load = network::Load::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            SPIN => {
                spin();
                return Ok(());
            }
            chain::process::FOLLOW => {
                let (url, folder) = (arguments.next().context(USAGE)?, arguments.next().context(USAGE)?);
                return runtime()?.block_on(chain::process::be_follower(&url, &PathBuf::from(folder)));
            }
            "--json" => json = true,
            "--full" => full = true,
            "--only" => only = Some(arguments.next().context(USAGE)?),
            "--packages" => packages = Some(PathBuf::from(arguments.next().context(USAGE)?)),
            "--seconds" => {
                load.seconds = arguments.next().and_then(|word| word.parse().ok()).context(USAGE)?
            }
            "--callers" => {
                let words = arguments.next().context(USAGE)?;
                let numbers: Result<_, _> = words.split(',').map(str::parse).collect();
                load.callers = numbers.context(USAGE)?;
            }
            _ => anyhow::bail!("{USAGE}"),
        }
    }
    let chosen: Option<Vec<&str>> = only.as_deref().map(|only: &str| only.split(',').collect());
    anyhow::ensure!(chosen.iter().flatten().all(|part| PARTS.contains(part)), "{USAGE}");
    let wanted = |part: &str| chosen.as_ref().is_none_or(|chosen| chosen.contains(&part));
    let mut table = table::Table::new(json);
    protocol::calibrate(&mut table);
    // The other parts are compared with these.
    let alone = chosen.as_ref().is_some_and(|chosen| chosen.iter().all(|part| ALONE.contains(part)));
    let bare_us = if alone { 0.0 } else { protocol::committee(&mut table, 2, 3)? };
    if wanted("protocol") {
        protocol::committee(&mut table, 3, 5)?;
        protocol::more(&mut table)?;
    }
    if wanted("login") {
        login::run(&mut table)?;
    }
    if chosen.as_ref().is_some_and(|chosen| chosen.iter().all(|part| matches!(*part, "protocol" | "login"))) {
        return Ok(());
    }
    let quorate = beside_this_program()?;
    runtime()?.block_on(async {
        if wanted("action") {
            action::run(&mut table, &quorate).await?;
        }
        if wanted("scripts") {
            scripts::run(&mut table, &quorate, packages.as_deref()).await?;
        }
        if wanted("contracts") {
            contracts::run(&mut table).await?;
        }
        if wanted("chain") {
            chain::run(&mut table, &quorate, full).await?;
        }
        if wanted("network") {
            network::run(&mut table, &quorate, bare_us, &load).await?;
        }
        if wanted("random") {
            network::random(&mut table, &quorate, &load).await?;
        }
        if wanted("decrypt") {
            decrypt::run(&mut table, &quorate, &load).await?;
        }
        Ok(())
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn spin() {
    let begun = Instant::now();
    while begun.elapsed() < SPIN_MAX {
        std::hint::spin_loop();
    }
}

/// The `quorate` binary of the same build.
fn beside_this_program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let quorate = own.parent().context("no folder")?.join("quorate");
    anyhow::ensure!(
        quorate.exists(),
        "{} is missing: cargo build --release -p quorate-cli",
        quorate.display()
    );
    Ok(quorate)
}
