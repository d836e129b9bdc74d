//! The project's tasks: `cargo xtask` lists them.

mod guest;
mod packages;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask TASK

  guest [--force]   build the action guest (QuickJS-NG as wasm) into the target folder, once";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match task {
        "guest" => guest::run(rest),
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
