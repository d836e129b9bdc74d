//! The worker process: serves one CID in its life, holds no key, opens nothing.

pub(crate) mod confine;
mod priority;
mod schedule;
pub(crate) mod turns;

pub use priority::step_back;

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::engine::{Engine, EngineOptions};
use crate::guest::Guest;
use crate::limits::LimitHit;
use crate::protocol::frame::{self, TO_WORKER_BYTES_MAX};
use crate::protocol::{FromWorker, ToWorker};
use crate::walls::Walls;
use crate::worker::confine::{Confinement, Descriptors};
use crate::worker::schedule::{Outbox, Scheduler};

/// Runs the worker: its socket to the node is its standard input, its guest is at `guest`, or where
/// [`Guest::locate`] finds one. Returns when the node closes the socket.
///
/// This belongs right at the start of a process that has nothing else to do: it closes every other
/// descriptor and gives up rights for good.
#[must_use]
pub fn worker_main(guest: Option<&Path>) -> ExitCode {
    // Whatever goes wrong from here on, the node sees the socket close and takes the worker for dead; the
    // code is for whoever looks at the process.
    match serve(guest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(WorkerError::Start(error)) => {
            // Before it serves, a person may be watching; a reader that is gone is no reason to panic.
            let _ = writeln!(std::io::stderr().lock(), "quorate worker: {error}");
            ExitCode::from(2)
        }
        Err(WorkerError::Protocol) => ExitCode::from(3),
    }
}

enum WorkerError {
    Start(String),
    Protocol,
}

fn serve(guest: Option<&Path>) -> Result<(), WorkerError> {
    let start = |error: &dyn std::fmt::Display| WorkerError::Start(error.to_string());
    let mut walls = Confinement::begin(Walls::default()).map_err(|error| start(&error))?;
    let path = Guest::locate(guest).map_err(|error| start(&error))?;
    // Before the namespaces, in which a file's owner can no longer be told.
    let (guest, image) = Guest::open(&path).map_err(|error| start(&error))?;
    walls.enter_namespaces().map_err(|error| start(&error))?;
    let engine = Engine::of_image(image, guest.hot_pages(), EngineOptions::default())
        .map_err(|error| start(&error))?;
    walls.close_paths();
    let socket = confine::take_socket().map_err(|error| start(&error))?;
    let mut inbox = socket.try_clone().map_err(|error| start(&error))?;
    let descriptors = Descriptors { read: vec![inbox.as_raw_fd()], written: vec![socket.as_raw_fd()] };
    let outbox = Arc::new(Outbox::new(socket));
    let scheduler = Scheduler::start(engine, Arc::clone(&outbox)).map_err(|error| start(&error))?;
    confine::close_streams();
    // A thread that panics would leave its execution hanging; there is nobody to read a message.
    std::panic::set_hook(Box::new(|_| std::process::exit(4)));
    outbox.send(&FromWorker::Ready { walls: walls.seal(&descriptors) });
    read_all(&mut inbox, &scheduler, &outbox)
}

/// Puts up a worker's walls but those left out, and tells the socket what a thread that was there before
/// says that it could do. For tests: a worker leaves nothing out and runs no such thing.
#[doc(hidden)]
#[must_use]
pub fn wall_probe(left_out: Walls, deed: impl FnOnce(Walls) -> String + Send + 'static) -> ExitCode {
    let run = || -> std::io::Result<()> {
        let mut walls = Confinement::begin(left_out)?;
        walls.enter_namespaces()?;
        walls.close_paths();
        let mut socket = confine::take_socket()?;
        let own = vec![socket.as_raw_fd()];
        let steps = Arc::new(std::sync::Barrier::new(2));
        let there = Arc::clone(&steps);
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let trying = std::thread::spawn(move || {
            // Once when it has begun, which takes calls that are not on the list, and once behind the walls.
            there.wait();
            there.wait();
            deed(told.recv().unwrap_or_default())
        });
        steps.wait();
        // There is room for the one message: nobody waits.
        let _ = tell.send(walls.seal(&Descriptors { read: own.clone(), written: own }));
        steps.wait();
        let answer = trying.join().unwrap_or_default();
        socket.write_all(answer.as_bytes())
    };
    if run().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Obeys the node until it closes the socket or says something that it must not say.
fn read_all(inbox: &mut UnixStream, scheduler: &Scheduler, outbox: &Outbox) -> Result<(), WorkerError> {
    let mut assigned: Option<Arc<[u8]>> = None;
    loop {
        let message = match frame::read(inbox, TO_WORKER_BYTES_MAX) {
            Ok(message) => message,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(_) => return Err(WorkerError::Protocol),
        };
        match message {
            // One CID in its life: a second assignment ends the worker, whatever it names.
            ToWorker::Assign { cid: _, code, memory_bytes } if assigned.is_none() => {
                scheduler.bound_memory(memory_bytes);
                assigned = Some(code.into());
            }
            ToWorker::Run(run) => match &assigned {
                Some(code) => scheduler.run(run, Arc::clone(code)).map_err(|()| WorkerError::Protocol)?,
                None => return Err(WorkerError::Protocol),
            },
            ToWorker::Assign { .. } => return Err(WorkerError::Protocol),
            ToWorker::HostReply { execution, call, reply, fuel } => {
                scheduler.answer(execution, call, reply, fuel);
            }
            ToWorker::Cancel { execution, code, message } => {
                scheduler.cancel(execution, LimitHit::new(code, message));
            }
            ToWorker::Ping { nonce } => outbox.send(&FromWorker::Pong { nonce }),
        }
    }
}
