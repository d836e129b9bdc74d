//! The interface over a real socket, without an engine behind it: what never reaches one.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use quorate_door::{Bounds, Server};
use quorate_engine::Input;
use quorate_registry::{
    alloy_primitives::B256,
    follow::{FollowConfig, Trust, follow},
};
use quorate_wire::{ErrorCode, Problem, limits::HTTP_BODY_BYTES_MAX};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinHandle,
};

use super::*;
use crate::{
    code::Sources,
    egress::{AddressGuard, Egress},
    inbox::{Job, Outlet},
    testing,
};

struct Running {
    address: SocketAddr,
    outlet: Outlet,
    waiting: Arc<Waiting>,
    board: Arc<StatusBoard>,
    code: CodeFinder,
    roots_desk: Arc<RootsDesk>,
    network: quorate_wire::NetworkId,
    _folder: testing::TestFolder,
    _stop: watch::Sender<bool>,
    _serving: JoinHandle<()>,
}

async fn start(places: usize) -> Running {
    let metrics = Metrics::new();
    let (inbox, outlet) = Inbox::new(metrics.clone());
    let network = testing::founded(0).0;
    // A view of a chain that does not answer: as empty as that of a node that has just started.
    let nowhere = FollowConfig {
        rpc_url: "http://127.0.0.1:1".into(),
        genesis_hash: B256::ZERO,
        head_key: B256::from(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()),
        catch_up_max: std::time::Duration::from_secs(1),
        contracts: crate::chain::contracts(&network),
        creations: Vec::new(),
        state: None,
        trust: Trust::default(),
        snapshot: None,
    };
    let (registry, _follower) = follow(nowhere, std::future::pending()).unwrap();
    let waiting = Waiting::new(places);
    let board = Arc::new(StatusBoard::new(crate::run::empty_status()));
    let folder = testing::TestFolder::new();
    let policy = crate::egress::Policy::default();
    let egress = Egress::new(policy, AddressGuard::default(), 1).unwrap();
    let config = crate::CodeConfig::default();
    let sources = Sources::new(testing::endpoints(&network), &config, Arc::new(egress));
    let code = CodeFinder::open(folder.path(), &config, sources, metrics.clone()).unwrap();
    let roots_desk = Arc::new(RootsDesk::default());
    let (id, network) = (network.id(), Arc::new(network));
    let api = Arc::new(Api {
        network: network.clone(),
        me: NodeIndex::new(1).unwrap(),
        guest: Digest([0; 32]),
        inbox,
        waiting: waiting.clone(),
        board: board.clone(),
        registry,
        speaker: crate::chain::BlockSpeaker::new(
            network.clone(),
            NodeIndex::new(1).unwrap(),
            ed25519_dalek::SigningKey::from_bytes(&[1; 32]),
        ),
        contradictions: Arc::new(crate::chain::Contradictions::open(network.clone(), folder.path())),
        metrics: metrics.clone(),
        code: code.clone(),
        issuers: Arc::default(),
        signed_out: Arc::default(),
        roots_desk: roots_desk.clone(),
        code_writes: Semaphore::new(CODE_WRITES),
        code_room: Room::new(CODE_ROOM, CODE_ROOM_PER_SOURCE),
        body_room: Places::new(body_units(16 << 20)),
    });
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), Bounds::new(16)).await.unwrap();
    let address = server.local_address().unwrap();
    let (stop, stopping) = watch::channel(false);
    let heartbeat = metrics.heartbeat("http");
    let serving = tokio::spawn(server.run(router(api, address), stopping, move || heartbeat.beat()));
    Running {
        address,
        outlet,
        waiting,
        board,
        code,
        roots_desk,
        network: id,
        _folder: folder,
        _stop: stop,
        _serving: serving,
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn code(&self) -> ErrorCode {
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let problem: Problem = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem.status, self.status);
        problem.code
    }
}

