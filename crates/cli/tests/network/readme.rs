//! The commands of README.md, run in their order as they stand there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Folder, Network, program};

const README: &str = include_str!("../../../../README.md");

/// Beginnings of commands that this test does not run, and what does.
const ELSEWHERE: [(&str, &str); 4] = [
    ("cargo xtask demo", "the step demo of the checks"),
    ("cargo xtask ci", "the checks themselves"),
    ("cargo build -p quorate-cli", "cargo, before it runs this test"),
    ("quorate dev ", "the network of this test"),
];

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let (elsewhere, run): (Vec<_>, Vec<_>) = commands(README)
        .into_iter()
        .partition(|command| ELSEWHERE.iter().any(|(start, _)| command.starts_with(start)));
    assert_eq!(elsewhere.len(), ELSEWHERE.len(), "of those, each is there once: {elsewhere:#?}");

    let folder = Folder::new("readme");
    let network = Network::start(&folder, &[]);
    let at = |name: &str| folder.path.join(name);
    fs::create_dir(at("bin")).unwrap();
    symlink(program().get_program(), at("bin/quorate")).unwrap();
    symlink(network.state(), at(".quorate")).unwrap();
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"), at("examples")).unwrap();

    let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
    let script = run.join("\n");
    let mut bash = Command::new("bash");
    bash.args(["-euxo", "pipefail", "-c", &script]).env("PATH", path).current_dir(&folder.path);
    let output = bash.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));

    let reply: Value = serde_json::from_slice(&fs::read(at("reply.json")).unwrap()).unwrap();
    assert!(reply.to_string().contains(r#""response":"hello, 0x"#), "{reply}");
    assert!(said.contains("receipt"), "what `verify` found: {said}");
    network.stop();
}

#[test]
fn every_command_that_the_readme_names_is_there() {
    let spans = README.split('`').skip(1).step_by(2);
    let named: Vec<&str> = spans.filter_map(|span| span.strip_prefix("quorate ")).collect();
    assert!(named.len() > 15, "{named:?}");
    for words in named {
        let plain = |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
        let command: Vec<&str> = words.split(' ').take_while(plain).collect();
        let found = program().args(&command).arg("--help").output().unwrap();
        assert!(found.status.success(), "`quorate {words}`: {}", String::from_utf8_lossy(&found.stderr));
    }
}

/// What stands behind each `$` of the blocks for a terminal, with the lines that belong to it.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```console\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
    blocks
        .flat_map(|block| format!("\n{block}").split("\n$ ").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
