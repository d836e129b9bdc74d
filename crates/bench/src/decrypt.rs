//! Encryption and opening: the bare steps, openings of a network, and files beside the program `age`.

mod bare;
mod files;
mod openings;

use std::path::Path;

use anyhow::Result;

use crate::{
    network::{Load, Network},
    table::Table,
};

/// What the nodes are there for: all callers of a bench come from one address, which gets what one login gets.
const RATES: &str = "[limits]\nexecutions_per_second = 4000\nlogin_per_second = 4000\n";

pub(crate) async fn run(table: &mut Table, quorate: &Path, wanted: &Load) -> Result<()> {
    let sign_ms = bare::run(table)? / 1e3;
    let network = Network::start_with(quorate, RATES)?;
    openings::run(table, &network, (sign_ms, wanted)).await?;
    files::run(table, quorate, &network)
}
