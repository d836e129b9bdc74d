//! Callers: wallets, their sessions, and the requests that they sign.

use ed25519_dalek::Signer as _;
use quorate_auth::{SiweMessage, did_key, eip191, session_request_digest};
use quorate_wire::{
    ActionCid, Address, BlockRef, Capability, Digest, ExecutionRequest, Login, LoginTerms, NetworkId,
    PublicKey, RequestId, SessionKey, Submission, WalletLogin, limits::SESSION_MS_MAX, login_nonce,
    request_id,
};

use crate::{entropy::Dice, host::Script, invariants::Shown};

/// A wallet with one session: one of a caller, or a key of the network.
pub(crate) struct Wallet {
    pub(crate) address: Address,
    pub(crate) capabilities: Vec<Capability>,
    session: ed25519_dalek::SigningKey,
    login: WalletLogin,
    /// Whether the login is signed: that of a key is not until the network has signed it.
    logged_in: bool,
}

impl Wallet {
    /// Makes a wallet and logs it in for a session of the longest life.
    pub(crate) fn new(
        dice: &mut Dice,
        network: &NetworkId,
        now_ms: u64,
        capabilities: Vec<Capability>,
    ) -> Self {
        let session = ed25519_dalek::SigningKey::from_bytes(&dice.bytes());
        let session_key = SessionKey(session.verifying_key().to_bytes());
        let (address, login) = log_in(dice, network, now_ms, (session_key, &capabilities));
        Wallet { address, capabilities, session, login, logged_in: true }
    }

    /// Another wallet, logged in for the same session key and the same things.
    pub(crate) fn twin(&self, dice: &mut Dice, network: &NetworkId, now_ms: u64) -> Self {
        let session_key = SessionKey(self.session.verifying_key().to_bytes());
        let (address, login) = log_in(dice, network, now_ms, (session_key, &self.capabilities));
        let (capabilities, session) = (self.capabilities.clone(), self.session.clone());
        Wallet { address, capabilities, session, login, logged_in: true }
    }

    /// A key of the network as a wallet, with a login that it has not signed yet.
    pub(crate) fn of_key(
        dice: &mut Dice,
        network: &NetworkId,
        now_ms: u64,
        (address, capabilities): (Address, &[Capability]),
    ) -> Self {
        let session = ed25519_dalek::SigningKey::from_bytes(&dice.bytes());
        let session_key = SessionKey(session.verifying_key().to_bytes());
        let (message, rz) = login_text(dice, (network, address), now_ms, (session_key, capabilities));
        let login = WalletLogin { message, signature: String::new(), rz };
        Wallet { address, capabilities: capabilities.to_vec(), session, login, logged_in: false }
    }

    /// Whether it can sign requests.
    pub(crate) fn logged_in(&self) -> bool {
        self.logged_in
    }

    pub(crate) fn login_text(&self) -> &str {
        &self.login.message
    }

    /// Takes a signature of its address's key for its login, if it is one.
    pub(crate) fn signed(&mut self, shown: &Shown) {
        if !self.logged_in
            && shown.digest == eip191::hash(self.login.message.as_bytes())
            && let Some(recovery) = shown.recovery_id
        {
            self.login.signature = signature_text(&shown.signature, recovery);
            self.logged_in = true;
        }
    }

    /// Signs the login with a key that is not that of its address.
    pub(crate) fn forge(&mut self, dice: &mut Dice) {
        let digest = eip191::hash(self.login.message.as_bytes());
        let (signature, recovery) = wallet_key(dice).sign_prehash_recoverable(&digest);
        self.login.signature = signature_text(&signature.to_bytes(), recovery.to_byte());
        self.logged_in = true;
    }

    /// The session key, and the login behind it.
    pub(crate) fn session(&self) -> (&ed25519_dalek::SigningKey, Login) {
        (&self.session, self.login.clone().into())
    }
}

/// Signs a request for an execution.
pub(crate) fn request(
    dice: &mut Dice,
    network: &NetworkId,
    (session, login): (&ed25519_dalek::SigningKey, &Login),
    wish: &Wish<'_>,
) -> (RequestId, Submission) {
    let params = serde_json::value::to_raw_value(wish.script).expect("a script is JSON");
    let request = ExecutionRequest {
        v: 1,
        network: *network,
        session: quorate_wire::SessionKey(session.verifying_key().to_bytes()),
        login: login.hash(),
        action: ActionCid::of_code(wish.code.as_bytes()),
        params,
        block: wish.block,
        time_ms: wish.time_ms,
        nonce: hex::encode(dice.bytes::<16>()),
        limits: None,
    };
    sign(network, (session, login), &request, Some(wish.code.to_owned()))
}

