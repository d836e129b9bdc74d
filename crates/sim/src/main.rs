//! `quorate-sim`: runs a range of seeds and says what broke.

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use quorate_sim::{FOUNDINGS, KILLS, SeedReport, Summary, kills, prepare, run_seed};

const USAGE: &str =
    "usage: quorate-sim [--seeds N | --foundings N | --kills] [--start S] [--step K] [--jobs J] [--echo] [--keep-going]
  --seeds N  how many seeds (100)
  --foundings N  so many foundings under faults, with liars, and nothing else
  --kills    foundings in which a node, or all, are killed once: at every write and send that there is
  --start S  the first seed (0)
  --step K   every K-th seed from there (1)
  --jobs J   threads (2)
  --echo     print the whole trace, for a single seed
  --keep-going  report every failure, not only the first";

struct Options {
    seeds: u64,
    start: u64,
    step: u64,
    jobs: u64,
    echo: bool,
    keep_going: bool,
    kills: bool,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let (seeds, start, step, jobs) = (100, 0, 1, 2);
    let mut options = Options { seeds, start, step, jobs, echo: false, keep_going: false, kills: false };
    while let Some(argument) = arguments.next() {
        let place = match argument.as_str() {
            "--seeds" => &mut options.seeds,
            "--foundings" => {
                options.start = FOUNDINGS;
                &mut options.seeds
            }
            "--start" => &mut options.start,
            "--step" => &mut options.step,
            "--jobs" => &mut options.jobs,
            "--kills" => {
                (options.start, options.kills) = (KILLS, true);
                continue;
            }
            "--echo" => {
                options.echo = true;
                continue;
            }
            "--keep-going" => {
                options.keep_going = true;
                continue;
            }
            _ => return None,
        };
        *place = arguments.next()?.parse().ok()?;
    }
    if options.kills {
        options.seeds = kills().div_ceil(options.step.max(1));
    }
    (options.jobs > 0).then_some(options)
}

#[expect(clippy::print_stdout, reason = "a command-line tool says what it found")]
fn main() -> ExitCode {
    let Some(options) = parse(std::env::args().skip(1)) else {
        println!("{USAGE}");
        return ExitCode::from(2);
    };
    // A panic inside a seed is reported with that seed, not by itself.
    std::panic::set_hook(Box::new(|_| {}));
    let begun = Instant::now();
    prepare((0..options.seeds).map(|offset| options.start + offset * options.step), options.jobs);
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let results = Mutex::new((Summary::default(), None::<SeedReport>));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.min(options.seeds.max(1)) {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let offset = next.fetch_add(1, Ordering::Relaxed);
                    if offset >= options.seeds {
                        return;
                    }
                    let report = run_seed(options.start + offset * options.step, options.echo);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.0.add(&report);
                    if report.failure.is_some() {
                        if options.keep_going {
                            println!("{}", explain(&report));
                        } else {
                            failed.store(true, Ordering::Relaxed);
                        }
                        // The lowest failing seed, whichever thread was first.
                        if results.1.as_ref().is_none_or(|known| known.seed > report.seed) {
                            results.1 = Some(report);
                        }
                    } else if results.0.seeds.is_multiple_of(100) {
                        println!("{} of {} seeds, {:.0?}", results.0.seeds, options.seeds, begun.elapsed());
                    }
                }
            });
        }
    });
    let (summary, failure) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{}", describe(&summary, begun.elapsed()));
    match failure {
        None => ExitCode::SUCCESS,
        Some(report) => {
            if !options.keep_going {
                println!("{}", explain(&report));
            }
            ExitCode::FAILURE
        }
    }
}

fn describe(summary: &Summary, took: Duration) -> String {
    let kinds: Vec<String> =
        summary.kinds.iter().map(|(kind, (count, took))| format!("{kind:?} {count} in {took:.1?}")).collect();
    let p50 = summary
        .latency_p50_us()
        .map_or_else(|| "none".to_owned(), |us| format!("{:?}", Duration::from_micros(us)));
    format!(
        "{} seeds in {took:.1?} ({})\n{} signatures in {} attempts, {} replies ({} completed, p50 {p50} virtual), \
         {} sessions of people, {} sign-outs, {} crashes, {} byzantine acts, {} bans, {} set-up steps, {:.0?} of virtual time\n\
         {} faulted foundings ended with one key set, {} wait for somebody whom every honest node names",
        summary.seeds,
        kinds.join(", "),
        summary.signatures,
        summary.attempts,
        summary.replies,
        summary.completed,
        summary.sessions,
        summary.sign_outs,
        summary.crashes,
        summary.acts,
        summary.bans,
        summary.set_ups,
        Duration::from_micros(summary.virtual_us),
        summary.founded,
        summary.waiting,
    )
}

fn explain(report: &SeedReport) -> String {
    let Some((violation, lines)) = &report.failure else { return String::new() };
    format!(
        "seed {} ({:?}) broke: {}\n{}\nlast of {} lines:\n{}\nrepeat: cargo run -p quorate-sim -- --seeds 1 --start {} --echo",
        report.seed,
        report.kind,
        violation.invariant,
        violation.detail,
        report.lines,
        lines.join("\n"),
        report.seed,
    )
}
