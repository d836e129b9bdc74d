//! A process behind a worker's walls that tries to get out, for the tests of this crate: `DEED [WALL…]` does
//! the deed with those walls left out. What the system answered goes to the socket.

use std::ffi::{CString, c_long, c_void};
use std::io;
use std::process::ExitCode;

use quorate_actions::{Walls, wall_probe};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let deed = arguments.next().unwrap_or_default();
    let Ok(left_out) = arguments.map(|name| name.parse()).collect::<Result<Walls, _>>() else {
        return ExitCode::from(64);
    };
    wall_probe(left_out, move |standing| match attempt(&deed) {
        _ if deed == "tell the walls" => standing.to_string(),
        Ok(()) => "done".to_owned(),
        Err(error) => format!("errno {}", error.raw_os_error().unwrap_or(0)),
    })
}

/// Tries one thing. A number in a deed's name comes from the test, which knows what is outside.
fn attempt(deed: &str) -> io::Result<()> {
    let (name, number) = deed.split_once('=').unwrap_or((deed, ""));
    let number: c_long = number.parse().unwrap_or(0);
    let zeros = [0; 6];
    let plain = |call: c_long| system_call(call, zeros);
    match name {
        "open" => open("/etc/hostname"),
        "open the parent's status" => open(&format!("/proc/{number}/status")),
        "list the root" => open("/"),
        "connect" => connect(number),
        "socket" => plain_socket(),
        "execve" => execute(),
        "fork" => fork(),
        "thread" => std::thread::Builder::new().spawn(|| ()).map(|_| ()),
        "write elsewhere" => system_call(libc::SYS_write, [7, 0, 0, 0, 0, 0]),
        "dup" => plain(libc::SYS_dup),
        "make executable" => make_executable(),
        "map executable" => map(libc::PROT_READ | libc::PROT_EXEC).map(|_| ()),
        "signal the parent" => system_call(libc::SYS_kill, [number, 0, 0, 0, 0, 0]),
        "trace the parent" => {
            system_call(libc::SYS_ptrace, [c_long::from(libc::PTRACE_SEIZE), number, 0, 0, 0, 0])
        }
        "ptrace" => plain(libc::SYS_ptrace),
        "process_vm_readv" => plain(libc::SYS_process_vm_readv),
        "pidfd_open" => plain(libc::SYS_pidfd_open),
        "prctl" => plain(libc::SYS_prctl),
        "ioctl" => plain(libc::SYS_ioctl),
        "sendmsg" => plain(libc::SYS_sendmsg),
        "recvmsg" => plain(libc::SYS_recvmsg),
        "memfd_create" => plain(libc::SYS_memfd_create),
        "io_uring_setup" => plain(libc::SYS_io_uring_setup),
        "userfaultfd" => plain(libc::SYS_userfaultfd),
        "perf_event_open" => plain(libc::SYS_perf_event_open),
        "bpf" => plain(libc::SYS_bpf),
        "keyctl" => plain(libc::SYS_keyctl),
        "unshare" => plain(libc::SYS_unshare),
        "setns" => plain(libc::SYS_setns),
        "mount" => plain(libc::SYS_mount),
        "chroot" => plain(libc::SYS_chroot),
        "personality" => plain(libc::SYS_personality),
        "set another's priority" => set_scheduling(1, 19),
        "set a priority by the older call" => {
            system_call(libc::SYS_setpriority, [c_long::from(libc::PRIO_PROCESS), 0, 19, 0, 0, 0])
        }
        "sink" => set_scheduling(0, 19),
        "rise" => set_scheduling(0, 0),
        "setrlimit" => plain(libc::SYS_prlimit64),
        "rt_sigaction" => plain(libc::SYS_rt_sigaction),
        "clone3" => plain(libc::SYS_clone3),
        "pkey_mprotect" => plain(libc::SYS_pkey_mprotect),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn system_call(call: c_long, [a, b, c, d, e, f]: [c_long; 6]) -> io::Result<()> {
    #[expect(unsafe_code, reason = "the point is to make the bare call")]
    // SAFETY: the arguments are numbers or null; the kernel answers a null pointer with an error.
    let answer = unsafe { libc::syscall(call, a, b, c, d, e, f) };
    checked(answer).map(|_| ())
}

fn checked(answer: c_long) -> io::Result<c_long> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// Gives a thread, or this one if it is 0, an ordinary priority.
fn set_scheduling(thread: c_long, nice: i32) -> io::Result<()> {
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).map_err(io::Error::other)?,
        sched_policy: libc::SCHED_OTHER.unsigned_abs(),
        sched_flags: 0,
        sched_nice: nice,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    #[expect(unsafe_code, reason = "the point is to make the bare call")]
    // SAFETY: the kernel reads the attributes, whose size they tell, and writes nothing.
    let answer = unsafe { libc::syscall(libc::SYS_sched_setattr, thread, &raw const attributes, 0) };
    checked(answer).map(|_| ())
}

fn open(path: &str) -> io::Result<()> {
    let path = CString::new(path)?;
    #[expect(unsafe_code, reason = "the point is to make the bare call")]
    // SAFETY: the path is a string of C that lives through the call.
    let answer = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    checked(answer.into()).map(|_| ())
}

fn plain_socket() -> io::Result<()> {
    let arguments = [libc::AF_INET.into(), libc::SOCK_STREAM.into(), 0, 0, 0, 0];
    system_call(libc::SYS_socket, arguments)
}

fn connect(port: c_long) -> io::Result<()> {
    let port = u16::try_from(port).map_err(io::Error::other)?;
    std::net::TcpStream::connect(("127.0.0.1", port)).map(|_| ())
}

fn execute() -> io::Result<()> {
    let nothing: [*const libc::c_char; 1] = [std::ptr::null()];
    #[expect(unsafe_code, reason = "the point is to make the bare call")]
    // SAFETY: the path is a string of C, and both lists end with null.
    let answer = unsafe { libc::execve(c"/bin/true".as_ptr(), nothing.as_ptr(), nothing.as_ptr()) };
    checked(answer.into()).map(|_| ())
}

fn fork() -> io::Result<()> {
    #[expect(unsafe_code, reason = "the point is to make the bare call")]
    // SAFETY: the child does nothing but end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        #[expect(unsafe_code, reason = "the child must not run what the parent would at its end")]
        // SAFETY: it ends the child and touches nothing.
        unsafe {
            libc::_exit(0)
        }
    }
    checked(child.into()).map(|_| ())
}

fn map(protection: i32) -> io::Result<*mut c_void> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    #[expect(unsafe_code, reason = "the point is to make the bare call")]
    // SAFETY: a new mapping at a place that the kernel chooses touches nothing that exists.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
    if at == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(at) }
}

fn make_executable() -> io::Result<()> {
    let at = map(libc::PROT_READ | libc::PROT_WRITE)?;
    #[expect(unsafe_code, reason = "the point is to make the bare call")]
    // SAFETY: the page was mapped right above, and nothing uses it.
    let answer = unsafe { libc::mprotect(at, 4096, libc::PROT_READ | libc::PROT_EXEC) };
    checked(answer.into()).map(|_| ())
}
