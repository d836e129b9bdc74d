//! What is known of a snapshot over starts: that it was refused or vouched for, and how long its confirmation was waited
//! for.
//!
//! These are small files beside the state. Without them a supervisor's restart would begin with the wrong snapshot again,
//! or wait for members that have given their word already.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use sha2::{Digest as _, Sha256};

use super::Follow;
use crate::{
    chain::{BlockId, Genesis, genesis_hash, snapshot::SnapshotError},
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

/// That members vouched for a block, under the state's secret: whoever may write into the folder cannot say so for them.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Vouched {
    block: BlockId,
    seal: B256,
}

impl Vouched {
    fn new(secret: &[u8; 32], genesis: B256, block: BlockId) -> Self {
        // A whole block of the hash first, as the state's checkpoint has it: what follows has one length, and another
        // purpose.
        let mut first = [0; 64];
        first[..32].copy_from_slice(secret);
        first[32..].copy_from_slice(b"quorate/chain-snapshot-vouched/1");
        let seal = Sha256::new()
            .chain_update(first)
            .chain_update(genesis)
            .chain_update(block.number.to_be_bytes())
            .chain_update(block.hash)
            .finalize();
        Self { block, seal: B256::from_slice(&seal) }
    }
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

    fn vouched(&self) -> Option<PathBuf> {
        self.beside("snapshot-vouched")
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
        self.forget_snapshot();
    }

    /// Whether members have vouched for the block in an earlier start, or in this one.
    pub(super) fn was_vouched_for(&self, block: BlockId, genesis: &Genesis) -> bool {
        let (Some(path), Some(state)) = (self.vouched(), &self.state) else { return false };
        match read::<Vouched>(&path) {
            Ok(Some(kept)) if kept == Vouched::new(&state.secret, genesis_hash(genesis), block) => true,
            Ok(Some(kept)) if kept.block != block => false,
            Ok(None) => false,
            Ok(Some(_)) | Err(_) => {
                tracing::warn!(
                    file = %path.display(),
                    "this node has not written that members vouched for the snapshot: they are asked again"
                );
                false
            }
        }
    }

    /// Keeps that members have vouched for the block, for starts in the middle of its replay.
    pub(super) fn keep_vouched(&self, block: BlockId, genesis: &Genesis) {
        let (Some(path), Some(state)) = (self.vouched(), &self.state) else { return };
        if let Err(error) = write(&path, &Vouched::new(&state.secret, genesis_hash(genesis), block)) {
            tracing::warn!(%error, "that members vouched for the snapshot cannot be kept: a restart asks them again");
        }
    }

    /// Removes what is kept of a snapshot that is begun with no more, but for a verdict on it.
    pub(super) fn forget_snapshot(&self) {
        self.confirming().patience = Patience::default();
        for path in [self.patience(), self.vouched()].into_iter().flatten() {
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
