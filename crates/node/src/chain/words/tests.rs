//! Members over real sockets, honest and not.

use std::path::Path;

use ed25519_dalek::SigningKey;
use quorate_wire::{NetworkId, StatementKey};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    egress::{AddressGuard, Policy},
    testing::{endpoints, network},
};

const BLOCK: BlockId = BlockId { number: 7, hash: B256::repeat_byte(5) };

/// A server that answers as one member does, or never.
async fn server(status: u16, body: Option<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(body) = &body else {
                silent.push(stream);
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            assert!(head.starts_with(b"GET /v1/blocks/7 "), "{}", String::from_utf8_lossy(&head));
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
        }
    });
    format!("http://{address}")
}

pub(in crate::chain) fn key(node: NodeIndex) -> SigningKey {
    SigningKey::from_bytes(&[node.get(); 32])
}

/// A network of so many members with their keys.
pub(in crate::chain) fn founded(members: u8, threshold: u8) -> NetworkFile {
    let mut file = network();
    file.threshold = threshold;
    let (node, endpoint) = (file.nodes[0], file.endpoints[0].clone());
    file.nodes = vec![node; usize::from(members)];
    file.endpoints = vec![endpoint; usize::from(members)];
    let indices: Vec<_> = file.indices().collect();
    for (node, index) in file.nodes.iter_mut().zip(indices) {
        node.statement_key = StatementKey(key(index).verifying_key().to_bytes());
    }
    file
}

pub(in crate::chain) fn index(number: u8) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

/// What a member signs of block 7, as JSON.
fn word(file: &NetworkFile, node: u8, change: impl FnOnce(&mut BlockWord)) -> Vec<u8> {
    signed_by(file, node, &key(index(node)), change)
}

fn signed_by(file: &NetworkFile, node: u8, key: &SigningKey, change: impl FnOnce(&mut BlockWord)) -> Vec<u8> {
    serde_json::to_vec(&said(file, node, key, change)).unwrap()
}

pub(in crate::chain) fn said(
    file: &NetworkFile,
    node: u8,
    key: &SigningKey,
    change: impl FnOnce(&mut BlockWord),
) -> Signed<BlockWord> {
    let speaker = BlockSpeaker::new(Arc::new(file.clone()), index(node), key.clone());
    let mut body = speaker.word(BLOCK.number, BLOCK.hash).body;
    change(&mut body);
    Signed::new(index(node), body, key)
}

/// What node 1 comes to, whose peers answer so: each at its only address.
async fn vouch(file: &NetworkFile, peers: &[Option<Vec<u8>>]) -> Result<(), Unvouched> {
    let folder = crate::testing::TestFolder::new();
    vouch_in(folder.path(), file, peers).await
}

/// The same, with what it keeps in a folder.
async fn vouch_in(folder: &Path, file: &NetworkFile, peers: &[Option<Vec<u8>>]) -> Result<(), Unvouched> {
    let mut file = file.clone();
    for (endpoint, body) in file.endpoints.iter_mut().skip(1).zip(peers) {
        endpoint.http = server(200, body.clone()).await;
    }
    vouchers(&file, folder).ask_all(BLOCK).await
}

fn vouchers(file: &NetworkFile, folder: &Path) -> Vouchers {
    let egress = Arc::new(Egress::new(Policy::default(), AddressGuard::default(), 1).unwrap());
    let network = Arc::new(file.clone());
    let contradictions = Arc::new(Contradictions::open(network.clone(), folder));
    Vouchers::new(network, index(1), (endpoints(file), egress), contradictions)
}

