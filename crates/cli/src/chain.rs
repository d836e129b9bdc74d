//! `quorate chain`: the embedded chain as a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_registry::alloy_primitives::{Address, B256, U256};
use quorate_registry::chain::{
    BOUNDS, ChainConfig, Creation, Genesis, RULES, address_of, founded_chain_id, serve, snapshot,
};
use quorate_registry::rpc_client::{RpcClient, Trust};
use serde_json::json;

use crate::args::{ChainArgs, ChainCommand, ChainSnapshotArgs};
use crate::founding;
use crate::output::Output;
use crate::shutdown;
use crate::state::{secret_at, write_whole};

/// What a funded account of a new chain has, in ether: far more than anybody needs.
const FUNDS_ETHER: u64 = 1_000_000;

/// Runs the chain until it is told to stop, or writes a snapshot of it.
pub(crate) async fn run(args: ChainArgs, output: Output) -> Result<()> {
    if let Some(ChainCommand::Snapshot(args)) = args.command {
        return write_snapshot(args, output).await;
    }
    let dir = args.dir.context("the chain's folder is missing: --dir DIR")?;
    fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    let faucet = args.faucet.then(|| faucet_key(&dir)).transpose()?;
    let mut funded: Vec<Address> = args.fund.iter().map(|account| account.0.into()).collect();
    funded.extend(faucet.as_ref().map(|key| address_of(key.verifying_key())));
    let payer = args.payer.as_deref().map(founding::payer).transpose()?;
    let payer = payer.map(|key| address_of(key.verifying_key()));
    funded.extend(payer);
    let named = args.deployer.map(|account| account.0.into()).or(payer);
    let contracts = if named.is_some() { Creation::Registry } else { Creation::Any };
    let deployer = named.unwrap_or(Address::ZERO);
    let terms = Terms { funded, deployer, contracts, id: None };
    let genesis = genesis_in(&dir, &terms)?;
    let config = ChainConfig {
        listen: args.listen,
        head_key: head_key(&dir)?,
        data_dir: Some(dir),
        genesis,
        host_names: args.host_names,
        proxies: args.proxies,
        bounds: BOUNDS,
        block_time_s: args.block_time.filter(|seconds| *seconds > 0),
        faucet,
    };
    let server = serve(config, shutdown::requested(args.follow_stdin)?).await?;
    output.progress(&format!("chain at {}, genesis {}", server.url(), server.genesis_hash));
    server.wait().await?;
    Ok(())
}

/// Writes a snapshot, and shows what others compare with their own nodes' view.
async fn write_snapshot(args: ChainSnapshotArgs, output: Output) -> Result<()> {
    let written = match (&args.rpc, &args.dir) {
        (Some(url), _) => {
            let trust = match &args.ca {
                Some(file) => {
                    Trust::only(&fs::read(file).with_context(|| format!("reading {}", file.display()))?)?
                }
                None => Trust::default(),
            };
            snapshot::collect(&RpcClient::trusting(url.expose(), &trust)?, &args.out).await?
        }
        (None, Some(dir)) => {
            // A folder without a chain stays as it is.
            let genesis = read_genesis(&dir.join("genesis.json"))?;
            let key = dir.join("head.key");
            ensure!(key.exists(), "{} is missing", key.display());
            snapshot::of_folder(genesis, &head_key(dir)?, dir, &args.out).await?
        }
        (None, None) => bail!("name the chain's folder by --dir, or its address by --rpc"),
    };
    let block = format!("{}:{}", written.block.number, written.block.hash);
    let shown = json!({
        "genesis": written.genesis, "block": block, "state_root": written.state_root, "bytes": written.bytes,
    });
    output.result(&shown, || format!("{block}\nstate root {}", written.state_root));
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
