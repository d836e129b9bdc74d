//! A WebSocket by its bytes, and a chain that stops while one is open.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::network::{bounded, chain_at, loopback};

struct Raw(TcpStream);

impl Raw {
    /// Shakes hands, and returns the head of the answer as well.
    fn open(address: std::net::SocketAddr) -> (Raw, String) {
        let mut stream = TcpStream::connect(address).unwrap();
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
