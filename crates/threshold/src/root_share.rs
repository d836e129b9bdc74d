//! What key generation leaves behind: one member's share of a root, and the public polynomial.

use core::fmt;

use zeroize::Zeroizing;

use crate::group::{self, Element, Group, SCALAR_LEN};
use crate::purpose::Root;
use crate::{DkgInput, Misuse, Params, PartyIndex, Purpose, transcript};

/// 1 was a record of one root without a purpose, 3 is one of all roots.
const VERSION: u8 = 2;
/// Version, purpose, t, n, index; session; share.
const FIXED_LEN: usize = 5 + 32 + SCALAR_LEN;
const DIGEST_LEN: usize = 32;

/// One member's share of the root with the purpose `R`.
///
/// The public part, equal for all members, is the polynomial's commitments: everybody's public share
/// and the root key follow from them, so they cannot contradict each other.
pub struct RootShare<R: Root> {
    params: Params,
    me: PartyIndex,
    session: [u8; 32],
    /// In a place of its own: a move of the whole leaves no copy of it behind.
    share: Box<Zeroizing<<R::Group as Group>::Scalar>>,
    coefficients: Vec<Element<R::Group>>,
    public_shares: Vec<Element<R::Group>>,
    public_digest: [u8; 32],
}

/// A compressed public key of the purpose `R`.
pub type PublicKeyOf<R> = <<R as Root>::Group as Group>::Encoded;

impl<R: Root> RootShare<R> {
    /// Checks that the share lies on the public polynomial.
    pub(crate) fn new(
        input: DkgInput,
        share: Box<Zeroizing<<R::Group as Group>::Scalar>>,
        coefficients: Vec<Element<R::Group>>,
    ) -> Result<Self, Misuse> {
        let DkgInput { params, me, session } = input;
        if coefficients.len() != usize::from(params.threshold()) || !params.contains(me) {
            return Err(Misuse::Stored("the numbers do not fit"));
        }
        let public_shares = public_shares::<R>(params, &coefficients)
            .ok_or(Misuse::Stored("a public share is the identity"))?;
        let mut root =
            Self { params, me, session, share, coefficients, public_shares, public_digest: [0; 32] };
        let expected = root.public_element(me).ok_or(Misuse::NotTakingPart)?;
        if R::Group::generate(&root.share) != *expected.point() {
            return Err(Misuse::Stored("the share does not fit the public polynomial"));
        }
        root.public_digest = public_digest::<R>((params, &session), &root.coefficients, &root.public_shares);
        Ok(root)
    }

    /// What the root is for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        R::PURPOSE
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
    pub fn root_public_key(&self) -> PublicKeyOf<R> {
        *self.root_element().encoded()
    }

    /// The public share of a member, compressed.
    #[must_use]
    pub fn public_share(&self, party: PartyIndex) -> Option<PublicKeyOf<R>> {
        self.public_element(party).map(|element| *element.encoded())
    }

    /// Hash of everything public. Members must confirm to each other that theirs are equal, and that
    /// their share is stored, before the key is used.
    #[must_use]
    pub fn public_digest(&self) -> [u8; 32] {
        self.public_digest
    }

    /// The commitments to the polynomial's coefficients, compressed: all public shares follow from them.
    #[must_use]
    pub fn commitments(&self) -> Vec<PublicKeyOf<R>> {
        self.coefficients.iter().map(|element| *element.encoded()).collect()
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
        self.write_secret_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn write_secret_bytes(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&[
            VERSION,
            R::PURPOSE.number(),
            self.params.threshold(),
            self.params.share_count(),
            self.me.get(),
        ]);
        bytes.extend_from_slice(&self.session);
        bytes.extend_from_slice(Zeroizing::new(R::Group::scalar_to_bytes(&self.share)).as_slice());
        for element in &self.coefficients {
            bytes.extend_from_slice(element.bytes());
        }
        bytes.extend_from_slice(&self.public_digest);
    }

