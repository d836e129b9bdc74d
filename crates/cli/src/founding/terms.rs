//! From cards and wishes to a proposal: a network file that lacks nothing but approvals.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use quorate_registry::alloy_primitives::B256;
use quorate_registry::chain::{Creation, Genesis, genesis_hash};
use quorate_registry::deploy::{self, Plan};
use quorate_registry::subject::CommitteeNode;
use quorate_wire::{
    ActionLimits, Address, Admission, Card, ChainParameters, ContractRecord, Contracts, Digest, FoundingNode,
    FoundingTerms, FoundingValue, Issuers, LoginDomains, NetworkFile, NodeEndpoint, PlannedContract,
    StatementKey,
};
use sha2::{Digest as _, Sha256};

use crate::directory::{COMPANIONS, NamedContract};

/// The chain that a network is founded on.
pub(crate) struct ChainTerms {
    /// Its block 0.
    pub(crate) genesis: Genesis,
    /// The account that deploys.
    pub(crate) deployer: Address,
}

/// What a person wants of a network.
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: String,
    /// How many nodes act together.
    pub(crate) threshold: u8,
    /// Whether sessions may name keys and actions by `*` as authority.
    pub(crate) wildcard_sessions: bool,
    /// Who may ask.
    pub(crate) admission: Admission,
    /// What an execution may use.
    pub(crate) limits: ActionLimits,
    /// What actions may reach.
    pub(crate) allow_hosts: Option<Vec<String>>,
    /// What logins may be for.
    pub(crate) login_domains: LoginDomains,
    /// Whose tokens are logins.
    pub(crate) issuers: Option<Issuers>,
}

/// Reads who may ask: `open`, `granted`, or wallets.
pub(crate) fn admission(words: &[String]) -> Result<Admission> {
    match words {
        [] => Ok(Admission::Open),
        [word] if word == "open" => Ok(Admission::Open),
        [word] if word == "granted" => Ok(Admission::Granted),
        wallets => {
            let read = |word: &String| {
                let address = word.parse::<Address>();
                address.with_context(|| format!("--admission {word}: open, granted, or a wallet's address"))
            };
            Ok(Admission::List(wallets.iter().map(read).collect::<Result<_>>()?))
        }
    }
}

/// What a deployment depends on beside its committee.
struct Deploying {
    threshold: u8,
    deployer: Address,
    chain_id: u64,
    salt: Digest,
}

/// The contracts that a proposal should create, as this release makes them.
pub(crate) fn plan_of(proposal: &NetworkFile) -> Result<Plan> {
    let founding = proposal.founding.as_ref().context("a proposal has a founding")?;
    let deploying = Deploying {
        threshold: proposal.threshold,
        deployer: founding.deployer,
        chain_id: proposal.chain.id,
        salt: proposal.salt(),
    };
    plan(&proposal.nodes, &proposal.endpoints, deploying)
}

/// The contracts of a committee on a chain, as this release makes them.
fn plan(
    nodes: &[FoundingNode],
    endpoints: &[NodeEndpoint],
    Deploying { threshold, deployer, chain_id, salt }: Deploying,
) -> Result<Plan> {
    let node = |(keys, endpoint): (&FoundingNode, &NodeEndpoint)| CommitteeNode {
        address: keys.chain_address.0.into(),
        transport_key_hash: B256::from(<[u8; 32]>::from(Sha256::digest(keys.transport_key.0))),
        statement_key: B256::from(keys.statement_key.0),
        url: endpoint.http.clone(),
    };
    let committee: Vec<CommitteeNode> = nodes.iter().zip(endpoints).map(node).collect();
    let founding =
        deploy::Founding { committee: &committee, threshold: threshold.into(), salt: salt.0.into() };
    deploy::plan(deployer.0.into(), 0, chain_id, &founding)
        .map_err(anyhow::Error::new)
        .context("the contracts of this committee")
}

