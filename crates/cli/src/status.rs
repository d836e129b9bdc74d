//! `quorate network status`: one table of what every node says of itself and of the others.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use quorate_client::{Client, ClientOptions};
use quorate_wire::{NetworkFile, NetworkView, NodeIndex, NodeView};
use serde_json::{Value, json};

use crate::args::Place;
use crate::output::{Output, printable, quoted};

/// How long a node may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(4);
/// Clocks that differ by more are told. An answer may take as long as [`PATIENCE`], and is a little older than it seems.
const CLOCKS_APART_MS: i64 = 5_000;

/// What is known of one node.
struct Row {
    index: NodeIndex,
    /// What it says itself, or why it does not.
    own: Result<NetworkView, String>,
    /// How far its clock is ahead of this machine's.
    ahead_ms: Option<i64>,
    /// What the others say of it, by who says it.
    others: BTreeMap<NodeIndex, NodeView>,
}

/// Shows the state of every node; whether all are ready.
pub(crate) async fn show(place: &Place, output: Output) -> Result<bool> {
    let network = place.network_file()?;
    let rows = ask(&network).await?;
    let ready = rows.iter().all(|row| row.own.as_ref().is_ok_and(|view| view.ready));
    let apart = clocks_apart(&rows);
    let value = json!({
        "network": network.id(), "threshold": network.threshold, "ready": ready,
        "nodes": rows.iter().map(|row| document(&network, row, apart.get(&row.index))).collect::<Vec<_>>(),
    });
    output.result(&value, || words(&network, &rows, &apart));
    Ok(ready)
}

async fn ask(network: &NetworkFile) -> Result<Vec<Row>> {
    let client = Client::new(network.clone(), ClientOptions::default())?;
    let asked = network.indices().map(|index| {
        let client = client.clone();
        tokio::spawn(async move {
            match tokio::time::timeout(PATIENCE, client.network(index)).await {
                Ok(Ok(view)) => {
                    let ahead_ms = ahead_ms(view.time_ms);
                    Ok((view, ahead_ms))
                }
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
            }
        })
    });
    let asked: Vec<_> = asked.collect();
    let mut rows = Vec::new();
    for (index, asked) in network.indices().zip(asked) {
        let own: Result<(NetworkView, i64), String> = asked.await?;
        let ahead_ms = own.as_ref().ok().map(|(_, ahead_ms)| *ahead_ms);
        rows.push(Row { index, own: own.map(|(view, _)| view), ahead_ms, others: BTreeMap::new() });
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

/// How far a clock is ahead of this machine's. What it shows is a node's word, so any number.
fn ahead_ms(time_ms: u64) -> i64 {
    let here = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let [there, here] = [u128::from(time_ms), here].map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
    there.saturating_sub(here)
}

/// Nodes whose clocks are not with those of most, and by how much they are ahead of these. This machine counts as one more,
/// so that one of two nodes can be told.
fn clocks_apart(rows: &[Row]) -> BTreeMap<NodeIndex, i64> {
    let mut clocks: Vec<i64> = rows.iter().filter_map(|row| row.ahead_ms).chain([0]).collect();
    clocks.sort_unstable();
    let usual = clocks[(clocks.len() - 1) / 2];
    let apart = rows.iter().filter_map(|row| Some((row.index, row.ahead_ms?.saturating_sub(usual))));
    apart.filter(|(_, ahead_ms)| ahead_ms.saturating_abs() > CLOCKS_APART_MS).collect()
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

fn document(network: &NetworkFile, row: &Row, clock_ahead_ms: Option<&i64>) -> Value {
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
        "clock_ahead_ms": clock_ahead_ms, "banned_by": banned, "faults": faults.collect::<Vec<_>>(),
    })
}

fn words(network: &NetworkFile, rows: &[Row], apart: &BTreeMap<NodeIndex, i64>) -> String {
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
        if let Some(ahead_ms) = apart.get(&row.index) {
            let (by_s, way) =
                (ahead_ms.unsigned_abs() / 1_000, if *ahead_ms > 0 { "ahead" } else { "behind" });
            line.push_str(&format!("; its clock is {by_s} s {way}: its operator sets it by NTP"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_not_with_most_is_told_whatever_this_machines_is() {
        let rows = |ahead: &[Option<i64>]| -> Vec<Row> {
            let row = |(number, ahead_ms): (u8, &Option<i64>)| Row {
                index: NodeIndex::new(number).unwrap(),
                own: Err("a test".to_owned()),
                ahead_ms: *ahead_ms,
                others: BTreeMap::new(),
            };
            (1..).zip(ahead).map(row).collect()
        };
        let apart = |ahead: &[Option<i64>]| -> Vec<(u8, i64)> {
            clocks_apart(&rows(ahead)).into_iter().map(|(node, ms)| (node.get(), ms)).collect()
        };
        let hour = 3_600_000;
        assert_eq!(apart(&[Some(10), Some(-2_000), Some(hour)]), [(3, hour)]);
        assert_eq!(apart(&[None, Some(0), Some(-hour)]), [(3, -hour)]);
        // It is this machine's clock that is wrong.
        assert_eq!(apart(&[Some(hour), Some(hour), Some(hour + 10)]), []);
        assert_eq!(apart(&[Some(i64::MAX), Some(0), Some(i64::MIN)]), [(1, i64::MAX), (3, i64::MIN)]);
        assert_eq!(apart(&[None, None]), []);
        assert!(ahead_ms(0) < 0 && ahead_ms(u64::MAX) > 0);
    }
}
