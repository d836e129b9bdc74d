//! `quorate node check`: what goes wrong in ceremonies, tried before there is one.

use std::time::Duration;

use anyhow::Result;
use quorate_client::{Client, ClientOptions};
use quorate_node::{Config, Finding, Grade, NodeKeys, Probed, check_machine, check_walls, probe};
use quorate_registry::chain::genesis_hash;
use quorate_wire::{Digest, NetworkFile, NodeIndex, ProbeWord};
use serde_json::json;

use crate::args::CheckArgs;
use crate::founding::{chain_of, guest_hash, place_of};
use crate::output::{Output, printable};

/// Clocks that are further apart refuse each other's requests.
const CLOCKS_APART_MS: i64 = 1_000;
/// How long a node's HTTP interface may take.
const HTTP: Duration = Duration::from_secs(4);

/// Looks at this machine, the chain and the way to every member; whether nothing is in the way.
pub(crate) async fn run(args: &CheckArgs, output: Output) -> Result<bool> {
    let folder = std::path::absolute(&args.dir)?;
    let config = Config::load(&folder.join("node.toml"))?;
    let path = args.file.clone().unwrap_or_else(|| config.network_file.clone());
    let network = crate::founding::read_proposal(&path)?;
    let keys = NodeKeys::load(&config.keys)?;
    let me = place_of(&network, &keys)?;
    output.progress(&format!("checking {} of {}", network.named(me), path.display()));
    let mut found = approvals(&network);
    found.extend(check_machine(&config, &network));
    found.push(check_walls(&config, &network).await);
    found.push(chain(&config, &network).await);
    found.extend(members(&config, &network, (me, &keys), Duration::from_secs(args.wait), output).await?);
    let grave = found.iter().any(|finding| finding.grade == Grade::Problem);
    let shown = found.iter().map(|finding| {
        json!({
            "grade": name(finding.grade), "node": finding.node.unwrap_or(me),
            "operator": network.operator(finding.node.unwrap_or(me)), "what": finding.what, "act": finding.act,
        })
    });
    let value = json!({ "node": me, "fine": !grave, "findings": shown.collect::<Vec<_>>() });
    output.result(&value, || words(&network, me, &found));
    Ok(!grave)
}

fn name(grade: Grade) -> &'static str {
    match grade {
        Grade::Fine => "fine",
        Grade::Warning => "warning",
        Grade::Problem => "problem",
    }
}

/// A proposal has no approvals yet; a network file has all.
fn approvals(network: &NetworkFile) -> Vec<Finding> {
    if network.approvals.is_empty() {
        return vec![Finding::fine("a proposal: nobody has to have approved it yet")];
    }
    vec![match network.check_approvals() {
        Ok(()) => Finding::fine("every operator has approved this network"),
        Err(error) => Finding::of(
            Grade::Problem,
            error,
            "ask whoever assembled the network for the file with all approvals",
        ),
    }]
}

/// Whether the chain's address leads to the chain that is meant.
async fn chain(config: &Config, network: &NetworkFile) -> Finding {
    let act = "set chain_rpc in node.toml to where the chain is served";
    let asked = async { Ok::<_, anyhow::Error>(chain_of(config)?.genesis().await?) };
    match asked.await {
        Err(error) => Finding::of(Grade::Problem, format!("the chain is not reached: {error:#}"), act),
        Ok(genesis) if genesis.chain_id != network.chain.id => Finding::of(
            Grade::Problem,
            format!("the chain's id is {}, and the network's is {}", genesis.chain_id, network.chain.id),
            "all operators: this network file cannot work; propose again",
        ),
        Ok(genesis) if genesis_hash(&genesis).0 != network.chain.genesis.0 => Finding::of(
            Grade::Problem,
            format!(
                "the chain at chain_rpc has block 0 {}, and the network's is {}",
                genesis_hash(&genesis),
                network.chain.genesis
            ),
            act,
        ),
        Ok(_) => Finding::fine("the chain is reached, and has the network's block 0"),
    }
}

