//! The recipes of `docs/encryption.md` that take more than a command: what opens when, and what closes again.

use std::time::{SystemTime, UNIX_EPOCH};

use quorate_registry::alloy_primitives::{Address, keccak256};
use quorate_registry::chain::address_of;
use serde_json::{Value, json};

use super::chain::{Chain, basic, condition, number, wallet};
use super::{Files, ONE, TWO, all_refuse, eventually};
use crate::harness::{Folder, Network};

/// `contracts/test/Silence.sol`, compiled.
const SILENCE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/artifacts/test/Silence.json"));
/// Seconds of silence in these tests; on the page it is a month.
const SILENT_S: u64 = 2;

fn operator(name: &str) -> Value {
    json!({ "operator": name })
}

fn is(address: &str) -> Value {
    basic(("", "", ""), &[":userAddress"], ("=", address))
}

/// Whether a file opens, which all nodes say alike.
fn all_say(files: &Files<'_>, file: &str, key: &str) -> bool {
    let said = files.said(file, key);
    let opens = said["opens"] == true;
    let nodes = said["nodes"].as_array().unwrap();
    assert!(nodes.iter().all(|node| (node["said"] == "gave") == opens), "{said:#}");
    assert!(opens || all_refuse(&said, "policy_denied"), "{said:#}");
    opens
}

impl Chain<'_> {
    /// The time of a block, in seconds.
    fn time(&self, block: u64) -> u64 {
        number(&self.ask("eth_getBlockByNumber", &json!([format!("{block:#x}"), false]))["timestamp"])
    }

    /// Lets somebody make a block; its number and time.
    fn block(&self) -> (u64, u64) {
        let sent = self.send(&wallet(self.network), Some(Address::ZERO), 0, &[]);
        (sent.block, self.time(sent.block))
    }
}

#[test]
fn a_dead_mans_switch_opens_for_the_heir_while_its_owner_is_silent() {
    let folder = Folder::new("encrypt-switch");
    let network = Network::start(&folder, &[]);
    let (files, chain) = (Files { network: &network }, Chain::of(&network));
    let (owner, heir) = (wallet(&network), files.key(1));
    let artifact: Value = serde_json::from_str(SILENCE).unwrap();
    let code = hex::decode(artifact["bytecode"].as_str().unwrap().trim_start_matches("0x")).unwrap();
    let switch = chain.send(&owner, None, 0, &code).created.unwrap();
    let report = &keccak256("report()")[..4];

    let key = network.quorate(&["pkp", "mint"]).ok()["public_key"].as_str().unwrap().to_owned();
    let holds = basic(("", "PKPPermissions", "decrypt"), &[&key], ("=", "true"));
    let owners = address_of(owner.verifying_key()).to_string();
    let inputs = [("address", owners.as_str())];
    let silent = ("uint256", ">=", &*SILENT_S.to_string());
    let silent = condition(&switch.to_string(), ("silent", &inputs), silent);
    let policy = json!([holds, operator("or"), [is(ONE), operator("and"), silent]]);
    let file = files.under("will.quorate", &policy);

    let two = files.key(2);
    assert!(!all_say(&files, &file, &heir), "a switch that was never set");
    for round in 1..=2 {
        // The owner lives: the heir has nothing, whatever was before.
        let reported = chain.time(chain.send(&owner, Some(switch), 0, report).block);
        assert!(!all_say(&files, &file, &heir), "round {round}");
        let mut opened = false;
        let due = || {
            let (_, time) = chain.block();
            opened = all_say(&files, &file, &heir);
            assert_eq!(opened, time - reported >= SILENT_S, "round {round}: {time}, reported {reported}");
            opened
        };
        eventually(due, "the silence is long enough");
        assert!(!all_say(&files, &file, &two), "nobody else is the heir");
        eventually(|| files.decrypt(&file, &[]).succeeded, "the owner of the key opens at any time");
    }
    network.stop();
}

#[test]
fn a_time_lock_opens_for_everybody_once_it_is_over() {
    let folder = Folder::new("encrypt-later");
    let network = Network::start(&folder, &[]);
    let (files, chain) = (Files { network: &network }, Chain::of(&network));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let over = now.max(chain.block().1) + 2;
    let lock = basic(("", "timestamp", "eth_getBlockByNumber"), &["latest"], (">=", &over.to_string()));
    let file = files.under("later.quorate", &json!([lock]));
    let keys = [files.key(1), files.key(2)];
    let mut opened = false;
    let due = || {
        let (_, time) = chain.block();
        let said = keys.each_ref().map(|key| all_say(&files, &file, key));
        // Nodes and chain are on this machine's clock, and the block is older than the question.
        assert_eq!(said, [time >= over; 2], "a block of {time}, over at {over}");
        opened = said[0];
        opened
    };
    eventually(due, "it opens");
    network.stop();
}

#[test]
fn files_are_for_a_list_of_people_or_follow_a_key_which_another_takes_over_from() {
    let folder = Folder::new("encrypt-rotate");
    let network = Network::start(&folder, &[]);
    let (files, chain) = (Files { network: &network }, Chain::of(&network));
    let keys = [1, 2, 3].map(|number| files.key(number));
    let [one, two, three] = keys.each_ref().map(String::as_str);
    let open = |file: &str| [one, two, three].map(|key| all_say(&files, file, key));

    // A fixed list.
    let listed = files.under("listed.quorate", &json!([is(ONE), operator("or"), is(TWO)]));
    assert_eq!(open(&listed), [true, true, false]);

    // A key for the files of this year, granted to two.
    let mint = || network.quorate(&["pkp", "mint"]).ok()["public_key"].as_str().unwrap().to_owned();
    let change = |words: &[&str]| {
        let block = network.quorate(words).ok()["block"].as_u64().unwrap();
        chain.all_have(block);
    };
    let grant = |key: &str, to: &str| {
        change(&["pkp", "grant", key, "--address", to, "--scope", "decrypt"]);
    };
    let (old, new) = (mint(), mint());
    let old_file = files.encrypt("old.quorate", &["--to-pkp", &old]);
    grant(&old, ONE);
    grant(&old, TWO);
    assert_eq!(open(&old_file), [true, true, false]);

    // The next key: new files are under it, old ones stay as they were.
    let new_file = files.encrypt("new.quorate", &["--to-pkp", &new]);
    assert_eq!((open(&old_file), open(&new_file)), ([true, true, false], [false; 3]));
    grant(&new, ONE);
    change(&["pkp", "revoke", &old, "--address", ONE]);
    assert_eq!((open(&old_file), open(&new_file)), ([false, true, false], [true, false, false]));
    // What is burnt is as it is, for ever.
    change(&["pkp", "burn", &old]);
    network.quorate(&["pkp", "grant", &old, "--address", ONE, "--scope", "decrypt"]).error();
    assert_eq!((open(&old_file), open(&new_file)), ([false, true, false], [true, false, false]));
    network.stop();
}
