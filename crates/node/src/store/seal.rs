//! Sealing of stored values.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use quorate_wire::NetworkId;
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// XChaCha20-Poly1305 under the sealing key. A sealed value is `nonce ‖ ciphertext ‖ tag`; the record's key
/// and the network are authenticated with it, so a value opens only where it was written.
pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
    network: NetworkId,
}

impl Sealer {
    pub(super) fn new(key: &[u8; 32], network: NetworkId) -> Self {
        Sealer { cipher: XChaCha20Poly1305::new(key.into()), network }
    }

    pub(super) fn seal(&self, record: &str, value: &[u8]) -> Vec<u8> {
        let mut nonce = [0u8; NONCE_BYTES];
        crate::entropy::fill(&mut nonce);
        let aad = self.aad(record);
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: value, aad: &aad })
            .expect("only values of 256 GiB are too long");
        [&nonce[..], &sealed].concat()
    }

    pub(super) fn open(&self, record: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let aad = self.aad(record);
        self.cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &aad })
            .ok()
            .map(Zeroizing::new)
    }

    fn aad(&self, record: &str) -> Vec<u8> {
        // The network id has a fixed length, so the two parts have one reading.
        [b"quorate/store/v1", &self.network.0[..], record.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_what_was_sealed_for_this_record() {
        let sealer = Sealer::new(&[1; 32], NetworkId([2; 32]));
        let sealed = sealer.seal("a", b"value");
        assert_eq!(sealer.open("a", &sealed).unwrap().as_slice(), b"value");
        assert!(sealer.open("b", &sealed).is_none());
        assert!(Sealer::new(&[3; 32], NetworkId([2; 32])).open("a", &sealed).is_none());
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(sealer.open("a", &altered).is_none());
        }
        for length in 0..sealed.len() {
            assert!(sealer.open("a", &sealed[..length]).is_none());
        }
        assert_ne!(sealed, sealer.seal("a", b"value"));
    }

    #[test]
    fn what_was_sealed_by_another_implementation_opens() {
        let sealer = Sealer::new(&[1; 32], NetworkId([2; 32]));
        let sealed = hex::decode("000102030405060708090a0b0c0d0e0f101112131415161719f0ade4f1e4b2a88c204a29344102df87d3ebe4421213bc21bbf772d85425dae376").unwrap();
        assert_eq!(sealer.open("record", &sealed).unwrap().as_slice(), b"a value of a store");
    }
}
