//! From an empty folder to a network file: keys, chain, contracts. A folder that has them is taken as it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use k256::ecdsa::SigningKey;
use quorate_node::{Config, KeyFiles, NodeKeys};
use quorate_registry::alloy_primitives::B256;
use quorate_registry::chain::{Creation, Genesis, address_of, genesis_hash};
use quorate_registry::deploy::{DeployedCompanions, Deployment, deploy, deploy_companions};
use quorate_registry::rpc_client::CallBounds;
use quorate_registry::subject::CommitteeNode;
use quorate_registry::tx_client::TxClient;
use quorate_wire::{
    Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode, Issuers,
    LoginDomains, NetworkFile, NodeEndpoint, StatementKey,
};
use sha2::{Digest as _, Sha256};

use super::lit;
use crate::args::DevArgs;
use crate::chain::{Terms, faucet_key, genesis_in};
use crate::directory::{self, NamedContract};
use crate::output::Output;
use crate::ports::{Ports, Transport};
use crate::state::{State, write_whole};

/// Domain of logins to a development network.
pub(crate) const LOGIN_DOMAIN: &str = "localhost";
/// Nodes of a network unless told otherwise.
const NODES_DEFAULT: u8 = 3;
/// How long the chain may take to answer its first call.
const CHAIN_WITHIN: Duration = Duration::from_secs(20);

/// What a start works with, before anything runs.
pub(super) struct Plan {
    /// The network file of an earlier start.
    pub(super) network: Option<NetworkFile>,
    /// The nodes' public keys, in order.
    pub(super) keys: Vec<FoundingNode>,
    /// How many of them sign.
    pub(super) threshold: u8,
    /// Where the chain listens.
    pub(super) chain_listen: SocketAddr,
    /// What actions may reach, in a new network.
    allow_hosts: Option<Vec<String>>,
    /// What logins may be for, if that is to be voted.
    login_domains: Option<LoginDomains>,
    issuers: Option<Issuers>,
    http: Vec<SocketAddr>,
    quic: Vec<SocketAddr>,
    genesis: Genesis,
    wallet: SigningKey,
}

/// A network whose nodes can be started.
pub(super) struct Founded {
    /// Its network file, as it is on disk.
    pub(super) network: NetworkFile,
    /// The chain's address.
    pub(super) chain_rpc: String,
    /// The account that has money.
    pub(super) wallet: Address,
    /// Every contract, by its name.
    pub(super) contracts: BTreeMap<&'static str, Address>,
}

/// Makes or loads keys and finds free ports.
pub(super) fn plan(state: &State, args: &DevArgs, ports: &mut Ports) -> Result<Plan> {
    let network = state.network()?;
    let (count, threshold) = size(network.as_ref(), args)?;
    let allow_hosts = hosts(network.as_ref(), &args.allow_host)?;
    let new_domains = network.is_none() || !args.login_domain.is_empty();
    let login_domains = new_domains.then(|| domains(&args.login_domain)).transpose()?;
    let keys = (1..=count).map(|number| Ok(NodeKeys::load_or_create(&key_files(state, number))?.public()));
    let keys: Vec<FoundingNode> = keys.collect::<Result<_>>()?;
    if let Some(network) = &network {
        ensure!(
            network.nodes == keys,
            "the node keys in {} are not those of its network.json",
            state.folder().display()
        );
    }
    let secret = state.wallet()?;
    let wallet = SigningKey::from_slice(secret.as_ref()).context("the test key is not a secp256k1 key")?;
    std::fs::create_dir_all(state.chain_path())?;
    let deployer = address_of(wallet.verifying_key());
    let faucet = address_of(faucet_key(&state.chain_path())?.verifying_key());
    let nodes = keys.iter().map(|node| node.chain_address.0.into());
    let funded = nodes.chain([deployer, faucet]).collect();
    let terms = Terms { funded, deployer, contracts: Creation::Any, id: args.chain_id };
    let genesis = genesis_in(&state.chain_path(), &terms)?;
    let (http, quic) = listen(network.as_ref(), args, count, ports)?;
    let chain_listen = ports.take(Transport::Tcp, args.chain_port)?;
    Ok(Plan {
        network,
        keys,
        threshold,
        chain_listen,
        allow_hosts,
        login_domains,
        issuers: args.issuers.as_deref().map(issuers).transpose()?,
        http,
        quic,
        genesis,
        wallet,
    })
}

