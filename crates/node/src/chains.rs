//! What actions read of chains: of the registry's own at the block that the request names, from the state that this
//! node replayed; of others through servers that the operator has named.
//!
//! Texts of servers, and their addresses, are shown to no action: errors are the codes' own sentences.

mod permissions;
mod servers;

pub use permissions::{ReadGrants, answer_registry};

use std::{collections::BTreeMap, sync::Arc};

use quorate_actions::{CallBlock, Payer, RegistryQuery, RpcMethod};
use quorate_registry::{
    alloy_primitives::{Address, Bytes, U256, hex},
    subject::{Grant, Subject},
    view::{At, RegistryView, ViewCall},
};
use quorate_wire::{BlockRef, ErrorCode};
use serde_json::{Value, json};

use crate::{
    config::ChainConfig,
    egress::Egress,
    places::{Place, Places},
};
use servers::Servers;

/// Under which name actions read the registry's own chain.
pub(crate) const OWN_CHAIN: &str = "quorate";

/// Reads of this node's own chain for actions at the same time: they only compute, and the node needs the processor.
const OWN_READS: usize = 4;

/// The chains that actions may read. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Chains(Arc<Inner>);

struct Inner {
    view: RegistryView,
    own_id: u64,
    others: Servers,
    places: Arc<Places>,
}

impl Chains {
    pub(crate) fn new(
        view: RegistryView,
        own_id: u64,
        others: BTreeMap<String, ChainConfig>,
        egress: Arc<Egress>,
    ) -> Self {
        let (others, places) = (Servers::new(others, egress), Places::new(OWN_READS));
        Chains(Arc::new(Inner { view, own_id, others, places }))
    }

    /// A place among the reads of this node's own chain, waiting for it.
    pub(crate) async fn place(&self, payers: &[Payer]) -> Option<Place> {
        self.0.places.take(payers).await
    }

    /// Answers a question about the registry: JSON text.
    ///
    /// # Errors
    /// `registry_stale` if this node can not read the named block.
    pub(crate) fn registry(&self, named: &BlockRef, query: &RegistryQuery) -> Result<String, ErrorCode> {
        let grants = GrantsAt { view: &self.0.view, at: self.at(named)? };
        Ok(answer_registry(query, &grants)?.to_string())
    }

    /// Reads a chain: JSON text.
    ///
    /// # Errors
    /// `chain_unknown`, `rpc_failed`, `call_reverted`; `registry_stale` of the registry's own chain.
    pub(crate) async fn rpc(
        &self,
        named: &BlockRef,
        chain: &str,
        method: RpcMethod,
        payers: &[Payer],
    ) -> Result<String, ErrorCode> {
        if chain == OWN_CHAIN {
            let (chains, named) = (self.clone(), *named);
            let place = self.place(payers).await;
            // A call can take some milliseconds of the processor.
            let reading = tokio::task::spawn_blocking(move || {
                let _place = place;
                chains.own(&named, method)
            });
            return Ok(reading.await.map_err(|_| ErrorCode::Internal)??.to_string());
        }
        Ok(self.0.others.read(chain, method, payers).await?.to_string())
    }

    /// The named block, if it is one of this node's own chain.
    fn at(&self, named: &BlockRef) -> Result<At, ErrorCode> {
        match self.0.view.canonical_hash(named.number) {
            Ok(Some(hash)) if hash.0 == named.hash.0 => Ok(At::Number(named.number)),
            _ => Err(ErrorCode::RegistryStale),
        }
    }

    fn own(&self, named: &BlockRef, method: RpcMethod) -> Result<Value, ErrorCode> {
        let at = self.at(named)?;
        let stale = |_| ErrorCode::RegistryStale;
        Ok(match method {
            RpcMethod::PublicUrl => return Err(ErrorCode::ChainUnknown),
            RpcMethod::BlockNumber => json!(named.number),
            RpcMethod::ChainId => json!(self.0.own_id),
            RpcMethod::TransactionCount { address } => {
                json!(self.0.view.transaction_count(Address::from(address), at).map_err(stale)?)
            }
            RpcMethod::Call(call) => {
                let at = match call.block {
                    CallBlock::Named => at,
                    // A later one may not be there on every node.
                    CallBlock::Number(number) if number <= named.number => At::Number(number),
                    CallBlock::Number(_) => return Err(ErrorCode::RpcFailed),
                };
                let request = ViewCall {
                    from: call.from.map(Address::from).unwrap_or_default(),
                    to: Address::from(call.to),
                    value: U256::from_be_bytes(call.value),
                    data: Bytes::from(call.data),
                    gas: call.gas,
                };
                let output = self.0.view.call_contract(&request, at).map_err(stale)?;
                json!(hex::encode_prefixed(output.map_err(|_| ErrorCode::CallReverted)?))
            }
        })
    }
}

/// The registry at one block, as this node replayed it.
struct GrantsAt<'a> {
    view: &'a RegistryView,
    at: At,
}

impl ReadGrants for GrantsAt<'_> {
    fn owner(&self, token: U256) -> Result<Option<Address>, ErrorCode> {
        let found = self.view.pkp(token, self.at).map_err(|_| ErrorCode::RegistryStale)?;
        Ok(found.and_then(|pkp| pkp.owner))
    }

    fn permitted(&self, token: U256) -> Result<Vec<(U256, Bytes, Bytes)>, ErrorCode> {
        self.view.permitted(token, self.at).map_err(|_| ErrorCode::RegistryStale)
    }

    fn grant(&self, token: U256, subject: &Subject) -> Result<Grant, ErrorCode> {
        self.view.grant(token, subject, self.at).map_err(|_| ErrorCode::RegistryStale)
    }
}
