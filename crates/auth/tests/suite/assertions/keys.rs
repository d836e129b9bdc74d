//! Assertions by keys, or with signatures, that are not what they must be.

use quorate_auth::passkey::PasskeyError::{self, KeyForm, KeyKind, KeyUnsound, Signature};
use sha2::{Digest as _, Sha256};

use super::{Forged, after, good};
use crate::keys::{SHA256_INFO, TestKey, cose_rsa, der, larger_s};

pub(super) fn forged() -> Vec<Forged> {
    [forms(), kinds(), values(), signatures(), of_p256(), of_others()].into_iter().flatten().collect()
}

/// A signed assertion that is shown with another key.
fn with(name: &'static str, error: PasskeyError, key: &str, change: impl FnOnce(&mut Vec<u8>)) -> Forged {
    (name, error, after(key, |parts| change(&mut parts.cose_key)))
}

/// Other encodings of the key that signed: it would have another id.
fn forms() -> Vec<Forged> {
    let form = |name, key, change: &dyn Fn(&mut Vec<u8>)| with(name, KeyForm, key, change);
    vec![
        form("key empty", "p256-1", &|key| key.clear()),
        form("key with a byte behind", "p256-1", &|key| key.push(0)),
        form("key cut off", "p256-1", &|key| key.truncate(76)),
        form("key in SEC 1", "p256-1", &|key| {
            let (x, y) = TestKey::named("p256-1").coordinates();
            *key = [vec![4], x, y].concat();
        }),
        form("key with a length longer than needed", "p256-1", &|key| drop(key.splice(..1, [0xb8, 5]))),
        form("key with a number longer than needed", "p256-1", &|key| drop(key.splice(2..3, [0x18, 2]))),
        form("key with a longer length of bytes", "p256-1", &|key| drop(key.splice(8..10, [0x59, 0, 32]))),
        form("key of indefinite length", "p256-1", &|key| {
            key[0] = 0xbf;
            key.push(0xff);
        }),
        form("key with its members in another order", "p256-1", &|key| {
            // {3: −7, 1: 2, …}
            key[1..5].rotate_left(2);
        }),
        form("key with x and y in another order", "p256-1", &|key| key[7..].rotate_left(35)),
        form("key with a member more", "p256-1", &|key| {
            key[0] = 0xa6;
            key.extend([0x23, 0]);
        }),
        form("key with its kid", "p256-1", &|key| {
            key[0] = 0xa6;
            key.splice(3..3, [2, 0x41, 1]);
        }),
        form("key with a member twice", "p256-1", &|key| {
            key[0] = 0xa6;
            let last = key[42..].to_vec();
            key.extend(last);
        }),
        form("key that says to have a member more", "p256-1", &|key| key[0] = 0xa6),
        form("key with a compressed point", "p256-1", &|key| {
            key.truncate(42);
            key.extend([0x22, 0xf5]);
        }),
        form("key with a zero in front of x", "p256-1", &|key| drop(key.splice(9..10, [33, 0]))),
        form("key with x as a text", "ed25519-1", &|key| key[8] = 0x78),
        form("key of Ed25519 with a y", "ed25519-1", &|key| {
            key[0] = 0xa5;
            key.extend([0x22, 0x41, 0]);
        }),
        form("key of RSA with a zero in front of its exponent", "rsa-1", &|key| {
            let n = TestKey::named("rsa-1").rsa().modulus.to_bytes_be();
            *key = cose_rsa(&n, &[0, 1, 0, 1]);
        })
        .because(KeyUnsound),
        form("key of RSA with a zero in front of its modulus", "rsa-1", &|key| {
            let n = TestKey::named("rsa-1").rsa().modulus.to_bytes_be();
            *key = cose_rsa(&[vec![0], n].concat(), &[1, 0, 1]);
        })
        .because(KeyUnsound),
    ]
}

trait Because {
    fn because(self, error: PasskeyError) -> Self;
}

impl Because for Forged {
    fn because(self, error: PasskeyError) -> Forged {
        (self.0, error, self.2)
    }
}

fn kinds() -> Vec<Forged> {
    let kind = |name, key, place: usize, byte: u8| with(name, KeyKind, key, |key| key[place] = byte);
    vec![
        kind("key of P-256 for EdDSA", "p256-1", 4, 0x27),
        kind("key of another curve", "p256-1", 6, 2),
        kind("key of secp256k1", "p256-1", 6, 8),
        kind("key of the type OKP for ES256", "p256-1", 2, 1),
        kind("key of Ed25519 for ES256", "ed25519-1", 4, 0x26),
        kind("key of X25519", "ed25519-1", 6, 4),
        kind("key that is symmetric", "ed25519-1", 2, 4),
        with("key of P-256 for ES384", KeyKind, "p256-1", |key| drop(key.splice(4..5, [0x38, 0x22]))),
        with("key of RSA for PS256", KeyKind, "rsa-1", |key| drop(key.splice(4..7, [0x38, 0x24]))),
        with("key of RSA for RS1", KeyKind, "rsa-1", |key| drop(key.splice(4..7, [0x39, 0xff, 0xfe]))),
    ]
}

