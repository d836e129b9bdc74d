//! The finder over real files and real servers.

mod gateways;
mod sharing;

use std::{collections::BTreeSet, fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, sync::Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    egress::{AddressGuard, Egress, Policy},
    testing::{TestFolder, endpoints, network},
};

const SOURCE: &str = "Lit.Actions.setResponse({ response: 'by its name' })";

fn cid() -> ActionCid {
    ActionCid::of_code(SOURCE.as_bytes())
}

fn login(number: u8) -> LoginId {
    LoginId(quorate_wire::Digest([number; 32]))
}

/// What a server is asked for, in order.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server that answers every request with this status and body.
async fn server(status: u16, body: impl Into<Vec<u8>>) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Asked::default());
    let (body, noted) = (body.into(), asked.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let line = String::from_utf8(head).unwrap().lines().next().unwrap_or_default().to_owned();
            noted.lock().unwrap().push(line);
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    });
    (address, asked)
}

/// A finder of node 1, whose peers and gateways are at these addresses.
fn finder(folder: &TestFolder, nodes: &[SocketAddr], gateways: &[SocketAddr]) -> CodeFinder {
    let mut network = network();
    for (endpoint, node) in network.endpoints.iter_mut().skip(1).zip(nodes) {
        endpoint.http = format!("http://{node}/");
    }
    let config = CodeConfig {
        gateways: gateways.iter().map(|address| format!("http://{address}/some/path/").into()).collect(),
        ..CodeConfig::default()
    };
    let ports: BTreeSet<u16> = gateways.iter().map(SocketAddr::port).collect();
    let policy = Policy { allow_http: true, loopback_ports: ports, hosts: Vec::new() };
    let egress = Arc::new(Egress::new(policy, AddressGuard::default(), 8).unwrap());
    let sources = Sources::new(endpoints(&network), &config, egress);
    CodeFinder::open(folder.path(), &config, sources, Metrics::new()).unwrap()
}

#[tokio::test]
async fn a_node_that_moved_is_asked_where_it_is_now_and_nobody_is_where_its_word_may_not_lead() {
    let (before, asked_before) = server(404, "").await;
    let (now, asked_now) = server(200, SOURCE).await;
    let egress = || Arc::new(Egress::new(Policy::default(), AddressGuard::default(), 8).unwrap());
    let node = quorate_wire::NodeIndex::new(2).unwrap();
    let place = |http: String| quorate_wire::NodeEndpoint::unsigned(http, "192.0.2.1:1");
    for (listed, led) in [(format!("http://{before}"), true), ("https://192.0.2.2".to_owned(), false)] {
        let mut network = network();
        network.endpoints.iter_mut().for_each(|endpoint| *endpoint = place(listed.clone()));
        let (board, folder, config) = (endpoints(&network), TestFolder::new(), CodeConfig::default());
        let sources = Sources::new(board.clone(), &config, egress());
        let finder = CodeFinder::open(folder.path(), &config, sources, Metrics::new()).unwrap();
        for peer in board.peers() {
            board.note(peer, place(format!("http://{now}/")));
        }
        assert_eq!(finder.find(cid(), &[]).await.is_ok(), led, "{listed}");
        assert_eq!(asked_now.lock().unwrap().is_empty(), !led, "{listed}");
        asked_now.lock().unwrap().clear();
        assert_eq!(board.http(node), [format!("http://{now}")]);
    }
    assert!(asked_before.lock().unwrap().is_empty());
}

#[tokio::test]
async fn another_node_is_asked_before_any_gateway_and_only_once() {
    let (empty, _) = server(404, "").await;
    let (peer, asked) = server(200, SOURCE).await;
    let (gateway, gateway_asked) = server(200, SOURCE).await;
    let folder = TestFolder::new();
    let node = finder(&folder, &[empty, peer], &[gateway]);
    assert!(node.held(cid()).await.is_none());
    assert_eq!(node.find(cid(), &[]).await, Ok(SOURCE.into()));
    assert_eq!(node.find(cid(), &[]).await, Ok(SOURCE.into()));
    assert_eq!(*asked.lock().unwrap(), [format!("GET /v1/code/{} HTTP/1.1", cid())]);
    assert!(gateway_asked.lock().unwrap().is_empty());
    // After a restart it is on disk.
    let again = finder(&folder, &[], &[]);
    assert_eq!(again.held(cid()).await.as_deref(), Some(SOURCE));
}

#[tokio::test]
async fn wrong_bytes_are_passed_over_and_the_next_gateway_is_asked() {
    let changed = SOURCE.replace("name", "game");
    let (liar, asked) = server(200, changed).await;
    let (endless, _) = server(200, vec![b' '; CODE_BYTES_MAX + 1]).await;
    let (elsewhere, _) = server(302, "").await;
    let (honest, honest_asked) = server(200, SOURCE).await;
    let folder = TestFolder::new();
    let node = finder(&folder, &[], &[liar, endless, elsewhere, honest]);
    assert_eq!(node.find(cid(), &[]).await, Ok(SOURCE.into()));
    assert_eq!(honest_asked.lock().unwrap().len(), 1);
    assert!(asked.lock().unwrap().iter().all(|line| line.starts_with("GET /some/path/ipfs/Qm")));
}

