//! What waits to be written to one socket. A reader that is too slow for it loses the socket, and not the chain its memory.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::conversation::Turn;

/// Something to write.
pub(super) enum Item {
    /// An answer or a notification. An answer counts as a call in progress until it is written.
    Text(String, Option<Turn>),
    Ping,
    /// The last that is written.
    Close(CloseFrame),
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Item::Text(text, _) => text.len(),
            Item::Ping | Item::Close(_) => 0,
        }
    }
}

#[derive(Default)]
struct State {
    queue: VecDeque<Item>,
    bytes: usize,
    /// Nothing more is taken in.
    closed: bool,
}

/// A queue with bounds.
pub(super) struct Outbox {
    state: Mutex<State>,
    items_max: usize,
    bytes_max: usize,
    more: Notify,
    overflow: Notify,
}

impl Outbox {
    pub(super) fn new(items_max: usize, bytes_max: usize) -> Self {
        Self { state: Mutex::default(), items_max, bytes_max, more: Notify::new(), overflow: Notify::new() }
    }

    /// Takes something in. If there is no room, all is dropped: with a gap, the rest is worth nothing to the reader.
    pub(super) fn push(&self, item: Item) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        let bytes = state.bytes + item.bytes();
        // A single long answer is no queue.
        if !state.queue.is_empty() && (state.queue.len() >= self.items_max || bytes > self.bytes_max) {
            *state = State { closed: true, ..State::default() };
            self.overflow.notify_one();
            return false;
        }
        state.bytes = bytes;
        state.queue.push_back(item);
        self.more.notify_one();
        true
    }

    /// Drops what waits, and says good-bye.
    pub(super) fn close(&self, frame: CloseFrame) {
        let queue = VecDeque::from([Item::Close(frame)]);
        *self.lock() = State { queue, bytes: 0, closed: true };
        self.more.notify_one();
    }

    /// Waits for the next to write.
    pub(super) async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.pop() {
                return item;
            }
            self.more.notified().await;
        }
    }

    /// Waits until there was no room.
    pub(super) async fn overflowed(&self) {
        self.overflow.notified().await;
    }

    fn pop(&self) -> Option<Item> {
        let mut state = self.lock();
        let item = state.queue.pop_front()?;
        state.bytes -= item.bytes();
        Some(item)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
