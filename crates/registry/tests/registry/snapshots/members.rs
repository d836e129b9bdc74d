//! Starts for whose snapshot members vouch, do not, or say otherwise.

use std::{pin::Pin, sync::Arc};

use quorate_registry::follow::{Unvouched, VouchForBlock};

use super::*;

/// What members say when they are asked for a block.
type Word = Result<(), Unvouched>;

/// Members that say each of these once, and the last for ever; what they were asked for.
#[derive(Debug, Default)]
struct Words(std::sync::Mutex<(Vec<Word>, Vec<BlockId>)>);

impl Words {
    fn of(words: &[Word]) -> Arc<Words> {
        Arc::new(Words((words.to_vec(), Vec::new()).into()))
    }

    fn asked(&self) -> Vec<BlockId> {
        self.0.lock().unwrap().1.clone()
    }
}

impl VouchForBlock for Words {
    fn vouch(&self, block: BlockId) -> Pin<Box<dyn Future<Output = Word> + Send + '_>> {
        Box::pin(async move {
            let mut told = self.0.lock().unwrap();
            told.1.push(block);
            if told.0.len() > 1 { told.0.remove(0) } else { told.0[0].clone() }
        })
    }
}

fn vouched(path: &Path, words: &Arc<Words>) -> Option<SnapshotFile> {
    let voucher = Voucher::Members(words.clone());
    Some(SnapshotFile { path: path.to_owned(), voucher, asking: PATIENT, patience: PATIENT })
}

