//! An older chain under a network that was further.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::harness::{Folder, Network, SIGN, Unready};

#[test]
fn an_older_block_log_put_back_under_all_nodes_is_not_believed() {
    let folder = Folder::new("rolled-back");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    let log = network.state().join("chain/blocks.log");
    network.stop();
    let old = fs::read(&log).unwrap();
    let network = Network::start(&folder, &[]);
    network.quorate(&["pkp", "burn", &key]).ok();
    network.run(SIGN, &key, &[]).ok();
    network.stop();

    // All are down; what is put back is whole, and signed by the chain as it starts.
    let new = fs::read(&log).unwrap();
    assert!(new.starts_with(&old) && new.len() > old.len());
    fs::write(&log, &old).unwrap();
    fs::remove_file(log.with_file_name("state.redb")).unwrap();
    let unready = Unready::start(&folder);
    let begun = Instant::now();
    for place in 0..3 {
        while !unready.readyz(place).is_some_and(|said| said.contains("registry_rolled_back")) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", unready.readyz(place));
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    // The operator is told a moment later.
    std::thread::sleep(Duration::from_secs(4));
    assert!((0..3).all(|place| unready.readyz(place).unwrap().contains("registry_rolled_back")));
    let logs = unready.stop();
    assert!(logs.matches("the registry is older than a block that was final").count() >= 3, "{logs}");

    // With the blocks back, the network is as it was.
    fs::write(&log, &new).unwrap();
    let network = Network::start(&folder, &[]);
    network.run(SIGN, &key, &[]).ok();
    network.stop();
}
