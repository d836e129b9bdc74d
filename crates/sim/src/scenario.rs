//! From a seed to a plan: the committee, the weather, the faults, the liars and the callers.

use std::collections::BTreeMap;

use crate::{
    byzantine::Habits,
    committee::Shape,
    entropy::Dice,
    host::{Alteration, ScriptEnd},
    links::Weather,
};

mod agreement;
mod costs;
mod founding;
mod liars;
mod owners;
mod people;
mod revocation;
mod signatures;
mod starts;
mod values;

pub(crate) use costs::Costs;
pub use founding::KILLS;
pub(crate) use founding::Kill;
pub(crate) use people::{Deed, IssuerFault};

/// What a seed is mainly about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No faults: every outcome is known beforehand.
    Quiet,
    /// Loss, duplicates, reordering, long delays.
    Lossy,
    /// Nodes crash, also between two effects, and come back.
    Crashy,
    /// Partitions, one-way losses, flapping.
    Partitioned,
    /// Byzantine nodes flip, garble, withhold, replay, forge.
    ByzantineSender,
    /// Byzantine nodes coordinate: wrong signer sets, intents, attempts, bytes.
    ByzantineCoordinator,
    /// Byzantine nodes lie about values, and about who runs a function.
    ByzantineValues,
    /// Byzantine nodes replay old signatures, withhold new ones, and stall what they coordinate.
    ByzantineSignatures,
    /// Byzantine nodes say that others are behind, and force pairwise set-ups.
    ByzantineStarts,
    /// Runs of honest nodes differ.
    Diverging,
    /// Grants are revoked while signatures are made; views lag and stall.
    Revocation,
    /// The network is founded from nothing, under faults.
    Founding,
    /// The same, and a byzantine node lies about its share.
    ByzantineFounding,
    /// Nodes come back with an old store, or twice.
    Rollback,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 14] = [
        Kind::Quiet,
        Kind::Lossy,
        Kind::Crashy,
        Kind::Partitioned,
        Kind::ByzantineSender,
        Kind::ByzantineCoordinator,
        Kind::ByzantineValues,
        Kind::ByzantineSignatures,
        Kind::ByzantineStarts,
        Kind::Diverging,
        Kind::Revocation,
        Kind::Founding,
        Kind::ByzantineFounding,
        Kind::Rollback,
    ];

    /// Whether the network is founded in it.
    pub(crate) fn founds(self) -> bool {
        matches!(self, Kind::Founding | Kind::ByzantineFounding)
    }

    fn of(seed: u64) -> Kind {
        if Kill::of(seed).is_some() {
            return Kind::Founding;
        }
        if is_faulted_founding(seed) {
            let lies = Dice::new(seed, "kind").happens(500);
            return if lies { Kind::ByzantineFounding } else { Kind::Founding };
        }
        // Foundings and rollbacks cost a pairwise set-up each, so their share is fixed: 25 of 1,000 each.
        match seed % 40 {
            7 if seed % 80 == 47 => return Kind::ByzantineFounding,
            7 => return Kind::Founding,
            23 => return Kind::Rollback,
            31 => return Kind::ByzantineStarts,
            _ => {}
        }
        // A tenth, whatever the dice say: what the other seeds are about stays as it is.
        if seed % 10 == 4 {
            return Kind::ByzantineValues;
        }
        if seed % 20 == 16 {
            return Kind::ByzantineSignatures;
        }
        match Dice::new(seed, "kind").between(0, 99) {
            0..=11 => Kind::Quiet,
            12..=27 => Kind::Lossy,
            28..=43 => Kind::Crashy,
            44..=58 => Kind::Partitioned,
            59..=73 => Kind::ByzantineSender,
            74..=84 => Kind::ByzantineCoordinator,
            85..=91 => Kind::Diverging,
            _ => Kind::Revocation,
        }
    }
}

/// The first of the seeds that are faulted foundings and nothing else.
pub const FOUNDINGS: u64 = 1 << 62;

/// Whether a seed is one of those.
fn is_faulted_founding(seed: u64) -> bool {
    (FOUNDINGS..2 * FOUNDINGS).contains(&seed)
}

