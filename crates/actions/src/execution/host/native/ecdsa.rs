//! ECDSA verification on the NIST curves, and Ed25519 verification.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;

use super::{Job, Parts, Refused, cost, number, verdict};

const P256: u64 = 2_000_000;
const P384: u64 = 6_000_000;
const ED25519: u64 = 400_000;

pub(super) fn verify<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [curve, digest, signature, key] = parts.exactly()?;
    if !(20..=64).contains(&digest.len()) {
        return Err(Refused::input("a digest has 20 to 64 bytes"));
    }
    match number(curve)? {
        1 => Ok(Job::new(cost(P256, &[]), move || verdict(p256(digest, signature, key).is_ok()))),
        2 => Ok(Job::new(cost(P384, &[]), move || verdict(p384(digest, signature, key).is_ok()))),
        _ => Err(Refused::input("no such curve")),
    }
}

fn p256(digest: &[u8], signature: &[u8], key: &[u8]) -> Result<(), p256::ecdsa::Error> {
    let signature = p256::ecdsa::Signature::from_slice(signature)?;
    p256::ecdsa::VerifyingKey::from_sec1_bytes(key)?.verify_prehash(digest, &signature)
}

fn p384(digest: &[u8], signature: &[u8], key: &[u8]) -> Result<(), p384::ecdsa::Error> {
    let signature = p384::ecdsa::Signature::from_slice(signature)?;
    p384::ecdsa::VerifyingKey::from_sec1_bytes(key)?.verify_prehash(digest, &signature)
}

pub(super) fn verify_ed25519<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [message, signature, key] = parts.exactly()?;
    Ok(Job::new(cost(ED25519, &[message]), move || {
        let (Ok(signature), Ok(key)) = (<[u8; 64]>::try_from(signature), <[u8; 32]>::try_from(key)) else {
            return verdict(false);
        };
        let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&key) else { return verdict(false) };
        let signature = ed25519_dalek::Signature::from_bytes(&signature);
        verdict(ed25519_dalek::Verifier::verify(&key, message, &signature).is_ok())
    }))
}
