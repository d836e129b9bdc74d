//! Checking a finished ECDSA signature: by the nodes that did not make it, and by everybody after.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};

use crate::{Digest, PublicKey};

/// A finished signature: r ‖ s, and the recovery id.
pub type EcdsaBytes = ([u8; 64], u8);

/// Whether a signature on a digest is valid under a key, has a low s, and recovers to that key.
#[must_use]
pub fn ecdsa_valid(key: &PublicKey, digest: &Digest, signature: &EcdsaBytes) -> bool {
    let (Ok(key), Ok(parsed), Some(recovery_id)) = (
        VerifyingKey::from_sec1_bytes(key.as_bytes()),
        Signature::from_slice(&signature.0),
        RecoveryId::from_byte(signature.1),
    ) else {
        return false;
    };
    parsed.normalize_s() == parsed
        && key.verify_prehash(&digest.0, &parsed).is_ok()
        && VerifyingKey::recover_from_prehash(&digest.0, &parsed, recovery_id).is_ok_and(|found| found == key)
}

#[cfg(test)]
mod tests {
    use k256::ecdsa::SigningKey;

    use super::*;

    #[test]
    fn accepts_one_form_of_a_signature_only() {
        let signer = SigningKey::from_slice(&[7; 32]).unwrap();
        let key = PublicKey::from_sec1(signer.verifying_key().to_sec1_point(true).as_bytes()).unwrap();
        let digest = Digest([9; 32]);
        let (signature, recovery_id) = signer.sign_prehash_recoverable(&digest.0);
        let bytes: [u8; 64] = signature.to_bytes().into();
        assert!(ecdsa_valid(&key, &digest, &(bytes, recovery_id.to_byte())));
        assert!(!ecdsa_valid(&key, &digest, &(bytes, recovery_id.to_byte() ^ 1)));
        assert!(!ecdsa_valid(&key, &Digest([8; 32]), &(bytes, recovery_id.to_byte())));
        let high = Signature::from_scalars(signature.r(), -signature.s()).unwrap();
        let high: [u8; 64] = high.to_bytes().into();
        assert!(!ecdsa_valid(&key, &digest, &(high, recovery_id.to_byte() ^ 1)), "high s");
        assert!(!ecdsa_valid(&key, &digest, &([0; 64], 0)));
    }
}
