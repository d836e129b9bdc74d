//! Lit's ciphertext: identity-based encryption (Boneh–Franklin) with the check of Fujisaki and Okamoto.
//!
//! The bytes, and the steps that the code cites, are in `docs/protocols/encryption.md`, section 1.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use shake::{ExtendableOutput as _, Shake128, Update as _, XofReader as _};
use zeroize::Zeroizing;

use crate::root::{self, Point, ROOT_KEY_LEN, RootKey, Secret, VALUE_LEN};
use crate::varint;

/// The longest message, in bytes. What is longer belongs into a container.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// The shortest padded message, its length included.
const PADDED_BYTES_MIN: usize = 32;

/// The last byte: values are of the proof-of-possession scheme.
const SCHEME: u8 = 0x02;

/// The salt from which an encryptor's number is derived.
const NUMBER_SALT: &[u8] = b"TIMELOCK_BLS12381_XOF:HKDF-SHA2-256_";
/// What is derived: 48 bytes, as a big-endian number.
const NUMBER_INFO: &[u8] = &[0x00, 0x30];

/// Bytes that are masked at a time.
const MASK_BYTES: usize = 1344;

/// A message longer than [`MESSAGE_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is longer than 16 MiB: use a container")]
pub struct TooLong;

/// Why bytes are no ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CiphertextError {
    /// It ends before its end.
    #[error("the ciphertext is truncated")]
    Truncated,
    /// The first 48 bytes are no point of the prime-order subgroup, or the identity.
    #[error("the ciphertext does not begin with a point of the group")]
    Point,
    /// The length is not in its shortest form, too small for a padded message, or above the bound.
    #[error("the ciphertext has a length that no message has")]
    Length,
    /// The last byte is not that of the proof-of-possession scheme.
    #[error("the ciphertext is of a scheme that the network does not have")]
    Scheme,
    /// Something stands behind the end.
    #[error("the ciphertext has trailing bytes")]
    Trailing,
    /// The text is no base64 with padding in the standard alphabet.
    #[error("the ciphertext is not base64")]
    Base64,
}

/// The value does not open the ciphertext: one of them is not what was made for the other.
///
/// It says no more, because whoever sees more could learn about plaintexts by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value does not open the ciphertext: changed, or of another identity or root")]
pub struct OpenError;

/// A ciphertext whose form was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    /// The encryptor's number times the generator.
    point: Point,
    /// The seed, masked by the pairing.
    seed: [u8; 32],
    /// The padded message, masked by the seed.
    masked: Vec<u8>,
}

/// Encrypts `message` to `identity` under the root.
///
/// # Errors
///
/// [`TooLong`] above [`MESSAGE_BYTES_MAX`].
pub fn encrypt(
    root: &RootKey,
    identity: &[u8],
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Ciphertext, TooLong> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(TooLong);
    }
    let mut seed = Zeroizing::new([0; 32]);
    // The number is zero for one seed in 2^255.
    let (number, point) = loop {
        rng.fill_bytes(seed.as_mut_slice());
        let number = number(&seed, message);
        if let Some(point) = Point::generate(&number) {
            break (number, point);
        }
    };
    let mut masked = Vec::with_capacity(padded_length(message.len()));
    varint::write(&mut masked, message.len());
    masked.extend_from_slice(message);
    masked.resize(padded_length(message.len()), 0);
    apply_mask(&seed, &mut masked);
    let mask = root::mask_of_identity(root, identity, &number);
    Ok(Ciphertext { point, seed: xor(&seed, &mask), masked })
}

impl Ciphertext {
    /// Reads `U[48] ‖ V[32] ‖ varint(len W) ‖ W ‖ 0x02`.
    ///
    /// # Errors
    ///
    /// [`CiphertextError`] unless the bytes have this form exactly.
    pub fn parse(bytes: &[u8]) -> Result<Self, CiphertextError> {
        let (point, rest) = bytes.split_first_chunk::<ROOT_KEY_LEN>().ok_or(CiphertextError::Truncated)?;
        let (seed, rest) = rest.split_first_chunk::<32>().ok_or(CiphertextError::Truncated)?;
        let (length, rest) = match varint::read(rest) {
            Some(read) => read,
            None if rest.len() < 5 && rest.iter().all(|byte| byte & 0x80 != 0) => {
                return Err(CiphertextError::Truncated);
            }
            None => return Err(CiphertextError::Length),
        };
        if !(PADDED_BYTES_MIN..=padded_length(MESSAGE_BYTES_MAX)).contains(&length) {
            return Err(CiphertextError::Length);
        }
        let (masked, rest) = rest.split_at_checked(length).ok_or(CiphertextError::Truncated)?;
        match rest {
            [] => return Err(CiphertextError::Truncated),
            [SCHEME] => {}
            [SCHEME, ..] => return Err(CiphertextError::Trailing),
            [_, ..] => return Err(CiphertextError::Scheme),
        }
        // Last, being the only costly check.
        let point = Point::decode(point).ok_or(CiphertextError::Point)?;
        Ok(Self { point, seed: *seed, masked: masked.to_vec() })
    }

