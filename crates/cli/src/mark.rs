//! Whose a state folder is. A folder that came with a project or an archive can name programs to run, servers to trust and
//! keys that others know. One that this user's `quorate dev` made has a mark that only this user can make.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use quorate_node::Config;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::failure::Refused;
use crate::home;
use crate::state::{State, secret_at, write_whole};

/// The mark's name in the folder.
const FILE: &str = "mark";
/// What goes before everything that a mark is over.
const DOMAIN: &[u8] = b"quorate/state-folder/v1";
/// Nodes of a network at most; their folders are numbered from 1.
const NODES_MAX: u8 = 32;
/// A key's file is far smaller.
const WALLET_BYTES_MAX: u64 = 4_096;
/// Members of a `node.toml` that are not marked: `quorate dev` writes the first six at each start, and the others
/// open nothing.
const UNMARKED: [&str; 8] =
    ["network_file", "http_listen", "quic_listen", "chain_rpc", "endpoint", "payer", "log", "limits"];

/// Marks a folder as this user's, with what is in it now.
pub(crate) fn set(state: &State) -> Result<()> {
    set_by(&*users_key()?, state)
}

fn set_by(key: &[u8; 32], state: &State) -> Result<()> {
    let text = hex::encode(mac(key, state)?.finalize().into_bytes());
    write_whole(&state.folder().join(FILE), text.as_bytes(), 0o600)
}

/// Whether the folder has nothing in it yet, or is not there.
pub(crate) fn is_new(state: &State) -> Result<bool> {
    match std::fs::read_dir(state.folder()) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("reading {}", state.folder().display())),
    }
}

/// Refuses a folder that this user has not marked, or in which what was marked has become something else.
pub(crate) fn check(state: &State) -> Result<()> {
    check_by(&*users_key()?, state)
}

fn check_by(key: &[u8; 32], state: &State) -> Result<()> {
    let found = std::fs::read_to_string(state.folder().join(FILE)).unwrap_or_default();
    let found = hex::decode(found.trim()).unwrap_or_default();
    // The comparison takes as long for every mark.
    if mac(key, state)?.verify_slice(&found).is_ok() {
        return Ok(());
    }
    let detail = format!(
        "{0} was not made by your `quorate dev`, or was moved, or has another network, another `wallet.key` or another \
         `node.toml` (but for `log` and `limits`) than when you last started it: if it came from elsewhere, it could run what others \
         want, open what is yours and use keys that they know. Take another --dir; or, if you know all that is in it: quorate dev --dir {0} --adopt",
        state.folder().display()
    );
    Err(Refused { code: "folder_not_yours", detail }.into())
}

/// The secret that marks are made with.
fn users_key() -> Result<Zeroizing<[u8; 32]>> {
    secret_at(&home::config()?.join("mark.key"))
}

fn mac(key: &[u8; 32], state: &State) -> Result<Hmac<Sha256>> {
    let place = std::fs::canonicalize(state.folder())
        .with_context(|| format!("reading {}", state.folder().display()))?;
    let mut mac = <Hmac<Sha256>>::new_from_slice(key).context("a key of 32 bytes")?;
    let mut add = |bytes: &[u8]| mac.update(&Sha256::digest(bytes));
    add(DOMAIN);
    add(place.as_os_str().as_encoded_bytes());
    add(&network(state)?);
    add(&wallet(state)?);
    for number in 1..=NODES_MAX {
        add(settings(&state.node_path(number).join("node.toml"))?.as_bytes());
    }
    Ok(mac)
}

/// The id of the network in the folder: all of its file but addresses, which change at each start.
fn network(state: &State) -> Result<Vec<u8>> {
    Ok(state.network()?.map(|network| network.id().as_bytes().to_vec()).unwrap_or_default())
}

/// The file of the key that commands sign with unless they are told another: who put it there could know it.
fn wallet(state: &State) -> Result<Vec<u8>> {
    let path = state.wallet_path();
    let reading = || format!("reading {}", path.display());
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Ok(about) if !about.is_file() || about.len() > WALLET_BYTES_MAX => {
            bail!("{} is not the file of a key", path.display())
        }
        Ok(_) => std::fs::read(&path).with_context(reading),
        Err(error) => Err(error).with_context(reading),
    }
}

