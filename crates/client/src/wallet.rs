//! An Ethereum account whose key is at hand: in a file, for development and for programs.

use std::{fmt, path::Path};

use k256::ecdsa::SigningKey;
use quorate_auth::eip191;
use quorate_wire::{Address, PublicKey};
use zeroize::Zeroizing;

/// Longest key file: 64 digits, a prefix and line ends.
const KEY_FILE_BYTES_MAX: u64 = 128;

/// A secp256k1 account key. It is wiped when dropped and shows only its address.
pub struct Wallet {
    key: SigningKey,
    address: Address,
}

/// Why there is no wallet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// The key file cannot be read.
    #[error("the key file cannot be read: {0}")]
    File(std::io::ErrorKind),
    /// The text or the bytes are not a key.
    #[error("a wallet's key is 32 bytes in hexadecimal digits, and not zero")]
    Key,
}

impl Wallet {
    /// Takes a key.
    ///
    /// # Errors
    /// [`WalletError::Key`] for zero and for numbers past the order of the curve.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, WalletError> {
        let key = SigningKey::from_slice(secret).map_err(|_| WalletError::Key)?;
        let public =
            PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).map_err(|_| WalletError::Key)?;
        Ok(Wallet { key, address: public.address() })
    }

    /// Reads a key from 64 hexadecimal digits, with or without `0x`.
    ///
    /// # Errors
    /// [`WalletError::Key`].
    pub fn from_hex(text: &str) -> Result<Self, WalletError> {
        let mut secret = Zeroizing::new([0u8; 32]);
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), secret.as_mut_slice())
            .map_err(|_| WalletError::Key)?;
        Wallet::from_bytes(&secret)
    }

    /// Reads a file that holds a key in hexadecimal digits, and nothing else but white space around.
    ///
    /// # Errors
    /// [`WalletError`].
    pub fn from_file(path: &Path) -> Result<Self, WalletError> {
        let failed = |error: std::io::Error| WalletError::File(error.kind());
        if std::fs::metadata(path).map_err(failed)?.len() > KEY_FILE_BYTES_MAX {
            return Err(WalletError::Key);
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
        Wallet::from_hex(text.trim())
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a text as `personal_sign` does (EIP-191): r ‖ s ‖ v with v 27 or 28.
    #[must_use]
    pub fn sign_text(&self, text: &str) -> [u8; 65] {
        let (signature, id) = self.key.sign_prehash_recoverable(&eip191::hash(text.as_bytes()));
        let mut bytes = [0u8; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + id.to_byte();
        bytes
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_signed_by_the_account_and_debug_shows_no_key() {
        let wallet = Wallet::from_hex(&"11".repeat(32)).unwrap();
        let signature = wallet.sign_text("hello");
        assert_eq!(eip191::recover(&eip191::hash(b"hello"), &signature), Ok(wallet.address()));
        assert!(!format!("{wallet:?}").contains("1111"));
    }

    #[test]
    fn refuses_what_is_not_a_key() {
        for text in ["", "0x", &"00".repeat(32), &"ff".repeat(32), &"11".repeat(31), &"11".repeat(33)] {
            assert_eq!(Wallet::from_hex(text).err(), Some(WalletError::Key));
        }
        assert_eq!(
            Wallet::from_file(Path::new("/nonexistent/key")).err(),
            Some(WalletError::File(std::io::ErrorKind::NotFound))
        );
    }
}
