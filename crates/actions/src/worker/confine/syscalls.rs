//! The system calls that a worker makes while it serves, and no others.
//!
//! Opening something by its path fails with `EACCES`, because libraries try that of their own accord and
//! live with a no. Every other call outside of the list ends the whole process: our code makes none, so one
//! that is made means that the engine was broken into, or that a library does something new. Neither may go
//! on, and the node sees the signal.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::RawFd;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter_all_threads,
};

/// The descriptors that the worker uses, by what it does with them.
#[derive(Clone, Debug)]
pub(crate) struct Descriptors {
    /// Read from.
    pub(crate) read: Vec<RawFd>,
    /// Written to.
    pub(crate) written: Vec<RawFd>,
}

/// Calls that need no look at their arguments.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    // Seeds of hash maps; an action has no way to it.
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    // The C library asks for the number of processors when it makes an arena.
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    // The engine gives each thread a stack for signals when it first runs a guest.
    libc::SYS_sigaltstack,
];

/// Calls that name a path.
const BY_PATH: &[libc::c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_readlinkat,
    libc::SYS_statx,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Restricts all threads of the process.
pub(super) fn restrict(descriptors: &Descriptors) -> io::Result<()> {
    let (list, paths) = programs(descriptors).map_err(io::Error::other)?;
    // Of the answers of both, the kernel takes the stricter one. The list comes last: it does not have the
    // calls that put up a filter.
    apply_filter_all_threads(&paths).map_err(io::Error::other)?;
    apply_filter_all_threads(&list).map_err(io::Error::other)
}

fn programs(descriptors: &Descriptors) -> Result<(BpfProgram, BpfProgram), seccompiler::BackendError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let mut rules: Rules = ALLOWED.iter().chain(BY_PATH).map(|call| (*call, Vec::new())).collect();
    let not_executable = || {
        let exec = u64::from(libc::PROT_EXEC.unsigned_abs());
        condition(2, SeccompCmpOp::MaskedEq(exec), 0)
    };
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![not_executable()?])?]);
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![not_executable()?])?]);
    // The end of a program that has lost its way; to itself only.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![condition(0, SeccompCmpOp::Eq, own)?])?]);
    // A thread that computes long steps back: itself only, and without rights it can only sink.
    let own_thread = vec![condition(0, SeccompCmpOp::Eq, 0)?, condition(2, SeccompCmpOp::Eq, 0)?];
    rules.insert(libc::SYS_sched_setattr, vec![SeccompRule::new(own_thread)?]);
    // The standard library asks whether a descriptor is one before it closes it.
    let is_open = condition(1, SeccompCmpOp::Eq, u64::from(libc::F_GETFD.unsigned_abs()))?;
    rules.insert(libc::SYS_fcntl, vec![SeccompRule::new(vec![is_open])?]);
    for call in [libc::SYS_read, libc::SYS_recvfrom] {
        rules.insert(call, one_of(&descriptors.read)?);
    }
    for call in [libc::SYS_write, libc::SYS_sendto] {
        rules.insert(call, one_of(&descriptors.written)?);
    }
    let list = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?;
    let denied = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    let by_path: Rules = BY_PATH.iter().map(|call| (*call, Vec::new())).collect();
    let paths = SeccompFilter::new(by_path, SeccompAction::Allow, denied, arch)?;
    Ok((list.try_into()?, paths.try_into()?))
}

/// One rule for each descriptor: any of them may match.
fn one_of(descriptors: &[RawFd]) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let rule = |descriptor: &RawFd| {
        SeccompRule::new(vec![condition(0, SeccompCmpOp::Eq, u64::from(descriptor.unsigned_abs()))?])
    };
    descriptors.iter().map(rule).collect()
}

fn condition(
    argument: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}