/// Signs any request.
pub(crate) fn sign(
    network: &NetworkId,
    (session, login): (&ed25519_dalek::SigningKey, &Login),
    request: &ExecutionRequest,
    code: Option<String>,
) -> (RequestId, Submission) {
    let bytes = serde_json::to_vec(request).expect("a request is JSON");
    let id = request_id(network, &bytes);
    let sig = session.sign(&session_request_digest(&id)).to_bytes().to_vec();
    (id, Submission { request: bytes, sig, login: login.clone(), code })
}

/// What a caller wants executed.
pub(crate) struct Wish<'a> {
    pub(crate) code: &'a str,
    pub(crate) script: &'a Script,
    pub(crate) block: BlockRef,
    pub(crate) time_ms: u64,
}

/// A new wallet's login, which allows this session key, whoever has it, these things.
pub(crate) fn log_in(
    dice: &mut Dice,
    network: &NetworkId,
    now_ms: u64,
    (session, capabilities): (SessionKey, &[Capability]),
) -> (Address, WalletLogin) {
    let (wallet, address) = wallet_of(dice);
    let (message, rz) = login_text(dice, (network, address), now_ms, (session, capabilities));
    (address, signed_by(&wallet, (message, rz)))
}

/// A wallet, and its address.
pub(crate) fn wallet_of(dice: &mut Dice) -> (k256::ecdsa::SigningKey, Address) {
    let wallet = wallet_key(dice);
    let key =
        PublicKey::from_sec1(&wallet.verifying_key().to_sec1_bytes()).expect("a verifying key is a point");
    (wallet, key.address())
}

/// A wallet allows a session key something.
pub(crate) fn sign_in(
    (wallet, address): (&k256::ecdsa::SigningKey, Address),
    network: &NetworkId,
    issued_at_ms: u64,
    terms: &LoginTerms<'_>,
) -> WalletLogin {
    signed_by(wallet, (text(network, address, issued_at_ms, terms), terms.rz))
}

fn signed_by(wallet: &k256::ecdsa::SigningKey, (message, rz): (String, Digest)) -> WalletLogin {
    let (signature, recovery) = wallet.sign_prehash_recoverable(&eip191::hash(message.as_bytes()));
    let signature = signature_text(&signature.to_bytes(), recovery.to_byte());
    WalletLogin { message, signature, rz }
}

fn wallet_key(dice: &mut Dice) -> k256::ecdsa::SigningKey {
    loop {
        if let Ok(key) = k256::ecdsa::SigningKey::from_slice(&dice.bytes::<32>()) {
            return key;
        }
    }
}

fn signature_text(signature: &[u8], recovery: u8) -> String {
    format!("0x{}{:02x}", hex::encode(signature), 27 + recovery)
}

/// What an address signs to log in for this session key, and the randomness in its nonce.
fn login_text(
    dice: &mut Dice,
    (network, address): (&NetworkId, Address),
    now_ms: u64,
    (session, capabilities): (SessionKey, &[Capability]),
) -> (String, Digest) {
    let rz = Digest(dice.bytes());
    // SIWE texts have whole seconds.
    let issued_at_ms = now_ms / 1_000 * 1_000 - 1_000;
    let expires_ms = issued_at_ms + SESSION_MS_MAX;
    let terms = LoginTerms { session, expires_ms, capabilities, rz, block: None };
    (text(network, address, issued_at_ms, &terms), rz)
}

fn text(network: &NetworkId, address: Address, issued_at_ms: u64, terms: &LoginTerms<'_>) -> String {
    let domain = "localhost".to_owned();
    let message = SiweMessage {
        scheme: None,
        nonce: login_nonce(network, &domain, terms),
        domain,
        address,
        statement: None,
        uri: did_key(&terms.session),
        chain_id: 31_337,
        issued_at_ms,
        expires_ms: terms.expires_ms,
        not_before_ms: None,
        request_id: None,
        resources: terms.capabilities.iter().map(ToString::to_string).collect(),
    };
    message.render().expect("the fields make a SIWE text")
}
