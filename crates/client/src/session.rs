//! A session that is about to be allowed in any way: by a wallet, an issuer or a passkey, or by several of them together.

use std::fmt;

use ed25519_dalek::SigningKey;
use quorate_auth::{HeldKeys, KnownIssuer, LoginBlock, LoginFacts, verify_login};
use quorate_wire::{
    BlockRef, Capability, Digest, IssuerRule, Login as Shown, LoginTerms, NetworkFile, OidcLogin,
    PasskeyLogin, Problem, Proof, SessionKey, SessionTerms, login_challenge, login_nonce,
};

use crate::{Login, LoginError};

/// A session key whose capabilities and end are fixed, and which nobody has allowed yet.
pub struct PendingSession<'a> {
    pub(crate) network: &'a NetworkFile,
    pub(crate) signer: SigningKey,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) expires_ms: u64,
    pub(crate) rz: Digest,
    pub(crate) now_ms: u64,
}

/// What an authenticator gave for a challenge, WebAuthn section 5.8.
#[derive(Debug, Clone)]
pub struct PasskeyAssertion {
    /// The credential's public key, a COSE key, as registration gave it.
    pub public_key: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `signature`.
    pub signature: Vec<u8>,
    /// `id`: base64url of the credential's id.
    pub credential_id: Option<String>,
}

impl PendingSession<'_> {
    /// The `nonce` for an ID token that is for this client.
    #[must_use]
    pub fn oidc_nonce(&self, client_id: &str) -> String {
        self.with_terms(None, |terms| login_nonce(&self.network.id(), client_id, terms))
    }

    /// The challenge for an assertion for this relying party, after this block.
    #[must_use]
    pub fn passkey_challenge(&self, rp_id: &str, block: &BlockRef) -> [u8; 32] {
        self.with_terms(Some(block.hash), |terms| login_challenge(&self.network.id(), rp_id, terms))
    }

    /// The proof by an ID token whose nonce is [`Self::oidc_nonce`].
    #[must_use]
    pub fn oidc(&self, token: impl Into<String>) -> Proof {
        Proof::Oidc(OidcLogin { token: token.into(), terms: self.terms() })
    }

    /// The proof by an assertion over [`Self::passkey_challenge`].
    #[must_use]
    pub fn passkey(&self, rp_id: impl Into<String>, block: BlockRef, assertion: PasskeyAssertion) -> Proof {
        let PasskeyAssertion { public_key, authenticator_data, client_data, signature, credential_id } =
            assertion;
        let (rp_id, terms) = (rp_id.into(), self.terms());
        Proof::Passkey(PasskeyLogin {
            rp_id,
            public_key,
            authenticator_data,
            client_data,
            signature,
            credential_id,
            block,
            terms,
        })
    }

    /// Takes the proofs, and checks the login as every node will, by what this client knows of issuers and of the chain.
    ///
    /// # Errors
    /// [`LoginError::Refused`].
    pub fn finish(self, mut proofs: Vec<Proof>, facts: &dyn LoginFacts) -> Result<Login, LoginError> {
        let shown = match (proofs.pop(), proofs.is_empty()) {
            (Some(only), true) => Shown::from(only),
            (last, _) => Shown::several(proofs.into_iter().chain(last).collect())?,
        };
        let session = verify_login(self.network, &shown, facts, self.now_ms)?;
        if session.key != self.key() {
            return Err(Problem::of(quorate_wire::ErrorCode::LoginMismatch).into());
        }
        Ok(Login::new(self.signer, shown, session))
    }

    pub(crate) fn key(&self) -> SessionKey {
        SessionKey(self.signer.verifying_key().to_bytes())
    }

    pub(crate) fn with_terms<T>(&self, block: Option<Digest>, then: impl FnOnce(&LoginTerms<'_>) -> T) -> T {
        let (session, expires_ms, rz) = (self.key(), self.expires_ms, self.rz);
        then(&LoginTerms { session, expires_ms, capabilities: &self.capabilities, rz, block })
    }

    fn terms(&self) -> SessionTerms {
        SessionTerms {
            session: self.key(),
            expires_ms: self.expires_ms,
            capabilities: self.capabilities.iter().map(Capability::to_string).collect(),
            rz: self.rz,
        }
    }
}

impl fmt::Debug for PendingSession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSession").field("key", &self.key()).finish_non_exhaustive()
    }
}

/// What a client knows of issuers and of the chain: enough to check its own logins before it shows them to anybody.
#[derive(Debug, Clone, Default)]
pub struct OwnFacts {
    /// Issuers, with their keys.
    pub issuers: Vec<(IssuerRule, HeldKeys)>,
    /// A block of the chain, and when it was made, in milliseconds since the epoch.
    pub block: Option<(BlockRef, u64)>,
}

impl LoginFacts for OwnFacts {
    fn issuer(&self, iss: &str) -> Option<KnownIssuer> {
        let goes_by = |rule: &IssuerRule| rule.issuer == iss || rule.aliases.iter().any(|alias| alias == iss);
        let (rule, keys) = self.issuers.iter().find(|(rule, _)| goes_by(rule))?;
        Some(KnownIssuer { rule: rule.clone(), keys: Some(keys.clone().into()) })
    }

    fn login_block(&self, block: &BlockRef) -> LoginBlock {
        match &self.block {
            Some((known, made_ms)) if known == block => LoginBlock::MadeAt(*made_ms),
            _ => LoginBlock::Unknown,
        }
    }
}
