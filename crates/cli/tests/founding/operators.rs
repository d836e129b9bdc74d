//! Operators who found a network: each has a folder of its own, and runs commands there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::testnet::TestNet;

/// What a command answered.
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) value: Value,
    pub(crate) progress: String,
}

impl Answer {
    /// The result of a command that must have succeeded.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 0, "failed: {}\n{}", self.value, self.progress);
        self.value
    }

    /// What a command that must have failed says; one sentence.
    pub(crate) fn sentence(self) -> String {
        assert_eq!(self.status, 1, "should have failed: {}\n{}", self.value, self.progress);
        let detail = self.value["error"]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(!detail.is_empty() && !detail.contains('\n'), "no sentence: {}", self.value);
        detail
    }
}

/// A test's folder; removed unless the test fails.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A process that ends with the test.
pub(crate) struct Process {
    child: Child,
    pub(crate) log: PathBuf,
}

impl Process {
    /// Starts a command that follows its standard input.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> Process {
        let file = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::from(file.try_clone().unwrap()))
            .stderr(Stdio::from(file))
            .spawn()
            .unwrap();
        Process { child, log }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The exit status, once it has ended by itself.
    pub(crate) fn ended(&mut self, within: Duration) -> Option<i32> {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            if Instant::now() > until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn logged(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let until = Instant::now() + Duration::from_secs(15);
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if Instant::now() > until {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// One operator.
pub(crate) struct Operator {
    pub(crate) name: String,
    pub(crate) home: PathBuf,
    pub(crate) http: String,
    pub(crate) quic: String,
    /// The host of a test network that it is on, as that host's user.
    host: Option<(Rc<TestNet>, u8)>,
    /// A library that all of its commands are started with.
    pub(crate) preload: Option<PathBuf>,
}

pub(crate) const NAMES: [&str; 5] = ["Alpha AG", "Beta Coop", "Gamma & Sons", "Delta e.V.", "Epsilon"];

/// The name of an operator, by its number.
fn name(number: u8) -> String {
    NAMES.get(usize::from(number) - 1).map_or_else(|| format!("Operator {number}"), |name| (*name).to_owned())
}

impl Operator {
    /// An operator on this machine, with free ports.
    pub(crate) fn here(folder: &Path, place: usize) -> Operator {
        let home = folder.join(format!("operator-{}", place + 1));
        fs::create_dir_all(&home).unwrap();
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Operator {
            name: NAMES[place].to_owned(),
            home,
            http: format!("http://{}", tcp.local_addr().unwrap()),
            quic: udp.local_addr().unwrap().to_string(),
            host: None,
            preload: None,
        }
    }

    /// An operator on a host of its own, as the user of that host.
    pub(crate) fn on(net: &Rc<TestNet>, host: u8, name: &str) -> Operator {
        Operator {
            name: name.to_owned(),
            home: net.folder(host),
            http: format!("http://{}:7470", net.address(host)),
            quic: format!("{}:7570", net.address(host)),
            host: Some((net.clone(), host)),
            preload: None,
        }
    }

    /// A command of this operator, in its folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = match &self.host {
            Some((net, host)) => net.quorate(*host),
            None => Command::new(env!("CARGO_BIN_EXE_quorate")),
        };
        command.current_dir(&self.home).env("XDG_CONFIG_HOME", &self.home);
        command.envs(self.preload.iter().map(|library| ("LD_PRELOAD", library)));
        command
    }

    /// Runs `quorate --json …`.
    pub(crate) fn quorate(&self, words: &[&str]) -> Answer {
        let mut command = self.command();
        run(command.arg("--json").args(words))
    }

    /// The folder and the card of its node.
    pub(crate) fn init(&self, chain: &str) -> Value {
        let words = ["node", "init", "--name", &self.name, "--http", &self.http, "--quic", &self.quic];
        self.quorate(&[&words[..], &["--chain", chain]].concat()).ok()
    }

    /// A file of its node.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.join("node").join(name)
    }

    /// Starts its node.
    pub(crate) fn start(&self) -> Process {
        self.start_by(self.command())
    }

    /// The same by a command that was prepared.
    pub(crate) fn start_by(&self, mut command: Command) -> Process {
        command.args(["node", "--config", "node/node.toml", "--follow-stdin"]);
        Process::start(command, self.home.join("node.log"))
    }
}

