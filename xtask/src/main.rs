//! The project's tasks: `cargo xtask` lists them.

mod bench;
mod chirp;
mod chirp_page;
mod ci;
mod demo;
mod guest;
mod lit_contracts;
mod mutants;
mod npm_packages;
mod packages;
mod sdk;
mod sign_in;
mod sim;
mod step;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask TASK

  demo                       build everything, start a network, mint, grant, burn, sign, verify, refuse
  chirp [--then COMMAND…]    the example of a backend made of actions, running with a real Ceramic node, until Ctrl-C;
                             with a command: run it with the page's address behind its words, and end as it ends
  sign-in [--port PORT] [--then COMMAND…]
                             the page for signing in, with a network and an issuer of OpenID Connect, until Ctrl-C;
                             with a command: run it with the page's address behind its words, and end as it ends
  ci [--fast | --full | --list | --only STEP | --from STEP]
                             every check and every test, each timed; --full adds all planted faults, more seeds, npm packages and a browser;
                             --fast only formats, documents, and lints and unit tests of changed crates
  sim [--seeds N] [--start S]
                             run the simulator over seeds S to S+N
  bench [--json] [--full] [--only protocol|action|scripts|contracts|chain|network|random|decrypt|login|chirp]
                             measure: DKG, set-up, signing, actions, whole executions; beside plain k256 and V8
  guest [--force | --accept] build the action guest (QuickJS-NG as wasm) into the target folder, once, and compare it with the committed hash;
                             --force builds it again; --accept makes its hash the committed one
  mutants [--list | --only NAME | --turn | --part K]
                             plant faults in checks that keep a promise, and show which test catches each
  npm-packages [NAME…]       bundle the npm packages that actions use most, and run one call of each
  tidy                       compare documents, dependency table and tracked files with the code";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match task {
        "bench" => bench::run(rest),
        "chirp" => chirp::run(rest),
        "ci" => ci::ci(rest),
        "demo" => demo::run(rest),
        "guest" => guest::run(rest),
        "mutants" => mutants::run(rest),
        "npm-packages" => npm_packages::run(rest),
        "sign-in" => sign_in::run(rest),
        "sim" => sim::run(rest),
        "tidy" => tidy::run(rest),
        "help" | "--help" | "-h" => {
            say(USAGE);
            Ok(())
        }
        other => Err(anyhow::anyhow!("no task {other}\n\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            warn(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line of a task's result.
#[expect(clippy::print_stdout, reason = "tasks talk to the person who runs them")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Prints a line about what a task is doing.
#[expect(clippy::print_stderr, reason = "tasks talk to the person who runs them")]
pub(crate) fn warn(line: &str) {
    eprintln!("{line}");
}
