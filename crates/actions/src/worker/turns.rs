//! Turns on the processor. More executions can be under way than run at a time: one that has had its slice
//! hands its turn to whoever waits and has used less since it last waited for an answer. So a short
//! execution waits for a slice, not for the long ones before it to end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// What this thread takes its turns from, if it is one that runs guests for a worker.
    static OWN: RefCell<Option<Arc<Turns>>> = const { RefCell::new(None) };
    /// Slices that the execution on this thread has used since it last waited.
    static USED: Cell<u32> = const { Cell::new(0) };
}

/// The right to run, held by a bounded number of threads.
pub(super) struct Turns(Mutex<Line>);

struct Line {
    free: usize,
    next: u64,
    /// By slices used, then by arrival.
    waiting: BTreeMap<(u32, u64), Arc<Condvar>>,
}

impl Turns {
    pub(super) fn new(running_max: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Line { free: running_max, next: 0, waiting: BTreeMap::new() })))
    }

    /// Runs something in a turn of its own, which [`offer_turn`] can hand on in between.
    pub(super) fn run<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        OWN.with(|own| {
            own.borrow_mut().get_or_insert_with(|| Arc::clone(self));
        });
        USED.set(0);
        self.take();
        let made = work();
        self.lock().pass();
        made
    }

    fn take(&self) {
        let mut line = self.lock();
        if line.free > 0 {
            line.free -= 1;
        } else {
            wait(line, 0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn pass(&mut self) {
        match self.waiting.pop_first() {
            Some((_, turn)) => turn.notify_one(),
            None => self.free += 1,
        }
    }
}

/// Waits until the turn comes: until it is taken out of the line.
fn wait(mut line: MutexGuard<'_, Line>, used: u32) {
    let key = (used, line.next);
    line.next += 1;
    let turn = Arc::new(Condvar::new());
    line.waiting.insert(key, Arc::clone(&turn));
    while line.waiting.contains_key(&key) {
        line = turn.wait(line).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Called by a running guest at each tick of the clock. On a thread that takes no turns, nothing happens.
pub(crate) fn offer_turn() {
    let Some(turns) = OWN.with(|own| own.borrow().clone()) else { return };
    let used = USED.get().saturating_add(1);
    USED.set(used);
    let mut line = turns.lock();
    if line.waiting.first_key_value().is_some_and(|(&(least, _), _)| least <= used) {
        line.pass();
        wait(line, used);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_one_that_has_used_least_comes_next() {
        let turns = Turns::new(1);
        let (say, said) = mpsc::channel();
        turns.run(|| {
            offer_turn();
            std::thread::scope(|scope| {
                for name in ["first", "second"] {
                    let (turns, say) = (&turns, say.clone());
                    scope.spawn(move || turns.run(|| say.send(name)));
                    // Both are in the line before the turn is offered.
                    let wanted = if name == "first" { 1 } else { 2 };
                    while turns.lock().waiting.len() < wanted {
                        std::thread::yield_now();
                    }
                }
                offer_turn();
                // This one has used two slices: it goes on after both.
                assert_eq!(said.try_iter().collect::<Vec<_>>(), ["first", "second"]);
            });
        });
        assert_eq!(turns.lock().free, 1);
    }

    #[test]
    fn no_more_run_than_may() {
        let turns = Turns::new(2);
        let running = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    turns.run(|| {
                        for _ in 0..50 {
                            let now = running.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                            assert!(now < 2, "{now} others run");
                            running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                            offer_turn();
                        }
                    });
                });
            }
        });
        assert_eq!(turns.lock().free, 2);
    }
}
