//! The actions of Chirp on nodes whose store lies, to all of them or to one. The store is this test: the actions' port is
//! replaced by its own, which makes other actions of them, granted a key of their own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Folder, Network};

const NOTHING: &str = r#"{"edges":[],"pageInfo":{}}"#;
/// Where the actions look for Ceramic.
const PORT: &str = "http://127.0.0.1:7707/";

/// A store that does as its path says: the action's address has it before the API's own.
struct Store {
    port: u16,
    seen: Arc<Seen>,
}

/// What the store knows.
#[derive(Default)]
struct Seen {
    /// Requests in the moods that are for one node.
    asked: AtomicUsize,
    /// The genesis of the slot that is asked for.
    genesis: Mutex<String>,
}

impl Store {
    fn start() -> Store {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let store = Store { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
        let seen = store.seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = seen.clone();
                std::thread::spawn(move || answer(stream, &seen));
            }
        });
        store
    }

    /// The action `createPost` that believes this store, in this mood.
    fn action(&self, mood: &str) -> String {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/chirp/actions/createPost.dist.js");
        let source = fs::read_to_string(path).unwrap();
        assert_eq!(source.matches(PORT).count(), 1);
        source.replace(PORT, &format!("http://127.0.0.1:{}/{mood}/", self.port))
    }
}

/// Reads one request and answers in the mood that its path names. A connection that is gone is none of the test's.
fn answer(mut stream: TcpStream, seen: &Seen) {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !whole(&request) {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&part[..count]),
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let mood = text.split('/').nth(1).unwrap_or_default().to_owned();
    let first = mood.ends_with("-for-one") && seen.asked.fetch_add(1, Ordering::SeqCst) == 0;
    let body = match (mood.as_str(), first) {
        ("page", _) => "<!doctype html><title>Ceramic</title>".to_owned(),
        ("wrong", _) => r#"{"edges":[{"node":{"log":"none"}}]}"#.to_owned(),
        ("taken", _) | ("taken-for-one", true) | ("free-for-one", false) => {
            taken(&seen.genesis.lock().unwrap())
        }
        ("silent", _) => return std::thread::sleep(Duration::from_secs(12)),
        ("endless", _) => return endless(&mut stream),
        ("slow", _) => return slow(&mut stream),
        _ => NOTHING.to_owned(),
    };
    let status = if mood == "broken" { 500 } else { 200 };
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes());
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length:").and_then(|value| value.trim().parse::<usize>().ok())
    });
    body.len() >= length.unwrap_or(0)
}

/// The slot has a post.
fn taken(genesis: &str) -> String {
    let log = json!([{ "cid": genesis, "type": 0 }, { "cid": genesis, "type": 1 }]);
    json!({ "edges": [{ "node": { "content": { "text": "there" }, "log": log } }] }).to_string()
}

fn endless(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n[");
    while stream.write_all(&[b' '; 65_536]).is_ok() {}
}

fn slow(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n");
    while stream.write_all(b" ").is_ok() {
        std::thread::sleep(Duration::from_millis(200));
    }
}

const BAD: [&str; 6] = ["broken", "page", "wrong", "endless", "silent", "slow"];
const FOR_ONE: [&str; 2] = ["taken-for-one", "free-for-one"];

/// A key for the action in every mood of the store, granted and burnt.
fn key(network: &Network, store: &Store) -> String {
    let moods = ["empty", "taken"].into_iter().chain(BAD).chain(FOR_ONE);
    let grants = moods.map(|mood| format!("{}=sign-anything", network.action(&store.action(mood))));
    let words = grants.flat_map(|grant| ["--grant".to_owned(), grant]);
    let words: Vec<String> = ["pkp", "mint", "--burn"].map(str::to_owned).into_iter().chain(words).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    network.quorate(&words).ok()["public_key"].as_str().unwrap().to_owned()
}

/// What came of a post in a mood of the store.
struct Outcome {
    ran: Value,
    took: Duration,
}

impl Outcome {
    fn of(network: &Network, store: &Store, key: &str, mood: &str) -> Outcome {
        let file = network.action(&store.action(mood));
        let params = json!({ "publicKey": key, "text": "hello", "number": 0 }).to_string();
        store.seen.asked.store(0, Ordering::SeqCst);
        let begun = Instant::now();
        let ran = network.quorate(&["action", "run", &file, "--params", &params]).value;
        Outcome { ran, took: begun.elapsed() }
    }

    /// The action's answer.
    fn said(&self) -> Value {
        let response = self.ran["reply"]["response"].as_str().unwrap_or_else(|| panic!("{:#}", self.ran));
        serde_json::from_str(response).unwrap()
    }

    /// How many signatures the statements of the nodes name.
    fn signed(&self) -> usize {
        let statements = self.ran["reply"]["receipt"]["statements"].as_array();
        let of = |one: &Value| one["body"]["intents"].as_array().map_or(0, Vec::len);
        statements.into_iter().flatten().map(of).sum()
    }
}

#[test]
fn a_store_that_lies_to_one_node_changes_nothing_and_one_that_lies_to_all_gets_no_signature() {
    let folder = Folder::new("chirp");
    let store = Store::start();
    let network = Network::start(&folder, &["--allow-loopback-port", &store.port.to_string()]);
    let key = key(&network, &store);
    let try_in = |mood: &str| Outcome::of(&network, &store, &key, mood);

    let written = try_in("empty");
    assert_eq!(written.said()["ok"], true, "{:#}", written.ran);
    assert!(written.signed() >= 2);
    written.said()["prev"].as_str().unwrap().clone_into(&mut store.seen.genesis.lock().unwrap());
    let refused = try_in("taken");
    assert_eq!((refused.said()["code"].as_str(), refused.signed()), (Some("slot_taken"), 0));

    // One node of three sees another store than the others: it can neither keep a post out nor bring one in.
    let kept_out = try_in("taken-for-one");
    assert_eq!(kept_out.said()["ok"], true, "{:#}", kept_out.ran);
    let brought_in = try_in("free-for-one");
    assert_eq!(brought_in.said()["code"], "slot_taken", "{:#}", brought_in.ran);
    assert_eq!(brought_in.signed(), 0);

    // Down, slow, or nonsense: a refusal in words within the time of one request, and nothing is signed.
    std::thread::scope(|scope| {
        let tried = BAD.map(|mood| (mood, scope.spawn(move || try_in(mood))));
        for (mood, outcome) in tried {
            let outcome = outcome.join().unwrap();
            assert_eq!(outcome.said()["code"], "store_unavailable", "{mood}: {:#}", outcome.ran);
            assert_eq!(outcome.signed(), 0, "{mood}: {:#}", outcome.ran);
            assert!(outcome.took < Duration::from_secs(15), "{mood} took {:?}", outcome.took);
        }
    });
    network.stop();
}
