//! Values that t nodes set, and nobody else.

use quorate_wire::{Digest, DirectoryChange, LoginDomains, directory_digest};

use super::harness::{Harness, NODES, STRANGER, domain};
use crate::{abi::Directory, encode, view::At};

const NAME: &str = "login-domains";

pub(super) fn change(name: &str, version: u64, value: &[u8]) -> DirectoryChange {
    DirectoryChange { name: name.to_owned(), version, value: value.to_vec() }
}

impl Harness {
    /// Hands over the signatures of these accounts for changes, as somebody who is no node.
    pub(super) fn set_values(&mut self, nodes: &[u8], changes: &[DirectoryChange]) -> Result<(), String> {
        let votes = self.votes(nodes, &self.directory_digest(changes));
        let data = encode::set_directory(changes, &votes);
        self.send(STRANGER, Some(self.contracts.directory), data).map(drop)
    }

    pub(super) fn directory_digest(&self, changes: &[DirectoryChange]) -> Digest {
        directory_digest(&domain(self.contracts.directory), changes)
    }

    pub(super) fn value(&self, name: &str) -> (u64, Vec<u8>) {
        let found =
            self.call(self.contracts.directory, &Directory::getCall { name: name.to_owned() }).unwrap();
        (found.version, found.value.to_vec())
    }

    fn names(&self) -> Vec<String> {
        self.call(self.contracts.directory, &Directory::namesCall {}).unwrap()
    }
}

#[test]
fn t_signatures_set_a_value_and_fewer_do_not() {
    let mut harness = Harness::deployed();
    let changes = [change(NAME, 1, b"[\"a\"]")];
    for nodes in [&[][..], &[1]] {
        assert!(harness.set_values(nodes, &changes).unwrap_err().contains("TooFewSignatures"));
    }
    assert!(harness.set_values(&[1, 1], &changes).unwrap_err().contains("NotAscending"));
    assert_eq!(harness.value(NAME), (0, vec![]));
    harness.set_values(&[2, 1], &changes).unwrap();
    assert_eq!(harness.value(NAME), (1, b"[\"a\"]".to_vec()));
    assert_eq!(harness.names(), [NAME]);
}

#[test]
fn a_signature_counts_for_its_version_only() {
    let mut harness = Harness::deployed();
    let (old, new) = ([change(NAME, 1, b"old")], [change(NAME, 1, b"new")]);
    harness.set_values(&[0, 1], &new).unwrap();
    // What two nodes signed as well, or the same once more, is of no use any more.
    for changes in [&old, &new] {
        assert!(harness.set_values(&[0, 2], changes).unwrap_err().contains("WrongVersion"));
    }
    harness.set_values(&[0, 2], &[change(NAME, 2, b"old")]).unwrap();
    assert_eq!(harness.value(NAME), (2, b"old".to_vec()));
    harness.set_values(&[0, 1, 2], &[change(NAME, 3, b"")]).unwrap();
    assert_eq!(harness.value(NAME), (3, vec![]), "a value can be taken away");
    assert_eq!(harness.names().len(), 1);
}

#[test]
fn changes_are_made_all_or_none() {
    let mut harness = Harness::deployed();
    let both = [change(NAME, 1, b"one"), change("other", 1, b"two")];
    let mut bad = both.clone();
    bad[1].version = 2;
    assert!(harness.set_values(&[0, 1], &bad).unwrap_err().contains("WrongVersion"));
    assert_eq!(harness.value(NAME), (0, vec![]));
    harness.set_values(&[0, 1], &both).unwrap();
    assert_eq!(harness.value(NAME), (1, b"one".to_vec()));
    assert_eq!(harness.value("other"), (1, b"two".to_vec()));
    // One after the other of the same name, as each version says.
    harness.set_values(&[0, 1], &[change(NAME, 2, b"three"), change(NAME, 3, b"four")]).unwrap();
    assert_eq!(harness.value(NAME), (3, b"four".to_vec()));
    let many: Vec<_> = (0..17).map(|index| change(&format!("n{index}"), 1, b"v")).collect();
    for refused in [&many[..0], &many[..]] {
        assert!(harness.set_values(&[0, 1], refused).unwrap_err().contains("BadChangesNumber"));
    }
    harness.set_values(&[0, 1], &many[..16]).unwrap();
    assert_eq!(harness.names().len(), 18);
}

#[test]
fn strangers_and_malformed_changes_are_refused_by_name() {
    let mut harness = Harness::deployed();
    let long = "n".repeat(65);
    let cases: [(u8, &str, u64, usize, &str); 9] = [
        (NODES, NAME, 1, 1, "NotNode"),
        (50, NAME, 1, 1, "NotNode"),
        (0, "", 1, 1, "BadName"),
        (0, &long, 1, 1, "BadName"),
        (0, "Login", 1, 1, "BadName"),
        (0, "a b", 1, 1, "BadName"),
        (0, NAME, 0, 1, "WrongVersion"),
        (0, NAME, 2, 1, "WrongVersion"),
        (0, NAME, 1, 4_097, "BadValue"),
    ];
    for (other, name, version, length, error) in cases {
        let changes = [change(name, version, &vec![b'v'; length])];
        let refused = harness.set_values(&[1, other], &changes).unwrap_err();
        assert!(refused.contains(error), "{name:?} {version} {length}: {refused}");
    }
    harness.set_values(&[0, 1], &[change(&long[..64], 1, &[b'v'; 4_096])]).unwrap();
    assert_eq!(harness.value(&long[..64]).1.len(), 4_096);
}

#[test]
fn the_view_reads_login_domains_at_its_heads() {
    let mut harness = Harness::deployed();
    let read = |harness: &Harness, at| harness.view.login_domains(at).unwrap().names().to_vec();
    assert!(read(&harness, At::Latest).is_empty());
    let before = harness.view.head().unwrap().latest.number;
    let domains: Vec<String> =
        (0..64).map(|host| format!("host-{host}.app.example:{}", 8_000 + host)).collect();
    let long = LoginDomains::new(domains.clone()).unwrap().value();
    for (value, expected) in [(&b"[\"localhost\"]"[..], vec!["localhost".to_owned()]), (&long, domains)] {
        let (version, _) = harness.view.named_value(NAME, At::Latest).unwrap();
        harness.set_values(&[0, 1], &[change(NAME, version + 1, value)]).unwrap();
        assert_eq!(harness.view.named_value(NAME, At::Latest).unwrap(), (version + 1, value.to_vec()));
        assert_eq!(read(&harness, At::Latest), expected);
        assert_eq!(read(&harness, At::Finalized), expected, "read twice, from what was kept");
    }
    assert!(read(&harness, At::Number(before)).is_empty(), "an older block has what it had");
    // Bytes that are no list are no domain: nothing is let in by them.
    harness.set_values(&[0, 1], &[change(NAME, 3, b"[\"localhost\"")]).unwrap();
    assert!(read(&harness, At::Latest).is_empty());
}
