//! Attacks that once worked, repeated on running processes. A test build plays the member, with a node's own keys.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use quorate_client::Wallet;
use quorate_wire::{Login, Submission, WalletLogin, limits};
use serde_json::{Value, json};

use crate::bad_input::Asker;
use crate::harness::{Folder, Network, SIGN, http};

const WHO: &str = "Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress });";
/// Signs each text as a personal message, and says what each came to.
const PERSONAL: &str = r"async function main({ publicKey, texts }) {
  const said = [];
  for (const [place, message] of texts.entries()) {
    try {
      await Lit.Actions.ethPersonalSignMessageEcdsa({ message, publicKey, sigName: `text${place}` });
      said.push('signed');
    } catch (error) { said.push(error.code); }
  }
  return said;
}";

/// The same login, for the same session key, by another wallet.
fn signed_by_another(login: &Login, owner: &Wallet, other: &Wallet) -> Login {
    let login = login.wallet().unwrap();
    let checksum = |wallet: &Wallet| quorate_auth::checksum_address(&wallet.address());
    let message = login.message.replace(&checksum(owner), &checksum(other));
    assert_ne!(message, login.message);
    let signature = format!("0x{}", hex::encode(other.sign_text(&message)));
    WalletLogin { message, signature, ..login.clone() }.into()
}

/// Whoever overhears a request, or is asked first, cannot have it run for a wallet of its own.
#[test]
fn a_request_that_is_passed_on_with_another_login_acts_for_nobody() {
    let folder = Folder::new("other-login");
    let network = Network::start(&folder, &[]);
    let asker = Asker::new(&network);
    let owner = Wallet::from_file(&network.state().join("wallet.key")).unwrap();
    let thief = Wallet::from_bytes(&[7; 32]).unwrap();
    for _ in 0..40 {
        let request = asker.request(WHO);
        let honest = asker.submission(WHO, &request);
        let login = signed_by_another(&honest.login, &owner, &thief);
        let stolen = Submission { login, ..honest.clone() };
        let (stolen, honest) = (serde_json::to_vec(&stolen).unwrap(), serde_json::to_vec(&honest).unwrap());
        let send = |place: usize, body: Vec<u8>| {
            let address = network.http(place);
            std::thread::spawn(move || http(&address, "POST /v1/executions", &body).1)
        };
        // The thief is there first, at two nodes at once.
        let thefts = [send(1, stolen.clone()), send(2, stolen)];
        let reply = send(0, honest).join().unwrap();
        for theft in thefts {
            let problem: Value = serde_json::from_str(&theft.join().unwrap()).unwrap();
            assert_eq!(problem["code"], "login_mismatch", "{problem:#}");
        }
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["response"], json!(quorate_auth::checksum_address(&owner.address())), "{reply:#}");
    }
    network.stop();
}

/// A grant for personal messages makes no login: with one, whoever has it could act for the key's address.
#[test]
fn a_key_that_may_sign_personal_messages_signs_no_login() {
    let folder = Folder::new("signs-no-login");
    let network = Network::start(&folder, &[]);
    let minted = network.quorate(&["pkp", "mint"]).ok();
    let (key, address) = (minted["public_key"].as_str().unwrap(), minted["address"].as_str().unwrap());
    let action = network.action(PERSONAL);
    let login = format!(
        "localhost wants you to sign in with your Ethereum account:\n{address}\n\nAct for me.\n\nURI: did:key:z6Mk\n\
         Version: 1\nChain ID: 1\nNonce: 0123456789abcdef\nIssued At: 2026-01-01T00:00:00Z"
    );
    let texts = json!([
        login,
        login.to_uppercase(),
        format!("{login}\nExpiration Time: 2027-01-01T00:00:00Z"),
        "hello"
    ]);
    let params = json!({ "publicKey": key, "texts": texts }).to_string();
    let run = || {
        let reply = network.quorate(&["action", "run", &action, "--params", &params]).ok();
        serde_json::from_str::<Value>(reply["reply"]["response"].as_str().unwrap()).unwrap()
    };
    network.quorate(&["pkp", "grant", key, "--action", &action, "--scope", "personal-sign"]).ok();
    assert_eq!(run(), json!(["scope_missing", "scope_missing", "scope_missing", "signed"]));
    network.quorate(&["pkp", "grant", key, "--action", &action, "--scope", "sign-logins"]).ok();
    assert_eq!(run()[0], "signed", "with the scope that says so");
    network.stop();
}

/// Stands between nodes and their chain: forges nothing, and hands out one block in three seconds.
fn slow_chain(chain: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, chain) = (stream.unwrap(), chain.clone());
            // Ends with its caller.
            std::thread::spawn(move || pass_slowly(stream, &chain));
        }
    });
    address
}

fn pass_slowly(mut stream: TcpStream, chain: &str) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = bytes.trim().parse().ok()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut call: Value = serde_json::from_slice(&body).ok()?;
        if call["method"] == "quorate_blocks" {
            call["params"][1] = json!(1);
            std::thread::sleep(Duration::from_secs(3));
        }
        let (status, answer) = http(chain, "POST /", call.to_string().as_bytes());
        let head = "content-type: application/json\r\ncontent-length";
        write!(stream, "HTTP/1.1 {status} x\r\n{head}: {}\r\n\r\n{answer}", answer.len()).ok()?;
    }
}

