//! Members over real sockets, honest and not.

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

fn key(node: NodeIndex) -> SigningKey {
    SigningKey::from_bytes(&[node.get(); 32])
}

/// A network of so many members with their keys.
fn founded(members: u8, threshold: u8) -> NetworkFile {
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

fn index(number: u8) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

/// What a member signs of block 7, as JSON.
fn word(file: &NetworkFile, node: u8, change: impl FnOnce(&mut BlockWord)) -> Vec<u8> {
    signed_by(file, node, &key(index(node)), change)
}

fn signed_by(file: &NetworkFile, node: u8, key: &SigningKey, change: impl FnOnce(&mut BlockWord)) -> Vec<u8> {
    let speaker = BlockSpeaker::new(Arc::new(file.clone()), index(node), key.clone());
    let mut body = speaker.word(BLOCK.number, BLOCK.hash).body;
    change(&mut body);
    serde_json::to_vec(&Signed::new(index(node), body, key)).unwrap()
}

/// What node 1 comes to, whose peers answer so: each at its only address.
async fn vouch(file: &NetworkFile, peers: &[Option<Vec<u8>>]) -> Result<(), Unvouched> {
    let mut file = file.clone();
    for (endpoint, body) in file.endpoints.iter_mut().skip(1).zip(peers) {
        endpoint.http = server(200, body.clone()).await;
    }
    vouchers(&file).ask_all(BLOCK).await
}

fn vouchers(file: &NetworkFile) -> Vouchers {
    let egress = Arc::new(Egress::new(Policy::default(), AddressGuard::default(), 1).unwrap());
    Vouchers::new(Arc::new(file.clone()), index(1), endpoints(file), egress)
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

#[tokio::test]
async fn a_member_that_signs_another_hash_stops_it_and_is_named() {
    let file = founded(4, 2);
    let honest = |node| Some(word(&file, node, |_| {}));
    let other = word(&file, 3, |said| said.block.hash = Digest([6; 32]));
    let refused = vouch(&file, &[honest(2), Some(other), honest(4)]).await;
    let said = format!("node 3 signs {}", B256::repeat_byte(6));
    assert_eq!(refused, Err(Unvouched::Contradicted(said)));
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
    assert_eq!(vouchers(&file).ask_all(BLOCK).await, Ok(()));
}
