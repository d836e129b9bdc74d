//! What a session may do, one text for each thing.

use std::{fmt, str::FromStr};

use crate::{ActionCid, Digest, PublicKey, Transcript, ids::ParseIdError};

/// The key that a capability is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapabilityKey {
    /// This key.
    Named(PublicKey),
    /// Any key on which the login itself has the grant. What it names is settled by what is granted, so that a login can be
    /// for a key that does not exist yet.
    Own,
    /// Any key. Never authority to use one: only to run the action.
    Any,
}

/// The action that a capability is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapabilityAction {
    /// This action.
    Named(ActionCid),
    /// Any action.
    Any,
}

/// The policy that a capability to open is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapabilityPolicy {
    /// The policy of this hash.
    Named(Digest),
    /// Any policy. It counts where the caller itself asks, never inside an action.
    Any,
}

/// One thing that a session may do.
///
/// Text forms, each a resource of the SIWE text:
/// `quorate:key/<hex, own or *>/action/<CID or *>`, `quorate:decrypt/<policy hash or *>` and
/// `quorate:decrypt/<policy hash>/action/<CID>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Run this action, which may use this key.
    Use {
        /// The key.
        key: CapabilityKey,
        /// The action.
        action: CapabilityAction,
    },
    /// Have what is under this policy opened, as the person behind the login.
    Decrypt {
        /// The policy.
        policy: CapabilityPolicy,
    },
    /// Have this action open what is under this policy, as the person behind the login.
    DecryptIn {
        /// The policy's hash.
        policy: Digest,
        /// The action.
        action: ActionCid,
    },
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |policy: &Digest| hex::encode(policy.0);
        match self {
            Capability::Use { key, action } => {
                match key {
                    CapabilityKey::Named(key) => write!(f, "quorate:key/{key}")?,
                    CapabilityKey::Own => f.write_str("quorate:key/own")?,
                    CapabilityKey::Any => f.write_str("quorate:key/*")?,
                }
                match action {
                    CapabilityAction::Named(action) => write!(f, "/action/{action}"),
                    CapabilityAction::Any => f.write_str("/action/*"),
                }
            }
            Capability::Decrypt { policy: CapabilityPolicy::Any } => f.write_str("quorate:decrypt/*"),
            Capability::Decrypt { policy: CapabilityPolicy::Named(policy) } => {
                write!(f, "quorate:decrypt/{}", digits(policy))
            }
            Capability::DecryptIn { policy, action } => {
                write!(f, "quorate:decrypt/{}/action/{action}", digits(policy))
            }
        }
    }
}

impl FromStr for Capability {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        const EXPECTED: &str = "quorate:key/<hex, own or *>/action/<CID or *>, quorate:decrypt/<policy hash or *> or \
                                quorate:decrypt/<policy hash>/action/<CID>";
        let expected = || ParseIdError { expected: EXPECTED };
        let capability = if let Some(rest) = text.strip_prefix("quorate:key/") {
            let (key, action) = rest.split_once("/action/").ok_or_else(expected)?;
            let key = match key {
                "*" => CapabilityKey::Any,
                "own" => CapabilityKey::Own,
                named => CapabilityKey::Named(named.parse()?),
            };
            let action =
                if action == "*" { CapabilityAction::Any } else { CapabilityAction::Named(action.parse()?) };
            Capability::Use { key, action }
        } else {
            let rest = text.strip_prefix("quorate:decrypt/").ok_or_else(expected)?;
            match rest.split_once("/action/") {
                Some((policy, action)) => {
                    Capability::DecryptIn { policy: policy.parse()?, action: action.parse()? }
                }
                None if rest == "*" => Capability::Decrypt { policy: CapabilityPolicy::Any },
                None => Capability::Decrypt { policy: CapabilityPolicy::Named(rest.parse()?) },
            }
        };
        // One text for each capability: what the wallet showed is what is checked.
        if capability.to_string() == text { Ok(capability) } else { Err(expected()) }
    }
}

/// Hash of a session's capabilities, in the order of the SIWE text.
#[must_use]
pub fn capabilities_hash(capabilities: &[Capability]) -> [u8; 32] {
    let mut transcript = Transcript::new("quorate/capabilities/v1");
    for capability in capabilities {
        transcript = transcript.field(capability.to_string().as_bytes());
    }
    transcript.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_have_one_text_each() {
        let cid = ActionCid::of_code(b"x");
        for text in [format!("quorate:key/*/action/{cid}"), format!("quorate:key/own/action/{cid}")] {
            assert_eq!(text.parse::<Capability>().unwrap().to_string(), text);
        }
        let policy = "5".repeat(64);
        for text in [
            "quorate:decrypt/*".to_owned(),
            format!("quorate:decrypt/{policy}"),
            format!("quorate:decrypt/{policy}/action/{cid}"),
        ] {
            assert_eq!(text.parse::<Capability>().unwrap().to_string(), text);
        }
        for other in [
            "quorate:decrypt".to_owned(),
            "quorate:decrypt/".to_owned(),
            format!("quorate:decrypt/0x{policy}"),
            format!("quorate:decrypt/{}", "A".repeat(64)),
            format!("quorate:decrypt/*/action/{cid}"),
            format!("quorate:decrypt/{policy}/action/*"),
            "quorate:key/*/action".to_owned(),
        ] {
            assert!(other.parse::<Capability>().is_err(), "{other}");
        }
        let upper =
            "quorate:key/0X0279BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798/action/*";
        assert!(upper.parse::<Capability>().is_err());
    }
}
