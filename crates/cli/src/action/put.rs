//! `quorate action put`: stores sources with the nodes.

use quorate_client::{Client, ClientOptions, StoredBy};
use quorate_wire::{ActionCid, NodeIndex, limits::CAPABILITIES_MAX};
use serde_json::{Value, json};

use super::{log_in, refused};
use crate::args::PutArgs;
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::source;

/// Stores each file with all nodes. The result says whether each has been taken by t nodes at least.
pub(super) async fn run(args: &PutArgs, output: Output) -> Result<bool, Failure> {
    let network = args.access.network_file()?;
    let threshold = network.threshold;
    let mut codes = Vec::new();
    for file in &args.files {
        codes.push(source::code(file)?);
    }
    let wallet = args.access.wallet()?;
    let client = Client::new(network, ClientOptions::default()).map_err(refused)?;
    let key = match args.pkp {
        Some(named) => Some(named.public_key(&client).await?),
        None => None,
    };
    let mut all = Vec::new();
    // A session names a bounded number of actions.
    for some in codes.chunks(CAPABILITIES_MAX) {
        let cids: Vec<ActionCid> = some.iter().map(|code| ActionCid::of_code(code.as_bytes())).collect();
        let login = log_in((client.network_file(), &args.access.login_domain), &wallet, key, &cids)?;
        for code in some {
            all.push(client.put_code(&login, code).await.map_err(refused)?);
        }
    }
    let enough = all.iter().all(|stored| stored.enough(threshold));
    let documents: Vec<Value> = all.iter().map(|stored| document(stored, threshold)).collect();
    let value = match documents.as_slice() {
        [one] => one.clone(),
        _ => json!({ "stored": documents }),
    };
    let lines = || all.iter().map(|stored| describe(stored, threshold)).collect::<Vec<_>>().join("\n");
    output.result(&value, lines);
    Ok(enough)
}

fn document(stored: &StoredBy, threshold: u8) -> Value {
    let nodes: Vec<NodeIndex> = stored.nodes.iter().map(|(node, _)| *node).collect();
    let new: Vec<NodeIndex> =
        stored.nodes.iter().filter(|(_, answer)| answer.new).map(|(node, _)| *node).collect();
    let refused = stored
        .refused
        .iter()
        .map(|(node, problem)| json!({ "node": node, "code": problem.code, "detail": problem.detail }));
    let silent = stored.silent.iter().map(|tried| json!({ "node": tried.node, "detail": tried.trouble }));
    json!({
        "cid": stored.action,
        "nodes": nodes,
        "new": new,
        "refused": refused.chain(silent).collect::<Vec<_>>(),
        "enough": stored.enough(threshold),
    })
}

fn describe(stored: &StoredBy, threshold: u8) -> String {
    let nodes: Vec<String> = stored.nodes.iter().map(|(node, _)| node.to_string()).collect();
    let mut lines = vec![match nodes.as_slice() {
        [] => format!("{}  no node has taken it", stored.action),
        _ => format!("{}  stored by nodes {}", stored.action, nodes.join(", ")),
    }];
    for (node, problem) in &stored.refused {
        lines.push(format!("  node {node} refused ({}): {}", problem.code, printable(&problem.detail)));
    }
    for tried in &stored.silent {
        lines.push(format!("  node {}: {}", tried.node, tried.trouble));
    }
    if !stored.enough(threshold) {
        lines.push(format!("  {threshold} nodes are needed to be sure of it; put it again later"));
    }
    lines.join("\n")
}
