//! People who log in by a passkey, by an account with the issuer, or by two methods together. Signatures are Ed25519's, as
//! those of RSA take a simulation too long.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use quorate_auth::{oidc::oidc_id, passkey::passkey_id};
use quorate_engine::{TYPE_OIDC, TYPE_PASSKEY};
use quorate_wire::{
    Address, BlockRef, Capability, Digest, Login, LoginId, LoginTerms, NetworkId, OidcLogin, PasskeyLogin,
    Proof, SessionKey, SessionTerms, login_challenge, login_nonce,
};
use sha2::{Digest as _, Sha256};

use crate::{
    caller::sign_in,
    chain::Granted,
    entropy::Dice,
    invariants::{Basis, TokenBasis},
    issuer::{ISSUER, Issuer},
};

const CLIENT: &str = "an-application";
const RP_ID: &str = "localhost";

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Wallet,
    Token,
    Passkey,
}

/// In which ways the people of the world log in.
const WAYS: [&[Way]; PEOPLE] =
    [&[Way::Token], &[Way::Passkey], &[Way::Wallet, Way::Token], &[Way::Token, Way::Passkey]];
/// How many people there are.
pub(crate) const PEOPLE: usize = 4;

/// Somebody who logs in without a wallet, or not only with one.
pub(crate) struct Person {
    ways: &'static [Way],
    subject: String,
    passkey: SigningKey,
    wallet: k256::ecdsa::SigningKey,
    address: Address,
}

/// A session that somebody has allowed.
pub(crate) struct Opened {
    pub(crate) session: SigningKey,
    pub(crate) login: Login,
    pub(crate) basis: Basis,
}

/// What a session is for, and where and when it is allowed.
pub(crate) struct Wanted<'a> {
    pub(crate) network: &'a NetworkId,
    pub(crate) capabilities: &'a [Capability],
    pub(crate) block: BlockRef,
    /// When the block was made.
    pub(crate) block_ms: u64,
    pub(crate) now_ms: u64,
    pub(crate) life_ms: u64,
}

impl Person {
    /// Everybody.
    pub(crate) fn all(dice: &mut Dice) -> Vec<Person> {
        let person = |(number, ways): (usize, &&'static [Way])| {
            let (wallet, address) = crate::caller::wallet_of(dice);
            let passkey = SigningKey::from_bytes(&dice.bytes());
            Person { ways, subject: format!("person {number}"), passkey, wallet, address }
        };
        WAYS.iter().enumerate().map(person).collect()
    }

    fn id_of(&self, way: Way) -> LoginId {
        match way {
            Way::Wallet => LoginId::of_wallet(&self.address),
            Way::Token => LoginId(Digest(oidc_id(ISSUER, CLIENT, &self.subject))),
            Way::Passkey => LoginId(Digest(passkey_id(RP_ID, &cose_key(&self.passkey)))),
        }
    }

    /// As whom the network knows the person.
    pub(crate) fn id(&self) -> LoginId {
        match self.ways {
            [way] => self.id_of(*way),
            ways => LoginId::of_several(ways.iter().map(|way| self.id_of(*way)).collect()),
        }
    }

    /// To whom keys can be granted.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Granted> {
        self.ways.iter().map(|way| match way {
            Way::Wallet => Granted::Address(self.address),
            Way::Token => Granted::Method(TYPE_OIDC, self.id_of(*way).0),
            Way::Passkey => Granted::Method(TYPE_PASSKEY, self.id_of(*way).0),
        })
    }

    /// Allows a new session key something, in all of its ways.
    pub(crate) fn log_in(&self, dice: &mut Dice, wanted: &Wanted<'_>, issuer: &Issuer) -> Opened {
        let session = SigningKey::from_bytes(&dice.bytes());
        let key = SessionKey(session.verifying_key().to_bytes());
        // Texts have whole seconds, and so have tokens.
        let issued_ms = wanted.now_ms / 1_000 * 1_000;
        let expires_ms = (issued_ms + wanted.life_ms) / 1_000 * 1_000;
        let rz = Digest(dice.bytes());
        let terms = Terms {
            network: wanted.network,
            session: key,
            expires_ms,
            rz,
            capabilities: wanted.capabilities,
        };
        let (name, issuers_key) = issuer.signs_by();
        let proofs: Vec<Proof> = self
            .ways
            .iter()
            .map(|way| match way {
                Way::Wallet => {
                    let wallet = (&self.wallet, self.address);
                    Proof::Wallet(sign_in(wallet, wanted.network, issued_ms, &terms.bound(None)))
                }
                Way::Token => token((name, &issuers_key), &self.subject, issued_ms / 1_000, &terms),
                Way::Passkey => assertion(&self.passkey, wanted.block, &terms),
            })
            .collect();
        let has = |way| self.ways.contains(&way);
        let moment_ms = |way: &Way| match way {
            Way::Wallet | Way::Token => issued_ms,
            Way::Passkey => wanted.block_ms,
        };
        let basis = Basis {
            expires_ms,
            proven_ms: self.ways.iter().map(moment_ms).min().unwrap_or(0),
            token: has(Way::Token).then_some(TokenBasis { name, key: name, issued_ms }),
            block: has(Way::Passkey).then_some(wanted.block.number),
        };
        Opened { session, login: login(proofs), basis }
    }
}

