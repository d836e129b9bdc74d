//! Votes of nodes, signed off chain: for a value of the Directory, or for a further minter. One node's vote is a file;
//! enough of them are one transaction.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use k256::ecdsa::SigningKey;
use quorate_node::{Config, NodeKeys};
use quorate_registry::abi::PubkeyRouter;
use quorate_registry::alloy_primitives::keccak256;
use quorate_registry::tx_client::{ChainReader, TxClient};
use quorate_wire::{
    Address, ContractRecord, Digest, DirectoryChange, LoginDomains, MinterAdmission, NetworkFile, NetworkId,
    NodeIndex, NodeVote, directory_digest, gather, limits::DIRECTORY_VALUE_BYTES_MAX, minter_digest,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::args::VoteArgs;
use crate::directory::{self, NamedContract};
use crate::founding::{chain_of, place_of};
use crate::output::{Output, printable};
use crate::state::write_whole;

/// What is voted for under this name is no value of the Directory, which has no name like it.
const MINTER: &str = "minter";

/// What a vote is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ballot {
    /// A value of the Directory.
    Value(DirectoryChange),
    /// A further minter.
    Minter(MinterAdmission),
}

impl Ballot {
    /// What nodes of a network sign for it.
    fn digest(&self, network: &NetworkFile) -> Digest {
        match self {
            Ballot::Value(change) => {
                directory_digest(&network.directory_domain(), std::slice::from_ref(change))
            }
            Ballot::Minter(admission) => minter_digest(&network.router_domain(), admission),
        }
    }

    /// The name, and the version or number, under which a vote for it is known.
    pub(crate) fn name(&self) -> (&str, u64) {
        match self {
            Ballot::Value(change) => (&change.name, change.version),
            Ballot::Minter(admission) => (MINTER, admission.number),
        }
    }

    /// Whether the chain has it already, whatever became of the receipt.
    pub(crate) async fn stands(&self, network: &NetworkFile, chain: &ChainReader) -> Result<bool> {
        match self {
            Ballot::Value(change) => {
                let at = network.contracts.directory.address;
                let (version, value) = directory::read(chain, at.0.into(), &change.name).await?;
                Ok((version, &value) == (change.version, &change.value))
            }
            Ballot::Minter(admission) => is_minter(network, chain, admission.minter).await,
        }
    }

    /// Sends the votes of enough nodes for it.
    pub(crate) async fn send(
        &self,
        network: &NetworkFile,
        chain: &TxClient,
        votes: &[NodeVote],
    ) -> Result<()> {
        let contracts = &network.contracts;
        match self {
            Ballot::Value(change) => {
                let at = contracts.directory.address.0.into();
                chain.set_directory(at, std::slice::from_ref(change), votes).await?
            }
            Ballot::Minter(admission) => {
                chain.admit_minter(contracts.pubkey_router.address.0.into(), admission, votes).await?
            }
        };
        Ok(())
    }

    /// The votes for it, in the form that the contract takes.
    pub(crate) fn gather(&self, network: &NetworkFile, votes: &[SignedVote]) -> Vec<NodeVote> {
        gather(&self.digest(network), votes.iter().map(|vote| vote.vote))
    }
}

/// A node's vote, as its operator hands it to whoever sends all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedVote {
    /// The network.
    pub(crate) network: NetworkId,
    /// The node.
    pub(crate) node: NodeIndex,
    /// The value's name, or `minter`.
    name: String,
    /// The version that it is to have; of a minter the number of its admission.
    version: u64,
    /// The value; of a minter its address and the hash of its code.
    value: String,
    /// The signature with the node's chain key.
    vote: NodeVote,
}

impl SignedVote {
    /// Longest file with one, in bytes.
    pub(crate) const BYTES_MAX: usize = 32 << 10;

    fn sign(network: &NetworkFile, node: NodeIndex, ballot: &Ballot, key: &SigningKey) -> Result<Self> {
        let (name, version) = ballot.name();
        let value = match ballot {
            Ballot::Value(change) => String::from_utf8(change.value.clone()).context("values are texts")?,
            Ballot::Minter(admission) => serde_json::to_string(&named(admission))?,
        };
        let vote = NodeVote::sign(&ballot.digest(network), key);
        Ok(SignedVote { network: network.id(), node, name: name.to_owned(), version, value, vote })
    }

    /// What the vote is for.
    ///
    /// # Errors
    /// If it names a minter in another form than the one that nodes write.
    pub(crate) fn ballot(&self) -> Result<Ballot> {
        if self.name != MINTER {
            let (name, value) = (self.name.clone(), self.value.clone().into_bytes());
            return Ok(Ballot::Value(DirectoryChange { name, version: self.version, value }));
        }
        let NamedContract { address, code_hash } = serde_json::from_str(&self.value)
            .context("a vote for a minter has its address and code_hash as its value")?;
        Ok(Ballot::Minter(MinterAdmission {
            minter: Address(address.into_array()),
            code_hash: Digest(code_hash.0),
            number: self.version,
        }))
    }

    /// Checks that it is the vote of its node in this network.
    pub(crate) fn check(&self, network: &NetworkFile) -> Result<()> {
        let node =
            network.node(self.node).with_context(|| format!("the network has no node {}", self.node))?;
        ensure!(self.network == network.id(), "the vote is of another network, {}", self.network);
        let signer = self.vote.signer(&self.ballot()?.digest(network));
        ensure!(signer == Some(node.chain_address), "the vote is not signed by {}", network.named(self.node));
        Ok(())
    }
}

