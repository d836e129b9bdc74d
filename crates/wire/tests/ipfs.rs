//! Names of actions beside those that the reference implementation of IPFS gives to the same files.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use quorate_wire::ActionCid;
use serde_json::Value;

const CHUNK: usize = 262_144;

/// The bytes of `tests/ipfs/cids.mjs`, `bytes`.
fn bytes(seed: u32, size: usize) -> Vec<u8> {
    let mut state = seed;
    (0..size)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// Sizes around every edge of the layout, and some that nobody chose.
fn sizes() -> Vec<usize> {
    let mut sizes = vec![0, 1, 2, 127, 128, 4_096];
    for chunks in [1, 2, 3, 16, 173, 174, 175] {
        sizes.push(CHUNK * chunks);
    }
    for chunks in [1, 2, 174] {
        sizes.extend([CHUNK * chunks - 1, CHUNK * chunks + 1]);
    }
    let mut state = 7u32;
    sizes.extend((0..40).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).expect("24 bits fit") % (CHUNK * 5)
    }));
    sizes
}

fn reference(files: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ipfs");
    assert!(
        folder.join("node_modules/ipfs-unixfs-importer").exists(),
        "the reference implementation is missing, run: npm ci --prefix crates/wire/tests/ipfs"
    );
    let mut node = Command::new("node")
        .arg(folder.join("cids.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    node.stdin.take().expect("it was asked for").write_all(files.to_string().as_bytes()).expect("node reads");
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("node prints JSON")
}

#[test]
fn names_are_those_of_the_reference_implementation() {
    let sizes = sizes();
    let files: Vec<Value> = sizes
        .iter()
        .zip(1u32..)
        .map(|(size, seed)| serde_json::json!({ "seed": seed, "size": size }))
        .collect();
    let names = reference(&Value::from(files));
    let names = names.as_array().expect("a list");
    assert_eq!(names.len(), sizes.len());
    for ((size, seed), named) in sizes.iter().zip(1u32..).zip(names) {
        let ours = ActionCid::of_code(&bytes(seed, *size));
        assert_eq!(named["v0"], ours.to_string(), "{size} bytes");
        let spellings = named["v1"].as_array().expect("a list");
        assert_eq!(spellings.len(), 4);
        for spelling in spellings {
            let read = spelling.as_str().expect("a text").parse::<ActionCid>();
            assert_eq!(read, Ok(ours), "{spelling}, {size} bytes");
        }
        // One raw block is seen for what it is. A branch over raw leaves looks like any other and is another name.
        let raw = named["raw"].as_str().expect("a text").parse::<ActionCid>();
        if *size <= CHUNK {
            assert!(raw.expect_err("a raw block").to_string().contains("raw blocks"), "{size} bytes");
        } else {
            assert_ne!(raw, Ok(ours), "{size} bytes");
        }
    }
}
