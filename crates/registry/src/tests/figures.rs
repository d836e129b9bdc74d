//! Figures, printed by hand: `cargo test -p quorate-registry --lib figures -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use alloy_primitives::{Bytes, U256};

use super::harness::Harness;
use crate::{
    abi::PKPPermissions,
    chain::{
        LogMark,
        ledger::{Keep, LedgerWriter},
    },
    encode,
    subject::{DEFAULT_KEY_SET_ID, Subject},
    view::At,
};

fn each(what: &str, rounds: u32, mut run: impl FnMut()) {
    let start = Instant::now();
    for _ in 0..rounds {
        run();
    }
    println!("{what}: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
}

#[test]
#[ignore = "prints figures and checks nothing"]
fn figures() {
    let mut harness = Harness::with_root();
    let nft = harness.contracts.pkp_nft;
    let mut action = [9; 34];
    action[..2].copy_from_slice(&[0x12, 0x20]);
    let mut id = U256::ZERO;
    let start = Instant::now();
    for _ in 0..1_000 {
        let tx = harness
            .send(50, Some(nft), encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &action))
            .expect("the mint succeeds");
        id = U256::from_be_bytes(tx.logs[0].topics()[1].0);
    }
    println!(
        "mint-grant-burn, simulated, signed and executed: {:.0} µs each",
        start.elapsed().as_secs_f64() * 1e3
    );
    let subject = Subject::Action(action);
    let view = harness.view.clone();
    each("grant by slot", 100_000, || assert!(view.grant(id, &subject, At::Latest).unwrap().member));
    each("pkp by slots", 100_000, || assert!(view.pkp(id, At::Finalized).unwrap().is_some()));
    let call =
        PKPPermissions::isPermittedActionCall { tokenId: id, ipfsCID: Bytes::copy_from_slice(&action) };
    each("isPermittedAction by EVM call", 10_000, || {
        assert!(harness.call(harness.contracts.pkp_permissions, &call).unwrap());
    });
    let state = view.read().unwrap();
    let source = state.ledger.as_ref().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, together) in
        [("one by one", false), ("together", true), ("one by one", false), ("together", true)]
    {
        let path = folder.path().join("state.redb");
        drop(std::fs::remove_file(&path));
        let mut copy = LedgerWriter::open(source.genesis().clone(), Keep::Hashes, &path, &[1; 32]).unwrap();
        let (mut executing, start) = (Duration::ZERO, Instant::now());
        for number in 1..=source.head() {
            let block = source.block(number).unwrap().unwrap();
            let raw: Vec<_> = block.txs.iter().map(|tx| tx.tx.raw.clone()).collect();
            let begun = Instant::now();
            let executed = copy.tip().replay(block.header.timestamp, &raw).unwrap();
            executing += begun.elapsed();
            let taken = match together {
                true => copy.gather(executed, LogMark::default()),
                false => copy.commit(executed, LogMark::default()),
            };
            assert_eq!(taken.unwrap().hash, block.hash);
        }
        copy.settle().unwrap();
        println!(
            "replay of {} blocks, written {name}: {:.0} µs a block, {:.0} of them executing",
            source.head(),
            start.elapsed().as_secs_f64() * 1e6 / source.head() as f64,
            executing.as_secs_f64() * 1e6 / source.head() as f64,
        );
    }
}
