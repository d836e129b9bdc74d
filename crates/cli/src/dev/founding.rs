//! From an empty folder to a network file: keys, chain, contracts. A folder that has them is taken as it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use k256::ecdsa::SigningKey;
use quorate_node::{Config, NodeKeys};
use quorate_registry::chain::{Creation, Genesis, address_of};
use quorate_registry::rpc_client::CallBounds;
use quorate_registry::tx_client::TxClient;
use quorate_wire::{
    ActionLimits, Address, Admission, Card, FoundingNode, Issuers, LoginDomains, NetworkFile, NodeEndpoint,
    NodeIndex,
};

use super::lit;
use crate::args::DevArgs;
use crate::chain::{Terms, faucet_key, genesis_in};
use crate::directory;
use crate::founding::{self, ChainTerms, NewNode, Wanted, key_files};
use crate::output::Output;
use crate::ports::{Ports, Transport};
use crate::state::{State, write_whole};

/// Domain of logins to a development network.
pub(crate) const LOGIN_DOMAIN: &str = "localhost";
/// Who operates the nodes of a development network: one person, and one security domain.
const OPERATOR: &str = "development";
/// Nodes of a network unless told otherwise.
const NODES_DEFAULT: u8 = 3;
/// How long the chain may take to answer its first call.
const CHAIN_WITHIN: Duration = Duration::from_secs(20);

