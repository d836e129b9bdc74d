//! A WebSocket by its bytes, and a chain that stops while one is open.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    doors,
    network::{bounded, chain_at, config, loopback, start},
};

struct Raw(TcpStream);

impl Raw {
    /// Shakes hands, and returns the head of the answer as well.
    fn open(address: std::net::SocketAddr) -> (Raw, String) {
        Raw::on(TcpStream::connect(address).unwrap())
    }

    /// The same on a connection of an address of loopback.
    async fn from(last: u8, address: std::net::SocketAddr) -> (Raw, String) {
        let stream = doors::from(last, address).await.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        Raw::on(stream)
    }

    fn on(mut stream: TcpStream) -> (Raw, String) {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // The key of the example in RFC 6455.
        let head = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        (Raw(stream), String::from_utf8(answer).unwrap().to_lowercase())
    }

    /// One text frame of fewer than 126 bytes, masked with zeros.
    fn say(&mut self, call: &Value) {
        let text = call.to_string();
        let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.0.write_all(&frame).unwrap();
    }

    /// Kind and content of a frame of fewer than 126 bytes.
    fn hear(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let mut content = vec![0; usize::from(head[1])];
        self.0.read_exact(&mut content).unwrap();
        (head[0], content)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_stops_says_so_on_its_sockets_and_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (server, stop) = chain_at(loopback(), Some(folder.path())).await;
    let (mut socket, head) = Raw::open(server.address);
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    socket.say(&json!({ "id": 1, "method": "eth_chainId" }));
    let (kind, answer) = socket.hear();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((kind, &answer["result"]), (0x81, &json!("0x1d2e")));
    // One call waits, and a second socket says nothing at all.
    socket.say(&json!({ "id": 2, "method": "quorate_waitHead", "params": [9, 1_000] }));
    let (silent, _) = Raw::open(server.address);
    let begun = Instant::now();
    drop(stop);
    let (kind, farewell) = socket.hear();
    assert_eq!((kind, &farewell[..2]), (0x88, &1001_u16.to_be_bytes()[..]));
    drop(socket);
    bounded(server.wait()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(silent);
    // Its folder is free.
    let (server, stop) = chain_at(loopback(), Some(folder.path())).await;
    drop(stop);
    bounded(server.wait()).await.unwrap();
}

/// Half of the places of requests, as many as one address may have.
const SHARE: usize = 128;

#[tokio::test(flavor = "multi_thread")]
async fn calls_on_sockets_of_one_address_leave_places_to_others() {
    let (server, _stop) = start(config(loopback(), None)).await;
    let [stranger, other] = [2, 3];
    let chain_id = json!({ "id": 1, "method": "eth_chainId" });
    let (mut sockets, mut refused) = (Vec::new(), String::new());
    while refused.is_empty() && sockets.len() < 64 {
        let (socket, head) = Raw::from(stranger, server.address).await;
        if head.starts_with("http/1.1 101") {
            sockets.push(socket);
        } else {
            refused = head;
        }
    }
    assert!(sockets.len() == 32 && refused.starts_with("http/1.1 503"), "{}: {refused}", sockets.len());
    // Sixteen on each: four times what the address may have at once.
    let wait = json!({ "id": 2, "method": "quorate_waitHead", "params": [9, 1_000] });
    for socket in &mut sockets {
        (0..16).for_each(|_| socket.say(&wait));
    }
    let (mut another, _) = Raw::from(other, server.address).await;
    for _ in 0..8 {
        another.say(&chain_id);
        let answer: Value = serde_json::from_slice(&another.hear().1).unwrap();
        assert_eq!(answer["result"], "0x1d2e");
    }
    drop(sockets);

    // Requests by HTTP have the same places: with its share of them, the address gets no call answered on a socket.
    let mut mine = bounded(async {
        loop {
            // The others are noticed to be gone one after the other.
            let (socket, head) = Raw::from(stranger, server.address).await;
            if head.starts_with("http/1.1 101") {
                return socket;
            }
        }
    })
    .await;
    let mut held = Vec::new();
    bounded(async {
        while held.len() < SHARE {
            let mut stream = doors::from(stranger, server.address).await;
            let head = doors::head(100, "expect: 100-continue\r\n");
            tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
            let mut wanted = [0; 12];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut wanted).await.unwrap();
            // Calls of before still end.
            if &wanted == b"HTTP/1.1 100" {
                held.push(stream);
            }
        }
    })
    .await;
    mine.say(&chain_id);
    mine.0.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(mine.0.read_exact(&mut [0]).is_err(), "it waits");
    another.say(&chain_id);
    assert_eq!(another.hear().0, 0x81);
    drop(held);
    mine.0.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(mine.hear().0, 0x81);
}