/// The proposal that cards, chain and wishes come to.
pub(crate) fn draft(
    cards: Vec<Card>,
    chain: &ChainTerms,
    guest: Digest,
    wanted: Wanted,
) -> Result<NetworkFile> {
    let Genesis { contracts, deployer, .. } = &chain.genesis;
    ensure!(
        *contracts == Creation::Any || deployer.0 == chain.deployer.0,
        "on this chain only {deployer} creates contracts, and the payer is {}: start the chain with this payer",
        chain.deployer
    );
    let (nodes, endpoints): (Vec<_>, Vec<_>) =
        cards.iter().map(|card| (card.keys, card.endpoint.clone())).unzip();
    // The salt covers all but what follows from it, so it is known before the contracts that have it are.
    let unsalted = Deploying {
        threshold: wanted.threshold,
        deployer: chain.deployer,
        chain_id: chain.genesis.chain_id,
        salt: Digest([0; 32]),
    };
    let planned = planned(&plan(&nodes, &endpoints, unsalted)?);
    let mut file = NetworkFile {
        version: NetworkFile::VERSION,
        name: wanted.name,
        chain: ChainParameters {
            id: chain.genesis.chain_id,
            genesis: Digest(genesis_hash(&chain.genesis).0),
            head_key: StatementKey(chain.genesis.head_key.0),
        },
        contracts: records(&planned)?,
        threshold: wanted.threshold,
        nodes,
        wildcard_sessions: wanted.wildcard_sessions,
        admission: wanted.admission,
        limits: wanted.limits,
        allow_hosts: wanted.allow_hosts,
        founding: Some(FoundingTerms {
            guest,
            deployer: chain.deployer,
            values: values(&planned, &wanted.login_domains, wanted.issuers.as_ref())?,
            contracts: planned,
            operators: cards.into_iter().map(|card| card.operator).collect(),
        }),
        endpoints,
        approvals: Vec::new(),
    };
    let salted = self::planned(&plan_of(&file)?);
    file.contracts = records(&salted)?;
    file.founding.as_mut().context("a proposal has a founding")?.contracts = salted;
    // What others will read is what is checked here.
    NetworkFile::parse(&serde_json::to_string(&file)?).map_err(anyhow::Error::msg)
}

/// The contracts that a network file names.
fn records(planned: &[PlannedContract]) -> Result<Contracts> {
    let record = |name: &str| -> Result<ContractRecord> {
        let found = planned.iter().find(|contract| contract.name == name).context("a planned contract")?;
        Ok(ContractRecord { address: found.address, code_hash: found.code_hash })
    };
    Ok(Contracts {
        pkp_nft: record("PKPNFT")?,
        pubkey_router: record("PubkeyRouter")?,
        pkp_permissions: record("PKPPermissions")?,
        node_registry: record("NodeRegistry")?,
        directory: record("Directory")?,
    })
}

/// The contracts of a plan, as a proposal lists them.
pub(crate) fn planned(plan: &Plan) -> Vec<PlannedContract> {
    let contract = |contract: &deploy::PlannedContract| PlannedContract {
        name: contract.name.to_owned(),
        address: Address(contract.address.into_array()),
        creation: Digest(contract.creation.0),
        code_hash: Digest(contract.code_hash.0),
    };
    plan.contracts.iter().map(contract).collect()
}

/// What the Directory begins with.
fn values(
    planned: &[PlannedContract],
    domains: &LoginDomains,
    issuers: Option<&Issuers>,
) -> Result<Vec<FoundingValue>> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).context("values are texts");
    let mut values =
        vec![FoundingValue { name: LoginDomains::NAME.to_owned(), value: text(domains.value())? }];
    if let Some(issuers) = issuers {
        values.push(FoundingValue { name: Issuers::NAME.to_owned(), value: text(issuers.value())? });
    }
    for (contract, name) in COMPANIONS {
        let found = planned.iter().find(|planned| planned.name == contract).context("a planned companion")?;
        let named = NamedContract { address: found.address.0.into(), code_hash: found.code_hash.0.into() };
        values.push(FoundingValue { name: name.to_owned(), value: serde_json::to_string(&named)? });
    }
    Ok(values)
}

/// The hash of a guest; of this release's unless another is named.
pub(crate) fn guest_hash(named: Option<&Path>) -> Result<Digest> {
    let guest = quorate_actions::Guest::load(&quorate_actions::Guest::locate(named)?)?;
    Ok(Digest(guest.hash()))
}

/// Reads a file of issuers.
pub(crate) fn read_issuers(path: &Path) -> Result<Issuers> {
    let text = super::read_text(path, quorate_wire::limits::DIRECTORY_VALUE_BYTES_MAX * 4)?;
    Issuers::parse(text.as_bytes()).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())
}
