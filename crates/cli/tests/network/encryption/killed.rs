//! A process that is killed while it opens a file: what is under the final name is whole, or nothing is.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{Files, ONE};
use crate::harness::{Folder, Network, program};

/// Bytes of the plaintext: many times what a pipe and a chunk hold.
const LENGTH: usize = 4 << 20;
const ROUNDS: usize = 20;

/// A number below `most`, not the same at each run.
fn random(most: usize) -> usize {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).unwrap();
    usize::try_from(u32::from_le_bytes(bytes)).unwrap() % most
}

fn decrypt(network: &Network, key: &str, out: &str) -> Child {
    let mut command = program();
    command.args(["decrypt", "-", "-o", out, "--key", key]).arg("--dir").arg(network.state());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_killed_decryption_leaves_a_whole_file_or_none() {
    let folder = Folder::new("encrypt-killed");
    let network = Network::start(&folder, &[]);
    let files = Files { network: &network };
    let key = files.key(1);
    let text: Vec<u8> = (0..LENGTH).map(|at| u8::try_from((at * 31 + at / 256) % 256).unwrap()).collect();
    let (plain, sealed) = (files.plain(&text), network.file("sealed"));
    network.quorate(&["encrypt", &plain, "-o", &sealed, "--to-address", ONE]).ok();
    let container = fs::read(&sealed).unwrap();
    let place = folder.path.join("opened");
    fs::create_dir(&place).unwrap();
    let out = place.join("out");
    let mut half = 0;
    for round in 0..ROUNDS {
        let mut child = decrypt(&network, &key, out.to_str().unwrap());
        let mut input = child.stdin.take().unwrap();
        // Most are killed in the middle of the payload, the others about when they end.
        let given = if round % 3 == 0 { container.len() } else { (1 << 20) + random(LENGTH - (1 << 20)) };
        input.write_all(&container[..given]).unwrap();
        if given == container.len() {
            drop(input);
            std::thread::sleep(Duration::from_millis(random(60).try_into().unwrap()));
            child.kill().unwrap();
        } else {
            // It has taken all but what the pipe holds, and waits for more.
            child.kill().unwrap();
            drop(input);
        }
        child.wait().unwrap();
        let left: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        match left.as_slice() {
            [] => half += 1,
            [name] if name == "out" => {
                assert!(
                    given == container.len() && fs::read(&out).unwrap() == text,
                    "round {round}, {given} bytes"
                );
                fs::remove_file(&out).unwrap();
            }
            more => panic!("round {round}, after {given} bytes: {more:?}"),
        }
    }
    assert!(half >= ROUNDS / 2, "only {half} were killed before the end");
    // The same input to its end is a file.
    let mut whole = decrypt(&network, &key, out.to_str().unwrap());
    whole.stdin.take().unwrap().write_all(&container).unwrap();
    assert!(whole.wait().unwrap().success() && fs::read(&out).unwrap() == text);
    network.stop();
}
