//! What a dealer reveals for one root: the Feldman commitments of its polynomial and the proof that it
//! knows the constant term.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::group::{self, Element, Group, SCALAR_LEN};
use crate::{Params, PartyIndex, transcript};

const SALT_LEN: usize = 32;

#[derive(Clone)]
pub(super) struct Package<G: Group> {
    /// `coefficients[k] = a_k·G`; exactly t of them, none the identity.
    coefficients: Vec<Element<G>>,
    /// Schnorr proof for the constant term.
    proof_point: Element<G>,
    proof_scalar: G::Scalar,
    /// Makes the commitment hiding.
    salt: [u8; SALT_LEN],
}

impl<G: Group> Package<G> {
    /// `None` if a secret coefficient is zero.
    pub(super) fn make(
        context: &[u8; 32],
        dealer: PartyIndex,
        polynomial: &[G::Scalar],
        rng: &mut dyn CryptoRng,
    ) -> Option<Self> {
        let public = |secret: &G::Scalar| Element::of(G::generate(secret));
        let coefficients = polynomial.iter().map(public).collect::<Option<Vec<_>>>()?;
        let nonce = Zeroizing::new(group::scalar_random::<G>(rng));
        let proof_point = public(&nonce)?;
        let challenge = challenge(context, dealer, coefficients.first()?, &proof_point);
        let proof_scalar = G::add(&nonce, &G::multiply(&challenge, polynomial.first()?));
        let mut salt = [0; SALT_LEN];
        rng.fill_bytes(&mut salt);
        Some(Self { coefficients, proof_point, proof_scalar, salt })
    }

    pub(super) fn encoded_len(params: Params) -> usize {
        usize::from(params.threshold()) * G::POINT_LEN + G::POINT_LEN + SCALAR_LEN + SALT_LEN
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            self.coefficients.iter().flat_map(|point| point.bytes().iter().copied()).collect();
        bytes.extend_from_slice(self.proof_point.bytes());
        bytes.extend_from_slice(&G::scalar_to_bytes(&self.proof_scalar));
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    /// 2.2: exactly t points and a reduced scalar, nothing before, between or after.
    pub(super) fn decode(params: Params, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::encoded_len(params) {
            return None;
        }
        let (points, rest) = bytes.split_at(usize::from(params.threshold()) * G::POINT_LEN);
        let coefficients =
            points.chunks_exact(G::POINT_LEN).map(Element::decode).collect::<Option<Vec<_>>>()?;
        let (proof_point, rest) = rest.split_at(G::POINT_LEN);
        let (proof_scalar, salt) = rest.split_at(SCALAR_LEN);
        Some(Self {
            coefficients,
            proof_point: Element::decode(proof_point)?,
            proof_scalar: group::scalar_from_bytes::<G>(proof_scalar)?,
            salt: salt.try_into().ok()?,
        })
    }

    /// 2.4: z·G = R + e·A_0.
    pub(super) fn proves_possession(&self, context: &[u8; 32], dealer: PartyIndex) -> bool {
        let Some(constant) = self.coefficients.first() else { return false };
        let challenge = challenge(context, dealer, constant, &self.proof_point);
        let expected = G::sum(self.proof_point.point(), &G::times(constant.point(), &challenge));
        G::generate(&self.proof_scalar) == expected
    }

    /// The public value of the polynomial at a member's index.
    pub(super) fn public_value_at(&self, index: u8) -> G::Point {
        group::evaluate_points(&self.coefficients, index)
    }

    /// The same dealer's package with a proof that proves nothing.
    #[cfg(test)]
    pub(super) fn spoil_proof(&mut self) {
        self.proof_scalar = G::add(&self.proof_scalar, &G::scalar_from_u64(1));
    }

    pub(super) fn coefficients(&self) -> &[Element<G>] {
        &self.coefficients
    }
}

fn challenge<G: Group>(
    context: &[u8; 32],
    dealer: PartyIndex,
    constant: &Element<G>,
    nonce: &Element<G>,
) -> G::Scalar {
    let parts: [&[u8]; 4] = [context, &[dealer.get()], constant.bytes(), nonce.bytes()];
    let mut wide = [0; 48];
    wide[..32].copy_from_slice(&transcript::hash("quorate/dkg/v2/possession/0", &parts));
    wide[32..].copy_from_slice(&transcript::hash("quorate/dkg/v2/possession/1", &parts)[..16]);
    group::scalar_from_wide::<G>(&wide)
}

#[cfg(test)]
mod tests;
