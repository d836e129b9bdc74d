//! `node.toml`: everything that one node is told by its operator.

mod bounds;
mod endpoint;
mod limits;
mod registry;

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

pub use endpoint::EndpointConfig;
pub use limits::ShellLimits;

use quorate_actions::{Wall, Walls};
use quorate_wire::{BlockRef, NetworkFile, NodeEndpoint, SecretUrl};
use serde::{Deserialize, Serialize};

pub(crate) use self::bounds::Bound;
pub use self::registry::SnapshotConfig;
use self::registry::block_ref;
use crate::{code::CodeConfig, faults::FaultSwitches, issuers::IssuersConfig, keys::KeyFiles};

/// The configuration of a node. Every field has a default; unknown fields are refused; relative paths are
/// relative to the folder of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the node's store.
    pub data_folder: PathBuf,
    /// The network file: the root of trust.
    pub network_file: PathBuf,
    /// The proposal that this node's operator approved: what the network file says must be in it. Unless it is named:
    /// `approved.json` beside the network file, if that is there.
    pub approved_file: Option<PathBuf>,
    /// Key file of an account with money, which sends what the nodes have signed to the chain. Without one this node sends
    /// no transaction.
    pub payer: Option<PathBuf>,
    /// Where this node is reached, if not where the network file says.
    pub endpoint: Option<EndpointConfig>,
    /// Socket address of the HTTP interface.
    pub http_listen: SocketAddr,
    /// Socket address (UDP) of the interface to other nodes.
    pub quic_listen: SocketAddr,
    /// URL of the chain's JSON-RPC, `http` or `https`. It may hold a key: no log is shown it.
    pub chain_rpc: SecretUrl,
    /// PEM file of the only authorities that vouch for the server of an `https` `chain_rpc`; the public ones unless named.
    pub chain_ca: Option<PathBuf>,
    /// A snapshot of the chain that the node begins with while its own state is behind it.
    pub chain_snapshot: Option<SnapshotConfig>,
    /// The head to which the chain deliberately went back, as `NUMBER:HASH`: this node then gives up what was final
    /// above it. Taken once; remove it afterwards.
    pub accept_rollback_to: Option<String>,
    /// Folder of the compiled guest that runs actions; unless it is named, `guest` beside the executable's folder, or one
    /// folder above that.
    pub guest: Option<PathBuf>,
    /// Program and arguments of an action worker; this executable with the argument `worker` unless named.
    pub worker: Option<Vec<String>>,
    /// Walls without which this node runs no actions, by the names that it logs at its start: `seccomp`,
    /// `landlock`, `net_namespace` and so on. Unless it is named: [`Walls::DEMANDED`], and none in a development network.
    pub required_walls: Option<Vec<String>>,
    /// Folder of a control group (version 2) that was handed to this node's user and has no process of its own,
    /// such as that of a systemd unit with `Delegate=yes` and `DelegateSubgroup=node`. Each action worker gets
    /// a group below it, with limits on memory, processors and threads.
    pub worker_cgroup: Option<PathBuf>,
    /// What is logged, as a `tracing` filter: `info`, or `warn,quorate_node=debug`.
    pub log: String,
    /// Files of the node's keys.
    pub keys: KeyFiles,
    /// What actions may reach by `fetch`.
    pub egress: EgressConfig,
    /// Where the code of actions comes from, and how much of it is kept.
    pub code: CodeConfig,
    /// Keys of issuers of OpenID Connect.
    pub issuers: IssuersConfig,
    /// Chains that actions may read, by name.
    pub chains: BTreeMap<String, ChainConfig>,
    /// Bounds of the HTTP interface and of workers.
    pub limits: ShellLimits,
    /// Faults for acceptance tests; refused by a build without the feature `faults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<FaultSwitches>,
}

/// What actions may reach by `fetch`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressConfig {
    /// Whether `http` is allowed beside `https`.
    pub allow_http: bool,
    /// Ports of this machine's loopback that actions may reach. Only in networks with `wildcard_sessions`,
    /// which are for development.
    pub allow_loopback_ports: Vec<u16>,
    /// The only hosts that actions may reach, as `host` or `*.domain` for every host below it; empty: all that
    /// are public. Redirects are held to it too. Equal on all nodes, or executions differ between them; a network's own
    /// list is in its network file, and a host has to be in both.
    pub allow_hosts: Vec<String>,
    /// Further addresses that actions must not reach, as `address` or `address/prefix length`.
    pub deny: Vec<String>,
}

