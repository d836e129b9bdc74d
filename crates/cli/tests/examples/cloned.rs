//! Commands in a folder that somebody else has made: nothing of it runs.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// A folder for a project and for what belongs to the user.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Runs the program inside of a project, as somebody who has Node.js programs of the project in the search path.
fn run(project: &Path, user: &Path, words: &[&str]) -> (bool, Value) {
    let mut path = OsString::from("node_modules/.bin:");
    path.push(project.join("node_modules/.bin"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_quorate"))
        .current_dir(project)
        .env("PATH", path)
        .env("XDG_CACHE_HOME", user.join("cache"))
        .env("XDG_CONFIG_HOME", user.join("config"))
        .env("npm_config_node_options", format!("--require={}", project.join("evil/lib/main.js").display()))
        .arg("--json")
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), value)
}

/// A project that puts its own program in the place of the bundler, by every means that npm offers.
fn hostile_project(project: &Path, ran: &Path) -> String {
    let program = format!(
        "require('node:fs').writeFileSync({:?}, ''); exports.build = () => {{ throw new Error('owned'); }};",
        ran.display().to_string()
    );
    write(&project.join("a.js"), "const main = () => 1;");
    write(
        &project.join("evil/package.json"),
        r#"{"name":"esbuild","version":"0.28.2","main":"lib/main.js"}"#,
    );
    write(&project.join("evil/lib/main.js"), &program);
    let manifest = json!({
        "name": "cloned",
        "private": true,
        "workspaces": [".quorate-cache/*"],
        "overrides": { "esbuild": "file:./evil" },
    });
    write(&project.join("package.json"), &manifest.to_string());
    let lock = json!({
        "name": "cloned",
        "lockfileVersion": 3,
        "requires": true,
        "packages": {
            "": { "name": "cloned", "workspaces": [".quorate-cache/*"] },
            ".quorate-cache/bundler": { "name": "quorate-bundler", "dependencies": { "esbuild": "0.28.2" } },
            "evil": { "name": "esbuild", "version": "0.28.2" },
            "node_modules/esbuild": { "resolved": "evil", "link": true },
            "node_modules/quorate-bundler": { "resolved": ".quorate-cache/bundler", "link": true },
        },
    });
    write(&project.join("package-lock.json"), &lock.to_string());
    write(&project.join(".npmrc"), "registry=http://127.0.0.1:9/\nworkspaces=true\n");
    for name in ["node", "npm", "esbuild"] {
        let path = project.join("node_modules/.bin").join(name);
        write(&path, &format!("#!/bin/sh\n: > {}\nexit 1\n", ran.display()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    program
}

#[test]
fn building_in_a_cloned_project_runs_nothing_of_it() {
    let folder = folder();
    let (project, ran) = (folder.path().join("project"), folder.path().join("ran"));
    let program = hostile_project(&project, &ran);
    let build = || run(&project, folder.path(), &["action", "build", "a.js"]);
    let (succeeded, first) = build();
    assert!(!ran.exists(), "a program of the project ran: {first}");
    assert!(succeeded && first["cid"].is_string(), "{first}");
    assert!(!project.join(".quorate-cache").exists(), "something was installed into the project");

    // What lies in the cache runs only as the lock names it, also when it was right before.
    let bundler = folder.path().join("cache/quorate/bundler");
    for file in ["esbuild-0.28.2/lib/main.js", "esbuild-0.28.2.tgz"] {
        fs::write(bundler.join(file), &program).unwrap();
        let (succeeded, again) = build();
        assert!(!ran.exists(), "{file} ran: {again}");
        assert!(succeeded && again["cid"] == first["cid"], "{file}: {again}");
    }
}

#[test]
fn a_state_folder_that_came_with_a_project_is_not_taken() {
    let folder = folder();
    let (project, ran) = (folder.path().join("project"), folder.path().join("ran"));
    let worker = folder.path().join("worker");
    write(&worker, &format!("#!/bin/sh\n: > {}\n", ran.display()));
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!("worker = [{:?}]", worker.display().to_string());
    write(&project.join(".quorate/node-1/node.toml"), &config);
    write(&project.join(".quorate/running.json"), r#"{"chain_rpc":"http://127.0.0.1:9","process":1}"#);
    // One that others have made with a secret of theirs, or none.
    for mark in [None, Some(""), Some("00".repeat(32).as_str())] {
        if let Some(mark) = mark {
            write(&project.join(".quorate/mark"), mark);
        }
        for words in [
            &["dev", "--http-port", "0", "--quic-port", "0", "--chain-port", "0", "--ready-within", "9"][..],
            &["pkp", "mint"],
            &["action", "run", "a.js"],
        ] {
            write(&project.join("a.js"), "1");
            let (succeeded, answer) = run(&project, folder.path(), words);
            assert!(!succeeded && answer["error"]["code"] == "folder_not_yours", "{words:?}: {answer}");
            let detail = answer["error"]["detail"].as_str().unwrap();
            assert!(detail.contains("--adopt") && detail.contains("--dir"), "{detail}");
        }
    }
    assert!(!ran.exists(), "the project's worker ran");
    assert!(!project.join(".quorate/wallet.key").exists(), "a key was made in it");
}

/// Every file of a folder with its bytes and the time of its last change.
fn everything(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let changed = path.metadata().unwrap().modified().unwrap();
        if path.is_dir() {
            found.push((path.clone(), Vec::new(), changed));
            found.extend(everything(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap(), changed));
        }
    }
    found.sort();
    found
}

const ANY_PORTS: [&str; 6] = ["--http-port", "0", "--quic-port", "0", "--chain-port", "0"];

#[test]
fn a_folder_of_a_network_of_before_is_refused_and_nothing_in_it_is_changed() {
    let folder = folder();
    let project = folder.path().join("project");
    let state = project.join(".quorate");
    write(&state.join("network.json"), include_str!("network-of-before.json"));
    write(&state.join("wallet.key"), &"11".repeat(32));
    write(&state.join("mark"), &"22".repeat(32));
    write(&state.join("chain/genesis.json"), "{}");
    write(&state.join("node-1/node.toml"), "");
    let before = everything(&state);
    let dev = [&["dev"][..], &ANY_PORTS].concat();
    let adopt = [&dev[..], &["--adopt"]].concat();
    for words in [&dev[..], &adopt, &["pkp", "mint"], &["pkp", "list"]] {
        let (succeeded, answer) = run(&project, folder.path(), words);
        let detail = answer["error"]["detail"].as_str().unwrap();
        assert!(!succeeded && detail.contains("earlier release"), "{words:?}: {detail}");
        assert!(detail.contains("--dir") && detail.contains("network.json"), "{words:?}: {detail}");
        assert_eq!(everything(&state), before, "{words:?}");
    }
}

#[test]
fn a_network_that_was_not_founded_leaves_no_network_file() {
    let folder = folder();
    let project = folder.path().join("project");
    fs::create_dir_all(&project).unwrap();
    let words = [&["dev", "--ready-within", "0"][..], &ANY_PORTS].concat();
    let (succeeded, answer) = run(&project, folder.path(), &words);
    assert!(!succeeded && answer.to_string().contains("not ready"), "{answer}");
    assert!(project.join(".quorate/chain/genesis.json").exists());
    assert!(!project.join(".quorate/network.json").exists());
    // A chain keeps its id, also if no network came of it.
    let words = [&words[..], &["--chain-id", "31337"]].concat();
    let (succeeded, answer) = run(&project, folder.path(), &words);
    let detail = answer["error"]["detail"].as_str().unwrap();
    assert!(!succeeded && detail.contains("chain with the id 4") && detail.contains("--dir"), "{detail}");
}
