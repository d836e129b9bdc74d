//! Faults, their ends, and the demand for progress after them.

use std::collections::{BTreeMap, VecDeque};

use quorate_engine::Input;
use quorate_wire::ErrorCode;

use super::{Event, RECOVERY_US, SECOND_US, World};
use crate::{
    host::ScriptEnd,
    issuer::Shell,
    links::Weather,
    node::Node,
    scenario::{ActPlan, Chosen, Fault, KEYS, Who, WishPlan},
};

impl World {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.say(&format!("fault {fault:?}"));
        match fault {
            Fault::Crash { slot, noticed } => self.crash(slot, noticed),
            Fault::Fuse { slot, effects } => self.nodes[slot].fuse = Some(effects),
            Fault::Restart { slot } => self.restart(slot),
            Fault::Image { slot } => self.nodes[slot].image = self.nodes[slot].store.clone(),
            Fault::RollBack { slot } => {
                self.fenced.insert(self.nodes[slot].index);
                self.crash(slot, true);
                self.nodes[slot].store = self.nodes[slot].image.clone();
                self.people.iter_mut().for_each(|people| people.outs.rolled_back(slot));
                self.start(slot);
            }
            Fault::Clone { slot } => self.clone_node(slot),
            Fault::EndClone => self.end_clone(),
            Fault::Block { from, to } => {
                self.links.block(from, to);
                self.after(3 * SECOND_US, Event::Silence { a: from.min(to), b: from.max(to) });
            }
            Fault::Unblock => self.unblock(),
            Fault::Deaf { slot, deaf } => self.nodes[slot].deaf = deaf,
            Fault::SlowChain { slot, lag_us } => self.nodes[slot].lag_us = lag_us,
            Fault::Grant { key, granted } => self.regrant(key, granted),
            Fault::Hand { key, to } => self.hand(key, to),
            Fault::OldChain { blocks, remembers } => self.old_chain(blocks, remembers),
            Fault::WholeChain => self.whole_chain(),
            Fault::Drain { slot } => self.feed(slot, Input::Drain, None),
            Fault::Issuer(fault) => self.issuer_fault(fault),
        }
    }

    /// The process ends. Peers are told at once, or find out by silence.
    pub(super) fn crash(&mut self, slot: usize, noticed: bool) {
        if !self.nodes[slot].alive() {
            return;
        }
        self.say(&format!("{slot} is down"));
        self.tally.crashes += 1;
        let node = &mut self.nodes[slot];
        node.engine = None;
        node.runs.clear();
        node.tick_us = None;
        node.fuse = None;
        node.drop_work();
        let index = node.index;
        self.check_shares(slot);
        for other in 0..self.nodes.len() {
            if self.links.connection(slot, other).is_some() {
                self.links.disconnect(slot, other);
                let delay_us = if noticed { self.dice.between(1_000, 50_000) } else { 3 * SECOND_US };
                let generation = self.nodes[other].generation;
                self.after(delay_us, Event::Gone { slot: other, generation, peer: index });
            }
        }
        self.calls_lost(slot);
    }

    fn restart(&mut self, slot: usize) {
        if !self.nodes[slot].alive() {
            self.start(slot);
        }
    }

    /// Everything is down, and the chain's disk is put back by some blocks; of all nodes perhaps one keeps what it
    /// knew of the chain.
    fn old_chain(&mut self, blocks: usize, remembers: Option<usize>) {
        self.old_chain = Some((self.chain.height().saturating_sub(blocks), remembers));
        for slot in 0..usize::from(self.plan.shape.n) {
            self.crash(slot, true);
            if remembers.is_some_and(|remembers| remembers != slot) {
                self.nodes[slot].store.retain(|key, _| !key.starts_with("final_head"));
            }
        }
        for slot in 0..usize::from(self.plan.shape.n) {
            self.start(slot);
        }
    }

    /// The chain is put back as it was. Nobody was ready meanwhile, once it had heard of what was final.
    fn whole_chain(&mut self) {
        if self.old_chain.take().is_none() {
            return;
        }
        for node in &self.nodes[..usize::from(self.plan.shape.n)] {
            let status = node.engine.as_ref().map(quorate_engine::Engine::status);
            let code = status.and_then(|status| status.waiting_code);
            if node.honest() && code != Some(ErrorCode::RegistryRolledBack) {
                let detail = format!("slot {} says {code:?}", node.slot);
                self.checker.broken("what was final stays final", detail);
                return;
            }
        }
    }

    fn clone_node(&mut self, slot: usize) {
        let node = &self.nodes[slot];
        self.fenced.insert(node.index);
        let twin = Node {
            slot: self.nodes.len(),
            index: node.index,
            generation: 0,
            engine: None,
            store: node.image.clone(),
            image: node.image.clone(),
            rng: node.rng.clone(),
            started_us: self.now_us,
            skew_ms: node.skew_ms,
            lag_us: node.lag_us,
            deaf: false,
            view: None,
            runs: BTreeMap::new(),
            tick_us: None,
            inbox: crate::inbox::Inbox::default(),
            effects: VecDeque::new(),
            synced: false,
            free_us: 0,
            wakes_us: None,
            working: false,
            spins: 0,
            fuse: None,
            points: 0,
            byzantine: None,
            proposals: Vec::new(),
            asked: BTreeMap::new(),
            opens: BTreeMap::new(),
            shell: Shell::default(),
        };
        self.nodes.push(twin);
        self.start(self.nodes.len() - 1);
    }

    fn end_clone(&mut self) {
        for slot in usize::from(self.plan.shape.n)..self.nodes.len() {
            self.crash(slot, true);
        }
    }

    fn unblock(&mut self) {
        self.links.unblock_all();
        for slot in 0..self.nodes.len() {
            self.reconnect(slot, 50_000, 400_000);
        }
    }

    fn regrant(&mut self, key: usize, granted: bool) {
        let (key, action) = (self.keys[key], self.granted_action());
        let scopes = granted.then_some(crate::world::keys::SIGN_ANYTHING);
        self.chain.pending().grant(&key, crate::chain::Granted::Action(action), scopes);
    }

    /// Faults end. Liars go on lying: they are not more than the network promises to bear.
    pub(super) fn heal(&mut self) {
        self.say("faults end");
        self.healed = true;
        self.whole_chain();
        self.heal_people();
        self.links.weather = Weather::CALM;
        self.end_clone();
        for key in 0..self.keys.len().min(KEYS) {
            self.regrant(key, true);
        }
        for slot in 0..usize::from(self.plan.shape.n) {
            self.nodes[slot].deaf = false;
            self.nodes[slot].lag_us = self.nodes[slot].lag_us.min(30_000);
            self.nodes[slot].fuse = None;
            self.restart(slot);
        }
        self.unblock();
        // Finalized blocks follow, and a request must be younger than every node that sees it.
        self.after(5 * SECOND_US, Event::Settle);
    }

    /// Once the honest nodes are ready for each other, they must serve.
    pub(super) fn settle(&mut self) {
        if self.settled {
            if self.calls_pending() {
                self.after(SECOND_US / 4, Event::Settle);
            } else {
                self.check_promises();
                self.done = true;
            }
            return;
        }
        if self.plan.only_founds {
            return self.settle_founding();
        }
        if let Some(what) = self.unsettled() {
            if self.now_us > self.plan.heal_us + RECOVERY_US {
                self.checker.broken("service returns by itself", what);
            }
            self.after(SECOND_US / 4, Event::Settle);
            return;
        }
        self.say("the network has settled");
        self.settled = true;
        if self.keys.is_empty() {
            if self.fixture {
                self.done = true;
                return;
            }
            self.found_keys();
        }
        self.probe();
        self.after(SECOND_US / 4, Event::Settle);
    }

    fn probe(&mut self) {
        let honest: Vec<usize> =
            (0..usize::from(self.plan.shape.n)).filter(|slot| self.nodes[*slot].honest()).collect();
        for time in 0..2 {
            let coordinator = self.dice.pick(&honest).copied().unwrap_or(0);
            let who = if time > 0 { self.prober() } else { Who::Wallet };
            let mut acts = vec![ActPlan::Digest(self.dice.place(KEYS))];
            if time > 0 {
                acts.insert(0, ActPlan::Collect);
            }
            self.wish(
                WishPlan {
                    at_us: self.now_us + 5 * SECOND_US + time * SECOND_US / 2,
                    who,
                    chosen: Chosen::Granted,
                    acts,
                    parallel: false,
                    chained: false,
                    catches: false,
                    compute_ms: 5,
                    end: ScriptEnd::Respond,
                    coordinator,
                    also: None,
                    again_us: None,
                    abandons_us: None,
                    alterations: BTreeMap::new(),
                },
                true,
            );
        }
    }

    /// What is still missing until every honest node is ready for every other one.
    fn unsettled(&self) -> Option<String> {
        let founding = usize::from(self.plan.shape.n);
        (0..founding)
            .filter(|slot| self.nodes[*slot].honest())
            .find_map(|slot| self.lacks(slot))
            .or_else(|| self.not_told())
    }
}
