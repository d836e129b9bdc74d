//! The world: nodes, channels, a chain and callers on one virtual clock, driven by one queue of events.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use quorate_engine::{ActionEvent, Engine, Input, RunNumber, Stored};
use quorate_wire::{NodeIndex, Proposal, PublicKey, RootKeys};
use rand_core::SeedableRng as _;

use crate::{
    byzantine::Byzantine,
    caller::Wallet,
    chain::Chain,
    committee::Committee,
    entropy::Dice,
    inbox::Inbox,
    invariants::{Checker, Counts, Violation},
    issuer::Shell,
    links::Links,
    node::{FOUNDED_UNIX_MS, Node},
    scenario::{Fault, Plan},
    trace::Trace,
};

mod calls;
mod effects;
mod expect;
mod faults;
mod founding;
mod keys;
mod observe;
mod pairs;
mod people;
mod sign_outs;
mod work;

use calls::{Call, Wish};
use people::{People, PeopleEvent};
pub(crate) use work::Work;

/// Slots of the second instances of nodes come after all nodes.
const SECOND_US: u64 = 1_000_000;
/// Longest time from the end of all faults until the network serves again.
const SPINS: u32 = 100;
const RECOVERY_US: u64 = 60 * SECOND_US;

/// What can happen next.
enum Event {
    Frame {
        from: usize,
        to: usize,
        connection: u32,
        to_generation: u32,
        frame: Vec<u8>,
        proposal: Option<Box<Proposal>>,
        kind: String,
    },
    Connect {
        a: usize,
        b: usize,
    },
    Silence {
        a: usize,
        b: usize,
    },
    Gone {
        slot: usize,
        generation: u32,
        peer: NodeIndex,
    },
    Tick {
        slot: usize,
        generation: u32,
        at_us: u64,
    },
    Block,
    Head {
        slot: usize,
        generation: u32,
        height: usize,
        asked_mono_ms: u64,
    },
    Found {
        slot: usize,
        generation: u32,
        run: RunNumber,
        action: quorate_wire::ActionCid,
    },
    Host {
        slot: usize,
        generation: u32,
        run: RunNumber,
        event: ActionEvent,
    },
    Proceed {
        slot: usize,
        generation: u32,
        run: RunNumber,
        out_of_time: bool,
    },
    /// A node is no longer busy.
    Free {
        slot: usize,
        generation: u32,
    },
    Lie {
        slot: usize,
    },
    Submit {
        wish: usize,
        slot: usize,
    },
    Abandon {
        call: u64,
    },
    Due {
        call: u64,
    },
    Fault(Fault),
    People(PeopleEvent),
    Heal,
    Settle,
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) crashes: u64,
    pub(crate) acts: u64,
    pub(crate) set_ups: u32,
    /// The most writes and sends of a node that was founded in its first life.
    pub(crate) points: u64,
    /// Whether a founding ended, where nothing else is looked at.
    pub(crate) founded: bool,
    /// Whether it waits for somebody whom all name.
    pub(crate) waiting: bool,
    /// Sessions that people began otherwise than by one wallet.
    pub(crate) sessions: u32,
    pub(crate) sign_outs: u32,
    pub(crate) replies: u64,
    pub(crate) completed: u64,
    pub(crate) latencies_us: Vec<u64>,
    pub(crate) virtual_us: u64,
}

pub(crate) struct World {
    plan: Plan,
    seed: u64,
    committee: Arc<Committee>,
    epoch_unix_ms: u64,
    now_us: u64,
    sequence: u64,
    queue: BTreeMap<(u64, u64), Event>,
    nodes: Vec<Node>,
    links: Links,
    chain: Chain,
    wallets: Vec<Wallet>,
    keys: Vec<PublicKey>,
    people: Option<People>,
    wishes: Vec<Wish>,
    calls: BTreeMap<u64, Call>,
    dice: Dice,
    /// What work costs is drawn apart.
    costs_dice: Dice,
    pub(crate) checker: Checker,
    pub(crate) trace: Trace,
    pub(crate) tally: Tally,
    /// Nodes whose stores were rolled back or doubled: the network may have them stop.
    fenced: BTreeSet<NodeIndex>,
    /// An older chain was put back: its height, and who alone knows that it was further.
    old_chain: Option<(usize, Option<usize>)>,
    healed: bool,
    settled: bool,
    done: bool,
    /// It is run only for what it leaves on the nodes' disks.
    pub(crate) fixture: bool,
}

