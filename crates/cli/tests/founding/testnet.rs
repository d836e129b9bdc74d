//! Hosts for one test: network namespaces that are joined by a slow network which loses packets.
//!
//! `xtask/testnet/net.py` makes them and says what can be asked of it. Hosts count from 1, as there.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Debian's own: users of hosts can run it, too.
const PYTHON: &str = "/usr/bin/python3";
/// Bare numbers need no entry in `/etc/passwd`, so nothing is left behind. These are above the numbers of
/// people, and below those that systemd gives to services.
const FIRST_UID: u32 = 60_900;

/// Hosts, the network between them, and a folder for each. Dropping it takes all down, and ends what runs there.
pub(crate) struct TestNet {
    switch: Child,
    lines: Mutex<Lines>,
    ready: Value,
    folder: tempfile::TempDir,
}

struct Lines {
    // Taken when the network is dropped: the switch ends when this closes.
    commands: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl TestNet {
    /// Starts a network. `delay_ms` is one way: a round trip takes twice as long. `loss` is a probability.
    ///
    /// `None` where there cannot be one; the reason is printed, past what tests' output is captured by.
    pub(crate) fn start(hosts: u8, delay_ms: u32, loss: f64) -> Option<TestNet> {
        let skip = |reason: &str| {
            let _ = writeln!(std::io::stderr(), "SKIPPED, no test network: {reason}");
            None
        };
        let words = ["--hosts", &hosts.to_string(), "--delay-ms", &delay_ms.to_string()];
        let mut command = Command::new(PYTHON);
        command.arg(script("net.py")).args(words).args(["--loss", &loss.to_string()]);
        let Ok(mut switch) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
            return skip(&format!("it needs {PYTHON}"));
        };
        let mut replies = BufReader::new(switch.stdout.take().unwrap());
        let ready = read(&mut replies);
        if ready["ready"] != true {
            switch.wait().unwrap();
            return skip(ready["error"].as_str().unwrap_or("it failed"));
        }
        let lines = Mutex::new(Lines { commands: switch.stdin.take(), replies });
        let folder = tempfile::tempdir().unwrap();
        // Users pass through it to their own folders, and see no names.
        set_mode(folder.path(), 0o711);
        let net = TestNet { switch, lines, ready, folder };
        for host in 1..=hosts {
            let own = net.folder(host);
            fs::create_dir(&own).unwrap();
            set_mode(&own, 0o700);
            chown(&own, Some(net.uid(host)), Some(net.uid(host))).unwrap();
        }
        Some(net)
    }

    /// A command on a host, as a user with this number; of no group, with nothing but `PATH` from our environment.
    ///
    /// The started process is the program itself, so that it can be signalled. It is in no other mount
    /// namespace. Its working folder is the host's.
    pub(crate) fn command(&self, host: u8, uid: u32, program: impl AsRef<Path>) -> Command {
        let own = self.folder(host);
        let mut command = Command::new(script("as_user.sh"));
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("TESTNET_HOME", &own);
        command.current_dir(if uid == self.uid(host) { &own } else { Path::new("/") });
        command.arg(self.ready["namespaces"][usize::from(host) - 1].as_str().unwrap());
        command.arg(uid.to_string()).arg(program.as_ref());
        command
    }

    /// `quorate` on a host, as the user of that host.
    pub(crate) fn quorate(&self, host: u8) -> Command {
        let program = self.program(env!("CARGO_BIN_EXE_quorate"));
        self.guest();
        self.command(host, self.uid(host), program)
    }

