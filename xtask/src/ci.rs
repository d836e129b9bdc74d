//! `cargo xtask ci`: every check and every test, in an order in which the cheap ones fail first.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::step::{Steps, as_text, cargo, root, run, target};
use crate::{
    chirp, chirp_page, demo, guest, lit_contracts, mutants, npm_packages, packages, say, sdk, sign_in, sim,
    tidy, warn,
};

/// Seeds of the simulator that each run goes through.
const SEEDS: u64 = 1_000;
/// The version of cargo-deny that checks licences, bans and sources.
const CARGO_DENY: &str = "0.20.2";
/// Where cargo-deny finds the list of known vulnerabilities; without it that one check is left out.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Where the chain's tests with wallets' libraries have their packages.
const WALLETS: &str = "crates/registry/tests/wallets";
/// A chain of another make.
const ANVIL: &str = "crates/cli/tests/anvil";
/// Where the test of actions' names has the reference implementation of IPFS.
const IPFS: &str = "crates/wire/tests/ipfs";
/// Where the test of encryption has the published library of Lit.
const LIT_ENCRYPTION: &str = "examples/lit-encryption";
/// Clients after `docs/http.md` in other languages.
const CLIENTS: &str = "examples/clients";
/// Where the test of the guest's syntax has its programs.
const TEST262: &str = "crates/actions/tests/test262";

/// How the self-test of the test network ends where there can be none.
const TEST_NETWORK_IMPOSSIBLE: i32 = 3;

/// A step: its name, what it is for, and what it does.
struct Step {
    name: &'static str,
    about: &'static str,
    act: Act,
}

enum Act {
    Cargo(&'static [&'static str]),
    Call(fn() -> Result<()>),
}

