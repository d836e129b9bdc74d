//! `cargo xtask guest`: builds what an action runs in.
//!
//! QuickJS-NG's C files come out of cargo's registry (the crate `rquickjs-sys`, locked and checked like
//! every dependency), are edited where they are wrong and compiled with our shim to wasm, by a C compiler
//! that is pinned as well ([`compiler`]); the JavaScript half is bundled, linked in as text and evaluated
//! while the memory is pre-initialised; and the result is compiled to native code. The result lies in
//! `<target>/guest/<hash of everything that went in>`, so an unchanged guest is never built twice, and
//! `<target>/guest/current` names the newest.
//!
//! The wasm module is the same bytes wherever it is built: operators approve its hash. [`EXPECTED`] has it.

mod compiler;
mod edits;
mod scripts;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{packages, say, step, warn};
use compiler::Compiler;

/// The hash of the wasm module, in the folder of the guest's sources.
const EXPECTED: &str = "guest.sha256";
/// The flag that writes it.
const ACCEPT: &str = "--accept";
/// The engine's files beside `quickjs.c`, which the shim includes.
const ENGINE_FILES: [&str; 3] = ["libregexp.c", "libunicode.c", "dtoa.c"];
/// `-O2` is what the figures in docs/performance.md were measured with. Assertions stay on, which the
/// compiler's front end would turn off, and nothing in the objects depends on when or where they are made.
const COMPILE: [&str; 14] = [
    "--target=wasm32-wasi",
    "-std=gnu11",
    "-O2",
    "-w",
    "-D_GNU_SOURCE",
    "-D_WASI_EMULATED_PROCESS_CLOCKS",
    "-D_WASI_EMULATED_SIGNAL",
    "-mbulk-memory",
    "-msign-ext",
    "-mnontrapping-fptoint",
    "-fno-ident",
    "-UNDEBUG",
    "-g0",
    "-c",
];
/// A reactor has no `main`. The front end links with `--stack-first`, so overrunning the stack leaves memory
/// and traps.
const LINK: [&str; 8] = [
    "--target=wasm32-wasi",
    "-mexec-model=reactor",
    "-Wl,-z,stack-size=4194304",
    "-Wl,--strip-all",
    "-Wl,--gc-sections",
    "-lwasi-emulated-process-clocks",
    "-lwasi-emulated-signal",
    "-lm",
];
/// Our sources that decide what the image is, beside the guest's own.
const IMAGE_SOURCES: [&str; 2] = ["src/engine.rs", "src/compiler.rs"];
/// Crates whose version decides what the image is.
const IMAGE_CRATES: [&str; 3] = ["cranelift-codegen", "wasmtime", "wasmtime-wizer"];

/// Runs the task: builds the guest if it is not there, and says where it is.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (force, accept) = match arguments {
        [] => (false, false),
        [flag] if flag == "--force" => (true, false),
        [flag] if flag == ACCEPT => (false, true),
        _ => bail!("usage: cargo xtask guest [--force | {ACCEPT}]"),
    };
    let folder = build(force)?;
    if accept {
        fs::write(expected_file(), format!("{}\n", hash(&folder)?))?;
    }
    say(&format!("guest {}", hash(&folder)?));
    say(&format!("in    {}", folder.display()));
    match difference(&folder)? {
        Some(text) => bail!("{text}"),
        None => Ok(()),
    }
}

/// Builds the guest if it is not there and returns its folder. A hash that is not the committed one is said:
/// whoever changes the guest tests it first and accepts the hash then.
pub(crate) fn ensure_built() -> Result<PathBuf> {
    let folder = build(false)?;
    if let Some(text) = difference(&folder)? {
        warn(&text);
    }
    Ok(folder)
}

/// The hash of the wasm module that a build made.
pub(crate) fn hash(folder: &Path) -> Result<String> {
    let manifest: Value = serde_json::from_str(&fs::read_to_string(folder.join("guest.json"))?)?;
    Ok(manifest["guest_sha256"].as_str().context("the manifest names the guest's hash")?.to_owned())
}

