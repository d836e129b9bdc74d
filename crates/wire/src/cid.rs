//! The name of an action: the IPFS CIDv0 of its source as a UnixFS file.
//!
//! Chunks of 262,144 bytes, balanced layout with 174 links a node, leaves wrapped in UnixFS: what
//! `ipfs add` does by default, so that a CID of ours is the CID that any IPFS tool prints.

use std::{fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

use crate::ids::ParseIdError;

const CHUNK_BYTES: usize = 262_144;
const LINKS_MAX: usize = 174;
/// Multihash prefix: SHA-256, 32 bytes.
const SHA2_256: [u8; 2] = [0x12, 0x20];

/// IPFS CIDv0 of an action's source. The value is the SHA-256 digest inside its multihash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ActionCid([u8; 32]);

impl ActionCid {
    /// Computes the CID of a source text of any length.
    #[must_use]
    pub fn of_code(code: &[u8]) -> Self {
        let mut level: Vec<Node> = if code.is_empty() {
            vec![Node::leaf(&[])]
        } else {
            code.chunks(CHUNK_BYTES).map(Node::leaf).collect()
        };
        while level.len() > 1 {
            level = level.chunks(LINKS_MAX).map(Node::branch).collect();
        }
        ActionCid(level[0].digest)
    }

    /// The 34-byte multihash, as grants on chain name an action.
    #[must_use]
    pub fn multihash(&self) -> [u8; 34] {
        let mut bytes = [0u8; 34];
        bytes[..2].copy_from_slice(&SHA2_256);
        bytes[2..].copy_from_slice(&self.0);
        bytes
    }

    /// Reads a 34-byte multihash.
    ///
    /// # Errors
    /// [`ParseIdError`] unless it is a SHA-256 multihash.
    pub fn from_multihash(bytes: &[u8]) -> Result<Self, ParseIdError> {
        match bytes.strip_prefix(&SHA2_256).map(<[u8; 32]>::try_from) {
            Some(Ok(digest)) => Ok(ActionCid(digest)),
            _ => Err(ParseIdError { expected: "a SHA-256 multihash of 34 bytes" }),
        }
    }
}

/// What a parent needs of a DAG node.
struct Node {
    digest: [u8; 32],
    /// Bytes of the file below this node.
    file_bytes: u64,
    /// Bytes of all blocks below and including this node (`Tsize` of a link to it).
    total_bytes: u64,
}

impl Node {
    fn leaf(chunk: &[u8]) -> Node {
        let mut unixfs = vec![0x08, 0x02];
        if !chunk.is_empty() {
            put_bytes(&mut unixfs, 0x12, chunk);
        }
        put_number(&mut unixfs, 0x18, chunk.len() as u64);
        let mut block = Vec::with_capacity(unixfs.len() + 8);
        put_bytes(&mut block, 0x0a, &unixfs);
        Node {
            digest: Sha256::digest(&block).into(),
            file_bytes: chunk.len() as u64,
            total_bytes: block.len() as u64,
        }
    }

    fn branch(children: &[Node]) -> Node {
        let mut block = Vec::new();
        let mut unixfs = vec![0x08, 0x02];
        let file_bytes = children.iter().map(|child| child.file_bytes).sum();
        put_number(&mut unixfs, 0x18, file_bytes);
        for child in children {
            let mut link = Vec::new();
            put_bytes(&mut link, 0x0a, &ActionCid(child.digest).multihash());
            put_bytes(&mut link, 0x12, b"");
            put_number(&mut link, 0x18, child.total_bytes);
            put_bytes(&mut block, 0x12, &link);
            put_number(&mut unixfs, 0x20, child.file_bytes);
        }
        put_bytes(&mut block, 0x0a, &unixfs);
        let below: u64 = children.iter().map(|child| child.total_bytes).sum();
        Node { digest: Sha256::digest(&block).into(), file_bytes, total_bytes: below + block.len() as u64 }
    }
}

/// Protobuf length-delimited field.
fn put_bytes(out: &mut Vec<u8>, key: u8, bytes: &[u8]) {
    put_number(out, key, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Protobuf key and varint.
fn put_number(out: &mut Vec<u8>, key: u8, mut value: u64) {
    out.push(key);
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

impl fmt::Display for ActionCid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.multihash()).into_string())
    }
}

impl fmt::Debug for ActionCid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ActionCid {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let expected = ParseIdError { expected: "an IPFS CIDv0 of an action (46 characters, `Qm…`)" };
        if text.len() != 46 {
            return Err(expected);
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| expected.clone())?;
        ActionCid::from_multihash(&bytes).map_err(|_| expected)
    }
}

impl Serialize for ActionCid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActionCid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_what_ipfs_add_prints() {
        assert_eq!(ActionCid::of_code(b"").to_string(), "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
        assert_eq!(
            ActionCid::of_code(b"hello world\n").to_string(),
            "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"
        );
    }

    #[test]
    fn refuses_other_names() {
        for text in ["", "Qm", "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"] {
            assert!(text.parse::<ActionCid>().is_err(), "{text}");
        }
        assert!(ActionCid::from_multihash(&[0x12; 34]).is_err());
    }
}
