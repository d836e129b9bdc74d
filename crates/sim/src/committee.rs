//! A committee of the simulator: its keys and its network file, equal in every run.

use ed25519_dalek::SigningKey;
use quorate_engine::{Config, Rates};
use quorate_wire::{
    ActionLimits, Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode,
    NetworkFile, NetworkId, NodeEndpoint, NodeIndex, NodeVote, PublicKey, RootKeys, StatementKey,
    TransportKey, root_keys_digest,
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
            chain_address: address_of(&chain_key(shape, index)),
        });
        let network = NetworkFile {
            version: NetworkFile::VERSION_BEFORE,
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
            founding: None,
            approvals: Vec::new(),
            endpoints: (0..shape.n)
                .map(|_| NodeEndpoint::unsigned("http://127.0.0.1:0", "127.0.0.1:0"))
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

    /// The key of a node's account on the chain.
    pub(crate) fn chain_key(&self, node: NodeIndex) -> k256::ecdsa::SigningKey {
        chain_key(self.shape, node.get())
    }

    /// What nodes sign to vote for roots.
    pub(crate) fn roots_digest_of(&self) -> Box<dyn Fn(&RootKeys) -> Digest> {
        let router = self.network.router_domain();
        Box::new(move |roots| root_keys_digest(&router, "quorate-keyset1", roots))
    }

    /// Whether these are the votes of all members for roots, in the form that the contract takes.
    pub(crate) fn has_voted(&self, roots: &RootKeys, votes: &[NodeVote]) -> bool {
        let digest = self.roots_digest_of()(roots);
        let signers: Option<Vec<Address>> = votes.iter().map(|vote| vote.signer(&digest)).collect();
        let mut accounts: Vec<Address> = self.network.nodes.iter().map(|node| node.chain_address).collect();
        accounts.sort();
        signers == Some(accounts)
    }

    pub(crate) fn config(&self, node: NodeIndex) -> Config {
        Config {
            network: self.network.clone(),
            me: node,
            statement_key: self.statement_key(node).clone(),
            chain_key: self.chain_key(node),
            place: None,
            guest: Self::guest(),
            limits: ActionLimits::default(),
            accept_rollback_to: None,
            rates: Rates::default(),
        }
    }
}

fn chain_key(shape: Shape, index: u8) -> k256::ecdsa::SigningKey {
    let bytes: [u8; 32] = [index, shape.n, 2, 0].repeat(8).try_into().expect("32 bytes");
    k256::ecdsa::SigningKey::from_slice(&bytes).expect("a scalar")
}

fn address_of(key: &k256::ecdsa::SigningKey) -> Address {
    let public = PublicKey::from_sec1(key.verifying_key().to_sec1_point(true).as_bytes());
    public.expect("a point").address()
}
