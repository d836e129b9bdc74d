//! Intents: what an action asks a key to do, as each node saw it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{
    ActionCid, Digest, ErrorCode, NetworkId, PublicKey, RequestId, Signable, Signed, Statement, Transcript,
};

/// A signature scheme.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
pub enum Scheme {
    /// ECDSA on secp256k1 over a 32-byte digest.
    #[serde(rename = "EcdsaK256Sha256")]
    EcdsaK256Sha256,
}

/// What an action asks a key to do.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The running action.
    pub action: ActionCid,
    /// The key.
    pub key: PublicKey,
    /// The scheme.
    pub scheme: Scheme,
    /// The digest to sign.
    pub digest: Digest,
    /// Under which name the caller gets the signature.
    pub name: String,
    /// Hash of the guest that ran the action.
    pub guest: Digest,
}

/// A node's own view of one operation: an intent that it allows, or a refusal.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The action asked for this, and this node allows it.
    Intent(Intent),
    /// The action asked for something that this node refuses.
    Denied(ErrorCode),
}

/// One node's vote on one operation of one execution.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The network.
    pub network: NetworkId,
    /// The committee's epoch.
    pub epoch: u64,
    /// The execution.
    pub request: RequestId,
    /// The operation's number in the run, from 0.
    pub operation: u32,
    /// What the node saw.
    pub verdict: Verdict,
}

impl Signable for Vote {
    const DOMAIN: &'static str = "quorate/vote/v1";
}

/// Hash of a vote without its node: equal on all nodes that saw the same.
pub type IntentHash = Digest;

impl Vote {
    /// The hash by which votes are compared, and which every signing session contains.
    #[must_use]
    pub fn hash(&self) -> IntentHash {
        let bytes = borsh::to_vec(self).expect("memory writes do not fail");
        Digest(Transcript::new("quorate/intent/v1").field(&bytes).finish())
    }

    /// The intent, unless the vote is a refusal.
    #[must_use]
    pub fn intent(&self) -> Option<&Intent> {
        match &self.verdict {
            Verdict::Intent(intent) => Some(intent),
            Verdict::Denied(_) => None,
        }
    }

    /// Name of the first field in which two votes differ.
    #[must_use]
    pub fn first_difference(&self, other: &Vote) -> Option<&'static str> {
        if (self.network, self.epoch, self.request, self.operation)
            != (other.network, other.epoch, other.request, other.operation)
        {
            return Some("operation");
        }
        match (&self.verdict, &other.verdict) {
            (Verdict::Intent(a), Verdict::Intent(b)) => [
                ("guest", a.guest != b.guest),
                ("action", a.action != b.action),
                ("key", a.key != b.key),
                ("scheme", a.scheme != b.scheme),
                ("digest", a.digest != b.digest),
                ("name", a.name != b.name),
            ]
            .into_iter()
            .find_map(|(field, differs)| differs.then_some(field)),
            (Verdict::Denied(a), Verdict::Denied(b)) => (a != b).then_some("refusal"),
            _ => Some("permission"),
        }
    }
}

/// Signed proof of how nodes saw an operation: votes, and ends of runs that never reached it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// Votes on the operation.
    pub votes: Vec<Signed<Vote>>,
    /// Statements of nodes whose runs ended without it.
    pub statements: Vec<Signed<Statement>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote() -> Vote {
        let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap();
        Vote {
            network: NetworkId([1; 32]),
            epoch: 1,
            request: RequestId([2; 32]),
            operation: 0,
            verdict: Verdict::Intent(Intent {
                action: ActionCid::of_code(b"a"),
                key,
                scheme: Scheme::EcdsaK256Sha256,
                digest: Digest([3; 32]),
                name: "sig".to_owned(),
                guest: Digest([4; 32]),
            }),
        }
    }

    #[test]
    fn the_first_differing_field_is_named() {
        let mut other = vote();
        assert_eq!(vote().first_difference(&other), None);
        if let Verdict::Intent(intent) = &mut other.verdict {
            intent.digest = Digest([9; 32]);
            intent.name = "other".to_owned();
        }
        assert_eq!(vote().first_difference(&other), Some("digest"));
        other.verdict = Verdict::Denied(ErrorCode::NotGranted);
        assert_eq!(vote().first_difference(&other), Some("permission"));
        assert_ne!(vote().hash(), other.hash());
    }
}
