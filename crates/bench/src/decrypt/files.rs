//! A file of 1 GB through `quorate encrypt` and `quorate decrypt`, beside the program `age`, in turns.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use quorate_client::Wallet;

use crate::{cpu, network::Network, table::Table};

const FILE_BYTES: usize = 1_000_000_000;
const PART_BYTES: usize = 1_000_000;
/// The fastest counts: the others have waited for neighbours.
const TURNS: usize = 5;
/// In memory, where there is such a place: no disk is measured.
const IN_MEMORY: &str = "/dev/shm";
/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A folder of our own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(network: &Network) -> Result<Self> {
        let memory = Path::new(IN_MEMORY);
        let beside = if memory.is_dir() { memory } else { network.folder.as_path() };
        let path = beside.join(format!("quorate-bench-files-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Folder(path))
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a program took.
struct Took {
    seconds: f64,
    cpu_seconds: f64,
    /// The most memory that it had at once.
    peak_bytes: f64,
}

pub(crate) fn run(table: &mut Table, quorate: &Path, network: &Network) -> Result<()> {
    let folder = Folder::new(network)?;
    let [plain, ours, theirs, opened, reopened, key] =
        ["plain", "ours", "theirs", "opened", "reopened", "key"].map(|name| folder.file(name));
    fill(&plain)?;
    let made = Command::new("age-keygen").args(["-o", &key]).output().context("age is missing")?;
    ensure!(made.status.success(), "age-keygen: {}", String::from_utf8_lossy(&made.stderr));
    let to = Wallet::from_file(&network.state().join("wallet.key"))?.address().to_string();
    let state = network.state().display().to_string();
    let ours_of = |words: &[&str]| took(Command::new(quorate).args(words).args(["--dir", &state]));
    let theirs_of = |words: &[&str]| took(Command::new("age").args(words));
    let mut all: [Vec<Took>; 4] = Default::default();
    for _ in 0..TURNS {
        let turn = [
            ours_of(&["encrypt", &plain, "-o", &ours, "--to-address", &to])?,
            theirs_of(&["--encrypt", "--identity", &key, "-o", &theirs, &plain])?,
            ours_of(&["decrypt", &ours, "-o", &opened])?,
            theirs_of(&["--decrypt", "--identity", &key, "-o", &reopened, &theirs])?,
        ];
        all.iter_mut().zip(turn).for_each(|(all, one)| all.push(one));
        // Each begins with nothing to replace.
        for path in [&ours, &theirs, &opened, &reopened] {
            fs::remove_file(path)?;
        }
    }
    let [encrypted, age_encrypted, decrypted, age_decrypted] = all;
    for (what, ours, theirs) in
        [("encrypted", encrypted, age_encrypted), ("decrypted", decrypted, age_decrypted)]
    {
        let wall = |took: &Took| took.seconds;
        table.add(&format!("1 GB {what}"), speed(&ours, wall), "MB/s", Some(speed(&theirs, wall)));
        let cpu = |took: &Took| took.cpu_seconds;
        let name = format!("1 GB {what}, for each second of CPU");
        table.add(&name, speed(&ours, cpu), "MB/s", Some(speed(&theirs, cpu)));
        table.add(&format!("1 GB {what}, memory at most"), peak(&ours), "MB", Some(peak(&theirs)));
    }
    Ok(())
}

/// Writes the file that is encrypted.
fn fill(path: &str) -> Result<()> {
    let mut part = vec![0; PART_BYTES];
    getrandom::fill(&mut part)?;
    let mut file = File::create(path)?;
    for _ in 0..FILE_BYTES / PART_BYTES {
        file.write_all(&part)?;
    }
    Ok(())
}

/// Runs a program to its end.
fn took(command: &mut Command) -> Result<Took> {
    let (begun, before_ms) = (Instant::now(), cpu::ended_children_ms());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("starting")?;
    let mut peak_bytes = 0.0_f64;
    loop {
        // Of a process that has ended nothing is told any more.
        peak_bytes = peak_bytes.max(cpu::memory_bytes(child.id(), "VmHWM").unwrap_or(0.0));
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "{command:?} ended with {status}");
            let seconds = begun.elapsed().as_secs_f64();
            let cpu_seconds = (cpu::ended_children_ms() - before_ms) / 1e3;
            return Ok(Took { seconds, cpu_seconds, peak_bytes });
        }
        std::thread::sleep(LOOK);
    }
}

/// Megabytes a second in the fastest turn.
fn speed(turns: &[Took], seconds: impl Fn(&Took) -> f64) -> f64 {
    FILE_BYTES as f64 / 1e6 / turns.iter().map(seconds).fold(f64::INFINITY, f64::min)
}

/// Megabytes of memory, the most of all turns.
fn peak(turns: &[Took]) -> f64 {
    turns.iter().map(|took| took.peak_bytes / 1e6).fold(0.0, f64::max)
}
