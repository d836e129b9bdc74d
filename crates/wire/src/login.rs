//! Logins: how a caller shows that somebody allows the session key to do named things.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::value::RawValue;

use crate::{
    Address, BlockRef, Capability, Digest, ErrorCode, NetworkId, Problem, SessionKey, Transcript,
    capability::capabilities_hash,
    limits::{
        CAPABILITIES_MAX, LOGIN_BYTES_MAX, LOGIN_MESSAGE_BYTES_MAX, LOGIN_METHODS_MAX, LOGIN_PROOF_BYTES_MAX,
        LOGIN_SIGNATURE_BYTES_MAX,
    },
    request::base64url,
};

/// A login: what one person shows of one or more methods, all for the same session key, end and capabilities.
///
/// In JSON one proof stands for itself, and two to four are `{"kind":"several","logins":[…]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, BorshSerialize, BorshDeserialize)]
#[serde(into = "Form")]
pub struct Login {
    proofs: Vec<Proof>,
}

/// Longest login as JSON: each byte of it can be escaped.
const JSON_BYTES_MAX: usize = 2 * LOGIN_BYTES_MAX;

impl<'de> Deserialize<'de> for Login {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The kind can stand behind everything else, so that all of it is kept before any of it is judged: that must not be
        // a stranger's megabytes.
        let text = <Box<RawValue>>::deserialize(deserializer)?;
        if text.get().len() > JSON_BYTES_MAX {
            return Err(D::Error::custom(format!("the login has more than {JSON_BYTES_MAX} bytes")));
        }
        let form: Form = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        Login::try_from(form).map_err(D::Error::custom)
    }
}

/// What is shown of one method.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Proof {
    /// An Ethereum wallet, by SIWE.
    Wallet(WalletLogin),
    /// An OpenID Connect issuer's word, by an ID token.
    Oidc(OidcLogin),
    /// A passkey, by an assertion of WebAuthn.
    Passkey(PasskeyLogin),
}

/// A wallet's login: a SIWE text (EIP-4361) signed by EIP-191, whose URI is the session key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletLogin {
    /// The SIWE text as it was signed.
    pub message: String,
    /// The wallet's 65-byte signature in hexadecimal digits.
    pub signature: String,
    /// The caller's randomness inside the nonce.
    pub rz: Digest,
}

/// An OpenID Connect login: an ID token whose `nonce` is [`login_nonce`] of these terms for the token's audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcLogin {
    /// The ID token: a JWS in compact form.
    pub token: String,
    /// What its nonce binds.
    pub terms: SessionTerms,
}

/// A passkey's login: an assertion of WebAuthn whose challenge is [`login_nonce`] of these terms for the relying party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyLogin {
    /// The relying party's id, a domain.
    pub rp_id: String,
    /// The credential's public key, a canonical COSE key.
    #[serde(with = "base64url")]
    pub public_key: Vec<u8>,
    /// The authenticator's data.
    #[serde(with = "base64url")]
    pub authenticator_data: Vec<u8>,
    /// The client's data, as JSON bytes.
    #[serde(with = "base64url")]
    pub client_data: Vec<u8>,
    /// The signature over both.
    #[serde(with = "base64url")]
    pub signature: Vec<u8>,
    /// The credential's id, for upstream's name of the method; it proves nothing by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// A recent block of the chain: the assertion is not older.
    pub block: BlockRef,
    /// What its challenge binds.
    pub terms: SessionTerms,
}

/// What a token's nonce and an assertion's challenge bind: they have no room for the terms themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionTerms {
    /// The session key.
    pub session: SessionKey,
    /// End of the session, in milliseconds since the epoch.
    pub expires_ms: u64,
    /// What the session may do: texts of [`Capability`].
    pub capabilities: Vec<String>,
    /// The caller's randomness.
    pub rz: Digest,
}

/// Who is behind a login: one method, or several together. Whatever counts, admits, stores or shares out does it by this.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct LoginId(pub Digest);

impl LoginId {
    /// That of a wallet: transcript `quorate/method/wallet/v1` over its address.
    #[must_use]
    pub fn of_wallet(address: &Address) -> Self {
        LoginId(Digest(Transcript::new("quorate/method/wallet/v1").field(&address.0).finish()))
    }

