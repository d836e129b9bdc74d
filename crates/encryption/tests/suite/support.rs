//! A root that one place knows whole, and values of it.

use std::collections::BTreeMap;

use blst::min_pk::SecretKey;
use blstrs::{G2Affine, G2Projective, Scalar};
use quorate_encryption::{DST, Identity, RootKey, VALUE_LEN};
use quorate_wire::{Digest, NetworkId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Lengths of messages that the issue names.
pub(crate) const LENGTHS: [usize; 6] = [0, 1, 31, 32, 200, 70_000];

pub(crate) const NETWORK: NetworkId = NetworkId([0x11; 32]);
pub(crate) const POLICY: &str = r#"[{"conditionType":"evmBasic"}]"#;
pub(crate) const POLICY_HASH: Digest = Digest([0x22; 32]);

/// The whole secret, which in a network nobody has.
pub(crate) struct TestRoot {
    secret: Scalar,
    key: SecretKey,
}

impl TestRoot {
    pub(crate) fn new(seed: u8) -> Self {
        let key = SecretKey::key_gen(&[seed; 32], &[]).unwrap();
        let secret = Scalar::from_bytes_be(&key.to_bytes()).unwrap();
        Self { secret, key }
    }

    pub(crate) fn key(&self) -> RootKey {
        RootKey::from_bytes(&self.key.sk_to_pk().compress()).unwrap()
    }

    pub(crate) fn value(&self, identity: &[u8]) -> [u8; VALUE_LEN] {
        self.key.sign(identity, DST, &[]).compress()
    }

    /// Shares of the value of `identity`, of a polynomial with `threshold` coefficients, by share number.
    pub(crate) fn shares(
        &self,
        identity: &[u8],
        threshold: u64,
        ids: &[u8],
    ) -> BTreeMap<u8, [u8; VALUE_LEN]> {
        let hashed = G2Projective::hash_to_curve(identity, DST, &[]);
        let share = |id: u8| {
            let at = Scalar::from(u64::from(id));
            // Horner's rule; the other coefficients are as good as any.
            let sum =
                (1..threshold).rev().fold(Scalar::from(0), |sum, n| (sum + Scalar::from(n * 7919 + 5)) * at);
            (id, G2Affine::from(&(hashed * (self.secret + sum))).to_compressed())
        };
        ids.iter().copied().map(share).collect()
    }
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A message that is different at each place.
pub(crate) fn message(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + at / 256 + 1) % 256).unwrap()).collect()
}

pub(crate) fn identity(n: u8) -> Vec<u8> {
    Identity::Lit { policy: Digest([n; 32]), data: Digest([7; 32]) }.bytes()
}
