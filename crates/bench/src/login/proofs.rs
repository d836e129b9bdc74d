//! Somebody with a wallet, a passkey and accounts with an issuer, and how each of them logs in; and what one plain
//! verification of the same kind takes.

use std::{collections::BTreeMap, fmt, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use num_bigint::BigUint;
use p256::ecdsa::{Signature as P256Signature, SigningKey as P256Key, signature::Verifier as _};
use quorate_auth::{HeldKeys, SiweMessage, did_key, eip191, session_request_digest};
use quorate_engine::IssuerKeys;
use quorate_wire::{
    ActionCid, Address, Capability, CapabilityAction, CapabilityKey, Digest, ExecutionRequest, IssuerRule,
    Login, LoginTerms, NetworkId, OidcLogin, PasskeyLogin, Proof, PublicKey, SessionKey, SessionTerms,
    Submission, TokenAlgorithm, WalletLogin, login_challenge, login_nonce, request_id,
};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use sha2::{Digest as _, Sha256};

use super::committee::{BLOCK, UNIX_MS, network};
use crate::cpu;

const ISSUER: &str = "https://accounts.example";
const CLIENT: &str = "407408718192-0123456789abcdefghijklmnopqrstuv.apps.example";
const RP_ID: &str = "localhost";
const PLAIN_CALLS: usize = 300;
const CODE: &[u8] = b"an action";

/// A kind of login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Wallet,
    Rs256,
    Es256,
    Passkey,
    /// A token of RS256 and a passkey.
    Several,
    /// A token of `EdDSA` and a passkey: quicker to make.
    Quick,
}

impl Kind {
    /// All that are shown.
    pub(super) const ALL: [Kind; 5] = [Kind::Wallet, Kind::Rs256, Kind::Es256, Kind::Passkey, Kind::Several];

    /// How many of them are made.
    pub(super) fn calls(self) -> usize {
        if matches!(self, Kind::Rs256 | Kind::Several) { 60 } else { PLAIN_CALLS }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Wallet => "wallet",
            Kind::Rs256 => "token of RS256",
            Kind::Es256 => "token of ES256",
            Kind::Passkey => "passkey",
            Kind::Several | Kind::Quick => "token and passkey",
        })
    }
}

/// A session key, and what it may do.
pub(super) struct Session {
    key: SigningKey,
    capabilities: [Capability; 1],
}

impl Session {
    pub(super) fn new(number: u32) -> Self {
        let seed: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
        let action = CapabilityAction::Named(ActionCid::of_code(CODE));
        let capabilities = [Capability::Use { key: CapabilityKey::Own, action }];
        Session { key: SigningKey::from_bytes(&seed), capabilities }
    }

    fn terms(&self) -> Terms<'_> {
        let session = SessionKey(self.key.verifying_key().to_bytes());
        Terms { session, capabilities: &self.capabilities }
    }

    /// A request that it signs.
    pub(super) fn request(&self, login: &Login, number: u32) -> Result<Submission> {
        let network = network_id();
        let request = ExecutionRequest {
            v: 1,
            network,
            session: self.terms().session,
            login: login.hash(),
            action: ActionCid::of_code(CODE),
            params: serde_json::value::RawValue::from_string("{}".to_owned())?,
            block: BLOCK,
            time_ms: UNIX_MS,
            nonce: format!("{number:032x}"),
            limits: None,
        };
        let request = serde_json::to_vec(&request)?;
        let id = request_id(&network, &request);
        let sig = self.key.sign(&session_request_digest(&id)).to_bytes().to_vec();
        Ok(Submission { request, sig, login: login.clone(), code: None })
    }
}

fn network_id() -> NetworkId {
    static ID: std::sync::OnceLock<NetworkId> = std::sync::OnceLock::new();
    *ID.get_or_init(|| network().id())
}

struct Terms<'a> {
    session: SessionKey,
    capabilities: &'a [Capability],
}

const EXPIRES_MS: u64 = UNIX_MS + 3_600_000;
const RZ: Digest = Digest([9; 32]);

impl Terms<'_> {
    fn shown(&self) -> SessionTerms {
        let capabilities = self.capabilities.iter().map(ToString::to_string).collect();
        SessionTerms { session: self.session, expires_ms: EXPIRES_MS, capabilities, rz: RZ }
    }

    fn bound(&self, block: Option<Digest>) -> LoginTerms<'_> {
        let (session, capabilities) = (self.session, self.capabilities);
        LoginTerms { session, expires_ms: EXPIRES_MS, capabilities, rz: RZ, block }
    }
}

/// Somebody, and the issuer that knows them.
pub(super) struct Person {
    wallet: k256::ecdsa::SigningKey,
    passkey: P256Key,
    rsa: Rsa,
    p256: P256Key,
    ed25519: SigningKey,
}

