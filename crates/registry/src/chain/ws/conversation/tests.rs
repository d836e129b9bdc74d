//! A client and the chain on two ends of a pipe.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tokio::io::DuplexStream;

use super::*;
use crate::chain::{Genesis, sequencer::Sequencer};

/// A chain whose writer makes no blocks, a client's end, and what stops the chain.
struct Talk {
    client: WebSocketStream<DuplexStream>,
    stop: watch::Sender<()>,
    ended: JoinHandle<()>,
    _writer: Box<dyn std::any::Any + Send>,
}

const OURS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Few enough for a test, and a pipe that holds as much.
fn short() -> Limits {
    Limits {
        ping: Duration::from_millis(20),
        silence: Duration::from_millis(200),
        write: Duration::from_secs(5),
        items_max: 64,
        bytes_max: 64 << 10,
    }
}

async fn talk(limits: Limits) -> Talk {
    talk_among(limits, Places::new(1_024)).await
}

/// The same, with so many places of requests.
async fn talk_among(limits: Limits, places: Arc<Places>) -> Talk {
    let key = SigningKey::from_bytes(&[7; 32]);
    let genesis =
        Genesis::new(7470, B256::from(key.verifying_key().to_bytes()), BTreeMap::new(), Address::ZERO);
    let (sequencer, writer, _) = Sequencer::open(genesis, key, None).unwrap();
    let (ours, theirs) = tokio::io::duplex(16 << 10);
    let stop = watch::Sender::new(());
    let rpc = Arc::new(Rpc::new(sequencer, None).unwrap());
    let caller = Caller { rpc, places, source: OURS, payers: Payer::of_source(OURS) };
    let ended = tokio::spawn(run(ours, caller, stop.subscribe(), limits));
    let client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    Talk { client, stop, ended, _writer: Box::new(writer) }
}

impl Talk {
    async fn say(&mut self, message: impl Into<Message>) {
        self.client.send(message.into()).await.unwrap();
    }

