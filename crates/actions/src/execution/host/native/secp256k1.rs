//! secp256k1 by libsecp256k1: with secrets that an action brought itself. No key of the network is here.

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId, Signature};
use secp256k1::{Message, PublicKey, SecretKey, ecdh};

use super::{Job, Parts, Refused, cost, fixed, flag, number, verdict};

const PUBLIC: u64 = 150_000;
const SIGN: u64 = 250_000;
const VERIFY: u64 = 200_000;
const RECOVER: u64 = 250_000;
const ECDH: u64 = 250_000;

pub(super) fn public_key<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [key, compressed] = parts.exactly()?;
    let compressed = flag(compressed)?;
    Ok(Job::new(cost(PUBLIC, &[]), move || {
        let point = match key.len() {
            32 => PublicKey::from_secret_key(&secret(key)?),
            _ => public(key)?,
        };
        Ok(if compressed { point.serialize().to_vec() } else { point.serialize_uncompressed().to_vec() })
    }))
}

pub(super) fn sign<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [digest, key] = parts.exactly()?;
    let message = message(digest)?;
    Ok(Job::new(cost(SIGN, &[]), move || {
        let signature = RecoverableSignature::sign_ecdsa_recoverable(message, &secret(key)?);
        let (id, compact) = signature.serialize_compact();
        let mut out = compact.to_vec();
        out.push(id.to_u8());
        Ok(out)
    }))
}

pub(super) fn verify<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [digest, signature, key] = parts.exactly()?;
    let message = message(digest)?;
    Ok(Job::new(cost(VERIFY, &[]), move || {
        let (Ok(mut signature), Ok(key)) = (Signature::from_compact(signature), PublicKey::from_slice(key))
        else {
            return verdict(false);
        };
        // A high s is as valid as a low one; the library wants the low one.
        signature.normalize_s();
        verdict(signature.verify(message, &key).is_ok())
    }))
}

pub(super) fn recover<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [digest, signature, id] = parts.exactly()?;
    let message = message(digest)?;
    let signature: [u8; 64] = fixed(signature, "a signature is r and s, 64 bytes")?;
    let id = match number(id)? {
        0 => RecoveryId::Zero,
        1 => RecoveryId::One,
        2 => RecoveryId::Two,
        3 => RecoveryId::Three,
        _ => return Err(Refused::input("a recovery id is 0 to 3")),
    };
    Ok(Job::new(cost(RECOVER, &[]), move || {
        let none = |_| Refused::failed("no public key fits this signature");
        let signature = RecoverableSignature::from_compact(&signature, id).map_err(none)?;
        Ok(signature.recover(message).map_err(none)?.serialize_uncompressed().to_vec())
    }))
}

pub(super) fn ecdh<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [key, other] = parts.exactly()?;
    Ok(Job::new(cost(ECDH, &[]), move || {
        let point = ecdh::shared_secret_point(&public(other)?, &secret(key)?);
        Ok(point[..32].to_vec())
    }))
}

pub(super) fn add<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [one, other] = parts.exactly()?;
    Ok(Job::new(cost(PUBLIC, &[]), move || {
        let sum = public(one)?.combine(&public(other)?);
        Ok(sum.map_err(|_| Refused::failed("the sum is no public key"))?.serialize().to_vec())
    }))
}

fn message(digest: &[u8]) -> Result<Message, Refused> {
    fixed(digest, "a digest has 32 bytes").map(Message::from_digest)
}

fn secret(bytes: &[u8]) -> Result<SecretKey, Refused> {
    let bytes = fixed(bytes, "a secret key has 32 bytes")?;
    SecretKey::from_secret_bytes(bytes)
        .map_err(|_| Refused::input("a secret key is above 0 and below the order"))
}

fn public(bytes: &[u8]) -> Result<PublicKey, Refused> {
    PublicKey::from_slice(bytes)
        .map_err(|_| Refused::input("a public key is a point of the curve, 33 or 65 bytes"))
}
