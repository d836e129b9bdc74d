//! Puts the registry on a chain.
//!
//! Every contract gets the addresses of the others from its constructor, so there is no wiring afterwards and no one
//! who could change it. The addresses follow from the deployer and its nonce.

mod plan;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_sol_types::SolConstructor as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::plan::{Plan, PlannedContract, deploy_planned, plan};
use crate::{
    abi::{
        ContractResolver, Directory, NodeRegistry, PKPHelper, PKPNFT, PKPPermissions, PriceFeed, PubkeyRouter,
    },
    artifacts::{self, Artifact, Companions, Contracts},
    rpc_client::CallBounds,
    subject::CommitteeNode,
    tx_client::{TxClient, TxClientError},
};

/// How many contracts the network file names.
const CONTRACTS: u64 = 5;

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

/// What the contracts are given when they are created.
#[derive(Clone, Copy, Debug)]
pub struct Founding<'a> {
    /// The nodes, in order.
    pub committee: &'a [CommitteeNode],
    /// How many of them act together.
    pub threshold: u32,
    /// What tells this founding from another at the same addresses; part of everything that its nodes vote for.
    pub salt: B256,
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

/// Where the companions come to be if the same account deploys them next; `nonce` is again that of the first contract.
#[must_use]
pub fn companion_addresses(deployer: Address, nonce: u64) -> Companions {
    Companions {
        pkp_helper: deployer.create(nonce + 5),
        price_feed: deployer.create(nonce + 6),
        ledger: deployer.create(nonce + 7),
        payment_delegation: deployer.create(nonce + 8),
        contract_resolver: deployer.create(nonce + 9),
    }
}

/// Deploys the five contracts. The committee is fixed here, for ever.
///
/// # Errors
/// If a transaction fails, or what is deployed is not what was meant.
pub async fn deploy(client: &TxClient, founding: &Founding<'_>) -> Result<Deployment, TxClientError> {
    let nonce = client.reader().next_nonce(client.address(), "pending").await?;
    let contracts = addresses(client.address(), nonce);
    let block_number = create(client, &creation_codes(&contracts, founding)).await?;
    let code_hashes = CodeHashes {
        node_registry: code_hash(client, contracts.node_registry, artifacts::node_registry()).await?,
        pubkey_router: code_hash(client, contracts.pubkey_router, artifacts::pubkey_router()).await?,
        pkp_permissions: code_hash(client, contracts.pkp_permissions, artifacts::pkp_permissions()).await?,
        pkp_nft: code_hash(client, contracts.pkp_nft, artifacts::pkp_nft()).await?,
        directory: code_hash(client, contracts.directory, artifacts::directory()).await?,
    };
    Ok(Deployment { contracts, code_hashes, block_number })
}

/// The companions on a chain: where each is, and Keccak-256 of its runtime code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeployedCompanions {
    /// Where they are.
    pub addresses: Companions,
    /// What is there.
    pub code_hashes: CompanionHashes,
}

/// Keccak-256 of the runtime code of every companion, immutables included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompanionHashes {
    /// Mints with everything that goes with it.
    pub pkp_helper: B256,
    /// Prices for foreign clients.
    pub price_feed: B256,
    /// Balances for foreign clients.
    pub ledger: B256,
    /// Who pays, for foreign clients.
    pub payment_delegation: B256,
    /// Where foreign clients look contracts up.
    pub contract_resolver: B256,
}

/// Deploys the five companions, right after [`deploy`] and as the same account.
///
/// # Errors
/// If a transaction fails, or what is deployed is not what was meant.
pub async fn deploy_companions(
    client: &TxClient,
    contracts: &Contracts,
) -> Result<DeployedCompanions, TxClientError> {
    // Their places are counted from the first contract.
    let first = client
        .reader()
        .next_nonce(client.address(), "pending")
        .await?
        .checked_sub(CONTRACTS)
        .ok_or(TxClientError::BadForm("nonce"))?;
    if addresses(client.address(), first) != *contracts {
        return Err(TxClientError::BadForm("another transaction came between the deployments"));
    }
    let companions = companion_addresses(client.address(), first);
    create(client, &companion_codes(contracts, &companions)).await?;
    let code_hashes = CompanionHashes {
        pkp_helper: code_hash(client, companions.pkp_helper, artifacts::pkp_helper()).await?,
        price_feed: code_hash(client, companions.price_feed, artifacts::price_feed()).await?,
        ledger: code_hash(client, companions.ledger, artifacts::ledger()).await?,
        payment_delegation: code_hash(client, companions.payment_delegation, artifacts::payment_delegation())
            .await?,
        contract_resolver: code_hash(client, companions.contract_resolver, artifacts::contract_resolver())
            .await?,
    };
    Ok(DeployedCompanions { addresses: companions, code_hashes })
}

