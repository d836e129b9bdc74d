//! What nodes do one after the other, and the time that it takes them.
//!
//! A node handles one thing at a time, and carries out what follows from it before the next. Handling costs time, and a
//! write is durable, and what comes after it begins, only when it has been synchronised: a process that ends before has
//! not written it.

use std::sync::Arc;

use quorate_engine::{ActionEvent, Effect, Input, RunNumber};
use quorate_wire::{PeerMessage, Proposal, decode, limits};

use super::{Event, World};
use crate::{chain::View, issuer::Holding, scenario::Costs};

/// Something for a node to handle.
pub(crate) enum Work {
    Input(Input, Option<Proposal>),
    /// A head with which the node has caught up.
    Head(Arc<View>),
    /// The host of a run reports.
    Host(RunNumber, ActionEvent),
    /// The issuer's keys, or none any more.
    Keys(Option<Holding>),
}

impl World {
    /// Gives a node an input, which it handles once it is free.
    pub(super) fn feed(&mut self, slot: usize, input: Input, proposal: Option<Proposal>) {
        self.give(slot, Work::Input(input, proposal));
    }

    pub(super) fn give(&mut self, slot: usize, work: Work) {
        let node = &mut self.nodes[slot];
        if node.engine.is_none() {
            return;
        }
        node.inbox.push(work);
        self.work(slot);
    }

    /// A node goes on with its work until it is busy, or has none.
    pub(super) fn work(&mut self, slot: usize) {
        // What it is doing at this moment led here.
        if std::mem::replace(&mut self.nodes[slot].working, true) {
            return;
        }
        while self.nodes[slot].alive() && !self.busy(slot) && self.next_piece(slot) {}
        self.nodes[slot].working = false;
    }

    /// Whether a node is not free yet; then it goes on when it is.
    fn busy(&mut self, slot: usize) -> bool {
        let node = &mut self.nodes[slot];
        let (free_us, generation) = (node.free_us, node.generation);
        if free_us <= self.now_us {
            return false;
        }
        if node.wakes_us != Some(free_us) {
            node.wakes_us = Some(free_us);
            self.at(free_us, Event::Free { slot, generation });
        }
        true
    }

    /// Carries out one effect, or handles one thing. False if there is nothing to do.
    fn next_piece(&mut self, slot: usize) -> bool {
        if let Some(effect) = self.nodes[slot].effects.pop_front() {
            self.carry_out_next(slot, effect);
            return true;
        }
        let now_us = self.now_us;
        let Some(work) = self.nodes[slot].inbox.next(now_us) else { return false };
        let cost_us = self.cost_us(slot, &work);
        self.nodes[slot].free_us = now_us + cost_us;
        self.nodes[slot].inbox.charge(now_us, cost_us);
        match work {
            Work::Input(input, proposal) => self.handle(slot, input, proposal),
            Work::Head(view)
                if self.nodes[slot].view.as_ref().is_some_and(|known| view.height() < known.height()) => {}
            Work::Head(view) => {
                self.nodes[slot].view = Some(Arc::clone(&view));
                self.has_looked(slot);
                self.look(slot, &view);
                self.handle(slot, Input::Registry(view), None);
            }
            Work::Host(run, event) => self.host_reports(slot, run, event),
            Work::Keys(held) => {
                self.keys_given(slot, held.as_ref());
                self.handle(slot, Input::IssuerKeys(Holding::for_engine(held.as_ref())), None);
            }
        }
        true
    }

    fn carry_out_next(&mut self, slot: usize, effect: Effect) {
        let sync_us = self.plan.costs[self.nodes[slot].place()].sync_us;
        if matches!(effect, Effect::Persist(_)) && sync_us > 0 && !self.nodes[slot].synced {
            let us = self.costs_dice.between(sync_us / 2, sync_us);
            let node = &mut self.nodes[slot];
            node.effects.push_front(effect);
            (node.synced, node.free_us) = (true, self.now_us + us);
            node.inbox.charge(self.now_us, us);
            return;
        }
        self.nodes[slot].synced = false;
        // The process may end between two effects.
        if let Some(fuse) = &mut self.nodes[slot].fuse {
            if *fuse == 0 {
                self.nodes[slot].fuse = None;
                return self.crash(slot, false);
            }
            *fuse -= 1;
        }
        if self.killed_at(slot, &effect) {
            return;
        }
        self.carry_out(slot, effect);
    }

    /// The engine handles an input. What it does follows when the time is over that handling takes.
    pub(super) fn handle(&mut self, slot: usize, input: Input, proposal: Option<Proposal>) {
        let now = self.nodes[slot].now(self.now_us, self.epoch_unix_ms);
        let node = &mut self.nodes[slot];
        let Some(engine) = &mut node.engine else { return };
        let effects = engine.handle(now, &mut node.rng, input);
        self.follow(slot, effects, proposal);
        self.finish_step(slot);
    }

    /// Effects follow from what was handled; the checker is told before any of them happens.
    pub(super) fn follow(&mut self, slot: usize, effects: Vec<Effect>, proposal: Option<Proposal>) {
        if self.nodes[slot].honest() {
            self.observe(slot, &effects, proposal);
        }
        self.nodes[slot].effects.extend(effects);
    }

    fn cost_us(&mut self, slot: usize, work: &Work) -> u64 {
        let costs = self.plan.costs[self.nodes[slot].place()];
        if costs == Costs::default() {
            return 0;
        }
        let most_us = costs.handle_us + extra_us(&costs, work);
        self.costs_dice.between(most_us / 2, most_us)
    }
}

/// What handling something costs beside that it is handled.
fn extra_us(costs: &Costs, work: &Work) -> u64 {
    let frame = match work {
        Work::Input(Input::Peer { frame, .. }, _) => frame,
        Work::Input(Input::Request { .. }, _) | Work::Head(_) => return costs.verify_us,
        Work::Input(..) | Work::Host(..) | Work::Keys(_) => return 0,
    };
    match decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX) {
        Ok(PeerMessage::Round(_)) => costs.round_us,
        Ok(PeerMessage::Pair(_) | PeerMessage::Keygen(_)) => costs.set_up_us,
        Ok(PeerMessage::Ping(_) | PeerMessage::Offer(_) | PeerMessage::Stalled { .. }) | Err(_) => 0,
        Ok(_) => costs.verify_us,
    }
}
