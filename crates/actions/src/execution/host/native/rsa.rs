//! RSA verification (RFC 8017): PKCS #1 v1.5 and PSS. Everything here is public, so plain big numbers will do.

use num_bigint::BigUint;

use super::hash::Algorithm;
use super::{Job, Parts, Refused, cost, number, verdict};

/// Sizes of a modulus in bytes.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 128..=1024;
/// Most bytes of a public exponent.
const EXPONENT_BYTES_MAX: usize = 8;
/// What one product of two bytes costs, per bit of the exponent.
const PRODUCT: u64 = 4;

pub(super) fn verify<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [padding, algorithm, digest, signature, n, e, salt] = parts.exactly()?;
    let algorithm = Algorithm::read(algorithm)?;
    if digest.len() != algorithm.length() {
        return Err(Refused::input("the digest has not the length of its hash function"));
    }
    let (n, e) = (without_zeros(n), without_zeros(e));
    if !MODULUS_BYTES.contains(&n.len()) || e.is_empty() || e.len() > EXPONENT_BYTES_MAX {
        return Err(Refused::input("a modulus has 1024 to 8192 bits, an exponent at most 64"));
    }
    let salt = number(salt)?;
    let encoding: Encoding = match (number(padding)?, identifier(algorithm)) {
        (1, Some(identifier)) => Encoding::Pkcs1(identifier),
        (2, Some(_)) => Encoding::Pss(salt as usize),
        (1 | 2, None) => return Err(Refused::input("this hash function is not used with RSA")),
        _ => return Err(Refused::input("no such padding")),
    };
    let products = (n.len() * n.len() * e.len() * 8) as u64;
    let fuel = cost(PRODUCT * products, &[n, signature]);
    Ok(Job::new(fuel, move || {
        let key = Key { n, e };
        verdict(key.open(signature).is_some_and(|message| match encoding {
            Encoding::Pkcs1(identifier) => message == pkcs1(identifier, digest, n.len()),
            Encoding::Pss(salt) => pss(algorithm, digest, &message, key.bits(), salt),
        }))
    }))
}

enum Encoding {
    Pkcs1(&'static [u8]),
    Pss(usize),
}

struct Key<'a> {
    n: &'a [u8],
    e: &'a [u8],
}

impl Key<'_> {
    /// RSAVP1 and I2OSP: the encoded message, of the modulus's length.
    fn open(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let n = BigUint::from_bytes_be(self.n);
        let signature_number = BigUint::from_bytes_be(signature);
        // An even modulus is no product of two odd primes.
        if signature.len() != self.n.len() || signature_number >= n || !n.bit(0) {
            return None;
        }
        let opened = signature_number.modpow(&BigUint::from_bytes_be(self.e), &n).to_bytes_be();
        let mut message = vec![0; self.n.len().checked_sub(opened.len())?];
        message.extend(opened);
        Some(message)
    }

    const fn bits(&self) -> usize {
        self.n.len() * 8 - self.n[0].leading_zeros() as usize
    }
}

/// The start of a DigestInfo in DER (RFC 8017, 9.2, note 1).
const fn identifier(algorithm: Algorithm) -> Option<&'static [u8]> {
    Some(match algorithm {
        Algorithm::Sha1 => {
            &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14]
        }
        Algorithm::Sha256 => &[
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
            0x00, 0x04, 0x20,
        ],
        Algorithm::Sha384 => &[
            0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
            0x00, 0x04, 0x30,
        ],
        Algorithm::Sha512 => &[
            0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
            0x00, 0x04, 0x40,
        ],
        Algorithm::Ripemd160 | Algorithm::Keccak256 => return None,
    })
}

/// EMSA-PKCS1-v1_5: the one message that is right, to compare with.
fn pkcs1(identifier: &[u8], digest: &[u8], length: usize) -> Vec<u8> {
    // The smallest modulus has room for the longest digest.
    let padding = length - identifier.len() - digest.len() - 3;
    let mut message = vec![0, 1];
    message.resize(2 + padding, 0xff);
    message.push(0);
    message.extend_from_slice(identifier);
    message.extend_from_slice(digest);
    message
}

/// EMSA-PSS-VERIFY (RFC 8017, 9.1.2), with the digest's function for MGF1 as well.
fn pss(algorithm: Algorithm, digest: &[u8], message: &[u8], modulus_bits: usize, salt: usize) -> bool {
    let hash_length = algorithm.length();
    let bits = modulus_bits - 1;
    let length = bits.div_ceil(8);
    let (leading, encoded) = message.split_at(message.len() - length);
    if leading.iter().any(|byte| *byte != 0) || length < hash_length.saturating_add(salt).saturating_add(2) {
        return false;
    }
    let Some((0xbc, encoded)) = encoded.split_last() else { return false };
    let (masked, hash) = encoded.split_at(length - hash_length - 1);
    let unused = 8 * length - bits;
    let mask_of_first = 0xff_u8 >> unused;
    if masked[0] & !mask_of_first != 0 {
        return false;
    }
    let mut block: Vec<u8> = mgf1(algorithm, hash, masked.len());
    block.iter_mut().zip(masked).for_each(|(mask, byte)| *mask ^= byte);
    block[0] &= mask_of_first;
    let (padding, salt) = block.split_at(block.len() - salt);
    let Some((1, zeros)) = padding.split_last() else { return false };
    let mut input = vec![0; 8];
    input.extend_from_slice(digest);
    input.extend_from_slice(salt);
    zeros.iter().all(|byte| *byte == 0) && algorithm.digest(&input) == hash
}

fn mgf1(algorithm: Algorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let mut mask = Vec::new();
    for counter in 0_u32.. {
        if mask.len() >= length {
            break;
        }
        let mut input = seed.to_vec();
        input.extend(counter.to_be_bytes());
        mask.extend(algorithm.digest(&input));
    }
    mask.truncate(length);
    mask
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    &number[first..]
}
