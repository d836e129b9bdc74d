//! Keys from passwords and from other keys.

use hkdf::Hkdf;
use hmac::{EagerHash, Mac as _};

use super::hash::{self, Algorithm, with_hash};
use super::{Job, Outcome, Parts, Pulse, Refused, cost, number, scrypt};

/// What one iteration of PBKDF2 costs for each block of the output: two hashed blocks.
const PBKDF2_ITERATION: u64 = 3_000;
/// Iterations between two looks at whether to go on: a quarter of a millisecond.
const SLICE_TAGS: u32 = 512;
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
    Ok(Job::sliced(fuel, move |pulse| {
        with_hash!(algorithm, stretch((password, salt), iterations, length, pulse))
    }))
}

/// PBKDF2 (RFC 8018, 5.2) over HMAC, in slices.
fn stretch<D: EagerHash>(
    (password, salt): (&[u8], &[u8]),
    iterations: u32,
    length: usize,
    pulse: &mut Pulse<'_>,
) -> Outcome {
    let keyed = hash::keyed::<D>(password, pulse)?;
    let mut key = Vec::with_capacity(length);
    let mut made = 0_u32;
    for number in 1_u32.. {
        let mut mac = keyed.clone();
        pulse.slices(salt, |slice| mac.update(slice))?;
        mac.update(&number.to_be_bytes());
        let mut last = mac.finalize().into_bytes();
        let mut sum = last.clone();
        for _ in 1..iterations {
            let mut mac = keyed.clone();
            mac.update(&last);
            last = mac.finalize().into_bytes();
            sum.iter_mut().zip(&last).for_each(|(sum, last)| *sum ^= last);
            made = made.wrapping_add(1);
            if made.is_multiple_of(SLICE_TAGS) {
                pulse.beat()?;
            }
        }
        let wanted = (length - key.len()).min(sum.len());
        key.extend_from_slice(&sum[..wanted]);
        if key.len() == length {
            break;
        }
    }
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
    D: EagerHash,
{
    let mut key = vec![0; length];
    Hkdf::<D>::new(Some(salt), material)
        .expand(info, &mut key)
        .map_err(|_| Refused::limit("HKDF gives 1 to 255 times the digest's bytes"))?;
    Ok(key)
}

pub(super) fn scrypt_key<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
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
    if n.ilog2() >= r.saturating_mul(16) {
        return Err(Refused::input("scrypt: N is too large for r"));
    }
    let shape = scrypt::Shape { n: n as usize, r: r as usize, p: p as usize };
    Ok(Job::sliced(fuel, move |pulse| {
        let mut lanes = stretch::<sha2::Sha256>((password, salt), 1, shape.bytes(), pulse)?;
        scrypt::mix(&mut lanes, shape, pulse)?;
        stretch::<sha2::Sha256>((password, &lanes), 1, length, pulse)
    }))
}

fn output_length(part: &[u8]) -> Result<usize, Refused> {
    match number(part)? {
        length @ 1..=LENGTH_MAX => Ok(length as usize),
        _ => Err(Refused::limit("a derivation gives 1 to 4096 bytes")),
    }
}
