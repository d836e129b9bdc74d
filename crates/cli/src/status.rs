//! `quorate network status`: one table of what every node says of itself and of the others.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use quorate_client::{Client, ClientOptions};
use quorate_wire::{NetworkFile, NetworkView, NodeIndex, NodeView};
use serde_json::{Value, json};

use crate::args::Place;
use crate::output::{Output, printable, quoted};

/// How long a node may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is known of one node.
struct Row {
    index: NodeIndex,
    /// What it says itself, or why it does not.
    own: Result<NetworkView, String>,
    /// What the others say of it, by who says it.
    others: BTreeMap<NodeIndex, NodeView>,
}

/// Shows the state of every node; whether all are ready.
pub(crate) async fn show(place: &Place, output: Output) -> Result<bool> {
    let network = place.network_file()?;
    let rows = ask(&network).await?;
    let ready = rows.iter().all(|row| row.own.as_ref().is_ok_and(|view| view.ready));
    let value = json!({
        "network": network.id(), "threshold": network.threshold, "ready": ready,
        "nodes": rows.iter().map(|row| document(&network, row)).collect::<Vec<_>>(),
    });
    output.result(&value, || words(&network, &rows));
    Ok(ready)
}

async fn ask(network: &NetworkFile) -> Result<Vec<Row>> {
    let client = Client::new(network.clone(), ClientOptions::default())?;
    let asked = network.indices().map(|index| {
        let client = client.clone();
        tokio::spawn(async move {
            match tokio::time::timeout(PATIENCE, client.network(index)).await {
                Ok(Ok(view)) => Ok(view),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
            }
        })
    });
    let asked: Vec<_> = asked.collect();
    let mut rows = Vec::new();
    for (index, asked) in network.indices().zip(asked) {
        rows.push(Row { index, own: asked.await?, others: BTreeMap::new() });
    }
    let views: Vec<(NodeIndex, Vec<NodeView>)> =
        rows.iter().filter_map(|row| Some((row.index, row.own.as_ref().ok()?.nodes.clone()))).collect();
    for (by, nodes) in views {
        for node in nodes {
            if let Some(row) = rows.iter_mut().find(|row| row.index == node.index) {
                row.others.insert(by, node);
            }
        }
    }
    Ok(rows)
}

impl Row {
    /// Members that do not reach it, of those that answer.
    fn unreached_by(&self) -> Vec<NodeIndex> {
        self.others.iter().filter(|(_, view)| !view.connected).map(|(by, _)| *by).collect()
    }

    /// For how long the first of them has not.
    fn silent_ms(&self) -> Option<u64> {
        self.others.values().filter_map(|view| view.silent_ms).max()
    }

    /// What it is at fault for, by who says so.
    fn faults(&self) -> Vec<(NodeIndex, &quorate_wire::NodeFault)> {
        self.others.iter().filter_map(|(by, view)| Some((*by, view.fault.as_ref()?))).collect()
    }

    /// In which step it is, for people.
    fn step(&self) -> String {
        match &self.own {
            Ok(view) if view.ready => "ready".to_owned(),
            Ok(view) => {
                let waiting = view.waiting_for.as_deref().unwrap_or("something that it does not name");
                format!("waits for {}", printable(waiting))
            }
            Err(reason) => format!("does not answer ({})", printable(reason)),
        }
    }
}

fn document(network: &NetworkFile, row: &Row) -> Value {
    let faults = row
        .faults()
        .into_iter()
        .map(|(by, fault)| json!({ "by": by, "check": fault.check, "count": fault.count }));
    let banned: Vec<NodeIndex> =
        row.others.iter().filter(|(_, view)| view.banned).map(|(by, _)| *by).collect();
    json!({
        "index": row.index, "operator": network.operator(row.index),
        "answers": row.own.is_ok(), "ready": row.own.as_ref().is_ok_and(|view| view.ready),
        "waiting_for": row.own.as_ref().ok().and_then(|view| view.waiting_for.clone()),
        "error": row.own.as_ref().err(), "unreached_by": row.unreached_by(), "silent_ms": row.silent_ms(),
        "banned_by": banned, "faults": faults.collect::<Vec<_>>(),
    })
}

fn words(network: &NetworkFile, rows: &[Row]) -> String {
    let listed = |nodes: &[NodeIndex]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut lines = vec![format!(
        "network {} ({}), any {} of {} act",
        network.id(),
        quoted(&network.name),
        network.threshold,
        rows.len()
    )];
    for row in rows {
        let operator =
            network.operator(row.index).map(|name| format!(" {}", quoted(name))).unwrap_or_default();
        let mut line = format!("node {}{operator}: {}", row.index, row.step());
        let unreached = row.unreached_by();
        if !unreached.is_empty() {
            line.push_str(&format!("; not reached by node {}", listed(&unreached)));
            if let Some(silent) = row.silent_ms() {
                line.push_str(&format!(" for {} s", silent / 1_000));
            }
        }
        for (by, fault) in row.faults() {
            line.push_str(&format!(
                "; at fault {} times by node {by}: {}",
                fault.count,
                printable(&fault.check)
            ));
        }
        lines.push(line);
    }
    let ready = rows.iter().filter(|row| row.own.as_ref().is_ok_and(|view| view.ready)).count();
    lines.push(match rows.len() - ready {
        0 => "every node is ready".to_owned(),
        waiting => format!("{waiting} of {} nodes are not ready", rows.len()),
    });
    lines.join("\n")
}
