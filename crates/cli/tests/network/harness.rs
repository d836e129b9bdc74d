//! A network of real processes for one test, in a folder and on ports of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use rustix::process::Signal;

use rustix::process::Pid;
use serde_json::Value;

pub(crate) const SIGN: &str = r#"async function main({ publicKey, toSign }) {
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "signature" });
  Lit.Actions.setResponse({ response: "signed" });
}"#;
/// The same wish in other bytes: another CID.
pub(crate) const OTHER: &str = r#"async function main({ publicKey, toSign }) {
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "other" });
}"#;
/// Thinks long enough for something to happen to the network, then signs.
pub(crate) const SLOW: &str = r#"async function main({ publicKey, toSign, rounds }) {
  let x = 1;
  for (let i = 0; i < rounds; i++) x = (x * 48271) % 2147483647;
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "signature" });
  Lit.Actions.setResponse({ response: String(x) });
}"#;
pub(crate) const DIGEST: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";

/// One network at a time: each is four processes that compute.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What a command answered.
pub(crate) struct Answer {
    pub(crate) succeeded: bool,
    pub(crate) value: Value,
}

impl Answer {
    /// The result of a command that must have succeeded.
    pub(crate) fn ok(self) -> Value {
        assert!(self.succeeded, "failed: {}", self.value);
        self.value
    }

    /// The error of a command that must have failed.
    pub(crate) fn error(self) -> Value {
        assert!(!self.succeeded, "should have failed: {}", self.value);
        self.value["error"].clone()
    }
}

/// A running `quorate dev`. Dropping it ends every process: they follow a pipe that only this one holds.
pub(crate) struct Network {
    dev: Child,
    _output: BufReader<ChildStdout>,
    /// What `dev` printed when the network was ready.
    pub(crate) ready: Value,
    folder: PathBuf,
}

/// A `quorate dev` of which it is not expected that it is ever ready. Dropping it ends every process.
pub(crate) struct Unready {
    dev: Child,
    state: PathBuf,
}

impl Unready {
    pub(crate) fn start(folder: &Folder) -> Unready {
        let state = folder.path.join("state");
        Unready { dev: spawn(&state, &[]), state }
    }

    /// What `/readyz` of a node says, by its place from 0; `None` as long as it does not answer.
    pub(crate) fn readyz(&self, place: usize) -> Option<String> {
        let network: Value =
            serde_json::from_str(&fs::read_to_string(self.state.join("network.json")).ok()?).ok()?;
        let address = network["endpoints"][place]["http"].as_str()?.trim_start_matches("http://").to_owned();
        drop(TcpStream::connect(&address).ok()?);
        Some(http(&address, "GET /readyz", b"").1)
    }

    /// Stops everything and returns what the processes logged.
    pub(crate) fn stop(mut self) -> String {
        drop(self.dev.stdin.take());
        let _ = self.dev.wait();
        logs(&self.state)
    }
}

impl Drop for Unready {
    fn drop(&mut self) {
        drop(self.dev.stdin.take());
        let _ = self.dev.wait();
    }
}

