//! Logins: how a caller shows that a wallet allows the session key to do named things.

use std::{fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{
    ActionCid, Digest, ErrorCode, NetworkId, Problem, PublicKey, SessionKey, Transcript,
    ids::ParseIdError,
    limits::{LOGIN_MESSAGE_BYTES_MAX, LOGIN_SIGNATURE_BYTES_MAX},
};

/// Kinds of login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginKind {
    /// An Ethereum wallet, by SIWE.
    Wallet,
}

/// A wallet's login: a SIWE text (EIP-4361) signed by EIP-191, whose URI is the session key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletLogin {
    /// The kind of login.
    pub kind: LoginKind,
    /// The SIWE text as it was signed.
    pub message: String,
    /// The wallet's 65-byte signature in hexadecimal digits.
    pub signature: String,
    /// The caller's randomness inside the nonce.
    pub rz: Digest,
}

impl LoginKind {
    /// The text form, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LoginKind::Wallet => "wallet",
        }
    }
}

impl WalletLogin {
    /// The hash by which a request names its login: of every byte of it, as sent.
    ///
    /// Transcript `quorate/login/v1` over kind, text, signature as text, and the caller's randomness.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let transcript = Transcript::new("quorate/login/v1")
            .field(self.kind.as_str().as_bytes())
            .field(self.message.as_bytes())
            .field(self.signature.as_bytes())
            .field(&self.rz.0);
        Digest(transcript.finish())
    }

    /// Checks that no part of it is longer than any login's: before it is hashed or parsed.
    ///
    /// # Errors
    /// `login_invalid`.
    pub fn check_bounds(&self) -> Result<(), Problem> {
        let long = |detail: String| Err(Problem::new(ErrorCode::LoginInvalid, detail));
        if self.message.len() > LOGIN_MESSAGE_BYTES_MAX {
            return long(format!("the login's text has more than {LOGIN_MESSAGE_BYTES_MAX} bytes"));
        }
        if self.signature.len() > LOGIN_SIGNATURE_BYTES_MAX {
            return long(format!("the login's signature has more than {LOGIN_SIGNATURE_BYTES_MAX} bytes"));
        }
        Ok(())
    }

    /// Checks that it is the login that a request names. A session key alone names none: any wallet can sign a
    /// login for the key of somebody else.
    ///
    /// # Errors
    /// `login_invalid` if it is too long, `login_mismatch` if it is another.
    pub fn check_named(&self, named: &Digest) -> Result<(), Problem> {
        self.check_bounds()?;
        if self.hash() == *named { Ok(()) } else { Err(Problem::of(ErrorCode::LoginMismatch)) }
    }
}

/// The key that a capability is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapabilityKey {
    /// This key.
    Named(PublicKey),
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
/// `quorate:key/<hex or *>/action/<CID or *>`, `quorate:decrypt/<policy hash or *>` and
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
        const EXPECTED: &str = "quorate:key/<hex or *>/action/<CID or *>, quorate:decrypt/<policy hash or *> or \
                                quorate:decrypt/<policy hash>/action/<CID>";
        let expected = || ParseIdError { expected: EXPECTED };
        let capability = if let Some(rest) = text.strip_prefix("quorate:key/") {
            let (key, action) = rest.split_once("/action/").ok_or_else(expected)?;
            let key = if key == "*" { CapabilityKey::Any } else { CapabilityKey::Named(key.parse()?) };
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

/// The nonce of a login: it binds the signed text to this network, session key, end and capabilities,
/// so that a node that sees the login can do nothing with it.
///
/// SHA-256 over `quorate/login-v1`, network id, audience, session key, expiry in milliseconds,
/// capabilities' hash and the caller's randomness, each length-prefixed, as hexadecimal digits:
/// EIP-4361 allows only letters and digits in a nonce.
#[must_use]
pub fn login_nonce(network: &NetworkId, audience: &str, login: &LoginTerms<'_>) -> String {
    let hash = Transcript::new("quorate/login-v1")
        .field(&network.0)
        .field(audience.as_bytes())
        .field(&login.session.0)
        .number(login.expires_ms)
        .field(&capabilities_hash(login.capabilities))
        .field(&login.rz.0)
        .finish();
    hex::encode(hash)
}

/// What a login's nonce binds, beside network and audience.
#[derive(Debug, Clone, Copy)]
pub struct LoginTerms<'a> {
    /// The session key.
    pub session: SessionKey,
    /// End of the session, in milliseconds since the epoch.
    pub expires_ms: u64,
    /// What the session may do, in the order of the SIWE text.
    pub capabilities: &'a [Capability],
    /// The caller's randomness.
    pub rz: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> WalletLogin {
        let (message, signature) = ("text".to_owned(), "0x01".to_owned());
        WalletLogin { kind: LoginKind::Wallet, message, signature, rz: Digest([3; 32]) }
    }

    #[test]
    fn the_hash_of_a_login_is_frozen_and_of_all_its_bytes() {
        let good = login();
        assert_eq!(
            good.hash().to_string(),
            "0x4c29b6fc2de9d00f81e452ea6359db47feadd7d142971210353f6a82fee27c06"
        );
        let others = [
            WalletLogin { message: "tex".to_owned(), signature: "t0x01".to_owned(), ..login() },
            WalletLogin { message: "texT".to_owned(), ..login() },
            WalletLogin { signature: "0X01".to_owned(), ..login() },
            WalletLogin { rz: Digest([4; 32]), ..login() },
        ];
        for other in others {
            assert_ne!(other.hash(), good.hash());
            assert_eq!(other.check_named(&good.hash()).unwrap_err().code, ErrorCode::LoginMismatch);
        }
        assert_eq!(good.check_named(&good.hash()), Ok(()));
    }

    #[test]
    fn a_long_login_is_refused_before_it_is_hashed() {
        let long = |mut login: WalletLogin, text: usize, signature: usize| {
            login.message = "x".repeat(text);
            login.signature = "0".repeat(signature);
            // It would be the named one, if anybody hashed it.
            login.check_named(&login.hash()).err().map(|problem| problem.code)
        };
        let most = (LOGIN_MESSAGE_BYTES_MAX, LOGIN_SIGNATURE_BYTES_MAX);
        assert_eq!(long(login(), most.0, most.1), None);
        assert_eq!(long(login(), most.0 + 1, 1), Some(ErrorCode::LoginInvalid));
        assert_eq!(long(login(), 1, most.1 + 1), Some(ErrorCode::LoginInvalid));
    }

    #[test]
    fn capabilities_have_one_text_each() {
        let cid = ActionCid::of_code(b"x");
        let text = format!("quorate:key/*/action/{cid}");
        assert_eq!(text.parse::<Capability>().unwrap().to_string(), text);
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