/// What a start works with, before anything runs.
pub(super) struct Plan {
    /// The network file of an earlier start, or what an earlier start was founding when it was interrupted.
    pub(super) network: Option<NetworkFile>,
    /// Whether the contracts of that network may be missing yet.
    founding: bool,
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
    let known = state.network()?;
    let founding = known.is_none();
    let network = known.map_or_else(|| interrupted(state), |known| Ok(Some(known)))?;
    let (count, threshold) = size(network.as_ref(), args)?;
    let allow_hosts = hosts(network.as_ref(), &args.allow_host)?;
    let new_domains = network.is_none() || !args.login_domain.is_empty();
    let login_domains = new_domains.then(|| domains(&args.login_domain)).transpose()?;
    let keys = (1..=count)
        .map(|number| Ok(NodeKeys::load_or_create(&key_files(&state.node_path(number)))?.public()));
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
        founding,
        keys,
        threshold,
        chain_listen,
        allow_hosts,
        login_domains,
        issuers: args.issuers.as_deref().map(founding::read_issuers).transpose()?,
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

/// With the chain running: founds the network if that was not done, as several operators would, and writes network file and
/// node configurations for the addresses of this start.
pub(super) async fn found(state: &State, plan: Plan, output: Output) -> Result<Founded> {
    let chain_rpc = format!("http://{}", plan.chain_listen);
    let chain = TxClient::new(&chain_rpc, plan.genesis.chain_id, plan.wallet.clone())?;
    let wallet = Address(chain.address().into_array());
    answers(&chain).await?;
    let network = match &plan.network {
        Some(network) => network.clone(),
        None => assemble(state, &plan, wallet)?,
    };
    if plan.founding {
        let begun = Instant::now();
        founding::deploy_terms(&network, &chain_rpc, plan.wallet.clone(), output.quiet()).await?;
        output.progress(&format!("contracts deployed ({} ms)", begun.elapsed().as_millis()));
    }
    if plan.network.is_some() {
        set_values(state, (&chain, &network), &plan).await?;
    }
    let network = moved(state, &network, &plan)?;
    let contracts = lit::addresses(chain.reader(), &network).await?;
    for (index, (http, quic)) in network.indices().zip(plan.http.iter().zip(&plan.quic)) {
        write_config(state, &network, (index, &chain_rpc), (*http, *quic))?;
    }
    state.write_network(&network)?;
    lit::write(state, &contracts)?;
    Ok(Founded { network, chain_rpc, wallet, contracts })
}

/// The nodes' cards, a proposal, and every node's approval of it.
fn assemble(state: &State, plan: &Plan, deployer: Address) -> Result<NetworkFile> {
    let mut cards: Vec<Card> = Vec::new();
    for (number, (http, quic)) in (1..).zip(plan.http.iter().zip(&plan.quic)) {
        let folder = state.node_path(number);
        cards.push(founding::make_card(&NewNode {
            folder: &folder,
            operator: OPERATOR,
            place: place(*http, *quic),
        })?);
    }
    let wanted = Wanted {
        name: "development".to_owned(),
        threshold: plan.threshold,
        wildcard_sessions: true,
        admission: Admission::Open,
        limits: ActionLimits::default(),
        allow_hosts: plan.allow_hosts.clone(),
        login_domains: plan.login_domains.clone().unwrap_or_default(),
        issuers: plan.issuers.clone(),
    };
    let chain = ChainTerms { genesis: plan.genesis.clone(), deployer };
    let mut network = founding::draft(cards, &chain, founding::guest_hash(None)?, wanted)?;
    let approve = |index: NodeIndex| {
        let keys = NodeKeys::load(&key_files(&state.node_path(index.get())))?;
        founding::sign_approval(&network, index, &keys)
    };
    let approvals = network.indices().map(approve).collect::<Result<_>>()?;
    network.approvals = approvals;
    // From here on contracts may be deployed: a start after an interruption goes on with these, and no others.
    let text = serde_json::to_string_pretty(&network)?;
    write_whole(&proposal_path(state), format!("{text}\n").as_bytes(), 0o644)?;
    Ok(network)
}

fn proposal_path(state: &State) -> PathBuf {
    state.folder().join("proposal.json")
}

/// The network that an earlier start was founding when it was interrupted.
fn interrupted(state: &State) -> Result<Option<NetworkFile>> {
    let path = proposal_path(state);
    if path.exists() { founding::read_proposal(&path).map(Some) } else { Ok(None) }
}

fn place(http: SocketAddr, quic: SocketAddr) -> NodeEndpoint {
    NodeEndpoint::unsigned(format!("http://{http}"), quic.to_string())
}

/// The network with the addresses of this start, each by its node's next word.
fn moved(state: &State, network: &NetworkFile, plan: &Plan) -> Result<NetworkFile> {
    let mut network = network.clone();
    let signed = network.founding.is_some();
    for (number, (http, quic)) in (1..).zip(plan.http.iter().zip(&plan.quic)) {
        let place = place(*http, *quic);
        let Some(known) = network.endpoints.get_mut(usize::from(number) - 1) else { break };
        if !signed {
            *known = place;
        } else if !known.same_place(&place) {
            let keys = NodeKeys::load(&key_files(&state.node_path(number)))?;
            *known = place.signed(known.number() + 1, &keys.statement);
        }
    }
    Ok(network)
}

/// Sets what this start wants otherwise in the Directory, with as many of the nodes' keys as it takes.
async fn set_values(state: &State, (chain, network): (&TxClient, &NetworkFile), plan: &Plan) -> Result<()> {
    let mut values = Vec::new();
    if let Some(domains) = &plan.login_domains {
        values.push((LoginDomains::NAME.to_owned(), domains.value()));
    }
    if let Some(issuers) = &plan.issuers {
        values.push((Issuers::NAME.to_owned(), issuers.value()));
    }
    if values.is_empty() {
        return Ok(());
    }
    ensure!(
        network.founding.is_some(),
        "the contracts of this network are of an earlier release, which had other votes: its values stay as they are"
    );
    let keys =
        (1..=network.threshold).map(|number| Ok(NodeKeys::load(&key_files(&state.node_path(number)))?.chain));
    directory::set(chain, network, values, &keys.collect::<Result<Vec<SigningKey>>>()?).await
}

/// Writes a node's configuration for this start. What a person has changed in it stays.
fn write_config(
    state: &State,
    network: &NetworkFile,
    (index, chain_rpc): (NodeIndex, &str),
    (http, quic): (SocketAddr, SocketAddr),
) -> Result<()> {
    let path = state.node_path(index.get()).join("node.toml");
    let old = if path.exists() { Config::as_written(&path)? } else { Config::default() };
    let config = Config {
        network_file: "../network.json".into(),
        http_listen: http,
        quic_listen: quic,
        chain_rpc: chain_rpc.into(),
        endpoint: network.founding.is_some().then(|| place(http, quic).into()),
        // One node pays for what all have signed.
        payer: (index.get() == 1).then(|| "../wallet.key".into()),
        ..old
    };
    write_whole(&path, config.to_toml().as_bytes(), 0o600)
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
