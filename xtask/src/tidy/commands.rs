//! Commands of `cargo xtask` in documents: the task is there, and so are its options and the steps that it names.

use std::fs;

use anyhow::{Context as _, Result};

use super::{Findings, files::tracked, prose::is_document};
use crate::{USAGE, ci, step};

const START: &str = "cargo xtask ";

pub(super) fn check() -> Result<Findings> {
    let mut findings = Findings::new();
    for path in tracked()?.into_iter().filter(|path| is_document(path)) {
        let text = fs::read_to_string(step::root().join(&path)).with_context(|| format!("reading {path}"))?;
        for command in commands(&text) {
            findings.extend(wrong(command).map(|reason| format!("{path}: `{START}{command}`: {reason}")));
        }
    }
    Ok(findings)
}

/// What stands behind `cargo xtask` in spans of code and on lines of a terminal.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(START).filter_map(|(at, _)| {
        let before = text[..at].chars().next_back()?;
        let rest = &text[at + START.len()..];
        matches!(before, '`' | ' ')
            .then(|| rest.split(['`', '\n', '#', '|', '&', ';']).next().unwrap_or_default().trim())
    })
}

/// What is wrong with a command, if anything.
fn wrong(command: &str) -> Option<String> {
    let (task, rest) = command.split_once(' ').unwrap_or((command, ""));
    let lines = || USAGE.lines().skip_while(|line| !is_about(line, task));
    let about: Vec<&str> =
        lines().take(1).chain(lines().skip(1).take_while(|line| line.starts_with("     "))).collect();
    if about.is_empty() {
        return Some(format!("no task {task}"));
    }
    let mut words = words(rest).into_iter();
    while let Some(word) = words.next() {
        if !word.starts_with("--") {
            continue;
        }
        if !about.iter().any(|line| line.split(['[', ']', ' ', ';']).any(|known| known == word)) {
            return Some(format!("the task has no option {word}"));
        }
        let step =
            if task == "ci" && matches!(word.as_str(), "--only" | "--from") { words.next() } else { None };
        if let Some(step) = step.filter(|step| step != "STEP" && !ci::has_step(step)) {
            return Some(format!("no step {step:?}"));
        }
        if word == "--then" {
            break;
        }
    }
    None
}

fn is_about(line: &str, task: &str) -> bool {
    !task.is_empty() && line.strip_prefix("  ").is_some_and(|line| line.split(' ').next() == Some(task))
}

/// The words of a command line, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(place, part)| match place % 2 {
            0 => part.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_options_and_steps_that_are_gone_are_found() {
        for right in [
            "demo",
            "ci --only \"lit networks\"",
            "ci --only STEP",
            "sim --seeds 9000 --start 1000",
            "ci --full",
        ] {
            assert_eq!(wrong(right), None, "{right}");
        }
        for (command, part) in
            [("gone", "no task"), ("ci --slow", "--slow"), ("ci --only gone", "no step"), ("", "no task")]
        {
            assert!(wrong(command).is_some_and(|reason| reason.contains(part)), "{command}");
        }
        let text = "see `cargo xtask ci` and\n$ cargo xtask demo\n`mycargo xtask x`";
        assert_eq!(commands(text).collect::<Vec<_>>(), ["ci", "demo"]);
    }
}