/// A fault, or its end, at a planned moment. Numbers are slots: the node with index slot + 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process ends; peers notice at once or only by silence.
    Crash { slot: usize, noticed: bool },
    /// The process ends between two effects: after so many more.
    Fuse { slot: usize, effects: u32 },
    /// It starts again from its store.
    Restart { slot: usize },
    /// The store is copied aside.
    Image { slot: usize },
    /// It ends, and starts again from the copy.
    RollBack { slot: usize },
    /// The copy starts as a second instance of the same node.
    Clone { slot: usize },
    /// The second instance ends.
    EndClone,
    /// Nothing passes from one to the other.
    Block { from: usize, to: usize },
    /// Everything passes again.
    Unblock,
    /// This node hears nothing from the chain, or hears again.
    Deaf { slot: usize, deaf: bool },
    /// Somebody between this node and the chain hands out its blocks late, and holds nothing else back.
    SlowChain { slot: usize, lag_us: u64 },
    /// The grant of the granted action on this key is taken away, or given back.
    Grant { key: usize, granted: bool },
    /// All nodes end, the chain is put back by so many blocks, and all start again. One of them may be the only one
    /// that still knows what was final.
    OldChain { blocks: usize, remembers: Option<usize> },
    /// The chain has all of its blocks again.
    WholeChain,
    /// A key that a key owns is handed to another key, or to the wallet that owns.
    Hand { key: usize, to: Option<usize> },
    /// The operator asks the node to stop taking executions.
    Drain { slot: usize },
    /// Of the issuer of tokens.
    Issuer(IssuerFault),
}

/// Which of the world's actions a request runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Granted on every key, with the scope.
    Granted,
    /// Granted nowhere; the session of the owner names it.
    ByOwner,
    /// Granted nowhere.
    Ungranted,
    /// Granted without the scope.
    WithoutScope,
}

/// In whose name a request is made; keys by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// In that of a wallet which fits its action.
    Wallet,
    /// In that of a key, once the network has signed its login.
    Key(usize),
    /// In that of a key, with a login that somebody else signed.
    Forger(usize),
    /// In that of somebody who logs in otherwise.
    Person(usize),
}

/// One thing that an action asks for; keys by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActPlan {
    Digest(usize),
    Personal(usize),
    /// The login of the key itself.
    Login(usize),
    Own,
    Collect,
    Draw,
    /// What is encrypted to the key.
    Open(usize),
    Once(bool),
    Child(Chosen, Vec<ActPlan>),
}

/// A request that a caller makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WishPlan {
    pub(crate) at_us: u64,
    pub(crate) who: Who,
    pub(crate) chosen: Chosen,
    /// What it asks for.
    pub(crate) acts: Vec<ActPlan>,
    pub(crate) parallel: bool,
    /// Whether its first digest is that of all requests that say so, and each next one depends on the signature
    /// before it.
    pub(crate) chained: bool,
    pub(crate) catches: bool,
    pub(crate) compute_ms: u64,
    pub(crate) end: ScriptEnd,
    /// Where it is submitted.
    pub(crate) coordinator: usize,
    /// A second coordinator that gets the same request, after so many microseconds.
    pub(crate) also: Option<(usize, u64)>,
    /// The same request comes again, after so many microseconds.
    pub(crate) again_us: Option<u64>,
    /// The caller gives up after so many microseconds.
    pub(crate) abandons_us: Option<u64>,
    /// Whose runs differ, and how.
    pub(crate) alterations: BTreeMap<usize, Alteration>,
}

/// Everything that a run does, before it begins.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    pub(crate) weather: Weather,
    pub(crate) skews_ms: Vec<i64>,
    /// How far each node's view is behind the chain.
    pub(crate) lags_us: Vec<u64>,
    /// What each node's work costs.
    pub(crate) costs: Vec<Costs>,
    pub(crate) byzantine: BTreeMap<usize, Habits>,
    pub(crate) faults: Vec<(u64, Fault)>,
    pub(crate) wishes: Vec<WishPlan>,
    /// Whether people ask who log in otherwise than by one wallet.
    pub(crate) people: bool,
    /// What they do beside asking, and when.
    pub(crate) deeds: Vec<(u64, Deed)>,
    /// Whether the issuer stays as it is when all else heals.
    pub(crate) issuer_stays_ill: bool,
    /// When faults end and everything heals.
    pub(crate) heal_us: u64,
    /// Whether no frame is lost, doubled or overtaken, and nobody lies but about what operations come to: then what
    /// `docs/protocols/execution.md` promises of a set holds of every one that an honest node fixes.
    pub(crate) gentle: bool,
    /// It ends with the founding: no pairs are set up, and nobody is served.
    pub(crate) only_founds: bool,
    /// Who is killed where in it.
    pub(crate) kill: Option<Kill>,
}

