//! Who is cut, who waits, and who gets in.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use quorate_door::{Bounds, Server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::{Notify, watch},
    task::JoinHandle,
};

/// Far above what anything here takes, so that a test that hangs fails.
const LONG: Duration = Duration::from_secs(20);

struct Door {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    beats: Arc<AtomicUsize>,
    /// Ends the requests for `/slow`.
    go: Arc<Notify>,
}

fn bounds(connections: usize) -> Bounds {
    Bounds { head: Duration::from_millis(400), ..Bounds::new(connections) }
}

async fn open(bounds: Bounds) -> Door {
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), bounds).await.unwrap();
    let address = server.local_address().unwrap();
    let (stop, stopping) = watch::channel(false);
    let (beats, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (wait, count) = (go.clone(), beats.clone());
    let slow = move || {
        let wait = wait.clone();
        async move {
            wait.notified().await;
            "slow"
        }
    };
    let router = Router::new()
        .route("/", get(async |ConnectInfo(caller): ConnectInfo<SocketAddr>| caller.ip().to_string()))
        .route("/slow", get(slow))
        .route("/echo", any(echo));
    let beat = move || {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let serving = tokio::spawn(server.run(router, stopping, beat));
    Door { address, stop, serving, beats, go }
}

/// Takes the connection over, and sends back what comes.
async fn echo(mut request: Request) -> Response {
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    };
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded));
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// A connection from an address of loopback of which there are many.
async fn from(last: u8, door: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(door).await.unwrap()
}

async fn send(stream: &mut TcpStream, path: &str, more: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n");
    // It may be closed already.
    let _ = stream.write_all(head.as_bytes()).await;
}

/// Reads until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it is closed").ok();
    String::from_utf8(answer).unwrap()
}

/// Whether a request on this connection is answered; the connection stays open.
async fn is_served(stream: &mut TcpStream) -> bool {
    send(stream, "/", "").await;
    let mut byte = [0];
    let served = tokio::time::timeout(LONG, stream.read(&mut byte)).await.expect("it is answered or closed");
    matches!(served, Ok(1))
}

#[tokio::test]
async fn idle_connections_and_heads_that_trickle_are_cut() {
    let door = open(bounds(16)).await;
    let begun = Instant::now();
    let mut idle = from(2, door.address).await;
    let mut after_one = from(2, door.address).await;
    assert!(is_served(&mut after_one).await);
    let trickle = async {
        let mut stream = from(2, door.address).await;
        let mut sent = 0;
        while stream.write_all(b"G").await.is_ok() && sent < 1_000 {
            sent += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sent
    };
    let (sent, first, second) = tokio::join!(trickle, rest(&mut idle), rest(&mut after_one));
    assert!(sent < 1_000, "one byte at a time keeps a connection for ever");
    assert!(!first.contains("200") && second.contains("127.0.0.2"), "{first:?} {second:?}");
    let took = begun.elapsed();
    assert!((Duration::from_millis(400)..LONG).contains(&took), "{took:?}");
}

#[tokio::test]
async fn one_address_takes_half_and_others_get_in() {
    let door = open(Bounds::new(16)).await;
    let mut held = Vec::new();
    let refused = loop {
        let mut stream = from(2, door.address).await;
        if !is_served(&mut stream).await {
            break stream;
        }
        held.push(stream);
        assert!(held.len() <= 16, "there is no end to it");
    };
    assert_eq!(held.len(), 8);
    assert!(is_served(&mut from(3, door.address).await).await);
    held.pop();
    // The place is free once the server has seen that its connection is gone.
    let again = async {
        while !is_served(&mut from(2, door.address).await).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, again).await.unwrap();
    drop(refused);
}

#[tokio::test]
async fn beyond_the_limit_callers_wait_until_places_are_free() {
    let door = open(Bounds::new(2)).await;
    let mut held = Vec::new();
    for last in [2, 3] {
        let mut stream = from(last, door.address).await;
        assert!(is_served(&mut stream).await);
        held.push(stream);
    }
    let mut third = from(4, door.address).await;
    send(&mut third, "/", "").await;
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(300), third.read(&mut byte)).await;
    assert!(early.is_err(), "it waits");
    let beats = door.beats.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(door.beats.load(Ordering::Relaxed) > beats, "a full door lives");
    held.pop();
    assert!(matches!(tokio::time::timeout(LONG, third.read(&mut byte)).await, Ok(Ok(1))));
}

#[tokio::test]
async fn what_is_in_progress_is_answered_when_the_door_closes() {
    let door = open(Bounds::new(8)).await;
    let mut slow = from(2, door.address).await;
    send(&mut slow, "/slow", "").await;
    let mut idle = from(2, door.address).await;
    assert!(is_served(&mut idle).await);
    door.stop.send_replace(true);
    rest(&mut idle).await;
    assert!(!door.serving.is_finished());
    let refused = async {
        while TcpStream::connect(door.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, refused).await.expect("nobody else is let in");
    door.go.notify_one();
    assert!(rest(&mut slow).await.ends_with("slow"));
    tokio::time::timeout(LONG, door.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_has_a_life_and_its_last_answer_a_time() {
    let life = Duration::from_millis(300);
    let door = open(Bounds { life, last_answer: life, ..Bounds::new(8) }).await;
    let mut untaken = from(2, door.address).await;
    send(&mut untaken, "/slow", "").await;
    let mut answered = from(2, door.address).await;
    let begun = Instant::now();
    while is_served(&mut answered).await {
        let mut more = [0; 512];
        let _ = answered.read(&mut more).await;
        assert!(begun.elapsed() < LONG, "it may ask for ever");
    }
    assert_eq!(rest(&mut untaken).await, "");
    assert!(begun.elapsed() >= life);
}

#[tokio::test]
async fn a_connection_that_was_taken_over_outlives_its_bounds_and_holds_its_place() {
    let short = Duration::from_millis(200);
    let bounds = Bounds { head: short, life: short, last_answer: short, upgrades: true, ..Bounds::new(1) };
    let door = open(bounds).await;
    let mut over = from(2, door.address).await;
    send(&mut over, "/echo", "connection: upgrade\r\nupgrade: echo\r\n").await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(over.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{:?}", String::from_utf8_lossy(&head));
    let mut other = from(3, door.address).await;
    send(&mut other, "/", "connection: close\r\n").await;
    tokio::time::sleep(5 * short).await;
    over.write_all(b"still here").await.unwrap();
    let mut said = [0; 10];
    tokio::time::timeout(LONG, over.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"still here");
    let early = tokio::time::timeout(short, other.read_u8()).await;
    assert!(early.is_err(), "the only place is taken");
    drop(over);
    assert!(rest(&mut other).await.ends_with("127.0.0.3"));
}

#[tokio::test]
async fn no_connection_is_taken_over_unless_the_bounds_say_so() {
    let door = open(Bounds::new(4)).await;
    let mut stream = from(2, door.address).await;
    send(&mut stream, "/echo", "connection: upgrade, close\r\nupgrade: echo\r\n").await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 501"));
}

#[tokio::test]
async fn hundreds_that_come_at_once_wait_to_be_accepted_and_none_has_to_come_again() {
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), bounds(1)).await.unwrap();
    let address = server.local_address().unwrap();
    let mut held = Vec::new();
    for _ in 0..500 {
        let connect = tokio::time::timeout(LONG, TcpStream::connect(address));
        held.push(connect.await.expect("there is room in the queue").unwrap());
    }
}