impl Person {
    pub(super) fn new() -> Result<Self> {
        Ok(Person {
            wallet: k256::ecdsa::SigningKey::from_slice(&[7; 32])?,
            passkey: P256Key::from_slice(&[8; 32])?,
            rsa: Rsa::new()?,
            p256: P256Key::from_slice(&[9; 32])?,
            ed25519: SigningKey::from_bytes(&[10; 32]),
        })
    }

    /// The rule of the issuer.
    pub(super) fn issuer_rule(&self) -> IssuerRule {
        IssuerRule {
            name: "An issuer".to_owned(),
            issuer: ISSUER.to_owned(),
            aliases: Vec::new(),
            algorithms: vec![TokenAlgorithm::Rs256, TokenAlgorithm::Es256, TokenAlgorithm::EdDsa],
            jwks_uri: None,
        }
    }

    /// The issuer's keys.
    pub(super) fn issuer_keys(&self) -> Result<IssuerKeys> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let [x, y] = coordinates(&self.p256);
        let document = serde_json::json!({ "keys": [
            { "kty": "RSA", "kid": "RS256", "n": encode(&self.rsa.modulus.to_bytes_be()), "e": "AQAB" },
            { "kty": "EC", "crv": "P-256", "kid": "ES256", "x": encode(&x), "y": encode(&y) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "EdDSA", "x": encode(self.ed25519.verifying_key().as_bytes()) },
        ] });
        let held = HeldKeys::new(&document.to_string())?;
        Ok(Arc::new(BTreeMap::from([(ISSUER.to_owned(), Arc::new(held))])))
    }

    /// Allows a session.
    pub(super) fn log_in(&self, kind: Kind, session: &Session) -> Result<Login> {
        let terms = session.terms();
        Ok(match kind {
            Kind::Wallet => self.by_wallet(&terms)?.into(),
            Kind::Rs256 | Kind::Es256 => self.by_token(kind, &terms)?.into(),
            Kind::Passkey => self.by_passkey(&terms).into(),
            Kind::Several | Kind::Quick => {
                Login::several(vec![self.by_token(kind, &terms)?, self.by_passkey(&terms)])?
            }
        })
    }

    fn by_wallet(&self, terms: &Terms<'_>) -> Result<Proof> {
        let message = SiweMessage {
            scheme: None,
            domain: RP_ID.to_owned(),
            address: self.address()?,
            statement: None,
            uri: did_key(&terms.session),
            chain_id: 1,
            nonce: login_nonce(&network_id(), RP_ID, &terms.bound(None)),
            issued_at_ms: UNIX_MS - 1_000,
            expires_ms: EXPIRES_MS,
            not_before_ms: None,
            request_id: None,
            resources: terms.shown().capabilities,
        };
        let message = message.render()?;
        let (signature, recovery) = self.wallet.sign_prehash_recoverable(&eip191::hash(message.as_bytes()));
        let digits: String = signature.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("0x{digits}{:02x}", 27 + recovery.to_byte());
        Ok(Proof::Wallet(WalletLogin { message, signature, rz: RZ }))
    }

    fn address(&self) -> Result<Address> {
        Ok(PublicKey::from_sec1(&self.wallet.verifying_key().to_sec1_bytes())?.address())
    }

    /// A token with the claims that large issuers put into it.
    fn by_token(&self, kind: Kind, terms: &Terms<'_>) -> Result<Proof> {
        let algorithm = match kind {
            Kind::Es256 => "ES256",
            Kind::Quick => "EdDSA",
            Kind::Wallet | Kind::Rs256 | Kind::Passkey | Kind::Several => "RS256",
        };
        let header = serde_json::json!({ "alg": algorithm, "kid": algorithm, "typ": "JWT" });
        let issued_s = UNIX_MS / 1_000 - 1;
        let claims = serde_json::json!({
            "iss": ISSUER, "azp": CLIENT, "aud": CLIENT, "sub": "110169484474386276334",
            "email": "somebody.with.a.name@mail.example", "email_verified": true,
            "nonce": login_nonce(&network_id(), CLIENT, &terms.bound(None)), "nbf": issued_s - 300,
            "name": "Somebody With A Name", "given_name": "Somebody", "family_name": "With A Name",
            "picture": "https://pictures.accounts.example/a/0123456789abcdefghijklmnopqrstuvwxyz0123456789=s96-c",
            "iat": issued_s, "exp": issued_s + 3_600, "jti": "161803398874989484820458683436563811772030",
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = match kind {
            Kind::Es256 => {
                let signature: P256Signature = self.p256.sign(signed.as_bytes());
                signature.to_bytes().to_vec()
            }
            Kind::Quick => self.ed25519.sign(signed.as_bytes()).to_bytes().to_vec(),
            Kind::Wallet | Kind::Rs256 | Kind::Passkey | Kind::Several => self.rsa.sign(signed.as_bytes()),
        };
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        ensure!(token.len() < 4_096, "a token of a usual length");
        Ok(Proof::Oidc(OidcLogin { token, terms: terms.shown() }))
    }

    fn by_passkey(&self, terms: &Terms<'_>) -> Proof {
        let challenge = login_challenge(&network_id(), RP_ID, &terms.bound(Some(BLOCK.hash)));
        let client_data = format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"http://localhost:5173","crossOrigin":false}}"#,
            URL_SAFE_NO_PAD.encode(challenge)
        )
        .into_bytes();
        let authenticator_data = [&Sha256::digest(RP_ID)[..], &[0x1d, 0, 0, 0, 0]].concat();
        let signed = [&authenticator_data[..], &Sha256::digest(&client_data)].concat();
        let signature: P256Signature = self.passkey.sign(&signed);
        let [x, y] = coordinates(&self.passkey);
        Proof::Passkey(PasskeyLogin {
            rp_id: RP_ID.to_owned(),
            public_key: [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], &x, &[0x22, 0x58, 32], &y]
                .concat(),
            authenticator_data,
            client_data,
            signature: signature.to_der().as_bytes().to_vec(),
            credential_id: Some(URL_SAFE_NO_PAD.encode([5; 20])),
            block: BLOCK,
            terms: terms.shown(),
        })
    }

    /// CPU microseconds of the plain verifications behind a login of this kind.
    pub(super) fn plain(&self, kind: Kind) -> Result<f64> {
        const MESSAGE: &[u8] = &[7; 900];
        let p256 = || {
            let signature: P256Signature = self.passkey.sign(MESSAGE);
            let key = self.passkey.verifying_key();
            cpu::median_us(PLAIN_CALLS, || {
                let _ = std::hint::black_box(key.verify(MESSAGE, &signature));
            })
        };
        let rsa = || {
            let (signature, n) = (self.rsa.sign(MESSAGE), self.rsa.modulus.to_bytes_be());
            let key = RsaPublicKeyComponents { n, e: vec![1, 0, 1] };
            let verify = || key.verify(&RSA_PKCS1_2048_8192_SHA256, MESSAGE, &signature);
            verify().ok().context("the signature is good")?;
            Ok::<_, anyhow::Error>(cpu::median_us(PLAIN_CALLS, || {
                let _ = std::hint::black_box(verify());
            }))
        };
        Ok(match kind {
            Kind::Wallet => {
                let hash = eip191::hash(MESSAGE);
                let (signature, recovery) = self.wallet.sign_prehash_recoverable(&hash);
                cpu::median_us(PLAIN_CALLS, || {
                    let _ = std::hint::black_box(k256::ecdsa::VerifyingKey::recover_from_prehash(
                        &hash, &signature, recovery,
                    ));
                })
            }
            Kind::Rs256 => rsa()?,
            Kind::Es256 | Kind::Passkey => p256(),
            Kind::Several | Kind::Quick => rsa()? + p256(),
        })
    }
}