fn spawn(state: &Path, arguments: &[&str]) -> Child {
    // A test may have changed what nodes are told.
    let adopt = state.join("network.json").exists().then_some("--adopt");
    program()
        .args([
            "--json",
            "dev",
            "--follow-stdin",
            "--http-port",
            "0",
            "--quic-port",
            "0",
            "--chain-port",
            "0",
        ])
        .args(arguments)
        .args(adopt)
        .arg("--dir")
        .arg(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

impl Network {
    /// Starts a network in this folder.
    pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Network {
        let state = folder.path.join("state");
        let mut dev = spawn(&state, arguments);
        let mut output = BufReader::new(dev.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
        if ready["ready"] != true {
            drop(dev.stdin.take());
            dev.wait().unwrap();
            panic!("no network: {line}\n{}", logs(&state));
        }
        Network { dev, _output: output, ready, folder: folder.path.clone() }
    }

    /// Runs `quorate --json …` on this network.
    pub(crate) fn quorate(&self, words: &[&str]) -> Answer {
        let mut command = program();
        command.arg("--json").args(words);
        match words[0] {
            "verify" => command.arg("--network").arg(self.state().join("network.json")),
            _ => command.arg("--dir").arg(self.state()),
        };
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let value = serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("no JSON: {text}{}", String::from_utf8_lossy(&output.stderr)));
        Answer { succeeded: output.status.success(), value }
    }

    /// Mints a key and grants it to these actions.
    pub(crate) fn key_for(&self, actions: &[&str]) -> String {
        let minted = self.quorate(&["pkp", "mint"]).ok();
        let key = minted["public_key"].as_str().unwrap().to_owned();
        for action in actions {
            let file = self.action(action);
            self.quorate(&["pkp", "grant", &key, "--action", &file, "--scope", "sign-anything"]).ok();
        }
        key
    }

    /// A file with an action's source.
    pub(crate) fn action(&self, source: &str) -> String {
        let name = format!("{}.js", quorate_wire::ActionCid::of_code(source.as_bytes()));
        let path = self.folder.join(name);
        fs::write(&path, source).unwrap();
        path.display().to_string()
    }

    /// Runs an action on this key.
    pub(crate) fn run(&self, source: &str, key: &str, more: &[&str]) -> Answer {
        let file = self.action(source);
        let words = ["action", "run", &file, "--pkp", key, "--to-sign", DIGEST];
        self.quorate(&[&words[..], more].concat())
    }

    /// A path in the test's folder.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Ends one of its processes without a warning.
    pub(crate) fn kill(&self, process: &str) {
        self.signal(process, Signal::KILL);
    }

    /// Sends a signal to one of its processes.
    pub(crate) fn signal(&self, process: &str, signal: Signal) {
        let id = self.ready["processes"][process].as_i64().unwrap();
        rustix::process::kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), signal).unwrap();
    }

    /// A count of a node by its place from 0, if it has it yet.
    pub(crate) fn metric(&self, place: usize, name: &str) -> Option<u64> {
        let (_, metrics) = http(&self.http(place), "GET /metrics", b"");
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    /// Address of a node's HTTP interface, by its place from 0.
    pub(crate) fn http(&self, place: usize) -> String {
        self.ready["nodes"][place]["http"].as_str().unwrap().trim_start_matches("http://").to_owned()
    }

    /// Stops everything and returns what the processes logged.
    pub(crate) fn stop(mut self) -> String {
        drop(self.dev.stdin.take());
        assert!(self.dev.wait().unwrap().success());
        let logs = logs(&self.state());
        assert!(!logs.contains("panic"), "a process panicked:\n{logs}");
        logs
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Closing the pipe ends the network in order; after `stop` there is nothing to end.
        drop(self.dev.stdin.take());
        let _ = self.dev.wait();
    }
}

/// A test's folder; removed unless the test fails.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    _one: MutexGuard<'static, ()>,
}

impl Folder {
    pub(crate) fn new(test: &str) -> Folder {
        let one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder { path, _one: one }
    }
}

#[cfg(feature = "faults")]
impl Folder {
    /// Makes a node commit a fault from its next start on, instead of what it was told before.
    pub(crate) fn lie(&self, node: u8, fault: &str) {
        let path = self.path.join(format!("state/node-{node}/node.toml"));
        let text = fs::read_to_string(&path).unwrap();
        let honest = text.split("[faults]").next().unwrap();
        fs::write(&path, format!("{honest}\n[faults]\n{fault}\n")).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_quorate"))
}

/// One HTTP/1.0 call; returns status and body.
pub(crate) fn http(address: &str, head: &str, body: &[u8]) -> (u16, String) {
    try_http(address, head, body).unwrap_or_else(|| panic!("no answer to {head}"))
}

/// The same; nothing if the node closes the connection without an answer.
pub(crate) fn try_http(address: &str, head: &str, body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    write!(stream, "{head} HTTP/1.0\r\nhost: {address}\r\ncontent-length: {}\r\n", body.len()).unwrap();
    stream.write_all(b"content-type: application/json\r\n\r\n").unwrap();
    // A node that refuses by the length alone may stop reading before all is sent.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some((status, body.to_owned()))
}

fn logs(state: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(state).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            text.push_str(&format!("--- {}\n", entry.file_name().display()));
            text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
        }
    }
    text
}
