//! What a node can tell of its own machine before it takes part in anything: each finding says who has to do what.

use std::{path::Path, time::Duration};

use quorate_actions::{ActionEvent, Guest, Pool, Walls};
use quorate_wire::{NetworkFile, NodeIndex};

use crate::{
    config::Config,
    keys::NodeKeys,
    member, run,
    store::{MOVED, StoreError},
};

/// Free bytes of the disk below which a node does not start well, and below which it is warned.
const DISK_LEAST: u64 = 1 << 30;
const DISK_WARN: u64 = 5 << 30;
/// Free bytes of memory below which actions are ended for lack of it.
const MEMORY_WARN: u64 = 1 << 30;
/// Time for a worker to put up its walls.
const WALLS: Duration = Duration::from_secs(20);

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Fine,
    /// The node works, and somebody should look at it.
    Warning,
    /// The node, or the network, does not work like this.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub grade: Grade,
    /// Whose node it is about; none is the node that checks.
    pub node: Option<NodeIndex>,
    /// What was found.
    pub what: String,
    /// What has to be done, and by whom.
    pub act: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    pub fn fine(what: impl Into<String>) -> Self {
        Finding { grade: Grade::Fine, node: None, what: what.into(), act: None }
    }

    /// Something that somebody has to do something about.
    pub fn of(grade: Grade, what: impl Into<String>, act: impl Into<String>) -> Self {
        Finding { grade, node: None, what: what.into(), act: Some(act.into()) }
    }

    /// The same about another node.
    #[must_use]
    pub fn about(self, node: NodeIndex) -> Self {
        Finding { node: Some(node), ..self }
    }
}

/// Looks at what needs neither the others nor the chain: keys, what the operators approved, guest, disk and memory.
#[must_use]
pub fn check_machine(config: &Config, network: &NetworkFile) -> Vec<Finding> {
    let mut found = vec![keys(config, network), guest(config, network)];
    found.extend(approved(config, network));
    found.extend(moved(config));
    found.extend(halted(config));
    found.extend(disk(&config.data_folder));
    found.extend(memory());
    found
}

fn keys(config: &Config, network: &NetworkFile) -> Finding {
    let member = NodeKeys::load(&config.keys)
        .map_err(anyhow::Error::new)
        .and_then(|keys| member::index_of(network, &keys));
    match member {
        Ok(me) => Finding::fine(format!("the keys are those of {}", network.named(me))),
        Err(error) => Finding::of(
            Grade::Problem,
            format!("{error:#}"),
            "put the right keys into their files, with mode 600",
        ),
    }
}

fn guest(config: &Config, network: &NetworkFile) -> Finding {
    let guest = Guest::locate(config.guest.as_deref()).and_then(|path| Guest::load(&path));
    let hash = match guest {
        Ok(guest) => quorate_wire::Digest(guest.hash()),
        Err(error) => {
            return Finding::of(Grade::Problem, format!("the guest: {error}"), "install the release whole");
        }
    };
    match &network.founding {
        Some(founding) if founding.guest != hash => Finding::of(
            Grade::Problem,
            format!(
                "this release has the guest {hash}, and the network was proposed with {}",
                founding.guest
            ),
            "install the release that all operators agreed on",
        ),
        _ => Finding::fine(format!("guest {hash}")),
    }
}

/// What the operator approved, if that is kept: a node refuses everything else.
fn approved(config: &Config, network: &NetworkFile) -> Option<Finding> {
    if let Err(error) = member::check_approval(config, network) {
        return Some(Finding::of(
            Grade::Problem,
            format!("{error:#}"),
            "find out which of the two all operators approved: the node does not start like this",
        ));
    }
    let kept = config.load_approved().ok().flatten()?;
    Some(Finding::fine(format!("the network is the one in {}", kept.0.display())))
}

fn moved(config: &Config) -> Option<Finding> {
    let mark = config.data_folder.join(MOVED);
    std::fs::symlink_metadata(&mark).is_ok().then(|| {
        Finding::of(
            Grade::Problem,
            StoreError::Moved(mark).to_string(),
            "run it where it was imported, and remove this folder",
        )
    })
}

fn halted(config: &Config) -> Option<Finding> {
    let halted = crate::moving::check_not_halted(&config.data_folder).err()?;
    let act = "find out which copy is to go on, and remove the folder of the other";
    Some(Finding::of(Grade::Problem, halted.reason, act))
}

fn disk(folder: &Path) -> Option<Finding> {
    // The folder may not be there yet: what counts is the disk that it will be on.
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    let about = rustix::fs::statvfs(there).ok()?;
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let shown = format!("{} MB are free on the disk of {}", free >> 20, folder.display());
    let act = "make room: the store, the registry's state and the code of actions grow with use";
    Some(match free {
        free if free < DISK_LEAST => Finding::of(Grade::Problem, shown, act),
        free if free < DISK_WARN => Finding::of(Grade::Warning, shown, act),
        _ => Finding::fine(shown),
    })
}

fn memory() -> Option<Finding> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let free = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10;
    let shown = format!("{} MB of memory are free", free >> 20);
    Some(if free < MEMORY_WARN {
        Finding::of(
            Grade::Warning,
            shown,
            "give the machine more memory, or lower limits.worker_memory_bytes",
        )
    } else {
        Finding::fine(shown)
    })
}

/// Starts a worker, and looks at which walls stand around it.
pub async fn check_walls(config: &Config, network: &NetworkFile) -> Finding {
    let standing = match standing_walls(config, network).await {
        Ok(standing) => standing,
        Err(error) => {
            return Finding::of(
                Grade::Problem,
                format!("no worker starts: {error:#}"),
                "look at the log for why",
            );
        }
    };
    let demanded = if network.wildcard_sessions { Walls::NONE } else { Walls::DEMANDED };
    let required = config.walls(network).unwrap_or(demanded);
    let missing: Walls = quorate_actions::Wall::ALL
        .iter()
        .copied()
        .filter(|wall| required.contains(*wall) && !standing.contains(*wall))
        .collect();
    if missing == Walls::NONE {
        Finding::fine(format!("walls around workers: {standing}"))
    } else {
        Finding::of(
            Grade::Problem,
            format!("missing walls around workers: {missing}"),
            "let the kernel or the container allow them (docs/operating.md), or no action runs here",
        )
    }
}

async fn standing_walls(config: &Config, network: &NetworkFile) -> anyhow::Result<Walls> {
    let guest = Guest::load(&Guest::locate(config.guest.as_deref())?)?;
    let mut pool = run::pool_config(config, network, guest)?;
    pool.required_walls = Walls::NONE;
    pool.blank_workers = 1;
    let (pool, mut events) = Pool::new(pool);
    let looked = tokio::time::timeout(WALLS, async {
        while let Some(event) = events.recv().await {
            if let ActionEvent::Walls { standing } = event {
                return Some(standing);
            }
        }
        None
    });
    let standing = looked.await;
    let _ = tokio::time::timeout(Duration::from_secs(3), pool.shutdown()).await;
    standing.ok().flatten().ok_or_else(|| anyhow::anyhow!("it says nothing within {} s", WALLS.as_secs()))
}
