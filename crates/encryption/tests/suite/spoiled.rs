//! Whatever is changed, nothing opens.

use quorate_encryption::{CHUNK_BYTES, Ciphertext, ContainerError, Header, encrypt, open_bytes};

use crate::containers::{container, value_of};
use crate::support::{POLICY, TestRoot, identity, message, rng};

/// Bytes of a header, and of a chunk that is full.
const HEADER: usize = 240 + POLICY.len();
const SEALED: usize = CHUNK_BYTES + 16;

/// A change of the byte at `at`: one bit, which differs from place to place and from round to round.
fn flip(bytes: &mut [u8], at: usize, round: usize) {
    bytes[at] ^= 1 << ((at + round) % 8);
}

#[test]
fn no_changed_byte_of_200_ciphertexts_opens() {
    let root = TestRoot::new(1);
    let value = root.value(&identity(1));
    let mut rng = rng(1);
    for round in 0..200 {
        // Short and padded ones, and one that is not.
        let text = message(round % 50);
        let bytes = encrypt(&root.key(), &identity(1), &text, &mut rng).unwrap().to_bytes();
        assert!(Ciphertext::parse(&bytes).unwrap().open(&value).is_ok());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            flip(&mut changed, at, round);
            assert!(!opens(&changed, &value), "byte {at} of ciphertext {round}");
        }
        for cut in 0..bytes.len() {
            assert!(!opens(&bytes[..cut], &value), "cut at {cut}");
        }
    }
}

#[test]
fn no_changed_bit_of_a_ciphertext_opens() {
    let root = TestRoot::new(1);
    let value = root.value(&identity(1));
    let bytes = encrypt(&root.key(), &identity(1), b"short", &mut rng(1)).unwrap().to_bytes();
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!opens(&changed, &value), "bit {bit}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that computes for long, on all cores")]
fn no_changed_byte_of_200_containers_opens() {
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || (part..200).step_by(4).for_each(spoil_container));
        }
    });
}

fn spoil_container(round: usize) {
    let root = TestRoot::new(1);
    let sealed = container(&root, round, round.try_into().unwrap());
    let value = value_of(&root, &sealed);
    assert!(open_bytes(&sealed, &value).is_ok());
    let key = Header::read(&mut sealed.as_slice()).unwrap().open(&value).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        flip(&mut changed, at, round);
        if at < HEADER {
            assert!(open_bytes(&changed, &value).is_err(), "byte {at} of container {round}");
        } else {
            // The header is as it was, and gives this key.
            let error = key.decrypt(&mut &changed[HEADER..], &mut Vec::new(), |_| {});
            assert!(matches!(error, Err(ContainerError::Chunk)), "byte {at} of container {round}");
        }
        // The nodes would make the value of the identity that stands there now: even that opens nothing.
        if round < 20 && at < HEADER && Header::read(&mut changed.as_slice()).is_ok() {
            let again = value_of(&root, &changed);
            assert!(open_bytes(&changed, &again).is_err(), "byte {at} of container {round}");
        }
    }
    for cut in 0..sealed.len() {
        let error = open_bytes(&sealed[..cut], &value).unwrap_err();
        let expected = match error {
            ContainerError::NotAContainer => cut == 0,
            ContainerError::Truncated => cut > 0 && cut < HEADER + 16,
            ContainerError::Chunk => cut >= HEADER + 16,
            _ => false,
        };
        assert!(expected, "cut at {cut}: {error}");
    }
}

#[test]
fn starts_have_their_own_errors() {
    let root = TestRoot::new(1);
    let sealed = container(&root, 10, 1);
    let error = |at: usize, byte: u8| {
        let mut changed = sealed.clone();
        changed[at] = byte;
        Header::read(&mut changed.as_slice()).unwrap_err()
    };
    assert!(matches!(error(0, b'Q'), ContainerError::NotAContainer));
    assert!(matches!(error(8, 2), ContainerError::Version(2)));
    assert!(matches!(error(41, 0xff), ContainerError::Malformed("the root key")));
    assert!(matches!(error(121, 0xff), ContainerError::Malformed("the file key")));
    assert!(matches!(error(235, 0x01), ContainerError::Malformed("the file key")));
    assert!(matches!(error(240, 0xff), ContainerError::Malformed("the policy")));
    assert!(matches!(error(236, 1), ContainerError::PolicyTooLong));
}

