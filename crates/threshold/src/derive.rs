//! Key derivation: the key of an id is `root + tweak(id)·G`, so anybody computes public keys without a
//! ceremony and each member tweaks its share alone.
//!
//! `tweak` is `expand_message_xmd` (RFC 9380, 5.3.1) over the id, modulo the group order, under the
//! domain-separation tag that the Lit SDKs use: a client that is told the roots `[root, G]` derives the
//! same keys, and so does the contract. On secp256k1 and P-256 it is SHA-256 to 48 bytes, big-endian;
//! on Ed25519 SHA-512 to 64 bytes, little-endian.
//!
//! # Security
//!
//! A derived *private* key together with the public tweak is the root key. Derived keys are never
//! exported, and ids are tagged hashes, never bytes that a caller chose freely.

use sha2::digest::Output;
use sha2::digest::common::BlockSizeUser;
use sha2::{Digest, Sha256, Sha512};

use crate::group::ed25519::Ed25519;
use crate::group::p256::P256;
use crate::group::secp256k1::Secp256k1;
use crate::group::{Element, Group, scalar_from_wide};
use crate::{Misuse, Purpose};

/// The domain-separation tag of key ids on secp256k1.
pub const KEY_ID_DST: &[u8] = b"LIT_HD_KEY_ID_K256_XMD:SHA-256_SSWU_RO_NUL_";
/// The domain-separation tag of key ids on P-256.
pub const KEY_ID_DST_P256: &[u8] = b"LIT_HD_KEY_ID_P256_XMD:SHA-256_SSWU_RO_NUL_";
/// The domain-separation tag of key ids on Ed25519.
pub const KEY_ID_DST_ED25519: &[u8] = b"LIT_HD_KEY_ID_ED25519_XMD:SHA-512_ELL2_RO_NUL_";

/// The tweak of a key id on secp256k1, big-endian and reduced.
///
/// # Errors
///
/// [`Misuse::Tweak`] if it is zero (no id with that property is known).
pub fn tweak(key_id: &[u8; 32]) -> Result<[u8; 32], Misuse> {
    encoded_tweak::<Secp256k1>(key_id)
}

/// The tweak of a key id for the roots of a signing purpose, in its group's encoding.
///
/// # Errors
///
/// [`Misuse::Tweak`] if it is zero, [`Misuse::NoDerivation`] if keys are not derived from such a root.
pub fn tweak_of(purpose: Purpose, key_id: &[u8; 32]) -> Result<[u8; 32], Misuse> {
    match purpose {
        Purpose::SignSecp256k1 => encoded_tweak::<Secp256k1>(key_id),
        Purpose::SignP256 => encoded_tweak::<P256>(key_id),
        Purpose::SignEd25519 => encoded_tweak::<Ed25519>(key_id),
        Purpose::Decrypt | Purpose::Session | Purpose::Random => Err(Misuse::NoDerivation),
    }
}

/// The compressed public key of a key id under a compressed root on secp256k1.
///
/// # Errors
///
/// [`Misuse::PublicKey`] if `root` is no point, [`Misuse::Tweak`] if the tweak is zero or cancels it.
pub fn public_key(root: &[u8; 33], key_id: &[u8; 32]) -> Result<[u8; 33], Misuse> {
    derived::<Secp256k1>(root, key_id).map(|key| *key.encoded())
}

/// The compressed public key of a key id under a compressed root of a signing purpose.
///
/// # Errors
///
/// As [`public_key`], and [`Misuse::NoDerivation`] if keys are not derived from such a root.
pub fn public_key_of(purpose: Purpose, root: &[u8], key_id: &[u8; 32]) -> Result<Vec<u8>, Misuse> {
    match purpose {
        Purpose::SignSecp256k1 => derived::<Secp256k1>(root, key_id).map(|key| key.bytes().to_vec()),
        Purpose::SignP256 => derived::<P256>(root, key_id).map(|key| key.bytes().to_vec()),
        Purpose::SignEd25519 => derived::<Ed25519>(root, key_id).map(|key| key.bytes().to_vec()),
        Purpose::Decrypt | Purpose::Session | Purpose::Random => Err(Misuse::NoDerivation),
    }
}

/// The uncompressed form (65 bytes, tag 4) of a compressed public key on secp256k1, as contracts and
/// wallets want it.
///
/// # Errors
///
/// [`Misuse::PublicKey`] if the bytes are no point.
pub fn uncompressed(public_key: &[u8; 33]) -> Result<[u8; 65], Misuse> {
    use k256::elliptic_curve::sec1::ToSec1Point;
    let key = Element::<Secp256k1>::decode(public_key).ok_or(Misuse::PublicKey)?;
    key.point().to_affine().to_sec1_point(false).as_bytes().try_into().map_err(|_| Misuse::PublicKey)
}

/// How a group's tweaks are made of key ids.
trait Derive: Group {
    /// Uniform bytes, big-endian, of more than 16 bytes above the order's length.
    fn uniform(key_id: &[u8; 32]) -> Vec<u8>;
}