#[tokio::test]
async fn a_gateway_at_an_address_that_is_not_allowed_is_never_asked() {
    let (gateway, asked) = server(200, SOURCE).await;
    let folder = TestFolder::new();
    let node = finder(&folder, &[], &[gateway]);
    let blind = Policy { allow_http: true, loopback_ports: BTreeSet::new(), hosts: Vec::new() };
    let egress = Arc::new(Egress::new(blind, AddressGuard::default(), 8).unwrap());
    let config = CodeConfig { gateways: vec![format!("http://{gateway}").into()], ..CodeConfig::default() };
    let sources = Sources::new(endpoints(&network()), &config, egress);
    let guarded = CodeFinder::open(folder.path(), &config, sources, Metrics::new()).unwrap();
    assert_eq!(guarded.find(cid(), &[]).await, Err(CodeError::Missing));
    assert!(asked.lock().unwrap().is_empty());
    assert_eq!(node.find(cid(), &[]).await, Ok(SOURCE.into()));
}

#[tokio::test]
async fn what_is_no_text_is_told_apart_from_what_is_missing() {
    let bytes = [0xff, 0xfe, 0x00];
    let (gateway, _) = server(200, bytes).await;
    let folder = TestFolder::new();
    let node = finder(&folder, &[], &[gateway]);
    assert_eq!(node.find(ActionCid::of_code(&bytes), &[]).await, Err(CodeError::NotText));
    assert_eq!(node.find(cid(), &[]).await, Err(CodeError::Missing));
    // Storing it here ends that at once.
    assert_eq!(node.keep(login(1), cid(), SOURCE.into(), false).await, Ok(true));
    assert_eq!(node.find(cid(), &[]).await, Ok(SOURCE.into()));
}

fn text(number: usize) -> (ActionCid, String) {
    let text = format!("{number:10000}");
    (ActionCid::of_code(text.as_bytes()), text)
}

#[test]
fn the_cache_stays_within_its_bound_and_drops_the_least_recently_used() {
    let folder = TestFolder::new();
    // Each takes three blocks of 4 KiB.
    let cache = Cache::open(folder.path(), 10 * 12_288).unwrap();
    for number in 0..10 {
        cache.write(text(number).0, &text(number).1).unwrap();
    }
    assert!(cache.read(text(0).0).is_some());
    for number in 10..14 {
        cache.write(text(number).0, &text(number).1).unwrap();
    }
    let held: Vec<usize> = (0..14).filter(|&number| cache.holds(text(number).0)).collect();
    assert_eq!(held, [0, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 10);
    for entry in fs::read_dir(folder.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A lower bound holds from the next start on. Files know the time of their last use as exactly as the
    // system's clock ticks, so these are set apart.
    drop(cache);
    for number in held {
        let file = fs::File::options().write(true).open(folder.path().join(files::file_name(text(number).0)));
        let seconds = std::time::Duration::from_secs(1_000_000 + number as u64);
        file.unwrap().set_modified(std::time::UNIX_EPOCH + seconds).unwrap();
    }
    let cache = Cache::open(folder.path(), 2 * 12_288).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(cache.read(text(12).0).is_some() && cache.read(text(13).0).is_some());
}

#[test]
fn damaged_files_are_dropped_and_unfinished_ones_removed() {
    let folder = TestFolder::new();
    let cache = Cache::open(folder.path(), 1 << 20).unwrap();
    for number in 0..3 {
        cache.write(text(number).0, &text(number).1).unwrap();
    }
    let path = |number| folder.path().join(files::file_name(text(number).0));
    fs::write(path(0), "something else").unwrap();
    fs::remove_file(path(1)).unwrap();
    for number in 0..2 {
        assert!(cache.holds(text(number).0));
        assert!(cache.read(text(number).0).is_none());
        assert!(!cache.holds(text(number).0) && !path(number).exists());
    }
    cache.write(text(0).0, &text(0).1).unwrap();
    assert_eq!(cache.read(text(0).0).as_deref(), Some(text(0).1.as_str()));
    fs::write(folder.path().join("unfinished-1"), "half").unwrap();
    fs::write(folder.path().join("notes"), "not ours").unwrap();
    let again = Cache::open(folder.path(), 1 << 20).unwrap();
    assert!(!folder.path().join("unfinished-1").exists() && folder.path().join("notes").exists());
    assert!(again.holds(text(2).0) && !again.holds(text(1).0));
}

#[tokio::test]
async fn what_the_cache_does_never_touches_what_is_stored() {
    let folder = TestFolder::new();
    let config = CodeConfig { cache_bytes: 12_288, memory_bytes: 300, ..CodeConfig::default() };
    let guard = Egress::new(Policy::default(), AddressGuard::default(), 1).unwrap();
    let sources = Sources::new(endpoints(&network()), &config, Arc::new(guard));
    let node = CodeFinder::open(folder.path(), &config, sources, Metrics::new()).unwrap();
    assert_eq!(node.keep(login(1), cid(), SOURCE.into(), false).await, Ok(true));
    for number in 0..20 {
        node.0.cache.write(text(number).0, &text(number).1).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path().join("cache")).unwrap().count(), 1);
    assert_eq!(node.held(cid()).await.as_deref(), Some(SOURCE));
}
