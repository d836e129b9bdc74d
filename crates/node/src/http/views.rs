//! What can be looked at.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use quorate_actions::{Wall, Walls};
use quorate_registry::{
    alloy_primitives::U256,
    error::ReadError,
    moment::Moment,
    subject::{Granted, TYPE_ACTION, TYPE_ADDRESS},
    view::{At, BlockInfo},
};
use quorate_wire::{
    ActionCid, Address, Digest, ErrorCode, FoundingView, GrantView, HeadView, KeysView, NetworkView, PkpView,
    Problem, PublicKey, TokenId,
};
use serde_json::json as object;

use super::{
    Api,
    problem::{Refused, json},
};
use crate::chain;

/// `GET /v1/network`.
pub(super) async fn network(State(api): State<Arc<Api>>) -> Response {
    let mut status = api.board.read();
    api.contradictions.show(&mut status.peers);
    let head = api.registry.head().ok();
    let view = NetworkView {
        network: api.network.id(),
        epoch: api.registry.committee(At::Latest).map_or(0, |committee| committee.epoch),
        threshold: api.network.threshold,
        node: api.me,
        operator: api.network.operator(api.me).map(str::to_owned),
        endpoint: status.endpoint,
        time_ms: crate::clock::unix_ms(),
        head: head.map(|head| head_view(&head.latest)),
        finalized: head.map(|head| head_view(&head.finalized)),
        head_age_ms: api.registry.head_age_ms(Moment::now()),
        root: status.roots.map(|roots| roots.sign_secp256k1),
        ready: status.ready,
        waiting_for: status.waiting_for,
        guest: api.guest,
        login_domains: chain::logins(&api.registry, &api.network).taken(),
        nodes: status.peers,
    };
    json(StatusCode::OK, "application/json", &view)
}

/// `GET /v1/founding`: what the nodes have signed for the roots. Anybody may send it to the contract.
pub(super) async fn founding(State(api): State<Arc<Api>>) -> Response {
    let (on_chain, signed) = (chain::roots_on_chain(&api.registry), api.roots_desk.read());
    let view = FoundingView {
        network: api.network.id(),
        roots: on_chain.or(signed.as_ref().map(|signed| signed.roots)),
        votes: signed.map_or_else(Vec::new, |signed| signed.votes.clone()),
        set: on_chain.is_some(),
    };
    json(StatusCode::OK, "application/json", &view)
}

/// `GET /v1/keys`: the root keys, with the word of every member.
pub(super) async fn keys(State(api): State<Arc<Api>>) -> Result<Response, Refused> {
    let status = api.board.read();
    let not_yet = || Refused::from(Problem::new(ErrorCode::NotReady, "the keys are not certified yet"));
    let (keys, certificate) = status.roots.zip(status.certificate).ok_or_else(not_yet)?;
    let epoch = certificate.first().map(|word| word.body.epoch).ok_or_else(not_yet)?;
    let view = KeysView {
        network: api.network.id(),
        epoch,
        keys,
        certificate: certificate.to_vec(),
        decrypt_polynomial: status.decrypt_polynomial,
    };
    Ok(json(StatusCode::OK, "application/json", &view))
}

/// `GET /v1/blocks/{number}`: this node's signed word on a block up to which it has replayed the chain itself.
pub(super) async fn block(
    State(api): State<Arc<Api>>,
    number: Result<Path<u64>, axum::extract::rejection::PathRejection>,
) -> Result<Response, Refused> {
    let Path(number) = number.map_err(|_| {
        Refused::from(Problem::new(ErrorCode::MalformedRequest, "a block is named by its number"))
    })?;
    let hash = api.registry.replayed_hash(number).map_err(unreadable)?;
    let hash = hash.ok_or_else(|| Refused::from(ErrorCode::BlockAhead))?;
    Ok(json(StatusCode::OK, "application/json", &api.speaker.word(number, hash)))
}

fn head_view(block: &BlockInfo) -> HeadView {
    HeadView { number: block.number, hash: Digest(block.hash.0), time_ms: block.time_ms }
}

/// `GET /v1/pkps/{id}`: by token id, or by public key.
pub(super) async fn pkp(
    State(api): State<Arc<Api>>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Response, Refused> {
    let unknown_form = || {
        Refused::from(Problem::new(
            ErrorCode::MalformedRequest,
            "a key is named by its token id or its public key, in hexadecimal digits",
        ))
    };
    let Path(id) = id.map_err(|_| unknown_form())?;
    let token = match (id.parse::<TokenId>(), id.parse::<PublicKey>()) {
        (Ok(token), _) => token,
        (_, Ok(key)) => key.token_id(),
        _ => return Err(unknown_form()),
    };
    let head = api.registry.head().map_err(unreadable)?;
    let at = At::Number(head.latest.number);
    let id = U256::from_be_bytes(token.0);
    let found = api.registry.pkp(id, at).map_err(unreadable)?;
    let (public_key, pkp) =
        found.as_ref().and_then(chain::known_pkp).ok_or_else(|| Refused::from(ErrorCode::PkpUnknown))?;
    let grants = api.registry.grants(id, at).map_err(unreadable)?;
    let view = PkpView {
        token_id: pkp.token,
        public_key,
        address: public_key.address(),
        key_id: pkp.key_id,
        owner: pkp.owner,
        // A further minter can name another owner later: what it says is burnt need not stay so.
        burnt: pkp.owner.is_none() && found.is_some_and(|found| found.further_minter.is_none()),
        grants: grants.map(|grants| grants.iter().map(grant_view).collect()),
        block: head.latest.number,
    };
    Ok(json(StatusCode::OK, "application/json", &view))
}

fn grant_view(grant: &Granted) -> GrantView {
    let action = || ActionCid::from_multihash(&grant.id).ok().filter(|_| grant.kind == TYPE_ACTION);
    let address = || <[u8; 20]>::try_from(&grant.id[..]).ok().filter(|_| grant.kind == TYPE_ADDRESS);
    let (kind, id) = if let Some(cid) = action() {
        ("action", cid.to_string())
    } else if let Some(bytes) = address() {
        ("address", Address(bytes).to_string())
    } else {
        ("login", format!("{}:{}", grant.kind, grant.id))
    };
    GrantView { kind: kind.to_owned(), id, scopes: grant.scopes.iter().collect() }
}

fn unreadable(_: ReadError) -> Refused {
    ErrorCode::RegistryStale.into()
}

/// `GET /healthz`: the process lives; and the walls around its action workers, once one is ready.
pub(super) async fn health(State(api): State<Arc<Api>>) -> Response {
    let standing = api.metrics.standing_walls();
    let named = |stand: bool| {
        let of = |walls: Walls| {
            let all = Wall::ALL.iter().filter(|wall| walls.contains(**wall) == stand);
            all.map(|wall| wall.as_str()).collect::<Vec<_>>()
        };
        standing.map(of)
    };
    let walls = object!({ "standing": named(true), "missing": named(false) });
    json(StatusCode::OK, "application/json", &object!({ "status": "ok", "worker_walls": walls }))
}

/// `GET /readyz`: the node takes executions.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Result<Response, Refused> {
    let status = api.board.read();
    if status.ready {
        return Ok(json(StatusCode::OK, "application/json", &object!({ "status": "ready" })));
    }
    let code = status.waiting_code.unwrap_or(ErrorCode::NotReady);
    let detail = status.waiting_for.unwrap_or_else(|| code.title().to_owned());
    Err(Problem::new(code, detail).into())
}

/// `GET /metrics`.
pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut response = api.metrics.text().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(TYPE));
    response
}
