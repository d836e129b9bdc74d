//! What the worker gives up before it sees a byte of an action. Each wall is put up where the system
//! allows it and noted; the node decides whether those that stand are enough.

mod namespaces;
mod syscalls;

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

pub(super) use syscalls::Descriptors;

use crate::walls::{Wall, Walls};

/// Descriptors that a worker may have while it loads; afterwards it can get no further one.
const DESCRIPTORS_MAX: u64 = 32;
/// Processor time of a whole worker, in seconds. Executions have much tighter limits of their own; this
/// ends a process that got rid of those. A worker that is used for so long is replaced like one that died.
const CPU_SECONDS_MAX: u64 = 24 * 3600;
/// Makes the kernel choose a worker before anything else when memory runs out.
const OOM_SCORE: &str = "1000";
/// Lets the node's own threads run first where both want the processor.
const NICE: i32 = 5;

/// The walls around this process, as they go up.
pub(crate) struct Confinement {
    standing: Walls,
    /// Walls left out, to show what the others do alone.
    left_out: Walls,
}

impl Confinement {
    /// Gives up what a process may inherit: descriptors, new privileges, core dumps.
    ///
    /// # Errors
    /// If the system refuses what every system grants.
    pub(crate) fn begin(left_out: Walls) -> io::Result<Self> {
        close_from(3)?;
        set_no_new_privs(true)?;
        limit(Resource::Core, 0)?;
        limit(Resource::Nofile, DESCRIPTORS_MAX)?;
        let mut confinement = Self { standing: Walls::default(), left_out };
        confinement.raise(Wall::OomScore, || fs::write("/proc/self/oom_score_adj", OOM_SCORE));
        confinement.raise(Wall::Priority, || Ok(rustix::process::setpriority_process(None, NICE)?));
        // A worker has no secret of its own, but a core file or a debugger would show a caller's
        // parameters. Not earlier: such a process may not write to its own folder under /proc.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        confinement.standing.insert(Wall::Privileges);
        Ok(confinement)
    }

    /// Moves into namespaces of its own. Where that gives a process namespace, this forks: what returns is
    /// the first process in there, and the one that was started waits for it.
    ///
    /// # Errors
    /// If the process cannot be split.
    pub(crate) fn enter_namespaces(&mut self) -> io::Result<()> {
        let entered = namespaces::enter(self.left_out)?;
        self.standing = self.standing.union(entered);
        Ok(())
    }

    /// Closes every path, once the guest's image is mapped. Must come before the first thread.
    pub(crate) fn close_paths(&mut self) {
        if self.standing.contains(Wall::MountNamespace) && namespaces::empty_root().is_err() {
            let mount = [Wall::MountNamespace].into_iter().collect();
            self.standing = self.standing.without(mount);
        }
        self.raise(Wall::Landlock, || restrict_paths().map_err(io::Error::other));
        self.raise(Wall::Capabilities, || {
            let none = CapabilitySet::empty();
            Ok(set_capabilities(
                None,
                CapabilitySets { effective: none, permitted: none, inheritable: none },
            )?)
        });
    }

    /// Closes the system calls, for all threads, once all of them run. Returns the walls that stand.
    pub(crate) fn seal(mut self, descriptors: &Descriptors) -> Walls {
        self.raise(Wall::ResourceLimits, || {
            limit(Resource::Cpu, CPU_SECONDS_MAX)?;
            limit(Resource::Nproc, 0)?;
            limit(Resource::Fsize, 0)?;
            // What a service manager may have granted: more priority than now, or real time.
            limit(Resource::Nice, 0)?;
            limit(Resource::Rtprio, 0)?;
            // Those that are open stay usable; there is just no further one.
            limit(Resource::Nofile, 0)
        });
        self.raise(Wall::Seccomp, || syscalls::restrict(descriptors));
        self.standing
    }

    fn raise(&mut self, wall: Wall, put_up: impl FnOnce() -> io::Result<()>) {
        if !self.left_out.contains(wall) && put_up().is_ok() {
            self.standing.insert(wall);
        }
    }
}

/// Denies every path to this thread and those that it starts; also TCP, and signals and abstract sockets
/// to processes outside, where the kernel knows these.
fn restrict_paths() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V5))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .restrict_self()?;
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err("this kernel has no landlock".into()),
    }
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// Takes the socket that is the standard input.
pub(crate) fn take_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails where the standard input is anything but a connected Unix socket.
    socket.peer_addr()?;
    Ok(socket)
}

/// Closes the standard streams, once nothing opens a descriptor any more that could take their numbers.
/// The standard input is the socket, which stays.
pub(crate) fn close_streams() {
    debug_assert_eq!(io::stdin().as_raw_fd(), 0, "the socket is descriptor 0");
    #[expect(unsafe_code, reason = "closing a given descriptor has no safe form")]
    // SAFETY: nothing in this process uses standard output or error from here on but the panic message,
    // which ignores that it cannot be written; no descriptor is opened later that could take their place.
    unsafe {
        libc::close(1);
        libc::close(2);
    }
}

fn close_from(first: u32) -> io::Result<()> {
    #[expect(unsafe_code, reason = "closing a range of descriptors has no safe form")]
    // SAFETY: this runs first in the process: nothing in it owns a descriptor above the standard streams.
    let done = unsafe { libc::close_range(first, libc::c_uint::MAX, 0) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
