//! A gateway that speaks as gateways do: paths and subdomains, files and blocks, and every way of not having one.

use std::{collections::BTreeMap, time::Instant};

use sha2::{Digest as _, Sha256};

use super::*;

/// What a request says that a gateway looks at.
struct Request {
    path: String,
    host: String,
    accept: String,
}

/// What goes back: status, further headers, body.
type Reply = (u16, String, Vec<u8>);

/// A server that answers by a rule; without an answer it holds the connection and says nothing.
async fn gateway(rule: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Asked::default());
    let noted = asked.clone();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let head = String::from_utf8(head).unwrap();
            let header = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().trim().to_owned()
            };
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let request = Request { path, host: header("host:"), accept: header("accept:") };
            noted.lock().unwrap().push(format!("{} {}", request.host, request.path));
            let Some((status, headers, body)) = rule(&request) else {
                held.push(stream);
                continue;
            };
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    });
    (address, asked)
}

/// A finder without other nodes. The names below `localhost` are this machine, as everywhere.
fn finder(folder: &TestFolder, gateways: &[String]) -> CodeFinder {
    let config = CodeConfig {
        gateways: gateways.iter().map(|gateway| gateway.as_str().into()).collect(),
        ..CodeConfig::default()
    };
    let port = |url: &String| url::Url::parse(url).unwrap().port().unwrap();
    let ports: BTreeSet<u16> = gateways.iter().map(port).collect();
    let policy = Policy { allow_http: true, loopback_ports: ports, hosts: Vec::new() };
    let egress = Arc::new(Egress::new(policy, AddressGuard::default(), 8).unwrap());
    let mut network = network();
    network.nodes.truncate(1);
    network.endpoints.truncate(1);
    let sources = Sources::new(endpoints(&network), &config, egress);
    CodeFinder::open(folder.path(), &config, sources, Metrics::new()).unwrap()
}

fn found(body: impl Into<Vec<u8>>) -> Option<Reply> {
    Some((200, String::new(), body.into()))
}

/// A source of several chunks, and its blocks by name.
fn large() -> (String, BTreeMap<String, Vec<u8>>) {
    let source = format!("// {}\nLit.Actions.setResponse({{ response: 'large' }})", "é".repeat(300_000));
    let mut blocks = BTreeMap::new();
    let mut keep = |block: Vec<u8>| {
        let hash = [&[0x12, 0x20][..], &Sha256::digest(&block)].concat();
        let total = block.len() as u64;
        blocks.insert(ActionCid::from_multihash(&hash).unwrap().to_string(), block);
        (hash, total)
    };
    let mut below = Vec::new();
    for chunk in source.as_bytes().chunks(262_144) {
        let length = chunk.len() as u64;
        let unixfs = [vec![8, 2], bytes(0x12, chunk), number(0x18, length)].concat();
        let (hash, total) = keep(bytes(0x0a, &unixfs));
        below.push((hash, total, length));
    }
    let links = below.iter().flat_map(|(hash, total, _)| {
        bytes(0x12, &[bytes(0x0a, hash), bytes(0x12, b""), number(0x18, *total)].concat())
    });
    let sizes = below.iter().flat_map(|(_, _, length)| number(0x20, *length));
    let unixfs: Vec<u8> = [vec![8, 2], number(0x18, source.len() as u64)].concat();
    let unixfs: Vec<u8> = unixfs.into_iter().chain(sizes).collect();
    keep(links.chain(bytes(0x0a, &unixfs)).collect());
    assert!(blocks.contains_key(&ActionCid::of_code(source.as_bytes()).to_string()), "the blocks are right");
    (source, blocks)
}

/// The name that a domain can have: CIDv1 in base32.
fn label(cid: ActionCid) -> String {
    let bytes = [&[0x01, 0x70][..], &cid.multihash()].concat();
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digit = |bits: &[u8]| {
        let value = u8::from_str_radix(&format!("{:0<5}", std::str::from_utf8(bits).unwrap()), 2).unwrap();
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(value)])
    };
    format!("b{}", bits.as_bytes().chunks(5).map(digit).collect::<String>())
}

