//! Key derivation: the key of an id is `root + tweak(id)·G`, so anybody computes public keys without a
//! ceremony and each member tweaks its share alone.
//!
//! `tweak` is `expand_message_xmd` (RFC 9380, 5.3.1) with SHA-256 over the id to 48 bytes, big-endian,
//! modulo the group order, under the domain-separation tag that the Lit SDKs use: a client that is
//! told the roots `[root, G]` derives the same keys, and so does the contract.
//!
//! # Security
//!
//! A derived *private* key together with the public tweak is the root key. Derived keys are never
//! exported, and ids are tagged hashes, never bytes that a caller chose freely.

use k256::{ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};

use crate::Misuse;
use crate::group::{finite, point_from_bytes, point_to_bytes, scalar_from_wide, scalar_to_bytes};

/// The domain-separation tag of key ids on secp256k1.
pub const KEY_ID_DST: &[u8] = b"LIT_HD_KEY_ID_K256_XMD:SHA-256_SSWU_RO_NUL_";

/// The tweak of a key id, big-endian and reduced.
///
/// # Errors
///
/// [`Misuse::Tweak`] if it is zero (no id with that property is known).
pub fn tweak(key_id: &[u8; 32]) -> Result<[u8; 32], Misuse> {
    Ok(scalar_to_bytes(&tweak_scalar(key_id)?))
}

/// The compressed public key of a key id under a compressed root.
///
/// # Errors
///
/// [`Misuse::PublicKey`] if `root` is no point, [`Misuse::Tweak`] if the tweak is zero or cancels it.
pub fn public_key(root: &[u8; 33], key_id: &[u8; 32]) -> Result<[u8; 33], Misuse> {
    let root = point_from_bytes(root).ok_or(Misuse::PublicKey)?;
    let key = root.to_projective() + ProjectivePoint::mul_by_generator(&tweak_scalar(key_id)?);
    Ok(point_to_bytes(&finite(key).ok_or(Misuse::Tweak)?))
}

/// The uncompressed form (65 bytes, tag 4) of a compressed public key, as contracts and wallets want it.
///
/// # Errors
///
/// [`Misuse::PublicKey`] if the bytes are no point.
pub fn uncompressed(public_key: &[u8; 33]) -> Result<[u8; 65], Misuse> {
    use k256::elliptic_curve::sec1::ToSec1Point;
    let point = point_from_bytes(public_key).ok_or(Misuse::PublicKey)?.to_sec1_point(false);
    point.as_bytes().try_into().map_err(|_| Misuse::PublicKey)
}

fn tweak_scalar(key_id: &[u8; 32]) -> Result<Scalar, Misuse> {
    let tweak = scalar_from_wide(&expand_message_xmd::<48>(key_id, KEY_ID_DST));
    if tweak.is_zero().into() { Err(Misuse::Tweak) } else { Ok(tweak) }
}

/// `expand_message_xmd` with SHA-256. `N` and the tag are ours and within the RFC's bounds
/// (N at most 255·32, tag at most 255 bytes), which the callers' constants fix.
fn expand_message_xmd<const N: usize>(message: &[u8], tag: &[u8]) -> [u8; N] {
    const BLOCK: [u8; 64] = [0; 64];
    let length = u16::try_from(N).expect("the output length is a small constant");
    let tag_length = u8::try_from(tag.len()).expect("the tag is a short constant");

    let b0 = Sha256::new()
        .chain_update(BLOCK)
        .chain_update(message)
        .chain_update(length.to_be_bytes())
        .chain_update([0])
        .chain_update(tag)
        .chain_update([tag_length])
        .finalize();
    let mut output = [0; N];
    let mut previous = [0u8; 32];
    for (counter, chunk) in (1u8..).zip(output.chunks_mut(32)) {
        // b_1 hashes b_0 alone; b_0 xor zero is b_0.
        let mixed: [u8; 32] = core::array::from_fn(|i| b0[i] ^ previous[i]);
        previous = Sha256::new()
            .chain_update(mixed)
            .chain_update([counter])
            .chain_update(tag)
            .chain_update([tag_length])
            .finalize()
            .into();
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
            assert_eq!(hex::encode(expand_message_xmd::<32>(message.as_bytes(), RFC_TAG)), expected);
        }
        assert_eq!(
            hex::encode(expand_message_xmd::<128>(b"", RFC_TAG)),
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
        let root = finite(-ProjectivePoint::mul_by_generator(&tweak_scalar(&id).unwrap())).unwrap();
        assert_eq!(public_key(&point_to_bytes(&root), &id), Err(Misuse::Tweak));
    }
}
