//! What key generation leaves behind: one member's share of the root, and the public polynomial.

use core::fmt;

use k256::{ProjectivePoint, PublicKey, Scalar};
use zeroize::Zeroizing;

use crate::group::{self, POINT_LEN, SCALAR_LEN};
use crate::{DkgInput, Misuse, Params, PartyIndex, transcript};

const VERSION: u8 = 1;
/// Version, t, n, index; session; share.
const FIXED_LEN: usize = 4 + 32 + SCALAR_LEN;
const DIGEST_LEN: usize = 32;

/// One member's share of a root key.
///
/// The public part, equal for all members, is the polynomial's commitments: everybody's public share
/// and the root key follow from them, so they cannot contradict each other.
pub struct RootShare {
    params: Params,
    me: PartyIndex,
    session: [u8; 32],
    share: Zeroizing<Scalar>,
    coefficients: Vec<PublicKey>,
    public_shares: Vec<PublicKey>,
}

impl RootShare {
    /// Checks that the share lies on the public polynomial.
    pub(crate) fn new(
        input: DkgInput,
        share: Zeroizing<Scalar>,
        coefficients: Vec<PublicKey>,
    ) -> Result<Self, Misuse> {
        let DkgInput { params, me, session } = input;
        if coefficients.len() != usize::from(params.threshold()) || !params.contains(me) {
            return Err(Misuse::Stored("the numbers do not fit"));
        }
        let public_shares = params
            .parties()
            .map(|party| group::finite(group::evaluate_points(&coefficients, party.get())))
            .collect::<Option<Vec<_>>>()
            .ok_or(Misuse::Stored("a public share is the point at infinity"))?;
        let root = Self { params, me, session, share, coefficients, public_shares };
        let expected = root.public_point(me).ok_or(Misuse::NotTakingPart)?;
        if ProjectivePoint::mul_by_generator(&root.share) != expected.to_projective() {
            return Err(Misuse::Stored("the share does not fit the public polynomial"));
        }
        Ok(root)
    }

    /// t and n.
    #[must_use]
    pub fn params(&self) -> Params {
        self.params
    }

    /// Whose share it is.
    #[must_use]
    pub fn me(&self) -> PartyIndex {
        self.me
    }

    /// The session of the key generation.
    #[must_use]
    pub fn session(&self) -> &[u8; 32] {
        &self.session
    }

    /// The root public key, compressed.
    #[must_use]
    pub fn root_public_key(&self) -> [u8; POINT_LEN] {
        group::point_to_bytes(self.root_point())
    }

    /// The public share of a member, compressed.
    #[must_use]
    pub fn public_share(&self, party: PartyIndex) -> Option<[u8; POINT_LEN]> {
        self.public_point(party).map(group::point_to_bytes)
    }

    /// Hash of everything public. Members must confirm to each other that theirs are equal, and that
    /// their share is stored, before the key is used.
    #[must_use]
    pub fn public_digest(&self) -> [u8; 32] {
        let coefficients: Vec<u8> = self.coefficients.iter().flat_map(group::point_to_bytes).collect();
        let shares: Vec<u8> = self.public_shares.iter().flat_map(group::point_to_bytes).collect();
        transcript::hash(
            "quorate/dkg/v1/public",
            &[
                &[self.params.threshold(), self.params.share_count()],
                &self.session,
                &self.root_public_key(),
                &coefficients,
                &shares,
            ],
        )
    }

    /// The share for sealed storage.
    ///
    /// # Security
    ///
    /// The bytes are the share in the clear: seal them before they go anywhere.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        // One allocation of the final size, so no copy of the share is left behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::stored_len(self.params)));
        bytes.extend_from_slice(&[
            VERSION,
            self.params.threshold(),
            self.params.share_count(),
            self.me.get(),
        ]);
        bytes.extend_from_slice(&self.session);
        bytes.extend_from_slice(Zeroizing::new(group::scalar_to_bytes(&self.share)).as_slice());
        for point in &self.coefficients {
            bytes.extend_from_slice(&group::point_to_bytes(point));
        }
        bytes.extend_from_slice(&self.public_digest());
        bytes
    }

    /// Reads what [`Self::to_secret_bytes`] wrote, and checks the share against the public polynomial.
    ///
    /// # Errors
    ///
    /// [`Misuse::Stored`] for any other bytes.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, Misuse> {
        let [VERSION, threshold, share_count, me, ..] = *bytes else {
            return Err(Misuse::Stored("unknown version"));
        };
        let params = Params::new(threshold, share_count).map_err(|_| Misuse::Stored("t and n"))?;
        let me = PartyIndex::new(me).map_err(|_| Misuse::Stored("index"))?;
        if bytes.len() != Self::stored_len(params) {
            return Err(Misuse::Stored("wrong length"));
        }
        let (fixed, rest) = bytes.split_at(FIXED_LEN);
        let (points, digest) = rest.split_at(usize::from(params.threshold()) * POINT_LEN);
        let session = fixed[4..36].try_into().map_err(|_| Misuse::Stored("session"))?;
        let share = group::scalar_from_bytes(&fixed[36..]).ok_or(Misuse::Stored("scalar"))?;
        let coefficients = points
            .chunks_exact(POINT_LEN)
            .map(group::point_from_bytes)
            .collect::<Option<Vec<_>>>()
            .ok_or(Misuse::Stored("point"))?;
        let root = Self::new(DkgInput { params, me, session }, Zeroizing::new(share), coefficients)?;
        // Covers what the polynomial does not: the session and n.
        if digest != root.public_digest() {
            return Err(Misuse::Stored("the public digest differs"));
        }
        Ok(root)
    }

    pub(crate) fn scalar(&self) -> &Scalar {
        &self.share
    }

    pub(crate) fn root_point(&self) -> &PublicKey {
        // `new` refuses fewer than t >= 2 coefficients.
        &self.coefficients[0]
    }

    fn public_point(&self, party: PartyIndex) -> Option<&PublicKey> {
        self.public_shares.get(usize::from(party.get()).checked_sub(1)?)
    }

    fn stored_len(params: Params) -> usize {
        FIXED_LEN + usize::from(params.threshold()) * POINT_LEN + DIGEST_LEN
    }
}

impl fmt::Debug for RootShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootShare")
            .field("params", &self.params)
            .field("me", &self.me)
            .finish_non_exhaustive()
    }
}
