//! What actions read of chains: of the registry's own at the block that the request names, from the state that this
//! node replayed; of others through servers that the operator has named.
//!
//! Texts of servers, and their addresses, are shown to no action: errors are the codes' own sentences.

mod permissions;
mod servers;

pub use permissions::{ReadGrants, answer_registry};

use std::{collections::BTreeMap, sync::Arc};

use quorate_actions::FUEL_PER_GAS;
use quorate_door::{LateThreads, Places};
use quorate_registry::{
    alloy_primitives::{Address, Bytes, U256, hex},
    subject::{Grant, Subject},
    view::{At, RegistryView, ViewCall},
};
use quorate_wire::{BlockRef, CallBlock, ErrorCode, Payer, RegistryQuery, RpcMethod};

pub(crate) use quorate_wire::OWN_CHAIN;
use serde_json::{Value, json};

use crate::{config::ChainConfig, egress::Egress};
use servers::Servers;

// What a call has at most is paid for by the worker before it asks.
const _: () = assert!(quorate_actions::CALL_GAS_MAX == quorate_registry::view::CALL_GAS_MAX);

/// Reads of this node's own chain for actions at the same time: they only compute, and the node needs the processor.
const OWN_READS: usize = 4;
/// Threads that they compute in, behind everything else that the node does.
const OWN_THREADS: usize = 2;

/// The chains that actions may read. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Chains(Arc<Inner>);

struct Inner {
    view: RegistryView,
    own_id: u64,
    others: Servers,
    places: Arc<Places>,
    threads: LateThreads,
}

impl Chains {
    pub(crate) fn new(
        view: RegistryView,
        own_id: u64,
        others: BTreeMap<String, ChainConfig>,
        egress: Arc<Egress>,
    ) -> std::io::Result<Self> {
        let (others, places) = (Servers::new(others, egress), Places::new(OWN_READS));
        let threads = LateThreads::start(OWN_THREADS, quorate_actions::step_back)?;
        Ok(Chains(Arc::new(Inner { view, own_id, others, places, threads })))
    }

    /// Reads this node's own chain in a late thread, waiting for a place among such reads.
    async fn late<T: Send + 'static>(
        &self,
        payers: &[Payer],
        read: impl FnOnce(&Chains) -> T + Send + 'static,
    ) -> Result<T, ErrorCode> {
        let (chains, place) = (self.clone(), self.0.places.take(payers).await);
        let reading = self.0.threads.run(move || {
            // Also when nobody waits for the answer any more.
            let _place = place;
            read(&chains)
        });
        reading.await.ok_or(ErrorCode::Internal)
    }

    /// Answers a question about the registry: JSON text.
    ///
    /// # Errors
    /// `registry_stale` if this node can not read the named block.
    pub(crate) async fn registry(
        &self,
        named: BlockRef,
        query: RegistryQuery,
        payers: &[Payer],
    ) -> Result<String, ErrorCode> {
        let answer = self.late(payers, move |chains| {
            let grants = GrantsAt { view: &chains.0.view, at: chains.at(&named)? };
            Ok(answer_registry(&query, &grants)?.to_string())
        });
        answer.await?
    }

    /// Reads a chain: JSON text, and the fuel that it costs.
    ///
    /// # Errors
    /// `chain_unknown`, `rpc_failed`, `call_reverted`; `registry_stale` of the registry's own chain.
    pub(crate) async fn rpc(
        &self,
        named: &BlockRef,
        chain: &str,
        method: RpcMethod,
        payers: &[Payer],
    ) -> (Result<String, ErrorCode>, u64) {
        let (answer, gas) = if chain == OWN_CHAIN {
            let named = *named;
            let read = self.late(payers, move |chains| {
                let mut gas = 0;
                (chains.own(&named, method, &mut gas), gas)
            });
            read.await.unwrap_or_else(|code| (Err(code), 0))
        } else {
            (self.0.others.read(chain, method, payers).await, 0)
        };
        (answer.map(|value| value.to_string()), gas.saturating_mul(FUEL_PER_GAS))
    }

    /// The named block, if it is one of this node's own chain.
    fn at(&self, named: &BlockRef) -> Result<At, ErrorCode> {
        match self.0.view.canonical_hash(named.number) {
            Ok(Some(hash)) if hash.0 == named.hash.0 => Ok(At::Number(named.number)),
            _ => Err(ErrorCode::RegistryStale),
        }
    }

    fn own(&self, named: &BlockRef, method: RpcMethod, gas: &mut u64) -> Result<Value, ErrorCode> {
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
                let called = self.0.view.call_contract(&request, at).map_err(stale)?;
                *gas = called.gas;
                json!(hex::encode_prefixed(called.output.map_err(|_| ErrorCode::CallReverted)?))
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
