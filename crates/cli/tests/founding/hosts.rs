//! Four operators as four users on four hosts, with 40 ms between them and one packet in a hundred lost: a founding with
//! trouble, and what happens to nodes afterwards.

use std::fmt;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::operators::{Ceremony, Operator, Process, an_hour_ahead, run, until};
use crate::testnet::TestNet;

/// One way: a round trip takes twice as long.
const DELAY_MS: u32 = 40;
const LOSS: f64 = 0.01;
/// The status of a node that must not go on.
const HALTED: i32 = 3;

/// What was found of one node by `quorate node check`, joined.
fn found(check: &Value, node: u64, grade: &str) -> String {
    let findings = check["findings"].as_array().unwrap().iter();
    let of = findings.filter(|finding| finding["node"] == node && finding["grade"] == grade);
    of.map(|finding| format!("{} [{}]", finding["what"], finding["act"])).collect::<Vec<_>>().join("; ")
}

#[test]
fn four_operators_on_hosts_of_their_own_found_a_network_through_trouble() {
    let Some(net) = TestNet::start(5, DELAY_MS, LOSS).map(Rc::new) else { return };
    let ceremony = Ceremony::on_hosts("hosts", &net, 4);
    let [alpha, beta, gamma, delta] = &ceremony.operators[..] else { panic!("four operators") };
    ceremony.found();
    nobody_reads_anothers_folder(&net, &ceremony);

    // Delta's firewall is closed, and Gamma's clock is an hour ahead.
    net.ask("block any 4 udp 7570");
    checks_find_the_trouble(&ceremony, net.folder(3).as_path());
    let mut nodes = vec![Some(alpha.start()), Some(beta.start()), None, Some(delta.start())];
    until(Duration::from_secs(30), || {
        let status = ceremony.status();
        let of = |place: usize| &status["nodes"][place];
        // Whoever reads the table knows who has to act: Delta is reached by nobody, and Gamma does not answer.
        let waiting = of(0)["waiting_for"].as_str().unwrap_or_default();
        waiting.contains("node 3") && waiting.contains("node 4") && of(2)["answers"] == false
    });
    net.ask("unblock");
    // Gamma comes late, with its clock set.
    std::thread::sleep(Duration::from_secs(5));
    let begun = Instant::now();
    nodes[2] = Some(gamma.start());
    ceremony.ready(Duration::from_secs(120));
    println!("ready {:.1} s after the last start", begun.elapsed().as_secs_f64());
    ceremony.signs();

    moves_to_another_port(&ceremony, &mut nodes);
    second_copy_stops_the_first(&net, &ceremony, &mut nodes);
    moves_to_another_host_under_load(&net, &ceremony, &mut nodes, 1);
}

fn nobody_reads_anothers_folder(net: &TestNet, ceremony: &Ceremony) {
    let secret = ceremony.operators[0].file("keys/statement.key");
    assert!(secret.exists());
    for host in 2..=4 {
        let read = net.command(host, net.uid(host), "cat").arg(&secret).output().unwrap();
        assert!(!read.status.success(), "host {host} reads the keys of host 1");
    }
}

/// Everybody checks at the same time; what is in the way is named, with who has to act.
fn checks_find_the_trouble(ceremony: &Ceremony, folder: &Path) {
    let clock = an_hour_ahead(folder);
    let check = |operator: &Operator, ahead: bool| {
        let mut command = operator.command();
        if ahead {
            command.env("LD_PRELOAD", &clock);
        }
        command.args(["--json", "node", "check", "--wait", "12"]);
        command
    };
    let commands: Vec<Command> =
        ceremony.operators.iter().enumerate().map(|(place, operator)| check(operator, place == 2)).collect();
    let running: Vec<_> =
        commands.into_iter().map(|mut command| std::thread::spawn(move || run(&mut command))).collect();
    let answers: Vec<_> = running.into_iter().map(|running| running.join().unwrap()).collect();
    for (place, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, 1, "operator {}: {}", place + 1, answer.value);
    }
    let alpha = &answers[0].value;
    assert!(found(alpha, 2, "fine").contains("reached"), "{alpha}");
    assert!(found(alpha, 3, "problem").contains("60 minutes ahead"), "{alpha}");
    assert!(found(alpha, 4, "problem").contains("not reached"), "{alpha}");
    let delta = &answers[3].value;
    assert!(
        found(delta, 1, "problem").contains("does not reach this node")
            || found(delta, 1, "problem").contains("not reached"),
        "{delta}"
    );
}

