//! What the tests of this crate share.

use std::path::{Path, PathBuf};

/// A folder that vanishes with its test.
pub(crate) struct TestFolder(PathBuf);

impl TestFolder {
    pub(crate) fn new() -> Self {
        let mut bytes = [0u8; 8];
        crate::entropy::fill(&mut bytes);
        let path = std::env::temp_dir().join(format!("quorate-node-{}", hex::encode(bytes)));
        crate::config::make_private_folder(&path).unwrap();
        TestFolder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A network file of three nodes that exist nowhere.
pub(crate) fn network() -> quorate_wire::NetworkFile {
    use quorate_wire::{
        Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode, NetworkFile,
        NodeEndpoint, StatementKey, TransportKey,
    };
    let record = ContractRecord { address: Address([0; 20]), code_hash: Digest([0; 32]) };
    let node = |number: u8| FoundingNode {
        transport_key: TransportKey([number; 32]),
        statement_key: StatementKey([number; 32]),
        chain_address: Address([number; 20]),
    };
    let nowhere = NodeEndpoint::unsigned("http://127.0.0.1:1", "127.0.0.1:1");
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
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints: vec![nowhere; 3],
    }
}

/// A founded network of three nodes that are nowhere, whose guest has this byte in its hash; and the nodes' keys.
pub(crate) fn founded(guest: u8) -> (quorate_wire::NetworkFile, Vec<crate::NodeKeys>) {
    use quorate_wire::{
        Address, Approval, Digest, FoundingTerms, FoundingValue, NetworkApproval, NetworkFile, NodeVote,
        PlannedContract, Signed, StatementKey,
    };
    let folder = TestFolder::new();
    let keys = (1..=3).map(|number| {
        let at = |name: &str| folder.path().join(format!("{name}-{number}"));
        let files = crate::KeyFiles {
            transport: at("transport"),
            statement: at("statement"),
            chain: at("chain"),
            sealing: at("sealing"),
        };
        crate::NodeKeys::load_or_create(&files).unwrap()
    });
    let keys: Vec<_> = keys.collect();
    let mut network = network();
    let head_key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
    network.chain.head_key = StatementKey(head_key.to_bytes());
    network.version = NetworkFile::VERSION;
    network.nodes = keys.iter().map(crate::NodeKeys::public).collect();
    for (endpoint, keys) in network.endpoints.iter_mut().zip(&keys) {
        *endpoint = endpoint.clone().signed(1, &keys.statement);
    }
    let contracts = &mut network.contracts;
    let records = [
        ("NodeRegistry", &mut contracts.node_registry),
        ("PubkeyRouter", &mut contracts.pubkey_router),
        ("PKPPermissions", &mut contracts.pkp_permissions),
        ("PKPNFT", &mut contracts.pkp_nft),
        ("Directory", &mut contracts.directory),
    ];
    let planned = records.into_iter().zip(1..).map(|((name, record), number)| {
        (record.address, record.code_hash) = (Address([number; 20]), Digest([number; 32]));
        let (name, creation) = (name.to_owned(), Digest([number + 100; 32]));
        PlannedContract { name, address: record.address, creation, code_hash: record.code_hash }
    });
    network.founding = Some(FoundingTerms {
        guest: Digest([guest; 32]),
        deployer: Address([9; 20]),
        contracts: planned.collect(),
        values: vec![FoundingValue { name: "login-domains".to_owned(), value: "[\"a.example\"]".to_owned() }],
        operators: (1..=3).map(|number| format!("Operator {number}")).collect(),
    });
    let (id, digest) = (network.id(), network.founding_vote_digest().unwrap());
    let approvals = network.indices().zip(&keys).map(|(index, keys)| Approval {
        word: Signed::new(index, NetworkApproval { network: id }, &keys.statement),
        vote: NodeVote::sign(&digest, &keys.chain),
    });
    network.approvals = approvals.collect();
    network.check_approvals().unwrap();
    (network, keys)
}

/// Roots of the right form, of nobody.
pub(crate) fn roots() -> quorate_wire::RootKeys {
    let point = k256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap().verifying_key().to_sec1_point(true);
    let keys = [point.as_bytes(), &[2; 33], &[3; 32], &[4; 48], &[5; 48], &[6; 48]];
    quorate_wire::RootKeys::from_list(keys).unwrap()
}

/// Where node 1 finds the members of a network.
pub(crate) fn endpoints(
    network: &quorate_wire::NetworkFile,
) -> std::sync::Arc<crate::endpoints::EndpointBoard> {
    let me = quorate_wire::NodeIndex::new(1).unwrap();
    std::sync::Arc::new(crate::endpoints::EndpointBoard::new(network, me))
}

/// The body of a submission whose form is right and whose content is nothing.
pub(crate) fn submission() -> Vec<u8> {
    let (request, sig) = (b"{}".to_vec(), vec![0; 64]);
    let submission = quorate_wire::Submission { request, sig, login: login(), code: None };
    serde_json::to_vec(&submission).unwrap()
}

/// A login that allows nothing.
pub(crate) fn login() -> quorate_wire::Login {
    quorate_wire::WalletLogin {
        message: String::new(),
        signature: String::new(),
        rz: quorate_wire::Digest([0; 32]),
    }
    .into()
}
