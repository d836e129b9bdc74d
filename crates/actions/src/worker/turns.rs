//! Turns on the processor. More executions can be under way than run at a time.
//!
//! There are two lanes. Each execution begins in the front one. One that has computed for a while goes on in
//! the back one, on a thread that has stepped back behind others: so a short execution has its turn before a long
//! one of its own action, and mostly the processor before those of others. In a lane, one that has had its slice
//! hands its turn to whoever waits and has used less. One that has to end waits for no turn: it would hold
//! its thread for as long as others come that have used less, and in the end the node would end the worker.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::priority::step_back;

/// Slices after which an execution is a long one: some 20 ms, of which a policy needs one or two.
const FRONT_SLICES: u32 = 4;

thread_local! {
    /// What this thread takes its turns from, if it is one that runs guests for a worker.
    static OWN: RefCell<Option<Arc<Turns>>> = const { RefCell::new(None) };
    /// Slices that the execution on this thread has used in all.
    static USED: Cell<u32> = const { Cell::new(0) };
    /// When the execution on this thread has to end.
    static END: RefCell<Option<End>> = const { RefCell::new(None) };
    /// Whether this thread has a low priority, for good.
    static LOWERED: Cell<bool> = const { Cell::new(false) };
}

/// The right to run, held by a bounded number of threads.
pub(super) struct Turns {
    lanes: Mutex<Lanes>,
    lowered: AtomicUsize,
}

struct Lanes {
    front: Lane,
    back: Lane,
    next: u64,
}

/// When an execution has to end: at a time, or once it was cancelled.
pub(super) struct End {
    pub(super) deadline: Instant,
    pub(super) cancelled: Arc<AtomicBool>,
}

impl End {
    /// The time until then; none if it has to end now.
    fn left(&self) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        (!left.is_zero() && !self.cancelled.load(Ordering::Relaxed)).then_some(left)
    }
}

struct Lane {
    free: usize,
    /// Those that go on without a turn, to their end.
    beyond: usize,
    /// By slices used, then by arrival.
    waiting: BTreeMap<(u32, u64), Arc<Condvar>>,
}

/// Whether an execution that has used so many slices is a long one.
pub(super) const fn is_long(used: u32) -> bool {
    used >= FRONT_SLICES
}

/// Whether this thread ran a long execution, which it can only have done with a low priority.
pub(super) fn is_lowered() -> bool {
    LOWERED.get()
}

impl Turns {
    /// `running_max` run at a time in each lane.
    pub(super) fn new(running_max: usize) -> Arc<Self> {
        let lane = || Lane { free: running_max, beyond: 0, waiting: BTreeMap::new() };
        let lanes = Mutex::new(Lanes { front: lane(), back: lane(), next: 0 });
        Arc::new(Self { lanes, lowered: AtomicUsize::new(0) })
    }

    /// Threads that have a low priority.
    pub(super) fn lowered(&self) -> usize {
        self.lowered.load(Ordering::Relaxed)
    }

    /// Lets those see it that wait and were cancelled.
    pub(super) fn hurry(&self) {
        let lanes = self.lock();
        for turn in lanes.front.waiting.values().chain(lanes.back.waiting.values()) {
            turn.notify_one();
        }
    }

    /// Runs something that has used so many slices before, in a turn of its own, which [`offer_turn`] can
    /// hand on in between. Returns the slices used by now as well.
    pub(super) fn run<T>(self: &Arc<Self>, used: u32, end: End, work: impl FnOnce() -> T) -> (T, u32) {
        OWN.with(|own| {
            own.borrow_mut().get_or_insert_with(|| Arc::clone(self));
        });
        USED.set(used);
        END.set(Some(end));
        self.enter(used);
        let made = work();
        let used = USED.get();
        self.lock().lane(used).pass();
        (made, used)
    }

    /// Waits for a turn in the lane that is right.
    fn enter(&self, used: u32) {
        if is_long(used) {
            self.lower();
        }
        let mut lanes = self.lock();
        let lane = lanes.lane(used);
        if lane.free > 0 {
            lane.free -= 1;
        } else {
            wait(lanes, used);
        }
    }

