//! Waiting for a network: what each node says it still waits for, until none does.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use quorate_client::{Client, ClientOptions};
use quorate_wire::{NetworkFile, NodeIndex};

use crate::output::Output;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(150);

/// Ends when every node takes executions. Says once whatever a node newly waits for.
pub(super) async fn all_ready(network: NetworkFile, output: Output) -> Result<()> {
    let indices: Vec<NodeIndex> = network.indices().collect();
    let client = Client::new(network, ClientOptions::default())?;
    let mut said: BTreeMap<NodeIndex, String> = BTreeMap::new();
    loop {
        let mut ready = 0;
        for &index in &indices {
            let state = match client.network(index).await {
                Ok(view) if view.ready => {
                    ready += 1;
                    "ready".to_owned()
                }
                Ok(view) => format!("waits: {}", view.waiting_for.unwrap_or_else(|| "starting".to_owned())),
                // Not up yet; if it stays so, the deadline says it.
                Err(_) => continue,
            };
            if said.insert(index, state.clone()).as_ref() != Some(&state) {
                output.progress(&format!("node {index} {state}"));
            }
        }
        if ready == indices.len() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
