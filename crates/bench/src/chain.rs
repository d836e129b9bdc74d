//! The embedded chain as a process: mints and reads beside anvil, and what its start and its memory owe to its history.

pub(crate) mod process;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use alloy_sol_types::{SolCall as _, SolEvent as _};
use anyhow::{Context as _, Result, ensure};
use k256::ecdsa::SigningKey;
use quorate_registry::{
    abi::{PKPNFT, PKPPermissions},
    alloy_primitives::{Address, B256, Bytes, Log, U256},
    chain::{TxRequest, address_of, sign_1559},
    deploy::{Founding, deploy},
    encode,
    rpc_client::{CallBounds, RpcClient},
    subject::{CommitteeNode, DEFAULT_KEY_SET_ID, RootKey},
    tx_client::TxClient,
};
use quorate_wire::{NodeVote, PublicKey, RootKeys, VoteDomain, gather, root_keys_digest};
use serde_json::{Value, json};

use self::process::{
    Anvil, CHAIN_ID, Chain, End, Folder, SENDERS, action, contracts, followed, key, write_snapshot,
};
use crate::table::Table;

/// For how long mints and reads are counted.
const SECONDS: Duration = Duration::from_secs(8);
/// Before that, for so long nobody counts.
const WARM: Duration = Duration::from_secs(1);
const MINT_GAS: u64 = 700_000;
/// Above the most that a gas ever costs before tips.
const FEE: u128 = 250_000_000_000;
/// Keys of the smallest chain, beside which the others are.
const FEW: usize = 10;
/// Keys whose tokens are remembered, to read their grants.
const SAMPLES: usize = 1_000;
const PATIENT: CallBounds =
    CallBounds { deadline: Duration::from_secs(120), answer_bytes_max: 16 * 1024 * 1024 };

/// An account that signs for itself, with a nonce that it counts.
struct Account {
    key: SigningKey,
    nonce: u64,
    rpc: RpcClient,
}

impl Account {
    async fn of(place: usize, url: &str) -> Result<Account> {
        let (key, rpc) = (key(&format!("sender {place}"))?, RpcClient::new(url)?);
        let params = json!([address_of(key.verifying_key()), "latest"]);
        let nonce = number(&rpc.call("eth_getTransactionCount", params, PATIENT).await?)?;
        Ok(Account { key, nonce, rpc })
    }

