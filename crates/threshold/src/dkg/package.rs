//! What a dealer reveals: the Feldman commitments of its polynomial and the proof that it knows the
//! constant term.

use k256::{ProjectivePoint, PublicKey, Scalar};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::group::{self, POINT_LEN, SCALAR_LEN};
use crate::{Params, PartyIndex, transcript};

const SALT_LEN: usize = 32;

#[derive(Clone)]
pub(super) struct Package {
    /// `coefficients[k] = a_k·G`; exactly t of them, none at infinity.
    coefficients: Vec<PublicKey>,
    /// Schnorr proof for the constant term.
    proof_point: PublicKey,
    proof_scalar: Scalar,
    /// Makes the commitment hiding.
    salt: [u8; SALT_LEN],
}

impl Package {
    /// `None` if a secret coefficient is zero.
    pub(super) fn make(
        context: &[u8; 32],
        dealer: PartyIndex,
        polynomial: &[Scalar],
        rng: &mut dyn CryptoRng,
    ) -> Option<Self> {
        let public = |secret: &Scalar| group::finite(ProjectivePoint::mul_by_generator(secret));
        let coefficients = polynomial.iter().map(public).collect::<Option<Vec<_>>>()?;
        let nonce = Zeroizing::new(group::scalar_random(rng));
        let proof_point = public(&nonce)?;
        let challenge = challenge(context, dealer, coefficients.first()?, &proof_point);
        let proof_scalar = *nonce + challenge * polynomial.first()?;
        let mut salt = [0; SALT_LEN];
        rng.fill_bytes(&mut salt);
        Some(Self { coefficients, proof_point, proof_scalar, salt })
    }

    pub(super) fn encoded_len(params: Params) -> usize {
        usize::from(params.threshold()) * POINT_LEN + POINT_LEN + SCALAR_LEN + SALT_LEN
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.coefficients.iter().flat_map(group::point_to_bytes).collect();
        bytes.extend_from_slice(&group::point_to_bytes(&self.proof_point));
        bytes.extend_from_slice(&group::scalar_to_bytes(&self.proof_scalar));
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    /// 2.2: exactly t finite points and a reduced scalar, nothing before, between or after.
    pub(super) fn decode(params: Params, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::encoded_len(params) {
            return None;
        }
        let (points, rest) = bytes.split_at(usize::from(params.threshold()) * POINT_LEN);
        let coefficients =
            points.chunks_exact(POINT_LEN).map(group::point_from_bytes).collect::<Option<Vec<_>>>()?;
        let (proof_point, rest) = rest.split_at(POINT_LEN);
        let (proof_scalar, salt) = rest.split_at(SCALAR_LEN);
        Some(Self {
            coefficients,
            proof_point: group::point_from_bytes(proof_point)?,
            proof_scalar: group::scalar_from_bytes(proof_scalar)?,
            salt: salt.try_into().ok()?,
        })
    }

    /// 1.2: what is sent before anybody reveals.
    pub(super) fn commitment(&self, context: &[u8; 32], dealer: PartyIndex) -> [u8; 32] {
        transcript::hash("quorate/dkg/v1/commit", &[context, &[dealer.get()], &self.encode()])
    }

    /// 3.1: what a member says it has seen of this dealer.
    pub(super) fn view(&self, context: &[u8; 32], dealer: PartyIndex) -> [u8; 32] {
        let commitment = self.commitment(context, dealer);
        transcript::hash("quorate/dkg/v1/view", &[context, &[dealer.get()], &commitment, &self.encode()])
    }

    /// 2.4: z·G = R + e·A_0.
    pub(super) fn proves_possession(&self, context: &[u8; 32], dealer: PartyIndex) -> bool {
        let Some(constant) = self.coefficients.first() else { return false };
        let challenge = challenge(context, dealer, constant, &self.proof_point);
        ProjectivePoint::mul_by_generator(&self.proof_scalar)
            == self.proof_point.to_projective() + constant.to_projective() * challenge
    }

    /// The public value of the polynomial at a member's index.
    pub(super) fn public_value_at(&self, index: u8) -> ProjectivePoint {
        group::evaluate_points(&self.coefficients, index)
    }

    /// The same dealer's package with a proof that proves nothing.
    #[cfg(test)]
    pub(super) fn with_another_proof(self) -> Self {
        Self { proof_scalar: self.proof_scalar + Scalar::ONE, ..self }
    }

    pub(super) fn coefficient(&self, degree: usize) -> Option<ProjectivePoint> {
        self.coefficients.get(degree).map(PublicKey::to_projective)
    }
}

fn challenge(context: &[u8; 32], dealer: PartyIndex, constant: &PublicKey, nonce: &PublicKey) -> Scalar {
    let constant = group::point_to_bytes(constant);
    let nonce = group::point_to_bytes(nonce);
    let parts: [&[u8]; 4] = [context, &[dealer.get()], &constant, &nonce];
    let mut wide = [0; 48];
    wide[..32].copy_from_slice(&transcript::hash("quorate/dkg/v1/possession/0", &parts));
    wide[32..].copy_from_slice(&transcript::hash("quorate/dkg/v1/possession/1", &parts)[..16]);
    group::scalar_from_wide(&wide)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const CONTEXT: [u8; 32] = [1; 32];

    fn made() -> (Params, PartyIndex, Package) {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let polynomial = [group::scalar_random(&mut rng), group::scalar_random(&mut rng)];
        let dealer = PartyIndex::new(1).unwrap();
        let package = Package::make(&CONTEXT, dealer, &polynomial, &mut rng).unwrap();
        (Params::new(2, 3).unwrap(), dealer, package)
    }

    #[test]
    fn the_proof_holds_for_one_dealer_in_one_session() {
        let (_, dealer, package) = made();
        assert!(package.proves_possession(&CONTEXT, dealer));
        assert!(!package.proves_possession(&CONTEXT, PartyIndex::new(2).unwrap()));
        assert!(!package.proves_possession(&[2; 32], dealer));
        // A rogue key: the constant term cancels another one's, the proof is copied.
        let mut rogue = package.clone();
        rogue.coefficients[0] = group::finite(-package.coefficients[0].to_projective()).unwrap();
        assert!(!rogue.proves_possession(&CONTEXT, dealer));
    }

    #[test]
    fn refuses_all_but_the_one_encoding() {
        let (params, _, package) = made();
        let bytes = package.encode();
        assert_eq!(Package::decode(params, &bytes).unwrap().encode(), bytes);
        assert!(Package::decode(Params::new(3, 3).unwrap(), &bytes).is_none());

        let refused = |at: usize, part: &[u8]| {
            let mut spoiled = bytes.clone();
            spoiled[at..at + part.len()].copy_from_slice(part);
            assert!(Package::decode(params, &spoiled).is_none(), "{part:?} at {at}");
        };
        let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
        let prime = hex::decode("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f").unwrap();
        for at in [0, POINT_LEN, 2 * POINT_LEN] {
            // The point at infinity, other SEC1 forms, an x off the curve, an x that is not reduced.
            refused(at, &[0; POINT_LEN]);
            for tag in [0, 1, 4, 5, 6, 7, 0x82] {
                refused(at, &[tag]);
            }
            let mut off_curve = [0; POINT_LEN];
            (off_curve[0], off_curve[POINT_LEN - 1]) = (2, 5);
            refused(at, &off_curve);
            refused(at + 1, &prime);
        }
        refused(3 * POINT_LEN, &order);
        refused(3 * POINT_LEN, &[0xff; SCALAR_LEN]);
    }
}
