//! A committee of the simulator: its keys and its network file, equal in every run.

use ed25519_dalek::SigningKey;
use quorate_engine::{Config, Rates};
use quorate_wire::{
    ActionLimits, Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode,
    NetworkFile, NetworkId, NodeEndpoint, NodeIndex, StatementKey, TransportKey,
};

use crate::chain;

/// Size and threshold of a committee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// Members.
    pub n: u8,
    /// Threshold.
    pub t: u8,
}

impl Shape {
    /// All that are simulated.
    pub(crate) const ALL: [Shape; 4] =
        [Shape { n: 3, t: 2 }, Shape { n: 4, t: 3 }, Shape { n: 5, t: 3 }, Shape { n: 7, t: 4 }];
}

/// A committee: the network file and the members' statement keys.
pub(crate) struct Committee {
    pub(crate) shape: Shape,
    pub(crate) network: NetworkFile,
    pub(crate) id: NetworkId,
    keys: Vec<SigningKey>,
}

impl Committee {
    pub(crate) fn new(shape: Shape) -> Self {
        let keys: Vec<SigningKey> = (1..=shape.n)
            .map(|index| {
                SigningKey::from_bytes(&[index, shape.n, 1, 0].repeat(8).try_into().expect("32 bytes"))
            })
            .collect();
        let record =
            |mark: u8| ContractRecord { address: Address([mark; 20]), code_hash: Digest([mark; 32]) };
        let nodes = keys.iter().zip(1u8..).map(|(key, index)| FoundingNode {
            transport_key: TransportKey([index; 32]),
            statement_key: StatementKey(key.verifying_key().to_bytes()),
            chain_address: Address([index; 20]),
        });
        let network = NetworkFile {
            version: NetworkFile::VERSION,
            name: format!("simulated {}/{}", shape.n, shape.t),
            chain: ChainParameters {
                id: 31_337,
                genesis: chain::GENESIS,
                head_key: StatementKey(chain::head_key().verifying_key().to_bytes()),
            },
            contracts: Contracts {
                pkp_nft: record(1),
                pubkey_router: record(2),
                pkp_permissions: record(3),
                node_registry: record(4),
                directory: record(5),
            },
            threshold: shape.t,
            nodes: nodes.collect(),
            wildcard_sessions: false,
            admission: Admission::Open,
            limits: quorate_wire::ActionLimits::default(),
            allow_hosts: None,
            endpoints: (0..shape.n)
                .map(|_| NodeEndpoint {
                    http: "http://127.0.0.1:0".to_owned(),
                    quic: "127.0.0.1:0".to_owned(),
                })
                .collect(),
        };
        let id = network.id();
        Committee { shape, network, id, keys }
    }

    pub(crate) fn indices(&self) -> Vec<NodeIndex> {
        self.network.indices().collect()
    }

    pub(crate) fn guest() -> Digest {
        Digest([0x9e; 32])
    }

    pub(crate) fn statement_key(&self, node: NodeIndex) -> &SigningKey {
        &self.keys[usize::from(node.get()) - 1]
    }

    pub(crate) fn config(&self, node: NodeIndex) -> Config {
        Config {
            network: self.network.clone(),
            me: node,
            statement_key: self.statement_key(node).clone(),
            guest: Self::guest(),
            limits: ActionLimits::default(),
            accept_rollback_to: None,
            rates: Rates::default(),
        }
    }
}