/// Keys of the world that actions use.
pub(crate) const KEYS: usize = 3;
/// Keys after them, of which each owns the next, and the first itself.
pub(crate) const OWNERS: usize = 3;
const SECOND: u64 = 1_000_000;

impl Plan {
    pub(crate) fn of(seed: u64) -> Plan {
        if let Some(kill) = Kill::of(seed) {
            return kill.plan(seed);
        }
        let kind = Kind::of(seed);
        let mut dice = Dice::new(seed, "plan");
        let shape = match dice.between(0, 9) {
            0..=5 => Shape { n: 3, t: 2 },
            6..=7 => Shape { n: 4, t: 3 },
            _ => Shape { n: 5, t: 3 },
        };
        // A founding of five costs ten pairwise set-ups, and so does a rollback of all five.
        let costly = kind.founds() || kind == Kind::Rollback;
        let shape = if costly && dice.happens(850) { Shape { n: 3, t: 2 } } else { shape };
        let large = kind == Kind::ByzantineSignatures && dice.happens(150);
        let shape = if large { Shape { n: 7, t: 4 } } else { shape };
        let slots = usize::from(shape.n);
        let mut plan = Plan {
            kind,
            shape,
            weather: Weather::CALM,
            skews_ms: (0..slots).map(|_| skew(&mut dice)).collect(),
            lags_us: (0..slots).map(|_| dice.between(1_000, 30_000)).collect(),
            costs: Vec::new(),
            byzantine: BTreeMap::new(),
            faults: Vec::new(),
            wishes: Vec::new(),
            people: false,
            deeds: Vec::new(),
            issuer_stays_ill: false,
            heal_us: 12 * SECOND,
            gentle: false,
            only_founds: is_faulted_founding(seed),
            kill: None,
        };
        plan.weather.delay_us = dice.between(100, 8_000);
        plan.weather.jitter_us = dice.between(100, 4_000);
        plan.wish(&mut dice);
        plan.trouble(&mut dice);
        if plan.only_founds {
            plan.trouble_founding(&mut Dice::new(seed, "faulted founding"));
        }
        plan.let_people_in(&mut Dice::new(seed, "people"));
        plan.let_keys_own(&mut Dice::new(seed, "keys that own"));
        open_instead(&mut Dice::new(seed, "openings"), plan.wishes.iter_mut());
        plan.costs = Costs::draw(&mut Dice::new(seed, "costs"), slots, plan.gentle);
        plan.faults.sort_by_key(|(at_us, _)| *at_us);
        plan
    }

    /// The plan under which a fixture is founded.
    pub(crate) fn founding(shape: Shape) -> Plan {
        let slots = usize::from(shape.n);
        Plan {
            kind: Kind::Founding,
            shape,
            weather: Weather::CALM,
            skews_ms: vec![0; slots],
            lags_us: vec![1_000; slots],
            costs: vec![Costs::default(); slots],
            byzantine: BTreeMap::new(),
            faults: Vec::new(),
            wishes: Vec::new(),
            people: false,
            deeds: Vec::new(),
            issuer_stays_ill: false,
            heal_us: 0,
            gentle: false,
            only_founds: false,
            kill: None,
        }
    }

    fn slots(&self) -> usize {
        usize::from(self.shape.n)
    }

