//! Which channel to which peer stands now, and the order of what the engine is told about it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use quorate_wire::NodeIndex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Frames that wait to be sent to one peer, at most.
const SEND_FRAMES_MAX: usize = 8_192;
/// Bytes that wait to be sent to one peer, at most. A peer that reads slower than this is cut off: it
/// connects again and begins anew, and nobody else waits for it.
const SEND_BYTES_MAX: usize = 32 << 20;
/// Bytes received from one peer that the engine has not read yet, in units of 64 bytes.
const RECEIVE_UNITS_MAX: usize = (16 << 20) / RECEIVE_UNIT_BYTES;
const RECEIVE_UNIT_BYTES: usize = 64;

/// Where news of peers goes. Implementations must not block.
pub(crate) trait PeerEvents: Send + Sync {
    /// A channel stands; an earlier one of this peer counts as ended.
    fn connected(&self, peer: NodeIndex);
    /// The channel has ended.
    fn disconnected(&self, peer: NodeIndex);
    /// A frame came. The permit bounds what is unread of this peer: it is dropped once the frame is read.
    fn frame(&self, peer: NodeIndex, frame: Vec<u8>, permit: OwnedSemaphorePermit);
}

/// The channels to all peers.
pub(crate) struct Links {
    events: Arc<dyn PeerEvents>,
    current: Mutex<BTreeMap<NodeIndex, Link>>,
    unread: BTreeMap<NodeIndex, Arc<Semaphore>>,
}

/// One standing channel.
struct Link {
    connection: quinn::Connection,
    outgoing: mpsc::Sender<Vec<u8>>,
    queued_bytes: Arc<AtomicUsize>,
    generation: u64,
}

/// What the tasks of one channel hold.
pub(super) struct Attached {
    pub(super) generation: u64,
    pub(super) outgoing: mpsc::Receiver<Vec<u8>>,
    pub(super) queued_bytes: Arc<AtomicUsize>,
}

impl Links {
    pub(crate) fn new(events: Arc<dyn PeerEvents>, peers: impl Iterator<Item = NodeIndex>) -> Arc<Self> {
        let unread = peers.map(|peer| (peer, Arc::new(Semaphore::new(RECEIVE_UNITS_MAX)))).collect();
        Arc::new(Links { events, current: Mutex::new(BTreeMap::new()), unread })
    }

    /// Queues a frame. It is dropped if there is no channel; a queue that is full ends its channel.
    pub(crate) fn send(&self, to: NodeIndex, frame: Vec<u8>) {
        let current = self.lock();
        let Some(link) = current.get(&to) else { return };
        let length = frame.len();
        let queued = link.queued_bytes.fetch_add(length, Ordering::Relaxed);
        if queued + length > SEND_BYTES_MAX || link.outgoing.try_send(frame).is_err() {
            link.connection.close(super::channel::CLOSE_SLOW.into(), b"slow");
        }
    }

    /// Makes a connection the pair's channel, in place of an older one.
    pub(super) fn attach(&self, peer: NodeIndex, connection: &quinn::Connection) -> Attached {
        let (sender, outgoing) = mpsc::channel(SEND_FRAMES_MAX);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let mut current = self.lock();
        let generation = current.get(&peer).map_or(0, |link| link.generation + 1);
        let link = Link {
            connection: connection.clone(),
            outgoing: sender,
            queued_bytes: queued_bytes.clone(),
            generation,
        };
        if let Some(older) = current.insert(peer, link) {
            older.connection.close(super::channel::CLOSE_REPLACED.into(), b"replaced");
        }
        // Under the lock: no frame of the older connection can follow this, none of the new one precede it.
        self.events.connected(peer);
        drop(current);
        Attached { generation, outgoing, queued_bytes }
    }

    /// Ends a channel, unless another one has taken its place.
    pub(super) fn detach(&self, peer: NodeIndex, generation: u64) {
        let mut current = self.lock();
        if current.get(&peer).is_some_and(|link| link.generation == generation) {
            current.remove(&peer);
            self.events.disconnected(peer);
        }
    }

    /// Waits until the engine has read enough of this peer to take a frame of this length.
    pub(super) async fn room(&self, peer: NodeIndex, length: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(length.div_ceil(RECEIVE_UNIT_BYTES)).ok()?;
        self.unread.get(&peer)?.clone().acquire_many_owned(units).await.ok()
    }

    /// Hands a frame on; `false` if its channel is no longer the peer's.
    pub(super) fn deliver(
        &self,
        (peer, generation): (NodeIndex, u64),
        frame: Vec<u8>,
        permit: OwnedSemaphorePermit,
    ) -> bool {
        let current = self.lock();
        let stands = current.get(&peer).is_some_and(|link| link.generation == generation);
        if stands {
            self.events.frame(peer, frame, permit);
        }
        stands
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeIndex, Link>> {
        // The map is whole at every moment: a panic elsewhere does not make it unusable.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
