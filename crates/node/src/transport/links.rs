//! Which channel to which peer stands now, and the order of what the engine is told about it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use quorate_wire::NodeIndex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// Frames that wait to be sent to one peer, at most.
const SEND_FRAMES_MAX: usize = 8_192;
/// Bytes that wait to be sent to one peer, at most. A peer that reads slower than this is cut off: it
/// connects again and begins anew, and nobody else waits for it.
const SEND_BYTES_MAX: usize = 32 << 20;
/// Submissions that wait beside them, and their bytes. Callers decide how many there are and how long: what does
/// not fit is left out, and the channel stands.
const SUBMISSIONS_MAX: usize = 1_024;
const SUBMISSIONS_BYTES_MAX: usize = 64 << 20;
/// Shorter submissions go among the other frames, in order.
const LONG_BYTES: usize = 8 << 10;
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
    /// Peers for people.
    names: BTreeMap<NodeIndex, String>,
    /// Peers that have to stay away, and until when.
    away: Mutex<BTreeMap<NodeIndex, Instant>>,
    changed: watch::Sender<()>,
    generations: AtomicU64,
}

/// One standing channel.
struct Link {
    connection: quinn::Connection,
    frames: Queue,
    submissions: Queue,
    generation: u64,
    dialled_by: Dialled,
}

/// Which side of a pair has dialled a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialled {
    /// The one with the lower index, whose connection stays.
    Lower,
    /// The one with the higher index.
    Higher,
}

/// Frames that wait to be sent.
struct Queue {
    sender: mpsc::Sender<Bytes>,
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

/// The other end of a queue.
pub(super) struct Waiting {
    frames: mpsc::Receiver<Bytes>,
    bytes: Arc<AtomicUsize>,
}

/// What the tasks of one channel hold.
pub(super) struct Attached {
    pub(super) place: Place,
    /// What is said, in order.
    pub(super) frames: Waiting,
    /// Long submissions, for when nothing is to be said.
    pub(super) submissions: Waiting,
}

/// The place of a channel among its peer's, until it is dropped.
pub(super) struct Place {
    links: Arc<Links>,
    peer: NodeIndex,
    generation: u64,
}

impl Place {
    pub(super) fn peer(&self) -> NodeIndex {
        self.peer
    }

    pub(super) fn identity(&self) -> (NodeIndex, u64) {
        (self.peer, self.generation)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.links.detach(self.peer, self.generation);
    }
}

impl Queue {
    fn new(frames_max: usize, bytes_max: usize) -> (Queue, Waiting) {
        let (sender, frames) = mpsc::channel(frames_max);
        let bytes = Arc::new(AtomicUsize::new(0));
        (Queue { sender, bytes: bytes.clone(), bytes_max }, Waiting { frames, bytes })
    }

    /// Says whether the frame fits.
    fn push(&self, frame: Bytes) -> bool {
        let length = frame.len();
        let fits = self.bytes.fetch_add(length, Ordering::Relaxed).saturating_add(length) <= self.bytes_max
            && self.sender.try_send(frame).is_ok();
        if !fits {
            self.bytes.fetch_sub(length, Ordering::Relaxed);
        }
        fits
    }
}

impl Link {
    /// Whether neither side has ended it. Its tasks may not have seen that yet.
    fn stands(&self) -> bool {
        self.connection.close_reason().is_none()
    }
}

impl Waiting {
    /// The next frame; `None` if the queue is closed and empty.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.frames.recv().await
    }

    /// A frame of this length was written.
    pub(super) fn written(&self, length: usize) {
        self.bytes.fetch_sub(length, Ordering::Relaxed);
    }
}

impl Links {
    pub(crate) fn new(events: Arc<dyn PeerEvents>, names: BTreeMap<NodeIndex, String>) -> Arc<Self> {
        let unread = names.keys().map(|&peer| (peer, Arc::new(Semaphore::new(RECEIVE_UNITS_MAX)))).collect();
        Arc::new(Links {
            events,
            current: Mutex::default(),
            unread,
            names,
            away: Mutex::default(),
            changed: watch::Sender::new(()),
            generations: AtomicU64::new(0),
        })
    }

