//! The log of a process: to standard error, quiet when all is well. No thread that logs waits for whoever reads.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use quorate_auth::printable;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// What of dependencies may be heard before the operator's filter says otherwise.
const DEPENDENCIES: &str = "quinn=error,quinn_proto=error,quinn_udp=error,rustls=error,hyper=error";

/// Bytes of lines that wait for the reader of standard error. What comes after that is dropped, and counted.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// Longest line; the rest of it is cut off.
const LINE_BYTES_MAX: usize = 64 << 10;
/// A process that ends waits so long for the reader of its last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

static LOG: OnceLock<Arc<Lines>> = OnceLock::new();

/// Starts the log, and makes panics part of it. To be called once, at the start of the process.
///
/// # Errors
/// If the filter is malformed, or a log runs already.
pub fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(format!("{DEPENDENCIES},{filter}"))?;
    let lines = Arc::new(Lines::default());
    let writer = lines.clone();
    thread::Builder::new().name("log".to_owned()).spawn(move || {
        writer
            .write_out(&mut io::stderr(), |dropped| tracing::warn!(dropped, "lines of the log were dropped"));
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Sink(lines.clone()))
        .with_ansi(false)
        // Standard error is the writer's alone: a failure to write is counted, and printed by nobody.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| anyhow::anyhow!("the log: {error}"))?;
    let _ = LOG.set(lines);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // A formatted message may carry what somebody sent; a constant one is our own text.
        let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
        tracing::error!(place, what, "panic");
        flush_log();
    }));
    Ok(())
}

/// Waits a moment for the last lines to be written. To be called before a process ends.
pub fn flush_log() {
    if let Some(lines) = LOG.get() {
        lines.flush(LAST_LINES);
    }
}

/// Lines that were dropped since the process began: nobody read, or they could not be written.
pub(crate) fn dropped_lines() -> u64 {
    LOG.get().map_or(0, |lines| lines.lock().dropped)
}

/// Lines on their way to standard error.
#[derive(Default)]
struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A line is with the writer.
    writing: bool,
    dropped: u64,
    /// How many of the dropped ones the log has told of.
    told: u64,
    closed: bool,
}

impl Lines {
    /// Takes a line if there is room. Never waits for the reader.
    fn push(&self, mut line: Vec<u8>) {
        if line.len() > LINE_BYTES_MAX {
            line.truncate(LINE_BYTES_MAX);
            line.push(b'\n');
        }
        let mut state = self.lock();
        if state.closed || state.bytes + line.len() > WAITING_BYTES_MAX {
            state.dropped += 1;
            return;
        }
        state.bytes += line.len();
        state.waiting.push_back(line);
        drop(state);
        self.changed.notify_all();
    }

    /// Writes lines for ever. One that can not be written, because the reader is gone or a disk is full, is dropped;
    /// how many were is told once a line could be written again.
    fn write_out(&self, out: &mut impl Write, tell: impl Fn(u64)) {
        while let Some(line) = self.next() {
            let written = out.write_all(&line).and_then(|()| out.flush());
            let mut state = self.lock();
            state.writing = false;
            if written.is_err() {
                state.dropped += 1;
            }
            let untold = state.dropped - state.told;
            let drained = written.is_ok() && state.waiting.is_empty() && untold > 0;
            if drained {
                state.told = state.dropped;
            }
            drop(state);
            self.changed.notify_all();
            if drained {
                tell(untold);
            }
        }
    }

    /// The next line; none once the log is closed and empty.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        loop {
            if let Some(line) = state.waiting.pop_front() {
                state.bytes -= line.len();
                state.writing = true;
                return Some(line);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        while state.writing || !state.waiting.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the subscriber writes to.
struct Sink(Arc<Lines>);

/// One line as it is written.
struct Line {
    text: Vec<u8>,
    lines: Arc<Lines>,
}

impl MakeWriter<'_> for Sink {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { text: Vec::new(), lines: self.0.clone() }
    }
}

impl Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.lines.push(one_line(&self.text));
        }
    }
}