/// Sends a text as it is, and reads until the server closes.
async fn raw(address: SocketAddr, text: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(text).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

async fn ask(address: SocketAddr, line: &str, headers: &str, body: &[u8]) -> Answer {
    let host = if headers.contains("host:") { "" } else { "host: localhost\r\n" };
    let head = format!("{line} HTTP/1.1\r\n{host}connection: close\r\n{headers}\r\n");
    raw(address, &[head.as_bytes(), body].concat()).await
}

async fn post(address: SocketAddr, media_type: &str, body: &[u8]) -> Answer {
    let headers = format!("content-type: {media_type}\r\ncontent-length: {}\r\n", body.len());
    ask(address, "POST /v1/executions", &headers, body).await
}

const JSON: &str = "application/json";

#[tokio::test]
async fn unknown_address_and_method_are_problems() {
    let node = start(4).await;
    let answer = ask(node.address, "GET /nothing", "", b"").await;
    assert_eq!((answer.status, answer.code()), (404, ErrorCode::NotFound));
    let answer = ask(node.address, "GET /v1/executions", "", b"").await;
    assert_eq!((answer.status, answer.code()), (405, ErrorCode::MethodNotAllowed));
    assert!(answer.head.contains("allow: post"));
    let answer = ask(node.address, "DELETE /v1/network", "", b"").await;
    assert_eq!((answer.status, answer.code()), (405, ErrorCode::MethodNotAllowed));
}

#[tokio::test]
async fn refuses_bodies_that_are_no_submission() {
    let node = start(4).await;
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"{\"request\":\"\"}",
        b"{\"a\":1,\"a\":2}",
        b"\xff\xfe",
        b"{\"request\":\"\",\"sig\":\"\",\"login\":{},\"x\":1}",
    ] {
        let answer = post(node.address, JSON, body).await;
        assert_eq!((answer.status, answer.code()), (400, ErrorCode::MalformedRequest), "{body:?}");
    }
    let deep = "[".repeat(100_000);
    let answer = post(node.address, JSON, deep.as_bytes()).await;
    assert_eq!(answer.code(), ErrorCode::MalformedRequest);
}

#[tokio::test]
async fn refuses_other_media_types() {
    let node = start(4).await;
    for media_type in
        ["text/plain", "application/jsonx", "application/json; charset=latin1", "x", "multipart/form-data"]
    {
        let answer = post(node.address, media_type, b"{}").await;
        assert_eq!((answer.status, answer.code()), (415, ErrorCode::MediaType), "{media_type}");
    }
    let answer = ask(node.address, "POST /v1/executions", "content-length: 2\r\n", b"{}").await;
    assert_eq!(answer.code(), ErrorCode::MediaType);
    let answer = post(node.address, "Application/JSON; charset=UTF-8", b"{}").await;
    assert_eq!(answer.code(), ErrorCode::MalformedRequest);
}

#[tokio::test]
async fn refuses_bodies_that_are_too_long_before_reading_them() {
    let node = start(4).await;
    let headers = format!("content-type: {JSON}\r\ncontent-length: {}\r\n", 20 << 20);
    let answer = ask(node.address, "POST /v1/executions", &headers, b"").await;
    assert_eq!((answer.status, answer.code()), (413, ErrorCode::BodyTooLarge));
    // Without a length, reading ends at the limit.
    let headers = format!("content-type: {JSON}\r\ntransfer-encoding: chunked\r\n");
    let chunk =
        [format!("{:x}\r\n", HTTP_BODY_BYTES_MAX + 1).into_bytes(), vec![b' '; HTTP_BODY_BYTES_MAX + 1]]
            .concat();
    let answer = ask(node.address, "POST /v1/executions", &headers, &chunk).await;
    assert_eq!((answer.status, answer.code()), (413, ErrorCode::BodyTooLarge));
}

#[tokio::test]
async fn refuses_host_names_that_are_not_loopback() {
    let node = start(4).await;
    let answer = ask(node.address, "GET /v1/network", "host: evil.example\r\n", b"").await;
    assert_eq!((answer.status, answer.code()), (403, ErrorCode::HostRefused));
    let answer = ask(node.address, "GET http://evil.example/v1/network", "host: localhost\r\n", b"").await;
    assert_eq!(answer.code(), ErrorCode::HostRefused);
}