    fn wish(&mut self, dice: &mut Dice) {
        let count = dice.between(3, 7);
        for _ in 0..count {
            let slots = self.slots();
            let coordinator = dice.place(slots);
            let chosen = match dice.between(0, 9) {
                0..=6 => Chosen::Granted,
                7 => Chosen::ByOwner,
                8 => Chosen::Ungranted,
                _ => Chosen::WithoutScope,
            };
            let operations = if dice.happens(700) { 1 } else { dice.between(0, 3) };
            let end = match dice.between(0, 19) {
                0 => ScriptEnd::Throw,
                _ => ScriptEnd::Respond,
            };
            self.wishes.push(WishPlan {
                at_us: dice.between(4 * SECOND, 11 * SECOND),
                who: Who::Wallet,
                chosen,
                acts: (0..operations).map(|_| act(dice, true)).collect(),
                parallel: dice.happens(400),
                chained: false,
                catches: dice.happens(300),
                compute_ms: if dice.happens(800) { dice.between(0, 30) } else { dice.between(0, 700) },
                end,
                coordinator,
                also: dice.happens(200).then(|| (dice.place(slots), dice.between(0, 400_000))),
                again_us: dice.happens(150).then(|| dice.between(10_000, 20 * SECOND)),
                abandons_us: dice.happens(80).then(|| dice.between(1_000, 500_000)),
                alterations: BTreeMap::new(),
            });
        }
    }

    fn trouble(&mut self, dice: &mut Dice) {
        match self.kind {
            Kind::Quiet => self.spread(dice),
            Kind::Lossy => self.storm(dice),
            Kind::Crashy => {
                let crashes = dice.between(1, 5);
                for _ in 0..crashes {
                    self.crash(dice);
                }
            }
            Kind::Partitioned => self.partitions(dice),
            Kind::ByzantineSender => {
                self.liars(dice, false);
                if dice.happens(300) {
                    self.storm(dice);
                }
            }
            Kind::ByzantineCoordinator => self.liars(dice, true),
            Kind::ByzantineValues => self.lie_about_values(dice),
            Kind::ByzantineSignatures => self.lie_about_signatures(dice),
            Kind::ByzantineStarts => self.lie_about_starts(dice),
            Kind::Diverging => self.diverge(dice),
            Kind::Revocation => self.revoke(dice),
            Kind::Founding => self.found(dice),
            Kind::ByzantineFounding => self.lie_while_founding(dice),
            Kind::Rollback => self.roll_back(dice),
        }
    }

    /// In a quiet world requests do not come at once, so that their outcomes are known.
    fn spread(&mut self, dice: &mut Dice) {
        self.weather = Weather { delay_us: dice.between(100, 5_000), jitter_us: 500, ..Weather::CALM };
        self.skews_ms = vec![0; self.slots()];
        for wish in &mut self.wishes {
            wish.abandons_us = None;
        }
    }

    fn storm(&mut self, dice: &mut Dice) {
        self.weather = Weather {
            delay_us: dice.between(100, 60_000),
            jitter_us: dice.between(100, 60_000),
            lost: u32::try_from(dice.between(0, 300)).unwrap_or(0),
            doubled: u32::try_from(dice.between(0, 300)).unwrap_or(0),
            ordered: dice.happens(300),
            late: u32::try_from(dice.between(0, 100)).unwrap_or(0),
        };
    }

    fn crash(&mut self, dice: &mut Dice) {
        let slot = dice.place(self.slots());
        let at_us = dice.between(3 * SECOND, 11 * SECOND);
        if dice.happens(500) {
            let effects = u32::try_from(dice.between(1, 30)).unwrap_or(1);
            self.faults.push((at_us, Fault::Fuse { slot, effects }));
        } else {
            if dice.happens(200) {
                self.faults.push((at_us.saturating_sub(SECOND), Fault::Drain { slot }));
            }
            self.faults.push((at_us, Fault::Crash { slot, noticed: dice.happens(300) }));
        }
        let back_us = (at_us + dice.between(50_000, 4 * SECOND)).min(self.heal_us - 1);
        self.faults.push((back_us, Fault::Restart { slot }));
    }

    fn partitions(&mut self, dice: &mut Dice) {
        let times = dice.between(1, 4);
        for _ in 0..times {
            let at_us = dice.between(3 * SECOND, 10 * SECOND);
            let slots = self.slots();
            let cut = dice.between(1, (1 << slots) - 2);
            let one_way = dice.happens(300);
            for from in 0..slots {
                for to in 0..slots {
                    let (near, far) = (cut >> from & 1, cut >> to & 1);
                    if near == 1 && far == 0 {
                        self.faults.push((at_us, Fault::Block { from, to }));
                        if !one_way {
                            self.faults.push((at_us, Fault::Block { from: to, to: from }));
                        }
                    }
                }
            }
            let until_us = (at_us + dice.between(100_000, 5 * SECOND)).min(self.heal_us - 1);
            self.faults.push((until_us, Fault::Unblock));
        }
    }

