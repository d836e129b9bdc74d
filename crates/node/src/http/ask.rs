//! What a caller asks of the engine and is answered at once: a share, or that it is signed out.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use quorate_wire::{DecryptionSubmission, ErrorCode, Problem, RevocationSubmission};
use serde::Serialize;

use super::{
    Api, Outcome,
    executions::{check_media_type, read},
    problem::{Refused, json},
    waiting::Place,
};

/// The engine answers within one turn, or waits for others for two seconds; it may have many to take first.
const ANSWER: Duration = Duration::from_secs(5);

/// `POST /v1/decryptions`: takes a request for this node's share, and answers with the share or why there is none.
pub(super) async fn decryption(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let source = crate::code::source(caller.ip());
    let hand = |place: &Place, submission| {
        api.inbox.decryption(place.number, source, submission, place.held());
    };
    let reply = |outcome| match outcome {
        Outcome::Share(result) => Some(result),
        Outcome::Execution(_) | Outcome::Revocation(_) => None,
    };
    ask(&api, caller, (&headers, body), (DecryptionSubmission::parse, hand, reply)).await
}

/// `POST /v1/revocations`: signs a session out, or everything of its login.
pub(super) async fn revocation(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let source = crate::code::source(caller.ip());
    let hand = |place: &Place, submission| {
        api.inbox.revocation(place.number, source, submission, place.held());
    };
    let reply = |outcome| match outcome {
        Outcome::Revocation(result) => Some(result),
        Outcome::Execution(_) | Outcome::Share(_) => None,
    };
    ask(&api, caller, (&headers, body), (RevocationSubmission::parse, hand, reply)).await
}

/// Reads a submission, hands it to the engine, and waits for the answer.
async fn ask<T, R: Serialize>(
    api: &Arc<Api>,
    caller: SocketAddr,
    (headers, body): (&HeaderMap, Body),
    (parse, hand, reply): (
        impl FnOnce(&[u8]) -> Result<T, Problem>,
        impl FnOnce(&Place, T),
        impl FnOnce(Outcome) -> Option<Result<Box<R>, Box<Problem>>>,
    ),
) -> Result<Response, Refused> {
    api.metrics.submission();
    let edge = |problem: Problem| {
        api.metrics.refused_at_the_edge(problem.code);
        Refused::from(problem)
    };
    check_media_type(headers).map_err(|code| edge(code.into()))?;
    let source = crate::code::source(caller.ip());
    let body = read(api, source, headers, body).await.map_err(edge)?;
    let submission = parse(&body.bytes).map_err(edge)?;
    drop(body);
    let place = api.waiting.enter(&api.inbox, source);
    let mut place = place.ok_or_else(|| edge(Problem::of(ErrorCode::Overloaded)))?;
    hand(&place, submission);
    match tokio::time::timeout(ANSWER, &mut place.answer).await {
        Ok(Ok(outcome)) => match reply(outcome) {
            Some(Ok(reply)) => Ok(json(StatusCode::OK, "application/json", &reply)),
            // The engine has counted it.
            Some(Err(problem)) => Err(Refused(problem)),
            None => Err(edge(Problem::of(ErrorCode::Internal))),
        },
        // The engine has ended: nobody is left to answer.
        Ok(Err(_)) => Err(edge(Problem::of(ErrorCode::ShuttingDown))),
        Err(_) => Err(edge(Problem::of(ErrorCode::DeadlineExceeded))),
    }
}