/// Signs a node's vote, unless the chain has already what it is for.
pub(crate) async fn vote(args: &VoteArgs, output: Output) -> Result<()> {
    let config = Config::load(&args.config)?;
    let network = config.load_network()?;
    let keys = NodeKeys::load(&config.keys)?;
    let me = place_of(&network, &keys)?;
    let chain = chain_of(&config)?;
    let ballot = match args.name.as_str() {
        MINTER => minter(args, &network, &chain, output).await?,
        _ => value(args, &network, &chain, output).await?,
    };
    let (name, version) = ballot.name();
    if ballot.stands(&network, &chain).await? {
        let shown = json!({ "name": name, "version": version, "set": true, "out": null, "node": me });
        output.result(&shown, || match &ballot {
            Ballot::Value(_) => {
                format!("{name} has this value already (version {version}); nothing was signed")
            }
            Ballot::Minter(_) => "the contract is a minter already; nothing was signed".to_owned(),
        });
        return Ok(());
    }
    // Who serves the chain says what stands. A person sees it before a signature is out that counts for what comes later.
    ensure!(
        args.version.is_none_or(|wanted| wanted == version),
        "the chain says that version {} of {name} stands, so a vote is for version {version}",
        version - 1
    );
    let vote = SignedVote::sign(&network, me, &ballot, &keys.chain)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => format!("vote-{}-{version}-node-{me}.json", name.replace('/', "-")).into(),
    };
    write_whole(&out, format!("{}\n", serde_json::to_string_pretty(&vote)?).as_bytes(), 0o644)?;
    let shown = json!({ "name": name, "version": version, "set": false, "out": out, "node": me });
    output.result(&shown, || {
        format!(
            "signed version {version} of {name}\nNext: with {} such votes anybody sets it: quorate network vote {} …",
            network.threshold,
            out.display()
        )
    });
    Ok(())
}

/// The value of a vote, with the version that comes next; the standing one if it has this value.
async fn value(
    args: &VoteArgs,
    network: &NetworkFile,
    chain: &ChainReader,
    output: Output,
) -> Result<Ballot> {
    ensure!(args.code_hash.is_none(), "--code-hash is for votes for a minter");
    let name = args.name.as_str();
    let value = match args.value.as_deref().map(|value| value.strip_prefix('@').ok_or(value)) {
        Some(Ok(path)) => value_in(Path::new(path))?,
        Some(Err(value)) => value.as_bytes().to_vec(),
        None => Vec::new(),
    };
    let value = directory::canonical(name, &value)?;
    if name == LoginDomains::NAME && LoginDomains::parse(&value).is_ok_and(|list| list.names().is_empty()) {
        output.progress("With this value the network takes no login at all.");
    }
    let record = network.contracts.directory;
    must_be_its_chain(network, chain, ("Directory", record)).await?;
    let (version, standing) = directory::read(chain, record.address.0.into(), name).await?;
    let change =
        |version| Ballot::Value(DirectoryChange { name: name.to_owned(), version, value: value.clone() });
    if version > 0 && standing == value {
        return Ok(change(version));
    }
    let next = version.checked_add(1).context("the chain says that no version comes next")?;
    let standing = printable(&String::from_utf8_lossy(&standing));
    output.progress(&format!("signs version {next} of {name}, in place of: {standing}"));
    Ok(change(next))
}

/// The minter of a vote, with the code that the chain says it has.
async fn minter(
    args: &VoteArgs,
    network: &NetworkFile,
    chain: &ChainReader,
    output: Output,
) -> Result<Ballot> {
    let text = args.value.as_deref().context("a minter cannot be taken away: admissions are for ever")?;
    let minter: Address = text.parse().with_context(|| format!("{text} is no address"))?;
    let router = network.contracts.pubkey_router;
    must_be_its_chain(network, chain, ("PubkeyRouter", router)).await?;
    let code = chain.code(minter.0.into()).await?;
    ensure!(!code.is_empty(), "the chain has no contract at {minter}");
    let code_hash = Digest(keccak256(&code).0);
    ensure!(
        args.code_hash.is_none_or(|wanted| wanted == code_hash),
        "the chain says that the code at {minter} has the hash {code_hash}"
    );
    let admitted = chain.read(router.address.0.into(), &PubkeyRouter::admissionsCall {}).await?;
    let number = admitted.checked_add(1).context("the chain says that no admission comes next")?;
    output.progress(&format!(
        "signs admission {number}: the contract {minter} mints keys for ever, with code of the hash {code_hash}"
    ));
    Ok(Ballot::Minter(MinterAdmission { minter, code_hash, number }))
}

async fn is_minter(network: &NetworkFile, chain: &ChainReader, minter: Address) -> Result<bool> {
    let call = PubkeyRouter::isMinterCall { account: minter.0.into() };
    Ok(chain.read(network.contracts.pubkey_router.address.0.into(), &call).await?)
}

fn named(admission: &MinterAdmission) -> NamedContract {
    NamedContract { address: admission.minter.0.into(), code_hash: admission.code_hash.0.into() }
}

async fn must_be_its_chain(
    network: &NetworkFile,
    chain: &ChainReader,
    (name, record): (&str, ContractRecord),
) -> Result<()> {
    let (id, code) = chain.identity(record.address.0.into()).await?;
    ensure!(
        id == network.chain.id && code.0 == record.code_hash.0,
        "the chain of node.toml is not this network's: it has another id, or another {name}"
    );
    Ok(())
}

/// The bytes of a file, as far as a value can be long.
fn value_in(path: &Path) -> Result<Vec<u8>> {
    let reading = || format!("reading {}", path.display());
    let mut bytes = Vec::new();
    let most = DIRECTORY_VALUE_BYTES_MAX as u64 + 1;
    File::open(path).with_context(reading)?.take(most).read_to_end(&mut bytes).with_context(reading)?;
    Ok(bytes)
}
