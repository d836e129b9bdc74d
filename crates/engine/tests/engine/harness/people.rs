//! People and how they log in: by wallets, by passkeys, and by an issuer whose tokens are logins. Signatures of the latter
//! two are Ed25519's.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use quorate_auth::{HeldKeys, SiweMessage, did_key, eip191, oidc::oidc_id, passkey::passkey_id};
use quorate_engine::IssuerKeys;
use quorate_wire::{
    BlockRef, Capability, Digest, IssuerRule, Issuers, LoginId, LoginTerms, NetworkId, OidcLogin,
    PasskeyLogin, Proof, SessionKey, SessionTerms, TokenAlgorithm, WalletLogin, login_challenge, login_nonce,
};
use sha2::{Digest as _, Sha256};

use super::{Caller, UNIX_MS, registry::HEAD};

pub(crate) const ISSUER: &str = "https://issuer.example";
const CLIENT: &str = "an-application";
const RP_ID: &str = "localhost";

/// What a session is allowed to do, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) network: NetworkId,
    pub(crate) session: SessionKey,
    pub(crate) capabilities: &'a [Capability],
    pub(crate) expires_ms: u64,
}

/// The randomness of every such session.
const RZ: Digest = Digest([9; 32]);

impl Terms<'_> {
    fn shown(&self) -> SessionTerms {
        SessionTerms {
            session: self.session,
            expires_ms: self.expires_ms,
            capabilities: self.capabilities.iter().map(ToString::to_string).collect(),
            rz: RZ,
        }
    }

    fn bound(&self, block: Option<Digest>) -> LoginTerms<'_> {
        let (session, expires_ms) = (self.session, self.expires_ms);
        LoginTerms { session, expires_ms, capabilities: self.capabilities, rz: RZ, block }
    }
}

/// Somebody's wallet allows a session.
pub(crate) fn by_wallet(mark: u8, terms: &Terms<'_>) -> Proof {
    let nonce = login_nonce(&terms.network, RP_ID, &terms.bound(None));
    let message = SiweMessage {
        scheme: None,
        domain: RP_ID.to_owned(),
        address: Caller::wallet(mark),
        statement: None,
        uri: did_key(&terms.session),
        chain_id: 1,
        nonce,
        issued_at_ms: UNIX_MS - 1_000,
        expires_ms: terms.expires_ms,
        not_before_ms: None,
        request_id: None,
        resources: terms.shown().capabilities,
    };
    let message = message.render().unwrap();
    let wallet = k256::ecdsa::SigningKey::from_slice(&[mark; 32]).unwrap();
    let (signature, recovery) = wallet.sign_prehash_recoverable(&eip191::hash(message.as_bytes()));
    let signature = format!("0x{}{:02x}", hex::encode(signature.to_bytes()), 27 + recovery.to_byte());
    Proof::Wallet(WalletLogin { message, signature, rz: RZ })
}

/// The COSE key of somebody's passkey.
pub(crate) fn cose_key(person: u8) -> Vec<u8> {
    let key = SigningKey::from_bytes(&[person; 32]).verifying_key().to_bytes();
    [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20][..], &key].concat()
}

/// The id of somebody's passkey.
pub(crate) fn passkey_of(person: u8) -> LoginId {
    LoginId(Digest(passkey_id(RP_ID, &cose_key(person))))
}

/// The id of somebody whom the issuer knows.
pub(crate) fn known_as(subject: &str) -> LoginId {
    LoginId(Digest(oidc_id(ISSUER, CLIENT, subject)))
}

/// How somebody's passkey is used: well, but for what a test changes.
#[derive(Clone, Copy)]
pub(crate) struct Passkey<'a> {
    pub(crate) person: u8,
    pub(crate) rp_id: &'a str,
    /// What the authenticator says of the relying party.
    pub(crate) used_for: &'a str,
    pub(crate) ceremony: &'a str,
    pub(crate) origin: &'a str,
    pub(crate) cross_origin: bool,
    /// User present and verified.
    pub(crate) flags: u8,
    pub(crate) credential_id: Option<&'a str>,
    pub(crate) block: BlockRef,
}