/// A chain that actions may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// URL of its JSON-RPC, `https` or `http`. It may hold a key: no action and no log is shown it.
    pub rpc: SecretUrl,
    /// Its EIP-155 id.
    pub chain_id: u64,
    /// URL that actions are told when they ask for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = |port| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        Config {
            data_folder: "data".into(),
            network_file: "network.json".into(),
            approved_file: None,
            payer: None,
            endpoint: None,
            http_listen: loopback(7470),
            quic_listen: loopback(7570),
            chain_rpc: "http://127.0.0.1:8545".into(),
            chain_ca: None,
            chain_snapshot: None,
            accept_rollback_to: None,
            guest: None,
            worker: None,
            required_walls: None,
            worker_cgroup: None,
            log: "info".to_owned(),
            keys: KeyFiles::default(),
            egress: EgressConfig::default(),
            code: CodeConfig::default(),
            issuers: IssuersConfig::default(),
            chains: BTreeMap::new(),
            limits: ShellLimits::default(),
            faults: None,
        }
    }
}

/// Why a configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("{path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text is not a configuration.
    #[error("{path}: {reason}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, for the operator.
        reason: String,
    },
    /// A setting is refused.
    #[error("{setting}: {reason}")]
    Refused {
        /// Its name.
        setting: &'static str,
        /// Why.
        reason: String,
    },
}

/// A configuration file is a page of text; nothing longer is read.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

