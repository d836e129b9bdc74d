//! Callers that wait for the engine's answer.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use quorate_door::Places;
use quorate_engine::ReplyTo;
use quorate_wire::{DecryptionReply, ExecutionReply, Payer, Problem, RevocationReply};
use tokio::sync::oneshot;

use crate::inbox::Inbox;

/// What the engine answers.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Of an execution.
    Execution(Result<Box<ExecutionReply>, Box<Problem>>),
    /// With a share.
    Share(Result<Box<DecryptionReply>, Box<Problem>>),
    /// Of a revocation.
    Revocation(Result<Box<RevocationReply>, Box<Problem>>),
}

/// Who waits, by number.
pub(crate) struct Waiting {
    next: AtomicU64,
    callers: Mutex<BTreeMap<ReplyTo, oneshot::Sender<Outcome>>>,
    places: Arc<Places>,
}

/// One caller's place. Giving it up before the answer tells the engine so; it is free once the engine has read that.
pub(crate) struct Place {
    held: Arc<quorate_door::Place>,
    waiting: Arc<Waiting>,
    inbox: Inbox,
    pub(crate) number: ReplyTo,
    pub(crate) answer: oneshot::Receiver<Outcome>,
}

impl Waiting {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Waiting { next: AtomicU64::new(1), callers: Mutex::default(), places: Places::new(places) })
    }

    /// A place, unless all are taken, or the address has its share of them.
    pub(crate) fn enter(self: &Arc<Self>, inbox: &Inbox, source: IpAddr) -> Option<Place> {
        let place = self.places.try_take(&Payer::of_source(source), 1)?;
        let (sender, answer) = oneshot::channel();
        let number = ReplyTo(self.next.fetch_add(1, Ordering::Relaxed));
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).insert(number, sender);
        Some(Place { held: Arc::new(place), waiting: self.clone(), inbox: inbox.clone(), number, answer })
    }

    /// Hands an answer to its caller; callers that are gone do not mind.
    pub(crate) fn answer(&self, to: ReplyTo, outcome: Outcome) {
        if let Some(caller) = self.take(to) {
            let _ = caller.send(outcome);
        }
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self, number: ReplyTo) -> Option<oneshot::Sender<Outcome>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }
}

impl Place {
    /// The place itself, for what waits in the engine's queue on behalf of this caller.
    pub(crate) fn held(&self) -> Arc<quorate_door::Place> {
        self.held.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.waiting.take(self.number).is_some() {
            self.inbox.abandoned(self.number, self.held.clone());
        }
    }
}
