//! A control group for each worker, below a folder that the operator has handed to the node.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::walls::{Wall, Walls};

/// Memory of a worker beside what its executions are charged: the program and the image, its threads, the code, and
/// the inputs of executions that wait for a thread. The worker's own count is to end an execution before the kernel
/// ends them all.
const BESIDE_BYTES: u64 = 512 << 20;
/// Time on the processors, as two of them: microseconds of each hundred thousand.
const CPU_MAX: &str = "200000 100000";
/// Threads of a worker and of the process in front of it.
const PIDS_MAX: &str = "64";

/// What is limited, what the operator must have handed over for it, by which file, and to what.
fn limits(memory_bytes: u64) -> [(Wall, &'static str, &'static str, String); 3] {
    let memory_max = memory_bytes.saturating_add(BESIDE_BYTES).to_string();
    [
        (Wall::CgroupMemory, "+memory", "memory.max", memory_max),
        (Wall::CgroupCpu, "+cpu", "cpu.max", CPU_MAX.to_owned()),
        (Wall::CgroupPids, "+pids", "pids.max", PIDS_MAX.to_owned()),
    ]
}

/// The control group of one worker. It is removed when this is dropped, which works once the worker is gone.
#[derive(Debug)]
pub(super) struct Cgroup {
    folder: PathBuf,
    limited: Walls,
}

impl Cgroup {
    /// Makes a group below `parent` and sets what can be set, for a worker whose executions hold that much together.
    pub(super) fn new(parent: &Path, number: u64, memory_bytes: u64) -> io::Result<Self> {
        let limits = limits(memory_bytes);
        for (_, controller, ..) in &limits {
            // One that was not handed over is missed when its file is written.
            let _ = fs::write(parent.join("cgroup.subtree_control"), controller);
        }
        let folder = parent.join(format!("worker-{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        let set = |file: &str, value: &str| fs::write(folder.join(file), value).is_ok();
        let limited = limits.iter().filter(|(_, _, file, value)| set(file, value)).map(|(wall, ..)| *wall);
        let limited: Walls = limited.collect();
        if limited.contains(Wall::CgroupMemory) {
            // Without swap to go to, the limit is one.
            let _ = fs::write(folder.join("memory.swap.max"), "0");
        }
        Ok(Self { folder, limited })
    }

    /// Moves a process in. Returns the limits that hold it then.
    pub(super) fn admit(&self, process: u32) -> Walls {
        match fs::write(self.folder.join("cgroup.procs"), process.to_string()) {
            Ok(()) => self.limited,
            Err(_) => Walls::NONE,
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_was_handed_over_nothing_stands() {
        let missing = std::env::temp_dir().join(format!("quorate-no-cgroup-{}", std::process::id()));
        assert!(Cgroup::new(&missing, 1, 1 << 30).is_err());
    }

    /// A plain folder takes the files that a control group has; the kernel's side is not here.
    #[test]
    fn writes_each_limit_and_the_process_to_its_file() {
        let parent = std::env::temp_dir().join(format!("quorate-cgroup-{}", std::process::id()));
        fs::create_dir_all(&parent).expect("a folder");
        let group = Cgroup::new(&parent, 7, 2 << 30).expect("a folder can be made");
        let limited = group.admit(1234);
        let read = |name: &str| fs::read_to_string(group.folder.join(name)).expect("it was written");
        for (wall, _, file, value) in limits(2 << 30) {
            assert!(limited.contains(wall), "{wall}");
            assert_eq!(read(file), value);
        }
        assert_eq!(read("memory.max"), "2684354560", "more than the worker itself counts to");
        assert_eq!((read("cgroup.procs"), read("memory.swap.max")), ("1234".into(), "0".into()));
        drop(group);
        fs::remove_dir_all(&parent).expect("it is ours");
    }
}
