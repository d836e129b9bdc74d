//! Tokens that the key of their `kid` did not sign.

use quorate_auth::oidc::TokenError::{KeyUnknown, Signature};
use sha2::{Digest as _, Sha256};

use super::{
    CLAIMS, Forged, HEADER, changed, encode, forged, good, header_of, headers::hmac, signed, signed_by,
};
use crate::keys::{SHA256_INFO, TestKey, der, larger_s};

pub(super) fn forged_tokens() -> Vec<Forged> {
    [others(), changes(), of_p256(), of_ed25519(), of_rsa()].into_iter().flatten().collect()
}

/// Signed by somebody else, who says so in the header.
fn others() -> Vec<Forged> {
    let with = |member: &str| changed(HEADER, r#""typ""#, &format!("{member},\"typ\""));
    let jwk = TestKey::named("p256-9").jwk("p256-1");
    let certificate = encode(b"certificate");
    let fetched = |name, member: &str| forged(name, Signature, signed(with(member), CLAIMS, "p256-9"));
    vec![
        fetched("another's key in jwk", &format!("\"jwk\":{jwk}")),
        fetched("address of another's keys in jku", r#""jku":"https://evil.example/jwks.json""#),
        fetched("address of another's certificate in x5u", r#""x5u":"https://evil.example/a.crt""#),
        fetched("another's certificate in x5c", &format!("\"x5c\":[\"{certificate}\"]")),
        forged("another's key", Signature, signed(HEADER, CLAIMS, "p256-9")),
        forged("another key of the issuer, P-256", Signature, signed(HEADER, CLAIMS, "p256-2")),
        forged("another key of the issuer, RSA", Signature, {
            signed(header_of("RS256", "rsa-1"), CLAIMS, "rsa-2")
        }),
        forged(
            "another's key with its kid",
            KeyUnknown,
            signed(header_of("ES256", "p256-9"), CLAIMS, "p256-9"),
        ),
        forged("another's RSA key", Signature, signed(header_of("RS256", "rsa-1"), CLAIMS, "rsa-3")),
        forged("another's Ed25519 key", Signature, {
            signed(header_of("EdDSA", "ed25519-1"), CLAIMS, "ed25519-9")
        }),
    ]
}

/// Changed after it was signed.
fn changes() -> Vec<Forged> {
    let good = good();
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let another = signed(HEADER, changed(CLAIMS, "user-1", "user-2"), "p256-1");
    let [_, other_claims, other_signature] = another.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let spaced = encode(changed(HEADER, ":\"JWT\"", ": \"JWT\""));
    let without_typ = encode(changed(HEADER, r#""typ":"JWT","#, ""));
    vec![
        forged("claims of another token", Signature, format!("{header}.{other_claims}.{signature}")),
        forged("signature of another token", Signature, format!("{header}.{claims}.{other_signature}")),
        forged("header with a space more", Signature, format!("{spaced}.{claims}.{signature}")),
        forged("header without its typ", Signature, format!("{without_typ}.{claims}.{signature}")),
        forged("claims with a space more", Signature, {
            format!("{header}.{}.{signature}", encode(changed(CLAIMS, ":\"user-1\"", ": \"user-1\"")))
        }),
        forged("claims and header exchanged in what is signed", Signature, {
            let message = format!("{claims}.{header}");
            format!("{header}.{claims}.{}", encode(TestKey::named("p256-1").sign(message.as_bytes())))
        }),
        forged("claims signed without the header", Signature, {
            format!("{header}.{claims}.{}", encode(TestKey::named("p256-1").sign(claims.as_bytes())))
        }),
    ]
}

fn of_p256() -> Vec<Forged> {
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let key = TestKey::named("p256-1");
    let made = |name, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        forged(name, Signature, signed_by(HEADER, CLAIMS, |message| change(key.sign(message))))
    };
    vec![
        made("ES256 in DER", &|signature| der(&signature)),
        made("ES256 all zero", &|_| vec![0; 64]),
        made("ES256 r and s the order", &|_| [order.clone(), order.clone()].concat()),
        made("ES256 r and s 1", &|_| [vec![0; 31], vec![1], vec![0; 31], vec![1]].concat()),
        made("ES256 s zero", &|signature| [&signature[..32], &[0; 32]].concat()),
        made("ES256 r and s exchanged", &|signature| [&signature[32..], &signature[..32]].concat()),
        made("ES256 one byte short", &|signature| signature[..63].to_vec()),
        made("ES256 one byte long", &|signature| [&signature[..], &[0]].concat()),
        made("ES256 one bit changed", &|mut signature| {
            signature[40] ^= 1;
            signature
        }),
        made("ES256 with a number of recovery", &|signature| [&signature[..], &[27]].concat()),
    ]
}

fn of_ed25519() -> Vec<Forged> {
    let key = TestKey::named("ed25519-1");
    let made = |name, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let header = header_of("EdDSA", "ed25519-1");
        forged(name, Signature, signed_by(header, CLAIMS, |message| change(key.sign(message))))
    };
    vec![
        made("EdDSA all zero", &|_| vec![0; 64]),
        made("EdDSA s with the order added", &|signature| larger_s(&signature)),
        made("EdDSA R of small order", &|signature| [&[1][..], &[0; 31], &signature[32..]].concat()),
        made("EdDSA one byte short", &|signature| signature[..63].to_vec()),
        made("EdDSA one byte long", &|signature| [&signature[..], &[0]].concat()),
    ]
}

fn of_rsa() -> Vec<Forged> {
    let key = TestKey::named("rsa-1");
    let digest = |message: &[u8]| Sha256::digest(message).to_vec();
    let made = |name, sign: &dyn Fn(&[u8]) -> Vec<u8>| {
        forged(name, Signature, signed_by(header_of("RS256", "rsa-1"), CLAIMS, sign))
    };
    let rsa = key.rsa();
    vec![
        made("RS256 that is HMAC with the modulus as secret", &|message| {
            hmac(&rsa.modulus.to_bytes_be(), message)
        }),
        made("RS256 all zero", &|_| vec![0; 256]),
        made("RS256 one", &|_| [vec![0; 255], vec![1]].concat()),
        made("RS256 one byte short", &|message| key.sign(message)[..255].to_vec()),
        made("RS256 one zero byte in front", &|message| [vec![0], key.sign(message)].concat()),
        made("RS256 with the modulus added", &|message| {
            let signature = num_bigint::BigUint::from_bytes_be(&key.sign(message));
            (signature + &rsa.modulus).to_bytes_be()
        }),
        made("RS256 without DigestInfo", &|message| rsa.sign(&digest(message))),
        made("RS256 whose DigestInfo has no parameters", &|message| {
            let mut info = SHA256_INFO.to_vec();
            info.drain(15..17);
            (info[1], info[3]) = (0x2f, 0x0b);
            rsa.sign(&[info, digest(message)].concat())
        }),
        made("RS256 whose DigestInfo names SHA-1", &|message| {
            let mut info = SHA256_INFO;
            info[14] = 2;
            rsa.sign(&[&info[..], &digest(message)].concat())
        }),
        made("RS256 with something behind the hash", &|message| {
            let info = [&SHA256_INFO[..], &digest(message)].concat();
            rsa.raw(&[&[0, 1][..], &[0xff; 8], &[0], &info, &vec![7; 256 - 11 - info.len()]].concat())
        }),
        made("RS256 padded with zeros", &|message| {
            let info = [&SHA256_INFO[..], &digest(message)].concat();
            rsa.raw(&[&[0, 1][..], &vec![0; 256 - 2 - info.len()], &info].concat())
        }),
        made("RS256 padded as for encryption", &|message| {
            let info = [&SHA256_INFO[..], &digest(message)].concat();
            rsa.raw(&[&[0, 2][..], &vec![0xff; 256 - 3 - info.len()], &[0], &info].concat())
        }),
        made("RS256 of another hash", &|message| key.sign(&digest(message))),
    ]
}
