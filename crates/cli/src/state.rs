//! The folder of a development network: what lies where, and who may read it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use quorate_node::read_secret;
use quorate_wire::NetworkFile;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::Refused;
use crate::mark;

/// A state folder. It may not be there yet.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: PathBuf,
}

/// What runs now: written at each start, for the commands that talk to the network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Running {
    /// JSON-RPC address of the chain.
    pub(crate) chain_rpc: String,
    /// Process of `quorate dev`.
    pub(crate) process: u32,
}

impl State {
    /// The state in this folder, which is this user's, or is not there yet.
    ///
    /// # Errors
    /// `folder_not_yours`.
    pub(crate) fn known(folder: &Path) -> Result<Self> {
        let state = State::at(folder);
        if !mark::is_new(&state)? {
            mark::check(&state)?;
        }
        Ok(state)
    }

    /// The state in this folder, whoever made it.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// `network.json`.
    pub(crate) fn network_path(&self) -> PathBuf {
        self.folder.join("network.json")
    }

    /// The funded test key.
    pub(crate) fn wallet_path(&self) -> PathBuf {
        self.folder.join("wallet.key")
    }

    /// The funded test key itself, made if there is none. The mark is over it as well.
    pub(crate) fn wallet(&self) -> Result<Zeroizing<[u8; 32]>> {
        let known = self.wallet_path().exists();
        let secret = secret_at(&self.wallet_path())?;
        if !known {
            mark::set(self)?;
        }
        Ok(secret)
    }

    /// The chain's folder.
    pub(crate) fn chain_path(&self) -> PathBuf {
        self.folder.join("chain")
    }

    /// A node's folder, by its number from 1.
    pub(crate) fn node_path(&self, number: u8) -> PathBuf {
        self.folder.join(format!("node-{number}"))
    }

    /// Where a process of the network writes its log.
    pub(crate) fn log_path(&self, process: &str) -> PathBuf {
        self.folder.join(format!("{process}.log"))
    }

    fn running_path(&self) -> PathBuf {
        self.folder.join("running.json")
    }

    /// Makes the folder, readable by its owner only, or takes it on if it is this user's.
    ///
    /// # Errors
    /// `folder_not_yours`, unless it is to be adopted.
    pub(crate) fn claim(&self, adopt: bool) -> Result<()> {
        let new = mark::is_new(self)?;
        if !new && !adopt {
            mark::check(self)?;
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&self.folder).with_context(|| shown(&self.folder))?;
        if new || adopt {
            mark::set(self)?;
        }
        // There are keys in it: the folder keeps itself out of version control.
        write_whole(&self.folder.join(".gitignore"), b"*\n", 0o644)
    }

    /// Keeps other `dev` processes out of the folder for as long as the returned file is open.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.folder.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.with_context(|| shown(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                bail!(
                    "another `quorate dev` uses {}; stop it, or choose another --dir",
                    self.folder.display()
                )
            }
            Err(fs::TryLockError::Error(error)) => Err(error).with_context(|| shown(&path)),
        }
    }

    /// The network file, if there is one yet.
    pub(crate) fn network(&self) -> Result<Option<NetworkFile>> {
        let path = self.network_path();
        if path.exists() { read_network(&path).map(Some) } else { Ok(None) }
    }

    /// Writes the network file.
    pub(crate) fn write_network(&self, network: &NetworkFile) -> Result<()> {
        let text = serde_json::to_string_pretty(network)?;
        let known = self.network_path().exists();
        write_whole(&self.network_path(), format!("{text}\n").as_bytes(), 0o644)?;
        // The mark is over the network as well, which has just been founded.
        if known { Ok(()) } else { mark::set(self) }
    }

    /// Writes what runs now.
    pub(crate) fn write_running(&self, running: &Running) -> Result<()> {
        write_whole(&self.running_path(), &serde_json::to_vec(running)?, 0o600)
    }

    /// Nothing runs any more.
    pub(crate) fn remove_running(&self) {
        // If it stays, commands find nobody at the address and say so.
        let _ = fs::remove_file(self.running_path());
    }

    /// What runs now.
    pub(crate) fn running(&self) -> Result<Running> {
        let path = self.running_path();
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "no network runs in {0}: start it with `quorate dev --dir {0}`, or name the chain with --rpc",
                self.folder.display()
            ),
            read => read.with_context(|| shown(&path))?,
        };
        let running: Running = serde_json::from_str(&text).with_context(|| shown(&path))?;
        // The mark does not cover what each start writes; `quorate dev` runs its chain on this machine.
        let chain = url::Url::parse(&running.chain_rpc).with_context(|| shown(&path))?;
        let here = match chain.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if !here {
            let detail = format!("{} names a chain on another machine: name it with --rpc", path.display());
            return Err(Refused { code: "folder_not_yours", detail }.into());
        }
        Ok(running)
    }
}

