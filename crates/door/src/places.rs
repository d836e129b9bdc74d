//! Places that are shared out. One payer gets more only while it holds less than is then free: alone it comes to
//! half, and whoever comes next finds some.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quorate_quota::Held;
use quorate_wire::Payer;
use tokio::sync::oneshot;

/// A number of places of one kind.
#[derive(Debug)]
pub struct Places {
    all: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    held: Held<Payer>,
    /// Those that wait for one place each, in the order in which they came.
    waiting: BTreeMap<u64, (Arc<[Payer]>, oneshot::Sender<()>)>,
    next: u64,
}

/// Some places; they are free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    payers: Arc<[Payer]>,
    units: usize,
}

/// A place in the line, given up when this is dropped.
struct Waiting {
    places: Arc<Places>,
    number: u64,
    payers: Arc<[Payer]>,
    taken: bool,
}

impl Places {
    /// So many of them, all free.
    #[must_use]
    pub fn new(all: usize) -> Arc<Self> {
        Arc::new(Places { all, state: Mutex::default() })
    }

    /// Takes so many places, if they are free and in the share of each of these payers.
    #[must_use]
    pub fn try_take(self: &Arc<Self>, payers: &[Payer], units: usize) -> Option<Place> {
        let mut state = self.lock();
        if !state.is_fair(self.all, payers, units) {
            return None;
        }
        state.enter(payers, units);
        Some(Place { places: self.clone(), payers: payers.into(), units })
    }

    /// Takes one place, waiting until one is free and in the share of these payers. Whoever has its share is waited
    /// for by nobody.
    pub async fn take(self: &Arc<Self>, payers: &[Payer]) -> Option<Place> {
        let (mut waiting, given) = {
            let mut state = self.lock();
            if state.is_fair(self.all, payers, 1) {
                state.enter(payers, 1);
                return Some(Place { places: self.clone(), payers: payers.into(), units: 1 });
            }
            let number = state.next;
            state.next += 1;
            let (give, given) = oneshot::channel();
            let payers: Arc<[Payer]> = payers.into();
            state.waiting.insert(number, (payers.clone(), give));
            (Waiting { places: self.clone(), number, payers, taken: false }, given)
        };
        given.await.ok()?;
        waiting.taken = true;
        Some(Place { places: self.clone(), payers: waiting.payers.clone(), units: 1 })
    }

    /// Takes back what was held, and hands out what is free now.
    fn leave(&self, payers: &[Payer], units: usize) {
        let mut state = self.lock();
        state.taken -= units;
        state.held.leave(payers, units);
        // Who was passed over because of a share is so also with fewer places free: one look is enough.
        let line: Vec<u64> = state.waiting.keys().copied().collect();
        for number in line {
            if state.taken >= self.all {
                return;
            }
            let fair =
                state.waiting.get(&number).is_some_and(|(payers, _)| state.is_fair(self.all, payers, 1));
            if fair && let Some((payers, give)) = state.waiting.remove(&number) {
                state.enter(&payers, 1);
                // One that is gone gives the place back itself, as it is in the line no more.
                let _ = give.send(());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_fair(&self, all: usize, payers: &[Payer], units: usize) -> bool {
        self.held.may_enter(payers, units, all.saturating_sub(self.taken))
    }

    fn enter(&mut self, payers: &[Payer], units: usize) {
        self.taken += units;
        self.held.enter(payers, units);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.leave(&self.payers, self.units);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let waited = self.places.lock().waiting.remove(&self.number).is_some();
        // It was given a place that nobody has taken.
        if !waited {
            self.places.leave(&self.payers, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, net::IpAddr, pin::pin, task::Poll};

    use super::*;

    fn payer(mark: u8) -> Payer {
        Payer::of_source(IpAddr::from([192, 0, 2, mark]))[0]
    }

    async fn is_ready<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        std::future::poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    fn assert_empty(places: &Places) {
        let state = places.lock();
        assert!(state.taken == 0 && state.held.is_empty() && state.waiting.is_empty(), "{state:?}");
    }

    #[tokio::test]
    async fn one_payer_waits_at_half_and_others_pass_it() {
        let places = Places::new(8);
        let mut held: Vec<Place> = (0..4).map(|_| places.try_take(&[payer(1)], 1).unwrap()).collect();
        assert!(places.try_take(&[payer(1)], 1).is_none());
        let own = [payer(1)];
        let mut waits = pin!(places.take(&own));
        assert!(is_ready(waits.as_mut()).await.is_none());
        let others: Vec<Place> = (0..2).map(|_| places.try_take(&[payer(2)], 1).unwrap()).collect();
        assert!(places.try_take(&[payer(2), payer(1)], 1).is_none(), "each of them needs its share");
        assert!(places.take(&[payer(3)]).await.is_some(), "who comes later is not kept");
        drop(others);
        assert!(is_ready(waits.as_mut()).await.is_none(), "it has its half");
        held.truncate(3);
        assert!(is_ready(waits.as_mut()).await.flatten().is_some());
        drop(held);
        assert_empty(&places);
    }

    #[tokio::test]
    async fn who_stops_waiting_keeps_no_place_also_not_one_just_given() {
        let places = Places::new(1);
        let held = places.try_take(&[], 1).unwrap();
        {
            let own = [payer(1)];
            let (mut first, mut second) = (pin!(places.take(&[])), pin!(places.take(&own)));
            assert!(is_ready(first.as_mut()).await.is_none() && is_ready(second.as_mut()).await.is_none());
            drop(held);
            // The first was given the place and never looks.
        }
        assert_empty(&places);
    }

    #[test]
    fn a_network_of_many_addresses_leaves_places_to_others() {
        let places = Places::new(1_700);
        let of = |site: u16, subnet: u16| Payer::of_source([0x2001, 0xdb8, site, subnet, 0, 0, 0, 1].into());
        let held: Vec<Place> =
            (0..=u16::MAX).map_while(|subnet| places.try_take(&of(7, subnet), 1)).collect();
        assert!(
            (850..=1_600).contains(&held.len()),
            "a /56 and a /48 have more than an address: {}",
            held.len()
        );
        assert!(places.try_take(&of(8, 0), 10).is_some(), "and others find some");
        drop(held);
        let held: Vec<Place> = (0..4_000)
            .map_while(|number: u16| places.try_take(&of(7, number % 256 * 256 + number / 256), 1))
            .collect();
        assert_eq!(held.len(), 1_600, "sixteen of seventeen parts");
        drop(held);
        assert_empty(&places);
    }

    #[test]
    fn several_at_once_count_as_many() {
        let places = Places::new(10);
        let first = places.try_take(&[payer(1)], 5).unwrap();
        assert!(places.try_take(&[payer(1)], 1).is_none() && places.try_take(&[], 6).is_none());
        let second = places.try_take(&[payer(2)], 3).unwrap();
        assert!(places.try_take(&[], 2).is_some());
        drop((first, second));
        assert!(places.try_take(&[payer(1)], 10).is_some(), "alone it may have all at once");
        assert_empty(&places);
    }
}
