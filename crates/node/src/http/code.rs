//! `PUT /v1/code` and `GET /v1/code/{cid}`: the code of actions, by its name.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use quorate_auth::{Session, check_time, verify_code_request, verify_login};
use quorate_wire::{
    ActionCid, Admission, Capability, CapabilityKey, CodeRequest, CodeStored, CodeSubmission, ErrorCode,
    Problem, limits,
};

use super::{
    Api, executions,
    problem::{Refused, json},
    room::Part,
};
use crate::{chain, clock::unix_ms, code::CodeError, issuers};

/// Callers that store code at the same time: each is megabytes to check and a durable write.
pub(crate) const CODE_WRITES: usize = 4;
/// Room for code on its way out, in kibibytes. A reader that takes its time holds its part of it.
pub(crate) const CODE_ROOM: usize = 128 << 10;
/// What one address can hold of it: eight sources of full length.
pub(crate) const CODE_ROOM_PER_SOURCE: usize = CODE_ROOM / 4;

/// Stores an action's code for a session.
pub(super) async fn put(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    store(&api, caller, &headers, body).await.map_err(|problem| {
        api.metrics.refused_at_the_edge(problem.code);
        problem.into()
    })
}

async fn store(
    api: &Arc<Api>,
    caller: SocketAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    executions::check_media_type(headers)?;
    let body = executions::read(api, crate::code::source(caller.ip()), headers, body).await?;
    api.code.may_send(caller.ip(), body.bytes.len()).map_err(CodeError::problem)?;
    let _place = api.code_writes.try_acquire().map_err(|_| Problem::of(ErrorCode::Overloaded))?;
    let checking = api.clone();
    let checked = tokio::task::spawn_blocking(move || {
        // All of it, with the room that it takes.
        let body = body;
        check(&checking, &body.bytes, unix_ms())
    });
    let Checked { session, action, code, granted } =
        checked.await.map_err(|_| Problem::of(ErrorCode::Internal))??;
    let bytes = code.len() as u64;
    let kept = api.code.keep(session.id, action, code.into(), granted).await;
    let new = kept.map_err(CodeError::problem)?;
    Ok(json(StatusCode::OK, "application/json", &CodeStored { action, bytes, new }))
}

/// Code that may be stored.
struct Checked {
    session: Session,
    action: ActionCid,
    code: String,
    /// Whether the session names a key that is granted to it.
    granted: bool,
}

/// Everything that an execution's login and session are checked for, cheap checks first.
fn check(api: &Api, body: &[u8], now_ms: u64) -> Result<Checked, Problem> {
    let submission = CodeSubmission::parse(body)?;
    if submission.code.len() > limits::CODE_BYTES_MAX {
        return Err(ErrorCode::CodeTooLarge.into());
    }
    let request = CodeRequest::parse(&submission.request)?;
    let network = api.network.id();
    if request.network != network {
        return Err(ErrorCode::WrongNetwork.into());
    }
    // Storing again changes nothing, so that a request may be older than this process.
    check_time(request.time_ms, now_ms, 0)?;
    submission.login.check_named(&request.login)?;
    let known = chain::logins(&api.registry, &api.network);
    let facts = issuers::Facts { rule: &known, desk: &api.issuers, view: &api.registry };
    let session = verify_login(&api.network, &submission.login, &facts, now_ms)?;
    api.signed_out.check(&session)?;
    chain::fresh_logins(&api.registry, &api.network, now_ms)?.check(&session.methods)?;
    if request.session != session.key {
        let detail = "the request names another session";
        return Err(Problem::new(ErrorCode::SessionSignatureInvalid, detail));
    }
    let id = verify_code_request(&network, &session, &submission)?;
    if !session.may_run(&request.action) {
        return Err(Problem::of(ErrorCode::SessionScope).about(id));
    }
    let granted = is_granted(api, &session, &request.action);
    if !welcome(api, &session, granted) {
        return Err(Problem::of(ErrorCode::NotAdmitted).about(id));
    }
    if ActionCid::of_code(submission.code.as_bytes()) != request.action {
        return Err(Problem::of(ErrorCode::CidMismatch).about(id));
    }
    Ok(Checked { session, action: request.action, code: submission.code, granted })
}

/// Who may have an action executed may store its code.
fn welcome(api: &Api, session: &Session, granted: bool) -> bool {
    match &api.network.admission {
        Admission::Open => true,
        Admission::Granted => granted,
        listed => session.is_listed(listed),
    }
}

/// Whether a session names a key that is granted to the action.
fn is_granted(api: &Api, session: &Session, action: &ActionCid) -> bool {
    session.capabilities.iter().any(|capability| match capability {
        Capability::Use { key: CapabilityKey::Named(key), .. } => {
            session.names_exactly(key, action) && chain::is_granted(&api.registry, key, action)
        }
        _ => false,
    })
}

/// Shows an action's code, if this node has it. Nobody else is asked for it on behalf of whoever calls.
pub(super) async fn get(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    cid: Result<Path<String>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let malformed = |detail: String| Refused::from(Problem::new(ErrorCode::MalformedRequest, detail));
    let Path(cid) = cid.map_err(|_| malformed("the CID is no text".to_owned()))?;
    let cid: ActionCid =
        cid.parse().map_err(|error: quorate_wire::ParseIdError| malformed(error.to_string()))?;
    let tag = format!("\"{cid}\"");
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut response = if is_known && api.code.known(cid) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let code = api.code.show(cid, caller.ip()).await.map_err(|error| match error {
            CodeError::Missing => Refused::from(ErrorCode::NotFound),
            other => Refused::from(other.problem()),
        })?;
        let units = code.len().div_ceil(executions::BODY_UNIT_BYTES).max(1);
        let room = api.code_room.take(crate::code::source(caller.ip()), units);
        let room = room.ok_or_else(|| Refused::from(ErrorCode::Overloaded))?;
        Response::new(Body::from(Bytes::from_owner(OnItsWay { code, _room: room })))
    };
    let fixed = [
        // It is somebody's script, and must not become one of this address' own.
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        // The name is a hash of the content.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Code that is being sent, with the room that it takes.
struct OnItsWay {
    code: Arc<str>,
    _room: Part,
}

impl AsRef<[u8]> for OnItsWay {
    fn as_ref(&self) -> &[u8] {
        self.code.as_bytes()
    }
}