fn bytes(key: u8, bytes: &[u8]) -> Vec<u8> {
    [number(key, bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(key: u8, mut number: u64) -> Vec<u8> {
    let mut out = vec![key];
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
    out
}

#[tokio::test]
async fn a_redirect_to_the_subdomain_of_the_cid_is_followed() {
    let (address, asked) = gateway(|request| match request.host.split_once(".ipfs.") {
        // The name becomes one that a domain can have; the content is below its root.
        Some((label, _)) if label.parse() == Ok(cid()) && request.path == "/" => found(SOURCE),
        None if request.path == format!("/ipfs/{}", cid()) => {
            let place = format!("location: http://{}.ipfs.{}/\r\n", label(cid()), request.host);
            Some((301, place, Vec::new()))
        }
        _ => Some((404, String::new(), Vec::new())),
    })
    .await;
    let folder = TestFolder::new();
    let base = format!("http://localhost:{}", address.port());
    assert_eq!(finder(&folder, &[base]).find(cid(), &[]).await, Ok(SOURCE.into()));
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].starts_with("bafy") && asked[1].ends_with(" /"), "{asked:?}");
}

#[tokio::test]
async fn a_file_of_several_chunks_is_read_whole_or_block_by_block() {
    let (source, blocks) = large();
    let name = ActionCid::of_code(source.as_bytes());
    let whole = source.clone();
    let (files, _) = gateway(move |_| found(whole.clone())).await;
    let folder = TestFolder::new();
    let node = finder(&folder, &[format!("http://{files}")]);
    assert_eq!(node.find(name, &[]).await.as_deref(), Ok(source.as_str()));

    // A gateway that gives out only what its readers can check says so of anything else.
    let rule = move |request: &Request, blocks: &BTreeMap<String, Vec<u8>>| {
        let block = request.path.strip_prefix("/ipfs/")?.strip_suffix("?format=raw");
        match block.filter(|_| request.accept == "application/vnd.ipld.raw") {
            Some(block) => blocks.get(block).cloned().map_or(Some((404, String::new(), vec![])), found),
            None => Some((406, String::new(), b"not acceptable".to_vec())),
        }
    };
    let of_honest = blocks.clone();
    let (honest, asked) = gateway(move |request| rule(request, &of_honest)).await;
    let folder = TestFolder::new();
    let node = finder(&folder, &[format!("http://{honest}")]);
    assert_eq!(node.find(name, &[]).await.as_deref(), Ok(source.as_str()));
    assert_eq!(asked.lock().unwrap().len(), 1 + blocks.len());
    assert_eq!(node.find(cid(), &[]).await, Err(CodeError::Missing));

    // One block that is another, or that is not there.
    let (chunk, _) = blocks.iter().find(|(_, block)| block.len() > 200_000).unwrap();
    for change in [None, Some(b"something else".to_vec())] {
        let mut changed = blocks.clone();
        match change {
            Some(other) => drop(changed.insert(chunk.clone(), other)),
            None => drop(changed.remove(chunk)),
        }
        let (liar, _) = gateway(move |request| rule(request, &changed)).await;
        let folder = TestFolder::new();
        assert_eq!(
            finder(&folder, &[format!("http://{liar}")]).find(name, &[]).await,
            Err(CodeError::Missing)
        );
    }
}

#[tokio::test]
async fn gateways_that_fail_in_every_way_are_passed_over() {
    let of_status = |status| gateway(move |_| Some((status, String::new(), b"no".to_vec())));
    let mut gateways = Vec::new();
    for status in [404, 410, 429, 451, 500, 502, 504] {
        gateways.push(of_status(status).await.0);
    }
    let elsewhere =
        |place: &'static str| gateway(move |_| Some((302, format!("location: {place}\r\n"), Vec::new())));
    for place in ["http://169.254.169.254/", "https://localhost/", "file:///etc/passwd", "/ipfs/again"] {
        gateways.push(elsewhere(place).await.0);
    }
    gateways.push(gateway(|_| found("something else")).await.0);
    gateways.push(gateway(|_| found(vec![b' '; CODE_BYTES_MAX + 1])).await.0);
    let (honest, asked) = gateway(|_| found(SOURCE)).await;
    gateways.push(honest);
    let folder = TestFolder::new();
    let bases: Vec<String> = gateways.iter().map(|gateway| format!("http://{gateway}")).collect();
    assert_eq!(finder(&folder, &bases).find(cid(), &[]).await, Ok(SOURCE.into()));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn silent_gateways_do_not_keep_the_next_one_waiting_for_long() {
    let mut bases = Vec::new();
    for _ in 0..6 {
        bases.push(format!("http://{}", gateway(|_| None).await.0));
    }
    bases.push(format!("http://{}", gateway(|_| found(SOURCE)).await.0));
    let (folder, begun) = (TestFolder::new(), Instant::now());
    assert_eq!(finder(&folder, &bases).find(cid(), &[]).await, Ok(SOURCE.into()));
    assert!(begun.elapsed() < std::time::Duration::from_secs(6), "{:?}", begun.elapsed());
}
