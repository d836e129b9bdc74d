//! Nodes that are killed while a network is founded: each has all six shares on its disk or none, and the network is
//! founded after all.

use std::collections::BTreeSet;
use std::time::Duration;

use quorate_node::{Config, NodeKeys, Store};
use quorate_wire::{NetworkFile, Purpose};
use serde_json::{Value, json};

use crate::operators::{Ceremony, Operator, Process};

const FOUNDINGS: u64 = 20;
/// From the last start to the kill of the first founding, and how much later each further one is. The last ones come when
/// the roots are on chain.
const FIRST_KILL_MS: u64 = 40;
const LATER_MS: u64 = 130;

#[test]
#[ignore = "it founds twenty networks; cargo xtask ci --full does"]
fn twenty_foundings_with_a_kill_end_with_all_six_roots_on_every_node() {
    let mut found = BTreeSet::new();
    for number in 0..FOUNDINGS {
        let ceremony = Ceremony::new(&format!("kill-{number}"), 3);
        ceremony.found();
        let mut nodes: Vec<Option<Process>> = start(&ceremony, 0..3).into_iter().map(Some).collect();
        std::thread::sleep(Duration::from_millis(FIRST_KILL_MS + LATER_MS * number));
        // One of the three, or all at once.
        let killed: Vec<usize> = if number % 4 == 3 { vec![0, 1, 2] } else { vec![(number % 4) as usize] };
        for place in &killed {
            nodes[*place].take().unwrap().kill();
        }
        let on_disk: Vec<Vec<String>> =
            killed.iter().map(|place| whole_shares(&ceremony.operators[*place])).collect();
        println!("founding {number}: nodes {killed:?} killed, with {on_disk:?}");
        found.extend(on_disk.into_iter().map(|records| records.len()));
        let _again = start(&ceremony, killed);
        ceremony.ready(Duration::from_secs(60));
        same_six_keys(&ceremony);
    }
    // Kills came before there was a share, and after.
    assert!(found.len() > 1, "all kills came at the same step: {found:?}");
}

fn start(ceremony: &Ceremony, places: impl IntoIterator<Item = usize>) -> Vec<Process> {
    places.into_iter().map(|place| ceremony.operators[place].start()).collect()
}

/// Names of the records of shares that a node has on its disk; each must be of all six roots.
fn whole_shares(operator: &Operator) -> Vec<String> {
    let config = Config::load(&operator.file("node.toml")).unwrap();
    let sealing = NodeKeys::load(&config.keys).unwrap().sealing;
    let network = NetworkFile::parse(&std::fs::read_to_string(&config.network_file).unwrap()).unwrap();
    let store = Store::open(&config.data_folder, &sealing, network.id()).unwrap();
    let stored = store.load_all().unwrap();
    store.close().unwrap();
    let shares = stored.iter().filter(|(key, _)| {
        key.starts_with("epoch/1/share/pending/") || key.as_str() == "epoch/1/share/roots"
    });
    shares
        .map(|(key, record)| {
            assert_eq!(purposes(record), [1, 2, 3, 4, 5, 6], "{key} of {}", operator.name);
            key.rsplit('/').nth(usize::from(key.contains("pending"))).unwrap().to_owned()
        })
        .collect()
}

/// The purposes of the shares in a record, by the layout alone: the record's version, and then for each share five bytes
/// (version, purpose, t, n, index), session and scalar of 32 bytes each, t points of its group, and a hash.
fn purposes(record: &[u8]) -> Vec<u8> {
    let mut rest = &record[1..];
    let mut purposes = Vec::new();
    while let [2, purpose, threshold, _, _, ..] = *rest {
        let point = match purpose {
            1 | 2 => 33,
            3 => 32,
            _ => 48,
        };
        purposes.push(purpose);
        rest = &rest[5 + 32 + 32 + usize::from(threshold) * point + 32..];
    }
    assert!(rest.is_empty(), "{} bytes behind {purposes:?}", rest.len());
    purposes
}

/// Every node shows the same six keys, with the word of all members.
pub(crate) fn same_six_keys(ceremony: &Ceremony) {
    let shown: BTreeSet<String> =
        ceremony.operators.iter().map(|operator| keys_of(operator).to_string()).collect();
    assert_eq!(shown.len(), 1, "{shown:#?}");
}

fn keys_of(operator: &Operator) -> Value {
    let (status, body) = crate::operators::http(&operator.http, "GET /v1/keys");
    assert_eq!(status, 200, "{body}");
    let view: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(view["keys"].as_object().unwrap().len(), Purpose::ALL.len(), "{view}");
    let members: Value =
        view["certificate"].as_array().unwrap().iter().map(|word| word["node"].clone()).collect();
    assert_eq!(members, json!([1, 2, 3]), "{view}");
    view["keys"].clone()
}