/// A right that was revoked ends within the age that a head may have, however slowly a node is told of it.
#[test]
#[ignore = "takes a minute and a half: cargo xtask ci --full"]
fn whoever_hands_out_the_chain_slowly_keeps_no_right_alive() {
    let folder = Folder::new("slow-chain");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    let chain = network.ready["chain"]["rpc"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let slow = slow_chain(chain.trim_end_matches('/').to_owned());
    for node in 1..=3 {
        let path = network.state().join(format!("node-{node}/node.toml"));
        let mut config: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        config.insert("chain_rpc".to_owned(), slow.clone().into());
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
    }
    // Each starts anew by itself, and asks the one between.
    (1..=3).for_each(|node| network.kill(&format!("node-{node}")));
    let begun = Instant::now();
    let ready =
        |address: String| TcpStream::connect(&address).is_ok() && http(&address, "GET /readyz", b"").0 == 200;
    std::thread::sleep(Duration::from_secs(1));
    while !(0..3).all(|place| ready(network.http(place))) {
        assert!(begun.elapsed() < Duration::from_secs(120), "the nodes do not come back");
        std::thread::sleep(Duration::from_millis(500));
    }
    // Another's request: it is the action's right that counts.
    let asker = Asker::with(&network, &Wallet::from_bytes(&[7; 32]).unwrap());
    let ask = || {
        let mut request = asker.request(SIGN);
        request["params"] = json!({ "publicKey": key, "toSign": vec![1; 32] });
        let body = serde_json::to_vec(&asker.submission(SIGN, &request)).unwrap();
        let (_, text) = http(&network.http(0), "POST /v1/executions", &body);
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let reply = ask();
    assert_eq!(reply["status"], "completed", "{reply:#}");
    // So many blocks that the nodes come to the revocation only in 45 s.
    (0..15).for_each(|_| drop(network.quorate(&["pkp", "mint"]).ok()));
    network.quorate(&["pkp", "revoke", &key, "--action", &network.action(SIGN)]).ok();
    let revoked = Instant::now();
    let (mut signed, mut refused) = (Duration::ZERO, Value::Null);
    while revoked.elapsed() < Duration::from_secs(40) {
        let asked = revoked.elapsed();
        match ask() {
            reply if reply["status"] == "completed" => signed = asked,
            problem => refused = problem["code"].clone(),
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let age = Duration::from_millis(limits::HEAD_AGE_MS_MAX);
    assert!(signed < age, "signed {signed:?} after the revocation");
    assert!(refused == "registry_stale" || refused == "not_granted" || refused == "not_ready", "{refused}");
    network.stop();
}

/// A node whose log nobody reads works on, and says that it is ready because it is.
#[test]
fn a_log_that_nobody_reads_stops_no_node() {
    let folder = Folder::new("unread-log");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    let state = network.state();
    network.stop();
    let (log, config) = (state.join("node-1.log"), state.join("node-1/node.toml"));
    let mut told: toml::Table = toml::from_str(&std::fs::read_to_string(&config).unwrap()).unwrap();
    told.insert("log".to_owned(), "trace".into());
    std::fs::write(&config, toml::to_string(&told).unwrap()).unwrap();
    std::fs::remove_file(&log).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &log, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    // Open for both, so that nobody waits for the other end; never read.
    let pipe = std::fs::OpenOptions::new().read(true).write(true).open(&log).unwrap();
    let network = Network::start(&folder, &[]);
    let full = || {
        let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK;
        let end = rustix::fs::open(&log, flags, rustix::fs::Mode::empty()).unwrap();
        rustix::io::write(&end, b"x").is_err()
    };
    let begun = Instant::now();
    let mut after = 0;
    while after < 10 {
        let asked = Instant::now();
        network.run(SIGN, &key, &["--node", "1"]).ok();
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        after += usize::from(full());
        assert!(begun.elapsed() < Duration::from_secs(60), "the pipe is never full");
    }
    assert_eq!(http(&network.http(0), "GET /readyz", b"").0, 200);
    std::fs::remove_file(&log).unwrap();
    drop(pipe);
    network.stop();
}

/// An old signature in place of a vote ends nothing.
#[cfg(feature = "faults")]
#[test]
fn an_old_signature_sent_as_a_new_one_stops_nobody() {
    let folder = Folder::new("old-signature");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.stop();
    folder.lie(3, "member = \"old_signature\"");
    let network = Network::start(&folder, &[]);
    for round in 0..10 {
        let begun = Instant::now();
        let node = ["1", "2"][round % 2];
        network.run(SIGN, &key, &["--node", node]).ok();
        assert!(begun.elapsed().as_secs() < 5, "round {round} took {:?}", begun.elapsed());
    }
    network.stop();
}

/// Greetings without end cost their sender, and nobody else.
#[cfg(feature = "faults")]
#[test]
fn a_member_that_greets_without_end_slows_nobody() {
    let folder = Folder::new("greetings");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.stop();
    folder.lie(3, "member = \"greetings\"");
    let network = Network::start(&folder, &[]);
    let until = Instant::now() + Duration::from_secs(10);
    let mut slowest = Duration::ZERO;
    while Instant::now() < until {
        let begun = Instant::now();
        network.run(SIGN, &key, &["--node", "1"]).ok();
        slowest = slowest.max(begun.elapsed());
    }
    // The command's own start is in it; the attack once made it 14 s.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    let logs = network.stop();
    let told = |line: &str| line.contains("broke the protocol") && line.contains("node 3");
    assert!(logs.lines().any(told), "nobody tells who it was");
}
