//! One search for each source at a time, a bounded number in all, of which each payer has a share, and a short memory of
//! what was nowhere.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use quorate_door::{Place, Places};
use quorate_wire::ActionCid;
use quorate_wire::Payer;
use tokio::sync::watch;

use super::{CodeError, Outcome};
/// Searches at the same time. Each holds a source and some connections.
const FLIGHTS_MAX: usize = 32;
/// A whole search.
const SEARCH: Duration = Duration::from_secs(12);
/// A source that was nowhere is not looked for again so soon.
const MISSING: Duration = Duration::from_secs(3);
/// Sources that are remembered to be nowhere.
const MISSING_MAX: usize = 1_024;

#[derive(Clone)]
pub(super) struct Flights {
    state: Arc<Mutex<State>>,
    places: Arc<Places>,
}

impl Default for Flights {
    fn default() -> Self {
        Flights { state: Arc::default(), places: Places::new(FLIGHTS_MAX) }
    }
}

#[derive(Default)]
struct State {
    running: BTreeMap<ActionCid, watch::Receiver<Option<Outcome>>>,
    missing: BTreeMap<ActionCid, (Instant, CodeError)>,
}

impl Flights {
    /// Joins the search for a source, or begins one, which counts in the shares of these payers. A search goes on when
    /// its callers are gone: others may want it.
    pub(super) async fn join<Search>(
        &self,
        cid: ActionCid,
        payers: &[Payer],
        search: impl FnOnce() -> Search,
    ) -> Outcome
    where
        Search: Future<Output = Outcome> + Send + 'static,
    {
        let mut answer = match self.enter(cid, payers)? {
            Entered::Running(answer) => answer,
            Entered::New(landing, answer) => {
                let search = search();
                tokio::spawn(async move {
                    let outcome = tokio::time::timeout(SEARCH, search).await;
                    landing.land(outcome.unwrap_or(Err(CodeError::Missing)));
                });
                answer
            }
        };
        match answer.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            // A search that ended without an answer has panicked.
            Ok(None) | Err(_) => Err(CodeError::Internal),
        }
    }

    /// A source is here now, whatever was found out before.
    pub(super) fn appeared(&self, cid: ActionCid) {
        self.state().missing.remove(&cid);
    }

    fn enter(&self, cid: ActionCid, payers: &[Payer]) -> Result<Entered, CodeError> {
        let mut state = self.state();
        if let Some(answer) = state.running.get(&cid) {
            return Ok(Entered::Running(answer.clone()));
        }
        match state.missing.get(&cid) {
            Some((until, error)) if *until > Instant::now() => return Err(*error),
            Some(_) => drop(state.missing.remove(&cid)),
            None => {}
        }
        let place = self.places.try_take(payers, 1).ok_or(CodeError::Busy)?;
        let (sender, answer) = watch::channel(None);
        state.running.insert(cid, answer.clone());
        Ok(Entered::New(Landing { flights: self.clone(), cid, sender, _place: place }, answer))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Entered {
    Running(watch::Receiver<Option<Outcome>>),
    New(Landing, watch::Receiver<Option<Outcome>>),
}

/// A search's duty to end, also when it panics.
struct Landing {
    flights: Flights,
    cid: ActionCid,
    sender: watch::Sender<Option<Outcome>>,
    _place: Place,
}

impl Landing {
    fn land(self, outcome: Outcome) {
        if let Err(error @ (CodeError::Missing | CodeError::NotText)) = outcome {
            let mut state = self.flights.state();
            let now = Instant::now();
            if state.missing.len() >= MISSING_MAX {
                state.missing.retain(|_, (until, _)| *until > now);
            }
            // A full memory forgets: it saves work, nothing rests on it.
            if state.missing.len() >= MISSING_MAX {
                state.missing.pop_first();
            }
            state.missing.insert(self.cid, (now + MISSING, error));
        }
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.flights.state().running.remove(&self.cid);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn cid(number: usize) -> ActionCid {
        ActionCid::of_code(&number.to_be_bytes())
    }

    #[tokio::test]
    async fn many_callers_are_one_search() {
        let flights = Flights::default();
        let (searches, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (flights, searches, go) = (flights.clone(), searches.clone(), go.clone());
            callers.spawn(async move {
                let search = || async move {
                    searches.fetch_add(1, Ordering::SeqCst);
                    go.notified().await;
                    Ok(Arc::from("found"))
                };
                flights.join(cid(0), &[], search).await
            });
        }
        while flights.state().running.is_empty() {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        while let Some(outcome) = callers.join_next().await {
            assert_eq!(outcome.unwrap(), Ok(Arc::from("found")));
        }
        assert_eq!(searches.load(Ordering::SeqCst), 1);
        assert!(flights.state().running.is_empty());
    }

    #[tokio::test]
    async fn what_was_nowhere_is_not_looked_for_again_until_it_appears() {
        let flights = Flights::default();
        let missing = || async { Err(CodeError::Missing) };
        let found = || async { Ok(Arc::from("x")) };
        assert_eq!(flights.join(cid(0), &[], missing).await, Err(CodeError::Missing));
        assert_eq!(flights.join(cid(0), &[], found).await, Err(CodeError::Missing));
        flights.appeared(cid(0));
        assert_eq!(flights.join(cid(0), &[], found).await, Ok(Arc::from("x")));
        for number in 0..MISSING_MAX + 10 {
            let _ = flights.join(cid(number), &[], missing).await;
        }
        assert_eq!(flights.state().missing.len(), MISSING_MAX);
    }

    #[tokio::test]
    async fn one_payer_leaves_searches_to_others() {
        let flights = Flights::default();
        let payer = |mark| [Payer::of_source(std::net::IpAddr::from([192, 0, 2, mark]))[0]];
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..FLIGHTS_MAX / 2 {
            let flights = flights.clone();
            let search = std::future::pending::<Outcome>;
            callers.spawn(async move { flights.join(cid(number), &payer(1), search).await });
        }
        while flights.state().running.len() < FLIGHTS_MAX / 2 {
            tokio::task::yield_now().await;
        }
        let found = || async { Ok(Arc::from("x")) };
        assert_eq!(flights.join(cid(100), &payer(1), found).await, Err(CodeError::Busy));
        assert_eq!(flights.join(cid(100), &payer(2), found).await, Ok(Arc::from("x")));
    }

    #[tokio::test]
    async fn searches_are_bounded_and_one_that_panics_makes_room() {
        let flights = Flights::default();
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..FLIGHTS_MAX {
            let flights = flights.clone();
            callers
                .spawn(async move { flights.join(cid(number), &[], std::future::pending::<Outcome>).await });
        }
        while flights.state().running.len() < FLIGHTS_MAX {
            tokio::task::yield_now().await;
        }
        let found = || async { Ok(Arc::from("x")) };
        assert_eq!(flights.join(cid(FLIGHTS_MAX), &[], found).await, Err(CodeError::Busy));
        let others = Flights::default();
        let panics = || async { panic!("a defect") };
        assert_eq!(others.join(cid(0), &[], panics).await, Err(CodeError::Internal));
        assert!(others.state().running.is_empty());
    }
}