    /// What comes next, but for signs of life.
    async fn hear(&mut self) -> Message {
        loop {
            match timeout(Duration::from_secs(10), self.client.next()).await.unwrap().unwrap().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    async fn answer(&mut self) -> Value {
        serde_json::from_str(self.hear().await.to_text().unwrap()).unwrap()
    }

    async fn farewell(&mut self) -> CloseCode {
        loop {
            if let Message::Close(frame) = self.hear().await {
                return frame.unwrap().code;
            }
        }
    }
}

fn call(id: usize, method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

#[tokio::test]
async fn calls_are_answered_as_over_http_and_subscriptions_begin_and_end() {
    let mut talk = talk(Limits::default()).await;
    talk.say(call(1, "eth_chainId", json!([]))).await;
    assert_eq!(talk.answer().await, json!({ "jsonrpc": "2.0", "id": 1, "result": "0x1d2e" }));
    // Bytes are a call as well; a batch is one; what is no JSON is told so.
    talk.say(Message::binary(format!("[{}]", call(2, "net_version", json!([]))).into_bytes())).await;
    assert_eq!(talk.answer().await[0]["result"], "7470");
    talk.say("{").await;
    assert_eq!(talk.answer().await["error"]["code"], -32700);
    talk.say(call(3, "eth_subscribe", json!(["newHeads"]))).await;
    let id = talk.answer().await["result"].clone();
    assert!(id.as_str().is_some_and(|id| id.len() == 34), "{id}");
    for (id, ended) in [(&id, true), (&id, false)] {
        talk.say(call(4, "eth_unsubscribe", json!([id]))).await;
        assert_eq!(talk.answer().await["result"], ended);
    }
    // In a batch there is none, and a name of a method in other places begins none.
    talk.say(format!("[{}]", call(5, "eth_subscribe", json!(["newHeads"])))).await;
    assert_eq!(talk.answer().await[0]["error"]["code"], -32601);
    talk.say(call(6, "web3_sha3", json!(["eth_subscribe"]))).await;
    assert_eq!(talk.answer().await["error"]["code"], -32602);
    talk.stop.send(()).unwrap();
    assert_eq!(talk.farewell().await, CloseCode::Away);
    drop(talk.client);
    timeout(Duration::from_secs(10), talk.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_have_the_places_of_requests_and_no_more_than_their_address_is_due() {
    let places = Places::new(8);
    let mut talk = talk_among(Limits::default(), Arc::clone(&places)).await;
    for id in 0..8 {
        talk.say(call(id, "quorate_waitHead", json!([9, 500]))).await;
    }
    let own = Payer::of_source(OURS);
    timeout(Duration::from_secs(10), async {
        while places.try_take(&own, 1).is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("four of them have the share of an address");
    for answered in 0..8 {
        assert!(places.try_take(&[], 4).is_some(), "half is left to others after {answered} answers");
        assert!(talk.answer().await.get("id").is_some());
    }
    // While others use the places of the address, its calls wait, and no later one passes.
    let held: Vec<_> = (0..4).map_while(|_| places.try_take(&own, 1)).collect();
    assert_eq!(held.len(), 4, "all were given back");
    talk.say(call(20, "eth_chainId", json!([]))).await;
    talk.say(call(21, "eth_chainId", json!([]))).await;
    timeout(Duration::from_millis(300), talk.hear()).await.expect_err("it waits for a place");
    drop(held);
    let mut ids = [talk.answer().await["id"].clone(), talk.answer().await["id"].clone()];
    ids.sort_by_key(Value::as_u64);
    assert_eq!(ids, [json!(20), json!(21)]);
}

#[tokio::test]
async fn calls_beyond_those_in_progress_wait_and_none_is_lost() {
    let talk = talk(Limits::default()).await;
    let wait = |id| call(id, "quorate_waitHead", json!([9, 100]));
    let begun = Instant::now();
    let (mut send, mut receive) = talk.client.split();
    let sending = tokio::spawn(async move {
        for id in 0..3 * CALLS_MAX {
            send.send(Message::text(wait(id))).await.unwrap();
        }
        send
    });
    let mut answered: Vec<u64> = Vec::new();
    while answered.len() < 3 * CALLS_MAX {
        let message = timeout(Duration::from_secs(10), receive.next()).await.unwrap().unwrap().unwrap();
        let answer: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        answered.push(answer["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (0..3 * CALLS_MAX as u64).collect::<Vec<_>>());
    // So many at a time take three turns.
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    drop((sending.await.unwrap(), receive));
    talk.ended.await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_conversation() {
    for parts in [1, 4] {
        let talk = talk(Limits::default()).await;
        let (mut send, receive) = talk.client.split();
        // As one frame, or in pieces that are only together too long.
        let sending = tokio::spawn(async move {
            use tokio_tungstenite::tungstenite::protocol::frame::{
                Frame,
                coding::{Data, OpCode},
            };
            for part in 0..parts {
                let bytes = vec![b' '; (MESSAGE_BYTES_MAX + 4) / parts];
                let kind = if part == 0 { Data::Text } else { Data::Continue };
                let frame = Frame::message(bytes, OpCode::Data(kind), part + 1 == parts);
                // The chain may have hung up in the middle.
                let _ = send.send(Message::Frame(frame)).await;
            }
            send
        });
        let mut receive = receive;
        let heard = timeout(Duration::from_secs(10), receive.next()).await.unwrap().unwrap().unwrap();
        assert!(
            matches!(&heard, Message::Close(Some(frame)) if frame.code == CloseCode::Size),
            "{parts}: {heard:?}"
        );
        drop((sending.await.unwrap(), receive));
        talk.ended.await.unwrap();
        drop(talk.stop);
    }
}

#[tokio::test]
async fn who_is_silent_is_cut_and_who_only_lives_is_not() {
    // Reading answers pings by itself: that is a sign of life.
    let mut alive = talk(short()).await;
    let quiet = timeout(Duration::from_millis(600), alive.hear()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    alive.say(call(1, "eth_chainId", json!([]))).await;
    assert_eq!(alive.answer().await["id"], 1);
    // One that neither reads nor writes is asked in vain.
    let silent = talk(short()).await;
    timeout(Duration::from_secs(10), silent.ended).await.expect("it is cut").unwrap();
}

#[tokio::test]
async fn a_slow_reader_loses_its_socket_and_is_told_to_come_again() {
    let slow = talk(Limits { silence: Duration::from_secs(60), ..short() }).await;
    // Answers that nobody reads: the pipe holds some, the queue some.
    let (mut send, mut receive) = slow.client.split();
    let sending = tokio::spawn(async move {
        for id in 0..2_000 {
            let text = call(id, "eth_subscribe", json!(["x".repeat(64)]));
            if send.send(Message::text(text)).await.is_err() {
                break;
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut farewell = None;
    while let Ok(Some(Ok(message))) = timeout(Duration::from_secs(10), receive.next()).await {
        if let Message::Close(frame) = message {
            farewell = frame.map(|frame| frame.code);
            break;
        }
    }
    assert_eq!(farewell, Some(CloseCode::Again));
    drop(receive);
    sending.abort();
    let _ = sending.await;
    timeout(Duration::from_secs(10), slow.ended).await.expect("its memory is free").unwrap();
}