/// What a node's configuration says of all that is marked, where it differs from the defaults.
fn settings(config: &Path) -> Result<String> {
    if !config.exists() {
        return Ok(String::new());
    }
    let mut table: toml::Table = Config::as_written(config)?.to_toml().parse().context("it was TOML")?;
    // What is as without a line says as little: the files are written with all of it at the first start.
    let defaults: toml::Table = Config::default().to_toml().parse().context("the defaults are TOML")?;
    table.retain(|member, value| !UNMARKED.contains(&member) && defaults.get(member) != Some(value));
    Ok(table.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use quorate_wire::{
        Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode, NetworkFile,
        NodeEndpoint, StatementKey, TransportKey,
    };

    use super::*;

    fn network(chain: u64, port: u16) -> String {
        let record = ContractRecord { address: Address([0; 20]), code_hash: Digest([0; 32]) };
        let node = |number: u8| FoundingNode {
            transport_key: TransportKey([number; 32]),
            statement_key: StatementKey([number; 32]),
            chain_address: Address([number; 20]),
        };
        let at = NodeEndpoint::unsigned(format!("http://127.0.0.1:{port}"), format!("127.0.0.1:{port}"));
        let network = NetworkFile {
            version: NetworkFile::VERSION_BEFORE,
            name: "test".to_owned(),
            chain: ChainParameters { id: chain, genesis: Digest([0; 32]), head_key: StatementKey([0; 32]) },
            contracts: Contracts {
                pkp_nft: record,
                pubkey_router: record,
                pkp_permissions: record,
                node_registry: record,
                directory: record,
            },
            threshold: 2,
            nodes: (1..=3).map(node).collect(),
            wildcard_sessions: true,
            admission: Admission::Open,
            limits: quorate_wire::ActionLimits::default(),
            allow_hosts: None,
            founding: None,
            approvals: Vec::new(),
            endpoints: vec![at; 3],
        };
        serde_json::to_string(&network).unwrap()
    }

    #[test]
    fn a_mark_is_of_one_user_one_place_one_network_and_what_it_runs() {
        let base = std::env::temp_dir().join(format!("quorate-mark-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        let state = State::at(&base.join("state"));
        assert!(is_new(&state).unwrap());
        fs::create_dir_all(state.node_path(1)).unwrap();
        let (ours, others) = ([1; 32], [2; 32]);
        let refused = |key: &[u8; 32], state: &State| {
            let error = check_by(key, state).unwrap_err();
            assert_eq!(error.downcast_ref::<Refused>().map(|refused| refused.code), Some("folder_not_yours"));
            assert!(error.to_string().contains("--adopt"), "{error}");
        };
        assert!(!is_new(&state).unwrap());
        refused(&ours, &state);
        fs::write(state.network_path(), network(7, 1)).unwrap();
        set_by(&ours, &state).unwrap();
        check_by(&ours, &state).unwrap();
        refused(&others, &state);
        set_by(&others, &state).unwrap();
        refused(&ours, &state);
        set_by(&ours, &state).unwrap();

        // Addresses of nodes change at each start, and their owner may change what opens nothing.
        fs::write(state.network_path(), network(7, 2)).unwrap();
        let config = state.node_path(1).join("node.toml");
        fs::write(&config, "log = 'debug'").unwrap();
        check_by(&ours, &state).unwrap();
        fs::write(state.network_path(), network(1, 2)).unwrap();
        refused(&ours, &state);
        fs::write(state.network_path(), network(7, 2)).unwrap();
        for theirs in
            ["worker = ['/tmp/theirs']", "[egress]\nallow_loopback_ports = [22]", "data_folder = '/'"]
        {
            fs::write(&config, format!("log = 'debug'\n{theirs}")).unwrap();
            refused(&ours, &state);
        }
        fs::remove_file(&config).unwrap();
        check_by(&ours, &state).unwrap();

        // A key that somebody knows is put in place of none, or of ours.
        fs::write(state.wallet_path(), "11".repeat(32)).unwrap();
        refused(&ours, &state);
        set_by(&ours, &state).unwrap();
        check_by(&ours, &state).unwrap();
        fs::write(state.wallet_path(), "22".repeat(32)).unwrap();
        refused(&ours, &state);
        fs::remove_file(state.wallet_path()).unwrap();
        refused(&ours, &state);
        fs::write(state.wallet_path(), "11".repeat(32)).unwrap();
        check_by(&ours, &state).unwrap();

        let moved = State::at(&base.join("elsewhere"));
        fs::rename(state.folder(), moved.folder()).unwrap();
        refused(&ours, &moved);
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn settings_are_all_but_addresses_and_what_opens_nothing() {
        let path = std::env::temp_dir().join(format!("quorate-settings-{}", std::process::id()));
        let named = |text: &str| {
            std::fs::write(&path, text).unwrap();
            settings(&path)
        };
        let plain = named("log = 'info'\nchain_rpc = 'http://one'\n[limits]\nworkers = 3").unwrap();
        assert_eq!(
            plain,
            "",
            "and none are when there is no file: {}",
            settings(Path::new("/none")).unwrap()
        );
        let worker = named("worker = ['/bin/sh', '-c']").unwrap();
        let others = [named("worker = ['/bin/sh -c']").unwrap(), named("guest = '/tmp/guest'").unwrap()];
        assert!(!worker.is_empty() && !others.contains(&worker) && others[0] != others[1]);
        assert!(!format!("{:#}", named("chain_rpc = 'http://key").unwrap_err()).contains("http://key"));
        std::fs::remove_file(path).unwrap();
    }
}