    /// That of several methods together: transcript `quorate/method/several/v1` over their ids, ascending.
    #[must_use]
    pub fn of_several(mut ids: Vec<LoginId>) -> Self {
        ids.sort_unstable();
        let transcript = Transcript::new("quorate/method/several/v1");
        LoginId(Digest(ids.iter().fold(transcript, |transcript, id| transcript.field(&id.0.0)).finish()))
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<WalletLogin> for Login {
    fn from(login: WalletLogin) -> Self {
        Proof::Wallet(login).into()
    }
}

impl From<Proof> for Login {
    fn from(proof: Proof) -> Self {
        Login { proofs: vec![proof] }
    }
}

impl Login {
    /// Several proofs as one login.
    ///
    /// # Errors
    /// `login_invalid` if there are less than two or too many.
    pub fn several(proofs: Vec<Proof>) -> Result<Self, Problem> {
        if proofs.len() < 2 || proofs.len() > LOGIN_METHODS_MAX {
            return Err(invalid(format!("several logins are 2 to {LOGIN_METHODS_MAX}")));
        }
        Ok(Login { proofs })
    }

    /// What is shown, one for each method.
    #[must_use]
    pub fn proofs(&self) -> &[Proof] {
        &self.proofs
    }

    /// The proof, if there is only one and a wallet's.
    #[must_use]
    pub fn wallet(&self) -> Option<&WalletLogin> {
        match self.proofs.as_slice() {
            [Proof::Wallet(login)] => Some(login),
            _ => None,
        }
    }

    /// The hash by which a request names its login: of every byte of it, as sent.
    ///
    /// Transcript `quorate/login/v1` over the kind and the parts of the proof; for several, over `several` and the hash of
    /// each, in order.
    #[must_use]
    pub fn hash(&self) -> Digest {
        if let [proof] = self.proofs.as_slice() {
            return proof.hash();
        }
        let transcript = Transcript::new("quorate/login/v1").field(b"several");
        Digest(self.proofs.iter().fold(transcript, |all, proof| all.field(&proof.hash().0)).finish())
    }

    /// Bytes that are hashed and parsed.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.proofs.iter().map(Proof::bytes).sum()
    }

    /// Checks that no part of it is longer than any login's: before it is hashed or parsed.
    ///
    /// # Errors
    /// `login_invalid`.
    pub fn check_bounds(&self) -> Result<(), Problem> {
        if self.proofs.is_empty() || self.proofs.len() > LOGIN_METHODS_MAX {
            return Err(invalid(format!("a login is of 1 to {LOGIN_METHODS_MAX} methods")));
        }
        if self.bytes() > LOGIN_BYTES_MAX {
            return Err(invalid(format!("the login has more than {LOGIN_BYTES_MAX} bytes")));
        }
        self.proofs.iter().try_for_each(Proof::check_bounds)
    }

    /// Checks that it is the login that a request names. A session key alone names none: anybody can sign a login for the
    /// key of somebody else.
    ///
    /// # Errors
    /// `login_invalid` if it is too long, `login_mismatch` if it is another.
    pub fn check_named(&self, named: &Digest) -> Result<(), Problem> {
        self.check_bounds()?;
        if self.hash() == *named { Ok(()) } else { Err(Problem::of(ErrorCode::LoginMismatch)) }
    }
}

impl Proof {
    /// The kind, as in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Proof::Wallet(_) => "wallet",
            Proof::Oidc(_) => "oidc",
            Proof::Passkey(_) => "passkey",
        }
    }

    fn hash(&self) -> Digest {
        let transcript = Transcript::new("quorate/login/v1").field(self.kind().as_bytes());
        Digest(match self {
            Proof::Wallet(login) => transcript
                .field(login.message.as_bytes())
                .field(login.signature.as_bytes())
                .field(&login.rz.0)
                .finish(),
            Proof::Oidc(login) => login.terms.add_to(transcript.field(login.token.as_bytes())).finish(),
            Proof::Passkey(login) => {
                let transcript = transcript
                    .field(login.rp_id.as_bytes())
                    .field(&login.public_key)
                    .field(&login.authenticator_data)
                    .field(&login.client_data)
                    .field(&login.signature)
                    .field(login.credential_id.as_deref().unwrap_or_default().as_bytes())
                    .number(login.block.number)
                    .field(&login.block.hash.0);
                login.terms.add_to(transcript).finish()
            }
        })
    }

    fn bytes(&self) -> usize {
        match self {
            Proof::Wallet(login) => login.message.len() + login.signature.len(),
            Proof::Oidc(login) => login.token.len() + login.terms.bytes(),
            Proof::Passkey(login) => {
                let id = login.credential_id.as_ref().map_or(0, String::len);
                let key = login.rp_id.len() + login.public_key.len() + id;
                let assertion =
                    login.authenticator_data.len() + login.client_data.len() + login.signature.len();
                key + assertion + login.terms.bytes()
            }
        }
    }

    fn check_bounds(&self) -> Result<(), Problem> {
        match self {
            Proof::Wallet(login) => login.check_bounds(),
            Proof::Oidc(OidcLogin { terms, .. }) | Proof::Passkey(PasskeyLogin { terms, .. }) => {
                if self.bytes() > LOGIN_PROOF_BYTES_MAX {
                    return Err(invalid(format!("the login has more than {LOGIN_PROOF_BYTES_MAX} bytes")));
                }
                terms.check_bounds()
            }
        }
    }
}