/// A node at other ports is found without a new file, and the caller's old file leads to it.
fn moves_to_another_port(ceremony: &Ceremony, nodes: &mut [Option<Process>]) {
    nodes[1] = None;
    let beta = &ceremony.operators[1];
    let host = beta.http.trim_start_matches("http://").trim_end_matches(":7470").to_owned();
    let (http, quic) = (format!("http://{host}:7471"), format!("{host}:7571"));
    let words = ["node", "init", "--name", &beta.name, "--http", &http, "--quic", &quic];
    let listen = ["--http-listen", "0.0.0.0:7471", "--quic-listen", "0.0.0.0:7571"];
    let card = beta.quorate(&[&words[..], &listen].concat()).ok();
    assert_eq!(card["endpoint_number"], 2);
    nodes[1] = Some(beta.start());
    ceremony.ready(Duration::from_secs(60));
    ceremony.signs();
}

/// Beta's folder is copied, and the copy is started while the first one runs: only the later one goes on.
fn second_copy_stops_the_first(net: &Rc<TestNet>, ceremony: &Ceremony, nodes: &mut [Option<Process>]) {
    let beta = &ceremony.operators[1];
    let copy = Operator::on(net, 5, &beta.name);
    let copied = Command::new("cp").arg("-a").arg(beta.home.join("node")).arg(&copy.home).status().unwrap();
    assert!(copied.success());
    own(&copy.home.join("node"), net.uid(5));
    let mut second = copy.start();
    let mut first = nodes[1].take().unwrap();
    assert_eq!(first.ended(Duration::from_secs(60)), Some(HALTED), "{}", first.logged());
    assert!(first.logged().contains("another copy of this node"), "{}", first.logged());
    // It stays stopped, and asks nobody: the copy that lives is not told of a start that is later still.
    let mut again = beta.start();
    assert_eq!(again.ended(Duration::from_secs(20)), Some(HALTED), "{}", again.logged());
    assert!(again.logged().contains("does not start again"), "{}", again.logged());
    assert_eq!(
        second.ended(Duration::from_secs(5)),
        None,
        "the copy that lives was stopped: {}",
        second.logged()
    );
    drop(second);
    fs::remove_dir_all(copy.home.join("node")).unwrap();

    // Its operator decides that the first one goes on after all.
    let mark: Value = serde_json::from_slice(&fs::read(beta.file("data/halted")).unwrap()).unwrap();
    assert!(mark["start"].as_u64() > mark["own_start"].as_u64(), "{mark}");
    secret(net, beta, 2, "passphrase");
    let sealed = ["--passphrase-file", "passphrase"];
    let export = ["node", "export", "--config", "node/node.toml", "--out", "beta.age"];
    beta.quorate(&[&export[..], &sealed].concat()).ok();
    fs::remove_dir_all(beta.home.join("node")).unwrap();
    let after = mark["start"].to_string();
    let import = ["node", "import", "beta.age", "--dir", "node", "--after", &after];
    beta.quorate(&[&import[..], &sealed].concat()).ok();
    nodes[1] = Some(beta.start());
    ceremony.ready(Duration::from_secs(60));
}

/// A file with a passphrase, of an operator's user.
fn secret(net: &TestNet, of: &Operator, host: u8, name: &str) {
    let path = of.home.join(name);
    fs::write(&path, "correct horse battery staple").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    own(&path, net.uid(host));
}