/// The list of hosts, which is for ever: it is part of the network's id.
fn hosts(network: Option<&NetworkFile>, wanted: &[String]) -> Result<Option<Vec<String>>> {
    NetworkFile::check_hosts(wanted).map_err(anyhow::Error::msg)?;
    let wanted = (!wanted.is_empty()).then(|| wanted.to_vec());
    if let Some(network) = network {
        ensure!(
            wanted.is_none() || wanted == network.allow_hosts,
            "this folder holds a network with another list of hosts; take another --dir for another one"
        );
        return Ok(network.allow_hosts.clone());
    }
    Ok(wanted)
}

/// The domains of logins that are asked for: what is voted with a new network, and at a later start if any is named.
fn domains(wanted: &[String]) -> Result<LoginDomains> {
    let mut domains = vec![LOGIN_DOMAIN.to_owned()];
    for domain in wanted {
        if !domains.contains(domain) {
            domains.push(domain.clone());
        }
    }
    LoginDomains::new(domains).map_err(anyhow::Error::msg)
}

/// The issuers of a file.
fn issuers(path: &Path) -> Result<Issuers> {
    let text = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    Issuers::parse(&text).map_err(anyhow::Error::msg).with_context(|| format!("{}", path.display()))
}

fn size(network: Option<&NetworkFile>, args: &DevArgs) -> Result<(u8, u8)> {
    let Some(network) = network else {
        let count = args.nodes.unwrap_or(NODES_DEFAULT);
        let threshold = match args.threshold {
            Some(threshold) => threshold,
            None => NetworkFile::default_threshold(count)?,
        };
        ensure!(
            threshold <= count,
            "a threshold of {threshold} needs at least {threshold} nodes, and there are {count}"
        );
        return Ok((count, threshold));
    };
    let count = u8::try_from(network.nodes.len()).context("the network file was checked")?;
    if args.nodes.is_some_and(|nodes| nodes != count)
        || args.threshold.is_some_and(|threshold| threshold != network.threshold)
    {
        bail!(
            "this folder holds a network of {count} nodes with threshold {}; take another --dir for another one",
            network.threshold
        );
    }
    Ok((count, network.threshold))
}

/// Addresses for the nodes: those of the last start where they are free.
fn listen(
    network: Option<&NetworkFile>,
    args: &DevArgs,
    count: u8,
    ports: &mut Ports,
) -> Result<(Vec<SocketAddr>, Vec<SocketAddr>)> {
    let mut http = Vec::new();
    let mut quic = Vec::new();
    for place in 0..count {
        let last = network.and_then(|network| network.endpoints.get(usize::from(place)));
        let next = |first: u16| if first == 0 { 0 } else { first.saturating_add(place.into()) };
        let http_last = last.and_then(|end| end.http.strip_prefix("http://")?.parse::<SocketAddr>().ok());
        let quic_last = last.and_then(|end| end.quic.parse::<SocketAddr>().ok());
        let http_wanted = http_last.map_or_else(|| next(args.http_port), |address| address.port());
        let quic_wanted = quic_last.map_or_else(|| next(args.quic_port), |address| address.port());
        http.push(ports.take(Transport::Tcp, http_wanted)?);
        quic.push(ports.take(Transport::Udp, quic_wanted)?);
    }
    Ok((http, quic))
}

/// With the chain running: deploys the contracts if that was not done, and writes network file and node
/// configurations for the addresses of this start.
pub(super) async fn found(state: &State, plan: Plan, output: Output) -> Result<Founded> {
    let chain_rpc = format!("http://{}", plan.chain_listen);
    let chain = TxClient::new(&chain_rpc, plan.genesis.chain_id, plan.wallet.clone())?;
    let wallet = Address(chain.address().into_array());
    answers(&chain).await?;
    let mut values = Vec::new();
    let mut network = match plan.network {
        Some(ref network) => network.clone(),
        None => {
            let begun = Instant::now();
            let deployment = deploy(&chain, &committee(&plan), plan.threshold.into()).await?;
            values = named(&deploy_companions(&chain, &deployment.contracts).await?)?;
            output.progress(&format!("contracts deployed ({} ms)", begun.elapsed().as_millis()));
            network_file(&plan, &deployment)
        }
    };
    if let Some(domains) = &plan.login_domains {
        values.push((LoginDomains::NAME, domains.value()));
    }
    if let Some(issuers) = &plan.issuers {
        values.push((Issuers::NAME, issuers.value()));
    }
    vote(state, &chain_rpc, &network, &values).await?;
    network.endpoints = plan
        .http
        .iter()
        .zip(&plan.quic)
        .map(|(http, quic)| NodeEndpoint { http: format!("http://{http}"), quic: quic.to_string() })
        .collect();
    let contracts = lit::addresses(chain.reader(), &network).await?;
    state.write_network(&network)?;
    lit::write(state, &contracts)?;
    for (index, (http, quic)) in network.indices().zip(plan.http.iter().zip(&plan.quic)) {
        write_config(&state.node_path(index.get()).join("node.toml"), &chain_rpc, (*http, *quic))?;
    }
    Ok(Founded { network, chain_rpc, wallet, contracts })
}

