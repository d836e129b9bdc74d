//! Openings of a network of real processes: through its API, and in an action.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use quorate_client::{ActionSource, Client, ClientOptions, ExecutionCall, Login, Opening};
use quorate_policy::Policy;
use quorate_wire::{
    Capability, CapabilityPolicy, Digest, Identity, PolicyForm, limits::REQUEST_AGE_MS_MAX,
    limits::REQUEST_AHEAD_MS_MAX,
};
use serde_json::{Value, json, value::RawValue};

use crate::{
    cpu,
    network::{ANY_ACTION, BoxedCall, Load, Network, idle, load},
    table::{Table, percentile},
};

const IDLE_RUNS: usize = 500;
/// In each of three turns.
const ACTION_RUNS: usize = 150;
const CALLERS: u64 = 16;
/// Openings by which a node's memory is judged.
const MANY: u64 = 10_000;
/// After so long, nodes have forgotten the requests that they answered.
const FORGOTTEN: Duration = Duration::from_millis(REQUEST_AGE_MS_MAX + REQUEST_AHEAD_MS_MAX + 3_000);
const SECRET: &str = "a key of thirty-two characters..";
const NOTHING: &str = "Lit.Actions.setResponse({ response: 'nothing' });";
/// Opens what it is given, and tells its length alone.
const OPENS: &str = "async function main(sealed) {
  const key = await Lit.Actions.decryptAndCombine({ ...sealed, authSig: null, chain: 'quorate' });
  Lit.Actions.setResponse({ response: String(key.length) });
}";

pub(crate) async fn run(table: &mut Table, network: &Network, (sign_ms, wanted): (f64, &Load)) -> Result<()> {
    let file = network.file()?;
    let any = Capability::Decrypt { policy: CapabilityPolicy::Any };
    let login = Arc::new(network.log_in(&file, &[any, ANY_ACTION])?);
    let address = login.session().wallet().context("a wallet")?.to_string();
    let client = Client::new(file, ClientOptions::default())?;
    let policy = json!([{
        "conditionType": "evmBasic", "contractAddress": "", "standardContractType": "", "chain": "quorate",
        "method": "", "parameters": [":userAddress"],
        "returnValueTest": { "comparator": "=", "value": address },
    }])
    .to_string();
    let hash = Policy::parse(&policy, PolicyForm::Unified)?.hash();
    let asker = Asker { client, login, policy: RawValue::from_string(policy)?, hash };
    through_the_api(table, network, &asker, (sign_ms, wanted)).await?;
    in_an_action(table, network, &asker, (sign_ms, wanted)).await?;
    memory(table, network, &asker).await
}

/// Somebody who has things opened, and runs actions.
#[derive(Clone)]
struct Asker {
    client: Client,
    login: Arc<Login>,
    policy: Box<RawValue>,
    hash: Digest,
}

impl Asker {
    /// Openings by their numbers, each of another identity, with every check that a client makes.
    fn openings(&self) -> impl Fn(u64) -> BoxedCall + Clone + Send + 'static {
        let asker = self.clone();
        move |number| {
            let asker = asker.clone();
            Box::pin(async move {
                let mut salt = [0; 32];
                salt[..8].copy_from_slice(&number.to_be_bytes());
                let network = asker.client.network_file().id();
                let identity = Identity::Container { network, policy: asker.hash, salt };
                let opening = Opening { policy: asker.policy.clone(), form: PolicyForm::Unified, identity };
                let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
                asker.client.opening_value(&asker.login, &opening, &mut rng).await?;
                Ok(())
            })
        }
    }

    /// Executions of an action that has to answer this.
    fn executions(
        &self,
        (code, params): (&'static str, &Value),
        response: String,
    ) -> impl Fn(u64) -> BoxedCall + Clone + Send + 'static {
        let (asker, params) = (self.clone(), params.clone());
        move |_| {
            let (asker, params, response) = (asker.clone(), params.clone(), response.clone());
            Box::pin(async move {
                let call = ExecutionCall::new(ActionSource::Code(code.to_owned()), &params)?;
                let execution = asker.client.execute(&asker.login, &call).await?;
                let found = execution.reply.response.unwrap_or_default();
                ensure!(found == response, "the action answered {found}");
                Ok(())
            })
        }
    }
}

