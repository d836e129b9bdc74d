//! `quorate network check`: which members share a machine, an address block or an operator. All that is under one hand is
//! one security domain, however many nodes it is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use anyhow::Result;
use quorate_wire::{NetworkFile, NodeIndex};
use serde_json::json;

use crate::args::Place;
use crate::output::{Output, quoted};

/// How long a name's server may take.
const LOOK_UP: Duration = Duration::from_secs(3);

/// Members that have something in common.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// What they share.
    what: String,
    nodes: BTreeSet<NodeIndex>,
}

/// Says which members share what; whether no t of them do.
pub(crate) async fn check(place: &Place, output: Output) -> Result<bool> {
    let network = place.network_file()?;
    let mut addresses = BTreeMap::new();
    for index in network.indices() {
        addresses.insert(index, addresses_of(&network, index).await);
    }
    let found = findings(&network, &addresses);
    let threshold = usize::from(network.threshold);
    let grave = found.iter().any(|finding| finding.nodes.len() >= threshold);
    let shown = found.iter().map(|finding| {
        json!({ "shared": finding.what, "nodes": finding.nodes, "enough": finding.nodes.len() >= threshold })
    });
    let value = json!({ "threshold": threshold, "findings": shown.collect::<Vec<_>>() });
    output.result(&value, || words(&found, threshold));
    Ok(!grave)
}

/// Where the names of a member lead.
async fn addresses_of(network: &NetworkFile, index: NodeIndex) -> BTreeSet<IpAddr> {
    let Some(endpoint) = network.endpoint(index) else { return BTreeSet::new() };
    let http = url::Url::parse(&endpoint.http).ok();
    let http = http.and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
    let mut found = BTreeSet::new();
    for place in http.into_iter().chain([endpoint.quic.clone()]) {
        if let Ok(Ok(addresses)) = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host(&place)).await {
            found.extend(addresses.map(|address| address.ip().to_canonical()));
        }
    }
    found
}

fn findings(network: &NetworkFile, addresses: &BTreeMap<NodeIndex, BTreeSet<IpAddr>>) -> Vec<Finding> {
    let mut shared: BTreeMap<String, BTreeSet<NodeIndex>> = BTreeMap::new();
    for (index, addresses) in addresses {
        if let Some(operator) = network.operator(*index) {
            shared.entry(format!("the operator {}", quoted(operator))).or_default().insert(*index);
        }
        for address in addresses {
            let machine = if address.is_loopback() {
                "this machine".to_owned()
            } else {
                format!("the machine {address}")
            };
            shared.entry(machine).or_default().insert(*index);
            if !address.is_loopback() {
                shared.entry(format!("the address block {}", block(*address))).or_default().insert(*index);
            }
        }
    }
    let mut found: Vec<Finding> = shared
        .into_iter()
        .filter(|(_, nodes)| nodes.len() > 1)
        .map(|(what, nodes)| Finding { what, nodes })
        .collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.nodes.len()));
    found
}

/// The block that quotas count together as well.
fn block(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

fn words(found: &[Finding], threshold: usize) -> String {
    let line = |finding: &Finding| {
        let nodes: Vec<String> = finding.nodes.iter().map(ToString::to_string).collect();
        let shares = format!("nodes {} share {}", nodes.join(", "), finding.what);
        if finding.nodes.len() >= threshold {
            format!("{shares}: they are one security domain, and whoever holds it uses every key")
        } else {
            shares
        }
    };
    match found {
        [] => "no two nodes share a machine, an address block or an operator".to_owned(),
        found => found.iter().map(line).collect::<Vec<_>>().join("\n"),
    }
}