fn too_few(result: Result<(), Unvouched>) -> String {
    match result {
        Err(Unvouched::TooFew(missing)) => missing,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn as_many_others_as_the_threshold_have_to_say_the_same() {
    let file = founded(4, 2);
    let honest = |node| Some(word(&file, node, |_| {}));
    assert_eq!(vouch(&file, &[honest(2), honest(3), honest(4)]).await, Ok(()));
    // One is silent: it holds up nobody for long.
    let begun = Instant::now();
    assert_eq!(vouch(&file, &[honest(2), None, honest(4)]).await, Ok(()));
    assert!(begun.elapsed() < ASK_ALL, "{:?}", begun.elapsed());
    let missing = too_few(vouch(&file, &[honest(2), None, Some(b"{}".to_vec())]).await);
    assert_eq!(missing, "1 of 2 do, and no word came from node 3, node 4");
    // Its own word is not one of them.
    let alone = founded(2, 2);
    let never = vouch(&alone, &[honest(2)]).await;
    let said = "2 members besides this node have to, and there are 1".to_owned();
    assert_eq!(never, Err(Unvouched::Never(said)));
}

#[tokio::test]
async fn what_is_no_word_of_this_member_counts_as_silence() {
    let file = founded(3, 2);
    let honest = || Some(word(&file, 2, |_| {}));
    let others_key = key(index(2));
    let wrong = [
        // Node 2 for node 3, with its own number and with that of the other.
        word(&file, 2, |_| {}),
        signed_by(&file, 3, &others_key, |_| {}),
        // An honest word of another network, chain or block.
        word(&file, 3, |said| said.network = NetworkId([9; 32])),
        word(&file, 3, |said| said.genesis = Digest([9; 32])),
        word(&file, 3, |said| said.block.number = 8),
        // Longer than any word.
        [word(&file, 3, |_| {}), vec![b' '; BlockWord::BYTES_MAX]].concat(),
        b"null".to_vec(),
    ];
    for body in wrong {
        let said = String::from_utf8_lossy(&body).into_owned();
        let missing = too_few(vouch(&file, &[honest(), Some(body)]).await);
        assert_eq!(missing, "1 of 2 do, and no word came from node 3", "{said}");
    }
    // What anybody on the way changes is no contradiction of the member.
    let mut other_hash: Signed<BlockWord> = serde_json::from_slice(&word(&file, 3, |_| {})).unwrap();
    other_hash.body.block.hash = Digest([6; 32]);
    let forged = serde_json::to_vec(&other_hash).unwrap();
    too_few(vouch(&file, &[honest(), Some(forged)]).await);
}

/// The files with proofs in a folder, by name.
fn proofs(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn fewer_liars_than_the_threshold_stop_nothing_and_make_nothing_true() {
    let folder = crate::testing::TestFolder::new();
    let file = founded(5, 3);
    let honest = |node| Some(word(&file, node, |_| {}));
    let lying = |node, fill| Some(word(&file, node, |said| said.block.hash = Digest([fill; 32])));
    // One liar among five, whatever it says and however fast.
    let taken = vouch_in(folder.path(), &file, &[lying(2, 6), honest(3), honest(4), honest(5)]).await;
    assert_eq!(taken, Ok(()));
    assert_eq!(proofs(folder.path()), ["block-word-of-node-2.json"]);
    // Two of them and a silent member keep it from the snapshot, not from asking again.
    let missing = too_few(vouch(&file, &[lying(2, 6), lying(3, 7), honest(4), None]).await);
    let [six, seven] = [6, 7].map(|fill| Digest([fill; 32]));
    let said = format!("1 of 3 do, and no word came from node 5; node 2 signs {six}, node 3 signs {seven}");
    assert_eq!(sorted(&missing), sorted(&said), "{missing}");
    // Two that vouch for a block of their own are too few for it; three others that know better end it.
    let missing = too_few(vouch(&file, &[honest(2), honest(3), lying(4, 6), None]).await);
    assert!(missing.starts_with("2 of 3 do"), "{missing}");
    let all = founded(6, 3);
    let [honest, otherwise] = [0, 6].map(|fill| {
        let all = &all;
        move |node| {
            Some(word(all, node, |said| {
                if fill > 0 {
                    said.block.hash = Digest([fill; 32]);
                }
            }))
        }
    });
    let refused = vouch(&all, &[honest(2), honest(3), otherwise(4), otherwise(5), otherwise(6)]).await;
    let Err(Unvouched::Contradicted(said)) = refused else { panic!("{refused:?}") };
    let names = (4..=6).map(|node| format!("node {node} signs {six}")).collect::<Vec<_>>().join(", ");
    assert_eq!(sorted(&said), sorted(&names));
}

/// The words of a sentence, in no order: members answer in any.
fn sorted(text: &str) -> Vec<&str> {
    let mut words: Vec<_> = text.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

/// A server that answers only while all of them are asked.
async fn together(body: Vec<u8>, all: Arc<tokio::sync::Barrier>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            all.wait().await;
            let head = format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_member_is_asked_at_all_its_addresses_at_once_and_its_first_word_counts() {
    let mut file = founded(3, 2);
    let private = |http: String| Some(quorate_wire::PrivateEndpoint { http, quic: "127.0.0.1:1".into() });
    file.endpoints[0].private = private("http://127.0.0.1:1".to_owned());
    for node in [2, 3] {
        // Endpoints are no part of a network's id.
        let body = word(&founded(3, 2), node, |_| {});
        let all = Arc::new(tokio::sync::Barrier::new(2));
        let place = &mut file.endpoints[usize::from(node) - 1];
        place.http = together(b"{}".to_vec(), all.clone()).await;
        place.private = private(together(body, all).await);
    }
    let folder = crate::testing::TestFolder::new();
    assert_eq!(vouchers(&file, folder.path()).ask_all(BLOCK).await, Ok(()));
    assert!(proofs(folder.path()).is_empty());
}

#[tokio::test]
async fn a_member_is_asked_at_its_next_address_where_the_first_has_nothing() {
    let mut file = founded(3, 2);
    let private = |http: String| Some(quorate_wire::PrivateEndpoint { http, quic: "127.0.0.1:1".into() });
    file.endpoints[0].private = private("http://127.0.0.1:1".to_owned());
    for (node, status) in [(2, 503), (3, 404)] {
        let place = &mut file.endpoints[usize::from(node) - 1];
        place.http = server(status, Some(b"{}".to_vec())).await;
        // Endpoints are no part of a network's id.
        let body = word(&founded(3, 2), node, |_| {});
        place.private = private(server(200, Some(body)).await);
    }
    let folder = crate::testing::TestFolder::new();
    assert_eq!(vouchers(&file, folder.path()).ask_all(BLOCK).await, Ok(()));
}