fn too_few() -> Word {
    Err(Unvouched::TooFew("node 2 does not answer".to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_taken_once_members_vouch_for_it_and_spoken_for_once_it_was_replayed() {
    let behind = behind().await;
    behind.gives(behind.half());
    let words = Words::of(&[too_few(), too_few(), Ok(())]);
    let following = |path: &Path, words| Following {
        snapshot: vouched(path, words),
        ..behind.follower(path, behind.block, PATIENT)
    };
    let (view, running, stop) = following(&behind.path, &words).start();
    let error = until_error(&running, |error| error.code() == "chain_snapshot_unvouched").await;
    assert!(error.to_string().ends_with("node 2 does not answer") && view.head().is_err(), "{error}");
    until_block(&view, behind.block.number).await;
    assert_eq!(words.asked(), [behind.block; 3]);
    // It answers its own reads by it, and tells others nothing.
    assert_eq!(view.finalized_hash(behind.block.number), Ok(Some(behind.block.hash)));
    for number in [0, 1, behind.half(), behind.block.number] {
        assert_eq!(view.replayed_hash(number), Err(ReadError::NotReady));
    }
    behind.gives(u64::MAX);
    until_confirmed(&view, &behind.contracts, behind.block.number - 1).await;
    assert_eq!(view.replayed_hash(behind.block.number), Ok(Some(behind.block.hash)));
    assert_eq!(view.replayed_hash(behind.block.number + 1), Ok(None));
    drop((stop, view));
    running.wait().await;

    // What was replayed needs nobody's word, and no file.
    let never = Words::of(&[Err(Unvouched::Never("nobody is asked".to_owned()))]);
    for path in [&behind.path, &behind.folder.path().join("gone")] {
        let (view, running, stop) = following(path, &never).start();
        until_block(&view, behind.block.number).await;
        assert_eq!(view.replayed_hash(behind.block.number), Ok(Some(behind.block.hash)));
        drop((stop, view));
        running.wait().await;
    }
    assert!(never.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_too_few_members_vouch_for_goes_on_with_its_own_replay() {
    let behind = behind().await;
    let words = Words::of(&[too_few()]);
    let following = |asking| {
        let snapshot = vouched(&behind.path, &words).map(|file| SnapshotFile { asking, ..file });
        Following { snapshot, ..behind.follower(&behind.path, behind.block, PATIENT) }
    };
    let (view, running, stop) = following(Duration::from_millis(300)).start();
    until_error(&running, |error| error.code() == "chain_snapshot_unvouched").await;
    until_block(&view, behind.block.number).await;
    assert!(words.asked().len() >= 2, "once is not enough");
    assert_eq!(view.replayed_hash(behind.block.number), Ok(Some(behind.block.hash)));
    assert!(view.code_hash(behind.contracts.pkp_nft, At::Number(behind.block.number - 1)).is_ok());
    assert!(behind.path.exists() && !behind.folder.path().join("registry.snapshot").exists());
    drop((stop, view));
    running.wait().await;

    // So it does where the chain shows its heads, but not the block that the snapshot says it is of.
    let far = BlockId { number: behind.block.number + 1_000, ..behind.block };
    let folder = tempfile::tempdir().unwrap();
    let (view, running, _stop) = Following {
        state: state(folder.path()),
        snapshot: beginning(&behind.path, far, PATIENT)
            .map(|file| SnapshotFile { asking: Duration::from_millis(300), ..file }),
        ..Following::of(&behind.liar.url, behind.contracts)
    }
    .start();
    until_error(&running, |error| error.code() == "chain_bad_answer").await;
    until_block(&view, behind.block.number).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_asks_members_again_only_where_their_word_is_not_its_own_note() {
    let behind = behind().await;
    behind.gives(behind.half());
    let note = behind.folder.path().join("registry.snapshot-vouched");
    let start = async |words: &Arc<Words>, secret: u8| {
        let folder = behind.folder.path();
        let (view, running, stop) = Following {
            state: state(folder).map(|file| StateFile { secret: [secret; 32], ..file }),
            snapshot: vouched(&behind.path, words),
            ..behind.follower(&behind.path, behind.block, PATIENT)
        }
        .start();
        until_block(&view, behind.block.number).await;
        assert_eq!(view.replayed_hash(1), Err(ReadError::NotReady), "it reads the snapshot");
        drop((stop, view));
        running.wait().await;
        words.asked().len()
    };
    let asked = Words::of(&[too_few(), Ok(())]);
    assert_eq!(start(&asked, 5).await, 2);
    let silent = Words::of(&[too_few()]);
    assert_eq!(start(&silent, 5).await, 0, "they have given their word already");

    // Whoever may write into the folder cannot give it for them, and neither counts it for another process or chain.
    let kept = std::fs::read_to_string(&note).unwrap();
    let seal = serde_json::from_str::<Value>(&kept).unwrap()["seal"].as_str().unwrap().to_owned();
    let changed = if seal.ends_with('0') { '1' } else { '0' };
    let other_seal = format!("{}{changed}", &seal[..seal.len() - 1]);
    for (secret, text) in [
        (5, kept.replace(&seal, &other_seal)),
        (5, kept.replace(&seal, &B256::ZERO.to_string())),
        (5, kept.replacen(&format!("\"number\":{}", behind.block.number), "\"number\":1", 1)),
        (5, kept[..kept.len() / 2].to_owned()),
        (5, String::new()),
        (6, kept.clone()),
    ] {
        std::fs::write(&note, &text).unwrap();
        let words = Words::of(&[Ok(())]);
        assert_eq!(start(&words, secret).await, 1, "{secret} {text}");
    }

    // It is of no use any more once the replay has come as far.
    behind.gives(u64::MAX);
    let (view, _running, _stop) = Following {
        state: state(behind.folder.path()).map(|file| StateFile { secret: [6; 32], ..file }),
        snapshot: vouched(&behind.path, &silent),
        ..behind.follower(&behind.path, behind.block, PATIENT)
    }
    .start();
    until_block(&view, behind.block.number).await;
    until_confirmed(&view, &behind.contracts, behind.block.number - 1).await;
    bounded(async {
        while note.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(silent.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_refused_that_members_contradict_or_nobody_can_vouch_for() {
    let behind = behind().await;
    let BlockId { number, hash } = behind.block;
    let said = "node 3 signs another".to_owned();
    let never = "there are too few members".to_owned();
    for (word, path, expected) in [
        (
            Err(Unvouched::Contradicted(said.clone())),
            &behind.path,
            SnapshotError::Contradicted { number, hash, said },
        ),
        (Err(Unvouched::Never(never.clone())), &behind.path, SnapshotError::Unvouched(never)),
        (Ok(()), &behind.folder.path().join("gone"), SnapshotError::File(String::new())),
    ] {
        let words = Words::of(&[word]);
        let snapshot = vouched(path, &words);
        let following = Following { snapshot, ..behind.follower(path, behind.block, PATIENT) };
        let (view, running, stop) = following.start();
        let error = until_error(&running, |_| true).await;
        assert!(view.head().is_err());
        match (&error, expected) {
            (FollowError::Snapshot(SnapshotError::File(_)), SnapshotError::File(_)) => {}
            (error, expected) => assert_eq!(*error, FollowError::Snapshot(expected)),
        }
        drop((stop, view));
        running.wait().await;
        assert!(!behind.folder.path().join("registry.snapshot").exists());
        assert!(words.asked().len() <= 1, "it is not looked at again before the next start");
    }
}
