//! The HTTP interface: callers and operators.

mod ask;
mod code;
mod executions;
mod guard;
mod openapi;
mod problem;
mod room;
#[cfg(test)]
mod tests;
mod views;
mod waiting;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    routing::{get, post, put},
};
use quorate_door::Places;
use quorate_registry::view::RegistryView;
use quorate_wire::{Digest, NetworkFile, NodeIndex};
use tokio::sync::Semaphore;

pub(crate) use code::{CODE_ROOM, CODE_ROOM_PER_SOURCE, CODE_WRITES};
pub(crate) use room::Room;
pub(crate) use waiting::{Outcome, Waiting};

use crate::{
    brain::StatusBoard,
    chain::{BlockSpeaker, Contradictions, RootsDesk},
    code::CodeFinder,
    inbox::Inbox,
    issuers::IssuerDesk,
    metrics::Metrics,
    signed_out::SignedOutBoard,
};

/// What handlers work with.
pub(crate) struct Api {
    pub(crate) network: Arc<NetworkFile>,
    pub(crate) me: NodeIndex,
    pub(crate) guest: Digest,
    pub(crate) inbox: Inbox,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) board: Arc<StatusBoard>,
    /// The chain as this node has replayed it.
    pub(crate) registry: RegistryView,
    /// Signs what this node says of its blocks.
    pub(crate) speaker: BlockSpeaker,
    /// Members that sign other blocks than the chain's.
    pub(crate) contradictions: Arc<Contradictions>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) code: CodeFinder,
    pub(crate) issuers: Arc<IssuerDesk>,
    /// Sessions that were signed out.
    pub(crate) signed_out: Arc<SignedOutBoard>,
    /// Roots and votes for whoever sends them to the chain.
    pub(crate) roots_desk: Arc<RootsDesk>,
    /// Places of callers that store code.
    pub(crate) code_writes: Semaphore,
    /// Units of [`executions::BODY_UNIT_BYTES`] that code on its way out may take.
    pub(crate) code_room: Arc<Room>,
    /// Units of [`executions::BODY_UNIT_BYTES`] that bodies may take.
    pub(crate) body_room: Arc<Places>,
}

/// How many units of room bodies have in all.
pub(crate) fn body_units(bytes: usize) -> usize {
    bytes / executions::BODY_UNIT_BYTES
}

/// The routes, guarded. `listen` decides which `Host` headers are good.
pub(crate) fn router(api: Arc<Api>, listen: SocketAddr) -> Router {
    let router = Router::new()
        .route("/v1/executions", post(executions::post))
        .route("/v1/decryptions", post(ask::decryption))
        .route("/v1/revocations", post(ask::revocation))
        .route("/v1/code", put(code::put))
        .route("/v1/code/{cid}", get(code::get))
        .route("/v1/pkps/{id}", get(views::pkp))
        .route("/v1/network", get(views::network))
        .route("/v1/keys", get(views::keys))
        .route("/v1/founding", get(views::founding))
        .route("/v1/blocks/{number}", get(views::block))
        .route("/healthz", get(views::health))
        .route("/readyz", get(views::ready))
        .route("/metrics", get(views::metrics))
        .route("/openapi.json", get(openapi::get))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(api);
    guard::guarded(router, listen)
}