/// The way to every member and back; and over HTTP, which of them run.
async fn members(
    config: &Config,
    network: &NetworkFile,
    (me, keys): (NodeIndex, &NodeKeys),
    wait: Duration,
    output: Output,
) -> Result<Vec<Finding>> {
    let guest = guest_hash(config.guest.as_deref())?;
    let word = ProbeWord { time_ms: 0, release: env!("CARGO_PKG_VERSION").to_owned(), guest, running: false };
    output.progress(&format!("trying every member both ways for at most {} s", wait.as_secs()));
    let probed = match probe(config.quic_listen, &keys.transport, (network, me), word, wait).await {
        Ok(probed) => probed,
        Err(error) => {
            let what = format!("{error}: the socket is taken, or the address is not of this machine");
            let act = "stop the node first, if it runs here; or set quic_listen in node.toml";
            return Ok(vec![Finding::of(Grade::Problem, what, act)]);
        }
    };
    let mut found = Vec::new();
    for (index, probed) in &probed {
        found.extend(way(network, *index, probed).into_iter().map(|finding| finding.about(*index)));
        if let Some(reached) = &probed.reached {
            found.extend(
                compare(&reached.word, reached.ahead_ms, guest)
                    .into_iter()
                    .map(|finding| finding.about(*index)),
            );
        }
    }
    found.extend(second_copy(network, me).await?);
    Ok(found)
}

/// Whether a member was reached, and has reached this node.
fn way(network: &NetworkFile, index: NodeIndex, probed: &Probed) -> Vec<Finding> {
    let quic = network.endpoint(index).map(|endpoint| endpoint.quic.clone()).unwrap_or_default();
    match (&probed.reached, probed.heard) {
        (Some(reached), true) => {
            vec![Finding::fine(format!("reached at {quic} in {} ms, and reaches this node", reached.took_ms))]
        }
        (Some(_), false) => vec![Finding::of(
            Grade::Problem,
            format!("reached at {quic}, but it does not reach this node"),
            "open this node's UDP port to it, and see that the address on this node's card leads here from outside",
        )],
        (None, heard) => {
            let reason = probed.error.as_deref().unwrap_or("not tried");
            let what = format!("not reached at {quic}: {}", printable(reason));
            let act = if heard {
                "its operator: the address on the card leads to another place, or its UDP port is closed to this node"
            } else {
                "its operator: start the node or its check, open the UDP port, and see that the card's address is reached from outside"
            };
            vec![Finding::of(Grade::Problem, what, act)]
        }
    }
}

/// What a member says of itself beside this node.
fn compare(word: &ProbeWord, ahead_ms: i64, guest: Digest) -> Vec<Finding> {
    let mut found = Vec::new();
    if ahead_ms.abs() > CLOCKS_APART_MS {
        let (by, way) = (ahead_ms.unsigned_abs(), if ahead_ms > 0 { "ahead of" } else { "behind" });
        found.push(Finding::of(
            Grade::Problem,
            format!("its clock is {} {way} this one's", seconds(by)),
            "both operators: set the clocks by NTP",
        ));
    }
    if word.guest != guest {
        found.push(Finding::of(
            Grade::Problem,
            format!(
                "it runs release {} with the guest {}, and this node {} with {guest}",
                word.release,
                word.guest,
                env!("CARGO_PKG_VERSION")
            ),
            "all operators: install one release",
        ));
    }
    found
}

fn seconds(ms: u64) -> String {
    if ms < 120_000 {
        format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
    } else {
        format!("{} minutes", (ms + 30_000) / 60_000)
    }
}

/// Whether a running member says that it is connected with this node, which does not run.
async fn second_copy(network: &NetworkFile, me: NodeIndex) -> Result<Vec<Finding>> {
    let client = Client::new(network.clone(), ClientOptions::default())?;
    let mut found = Vec::new();
    for index in network.indices().filter(|index| *index != me) {
        let Ok(Ok(view)) = tokio::time::timeout(HTTP, client.network(index)).await else { continue };
        if view.nodes.iter().any(|node| node.index == me && node.connected) {
            found.push(
                Finding::of(
                    Grade::Problem,
                    "it is connected with a node that has this node's keys, and this node does not run here",
                    "stop the other copy of this node before you start it here",
                )
                .about(index),
            );
        }
    }
    Ok(found)
}

fn words(network: &NetworkFile, me: NodeIndex, found: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let of = finding.node.filter(|node| *node != me).map(|node| format!("{}: ", network.named(node)));
        let act = finding.act.as_ref().map(|act| format!("\n         {act}")).unwrap_or_default();
        format!("{:<8} {}{}{act}", name(finding.grade), of.unwrap_or_default(), finding.what)
    };
    let mut lines: Vec<String> = found.iter().map(line).collect();
    let grave = found.iter().filter(|finding| finding.grade == Grade::Problem).count();
    lines.push(match grave {
        0 => "nothing is in the way".to_owned(),
        1 => "one problem is in the way".to_owned(),
        more => format!("{more} problems are in the way"),
    });
    lines.join("\n")
}