    /// Lets this thread step back behind others, for good: no process without rights can take it back.
    fn lower(&self) {
        if !LOWERED.replace(true) {
            // A kernel that refuses shares the processor as ever.
            let _ = step_back();
            self.lowered.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    fn lane(&mut self, used: u32) -> &mut Lane {
        if is_long(used) { &mut self.back } else { &mut self.front }
    }
}

impl Lane {
    fn pass(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        match self.waiting.pop_first() {
            Some((_, turn)) => turn.notify_one(),
            None => self.free += 1,
        }
    }
}

/// Waits until the turn comes: until it is taken out of the line, or has to end.
fn wait(mut lanes: MutexGuard<'_, Lanes>, used: u32) {
    let key = (used, lanes.next);
    lanes.next += 1;
    let turn = Arc::new(Condvar::new());
    lanes.lane(used).waiting.insert(key, Arc::clone(&turn));
    while lanes.lane(used).waiting.contains_key(&key) {
        let Some(left) = END.with_borrow(|end| end.as_ref().and_then(End::left)) else {
            let lane = lanes.lane(used);
            lane.waiting.remove(&key);
            lane.beyond += 1;
            return;
        };
        lanes = turn.wait_timeout(lanes, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Called by a running guest at each tick of the clock. On a thread that takes no turns, nothing happens.
pub(crate) fn offer_turn() {
    let Some(turns) = OWN.with(|own| own.borrow().clone()) else { return };
    let before = USED.get();
    let used = before.saturating_add(1);
    USED.set(used);
    let mut lanes = turns.lock();
    if is_long(before) != is_long(used) {
        lanes.lane(before).pass();
        drop(lanes);
        turns.enter(used);
    } else if lanes.lane(used).waiting.first_key_value().is_some_and(|(&(least, _), _)| least <= used) {
        lanes.lane(used).pass();
        wait(lanes, used);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn never() -> End {
        let deadline = Instant::now() + Duration::from_secs(3_600);
        End { deadline, cancelled: Arc::default() }
    }

    #[test]
    fn the_one_that_has_used_least_comes_next() {
        let turns = Turns::new(1);
        let (say, said) = mpsc::channel();
        turns.run(0, never(), || {
            offer_turn();
            std::thread::scope(|scope| {
                for (name, wanted) in [("first", 1), ("second", 2)] {
                    let (turns, say) = (&turns, say.clone());
                    scope.spawn(move || turns.run(0, never(), || say.send(name)));
                    // Both are in the line before the turn is offered.
                    while turns.lock().front.waiting.len() < wanted {
                        std::thread::yield_now();
                    }
                }
                offer_turn();
                // This one has used two slices: it goes on after both.
                assert_eq!(said.try_iter().collect::<Vec<_>>(), ["first", "second"]);
            });
        });
        assert_eq!(turns.lock().front.free, 1);
    }

    #[test]
    fn one_that_computes_long_leaves_its_turn_to_the_short_for_good() {
        let turns = Turns::new(1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (_, used) = turns.run(0, never(), || {
                    assert!((1..FRONT_SLICES).all(|_| {
                        offer_turn();
                        !is_lowered()
                    }));
                    offer_turn();
                    assert!(is_lowered());
                    // Not by waiting until this one is done: the only front turn is free.
                    scope.spawn(|| turns.run(0, never(), || ())).join().unwrap();
                });
                assert!(is_long(used));
                assert!(rustix::process::getpriority_process(None).unwrap() > 0);
            });
        });
        assert_eq!(turns.lowered(), 1);
        let lanes = turns.lock();
        assert_eq!((lanes.front.free, lanes.back.free), (1, 1));
    }

    #[test]
    fn no_more_run_than_may() {
        let turns = Turns::new(2);
        let running = [AtomicUsize::new(0), AtomicUsize::new(0)];
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    turns.run(0, never(), || {
                        for _ in 0..50 {
                            let running = &running[usize::from(is_long(USED.get()))];
                            let now = running.fetch_add(1, Ordering::SeqCst);
                            assert!(now < 2, "{now} others run");
                            running.fetch_sub(1, Ordering::SeqCst);
                            offer_turn();
                        }
                    });
                });
            }
        });
        let lanes = turns.lock();
        assert_eq!((lanes.front.free, lanes.back.free), (2, 2));
    }

    #[test]
    fn one_that_has_to_end_waits_for_no_turn_and_takes_none_away() {
        let turns = Turns::new(1);
        let over = End { deadline: Instant::now(), ..never() };
        let (_, used) = turns.run(0, never(), || {
            std::thread::scope(|scope| {
                let cancelled = Arc::<AtomicBool>::default();
                let end = End { cancelled: Arc::clone(&cancelled), ..never() };
                let late = scope.spawn(|| turns.run(0, over, offer_turn));
                let given_up = scope.spawn(|| turns.run(0, end, offer_turn));
                late.join().unwrap();
                while turns.lock().front.waiting.is_empty() {
                    std::thread::yield_now();
                }
                cancelled.store(true, Ordering::Relaxed);
                turns.hurry();
                given_up.join().unwrap();
                let waits = scope.spawn(|| turns.run(0, never(), || ()));
                while turns.lock().front.waiting.is_empty() {
                    std::thread::yield_now();
                }
                let lanes = turns.lock();
                assert_eq!((lanes.front.free, lanes.front.beyond), (0, 0));
                drop(lanes);
                offer_turn();
                waits.join().unwrap();
            });
        });
        assert_eq!((used, turns.lock().front.free), (1, 1));
    }
}
