//! Four operators as four users on four hosts, with 40 ms between them and one packet in a hundred lost: a founding with
//! trouble, and what happens to nodes afterwards.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::operators::{Ceremony, Operator, Process, run, until};
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
    moves_to_another_host_under_load(&net, &ceremony, &mut nodes);
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

/// A library that puts a process's wall clock an hour ahead: the source is compiled here.
fn an_hour_ahead(folder: &Path) -> std::path::PathBuf {
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
    let second = copy.start();
    let mut first = nodes[1].take().unwrap();
    assert_eq!(first.ended(Duration::from_secs(60)), Some(HALTED), "{}", first.logged());
    assert!(first.logged().contains("another copy of this node"), "{}", first.logged());
    drop(second);
    fs::remove_dir_all(copy.home.join("node")).unwrap();
    nodes[1] = Some(beta.start());
    ceremony.ready(Duration::from_secs(60));
}

/// Gamma's node is exported, and goes on on another host, while a caller signs; the old copy never starts again.
fn moves_to_another_host_under_load(net: &Rc<TestNet>, ceremony: &Ceremony, nodes: &mut [Option<Process>]) {
    let gamma = &ceremony.operators[2];
    let before = slowest(ceremony, 8);
    let begun = Instant::now();
    nodes[2] = None;
    fs::write(gamma.home.join("passphrase"), "correct horse battery staple").unwrap();
    fs::set_permissions(gamma.home.join("passphrase"), fs::Permissions::from_mode(0o600)).unwrap();
    own(&gamma.home.join("passphrase"), net.uid(3));
    let kept = gamma.home.join("old");
    assert!(Command::new("cp").arg("-a").arg(gamma.home.join("node")).arg(&kept).status().unwrap().success());
    let export = [
        "node",
        "export",
        "--config",
        "node/node.toml",
        "--out",
        "gamma.age",
        "--passphrase-file",
        "passphrase",
    ];
    gamma.quorate(&export).ok();
    let refused = gamma.start().ended(Duration::from_secs(20));
    assert!(matches!(refused, Some(1 | HALTED)), "the old place starts no more: {refused:?}");

    let moved = Operator::on(net, 5, &gamma.name);
    for file in ["gamma.age", "passphrase"] {
        fs::copy(gamma.home.join(file), moved.home.join(file)).unwrap();
        fs::set_permissions(moved.home.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        own(&moved.home.join(file), net.uid(5));
    }
    moved.quorate(&["node", "import", "gamma.age", "--dir", "node", "--passphrase-file", "passphrase"]).ok();
    moved.init(&ceremony.rpc);
    nodes[2] = Some(moved.start());
    let during = slowest(ceremony, 8);
    ceremony.ready(Duration::from_secs(60));
    println!("moved in {:.1} s; slowest call {during:?}, before {before:?}", begun.elapsed().as_secs_f64());

    // A copy that was made before the export has no mark, and is told by its peers.
    fs::remove_dir_all(gamma.home.join("node")).unwrap();
    fs::rename(&kept, gamma.home.join("node")).unwrap();
    let mut old = gamma.start();
    assert_eq!(old.ended(Duration::from_secs(60)), Some(HALTED), "{}", old.logged());
    assert!(old.logged().contains("moved to another machine"), "{}", old.logged());
    ceremony.ready(Duration::from_secs(60));
    ceremony.signs();
}

/// The longest of some calls.
fn slowest(ceremony: &Ceremony, calls: usize) -> Duration {
    let timed = (0..calls).map(|_| {
        let begun = Instant::now();
        ceremony.runs_again();
        begun.elapsed()
    });
    timed.max().unwrap_or_default()
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
