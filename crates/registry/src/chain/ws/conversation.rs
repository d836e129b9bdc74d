//! What is said on one socket: calls and their answers, notifications, and signs of life.

use std::{net::IpAddr, sync::Arc, time::Duration};

use futures_util::{
    FutureExt as _, SinkExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{SplitSink, SplitStream},
};
use quorate_door::{Place, Places};
use quorate_wire::Payer;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, interval_at, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Bytes, Error, Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::outbox::{Item, Outbox};
use crate::chain::rpc::{Rpc, Subscriptions};

/// Bytes of one message and of one frame: as many as a request body has over HTTP.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes that are read and written at a time.
const BUFFER_BYTES: usize = 16 << 10;
/// Calls of one socket in progress: asked, and their answers not yet written. A long one counts for more.
const CALLS_MAX: usize = 16;
const BYTES_OF_A_CALL: usize = 128 << 10;
/// How long a good-bye may take.
const CLOSE_MAX: Duration = Duration::from_secs(3);

/// How long a socket may be silent or slow.
pub(super) struct Limits {
    /// It is asked for a sign of life so often…
    ping: Duration,
    /// …and cut when nothing came for so long…
    silence: Duration,
    /// …or when one message could not be written for so long.
    write: Duration,
    /// Messages, and bytes of them, that wait to be written.
    items_max: usize,
    bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            write: Duration::from_secs(30),
            items_max: 8_192,
            bytes_max: 4 << 20,
        }
    }
}

/// Whose calls they are, and with what they are answered.
pub(super) struct Caller {
    pub(super) rpc: Arc<Rpc>,
    /// Of requests, whichever way they come.
    pub(super) places: Arc<Places>,
    pub(super) source: IpAddr,
    pub(super) payers: Vec<Payer>,
}

/// A call's part of its socket, and its place among all requests, until its answer is written.
pub(super) struct Turn {
    _slots: OwnedSemaphorePermit,
    _place: Place,
}

impl Caller {
    /// Waits until the socket and its address have room for a call.
    fn turn(&self, slots: &Arc<Semaphore>, body: &Bytes) -> BoxFuture<'static, Option<Turn>> {
        let (places, payers) = (Arc::clone(&self.places), self.payers.clone());
        let slots = Arc::clone(slots).acquire_many_owned(units(body));
        async move { Some(Turn { _slots: slots.await.ok()?, _place: places.take(&payers).await? }) }.boxed()
    }
}

/// Where messages are written.
type Sink<S> = SplitSink<WebSocketStream<S>, Message>;

/// Why the chain ends a conversation.
type Farewell = (CloseCode, &'static str);

/// Talks until either side has enough.
pub(super) async fn run<S>(io: S, caller: Caller, stop: watch::Receiver<()>, limits: Limits)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    let (sink, mut stream) = socket.split();
    let outbox = Arc::new(Outbox::new(limits.items_max, limits.bytes_max));
    let mut writer = tokio::spawn(write(sink, Arc::clone(&outbox), limits.write));
    let farewell = converse(&mut stream, &mut writer, &outbox, &caller, stop, &limits).await;
    // A chain that stops waits for those who hold it.
    drop(caller);
    if let Some((code, reason)) = farewell {
        outbox.close(CloseFrame { code, reason: reason.into() });
        let bye = async {
            let sink = (&mut writer).await.ok()?;
            let mut io = stream.reunite(sink).ok()?.into_inner();
            io.shutdown().await.ok()?;
            // What it still says is not heard, but unread it would take the good-bye away with it.
            let mut rest = [0; 4_096];
            while io.read(&mut rest).await.ok()? > 0 {}
            Some(())
        };
        let _ = timeout(CLOSE_MAX, bye).await;
    }
    writer.abort();
}