    fn diverge(&mut self, dice: &mut Dice) {
        self.skews_ms = vec![0; self.slots()];
        for wish in &mut self.wishes {
            wish.chosen = Chosen::Granted;
            wish.abandons_us = None;
            wish.end = ScriptEnd::Respond;
            // Who differs, and in what, must be known beforehand: values first, signatures last.
            let values = dice.happens(400);
            wish.acts = wish.acts.iter().map(|_| ActPlan::Digest(dice.place(KEYS))).collect();
            if wish.acts.is_empty() {
                wish.acts.push(ActPlan::Digest(0));
            }
            if values {
                wish.acts.insert(0, ActPlan::Collect);
            }
            let odd = dice.between(0, u64::from(self.shape.n));
            for _ in 0..odd {
                let slot = dice.place(usize::from(self.shape.n));
                let mark = u8::try_from(slot + 1).unwrap_or(1);
                let mark = if dice.happens(700) { mark } else { 1 };
                wish.alterations.insert(slot, alteration(dice, mark));
            }
        }
    }

    fn roll_back(&mut self, dice: &mut Dice) {
        let at_us = dice.between(5 * SECOND, 9 * SECOND);
        if dice.happens(350) {
            // Below what nodes have written down, which may be a second older than what they know.
            let blocks = 3 + dice.place(3);
            let remembers = dice.happens(500).then(|| dice.place(self.slots()));
            self.faults.push((at_us, Fault::OldChain { blocks, remembers }));
            return self.faults.push((at_us + 2 * SECOND, Fault::WholeChain));
        }
        let all = dice.happens(150);
        let slots: Vec<usize> =
            if all { (0..self.slots()).collect() } else { vec![dice.place(self.slots())] };
        for slot in slots {
            // The image at time zero is of the founding: older than this run's own start.
            if dice.happens(500) {
                self.faults.push((dice.between(0, 4 * SECOND), Fault::Image { slot }));
            }
            if !all && dice.happens(400) {
                self.faults.push((at_us, Fault::Clone { slot }));
                self.faults.push((at_us + 2 * SECOND, Fault::EndClone));
            } else {
                self.faults.push((at_us, Fault::RollBack { slot }));
            }
        }
    }
}

fn act(dice: &mut Dice, may_call: bool) -> ActPlan {
    match dice.between(0, 19) {
        0..=8 => ActPlan::Digest(dice.place(KEYS)),
        9..=10 => ActPlan::Personal(dice.place(KEYS)),
        11..=12 => ActPlan::Own,
        13..=14 => ActPlan::Collect,
        15 => ActPlan::Draw,
        16..=17 => ActPlan::Once(dice.happens(200)),
        _ if !may_call => ActPlan::Own,
        _ => {
            let chosen = match dice.between(0, 3) {
                0 => Chosen::Ungranted,
                1 => Chosen::WithoutScope,
                _ => Chosen::Granted,
            };
            let acts = dice.between(1, 2);
            let deeper = dice.happens(200);
            ActPlan::Child(chosen, (0..acts).map(|_| act(dice, deeper)).collect())
        }
    }
}

/// Half of the draws open something instead. The dice are their own: all else of a seed stays as it is.
fn open_instead<'a>(dice: &mut Dice, wishes: impl Iterator<Item = &'a mut WishPlan>) {
    for act in wishes.flat_map(|wish| wish.acts.iter_mut()) {
        if *act == ActPlan::Draw && dice.happens(500) {
            *act = ActPlan::Open(dice.place(KEYS));
        }
    }
}

fn skew(dice: &mut Dice) -> i64 {
    // Within what requests tolerate; a caller's clock is the world's own.
    let size = i64::try_from(dice.between(0, 1_500)).unwrap_or(0);
    if dice.happens(500) { size } else { -size }
}

fn alteration(dice: &mut Dice, mark: u8) -> Alteration {
    match dice.between(0, 9) {
        0..=4 => Alteration::Digest(mark),
        5 => Alteration::Name(mark),
        6 => Alteration::Throw,
        7 => Alteration::Skip,
        8 => Alteration::Response(mark),
        _ => Alteration::Slow(dice.between(100, 1_500)),
    }
}
