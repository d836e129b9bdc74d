//! The last round: parts of the signature, and the check of the whole.

use core::fmt;

use dkls23_secp256k1::protocols::signing::Broadcast3to4;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use k256::elliptic_curve::ops::Reduce;
use k256::{AffinePoint, FieldBytes, Scalar, Secp256k1};

use crate::Bug;
use crate::group::secp256k1::Secp256k1 as Curve;
use crate::group::{self, Group};

/// A finished ECDSA signature: low s, checked against the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcdsaSignature {
    /// r, big-endian.
    pub r: [u8; 32],
    /// s, big-endian, at most half the group order.
    pub s: [u8; 32],
    /// Bit 0: the nonce point's y is odd. Bit 1: its x was reduced (which no one has ever seen).
    pub recovery_id: u8,
}

impl EcdsaSignature {
    /// 4.2: recovers the key from the result with other code than that which made it. The right key
    /// proves the signature and the recovery id at once.
    pub(super) fn check(
        x: &str,
        s: &str,
        recovery_id: u8,
        digest: &[u8; 32],
        key: &AffinePoint,
    ) -> Result<Self, Bug> {
        let x = bytes_from_hex(x).ok_or(Bug("x is no number"))?;
        let s = bytes_from_hex(s).ok_or(Bug("s is no number"))?;
        let r = <Scalar as Reduce<FieldBytes>>::reduce(&FieldBytes::from(x));
        let r = Curve::scalar_to_bytes(&r);
        let signature = Signature::from_scalars(r, s).map_err(|_| Bug("r or s is out of range"))?;
        if signature.normalize_s() != signature {
            return Err(Bug("s is high"));
        }
        let id = RecoveryId::from_byte(recovery_id).ok_or(Bug("no such recovery id"))?;
        let recovered = VerifyingKey::recover_from_prehash(digest, &signature, id)
            .map_err(|_| Bug("the signature recovers no key"))?;
        if recovered.as_affine() != key {
            return Err(Bug("the signature recovers another key"));
        }
        Ok(Self { r, s, recovery_id })
    }

    /// r and s, 64 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.r);
        bytes[32..].copy_from_slice(&self.s);
        bytes
    }
}

/// One signer's part: s is the sum of all `w` over the sum of all `u`.
pub(super) struct Part {
    pub(super) u: Scalar,
    pub(super) w: Scalar,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").finish_non_exhaustive()
    }
}

impl Part {
    pub(super) const LEN: usize = 64;

    pub(super) fn encode(&self) -> Vec<u8> {
        [Curve::scalar_to_bytes(&self.u), Curve::scalar_to_bytes(&self.w)].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (u, w) = bytes.split_at_checked(32)?;
        Some(Self { u: group::scalar_from_bytes::<Curve>(u)?, w: group::scalar_from_bytes::<Curve>(w)? })
    }
}

impl From<Broadcast3to4<Secp256k1>> for Part {
    fn from(part: Broadcast3to4<Secp256k1>) -> Self {
        Self { u: part.u, w: part.w }
    }
}

impl From<Part> for Broadcast3to4<Secp256k1> {
    fn from(part: Part) -> Self {
        Self { u: part.u, w: part.w }
    }
}

fn bytes_from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |ascii: u8| char::from(ascii).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(bytes)
}