const STEPS: &[Step] = &[
    Step { name: "packages", about: "what the steps need is installed", act: Act::Call(install) },
    Step { name: "fmt", about: "formatting", act: Act::Cargo(&["fmt", "--all", "--check"]) },
    Step {
        name: "tidy",
        about: "documents, dependency table, tracked files",
        act: Act::Call(|| tidy::run(&[])),
    },
    Step {
        name: "clippy",
        about: "lints are errors",
        act: Act::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Step {
        name: "guest",
        about: "two builds of the action guest are the committed one",
        act: Act::Call(guest_twice),
    },
    Step {
        name: "contracts",
        about: "committed artifacts are what the sources compile to",
        act: Act::Call(contracts),
    },
    Step {
        name: "wallets",
        about: "install ethers v5 and v6, viem and cast, with which tests talk to the chain",
        act: Act::Call(|| npm_ci(WALLETS)),
    },
    Step {
        name: "anvil",
        about: "install anvil, the chain of another make that tests ask the same, and that actions read",
        act: Act::Call(|| npm_ci(ANVIL)),
    },
    Step {
        name: "ipfs",
        about: "install the reference implementation of IPFS, beside which actions are named",
        act: Act::Call(|| npm_ci(IPFS)),
    },
    Step {
        name: "lit encryption",
        about: "install Lit's encryption library, beside which ours is tested",
        act: Act::Call(|| npm_ci(LIT_ENCRYPTION)),
    },
    Step {
        name: "clients",
        about: "install what the example clients in JavaScript and Python need",
        act: Act::Call(clients),
    },
    Step {
        name: "test262",
        about: "install the parser tests that the action guest must pass",
        act: Act::Call(|| npm_ci(TEST262)),
    },
    Step {
        name: "bundles",
        about: "committed bundles of actions are what their sources build to",
        act: Act::Call(chirp::bundles),
    },
    Step {
        name: "chirp check",
        about: "the check of Chirp's streams finds planted faults",
        act: Act::Call(chirp::check),
    },
    Step {
        name: "test network",
        about: "delay, loss and faults between the hosts of tests are as asked, and nothing is left behind",
        act: Act::Call(test_network),
    },
    Step { name: "test", about: "all tests", act: Act::Call(test) },
    Step {
        name: "faults",
        about: "nodes that are told to lie are named",
        act: Act::Cargo(&[
            "test",
            "--locked",
            "--quiet",
            "--package",
            "quorate-cli",
            "--features",
            "faults",
            "--test",
            "network",
            "--",
            "odd_node",
            "lying_coordinator",
            "old_signature",
            "greets_without_end",
            "wrong_partial",
            "wrong_share",
        ]),
    },
    Step {
        name: "doctest",
        about: "examples in the documentation run",
        act: Act::Cargo(&["test", "--doc", "--workspace", "--locked", "--quiet"]),
    },
    Step { name: "doc", about: "documentation without a broken link", act: Act::Call(doc) },
    Step { name: "deny", about: "licences, bans, sources, advisories", act: Act::Call(deny) },
    Step { name: "sim", about: "1,000 seeds of the simulator", act: Act::Call(|| sim::seeds_from(SEEDS, 0)) },
    Step {
        name: "foundings",
        about: "50 foundings under faults in the simulator, and 40 with one kill each",
        act: Act::Call(|| {
            sim::foundings_from(50, 0)?;
            // With no common divisor, so that every node is killed, and all at once.
            sim::kills(37)
        }),
    },
    Step {
        name: "mutants",
        about: "a twentieth of the planted faults are caught",
        act: Act::Call(|| mutants::run(&["--turn".to_owned()])),
    },
    Step { name: "demo", about: "the whole network, in real processes", act: Act::Call(|| demo::run(&[])) },
    Step {
        name: "sdk",
        about: "the client in TypeScript: types, bundle, vectors, hostile nodes, a network of real processes",
        act: Act::Call(sdk::run),
    },
    Step {
        name: "chirp page",
        about: "the page of examples/chirp: types, bundle, checked commits, and what it does when nothing answers",
        act: Act::Call(chirp_page::run),
    },
    Step {
        name: "sign-in page",
        about: "the page for signing in: types, bundle, size, and a sentence for every failure",
        act: Act::Call(sign_in::check),
    },
    Step {
        name: "lit contracts",
        about: "published client libraries call every function of the contracts",
        act: Act::Call(lit_contracts::run),
    },
];

/// What takes longer than a run of the checks may.
const FULL: &[Step] = &[
    Step {
        name: "slow attacks",
        about: "attacks on running processes that take their time",
        act: Act::Call(|| long_network_tests("attacks::")),
    },
    Step {
        name: "chain attacks",
        about: "a chain process is attacked, killed 200 times under load, and its files are damaged at 400 places",
        act: Act::Call(long_chain_tests),
    },
    Step {
        name: "draws that wait",
        about: "1,000 draws to which no value comes: memory, and what others notice",
        act: Act::Cargo(&[
            "test",
            "--locked",
            "--quiet",
            "--package",
            "quorate-cli",
            "--features",
            "faults",
            "--test",
            "network",
            "--",
            "--ignored",
            "--nocapture",
            "waiting::",
        ]),
    },
    Step {
        name: "killed foundings",
        about: "20 foundings of which nodes are killed, and in the simulator one for every write and send",
        act: Act::Call(killed_foundings),
    },
    Step {
        name: "generated programs",
        about: "2,000 calls of the helpers come to the same in a simulation and on nodes",
        act: Act::Call(|| long_network_tests("generated::")),
    },
    Step {
        name: "late founding",
        about: "a founding waits ten minutes for a member, says for whom, and comes to its end",
        act: Act::Call(long_foundings),
    },
    Step {
        name: "contract sequences",
        about: "10,000 random lives of keys come to the same in the contracts and in a model",
        act: Act::Call(contract_sequences),
    },
    Step {
        name: "npm packages",
        about: "the npm packages that actions use most do what they should",
        act: Act::Call(|| npm_packages::run(&[])),
    },
    Step {
        name: "sdk browser",
        about: "the client in TypeScript in Chromium, which is installed for it",
        act: Act::Call(sdk::run_browser),
    },
    Step {
        name: "chirp",
        about: "the rules of Chirp against hostile callers, with a network and a real Ceramic node",
        act: Act::Call(chirp::tests),
    },
    Step {
        name: "lit networks",
        about: "the newer generation's contract clients, whose packages are many",
        act: Act::Call(lit_contracts::run_networks),
    },
    Step {
        name: "chirp browser",
        about: "the page of examples/chirp in Chromium, which it installs: pictures of every state, and two people on real nodes",
        act: Act::Call(chirp_page::run_browser),
    },
    Step {
        name: "sign-in browser",
        about: "a person signs in with passkeys and a real issuer in Chromium, which it installs, on real nodes",
        act: Act::Call(sign_in::run_browser),
    },
    Step {
        name: "all mutants",
        about: "all planted faults are caught",
        act: Act::Call(|| mutants::run(&[])),
    },
    Step {
        name: "more seeds",
        about: "9,000 further seeds of the simulator",
        act: Act::Call(|| sim::seeds_from(9 * SEEDS, SEEDS)),
    },
    Step {
        name: "more foundings",
        about: "500 further foundings under faults in the simulator",
        act: Act::Call(|| sim::foundings_from(500, 50)),
    },
];

/// Runs all steps, or those named behind `--only` or from `--from` on; with `--full`, those of [`FULL`] as well; with
/// `--fast`, what is worth a look before each commit.
pub(crate) fn ci(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let unknown = |name: &str| format!("no step {name:?}; see --list");
    let chosen = match words.as_slice() {
        [] | ["--full"] => STEPS,
        ["--list"] => {
            STEPS.iter().chain(FULL).for_each(|step| say(&format!("{:10} {}", step.name, step.about)));
            return Ok(());
        }
        ["--only", name] => {
            let step = STEPS.iter().chain(FULL).find(|step| step.name == *name);
            std::slice::from_ref(step.with_context(|| unknown(name))?)
        }
        ["--from", name] => {
            let first = STEPS.iter().position(|step| step.name == *name);
            &STEPS[first.with_context(|| unknown(name))?..]
        }
        ["--fast"] => return fast(),
        _ => bail!("usage: cargo xtask ci [--fast | --full | --list | --only STEP | --from STEP]"),
    };
    let mut steps = Steps::new("ci");
    let further = if words == ["--full"] { FULL } else { &[] };
    for step in chosen.iter().chain(further) {
        run_step(&mut steps, step)?;
    }
    steps.summary();
    if words.is_empty() {
        let left: Vec<&str> = FULL.iter().map(|step| step.name).collect();
        warn(&format!("\nnot run; cargo xtask ci --full does: {}", left.join(", ")));
    }
    Ok(())
}

/// Whether there is a step of this name.
pub(crate) fn has_step(name: &str) -> bool {
    STEPS.iter().chain(FULL).any(|step| step.name == name)
}

fn run_step(steps: &mut Steps, step: &Step) -> Result<()> {
    match step.act {
        Act::Cargo(words) => {
            let mut command = cargo();
            command.args(words);
            steps.run(step.name, &as_text(&command), || run(&mut command))
        }
        Act::Call(call) => steps.run(step.name, &format!("cargo xtask ci --only {:?}", step.name), call),
    }
}

/// Format, documents, and lints and unit tests of the crates that are changed.
fn fast() -> Result<()> {
    let mut steps = Steps::new("ci --fast");
    for step in STEPS.iter().filter(|step| matches!(step.name, "fmt" | "tidy")) {
        run_step(&mut steps, step)?;
    }
    let changed = changed_crates()?;
    if changed.is_empty() {
        warn("   no crate is changed: nothing to lint or to test");
    } else {
        let of = |words: &[&str], more: &[&str]| {
            let mut command = cargo();
            command.args(words);
            command.args(changed.iter().flat_map(|name| ["--package", name])).args(more);
            command
        };
        let mut lint = of(&["clippy"], &["--all-targets", "--locked", "--quiet", "--", "-D", "warnings"]);
        steps.run("clippy", &as_text(&lint), || run(&mut lint))?;
        // Cargo refuses `--lib` where none of the packages has a library.
        let library = changed.iter().any(|name| folder_of(name).join("src/lib.rs").is_file());
        let kinds: &[&str] = if library { &["--lib", "--bins"] } else { &["--bins"] };
        let mut test = of(&["test"], &[kinds, &["--locked", "--quiet"]].concat());
        steps.run("unit tests", &as_text(&test), || run(&mut test))?;
    }
    steps.summary();
    Ok(())
}

/// Packages with a changed file: in the working tree, or in the last commit where the working tree is clean.
fn changed_crates() -> Result<BTreeSet<String>> {
    let lines = |words: &[&str]| -> Result<Vec<String>> {
        let output = Command::new("git").current_dir(root()).args(words).output().context("running git")?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    };
    let mut files = lines(&["diff", "--name-only", "HEAD"])?;
    files.extend(lines(&["ls-files", "--others", "--exclude-standard"])?);
    if files.is_empty() {
        files = lines(&["diff", "--name-only", "HEAD~1", "HEAD"])?;
    }
    Ok(files.iter().filter_map(|file| package_of(file)).filter(|name| is_member(name)).collect())
}

/// The package to which a file of the repository belongs.
fn package_of(file: &str) -> Option<String> {
    match file.split('/').collect::<Vec<_>>().as_slice() {
        ["crates", folder, _, ..] => Some(format!("quorate-{folder}")),
        ["xtask", _, ..] => Some("xtask".to_owned()),
        _ => None,
    }
}

/// Whether the package is still there.
fn is_member(package: &str) -> bool {
    folder_of(package).join("Cargo.toml").is_file()
}

fn folder_of(package: &str) -> PathBuf {
    match package.strip_prefix("quorate-") {
        Some(name) => root().join("crates").join(name),
        None => root().join(package),
    }
}

/// Python with pip, which fetches the guest's compiler, Node and npm.
fn install() -> Result<()> {
    packages::ensure_pip()?;
    // Tests on a test network are left out where these are missing.
    packages::ensure(&[packages::PYTHON, packages::IPROUTE2])?;
    packages::ensure_node()
}

fn there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Builds the guest, builds it again in another folder with nothing at hand, and compares both with the committed hash.
fn guest_twice() -> Result<()> {
    guest::run(&[])?;
    guest::run(&["--force".to_owned()])
}

fn contracts() -> Result<()> {
    npm_ci("contracts")?;
    run(Command::new("node").current_dir(root()).args(["contracts/build.mjs", "--check"]))
}

/// Installs exactly what a folder's lock names.
pub(crate) fn npm_ci(folder: &str) -> Result<()> {
    let words = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
    // Standard output is for a task's result.
    run(Command::new("npm").current_dir(root().join(folder)).args(words).stdout(std::io::stderr()))
}

/// Those in Python are for Debian's own interpreter and packages.
fn clients() -> Result<()> {
    npm_ci(CLIENTS)?;
    packages::ensure(&[packages::PYTHON, packages::PYTHON_ECDSA, packages::PYTHON_PYCRYPTODOME])
}

/// Where there can be no test network, the tests that need one are left out, which is said here.
fn test_network() -> Result<()> {
    let mut python = Command::new(packages::PYTHON.file);
    python.current_dir(root()).args(["xtask/testnet/net.py", "--self-test"]).stdout(std::io::stderr());
    match python.status().context("starting the test network")?.code() {
        Some(0) => Ok(()),
        Some(TEST_NETWORK_IMPOSSIBLE) => {
            warn("   no test network here: tests on one are SKIPPED");
            Ok(())
        }
        _ => bail!("the test network is not as asked"),
    }
}

/// Tests of whole networks that take too long for each run of the checks.
fn long_network_tests(module: &str) -> Result<()> {
    let words =
        ["test", "--locked", "--quiet", "--workspace", "--test", "network", "--", "--ignored", module];
    run(cargo().args(words))
}

fn killed_foundings() -> Result<()> {
    sim::kills(1)?;
    let words = ["test", "--locked", "--quiet", "--package", "quorate-cli", "--test", "founding", "--"];
    run(cargo().args(words).args(["--ignored", "--nocapture", "kills::"]))
}

/// Foundings that take too long for each run of the checks.
fn long_foundings() -> Result<()> {
    let words = ["test", "--locked", "--quiet", "--package", "quorate-cli", "--test", "founding", "--"];
    run(cargo().args(words).args(["--ignored", "--nocapture", "ten_minutes"]))
}

/// Tests of a chain process that take too long for each run of the checks.
fn long_chain_tests() -> Result<()> {
    let words = [
        "test",
        "--locked",
        "--quiet",
        "--package",
        "quorate-registry",
        "--test",
        "registry",
        "--",
        "--ignored",
    ];
    run(cargo().args(words).args(["--nocapture", "--test-threads", "1"]))
}

fn contract_sequences() -> Result<()> {
    let words = ["test", "--locked", "--quiet", "--workspace", "--lib", "--", "model::no_sequence_of_calls"];
    run(cargo().args(words).env("REGISTRY_SEQUENCES", "10000"))
}

/// `cargo nextest` where it is installed: one process a test, and a list of what is slow.
fn test() -> Result<()> {
    let mut command = cargo();
    if there("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
    } else {
        warn("   cargo-nextest is not installed; using cargo test");
        command.args(["test", "--workspace", "--locked", "--tests", "--bins", "--lib", "--no-fail-fast"]);
    }
    run(&mut command)
}

fn doc() -> Result<()> {
    let mut command = cargo();
    command.args(["doc", "--workspace", "--no-deps", "--locked", "--quiet"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Result<()> {
    let tools = target().join("tools");
    let program = tools.join("bin").join("cargo-deny");
    let pinned = |program: &std::path::Path| {
        let output = Command::new(program).arg("--version").output();
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-deny {CARGO_DENY}")
        })
    };
    let program = if pinned(std::path::Path::new("cargo-deny")) { "cargo-deny".into() } else { program };
    if !pinned(&program) {
        warn(&format!("   installing cargo-deny {CARGO_DENY} into the target folder (once; some minutes)"));
        let begun = Instant::now();
        let words =
            ["install", "cargo-deny", "--locked", "--quiet", "--profile", "dev", "--no-default-features"];
        let mut install = cargo();
        install.args(words).args(["--version", CARGO_DENY, "--root"]).arg(&tools);
        // Built apart, so that its dependencies never mix with ours.
        run(install.env("CARGO_TARGET_DIR", tools.join("build")))?;
        fs::remove_dir_all(tools.join("build")).ok();
        warn(&format!("   built in {} s", begun.elapsed().as_secs()));
    }
    let check = |what: &[&str]| {
        run(Command::new(&program).current_dir(root()).args(["--locked", "check"]).args(what))
    };
    check(&["bans", "licenses", "sources"])?;
    if reachable() {
        check(&["advisories"])?;
    } else {
        warn("   the advisory database is not reachable: known vulnerabilities were not checked");
    }
    Ok(())
}

/// Whether the advisory database answers within a few seconds.
fn reachable() -> bool {
    let mut git = Command::new("git");
    git.args(["ls-remote", "--exit-code", ADVISORIES, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0");
    git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = git.spawn() else { return false };
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if begun.elapsed() < Duration::from_secs(10) => {
                std::thread::sleep(Duration::from_millis(50));
            }
            _ => {
                // It neither answered nor failed: it is ours, so it is ended and collected.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_its_package() {
        let of = |file| package_of(file);
        assert_eq!(of("crates/engine/src/member/vote.rs").as_deref(), Some("quorate-engine"));
        assert_eq!(of("xtask/src/ci.rs").as_deref(), Some("xtask"));
        for none in ["README.md", "docs/http.md", "crates/README.md", "examples/crates/x/y.js"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert!(is_member("quorate-engine") && is_member("xtask") && !is_member("quorate-gone"));
    }
}
