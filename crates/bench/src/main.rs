//! `cargo xtask bench`: what Quorate costs, beside the plain primitives in the same run.

mod action;
mod cpu;
mod network;
mod protocol;
mod table;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

const USAGE: &str = "usage: quorate-bench [--json] [--only protocol|action|network]
Prints a table, or with --json one object a line: name, value, unit, baseline, ratio.";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let only =
        arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    let known =
        |text: &String| matches!(text.as_str(), "--json" | "--only" | "protocol" | "action" | "network");
    anyhow::ensure!(arguments.iter().all(known), "{USAGE}");
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    let mut table = table::Table::new(json);
    protocol::calibrate(&mut table);
    let bare_us = protocol::committee(&mut table, 2, 3)?;
    if wanted("protocol") {
        protocol::committee(&mut table, 3, 5)?;
    }
    let quorate = beside_this_program()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        if wanted("action") {
            action::run(&mut table, &quorate).await?;
        }
        if wanted("network") {
            network::run(&mut table, &quorate, bare_us).await?;
        }
        Ok(())
    })
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