/// Gamma's node is exported, and goes on on another host, while callers sign; the old copy never starts again.
pub(crate) fn moves_to_another_host_under_load(
    net: &Rc<TestNet>,
    ceremony: &Ceremony,
    nodes: &mut [Option<Process>],
    callers: usize,
) {
    let gamma = &ceremony.operators[2];
    secret(net, gamma, 3, "passphrase");
    let kept = gamma.home.join("old");
    assert!(Command::new("cp").arg("-a").arg(gamma.home.join("node")).arg(&kept).status().unwrap().success());
    let usual = Load::start(ceremony, callers);
    std::thread::sleep(Duration::from_secs(8));
    let usual = usual.stop();

    let load = Load::start(ceremony, callers);
    let mut steps = Steps::begin();
    nodes[2] = None;
    steps.done("stopped");
    let sealed = ["--passphrase-file", "passphrase"];
    let export = ["node", "export", "--config", "node/node.toml", "--out", "gamma.age"];
    gamma.quorate(&[&export[..], &sealed].concat()).ok();
    steps.done("exported");
    let moved = Operator::on(net, 5, &gamma.name);
    for file in ["gamma.age", "passphrase"] {
        fs::copy(gamma.home.join(file), moved.home.join(file)).unwrap();
        fs::set_permissions(moved.home.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        own(&moved.home.join(file), net.uid(5));
    }
    moved.quorate(&[&["node", "import", "gamma.age", "--dir", "node"], &sealed[..]].concat()).ok();
    steps.done("imported");
    moved.init(&ceremony.rpc);
    nodes[2] = Some(moved.start());
    ceremony.ready(Duration::from_secs(60));
    steps.done("ready");
    let during = load.stop();
    println!("moved: {steps}; calls meanwhile {during}; usual calls {usual}");

    let mut refused = gamma.start();
    assert_eq!(refused.ended(Duration::from_secs(20)), Some(HALTED), "the old place starts no more");
    // A copy that was made before the export has no mark, and is told by its peers.
    fs::remove_dir_all(gamma.home.join("node")).unwrap();
    fs::rename(&kept, gamma.home.join("node")).unwrap();
    let mut old = gamma.start();
    assert_eq!(old.ended(Duration::from_secs(60)), Some(HALTED), "{}", old.logged());
    assert!(old.logged().contains("moved to another machine"), "{}", old.logged());
    ceremony.ready(Duration::from_secs(60));
    ceremony.signs();
}

/// Callers, of whom each makes one call after the other until they are stopped.
struct Load {
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Vec<Duration>>>,
}

/// How long calls took.
struct Calls(Vec<Duration>);

impl Load {
    /// More calls than a caller makes before anything here ends.
    const CALLS: usize = 2_000;

    fn start(ceremony: &Ceremony, callers: usize) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let caller = |number: usize| {
            let out = format!("load-{number}.json");
            let mut commands: Vec<Command> = (0..Self::CALLS).map(|_| ceremony.call(&out)).collect();
            let stopped = stop.clone();
            std::thread::spawn(move || {
                let timed =
                    commands.iter_mut().take_while(|_| !stopped.load(Ordering::Relaxed)).map(|command| {
                        let begun = Instant::now();
                        run(command).ok();
                        begun.elapsed()
                    });
                timed.collect()
            })
        };
        let callers = (0..callers).map(caller).collect();
        Load { stop, callers }
    }

    /// Ends it; every call has succeeded.
    fn stop(self) -> Calls {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls: Vec<Duration> =
            self.callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect();
        assert!(!calls.is_empty());
        calls.sort();
        Calls(calls)
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |percent: usize| self.0[(self.0.len() - 1) * percent / 100].as_millis();
        write!(f, "{} (ms: median {}, p99 {})", self.0.len(), at(50), at(99))
    }
}

/// The steps of a move, each with the time from its beginning.
struct Steps {
    begun: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    fn begin() -> Steps {
        Steps { begun: Instant::now(), done: Vec::new() }
    }

    fn done(&mut self, step: &'static str) {
        self.done.push((step, self.begun.elapsed()));
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(step, at): &(&str, Duration)| format!("{step} at {:.1} s", at.as_secs_f64());
        f.write_str(&self.done.iter().map(shown).collect::<Vec<_>>().join(", "))
    }
}

/// Gives a file, or a folder with all that is in it, to a user.
fn own(path: &Path, uid: u32) {
    chown(path, Some(uid), Some(uid)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path(), uid);
        }
    }
}
