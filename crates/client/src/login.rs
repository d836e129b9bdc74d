//! Making a login: a session key, the text that a wallet signs for it, and what comes of both.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use quorate_auth::{NoFacts, Session, SiweMessage, did_key, session_request_digest};
use quorate_wire::{
    Address, Capability, Digest, Login as Shown, NetworkFile, Problem, Proof, RequestId, WalletLogin,
    limits::SESSION_MS_MAX, login_nonce,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{PendingSession, Wallet};

const STATEMENT: &str =
    "Allow this session to run the actions listed below, which may use the keys listed with them.";
/// One hour.
const LIFE_MS: u64 = 3_600_000;

/// What a session shall be allowed to do, and for how long.
///
/// Defaults: the network's first login domain, one hour, the network's chain id.
#[derive(Debug, Clone)]
pub struct LoginBuilder<'a> {
    network: &'a NetworkFile,
    domain: String,
    statement: String,
    capabilities: Vec<Capability>,
    life_ms: u64,
}

/// Why a login could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LoginError {
    /// The terms do not make a text that nodes accept.
    #[error("the login cannot be written: {0}")]
    Terms(#[from] quorate_auth::siwe::SiweError),
    /// Nodes would refuse the finished login; most often, another wallet has signed.
    #[error("the network would refuse the login: {0}")]
    Refused(#[from] Problem),
}

impl<'a> LoginBuilder<'a> {
    /// Begins a login for a network at one of its login domains: that of the application, as its page is served. The caller
    /// names it, since a wallet shows it to a person and signs it: no node is asked.
    #[must_use]
    pub fn new(network: &'a NetworkFile, domain: impl Into<String>) -> Self {
        LoginBuilder {
            network,
            domain: domain.into(),
            statement: STATEMENT.to_owned(),
            capabilities: Vec::new(),
            life_ms: LIFE_MS,
        }
    }

    /// Adds a capability.
    #[must_use]
    pub fn allow(mut self, capability: Capability) -> Self {
        self.capabilities.push(capability);
        self
    }

    /// Adds capabilities.
    #[must_use]
    pub fn allow_all(mut self, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        self.capabilities.extend(capabilities);
        self
    }

    /// Uses another sentence for the person who signs.
    #[must_use]
    pub fn statement(mut self, statement: impl Into<String>) -> Self {
        self.statement = statement.into();
        self
    }

    /// Sets the session's life, in milliseconds; a day at most.
    #[must_use]
    pub fn life_ms(mut self, life_ms: u64) -> Self {
        self.life_ms = life_ms.min(SESSION_MS_MAX);
        self
    }

    /// Makes the session key, for whichever proofs shall allow it.
    pub fn begin(&self, now_ms: u64, entropy: &mut impl CryptoRng) -> PendingSession<'a> {
        let mut secret = Zeroizing::new([0u8; 32]);
        entropy.fill_bytes(secret.as_mut_slice());
        let signer = SigningKey::from_bytes(&secret);
        let mut rz = Digest([0; 32]);
        entropy.fill_bytes(&mut rz.0);
        PendingSession {
            network: self.network,
            signer,
            capabilities: self.capabilities.clone(),
            expires_ms: now_ms.saturating_add(self.life_ms),
            rz,
            now_ms,
        }
    }

    /// Makes the session key and the text that the wallet of `address` must sign.
    ///
    /// # Errors
    /// [`LoginError::Terms`].
    pub fn prepare(
        &self,
        address: Address,
        now_ms: u64,
        entropy: &mut impl CryptoRng,
    ) -> Result<PendingLogin<'a>, LoginError> {
        let session = self.begin(now_ms, entropy);
        let message = SiweMessage {
            scheme: None,
            nonce: session.with_terms(None, |terms| login_nonce(&self.network.id(), &self.domain, terms)),
            domain: self.domain.clone(),
            address,
            statement: Some(self.statement.clone()),
            uri: did_key(&session.key()),
            chain_id: self.network.chain.id,
            issued_at_ms: now_ms,
            expires_ms: session.expires_ms,
            not_before_ms: None,
            request_id: None,
            resources: self.capabilities.iter().map(Capability::to_string).collect(),
        };
        Ok(PendingLogin { session, text: message.render()? })
    }

    /// Makes a login with a wallet whose key is at hand.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn sign_in(
        &self,
        wallet: &Wallet,
        now_ms: u64,
        entropy: &mut impl CryptoRng,
    ) -> Result<Login, LoginError> {
        let pending = self.prepare(wallet.address(), now_ms, entropy)?;
        let signature = wallet.sign_text(pending.text());
        pending.finish(&signature)
    }
}

/// A login whose text is not signed yet.
pub struct PendingLogin<'a> {
    session: PendingSession<'a>,
    text: String,
}

impl PendingLogin<'_> {
    /// The text for the wallet's `personal_sign`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes the wallet's signature, and checks the login as every node will, but for the domain:
    /// the network's Directory says which it takes.
    ///
    /// # Errors
    /// [`LoginError::Refused`].
    pub fn finish(self, signature: &[u8; 65]) -> Result<Login, LoginError> {
        let proof = WalletLogin {
            message: self.text,
            signature: format!("0x{}", hex::encode(signature)),
            rz: self.session.rz,
        };
        self.session.finish(vec![Proof::Wallet(proof)], &NoFacts)
    }
}

impl fmt::Debug for PendingLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingLogin").field("text", &self.text).finish_non_exhaustive()
    }
}

/// A session that somebody has allowed, with the key that signs its requests.
pub struct Login {
    signer: SigningKey,
    proof: Shown,
    hash: Digest,
    session: Session,
}

impl Login {
    pub(crate) fn new(signer: SigningKey, proof: Shown, session: Session) -> Self {
        let hash = proof.hash();
        Login { signer, proof, hash, session }
    }

    /// What nodes are shown of it.
    #[must_use]
    pub fn proof(&self) -> &Shown {
        &self.proof
    }

    /// Its hash, by which requests and receipts name it.
    #[must_use]
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// What nodes read in it.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Signs a request, of an execution or to store code.
    #[must_use]
    pub fn sign_request(&self, request: &RequestId) -> [u8; 64] {
        self.signer.sign(&session_request_digest(request)).to_bytes()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("session", &self.session).finish_non_exhaustive()
    }
}
