//! The chain's door: callers who open connections, heads and bodies and say nothing on them.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use quorate_registry::chain::{BOUNDS, Bounds, ChainConfig};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::network::{bounded, config, loopback, start};

/// Callers of no good will, and one whom they must not keep out.
const STRANGER: u8 = 2;
const OTHER: u8 = 3;

/// A connection from an address of loopback of which there are many.
pub(crate) async fn from(last: u8, chain: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(chain).await.unwrap()
}

/// The head of a request with a body of so many bytes.
pub(crate) fn head(length: usize, more: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{more}\r\n")
}

/// Reads until the chain closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    bounded(stream.read_to_end(&mut answer)).await.ok();
    String::from_utf8(answer).unwrap()
}

/// The answer to a call from an address, as it is.
async fn ask(last: u8, chain: SocketAddr, method: &str) -> String {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": [] }).to_string();
    let mut stream = from(last, chain).await;
    let request = head(call.len(), "connection: close\r\n") + &call;
    // It may be closed already.
    let _ = stream.write_all(request.as_bytes()).await;
    rest(&mut stream).await
}

/// The number of the head statement that another caller is shown.
async fn sequence(chain: SocketAddr) -> u64 {
    let answer = ask(OTHER, chain, "quorate_head").await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("it is let in");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    body["result"]["sequence"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_of_one_address_keep_nobody_out_and_are_closed() {
    // Both ends of every connection are this process's.
    quorate_door::descriptors::allow(2_048).unwrap();
    let bounds = Bounds { head: Duration::from_secs(2), ..BOUNDS };
    let (server, _stop) = start(ChainConfig { bounds, ..config(loopback(), None) }).await;
    let before = sequence(server.address).await;
    let begun = Instant::now();
    let mut idle = Vec::new();
    for _ in 0..600 {
        idle.push(from(STRANGER, server.address).await);
    }
    let during = sequence(server.address).await;
    let mut at_once = 0;
    for stream in &mut idle {
        assert!(!rest(stream).await.contains("200"));
        at_once += usize::from(begun.elapsed() < bounds.head);
    }
    assert!(at_once < 600, "some were held");
    assert!(begun.elapsed() >= bounds.head);
    let after = bounded(async {
        loop {
            let now = sequence(server.address).await;
            if now > during + 1 {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    assert!(during >= before && after.await > during);
    assert!(ask(STRANGER, server.address, "eth_chainId").await.starts_with("HTTP/1.1 200"), "it is forgiven");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_that_trickle_end() {
    let short = Duration::from_millis(500);
    let bounds = Bounds { head: short, body: short, ..BOUNDS };
    let (server, _stop) = start(ChainConfig { bounds, ..config(loopback(), None) }).await;
    let trickle = async |begin: String| {
        let (mut receives, mut sends) = from(STRANGER, server.address).await.into_split();
        let sending = tokio::spawn(async move {
            sends.write_all(begin.as_bytes()).await.unwrap();
            while sends.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut answer = Vec::new();
        bounded(receives.read_to_end(&mut answer)).await.ok();
        bounded(sending).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let (of_head, of_body) =
        tokio::join!(trickle("POST / HTTP/1.1\r\n".into()), trickle(head(1_000_000, "")));
    assert!(!of_head.contains("200"), "{of_head}");
    assert!(of_body.starts_with("HTTP/1.1 408"), "{of_body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_one_address_leave_places_to_others() {
    let (server, _stop) = start(config(loopback(), None)).await;
    let mut held = Vec::new();
    for _ in 0..128 {
        let mut stream = from(STRANGER, server.address).await;
        stream.write_all(head(100, "expect: 100-continue\r\n").as_bytes()).await.unwrap();
        let mut wanted = [0; 12];
        bounded(stream.read_exact(&mut wanted)).await.unwrap();
        assert_eq!(&wanted, b"HTTP/1.1 100", "its body is waited for");
        held.push(stream);
    }
    let refused = ask(STRANGER, server.address, "eth_chainId").await;
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after: 1"), "{head}");
    assert!(head.contains("access-control-allow-origin: *"), "a page may read it as well: {head}");
    let error = json!({ "code": -32005, "message": "the chain is busy with your other requests: try again" });
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, json!({ "jsonrpc": "2.0", "id": null, "error": error }));
    assert!(ask(OTHER, server.address, "eth_chainId").await.starts_with("HTTP/1.1 200"));
    drop(held);
    bounded(async {
        while !ask(STRANGER, server.address, "eth_chainId").await.starts_with("HTTP/1.1 200") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_may_open_too_few_files_does_not_start() {
    // More than any system allows.
    let bounds = Bounds::new(1 << 31);
    let config = ChainConfig { bounds, ..config(loopback(), None) };
    let refused = quorate_registry::chain::serve(config, std::future::pending()).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("and needs 2,147,483,712: raise `ulimit -n`"), "{text}");
}
