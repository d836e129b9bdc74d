//! What a deployment will put on a chain, computed without any chain.
//!
//! Code and addresses follow from the deployer, its nonce, the chain's id, the committee and the founding's salt. So everybody who is to agree
//! on a network computes them for himself, before there is a chain to ask.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use serde_json::json;
use tokio::time::Instant;

use super::{
    CodeHashes, CompanionHashes, Founding, addresses, companion_addresses, companion_codes, creation_codes,
};
use crate::{
    artifacts::{Companions, Contracts},
    chain::evm,
    revert,
    rpc_client::CallBounds,
    tx_client::{TxClient, TxClientError},
};

/// Contracts and companions, by the deployer's nonces.
const NAMES: [&str; 10] = [
    "NodeRegistry",
    "PubkeyRouter",
    "PKPPermissions",
    "PKPNFT",
    "Directory",
    "PKPHelper",
    "PriceFeed",
    "Ledger",
    "PaymentDelegation",
    "ContractResolver",
];
/// How long transactions of an earlier try may take to be in a block.
const PENDING_DEADLINE: Duration = Duration::from_secs(20);
const PENDING_PAUSE: Duration = Duration::from_millis(100);

/// One contract that is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedContract {
    /// Its name in the sources.
    pub name: &'static str,
    /// Where it comes to be.
    pub address: Address,
    /// Keccak-256 of its init code with the arguments: the input of the transaction that creates it.
    pub creation: B256,
    /// Keccak-256 of its runtime code, immutables included.
    pub code_hash: B256,
    code: Bytes,
}

/// A deployment: five contracts and five companions, in the order of the deployer's nonces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Who deploys.
    pub deployer: Address,
    /// With which nonce it begins.
    pub nonce: u64,
    /// On which chain.
    pub chain_id: u64,
    /// What is created.
    pub contracts: [PlannedContract; 10],
}

/// Computes a deployment by running its creations in memory.
///
/// # Errors
/// [`TxClientError::Reverted`] if a constructor refuses, such as a committee that protects nothing.
pub fn plan(
    deployer: Address,
    nonce: u64,
    chain_id: u64,
    founding: &Founding<'_>,
) -> Result<Plan, TxClientError> {
    let contracts = addresses(deployer, nonce);
    let companions = companion_addresses(deployer, nonce);
    let mut codes = creation_codes(&contracts, founding).to_vec();
    codes.extend(companion_codes(&contracts, &companions));
    let inputs: Vec<Bytes> = codes.iter().map(|(code, _)| code.clone()).collect();
    let created = evm::create_all(chain_id, (deployer, nonce), &inputs);
    let planned = NAMES.iter().zip(codes).zip(created).map(|((name, (code, address)), runtime)| {
        let runtime = runtime.map_err(|data| TxClientError::Reverted(revert::sentence(&data)))?;
        let (creation, code_hash) = (keccak256(&code), keccak256(&runtime));
        Ok(PlannedContract { name, address, creation, code_hash, code })
    });
    let planned: Vec<_> = planned.collect::<Result<_, TxClientError>>()?;
    let contracts = planned
        .try_into()
        .map_err(|_| TxClientError::OffPlan("not every contract was created".to_owned()))?;
    Ok(Plan { deployer, nonce, chain_id, contracts })
}

impl Plan {
    /// Where the contracts that the network file names come to be.
    #[must_use]
    pub fn addresses(&self) -> Contracts {
        addresses(self.deployer, self.nonce)
    }

    /// Where the companions come to be.
    #[must_use]
    pub fn companions(&self) -> Companions {
        companion_addresses(self.deployer, self.nonce)
    }

    /// What the contracts that the network file names will be.
    #[must_use]
    pub fn code_hashes(&self) -> CodeHashes {
        let [node_registry, pubkey_router, pkp_permissions, pkp_nft, directory, ..] = self.hashes();
        CodeHashes { node_registry, pubkey_router, pkp_permissions, pkp_nft, directory }
    }