#[tokio::test]
async fn refuses_names_that_no_key_has() {
    let node = start(4).await;
    for id in ["x", "0x12", "%ff", "..%2f", &"0".repeat(63)] {
        let answer = ask(node.address, &format!("GET /v1/pkps/{id}"), "", b"").await;
        assert_eq!((answer.status, answer.code()), (400, ErrorCode::MalformedRequest), "{id}");
    }
    // A good name, but no chain was replayed yet: nothing can be said about it.
    let answer = ask(node.address, &format!("GET /v1/pkps/{}", "0".repeat(64)), "", b"").await;
    assert_eq!((answer.status, answer.code()), (503, ErrorCode::RegistryStale));
    assert!(answer.head.contains("retry-after: 1"));
}

#[tokio::test]
async fn shows_code_that_it_has_and_looks_for_no_other() {
    let node = start(4).await;
    let source = "go('\u{e9}')";
    let cid = quorate_wire::ActionCid::of_code(source.as_bytes());
    let line = format!("GET /v1/code/{cid}");
    let answer = ask(node.address, &line, "", b"").await;
    assert_eq!((answer.status, answer.code()), (404, ErrorCode::NotFound));
    assert!(answer.head.contains("cache-control: no-store"));
    node.code.keep(quorate_wire::LoginId(Digest([1; 32])), cid, source.into(), false).await.unwrap();
    let answer = ask(node.address, &line, "", b"").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, source));
    for header in [
        "content-type: text/plain; charset=utf-8",
        "cache-control: public, max-age=31536000, immutable",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; sandbox",
    ] {
        assert!(answer.head.contains(header), "{header}");
    }
    let known = format!("if-none-match: \"{cid}\"\r\n");
    let answer = ask(node.address, &line, &known, b"").await;
    assert_eq!((answer.status, answer.body.as_str()), (304, ""));
    assert_eq!(ask(node.address, &line.replace("GET", "HEAD"), "", b"").await.status, 200);
    for name in ["x", "..%2f", "%ff", "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"] {
        let answer = ask(node.address, &format!("GET /v1/code/{name}"), "", b"").await;
        assert_eq!((answer.status, answer.code()), (400, ErrorCode::MalformedRequest), "{name}");
    }
}

#[tokio::test]
async fn stores_code_for_nobody_without_a_login() {
    let node = start(4).await;
    let put = async |body: &[u8]| {
        let headers = format!("content-type: {JSON}\r\ncontent-length: {}\r\n", body.len());
        ask(node.address, "PUT /v1/code", &headers, body).await.code()
    };
    let request = quorate_wire::CodeRequest {
        v: 1,
        network: node.network,
        session: quorate_wire::SessionKey([1; 32]),
        login: testing::login().hash(),
        action: quorate_wire::ActionCid::of_code(b"x"),
        time_ms: crate::clock::unix_ms(),
    };
    let body = |request: &quorate_wire::CodeRequest, code: &str| {
        let value = serde_json::from_slice::<quorate_wire::Submission>(&testing::submission()).unwrap();
        let submission = quorate_wire::CodeSubmission {
            request: serde_json::to_vec(request).unwrap(),
            sig: vec![0; 64],
            login: value.login,
            code: code.to_owned(),
        };
        serde_json::to_vec(&submission).unwrap()
    };
    assert_eq!(put(b"{}").await, ErrorCode::MalformedRequest);
    assert_eq!(put(&body(&request, "x")).await, ErrorCode::LoginInvalid);
    let late = quorate_wire::CodeRequest { time_ms: 1, ..request.clone() };
    assert_eq!(put(&body(&late, "x")).await, ErrorCode::RequestExpired);
    let other = quorate_wire::CodeRequest { network: quorate_wire::NetworkId([0; 32]), ..request.clone() };
    assert_eq!(put(&body(&other, "x")).await, ErrorCode::WrongNetwork);
    let other = quorate_wire::CodeRequest { login: quorate_wire::Digest([0; 32]), ..request.clone() };
    assert_eq!(put(&body(&other, "x")).await, ErrorCode::LoginMismatch);
    let long = " ".repeat(quorate_wire::limits::CODE_BYTES_MAX + 1);
    assert_eq!(put(&body(&request, &long)).await, ErrorCode::CodeTooLarge);
    let answer = ask(node.address, "GET /v1/code", "", b"").await;
    assert_eq!((answer.status, answer.code()), (405, ErrorCode::MethodNotAllowed));
    assert!(answer.head.contains("allow: put"));
    assert!(node.code.held(request.action).await.is_none());
}

