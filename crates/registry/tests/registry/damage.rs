//! A flipped bit and a cut in the files of a chain: it goes on with every block that it announced, or ends with an error
//! that says where; never with a shorter history in silence.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use quorate_registry::{
    alloy_primitives::keccak256, encode, rpc_client::RpcClient, subject::DEFAULT_KEY_SET_ID,
};
use serde_json::{Value, json};

use crate::{
    network::{founded, until_block},
    process::{Account, PATIENT, Process, contracts, follower_in_memory, head, number, sender_name},
};

const MINTS: usize = 60;
/// How long a chain may take to find damage in the part of the log that it did not read before it answered.
const CHECK_MAX: Duration = Duration::from_secs(20);

/// A change of a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// A bit of the byte at this share of the file, in parts of 2^32.
    Flip(u32),
    /// The file ends there.
    Cut(u32),
}

impl Damage {
    fn samples(flips: u32, cuts: u32) -> impl Iterator<Item = Damage> {
        let random =
            |number: u32| u32::from_be_bytes(*keccak256(number.to_be_bytes()).0.first_chunk().unwrap());
        let flips = (0..flips).map(move |number| Self::Flip(random(number)));
        flips.chain((0..cuts).map(move |number| Self::Cut(random(1_000_000 + number))))
    }

    fn inflict(self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        let place =
            |share: u32| usize::try_from(bytes.len() as u128 * u128::from(share) / (1 << 32)).unwrap();
        match self {
            Self::Flip(share) => {
                let at = place(share);
                bytes[at] ^= 1 << (share % 8);
            }
            Self::Cut(share) => bytes.truncate(place(share)),
        }
        fs::write(file, bytes).unwrap();
    }
}

/// What a chain has: its head, and every block as followers get it, without the signatures.
async fn history(url: &str) -> Result<((u64, String), Vec<Value>), String> {
    let head = head(url).await.map_err(|error| error.to_string())?;
    let rpc = RpcClient::new(url).unwrap();
    let mut blocks = Vec::new();
    while (blocks.len() as u64) < head.0 {
        let params = json!([blocks.len() + 1, 256]);
        let more = rpc.call("quorate_blocks", params, PATIENT).await.map_err(|error| error.to_string())?;
        let more = more.as_array().unwrap().clone();
        if more.is_empty() {
            return Err(format!("block {} is not there", blocks.len() + 1));
        }
        blocks.extend(more);
    }
    Ok((head, blocks))
}

/// What became of a damaged chain.
#[derive(Debug)]
enum Became {
    /// It has everything, and goes on.
    Whole,
    /// It ended, and said this.
    Ended(String),
    /// What must not be.
    #[expect(dead_code, reason = "it is printed")]
    Wrong(String),
}

async fn became(folder: &Path, before: &((u64, String), Vec<Value>), of_log: bool) -> Became {
    let mut chain = match Process::chain(folder) {
        Ok(chain) => chain,
        Err(said) => return Became::Ended(said),
    };
    let url = chain.url();
    let found = history(&url).await;
    let wrong = match found {
        Ok(found) if found == *before => None,
        Ok(found) if found.0 != before.0 => Some(format!("its head is {:?} and was {:?}", found.0, before.0)),
        Ok(_) => Some("it gives other blocks".to_owned()),
        Err(error) => Some(error),
    };
    // A chain that finds damage says so by ending, with the next second.
    let patience = match (of_log, &wrong) {
        (true, _) => CHECK_MAX,
        (false, Some(_)) => Duration::from_secs(5),
        (false, None) => Duration::from_millis(20),
    };
    if let Some(said) = chain.ended_within(patience) {
        return Became::Ended(said);
    }
    if let Some(wrong) = wrong {
        return Became::Wrong(wrong);
    }
    // What is found by hash, and logs, are compared beside the start: also then it ends, with the reason.
    match went_on(&url, before.0.0 + 1).await {
        Ok(()) => Became::Whole,
        Err(wrong) => chain.ended_within(Duration::from_secs(5)).map_or(Became::Wrong(wrong), Became::Ended),
    }
}

