//! The committed output of the Solidity compiler, built into the library.

use std::{collections::BTreeMap, sync::OnceLock};

use alloy_primitives::{Address, Bytes, U256};
use serde::Deserialize;

/// One compiled contract.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// The interface, as the compiler's JSON.
    pub abi: serde_json::Value,
    /// Creation code; constructor arguments are appended to it.
    pub bytecode: Bytes,
    /// Runtime code with zeros where immutables go.
    pub deployed_bytecode: Bytes,
    /// Where in the runtime code the immutables are.
    pub immutable_references: Vec<ImmutableReference>,
    /// Storage slot of every state variable.
    pub storage: BTreeMap<String, u64>,
}

/// A place of an immutable in runtime code.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ImmutableReference {
    /// First byte.
    pub start: usize,
    /// Number of bytes.
    pub length: usize,
}

impl Artifact {
    /// The slot of a state variable.
    ///
    /// # Panics
    /// If the contract has no such variable: artifacts are built in, so that is a mistake in this crate.
    #[must_use]
    pub fn slot(&self, variable: &str) -> U256 {
        U256::from(*self.storage.get(variable).expect("the committed artifact names this variable"))
    }

    /// Whether `code` is this contract's runtime code, whatever its immutables are.
    #[must_use]
    pub fn matches_runtime(&self, code: &[u8]) -> bool {
        let mut masked = code.to_vec();
        for reference in &self.immutable_references {
            let Some(place) =
                masked.get_mut(reference.start..reference.start.saturating_add(reference.length))
            else {
                return false;
            };
            place.fill(0);
        }
        masked == self.deployed_bytecode
    }
}

/// The committee contract.
#[must_use]
pub fn node_registry() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/NodeRegistry.json")))
}

/// The key contract.
#[must_use]
pub fn pubkey_router() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/PubkeyRouter.json")))
}

/// The grant contract.
#[must_use]
pub fn pkp_permissions() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/PKPPermissions.json")))
}

/// The token contract.
#[must_use]
pub fn pkp_nft() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/PKPNFT.json")))
}

/// The contract of named values.
#[must_use]
pub fn directory() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/Directory.json")))
}

/// Mints with everything that goes with it.
#[must_use]
pub fn pkp_helper() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/PKPHelper.json")))
}

/// What foreign clients ask for prices.
#[must_use]
pub fn price_feed() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/PriceFeed.json")))
}

/// What foreign clients ask for balances.
#[must_use]
pub fn ledger() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/Ledger.json")))
}

/// Whom foreign clients ask who pays.
#[must_use]
pub fn payment_delegation() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/PaymentDelegation.json")))
}

/// Where foreign clients look contracts up.
#[must_use]
pub fn contract_resolver() -> &'static Artifact {
    static ARTIFACT: OnceLock<Artifact> = OnceLock::new();
    ARTIFACT.get_or_init(|| parse(include_str!("../../../contracts/artifacts/ContractResolver.json")))
}

fn parse(text: &str) -> Artifact {
    serde_json::from_str(text).expect("committed artifacts are well formed")
}

/// Addresses of the deployed contracts, as the network file names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// The committee.
    pub node_registry: Address,
    /// The keys.
    pub pubkey_router: Address,
    /// The grants.
    pub pkp_permissions: Address,
    /// The tokens.
    pub pkp_nft: Address,
    /// The named values.
    pub directory: Address,
}

/// Addresses of the contracts that nodes never ask: a composite for minting, and what foreign clients look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Companions {
    /// Mints with everything that goes with it.
    pub pkp_helper: Address,
    /// Prices for foreign clients.
    pub price_feed: Address,
    /// Balances for foreign clients.
    pub ledger: Address,
    /// Who pays, for foreign clients.
    pub payment_delegation: Address,
    /// Where foreign clients look contracts up.
    pub contract_resolver: Address,
}