#[tokio::test]
async fn shows_itself() {
    let node = start(4).await;
    let view = ask(node.address, "GET /v1/network", "x-request-id: my-id\r\n", b"").await;
    assert_eq!(view.status, 200);
    assert!(
        view.head.contains("x-request-id: my-id") && view.head.contains("access-control-allow-origin: *")
    );
    let view: Value = serde_json::from_str(&view.body).unwrap();
    assert_eq!((&view["node"], &view["ready"], &view["head"]), (&1.into(), &false.into(), &Value::Null));
    assert_eq!(ask(node.address, "GET /healthz", "", b"").await.status, 200);
    let ready = ask(node.address, "GET /readyz", "", b"").await;
    assert_eq!((ready.status, ready.code()), (503, ErrorCode::NotReady));
    let metrics = ask(node.address, "GET /metrics", "", b"").await;
    assert!(metrics.body.contains("quorate_heartbeat_timestamp_seconds"));
    let document = ask(node.address, "GET /openapi.json", "", b"").await;
    let document: Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn answers_preflights() {
    let node = start(4).await;
    let headers = "origin: https://a.example\r\naccess-control-request-method: POST\r\n";
    let answer = ask(node.address, "OPTIONS /v1/executions", headers, b"").await;
    assert_eq!(answer.status, 204);
    assert!(answer.head.contains("access-control-allow-methods: get, post"));
}

#[tokio::test]
async fn heads_that_are_too_long_end_the_connection() {
    let node = start(4).await;
    let headers = format!("x: {}\r\n", "y".repeat(64 << 10));
    assert!(matches!(ask(node.address, "GET /healthz", &headers, b"").await.status, 400..=499));
    let many = "x: y\r\n".repeat(100);
    assert!(matches!(ask(node.address, "GET /healthz", &many, b"").await.status, 400..=499));
    assert_eq!(ask(node.address, "GET /healthz", "", b"").await.status, 200);
}

/// Sends an execution, and leaves the connection open.
async fn begin_post(address: SocketAddr, body: &[u8]) -> TcpStream {
    let head = format!(
        "POST /v1/executions HTTP/1.1\r\nhost: localhost\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    caller
}

#[tokio::test]
async fn full_node_says_so_and_a_caller_that_leaves_makes_room() {
    let node = start(1).await;
    let body = testing::submission();
    let first = begin_post(node.address, &body).await;
    let Some(Job::Handle(Input::Request { reply_to, source, .. }, _)) = node.outlet.recv().await else {
        panic!("no request");
    };
    assert!(source.is_loopback());
    let second = post(node.address, JSON, &body).await;
    assert_eq!((second.status, second.code()), (503, ErrorCode::Overloaded));
    drop(first);
    let Some(Job::Handle(Input::RequestAbandoned { reply_to: gone }, _)) = node.outlet.recv().await else {
        panic!("not abandoned");
    };
    assert_eq!(gone, reply_to);
    // The third one gets the place, and the engine's problem as its answer.
    let third = tokio::spawn({
        let body = body.clone();
        let address = node.address;
        async move { post(address, JSON, &body).await }
    });
    let Some(Job::Handle(Input::Request { reply_to, .. }, _)) = node.outlet.recv().await else {
        panic!("no request");
    };
    let problem = Problem { retry_after_ms: Some(6_001), ..Problem::of(ErrorCode::RateLimited) };
    node.waiting.answer(reply_to, Outcome::Execution(Err(Box::new(problem))));
    let third = third.await.unwrap();
    assert_eq!((third.status, third.code()), (429, ErrorCode::RateLimited));
    assert!(third.head.contains("retry-after: 7\r\n"), "{}", third.head);
    let document: serde_json::Value = serde_json::from_str(&third.body).unwrap();
    assert_eq!(document["retry_after_ms"], 6_001);
}

#[tokio::test]
async fn a_caller_that_hangs_up_keeps_its_place_while_its_request_is_in_the_queue() {
    let node = start(1).await;
    let body = testing::submission();
    let first = begin_post(node.address, &body).await;
    // The engine has come no further than the head of its queue.
    let request = node.outlet.recv().await.unwrap();
    assert!(matches!(request, Job::Handle(Input::Request { .. }, _)));
    drop(first);
    let gone = node.outlet.recv().await.unwrap();
    assert!(matches!(gone, Job::Handle(Input::RequestAbandoned { .. }, _)));
    let second = post(node.address, JSON, &body).await;
    assert_eq!(second.code(), ErrorCode::Overloaded);
    drop(request);
    let second = post(node.address, JSON, &body).await;
    assert_eq!(second.code(), ErrorCode::Overloaded, "that it hung up is still unread");
    drop(gone);
    let third = tokio::spawn(async move { post(node.address, JSON, &body).await });
    assert!(matches!(node.outlet.recv().await, Some(Job::Handle(Input::Request { reply_to, .. }, _)) if {
        node.waiting
            .answer(reply_to, Outcome::Execution(Err(Box::new(Problem::of(ErrorCode::NotReady)))));
        true
    }));
    assert_eq!(third.await.unwrap().code(), ErrorCode::NotReady);
}

#[tokio::test]
async fn a_node_whose_engine_stands_still_is_not_ready() {
    let node = start(4).await;
    let ready = quorate_engine::EngineStatus { ready: true, waiting_for: None, ..crate::run::empty_status() };
    let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
    node.board.publish(ready.clone(), ago(9));
    assert_eq!(ask(node.address, "GET /readyz", "", b"").await.status, 200, "it may have nothing to do");
    node.board.publish(ready, ago(11));
    let answer = ask(node.address, "GET /readyz", "", b"").await;
    assert_eq!((answer.status, answer.code()), (503, ErrorCode::NotReady));
    assert!(answer.body.contains("its engine"), "{}", answer.body);
}

#[tokio::test]
async fn a_node_whose_registry_went_back_says_so_by_its_code() {
    let node = start(4).await;
    let rolled_back = quorate_engine::EngineStatus {
        waiting_code: Some(ErrorCode::RegistryRolledBack),
        waiting_for: Some("block 103".to_owned()),
        ..crate::run::empty_status()
    };
    node.board.publish(rolled_back, Instant::now());
    let answer = ask(node.address, "GET /readyz", "", b"").await;
    assert_eq!((answer.status, answer.code()), (503, ErrorCode::RegistryRolledBack));
    assert!(answer.body.contains("block 103"), "{}", answer.body);
}

#[tokio::test]
async fn what_the_nodes_have_signed_for_the_roots_is_there_for_anybody() {
    let node = start(4).await;
    let founding = async || {
        let answer = ask(node.address, "GET /v1/founding", "", b"").await;
        assert_eq!(answer.status, 200);
        serde_json::from_str::<quorate_wire::FoundingView>(&answer.body).unwrap()
    };
    let before = founding().await;
    assert!(before.roots.is_none() && before.votes.is_empty() && !before.set);
    let votes = vec![quorate_wire::NodeVote([1; 65]), quorate_wire::NodeVote([2; 65])];
    node.roots_desk.put(testing::roots(), votes.clone());
    let after = founding().await;
    assert_eq!((after.roots, after.votes, after.set), (Some(testing::roots()), votes, false));
}

#[tokio::test]
async fn the_network_is_shown_with_operators_endpoints_silence_and_faults() {
    let node = start(4).await;
    let place =
        |number| quorate_wire::NodeEndpoint::unsigned(format!("https://{number}.example"), "192.0.2.1:1");
    let peer = quorate_wire::NodeView {
        index: NodeIndex::new(2).unwrap(),
        connected: false,
        set_up: false,
        banned: false,
        guest: None,
        operator: Some("Operator 2".to_owned()),
        endpoint: Some(place(2)),
        silent_ms: Some(1_234),
        fault: Some(quorate_wire::NodeFault { check: "hello".to_owned(), count: 3 }),
    };
    let status = quorate_engine::EngineStatus {
        endpoint: Some(place(1)),
        peers: vec![peer.clone()],
        ..crate::run::empty_status()
    };
    node.board.publish(status, Instant::now());
    let answer = ask(node.address, "GET /v1/network", "", b"").await;
    let view: quorate_wire::NetworkView = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(view.operator.as_deref(), Some("Operator 1"));
    assert_eq!(view.endpoint, Some(place(1)));
    assert_eq!(view.nodes, [peer]);
}

/// A connection from an address of loopback of which there are many.
async fn connect_from(last: u8, address: SocketAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(address).await.unwrap()
}

/// The status of the answer to a request whose body says nothing but what the head says.
async fn status(mut stream: TcpStream, head: &str) -> Option<u16> {
    stream
        .write_all(format!("{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

#[tokio::test]
async fn connections_of_one_address_leave_others_theirs() {
    let node = start(4).await;
    let mut held = Vec::new();
    loop {
        // One that is served says so; one that is closed at once is beyond the share.
        let mut stream = connect_from(2, node.address).await;
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        if !matches!(stream.read_u8().await, Ok(b'H')) {
            break;
        }
        held.push(stream);
        assert!(held.len() <= 16, "there is no end to it");
    }
    assert_eq!(held.len(), 8, "half of the connections");
    assert_eq!(status(connect_from(3, node.address).await, "GET /healthz HTTP/1.1").await, Some(200));
    drop(held);
}

#[tokio::test]
async fn bodies_that_do_not_end_leave_room_for_those_of_others() {
    let node = start(4).await;
    let post = format!("POST /v1/executions HTTP/1.1\r\ncontent-type: {JSON}");
    let mut endless = connect_from(2, node.address).await;
    let head =
        format!("{post}\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n");
    endless.write_all(head.as_bytes()).await.unwrap();
    let mut wanted = vec![0; 12];
    endless.read_exact(&mut wanted).await.unwrap();
    assert_eq!(wanted, b"HTTP/1.1 100", "its body is waited for");
    // It has six of sixteen mebibytes, and five more would be beyond its share.
    let long = format!("{post}\r\ncontent-length: {}", 5 << 20);
    let mut more = connect_from(2, node.address).await;
    more.write_all(format!("{long}\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let answered = tokio::time::timeout(std::time::Duration::from_secs(5), more.read_u8()).await;
    assert!(matches!(answered, Ok(Ok(b'H'))), "it is refused before it is there: {answered:?}");
    let mut other = connect_from(3, node.address).await;
    other.write_all(format!("{long}\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    other.write_all(&vec![b' '; 5 << 20]).await.unwrap();
    let mut answer = vec![0; 12];
    other.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 400", "it was read to its end");
}

#[tokio::test]
async fn callers_at_one_address_leave_places_to_wait_to_others() {
    let node = start(4).await;
    let body = testing::submission();
    let head = format!(
        "POST /v1/executions HTTP/1.1\r\nhost: localhost\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), &body].concat();
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect_from(2, node.address).await;
        stream.write_all(&request).await.unwrap();
        assert!(node.outlet.recv().await.is_some());
        held.push(stream);
    }
    let mut third = connect_from(2, node.address).await;
    third.write_all(&request).await.unwrap();
    let mut answer = vec![0; 12];
    third.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 503");
    let mut other = connect_from(3, node.address).await;
    other.write_all(&request).await.unwrap();
    assert!(matches!(node.outlet.recv().await, Some(Job::Handle(Input::Request { .. }, _))));
}
