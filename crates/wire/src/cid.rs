//! The name of an action: the IPFS CIDv0 of its source as a UnixFS file, as `ipfs add` prints it.
//!
//! One name has several texts. We write the CIDv0 (`Qm…`) and read, beside it, the CIDv1 of the same block.

mod alias;
mod unixfs;

use std::{fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::ids::ParseIdError;
use unixfs::{CHUNK_BYTES, LINKS_MAX, Node};

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
        multihash(&self.0)
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

fn multihash(digest: &[u8; 32]) -> [u8; 34] {
    let mut bytes = [0u8; 34];
    bytes[..2].copy_from_slice(&SHA2_256);
    bytes[2..].copy_from_slice(digest);
    bytes
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

    /// Reads a CIDv0, or a CIDv1 of dag-pb in base32 (`b…`), base36 (`k…`), base58btc (`z…`) or base16 (`f…`).
    ///
    /// # Errors
    /// [`ParseIdError`], which says so if the CID is one of raw blocks. Such a CID hashes the bare bytes of the file
    /// and has no relation to the CIDv0 of the same file without these bytes: taken for a name, it would be
    /// a second one that no grant knows.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.starts_with("Qm") {
            let bytes = (text.len() == 46).then(|| bs58::decode(text).into_vec().ok()).flatten();
            return bytes
                .and_then(|bytes| ActionCid::from_multihash(&bytes).ok())
                .ok_or(ParseIdError { expected: EXPECTED });
        }
        alias::parse(text)
    }
}

const EXPECTED: &str =
    "an IPFS CID of an action: `Qm…` (46 characters), or its CIDv1 in base32, base36, base58btc or base16";

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
        for text in ["", "Q", "Qm", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQ0", "action.js"] {
            assert!(text.parse::<ActionCid>().is_err(), "{text}");
        }
        assert!(ActionCid::from_multihash(&[0x12; 34]).is_err());
    }
}