fn values() -> Vec<Forged> {
    let value = |name, key, change: &dyn Fn(&mut Vec<u8>)| with(name, KeyUnsound, key, change);
    let n = TestKey::named("rsa-1").rsa().modulus.to_bytes_be();
    let field = hex::decode("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff").unwrap();
    let rsa =
        |modulus: Vec<u8>, exponent: Vec<u8>| move |key: &mut Vec<u8>| *key = cose_rsa(&modulus, &exponent);
    let mut even = n.clone();
    even[255] &= 0xfe;
    vec![
        value("key off its curve", "p256-1", &|key| key[76] ^= 1),
        value("key of zeros", "p256-1", &|key| {
            key[10..42].fill(0);
            key[45..].fill(0);
        }),
        value("key with x of the field's size", "p256-1", &|key| key[10..42].copy_from_slice(&field)),
        value("key of Ed25519 that is neutral", "ed25519-1", &|key| {
            key[10..].fill(0);
            key[10] = 1;
        }),
        value("key of Ed25519 of order 4", "ed25519-1", &|key| key[10..].fill(0)),
        value("key of Ed25519 that is no point", "ed25519-1", &|key| {
            key[10..].fill(0);
            key[10] = 2;
        }),
        value("key of RSA of 1024 bits", "rsa-1", &rsa(n[..128].to_vec(), vec![1, 0, 1])),
        value("key of RSA of 4104 bits", "rsa-1", &rsa([vec![0xff; 512], vec![1]].concat(), vec![1, 0, 1])),
        value("key of RSA with an even modulus", "rsa-1", &rsa(even, vec![1, 0, 1])),
        value("key of RSA with the exponent 3", "rsa-1", &rsa(n.clone(), vec![3])),
        value("key of RSA with the exponent 1", "rsa-1", &rsa(n, vec![1])),
    ]
}

fn signatures() -> Vec<Forged> {
    vec![
        with("key of another credential, P-256", Signature, "p256-1", |key| {
            *key = TestKey::named("p256-2").cose()
        }),
        with("key of another credential, Ed25519", Signature, "ed25519-1", |key| {
            *key = TestKey::named("ed25519-2").cose();
        }),
        with("key of another credential, RSA", Signature, "rsa-1", |key| {
            *key = TestKey::named("rsa-2").cose()
        }),
        with("the negated key", Signature, "p256-1", |key| {
            // p − y, by the field's prime.
            let p = hex::decode("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff").unwrap();
            let y = num_bigint::BigUint::from_bytes_be(&p) - num_bigint::BigUint::from_bytes_be(&key[45..]);
            let y = y.to_bytes_be();
            key[45..].fill(0);
            let start = 77 - y.len();
            key[start..].copy_from_slice(&y);
        }),
    ]
}

/// A good assertion with another signature.
fn signed(name: &'static str, key: &str, change: impl FnOnce(&mut Vec<u8>)) -> Forged {
    (name, Signature, after(key, |parts| change(&mut parts.signature)))
}

fn of_p256() -> Vec<Forged> {
    let fixed = TestKey::named("p256-1").sign(&good("p256-1").message());
    let client_data_hash = Sha256::digest(&good("p256-1").client_data);
    let p256 = |name, change: &dyn Fn(&mut Vec<u8>)| signed(name, "p256-1", change);
    let padded = |der: &[u8]| {
        // A zero more in front of r.
        let r = der[3];
        [&[0x30, der[1] + 1, 2, r + 1, 0][..], &der[4..]].concat()
    };
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    vec![
        p256("signature empty", &|signature| signature.clear()),
        p256("signature in 64 bytes", &|signature| signature.clone_from(&fixed)),
        p256("signature with a byte behind", &|signature| signature.push(0)),
        p256("signature cut off", &|signature| signature.truncate(signature.len() - 1)),
        p256("signature with a length longer than needed", &|signature| drop(signature.splice(1..1, [0x81]))),
        p256("signature of indefinite length", &|signature| {
            signature[1] = 0x80;
            signature.extend([0, 0]);
        }),
        p256("signature with a zero in front of r", &|signature| *signature = padded(signature)),
        p256("signature that is a set", &|signature| signature[0] = 0x31),
        p256("signature of zeros", &|signature| *signature = vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
        p256("signature with r and s the order", &|signature| {
            *signature = der(&[&order[..], &order].concat())
        }),
        p256("signature with r and s exchanged", &|signature| {
            *signature = der(&[&fixed[32..], &fixed[..32]].concat());
        }),
        p256("signature of the client data alone", &|signature| {
            *signature = der(&TestKey::named("p256-1").sign(&client_data_hash));
        }),
        p256("signature over the client data instead of their hash", &|signature| {
            let parts = good("p256-1");
            let message = [&parts.authenticator_data[..], &parts.client_data].concat();
            *signature = der(&TestKey::named("p256-1").sign(&message));
        }),
    ]
}

fn of_others() -> Vec<Forged> {
    let ed25519 = |name, change: &dyn Fn(&mut Vec<u8>)| signed(name, "ed25519-1", change);
    let rsa = |name, change: &dyn Fn(&mut Vec<u8>)| signed(name, "rsa-1", change);
    let digest = Sha256::digest(good("rsa-1").message()).to_vec();
    let key = TestKey::named("rsa-1");
    vec![
        ed25519("EdDSA of zeros", &|signature| *signature = vec![0; 64]),
        ed25519("EdDSA with the order added to s", &|signature| *signature = larger_s(signature)),
        ed25519("EdDSA with a byte behind", &|signature| signature.push(0)),
        ed25519("EdDSA cut off", &|signature| signature.truncate(signature.len() - 1)),
        rsa("RS256 of zeros", &|signature| signature.fill(0)),
        rsa("RS256 with a zero in front", &|signature| signature.insert(0, 0)),
        rsa("RS256 cut off", &|signature| signature.truncate(signature.len() - 1)),
        rsa("RS256 without DigestInfo", &|signature| *signature = key.rsa().sign(&digest)),
        rsa("RS256 with something behind the hash", &|signature| {
            let info = [&SHA256_INFO[..], &digest].concat();
            *signature = key
                .rsa()
                .raw(&[&[0, 1][..], &[0xff; 8], &[0], &info, &vec![7; 256 - 11 - info.len()]].concat());
        }),
    ]
}
