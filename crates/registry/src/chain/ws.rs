//! The chain over WebSockets: the same calls as over HTTP, and subscriptions. Sockets are few and shared out by address.

mod conversation;
mod outbox;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use tokio::sync::watch;

use super::rpc::Rpc;

/// Sockets at once, and of one address.
const SOCKETS_MAX: usize = 64;
const OF_ADDRESS_MAX: usize = 16;
/// How long the HTTP server may take to hand a connection over.
const UPGRADE_MAX: Duration = Duration::from_secs(10);
/// What a server puts behind the client's key (RFC 6455).
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// All sockets of a chain. They close when this is dropped.
pub(super) struct Sockets {
    rpc: Arc<Rpc>,
    seats: Arc<Seats>,
    stop: watch::Sender<()>,
}

impl Sockets {
    pub(super) fn new(rpc: Arc<Rpc>) -> Self {
        Self { rpc, seats: Arc::default(), stop: watch::Sender::new(()) }
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
        let Some(seat) = Seats::take(&self.seats, source) else {
            return (StatusCode::SERVICE_UNAVAILABLE, "too many sockets: come back later").into_response();
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let (caller, stop) = ((Arc::clone(&self.rpc), source), self.stop.subscribe());
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

/// Who holds how many sockets.
#[derive(Default)]
struct Seats(Mutex<BTreeMap<IpAddr, usize>>);

/// One socket's place, free again when this is dropped.
struct Seat {
    seats: Arc<Seats>,
    source: IpAddr,
}

impl Seats {
    fn take(seats: &Arc<Self>, source: IpAddr) -> Option<Seat> {
        let source = payer(source);
        let mut held = seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = held.get(&source).copied().unwrap_or_default();
        if mine >= OF_ADDRESS_MAX || held.values().sum::<usize>() >= SOCKETS_MAX {
            return None;
        }
        held.insert(source, mine + 1);
        Some(Seat { seats: Arc::clone(seats), source })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get(&self.source).copied() {
            Some(mine) if mine > 1 => drop(held.insert(self.source, mine - 1)),
            _ => drop(held.remove(&self.source)),
        }
    }
}

/// An address of the fourth version, or the network of one of the sixth: one household has 2^64 of the latter.
fn payer(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_a_share_of_the_sockets_and_gives_it_back() {
        let seats = Arc::new(Seats::default());
        let address = |last: u8| IpAddr::from([10, 0, 0, last]);
        let take = |source| Seats::take(&seats, source);
        let mut mine: Vec<Seat> = (0..OF_ADDRESS_MAX).filter_map(|_| take(address(1))).collect();
        assert_eq!((mine.len(), take(address(1)).is_none()), (OF_ADDRESS_MAX, true));
        // The same address in the form of the other version is the same caller.
        assert!(take("::ffff:10.0.0.1".parse().unwrap()).is_none());
        mine.pop();
        assert!(take(address(1)).is_some(), "given back at once: nobody holds it");
        let others: Vec<Seat> = (2..=u8::MAX).filter_map(|last| take(address(last))).collect();
        assert_eq!(mine.len() + others.len(), SOCKETS_MAX);
        drop((mine, others));
        assert!(seats.0.lock().unwrap().is_empty());
        let networks =
            ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"].map(|text| payer(text.parse().unwrap()));
        assert!(networks[0] == networks[1] && networks[0] != networks[2]);
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
