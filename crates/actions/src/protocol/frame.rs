//! Frames: a length of four bytes (little endian), a version byte, a borsh value and nothing behind it.

use std::io::{self, Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use quorate_wire::limits::{
    FETCH_ANSWER_BODY_BYTES_MAX, FETCH_ANSWER_HEADERS_BYTES_MAX, FETCH_BODY_BYTES_MAX,
    PARAMS_FRAME_BYTES_MAX, VALUE_FRAME_BYTES_MAX,
};

use crate::limits::{AUTH_BYTES_MAX, CODE_FRAME_BYTES_MAX};

/// The version of this format. Node and worker are one build, so there is only ever one.
const VERSION: u8 = 1;
/// Room for everything in a message but its one large member.
const ROOM: usize = 512 * 1024;
/// Largest frame from a node to a worker: an assignment.
pub const TO_WORKER_BYTES_MAX: usize = CODE_FRAME_BYTES_MAX + ROOM;
/// Largest frame from a worker to a node: a request with a body, or an end with response and logs.
pub const FROM_WORKER_BYTES_MAX: usize = FETCH_BODY_BYTES_MAX + ROOM;

const _: () = {
    assert!(PARAMS_FRAME_BYTES_MAX + AUTH_BYTES_MAX < TO_WORKER_BYTES_MAX);
    assert!(FETCH_ANSWER_BODY_BYTES_MAX + FETCH_ANSWER_HEADERS_BYTES_MAX < TO_WORKER_BYTES_MAX);
    assert!(VALUE_FRAME_BYTES_MAX < TO_WORKER_BYTES_MAX);
};

/// Encodes one message as a frame.
///
/// # Errors
/// If the message is longer than `bytes_max`.
pub fn encode<M: BorshSerialize>(message: &M, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0, 0, 0, 0, VERSION];
    message.serialize(&mut frame)?;
    let len = frame.len() - 4;
    if len > bytes_max {
        return Err(invalid("message too long"));
    }
    let len = u32::try_from(len).map_err(|_| invalid("message too long"))?;
    frame[..4].copy_from_slice(&len.to_le_bytes());
    Ok(frame)
}

/// Decodes the body of a frame.
fn decode<M: BorshDeserialize>(body: &[u8]) -> io::Result<M> {
    match body {
        [VERSION, message @ ..] => M::try_from_slice(message),
        _ => Err(invalid("unknown version")),
    }
}

fn checked_len(prefix: [u8; 4], bytes_max: usize) -> io::Result<usize> {
    match usize::try_from(u32::from_le_bytes(prefix)) {
        Ok(len) if len <= bytes_max => Ok(len),
        _ => Err(invalid("frame too long")),
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads one message, waiting for it.
///
/// # Errors
/// If the stream ends or the frame is too long, of another version or not one whole value.
pub fn read<M: BorshDeserialize>(stream: &mut impl Read, bytes_max: usize) -> io::Result<M> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix)?;
    let mut body = vec![0; checked_len(prefix, bytes_max)?];
    stream.read_exact(&mut body)?;
    decode(&body)
}

/// Writes one message, waiting until it is gone.
///
/// # Errors
/// If the stream is closed or the message too long.
pub fn write<M: BorshSerialize>(stream: &mut impl Write, message: &M, bytes_max: usize) -> io::Result<()> {
    stream.write_all(&encode(message, bytes_max)?)
}

/// As [`read`], without blocking the thread.
///
/// # Errors
/// As [`read`].
pub async fn read_async<M: BorshDeserialize>(
    stream: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> io::Result<M> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).await?;
    let len = checked_len(prefix, bytes_max)?;
    // The buffer grows with what arrives, not with what was announced.
    let mut body = Vec::with_capacity(len.min(64 * 1024));
    let wanted = u64::try_from(len).map_err(|_| invalid("frame too long"))?;
    let mut limited = stream.take(wanted);
    limited.read_to_end(&mut body).await?;
    if body.len() != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    decode(&body)
}

/// Writes an encoded frame, without blocking the thread.
///
/// # Errors
/// If the stream is closed.
pub async fn write_async(stream: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    stream.write_all(frame).await
}
