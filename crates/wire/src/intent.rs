//! Intents: what an action asks a key to do, as each node saw it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{
    ActionCid, Digest, ErrorCode, Identity, NetworkId, OperationNumber, PublicKey, RequestId, Signable,
    Signed, Statement, Transcript,
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

impl Scheme {
    /// The number that upstream and the registry give it.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Scheme::EcdsaK256Sha256 => 2,
        }
    }
}

/// From what the digest of an intent was made. What is not a bare digest, each node hashed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A bare digest of the action's own making.
    Digest,
    /// A text, under the prefix of EIP-191.
    Personal,
    /// Bytes that the action signs with its own key, under the domain of such signatures.
    Action,
    /// A text under the prefix of EIP-191 that is to be taken for somebody's login.
    Login,
}

/// For whom a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The caller: it is in the reply of a run that came to its end.
    Caller,
    /// The action alone, which decides what becomes of it.
    Action,
}

/// What an action asks a key to do.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Which operation of the execution it is.
    pub operation: OperationNumber,
    /// The running action; of a child run, the child's.
    pub action: ActionCid,
    /// The key.
    pub key: PublicKey,
    /// The scheme.
    pub scheme: Scheme,
    /// From what the digest was made.
    pub kind: MessageKind,
    /// The digest to sign.
    pub digest: Digest,
    /// The signature's name.
    pub name: String,
    /// For whom it is.
    pub recipient: Recipient,
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
    /// The action gave a value of this node, to have it collected. Values may differ.
    Observed {
        /// The action's name for it.
        name: String,
        /// The value.
        value: String,
    },
    /// The action asked for a function to be run by one node, and its value to be taken by all.
    Once {
        /// The action's name for it.
        name: String,
    },
    /// The action asked for a ciphertext to be opened, and this node's own reading of its policy allows it. The share
    /// goes to members in a message of its own: a vote may be shown to callers.
    Open {
        /// What it is under.
        identity: Identity,
        /// Who is given the plaintext.
        to: OpenTo,
    },
    /// The action asked for a value that nobody knows before t nodes have come to it. Partials differ.
    Draw {
        /// This node's partial of the value.
        partial: ValuePoint,
    },
}

/// Whose runs are given a plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenTo {
    /// Those of all nodes.
    All,
    /// That of one node, which the operation's number chooses among those that are there.
    One,
}

/// A point of BLS12-381's G2, compressed: a node's partial of a threshold value, or the value. Unchecked bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct ValuePoint(pub [u8; 96]);

impl std::fmt::Debug for ValuePoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It is as secret as the value, until t of them are out.
        f.write_str("ValuePoint")
    }
}

impl Serialize for ValuePoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("0x{}", hex::encode(self.0)))
    }
}

impl<'de> Deserialize<'de> for ValuePoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("a point begins with 0x"))?;
        let mut bytes = [0u8; 96];
        hex::decode_to_slice(digits, &mut bytes).map_err(D::Error::custom)?;
        Ok(ValuePoint(bytes))
    }
}

/// A body that an action was answered with.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Scheme, host and path of the address; what follows may be a secret of the caller's.
    pub url: String,
    /// SHA-256 of the whole address.
    pub url_hash: Digest,
    /// HTTP status; 0 if there was no answer.
    pub status: u16,
    /// SHA-256 of the body, before the action had it.
    pub body: Digest,
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
    /// The operation.
    pub operation: OperationNumber,
    /// What the node saw.
    pub verdict: Verdict,
    /// What its run had been answered with by other servers, the newest last. It is no part of what is
    /// compared: it tells why nodes differ.
    pub seen: Vec<Seen>,
}

impl Signable for Vote {
    const DOMAIN: &'static str = "quorate/vote/v1";
}

/// Hash of a vote without its node, and without what may differ: equal on all nodes that saw the same.
pub type IntentHash = Digest;

impl Vote {
    /// The hash by which votes are compared, and which every signing session contains.
    #[must_use]
    pub fn hash(&self) -> IntentHash {
        let verdict = match &self.verdict {
            Verdict::Observed { name, .. } => Verdict::Observed { name: name.clone(), value: String::new() },
            Verdict::Draw { .. } => Verdict::Draw { partial: ValuePoint([0; 96]) },
            Verdict::Intent(_) | Verdict::Denied(_) | Verdict::Once { .. } | Verdict::Open { .. } => {
                self.verdict.clone()
            }
        };
        let compared = Vote { verdict, seen: Vec::new(), ..self.clone() };
        let bytes = borsh::to_vec(&compared).expect("memory writes do not fail");
        Digest(Transcript::new("quorate/intent/v1").field(&bytes).finish())
    }