/// The companions as the Directory names them.
fn named(deployed: &DeployedCompanions) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let (at, code) = (&deployed.addresses, &deployed.code_hashes);
    let contracts = [
        (at.pkp_helper, code.pkp_helper),
        (at.price_feed, code.price_feed),
        (at.ledger, code.ledger),
        (at.payment_delegation, code.payment_delegation),
        (at.contract_resolver, code.contract_resolver),
    ];
    let names = directory::COMPANIONS.into_iter().zip(contracts);
    let value = |((_, name), (address, code_hash))| {
        Ok((name, serde_json::to_vec(&NamedContract { address, code_hash })?))
    };
    names.map(value).collect()
}

/// Votes for values of the Directory with as many of the nodes' accounts as it takes. A network file is written only after
/// that, so an interrupted founding begins anew.
async fn vote(
    state: &State,
    chain_rpc: &str,
    network: &NetworkFile,
    values: &[(&str, Vec<u8>)],
) -> Result<()> {
    let directory = network.contracts.directory.address.0.into();
    for number in 1..=network.threshold {
        let keys = NodeKeys::load(&key_files(state, number))?;
        let client = TxClient::new(chain_rpc, network.chain.id, keys.chain.clone())?;
        for (name, value) in values {
            directory::vote(&client, directory, name, value)
                .await
                .with_context(|| format!("node {number} could not vote for {name}"))?;
        }
    }
    Ok(())
}

/// Writes a node's configuration for this start. What a person has changed in it stays.
fn write_config(path: &Path, chain_rpc: &str, (http, quic): (SocketAddr, SocketAddr)) -> Result<()> {
    let old = if path.exists() { Config::as_written(path)? } else { Config::default() };
    let config = Config {
        network_file: "../network.json".into(),
        http_listen: http,
        quic_listen: quic,
        chain_rpc: chain_rpc.into(),
        ..old
    };
    write_whole(path, config.to_toml().as_bytes(), 0o600)
}

/// Waits until the chain answers.
async fn answers(chain: &TxClient) -> Result<()> {
    let begun = Instant::now();
    loop {
        match chain.rpc().call("eth_chainId", serde_json::json!([]), CallBounds::default()).await {
            Ok(_) => return Ok(()),
            Err(error) if begun.elapsed() > CHAIN_WITHIN => {
                return Err(error).context("the chain did not start; see chain.log in the state folder");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

fn committee(plan: &Plan) -> Vec<CommitteeNode> {
    let node = |(keys, http): (&FoundingNode, &SocketAddr)| CommitteeNode {
        address: keys.chain_address.0.into(),
        transport_key_hash: B256::from(<[u8; 32]>::from(Sha256::digest(keys.transport_key.0))),
        statement_key: B256::from(keys.statement_key.0),
        url: format!("http://{http}"),
    };
    plan.keys.iter().zip(&plan.http).map(node).collect()
}

fn network_file(plan: &Plan, deployment: &Deployment) -> NetworkFile {
    let (at, code) = (&deployment.contracts, &deployment.code_hashes);
    let record = |address: quorate_registry::alloy_primitives::Address, hash: B256| ContractRecord {
        address: Address(address.into_array()),
        code_hash: Digest(hash.0),
    };
    NetworkFile {
        version: NetworkFile::VERSION,
        name: "development".to_owned(),
        chain: ChainParameters {
            id: plan.genesis.chain_id,
            genesis: Digest(genesis_hash(&plan.genesis).0),
            head_key: StatementKey(plan.genesis.head_key.0),
        },
        contracts: Contracts {
            pkp_nft: record(at.pkp_nft, code.pkp_nft),
            pubkey_router: record(at.pubkey_router, code.pubkey_router),
            pkp_permissions: record(at.pkp_permissions, code.pkp_permissions),
            node_registry: record(at.node_registry, code.node_registry),
            directory: record(at.directory, code.directory),
        },
        threshold: plan.threshold,
        nodes: plan.keys.clone(),
        wildcard_sessions: true,
        admission: Admission::Open,
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: plan.allow_hosts.clone(),
        endpoints: Vec::new(),
    }
}

fn key_files(state: &State, number: u8) -> KeyFiles {
    let folder = state.node_path(number);
    let KeyFiles { transport, statement, chain, sealing } = KeyFiles::default();
    let [transport, statement, chain, sealing] =
        [transport, statement, chain, sealing].map(|path| folder.join(path));
    KeyFiles { transport, statement, chain, sealing }
}