/// In what a guest differs from the committed one, and what to do then.
fn difference(folder: &Path) -> Result<Option<String>> {
    let built = hash(folder)?;
    let path = expected_file();
    let expected = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(mismatch(&built, expected.trim()))
}

fn mismatch(built: &str, expected: &str) -> Option<String> {
    (built != expected).then(|| {
        format!(
            "this guest is not the committed one, and nodes with different guests cannot sign together\n  \
             built      {built}\n  committed  {expected}\n\
             Was the guest changed, its compiler, the engine or wasmtime? Then run: cargo xtask guest {ACCEPT}\n\
             Otherwise this machine builds another guest from the same sources, which is a fault."
        )
    })
}

fn expected_file() -> PathBuf {
    step::root().join("crates/actions/guest").join(EXPECTED)
}

/// The folder in which npm installed what is bundled into the guest; ethers among it.
pub(crate) fn packages() -> Result<PathBuf> {
    let plan = Plan::make()?;
    scripts::install(&plan.actions.join("guest"), &plan.guests)
}

fn build(force: bool) -> Result<PathBuf> {
    packages::ensure_node()?;
    let plan = Plan::make()?;
    let folder = plan.guests.join(&plan.key);
    if force || !folder.join("guest.json").exists() {
        make_private(&folder)?;
        warn("   the JavaScript engine to wasm: about a minute");
        let linked = plan.compile_and_link(&folder, force)?;
        warn(
            "   wasm to native code: seconds, the first time about five minutes, as wasmtime and its compiler are built",
        );
        plan.precompile(&linked, &folder)?;
        fs::remove_file(&linked)?;
    }
    point_to(&plan.guests, &plan.key)?;
    Ok(folder)
}

/// Everything that the build depends on.
struct Plan {
    engine: PathBuf,
    actions: PathBuf,
    guests: PathBuf,
    key: String,
}

impl Plan {
    fn make() -> Result<Self> {
        let metadata = metadata()?;
        let target = metadata["target_directory"].as_str().context("cargo names a target folder")?;
        let engine = package_folder(&metadata, "rquickjs-sys")?.join("quickjs");
        let actions = package_folder(&metadata, "quorate-actions")?;
        let mut inputs = Inputs::default();
        for words in [&COMPILE[..], &LINK[..]] {
            inputs.add("flags", words.join(" ").as_bytes());
        }
        let guest = actions.join("guest");
        inputs.add_file(&guest.join(compiler::LOCK))?;
        for file in sources(&engine)?.iter().chain(&sources(&guest)?) {
            inputs.add_file(file)?;
        }
        scripts::add_inputs(&guest, &mut inputs)?;
        edits::add_inputs(&mut inputs);
        for file in IMAGE_SOURCES {
            inputs.add_file(&actions.join(file))?;
        }
        for name in IMAGE_CRATES {
            inputs.add(name, package(&metadata, name)?["version"].as_str().unwrap_or_default().as_bytes());
        }
        inputs.add("processor", processor().as_bytes());
        Ok(Self { engine, actions, guests: Path::new(target).join("guest"), key: inputs.key() })
    }

