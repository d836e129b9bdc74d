//! Keys of tests, each made of its name. They protect nothing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::Signer as _;
use num_bigint::BigUint;
use p256::ecdsa::{Signature as P256Signature, SigningKey as P256Key};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A key of a test.
pub(crate) enum TestKey {
    Rsa(Rsa),
    P256(P256Key),
    Ed25519(ed25519_dalek::SigningKey),
}

/// A 2048-bit RSA key with the exponent 65537.
pub(crate) struct Rsa {
    pub(crate) modulus: BigUint,
    secret: BigUint,
}

/// How far the primes of a key are behind the numbers that are made of its name.
const RSA_PRIMES: [(&str, u32, u32); 3] =
    [("rsa-1", 2_030, 582), ("rsa-2", 422, 1_736), ("rsa-3", 3_148, 132)];
pub(crate) const RSA_EXPONENT: u32 = 65_537;
/// `DigestInfo` of SHA-256 (RFC 8017, section 9.2).
pub(crate) const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

impl TestKey {
    /// A key by its name, whose beginning says of which type it is.
    pub(crate) fn named(name: &str) -> TestKey {
        let seed = Sha256::digest(format!("quorate test key {name}"));
        match name.split_once('-').unwrap().0 {
            "rsa" => TestKey::Rsa(Rsa::named(name)),
            "p256" => TestKey::P256(P256Key::from_slice(&seed).unwrap()),
            "ed25519" => TestKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed.into())),
            other => panic!("no key type {other}"),
        }
    }

    /// A signature; of ECDSA, the two numbers of 32 bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            TestKey::Rsa(key) => key.sign(&[&SHA256_INFO, Sha256::digest(message).as_slice()].concat()),
            TestKey::P256(key) => {
                let signature: P256Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            TestKey::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }

    pub(crate) fn rsa(&self) -> &Rsa {
        let TestKey::Rsa(key) = self else { panic!("an RSA key") };
        key
    }

    /// The x and y of a P-256 key; the x of an Ed25519 key.
    pub(crate) fn coordinates(&self) -> (Vec<u8>, Vec<u8>) {
        match self {
            TestKey::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false).to_bytes();
                (point[1..33].to_vec(), point[33..].to_vec())
            }
            TestKey::Ed25519(key) => (key.verifying_key().to_bytes().to_vec(), Vec::new()),
            TestKey::Rsa(_) => panic!("an RSA key has no coordinates"),
        }
    }

    /// The public key as a JWK.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            TestKey::Rsa(key) => json!({
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
                "n": encode(&key.modulus.to_bytes_be()), "e": "AQAB",
            }),
            TestKey::P256(_) => {
                let (x, y) = self.coordinates();
                json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": encode(&x), "y": encode(&y) })
            }
            TestKey::Ed25519(_) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(&self.coordinates().0) })
            }
        }
    }

    /// The public key as a COSE key.
    pub(crate) fn cose(&self) -> Vec<u8> {
        match self {
            TestKey::P256(_) => {
                let (x, y) = self.coordinates();
                [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], &x, &[0x22, 0x58, 32], &y].concat()
            }
            TestKey::Ed25519(_) => {
                [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32][..], &self.coordinates().0].concat()
            }
            TestKey::Rsa(key) => cose_rsa(&key.modulus.to_bytes_be(), &[1, 0, 1]),
        }
    }
}

/// An RSA key as a COSE key, whatever its numbers are.
pub(crate) fn cose_rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let length = u16::try_from(modulus.len()).unwrap().to_be_bytes();
    // A length below 256 has one byte.
    let length = if length[0] == 0 { vec![0x58, length[1]] } else { vec![0x59, length[0], length[1]] };
    let head = [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20][..], &length].concat();
    let between = [0x21, 0x40 + u8::try_from(exponent.len()).unwrap()];
    [&head[..], modulus, &between, exponent].concat()
}

impl Rsa {
    fn named(name: &str) -> Rsa {
        let (_, p, q) = RSA_PRIMES.into_iter().find(|(known, ..)| *known == name).unwrap();
        let prime = |which: char, offset: u32| {
            let part = |place: u8| {
                let label = format!("quorate test key {name} {which}");
                Sha256::digest([label.as_bytes(), &[place]].concat()).to_vec()
            };
            let number = BigUint::from_bytes_be(&(0..4).flat_map(part).collect::<Vec<u8>>());
            (number | BigUint::from(3u8) << 1_022u32 | BigUint::from(1u8)) + offset
        };
        let (p, q) = (prime('p', p), prime('q', q));
        let order = (&p - 1u8) * (&q - 1u8);
        Rsa { modulus: p * q, secret: BigUint::from(RSA_EXPONENT).modinv(&order).unwrap() }
    }

    /// A PKCS #1 v1.5 signature of a `DigestInfo` that is already made.
    pub(crate) fn sign(&self, info: &[u8]) -> Vec<u8> {
        self.raw(&[&[0, 1][..], &vec![0xff; 256 - 3 - info.len()], &[0], info].concat())
    }

    /// A padded message to the secret power.
    pub(crate) fn raw(&self, padded: &[u8]) -> Vec<u8> {
        let signature = BigUint::from_bytes_be(padded).modpow(&self.secret, &self.modulus).to_bytes_be();
        [vec![0; 256 - signature.len()], signature].concat()
    }
}

/// The order of P-256's group less a signature's s: the other signature of the same message.
pub(crate) fn other_s(fixed: &[u8]) -> Vec<u8> {
    let signature = P256Signature::from_slice(fixed).unwrap();
    let (r, s) = signature.split_scalars();
    P256Signature::from_scalars(r, -s).unwrap().to_bytes().to_vec()
}

/// A signature of ECDSA in DER.
pub(crate) fn der(fixed: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).unwrap();
        let zero = &[0u8][..usize::from(number[start] >= 0x80)];
        let value = [zero, &number[start..]].concat();
        [&[2, u8::try_from(value.len()).unwrap()][..], &value].concat()
    };
    let both = [integer(&fixed[..32]), integer(&fixed[32..])].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
}

/// The order of Ed25519's group, little-endian.
const ED25519_ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// A signature of Ed25519 whose s has the group's order added: the same number, written otherwise.
pub(crate) fn larger_s(signature: &[u8]) -> Vec<u8> {
    let order = BigUint::from_bytes_le(&hex::decode(ED25519_ORDER).unwrap());
    let mut s = (BigUint::from_bytes_le(&signature[32..]) + order).to_bytes_le();
    s.resize(32, 0);
    [&signature[..32], &s].concat()
}