impl World {
    /// A world in which the nodes have these stores: empty ones before the founding.
    pub(crate) fn new(
        seed: u64,
        plan: Plan,
        committee: Arc<Committee>,
        stores: &[Stored],
        echo: bool,
    ) -> World {
        let founding = plan.kind.founds();
        let epoch_unix_ms = if founding { FOUNDED_UNIX_MS } else { FOUNDED_UNIX_MS + 3_600_000 };
        let indices = committee.indices();
        let dishonest = plan.byzantine.keys().map(|slot| indices[*slot]).collect();
        let nodes = indices.iter().enumerate().map(|(slot, index)| {
            let byzantine = plan.byzantine.get(&slot).map(|habits| {
                let dice = Dice::new(seed, &format!("byzantine {slot}"));
                let mut liar = Byzantine::new(&committee, *index, *habits, dice);
                liar.collude(plan.byzantine.keys().map(|slot| indices[*slot]).collect());
                liar
            });
            Node {
                slot,
                index: *index,
                generation: 0,
                engine: None,
                store: stores[slot].clone(),
                image: stores[slot].clone(),
                rng: rand_chacha::ChaCha8Rng::from_seed([0; 32]),
                started_us: 0,
                skew_ms: plan.skews_ms[slot],
                lag_us: plan.lags_us[slot],
                deaf: false,
                view: None,
                runs: BTreeMap::new(),
                tick_us: None,
                inbox: Inbox::default(),
                effects: VecDeque::new(),
                synced: false,
                free_us: 0,
                wakes_us: None,
                working: false,
                spins: 0,
                fuse: None,
                points: 0,
                byzantine,
                proposals: Vec::new(),
                asked: BTreeMap::new(),
                opens: BTreeMap::new(),
                shell: Shell::default(),
            }
        });
        let nodes = nodes.collect();
        let people = plan.people.then(|| People::new(seed));
        World {
            nodes,
            checker: Checker::new(&committee, dishonest),
            links: Links::new(plan.weather),
            chain: Chain::new(epoch_unix_ms, crate::chain::State::default()),
            plan,
            seed,
            committee,
            epoch_unix_ms,
            now_us: 0,
            sequence: 0,
            queue: BTreeMap::new(),
            wallets: Vec::new(),
            people,
            keys: Vec::new(),
            wishes: Vec::new(),
            calls: BTreeMap::new(),
            dice: Dice::new(seed, "world"),
            costs_dice: Dice::new(seed, "costs of work"),
            trace: Trace::new(echo),
            tally: Tally::default(),
            fenced: BTreeSet::new(),
            old_chain: None,
            healed: false,
            settled: false,
            done: false,
            fixture: false,
        }
    }

    /// Sets everything going: the chain, the nodes, the faults, the callers.
    pub(crate) fn begin(&mut self, roots: Option<RootKeys>) {
        self.say(&format!("{:?} {:?} {:?}", self.plan.kind, self.plan.shape, self.links.weather));
        if let Some(roots) = roots {
            self.register(roots);
        }
        self.after(SECOND_US, Event::Block);
        for slot in 0..self.nodes.len() {
            self.start(slot);
            if !self.nodes[slot].honest() {
                self.after(3 * SECOND_US, Event::Lie { slot });
            }
        }
        for (at_us, fault) in self.plan.faults.clone() {
            self.at(at_us, Event::Fault(fault));
        }
        for (at_us, deed) in self.plan.deeds.clone() {
            self.at(at_us, Event::People(PeopleEvent::Deed(deed)));
        }
        self.at(self.plan.heal_us, Event::Heal);
    }

