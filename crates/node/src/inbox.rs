//! The way to the engine: one queue, in which every source has a bounded share.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use quorate_engine::{ActionEvent, Input, ReadRegistry, ReplyTo, RunNumber};
use quorate_wire::{NodeIndex, Submission};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{metrics::Metrics, places::Place, transport::PeerEvents};

/// Events of actions that the engine has not read yet.
const ACTION_EVENTS_MAX: usize = 4_096;

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
#[expect(clippy::large_enum_variant, reason = "nearly every one is the large one")]
pub(crate) enum Job {
    /// Handle this, and then give back what bounds its source.
    Handle(Input, Bound),
    /// End.
    Stop,
}

/// The sending half. Cheap to clone.
///
/// The queue itself has no bound, because each of its sources has: peers by unread bytes each, callers by
/// the places of the HTTP interface, actions by a number of events, the registry by one flag.
#[derive(Clone)]
pub(crate) struct Inbox {
    jobs: mpsc::UnboundedSender<Job>,
    actions: Arc<Semaphore>,
    registry_waiting: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
}

/// The receiving half.
pub(crate) struct Outlet {
    pub(crate) jobs: mpsc::UnboundedReceiver<Job>,
    registry_waiting: Arc<AtomicBool>,
}

impl Outlet {
    /// To be called with each job before it is handled.
    pub(crate) fn taken(&self, job: &Job) {
        if let Job::Handle(Input::Registry(_), _) = job {
            self.registry_waiting.store(false, Ordering::Release);
        }
    }
}

impl Inbox {
    pub(crate) fn new(metrics: Arc<Metrics>) -> (Inbox, Outlet) {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let registry_waiting = Arc::new(AtomicBool::new(false));
        let actions = Arc::new(Semaphore::new(ACTION_EVENTS_MAX));
        let inbox = Inbox { jobs, actions, registry_waiting: registry_waiting.clone(), metrics };
        (inbox, Outlet { jobs: receiver, registry_waiting })
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

    pub(crate) fn drain(&self) {
        self.push(Input::Drain, Bound::Single);
    }

    /// Ends the engine's thread after everything that is queued.
    pub(crate) fn stop(&self) {
        let _ = self.jobs.send(Job::Stop);
    }

    fn push(&self, input: Input, bound: Bound) {
        // An engine that has ended reads nothing more; its end is noticed elsewhere.
        let _ = self.jobs.send(Job::Handle(input, bound));
    }
}

impl PeerEvents for Inbox {
    fn connected(&self, peer: NodeIndex) {
        self.metrics.peer(peer, true);
        self.push(Input::PeerConnected { peer }, Bound::Single);
    }

    fn disconnected(&self, peer: NodeIndex) {
        self.metrics.peer(peer, false);
        self.push(Input::PeerDisconnected { peer }, Bound::Single);
    }

    fn frame(&self, from: NodeIndex, frame: Vec<u8>, permit: OwnedSemaphorePermit) {
        self.push(Input::Peer { from, frame }, Bound::Permit { _permit: permit });
    }
}