async fn through_the_api(
    table: &mut Table,
    network: &Network,
    asker: &Asker,
    (sign_ms, wanted): (f64, &Load),
) -> Result<()> {
    let mut samples = idle(asker.openings(), IDLE_RUNS).await?;
    table.add("opening, idle, wall p50", percentile(&mut samples, 0.5), "ms", Some(sign_ms));
    table.add("opening, idle, wall p99", percentile(&mut samples, 0.99), "ms", Some(sign_ms));
    let label = format!("opening, {CALLERS} callers");
    let before = callers_ms(network);
    let size = (CALLERS, wanted.seconds);
    let loaded = load(table, network, asker.openings(), size, (&label, Some(sign_ms))).await?;
    let count = loaded.rate * wanted.seconds as f64;
    let own_ms = (callers_ms(network) - before) / count;
    table.add(&format!("{label}, CPU of the callers each"), own_ms, "ms", Some(sign_ms));
    Ok(())
}

/// CPU milliseconds of this process so far, without the network.
fn callers_ms(network: &Network) -> f64 {
    cpu::tree_ms(std::process::id()) - network.cpu_ms()
}

/// What it costs that an action opens something, beside one that does nothing, in turns.
async fn in_an_action(
    table: &mut Table,
    network: &Network,
    asker: &Asker,
    (sign_ms, wanted): (f64, &Load),
) -> Result<()> {
    let sealed = encrypted_to(network, OPENS)?;
    let nothing = asker.executions((NOTHING, &json!({})), "nothing".to_owned());
    let opens = asker.executions((OPENS, &sealed), SECRET.len().to_string());
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        without.extend(idle(&nothing, ACTION_RUNS).await?);
        with.extend(idle(&opens, ACTION_RUNS).await?);
    }
    let plain = percentile(&mut without, 0.5);
    let opened = percentile(&mut with, 0.5);
    table.add("empty action, idle, wall p50", plain, "ms", Some(sign_ms));
    table.add("action that opens, idle, wall p50", opened, "ms", Some(plain));
    table.add("decryptAndCombine, above an empty action, wall p50", opened - plain, "ms", Some(sign_ms));
    for callers in &wanted.callers {
        let size = (*callers, wanted.seconds);
        let label = |what| format!("{what}, {callers} callers");
        let plain = load(table, network, nothing.clone(), size, (&label("empty action"), None)).await?;
        let opened = load(table, network, opens.clone(), size, (&label("action that opens"), None)).await?;
        let more_ms = opened.cpu_ms - plain.cpu_ms;
        table.add(&format!("{}, CPU above", label("decryptAndCombine")), more_ms, "ms", Some(sign_ms));
    }
    Ok(())
}

/// The secret, encrypted to an action: what the action is given.
fn encrypted_to(network: &Network, code: &str) -> Result<Value> {
    let place = |name: &str| network.folder.join(name).display().to_string();
    let (action, plain, out) = (place("opens.js"), place("secret"), place("sealed.json"));
    std::fs::write(&action, code)?;
    std::fs::write(&plain, SECRET)?;
    network.command(&["encrypt", &plain, "--lit", "--to-action", &action, "-o", &out])?;
    Ok(serde_json::from_slice(&std::fs::read(out)?)?)
}

/// What the nodes hold after many openings, and after as many more, once the first are forgotten.
async fn memory(table: &mut Table, network: &Network, asker: &Asker) -> Result<()> {
    many(asker).await?;
    let before = network.nodes_bytes()?;
    tokio::time::sleep(FORGOTTEN).await;
    many(asker).await?;
    let after = network.nodes_bytes()?;
    table.add("10,000 openings, memory of all nodes", after / 1e6, "MB", Some(before / 1e6));
    Ok(())
}

async fn many(asker: &Asker) -> Result<()> {
    let tasks: Vec<_> = (0..CALLERS)
        .map(|place| {
            let call = asker.openings();
            tokio::spawn(async move {
                for number in 0..MANY / CALLERS {
                    call((place + 1) << 32 | number).await?;
                }
                Ok::<(), anyhow::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}
