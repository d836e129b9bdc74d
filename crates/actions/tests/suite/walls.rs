//! Every wall alone and all of them together: a process behind them tries to get out.

use std::io::Read as _;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use quorate_actions::{ActionEvent, Pool, PoolConfig, PoolError, Wall, WorkerEnd};
use quorate_wire::ErrorCode;

use super::support::{config, failure, start};

const ALL: &[&str] = &[];
/// The signal by which the kernel ends a process for its system call (`SIGSYS`).
const FORBIDDEN: i32 = 31;

/// What came of a deed with those walls left out: `done`, `errno N` or `killed`.
fn attempt(deed: &str, left_out: &[&str]) -> String {
    let (mut ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate-wall-probe"));
    command.arg(deed).args(left_out).stdin(Stdio::from(OwnedFd::from(theirs)));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the probe starts");
    drop(command);
    let mut answer = String::new();
    ours.read_to_string(&mut answer).expect("the probe speaks text");
    let status = child.wait().expect("it ends");
    // The process in front of one that is alone in its namespace passes a signal on as a code.
    if status.code() == Some(128 + FORBIDDEN) || status.signal() == Some(FORBIDDEN) {
        assert_eq!(answer, "", "{deed}: it ended at the call");
        return "killed".to_owned();
    }
    assert!(status.success(), "{deed}: {status}");
    answer
}

/// Whether this system allows that wall. Where it does not, there is nothing to try.
#[expect(clippy::print_stdout, reason = "a test that tried nothing says so")]
fn stands(wall: &str) -> bool {
    let stands = attempt("tell the walls", ALL).split(' ').any(|name| name == wall);
    if !stands {
        println!("{wall} does not stand here");
    }
    stands
}

#[test]
fn every_system_call_outside_of_the_list_ends_the_process() {
    let parent = std::process::id();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let deeds = [
        &format!("connect={port}"),
        &format!("signal the parent={parent}"),
        &format!("trace the parent={parent}"),
        "socket",
        "execve",
        "fork",
        "thread",
        "write elsewhere",
        "dup",
        "make executable",
        "map executable",
        "ptrace",
        "process_vm_readv",
        "pidfd_open",
        "prctl",
        "ioctl",
        "sendmsg",
        "recvmsg",
        "memfd_create",
        "io_uring_setup",
        "userfaultfd",
        "perf_event_open",
        "bpf",
        "keyctl",
        "unshare",
        "setns",
        "mount",
        "chroot",
        "personality",
        "set another's priority",
        "set a priority by the older call",
        "setrlimit",
        "rt_sigaction",
        "clone3",
        "pkey_mprotect",
    ];
    for deed in deeds {
        assert_eq!(attempt(deed, ALL), "killed", "{deed}");
    }
}

#[test]
fn a_thread_can_lower_its_own_priority() {
    assert_eq!(attempt("sink", ALL), "done");
}

#[test]
fn a_thread_can_not_raise_its_own_priority() {
    // EPERM, of the kernel.
    assert_eq!(attempt("rise", ALL), "errno 1");
}

#[test]
fn no_path_can_be_opened() {
    let parent = format!("open the parent's status={}", std::process::id());
    for deed in ["open", "list the root", &parent] {
        // Each of three walls is enough: the list of calls, landlock, the empty root.
        assert_eq!(attempt(deed, ALL), "errno 13", "{deed}");
        if stands("landlock") {
            let landlock = ["seccomp", "mount_namespace", "pid_namespace", "resource_limits"];
            assert_eq!(attempt(deed, &landlock), "errno 13", "{deed}");
        }
        // And no descriptor is left for it.
        assert_eq!(attempt(deed, &["seccomp"]), "errno 24", "{deed}");
        // Without any it works, so what the others show is the walls.
        let none = ["seccomp", "landlock", "mount_namespace", "pid_namespace", "resource_limits"];
        assert_eq!(attempt(deed, &none), "done", "{deed}");
    }
    if stands("mount_namespace") {
        for deed in ["open", &parent] {
            assert_eq!(attempt(deed, &["seccomp", "landlock", "resource_limits"]), "errno 2", "{deed}");
        }
    }
}

#[test]
fn the_namespaces_hold_without_the_list_of_calls() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let connect = format!("connect={}", listener.local_addr().expect("it is bound").port());
    let own_network = ["seccomp", "landlock", "resource_limits"];
    // ENETUNREACH: there is no interface, not even loopback.
    if stands("net_namespace") {
        assert_eq!(attempt(&connect, &own_network), "errno 101");
    }
    let outside = ["seccomp", "landlock", "resource_limits", "net_namespace"];
    assert_eq!(attempt(&connect, &outside), "done");

    let signal = format!("signal the parent={}", std::process::id());
    // ESRCH: nobody else is there.
    if stands("pid_namespace") {
        assert_eq!(attempt(&signal, &["seccomp", "landlock"]), "errno 3");
    }
}

