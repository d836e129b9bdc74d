//! The keys of a node: made once, each in its own file.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;
use quorate_wire::{Address, FoundingNode, PublicKey, StatementKey, TransportKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    entropy,
    secret_file::{self, SecretFileError},
};

/// Where a node's keys are. Relative paths are relative to the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyFiles {
    /// Ed25519 key of the connections to other nodes.
    pub transport: PathBuf,
    /// Ed25519 key with which the node signs statements.
    pub statement: PathBuf,
    /// secp256k1 key of the node's account on the chain, which votes.
    pub chain: PathBuf,
    /// 32 bytes that seal what the node stores. Keep it apart from the data folder.
    pub sealing: PathBuf,
}

impl Default for KeyFiles {
    fn default() -> Self {
        KeyFiles {
            transport: "keys/transport.key".into(),
            statement: "keys/statement.key".into(),
            chain: "keys/chain.key".into(),
            sealing: "keys/sealing.key".into(),
        }
    }
}

/// The secret keys of one node.
pub struct NodeKeys {
    /// Key of the connections to other nodes.
    pub transport: SigningKey,
    /// Key of statements.
    pub statement: SigningKey,
    /// Key of the node's account on the chain.
    pub chain: k256::ecdsa::SigningKey,
    /// Seals the store.
    pub sealing: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for NodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeKeys").field("public", &self.public()).finish_non_exhaustive()
    }
}

impl NodeKeys {
    /// Loads all keys.
    ///
    /// # Errors
    /// [`SecretFileError`] if a file is missing, readable by others, or not a key.
    pub fn load(files: &KeyFiles) -> Result<Self, SecretFileError> {
        Ok(NodeKeys {
            transport: SigningKey::from_bytes(&*secret_file::read_secret(&files.transport)?),
            statement: SigningKey::from_bytes(&*secret_file::read_secret(&files.statement)?),
            chain: load_chain_key(&files.chain)?,
            sealing: secret_file::read_secret(&files.sealing)?,
        })
    }

    /// Makes every key whose file is not there yet, and loads all of them. Folders are made as needed.
    ///
    /// # Errors
    /// [`SecretFileError`] as for [`NodeKeys::load`], and if a file cannot be written.
    pub fn load_or_create(files: &KeyFiles) -> Result<Self, SecretFileError> {
        for path in [&files.transport, &files.statement, &files.chain, &files.sealing] {
            if secret_file::exists(path)? {
                continue;
            }
            if let Some(folder) = path.parent() {
                crate::config::make_private_folder(folder)
                    .map_err(|source| SecretFileError::Io { path: folder.to_owned(), source })?;
            }
            let mut secret = Zeroizing::new([0u8; 32]);
            loop {
                entropy::fill(secret.as_mut_slice());
                // All but one in 2^128 byte strings are keys of the curve; the other keys take any.
                if k256::SecretKey::from_slice(secret.as_slice()).is_ok() {
                    break;
                }
            }
            secret_file::create_secret(path, &secret)?;
        }
        NodeKeys::load(files)
    }

    /// What the network file says about a node with these keys.
    #[must_use]
    pub fn public(&self) -> FoundingNode {
        FoundingNode {
            transport_key: TransportKey(self.transport.verifying_key().to_bytes()),
            statement_key: StatementKey(self.statement.verifying_key().to_bytes()),
            chain_address: self.chain_address(),
        }
    }

    fn chain_address(&self) -> Address {
        let point = self.chain.verifying_key().to_sec1_point(true);
        PublicKey::from_sec1(point.as_bytes()).expect("a verifying key is a point of the curve").address()
    }
}

/// Loads the key of an account on the chain.
pub(crate) fn load_chain_key(path: &Path) -> Result<k256::ecdsa::SigningKey, SecretFileError> {
    let secret = secret_file::read_secret(path)?;
    k256::ecdsa::SigningKey::from_slice(secret.as_slice())
        .map_err(|_| SecretFileError::Invalid { path: path.to_owned(), what: "secp256k1 key" })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::testing::TestFolder;

    fn files(folder: &TestFolder) -> KeyFiles {
        let at = |name: &str| folder.path().join("keys").join(name);
        KeyFiles { transport: at("t"), statement: at("s"), chain: at("c"), sealing: at("z") }
    }

    #[test]
    fn keys_are_made_once_and_stay() {
        let folder = TestFolder::new();
        let files = files(&folder);
        assert!(NodeKeys::load(&files).is_err());
        let first = NodeKeys::load_or_create(&files).unwrap();
        let second = NodeKeys::load_or_create(&files).unwrap();
        assert_eq!(first.public(), second.public());
        assert_eq!(first.sealing, second.sealing);
        assert_ne!(first.transport.to_bytes(), first.statement.to_bytes());
        assert_eq!(std::fs::metadata(&files.chain).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(!format!("{first:?}").contains(&hex::encode(first.transport.to_bytes())));
    }

    #[test]
    fn refuses_secret_that_others_can_read() {
        let folder = TestFolder::new();
        let files = files(&folder);
        NodeKeys::load_or_create(&files).unwrap();
        std::fs::set_permissions(&files.statement, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = NodeKeys::load(&files).unwrap_err();
        assert!(matches!(error, SecretFileError::Mode { mode: 0o640, .. }), "{error}");
    }

    #[test]
    fn refuses_files_that_are_not_a_key() {
        let folder = TestFolder::new();
        let files = files(&folder);
        NodeKeys::load_or_create(&files).unwrap();
        for text in ["", "zz", &"0".repeat(63), &"0".repeat(66)] {
            std::fs::write(&files.sealing, text).unwrap();
            assert!(matches!(NodeKeys::load(&files), Err(SecretFileError::Form { .. })), "{text:?}");
        }
        std::fs::write(&files.sealing, "1".repeat(64)).unwrap();
        std::fs::write(&files.chain, "0".repeat(64)).unwrap();
        assert!(matches!(NodeKeys::load(&files), Err(SecretFileError::Invalid { .. })));
    }
}
