//! Room for answers on their way out. Whoever reads slowly holds its part of it, so that no address gets all.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quorate_quota::Held;
use quorate_wire::Payer;

/// The room, in units of the caller's choice.
#[derive(Debug)]
pub(crate) struct Room {
    units: usize,
    per_source: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    units: usize,
    held: Held<Payer>,
}

/// A part of the room; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Part {
    room: Arc<Room>,
    payers: Vec<Payer>,
    units: usize,
}

impl Room {
    pub(crate) fn new(units: usize, per_source: usize) -> Arc<Self> {
        Arc::new(Room { units, per_source, taken: Mutex::default() })
    }

    /// Takes a part, if there is room and the source's share of it leaves as much.
    pub(super) fn take(self: &Arc<Self>, source: IpAddr, units: usize) -> Option<Part> {
        let (payers, mut taken) = (Payer::of_source(source), self.taken());
        let fits = |payer: &Payer| {
            let multiple = usize::try_from(payer.multiple()).unwrap_or(1);
            // However wide a network is, a part is left to the others.
            let most = self.units.saturating_mul(multiple) / (multiple + 1);
            let share = self.per_source.saturating_mul(multiple).min(most);
            taken.held.of(payer).saturating_add(units) <= share
        };
        if taken.units + units > self.units || !payers.iter().all(fits) {
            return None;
        }
        taken.units += units;
        taken.held.enter(&payers, units);
        Some(Part { room: self.clone(), payers, units })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Each change is whole before anything can panic.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.units -= self.units;
        taken.held.leave(&self.payers, self.units);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_takes_its_share_and_gives_it_back() {
        let room = Room::new(10, 4);
        let source = |number: u8| IpAddr::from([192, 0, number, 1]);
        let held: Vec<Part> = (0..4).map(|_| room.take(source(1), 1).unwrap()).collect();
        assert!(room.take(source(1), 1).is_none());
        let other = room.take(source(2), 4).unwrap();
        assert!(room.take(source(3), 3).is_none(), "there is no more in all");
        let last = room.take(source(3), 2).unwrap();
        drop((held, other, last));
        assert!(room.take(source(1), 4).is_some());
        assert!(room.taken().held.is_empty() && room.taken().units == 0);
    }

    #[test]
    fn a_network_of_many_addresses_leaves_room_to_others() {
        let room = Room::new(100, 25);
        let held: Vec<Part> =
            (0..=255).map_while(|last| room.take(IpAddr::from([192, 0, 2, last]), 4)).collect();
        assert_eq!(held.len(), 22, "eight ninths of the room");
        assert!(room.take(IpAddr::from([198, 51, 100, 1]), 4).is_some());
    }
}
