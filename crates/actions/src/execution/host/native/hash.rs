//! Hashes, and HMAC over them.

use hmac::{EagerHash, Hmac, KeyInit as _, Mac as _};
use sha2::Digest as _;

use super::{Job, Outcome, Parts, Pulse, Refused, SLICE_BYTES, cost, number};

/// Hash functions by the numbers that the guest gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Ripemd160,
    Keccak256,
}

/// HMAC hashes two blocks more than its data.
const HMAC: u64 = 8_000;

impl Algorithm {
    pub(super) fn read(part: &[u8]) -> Result<Self, Refused> {
        Ok(match number(part)? {
            1 => Self::Sha1,
            2 => Self::Sha256,
            3 => Self::Sha384,
            4 => Self::Sha512,
            5 => Self::Ripemd160,
            6 => Self::Keccak256,
            _ => return Err(Refused::input("no such hash function")),
        })
    }

    /// Length of a digest in bytes.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Sha1 | Self::Ripemd160 => 20,
            Self::Sha256 | Self::Keccak256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1::Sha1::digest(data).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(data).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(data).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(data).to_vec(),
            Self::Ripemd160 => ripemd::Ripemd160::digest(data).to_vec(),
            Self::Keccak256 => sha3::Keccak256::digest(data).to_vec(),
        }
    }
}

/// Calls a generic function with the hash type that stands behind an [`Algorithm`]. Keccak-256 is not among
/// them: nothing that we follow builds on HMAC with it.
macro_rules! with_hash {
    ($algorithm:expr, $function:ident($($argument:expr),*)) => {
        match $algorithm {
            Algorithm::Sha1 => $function::<sha1::Sha1>($($argument),*),
            Algorithm::Sha256 => $function::<sha2::Sha256>($($argument),*),
            Algorithm::Sha384 => $function::<sha2::Sha384>($($argument),*),
            Algorithm::Sha512 => $function::<sha2::Sha512>($($argument),*),
            Algorithm::Ripemd160 => $function::<ripemd::Ripemd160>($($argument),*),
            Algorithm::Keccak256 => Err(Refused::input("this hash function has no HMAC")),
        }
    };
}
pub(super) use with_hash;

pub(super) fn hash<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [algorithm, data] = parts.exactly()?;
    let algorithm = Algorithm::read(algorithm)?;
    Ok(Job::sliced(cost(0, &[data]), move |pulse| match algorithm {
        Algorithm::Sha1 => digest::<sha1::Sha1>(data, pulse),
        Algorithm::Sha256 => digest::<sha2::Sha256>(data, pulse),
        Algorithm::Sha384 => digest::<sha2::Sha384>(data, pulse),
        Algorithm::Sha512 => digest::<sha2::Sha512>(data, pulse),
        Algorithm::Ripemd160 => digest::<ripemd::Ripemd160>(data, pulse),
        Algorithm::Keccak256 => digest::<sha3::Keccak256>(data, pulse),
    }))
}

fn digest<D: sha2::Digest>(data: &[u8], pulse: &mut Pulse<'_>) -> Outcome {
    let mut hash = D::new();
    pulse.slices(data, |slice| hash.update(slice))?;
    Ok(hash.finalize().to_vec())
}

pub(super) fn hmac<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [algorithm, key, data] = parts.exactly()?;
    let algorithm = Algorithm::read(algorithm)?;
    let fuel = cost(HMAC, &[key, data]);
    Ok(Job::sliced(fuel, move |pulse| with_hash!(algorithm, tag(key, data, pulse))))
}

fn tag<D: EagerHash>(key: &[u8], data: &[u8], pulse: &mut Pulse<'_>) -> Outcome {
    let mut mac = keyed::<D>(key, pulse)?;
    pulse.slices(data, |slice| mac.update(slice))?;
    Ok(mac.finalize().into_bytes().to_vec())
}

/// HMAC with its key. A key longer than a block counts by its digest (RFC 2104, 2), which is made in slices.
pub(super) fn keyed<D: EagerHash>(key: &[u8], pulse: &mut Pulse<'_>) -> Result<Hmac<D>, Refused> {
    const WRONG: Refused = Refused::input("the key has no length that fits");
    if key.len() <= SLICE_BYTES {
        return Hmac::<D>::new_from_slice(key).map_err(|_| WRONG);
    }
    Hmac::<D>::new_from_slice(&digest::<D>(key, pulse)?).map_err(|_| WRONG)
}
