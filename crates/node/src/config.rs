//! `node.toml`: everything that one node is told by its operator.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use quorate_actions::{Wall, Walls};
use quorate_wire::{BlockRef, NetworkFile, SecretUrl};
use serde::{Deserialize, Serialize};

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
    /// Socket address of the HTTP interface.
    pub http_listen: SocketAddr,
    /// Socket address (UDP) of the interface to other nodes.
    pub quic_listen: SocketAddr,
    /// URL of the chain's JSON-RPC. It may hold a key: no log is shown it.
    pub chain_rpc: SecretUrl,
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

/// Bounds of the HTTP interface and of workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShellLimits {
    /// Executions a second that the node is there for: as many ids are remembered as one address or peer can bring at this
    /// rate, and as many again for others.
    pub executions_per_second: u32,
    /// Executions a second of one login, and requests a second of one address.
    pub login_per_second: u32,
    /// Open HTTP connections. One address gets half.
    pub http_connections: usize,
    /// Callers that wait for an execution at the same time. One address gets half.
    pub http_waiting: usize,
    /// Bytes of all HTTP bodies that are being read at the same time. One address gets half.
    pub http_body_bytes: usize,
    /// Action worker processes, one for each action that runs or did so lately. One login, address or peer gets half.
    pub workers: usize,
    /// Those of them that are started ahead and wait for an action.
    pub blank_workers: usize,
    /// Bytes that all executions in one worker may hold together: what grows the action's memory beyond that ends
    /// with `limit_memory`, large executions before small ones. All workers together may hold `workers` times this.
    pub worker_memory_bytes: usize,
    /// Outbound requests of actions at the same time. One login, address or peer gets half.
    pub fetches: usize,
    /// Outbound requests of one execution at the same time.
    pub fetches_per_execution: usize,
    /// Bytes of all requests of actions to other servers and chains that wait or are under way at the same time. One
    /// login, address or peer gets half; what finds no room is `fetch_failed` or `rpc_failed`.
    pub request_bytes: usize,
    /// Time in milliseconds for running executions to end when the node is stopped.
    pub drain_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = |port| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        Config {
            data_folder: "data".into(),
            network_file: "network.json".into(),
            http_listen: loopback(7470),
            quic_listen: loopback(7570),
            chain_rpc: "http://127.0.0.1:8545".into(),
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

impl Default for ShellLimits {
    fn default() -> Self {
        let rates = quorate_engine::Rates::default();
        ShellLimits {
            executions_per_second: rates.executions_per_second,
            login_per_second: rates.login_per_second,
            http_connections: 1024,
            http_waiting: 512,
            http_body_bytes: 128 << 20,
            // Half of them hold an action and children as deep as they may be.
            workers: 16,
            blank_workers: 1,
            worker_memory_bytes: 2 << 30,
            fetches: 128,
            fetches_per_execution: 8,
            request_bytes: 128 << 20,
            drain_ms: 10_000,
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

    fn resolved(mut self, folder: &Path) -> Self {
        let paths = [
            &mut self.data_folder,
            &mut self.network_file,
            &mut self.keys.transport,
            &mut self.keys.statement,
            &mut self.keys.chain,
            &mut self.keys.sealing,
        ];
        for path in paths.into_iter().chain(&mut self.guest).chain(&mut self.worker_cgroup) {
            *path = folder.join(&*path);
        }
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |setting, reason: &str| ConfigError::Refused { setting, reason: reason.to_owned() };
        let limits = &self.limits;
        let counts = [
            ("limits.http_connections", limits.http_connections, 1, 65_536),
            ("limits.http_waiting", limits.http_waiting, 1, 65_536),
            (
                "limits.http_body_bytes",
                limits.http_body_bytes,
                quorate_wire::limits::HTTP_BODY_BYTES_MAX,
                4 << 30,
            ),
            ("limits.workers", limits.workers, 1, 1_024),
            ("limits.blank_workers", limits.blank_workers, 0, 64),
            ("limits.worker_memory_bytes", limits.worker_memory_bytes, 256 << 20, 1 << 40),
            ("limits.fetches", limits.fetches, 1, 65_536),
            ("limits.fetches_per_execution", limits.fetches_per_execution, 1, 64),
            // Less would not hold what one execution may have open.
            ("limits.request_bytes", limits.request_bytes, 16 << 20, 16 << 30),
        ];
        for (setting, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                return Err(ConfigError::Refused { setting, reason: format!("must be {least} to {most}") });
            }
        }
        let rates = [
            ("limits.executions_per_second", limits.executions_per_second),
            ("limits.login_per_second", limits.login_per_second),
        ];
        if let Some((setting, _)) = rates.into_iter().find(|(_, rate)| !(1..=10_000).contains(rate)) {
            return Err(refuse(setting, "must be 1 to 10000"));
        }
        if limits.login_per_second > limits.executions_per_second {
            return Err(refuse("limits.login_per_second", "must be at most limits.executions_per_second"));
        }
        if limits.drain_ms > 60_000 {
            return Err(refuse("limits.drain_ms", "must be at most 60000"));
        }
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
        let read = |text: &String| {
            let (number, hash) = text.split_once(':')?;
            Some(BlockRef { number: number.parse().ok()?, hash: hash.parse().ok()? })
        };
        let refused = || ConfigError::Refused {
            setting: "accept_rollback_to",
            reason: "must be a block's number and its hash, as NUMBER:HASH".to_owned(),
        };
        self.accept_rollback_to.as_ref().map(|text| read(text).ok_or_else(refused)).transpose()
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
mod tests {
    use super::*;
    use crate::testing::TestFolder;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = TestFolder::new();
        let path = folder.path().join("node.toml");
        fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut config = Config { chain_rpc: "http://a.example/key".into(), ..Config::default() };
        assert_eq!(toml::from_str::<Config>(&config.to_toml()).unwrap(), config);
        config.code.gateways = vec!["https://b.example/key".into(), "https://c.example".into()];
        let chain = ChainConfig { rpc: "https://d.example/key".into(), chain_id: 1, public_url: None };
        config.chains = [("a".to_owned(), chain.clone()), ("b".to_owned(), chain)].into();
        assert_eq!(toml::from_str::<Config>(&config.to_toml()).unwrap(), config);
    }

    #[test]
    fn the_operators_page_names_every_key() {
        let page = include_str!("../../../docs/operating.md");
        let mut config = serde_json::to_value(Config::default()).unwrap();
        let chain = ChainConfig { rpc: SecretUrl::default(), chain_id: 1, public_url: Some(String::new()) };
        config["chains"]["NAME"] = serde_json::to_value(chain).unwrap();
        let mut unseen = vec![(String::new(), config)];
        while let Some((name, value)) = unseen.pop() {
            match value {
                serde_json::Value::Object(members) => {
                    let dot = if name.is_empty() { "" } else { "." };
                    unseen
                        .extend(members.into_iter().map(|(key, value)| (format!("{name}{dot}{key}"), value)));
                }
                _ => assert!(page.contains(&format!("| `{name}` |")), "docs/operating.md lacks {name}"),
            }
        }
    }

    #[test]
    fn refuses_unknown_fields_at_any_depth() {
        for text in [
            "colour = 1",
            "[limits]\ncolour = 1",
            "[egress]\ncolour = 1",
            "[code]\ncolour = 1",
            "[keys]\nmaster = \"x\"",
        ] {
            assert!(matches!(load(text), Err(ConfigError::Form { .. })), "{text}");
        }
    }

    #[test]
    fn no_address_of_a_server_that_may_hold_a_key_is_shown() {
        let text = "chain_rpc = \"http://secret-key@127.0.0.1/secret-key\"
            [chains.base]\nrpc = \"https://secret-key.example/secret-key\"\nchain_id = 8453
            [code]\ngateways = [\"https://gateway.example/secret-key\"]";
        let config = load(text).unwrap();
        assert_eq!(config.chains["base"].chain_id, 8453);
        assert!(!config.to_string().contains("secret-key"), "{config}");
        assert!(!format!("{config:?}").contains("secret-key"), "{config:?}");
        for refused in [
            "chain_rpc = \"http://secret-key",
            "chain_rpc = \"http://secret-key\" x",
            "[chains.base]\nrpc = \"ftp://secret-key\"\nchain_id = 8453",
            "[chains.base]\nrpc = \"https://secret-key\"",
            "[code]\ngateways = [\"ftp://secret-key\"]",
            "[code]\ngateways = [\"https://a.example/secret-key?x\"]",
        ] {
            let error = load(refused).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("secret-key"), "{said}");
        }
        for refused in [
            "[chains.quorate]\nrpc = \"http://a\"\nchain_id = 1",
            "[chains.a]\nrpc = \"ftp://a\"\nchain_id = 1",
        ] {
            assert!(
                matches!(load(refused), Err(ConfigError::Refused { setting: "chains", .. })),
                "{refused}"
            );
        }
    }

    #[test]
    fn the_networks_list_of_hosts_is_checked_and_part_of_its_id() {
        use quorate_wire::NetworkFile;
        let read = |hosts: Option<&[&str]>| {
            let mut network = crate::testing::network();
            network.allow_hosts = hosts.map(|list| list.iter().map(|&host| host.to_owned()).collect());
            NetworkFile::parse(&serde_json::to_string(&network).unwrap()).map(|network| network.id())
        };
        let none = read(None).unwrap();
        let ids = [none, read(Some(&[])).unwrap(), read(Some(&["a.example"])).unwrap()];
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        assert!(read(Some(&["A.example"])).is_err_and(|error| error.contains("A.example")));
        let mut network = crate::testing::network();
        network.limits.memory_bytes = 1 << 30;
        let refused = NetworkFile::parse(&serde_json::to_string(&network).unwrap()).unwrap_err();
        assert!(refused.starts_with("limits.memory_bytes is 1073741824"), "{refused}");
        let text = serde_json::to_string(&crate::testing::network()).unwrap();
        assert!(!text.contains("allow_hosts"), "a file without a list is read by older nodes");
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let config = load("data_folder = \"store\"\nnetwork_file = \"/etc/network.json\"").unwrap();
        assert!(config.data_folder.is_absolute() && config.data_folder.ends_with("store"));
        assert_eq!(config.network_file, Path::new("/etc/network.json"));
        assert!(config.keys.sealing.ends_with("keys/sealing.key"));
    }

    #[test]
    fn refuses_limits_out_of_range() {
        for limits in ["workers = 0", "executions_per_second = 0", "login_per_second = 401"] {
            let refused = load(&format!("[limits]\n{limits}"));
            assert!(matches!(refused, Err(ConfigError::Refused { .. })), "{limits}");
        }
        let moat = load("required_walls = [\"seccomp\", \"moat\"]");
        assert!(matches!(moat, Err(ConfigError::Refused { setting: "required_walls", .. })));
        assert!(load("required_walls = [\"seccomp\"]").is_ok());
        let back =
            |text: &str| load(&format!("accept_rollback_to = {text:?}")).and_then(|config| config.rollback());
        let head = BlockRef { number: 12, hash: quorate_wire::Digest([0xab; 32]) };
        assert_eq!(back(&format!("12:{}", head.hash)).unwrap(), Some(head));
        for text in ["12", "true", "12:0xab", ":"] {
            assert!(matches!(back(text), Err(ConfigError::Refused { setting: "accept_rollback_to", .. })));
        }
        assert!(matches!(load("[code]\ncache_bytes = 1"), Err(ConfigError::Refused { .. })));
        for gateway in
            ["gateway.example", "ftp://gateway.example", "https://a@b", "https://a/?x", "https://a/#x"]
        {
            let text = format!("[code]\ngateways = [{gateway:?}]");
            assert!(
                matches!(load(&text), Err(ConfigError::Refused { setting: "code.gateways", .. })),
                "{gateway}"
            );
        }
        assert!(load("[code]\ngateways = [\"https://gateway.example/\"]").is_ok());
        assert!(matches!(load("worker = []"), Err(ConfigError::Refused { setting: "worker", .. })));
    }

    #[test]
    fn walls_are_demanded_unless_it_is_a_development_network() {
        let walls = |text: &str, wildcard_sessions| {
            let network = NetworkFile { wildcard_sessions, ..crate::testing::network() };
            load(text).unwrap().walls(&network).unwrap()
        };
        let demanded = [Wall::Seccomp, Wall::Landlock, Wall::Privileges, Wall::ResourceLimits];
        assert_eq!(walls("", false), demanded.into_iter().collect());
        assert_eq!(walls("", true), Walls::NONE);
        for development in [false, true] {
            assert_eq!(walls("required_walls = []", development), Walls::NONE);
            let one = walls("required_walls = [\"oom_score\"]", development);
            assert_eq!(one, [Wall::OomScore].into_iter().collect());
        }
    }

    #[cfg(not(feature = "faults"))]
    #[test]
    fn refuses_fault_switches_in_a_build_without_them() {
        assert!(matches!(
            load("[faults]\nalter_digest = 1"),
            Err(ConfigError::Refused { setting: "faults", .. })
        ));
    }
}