    /// The bytes that [`Ciphertext::parse`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = self.masked.len();
        let mut bytes = Vec::with_capacity(ROOT_KEY_LEN + 32 + varint::length(length) + length + 1);
        bytes.extend_from_slice(self.point.bytes());
        bytes.extend_from_slice(&self.seed);
        varint::write(&mut bytes, length);
        bytes.extend_from_slice(&self.masked);
        bytes.push(SCHEME);
        bytes
    }

    /// Reads the text form: base64 of the standard alphabet with padding, as Lit's SDKs write it.
    ///
    /// # Errors
    ///
    /// [`CiphertextError`] unless it is that, of bytes that [`Ciphertext::parse`] reads.
    pub fn from_base64(text: &str) -> Result<Self, CiphertextError> {
        // Checked before anything is allocated for it.
        if text.len() / 4 * 3 > padded_length(MESSAGE_BYTES_MAX) + 128 {
            return Err(CiphertextError::Length);
        }
        Self::parse(&STANDARD.decode(text).map_err(|_| CiphertextError::Base64)?)
    }

    /// The text form that [`Ciphertext::from_base64`] reads.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.to_bytes())
    }

    /// Opens it with the value of its identity: a compressed point of G2.
    ///
    /// # Errors
    ///
    /// [`OpenError`] unless the value is right and each byte of the ciphertext is as it was made.
    pub fn open(&self, value: &[u8; VALUE_LEN]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let mask = root::mask_of_value(&self.point, value).ok_or(OpenError)?;
        let seed = Zeroizing::new(xor(&self.seed, &mask));
        let mut padded = Zeroizing::new(self.masked.clone());
        apply_mask(&seed, &mut padded);
        let (length, rest) = varint::read(&padded).ok_or(OpenError)?;
        let (message, padding) = rest.split_at_checked(length).ok_or(OpenError)?;
        // The check of Fujisaki and Okamoto comes before anything is said about the padding.
        let same = Point::generate(&number(&seed, message)).is_some_and(|point| point == self.point);
        let padded_right = padded.len() == padded_length(length) && padding.iter().all(|byte| *byte == 0);
        if !(same && padded_right) {
            return Err(OpenError);
        }
        Ok(Zeroizing::new(message.to_vec()))
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ciphertext").field("masked_bytes", &self.masked.len()).finish_non_exhaustive()
    }
}

/// The length of a padded message, its length included.
fn padded_length(message: usize) -> usize {
    (varint::length(message) + message).max(PADDED_BYTES_MIN)
}

/// The encryptor's number: it comes of seed and message alone, so the opener computes it again.
fn number(seed: &[u8; 32], message: &[u8]) -> Zeroizing<Secret> {
    let mut material = Zeroizing::new([0; 65]);
    material[..32].copy_from_slice(seed);
    material[32..64].copy_from_slice(&Sha256::digest(message));
    let mut wide = Zeroizing::new([0; 48]);
    Hkdf::<Sha256>::new(Some(NUMBER_SALT), material.as_slice())
        .expand(NUMBER_INFO, wide.as_mut_slice())
        .expect("48 bytes are within what HKDF gives");
    Secret::reduce(&wide)
}

/// Adds the key stream of the seed.
fn apply_mask(seed: &[u8; 32], bytes: &mut [u8]) {
    let mut shake = Shake128::default();
    shake.update(seed);
    let mut stream = shake.finalize_xof();
    let mut mask = Zeroizing::new([0; MASK_BYTES]);
    for part in bytes.chunks_mut(MASK_BYTES) {
        let mask = &mut mask[..part.len()];
        stream.read(mask);
        part.iter_mut().zip(mask.iter()).for_each(|(byte, mask)| *byte ^= mask);
    }
}

fn xor(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    core::array::from_fn(|at| a[at] ^ b[at])
}