/// It goes on, and who follows it from the beginning comes to the same.
async fn went_on(url: &str, next: u64) -> Result<(), String> {
    let mut account = Account::of(&sender_name(0), url).await.map_err(|error| error.to_string())?;
    let minted =
        account.send(Some(contracts().pkp_nft), 600_000, encode::mint_next(DEFAULT_KEY_SET_ID)).await;
    minted.map_err(|error| format!("it takes nothing more: {error}"))?;
    let (view, follower, _stop) = follower_in_memory(url);
    let followed = tokio::time::timeout(Duration::from_secs(20), until_block(&view, next)).await;
    followed.map_err(|_| format!("nobody can follow it: {:?}", follower.last_error()))
}

/// A folder with a chain of some mints that was stopped in order, and what it has.
async fn built(folder: &Path) -> ((u64, String), Vec<Value>) {
    let chain = Process::chain(folder).unwrap();
    let url = chain.url();
    founded(&url).await;
    let mut account = Account::of(&sender_name(0), &url).await.unwrap();
    for _ in 0..MINTS {
        let data = encode::mint_next(DEFAULT_KEY_SET_ID);
        let hash = account.send(Some(contracts().pkp_nft), 600_000, data).await.unwrap();
        let receipt = account.rpc.call("eth_getTransactionReceipt", json!([hash]), PATIENT).await.unwrap();
        assert_eq!(number(&receipt["status"]), 1);
    }
    let before = history(&url).await.unwrap();
    chain.stop().unwrap();
    before
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Damages a file at sampled places. Every error must have `names` in it.
async fn damaged(file: &str, names: &[&str], (flips, cuts): (u32, u32)) {
    let whole = tempfile::tempdir().unwrap();
    let before = built(whole.path()).await;
    let (mut went_on, mut ended, mut faults) = (0, 0, Vec::new());
    for damage in Damage::samples(flips, cuts) {
        let folder = tempfile::tempdir().unwrap();
        copy(whole.path(), folder.path());
        let path: PathBuf = folder.path().join(file);
        damage.inflict(&path);
        match became(folder.path(), &before, file == "blocks.log").await {
            Became::Whole => went_on += 1,
            Became::Ended(said) if names.iter().any(|name| said.contains(name)) => ended += 1,
            other => faults.push(format!("{damage:?}: {other:?}")),
        }
    }
    println!("{file}: {flips} flipped bits, {cuts} cuts: {went_on} times whole, {ended} times an error");
    assert!(faults.is_empty(), "{file}, {} of {}:\n{}", faults.len(), flips + cuts, faults.join("\n"));
}

/// What an error about the log says.
const OF_LOG: &[&str] =
    &["block log is damaged in the record at byte", "block log ends at byte", "belongs to the chain"];
/// What an error about the state says.
const OF_STATE: &[&str] = &["state is damaged in the table", "state.redb"];

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_is_told() {
    damaged("blocks.log", OF_LOG, (5, 2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_is_told_or_made_anew() {
    damaged("state.redb", OF_STATE, (8, 2)).await;
}

/// Damages the state of one who follows a chain: it comes to the chain's head all the same.
async fn follower_damaged(flips: u32, cuts: u32) {
    let (of_chain, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = built(of_chain.path()).await;
    let chain = Process::chain(of_chain.path()).unwrap();
    let url = chain.url();
    let mut follower = Process::follower(whole.path(), &url);
    follower.until_followed(before.0.0);
    follower.stop().unwrap();
    let mut account = Account::of(&sender_name(0), &url).await.unwrap();
    let mut faults = Vec::new();
    for damage in Damage::samples(flips, cuts) {
        let folder = tempfile::tempdir().unwrap();
        copy(whole.path(), folder.path());
        damage.inflict(&folder.path().join("registry.redb"));
        let mut follower = Process::follower(folder.path(), &url);
        let data = encode::mint_next(DEFAULT_KEY_SET_ID);
        account.send(Some(contracts().pkp_nft), 600_000, data).await.unwrap();
        let at = head(&url).await.unwrap().0;
        if !follower.follows_within(at, Duration::from_secs(30)) {
            faults.push(format!("{damage:?}: {}", follower.said()));
        }
    }
    println!(
        "registry.redb: {flips} flipped bits, {cuts} cuts, {} times it did not follow any more",
        faults.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_of_a_follower_is_made_anew() {
    follower_damaged(8, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask ci --full"]
async fn damage_at_many_places_is_told_or_mended() {
    damaged("blocks.log", OF_LOG, (60, 20)).await;
    damaged("state.redb", OF_STATE, (300, 30)).await;
    follower_damaged(200, 20).await;
}
