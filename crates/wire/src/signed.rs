//! Statements that a node signs with its statement key.

use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{NodeIndex, StatementKey, Transcript};

/// Something that nodes sign. Each kind has a domain of its own, and carries the network id inside.
pub trait Signable: BorshSerialize {
    /// Domain-separation string.
    const DOMAIN: &'static str;
}

/// A signature that does not belong to the node's statement key and this body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad statement signature")]
pub struct BadSignature;

/// A body, the node that signed it, and its signature.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    /// Who signed.
    pub node: NodeIndex,
    /// What was signed.
    pub body: T,
    /// Ed25519 signature.
    #[serde(with = "hex64")]
    signature: [u8; 64],
}

impl<T: Signable> Signed<T> {
    /// Signs a body.
    #[must_use]
    pub fn new(node: NodeIndex, body: T, key: &SigningKey) -> Self {
        let signature = key.sign(&digest(node, &body)).to_bytes();
        Signed { node, body, signature }
    }

    /// Checks the signature under the statement key that the network file gives this node.
    ///
    /// # Errors
    /// [`BadSignature`]; small-order keys and malleated signatures are refused as well.
    pub fn verify(&self, key: &StatementKey) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&key.0).map_err(|_| BadSignature)?;
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&digest(self.node, &self.body), &signature).map_err(|_| BadSignature)
    }
}

fn digest<T: Signable>(node: NodeIndex, body: &T) -> [u8; 32] {
    let mut bytes = Vec::new();
    body.serialize(&mut bytes).expect("memory writes do not fail");
    Transcript::new(T::DOMAIN).number(node.get().into()).field(&bytes).finish()
}

pub(crate) mod hex64 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 64], D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let mut bytes = [0u8; 64];
        hex::decode_to_slice(text.as_bytes(), &mut bytes)
            .map_err(|_| D::Error::custom("expected 128 hexadecimal digits"))?;
        Ok(bytes)
    }
}