/// Writes what waits, until the last or until it cannot.
async fn write<S>(mut sink: Sink<S>, outbox: Arc<Outbox>, most: Duration) -> Sink<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        // The turn of an answer is held until it is written.
        let (message, _turn) = match outbox.next().await {
            Item::Text(text, turn) => (Message::text(text), turn),
            Item::Ping => (Message::Ping(Bytes::new()), None),
            Item::Close(frame) => (Message::Close(Some(frame)), None),
        };
        let last = message.is_close();
        let written = timeout(most, sink.send(message)).await;
        if last || !matches!(written, Ok(Ok(()))) {
            return sink;
        }
    }
}

/// `None` is an end without a good-bye: the other side is gone.
async fn converse<S>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    writer: &mut JoinHandle<Sink<S>>,
    outbox: &Arc<Outbox>,
    caller: &Caller,
    mut stop: watch::Receiver<()>,
    limits: &Limits,
) -> Option<Farewell>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (rpc, source) = (&caller.rpc, caller.source);
    let slots = Arc::new(Semaphore::new(CALLS_MAX));
    let mut calls = JoinSet::new();
    let mut heads = rpc.heads();
    let mut subscriptions = Subscriptions::default();
    let mut ping = interval_at(Instant::now() + limits.ping, limits.ping);
    let mut heard = Instant::now();
    // A call that waits for its turn. Until then nothing further is read.
    let mut waiting: Option<(Bytes, BoxFuture<'static, Option<Turn>>)> = None;
    loop {
        let behind = rpc.is_ahead_of(&subscriptions);
        tokio::select! {
            _ = stop.changed() => return Some((CloseCode::Away, "the chain is stopping")),
            () = outbox.overflowed() => return Some((CloseCode::Again, "too slow: come back, and read faster")),
            _ = &mut *writer => return None,
            _ = ping.tick() => {
                if heard.elapsed() > limits.silence {
                    return Some((CloseCode::Policy, "nothing was heard for too long"));
                }
                outbox.push(Item::Ping);
            }
            _ = calls.join_next(), if !calls.is_empty() => {}
            changed = heads.changed(), if !behind && !subscriptions.is_empty() => {
                if changed.is_err() {
                    return Some((CloseCode::Away, "the chain is stopping"));
                }
            }
            () = tokio::task::yield_now(), if behind => {
                // Where there is no room, the outbox says so by itself.
                if rpc.tell(&mut subscriptions, |text| outbox.push(Item::Text(text, None))).is_err() {
                    return Some((CloseCode::Error, "the chain cannot be read"));
                }
            }
            // It keeps its place in the line whatever else happens.
            Some(turn) = its_turn(&mut waiting), if waiting.is_some() => {
                let Some((body, _)) = waiting.take() else { continue };
                heard = Instant::now();
                let (rpc, outbox) = (Arc::clone(rpc), Arc::clone(outbox));
                calls.spawn(async move {
                    if let Some(answer) = rpc.answer(&body, source).await {
                        outbox.push(Item::Text(answer, Some(turn)));
                    }
                });
            }
            frame = stream.next(), if waiting.is_none() => {
                heard = Instant::now();
                let body = match frame? {
                    Ok(Message::Text(text)) => Bytes::from(text),
                    Ok(Message::Binary(bytes)) => bytes,
                    Ok(Message::Close(_)) => return None,
                    Ok(_) => continue,
                    Err(Error::Capacity(_)) => return Some((CloseCode::Size, "a message has at most 1 MiB")),
                    Err(_) => return None,
                };
                // The answer comes before what the subscription tells: both are pushed by this loop.
                match rpc.subscribe(&body, &mut subscriptions) {
                    Some(answer) => drop(outbox.push(Item::Text(answer, None))),
                    None => {
                        let turn = caller.turn(&slots, &body);
                        waiting = Some((body, turn));
                    }
                }
            }
        }
    }
}

/// The turn of the call that waits for it; none without one.
async fn its_turn(waiting: &mut Option<(Bytes, BoxFuture<'static, Option<Turn>>)>) -> Option<Turn> {
    waiting.as_mut()?.1.as_mut().await
}

/// How much of what is in progress a call takes.
fn units(body: &Bytes) -> u32 {
    u32::try_from(1 + body.len() / BYTES_OF_A_CALL).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
