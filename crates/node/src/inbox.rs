//! The way to the engine: a queue of its own for each peer, and one for everything else.
//!
//! What callers, actions and the node itself bring comes first. Peers take turns by the *time* that their frames
//! took of late: bytes say little, as a short frame can be a durable write or a round of a signature.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use quorate_door::Place;
use quorate_engine::{ActionEvent, Input, IssuerKeys, ReadRegistry, ReplyTo, RunNumber};
use quorate_wire::{DecryptionSubmission, NodeIndex, RevocationSubmission, Submission};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{metrics::Metrics, transport::PeerEvents};

/// Events of actions that the engine has not read yet.
const ACTION_EVENTS_MAX: usize = 4_096;
/// So many of the node's own inputs are taken in a row while peers wait: callers in masses do not silence peers.
const OWN_IN_A_ROW: u32 = 4;
/// Time that a peer used is remembered in so many slots of this length.
const SLOTS: usize = 8;
const SLOT: Duration = Duration::from_millis(500);

/// What bounds the source of something, held until it has left the queue and was handled.
pub(crate) enum Bound {
    /// A permit of a peer or of the actions.
    Permit { _permit: OwnedSemaphorePermit },
    /// The place of a caller, also of one that has hung up.
    Caller { _place: Arc<Place> },
    /// At most one at a time, or one for each effect of the engine.
    Single,
}

/// One thing for the engine's thread to do.
#[expect(clippy::large_enum_variant, reason = "all jobs but the last are of this variant")]
pub(crate) enum Job {
    /// Handle this, and then give back what bounds its source.
    Handle(Input, Bound),
    /// End.
    Stop,
}

/// The sending half. Cheap to clone.
///
/// The queues themselves have no bound, because each of their sources has: peers by unread bytes each, callers by
/// the places of the HTTP interface, actions by a number of events, the registry by one flag.
#[derive(Clone)]
pub(crate) struct Inbox {
    door: Arc<Door>,
    actions: Arc<Semaphore>,
    registry_waiting: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
}

/// The receiving half.
pub(crate) struct Outlet {
    queues: Arc<Queues>,
    registry_waiting: Arc<AtomicBool>,
}

/// Tells the receiving half when the last sending half is gone.
struct Door(Arc<Queues>);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.filled.notify_one();
    }
}

#[derive(Default)]
struct Queues {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    own: VecDeque<Job>,
    own_in_a_row: u32,
    peers: BTreeMap<NodeIndex, PeerQueue>,
    closed: bool,
}

#[derive(Default)]
struct PeerQueue {
    jobs: VecDeque<Job>,
    used: UsedTime,
}

/// Time used in a window that slides.
#[derive(Default)]
struct UsedTime {
    slots: [Duration; SLOTS],
    /// The slot that is filled now, by its number since the first.
    newest: Option<(Instant, usize)>,
}

impl UsedTime {
    fn slide(&mut self, now: Instant) {
        let Some((since, place)) = self.newest else {
            self.newest = Some((now, 0));
            return;
        };
        let passed = now.saturating_duration_since(since).as_millis() / SLOT.as_millis();
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        for step in 1..=passed.min(SLOTS) {
            self.slots[(place + step) % SLOTS] = Duration::ZERO;
        }
        if passed > 0 {
            let since = if passed < SLOTS { since + SLOT * u32::try_from(passed).unwrap_or(0) } else { now };
            self.newest = Some((since, (place + passed % SLOTS) % SLOTS));
        }
    }

    fn add(&mut self, time: Duration, now: Instant) {
        self.slide(now);
        if let Some((_, place)) = self.newest {
            self.slots[place] += time;
        }
    }

    fn total(&mut self, now: Instant) -> Duration {
        self.slide(now);
        self.slots.iter().sum()
    }
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // The queues are whole at every moment: a panic elsewhere does not make them unusable.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn next(&mut self, now: Instant) -> Option<(Job, Option<NodeIndex>)> {
        let peers_wait = self.peers.values().any(|queue| !queue.jobs.is_empty());
        if (!peers_wait || self.own_in_a_row < OWN_IN_A_ROW)
            && let Some(job) = self.own.pop_front()
        {
            self.own_in_a_row += 1;
            return Some((job, None));
        }
        self.own_in_a_row = 0;
        let waiting = self.peers.iter_mut().filter(|(_, queue)| !queue.jobs.is_empty());
        let (_, peer) = waiting.map(|(peer, queue)| (queue.used.total(now), *peer)).min()?;
        let job = self.peers.get_mut(&peer)?.jobs.pop_front()?;
        Some((job, Some(peer)))
    }
}

