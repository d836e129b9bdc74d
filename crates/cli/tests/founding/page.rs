//! The commands of docs/founding.md, run in their order by operators in folders of their own.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::operators::{Folder, Process, run, until};

/// The addresses of the page, and free ones of this machine.
fn addresses() -> Vec<(String, String)> {
    let tcp = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let udp = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut held = (Vec::new(), Vec::new());
    let mut found = Vec::new();
    for host in 1..=4 {
        let (http, quic) = (tcp(), udp());
        found.push((format!("192.0.2.{host}:7470"), http.local_addr().unwrap().to_string()));
        found.push((format!("192.0.2.{host}:7570"), quic.local_addr().unwrap().to_string()));
        held.0.push(http);
        held.1.push(quic);
    }
    // The machine to which the second host's node moves: another address, and the ports of before.
    let another = |port: u16| format!("127.0.0.2:{port}");
    found.push(("192.0.2.5:7470".to_owned(), another(held.0[1].local_addr().unwrap().port())));
    found.push(("192.0.2.5:7570".to_owned(), another(held.1[1].local_addr().unwrap().port())));
    let chain = tcp();
    found.push(("192.0.2.1:8545".to_owned(), chain.local_addr().unwrap().to_string()));
    found
}

/// The words of a command line, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            (' ', None) => words.push(String::new()),
            (letter, _) => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a command ends with that has to fail.
const REFUSED: &str = " # refused";

struct Page {
    folder: Folder,
    addresses: Vec<(String, String)>,
    processes: BTreeMap<String, Process>,
    hash: String,
    /// Whether the commands are those of the transcript of a founding.
    founding: bool,
    commands: BTreeMap<String, usize>,
}

impl Page {
    fn home(&self, operator: &str) -> PathBuf {
        let home = self.folder.path().join(operator);
        fs::create_dir_all(&home).unwrap();
        home
    }

    /// `NAME hands FILE to NAME as FILE`.
    fn hand(&self, line: &str) {
        let (from, rest) = line.split_once(" hands ").unwrap();
        let (file, rest) = rest.split_once(" to ").unwrap();
        let (to, name) = rest.split_once(" as ").unwrap();
        fs::copy(self.home(from).join(file), self.home(to).join(name)).unwrap();
    }

    /// What operators do beside the commands.
    fn aside(&mut self, line: &str) {
        if let Some((operator, file)) = line.split_once(" writes the passphrase into ") {
            let path = self.home(operator).join(file);
            fs::write(&path, "more than twelve characters\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        } else if let Some(operator) = line.strip_suffix(" stops its node") {
            drop(self.processes.remove(&format!("{operator}-node")).unwrap());
        } else {
            self.hand(line);
        }
    }

    fn command(&mut self, operator: &str, line: &str) {
        let refused = line.ends_with(REFUSED);
        let mut line = line.trim_end_matches(REFUSED).replace("HASH", &self.hash);
        for (there, here) in &self.addresses {
            line = line.replace(there, here);
        }
        let background = line.ends_with(" &");
        let words = words(line.trim_end_matches(" &"));
        assert_eq!(words[0], "quorate", "{line}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
        let home = self.home(operator);
        command.current_dir(&home).env("XDG_CONFIG_HOME", &home);
        if background {
            let name = format!("{operator}-{}", words[1]);
            let log = home.join(format!("{name}.log"));
            let follows = words[1] == "chain" || words[2] != "check";
            command.args(&words[1..]).args(follows.then_some("--follow-stdin"));
            self.processes.insert(name.clone(), Process::start(command, log));
            if let Some(listen) = words.iter().position(|word| word == "--listen") {
                until(Duration::from_secs(20), || std::net::TcpStream::connect(&words[listen + 1]).is_ok());
            }
        } else {
            if words[1..3] == ["network", "status"] {
                self.wait_ready(operator, &words);
            }
            let answer = run(command.arg("--json").args(&words[1..]));
            println!("{operator}$ {line}\n{}", answer.value);
            let sharing = words[1..3] == ["network", "check"];
            // All of these operators are on one machine, and the page's command says so.
            let status = i32::from(sharing || refused);
            assert_eq!(answer.status, status, "{line}: {}\n{}", answer.value, answer.progress);
            if let Some(hash) = answer.value["hash"].as_str() {
                self.hash = hash.to_owned();
            }
        }
        if self.founding && words[2] != "status" {
            *self.commands.entry(operator.to_owned()).or_default() += 1;
        }
    }

    fn wait_ready(&self, operator: &str, words: &[String]) {
        until(Duration::from_secs(60), || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
            run(command.current_dir(self.home(operator)).arg("--json").args(&words[1..])).status == 0
        });
    }
}

#[test]
fn the_commands_of_the_page_found_a_network() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/founding.md")).unwrap();
    let mut page = Page {
        folder: Folder::new("page"),
        addresses: addresses(),
        processes: BTreeMap::new(),
        hash: String::new(),
        founding: false,
        commands: BTreeMap::new(),
    };
    let mut inside = false;
    // What is tried before the ceremony stands behind it on the page; the nodes run by then, and the check says so.
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && !line.contains("node check") {
            match line.split_once("$ ") {
                Some((operator, command)) => page.command(operator, command),
                None => page.aside(line.trim_matches(['(', ')'])),
            }
        } else if line.starts_with("## ") {
            page.founding = line == "## A transcript";
        }
    }
    println!("commands of the founding, by operator: {:?}", page.commands);
    assert!(
        page.commands.len() == 4 && page.commands.values().all(|count| *count <= 6),
        "{:?}",
        page.commands
    );
}
