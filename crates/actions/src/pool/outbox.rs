//! What waits to be written to one worker, bounded in frames and in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use crate::protocol::frame::TO_WORKER_BYTES_MAX;

/// Frames that may wait for one worker. One that lets so many wait is not reading.
const FRAMES_MAX: usize = 4096;
/// Bytes that may wait for one worker: a few answers of the largest size, which it takes in milliseconds.
pub(super) const BYTES_MAX: usize = 128 * 1024 * 1024;

const _: () = assert!(BYTES_MAX > 4 * TO_WORKER_BYTES_MAX, "some of the largest frames");

/// The pool's end.
#[derive(Debug)]
pub(super) struct Outbox {
    frames: mpsc::Sender<Vec<u8>>,
    bytes: Arc<AtomicUsize>,
}

/// The end of the one who writes.
pub(super) struct Frames {
    frames: mpsc::Receiver<Vec<u8>>,
    bytes: Arc<AtomicUsize>,
}

pub(super) fn outbox() -> (Outbox, Frames) {
    let (sender, receiver) = mpsc::channel(FRAMES_MAX);
    let bytes = Arc::new(AtomicUsize::new(0));
    (Outbox { frames: sender, bytes: Arc::clone(&bytes) }, Frames { frames: receiver, bytes })
}

impl Outbox {
    /// Queues a frame; `false` if there is no room or nobody writes any more.
    pub(super) fn push(&self, frame: Vec<u8>) -> bool {
        let len = frame.len();
        // Counted before it is there, so that it is never taken off before.
        let waiting = self.bytes.fetch_add(len, Ordering::Relaxed);
        let fits = waiting.saturating_add(len) <= BYTES_MAX;
        if fits && self.frames.try_send(frame).is_ok() {
            return true;
        }
        self.bytes.fetch_sub(len, Ordering::Relaxed);
        false
    }
}

impl Frames {
    pub(super) async fn recv(&mut self) -> Option<Vec<u8>> {
        self.frames.recv().await
    }

    /// A frame of this length is gone to the worker. Until then it waits, also outside of the queue.
    pub(super) fn written(&self, len: usize) {
        self.bytes.fetch_sub(len, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_that_wait_are_bounded_until_they_are_written() {
        let (outbox, mut frames) = outbox();
        let half = || vec![0; BYTES_MAX / 2];
        assert!(outbox.push(half()) && outbox.push(half()));
        assert!(!outbox.push(vec![0]));
        let first = frames.recv().await.expect("it was queued");
        assert!(!outbox.push(vec![0]), "it is on its way only");
        frames.written(first.len());
        assert!(outbox.push(half()));
        drop(frames);
        assert!(!outbox.push(vec![]));
    }

    #[test]
    fn frames_that_wait_are_bounded() {
        let (outbox, _frames) = outbox();
        assert!((0..FRAMES_MAX).all(|_| outbox.push(vec![])) && !outbox.push(vec![]));
    }
}