impl Config {
    /// Reads `node.toml` and makes its paths absolute.
    ///
    /// # Errors
    /// [`ConfigError`] with the field that is unknown or malformed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let config = Config::as_written(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let folder = std::path::absolute(folder)
            .map_err(|source| ConfigError::Io { path: folder.to_owned(), source })?;
        let config = config.resolved(&folder);
        config.check()?;
        Ok(config)
    }

    /// Reads a `node.toml` as it is written: paths may be relative, and nothing is checked but its form.
    ///
    /// # Errors
    /// [`ConfigError`] with the field that is unknown or malformed, and its line.
    pub fn as_written(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path)?;
        toml::from_str(&text).map_err(|error| {
            // The parser's own text has the whole line in it, which may be a URL with a key.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            ConfigError::Form { path: path.to_owned(), reason: format!("line {line}: {}", error.message()) }
        })
    }

    /// The text of a `node.toml` that says this, URLs with keys included: it belongs into a file of mode 0600.
    ///
    /// # Panics
    /// Never in practice: every value has a TOML form unless a path is not UTF-8.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut table = toml::Table::try_from(self).expect("a configuration has a TOML form");
        let exposed = |url: &SecretUrl| toml::Value::from(url.expose());
        table.insert("chain_rpc".to_owned(), exposed(&self.chain_rpc));
        if let Some(code) = table.get_mut("code").and_then(toml::Value::as_table_mut) {
            let gateways: Vec<toml::Value> = self.code.gateways.iter().map(exposed).collect();
            code.insert("gateways".to_owned(), gateways.into());
        }
        for (name, chain) in &self.chains {
            if let Some(written) = table.get_mut("chains").and_then(|chains| chains.get_mut(name)) {
                written["rpc"] = exposed(&chain.rpc);
            }
        }
        toml::to_string_pretty(&table).expect("a table has a TOML form")
    }

    /// Reads and checks the network file.
    ///
    /// # Errors
    /// [`ConfigError`] if it is missing or malformed.
    pub fn load_network(&self) -> Result<NetworkFile, ConfigError> {
        let text = read_text(&self.network_file)?;
        let network = NetworkFile::parse(&text)
            .map_err(|reason| ConfigError::Form { path: self.network_file.clone(), reason })?;
        self.check_against(&network)?;
        Ok(network)
    }

    /// Reads the proposal that this node's operator approved, and says where it is; none if there is no such file.
    ///
    /// # Errors
    /// [`ConfigError`] if it is malformed, or missing although it is named.
    pub fn load_approved(&self) -> Result<Option<(PathBuf, NetworkFile)>, ConfigError> {
        let path =
            self.approved_file.clone().unwrap_or_else(|| self.network_file.with_file_name("approved.json"));
        let text = match read_text(&path) {
            Err(ConfigError::Io { source, .. })
                if self.approved_file.is_none() && source.kind() == io::ErrorKind::NotFound =>
            {
                return Ok(None);
            }
            other => other?,
        };
        match NetworkFile::parse(&text) {
            Ok(approved) => Ok(Some((path, approved))),
            Err(reason) => Err(ConfigError::Form { path, reason }),
        }
    }

    /// Where this node is reached by its operator's setting.
    ///
    /// # Errors
    /// [`ConfigError`] with the address that is wrong.
    pub fn place(&self) -> Result<Option<NodeEndpoint>, ConfigError> {
        self.endpoint.as_ref().map(EndpointConfig::place).transpose()
    }

    fn resolved(mut self, folder: &Path) -> Self {
        let paths = [
            &mut self.data_folder,
            &mut self.network_file,
            &mut self.keys.transport,
            &mut self.keys.statement,
            &mut self.keys.chain,
            &mut self.keys.sealing,
        ];
        let optional = [
            &mut self.guest,
            &mut self.worker_cgroup,
            &mut self.approved_file,
            &mut self.payer,
            &mut self.chain_ca,
        ];
        let snapshot = self.chain_snapshot.as_mut().map(|snapshot| &mut snapshot.file);
        for path in paths.into_iter().chain(optional.into_iter().flatten()).chain(snapshot) {
            *path = folder.join(&*path);
        }
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |setting, reason: &str| ConfigError::Refused { setting, reason: reason.to_owned() };
        self.bounds().try_for_each(|bound| bound.check())?;
        self.limits.check()?;
        self.place()?;
        self.code.check().map_err(|(setting, reason)| ConfigError::Refused { setting, reason })?;
        if self.worker.as_ref().is_some_and(Vec::is_empty) {
            return Err(refuse("worker", "names no program"));
        }
        named_walls(self.required_walls.iter().flatten())?;
        self.rollback()?;
        if self.chains.len() > 256 || self.chains.contains_key(crate::chains::OWN_CHAIN) {
            return Err(refuse("chains", "at most 256, and the registry's own is there without being named"));
        }
        let web = |url: &SecretUrl| {
            url::Url::parse(url.expose()).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        if !self.chains.values().all(|chain| web(&chain.rpc)) {
            return Err(refuse("chains", "an rpc is no http or https URL"));
        }
        if self.faults.is_some() && !cfg!(feature = "faults") {
            return Err(refuse("faults", "this build has no fault switches"));
        }
        Ok(())
    }

    /// The head to which the chain went back, by the operator.
    pub(crate) fn rollback(&self) -> Result<Option<BlockRef>, ConfigError> {
        self.accept_rollback_to.as_ref().map(|text| block_ref("accept_rollback_to", text)).transpose()
    }

    /// The walls that actions need here.
    pub(crate) fn walls(&self, network: &NetworkFile) -> Result<Walls, ConfigError> {
        match &self.required_walls {
            Some(names) => named_walls(names),
            None if network.wildcard_sessions => Ok(Walls::NONE),
            None => Ok(Walls::DEMANDED),
        }
    }

    fn check_against(&self, network: &NetworkFile) -> Result<(), ConfigError> {
        let ports = [
            ("egress.allow_loopback_ports", &self.egress.allow_loopback_ports),
            ("code.allow_loopback_ports", &self.code.allow_loopback_ports),
        ];
        match ports.into_iter().find(|(_, ports)| !ports.is_empty() && !network.wildcard_sessions) {
            None => Ok(()),
            Some((setting, _)) => {
                let reason = "only a development network (wildcard_sessions in its network file) allows it";
                Err(ConfigError::Refused { setting, reason: reason.to_owned() })
            }
        }
    }
}

impl fmt::Display for Config {
    /// The resolved configuration as it is logged. It names files of secrets, never their content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A `SecretUrl` is written down as it is shown.
        f.write_str(&toml::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}

fn named_walls<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<Walls, ConfigError> {
    let read = |name: &String| {
        name.parse::<Wall>().map_err(|_| ConfigError::Refused {
            setting: "required_walls",
            reason: format!("{name:?} is none of {}", Wall::ALL.iter().copied().collect::<Walls>()),
        })
    };
    names.into_iter().map(read).collect()
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let io = |source| ConfigError::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(io)?.len() > CONFIG_BYTES_MAX {
        return Err(ConfigError::Form { path: path.to_owned(), reason: "longer than 1 MiB".to_owned() });
    }
    fs::read_to_string(path).map_err(io)
}

/// Makes a folder (and what leads to it) that only its owner may enter; an existing one stays as it is.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests;