/// Creates contracts one after the other; the block of the last.
async fn create(client: &TxClient, codes: &[(Bytes, Address)]) -> Result<u64, TxClientError> {
    let mut block_number = 0;
    for (code, expected) in codes {
        let receipt = client.send(None, code.clone()).await?;
        if receipt.contract_address != Some(*expected) {
            return Err(TxClientError::BadForm("another transaction came between the deployments"));
        }
        block_number = receipt.block_number;
    }
    Ok(block_number)
}

/// Creation code with constructor arguments, in the order of the deployer's nonces, each with its address.
#[must_use]
pub fn creation_codes(contracts: &Contracts, founding: &Founding<'_>) -> [(Bytes, Address); 5] {
    let Founding { committee, threshold, salt } = *founding;
    let nodes = committee
        .iter()
        .map(|node| NodeRegistry::Node {
            nodeAddress: node.address,
            transportKeyHash: node.transport_key_hash,
            statementKey: node.statement_key,
            url: node.url.clone(),
        })
        .collect();
    let registry = NodeRegistry::constructorCall {
        foundingNodes: nodes,
        foundingThreshold: alloy_primitives::U256::from(threshold),
    };
    let router = PubkeyRouter::constructorCall {
        nodeRegistry_: contracts.node_registry,
        pkpNFT_: contracts.pkp_nft,
        salt_: salt,
    };
    let permissions =
        PKPPermissions::constructorCall { pkpNFT_: contracts.pkp_nft, router_: contracts.pubkey_router };
    let nft = PKPNFT::constructorCall {
        router_: contracts.pubkey_router,
        permissions_: contracts.pkp_permissions,
        nodeRegistry_: contracts.node_registry,
    };
    let directory = Directory::constructorCall { nodeRegistry_: contracts.node_registry, salt_: salt };
    [
        (with_arguments(artifacts::node_registry(), registry.abi_encode()), contracts.node_registry),
        (with_arguments(artifacts::pubkey_router(), router.abi_encode()), contracts.pubkey_router),
        (with_arguments(artifacts::pkp_permissions(), permissions.abi_encode()), contracts.pkp_permissions),
        (with_arguments(artifacts::pkp_nft(), nft.abi_encode()), contracts.pkp_nft),
        (with_arguments(artifacts::directory(), directory.abi_encode()), contracts.directory),
    ]
}

/// The same for the companions.
#[must_use]
pub fn companion_codes(contracts: &Contracts, companions: &Companions) -> [(Bytes, Address); 5] {
    let helper = PKPHelper::constructorCall {
        pkpNFT_: contracts.pkp_nft,
        permissions_: contracts.pkp_permissions,
        nodeRegistry_: contracts.node_registry,
    };
    let prices = PriceFeed::constructorCall { nodeRegistry_: contracts.node_registry };
    let resolver = ContractResolver::constructorCall {
        contracts: ContractResolver::Contracts {
            staking: contracts.node_registry,
            pkpNFT: contracts.pkp_nft,
            pkpPermissions: contracts.pkp_permissions,
            pubkeyRouter: contracts.pubkey_router,
            pkpHelper: companions.pkp_helper,
            priceFeed: companions.price_feed,
            ledger: companions.ledger,
            paymentDelegation: companions.payment_delegation,
        },
    };
    [
        (with_arguments(artifacts::pkp_helper(), helper.abi_encode()), companions.pkp_helper),
        (with_arguments(artifacts::price_feed(), prices.abi_encode()), companions.price_feed),
        (with_arguments(artifacts::ledger(), Vec::new()), companions.ledger),
        (with_arguments(artifacts::payment_delegation(), Vec::new()), companions.payment_delegation),
        (with_arguments(artifacts::contract_resolver(), resolver.abi_encode()), companions.contract_resolver),
    ]
}

fn with_arguments(artifact: &Artifact, arguments: Vec<u8>) -> Bytes {
    let mut code = artifact.bytecode.to_vec();
    code.extend_from_slice(&arguments);
    Bytes::from(code)
}

async fn code_hash(client: &TxClient, address: Address, artifact: &Artifact) -> Result<B256, TxClientError> {
    let code = client.rpc().call("eth_getCode", json!([address, "latest"]), CallBounds::default()).await?;
    let code: Bytes = serde_json::from_value(code).map_err(|_| TxClientError::BadForm("code"))?;
    if !artifact.matches_runtime(&code) {
        return Err(TxClientError::BadForm("deployed code is not ours"));
    }
    Ok(keccak256(&code))
}
