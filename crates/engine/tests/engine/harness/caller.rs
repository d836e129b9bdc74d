//! A wallet with a session, and the requests that it signs.

use ed25519_dalek::Signer as _;
use quorate_auth::session_request_digest;
use quorate_wire::{
    ActionCid, Address, BlockRef, Capability, CapabilityAction, CapabilityKey, DecryptionRequest,
    DecryptionSubmission, Digest, Ends, ExecutionRequest, Identity, Login, NetworkId, PolicyForm, PublicKey,
    RequestId, RevocationRequest, RevocationSubmission, SessionKey, Submission, WalletLogin,
    decryption_request_id, request_id, revocation_request_id,
};

use super::{
    UNIX_MS, network,
    people::{Terms, by_wallet},
    registry::HEAD,
};

pub(crate) const CODE: &str = "granted action";

const ANYTHING: Capability = Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any };

pub(crate) struct Caller {
    session: ed25519_dalek::SigningKey,
    pub(crate) login: Login,
    pub(crate) network: NetworkId,
    pub(crate) code: Option<String>,
    pub(crate) action: ActionCid,
    pub(crate) block: BlockRef,
    pub(crate) time_ms: u64,
}

/// Changes a wallet's login.
pub(crate) fn with_wallet(login: &mut Login, change: impl FnOnce(&mut WalletLogin)) {
    let mut wallet = login.wallet().unwrap().clone();
    change(&mut wallet);
    *login = wallet.into();
}

impl Caller {
    pub(crate) fn new(mark: u8) -> Self {
        Caller::living(mark, 3_600_000)
    }

    /// A caller whose session ends after so many milliseconds of the test.
    pub(crate) fn living(mark: u8, life_ms: u64) -> Self {
        Caller::with((mark, mark), life_ms, ANYTHING)
    }

    /// The login of a wallet for the session key of another caller: anybody can make one.
    pub(crate) fn login_for(session: u8, wallet: u8) -> Login {
        Caller::with((session, wallet), 3_600_000, ANYTHING).login
    }

    /// A caller whose session may do one thing.
    pub(crate) fn for_one(mark: u8, key: CapabilityKey, action: CapabilityAction) -> Self {
        Caller::with((mark, mark), 3_600_000, Capability::Use { key, action })
    }

    /// A caller whose session may do this one thing.
    pub(crate) fn may(mark: u8, capability: Capability) -> Self {
        Caller::with((mark, mark), 3_600_000, capability)
    }

    /// A caller whose session may do these things.
    pub(crate) fn may_all(mark: u8, capabilities: &[Capability]) -> Self {
        Caller::with_all((mark, mark), 3_600_000, capabilities)
    }

    /// A request to have something opened, sealed to a one-time key.
    pub(crate) fn opening(
        &self,
        policy: &str,
        identity: Identity,
        (reader, nonce): ([u8; 32], u8),
    ) -> DecryptionSubmission {
        self.opening_at(1, policy, identity, (reader, nonce))
    }

    /// Such a request to a node.
    pub(crate) fn opening_at(
        &self,
        node: u8,
        policy: &str,
        identity: Identity,
        (reader, nonce): ([u8; 32], u8),
    ) -> DecryptionSubmission {
        self.opening_of(&DecryptionRequest {
            v: 1,
            network: self.network,
            node: super::index(node),
            session: self.session(),
            login: self.login.hash(),
            policy: serde_json::value::RawValue::from_string(policy.to_owned()).unwrap(),
            form: PolicyForm::Unified,
            identity,
            reader: Digest(reader),
            time_ms: self.time_ms,
            nonce: format!("{nonce:032x}"),
        })
    }

    /// A request to have something opened, signed as it is.
    pub(crate) fn opening_of(&self, request: &DecryptionRequest) -> DecryptionSubmission {
        let request = serde_json::to_vec(request).unwrap();
        let id = decryption_request_id(&network().id(), &request);
        let sig = self.session.sign(&session_request_digest(&id)).to_bytes().to_vec();
        DecryptionSubmission { request, sig, login: self.login.clone() }
    }

    /// What the caller's session signs to sign out.
    pub(crate) fn sign_out(&self, ends: Ends) -> RevocationSubmission {
        self.sign_out_of(&RevocationRequest {
            v: 1,
            network: self.network,
            session: self.session(),
            login: self.login.hash(),
            ends,
            time_ms: self.time_ms,
        })
    }

    /// A request to sign out, signed as it is.
    pub(crate) fn sign_out_of(&self, request: &RevocationRequest) -> RevocationSubmission {
        let request = serde_json::to_vec(request).unwrap();
        let id = revocation_request_id(&network().id(), &request);
        let sig = self.session.sign(&session_request_digest(&id)).to_bytes().to_vec();
        RevocationSubmission { request, sig, login: self.login.clone() }
    }

    /// The key of the caller's session.
    pub(crate) fn session(&self) -> SessionKey {
        SessionKey(self.session.verifying_key().to_bytes())
    }

    /// The address of a caller's wallet.
    pub(crate) fn wallet(mark: u8) -> Address {
        let wallet = k256::ecdsa::SigningKey::from_slice(&[mark; 32]).unwrap();
        PublicKey::from_sec1(&wallet.verifying_key().to_sec1_bytes()).unwrap().address()
    }

    /// The marks are those of session key and wallet.
    fn with(marks: (u8, u8), life_ms: u64, capability: Capability) -> Self {
        Caller::with_all(marks, life_ms, &[capability])
    }

    fn with_all((session, mark): (u8, u8), life_ms: u64, capabilities: &[Capability]) -> Self {
        let network = network().id();
        let session = ed25519_dalek::SigningKey::from_bytes(&[session; 32]);
        let key = SessionKey(session.verifying_key().to_bytes());
        let login =
            by_wallet(mark, &Terms { network, session: key, capabilities, expires_ms: UNIX_MS + life_ms })
                .into();
        let (code, action) = (Some(CODE.to_owned()), ActionCid::of_code(CODE.as_bytes()));
        Caller { session, login, network, code, action, block: HEAD, time_ms: UNIX_MS + 20 }
    }

    /// The key of the session.
    pub(crate) fn session_key(&self) -> SessionKey {
        SessionKey(self.session.verifying_key().to_bytes())
    }

    /// Another action than the granted one.
    pub(crate) fn running(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self.action = ActionCid::of_code(code.as_bytes());
        self
    }

    pub(crate) fn request(&self, nonce: u8) -> (RequestId, Submission) {
        let request = ExecutionRequest {
            v: 1,
            network: self.network,
            session: SessionKey(self.session.verifying_key().to_bytes()),
            login: self.login.hash(),
            action: self.action,
            params: serde_json::value::RawValue::from_string("{}".to_owned()).unwrap(),
            block: self.block,
            time_ms: self.time_ms,
            nonce: format!("{nonce:032x}"),
            limits: None,
        };
        self.sign(serde_json::to_vec(&request).unwrap())
    }

    /// Signs any bytes as a request.
    pub(crate) fn sign(&self, request: Vec<u8>) -> (RequestId, Submission) {
        let id = request_id(&network().id(), &request);
        let sig = self.session.sign(&session_request_digest(&id)).to_bytes().to_vec();
        (id, Submission { request, sig, login: self.login.clone(), code: self.code.clone() })
    }
}