    /// With `anew`, nothing is at hand from an earlier build, and all is done in another folder: the result
    /// must depend on neither.
    fn compile_and_link(&self, folder: &Path, anew: bool) -> Result<PathBuf> {
        let guest = self.actions.join("guest");
        let work = folder.join(if anew { "work-anew" } else { "work" });
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&work)?;
        scripts::bundle(&guest, &self.guests, &work)?;
        edits::apply(&self.engine, &work)?;
        let mut compiler = Compiler::install(&guest, &self.guests)?;
        if anew {
            compiler.cache_in(work.join("cache"));
        }
        let mut objects = Vec::new();
        let ours = std::iter::once(guest.join("shim.c"));
        for source in ours.chain(ENGINE_FILES.iter().map(|name| edits::source(&self.engine, &work, name))) {
            let object = work.join(source.file_name().unwrap_or_default()).with_extension("o");
            let mut compile = compiler.command();
            // What is edited comes before what it is made of.
            compile.args(COMPILE).arg("-I").arg(&work).arg("-I").arg(&self.engine);
            // Assertions name their file: the same name on every machine, or no two guests are equal.
            for (path, name) in [(&self.engine, "quickjs"), (&guest, "guest"), (&work, "work")] {
                compile.arg(format!("-ffile-prefix-map={}={name}", path.display()));
            }
            compile.arg(&source).arg("-o").arg(&object);
            output(&mut compile)?;
            objects.push(object);
        }
        let linked = folder.join("linked.wasm");
        let mut link = compiler.command();
        link.args(&objects).args(LINK);
        link.arg("-o").arg(&linked);
        output(&mut link)?;
        fs::remove_dir_all(&work)?;
        Ok(linked)
    }

    /// Runs the compiler of our own crate. It is another program, and not linked into this one, so that
    /// no other task waits for Cranelift. It is chosen together with `quorate`: cargo then unites the features
    /// of what both use, and builds each of these crates once for both.
    fn precompile(&self, linked: &Path, folder: &Path) -> Result<()> {
        let words =
            ["build", "--quiet", "--locked", "--package", "quorate-actions", "--package", "quorate-cli"];
        let which = ["--features", "quorate-actions/guest-compiler", "--bin", "quorate-guest-compiler"];
        step::run(step::cargo().args(words).args(which)).context("building the guest's compiler")?;
        let program = step::target().join("debug/quorate-guest-compiler");
        output(Command::new(program).arg(linked).arg(folder)).context("compiling the guest").map(drop)
    }
}

#[derive(Default)]
struct Inputs(Sha256);

impl Inputs {
    fn add(&mut self, name: &str, content: &[u8]) {
        // The hash of each part has one length, so no two lists of parts read the same.
        self.0.update(Sha256::digest(name.as_bytes()));
        self.0.update(Sha256::digest(content));
    }

    fn add_file(&mut self, path: &Path) -> Result<()> {
        let content = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.add(&name, &content);
        Ok(())
    }

    fn key(self) -> String {
        let mut key = hex::encode(self.0.finalize());
        key.truncate(16);
        key
    }
}

fn metadata() -> Result<Value> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--format-version", "1"]);
    cargo.args(["--features", "quorate-actions/quickjs-sources,quorate-actions/guest-compiler"]);
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    serde_json::from_slice(&output(&mut cargo)?).context("reading cargo's metadata")
}

fn package<'a>(metadata: &'a Value, name: &str) -> Result<&'a Value> {
    let packages = metadata["packages"].as_array().context("cargo lists packages")?;
    let found = packages.iter().find(|package| package["name"].as_str() == Some(name));
    found.with_context(|| format!("cargo does not list {name}"))
}

fn package_folder(metadata: &Value, name: &str) -> Result<PathBuf> {
    let manifest = package(metadata, name)?["manifest_path"].as_str().context("a package has a manifest")?;
    Ok(Path::new(manifest).parent().context("a manifest has a folder")?.to_owned())
}

/// C files and headers of a folder, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c" || extension == "h") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The features of this machine's processor, for which the image is compiled.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let features = text.lines().find(|line| line.starts_with("flags") || line.starts_with("Features"));
    let mut words: Vec<&str> = features.unwrap_or_default().split_whitespace().skip(2).collect();
    words.sort_unstable();
    format!("{} {}", std::env::consts::ARCH, words.join(" "))
}

/// The image is code that workers run: nobody else may write where it lies.
fn make_private(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// Writes the pointer file in one step: somebody may be reading it.
fn point_to(guests: &Path, key: &str) -> Result<()> {
    let pointer = guests.join("current");
    if fs::read_to_string(&pointer).is_ok_and(|now| now.trim() == key) {
        return Ok(());
    }
    let new = guests.join(format!("current.{}", std::process::id()));
    writeln!(fs::File::create(&new)?, "{key}")?;
    fs::rename(&new, &pointer)?;
    Ok(())
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("running {program}"))?;
    if !output.status.success() {
        bail!("{program} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_is_not_the_committed_one_is_named_with_what_to_do() {
        assert_eq!(mismatch("ab", "ab"), None);
        let text = mismatch("ab", "cd").unwrap();
        assert!(text.contains("built      ab") && text.contains("committed  cd") && text.contains(ACCEPT));
    }
}