    /// Sends a transaction, and waits until it is in a block: its receipt.
    async fn send(&mut self, to: Address, data: Bytes) -> Result<Value> {
        let hash = self.send_only(to, data).await?;
        loop {
            let receipt = self.rpc.call("eth_getTransactionReceipt", json!([hash]), PATIENT).await?;
            if !receipt.is_null() {
                ensure!(receipt["status"] == "0x1", "{receipt}");
                return Ok(receipt);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn send_only(&mut self, to: Address, data: Bytes) -> Result<B256> {
        let request = TxRequest {
            chain_id: CHAIN_ID,
            nonce: self.nonce,
            gas_limit: MINT_GAS,
            max_fee_per_gas: FEE,
            max_priority_fee_per_gas: 0,
            to: Some(to),
            value: U256::ZERO,
            data,
        };
        let (hash, raw) = sign_1559(&self.key, request);
        self.rpc.call("eth_sendRawTransaction", json!([raw]), PATIENT).await?;
        self.nonce += 1;
        Ok(hash)
    }
}

fn number(value: &Value) -> Result<u64> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).context("no number")?;
    Ok(u64::from_str_radix(digits, 16)?)
}

/// Deploys, and has the nodes vote for roots.
async fn found(url: &str) -> Result<()> {
    let node = |index: u8| key(&format!("node {index}"));
    let committee = (0..3)
        .map(|index| {
            Ok(CommitteeNode {
                address: address_of(node(index)?.verifying_key()),
                transport_key_hash: B256::repeat_byte(index + 1),
                statement_key: B256::repeat_byte(index + 101),
                url: format!("http://127.0.0.1:{}", 7470 + u16::from(index)),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let deployer = TxClient::new(url, CHAIN_ID, key("deployer")?)?;
    let deployed = deploy(&deployer, &Founding { committee: &committee, threshold: 2, salt: B256::ZERO })
        .await?
        .contracts;
    ensure!(deployed == contracts()?, "the registry is elsewhere");
    let keys = RootKeys {
        sign_secp256k1: PublicKey::from_sec1(key("root")?.verifying_key().to_sec1_point(false).as_bytes())?,
        sign_p256: [3; 33],
        sign_ed25519: [5; 32],
        decrypt: [1; 48],
        session: [7; 48],
        random: [8; 48],
    };
    let router = VoteDomain {
        chain_id: CHAIN_ID,
        contract: quorate_wire::Address(deployed.pubkey_router.0.0),
        salt: quorate_wire::Digest([0; 32]),
    };
    let digest = root_keys_digest(&router, DEFAULT_KEY_SET_ID, &keys);
    let votes = (0..3).map(|index| Ok(NodeVote::sign(&digest, &node(index)?))).collect::<Result<Vec<_>>>()?;
    let (roots, votes) = (RootKey::list(&keys), gather(&digest, votes));
    deployer.set_root_keys(&deployed, DEFAULT_KEY_SET_ID, &roots, &votes).await?;
    Ok(())
}

/// Counts what so many do at once, each one thing after the other, once all have begun.
async fn rate<F>(callers: usize, of: impl Fn(usize) -> F) -> Result<f64>
where
    F: Future<Output = Result<u64>> + Send + 'static,
{
    let tasks: Vec<_> = (0..callers).map(|place| tokio::spawn(of(place))).collect();
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    Ok(count as f64 / SECONDS.as_secs_f64())
}

/// Counts what ends in the time that counts.
struct Count {
    begin: Instant,
    count: u64,
}

impl Count {
    fn new() -> Count {
        Count { begin: Instant::now() + WARM, count: 0 }
    }

    /// Counts one; the count when the time is over.
    fn one(&mut self) -> Option<u64> {
        let now = Instant::now();
        if now >= self.begin + SECONDS {
            return Some(self.count);
        }
        self.count += u64::from(now >= self.begin);
        None
    }
}

/// Mints a second, each sender's next one when the last is in a block.
async fn mints(url: &str, senders: usize) -> Result<f64> {
    let nft = contracts()?.pkp_nft;
    rate(senders, |place| {
        let url = url.to_owned();
        async move {
            let mut account = Account::of(place, &url).await?;
            let mut count = Count::new();
            loop {
                account.send(nft, encode::mint_next(DEFAULT_KEY_SET_ID)).await?;
                if let Some(count) = count.one() {
                    return Ok(count);
                }
            }
        }
    })
    .await
}

/// Reads of a grant by `eth_call` a second.
async fn calls(url: &str, callers: usize, token: U256) -> Result<f64> {
    let call =
        PKPPermissions::isPermittedActionCall { tokenId: token, ipfsCID: Bytes::copy_from_slice(&action()) };
    let params =
        json!([{ "to": contracts()?.pkp_permissions, "data": Bytes::from(call.abi_encode()) }, "latest"]);
    rate(callers, |_| {
        let (url, params) = (url.to_owned(), params.clone());
        async move {
            let rpc = RpcClient::new(&url)?;
            let mut count = Count::new();
            loop {
                let answer = rpc.call("eth_call", params.clone(), PATIENT).await?;
                ensure!(answer == json!(B256::with_last_byte(1)), "the grant is there: {answer}");
                if let Some(count) = count.one() {
                    return Ok(count);
                }
            }
        }
    })
    .await
}

/// Keys with a grant each, made by many senders at once; the tokens of some of them.
async fn filled(url: &str, count: usize) -> Result<Vec<U256>> {
    let nft = contracts()?.pkp_nft;
    let senders = SENDERS.min(count);
    let every = count.div_ceil(SAMPLES);
    let tasks: Vec<_> = (0..senders)
        .map(|place| {
            let url = url.to_owned();
            tokio::spawn(async move {
                let mut account = Account::of(place, &url).await?;
                let mut tokens = Vec::new();
                for number in (place..count).step_by(senders) {
                    let data = encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &action());
                    if (number / senders).is_multiple_of(every) {
                        tokens.push(token(&account.send(nft, data).await?)?);
                    } else {
                        account.send_only(nft, data).await?;
                    }
                }
                Ok::<_, anyhow::Error>(tokens)
            })
        })
        .collect();
    let mut tokens = Vec::new();
    for task in tasks {
        tokens.extend(task.await??);
    }
    Ok(tokens)
}

/// The token that a receipt names.
fn token(receipt: &Value) -> Result<U256> {
    for log in receipt["logs"].as_array().context("no logs")? {
        let parsed = Log::new(
            serde_json::from_value(log["address"].clone())?,
            serde_json::from_value(log["topics"].clone())?,
            serde_json::from_value(log["data"].clone())?,
        );
        if let Some(minted) = parsed.and_then(|log| PKPNFT::PKPMinted::decode_log(&log).ok()) {
            return Ok(minted.data.tokenId);
        }
    }
    anyhow::bail!("no key was minted: {receipt}")
}

/// Everything, with 100,000 keys as well if asked.
pub(crate) async fn run(table: &mut Table, quorate: &Path, full: bool) -> Result<()> {
    beside_anvil(table, quorate).await?;
    by_size(table, quorate, if full { &[1_000, 10_000, 100_000] } else { &[1_000, 10_000] }).await
}

async fn beside_anvil(table: &mut Table, quorate: &Path) -> Result<()> {
    let folder = Folder::new("chain")?;
    let chain = Chain::start(quorate, folder.path()).await?;
    found(&chain.url).await?;
    let anvil = Anvil::start().await?;
    match &anvil {
        Some(anvil) => found(&anvil.url).await?,
        None => table
            .note("anvil is not installed, so nothing is beside it: npm ci --prefix crates/cli/tests/anvil"),
    }
    for senders in [1, 16] {
        let theirs = match &anvil {
            Some(anvil) => Some(mints(&anvil.url, senders).await?),
            None => None,
        };
        let ours = mints(&chain.url, senders).await?;
        let name = format!("chain: mints, {senders} senders, beside anvil");
        match senders {
            16 => table.add_goal(&name, (ours, "/s"), theirs, "≥ 300/s"),
            _ => table.add(&name, ours, "/s", theirs),
        }
    }
    let token = filled(&chain.url, 1).await?[0];
    let theirs = match &anvil {
        Some(anvil) => Some((filled(&anvil.url, 1).await?[0], &anvil.url)),
        None => None,
    };
    for callers in [1, 8] {
        let theirs = match theirs {
            Some((token, url)) => Some(calls(url, callers, token).await?),
            None => None,
        };
        let ours = calls(&chain.url, callers, token).await?;
        table.add(
            &format!("chain: eth_call of a grant, {callers} callers, beside anvil"),
            ours,
            "/s",
            theirs,
        );
    }
    chain.stop()
}

/// What is measured at one size.
struct Sized {
    starts: [f64; 2],
    follower_starts: [f64; 3],
    /// Of one that begins with a snapshot, and how long that took to write.
    from_snapshot: f64,
    snapshot_written: f64,
    snapshot_bytes: f64,
    chain_memory: f64,
    follower_memory: f64,
    chain_disk: f64,
    follower_disk: f64,
    read_us: f64,
}

async fn by_size(table: &mut Table, quorate: &Path, sizes: &[usize]) -> Result<()> {
    let (folder, of_follower) = (Folder::new("keys")?, Folder::new("follower")?);
    let mut chain = Chain::start(quorate, folder.path()).await?;
    found(&chain.url).await?;
    let mut tokens = filled(&chain.url, FEW).await?;
    let (few, again) = sized(chain, quorate, (folder.path(), of_follower.path()), &tokens).await?;
    add(table, FEW, &few, None);
    chain = again;
    let (mut keys, mut last) = (FEW, few);
    let few = Sized { ..last };
    for size in sizes {
        let begun = Instant::now();
        tokens.extend(filled(&chain.url, size - keys).await?);
        let rate = f64::from(u32::try_from(size - keys)?) / begun.elapsed().as_secs_f64();
        table.add(&format!("chain: keys with a grant, {SENDERS} senders, up to {size}"), rate, "/s", None);
        let (found, again) = sized(chain, quorate, (folder.path(), of_follower.path()), &tokens).await?;
        add(table, *size, &found, Some((&last, &few)));
        (chain, keys, last) = (again, *size, found);
    }
    chain.stop()
}

/// Stops and kills a chain and one who follows it, and starts them again.
async fn sized(
    chain: Chain,
    quorate: &Path,
    (folder, of_follower): (&Path, &Path),
    tokens: &[U256],
) -> Result<(Sized, Chain)> {
    chain.stop()?;
    let chain = Chain::start(quorate, folder).await?;
    let stopped = chain.ready;
    // It is killed with blocks that its state has not synced.
    filled(&chain.url, 3).await?;
    let chain_memory = chain.memory()?;
    chain.kill()?;
    let chain = Chain::start(quorate, folder).await?;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let starts = [ms(stopped), ms(chain.ready)];
    let (new, begins) = (Folder::new("new-follower")?, Folder::new("snapshot-follower")?);
    let quorate = quorate.to_owned();
    let url = chain.url.clone();
    let (kept, tokens) = (of_follower.to_owned(), tokens.to_vec());
    let (first, snapshot, killed, again) = tokio::task::spawn_blocking(move || {
        let first = followed(new.path(), &url, &tokens, End::InOrder)?;
        let written = write_snapshot(&quorate, begins.path(), &url)?;
        let bytes = std::fs::metadata(begins.path().join("snapshot"))?.len();
        let begun = followed(begins.path(), &url, &tokens, End::Killed)?;
        let snapshot = (begun.ready, written, bytes as f64);
        // The one that is killed has just caught up with what came since the last size.
        followed(&kept, &url, &tokens, End::Killed)?;
        let killed = followed(&kept, &url, &tokens, End::InOrder)?;
        let again = followed(&kept, &url, &tokens, End::InOrder)?;
        Ok::<_, anyhow::Error>((first, snapshot, killed, again))
    })
    .await??;
    let file =
        |folder: &Path, name: &str| -> Result<f64> { Ok(std::fs::metadata(folder.join(name))?.len() as f64) };
    let found = Sized {
        starts,
        follower_starts: [ms(first.ready), ms(killed.ready), ms(again.ready)],
        from_snapshot: ms(snapshot.0),
        snapshot_written: ms(snapshot.1),
        snapshot_bytes: snapshot.2,
        chain_memory,
        follower_memory: again.memory,
        chain_disk: file(folder, "blocks.log")? + file(folder, "state.redb")?,
        follower_disk: file(of_follower, "registry.redb")?,
        read_us: again.read_us,
    };
    Ok((found, chain))
}

fn add(table: &mut Table, keys: usize, found: &Sized, before: Option<(&Sized, &Sized)>) {
    let last = before.map(|(last, _)| last);
    let few = before.map(|(_, few)| few);
    let count = keys as f64;
    let at = |what: &str| format!("chain: {what}, {keys} keys");
    let [stopped, killed] = found.starts;
    table.add_goal(&at("start"), (stopped, "ms"), last.map(|last| last.starts[0]), "≤ 2 s, flat");
    table.add_goal(&at("start after a kill"), (killed, "ms"), last.map(|last| last.starts[1]), "≤ 2 s, flat");
    let [anew, killed, again] = found.follower_starts;
    table.add(&at("a node's first start"), anew, "ms", last.map(|last| last.follower_starts[0]));
    let name = at("a node's first start from a snapshot, beside its replay");
    table.add_goal(&name, (found.from_snapshot, "ms"), Some(anew), "≤ 2 s");
    table.add(&at("a snapshot is written"), found.snapshot_written, "ms", None);
    table.add(&at("bytes of a snapshot for each"), found.snapshot_bytes / count, "bytes", None);
    let name = at("a node's start after a kill");
    table.add_goal(&name, (killed, "ms"), last.map(|last| last.follower_starts[1]), "≤ 2 s");
    table.add_goal(
        &at("a node's start"),
        (again, "ms"),
        last.map(|last| last.follower_starts[2]),
        "≤ 2 s, flat",
    );
    table.add(
        &at("memory of the chain"),
        found.chain_memory / 1e6,
        "MB",
        last.map(|last| last.chain_memory / 1e6),
    );
    let name = at("memory of a node's registry");
    table.add(&name, found.follower_memory / 1e6, "MB", last.map(|last| last.follower_memory / 1e6));
    if let Some(few) = few {
        let bytes = (found.follower_memory - few.follower_memory) / count;
        table.add_goal(&at("memory of a node for each"), (bytes, "bytes"), None, "≤ 2 KB");
    }
    table.add(&at("disk of the chain for each"), found.chain_disk / count, "bytes", None);
    table.add(&at("disk of a node for each"), found.follower_disk / count, "bytes", None);
    let name = at("a grant in a node's view");
    table.add_goal(&name, (found.read_us, "us"), few.map(|few| few.read_us), "≤ 1.2 × of 10 keys");
}
