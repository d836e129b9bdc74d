//! What a worker process has: its socket, the guest's image, and nothing else.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use quorate_actions::worker_protocol::frame::{self, FROM_WORKER_BYTES_MAX, TO_WORKER_BYTES_MAX};
use quorate_actions::worker_protocol::{FromWorker, RunMessage, ToWorker};
use quorate_actions::{ActionEvent, ActionLimits, Guest, GuestError, Pool};

use super::support::{config, finish, guest_for_tests, next, start};

#[tokio::test]
async fn a_worker_has_no_environment_no_descriptors_and_no_privileges_to_gain() {
    // A descriptor that a careless library left inheritable.
    let file = fs::File::open("/proc/self/status").expect("it is there");
    let leaked = rustix::io::dup(&file).expect("a copy that children inherit");
    let (pool, mut events) = Pool::new(config());
    pool.start(start(1, "a", "fetch('https://host.test/json');")).expect("there is room");
    let ActionEvent::HostCall { call, op, .. } = next(&mut events).await else {
        panic!("a call comes first")
    };
    let [process] = pool.processes()[..] else { panic!("one worker") };
    let of = |name: &str| PathBuf::from(format!("/proc/{process}/{name}"));

    let status = fs::read_to_string(of("status")).expect("its status can be read");
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    if rustix::process::geteuid().is_root() {
        let environment = fs::read(of("environ")).expect("root may read it");
        assert!(environment.is_empty(), "{}", String::from_utf8_lossy(&environment));
        let mut sockets = 0;
        for entry in fs::read_dir(of("fd")).expect("root may read it") {
            let target = fs::read_link(entry.expect("an entry").path()).expect("a link");
            if target.to_string_lossy().starts_with("socket:") {
                sockets += 1;
            } else {
                assert_eq!(
                    target.file_name().and_then(|name| name.to_str()),
                    Some("guest.cwasm"),
                    "{target:?}"
                );
            }
        }
        assert!(sockets >= 1);
        let limits = fs::read_to_string(of("limits")).expect("root may read it");
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    } else {
        // Not dumpable: not even its own user may look into it.
        let denied = fs::read_dir(of("fd")).expect_err("it must not be readable");
        assert_eq!(denied.kind(), io::ErrorKind::PermissionDenied);
    }
    pool.answer(1, call, super::support::scripted_host(call, &op)).expect("the call is open");
    finish(&pool, &mut events, 1).await;
    pool.shutdown().await;
    drop(leaked);
    assert!(!Path::new(&format!("/proc/{process}")).exists(), "it is gone and waited for");
}

/// A real worker whose node is this test.
fn worker() -> (std::process::Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate-action-worker"));
    command.arg(guest_for_tests().folder()).stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
    let child = command.spawn().expect("the worker starts");
    (child, ours)
}

fn tell(socket: &mut UnixStream, message: &ToWorker) {
    frame::write(socket, message, TO_WORKER_BYTES_MAX).expect("the worker reads");
}

fn assign(cid: &str, code: &str) -> ToWorker {
    ToWorker::Assign { cid: cid.into(), code: code.into(), memory_bytes: 2 << 30 }
}

fn run(execution: u64) -> ToWorker {
    ToWorker::Run(RunMessage {
        execution,
        params: "{}".into(),
        auth: "{}".into(),
        time_ms: 0,
        random_seed: [0; 32],
        limits: ActionLimits::default(),
        payers: Vec::new(),
    })
}

#[test]
fn a_worker_ends_rather_than_serve_a_second_cid() {
    let (mut child, mut socket) = worker();
    tell(&mut socket, &assign("a", "Lit.Actions.setResponse({ response: 'a' });"));
    tell(&mut socket, &run(1));
    for _ in 0..2 {
        let message: FromWorker =
            frame::read(&mut socket, FROM_WORKER_BYTES_MAX).expect("ready, then finished");
        assert!(
            matches!(message, FromWorker::Ready { .. } | FromWorker::Finished { execution: 1, .. }),
            "{message:?}"
        );
    }
    tell(&mut socket, &assign("b", "Lit.Actions.setResponse({ response: 'b' });"));
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
}

#[test]
fn a_worker_ends_at_a_run_without_a_cid_and_at_a_malformed_frame() {
    let (mut child, mut socket) = worker();
    tell(&mut socket, &run(1));
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    for bytes in [&[1, 0, 0, 0, 99][..], &[0xff; 8], &[2, 0, 0, 0, 1, 77]] {
        let (mut child, mut socket) = worker();
        io::Write::write_all(&mut socket, bytes).expect("the worker reads");
        assert_eq!(child.wait().expect("it ends").code(), Some(3), "{bytes:?}");
    }
}

#[test]
fn a_worker_ends_when_its_socket_closes_whatever_it_is_doing() {
    let (mut child, mut socket) = worker();
    tell(&mut socket, &assign("a", "for (;;);"));
    tell(&mut socket, &run(1));
    let _: FromWorker = frame::read(&mut socket, FROM_WORKER_BYTES_MAX).expect("it is ready");
    drop(socket);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_guest_that_was_changed_or_can_be_changed_by_others_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("quorate-guest-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the copy");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
    for name in ["guest.json", "guest.cwasm"] {
        fs::copy(guest_for_tests().folder().join(name), folder.join(name)).expect("a copy");
    }
    let image = folder.join("guest.cwasm");
    assert_eq!(Guest::load(&folder).expect("the copy is whole").hash(), guest_for_tests().hash());

    fs::set_permissions(&image, fs::Permissions::from_mode(0o666)).expect("it is ours");
    assert!(matches!(Guest::load(&folder), Err(GuestError::Writable(_))));
    fs::set_permissions(&image, fs::Permissions::from_mode(0o600)).expect("it is ours");

    let mut bytes = fs::read(&image).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&image, bytes).expect("it is ours");
    assert!(matches!(Guest::load(&folder), Err(GuestError::Altered(_))));
    fs::remove_file(folder.join("guest.json")).expect("it is ours");
    let missing = Guest::load(&folder).expect_err("there is no guest");
    assert!(missing.to_string().contains("cargo xtask guest"), "{missing}");
    fs::remove_dir_all(&folder).expect("it is ours");
}
