//! Code by its name: stored with the nodes, fetched by one node from another, and from gateways that may lie.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use quorate_wire::ActionCid;
use serde_json::{Value, json};

use crate::harness::{Folder, Network, http};

fn says(what: &str) -> String {
    format!("Lit.Actions.setResponse({{ response: {what:?} }});")
}

fn cid(source: &str) -> String {
    ActionCid::of_code(source.as_bytes()).to_string()
}

impl Folder {
    fn node(&self, number: usize) -> PathBuf {
        self.path.join(format!("state/node-{number}"))
    }

    /// Changes `[code]` of a node's configuration, from its next start on.
    fn configure_code(&self, number: usize, settings: &[(&str, toml::Value)]) {
        let path = self.node(number).join("node.toml");
        let mut config: toml::Table = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let code = config["code"].as_table_mut().unwrap();
        for (name, value) in settings {
            code.insert((*name).to_owned(), value.clone());
        }
        fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
    }

    /// Lengths of the files that a node keeps of code.
    fn code_files(&self, number: usize, folder: &str) -> Vec<u64> {
        let path = self.node(number).join("data/code").join(folder);
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).collect()
    }
}

#[test]
fn code_is_stored_with_all_nodes_and_runs_by_its_name() {
    let folder = Folder::new("code-put");
    let network = Network::start(&folder, &[]);
    let source = says("by its name");
    let name = cid(&source);
    // Nobody has it yet.
    let missing = network.quorate(&["action", "run", &name]).error();
    assert_eq!(missing["code"], "code_missing");

    let file = network.action(&source);
    let stored = network.quorate(&["action", "put", &file]).ok();
    assert_eq!((&stored["cid"], &stored["nodes"]), (&json!(name), &json!([1, 2, 3])));
    assert_eq!((&stored["new"], &stored["enough"]), (&json!([1, 2, 3]), &json!(true)));
    let again = network.quorate(&["action", "put", &file]).ok();
    assert_eq!((&again["nodes"], &again["new"]), (&json!([1, 2, 3]), &json!([])));
    for (place, number) in ["1", "2", "3"].iter().enumerate() {
        let (status, body) = http(&network.http(place), &format!("GET /v1/code/{name}"), b"");
        assert_eq!((status, body), (200, source.clone()));
        let reply = network.quorate(&["action", "run", &name, "--node", number]).ok();
        assert_eq!(reply["reply"]["response"], "by its name");
    }

    // A node that has lost it asks the others, and keeps what it was given.
    network.stop();
    fs::remove_dir_all(folder.node(1).join("data/code")).unwrap();
    let network = Network::start(&folder, &[]);
    assert_eq!(folder.code_files(1, "store"), [] as [u64; 0]);
    assert_eq!(http(&network.http(0), &format!("GET /v1/code/{name}"), b"").0, 404);
    let reply = network.quorate(&["action", "run", &name, "--node", "1"]).ok();
    assert_eq!(reply["reply"]["response"], "by its name");
    assert_eq!(folder.code_files(1, "cache"), [u64::try_from(source.len()).unwrap()]);
    assert_eq!(http(&network.http(0), &format!("GET /v1/code/{name}"), b"").0, 200);
    network.stop();
}

/// An IPFS gateway of this test's own, on loopback.
struct Gateway {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    /// Serves files by their names. It ends with the process.
    fn start(files: BTreeMap<String, String>) -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gateway = Gateway { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let asked = gateway.asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = serve(stream.unwrap(), &files, &asked);
            }
        });
        gateway
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn serve(
    mut stream: TcpStream,
    files: &BTreeMap<String, String>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let name = path.trim_start_matches("/ipfs/").to_owned();
    asked.lock().unwrap().push(path);
    let (status, body) = files.get(&name).map_or((404, ""), |file| (200, file.as_str()));
    write!(stream, "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_gateway_that_lies_is_passed_over_and_what_is_kept_of_gateways_is_bounded() {
    const CACHE_BYTES: u64 = (4 << 20) + (64 << 10);
    let folder = Folder::new("code-gateway");
    let sources: Vec<String> = (0..4)
        .map(|number| format!("{}/*{}*/", says(&format!("file {number}")), " ".repeat(1_500_000)))
        .collect();
    let honest = Gateway::start(sources.iter().map(|source| (cid(source), source.clone())).collect());
    // The right names, with another's content.
    let liar = Gateway::start(sources.iter().map(|source| (cid(source), says("a lie"))).collect());
    Network::start(&folder, &[]).stop();
    let ports = [&liar, &honest].map(|gateway| toml::Value::from(i64::from(gateway.address.port())));
    for number in 1..=3 {
        folder.configure_code(
            number,
            &[
                ("gateways", vec![liar.url(), honest.url()].into()),
                ("allow_loopback_ports", ports.to_vec().into()),
                ("cache_bytes", i64::try_from(CACHE_BYTES).unwrap().into()),
            ],
        );
    }
    let network = Network::start(&folder, &[]);
    for (number, source) in sources.iter().enumerate() {
        // A stranger's look does not make a node ask anybody.
        assert_eq!(http(&network.http(0), &format!("GET /v1/code/{}", cid(source)), b"").0, 404);
        let reply = network.quorate(&["action", "run", &cid(source), "--node", "1"]).ok();
        assert_eq!(reply["reply"]["response"], format!("file {number}"));
        assert!(folder.code_files(1, "cache").iter().sum::<u64>() <= CACHE_BYTES);
        let named = |gateway: &Gateway| {
            let asked = gateway.asked.lock().unwrap();
            asked.iter().filter(|path| path.ends_with(&cid(source))).count()
        };
        assert!(named(&honest) > 0 && named(&liar) > 0);
    }
    assert_eq!(folder.code_files(1, "cache").len(), 2);
    let nobody = network.quorate(&["action", "run", &cid("what no gateway has")]).error();
    assert_eq!(nobody["code"], Value::from("code_missing"));
    network.stop();
}