impl Derive for Secp256k1 {
    fn uniform(key_id: &[u8; 32]) -> Vec<u8> {
        expand_message_xmd::<Sha256, 48>(key_id, KEY_ID_DST).to_vec()
    }
}

impl Derive for P256 {
    fn uniform(key_id: &[u8; 32]) -> Vec<u8> {
        expand_message_xmd::<Sha256, 48>(key_id, KEY_ID_DST_P256).to_vec()
    }
}

impl Derive for Ed25519 {
    fn uniform(key_id: &[u8; 32]) -> Vec<u8> {
        // In this group numbers are little-endian.
        let mut uniform = expand_message_xmd::<Sha512, 64>(key_id, KEY_ID_DST_ED25519);
        uniform.reverse();
        uniform.to_vec()
    }
}

fn tweak_scalar<G: Derive>(key_id: &[u8; 32]) -> Result<G::Scalar, Misuse> {
    let tweak = scalar_from_wide::<G>(&G::uniform(key_id));
    if tweak == G::zero() { Err(Misuse::Tweak) } else { Ok(tweak) }
}

fn encoded_tweak<G: Derive>(key_id: &[u8; 32]) -> Result<[u8; 32], Misuse> {
    Ok(G::scalar_to_bytes(&tweak_scalar::<G>(key_id)?))
}

fn derived<G: Derive>(root: &[u8], key_id: &[u8; 32]) -> Result<Element<G>, Misuse> {
    let root = Element::<G>::decode(root).ok_or(Misuse::PublicKey)?;
    let tweak = tweak_scalar::<G>(key_id)?;
    Element::of(G::sum(root.point(), &G::generate(&tweak))).ok_or(Misuse::Tweak)
}

/// `expand_message_xmd` of RFC 9380. `N` and the tag are ours and within the RFC's bounds
/// (N at most 255 hashes, tag at most 255 bytes), which the callers' constants fix.
fn expand_message_xmd<H: Digest + BlockSizeUser, const N: usize>(message: &[u8], tag: &[u8]) -> [u8; N] {
    let length = u16::try_from(N).expect("the output length is a small constant");
    let tag_length = u8::try_from(tag.len()).expect("the tag is a short constant");

    let b0 = H::new()
        .chain_update(vec![0; H::block_size()])
        .chain_update(message)
        .chain_update(length.to_be_bytes())
        .chain_update([0])
        .chain_update(tag)
        .chain_update([tag_length])
        .finalize();
    let mut output = [0; N];
    let mut previous = Output::<H>::default();
    for (counter, chunk) in (1u8..).zip(output.chunks_mut(<H as Digest>::output_size())) {
        // b_1 hashes b_0 alone; b_0 xor zero is b_0.
        let mixed: Vec<u8> = b0.iter().zip(&previous).map(|(a, b)| a ^ b).collect();
        previous = H::new()
            .chain_update(mixed)
            .chain_update([counter])
            .chain_update(tag)
            .chain_update([tag_length])
            .finalize();
        chunk.copy_from_slice(&previous[..chunk.len()]);
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC_TAG: &[u8] = b"QUUX-V01-CS02-with-expander-SHA256-128";

    // RFC 9380, appendix K.1.
    #[test]
    fn expands_as_the_rfc_says() {
        for (message, expected) in [
            ("", "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
            ("abc", "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
            ("abcdef0123456789", "eff31487c770a893cfb36f912fbfcbff40d5661771ca4b2cb4eafe524333f5c1"),
        ] {
            assert_eq!(hex::encode(expand_message_xmd::<Sha256, 32>(message.as_bytes(), RFC_TAG)), expected);
        }
        assert_eq!(
            hex::encode(expand_message_xmd::<Sha256, 128>(b"", RFC_TAG)),
            "af84c27ccfd45d41914fdff5df25293e221afc53d8ad2ac06d5e3e29485dadbe\
             e0d121587713a3e0dd4d5e69e93eb7cd4f5df4cd103e188cf60cb02edc3edf18\
             eda8576c412b18ffb658e3dd6ec849469b979d444cf7b26911a08e63cf31f9dc\
             c541708d3491184472c2c29bb749d4286b004ceb5ee6b9a7fa5b646c993f0ced"
        );
    }

    #[test]
    fn refuses_a_root_that_is_no_point() {
        assert_eq!(public_key(&[0; 33], &[1; 32]), Err(Misuse::PublicKey));
        let mut compact = [7; 33];
        compact[0] = 5;
        assert_eq!(public_key(&compact, &[1; 32]), Err(Misuse::PublicKey));
    }

    #[test]
    fn refuses_a_root_that_the_tweak_cancels() {
        let id = [9; 32];
        let root = -Secp256k1::generate(&tweak_scalar::<Secp256k1>(&id).unwrap());
        assert_eq!(public_key(&Secp256k1::encode(&root), &id), Err(Misuse::Tweak));
    }
}
