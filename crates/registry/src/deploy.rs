//! Puts the registry on a chain.
//!
//! Every contract gets the addresses of the others from its constructor, so there is no wiring afterwards and no one
//! who could change it. The addresses follow from the deployer and its nonce.

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_sol_types::SolConstructor as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    abi::{Directory, NodeRegistry, PKPNFT, PKPPermissions, PubkeyRouter},
    artifacts::{self, Artifact, Contracts},
    rpc_client::CallBounds,
    subject::CommitteeNode,
    tx_client::{TxClient, TxClientError},
};

/// Keccak-256 of the runtime code of every contract, immutables included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeHashes {
    /// The committee.
    pub node_registry: B256,
    /// The keys.
    pub pubkey_router: B256,
    /// The grants.
    pub pkp_permissions: B256,
    /// The tokens.
    pub pkp_nft: B256,
    /// The named values.
    pub directory: B256,
}

/// A registry on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Where it is.
    pub contracts: Contracts,
    /// What is there.
    pub code_hashes: CodeHashes,
    /// The block that completed it.
    pub block_number: u64,
}

/// Where the contracts come to be if an account deploys them with its transactions from `nonce` on.
#[must_use]
pub fn addresses(deployer: Address, nonce: u64) -> Contracts {
    Contracts {
        node_registry: deployer.create(nonce),
        pubkey_router: deployer.create(nonce + 1),
        pkp_permissions: deployer.create(nonce + 2),
        pkp_nft: deployer.create(nonce + 3),
        directory: deployer.create(nonce + 4),
    }
}

/// Deploys the five contracts. The committee is fixed here, for ever.
///
/// # Errors
/// If a transaction fails, or what is deployed is not what was meant.
pub async fn deploy(
    client: &TxClient,
    committee: &[CommitteeNode],
    threshold: u32,
) -> Result<Deployment, TxClientError> {
    let nonce = client
        .rpc()
        .call("eth_getTransactionCount", json!([client.address(), "pending"]), CallBounds::default())
        .await?;
    let nonce = nonce
        .as_str()
        .and_then(|nonce| u64::from_str_radix(nonce.strip_prefix("0x")?, 16).ok())
        .ok_or(TxClientError::BadForm("nonce"))?;
    let contracts = addresses(client.address(), nonce);
    let mut block_number = 0;
    for (code, expected) in creation_codes(&contracts, committee, threshold) {
        let receipt = client.send(None, code).await?;
        if receipt.contract_address != Some(expected) {
            return Err(TxClientError::BadForm("another transaction came between the deployments"));
        }
        block_number = receipt.block_number;
    }
    let code_hashes = CodeHashes {
        node_registry: code_hash(client, contracts.node_registry, artifacts::node_registry()).await?,
        pubkey_router: code_hash(client, contracts.pubkey_router, artifacts::pubkey_router()).await?,
        pkp_permissions: code_hash(client, contracts.pkp_permissions, artifacts::pkp_permissions()).await?,
        pkp_nft: code_hash(client, contracts.pkp_nft, artifacts::pkp_nft()).await?,
        directory: code_hash(client, contracts.directory, artifacts::directory()).await?,
    };
    Ok(Deployment { contracts, code_hashes, block_number })
}

/// Creation code with constructor arguments, in the order of the deployer's nonces, each with its address.
#[must_use]
pub fn creation_codes(
    contracts: &Contracts,
    committee: &[CommitteeNode],
    threshold: u32,
) -> [(Bytes, Address); 5] {
    let nodes = committee
        .iter()
        .map(|node| NodeRegistry::Node {
            nodeAddress: node.address,
            transportKeyHash: node.transport_key_hash,
            statementKey: node.statement_key,
            url: node.url.clone(),
        })
        .collect();
    let with_arguments = |artifact: &Artifact, arguments: Vec<u8>| {
        let mut code = artifact.bytecode.to_vec();
        code.extend_from_slice(&arguments);
        Bytes::from(code)
    };
    let registry = NodeRegistry::constructorCall {
        foundingNodes: nodes,
        foundingThreshold: alloy_primitives::U256::from(threshold),
    };
    let router =
        PubkeyRouter::constructorCall { nodeRegistry_: contracts.node_registry, pkpNFT_: contracts.pkp_nft };
    let permissions = PKPPermissions::constructorCall { pkpNFT_: contracts.pkp_nft };
    let nft =
        PKPNFT::constructorCall { router_: contracts.pubkey_router, permissions_: contracts.pkp_permissions };
    let directory = Directory::constructorCall { nodeRegistry_: contracts.node_registry };
    [
        (with_arguments(artifacts::node_registry(), registry.abi_encode()), contracts.node_registry),
        (with_arguments(artifacts::pubkey_router(), router.abi_encode()), contracts.pubkey_router),
        (with_arguments(artifacts::pkp_permissions(), permissions.abi_encode()), contracts.pkp_permissions),
        (with_arguments(artifacts::pkp_nft(), nft.abi_encode()), contracts.pkp_nft),
        (with_arguments(artifacts::directory(), directory.abi_encode()), contracts.directory),
    ]
}

async fn code_hash(client: &TxClient, address: Address, artifact: &Artifact) -> Result<B256, TxClientError> {
    let code = client.rpc().call("eth_getCode", json!([address, "latest"]), CallBounds::default()).await?;
    let code: Bytes = serde_json::from_value(code).map_err(|_| TxClientError::BadForm("code"))?;
    if !artifact.matches_runtime(&code) {
        return Err(TxClientError::BadForm("deployed code is not ours"));
    }
    Ok(keccak256(&code))
}