/// A login of one proof or of several.
pub(crate) fn login(mut proofs: Vec<Proof>) -> Login {
    match proofs.len() {
        1 => proofs.remove(0).into(),
        _ => Login::several(proofs).expect("a few proofs"),
    }
}

/// What a passkey or a token binds.
struct Terms<'a> {
    network: &'a NetworkId,
    session: SessionKey,
    expires_ms: u64,
    rz: Digest,
    capabilities: &'a [Capability],
}

impl Terms<'_> {
    fn shown(&self) -> SessionTerms {
        let capabilities = self.capabilities.iter().map(ToString::to_string).collect();
        SessionTerms { session: self.session, expires_ms: self.expires_ms, capabilities, rz: self.rz }
    }

    fn bound(&self, block: Option<Digest>) -> LoginTerms<'_> {
        let (session, expires_ms, rz) = (self.session, self.expires_ms, self.rz);
        LoginTerms { session, expires_ms, capabilities: self.capabilities, rz, block }
    }
}

fn cose_key(key: &SigningKey) -> Vec<u8> {
    let key = key.verifying_key().to_bytes();
    [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20][..], &key].concat()
}

fn assertion(passkey: &SigningKey, block: BlockRef, terms: &Terms<'_>) -> Proof {
    let challenge = login_challenge(terms.network, RP_ID, &terms.bound(Some(block.hash)));
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    let client_data =
        format!(r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost:5173"}}"#)
            .into_bytes();
    let authenticator_data = [&Sha256::digest(RP_ID)[..], &[0x05, 0, 0, 0, 0]].concat();
    let signed = [&authenticator_data[..], &Sha256::digest(&client_data)].concat();
    Proof::Passkey(PasskeyLogin {
        rp_id: RP_ID.to_owned(),
        public_key: cose_key(passkey),
        signature: passkey.sign(&signed).to_bytes().to_vec(),
        authenticator_data,
        client_data,
        credential_id: None,
        block,
        terms: terms.shown(),
    })
}

fn token((name, key): (u8, &SigningKey), subject: &str, issued_s: u64, terms: &Terms<'_>) -> Proof {
    let nonce = login_nonce(terms.network, CLIENT, &terms.bound(None));
    let header = format!(r#"{{"alg":"EdDSA","kid":"{name}"}}"#);
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"{CLIENT}","sub":"{subject}","iat":{issued_s},"exp":{},"nonce":"{nonce}"}}"#,
        issued_s + 300
    );
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(signed.as_bytes()).to_bytes();
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    Proof::Oidc(OidcLogin { token, terms: terms.shown() })
}

/// A liar's own passkey allows somebody else's session key what a login said.
pub(crate) fn by_passkey_of_liar(dice: &mut Dice, network: &NetworkId, shown: &PasskeyLogin) -> Proof {
    let passkey = SigningKey::from_bytes(&dice.bytes());
    let parsed = shown.terms.capabilities.iter().filter_map(|text| text.parse().ok());
    let capabilities: Vec<Capability> = parsed.collect();
    let SessionTerms { session, expires_ms, rz, .. } = shown.terms;
    assertion(&passkey, shown.block, &Terms { network, session, expires_ms, rz, capabilities: &capabilities })
}
