//! `quorate network check`: which members share a machine, an address block or an operator. All that is under one hand is
//! one security domain, however many nodes it is. Nodes move: their newest words count, as the nodes that answer tell them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use anyhow::Result;
use quorate_client::{Client, ClientOptions};
use quorate_wire::{NetworkFile, NetworkView, NodeEndpoint, NodeIndex};
use serde_json::json;

use crate::args::Place;
use crate::output::{Output, quoted};

/// How long a name's server may take.
const LOOK_UP: Duration = Duration::from_secs(3);
/// How long a node may take to say where the nodes are.
const PATIENCE: Duration = Duration::from_secs(4);

/// Members that have something in common.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// What they share.
    what: String,
    nodes: BTreeSet<NodeIndex>,
}

/// Says which members share what; whether no t of them do.
pub(crate) async fn check(place: &Place, output: Output) -> Result<bool> {
    let mut network = place.network_file()?;
    let answers = ask(&network).await?;
    let silent: Vec<NodeIndex> =
        network.indices().filter(|index| !answers.iter().any(|(from, _)| from == index)).collect();
    let moved = take_newest(&mut network, &answers);
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
    let value = json!({
        "threshold": threshold, "findings": shown.collect::<Vec<_>>(), "moved": moved, "silent": silent,
    });
    output.result(&value, || {
        let mut lines = vec![words(&found, threshold)];
        if !moved.is_empty() {
            lines.push(format!("by their newest words, and not by the file: nodes {}", listed(&moved)));
        }
        if !silent.is_empty() {
            lines.push(format!("not answering, so perhaps elsewhere than known: nodes {}", listed(&silent)));
        }
        lines.join("\n")
    });
    Ok(!grave)
}

/// What each node that answers says of all nodes.
async fn ask(network: &NetworkFile) -> Result<Vec<(NodeIndex, NetworkView)>> {
    let client = Client::new(network.clone(), ClientOptions::default())?;
    let asked = network.indices().map(|index| {
        let client = client.clone();
        let view = async move { tokio::time::timeout(PATIENCE, client.network(index)).await.ok()?.ok() };
        (index, tokio::spawn(view))
    });
    let asked: Vec<_> = asked.collect();
    let mut answers = Vec::new();
    for (index, view) in asked {
        answers.extend(view.await?.map(|view| (index, view)));
    }
    Ok(answers)
}

/// Puts the newest word of each node into the file's place. It is signed by that node, so whoever passes it on can
/// withhold it, and no more.
fn take_newest(network: &mut NetworkFile, answers: &[(NodeIndex, NetworkView)]) -> Vec<NodeIndex> {
    let mut moved = BTreeSet::new();
    let own = answers.iter().map(|(_, view)| (view.node, &view.endpoint));
    let others = answers.iter().flat_map(|(_, view)| &view.nodes).map(|node| (node.index, &node.endpoint));
    for (index, word) in own.chain(others) {
        let (Some(word), Some(member)) = (word, network.node(index)) else { continue };
        let sound = word.said_by(&member.statement_key) && word.check().is_ok();
        let place = usize::from(index.get()) - 1;
        let known = network.endpoints.get_mut(place);
        let Some(known) = known.filter(|known| sound && word.number() > known.number()) else { continue };
        if !known.same_place(word) {
            moved.insert(index);
        }
        *known = NodeEndpoint::clone(word);
    }
    moved.into_iter().collect()
}

fn listed<'a>(nodes: impl IntoIterator<Item = &'a NodeIndex>) -> String {
    nodes.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
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
        let shares = format!("nodes {} share {}", listed(&finding.nodes), finding.what);
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

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use quorate_wire::{
        ActionLimits, Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode,
        NodeView, StatementKey, TransportKey,
    };

    use super::*;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    fn word(node: u8, number: u64, host: &str) -> NodeEndpoint {
        NodeEndpoint::unsigned(format!("http://{host}:7470"), format!("{host}:7570"))
            .signed(number, &key(node))
    }

    fn network() -> NetworkFile {
        let record = ContractRecord { address: Address([0; 20]), code_hash: Digest([0; 32]) };
        let node = |number: u8| FoundingNode {
            transport_key: TransportKey([number; 32]),
            statement_key: StatementKey(key(number).verifying_key().to_bytes()),
            chain_address: Address([number; 20]),
        };
        NetworkFile {
            version: NetworkFile::VERSION_BEFORE,
            name: "test".to_owned(),
            chain: ChainParameters { id: 1, genesis: Digest([0; 32]), head_key: StatementKey([0; 32]) },
            contracts: Contracts {
                pkp_nft: record,
                pubkey_router: record,
                pkp_permissions: record,
                node_registry: record,
                directory: record,
            },
            threshold: 2,
            nodes: (1..=3).map(node).collect(),
            wildcard_sessions: false,
            admission: Admission::Open,
            limits: ActionLimits::default(),
            allow_hosts: None,
            founding: None,
            endpoints: (1..=3).map(|node| word(node, 2, &format!("198.51.{node}.1"))).collect(),
            approvals: Vec::new(),
        }
    }

    fn answer(from: u8, words: Vec<(u8, NodeEndpoint)>) -> (NodeIndex, NetworkView) {
        let index = |number| NodeIndex::new(number).unwrap();
        let view = |(node, word)| NodeView {
            index: index(node),
            connected: true,
            set_up: true,
            banned: false,
            guest: None,
            operator: None,
            endpoint: Some(word),
            silent_ms: None,
            fault: None,
        };
        let mut nodes: Vec<NodeView> = words.into_iter().map(view).collect();
        // A node says its own word beside those of the others.
        let own = nodes.iter().position(|node| node.index == index(from)).map(|place| nodes.remove(place));
        let view = NetworkView {
            network: network().id(),
            epoch: 0,
            threshold: 2,
            node: index(from),
            operator: None,
            endpoint: own.and_then(|own| own.endpoint),
            time_ms: 0,
            head: None,
            finalized: None,
            head_age_ms: None,
            root: None,
            ready: true,
            waiting_for: None,
            guest: Digest([0; 32]),
            login_domains: Vec::new(),
            nodes,
        };
        (index(from), view)
    }

    #[tokio::test]
    async fn nodes_that_have_moved_onto_one_machine_are_found_by_their_newest_words() {
        let mut file = network();
        let addresses = |file: NetworkFile| async move {
            let mut addresses = BTreeMap::new();
            for index in file.indices() {
                addresses.insert(index, addresses_of(&file, index).await);
            }
            findings(&file, &addresses)
        };
        assert!(addresses(file.clone()).await.is_empty());
        let mut altered = word(1, 9, "203.0.113.9");
        altered.quic = "203.0.113.1:1".to_owned();
        let answers = [
            answer(1, vec![(2, word(2, 3, "198.51.100.7")), (1, altered), (9, word(1, 9, "203.0.113.9"))]),
            // Older, of another node, and the newest of all.
            answer(3, vec![(2, word(2, 1, "203.0.113.9")), (1, word(3, 9, "203.0.113.9"))]),
            answer(2, vec![(2, word(2, 4, "198.51.3.1")), (3, word(3, 3, "198.51.3.1"))]),
        ];
        let moved: Vec<u8> = take_newest(&mut file, &answers).into_iter().map(NodeIndex::get).collect();
        // Node 3 said the same place anew.
        assert_eq!(moved, [2]);
        assert_eq!(file.endpoints[0], network().endpoints[0]);
        let found = addresses(file).await;
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found.iter().any(|finding| finding.what == "the machine 198.51.3.1" && finding.nodes.len() == 2)
        );
    }
}