    /// What the companions will be.
    #[must_use]
    pub fn companion_hashes(&self) -> CompanionHashes {
        let [.., pkp_helper, price_feed, ledger, payment_delegation, contract_resolver] = self.hashes();
        CompanionHashes { pkp_helper, price_feed, ledger, payment_delegation, contract_resolver }
    }

    /// The creations that a follower is to approve: of every contract its address, and the hash of its init code.
    #[must_use]
    pub fn creations(&self) -> Vec<(Address, B256)> {
        self.contracts.iter().map(|contract| (contract.address, contract.creation)).collect()
    }

    fn hashes(&self) -> [B256; 10] {
        self.contracts.each_ref().map(|contract| contract.code_hash)
    }
}

/// Creates what is planned, or what is left of it after an interruption: the account's nonce says how far an earlier try
/// came, and what that try created has to be as planned. `progress` hears the name of each contract that is there, its
/// number from 1, and how many there will be.
///
/// # Errors
/// [`TxClientError::OffPlan`] if the account is another, its nonce is before the plan, or there is other code;
/// otherwise as [`TxClient::send`].
pub async fn deploy_planned(
    client: &TxClient,
    plan: &Plan,
    mut progress: impl FnMut(&str, usize, usize),
) -> Result<(), TxClientError> {
    let done = done(client, plan).await?;
    for (place, contract) in plan.contracts.iter().enumerate() {
        if place >= done {
            let receipt = client.send(None, contract.code.clone()).await?;
            if receipt.contract_address != Some(contract.address) {
                return off_plan(format!(
                    "{} was to be created at {}, and another transaction of the account came between",
                    contract.name, contract.address
                ));
            }
        }
        check_code(client, contract).await?;
        progress(contract.name, place + 1, plan.contracts.len());
    }
    Ok(())
}

/// How many creations of the plan the account has made.
async fn done(client: &TxClient, plan: &Plan) -> Result<usize, TxClientError> {
    if client.address() != plan.deployer {
        return off_plan(format!("{} deploys, where {} is planned", client.address(), plan.deployer));
    }
    if client.chain_id() != plan.chain_id {
        return off_plan(format!("the chain is {}, where {} is planned", client.chain_id(), plan.chain_id));
    }
    let nonce = settled_nonce(client).await?;
    if nonce < plan.nonce {
        return off_plan(format!(
            "the next nonce of {} is {nonce}, where the deployment begins with {}",
            plan.deployer, plan.nonce
        ));
    }
    // Later ones are for what came after the deployment, all of which is there then.
    usize::try_from(nonce - plan.nonce).map_err(|_| TxClientError::BadForm("nonce"))
}

/// The account's next nonce, once what it has sent before is in blocks.
async fn settled_nonce(client: &TxClient) -> Result<u64, TxClientError> {
    let deadline = Instant::now() + PENDING_DEADLINE;
    loop {
        let pending = client.reader().next_nonce(client.address(), "pending").await?;
        let nonce = client.reader().next_nonce(client.address(), "latest").await?;
        if nonce >= pending {
            return Ok(nonce);
        }
        if Instant::now() >= deadline {
            return off_plan(format!(
                "transactions of {} from an earlier try are in no block yet: wait for them, and start again",
                client.address()
            ));
        }
        tokio::time::sleep(PENDING_PAUSE).await;
    }
}

/// Runtime code alone is compared: what init code has written beside it is for nodes, who replay its transaction.
async fn check_code(client: &TxClient, contract: &PlannedContract) -> Result<(), TxClientError> {
    let PlannedContract { name, address, code_hash, .. } = contract;
    let code = client.rpc().call("eth_getCode", json!([address, "latest"]), CallBounds::default()).await?;
    let code: Bytes = serde_json::from_value(code).map_err(|_| TxClientError::BadForm("code"))?;
    let found = keccak256(&code);
    if code.is_empty() {
        return off_plan(format!(
            "nothing is at {address}, where {name} was to be created: another transaction had its nonce"
        ));
    }
    if found != *code_hash {
        return off_plan(format!("the code at {address} has the hash {found}, where {name} has {code_hash}"));
    }
    Ok(())
}

fn off_plan<T>(why: String) -> Result<T, TxClientError> {
    Err(TxClientError::OffPlan(why))
}
