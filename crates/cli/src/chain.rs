//! `quorate chain`: the embedded chain as a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use quorate_registry::alloy_primitives::{Address, B256, U256};
use quorate_registry::chain::{BOUNDS, ChainConfig, Genesis, founded_chain_id, serve};

use crate::args::ChainArgs;
use crate::output::Output;
use crate::shutdown;
use crate::state::{secret_at, write_whole};

/// What a funded account of a new chain has: far more than anybody needs, at a gas price of nothing.
const FUNDS_ETHER: u64 = 1_000_000;

/// Runs the chain until it is told to stop.
pub(crate) async fn run(args: ChainArgs, output: Output) -> Result<()> {
    fs::create_dir_all(&args.dir).with_context(|| format!("making {}", args.dir.display()))?;
    let genesis = genesis_in(&args.dir, None, None)?;
    let config = ChainConfig {
        listen: args.listen,
        data_dir: Some(args.dir.clone()),
        genesis,
        head_key: head_key(&args.dir)?,
        host_names: Vec::new(),
        bounds: BOUNDS,
        block_time_s: args.block_time.filter(|seconds| *seconds > 0),
    };
    let server = serve(config, shutdown::requested(args.follow_stdin)?).await?;
    output.progress(&format!("chain at {}, genesis {}", server.url(), server.genesis_hash));
    server.wait().await?;
    Ok(())
}

/// The chain's block 0, made at the first start with money for one account. Its id is for ever; drawn unless it is named.
pub(crate) fn genesis_in(folder: &Path, funded: Option<Address>, id: Option<u64>) -> Result<Genesis> {
    let path = folder.join("genesis.json");
    if path.exists() {
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let genesis: Genesis =
            serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        ensure!(
            id.is_none_or(|id| id == genesis.chain_id),
            "this folder holds a chain with the id {}; take another --dir for another one",
            genesis.chain_id
        );
        return Ok(genesis);
    }
    let head_key = B256::from(head_key(folder)?.verifying_key().to_bytes());
    let funds = U256::from(FUNDS_ETHER) * U256::from(10).pow(U256::from(18));
    let accounts: BTreeMap<Address, U256> = funded.into_iter().map(|account| (account, funds)).collect();
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    let chain_id = id.unwrap_or_else(|| founded_chain_id(u64::from_be_bytes(random)));
    let genesis = Genesis::new(chain_id, head_key, accounts);
    write_whole(&path, serde_json::to_string_pretty(&genesis)?.as_bytes(), 0o644)?;
    Ok(genesis)
}

fn head_key(folder: &Path) -> Result<ed25519_dalek::SigningKey> {
    Ok(ed25519_dalek::SigningKey::from_bytes(&*secret_at(&folder.join("head.key"))?))
}
