//! `quorate action test`: runs test files in the guest, with a way to start simulations.
//!
//! A test file can do what an action can, and start simulations, and read files below its folder, its
//! project's or the one in which the command was started; nothing else.

mod answer;
mod diff;
mod junit;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use quorate_actions::{ActionLimits, ActionOutcome, Engine, RunInputs};
use quorate_wire::ErrorCode;
use serde_json::{Value, json};

use super::simulate::{drive, engine, on_guest_thread};
use crate::args::TestArgs;
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::state::write_whole;
use answer::Answers;

const HARNESS: &str = include_str!("test/harness.js");
/// What a test file's name ends with.
const SUFFIX: &str = ".test.js";
/// Deepest folder that is searched, below the one that was named.
const DEPTH_MAX: usize = 16;
/// Most test files of one call.
const FILES_MAX: usize = 10_000;

/// One test.
struct Tested {
    name: String,
    /// Why it failed, and where.
    failure: Option<String>,
}

/// One file of tests.
struct TestedFile {
    path: PathBuf,
    tests: Vec<Tested>,
    log: String,
}

/// Carries out the command; the result says whether every test passed.
pub(crate) fn run(args: &TestArgs, output: Output) -> Result<bool, Failure> {
    let mut files = Vec::new();
    for path in &args.paths {
        find(path, 0, &mut files)?;
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(anyhow::anyhow!("there is no {SUFFIX} file in the folders named").into());
    }
    let engine = engine()?;
    let begun = Instant::now();
    let mut tested = Vec::new();
    for path in files {
        let filter = args.filter.as_deref().unwrap_or_default();
        let file = on_guest_thread(&engine, || run_file(&engine, &path, filter))??;
        file.tests.iter().for_each(|test| output.progress(&line(&file.path, test)));
        for text in file.log.trim_end().lines() {
            output.progress(&format!("log     {}", printable(text)));
        }
        tested.push(file);
    }
    output.progress(&format!("took {} ms", begun.elapsed().as_millis()));
    if let Some(path) = &args.junit {
        write_whole(path, junit::document(&tested).as_bytes(), 0o644)?;
    }
    let document = document(&tested);
    output.result(&document, || summary(&tested));
    Ok(document["failed"] == 0 && document["passed"] != 0)
}

/// Files of tests in a folder and below it, or the file itself.
fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).with_context(|| format!("reading {shown}"))?;
    if !metadata.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(|| format!("reading {shown}"))? {
        let entry = entry.with_context(|| format!("reading {shown}"))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Not followed where it is a link: a link can lead back up.
        let kind = entry.file_type().with_context(|| format!("reading {}", entry.path().display()))?;
        if kind.is_dir() {
            let skipped = name.starts_with('.') || name == "node_modules" || name == "target";
            if !skipped && depth < DEPTH_MAX {
                find(&entry.path(), depth + 1, files)?;
            }
        } else if kind.is_file() && name.ends_with(SUFFIX) {
            if files.len() == FILES_MAX {
                bail!("there are more than {FILES_MAX} test files");
            }
            files.push(entry.path());
        }
    }
    Ok(())
}

fn run_file(engine: &Engine, path: &Path, filter: &str) -> Result<TestedFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let limits = ActionLimits::default();
    // A test file is trusted by whoever runs it: its limits only keep a mistake from running for ever.
    let limits = ActionLimits {
        wall_ms: limits.wall_ms * 10,
        total_ms: limits.total_ms * 20,
        fuel: limits.fuel * 10,
        fetches: 10_000,
        fetched_bytes: 1 << 30,
        host_calls: 10_000,
        randoms: 10_000,
        decryptions: 10_000,
        log_bytes: limits.log_bytes * 10,
        ..limits
    };
    let inputs = RunInputs {
        code: format!("{}{text}", harness(filter)).into_bytes().into(),
        params: "{}".to_owned(),
        auth: "{}".to_owned(),
        time_ms: super::simulate::TIME_MS,
        random_seed: [0; 32],
        limits,
    };
    let mut answers = Answers::new(engine, path)?;
    let finished = drive(engine, &inputs, |open| answers.answer(&open.op).into());
    let mut tests = answers.tested;
    if let (ActionOutcome::Completed { .. }, Some(name)) = (&finished.outcome, answers.running) {
        let code = ErrorCode::ActionPending;
        let failure = format!(
            "{code}: the test waits for a promise that nothing can settle any more; tests behind it did not run"
        );
        tests.push(Tested { name, failure: Some(failure) });
    }
    if let ActionOutcome::Failed { code, message, .. } = &finished.outcome {
        let message = answer::with_file(message, path);
        tests.push(Tested {
            name: "(the file itself)".to_owned(),
            failure: Some(format!("{code}: {message}")),
        });
    }
    Ok(TestedFile { path: path.to_owned(), tests, log: finished.logs })
}

/// The harness in one line, so that the lines of the test file keep their numbers.
fn harness(filter: &str) -> String {
    let lines = HARNESS.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let joined = lines.collect::<Vec<_>>().join(" ");
    joined.replace("'@FILTER@'", &json!(filter).to_string())
}

fn line(path: &Path, test: &Tested) -> String {
    let (name, path) = (printable(&test.name), printable(&path.display().to_string()));
    match &test.failure {
        None => format!("ok      {path}: {name}"),
        Some(why) => {
            let why = printable(why);
            let why: Vec<String> = why.lines().map(|line| format!("        {line}")).collect();
            format!("FAILED  {path}: {name}\n{}", why.join("\n"))
        }
    }
}

fn counts(files: &[TestedFile]) -> (usize, usize) {
    let tests = files.iter().flat_map(|file| &file.tests);
    let (failed, passed): (Vec<&Tested>, Vec<&Tested>) = tests.partition(|test| test.failure.is_some());
    (passed.len(), failed.len())
}

fn document(files: &[TestedFile]) -> Value {
    let (passed, failed) = counts(files);
    let shown: Vec<Value> = files
        .iter()
        .map(|file| {
            let tests = file.tests.iter().map(|test| match &test.failure {
                None => json!({ "name": test.name, "passed": true }),
                Some(why) => json!({ "name": test.name, "passed": false, "failure": why }),
            });
            json!({ "file": file.path, "tests": tests.collect::<Vec<_>>() })
        })
        .collect();
    json!({ "passed": passed, "failed": failed, "files": shown })
}

fn summary(files: &[TestedFile]) -> String {
    let (passed, failed) = counts(files);
    if passed + failed == 0 {
        return "no test ran".to_owned();
    }
    format!("{passed} passed, {failed} failed, in {} files", files.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_is_one_line_without_comments() {
        let line = harness("a\"b");
        assert!(!line.contains('\n') && !line.contains("//  ") && line.contains(r#"filter = "a\"b""#));
        // A comment behind a statement would swallow all that follows.
        assert!(HARNESS.lines().all(|line| !line.trim_start().contains("; //")));
    }
}
