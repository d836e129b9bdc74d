//! Problem documents as responses.

use axum::{
    body::Body,
    http::{HeaderValue, Method, Response, StatusCode, Uri, header},
    response::IntoResponse,
};
use quorate_wire::{ErrorClass, ErrorCode, Problem};
use serde::Serialize;

/// A problem on its way out.
pub(super) struct Refused(pub(super) Box<Problem>);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Refused(Box::new(problem))
    }
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Problem::of(code).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> axum::response::Response {
        let Refused(problem) = self;
        let status = match problem.code {
            // Two codes have statuses of their own in HTTP, which their class does not know.
            ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code => {
                StatusCode::from_u16(code.class().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        };
        let problem = Problem { status: status.as_u16(), ..*problem };
        let mut response = json(status, "application/problem+json", &problem);
        if let Some(seconds) = retry_after(&problem) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// When it is worth asking again, in seconds.
fn retry_after(problem: &Problem) -> Option<u64> {
    if let Some(wait_ms) = problem.retry_after_ms {
        return Some(wait_ms.div_ceil(1_000).max(1));
    }
    match problem.code.class() {
        ErrorClass::Busy | ErrorClass::Unavailable => Some(1),
        ErrorClass::BadRequest
        | ErrorClass::TooLarge
        | ErrorClass::Unauthenticated
        | ErrorClass::Forbidden
        | ErrorClass::NotFound
        | ErrorClass::ActionFailed
        | ErrorClass::Disagreement
        | ErrorClass::Timeout
        | ErrorClass::Internal => None,
    }
}

/// A JSON response.
pub(super) fn json(
    status: StatusCode,
    media_type: &'static str,
    value: &impl Serialize,
) -> axum::response::Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            response
        }
        // Our own types have a JSON form; if one has not, its caller still gets an answer of the right form.
        Err(_) => {
            tracing::error!("an answer has no JSON form");
            Refused::from(ErrorCode::Internal).into_response()
        }
    }
}

pub(super) async fn not_found() -> Refused {
    ErrorCode::NotFound.into()
}

pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> axum::response::Response {
    let allowed = match uri.path() {
        "/v1/executions" | "/v1/decryptions" | "/v1/revocations" => "POST",
        "/v1/code" => "PUT",
        _ => "GET, HEAD",
    };
    let detail = format!("{} is not {allowed}", method.as_str().chars().take(16).collect::<String>());
    let mut response = Refused::from(Problem::new(ErrorCode::MethodNotAllowed, detail)).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}
