//! What one payer may hold of the pool while others could need it.
//!
//! Workers are few and each serves one action, so whoever has many actions sleep would have them all. One
//! payer gets a further worker only while it has executions in fewer workers than are free: alone it comes to
//! half of them, and whoever comes next finds one. Starts of processes are shared out the same way: half of
//! the pace is the most that one payer gets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use quorate_quota::may_hold;
use quorate_wire::Payer;

use crate::pool::{PoolConfig, PoolError, START_DELAY_MAX, STARTS_AT_ONCE, State};

/// Of several times a share that is half, a part that leaves some to others: the time after a start.
fn pause(payer: &Payer, interval: Duration) -> Duration {
    interval * (payer.multiple() + 1) / payer.multiple()
}

/// Spreads the starts of processes: whoever names ever new actions must not keep the machine busy with them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// When all starts so far would be over at the even pace.
    even: Option<Instant>,
}

impl Pace {
    /// How long a start would have to wait now, if so many may come at once.
    fn wait(&self, interval: Duration, at_once: u32) -> Duration {
        let ahead = self.even.map_or(Duration::ZERO, |even| even.saturating_duration_since(Instant::now()));
        ahead.saturating_sub(interval * at_once)
    }

    fn enter(&mut self, interval: Duration) {
        let now = Instant::now();
        self.even = Some(self.even.map_or(now, |even| even.max(now)) + interval);
    }

    /// How long a start would have to wait now.
    pub(super) fn delay(&self, config: &PoolConfig) -> Duration {
        self.wait(config.start_interval(), STARTS_AT_ONCE)
    }

    /// Enters a start, and says how long it has to wait.
    pub(super) fn start(&mut self, config: &PoolConfig) -> Duration {
        let delay = self.delay(config);
        self.enter(config.start_interval());
        delay
    }
}

/// How many starts each payer has caused of late.
#[derive(Debug, Default)]
pub(super) struct Starts(BTreeMap<Payer, Pace>);

impl Starts {
    fn fair(&self, payers: &[Payer], config: &PoolConfig) -> bool {
        let waits = |payer: &Payer, pace: &Pace| {
            pace.wait(pause(payer, config.start_interval()), STARTS_AT_ONCE / 2) > START_DELAY_MAX
        };
        !payers.iter().any(|payer| self.0.get(payer).is_some_and(|pace| waits(payer, pace)))
    }

    /// Enters a start for these payers. Whoever's are long over is forgotten, so this map stays as short as
    /// the pace allows.
    pub(super) fn enter(&mut self, payers: &[Payer], config: &PoolConfig) {
        let now = Instant::now();
        self.0.retain(|_, pace| pace.even.is_some_and(|even| even > now));
        for payer in payers {
            self.0.entry(*payer).or_default().enter(pause(payer, config.start_interval()));
        }
    }
}

impl State {
    /// Whether these payers may have executions in one more worker: in `joined`, which serves the action
    /// already, or in a fresh one.
    pub(super) fn has_share(
        &self,
        payers: &[Payer],
        joined: Option<u64>,
        config: &PoolConfig,
    ) -> Result<(), PoolError> {
        let held =
            |payer: &Payer| self.workers.values().filter(|worker| worker.payers.contains_key(payer)).count();
        let free = match joined {
            // It takes nothing from others; but whoever could join without end would come to hold all.
            Some(_) => config.workers_max.div_ceil(2),
            None => {
                let busy = self.workers.values().filter(|worker| worker.executions > 0).count();
                config.workers_max.saturating_sub(busy)
            }
        };
        let there = |payer: &Payer| {
            let worker = joined.and_then(|number| self.workers.get(&number));
            worker.is_some_and(|worker| worker.payers.contains_key(payer))
        };
        let fair =
            payers.iter().all(|payer| there(payer) || may_hold(held(payer), 1, free, payer.multiple()))
                && (joined.is_some() || self.starts.fair(payers, config));
        if fair { Ok(()) } else { Err(PoolError::Share) }
    }
}