impl WalletLogin {
    fn check_bounds(&self) -> Result<(), Problem> {
        if self.message.len() > LOGIN_MESSAGE_BYTES_MAX {
            return Err(invalid(format!("the login's text has more than {LOGIN_MESSAGE_BYTES_MAX} bytes")));
        }
        if self.signature.len() > LOGIN_SIGNATURE_BYTES_MAX {
            return Err(invalid(format!(
                "the login's signature has more than {LOGIN_SIGNATURE_BYTES_MAX} bytes"
            )));
        }
        Ok(())
    }
}

impl SessionTerms {
    fn add_to(&self, transcript: Transcript) -> Transcript {
        let transcript = transcript
            .field(&self.session.0)
            .number(self.expires_ms)
            .field(&self.rz.0)
            .number(u64::try_from(self.capabilities.len()).unwrap_or(u64::MAX));
        self.capabilities.iter().fold(transcript, |all, capability| all.field(capability.as_bytes()))
    }

    fn bytes(&self) -> usize {
        self.capabilities.iter().map(String::len).sum()
    }

    fn check_bounds(&self) -> Result<(), Problem> {
        if self.capabilities.len() > CAPABILITIES_MAX {
            return Err(invalid(format!("a login names 1 to {CAPABILITIES_MAX} capabilities")));
        }
        Ok(())
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(ErrorCode::LoginInvalid, detail)
}

/// A login as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Form {
    Wallet(WalletLogin),
    Oidc(OidcLogin),
    Passkey(PasskeyLogin),
    Several(SeveralForm),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeveralForm {
    logins: Vec<Form>,
}

impl From<Proof> for Form {
    fn from(proof: Proof) -> Self {
        match proof {
            Proof::Wallet(login) => Form::Wallet(login),
            Proof::Oidc(login) => Form::Oidc(login),
            Proof::Passkey(login) => Form::Passkey(login),
        }
    }
}

impl From<Login> for Form {
    fn from(Login { mut proofs }: Login) -> Self {
        match proofs.pop() {
            Some(only) if proofs.is_empty() => only.into(),
            last => {
                let logins = proofs.into_iter().chain(last).map(Form::from).collect();
                Form::Several(SeveralForm { logins })
            }
        }
    }
}

impl TryFrom<Form> for Proof {
    type Error = &'static str;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        match form {
            Form::Wallet(login) => Ok(Proof::Wallet(login)),
            Form::Oidc(login) => Ok(Proof::Oidc(login)),
            Form::Passkey(login) => Ok(Proof::Passkey(login)),
            Form::Several(_) => Err("several logins stand one beside the other, not one in the other"),
        }
    }
}

impl TryFrom<Form> for Login {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        let Form::Several(SeveralForm { logins }) = form else {
            return Ok(Proof::try_from(form)?.into());
        };
        let proofs = logins.into_iter().map(Proof::try_from).collect::<Result<_, _>>()?;
        Login::several(proofs).map_err(|problem| problem.detail)
    }
}

/// The nonce of a login: it binds what is signed to this network, session key, end and capabilities, so that a node that
/// sees the login can do nothing with it.
///
/// SHA-256 over `quorate/login-v1`, network id, audience, session key, expiry in milliseconds, capabilities' hash and the
/// caller's randomness, each length-prefixed, and the block's hash where there is one, as hexadecimal digits: EIP-4361 allows
/// only letters and digits in a nonce. A passkey's challenge is the same 32 bytes.
#[must_use]
pub fn login_nonce(network: &NetworkId, audience: &str, terms: &LoginTerms<'_>) -> String {
    hex::encode(login_challenge(network, audience, terms))
}

/// The 32 bytes of [`login_nonce`].
#[must_use]
pub fn login_challenge(network: &NetworkId, audience: &str, terms: &LoginTerms<'_>) -> [u8; 32] {
    let transcript = Transcript::new("quorate/login-v1")
        .field(&network.0)
        .field(audience.as_bytes())
        .field(&terms.session.0)
        .number(terms.expires_ms)
        .field(&capabilities_hash(terms.capabilities))
        .field(&terms.rz.0);
    match &terms.block {
        Some(block) => transcript.field(&block.0).finish(),
        None => transcript.finish(),
    }
}

/// What a login's nonce binds, beside network and audience.
#[derive(Debug, Clone, Copy)]
pub struct LoginTerms<'a> {
    /// The session key.
    pub session: SessionKey,
    /// End of the session, in milliseconds since the epoch.
    pub expires_ms: u64,
    /// What the session may do, in the order of the login.
    pub capabilities: &'a [Capability],
    /// The caller's randomness.
    pub rz: Digest,
    /// Hash of a recent block, for a passkey: its assertion has no time.
    pub block: Option<Digest>,
}

#[cfg(test)]
mod tests;
