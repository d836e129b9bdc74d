//! The walls around a worker process: their names, and sets of them.

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! walls {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        /// One wall. Each is put up where the system allows it; which ones stand is reported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Wall {
            $($(#[$doc])* $name = $bit,)*
        }

        impl Wall {
            /// All walls, in the order in which they go up.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The wall's stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

walls! {
    /// No privileges to gain, not dumpable, no core file, no inherited descriptor or environment.
    Privileges = 0, "privileges";
    /// The kernel ends this process before others when memory runs out.
    OomScore = 1, "oom_score";
    /// The processor goes to the node first.
    Priority = 2, "priority";
    /// A user namespace of its own: its rights count nowhere else.
    UserNamespace = 3, "user_namespace";
    /// A network namespace without any interface.
    NetNamespace = 4, "net_namespace";
    /// A process namespace in which it is alone.
    PidNamespace = 5, "pid_namespace";
    /// A mount namespace whose root is empty.
    MountNamespace = 6, "mount_namespace";
    /// No message queue or shared memory of others.
    IpcNamespace = 7, "ipc_namespace";
    /// No host name of others.
    UtsNamespace = 8, "uts_namespace";
    /// Landlock closes every path.
    Landlock = 9, "landlock";
    /// No capability, not even within its own namespaces.
    Capabilities = 10, "capabilities";
    /// Limits on processor time, descriptors, processes and file sizes.
    ResourceLimits = 11, "resource_limits";
    /// Only a short list of system calls; anything else ends the process.
    Seccomp = 12, "seccomp";
    /// A control group that limits its memory.
    CgroupMemory = 13, "cgroup_memory";
    /// A control group that limits its share of the processors.
    CgroupCpu = 14, "cgroup_cpu";
    /// A control group that limits its threads.
    CgroupPids = 15, "cgroup_pids";
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no wall has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no wall has that name")]
pub struct UnknownWall;

impl FromStr for Wall {
    type Err = UnknownWall;

    fn from_str(text: &str) -> Result<Self, UnknownWall> {
        Self::ALL.iter().copied().find(|wall| wall.as_str() == text).ok_or(UnknownWall)
    }
}

/// A set of walls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Walls(u32);

impl Walls {
    /// What a node demands outside of development: without one of these an action that breaks out of the engine reaches the
    /// node's own files, other processes, or all of the machine.
    pub const DEMANDED: Self = {
        let mut walls = Self::NONE;
        walls.insert(Wall::Seccomp);
        walls.insert(Wall::Landlock);
        walls.insert(Wall::Privileges);
        walls.insert(Wall::ResourceLimits);
        walls
    };

    /// No wall.
    pub const NONE: Self = Self(0);

    /// Adds a wall.
    pub const fn insert(&mut self, wall: Wall) {
        self.0 |= 1 << wall as u32;
    }

    /// Whether the wall is among them.
    #[must_use]
    pub const fn contains(self, wall: Wall) -> bool {
        self.0 & (1 << wall as u32) != 0
    }

    /// Those of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in the other set.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The walls, in the order of [`Wall::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Wall> {
        Wall::ALL.iter().copied().filter(move |wall| self.contains(*wall))
    }
}

impl FromIterator<Wall> for Walls {
    fn from_iter<I: IntoIterator<Item = Wall>>(walls: I) -> Self {
        let mut set = Self::default();
        walls.into_iter().for_each(|wall| set.insert(wall));
        set
    }
}

impl fmt::Display for Walls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, wall) in self.iter().enumerate() {
            write!(f, "{}{wall}", if number == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_none_is_used_twice() {
        let all: Walls = Wall::ALL.iter().copied().collect();
        assert_eq!(all.iter().count(), Wall::ALL.len());
        for wall in Wall::ALL {
            assert_eq!(wall.as_str().parse(), Ok(*wall));
            assert!(!all.without([*wall].into_iter().collect()).contains(*wall));
        }
        assert_eq!("moat".parse::<Wall>(), Err(UnknownWall));
        let two: Walls = [Wall::Seccomp, Wall::Landlock].into_iter().collect();
        assert_eq!(two.to_string(), "landlock seccomp");
    }
}