impl Passkey<'_> {
    pub(crate) fn of(person: u8) -> Self {
        Passkey {
            person,
            rp_id: RP_ID,
            used_for: RP_ID,
            ceremony: "webauthn.get",
            origin: "http://localhost:5173",
            cross_origin: false,
            flags: 0x05,
            credential_id: None,
            block: BLOCK,
        }
    }

    /// It allows a session.
    pub(crate) fn allows(&self, terms: &Terms<'_>) -> Proof {
        let challenge = login_challenge(&terms.network, self.rp_id, &terms.bound(Some(self.block.hash)));
        let (ceremony, origin, challenge) = (self.ceremony, self.origin, URL_SAFE_NO_PAD.encode(challenge));
        let client_data = format!(
            r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}","crossOrigin":{}}}"#,
            self.cross_origin
        )
        .into_bytes();
        let authenticator_data = [&Sha256::digest(self.used_for)[..], &[self.flags, 0, 0, 0, 0]].concat();
        let signed = [&authenticator_data[..], &Sha256::digest(&client_data)].concat();
        Proof::Passkey(PasskeyLogin {
            rp_id: self.rp_id.to_owned(),
            public_key: cose_key(self.person),
            signature: SigningKey::from_bytes(&[self.person; 32]).sign(&signed).to_bytes().to_vec(),
            authenticator_data,
            client_data,
            credential_id: self.credential_id.map(str::to_owned),
            block: self.block,
            terms: terms.shown(),
        })
    }
}

/// Somebody's passkey allows a session, at a block.
pub(crate) fn by_passkey(person: u8, terms: &Terms<'_>, block: BlockRef) -> Proof {
    Passkey { block, ..Passkey::of(person) }.allows(terms)
}

/// What an issuer says: the truth, but for what a test changes.
#[derive(Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) algorithm: &'a str,
    pub(crate) key_name: &'a str,
    pub(crate) key: u8,
    pub(crate) issuer: &'a str,
    /// As JSON.
    pub(crate) audience: &'a str,
    /// For whom the nonce is made.
    pub(crate) asked_for: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) issued_s: u64,
}

impl<'a> Token<'a> {
    pub(crate) fn of(subject: &'a str) -> Self {
        Token {
            algorithm: "EdDSA",
            key_name: "1",
            key: 1,
            issuer: ISSUER,
            audience: r#""an-application""#,
            asked_for: CLIENT,
            subject,
            issued_s: UNIX_MS / 1_000 - 1,
        }
    }

    /// It allows a session.
    pub(crate) fn allows(&self, terms: &Terms<'_>) -> Proof {
        let nonce = login_nonce(&terms.network, self.asked_for, &terms.bound(None));
        let header = format!(r#"{{"alg":"{}","kid":"{}"}}"#, self.algorithm, self.key_name);
        let (issuer, audience, subject) = (self.issuer, self.audience, self.subject);
        let claims = format!(
            r#"{{"iss":"{issuer}","aud":{audience},"sub":"{subject}","iat":{},"exp":{},"nonce":"{nonce}"}}"#,
            self.issued_s,
            self.issued_s + 300
        );
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = SigningKey::from_bytes(&[self.key; 32]).sign(signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
        Proof::Oidc(OidcLogin { token, terms: terms.shown() })
    }
}

/// The issuer says who somebody is, by one of its keys.
pub(crate) fn by_issuer(subject: &str, terms: &Terms<'_>, key: u8) -> Proof {
    let name = key.to_string();
    Token { key_name: &name, key, ..Token::of(subject) }.allows(terms)
}

/// The rule of the issuer, as the Directory has it.
pub(crate) fn issuers() -> Issuers {
    Issuers::new(vec![rule("An issuer", ISSUER)]).unwrap()
}

/// The rule of any issuer.
pub(crate) fn rule(name: &str, issuer: &str) -> IssuerRule {
    IssuerRule {
        name: name.to_owned(),
        issuer: issuer.to_owned(),
        aliases: Vec::new(),
        algorithms: vec![TokenAlgorithm::EdDsa],
        jwks_uri: None,
    }
}

fn document(keys: &[u8]) -> String {
    let keys = keys.iter().map(|key| {
        let x = URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&[*key; 32]).verifying_key().to_bytes());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{key}","x":"{x}"}}"#)
    });
    format!(r#"{{"keys":[{}]}}"#, keys.collect::<Vec<_>>().join(","))
}

/// The issuer's keys as a node has fetched them: those that it shows, and those that it has withdrawn at a moment.
pub(crate) fn issuer_keys(shown: &[u8], withdrawn: Option<(&[u8], u64)>) -> IssuerKeys {
    IssuerKeys::new([(ISSUER.to_owned(), held(shown, withdrawn).into())].into())
}

/// Keys of an issuer, each by its number as its name.
pub(crate) fn held(shown: &[u8], withdrawn: Option<(&[u8], u64)>) -> HeldKeys {
    let older: Vec<_> = withdrawn.into_iter().map(|(keys, until_ms)| (document(keys), until_ms)).collect();
    HeldKeys::restore(&document(shown), &older).unwrap()
}

/// The block that logins name: every node has seen it.
pub(crate) const BLOCK: BlockRef = HEAD;
