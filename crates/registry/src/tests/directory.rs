//! Values that t nodes set, and nobody else.

use super::harness::{Harness, NODES};
use quorate_wire::LoginDomains;

use crate::{abi::Directory, encode, view::At};

const NAME: &str = "login-domains";

impl Harness {
    pub(super) fn vote_value(
        &mut self,
        from: u8,
        (name, version): (&str, u64),
        value: &[u8],
    ) -> Result<(), String> {
        let data = encode::vote_for_value(name, version, value);
        self.send(from, Some(self.contracts.directory), data).map(drop)
    }

    fn value(&self, name: &str) -> (u64, Vec<u8>) {
        let found =
            self.call(self.contracts.directory, &Directory::getCall { name: name.to_owned() }).unwrap();
        (found.version, found.value.to_vec())
    }
}

#[test]
fn t_equal_votes_set_a_value_and_fewer_do_not() {
    let mut harness = Harness::deployed();
    harness.vote_value(0, (NAME, 1), b"[\"a\"]").unwrap();
    harness.vote_value(0, (NAME, 1), b"[\"a\"]").unwrap();
    assert_eq!(harness.value(NAME), (0, vec![]), "one node, however often it votes");
    harness.vote_value(1, (NAME, 1), b"[\"b\"]").unwrap();
    assert_eq!(harness.value(NAME), (0, vec![]), "two nodes that want different things");
    harness.vote_value(1, (NAME, 1), b"[\"a\"]").unwrap();
    assert_eq!(harness.value(NAME), (1, b"[\"a\"]".to_vec()));
    let names = harness.call(harness.contracts.directory, &Directory::namesCall {}).unwrap();
    assert_eq!(names, [NAME]);
}

#[test]
fn a_vote_counts_for_its_version_only() {
    let mut harness = Harness::deployed();
    harness.vote_value(2, (NAME, 1), b"old").unwrap();
    for node in 0..2 {
        harness.vote_value(node, (NAME, 1), b"new").unwrap();
    }
    // The vote of node 2 is left over. One more for the same bytes does not make two.
    let late = harness.vote_value(0, (NAME, 1), b"old").unwrap_err();
    assert!(late.contains("WrongVersion"), "{late}");
    harness.vote_value(0, (NAME, 2), b"old").unwrap();
    assert_eq!(harness.value(NAME), (1, b"new".to_vec()));
    harness.vote_value(2, (NAME, 2), b"old").unwrap();
    assert_eq!(harness.value(NAME), (2, b"old".to_vec()));
    for node in 0..2 {
        harness.vote_value(node, (NAME, 3), b"").unwrap();
    }
    assert_eq!(harness.value(NAME), (3, vec![]), "a value can be taken away");
    assert_eq!(harness.call(harness.contracts.directory, &Directory::namesCall {}).unwrap().len(), 1);
}

#[test]
fn strangers_and_malformed_votes_are_refused_by_name() {
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
    for (from, name, version, length, error) in cases {
        let refused = harness.vote_value(from, (name, version), &vec![b'v'; length]).unwrap_err();
        assert!(refused.contains(error), "{name:?} {version} {length}: {refused}");
    }
    for node in 0..2 {
        harness.vote_value(node, (&long[..64], 1), &[b'v'; 4_096]).unwrap();
    }
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
        for node in 0..2 {
            harness.vote_value(node, (NAME, version + 1), value).unwrap();
        }
        assert_eq!(harness.view.named_value(NAME, At::Latest).unwrap(), (version + 1, value.to_vec()));
        assert_eq!(read(&harness, At::Latest), expected);
        assert_eq!(read(&harness, At::Finalized), expected, "read twice, from what was kept");
    }
    assert!(read(&harness, At::Number(before)).is_empty(), "an older block has what it had");
    // Bytes that are no list are no domain: nothing is let in by them.
    for node in 0..2 {
        harness.vote_value(node, (NAME, 3), b"[\"localhost\"").unwrap();
    }
    assert!(read(&harness, At::Latest).is_empty());
}
