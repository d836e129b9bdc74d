//! Sealing a share to a caller's one-time key, so that whoever carries it learns nothing.
//!
//! X25519 (RFC 7748) with a fresh key of the sender, HKDF-SHA256 (RFC 5869) over both public keys and the context, and
//! ChaCha20-Poly1305 (RFC 8439) under the key that this gives, which is used once.

use chacha20poly1305::{AeadInOut as _, ChaCha20Poly1305, Key, KeyInit as _, Nonce};
use curve25519_dalek::MontgomeryPoint;
use hkdf::Hkdf;
use quorate_wire::{NodeIndex, RequestId, Transcript};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// What a sealed share is bound to beside its two keys: the request, and the node that gives it.
#[must_use]
pub fn context(request: &RequestId, node: NodeIndex) -> [u8; 32] {
    Transcript::new("quorate/sealed-share/v1").field(&request.0).number(node.get().into()).finish()
}

/// A caller's one-time key pair.
pub struct Reader {
    secret: Zeroizing<[u8; KEY_LEN]>,
    public: [u8; KEY_LEN],
}

impl Reader {
    /// Draws one.
    #[must_use]
    pub fn new(rng: &mut dyn CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; KEY_LEN]);
        rng.fill_bytes(secret.as_mut_slice());
        let public = MontgomeryPoint::mul_base_clamped(*secret).to_bytes();
        Reader { secret, public }
    }

    /// The public half, which the caller signs in its request.
    #[must_use]
    pub fn public(&self) -> &[u8; KEY_LEN] {
        &self.public
    }

    /// Opens what was sealed to this key in this context; `None` for anything else.
    #[must_use]
    pub fn open(&self, context: &[u8; 32], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (from, rest) = sealed.split_first_chunk::<KEY_LEN>()?;
        let (bytes, tag) = rest.split_last_chunk::<TAG_LEN>()?;
        let key = key((&self.secret, from), (from, &self.public), context)?;
        let mut bytes = Zeroizing::new(bytes.to_vec());
        let cipher = ChaCha20Poly1305::new(&Key::from(*key));
        cipher
            .decrypt_inout_detached(&Nonce::default(), context, bytes.as_mut_slice().into(), tag.into())
            .ok()?;
        Some(bytes)
    }
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// Seals bytes to a one-time key: the sender's public key (32 bytes), the ciphertext, the tag (16 bytes). `None` where the
/// key is of low order, so that anybody could open it.
#[must_use]
pub fn seal(
    reader: &[u8; KEY_LEN],
    context: &[u8; 32],
    bytes: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<Vec<u8>> {
    let sender = Reader::new(rng);
    let key = key((&sender.secret, reader), (&sender.public, reader), context)?;
    let mut sealed = Vec::with_capacity(KEY_LEN + bytes.len() + TAG_LEN);
    sealed.extend_from_slice(&sender.public);
    sealed.extend_from_slice(bytes);
    let cipher = ChaCha20Poly1305::new(&Key::from(*key));
    let tag =
        cipher.encrypt_inout_detached(&Nonce::default(), context, (&mut sealed[KEY_LEN..]).into()).ok()?;
    sealed.extend_from_slice(&tag);
    Some(sealed)
}

/// The key of one sealing; `None` if the other side's key gives no secret (RFC 7748, section 6.1).
fn key(
    (secret, other): (&Zeroizing<[u8; KEY_LEN]>, &[u8; KEY_LEN]),
    (sender, reader): (&[u8; KEY_LEN], &[u8; KEY_LEN]),
    context: &[u8; 32],
) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let shared = Zeroizing::new(MontgomeryPoint(*other).mul_clamped(**secret).to_bytes());
    if shared.iter().all(|byte| *byte == 0) {
        return None;
    }
    let info =
        Transcript::new("quorate/sealed-share-key/v1").field(sender).field(reader).field(context).finish();
    let mut key = Zeroizing::new([0; KEY_LEN]);
    Hkdf::<Sha256>::new(None, shared.as_slice()).expand(&info, key.as_mut_slice()).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::*;

    #[test]
    fn only_the_one_time_key_in_its_context_opens_a_share() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (reader, other) = (Reader::new(&mut rng), Reader::new(&mut rng));
        let here = context(&RequestId([1; 32]), NodeIndex::new(1).unwrap());
        let sealed = seal(reader.public(), &here, &[7; 96], &mut rng).unwrap();
        assert_eq!(sealed.len(), 32 + 96 + 16);
        assert_eq!(reader.open(&here, &sealed).unwrap().as_slice(), &[7; 96]);
        assert!(other.open(&here, &sealed).is_none());
        let elsewhere = [
            context(&RequestId([2; 32]), NodeIndex::new(1).unwrap()),
            context(&RequestId([1; 32]), NodeIndex::new(2).unwrap()),
        ];
        assert!(elsewhere.iter().all(|context| reader.open(context, &sealed).is_none()));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(reader.open(&here, &changed).is_none(), "{place}");
            assert!(reader.open(&here, &sealed[..place]).is_none(), "{place}");
        }
        assert_ne!(seal(reader.public(), &here, &[7; 96], &mut rng).unwrap(), sealed);
    }

    #[test]
    fn nothing_is_sealed_to_a_key_of_low_order() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        // The points of order 1, 2, 4 and 8 of the curve and its twist, and encodings that are not reduced.
        let mut low = vec![[0; 32]];
        let one = |first: u8| {
            let mut bytes = [0; 32];
            bytes[0] = first;
            bytes
        };
        low.push(one(1));
        let order_8 = [
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        low.extend(order_8.map(|digits| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(digits, &mut bytes).unwrap();
            bytes
        }));
        for key in low {
            assert!(seal(&key, &[0; 32], b"share", &mut rng).is_none(), "{}", hex::encode(key));
        }
        assert!(seal(&one(9), &[0; 32], b"share", &mut rng).is_some());
    }
}
