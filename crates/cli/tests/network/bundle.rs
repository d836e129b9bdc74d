//! `quorate action build`: the same bytes wherever it runs, and a library of the action's own inside of the guest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::harness::{Folder, Network, program};

/// Signed by the key 0x11…11; signer and hashes were computed by viem in Node.js.
const MESSAGE: &str = "a quorum of independent nodes";
const SIGNATURE: &str = "0xa8948a18a994904dd64c9aae97d7f4b5765b393cec1a16150dfe310f7ca4615565bf09a3573874878c2b0cbb4f8d922b608e838ad8760fdcb8f29f7d4b30b2df1b";
/// What the committed lock and sources make.
const NAME: &str = "QmRapyhzfMhtT92bK4gYpBEXms5bF35a844vXFx8e61FrB";

/// The user's cache in this test.
static CACHE: OnceLock<PathBuf> = OnceLock::new();

fn build(project: &Path, more: &[&str]) -> Value {
    build_of(&project.join("action.ts"), more)
}

fn build_of(source: &Path, more: &[&str]) -> Value {
    let mut command = program();
    command.args(["--json", "action", "build"]).arg(source).args(more);
    command.env("XDG_CACHE_HOME", CACHE.get().unwrap());
    let output = command.stdin(Stdio::null()).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_bundle_is_the_same_wherever_it_is_built_and_runs_with_its_own_library() {
    let folder = Folder::new("bundle");
    CACHE.set(folder.path.join("cache")).unwrap();
    let first = folder.path.join("first");
    fs::create_dir(&first).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundle")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), first.join(entry.file_name())).unwrap();
    }
    let built = build(&first, &["--locked"]);
    assert_eq!(built["cid"], NAME, "{built}");
    let packages: Vec<&str> =
        built["packages"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(packages, ["@noble/curves", "@noble/hashes", "viem"]);
    assert!(built["packages"][0]["integrity"].as_str().unwrap().starts_with("sha512-"));

    // Elsewhere, with what another tool would have installed lying about.
    let second = folder.path.join("at/another/place");
    fs::create_dir_all(second.parent().unwrap()).unwrap();
    fs::rename(&first, &second).unwrap();
    let trap = second.join("node_modules/viem");
    fs::create_dir_all(&trap).unwrap();
    fs::write(trap.join("package.json"), r#"{"name":"viem","version":"2.57.20","main":"index.js"}"#).unwrap();
    fs::write(trap.join("index.js"), "export const hashMessage = () => 'owned'").unwrap();
    let out = second.join("out.js");
    let again = build(&second, &["--locked", "--out", out.to_str().unwrap()]);
    assert_eq!(again["cid"], NAME, "{again}");
    assert_eq!(fs::read(&out).unwrap(), fs::read(second.join("action.dist.js")).unwrap());

    bundles_a_script_without_main(&second);
    gives_packages_the_globals_that_are_there(&second);
    refuses_packages_that_reach_out(&second);
    refuses_what_is_not_pinned(&second);

    let network = Network::start(&folder, &[]);
    network.quorate(&["action", "put", out.to_str().unwrap()]).ok();
    let params = json!({ "message": MESSAGE, "signature": SIGNATURE }).to_string();
    let ran = network.quorate(&["action", "run", NAME, "--params", &params]).ok();
    let said: Value = serde_json::from_str(ran["reply"]["response"].as_str().unwrap()).unwrap();
    let expected = json!({
        "signer": "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A",
        "hash": "0xf350d1880412c88bc6336098c689845e50ebb5a597d549fe1102080a1429a76d",
        "words": 5,
        "name": "0xd51e249bb9d2fa8c8b3291bd9be525d85a99848b34e84d4d10bc416c571bf20a",
    });
    assert_eq!(said, expected);
    network.stop();
}

/// Actions of the older form start themselves; some name their package's version without saying whose it is.
fn bundles_a_script_without_main(project: &Path) {
    for (file, typed) in [("go.ts", ": Promise<void>"), ("go.js", "")] {
        let source = project.join(file);
        let code = format!(
            "import {{ toHex }} from 'viem@2.57.20';
             const go = async (){typed} => Lit.Actions.setResponse({{ response: toHex('quorate') }});
             go();"
        );
        fs::write(&source, code).unwrap();
        let built = build_of(&source, &["--locked"]);
        assert!(built["cid"].is_string(), "{file}: {built}");
        let simulated = program()
            .args(["--json", "action", "simulate"])
            .arg(source.with_extension("dist.js"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said: Value = serde_json::from_slice(&simulated.stdout).unwrap();
        assert_eq!(said["response"], "0x71756f72617465", "{file}: {said}");
        fs::remove_file(source).unwrap();
    }
}

/// Where the packages of this test's one lock are installed.
fn installed() -> PathBuf {
    let mut installed = fs::read_dir(CACHE.get().unwrap().join("quorate/packages")).unwrap();
    let folder = installed.next().unwrap().unwrap().path();
    assert!(installed.next().is_none(), "there is one lock");
    folder.join("node_modules")
}

/// Packages for browsers ask for `buffer` and `process`, and switch off what a browser lacks.
fn gives_packages_the_globals_that_are_there(project: &Path) {
    let viem = installed().join("viem");
    let (module, manifest) = (viem.join("_esm/utils/index.js"), viem.join("package.json"));
    let (code, declared) = (fs::read_to_string(&module).unwrap(), fs::read_to_string(&manifest).unwrap());
    let taken = "import { Buffer as Own } from 'buffer';
        import process from 'process';
        import crypto from 'crypto';
        import hooks from 'perf_hooks';
        const again = require('buffer/').Buffer, late = require('node:timers').setTimeout;
        export const taken = () => [Own === Buffer, again === Buffer, late === setTimeout, process === globalThis.process,
            Object.keys(crypto).length, Object.keys(hooks).length, globalThis.isSecureContext].join();";
    fs::write(&module, format!("{code}\n{taken}\n")).unwrap();
    // The order of its exports counts, so the text is changed and not written anew.
    let browsers = declared.replacen('{', r#"{ "browser": { "crypto": false, "perf_hooks": false },"#, 1);
    fs::write(&manifest, browsers).unwrap();
    // Another `Buffer` that some package has brought along: two kinds would not know each other.
    let second = installed().join("buffer");
    fs::create_dir(&second).unwrap();
    fs::write(second.join("package.json"), r#"{"name":"buffer","version":"6.0.3","main":"index.js"}"#)
        .unwrap();
    fs::write(second.join("index.js"), "exports.Buffer = class {};").unwrap();
    let source = project.join("taken.js");
    let own = "import { taken } from 'npm:viem@2.57.20/utils';
        import { Buffer as Same } from 'node:buffer';
        export function main() { return `${taken()},${Same === Buffer}`; }";
    fs::write(&source, own).unwrap();
    let built = build_of(&source, &["--locked"]);
    assert!(built["cid"].is_string(), "{built}");
    let mut simulate = program();
    simulate.args(["--json", "action", "simulate"]).arg(source.with_extension("dist.js"));
    let simulated = simulate.stdin(Stdio::null()).output().unwrap();
    let said: Value = serde_json::from_slice(&simulated.stdout).unwrap();
    assert_eq!(said["response"], "true,true,true,true,0,0,true,true", "{said}");
    fs::remove_dir_all(second).unwrap();
    fs::write(&manifest, declared).unwrap();
    // What nothing stands in for is refused with what would.
    for (name, advice) in [("node:crypto", "\"npm:crypto-browserify@1.2.3\""), ("fs", "part of Node.js")] {
        fs::write(&module, format!("{code}\nexport const taken = () => require('{name}');\n")).unwrap();
        let refused = build_of(&source, &["--locked"]);
        assert!(refused["error"]["detail"].as_str().unwrap().contains(advice), "{refused}");
    }
    fs::remove_file(source).unwrap();
    fs::write(&module, code).unwrap();
}

/// Packages as an attacker of the registry could write them: what was installed is changed in its place.
fn refuses_packages_that_reach_out(project: &Path) {
    fs::write(project.join("secret.js"), "export const secret = 'of the project'").unwrap();
    let viem = installed().join("viem");
    let module = viem.join("_esm/utils/index.js");
    let (code, manifest) =
        (fs::read_to_string(&module).unwrap(), fs::read_to_string(viem.join("package.json")).unwrap());
    let absolute = project.join("secret.js").display().to_string();
    for path in ["../../../../../project/secret.js", &absolute, "../../../@noble/hashes/esm/utils.js"] {
        fs::write(&module, format!("{code}\nimport * as more from {path:?};\nglobalThis.more = more;\n"))
            .unwrap();
        let answer = build(project, &["--locked"]);
        let detail = answer["error"]["detail"].as_str().unwrap_or_else(|| panic!("{path}: {answer}"));
        assert!(detail.contains("the package viem imports") && detail.contains(path), "{path}: {detail}");
    }
    fs::write(&module, code).unwrap();
    // Without a list of exports, the entry is whatever the package says.
    let mut changed: Value = serde_json::from_str(&manifest).unwrap();
    for member in ["exports", "module", "browser"] {
        changed.as_object_mut().unwrap().remove(member);
    }
    changed["main"] = json!("../../../project/secret.js");
    fs::write(viem.join("package.json"), changed.to_string()).unwrap();
    fs::write(project.join("entry.ts"), "import * as all from 'npm:viem@2.57.20';\nglobalThis.all = all;")
        .unwrap();
    let answer = build_of(&project.join("entry.ts"), &["--locked"]);
    let detail = answer["error"]["detail"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(detail.contains("not a file of its own"), "{detail}");
    fs::write(viem.join("package.json"), manifest).unwrap();
    assert_eq!(build(project, &["--locked"])["cid"], NAME, "all is as it was");
}

/// Without a network: nothing of this gets as far as a package.
fn refuses_what_is_not_pinned(project: &Path) {
    let source = fs::read_to_string(project.join("action.ts")).unwrap();
    let manifest = fs::read_to_string(project.join("package.json")).unwrap();
    let refused = |source: &str, manifest: &str, reason: &str| {
        fs::write(project.join("action.ts"), source).unwrap();
        fs::write(project.join("package.json"), manifest).unwrap();
        let answer = build(project, &["--locked"]);
        let detail = answer["error"]["detail"].as_str().unwrap_or_else(|| panic!("{reason}: {answer}"));
        assert!(detail.contains(reason), "{reason}: {detail}");
    };
    refused(&source.replace("npm:viem@2.57.20", "npm:viem@^2.57.20"), &manifest, "not one version");
    refused(&source.replace("npm:viem@2.57.20/utils", "viem/utils"), "{}", "no version of viem");
    refused(&source.replace("npm:viem@2.57.20", "npm:viem@2.57.19"), &manifest, "does not have viem@2.57.19");
    for (name, advice) in
        [("node:crypto", "\"npm:crypto-browserify@1.2.3\" in its place"), ("fs", "part of Node.js")]
    {
        refused(&source.replace("npm:viem@2.57.20/utils", name), &manifest, advice);
    }
    refused(&source.replace("npm:viem@2.57.20/utils", "https://a.example/b.js"), &manifest, "is an address");
    let sneaky = source.replace("npm:viem@2.57.20/utils", "./node_modules/viem/index.js");
    refused(
        &sneaky.replace("keccak256, toHex", "hashMessage as keccak256, hashMessage as toHex"),
        &manifest,
        "not one of the locked",
    );
}
