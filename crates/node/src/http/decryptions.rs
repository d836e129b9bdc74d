//! `POST /v1/decryptions`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use quorate_wire::{DecryptionSubmission, ErrorCode, Problem};

use super::{
    Api, Outcome,
    executions::{check_media_type, read},
    problem::{Refused, json},
};

/// The engine answers within one turn; it may have many to take first.
const ANSWER: Duration = Duration::from_secs(5);

/// Takes a request for this node's share, and answers with the share or why there is none.
pub(super) async fn post(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    api.metrics.submission();
    let edge = |problem: Problem| {
        api.metrics.refused_at_the_edge(problem.code);
        Refused::from(problem)
    };
    check_media_type(&headers).map_err(|code| edge(code.into()))?;
    let source = crate::code::source(caller.ip());
    let body = read(&api, source, &headers, body).await.map_err(edge)?;
    let submission = DecryptionSubmission::parse(&body.bytes).map_err(edge)?;
    drop(body);
    let place = api.waiting.enter(&api.inbox, source);
    let mut place = place.ok_or_else(|| edge(Problem::of(ErrorCode::Overloaded)))?;
    api.inbox.decryption(place.number, source, submission, place.held());
    match tokio::time::timeout(ANSWER, &mut place.answer).await {
        Ok(Ok(Outcome::Share(Ok(reply)))) => Ok(json(StatusCode::OK, "application/json", &reply)),
        // The engine has counted it.
        Ok(Ok(Outcome::Share(Err(problem)))) => Err(Refused(problem)),
        Ok(Ok(Outcome::Execution(_))) => Err(edge(Problem::of(ErrorCode::Internal))),
        // The engine has ended: nobody is left to answer.
        Ok(Err(_)) => Err(edge(Problem::of(ErrorCode::ShuttingDown))),
        Err(_) => Err(edge(Problem::of(ErrorCode::DeadlineExceeded))),
    }
}