    /// Reads what [`Self::to_secret_bytes`] wrote, and checks the share against the public polynomial.
    ///
    /// # Errors
    ///
    /// [`Misuse::Stored`] for any other bytes, those of another purpose among them.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, Misuse> {
        let [VERSION, purpose, threshold, share_count, me, ..] = *bytes else {
            return Err(Misuse::Stored("unknown version"));
        };
        if purpose != R::PURPOSE.number() {
            return Err(Misuse::Stored("another purpose"));
        }
        let params = Params::new(threshold, share_count).map_err(|_| Misuse::Stored("t and n"))?;
        let me = PartyIndex::new(me).map_err(|_| Misuse::Stored("index"))?;
        if bytes.len() != Self::stored_len(params) {
            return Err(Misuse::Stored("wrong length"));
        }
        let (fixed, rest) = bytes.split_at(FIXED_LEN);
        let (points, digest) = rest.split_at(usize::from(params.threshold()) * R::Group::POINT_LEN);
        let session = fixed[5..37].try_into().map_err(|_| Misuse::Stored("session"))?;
        let share = group::scalar_from_bytes::<R::Group>(&fixed[37..]).ok_or(Misuse::Stored("scalar"))?;
        let coefficients = points
            .chunks_exact(R::Group::POINT_LEN)
            .map(Element::decode)
            .collect::<Option<Vec<_>>>()
            .ok_or(Misuse::Stored("point"))?;
        let root =
            Self::new(DkgInput { params, me, session }, Box::new(Zeroizing::new(share)), coefficients)?;
        // Covers what the polynomial does not: the session and n.
        if digest != root.public_digest {
            return Err(Misuse::Stored("the public digest differs"));
        }
        Ok(root)
    }

    pub(crate) fn scalar(&self) -> &<R::Group as Group>::Scalar {
        &self.share
    }

    pub(crate) fn root_element(&self) -> &Element<R::Group> {
        // `new` refuses fewer than t >= 2 coefficients.
        &self.coefficients[0]
    }

    pub(crate) fn public_element(&self, party: PartyIndex) -> Option<&Element<R::Group>> {
        self.public_shares.get(usize::from(party.get()).checked_sub(1)?)
    }

    pub(crate) fn stored_len(params: Params) -> usize {
        FIXED_LEN + usize::from(params.threshold()) * R::Group::POINT_LEN + DIGEST_LEN
    }
}

/// Everybody's public share of a polynomial; `None` if one is the identity.
pub(crate) fn public_shares<R: Root>(
    params: Params,
    coefficients: &[Element<R::Group>],
) -> Option<Vec<Element<R::Group>>> {
    params.parties().map(|party| Element::of(group::evaluate_points(coefficients, party.get()))).collect()
}

/// Hash of everything public about a root.
pub(crate) fn public_digest<R: Root>(
    (params, session): (Params, &[u8; 32]),
    coefficients: &[Element<R::Group>],
    public_shares: &[Element<R::Group>],
) -> [u8; 32] {
    let bytes = |elements: &[Element<R::Group>]| -> Vec<u8> {
        elements.iter().flat_map(|element| element.bytes().iter().copied()).collect()
    };
    transcript::hash(
        "quorate/dkg/v2/public",
        &[
            R::PURPOSE.name().as_bytes(),
            &[params.threshold(), params.share_count()],
            session,
            // The root is the polynomial at 0.
            coefficients.first().map_or(&[][..], |root| root.bytes()),
            &bytes(coefficients),
            &bytes(public_shares),
        ],
    )
}

impl<R: Root> fmt::Debug for RootShare<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootShare")
            .field("purpose", &R::PURPOSE)
            .field("params", &self.params)
            .field("me", &self.me)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::purpose::{Decrypt, Random, Session, SignEd25519, SignP256, SignSecp256k1};

    /// The share 2 + 3·1 of party 1, of 2 of 3.
    fn stored<R: Root>() -> String {
        let number = |number| R::Group::scalar_from_u64(number);
        let coefficients = [2, 3].map(|of| Element::of(R::Group::generate(&number(of))).unwrap());
        let input = DkgInput {
            params: Params::new(2, 3).unwrap(),
            me: PartyIndex::new(1).unwrap(),
            session: [7; 32],
        };
        let share = Box::new(Zeroizing::new(number(5)));
        let share = RootShare::<R>::new(input, share, coefficients.into()).unwrap();
        let bytes = share.to_secret_bytes();
        assert!(RootShare::<R>::from_secret_bytes(&bytes).is_ok());
        hex::encode(Sha256::digest(&bytes))
    }

    #[test]
    fn stored_shares_are_written_as_they_were() {
        let found = [
            stored::<SignSecp256k1>(),
            stored::<SignP256>(),
            stored::<SignEd25519>(),
            stored::<Decrypt>(),
            stored::<Session>(),
            stored::<Random>(),
        ];
        let expected = [
            "544da6309baf4484ea5253ea7e10665e50526d09094202165932fd9343fd6ba6",
            "8d558c21dc963acea1aaf38c990b53e8dcad40d2fa264a3eacda1ef409bc80d2",
            "efcde5e9f51c5faf7e95193ce43cd19d211ed93b47c7840b8f9951376ef7b976",
            "1926ecf6c2dd52b9e51f797a8f4407e413663081e1feb5bef3a534ffb1a0678a",
            "96eb16f29e593d94c952ec10f0bd704178b31ce51ec288a1cc1c05bcb2b1a765",
            "5df608b224a8f2a0a6e24763d35baec11b82b7b3a8f43840334b8d0f36acf8ba",
        ];
        assert_eq!(found, expected, "a stored share of before is read no more");
    }
}