/// CPU microseconds of a plain verification of Ed25519.
pub(super) fn plain_ed25519() -> f64 {
    let key = SigningKey::from_bytes(&[3; 32]);
    let signature = key.sign(&[7; 32]);
    let key = key.verifying_key();
    cpu::median_us(PLAIN_CALLS, || {
        let _ = std::hint::black_box(key.verify_strict(&[7; 32], &signature));
    })
}

fn coordinates(key: &P256Key) -> [Vec<u8>; 2] {
    let point = key.verifying_key().to_sec1_point(false);
    let bytes = point.as_bytes();
    [bytes[1..33].to_vec(), bytes[33..].to_vec()]
}

/// An RSA key of 2048 bits, made of its name. It protects nothing.
struct Rsa {
    modulus: BigUint,
    secret: BigUint,
}

/// How far the primes of the key are behind the numbers that are made of its name.
const RSA_PRIMES: [(char, u32); 2] = [('p', 2_030), ('q', 582)];
/// `DigestInfo` of SHA-256 (RFC 8017, section 9.2).
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

impl Rsa {
    fn new() -> Result<Self> {
        let [p, q] = RSA_PRIMES.map(|(which, offset)| {
            let part = |place: u8| {
                let label = format!("quorate test key rsa-1 {which}");
                Sha256::digest([label.as_bytes(), &[place]].concat()).to_vec()
            };
            let number = BigUint::from_bytes_be(&(0..4).flat_map(part).collect::<Vec<u8>>());
            (number | BigUint::from(3u8) << 1_022u32 | BigUint::from(1u8)) + offset
        });
        let order = (&p - 1u8) * (&q - 1u8);
        let secret = BigUint::from(65_537u32).modinv(&order).context("the exponent has an inverse")?;
        Ok(Rsa { modulus: p * q, secret })
    }

    /// A signature by RS256.
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let info = [&SHA256_INFO, Sha256::digest(message).as_slice()].concat();
        let padded = [&[0, 1][..], &vec![0xff; 256 - 3 - info.len()], &[0], &info].concat();
        let signature = BigUint::from_bytes_be(&padded).modpow(&self.secret, &self.modulus).to_bytes_be();
        [vec![0; 256 - signature.len()], signature].concat()
    }
}
