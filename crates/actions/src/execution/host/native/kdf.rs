//! Keys from passwords and from other keys.

use hkdf::Hkdf;

use super::hash::{Algorithm, with_hash};
use super::{Job, Parts, Refused, cost, number};

/// What one iteration of PBKDF2 costs for each block of the output: two hashed blocks.
const PBKDF2_ITERATION: u64 = 3_000;
/// Most bytes that one derivation gives.
const LENGTH_MAX: u32 = 4_096;
/// What hashing one block costs.
const BLOCK: u64 = 4_000;
/// What scrypt costs for each byte that it fills and mixes.
const SCRYPT_BYTE: u64 = 12;
/// Most bytes that scrypt fills, all lanes together: what the key files of wallets in use need.
const SCRYPT_BYTES_MAX: u64 = 128 * 1024 * 1024;

pub(super) fn pbkdf2<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [algorithm, password, salt, iterations, length] = parts.exactly()?;
    let algorithm = Algorithm::read(algorithm)?;
    let iterations = number(iterations)?;
    if iterations == 0 {
        return Err(Refused::input("there must be one iteration at least"));
    }
    let length = output_length(length)?;
    let blocks = length.div_ceil(algorithm.length()) as u64;
    // Each block of the output hashes the whole salt.
    let each = u64::from(iterations) * PBKDF2_ITERATION + super::PER_BYTE * salt.len() as u64;
    let fuel = cost(blocks.saturating_mul(each), &[password]);
    Ok(Job::new(fuel, move || with_hash!(algorithm, stretch(password, salt, iterations, length))))
}

fn stretch<D>(password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Result<Vec<u8>, Refused>
where
    D: pbkdf2::hmac::EagerHash<Core: Sync>,
{
    let mut key = vec![0; length];
    pbkdf2::pbkdf2_hmac::<D>(password, salt, iterations, &mut key);
    Ok(key)
}

pub(super) fn hkdf<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [algorithm, material, salt, info, length] = parts.exactly()?;
    let algorithm = Algorithm::read(algorithm)?;
    let length = usize::try_from(number(length)?).unwrap_or(usize::MAX);
    if length == 0 || length > 255 * algorithm.length() {
        return Err(Refused::limit("HKDF gives 1 to 255 times the digest's bytes"));
    }
    let blocks = length.div_ceil(algorithm.length()) as u64;
    // Each block of the output hashes the whole of `info`.
    let fuel = cost(blocks * (BLOCK + super::PER_BYTE * info.len() as u64) + 4 * BLOCK, &[material, salt]);
    Ok(Job::new(fuel, move || with_hash!(algorithm, expand(material, salt, info, length))))
}

fn expand<D>(material: &[u8], salt: &[u8], info: &[u8], length: usize) -> Result<Vec<u8>, Refused>
where
    D: hmac::EagerHash,
{
    let mut key = vec![0; length];
    Hkdf::<D>::new(Some(salt), material)
        .expand(info, &mut key)
        .map_err(|_| Refused::limit("HKDF gives 1 to 255 times the digest's bytes"))?;
    Ok(key)
}

pub(super) fn scrypt<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [password, salt, n, r, p, length] = parts.exactly()?;
    let (n, r, p) = (number(n)?, number(r)?, number(p)?);
    if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
        return Err(Refused::input("scrypt: N must be a power of two above 1, r and p at least 1"));
    }
    let filled = u64::from(n).saturating_mul(u64::from(r)).saturating_mul(u64::from(p)).saturating_mul(128);
    if filled > SCRYPT_BYTES_MAX {
        return Err(Refused::limit("scrypt: 128 * N * r * p is above 128 MiB"));
    }
    let length = output_length(length)?;
    // Two PBKDF2 with one iteration: from the salt to the lanes, and from the lanes to the output. Each
    // block that they give hashes all that they take.
    let lanes = 128 * u64::from(r) * u64::from(p);
    let block_of = |salt: u64| PBKDF2_ITERATION + super::PER_BYTE * salt;
    let first = lanes.div_ceil(32).saturating_mul(block_of(salt.len() as u64));
    let last = (length as u64).div_ceil(32).saturating_mul(block_of(lanes));
    let mixed = (filled * SCRYPT_BYTE).saturating_add(first).saturating_add(last);
    let fuel = cost(mixed, &[password]);
    let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| Refused::input("scrypt: N is too large"))?;
    let parameters =
        scrypt::Params::new(log_n, r, p).map_err(|_| Refused::input("scrypt: N is too large for r"))?;
    Ok(Job::new(fuel, move || {
        let mut key = vec![0; length];
        scrypt::scrypt(password, salt, &parameters, &mut key)
            .map_err(|_| Refused::input("scrypt: no such output length"))?;
        Ok(key)
    }))
}

fn output_length(part: &[u8]) -> Result<usize, Refused> {
    match number(part)? {
        length @ 1..=LENGTH_MAX => Ok(length as usize),
        _ => Err(Refused::limit("a derivation gives 1 to 4096 bytes")),
    }
}