#[test]
fn headers_and_payloads_belong_together() {
    let root = TestRoot::new(1);
    let all: Vec<_> = (0..4).map(|seed| container(&root, 100, seed)).collect();
    for (a, one) in all.iter().enumerate() {
        for (b, other) in all.iter().enumerate() {
            let mixed = [&one[..HEADER], &other[HEADER..]].concat();
            let opened = open_bytes(&mixed, &value_of(&root, one));
            assert_eq!(opened.is_ok(), a == b);
            // One field of the header of another container: network and root are equal, the rest differs.
            for field in [89..121, 121..236] {
                let mut mixed = one.clone();
                mixed[field.clone()].copy_from_slice(&other[field]);
                for value in [value_of(&root, one), value_of(&root, &mixed)] {
                    assert_eq!(open_bytes(&mixed, &value).is_ok(), a == b);
                }
            }
        }
    }
}

#[test]
fn chunks_have_their_place() {
    let root = TestRoot::new(1);
    let sealed = container(&root, 4 * CHUNK_BYTES, 1);
    let value = value_of(&root, &sealed);
    let header = &sealed[..HEADER];
    let chunk = |at: usize| &sealed[HEADER + at * SEALED..HEADER + (at + 1) * SEALED];
    let with = |order: &[usize]| {
        let chunks: Vec<u8> = order.iter().flat_map(|at| chunk(*at)).copied().collect();
        open_bytes(&[header, &chunks].concat(), &value)
    };
    assert!(with(&[0, 1, 2, 3]).is_ok());
    for order in
        [&[1, 0, 2, 3][..], &[0, 2, 1, 3], &[0, 0, 1, 2, 3], &[0, 1, 1, 2, 3], &[0, 2, 3], &[1, 2, 3]]
    {
        assert!(matches!(with(order), Err(ContainerError::Chunk)), "{order:?}");
    }
    // Of the last one: not there, in an earlier place, twice.
    for order in [&[0, 1, 2][..], &[0, 1], &[0], &[]] {
        assert!(matches!(with(order), Err(ContainerError::Truncated)), "{order:?}");
    }
    assert!(matches!(with(&[3]), Err(ContainerError::Chunk)));
    assert!(matches!(with(&[0, 1, 3]), Err(ContainerError::Chunk)));
    assert!(matches!(with(&[0, 1, 2, 3, 3]), Err(ContainerError::Trailing)));
    let trailing = [&sealed[..], b"x"].concat();
    assert!(matches!(open_bytes(&trailing, &value), Err(ContainerError::Trailing)));
    // A short last chunk has no end of its own: what is behind it is part of it.
    let short = container(&root, 10, 1);
    let trailing = [&short[..], b"x"].concat();
    assert!(matches!(open_bytes(&trailing, &value_of(&root, &short)), Err(ContainerError::Chunk)));
}

#[test]
fn only_authentic_chunks_are_written() {
    let root = TestRoot::new(1);
    let mut sealed = container(&root, 4 * CHUNK_BYTES, 1);
    let key = Header::read(&mut sealed.as_slice()).unwrap().open(&value_of(&root, &sealed)).unwrap();
    sealed[HEADER + 2 * SEALED + 5] ^= 1;
    let mut written = Vec::new();
    let error = key.decrypt(&mut &sealed[HEADER..], &mut written, |_| {});
    assert!(matches!(error, Err(ContainerError::Chunk)));
    assert!(written == message(4 * CHUNK_BYTES)[..2 * CHUNK_BYTES]);
}

fn opens(bytes: &[u8], value: &[u8; 96]) -> bool {
    Ciphertext::parse(bytes).is_ok_and(|ciphertext| ciphertext.open(value).is_ok())
}
