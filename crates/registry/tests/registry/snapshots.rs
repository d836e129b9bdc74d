//! Snapshots of a chain that runs or does not, and followers that begin with one.

mod members;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use quorate_registry::{
    alloy_primitives::{Address, B256, U256},
    artifacts::Contracts,
    chain::{
        BlockId,
        snapshot::{SnapshotError, SnapshotFile, Voucher, collect, of_folder},
    },
    encode,
    error::{ChainFault, ReadError},
    follow::{FollowError, StateFile},
    rpc_client::{CallBounds, RpcClient},
    subject::DEFAULT_KEY_SET_ID,
    tx_client::TxClient,
    view::{At, RegistryView},
};
use serde_json::{Value, json};

use crate::{
    liar::Liar,
    network::{
        CHAIN_ID, Following, bounded, chain_at, config, founded, genesis, head_key, key, loopback, start,
        until_block, until_error,
    },
};

const PATIENT: Duration = Duration::from_secs(60);

fn state(folder: &Path) -> Option<StateFile> {
    Some(StateFile { path: folder.join("registry.redb"), secret: [5; 32] })
}

fn beginning(path: &Path, block: BlockId, patience: Duration) -> Option<SnapshotFile> {
    let voucher = Voucher::Operator(block);
    Some(SnapshotFile { path: path.to_owned(), voucher, asking: PATIENT, patience })
}

async fn head(url: &str) -> BlockId {
    let head = RpcClient::new(url).unwrap().call("quorate_head", json!([]), CallBounds::default()).await;
    serde_json::from_value(head.unwrap()["latest"].take()).unwrap()
}

