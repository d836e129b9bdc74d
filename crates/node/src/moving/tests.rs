use std::{fs, os::unix::fs::PermissionsExt as _};

use quorate_engine::Write;
use quorate_wire::NetworkId;

use super::{
    parcel::{CONFIG, NETWORK, Parcel},
    *,
};
use crate::{config::Config, keys::NodeKeys, store::Store, testing::TestFolder};

const IDENTITY_BYTES: [u8; 32] = [7; 32];
const RECORDS: [(&str, &[u8]); 5] = [
    ("epoch/0/share/roots", b"the node's share"),
    ("epoch/0/pair/02", b"pairwise state"),
    ("epoch/0/ban/01/02", b"a ban"),
    ("final_head", b"a head"),
    ("incarnation", &[5, 0, 0, 0, 0, 0, 0, 0]),
];

fn identity_text() -> String {
    let hrp = bech32::Hrp::parse("age-secret-key-").unwrap();
    bech32::encode::<bech32::Bech32>(hrp, &IDENTITY_BYTES).unwrap().to_uppercase()
}

fn unlock() -> Unlock {
    Unlock::Identities(Identity::read_all(&identity_text()).unwrap())
}

fn lock() -> Lock {
    Lock::recipients(vec![Identity::read_all(&identity_text()).unwrap()[0].recipient()]).unwrap()
}

/// A node's folder that has all that one has that ran.
struct Home {
    folder: TestFolder,
    network: NetworkId,
}

