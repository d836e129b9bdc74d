//! `POST /v1/executions`.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use quorate_door::{
    Place,
    body::{self, BodyError},
};
use quorate_wire::{ErrorCode, Payer, Problem, Submission, limits};

use super::{
    Api, Outcome,
    problem::{Refused, json},
};
/// A caller's answer comes by then: the longest execution and some time for its end.
const ANSWER: Duration = Duration::from_millis(limits::EXECUTION_MS_MAX + 5_000);
/// Room for bodies is counted in units of this.
pub(super) const BODY_UNIT_BYTES: usize = 1 << 10;

/// Takes a submission, and answers when its execution has ended.
pub(super) async fn post(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    api.metrics.submission();
    execute(&api, caller, &headers, body)
        .await
        .inspect_err(|refused| {
            if refused.1 == Origin::Edge {
                api.metrics.refused_at_the_edge(refused.0.code);
            }
        })
        .map_err(|(problem, _)| Refused(problem))
}

/// Who refused: the engine counts its own refusals.
#[derive(PartialEq, Eq)]
enum Origin {
    Edge,
    Engine,
}

async fn execute(
    api: &Api,
    caller: SocketAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, (Box<Problem>, Origin)> {
    let edge = |problem: Problem| (Box::new(problem), Origin::Edge);
    check_media_type(headers).map_err(|code| edge(code.into()))?;
    let source = crate::code::source(caller.ip());
    let body = read(api, source, headers, body).await.map_err(edge)?;
    let submission = parse(body).await.map_err(edge)?;
    let place = api.waiting.enter(&api.inbox, source);
    let mut place = place.ok_or_else(|| edge(Problem::of(ErrorCode::Overloaded)))?;
    api.inbox.request(place.number, source, submission, place.held());
    match tokio::time::timeout(ANSWER, &mut place.answer).await {
        Ok(Ok(Outcome::Execution(Ok(reply)))) => Ok(json(StatusCode::OK, "application/json", &reply)),
        Ok(Ok(Outcome::Execution(Err(problem)))) => Err((problem, Origin::Engine)),
        Ok(Ok(Outcome::Share(_) | Outcome::Revocation(_))) => Err(edge(Problem::of(ErrorCode::Internal))),
        // The engine has ended: nobody is left to answer.
        Ok(Err(_)) => Err(edge(Problem::of(ErrorCode::ShuttingDown))),
        Err(_) => Err(edge(Problem::of(ErrorCode::DeadlineExceeded))),
    }
}

pub(super) fn check_media_type(headers: &HeaderMap) -> Result<(), ErrorCode> {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(media_type), None) = (given.next(), given.next()) else { return Err(ErrorCode::MediaType) };
    let text = media_type.to_str().map_err(|_| ErrorCode::MediaType)?;
    let (media_type, parameters) = text.split_once(';').unwrap_or((text, ""));
    let parameters = parameters.trim().to_ascii_lowercase();
    let good = media_type.trim().eq_ignore_ascii_case("application/json")
        && matches!(parameters.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"");
    if good { Ok(()) } else { Err(ErrorCode::MediaType) }
}

/// A caller's bytes, and the room that they take until they are read.
pub(super) struct Received {
    pub(super) bytes: Bytes,
    _room: Place,
}

/// Receives the body, within its length, its time, and the room that all bodies share. An address has a share of it, so
/// that bodies which never end keep nobody else out.
pub(super) async fn read(
    api: &Api,
    source: IpAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, Problem> {
    let declared =
        match headers.get(header::CONTENT_LENGTH).map(|value| value.to_str().ok()?.parse::<usize>().ok()) {
            Some(Some(length)) => length,
            Some(None) => {
                return Err(Problem::new(ErrorCode::MalformedRequest, "the content length is no number"));
            }
            None => limits::HTTP_BODY_BYTES_MAX,
        };
    if declared > limits::HTTP_BODY_BYTES_MAX {
        return Err(too_large());
    }
    let room = api.body_room.try_take(&Payer::of_source(source), declared.div_ceil(BODY_UNIT_BYTES));
    let room = room.ok_or_else(|| Problem::of(ErrorCode::Overloaded))?;
    match body::receive(body, limits::HTTP_BODY_BYTES_MAX, body::WITHIN).await {
        Ok(bytes) => Ok(Received { bytes, _room: room }),
        Err(BodyError::TooLong) => Err(too_large()),
        Err(early @ BodyError::EndedEarly) => {
            Err(Problem::new(ErrorCode::MalformedRequest, early.to_string()))
        }
        Err(slow @ BodyError::TooSlow) => Err(Problem::new(ErrorCode::DeadlineExceeded, slow.to_string())),
    }
}

fn too_large() -> Problem {
    let detail = format!("a body has at most {} bytes", limits::HTTP_BODY_BYTES_MAX);
    Problem::new(ErrorCode::BodyTooLarge, detail)
}

/// Reads megabytes of JSON where they delay no socket.
async fn parse(body: Received) -> Result<Submission, Problem> {
    const INLINE_BYTES_MAX: usize = 64 << 10;
    if body.bytes.len() <= INLINE_BYTES_MAX {
        return Submission::parse(&body.bytes);
    }
    // What waits for a thread still takes its room.
    let whole = move || {
        let body = body;
        Submission::parse(&body.bytes)
    };
    tokio::task::spawn_blocking(whole).await.unwrap_or_else(|_| Err(Problem::of(ErrorCode::Internal)))
}
