//! What a ciphertext is encrypted to: the text whose threshold value opens it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{Digest, NetworkId, Transcript};

/// The domain of container identities.
const CONTAINER_DOMAIN: &str = "quorate/container-identity/v1";

/// What a ciphertext is encrypted to. A node makes its bytes from the parts, never from bytes of a caller.
///
/// In JSON: `{"lit": {"policy": …, "data": …}}` or `{"container": {"network": …, "policy": …, "salt": …}}`,
/// each part as 64 hexadecimal digits.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Identity {
    /// The identity of Lit's ciphertexts. It names no network: the root alone tells networks apart.
    Lit {
        /// SHA-256 of the canonical conditions.
        policy: Digest,
        /// SHA-256 of the plaintext. It gives a short secret away.
        data: Digest,
    },
    /// The identity of our containers.
    Container {
        /// The network whose root the file key is encrypted to.
        network: NetworkId,
        /// SHA-256 of the canonical policy.
        policy: Digest,
        /// Drawn anew for each container.
        #[serde(with = "digits")]
        salt: [u8; 32],
    },
}

impl Identity {
    /// The ASCII text that is hashed to the curve.
    ///
    /// - Of [`Identity::Lit`], `lit-accesscontrolcondition://<policy>/<data>`.
    /// - Of [`Identity::Container`], `quorate-container://<hash>`, of the [`Transcript`] with the domain
    ///   `quorate/container-identity/v1` and the fields network, policy, salt.
    ///
    /// Hashes are lower-case hexadecimal without `0x`. The two forms begin differently, so neither can be the other.
    ///
    /// ```
    /// use quorate_wire::{Digest, Identity};
    /// let identity = Identity::Lit { policy: Digest([0xab; 32]), data: Digest([0x01; 32]) };
    /// assert!(identity.bytes().starts_with(b"lit-accesscontrolcondition://abab"));
    /// ```
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Lit { policy, data } => {
                format!("lit-accesscontrolcondition://{}/{}", hex::encode(policy.0), hex::encode(data.0))
            }
            Self::Container { network, policy, salt } => {
                let hash = Transcript::new(CONTAINER_DOMAIN).field(&network.0).field(&policy.0).field(salt);
                format!("quorate-container://{}", hex::encode(hash.finish()))
            }
        }
        .into_bytes()
    }

    /// The hash by which nodes name it to each other: transcript `quorate/identity/v1` over its bytes.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest(Transcript::new("quorate/identity/v1").field(&self.bytes()).finish())
    }

    /// The hash of the policy.
    #[must_use]
    pub fn policy(&self) -> Digest {
        match self {
            Self::Lit { policy, .. } | Self::Container { policy, .. } => *policy,
        }
    }
}

/// Thirty-two bytes as hexadecimal digits.
mod digits {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::Digest;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        Digest::deserialize(deserializer).map(|digest| digest.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIT: Identity = Identity::Lit { policy: Digest([0xab; 32]), data: Digest([0x01; 32]) };
    const CONTAINER: Identity =
        Identity::Container { network: NetworkId([2; 32]), policy: Digest([3; 32]), salt: [4; 32] };

    #[test]
    fn texts_are_what_they_always_were() {
        let lit = format!("lit-accesscontrolcondition://{}/{}", "ab".repeat(32), "01".repeat(32));
        assert_eq!(String::from_utf8(LIT.bytes()).unwrap(), lit);
        let container = String::from_utf8(CONTAINER.bytes()).unwrap();
        assert_eq!(
            container,
            "quorate-container://564e5db7293978e9c84784ef763d92418639b47f1264d082f0c370af7fe0827e"
        );
        assert_eq!(CONTAINER.policy(), Digest([3; 32]));
    }

    #[test]
    fn each_part_changes_the_bytes() {
        let (network, policy, salt) = (NetworkId([2; 32]), Digest([3; 32]), [4; 32]);
        for other in [
            Identity::Container { network: NetworkId([3; 32]), policy, salt },
            Identity::Container { network, policy: Digest([2; 32]), salt },
            Identity::Container { network, policy, salt: [5; 32] },
            Identity::Container { network: NetworkId(policy.0), policy: Digest(network.0), salt },
        ] {
            assert_ne!(other.bytes(), CONTAINER.bytes());
        }
    }

    #[test]
    fn encodings_are_what_they_always_were() {
        for (identity, tag) in [(LIT, 0_u8), (CONTAINER, 1)] {
            let bytes = borsh::to_vec(&identity).unwrap();
            assert_eq!(bytes[0], tag);
            assert_eq!(borsh::from_slice::<Identity>(&bytes).unwrap(), identity);
            let json = serde_json::to_string(&identity).unwrap();
            assert_eq!(serde_json::from_str::<Identity>(&json).unwrap(), identity);
        }
        let all = [&[1_u8][..], &[2; 32], &[3; 32], &[4; 32]].concat();
        assert_eq!(borsh::to_vec(&CONTAINER).unwrap(), all);
        let all = [&[0_u8][..], &[0xab; 32], &[0x01; 32]].concat();
        assert_eq!(borsh::to_vec(&LIT).unwrap(), all);
        let json = format!(
            r#"{{"container":{{"network":"{}","policy":"0x{}","salt":"{}"}}}}"#,
            "02".repeat(32),
            "03".repeat(32),
            "04".repeat(32)
        );
        assert_eq!(serde_json::to_string(&CONTAINER).unwrap(), json);
        let more = json.replace("\"salt\"", "\"more\":1,\"salt\"");
        assert!(serde_json::from_str::<Identity>(&more).is_err());
        assert!(serde_json::from_str::<Identity>(&json.replace("0404", "04")).is_err());
    }
}
