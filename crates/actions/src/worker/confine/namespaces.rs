//! Namespaces of the worker's own, and the process that waits in front of them.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, chdir, pidfd_open, pidfd_send_signal, pivot_root,
    set_parent_process_death_signal, waitpid,
};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::walls::{Wall, Walls};

/// How long a worker whose node has closed the socket may take to end by itself.
const LINGER: Duration = Duration::from_millis(200);

/// The namespaces beside that of users, which comes first because it gives the right to the others.
const KINDS: &[(Wall, UnshareFlags)] = &[
    (Wall::NetNamespace, UnshareFlags::NEWNET),
    (Wall::MountNamespace, UnshareFlags::NEWNS),
    (Wall::IpcNamespace, UnshareFlags::NEWIPC),
    (Wall::UtsNamespace, UnshareFlags::NEWUTS),
    (Wall::PidNamespace, UnshareFlags::NEWPID),
];

/// Enters the namespaces that the system allows. Behind that of processes, this returns in a new process.
pub(super) fn enter(left_out: Walls) -> io::Result<Walls> {
    let mut entered = Walls::default();
    // Without it the others need an administrator's rights, which a worker may have: they are tried anyway.
    if !left_out.contains(Wall::UserNamespace) && unshare(UnshareFlags::NEWUSER).is_ok() {
        entered.insert(Wall::UserNamespace);
    }
    for (wall, flag) in KINDS {
        if !left_out.contains(*wall) && unshare(*flag).is_ok() {
            entered.insert(*wall);
        }
    }
    if entered.contains(Wall::PidNamespace) {
        split()?;
    }
    Ok(entered)
}

fn unshare(flag: UnshareFlags) -> rustix::io::Result<()> {
    #[expect(unsafe_code, reason = "the call is unsafe for what a table of descriptors would need")]
    // SAFETY: the table of descriptors is not unshared, and the process has one thread.
    unsafe {
        unshare_unsafe(flag)
    }
}

/// Forks; returns in the child, the first process of its namespace. The parent stays outside, has nothing
/// but the socket's other number, and ends as the child ends.
fn split() -> io::Result<()> {
    #[expect(unsafe_code, reason = "there is no safe fork")]
    // SAFETY: the process has one thread, so no lock is held by a thread that the child does not have.
    let child = unsafe { libc::fork() };
    match child {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(set_parent_process_death_signal(Some(Signal::KILL))?),
        child => {
            let code = Pid::from_raw(child).map_or(1, wait_for);
            std::process::exit(code)
        }
    }
}

/// Waits until the child has ended, and ends it soon after the node has closed the socket. Returns the
/// code to end with: the child's, or 128 and the number of the signal that ended it, as shells do.
fn wait_for(child: Pid) -> i32 {
    if let Ok(handle) = pidfd_open(child, PidfdFlags::empty()) {
        watch(&handle);
    }
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                let signal = status.terminating_signal().map(|signal| 128 + signal);
                return status.exit_status().or(signal).unwrap_or(1);
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(_) => return 1,
        }
    }
}

fn watch(child: &OwnedFd) {
    let socket = std::io::stdin();
    let mut watched = [
        PollFd::new(child, PollFlags::IN),
        PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::RDHUP | PollFlags::HUP),
    ];
    while poll(&mut watched, None) == Err(Errno::INTR) {}
    if watched.first().is_some_and(|child| child.revents().is_empty()) {
        let linger = Timespec { tv_sec: 0, tv_nsec: i64::from(LINGER.subsec_nanos()) };
        let _ = poll(&mut [PollFd::new(child, PollFlags::IN)], Some(&linger));
        // One that has ended meanwhile is not waited for yet: nobody else has its number.
        let _ = pidfd_send_signal(child, Signal::KILL);
    }
}

/// Replaces the root of the mount namespace by an empty folder that nothing can be made in.
pub(super) fn empty_root() -> io::Result<()> {
    // It may be entered, because the next step is to stand in it.
    const SIZES: &CStr = c"size=4k,nr_inodes=1,mode=0555";
    // Any folder will do; it is covered, in this namespace only.
    const PLACE: &str = "/proc";
    // What is mounted here must not show outside.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    mount("tmpfs", PLACE, "tmpfs", flags, SIZES)?;
    chdir(PLACE)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    Ok(chdir("/")?)
}
