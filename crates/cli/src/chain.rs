//! `quorate chain`: the embedded chain as a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use quorate_registry::alloy_primitives::{Address, B256, U256};
use quorate_registry::chain::{
    BOUNDS, ChainConfig, Creation, Genesis, RULES, address_of, founded_chain_id, serve,
};

use crate::args::ChainArgs;
use crate::output::Output;
use crate::shutdown;
use crate::state::{secret_at, write_whole};

/// What a funded account of a new chain has, in ether: far more than anybody needs.
const FUNDS_ETHER: u64 = 1_000_000;

/// Runs the chain until it is told to stop.
pub(crate) async fn run(args: ChainArgs, output: Output) -> Result<()> {
    fs::create_dir_all(&args.dir).with_context(|| format!("making {}", args.dir.display()))?;
    let faucet = args.faucet.then(|| faucet_key(&args.dir)).transpose()?;
    let mut funded: Vec<Address> = args.fund.iter().map(|account| account.0.into()).collect();
    funded.extend(faucet.as_ref().map(|key| address_of(key.verifying_key())));
    let contracts = if args.deployer.is_some() { Creation::Registry } else { Creation::Any };
    let deployer = args.deployer.map_or(Address::ZERO, |account| account.0.into());
    let terms = Terms { funded, deployer, contracts, id: None };
    let genesis = genesis_in(&args.dir, &terms)?;
    let config = ChainConfig {
        listen: args.listen,
        data_dir: Some(args.dir.clone()),
        genesis,
        head_key: head_key(&args.dir)?,
        host_names: Vec::new(),
        bounds: BOUNDS,
        block_time_s: args.block_time.filter(|seconds| *seconds > 0),
        faucet,
    };
    let server = serve(config, shutdown::requested(args.follow_stdin)?).await?;
    output.progress(&format!("chain at {}, genesis {}", server.url(), server.genesis_hash));
    server.wait().await?;
    Ok(())
}

/// What a new chain begins with.
pub(crate) struct Terms {
    /// The accounts that have money.
    pub(crate) funded: Vec<Address>,
    /// The account that deploys the registry.
    pub(crate) deployer: Address,
    /// Who else creates contracts.
    pub(crate) contracts: Creation,
    /// The chain's id; drawn unless it is named.
    pub(crate) id: Option<u64>,
}

/// The chain's block 0, made at the first start. It is for ever.
pub(crate) fn genesis_in(folder: &Path, terms: &Terms) -> Result<Genesis> {
    let path = folder.join("genesis.json");
    if path.exists() {
        let genesis = read_genesis(&path)?;
        ensure!(
            terms.id.is_none_or(|id| id == genesis.chain_id),
            "this folder holds a chain with the id {}; take another --dir for another one",
            genesis.chain_id
        );
        return Ok(genesis);
    }
    let head_key = B256::from(head_key(folder)?.verifying_key().to_bytes());
    let funds = U256::from(FUNDS_ETHER) * U256::from(10).pow(U256::from(18));
    let accounts: BTreeMap<Address, U256> = terms.funded.iter().map(|account| (*account, funds)).collect();
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    let chain_id = terms.id.unwrap_or_else(|| founded_chain_id(u64::from_be_bytes(random)));
    let genesis =
        Genesis { contracts: terms.contracts, ..Genesis::new(chain_id, head_key, accounts, terms.deployer) };
    write_whole(&path, serde_json::to_string_pretty(&genesis)?.as_bytes(), 0o644)?;
    Ok(genesis)
}

/// Reads block 0. One of other rules is of another release, and says so before anything is changed.
fn read_genesis(path: &Path) -> Result<Genesis> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    ensure!(
        value["rules"] == RULES,
        "{} holds a chain of another release, whose rules this one does not follow; take another --dir for a new network, or go on with the release that made it",
        path.parent().unwrap_or(path).display()
    );
    serde_json::from_value(value).with_context(|| format!("reading {}", path.display()))
}

/// The key of the account that gives money to whoever asks, made if there is none.
pub(crate) fn faucet_key(folder: &Path) -> Result<k256::ecdsa::SigningKey> {
    let secret = secret_at(&folder.join("faucet.key"))?;
    k256::ecdsa::SigningKey::from_slice(secret.as_ref()).context("the faucet's key is not a secp256k1 key")
}

fn head_key(folder: &Path) -> Result<ed25519_dalek::SigningKey> {
    Ok(ed25519_dalek::SigningKey::from_bytes(&*secret_at(&folder.join("head.key"))?))
}
