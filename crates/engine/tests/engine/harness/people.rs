//! People without wallets: passkeys, and an issuer whose tokens are logins. Their signatures are Ed25519's.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use quorate_auth::{HeldKeys, oidc::oidc_id, passkey::passkey_id};
use quorate_engine::IssuerKeys;
use quorate_wire::{
    BlockRef, Capability, Digest, IssuerRule, Issuers, LoginId, LoginTerms, OidcLogin, PasskeyLogin, Proof,
    SessionKey, SessionTerms, TokenAlgorithm, login_challenge, login_nonce,
};
use sha2::{Digest as _, Sha256};

use super::{UNIX_MS, network, registry::HEAD};

pub(crate) const ISSUER: &str = "https://issuer.example";
const CLIENT: &str = "an-application";
const RP_ID: &str = "localhost";

/// What a session is allowed to do, and until when.
pub(crate) struct Terms<'a> {
    pub(crate) session: SessionKey,
    pub(crate) capabilities: &'a [Capability],
    pub(crate) expires_ms: u64,
}

impl Terms<'_> {
    fn shown(&self) -> SessionTerms {
        SessionTerms {
            session: self.session,
            expires_ms: self.expires_ms,
            capabilities: self.capabilities.iter().map(ToString::to_string).collect(),
            rz: Digest([9; 32]),
        }
    }

    fn bound(&self, block: Option<Digest>) -> LoginTerms<'_> {
        let (session, expires_ms, rz) = (self.session, self.expires_ms, Digest([9; 32]));
        LoginTerms { session, expires_ms, capabilities: self.capabilities, rz, block }
    }
}

/// The COSE key of somebody's passkey.
fn cose_key(person: u8) -> Vec<u8> {
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

/// Somebody's passkey allows a session, at a block.
pub(crate) fn by_passkey(person: u8, terms: &Terms<'_>, block: BlockRef) -> Proof {
    let challenge = login_challenge(&network().id(), RP_ID, &terms.bound(Some(block.hash)));
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    let client_data = format!(
        r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost:5173","crossOrigin":false}}"#
    )
    .into_bytes();
    let authenticator_data = [&Sha256::digest(RP_ID)[..], &[0x05, 0, 0, 0, 0]].concat();
    let signed = [&authenticator_data[..], &Sha256::digest(&client_data)].concat();
    Proof::Passkey(PasskeyLogin {
        rp_id: RP_ID.to_owned(),
        public_key: cose_key(person),
        signature: SigningKey::from_bytes(&[person; 32]).sign(&signed).to_bytes().to_vec(),
        authenticator_data,
        client_data,
        credential_id: None,
        block,
        terms: terms.shown(),
    })
}

/// The issuer says who somebody is, by one of its keys.
pub(crate) fn by_issuer(subject: &str, terms: &Terms<'_>, key: u8) -> Proof {
    let nonce = login_nonce(&network().id(), CLIENT, &terms.bound(None));
    let issued_s = UNIX_MS / 1_000 - 1;
    let header = format!(r#"{{"alg":"EdDSA","kid":"{key}"}}"#);
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"{CLIENT}","sub":"{subject}","iat":{issued_s},"exp":{},"nonce":"{nonce}"}}"#,
        issued_s + 300
    );
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = SigningKey::from_bytes(&[key; 32]).sign(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    Proof::Oidc(OidcLogin { token, terms: terms.shown() })
}

/// The rule of the issuer, as the Directory has it.
pub(crate) fn issuers() -> Issuers {
    let rule = IssuerRule {
        name: "An issuer".to_owned(),
        issuer: ISSUER.to_owned(),
        aliases: Vec::new(),
        algorithms: vec![TokenAlgorithm::EdDsa],
        jwks_uri: None,
    };
    Issuers::new(vec![rule]).unwrap()
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
    let older: Vec<_> = withdrawn.into_iter().map(|(keys, until_ms)| (document(keys), until_ms)).collect();
    let held = HeldKeys::restore(&document(shown), &older).unwrap();
    IssuerKeys::new([(ISSUER.to_owned(), held.into())].into())
}

/// The block that logins name: every node has seen it.
pub(crate) const BLOCK: BlockRef = HEAD;