/// Waits until what a view reads is its process's own: then it has what was before the snapshot as well.
async fn until_confirmed(view: &RegistryView, contracts: &Contracts, older: u64) {
    bounded(async {
        loop {
            match view.code_hash(contracts.pkp_nft, At::Number(older)) {
                Err(ReadError::Pruned(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
                other => break assert!(other.unwrap().is_some()),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_begins_with_a_snapshot_and_then_reads_its_own_replay() {
    let [folder, out, node] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let (server, stop) = chain_at(loopback(), Some(folder.path())).await;
    let deployment = founded(&server.url()).await;
    let contracts = deployment.contracts;
    let owner = TxClient::new(&server.url(), CHAIN_ID, key("owner")).unwrap();
    let token = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap().token_id;

    // While the chain runs and goes on, and when it does not: the same state, and the same bytes at the same block.
    let running = out.path().join("running");
    let rpc = RpcClient::new(&server.url()).unwrap();
    let collected = collect(&rpc, &running).await.unwrap();
    assert_eq!(collected.block, head(&server.url()).await);
    let refused =
        of_folder(genesis(), &head_key(), folder.path(), &out.path().join("locked")).await.unwrap_err();
    assert!(refused.to_string().contains("another process uses the data folder"), "{refused}");
    let address = server.address;
    drop(stop);
    server.wait().await.unwrap();
    let stopped = out.path().join("stopped");
    let again = of_folder(genesis(), &head_key(), folder.path(), &stopped).await.unwrap();
    assert_eq!((again.block, again.state_root), (collected.block, collected.state_root));
    assert_eq!(std::fs::read(&running).unwrap(), std::fs::read(&stopped).unwrap());
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 2, "nothing unfinished is left");

    let (server, _stop) = chain_at(address, Some(folder.path())).await;
    let (view, _running, stop_follower) = Following {
        state: state(node.path()),
        snapshot: beginning(&running, collected.block, PATIENT),
        ..Following::of(&server.url(), contracts)
    }
    .start();
    until_block(&view, collected.block.number).await;
    assert!(view.pkp(token, At::Latest).unwrap().is_some());
    let minted = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap();
    until_block(&view, minted.receipt.block_number).await;
    until_confirmed(&view, &contracts, deployment.block_number).await;
    assert!(view.pkp(minted.token_id, At::Latest).unwrap().is_some());
    assert!(!node.path().join("registry.snapshot").exists(), "only the own state is left");
    drop((stop_follower, view));

    // With a state of its own the snapshot is of no use any more, also if it is not there.
    let (view, _running, _stop_follower) = Following {
        state: state(node.path()),
        snapshot: beginning(&out.path().join("gone"), collected.block, PATIENT),
        ..Following::of(&server.url(), contracts)
    }
    .start();
    until_block(&view, minted.receipt.block_number).await;
    until_confirmed(&view, &contracts, deployment.block_number).await;
}

/// A real chain's blocks behind a liar, and a snapshot of it.
struct Behind {
    liar: Liar,
    contracts: Contracts,
    path: std::path::PathBuf,
    block: BlockId,
    blocks: Value,
    folder: tempfile::TempDir,
}

async fn behind() -> Behind {
    let folder = tempfile::tempdir().unwrap();
    let (server, _stop) = start(config(loopback(), None)).await;
    let contracts = founded(&server.url()).await.contracts;
    let rpc = RpcClient::new(&server.url()).unwrap();
    let path = folder.path().join("snapshot");
    let block = collect(&rpc, &path).await.unwrap().block;
    let blocks = rpc.call("quorate_blocks", json!([1, 256]), CallBounds::default()).await.unwrap();
    let liar = Liar::start().await;
    liar.says("quorate_genesis", json!(genesis()));
    let behind = Behind { liar, contracts, path, block, blocks, folder };
    behind.shows(10);
    behind.gives(u64::MAX);
    behind
}

impl Behind {
    /// A head statement of now, that is new each time.
    fn shows(&self, first: u64) {
        let (block, sequence) = (self.block, std::sync::atomic::AtomicU64::new(first));
        self.liar.answers_by("quorate_waitHead", move |_| {
            let number = sequence.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let time_ms =
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
            let chain = quorate_registry::chain::genesis_hash(&genesis());
            let statement = quorate_registry::chain::HeadStatement::sign(
                &head_key(),
                chain,
                number,
                (block, block),
                u64::try_from(time_ms).unwrap(),
            );
            (Duration::from_millis(20), json!(statement))
        });
    }

    /// A block in the middle.
    fn half(&self) -> u64 {
        self.block.number / 2
    }

    /// Gives blocks up to one, and the newest.
    fn gives(&self, most: u64) {
        let (blocks, newest) = (self.blocks.clone(), self.block.number);
        self.liar.answers_by("quorate_blocks", move |params| {
            let from = params[0].as_u64().unwrap();
            let count = usize::try_from(params[1].as_u64().unwrap()).unwrap();
            let given = blocks.as_array().unwrap().iter().filter(|block| {
                let number = block["number"].as_u64().unwrap();
                number >= from && (number <= most || from == newest)
            });
            (Duration::ZERO, given.take(count).cloned().collect())
        });
    }

    /// A start after a verdict: it reads nothing, and names the file of the verdict.
    async fn refused_again(&self, reason: &str) -> std::path::PathBuf {
        let (view, running, stop) = self.follower(&self.path, self.block, PATIENT).start();
        let error = until_error(&running, |_| true).await;
        let verdict = self.folder.path().join("registry.snapshot-refused");
        let FollowError::Snapshot(SnapshotError::RefusedBefore { fault, verdict: named }) = &error else {
            panic!("{error}")
        };
        assert!(fault.contains(reason) && *named == verdict.display().to_string(), "{error}");
        assert!(view.head().is_err());
        drop((stop, view));
        running.wait().await;
        verdict
    }

    fn follower(&self, snapshot: &Path, block: BlockId, patience: Duration) -> Following {
        Following {
            state: state(self.folder.path()),
            snapshot: beginning(snapshot, block, patience),
            ..Following::of(&self.liar.url, self.contracts)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_stops_in_the_middle_is_gone_on_with_after_a_restart() {
    let behind = behind().await;
    behind.gives(behind.half());
    let (view, running, stop) = behind.follower(&behind.path, behind.block, PATIENT).start();
    until_block(&view, behind.block.number).await;
    let older = At::Number(behind.block.number - 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(matches!(view.code_hash(behind.contracts.pkp_nft, older), Err(ReadError::Pruned(_))));
    assert!(running.last_error().is_none());
    drop(stop);
    running.wait().await;
    drop(view);

    // Those that it has replayed are not asked for again, and the snapshot is still what it begins with.
    let blocks = behind.blocks.clone();
    let (asked, newest) = (std::sync::Arc::new(std::sync::Mutex::new(Vec::new())), behind.block.number);
    let seen = std::sync::Arc::clone(&asked);
    behind.liar.answers_by("quorate_blocks", move |params| {
        let from = params[0].as_u64().unwrap();
        let last = from + params[1].as_u64().unwrap() - 1;
        assert!(last <= newest, "no block is asked for that the view does not have");
        seen.lock().unwrap().push(from);
        let given =
            blocks.as_array().unwrap().iter().filter(|block| block["number"].as_u64().unwrap() >= from);
        (
            Duration::from_millis(300),
            given.take(usize::try_from(params[1].as_u64().unwrap()).unwrap()).cloned().collect(),
        )
    });
    let (view, _running, _stop) = behind.follower(&behind.path, behind.block, PATIENT).start();
    until_block(&view, newest).await;
    until_confirmed(&view, &behind.contracts, newest - 1).await;
    let asked = asked.lock().unwrap().clone();
    assert!(asked.iter().all(|from| *from == newest || *from > behind.half()), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_cannot_be_confirmed_closes_the_view() {
    let behind = behind().await;
    behind.gives(behind.half());
    let (view, running, stop) = behind.follower(&behind.path, behind.block, Duration::from_secs(2)).start();
    until_block(&view, behind.block.number).await;
    assert_eq!(view.chain_id(), Ok(CHAIN_ID));
    let error = until_error(&running, |error| matches!(error, FollowError::Fault(_))).await;
    assert_eq!(error, FollowError::Fault(ChainFault::Unconfirmed { number: behind.half() + 1 }));
    assert_eq!(error.code(), "registry_snapshot_unconfirmed");
    assert!(matches!(view.code_hash(behind.contracts.pkp_nft, At::Latest), Err(ReadError::Faulty(_))));
    drop((stop, view));
    running.wait().await;

    // Not by a restart either, whatever the chain gives by then; only by whoever takes the verdict back.
    behind.gives(u64::MAX);
    let verdict = behind.refused_again(&format!("does not give block {}", behind.half() + 1)).await;
    std::fs::remove_file(verdict).unwrap();
    let (view, _running, _stop) = behind.follower(&behind.path, behind.block, PATIENT).start();
    until_block(&view, behind.block.number).await;
    until_confirmed(&view, &behind.contracts, behind.block.number - 1).await;
    assert!(!behind.folder.path().join("registry.snapshot-waited").exists());
}

/// Whoever makes the process start again and again gets no more time by that.
#[tokio::test(flavor = "multi_thread")]
async fn patience_is_over_the_life_of_a_snapshot() {
    let behind = behind().await;
    behind.gives(behind.half());
    let mut before = Duration::ZERO;
    for running_for in [3_000, 1_500] {
        let (view, running, stop) = behind.follower(&behind.path, behind.block, PATIENT).start();
        until_block(&view, behind.block.number).await;
        tokio::time::sleep(Duration::from_millis(running_for)).await;
        assert!(running.last_error().is_none());
        drop((stop, view));
        running.wait().await;
        let kept = std::fs::read(behind.folder.path().join("registry.snapshot-waited")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        let waited: Duration = serde_json::from_value(kept["waited"].clone()).unwrap();
        assert!(waited > before, "{kept}");
        assert_eq!(kept["blocks"], json!(behind.half()));
        before = waited;
    }
    assert!(before > Duration::from_secs(2), "{before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_refused_that_is_damaged_or_not_the_chains() {
    let behind = behind().await;
    let other = BlockId { hash: B256::repeat_byte(1), ..behind.block };
    let noise = behind.folder.path().join("noise");
    std::fs::write(&noise, vec![7; 10 << 20]).unwrap();
    for (path, block, expected) in [
        (
            &behind.path,
            other,
            SnapshotError::NotTheChains { number: other.number, signed: behind.block.hash },
        ),
        (&noise, behind.block, SnapshotError::Magic),
    ] {
        let (view, running, stop) = behind.follower(path, block, PATIENT).start();
        let error = until_error(&running, |_| true).await;
        assert_eq!((error.code(), &error), ("chain_snapshot", &FollowError::Snapshot(expected)));
        assert!(view.head().is_err());
        drop(stop);
        running.wait().await;
        assert!(!behind.folder.path().join("registry.snapshot").exists());
    }
}

/// The chain's holder and the snapshot's maker are one, and both lie: the blocks of before give another state.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_gives_another_block_than_the_snapshot_closes_the_view() {
    let behind = behind().await;
    // Another history under the same head key, which the chain signs as well.
    let (server, _stop) = start(config(loopback(), None)).await;
    let owner = TxClient::new(&server.url(), CHAIN_ID, key("second")).unwrap();
    owner.pay(Address::repeat_byte(1), U256::ONE).await.unwrap();
    founded(&server.url()).await;
    let rpc = RpcClient::new(&server.url()).unwrap();
    let others = rpc.call("quorate_blocks", json!([1, 256]), CallBounds::default()).await.unwrap();
    let (own, newest) = (behind.blocks.clone(), behind.block.number);
    behind.liar.answers_by("quorate_blocks", move |params| {
        let from = params[0].as_u64().unwrap();
        let source = if from == newest { &own } else { &others };
        let given =
            source.as_array().unwrap().iter().filter(|block| block["number"].as_u64().unwrap() >= from);
        (Duration::ZERO, given.take(usize::try_from(params[1].as_u64().unwrap()).unwrap()).cloned().collect())
    });
    let (view, running, stop) = behind.follower(&behind.path, behind.block, PATIENT).start();
    let error = until_error(&running, |error| matches!(error, FollowError::Fault(_))).await;
    assert!(matches!(error, FollowError::Fault(ChainFault::Snapshot { .. })), "{error}");
    assert_eq!(error.code(), "registry_snapshot_wrong");
    assert!(view.head().is_err());
    drop((stop, view));
    running.wait().await;
    behind.refused_again("the snapshot as").await;
}

/// Keys with a grant each, made by many senders at once.
async fn filled(url: &str, count: usize) {
    let nft = crate::process::contracts().pkp_nft;
    let sending = (0..crate::process::SENDERS).map(|place| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let name = crate::process::sender_name(place);
            let mut account = crate::process::Account::of(&name, &url).await.unwrap();
            for _ in (place..count).step_by(crate::process::SENDERS) {
                let data = encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &crate::network::action(3));
                account.send(Some(nft), 700_000, data).await.unwrap();
            }
        })
    });
    for task in sending.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// What a first start takes, with as many keys as the environment says.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures and checks nothing"]
async fn figures_of_a_first_start() {
    let keys = std::env::var("QUORATE_TEST_KEYS").map_or(10_000, |keys| keys.parse().unwrap());
    let folders = [(); 4].map(|()| tempfile::tempdir().unwrap());
    let (server, _stop) = chain_at(loopback(), Some(folders[0].path())).await;
    let contracts = founded(&server.url()).await.contracts;
    let begun = Instant::now();
    filled(&server.url(), keys).await;
    println!("{keys} keys in {:.1?}", begun.elapsed());
    let path = folders[1].path().join("snapshot");
    let begun = Instant::now();
    let collected = collect(&RpcClient::new(&server.url()).unwrap(), &path).await.unwrap();
    println!(
        "a snapshot of {} blocks, {} bytes, in {:.1?}",
        collected.block.number,
        collected.bytes,
        begun.elapsed()
    );
    for (name, folder, snapshot) in [
        ("the replay", &folders[2], None),
        ("a snapshot", &folders[3], beginning(&path, collected.block, PATIENT)),
    ] {
        let begun = Instant::now();
        let following =
            Following { state: state(folder.path()), snapshot, ..Following::of(&server.url(), contracts) };
        let (view, running, stop) = following.start();
        let mut changes = view.watch();
        while view.head().map_or(0, |head| head.finalized.number) < collected.block.number {
            changes.changed().await.unwrap();
        }
        println!("ready by {name} after {:.2?}", begun.elapsed());
        while matches!(
            view.code_hash(contracts.pkp_nft, At::Number(collected.block.number - 1)),
            Err(ReadError::Pruned(_))
        ) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("all of it its own after {:.2?}", begun.elapsed());
        drop(stop);
        running.wait().await;
    }
}