    /// Hash of everything that the vote says: it names one set of observations.
    #[must_use]
    pub fn full_hash(&self) -> Digest {
        let bytes = borsh::to_vec(self).expect("memory writes do not fail");
        Digest(Transcript::new("quorate/vote-in-full/v1").field(&bytes).finish())
    }

    /// The intent, unless the vote is a refusal.
    #[must_use]
    pub fn intent(&self) -> Option<&Intent> {
        match &self.verdict {
            Verdict::Intent(intent) => Some(intent),
            Verdict::Denied(_)
            | Verdict::Observed { .. }
            | Verdict::Once { .. }
            | Verdict::Draw { .. }
            | Verdict::Open { .. } => None,
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
                ("kind", a.kind != b.kind),
                ("digest", a.digest != b.digest),
                ("name", a.name != b.name),
                ("recipient", a.recipient != b.recipient),
            ]
            .into_iter()
            .find_map(|(field, differs)| differs.then_some(field)),
            (Verdict::Denied(a), Verdict::Denied(b)) => (a != b).then_some("refusal"),
            (Verdict::Observed { name: a, .. }, Verdict::Observed { name: b, .. })
            | (Verdict::Once { name: a }, Verdict::Once { name: b }) => (a != b).then_some("name"),
            (Verdict::Draw { .. }, Verdict::Draw { .. }) => None,
            (Verdict::Open { identity: a, to: x }, Verdict::Open { identity: b, to: y }) => {
                if a != b {
                    Some("identity")
                } else {
                    (x != y).then_some("recipient")
                }
            }
            (Verdict::Intent(_) | Verdict::Open { .. }, Verdict::Denied(_))
            | (Verdict::Denied(_), Verdict::Intent(_) | Verdict::Open { .. }) => Some("permission"),
            _ => Some("function"),
        }
    }
}

/// What a problem's detail says where nodes differ because they do not run the same: no caller can mend it.
pub const GUESTS_DIFFER: &str =
    "the nodes run different builds of the JavaScript engine; their operators have to run one release on all";

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
            operation: OperationNumber::FIRST,
            seen: Vec::new(),
            verdict: Verdict::Intent(Intent {
                operation: OperationNumber::FIRST,
                action: ActionCid::of_code(b"a"),
                key,
                scheme: Scheme::EcdsaK256Sha256,
                kind: MessageKind::Digest,
                digest: Digest([3; 32]),
                name: "sig".to_owned(),
                recipient: Recipient::Caller,
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
        let mut kept = vote();
        if let Verdict::Intent(intent) = &mut kept.verdict {
            intent.recipient = Recipient::Action;
        }
        assert_eq!(vote().first_difference(&kept), Some("recipient"));
        assert_ne!(vote().hash(), kept.hash());
        assert_eq!(vote().first_difference(&other), Some("digest"));
        other.verdict = Verdict::Denied(ErrorCode::NotGranted);
        assert_eq!(vote().first_difference(&other), Some("permission"));
        assert_ne!(vote().hash(), other.hash());
        other.verdict = Verdict::Once { name: String::new() };
        assert_eq!(vote().first_difference(&other), Some("function"));
    }

    #[test]
    fn values_and_what_was_seen_are_signed_but_not_compared() {
        let observed = |value: &str| Vote {
            verdict: Verdict::Observed { name: "price".to_owned(), value: value.to_owned() },
            ..vote()
        };
        let mut other = observed("2");
        other.seen.push(Seen {
            url: "https://prices.example".to_owned(),
            url_hash: Digest([1; 32]),
            status: 200,
            body: Digest([2; 32]),
        });
        assert_eq!(observed("1").hash(), other.hash());
        assert_eq!(observed("1").first_difference(&other), None);
        let draw = |byte| Vote { verdict: Verdict::Draw { partial: ValuePoint([byte; 96]) }, ..vote() };
        assert_eq!(draw(1).hash(), draw(2).hash());
        assert_eq!(draw(1).first_difference(&draw(2)), None);
        assert_ne!(draw(1).full_hash(), draw(2).full_hash());
        assert_eq!(draw(1).first_difference(&observed("1")), Some("function"));
        assert_ne!(observed("1").full_hash(), observed("2").full_hash());
    }
}
