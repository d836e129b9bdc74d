//! Frames on a stream: a length of four bytes, big-endian, then that many bytes.

use quorate_wire::limits::PEER_FRAME_BYTES_MAX;

/// Why a stream is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// The length is 0 or above the limit: no honest node sends that.
    #[error("a frame of {0} bytes")]
    Length(u32),
    /// The stream or the connection ended.
    #[error("the stream ended")]
    Ended,
}

/// Writes a frame.
pub(super) async fn write(stream: &mut quinn::SendStream, frame: bytes::Bytes) -> Result<(), FrameError> {
    let length = u32::try_from(frame.len()).map_err(|_| FrameError::Length(u32::MAX))?;
    let mut parts = [bytes::Bytes::copy_from_slice(&length.to_be_bytes()), frame];
    stream.write_all_chunks(&mut parts).await.map_err(|_| FrameError::Ended)
}

/// Reads the length of the next frame, so that its space can be bounded before it is taken.
pub(super) async fn read_length(stream: &mut quinn::RecvStream) -> Result<usize, FrameError> {
    let mut bytes = [0u8; 4];
    stream.read_exact(&mut bytes).await.map_err(|_| FrameError::Ended)?;
    checked_length(u32::from_be_bytes(bytes))
}

fn checked_length(length: u32) -> Result<usize, FrameError> {
    usize::try_from(length)
        .ok()
        .filter(|length| (1..=PEER_FRAME_BYTES_MAX).contains(length))
        .ok_or(FrameError::Length(length))
}

/// Reads the frame itself.
pub(super) async fn read_body(stream: &mut quinn::RecvStream, length: usize) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0u8; length];
    stream.read_exact(&mut frame).await.map_err(|_| FrameError::Ended)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_lengths_that_no_frame_has() {
        let most = u32::try_from(PEER_FRAME_BYTES_MAX).unwrap();
        assert_eq!(checked_length(0), Err(FrameError::Length(0)));
        assert_eq!(checked_length(1), Ok(1));
        assert_eq!(checked_length(most), Ok(PEER_FRAME_BYTES_MAX));
        assert_eq!(checked_length(most + 1), Err(FrameError::Length(most + 1)));
        assert_eq!(checked_length(u32::MAX), Err(FrameError::Length(u32::MAX)));
    }
}