    /// The guest of this build, where the program looks for it.
    fn guest(&self) {
        let to = self.folder.path().join("guest");
        if to.exists() {
            return;
        }
        let builds = Path::new(env!("CARGO_BIN_EXE_quorate")).ancestors().skip(1);
        let from = builds.map(|folder| folder.join("guest")).find(|guest| guest.is_dir());
        let from = from.expect("a guest was built: cargo xtask guest");
        let name = fs::read_to_string(from.join("current")).unwrap();
        let (from, inner) = (from.join(name.trim()), to.join(name.trim()));
        fs::create_dir_all(&inner).unwrap();
        fs::write(to.join("current"), name).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap().path();
            let copy = inner.join(entry.file_name().unwrap());
            fs::copy(&entry, &copy).unwrap();
            set_mode(&copy, 0o644);
        }
        for folder in [&to, &inner] {
            set_mode(folder, 0o755);
        }
        set_mode(&to.join("current"), 0o644);
    }

    /// Gives the switch a command, `block 1 2 udp 4433` for instance, and returns its reply.
    pub(crate) fn control(&self, line: &str) -> Value {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(lines.commands.as_mut().unwrap(), "{line}").unwrap();
        read(&mut lines.replies)
    }

    /// As `control`, for a command that must be carried out.
    pub(crate) fn ask(&self, line: &str) -> Value {
        let reply = self.control(line);
        assert_eq!(reply["ok"], true, "{line}: {reply}");
        reply
    }

    /// A host's address.
    pub(crate) fn address(&self, host: u8) -> &str {
        self.ready["addresses"][usize::from(host) - 1].as_str().unwrap()
    }

    /// A host's address of IPv6, where this machine has it.
    pub(crate) fn address6(&self, host: u8) -> Option<&str> {
        self.ready["addresses6"][usize::from(host) - 1].as_str()
    }

    /// The user of a host.
    pub(crate) fn uid(&self, host: u8) -> u32 {
        FIRST_UID + u32::from(host)
    }

    /// The folder of a host's user, closed to others.
    pub(crate) fn folder(&self, host: u8) -> PathBuf {
        self.folder.path().join(format!("host-{host}"))
    }

    /// A program where all users can run it: a folder of builds may be closed to them.
    pub(crate) fn program(&self, path: impl AsRef<Path>) -> PathBuf {
        let bin = self.folder.path().join("bin");
        let to = bin.join(path.as_ref().file_name().unwrap());
        if !to.exists() {
            fs::create_dir_all(&bin).unwrap();
            set_mode(&bin, 0o755);
            // A link where that is possible: a build for tests is large.
            fs::hard_link(&path, &to).or_else(|_| fs::copy(&path, &to).map(drop)).unwrap();
        }
        to
    }
}

impl Drop for TestNet {
    fn drop(&mut self) {
        self.lines.get_mut().unwrap_or_else(PoisonError::into_inner).commands = None;
        let _ = self.switch.wait();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/testnet").join(name)
}

fn read(replies: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    replies.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or(Value::Null)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(command: &mut Command) -> (bool, String) {
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn operators_are_users_on_hosts_of_their_own() {
        let Some(net) = TestNet::start(2, 40, 0.0) else { return };
        let (succeeded, version) = output(net.quorate(1).arg("--version"));
        assert!(succeeded && version.starts_with("quorate"), "{version}");

        let secret = net.folder(1).join("secret");
        let (written, _) = output(net.command(1, net.uid(1), "sh").args(["-c", "echo mine >secret"]));
        let (own, text) = output(net.command(1, net.uid(1), "cat").arg(&secret));
        assert!(written && own && text == "mine\n");
        assert!(!output(net.command(2, net.uid(2), "cat").arg(&secret)).0);
        assert!(!output(net.command(1, net.uid(2), "cat").arg(&secret)).0, "the user counts, not the host");

        let (_, interfaces) = output(net.command(2, net.uid(2), "ip").args(["-o", "addr"]));
        assert!(interfaces.contains(net.address(2)) && !interfaces.contains(net.address(1)), "{interfaces}");
        assert!(net.address6(2).is_none_or(|address| interfaces.contains(address)), "{interfaces}");
    }

    #[test]
    fn a_dropped_network_leaves_nothing_and_ends_what_runs_on_its_hosts() {
        let Some(net) = TestNet::start(2, 0, 0.0) else { return };
        let mut command = net.command(1, net.uid(1), "sh");
        let mut sleeper =
            command.args(["-c", "echo; exec sleep 600"]).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(sleeper.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        assert_eq!(net.ask("down 2")["ok"], true);
        assert_eq!(net.control("down 3")["ok"], false);
        assert_eq!(net.ask("stats")["links"].as_array().unwrap().len(), 2);
        let namespaces = net.ready["namespaces"].as_array().unwrap().clone();
        let place = |name: &Value| Path::new("/run/netns").join(name.as_str().unwrap());
        assert!(namespaces.iter().all(|name| place(name).exists()));
        drop(net);
        assert!(!namespaces.iter().any(|name| place(name).exists()));
        assert!(!sleeper.wait().unwrap().success());
    }
}
