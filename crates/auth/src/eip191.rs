//! Signatures of Ethereum accounts over texts (EIP-191, version `E`: `personal_sign`).

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use quorate_wire::{Address, PublicKey, keccak256};

/// What is wrong with a wallet's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is not 65 bytes in hexadecimal digits.
    #[error("a wallet's signature is 65 bytes in hexadecimal digits")]
    Form,
    /// r or s is not a scalar of the curve, or no key fits them.
    #[error("the signature is not one of any key")]
    Invalid,
    /// s is in the upper half: a second signature of the same text that anybody can make from the first.
    #[error("the signature's s is in the upper half")]
    HighS,
    /// The last byte is not 0, 1, 27 or 28.
    #[error("the signature's last byte must be 0, 1, 27 or 28")]
    RecoveryId,
}

/// The digest that a wallet signs for a text.
#[must_use]
pub fn hash(message: &[u8]) -> [u8; 32] {
    let mut bytes = format!("\x19Ethereum Signed Message:\n{}", message.len()).into_bytes();
    bytes.extend_from_slice(message);
    keccak256(&bytes)
}

/// Reads the hexadecimal form of a signature, with or without `0x`.
///
/// # Errors
/// [`SignatureError::Form`] unless it is exactly 65 bytes.
pub fn parse_signature(text: &str) -> Result<[u8; 65], SignatureError> {
    let mut bytes = [0u8; 65];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)
        .map_err(|_| SignatureError::Form)?;
    Ok(bytes)
}

/// The account whose key made a signature over a digest.
///
/// # Errors
/// [`SignatureError`] for scalars out of range, an s in the upper half, other recovery bytes, and
/// signatures that no key fits.
pub fn recover(digest: &[u8; 32], signature: &[u8; 65]) -> Result<Address, SignatureError> {
    let [scalars @ .., last] = signature;
    let parity = match last {
        0 | 27 => false,
        1 | 28 => true,
        _ => return Err(SignatureError::RecoveryId),
    };
    let signature = Signature::from_slice(scalars).map_err(|_| SignatureError::Invalid)?;
    if signature.normalize_s() != signature {
        return Err(SignatureError::HighS);
    }
    let key = VerifyingKey::recover_from_prehash(digest, &signature, RecoveryId::new(parity, false))
        .map_err(|_| SignatureError::Invalid)?;
    let key = PublicKey::from_sec1(&key.to_sec1_bytes()).map_err(|_| SignatureError::Invalid)?;
    Ok(key.address())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k256::ecdsa::SigningKey;
    use proptest::prelude::*;

    /// From the documentation of web3.js: a text, its key, its hash and its signature.
    #[test]
    fn a_published_vector_gives_its_hash_and_account() {
        let digest = hash(b"Some data");
        assert_eq!(hex::encode(digest), "1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655");
        let signature = parse_signature(
            "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd\
             6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c",
        )
        .unwrap();
        let account = recover(&digest, &signature).unwrap();
        assert_eq!(account.to_string(), "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23");
    }

    fn signed(digest: &[u8; 32]) -> (Address, [u8; 65]) {
        let key = SigningKey::from_slice(&[3; 32]).unwrap();
        let (signature, id) = key.sign_prehash_recoverable(digest);
        let mut bytes = [0u8; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + id.to_byte();
        (PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).unwrap().address(), bytes)
    }

    #[test]
    fn refuses_high_s_other_recovery_bytes_and_zero() {
        let digest = hash(b"x");
        let (account, good) = signed(&digest);
        assert_eq!(recover(&digest, &good), Ok(account));
        let mut plain = good;
        plain[64] -= 27;
        assert_eq!(recover(&digest, &plain), Ok(account));

        let (r, s) = Signature::from_slice(&good[..64]).unwrap().split_scalars();
        let mut high = good;
        high[..64].copy_from_slice(&Signature::from_scalars(r, -s).unwrap().to_bytes());
        high[64] ^= 7; // 27 ↔ 28: the parity that belongs to −s.
        assert_eq!(recover(&digest, &high), Err(SignatureError::HighS));

        for last in [2, 26, 29, 37, 255] {
            let mut other = good;
            other[64] = last;
            assert_eq!(recover(&digest, &other), Err(SignatureError::RecoveryId));
        }
        assert_eq!(recover(&digest, &[0; 65]), Err(SignatureError::Invalid));
        let mut large = good;
        large[..32].fill(0xff);
        assert_eq!(recover(&digest, &large), Err(SignatureError::Invalid));
    }

    #[test]
    fn refuses_texts_of_other_lengths() {
        let (_, good) = signed(&hash(b"x"));
        let text = hex::encode(good);
        assert_eq!(parse_signature(&text), Ok(good));
        assert_eq!(parse_signature(&text[2..]), Err(SignatureError::Form));
        assert_eq!(parse_signature(&format!("{text}00")), Err(SignatureError::Form));
        assert_eq!(parse_signature(&format!("0x0x{text}")), Err(SignatureError::Form));
    }

    proptest! {
        #[test]
        fn no_signature_panics(digest: [u8; 32], scalars: [u8; 64], last in 0u8..30) {
            let mut signature = [0u8; 65];
            signature[..64].copy_from_slice(&scalars);
            signature[64] = last;
            let _ = recover(&digest, &signature);
        }
    }
}
