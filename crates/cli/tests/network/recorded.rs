//! What a simulation shows is what nodes sign: one server, whose answers are odd, asked by both.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Folder, Network};

/// Signs a digest of all answers as they came: their bytes, statuses, addresses and headers.
const NOTARY: &str = r"async function main({ publicKey, urls }) {
  const said = [];
  for (const url of urls) {
    try {
      const answer = await fetch(url);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const headers = [...answer.headers].filter(([name]) => !['date', 'age', 'set-cookie'].includes(name));
      const about = JSON.stringify([answer.status, answer.url, answer.redirected, headers]);
      const all = ethers.utils.concat([ethers.utils.toUtf8Bytes(about), bytes]);
      said.push(`${ethers.utils.keccak256(all)} ${about}`);
    } catch (error) {
      said.push(error.code);
    }
  }
  const toSign = ethers.utils.arrayify(ethers.utils.id(JSON.stringify(said)));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'notary' });
  return said;
}";

/// Path, head and body of each answer.
fn answers() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = "content-type: application/json\r\n";
    let of = |path, head, body: &str| (path, head, body.as_bytes().to_vec());
    vec![
        of("/numbers", json, r#"{"wei":123456789012345678901234567890,"a":1.0,"b":1e2,"c":-0,"d":0.10}"#),
        of("/spaces", json, "{ \"b\" : 1,\n\t\"a\" : [ ] }\r\n"),
        of("/order", json, r#"{"z":1,"y":{"b":2,"a":1},"x":"\u0041\/$${ ${pkp.mine.token_id}"}"#),
        of("/twice", json, r#"{"a":1,"a":2,"b":{"a":1,"a":1}}"#),
        of("/scalar", json, "12345678901234567890.50"),
        of("/plain", "content-type: text/plain\r\n", r#"{"a":1}"#),
        of("/untyped", "", r#"{"a":1}"#),
        of("/mark", json, "\u{feff}{\"a\":1}"),
        of("/broken", json, r#"{"a":"#),
        of("/empty", json, ""),
        ("/latin", "content-type: application/json; charset=latin1\r\n", b"{\"a\":\"\xe9\xff\"}".to_vec()),
        ("/zeros", "", vec![0; 300]),
        of(
            "/headers",
            "x-a: 1\r\nlink: <a>; rel=\"next\"\r\nX-A: 2\r\nx-b:  spaced  \r\netag: W/\"x\"\r\nset-cookie: a=1\r\ndate: now\r\n",
            "x",
        ),
        of("/packed", "content-encoding: gzip\r\n", "not packed at all"),
        of("/chunked", "transfer-encoding: chunked\r\n", "3\r\nabc\r\n4\r\n{\"a\"\r\n0\r\n\r\n"),
        of("/away", "location: /spaces\r\n", ""),
        of("/none", json, r#"{"error":"nothing here"}"#),
    ]
}

/// Serves the answers until the process ends.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let path = lines.next().and_then(|line| line.split(' ').nth(1).map(str::to_owned));
            lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
            let Some((path, head, body)) =
                answers().into_iter().find(|(known, ..)| Some(*known) == path.as_deref())
            else {
                continue;
            };
            let status = match path {
                "/away" => "302 Found",
                "/none" => "404 Not Found",
                _ => "200 OK",
            };
            let length = match path {
                "/chunked" => String::new(),
                _ => format!("content-length: {}\r\n", body.len()),
            };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\n{length}{head}\r\n");
            let _ = stream.write_all(&body);
        }
    });
    port
}

/// What of a report or a reply has to be equal: what the action said, and what was signed.
fn shown(reply: &Value) -> (Vec<String>, Value) {
    let response = reply["response"].as_str().unwrap_or_else(|| panic!("{reply:#}"));
    let signature = reply["signatures"].get("notary").unwrap_or(&reply["signatures"][0]);
    (serde_json::from_str(response).unwrap(), signature["digest"].clone())
}

#[test]
fn a_simulation_of_recorded_answers_shows_the_digests_that_nodes_sign() {
    let folder = Folder::new("recorded");
    let port = server();
    let network = Network::start(&folder, &["--allow-loopback-port", &port.to_string()]);
    let key = network.key_for(&[NOTARY]);
    let action = network.action(NOTARY);
    let paths = answers();
    let urls: Vec<String> = paths.iter().map(|(path, ..)| format!("http://localhost:{port}{path}")).collect();
    let params = json!({ "publicKey": key, "urls": urls }).to_string();
    let ran = network.quorate(&["action", "run", &action, "--params", &params]).ok();
    let signed = shown(&ran["reply"]);
    network.stop();
    let failed: Vec<&str> = paths
        .iter()
        .zip(&signed.0)
        .filter(|(_, said)| *said == "fetch_failed")
        .map(|((path, ..), _)| *path)
        .collect();
    assert_eq!(failed, ["/packed"]);
    assert!(signed.1.is_string());

    let file = folder.path.join("fixtures.json");
    let own = json!({ "pkps": { "mine": { "public_key": key,
        "grants": [{ "action": "self", "scopes": ["sign-anything"] }] } } });
    fs::write(&file, own.to_string()).unwrap();
    let (file, port) = (file.display().to_string(), port.to_string());
    let simulate = |more: &[&str]| {
        let words = ["--json", "action", "simulate", &action, "--params", &params, "--fixtures", &file];
        let output = crate::harness::program().args(words).args(more).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        shown(&report)
    };
    assert_eq!(simulate(&["--record", "--allow-loopback-port", &port]), signed);
    assert_eq!(simulate(&[]), signed, "from the file alone");
}