/// A library that puts a process's wall clock an hour ahead: the source is compiled here.
pub(crate) fn an_hour_ahead(folder: &Path) -> PathBuf {
    const SOURCE: &str = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <time.h>\n\
        int clock_gettime(clockid_t id, struct timespec *at) {\n\
        static int (*real)(clockid_t, struct timespec *);\n\
        if (!real) real = dlsym(RTLD_NEXT, \"clock_gettime\");\n\
        int result = real(id, at);\n\
        if (result == 0 && id == CLOCK_REALTIME) at->tv_sec += 3600;\n\
        return result; }\n";
    let (source, library) = (folder.join("ahead.c"), folder.join("ahead.so"));
    fs::write(&source, SOURCE).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(compiler.status().unwrap().success());
    library
}

/// Hands a file to an operator, who can read it then; its path.
fn hand(file: &Path, to: &Operator, name: &str) -> String {
    let there = to.home.join(name);
    if there != file {
        fs::copy(file, &there).unwrap();
        fs::set_permissions(&there, fs::Permissions::from_mode(0o644)).unwrap();
    }
    there.display().to_string()
}

/// Runs a command that prints one document.
pub(crate) fn run(command: &mut Command) -> Answer {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let progress = String::from_utf8_lossy(&output.stderr).into_owned();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}{progress}"));
    Answer { status: output.status.code().unwrap_or(-1), value, progress }
}

/// A chain, and the operators with their cards.
pub(crate) struct Ceremony {
    pub(crate) operators: Vec<Operator>,
    pub(crate) rpc: String,
    _chain: Process,
    folder: Folder,
}

/// The port of a chain on a host.
const CHAIN_PORT: u16 = 8545;

impl Ceremony {
    /// With a chain that the first operator runs.
    pub(crate) fn new(test: &str, count: usize) -> Ceremony {
        let folder = Folder::new(test);
        let operators: Vec<Operator> = (0..count).map(|place| Operator::here(folder.path(), place)).collect();
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string();
        Ceremony::of(folder, operators, &listen)
    }

    /// The same with each operator on a host of its own.
    pub(crate) fn on_hosts(test: &str, net: &Rc<TestNet>, count: u8) -> Ceremony {
        let operators: Vec<Operator> = (1..=count).map(|host| Operator::on(net, host, &name(host))).collect();
        let listen = format!("{}:{CHAIN_PORT}", net.address(1));
        Ceremony::of(Folder::new(test), operators, &listen)
    }

    fn of(folder: Folder, operators: Vec<Operator>, listen: &str) -> Ceremony {
        let mut command = operators[0].command();
        command.args([
            "chain",
            "--dir",
            "chain",
            "--payer",
            "payer.key",
            "--follow-stdin",
            "--listen",
            listen,
        ]);
        let chain = Process::start(command, folder.path().join("chain.log"));
        let rpc = format!("http://{listen}");
        until(Duration::from_secs(20), || chain.logged().contains("chain at"));
        for operator in &operators {
            operator.init(&rpc);
        }
        Ceremony { operators, rpc, _chain: chain, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The first operator proposes; the hash of the proposal.
    pub(crate) fn propose(&self, more: &[&str]) -> String {
        let first = &self.operators[0];
        let cards = self.operators.iter().zip(1..);
        let cards: Vec<String> = cards
            .map(|(from, number)| hand(&from.file("card.json"), first, &format!("card-{number}.json")))
            .collect();
        let cards: Vec<&str> = cards.iter().map(String::as_str).collect();
        let words =
            ["network", "propose", "--name", "four", "--chain", &self.rpc, "--login-domain", "localhost"];
        let proposed = self.operators[0].quorate(&[&words[..], more, &cards].concat()).ok();
        fs::copy(self.operators[0].home.join("proposal.json"), self.path("proposal.json")).unwrap();
        proposed["hash"].as_str().unwrap().to_owned()
    }

    /// Every operator approves.
    pub(crate) fn approve(&self, hash: &str) {
        for operator in &self.operators {
            let proposal = hand(&self.path("proposal.json"), operator, "proposal.json");
            operator.quorate(&["network", "approve", &proposal, "--hash", hash]).ok();
        }
    }

    /// The first operator assembles with these operators' approvals.
    pub(crate) fn assemble(&self, of: &[usize]) -> Answer {
        let first = &self.operators[0];
        let from = |place: &usize| self.operators[*place].file("approval.json");
        let approvals: Vec<String> =
            of.iter().map(|place| hand(&from(place), first, &format!("approval-{place}.json"))).collect();
        let approvals: Vec<&str> = approvals.iter().map(String::as_str).collect();
        let proposal = hand(&self.path("proposal.json"), first, "proposal.json");
        let words = ["network", "assemble", &proposal, "--chain", &self.rpc];
        first.quorate(&[&words[..], &approvals].concat())
    }

    /// Everything up to the network file, which each operator has then; and the first pays.
    pub(crate) fn found(&self) -> String {
        let hash = self.propose(&[]);
        self.approve(&hash);
        let all: Vec<usize> = (0..self.operators.len()).collect();
        self.assemble(&all).ok();
        self.hand_out();
        hash
    }

    /// Hands the network file to everybody; the first operator pays for what all have signed.
    pub(crate) fn hand_out(&self) {
        let first = &self.operators[0];
        for operator in &self.operators {
            fs::copy(first.home.join("network.json"), operator.file("network.json")).unwrap();
        }
        let words = ["node", "init", "--name", &first.name, "--http", &first.http, "--quic", &first.quic];
        first.quorate(&[&words[..], &["--payer", "payer.key"]].concat()).ok();
    }

    /// Waits until every node says that it is ready.
    pub(crate) fn ready(&self, within: Duration) {
        let begun = Instant::now();
        loop {
            let status = self.status();
            if status["ready"] == true {
                return;
            }
            assert!(begun.elapsed() < within, "not ready: {status}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The table of `quorate network status`, as the first operator sees it.
    pub(crate) fn status(&self) -> Value {
        let network = self.operators[0].file("network.json").display().to_string();
        self.operators[0].quorate(&["network", "status", "--network", &network]).value
    }

    /// Mints a key, grants an action, runs it, and checks the receipt. The payer is the caller.
    pub(crate) fn signs(&self) {
        let first = &self.operators[0];
        let network = first.file("network.json").display().to_string();
        fs::write(first.home.join("sign.js"), SIGN).unwrap();
        let registry = ["--network", &network, "--key", "payer.key", "--rpc", &self.rpc];
        let minted = first.quorate(&[&["pkp", "mint"], &registry[..]].concat()).ok();
        let key = minted["public_key"].as_str().unwrap();
        let grant = ["pkp", "grant", key, "--action", "sign.js", "--scope", "sign-anything"];
        first.quorate(&[&grant, &registry[..]].concat()).ok();
        fs::write(first.home.join("key"), key).unwrap();
        self.runs_again();
    }

    /// A command that runs the action on the key that was minted last.
    pub(crate) fn call(&self, out: &str) -> Command {
        let first = &self.operators[0];
        let key = fs::read_to_string(first.home.join("key")).unwrap();
        let mut command = first.command();
        command.args([
            "--json",
            "action",
            "run",
            "sign.js",
            "--pkp",
            &key,
            "--to-sign",
            DIGEST,
            "--out",
            out,
        ]);
        command.args(["--network", "node/network.json", "--key", "payer.key"]);
        command
    }

    /// Runs the action on the key that was minted last, and checks the receipt.
    pub(crate) fn runs_again(&self) {
        let first = &self.operators[0];
        let network = first.file("network.json").display().to_string();
        run(&mut self.call("reply.json")).ok();
        let verified = first.quorate(&["verify", "reply.json", "--network", &network]).ok();
        assert_eq!(verified["valid"], true, "{verified}");
    }
}

const SIGN: &str = r#"async function main({ publicKey, toSign }) {
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "signature" });
  Lit.Actions.setResponse({ response: "signed" });
}"#;
const DIGEST: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";

/// One HTTP/1.0 call; returns status and body.
pub(crate) fn http(base: &str, head: &str) -> (u16, String) {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "{head} HTTP/1.0\r\nhost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Waits until something is so.
pub(crate) fn until(within: Duration, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < within, "it is not so after {} s", within.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}
