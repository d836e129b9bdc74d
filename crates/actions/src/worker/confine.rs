//! What the worker gives up before it sees a byte of an action.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

/// Descriptors that a worker may have: the socket twice, the guest's image, and a few while it loads.
const DESCRIPTORS_MAX: u64 = 16;

/// Gives up what a process may inherit: descriptors, new privileges, core dumps, being looked into.
pub(super) fn drop_rights() -> io::Result<()> {
    close_from(3)?;
    set_no_new_privs(true)?;
    // A worker has no secret of its own, but a core file or a debugger would show a caller's parameters.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, DESCRIPTORS_MAX)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// Takes the socket that is the standard input.
pub(super) fn take_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails where the standard input is anything but a connected Unix socket.
    socket.peer_addr()?;
    Ok(socket)
}

/// Closes the standard streams, once nothing opens a descriptor any more that could take their numbers.
/// The standard input is the socket, which stays.
pub(super) fn close_streams() {
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
