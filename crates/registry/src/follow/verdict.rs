//! What is known of a snapshot over starts: that it was refused, and how long its confirmation was waited for.
//!
//! Both are small files beside the state. Without them a supervisor's restart would begin with the wrong snapshot again.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Follow;
use crate::{
    chain::{BlockId, snapshot::SnapshotError},
    error::ChainFault,
};

/// How often it is written at most how long was waited.
const KEEP_EVERY: Duration = Duration::from_secs(10);

/// Why a snapshot is not begun with again.
#[derive(Serialize, Deserialize)]
struct Refused {
    block: BlockId,
    fault: String,
}

/// What one snapshot's confirmation has taken.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Waited {
    block: BlockId,
    /// For how long blocks were waited for, while the chain answered.
    pub(super) waited: Duration,
    /// How many came.
    pub(super) blocks: u64,
}

/// What was waited, and when it was written.
#[derive(Default)]
pub(super) struct Patience {
    now: Option<Waited>,
    kept: Option<Instant>,
}

impl Follow {
    fn beside(&self, extension: &str) -> Option<PathBuf> {
        self.state.as_ref().map(|state| state.path.with_extension(extension))
    }

    fn refusal(&self) -> Option<PathBuf> {
        self.beside("snapshot-refused")
    }

    fn patience(&self) -> Option<PathBuf> {
        self.beside("snapshot-waited")
    }

    /// Whether an earlier start, or this one, has found the snapshot to be wrong.
    pub(super) fn was_refused(&self, block: BlockId) -> Result<(), SnapshotError> {
        let Some(path) = self.refusal() else { return Ok(()) };
        let refused = match read::<Refused>(&path) {
            Ok(Some(refused)) if refused.block.hash == block.hash => refused.fault,
            Ok(_) => return Ok(()),
            // Somebody's verdict was here: nothing is served on a guess.
            Err(error) => error,
        };
        Err(SnapshotError::RefusedBefore { fault: refused, verdict: path.display().to_string() })
    }

    /// Keeps that the snapshot is wrong, before anything else is done about it.
    pub(super) fn refuse(&self, fault: &ChainFault) {
        let block = self.confirming().block;
        let (Some(path), Some(block)) = (self.refusal(), block) else { return };
        let refused = Refused { block, fault: fault.to_string() };
        if let Err(error) = write(&path, &refused) {
            tracing::error!(%error, "that the snapshot was refused cannot be kept: the next start takes it again");
        }
        // Whoever takes the verdict back begins with the whole patience.
        self.forget_patience();
    }

    pub(super) fn forget_patience(&self) {
        self.confirming().patience = Patience::default();
        if let Some(path) = self.patience() {
            // What is left of it is of one snapshot that is not looked at any more.
            let _ = std::fs::remove_file(path);
        }
    }

    /// What was waited for this snapshot, in this start and the earlier ones.
    pub(super) fn add_patience(&self, waited: Duration, blocks: u64) -> Option<Waited> {
        let block = self.confirming().block?;
        let before = self.confirming().patience.now;
        let before = before.or_else(|| {
            let read = read::<Waited>(&self.patience()?);
            read.ok().flatten().filter(|known| known.block.hash == block.hash)
        });
        let mut now = before.unwrap_or(Waited { block, waited: Duration::ZERO, blocks: 0 });
        now.waited = now.waited.saturating_add(waited);
        now.blocks = now.blocks.saturating_add(blocks);
        self.confirming().patience.now = Some(now);
        Some(now)
    }

    /// Writes what was waited, if that was not done for a while or this is the end.
    pub(super) fn keep_patience(&self, end: bool) {
        let patience = {
            let mut confirming = self.confirming();
            let patience = &mut confirming.patience;
            if !end && patience.kept.is_some_and(|kept| kept.elapsed() < KEEP_EVERY) {
                return;
            }
            patience.kept = Some(Instant::now());
            patience.now
        };
        if let (Some(path), Some(patience)) = (self.patience(), patience)
            && let Err(error) = write(&path, &patience)
        {
            tracing::warn!(%error, "how long the snapshot's confirmation was waited for cannot be kept");
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| error.to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Replaces the whole file, and is done when it is on disk.
fn write(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
