//! `quorate action simulate`: runs an action offline, against a world that is written down.
//!
//! The guest is the one that nodes run, in the same engine and under the same limits. What it asks of the
//! world is answered from a fixtures file, keys are stand-ins that anybody can compute, and no clock has a
//! part in what comes out: the same files give the same bytes.

mod fixtures;
mod host;
mod logins;
mod preimage;
mod record;
mod report;
mod run;
mod transaction;
mod typed_data;
mod world;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use quorate_actions::{ActionLimits, Engine};
use quorate_wire::ActionCid;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) use fixtures::{Fixtures, TIME_MS};
pub(crate) use record::Recorder;
pub(crate) use run::{drive, engine, on_guest_thread};

use super::readable::Readable;
use crate::args::SimulateArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::state::write_whole;
use host::Host;
use preimage::Preimages;
use run::Run;
use world::World;

/// Carries out the command; the result says whether the run was complete.
pub(crate) fn run(args: &SimulateArgs, output: Output) -> Result<bool, Failure> {
    let code = super::read(&args.file)?;
    let (mut fixtures, readable) = match &args.fixtures {
        Some(path) if args.record && !path.exists() => (Fixtures::default(), Readable::by(path)?),
        Some(path) => (Fixtures::read(path)?, Readable::by(path)?),
        None if args.record => {
            return Err(anyhow::anyhow!("--record needs --fixtures FILE to write to").into());
        }
        None => (Fixtures::default(), Readable::by(&args.file)?),
    };
    let params = match args.params.strip_prefix('@') {
        Some(path) => {
            String::from_utf8(super::read(Path::new(path))?).context("parameters are UTF-8 text")?
        }
        None => args.params.clone(),
    };
    let mut recorder = if args.record { Some(Recorder::new(&args.allow_loopback_port)?) } else { None };
    let engine = engine()?;
    let simulation = Simulation { code, params, fixtures: fixtures.clone(), readable };
    let begun = std::time::Instant::now();
    let document = on_guest_thread(&engine, || simulation.run(&engine, recorder.as_mut()))??;
    if let (Some(recorder), Some(path)) = (recorder, &args.fixtures) {
        let count = recorder.add_to(&mut fixtures)?;
        let text = serde_json::to_string_pretty(&fixtures).context("writing the fixtures")?;
        write_whole(path, format!("{text}\n").as_bytes(), 0o644)?;
        output.progress(&format!("recorded {count} answers in {}", path.display()));
    }
    output.progress(&format!("simulated in {} ms", begun.elapsed().as_millis()));
    output.result(&document, || report::text(&document));
    Ok(report::is_complete(&document))
}

/// One execution to simulate.
pub(crate) struct Simulation {
    pub(crate) code: Vec<u8>,
    /// JSON text of the parameters, with names of the fixtures still in it.
    pub(crate) params: String,
    pub(crate) fixtures: Fixtures,
    /// What files the fixtures may name.
    pub(crate) readable: Readable,
}

impl Simulation {
    /// Runs it and returns the report. Needs a thread from [`on_guest_thread`].
    pub(crate) fn run(self, engine: &Engine, recorder: Option<&mut Recorder>) -> Result<Value> {
        let world = World::new(&self.code, self.fixtures, &self.readable)?;
        let params = world.fill(&self.params).context("the parameters")?;
        let parsed: Value = serde_json::from_str(&params).context("the parameters are not JSON")?;
        if !parsed.is_object() {
            bail!("the parameters must be a JSON object");
        }
        let limits = world.fixtures.limits.applied_to(&ActionLimits::default());
        let seed = world.fixtures.seed.clone().unwrap_or_default();
        let mut host = Host::new(&world, recorder, limits);
        host.events.preimages.add_json(&parsed);
        let hashed = Arc::new(Mutex::new(Preimages::default()));
        let keeper = Arc::clone(&hashed);
        let engine = &engine.observed(Arc::new(move |message: &[u8]| {
            keeper.lock().unwrap_or_else(PoisonError::into_inner).add(message);
        }));
        let run = Run {
            engine,
            stack: vec![world.cid],
            params,
            time_ms: world.fixtures.time_ms()?,
            random_seed: Sha256::digest(format!("quorate/simulated-seed/v1\0{seed}")).into(),
            limits,
        };
        let finished = run.run(&mut host);
        host.events
            .preimages
            .merge(std::mem::take(&mut *hashed.lock().unwrap_or_else(PoisonError::into_inner)));
        Ok(report::document(host, &finished, &limits))
    }

    /// The keys and actions that the fixtures name, as a test sees them.
    pub(crate) fn names(&self) -> Result<Value> {
        let world = World::new(&self.code, self.fixtures.clone(), &self.readable)?;
        let keys = world.keys.iter().map(|(name, key)| {
            let public = key.public;
            let value = json!({
                "public_key": format!("0x{}", hex::encode(public.uncompressed())),
                "compressed": public,
                "address": quorate_auth::checksum_address(&public.address()),
                "token_id": public.token_id(),
            });
            (name.clone(), value)
        });
        let keys: serde_json::Map<String, Value> = keys.collect();
        Ok(json!({ "action": ActionCid::of_code(&self.code), "pkps": keys }))
    }
}
