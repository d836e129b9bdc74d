//! Our container.

use std::io::{self, Read, Write};

use quorate_encryption::{
    CHUNK_BYTES, ContainerError, HEADER_BYTES_MAX, Header, POLICY_BYTES_MAX, Recipient, open_bytes, seal,
    seal_bytes,
};
use quorate_wire::{Digest, NetworkId};

use crate::support::{LENGTHS, NETWORK, POLICY, POLICY_HASH, TestRoot, message, rng};

pub(crate) fn recipient(root: &TestRoot) -> Recipient<'static> {
    Recipient { network: NETWORK, root: root.key(), policy: POLICY, policy_hash: POLICY_HASH }
}

pub(crate) fn container(root: &TestRoot, length: usize, seed: u64) -> Vec<u8> {
    seal_bytes(&recipient(root), &mut rng(seed), &message(length)).unwrap()
}

pub(crate) fn value_of(root: &TestRoot, container: &[u8]) -> [u8; 96] {
    let header = Header::read(&mut &*container).unwrap();
    root.value(&header.identity(POLICY_HASH).bytes())
}

#[test]
fn every_length_opens() {
    let root = TestRoot::new(1);
    let edges = [CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5];
    for length in LENGTHS.into_iter().chain(edges) {
        let sealed = container(&root, length, 1);
        let chunks = length.div_ceil(CHUNK_BYTES).max(1);
        assert_eq!(sealed.len(), 240 + POLICY.len() + length + 16 * chunks, "{length}");
        let opened = open_bytes(&sealed, &value_of(&root, &sealed)).unwrap();
        assert!(opened.as_slice() == message(length), "{length}");
    }
}

#[test]
fn the_header_says_what_was_given() {
    let root = TestRoot::new(1);
    let sealed = container(&root, 10, 1);
    let mut rest = sealed.as_slice();
    let header = Header::read(&mut rest).unwrap();
    assert_eq!(rest.len(), 10 + 16);
    assert_eq!((header.network(), header.root(), header.policy()), (NETWORK, root.key(), POLICY));
    assert!(sealed.starts_with(&header.to_bytes()));
    assert_ne!(header.salt(), Header::read(&mut container(&root, 10, 2).as_slice()).unwrap().salt());
    header.expect(NETWORK, &root.key()).unwrap();
    let other = TestRoot::new(2).key();
    for key in [root.key(), other] {
        let error = header.expect(NetworkId([9; 32]), &key);
        assert!(matches!(error, Err(ContainerError::OtherNetwork)));
    }
    assert!(matches!(header.expect(NETWORK, &other), Err(ContainerError::OtherRoot)));
}

#[test]
fn another_policy_network_or_root_does_not_open() {
    let root = TestRoot::new(1);
    let sealed = container(&root, 10, 1);
    let header = Header::read(&mut sealed.as_slice()).unwrap();
    let right = header.identity(POLICY_HASH).bytes();
    let other_policy = header.identity(Digest([0x23; 32])).bytes();
    for value in [root.value(&other_policy), TestRoot::new(2).value(&right)] {
        assert!(matches!(open_bytes(&sealed, &value), Err(ContainerError::Key(_))));
    }
    assert!(open_bytes(&sealed, &root.value(&right)).is_ok());
}

#[test]
fn streams_of_any_rhythm_give_the_same() {
    let root = TestRoot::new(1);
    let text = message(200_000);
    let whole = container(&root, 200_000, 1);
    for step in [1, 7, 65_535, 65_537] {
        let (mut sealed, mut seen) = (Vec::new(), Vec::new());
        let mut from = Steps { rest: &text, step, interrupted: false };
        let total =
            seal(&recipient(&root), &mut rng(1), &mut from, &mut sealed, |bytes| seen.push(bytes)).unwrap();
        assert!(sealed == whole, "{step}");
        assert_eq!(total, 200_000);
        assert_eq!(seen, [65_536, 131_072, 196_608, 200_000]);

        let mut from = Steps { rest: &sealed, step, interrupted: false };
        let header = Header::read(&mut from).unwrap();
        let key = header.open(&value_of(&root, &sealed)).unwrap();
        let (mut opened, mut seen) = (Vec::new(), Vec::new());
        let total = key.decrypt(&mut from, &mut opened, |bytes| seen.push(bytes)).unwrap();
        assert!(opened == text);
        assert_eq!((total, seen.len()), (200_000, 4));
    }
}

#[test]
fn failures_of_streams_are_told_apart() {
    let root = TestRoot::new(1);
    let sealed = container(&root, 10, 1);
    let mut nothing = Vec::new();
    let error = seal(&recipient(&root), &mut rng(1), &mut Broken, &mut nothing, |_| {});
    assert!(matches!(error, Err(ContainerError::Read(_))));
    let error = seal(&recipient(&root), &mut rng(1), &mut &b"text"[..], &mut Broken, |_| {});
    assert!(matches!(error, Err(ContainerError::Write(_))));
    assert!(matches!(Header::read(&mut Broken), Err(ContainerError::Read(_))));
    let key = Header::read(&mut sealed.as_slice()).unwrap().open(&value_of(&root, &sealed)).unwrap();
    assert!(matches!(key.decrypt(&mut Broken, &mut nothing, |_| {}), Err(ContainerError::Read(_))));
    let mut payload = &sealed[240 + POLICY.len()..];
    assert!(matches!(key.decrypt(&mut payload, &mut Broken, |_| {}), Err(ContainerError::Write(_))));
}

#[test]
fn policies_have_a_bound() {
    let root = TestRoot::new(1);
    let longest = "x".repeat(POLICY_BYTES_MAX);
    let sealed =
        seal_bytes(&Recipient { policy: &longest, ..recipient(&root) }, &mut rng(1), b"text").unwrap();
    let header = Header::read(&mut sealed.as_slice()).unwrap();
    assert_eq!((header.policy(), header.to_bytes().len()), (longest.as_str(), HEADER_BYTES_MAX));
    let longer = "x".repeat(POLICY_BYTES_MAX + 1);
    let error = seal_bytes(&Recipient { policy: &longer, ..recipient(&root) }, &mut rng(1), b"text");
    assert!(matches!(error, Err(ContainerError::PolicyTooLong)));
    let mut claimed = sealed;
    claimed[236..240].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(matches!(Header::read(&mut claimed.as_slice()), Err(ContainerError::PolicyTooLong)));
}

/// Gives a few bytes at a time, and is interrupted before each.
struct Steps<'a> {
    rest: &'a [u8],
    step: usize,
    interrupted: bool,
}

impl Read for Steps<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = buffer.len().min(self.step);
        self.rest.read(&mut buffer[..length])
    }
}

/// A stream that fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