/// What was logged at once, as it may stand in the log: what others said begins no line of its own, and hides nothing.
fn one_line(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut line = printable(text.strip_suffix('\n').unwrap_or(&text)).into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Writes what it is let through, and nothing before; an end of the permits is a reader that is gone.
    struct Pipe {
        permits: mpsc::Receiver<bool>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Pipe {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            if self.permits.recv() != Ok(true) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let _ = self.written.send(text.to_vec());
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Reader {
        lines: Arc<Lines>,
        permits: mpsc::Sender<bool>,
        written: mpsc::Receiver<Vec<u8>>,
        writer: thread::JoinHandle<()>,
    }

    fn start() -> Reader {
        let lines = Arc::new(Lines::default());
        let (permits, receiver) = mpsc::channel();
        let (sender, written) = mpsc::channel();
        let own = lines.clone();
        let writer = thread::spawn(move || {
            let told = own.clone();
            own.write_out(&mut Pipe { permits: receiver, written: sender }, |dropped| {
                told.push(format!("dropped {dropped}\n").into_bytes());
            });
        });
        Reader { lines, permits, written, writer }
    }

    fn end(reader: Reader) {
        let Reader { lines, permits, writer, .. } = reader;
        drop(permits);
        lines.lock().closed = true;
        lines.changed.notify_all();
        writer.join().unwrap();
    }

    #[test]
    fn what_others_said_begins_no_line_of_the_log_and_hides_nothing() {
        let lines = Arc::new(Lines::default());
        let mut line = Sink(lines.clone()).make_writer();
        line.write_all("WARN the chain said: no\nINFO all is well\u{202e}\u{1b}[2K\n".as_bytes()).unwrap();
        drop(line);
        let text = String::from_utf8(lines.lock().waiting.pop_front().unwrap()).unwrap();
        assert_eq!(text, "WARN the chain said: no\n  \u{2502} INFO all is well\\u{202e}\\u{1b}[2K\n");
    }

    #[test]
    fn nobody_waits_for_a_pipe_that_is_not_read_and_what_was_dropped_is_told() {
        let reader = start();
        let line = vec![b'x'; LINE_BYTES_MAX];
        // Far more than fits; the writer stands still with the first one.
        let many = 2 * WAITING_BYTES_MAX / LINE_BYTES_MAX;
        (0..many).for_each(|_| reader.lines.push(line.clone()));
        let dropped = reader.lines.lock().dropped;
        assert!(dropped > 0 && reader.lines.lock().bytes <= WAITING_BYTES_MAX);
        reader.lines.flush(Duration::from_millis(1));
        let kept = many - usize::try_from(dropped).unwrap();
        for _ in 0..=kept {
            reader.permits.send(true).unwrap();
        }
        for _ in 0..kept {
            assert_eq!(reader.written.recv().unwrap().len(), LINE_BYTES_MAX);
        }
        assert_eq!(reader.written.recv().unwrap(), format!("dropped {dropped}\n").into_bytes());
        end(reader);
    }

    #[test]
    fn a_reader_that_is_gone_ends_nothing() {
        let reader = start();
        (0..3).for_each(|_| reader.permits.send(false).unwrap());
        (0..3).for_each(|_| reader.lines.push(b"lost\n".to_vec()));
        reader.lines.flush(Duration::from_secs(10));
        assert_eq!(reader.lines.lock().dropped, 3);
        reader.permits.send(true).unwrap();
        reader.permits.send(true).unwrap();
        reader.lines.push(b"heard\n".to_vec());
        assert_eq!(reader.written.recv().unwrap(), b"heard\n");
        assert_eq!(reader.written.recv().unwrap(), b"dropped 3\n");
        end(reader);
    }

    #[test]
    fn a_long_line_is_cut() {
        let lines = Lines::default();
        lines.push(vec![b'x'; 2 * LINE_BYTES_MAX]);
        assert_eq!(lines.lock().bytes, LINE_BYTES_MAX + 1);
    }
}
