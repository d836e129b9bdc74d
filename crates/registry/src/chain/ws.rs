//! The chain over WebSockets: the same calls as over HTTP, and subscriptions. Sockets are few and shared out by address, and
//! their calls have the places of requests.

mod conversation;
mod outbox;

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use quorate_door::Places;
use quorate_wire::Payer;
use sha1::{Digest as _, Sha1};
use tokio::sync::watch;

use super::rpc::Rpc;

/// Sockets at once. One address gets half of those that others leave.
const SOCKETS_MAX: usize = 64;
/// How long the HTTP server may take to hand a connection over.
const UPGRADE_MAX: Duration = Duration::from_secs(10);
/// What a server puts behind the client's key (RFC 6455).
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// All sockets of a chain. They close when this is dropped.
pub(super) struct Sockets {
    rpc: Arc<Rpc>,
    /// Of requests, whichever way they come.
    places: Arc<Places>,
    seats: Arc<Places>,
    stop: watch::Sender<()>,
}

impl Sockets {
    pub(super) fn new(rpc: Arc<Rpc>, places: Arc<Places>) -> Self {
        Self { rpc, places, seats: Places::new(SOCKETS_MAX), stop: watch::Sender::new(()) }
    }

    /// Answers a request for a socket. What is said on it is said in a task of its own.
    pub(super) fn open(&self, mut request: Request, source: IpAddr) -> Response {
        let accept = match accept(request.headers()) {
            Ok(accept) => accept,
            Err(refusal) => return refusal.into_response(),
        };
        if request.extensions().get::<OnUpgrade>().is_none() {
            return (StatusCode::NOT_IMPLEMENTED, "no sockets are served here").into_response();
        }
        let payers = Payer::of_source(source);
        let Some(seat) = self.seats.try_take(&payers, 1) else {
            return (StatusCode::SERVICE_UNAVAILABLE, "too many sockets: come back later").into_response();
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let (rpc, places) = (Arc::clone(&self.rpc), Arc::clone(&self.places));
        let (caller, stop) = (conversation::Caller { rpc, places, source, payers }, self.stop.subscribe());
        tokio::spawn(async move {
            if let Ok(Ok(upgraded)) = tokio::time::timeout(UPGRADE_MAX, upgrade).await {
                conversation::run(TokioIo::new(upgraded), caller, stop, conversation::Limits::default())
                    .await;
            }
            drop(seat);
        });
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

/// What is answered to the client's key, if the request is one for a socket.
fn accept(headers: &HeaderMap) -> Result<HeaderValue, impl axum::response::IntoResponse + use<>> {
    let has = |name: header::HeaderName, wanted: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        let allow = [(header::ALLOW, "POST, OPTIONS")];
        return Err((StatusCode::METHOD_NOT_ALLOWED, allow, "POST a call, or open a WebSocket"));
    }
    let refused = |why| {
        let version = [(header::SEC_WEBSOCKET_VERSION, "13")];
        (StatusCode::BAD_REQUEST, version, why)
    };
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(refused("only version 13 of WebSocket is spoken here"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if STANDARD.decode(key).ok().is_none_or(|bytes| bytes.len() != 16) {
        return Err(refused("the key of a WebSocket is 16 bytes in base64"));
    }
    let digest = Sha1::new().chain_update(key).chain_update(ACCEPT_SUFFIX).finalize();
    HeaderValue::from_str(&STANDARD.encode(digest)).map_err(|_| refused("the key has no answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_and_one_network_have_a_share_of_the_sockets_and_give_it_back() {
        let seats = Places::new(SOCKETS_MAX);
        let take = |source: &str| seats.try_take(&Payer::of_source(source.parse().unwrap()), 1);
        let mut mine: Vec<_> = (0..SOCKETS_MAX).map_while(|_| take("10.0.0.1")).collect();
        assert_eq!(mine.len(), SOCKETS_MAX / 2);
        // The same address in the form of the other version is the same caller.
        assert!(take("::ffff:10.0.0.1").is_none());
        let other = take("10.0.0.2");
        assert!(other.is_some() && take("10.0.0.1").is_none());
        mine.truncate(8);
        assert!(take("10.0.0.1").is_some(), "given back at once: nobody holds it");
        drop((mine, other));
        // Whoever has a household's 2^64 addresses, or a site's 2^80, leaves some to others.
        for site in [false, true] {
            let network = |mark: u16| if site { mark } else { 0 };
            let address = |mark| format!("2001:db8:7:{:x}::{mark:x}", network(mark));
            let held: Vec<_> = (0..1_024).filter_map(|mark| take(&address(mark))).collect();
            assert!(held.len() < SOCKETS_MAX && take("2001:db8:8::1").is_some(), "{}", held.len());
        }
    }

    #[test]
    fn a_key_is_answered_as_the_standard_says_and_others_are_refused() {
        let headers = |changed: &str, value: &'static str| {
            let mut headers = HeaderMap::new();
            for (name, usual) in [
                ("connection", "keep-alive, Upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ] {
                let name = header::HeaderName::from_static(name);
                let value = if name == changed { value } else { usual };
                headers.insert(name, HeaderValue::from_static(value));
            }
            accept(&headers)
        };
        // The example of RFC 6455.
        assert_eq!(headers("", "").ok().unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for (name, value, status) in [
            ("connection", "keep-alive", 405),
            ("upgrade", "h2c", 405),
            ("sec-websocket-version", "8", 400),
            ("sec-websocket-key", "c2hvcnQ=", 400),
            ("sec-websocket-key", "?", 400),
        ] {
            let refused = headers(name, value).err().unwrap().into_response();
            assert_eq!(refused.status().as_u16(), status, "{name}: {value}");
        }
    }
}
