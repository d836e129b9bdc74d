//! Channels between nodes: authenticated, with delay, reordering, loss, duplication and partitions.

use std::collections::{BTreeMap, BTreeSet};

use crate::entropy::Dice;

/// How the network behaves while faults last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weather {
    /// Shortest one-way delay of a frame.
    pub(crate) delay_us: u64,
    /// What is added at most.
    pub(crate) jitter_us: u64,
    /// Frames lost, per thousand.
    pub(crate) lost: u32,
    /// Frames delivered twice, per thousand.
    pub(crate) doubled: u32,
    /// Whether frames of one connection keep their order, as on one stream.
    pub(crate) ordered: bool,
    /// Frames held back for much longer, so that later ones overtake them, per thousand.
    pub(crate) late: u32,
}

impl Weather {
    /// A local network without faults.
    pub(crate) const CALM: Weather =
        Weather { delay_us: 300, jitter_us: 200, lost: 0, doubled: 0, ordered: true, late: 0 };
}

/// A channel's state; its ends are slots of the world, the lower one first.
#[derive(Debug, Clone, Copy, Default)]
struct Channel {
    up: bool,
    /// Frames of an earlier connection are never delivered.
    connection: u32,
}

/// All channels.
pub(crate) struct Links {
    channels: BTreeMap<(usize, usize), Channel>,
    /// One-way obstacles, from and to.
    blocked: BTreeSet<(usize, usize)>,
    /// When the last frame of an ordered direction arrives.
    last_us: BTreeMap<(usize, usize), u64>,
    pub(crate) weather: Weather,
}

fn ends(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Links {
    pub(crate) fn new(weather: Weather) -> Self {
        Links { channels: BTreeMap::new(), blocked: BTreeSet::new(), last_us: BTreeMap::new(), weather }
    }

    /// The connection that stands between two slots.
    pub(crate) fn connection(&self, a: usize, b: usize) -> Option<u32> {
        self.channels.get(&ends(a, b)).filter(|channel| channel.up).map(|channel| channel.connection)
    }

    pub(crate) fn connect(&mut self, a: usize, b: usize) {
        let channel = self.channels.entry(ends(a, b)).or_default();
        channel.up = true;
        channel.connection += 1;
    }

    pub(crate) fn disconnect(&mut self, a: usize, b: usize) {
        if let Some(channel) = self.channels.get_mut(&ends(a, b)) {
            channel.up = false;
        }
    }

    pub(crate) fn block(&mut self, from: usize, to: usize) {
        self.blocked.insert((from, to));
    }

    pub(crate) fn unblock_all(&mut self) {
        self.blocked.clear();
    }

    pub(crate) fn blocked(&self, from: usize, to: usize) -> bool {
        self.blocked.contains(&(from, to))
    }

    /// Whether a connection could stand: nothing is in the way in either direction.
    pub(crate) fn passable(&self, a: usize, b: usize) -> bool {
        !self.blocked(a, b) && !self.blocked(b, a)
    }

    /// When a frame arrives: never if it is lost, twice if it is doubled.
    pub(crate) fn arrivals(
        &mut self,
        dice: &mut Dice,
        way: (usize, usize),
        bytes: usize,
        now_us: u64,
    ) -> Vec<u64> {
        let weather = self.weather;
        if dice.happens(weather.lost) {
            return Vec::new();
        }
        // About 1 Gbit/s, so that large frames are not free.
        let size_us = u64::try_from(bytes / 100).unwrap_or(0);
        let times = if dice.happens(weather.doubled) { 2 } else { 1 };
        let mut arrivals = Vec::new();
        for _ in 0..times {
            let late = if dice.happens(weather.late) { dice.between(20_000, 900_000) } else { 0 };
            let delay_us = weather.delay_us + dice.between(0, weather.jitter_us) + size_us + late;
            let mut at_us = now_us + delay_us;
            if weather.ordered {
                let last_us = self.last_us.entry(way).or_insert(0);
                at_us = at_us.max(*last_us);
                *last_us = at_us;
            }
            arrivals.push(at_us);
        }
        arrivals
    }
}