    /// Queues a frame. It is dropped if there is no channel; a queue that is full ends its channel.
    pub(crate) fn send(&self, to: NodeIndex, frame: Vec<u8>) {
        let current = self.lock();
        let Some(link) = current.get(&to) else { return };
        if !link.frames.push(frame.into()) {
            link.connection.close(super::channel::CLOSE_SLOW.into(), b"slow");
        }
    }

    /// Queues a submission: a long one beside what is said, so that neither holds up the other. It is left out if
    /// its queue is full.
    pub(crate) fn pass_on(&self, to: NodeIndex, frame: Arc<[u8]>) {
        if frame.len() < LONG_BYTES {
            return self.send(to, frame.to_vec());
        }
        let current = self.lock();
        let Some(link) = current.get(&to) else { return };
        if !link.submissions.push(Bytes::from_owner(frame)) {
            tracing::debug!(
                peer = self.named(to),
                "a submission is not passed on: the peer has not read the ones before"
            );
        }
    }

    /// Ends the channel to a peer; none is accepted or dialled for so long.
    pub(crate) fn send_away(&self, peer: NodeIndex, time: Duration) {
        if !time.is_zero() {
            self.away.lock().unwrap_or_else(PoisonError::into_inner).insert(peer, Instant::now() + time);
        }
        if let Some(link) = self.lock().get(&peer) {
            link.connection.close(super::channel::CLOSE_FAULTS.into(), b"faults");
        }
    }

    /// For how long a peer still has to stay away.
    pub(super) fn away(&self, peer: NodeIndex) -> Option<Duration> {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.get(&peer)?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// A peer for people.
    pub(super) fn named(&self, peer: NodeIndex) -> &str {
        self.names.get(&peer).map_or("", String::as_str)
    }

    /// Whether a channel to the peer stands.
    pub(super) fn stands(&self, peer: NodeIndex) -> bool {
        self.lock().get(&peer).is_some_and(Link::stands)
    }

    /// Wakes its holder whenever a channel begins or ends.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Makes a connection the pair's channel in place of an older one; or ends it, because the older one stays.
    pub(super) fn attach(
        self: &Arc<Self>,
        peer: NodeIndex,
        connection: &quinn::Connection,
        dialled_by: Dialled,
    ) -> Option<Attached> {
        let (frames, waiting_frames) = Queue::new(SEND_FRAMES_MAX, SEND_BYTES_MAX);
        let (submissions, waiting_submissions) = Queue::new(SUBMISSIONS_MAX, SUBMISSIONS_BYTES_MAX);
        let mut current = self.lock();
        let stays = |older: &Link| {
            older.stands() && older.dialled_by == Dialled::Lower && dialled_by == Dialled::Higher
        };
        if current.get(&peer).is_some_and(stays) {
            connection.close(super::channel::CLOSE_REPLACED.into(), b"another one stands");
            return None;
        }
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        let link = Link { connection: connection.clone(), frames, submissions, generation, dialled_by };
        if let Some(older) = current.insert(peer, link) {
            older.connection.close(super::channel::CLOSE_REPLACED.into(), b"replaced");
        }
        // Under the lock: no frame of the older connection can follow this, none of the new one precede it.
        self.events.connected(peer);
        drop(current);
        self.changed.send_replace(());
        let place = Place { links: self.clone(), peer, generation };
        Some(Attached { place, frames: waiting_frames, submissions: waiting_submissions })
    }

    /// Ends a channel, unless another one has taken its place.
    fn detach(&self, peer: NodeIndex, generation: u64) {
        let mut current = self.lock();
        if current.get(&peer).is_some_and(|link| link.generation == generation) {
            current.remove(&peer);
            self.events.disconnected(peer);
            drop(current);
            self.changed.send_replace(());
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
