//! One established connection: a stream out, a stream in.

use std::sync::Arc;

use quorate_wire::NodeIndex;

use super::{
    frame::{self, FrameError},
    links::{Attached, Links, Waiting},
};

/// The node is stopping.
pub(super) const CLOSE_STOPPED: u32 = 1;
/// Another connection of the pair stands in its place.
pub(super) const CLOSE_REPLACED: u32 = 2;
/// The peer reads too slowly.
pub(super) const CLOSE_SLOW: u32 = 3;
/// The peer sent what is no frame.
pub(super) const CLOSE_MALFORMED: u32 = 4;
/// The peer is no member, or opened a second stream.
pub(super) const CLOSE_REFUSED: u32 = 5;
/// What the peer said was to begin anew, or broke the protocol too often.
pub(super) const CLOSE_FAULTS: u32 = 6;

/// Carries frames both ways until the connection ends.
pub(super) async fn carry(connection: quinn::Connection, attached: Attached, links: Arc<Links>) {
    // The place is given back however this ends.
    let Attached { place, frames, submissions } = attached;
    let peer = links.named(place.peer());
    tracing::debug!(peer, "connected");
    let outcome = tokio::select! {
        outcome = send(&connection, frames, submissions) => outcome,
        outcome = receive(&connection, place.identity(), &links) => outcome,
        _ = connection.closed() => Err(FrameError::Ended),
    };
    if let Err(FrameError::Length(_)) = outcome {
        connection.close(CLOSE_MALFORMED.into(), b"malformed");
        tracing::warn!(peer, "a peer sent what is no frame");
    } else {
        // Closing what is closed already changes nothing.
        connection.close(CLOSE_STOPPED.into(), b"ended");
    }
    drop(place);
    tracing::debug!(peer, "disconnected");
}

async fn send(
    connection: &quinn::Connection,
    mut frames: Waiting,
    mut submissions: Waiting,
) -> Result<(), FrameError> {
    let mut stream = connection.open_uni().await.map_err(|_| FrameError::Ended)?;
    loop {
        // Both are safe to be given up while they wait.
        let (next, queue) = tokio::select! {
            biased;
            next = frames.next() => (next, &frames),
            next = submissions.next() => (next, &submissions),
        };
        let Some(frame) = next else { return Ok(()) };
        let length = frame.len();
        frame::write(&mut stream, frame).await?;
        queue.written(length);
    }
}

async fn receive(
    connection: &quinn::Connection,
    (peer, generation): (NodeIndex, u64),
    links: &Links,
) -> Result<(), FrameError> {
    let mut stream = connection.accept_uni().await.map_err(|_| FrameError::Ended)?;
    loop {
        let length = frame::read_length(&mut stream).await?;
        // Room is taken before the bytes are: a peer that floods waits in its own flow control.
        let permit = links.room(peer, length).await.ok_or(FrameError::Ended)?;
        let body = frame::read_body(&mut stream, length).await?;
        if !links.deliver((peer, generation), body, permit) {
            return Err(FrameError::Ended);
        }
    }
}