impl Outlet {
    /// The next thing to do, at once or by this moment. If a peer brought it, its time is charged to that peer.
    pub(crate) fn next(&self, until: Instant) -> Option<(Job, Option<NodeIndex>)> {
        let mut waiting = self.queues.lock();
        loop {
            let now = Instant::now();
            if let Some((job, peer)) = waiting.next(now) {
                if let Job::Handle(Input::Registry(_), _) = job {
                    self.registry_waiting.store(false, Ordering::Release);
                }
                return Some((job, peer));
            }
            if waiting.closed {
                return Some((Job::Stop, None));
            }
            let left = until.checked_duration_since(now).filter(|left| !left.is_zero())?;
            waiting =
                self.queues.filled.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The next thing to do, for tests that are no thread.
    #[cfg(test)]
    pub(crate) async fn recv(&self) -> Option<Job> {
        loop {
            match self.next(Instant::now()) {
                Some((Job::Stop, _)) => return None,
                Some((job, _)) => return Some(job),
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// Charges the time that a peer's input took, with everything that it brought about.
    pub(crate) fn charge(&self, peer: NodeIndex, time: Duration) {
        self.queues.lock().peers.entry(peer).or_default().used.add(time, Instant::now());
    }
}

impl Inbox {
    pub(crate) fn new(metrics: Arc<Metrics>) -> (Inbox, Outlet) {
        let queues = Arc::new(Queues::default());
        let registry_waiting = Arc::new(AtomicBool::new(false));
        let actions = Arc::new(Semaphore::new(ACTION_EVENTS_MAX));
        let door = Arc::new(Door(queues.clone()));
        let inbox = Inbox { door, actions, registry_waiting: registry_waiting.clone(), metrics };
        (inbox, Outlet { queues, registry_waiting })
    }

    /// A caller's submission. Its place is taken until the engine has read it, whether or not the caller still waits.
    pub(crate) fn request(
        &self,
        reply_to: ReplyTo,
        source: IpAddr,
        submission: Submission,
        place: Arc<Place>,
    ) {
        self.push(Input::Request { reply_to, source, submission }, Bound::Caller { _place: place });
    }

    /// A caller asks for a share.
    pub(crate) fn decryption(
        &self,
        reply_to: ReplyTo,
        source: IpAddr,
        submission: DecryptionSubmission,
        place: Arc<Place>,
    ) {
        self.push(Input::Decryption { reply_to, source, submission }, Bound::Caller { _place: place });
    }

    /// A caller signs out.
    pub(crate) fn revocation(
        &self,
        reply_to: ReplyTo,
        source: IpAddr,
        submission: RevocationSubmission,
        place: Arc<Place>,
    ) {
        self.push(Input::Revocation { reply_to, source, submission }, Bound::Caller { _place: place });
    }

    /// A caller has hung up; its place is free when the engine knows.
    pub(crate) fn abandoned(&self, reply_to: ReplyTo, place: Arc<Place>) {
        self.push(Input::RequestAbandoned { reply_to }, Bound::Caller { _place: place });
    }

    /// An event of an action; waits while the engine has too many unread ones.
    pub(crate) async fn action(&self, run: RunNumber, event: ActionEvent) {
        if let Ok(permit) = self.actions.clone().acquire_owned().await {
            self.push(Input::Action { run, event }, Bound::Permit { _permit: permit });
        }
    }

    /// An event that the engine's own effect brought about: at most one for each.
    pub(crate) fn action_at_once(&self, run: RunNumber, event: ActionEvent) {
        self.push(Input::Action { run, event }, Bound::Single);
    }

    /// What the search for a run's code came to: one for each search.
    pub(crate) fn code(&self, run: RunNumber, code: Result<Arc<str>, quorate_wire::ErrorCode>) {
        self.push(Input::Code { run, code }, Bound::Single);
    }

    /// News of the registry; all news until the engine looks are one.
    pub(crate) fn registry(&self, view: Arc<dyn ReadRegistry>) {
        if !self.registry_waiting.swap(true, Ordering::AcqRel) {
            self.push(Input::Registry(view), Bound::Single);
        }
    }

    /// Keys of issuers that were fetched: at most a few each minute.
    pub(crate) fn issuer_keys(&self, keys: IssuerKeys) {
        self.push(Input::IssuerKeys(keys), Bound::Single);
    }

    pub(crate) fn drain(&self) {
        self.push(Input::Drain, Bound::Single);
    }

    /// Ends the engine's thread after everything of the node's own that is queued.
    pub(crate) fn stop(&self) {
        self.push_own(Job::Stop);
    }

    fn push(&self, input: Input, bound: Bound) {
        self.push_own(Job::Handle(input, bound));
    }

    // An engine that has ended reads nothing more; its end is noticed elsewhere.
    fn push_own(&self, job: Job) {
        self.door.0.lock().own.push_back(job);
        self.door.0.filled.notify_one();
    }

    /// What a peer does stays in its order: a connection, its frames, its end.
    fn push_of(&self, peer: NodeIndex, input: Input, bound: Bound) {
        self.door.0.lock().peers.entry(peer).or_default().jobs.push_back(Job::Handle(input, bound));
        self.door.0.filled.notify_one();
    }
}

impl PeerEvents for Inbox {
    fn connected(&self, peer: NodeIndex) {
        self.metrics.peer(peer, true);
        self.push_of(peer, Input::PeerConnected { peer }, Bound::Single);
    }

    fn disconnected(&self, peer: NodeIndex) {
        self.metrics.peer(peer, false);
        self.push_of(peer, Input::PeerDisconnected { peer }, Bound::Single);
    }

    fn frame(&self, from: NodeIndex, frame: Vec<u8>, permit: OwnedSemaphorePermit) {
        self.push_of(from, Input::Peer { from, frame }, Bound::Permit { _permit: permit });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(index: u8) -> NodeIndex {
        NodeIndex::new(index).unwrap()
    }

    fn frame(inbox: &Inbox, from: u8) {
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        PeerEvents::frame(inbox, node(from), vec![from], permit);
    }

    fn next(outlet: &Outlet) -> Option<Option<NodeIndex>> {
        outlet.next(Instant::now()).map(|(_, peer)| peer)
    }

    #[test]
    fn a_peer_that_floods_delays_nobody_by_more_than_its_share() {
        let (inbox, outlet) = Inbox::new(Metrics::new());
        for _ in 0..5_000 {
            frame(&inbox, 2);
        }
        for _ in 0..10 {
            assert_eq!(next(&outlet), Some(Some(node(2))));
            outlet.charge(node(2), Duration::from_millis(3));
        }
        // A caller is next, and another peer has as much time as the one that floods had.
        inbox.drain();
        for _ in 0..40 {
            frame(&inbox, 3);
        }
        assert_eq!(next(&outlet), Some(None));
        for _ in 0..30 {
            assert_eq!(next(&outlet), Some(Some(node(3))));
            outlet.charge(node(3), Duration::from_millis(1));
        }
        // From now on both have the same time, whatever a frame costs.
        let mut served = BTreeMap::new();
        for _ in 0..8 {
            let peer = next(&outlet).unwrap().unwrap();
            outlet.charge(peer, Duration::from_millis(if peer == node(2) { 3 } else { 1 }));
            *served.entry(peer.get()).or_insert(0) += 1;
        }
        assert_eq!(served, BTreeMap::from([(2, 2), (3, 6)]));
    }

    #[test]
    fn what_callers_bring_does_not_silence_peers() {
        let (inbox, outlet) = Inbox::new(Metrics::new());
        for _ in 0..100 {
            inbox.drain();
        }
        frame(&inbox, 2);
        let before = std::iter::from_fn(|| next(&outlet)).take_while(Option::is_none).count();
        assert_eq!(u32::try_from(before).unwrap(), OWN_IN_A_ROW);
    }

    #[test]
    fn time_used_is_forgotten_when_the_window_has_passed() {
        let start = Instant::now();
        let mut used = UsedTime::default();
        used.add(Duration::from_millis(5), start);
        used.add(Duration::from_millis(7), start + SLOT * 3);
        assert_eq!(used.total(start + SLOT * 7), Duration::from_millis(12));
        assert_eq!(used.total(start + SLOT * 8), Duration::from_millis(7));
        assert_eq!(used.total(start + SLOT * 100), Duration::ZERO);
    }

    #[test]
    fn the_end_is_found_when_nobody_is_left() {
        let (inbox, outlet) = Inbox::new(Metrics::new());
        inbox.drain();
        drop(inbox);
        assert_eq!(next(&outlet), Some(None));
        assert!(matches!(outlet.next(Instant::now()), Some((Job::Stop, None))));
    }
}
