//! Hashing with a tag and length prefixes, so that no two lists of parts have one encoding.

use sha2::{Digest, Sha256};

/// SHA-256 over the tag and the parts, each with its length before it.
pub(crate) fn hash(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    absorb(&mut hasher, tag.as_bytes());
    for part in parts {
        absorb(&mut hasher, part);
    }
    hasher.finalize().into()
}

fn absorb(hasher: &mut Sha256, part: &[u8]) {
    hasher.update((part.len() as u64).to_be_bytes());
    hasher.update(part);
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn moving_a_byte_between_parts_changes_the_hash() {
        assert_ne!(hash("t", &[b"ab", b"c"]), hash("t", &[b"a", b"bc"]));
        assert_ne!(hash("t", &[b"a"]), hash("t", &[b"a", b""]));
        assert_ne!(hash("ta", &[b""]), hash("t", &[b"a"]));
    }
}
