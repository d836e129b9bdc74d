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
    let nowhere = NodeEndpoint { http: "http://127.0.0.1:1".to_owned(), quic: "127.0.0.1:1".to_owned() };
    NetworkFile {
        version: NetworkFile::VERSION,
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
        endpoints: vec![nowhere; 3],
    }
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
