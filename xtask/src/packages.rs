//! System packages: what a task needs, and how it gets them.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// A Debian package and a file that is there when it is installed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    /// Its name for `apt-get`.
    pub(crate) name: &'static str,
    /// A file that it installs.
    pub(crate) file: &'static str,
}

/// Bundles the guest's scripts; runs the Solidity compiler, the ethers test and the example client.
const NODE: Package = Package { name: "nodejs", file: "/usr/bin/node" };
/// Installs what these need.
const NPM: Package = Package { name: "npm", file: "/usr/bin/npm" };

/// Runs the tests of pages.
pub(crate) const CHROMIUM: Package = Package { name: "chromium", file: "/usr/bin/chromium" };

/// Encrypts files: what ours are timed beside.
pub(crate) const AGE: Package = Package { name: "age", file: "/usr/bin/age" };

/// Compiles the database of the Ceramic node.
pub(crate) const GXX: Package = Package { name: "g++", file: "/usr/bin/g++" };
/// Runs that compiler.
pub(crate) const MAKE: Package = Package { name: "make", file: "/usr/bin/make" };
/// Runs the example client in Python and the test network, and prepares what is compiled for Node.js.
pub(crate) const PYTHON: Package = Package { name: "python3", file: "/usr/bin/python3" };
/// Fetches the guest's C compiler.
const PYTHON_PIP: Package =
    Package { name: "python3-pip", file: "/usr/lib/python3/dist-packages/pip/__init__.py" };
/// Makes the hosts of a test network.
pub(crate) const IPROUTE2: Package = Package { name: "iproute2", file: "/bin/ip" };
/// Both curves of that client.
pub(crate) const PYTHON_ECDSA: Package =
    Package { name: "python3-ecdsa", file: "/usr/lib/python3/dist-packages/ecdsa/__init__.py" };
/// Its Keccak-256.
pub(crate) const PYTHON_PYCRYPTODOME: Package =
    Package { name: "python3-pycryptodome", file: "/usr/lib/python3/dist-packages/Cryptodome/__init__.py" };

/// Sees to it that these packages are there: installs what is missing as root or with a sudo that asks
/// for no password, and otherwise stops with the one line that a person has to run.
pub(crate) fn ensure(packages: &[Package]) -> Result<()> {
    let missing: Vec<&str> =
        packages.iter().filter(|p| !std::path::Path::new(p.file).exists()).map(|p| p.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y {}", missing.join(" "));
    let runner: &[&str] = if succeeds(&["test", "-w", "/var/lib/dpkg/lock-frontend"]) {
        &[]
    } else if succeeds(&["sudo", "-n", "true"]) {
        &["sudo", "-n"]
    } else {
        bail!("missing packages; run: sudo {line}");
    };
    crate::warn(&format!("installing {}", missing.join(", ")));
    let run = |command: &[&str]| {
        let mut words = runner.iter().chain(command);
        let program = words.next().context("a command has a first word")?;
        let status = Command::new(program).args(words).env("DEBIAN_FRONTEND", "noninteractive").status();
        match status {
            Ok(status) if status.success() => Ok(()),
            _ => bail!("missing packages; run: {line}"),
        }
    };
    let mut install = vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    install.extend(&missing);
    // The lists of a fresh machine are empty or old.
    if run(&install).is_err() {
        run(&["apt-get", "update", "-qq"])?;
        run(&install)?;
    }
    match packages.iter().find(|p| !std::path::Path::new(p.file).exists()) {
        None => Ok(()),
        Some(package) => bail!("{} was installed but {} is not there", package.name, package.file),
    }
}

/// Sees to Node and npm, wherever they come from.
pub(crate) fn ensure_node() -> Result<()> {
    if succeeds(&["node", "--version"]) && succeeds(&["npm", "--version"]) {
        return Ok(());
    }
    ensure(&[NODE, NPM])
}

/// Sees to pip, wherever it comes from, and returns the Python that has it.
pub(crate) fn ensure_pip() -> Result<&'static str> {
    if succeeds(&["python3", "-m", "pip", "--version"]) {
        return Ok("python3");
    }
    ensure(&[PYTHON, PYTHON_PIP])?;
    Ok(PYTHON.file)
}

fn succeeds(command: &[&str]) -> bool {
    let output = Command::new(command[0]).args(&command[1..]).output();
    output.is_ok_and(|output| output.status.success())
}