#[test]
fn landlock_holds_without_the_list_of_calls_and_the_namespaces() {
    let rest = ["seccomp", "mount_namespace", "net_namespace", "pid_namespace", "resource_limits"];
    if stands("landlock") {
        assert_eq!(attempt("execve", &rest), "errno 13");
    }
    let without = [&rest[..], &["landlock"]].concat();
    // The probe replaces itself by a program that says nothing and succeeds.
    assert_eq!(attempt("execve", &without), "");
}

#[test]
fn the_resource_limits_hold_without_the_list_of_calls() {
    // EMFILE.
    assert_eq!(attempt("dup", &["seccomp"]), "errno 24");
    assert_eq!(attempt("dup", &["seccomp", "resource_limits"]), "done");
    assert_eq!(attempt("make executable", &["seccomp"]), "done", "only the list of calls stops this");
    // The kernel does not hold the administrator to a number of processes.
    if !rustix::process::geteuid().is_root() {
        assert_eq!(attempt("fork", &["seccomp"]), "errno 11");
    }
    assert_eq!(attempt("fork", &["seccomp", "resource_limits"]), "done");
}

#[tokio::test]
async fn the_walls_that_stand_are_told() {
    let (pool, mut events) = Pool::new(PoolConfig { blank_workers: 1, ..config() });
    let Some(ActionEvent::Walls { standing }) = events.recv().await else {
        panic!("the walls are told before anything happens")
    };
    // What no system that runs these tests lacks; the rest depends on it.
    for wall in [Wall::Privileges, Wall::ResourceLimits, Wall::Seccomp, Wall::OomScore, Wall::Priority] {
        assert!(standing.contains(wall), "{wall} is not among {standing}");
    }
    assert_eq!(pool.status().walls, Some(standing));
    pool.shutdown().await;
}

#[tokio::test]
async fn no_action_runs_where_a_required_wall_does_not_stand() {
    // Nobody put this process into a control group of the pool's.
    let required_walls = [Wall::Seccomp, Wall::CgroupMemory].into_iter().collect();
    let (pool, mut events) = Pool::new(PoolConfig { required_walls, ..config() });
    pool.start(start(1, "a", "Lit.Actions.setResponse({ response: 'ran' });")).expect("there is room");
    let mut ended = false;
    loop {
        match events.recv().await.expect("the pool is there") {
            ActionEvent::Finished { finished, .. } => {
                assert_eq!(failure(&finished).0, ErrorCode::WorkerDied);
                ended = true;
            }
            ActionEvent::WorkerEnded { end, .. } => {
                assert_eq!(end, WorkerEnd::Walls);
                break;
            }
            ActionEvent::Walls { .. } => {}
            other @ ActionEvent::HostCall { .. } => panic!("{other:?}"),
        }
    }
    assert!(ended, "what was started ends");
    assert_eq!(pool.start(start(2, "a", "")), Err(PoolError::Walls));
    pool.shutdown().await;
}