impl Home {
    fn new(config: &str) -> Home {
        let folder = TestFolder::new();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("old")).unwrap();
        fs::write(at("old/node.toml"), config).unwrap();
        let config = Config::load(&at("old/node.toml")).unwrap();
        let keys = NodeKeys::load_or_create(&config.keys).unwrap();
        let mut network = crate::testing::network();
        network.nodes[1] = keys.public();
        fs::write(&config.network_file, serde_json::to_string(&network).unwrap()).unwrap();
        fs::write(config.network_file.with_file_name("approved.json"), "{}").unwrap();
        let store = Store::open(&config.data_folder, &keys.sealing, network.id()).unwrap();
        let write = |&(key, value): &(&str, &[u8])| Write {
            key: key.to_owned(),
            value: Some(Zeroizing::new(value.to_vec())),
        };
        store.apply(&RECORDS.iter().map(write).collect::<Vec<_>>()).unwrap();
        store.close().unwrap();
        Home { network: network.id(), folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn export(&self, keep: bool) -> Result<Exported, MovingError> {
        let (config, out) = (self.at("old/node.toml"), self.at("node.age"));
        export(&Export { config: &config, out: &out, lock: &lock(), keep }, &mut |_| {})
    }

    fn import(&self, folder: &str) -> Result<Imported, MovingError> {
        self.import_after(folder, None)
    }

    fn import_after(&self, folder: &str, after: Option<u64>) -> Result<Imported, MovingError> {
        let (file, folder, unlock) = (self.at("node.age"), self.at(folder), unlock());
        import(&Import { file: &file, folder: &folder, unlock: &unlock, after }, &mut |_| {})
    }

    /// The names in the folder of all.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Puts another parcel into the file.
    fn repack(&self, change: impl FnOnce(&mut Parcel)) {
        let bytes = age::open(&fs::read(self.at("node.age")).unwrap(), &unlock()).unwrap();
        let mut parcel = Parcel::from_bytes(&bytes).unwrap();
        change(&mut parcel);
        fs::write(self.at("node.age"), age::seal(&parcel.to_bytes().unwrap(), &lock())).unwrap();
    }
}

#[test]
fn a_backup_from_before_two_moves_starts_after_the_number_that_its_operator_names() {
    let home = Home::new("");
    home.export(true).unwrap();
    let moves = |folder: &str, after| home.import_after(folder, after).map(|imported| imported.moves);
    assert_eq!(moves("one", None).unwrap(), 1);
    assert_eq!(moves("three", Some((2 << 32) + 9)).unwrap(), 3);
    // A number that lies behind what the backup knows changes nothing.
    assert_eq!(moves("again", Some(1)).unwrap(), 1);
    assert!(matches!(moves("never", Some(u64::MAX)), Err(MovingError::Records(_))));
    assert!(!home.at("never").exists());
}

#[test]
fn an_import_goes_on_where_one_with_its_process_number_was_killed() {
    let home = Home::new("");
    home.export(true).unwrap();
    let left = home.at(&format!(".new.importing-{}", std::process::id()));
    fs::create_dir(&left).unwrap();
    fs::write(left.join("node.toml"), "half of it").unwrap();
    home.import("new").unwrap();
    assert_eq!(home.names(), ["new", "node.age", "old"]);
}

#[test]
fn a_halted_node_can_be_exported_and_goes_on_as_one_that_has_moved() {
    let home = Home::new("");
    let newer = quorate_engine::NewerStart {
        number: (4 << 32) + 1,
        own: 7,
        told_by: quorate_wire::NodeIndex::new(1).unwrap(),
    };
    let data = home.at("old/data");
    leave_halted(&data, "another copy", &newer, &crate::testing::network()).unwrap();
    assert!(check_not_halted(&data).unwrap_err().reason.contains(&format!("--after {}", newer.number)));
    home.export(false).unwrap();
    assert_eq!(home.import_after("new", Some(newer.number)).unwrap().moves, 5);
    check_not_halted(&home.at("new/data")).unwrap();
}

#[test]
fn a_node_arrives_with_everything_but_pairwise_state() {
    let home = Home::new("log = 'warn' # as its operator wrote it");
    let exported = home.export(false).unwrap();
    assert_eq!((exported.records, exported.network), (RECORDS.len() - 1, home.network));
    assert_eq!(fs::metadata(home.at("node.age")).unwrap().permissions().mode() & 0o777, 0o600);
    let imported = home.import("new").unwrap();
    assert_eq!((imported.network, imported.node.get(), imported.moves), (home.network, 2, 1));
    assert!(imported.changed.is_empty());
    assert_eq!(imported.look_at, [Setting { name: "log".into(), value: "warn".into() }]);
    assert_eq!(home.names(), ["new", "node.age", "old"], "nothing unfinished is left");

    for name in ["node.toml", "network.json", "approved.json", "keys/chain.key", "keys/sealing.key"] {
        let [old, new] = ["old", "new"].map(|folder| fs::read(home.at(folder).join(name)).unwrap());
        assert!(old == new, "{name}");
    }
    for secret in ["node.toml", "keys/chain.key", "keys/statement.key", "data/store.redb"] {
        let mode = fs::metadata(home.at("new").join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let config = Config::load(&home.at("new/node.toml")).unwrap();
    let keys = NodeKeys::load(&config.keys).unwrap();
    let stored = Store::open(&config.data_folder, &keys.sealing, home.network).unwrap().load_all().unwrap();
    for (record, value) in RECORDS {
        let expected = match record {
            "epoch/0/pair/02" => None,
            "incarnation" => Some(&[0, 0, 0, 0, 1, 0, 0, 0][..]),
            _ => Some(value),
        };
        assert_eq!(stored.get(record).map(|value| value.as_slice()), expected, "{record}");
    }
}

#[test]
fn a_node_that_was_moved_does_not_open_its_store_again_but_a_backup_changes_nothing() {
    let home = Home::new("");
    home.export(true).unwrap();
    assert!(matches!(home.export(true), Err(MovingError::FileThere(_))));
    fs::remove_file(home.at("node.age")).unwrap();
    let mark = home.export(false).unwrap().mark.unwrap();
    fs::remove_file(home.at("node.age")).unwrap();
    let said = home.export(false).unwrap_err().to_string();
    assert!(said.contains("does not start here") && said.contains(mark.to_str().unwrap()), "{said}");
    assert_eq!(home.names(), ["old"]);
    let marked: serde_json::Value = serde_json::from_slice(&fs::read(&mark).unwrap()).unwrap();
    assert!(
        marked["file"].as_str().unwrap().ends_with("node.age")
            && marked["exported_unix_s"].as_u64() > Some(0)
    );
    fs::remove_file(mark).unwrap();
    home.export(true).unwrap();
}

#[test]
fn a_node_that_runs_has_no_store_or_lacks_its_network_is_not_exported() {
    let home = Home::new("");
    let config = Config::load(&home.at("old/node.toml")).unwrap();
    let keys = NodeKeys::load(&config.keys).unwrap();
    let running = Store::open(&config.data_folder, &keys.sealing, home.network).unwrap();
    assert!(matches!(home.export(false), Err(MovingError::Running(_))));
    drop(running);
    fs::rename(home.at("old/data"), home.at("old/elsewhere")).unwrap();
    assert!(matches!(home.export(false), Err(MovingError::NoStore(_))));
    fs::remove_file(home.at("old/network.json")).unwrap();
    assert!(matches!(home.export(false), Err(MovingError::Config(_))));
    assert_eq!(home.names(), ["old"]);
    assert!(!home.at("old/data").exists());
}

#[test]
fn nothing_is_written_unless_all_is() {
    let home = Home::new("");
    home.export(false).unwrap();
    let good = fs::read(home.at("node.age")).unwrap();
    let noise: Vec<u8> =
        (0..10u32 << 20).map(|place| place.wrapping_mul(0x9e37_79b9).to_be_bytes()[0]).collect();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (name, bytes) in [
        ("noise", noise),
        ("nothing", Vec::new()),
        ("cut", good[..good.len() - 1].to_vec()),
        ("doubled", [&good[..], &good].concat()),
        ("a bit", flipped),
        ("no export", age::seal(b"a letter", &lock())),
    ] {
        fs::write(home.at("node.age"), bytes).unwrap();
        let said = home.import("new").unwrap_err().to_string();
        assert!(said.lines().count() == 1, "{name}: {said}");
        assert_eq!(home.names(), ["node.age", "old"], "{name}");
    }
    fs::write(home.at("node.age"), &good).unwrap();
    fs::create_dir(home.at("new")).unwrap();
    fs::write(home.at("new/mine"), "").unwrap();
    assert!(matches!(home.import("new"), Err(MovingError::FolderThere(_))));
    fs::remove_file(home.at("new/mine")).unwrap();
    home.import("new").unwrap();
    assert!(matches!(home.import("nowhere/new"), Err(MovingError::Io { .. })));
}

#[test]
fn an_export_that_somebody_else_made_writes_nothing_elsewhere_and_is_refused_if_it_does_not_fit() {
    let home = Home::new("");
    home.export(false).unwrap();
    let good = fs::read(home.at("node.age")).unwrap();
    let refused = |name: &str, change: &dyn Fn(&mut Parcel)| {
        fs::write(home.at("node.age"), &good).unwrap();
        home.repack(change);
        let error = home.import("new").unwrap_err();
        assert_eq!(home.names(), ["node.age", "old"], "{name}");
        error
    };
    let text = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    let error = refused("pairwise state", &|parcel| {
        drop(parcel.records.insert("epoch/0/pair/1".to_owned(), text("")))
    });
    assert!(matches!(error, MovingError::Records(_)));
    let error = refused("another key", &|parcel| parcel.keys[2] = Zeroizing::new([9; 32]));
    assert!(matches!(error, MovingError::NoMember));
    let error = refused("no key of the curve", &|parcel| parcel.keys[0] = Zeroizing::new([0; 32]));
    assert!(matches!(error, MovingError::NoMember));
    for (name, other) in [
        (NETWORK, "{}"),
        (CONFIG, "colour = 1"),
        (CONFIG, "network_file = 'node.toml'"),
        (CONFIG, "[keys]\nchain = 'a'\nsealing = 'a'"),
    ] {
        let error = refused(other, &|parcel| drop(parcel.files.insert(name, text(other))));
        assert!(matches!(error, MovingError::FileInside { .. }), "{other}: {error}");
    }
}

#[test]
fn places_outside_of_the_folder_are_brought_inside_and_told() {
    let elsewhere = TestFolder::new();
    let outside = |name: &str| elsewhere.path().join(name).display().to_string();
    let home = Home::new(&format!(
        "data_folder = {:?}\nnetwork_file = '../network.json'\nworker = ['/bin/sh', '-c']\n[keys]\nsealing = {:?}\n",
        outside("data"),
        outside("sealing.key")
    ));
    home.export(false).unwrap();
    fs::remove_file(home.at("approved.json")).unwrap();
    fs::remove_file(home.at("network.json")).unwrap();
    let imported = home.import("new").unwrap();
    let names: Vec<&str> = imported.changed.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(names, ["data_folder", "network_file", "keys.sealing"]);
    let programs: Vec<&str> = imported.look_at.iter().map(|setting| setting.value.as_str()).collect();
    assert_eq!(programs, ["/bin/sh", "-c"]);
    assert_eq!(home.names(), ["new", "node.age", "old"]);
    let config = Config::load(&home.at("new/node.toml")).unwrap();
    for path in [&config.data_folder, &config.network_file, &config.keys.sealing] {
        assert!(path.starts_with(home.at("new")) && path.exists(), "{}", path.display());
    }
    assert!(home.at("new/node.toml.before").exists() && home.at("new/approved.json").exists());
}

#[test]
fn every_file_that_the_configuration_names_comes_along_and_every_other_setting_is_told() {
    let elsewhere = TestFolder::new();
    let outside = |name: &str| elsewhere.path().join(name).display().to_string();
    for name in ["approved.json", "payer.key", "ca.pem"] {
        fs::write(outside(name), name).unwrap();
    }
    let home = Home::new(&format!(
        "approved_file = {:?}\npayer = {:?}\nchain_ca = {:?}\nchain_rpc = 'https://a.example/key'\n\
         [egress]\nallow_http = true\n[chain_snapshot]\nfile = 'a'\nblock = 'b'\n",
        outside("approved.json"),
        outside("payer.key"),
        outside("ca.pem"),
    ));
    fs::rename(outside("ca.pem"), outside("away")).unwrap();
    assert!(matches!(home.export(false), Err(MovingError::Io { .. })));
    assert!(!home.at("old/data/moved").exists(), "the node stays");
    fs::rename(outside("away"), outside("ca.pem")).unwrap();
    home.export(false).unwrap();
    drop(elsewhere);
    let imported = home.import("new").unwrap();
    let names = |settings: &[Setting]| -> Vec<String> { settings.iter().map(|it| it.name.clone()).collect() };
    assert_eq!(names(&imported.changed), ["approved_file", "payer", "chain_ca", "chain_snapshot (gone)"]);
    let looked = names(&imported.look_at);
    assert!(looked.contains(&"chain_rpc".to_owned()) && looked.contains(&"egress.allow_http".to_owned()));
    assert!(!format!("{:?}", imported.look_at).contains("/key"), "{:?}", imported.look_at);
    let read = |name: &str| fs::read_to_string(home.at("new").join(name)).unwrap();
    assert_eq!(read("approved.json"), "approved.json");
    assert_eq!((read("keys/payer.key"), read("chain_ca.pem")), ("payer.key".into(), "ca.pem".into()));
    let mode = fs::metadata(home.at("new/keys/payer.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let config = Config::load(&home.at("new/node.toml")).unwrap();
    assert!(config.payer.unwrap().exists() && config.chain_ca.unwrap().exists());
    assert!(config.approved_file.is_none() && config.chain_snapshot.is_none());
}
