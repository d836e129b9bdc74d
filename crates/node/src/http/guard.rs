//! What every request passes: the `Host` check, CORS, an id for the log, and a net under panics.

use std::{
    future::poll_fn,
    net::{IpAddr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use quorate_wire::ErrorCode;

use super::problem::Refused;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest `x-request-id` of a caller that is repeated.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Puts the guard around all routes.
pub(super) fn guarded(router: Router, listen: SocketAddr) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| guard(request, next, listen)))
}

async fn guard(request: Request, next: Next, listen: SocketAddr) -> Response {
    let id = request_id(request.headers());
    let mut response = if !host_allowed(request.headers(), request.uri().host(), listen) {
        Refused::from(ErrorCode::HostRefused).into_response()
    } else if is_preflight(&request) {
        preflight()
    } else {
        caught(next.run(request)).await.unwrap_or_else(|()| {
            tracing::error!(request = id.to_str().unwrap_or_default(), "a handler panicked");
            Refused::from(ErrorCode::Internal).into_response()
        })
    };
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    // Any page may call: who calls is proved by the session's signature, never by a cookie or an address.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id, retry-after"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The caller's id for the request if it is a plain word, or a fresh one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    headers.get(REQUEST_ID).filter(plain).cloned().unwrap_or_else(|| {
        HeaderValue::from_str(&format!("{:016x}", crate::entropy::number()))
            .expect("digits are a header value")
    })
}

/// A node on loopback is reached by loopback names only, or pages of other sites could reach it by a name of
/// theirs that resolves to it.
fn host_allowed(headers: &HeaderMap, target: Option<&str>, listen: SocketAddr) -> bool {
    if !listen.ip().is_loopback() {
        return true;
    }
    let mut given = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (given.next(), given.next()) else { return false };
    let Some(host) = host.to_str().ok().and_then(|text| text.parse::<axum::http::uri::Authority>().ok())
    else {
        return false;
    };
    let loopback = |name: &str| {
        let name = name.trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    loopback(host.host()) && target.is_none_or(loopback)
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT"));
    headers
        .insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, x-request-id"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Runs a future; a panic in it is an error here.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, ()> {
    let mut future = pin!(future);
    // A handler holds no lock over a panic that it does not know how to take up again.
    poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(())),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(host: &[&str], listen: &str) -> bool {
        let mut headers = HeaderMap::new();
        for host in host {
            headers.append(header::HOST, host.parse().unwrap());
        }
        host_allowed(&headers, None, listen.parse().unwrap())
    }

    #[test]
    fn loopback_is_reached_by_loopback_names_only() {
        for host in ["127.0.0.1:7470", "localhost", "LOCALHOST:1", "[::1]:7470", "127.9.9.9"] {
            assert!(allowed(&[host], "127.0.0.1:7470"), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "192.168.0.1", "", "a@localhost@b", "localhost."]
        {
            assert!(!allowed(&[host], "127.0.0.1:7470"), "{host}");
        }
        assert!(!allowed(&[], "[::1]:7470"));
        assert!(!allowed(&["localhost", "localhost"], "[::1]:7470"));
        assert!(allowed(&["node.example"], "203.0.113.1:443"));
    }

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        assert_eq!(caught(async { 1 }).await, Ok(1));
        assert_eq!(caught(async { assert_eq!(1, 2) }).await, Err(()));
    }
}