/// Reads and checks a network file.
pub(crate) fn read_network(path: &Path) -> Result<NetworkFile> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "there is no network file {}: start a network in this folder with `quorate dev`, or name one with --dir or \
             --network",
            path.display()
        ),
        read => read.with_context(|| format!("reading the network file {}", path.display()))?,
    };
    if NetworkFile::version_of(&text).is_some_and(|version| version < NetworkFile::VERSION_BEFORE) {
        bail!(
            "{} is of a network that an earlier release founded, which this one does not run: found a new one in another \
             folder, quorate dev --dir DIR",
            path.display()
        );
    }
    let approved = |network: NetworkFile| match &network.founding {
        Some(_) => network.check_approvals().map(|()| network),
        None => Ok(network),
    };
    NetworkFile::parse(&text)
        .and_then(approved)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

/// Reads 32 secret bytes, or makes and stores them if there are none yet.
pub(crate) fn secret_at(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    if path.exists() {
        return Ok(read_secret(path)?);
    }
    let mut secret = Zeroizing::new([0u8; 32]);
    getrandom::fill(secret.as_mut())
        .map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    let text = Zeroizing::new(format!("{}\n", hex::encode(secret.as_ref())));
    write_whole(path, text.as_bytes(), 0o600)?;
    Ok(secret)
}

/// Writes a file in one step, durably: a reader, or a start after a crash, finds the old or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    // One that a crashed process of the same number left behind may have another mode.
    let _ = fs::remove_file(&new);
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().with_context(|| shown(path))
}

fn shown(path: &Path) -> String {
    format!("writing {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("quorate-state-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn what_runs_is_a_chain_of_this_machine() {
        let state = State::at(&folder("running"));
        fs::create_dir_all(state.folder()).unwrap();
        let write = |chain_rpc: &str| {
            state.write_running(&Running { chain_rpc: chain_rpc.to_owned(), process: 1 }).unwrap();
            state.running()
        };
        write("http://127.0.0.1:8545").unwrap();
        write("http://[::1]:8545").unwrap();
        let error = write("http://127.0.0.1.example:8545").unwrap_err();
        assert_eq!(error.downcast_ref::<Refused>().map(|refused| refused.code), Some("folder_not_yours"));
        fs::remove_dir_all(state.folder()).unwrap();
    }

    #[test]
    fn a_secret_is_made_once_and_kept_private() {
        let state = State::at(&folder("secret"));
        fs::create_dir_all(state.folder()).unwrap();
        let first = secret_at(&state.wallet_path()).unwrap();
        assert_eq!(*first, *secret_at(&state.wallet_path()).unwrap());
        assert_ne!(*first, [0; 32]);
        let mode = fs::metadata(state.wallet_path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(state.wallet_path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(secret_at(&state.wallet_path()).unwrap_err().to_string().contains("mode 644"));
        fs::remove_dir_all(state.folder()).unwrap();
    }

    #[test]
    fn a_second_network_is_kept_out_of_the_folder() {
        let state = State::at(&folder("lock"));
        fs::create_dir_all(state.folder()).unwrap();
        let held = state.lock().unwrap();
        assert!(state.lock().unwrap_err().to_string().contains("another"));
        drop(held);
        state.lock().unwrap();
        fs::remove_dir_all(state.folder()).unwrap();
    }
}
