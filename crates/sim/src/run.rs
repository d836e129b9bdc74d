//! Runs of seeds: one in a thread of its own, and whole ranges.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use quorate_engine::Stored;

use crate::{
    committee::{Committee, Shape},
    entropy::seed_system,
    fixture::{Fixture, fixture},
    invariants::Violation,
    scenario::{FOUNDINGS, KILLS, Kill, Kind, Plan},
    world::{Tally, World},
};

/// Seeds of the worlds in which fixtures are founded: this, and the committee's size.
const FOUNDING_SEED: u64 = 1 << 63;
/// Some of the protocols' types are large, and unoptimised code keeps many copies of them.
const STACK_BYTES: usize = 64 << 20;

/// What a seed came to.
#[derive(Debug, Clone)]
pub struct SeedReport {
    /// The seed.
    pub seed: u64,
    /// What it was about.
    pub kind: Kind,
    /// Hash of its trace.
    pub hash: [u8; 32],
    /// Lines of its trace.
    pub lines: u64,
    /// The invariant that broke, and the last lines of the trace.
    pub failure: Option<(Violation, Vec<String>)>,
    /// How long it took, waiting for the fixture left out.
    pub took: Duration,
    pub(crate) tally: Tally,
}

/// Sums over many seeds.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Seeds that ran.
    pub seeds: u64,
    /// Seeds of each kind, and how long they took.
    pub kinds: BTreeMap<Kind, (u64, Duration)>,
    /// Distinct signatures made.
    pub signatures: u64,
    /// Signing attempts.
    pub attempts: u64,
    /// Crashes of nodes.
    pub crashes: u64,
    /// Wrong things done by byzantine nodes.
    pub acts: u64,
    /// Bans.
    pub bans: u64,
    /// Steps of pairwise set-ups that engines reported.
    pub set_ups: u64,
    /// Faulted foundings that ended with one key set.
    pub founded: u64,
    /// Those in which every honest node names who has to act.
    pub waiting: u64,
    /// Sessions that people began by an issuer, by passkeys or by several methods.
    pub sessions: u64,
    /// Times that somebody signed out.
    pub sign_outs: u64,
    /// Answers to callers.
    pub replies: u64,
    /// Answers of completed executions.
    pub completed: u64,
    /// Virtual time.
    pub virtual_us: u64,
    latencies_us: Vec<u64>,
}

impl Summary {
    /// Adds a seed.
    pub fn add(&mut self, report: &SeedReport) {
        let tally = &report.tally;
        self.seeds += 1;
        let kind = self.kinds.entry(report.kind).or_default();
        kind.0 += 1;
        kind.1 += report.took;
        self.signatures += tally.counts.signatures;
        self.attempts += tally.counts.attempts;
        self.bans += tally.counts.bans;
        self.crashes += tally.crashes;
        self.acts += tally.acts;
        self.set_ups += u64::from(tally.set_ups);
        self.founded += u64::from(tally.founded);
        self.waiting += u64::from(tally.waiting);
        self.sessions += u64::from(tally.sessions);
        self.sign_outs += u64::from(tally.sign_outs);
        self.replies += tally.replies;
        self.completed += tally.completed;
        self.virtual_us += tally.virtual_us;
        self.latencies_us.extend(&tally.latencies_us);
    }

    /// The middle virtual latency of completed executions.
    #[must_use]
    pub fn latency_p50_us(&self) -> Option<u64> {
        let mut latencies = self.latencies_us.clone();
        latencies.sort_unstable();
        latencies.get(latencies.len() / 2).copied()
    }
}

/// Runs one seed, in a thread of its own: generators of the ECDSA crate live as long as their thread.
///
/// # Panics
/// If no thread can be started.
#[must_use]
pub fn run_seed(seed: u64, echo: bool) -> SeedReport {
    if let Some(shape) = Shape::ALL.into_iter().find(|shape| seed == founding_seed(*shape)) {
        return in_own_thread(move || found(shape, echo).0);
    }
    let run = move || {
        let plan = Plan::of(seed);
        let fixture = if plan.kind.founds() { Ok(None) } else { fixture(plan.shape).as_ref().map(Some) };
        seed_system(seed);
        match fixture {
            Ok(fixture) => run_plan(seed, plan, fixture, echo),
            Err(report) => (**report).clone(),
        }
    };
    in_own_thread(run)
}

/// How many seeds from [`crate::KILLS`] on there are: every write and send of a founding without faults, and one of all
/// nodes and each of them killed there.
#[must_use]
pub fn kills() -> u64 {
    // A kill at a point to which no node comes.
    let undisturbed = run_seed(KILLS + FOUNDINGS / 4, false);
    (undisturbed.tally.points + 1) * Kill::AT_A_POINT
}

pub(crate) fn in_own_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(run)
        .and_then(|thread| thread.join().map_err(|_| std::io::Error::other("the simulator panicked")))
        .expect("a thread for a seed starts, and ends")
}

fn founding_seed(shape: Shape) -> u64 {
    FOUNDING_SEED + u64::from(shape.n)
}

pub(crate) fn found(shape: Shape, echo: bool) -> (SeedReport, Option<Fixture>) {
    let seed = founding_seed(shape);
    seed_system(seed);
    let committee = Arc::new(Committee::new(shape));
    let empty: Vec<Stored> = (0..shape.n).map(|_| Stored::new()).collect();
    let mut world = World::new(seed, Plan::founding(shape), committee, &empty, echo);
    world.fixture = true;
    world.begin(None);
    let report = guarded(seed, Kind::Founding, &mut world);
    let roots = if report.failure.is_none() { world.roots() } else { None };
    let fixture = roots.map(|roots| Fixture { stores: world.stores(), roots });
    (report, fixture)
}

fn run_plan(seed: u64, plan: Plan, fixture: Option<&'static Fixture>, echo: bool) -> SeedReport {
    let kind = plan.kind;
    let committee = Arc::new(Committee::new(plan.shape));
    let empty: Vec<Stored> = (0..plan.shape.n).map(|_| Stored::new()).collect();
    let stores = fixture.map_or(empty.as_slice(), |fixture| fixture.stores.as_slice());
    let mut world = World::new(seed, plan, committee, stores, echo);
    world.begin(fixture.map(|fixture| fixture.roots));
    guarded(seed, kind, &mut world)
}

/// Runs a world; a panic of an engine is a broken invariant like any other.
fn guarded(seed: u64, kind: Kind, world: &mut World) -> SeedReport {
    let begun = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| world.run())).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without words");
        Err(Violation { invariant: "nothing panics", detail: words.to_owned() })
    });
    let failure = result.err().map(|violation| (violation, world.trace.tail().map(str::to_owned).collect()));
    SeedReport {
        seed,
        kind,
        hash: world.trace.hash(),
        lines: world.trace.count(),
        failure,
        took: begun.elapsed(),
        tally: world.tally.clone(),
    }
}
