//! The network's own list of hosts: what is not in it is reached from no node.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Folder, Network, program};

const FETCH: &str = r#"async function main({ urls }) {
  const said = [];
  for (const url of urls) {
    try { said.push((await fetch(url)).status); } catch (error) { said.push(error.code); }
  }
  return said;
}"#;

/// A server that counts who comes. What is below `/away` leads to the same server by its address. It ends with the
/// process.
fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let away = lines.next().is_some_and(|line| line.starts_with("GET /away"));
            lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
            count.fetch_add(1, Ordering::SeqCst);
            let head = match away {
                true => format!("302 x\r\nlocation: http://127.0.0.1:{port}/"),
                false => "200 x".to_owned(),
            };
            let _ = write!(stream, "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (port, asked)
}

#[test]
fn hosts_outside_of_the_networks_list_are_reached_from_no_node() {
    let folder = Folder::new("hosts");
    let (port, asked) = server();
    // The port of this machine is allowed; what the network's list says holds all the same.
    let allowed = port.to_string();
    let list = ["--allow-host", "localhost", "--allow-host", "*.allowed.example"];
    let network = Network::start(&folder, &[list.as_slice(), &["--allow-loopback-port", &allowed]].concat());
    assert_eq!(network.ready["loopback_ports"], json!([port]));
    let file: Value =
        serde_json::from_slice(&fs::read(folder.path.join("state/network.json")).unwrap()).unwrap();
    assert_eq!(file["allow_hosts"], json!(["localhost", "*.allowed.example"]));
    let action = network.action(FETCH);
    let urls = [
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/away"),
        "https://other.example/".to_owned(),
    ];
    let params = json!({ "urls": urls }).to_string();
    let ran = network.quorate(&["action", "run", &action, "--params", &params]).ok();
    let expected = json!([200, "fetch_refused", "fetch_refused", "fetch_refused"]).to_string();
    assert_eq!(ran["reply"]["response"], expected);
    network.stop();
    // Two requests of each node that took part, and none by the address.
    assert!((4..=6).contains(&asked.load(Ordering::SeqCst)), "{asked:?}");

    // An open port is open for one start.
    let network = Network::start(&folder, &[]);
    assert_eq!(network.ready["loopback_ports"], json!([]));
    let ran = network.quorate(&["action", "run", &action, "--params", &params]).ok();
    assert_eq!(
        ran["reply"]["response"],
        json!(["fetch_refused", "fetch_refused", "fetch_refused", "fetch_refused"]).to_string()
    );
    network.stop();

    // The list is part of the network: another one is another network, and one that is none is refused.
    let state = folder.path.join("state").display().to_string();
    let refused = |host: &str| {
        let words = ["--json", "dev", "--follow-stdin", "--dir", &state, "--allow-host", host];
        let output = program().args(words).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(refused("other.example").contains("another list of hosts"));
    assert!(refused("Other.example:443").contains("neither a host nor *.domain"));
}