    /// Runs until everything is answered and served, or an invariant broke.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        while !self.done {
            if !self.step() {
                self.checker.broken("the world goes on", "no event is left".to_owned());
            }
            if let Some(violation) = self.checker.violation() {
                return Err(violation.clone());
            }
        }
        self.tally.counts = self.checker.counts();
        self.tally.virtual_us = self.now_us;
        (self.tally.sessions, self.tally.sign_outs) = self.people.as_ref().map_or((0, 0), People::counts);
        self.tally.acts =
            self.nodes.iter().filter_map(|node| node.byzantine.as_ref()).map(|node| node.acts).sum();
        Ok(())
    }

    /// The nodes' stores.
    pub(crate) fn stores(&self) -> Vec<Stored> {
        let founding = self.nodes.iter().take(usize::from(self.plan.shape.n));
        let without_heads = founding.map(|node| {
            // The chain of the world that they go into is another one.
            let stored = node.store.iter().filter(|(key, _)| !key.starts_with("final_head"));
            stored.map(|(key, value)| (key.clone(), value.clone())).collect()
        });
        without_heads.collect()
    }

    /// The certified roots, if every node has them.
    pub(crate) fn roots(&self) -> Option<RootKeys> {
        let roots: Option<Vec<RootKeys>> = self
            .nodes
            .iter()
            .map(|node| node.engine.as_ref().and_then(|engine| engine.status().roots))
            .collect();
        roots?.first().copied()
    }

    fn step(&mut self) -> bool {
        let Some(((at_us, _), event)) = self.queue.pop_first() else { return false };
        self.now_us = at_us;
        match event {
            Event::Frame { from, to, connection, to_generation, frame, proposal, kind } => {
                let stands = self.links.connection(from, to) == Some(connection);
                if stands && self.nodes[to].generation == to_generation && !self.links.blocked(from, to) {
                    self.say(&format!("{to} <- {from} {kind}"));
                    self.deliver(from, to, frame, proposal);
                }
            }
            Event::Connect { a, b } => self.connect(a, b),
            Event::Silence { a, b } => self.silence(a, b),
            Event::Gone { slot, generation, peer } => self.gone(slot, generation, peer),
            Event::Tick { slot, generation, at_us } => {
                if self.nodes[slot].generation == generation && self.nodes[slot].tick_us == Some(at_us) {
                    self.nodes[slot].tick_us = None;
                    self.feed(slot, Input::Tick, None);
                }
            }
            Event::Block => self.block(),
            Event::Head { slot, generation, height, asked_mono_ms } => {
                self.head(slot, generation, (height, asked_mono_ms));
            }
            Event::Found { slot, generation, run, action } => self.found_code(slot, generation, run, &action),
            Event::Host { slot, generation, run, event } => self.host_event(slot, generation, run, event),
            Event::Proceed { slot, generation, run, out_of_time } => {
                self.proceed(slot, generation, run, out_of_time);
            }
            Event::Free { slot, generation } => {
                if self.nodes[slot].generation == generation {
                    self.nodes[slot].wakes_us = None;
                    self.work(slot);
                }
            }
            Event::Lie { slot } => self.lie(slot),
            Event::Submit { wish, slot } => self.submit(wish, slot),
            Event::Abandon { call } => self.abandon(call),
            Event::Due { call } => self.due(call),
            Event::Fault(fault) => self.fault(fault),
            Event::People(event) => self.people_event(event),
            Event::Heal => self.heal(),
            Event::Settle => self.settle(),
        }
        true
    }

    fn say(&mut self, line: &str) {
        self.trace.line(self.now_us, line);
    }

    fn at(&mut self, at_us: u64, event: Event) {
        self.sequence += 1;
        self.queue.insert((at_us.max(self.now_us), self.sequence), event);
    }

    fn after(&mut self, delay_us: u64, event: Event) {
        self.at(self.now_us + delay_us, event);
    }

    /// Starts a node from what its store holds.
    fn start(&mut self, slot: usize) {
        let (seed, now_us, epoch_unix_ms) = (self.seed, self.now_us, self.epoch_unix_ms);
        let node = &mut self.nodes[slot];
        node.generation += 1;
        node.started_us = now_us;
        (node.tick_us, node.fuse, node.view) = (None, None, None);
        (node.spins, node.points) = (0, 0);
        node.runs.clear();
        node.proposals.clear();
        node.asked.clear();
        node.shell.restart();
        node.drop_work();
        self.people.iter_mut().for_each(|people| people.outs.restarted(slot));
        let purpose = format!("node {slot} start {}", node.generation);
        node.rng = rand_chacha::ChaCha8Rng::from_seed(Dice::new(seed, &purpose).bytes());
        let now = node.now(now_us, epoch_unix_ms);
        let config = self.committee.config(node.index);
        match Engine::new(config, &node.store, now) {
            Ok((engine, effects)) => {
                node.engine = Some(engine);
                let generation = node.generation;
                self.say(&format!("{slot} starts, {generation}"));
                self.follow(slot, effects, None);
                self.remembers_revocations(slot);
                self.finish_step(slot);
                self.work(slot);
                let height = self.chain.height();
                let delay_us = self.dice.between(2_000, 40_000);
                let asked_mono_ms = self.nodes[slot].mono_ms(self.now_us);
                self.after(delay_us, Event::Head { slot, generation, height, asked_mono_ms });
                self.reconnect(slot, 5_000, 80_000);
            }
            Err(error) => {
                let honest = node.honest();
                self.say(&format!("{slot} does not start: {error}"));
                if honest {
                    self.checker.broken("a node starts from what it wrote", format!("slot {slot}: {error}"));
                }
            }
        }
    }

    /// Lets a node try its peers again, some time soon.
    fn reconnect(&mut self, slot: usize, soonest_us: u64, latest_us: u64) {
        for other in 0..self.nodes.len() {
            if self.nodes[other].index != self.nodes[slot].index {
                let delay_us = self.dice.between(soonest_us, latest_us);
                self.after(delay_us, Event::Connect { a: slot, b: other });
            }
        }
    }

    fn connect(&mut self, a: usize, b: usize) {
        let alive = self.nodes[a].alive() && self.nodes[b].alive();
        if !alive || self.links.connection(a, b).is_some() || !self.links.passable(a, b) {
            return;
        }
        for (near, far) in [(a, b), (b, a)] {
            // A connection in a peer's name replaces the one that stood.
            let index = self.nodes[far].index;
            let twins: Vec<usize> = (0..self.nodes.len())
                .filter(|other| *other != far && self.nodes[*other].index == index)
                .filter(|other| self.links.connection(near, *other).is_some())
                .collect();
            for twin in twins {
                self.links.disconnect(near, twin);
                let generation = self.nodes[twin].generation;
                let peer = self.nodes[near].index;
                self.after(1_000, Event::Gone { slot: twin, generation, peer });
                let back_us = self.dice.between(300_000, 1_500_000);
                self.after(back_us, Event::Connect { a: near, b: twin });
            }
        }
        self.links.connect(a, b);
        self.say(&format!("{a} and {b} are connected"));
        for (near, far) in [(a, b), (b, a)] {
            let peer = self.nodes[far].index;
            self.feed(near, Input::PeerConnected { peer }, None);
        }
    }

    /// Nothing has passed for the channel's idle time-out.
    fn silence(&mut self, a: usize, b: usize) {
        if self.links.passable(a, b) || self.links.connection(a, b).is_none() {
            return;
        }
        self.links.disconnect(a, b);
        self.say(&format!("{a} and {b} are cut off"));
        for (near, far) in [(a, b), (b, a)] {
            let peer = self.nodes[far].index;
            self.feed(near, Input::PeerDisconnected { peer }, None);
        }
    }

    /// A node learns that a peer's connection has ended, unless another one stands by now.
    fn gone(&mut self, slot: usize, generation: u32, peer: NodeIndex) {
        let stands = (0..self.nodes.len())
            .any(|other| self.nodes[other].index == peer && self.links.connection(slot, other).is_some());
        if self.nodes[slot].generation == generation && !stands {
            self.feed(slot, Input::PeerDisconnected { peer }, None);
        }
    }

    fn deliver(&mut self, from: usize, to: usize, frame: Vec<u8>, proposal: Option<Box<Proposal>>) {
        let from = self.nodes[from].index;
        let liar = self.nodes[to].byzantine.as_mut();
        let heard = liar.is_none_or(|byzantine| byzantine.incoming(from, &frame));
        self.react(to);
        if !heard {
            return;
        }
        self.feed(to, Input::Peer { from, frame }, proposal.map(|proposal| *proposal));
    }

    fn block(&mut self) {
        let unix_ms = self.epoch_unix_ms + self.now_us / 1_000;
        self.chain.produce(unix_ms);
        let height = self.chain.height();
        for slot in 0..self.nodes.len() {
            let node = &self.nodes[slot];
            if node.alive() && !node.deaf {
                let (generation, lag_us) = (node.generation, node.lag_us);
                let asked_mono_ms = node.mono_ms(self.now_us);
                self.after(lag_us, Event::Head { slot, generation, height, asked_mono_ms });
            }
        }
        self.after(SECOND_US, Event::Block);
    }

    /// A node has caught up with a head. It was asked for when it was made, however late its blocks came.
    fn head(&mut self, slot: usize, generation: u32, (height, asked_mono_ms): (usize, u64)) {
        let node = &self.nodes[slot];
        let known = node.view.as_ref().is_some_and(|view| height <= view.height());
        if node.generation != generation || !node.alive() || known {
            return;
        }
        let view = match self.old_chain {
            Some((old, _)) => {
                let unix_ms = self.epoch_unix_ms + self.now_us / 1_000;
                self.chain.old_view(old, asked_mono_ms, unix_ms)
            }
            None => self.chain.view(height, asked_mono_ms),
        };
        self.give(slot, Work::Head(view));
    }

    fn lie(&mut self, slot: usize) {
        let Some(byzantine) = &mut self.nodes[slot].byzantine else { return };
        let frames = byzantine.initiative();
        if self.nodes[slot].alive() {
            for (to, frame) in frames {
                self.transmit(slot, to, &frame);
            }
        }
        self.check_held();
        self.check_pairs();
        let pause_us = self.dice.between(30_000, 400_000);
        self.after(pause_us, Event::Lie { slot });
    }

    /// A liar sends what it makes of what it has just seen.
    fn react(&mut self, slot: usize) {
        let Some(byzantine) = &mut self.nodes[slot].byzantine else { return };
        for (to, frame) in byzantine.reactions() {
            if to == self.nodes[slot].index {
                self.tell_itself(slot, frame);
            } else {
                self.transmit(slot, to, &frame);
            }
        }
    }

    /// A liar's own engine is told something, as by a peer that it is connected to.
    fn tell_itself(&mut self, slot: usize, frame: Vec<u8>) {
        let peers = (0..self.nodes.len()).filter(|peer| *peer != slot);
        let connected = |peer: usize| self.links.connection(peer, slot).map(|connection| (peer, connection));
        let Some((from, connection)) = peers.filter_map(connected).next() else { return };
        let (to_generation, kind) = (self.nodes[slot].generation, crate::trace::describe(&frame));
        let event = Event::Frame { from, to: slot, connection, to_generation, frame, proposal: None, kind };
        self.after(1_000, event);
    }

    /// What is checked and arranged after every input.
    fn finish_step(&mut self, slot: usize) {
        let now_us = self.now_us;
        let node = &mut self.nodes[slot];
        let Some(engine) = &node.engine else { return };
        let status = engine.status();
        let due_us = engine.next_deadline().map(|mono_ms| node.at_us(mono_ms));
        let life = node.life();
        if due_us.is_some_and(|due_us| due_us <= now_us) {
            node.spins += 1;
            if node.spins > SPINS {
                self.checker.broken("deadlines pass", format!("{life:?} keeps a deadline that is over"));
            }
        } else {
            node.spins = 0;
        }
        let tick_us = due_us.map(|due_us| due_us.max(now_us + 1_000 * u64::from(due_us <= now_us)));
        if tick_us != node.tick_us {
            let generation = node.generation;
            node.tick_us = tick_us;
            if let Some(at_us) = tick_us {
                self.at(at_us, Event::Tick { slot, generation, at_us });
            }
        }
        if self.nodes[slot].honest() {
            self.checker.tables(life, status.running, status.remembered);
            if let Some(roots) = status.roots {
                self.checker.roots(life, roots);
            }
        }
    }
}
