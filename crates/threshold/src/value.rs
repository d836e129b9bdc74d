//! Threshold values: a BLS signature on an identity, made by any t members, the same whoever made it.
//!
//! A member's *partial* is the identity, hashed to G2, times its share. Any t partials combine to the
//! *value*, which anybody checks under the root's public key. Nobody knows it with fewer, and nobody
//! can make a second one.
//!
//! # Security
//!
//! A value is not secret from those who combined it. The identity must be made by the node itself
//! under a domain of its own, never of bytes that a caller chose: the root signs whatever is given.

use core::fmt;
use std::collections::BTreeMap;

use blst::{BLST_ERROR, MultiPoint, min_pk};
use blstrs::{G2Affine, G2Projective};

use crate::group::{Element, bls12381};
use crate::purpose::BlsRoot;
use crate::root_share::{public_digest, public_shares};
use crate::{Misuse, Params, PartyIndex, RootShare};

mod lagrange;

use lagrange::Weights;

/// Length of a partial and of a value: a compressed point of G2.
pub const VALUE_LEN: usize = 96;

/// The domain-separation tag by which identities are hashed to G2 (IETF, proof-of-possession scheme).
pub const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// The bit of the first byte that says that the point is the identity.
const INFINITY: u8 = 0x40;

/// A point of G2 in its one encoding: in the prime-order subgroup, and not the identity.
#[derive(Clone, Copy)]
struct Point {
    point: min_pk::Signature,
    bytes: [u8; VALUE_LEN],
}

impl Point {
    fn decode(bytes: &[u8]) -> Result<Self, Misuse> {
        let bytes: [u8; VALUE_LEN] = bytes.try_into().map_err(|_| Misuse::Value)?;
        let point = min_pk::Signature::uncompress(&bytes).map_err(|_| Misuse::Value)?;
        point.validate(true).map_err(|_| Misuse::Value)?;
        Ok(Self { point, bytes })
    }

    fn of(point: min_pk::Signature) -> Self {
        Self { point, bytes: point.compress() }
    }

    fn finite(self) -> Result<Self, Misuse> {
        if self.bytes[0] & INFINITY == 0 { Ok(self) } else { Err(Misuse::Value) }
    }

    fn verifies(&self, key: &min_pk::PublicKey, message: &[u8]) -> bool {
        // Key and point are of their subgroups already.
        self.point.verify(false, message, DST, &[], key, false) == BLST_ERROR::BLST_SUCCESS
    }
}

/// One member's part of a value.
#[derive(Clone, Copy)]
pub struct Partial(Point);

/// A value: equal bytes for equal root and message, whoever combined it.
#[derive(Clone, Copy)]
pub struct Value(Point);

macro_rules! encoded {
    ($type:ident) => {
        impl $type {
            /// Reads 96 bytes.
            ///
            /// # Errors
            ///
            /// [`Misuse::Value`] unless they are the one encoding of a point of the prime-order subgroup
            /// that is not the identity.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, Misuse> {
                Point::decode(bytes).map(Self)
            }

            /// The 96 bytes.
            #[must_use]
            pub fn to_bytes(&self) -> [u8; VALUE_LEN] {
                self.0.bytes
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0.bytes == other.0.bytes
            }
        }

        impl Eq for $type {}

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Whoever has t partials has the value, which is not for logs.
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    };
}

encoded!(Partial);
encoded!(Value);

/// A root's public key, ready to check values.
#[derive(Clone, Copy, Debug)]
pub struct ValueKey(min_pk::PublicKey);

impl ValueKey {
    /// Reads a compressed public key.
    ///
    /// # Errors
    ///
    /// [`Misuse::PublicKey`] unless it is one, in the subgroup and not the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Misuse> {
        let bytes = bytes.try_into().map_err(|_| Misuse::PublicKey)?;
        bls12381::public_key(bytes).map(Self).ok_or(Misuse::PublicKey)
    }

    /// Whether this is the value of `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], value: &Value) -> bool {
        value.0.verifies(&self.0, message)
    }
}

/// The public side of a root, for whoever holds no share of it: made of the polynomial's commitments, and believed by the
/// digest that every member has signed.
#[derive(Clone, Debug)]
pub struct PublicShares {
    params: Params,
    digest: [u8; 32],
    shares: Vec<min_pk::PublicKey>,
    key: ValueKey,
}

impl PublicShares {
    /// Computes everybody's public share from compressed commitments, of a ceremony of these parameters and this session.
    ///
    /// # Errors
    ///
    /// [`Misuse::PublicKey`] unless there are t commitments, each a point of the subgroup and not the identity.
    pub fn new<R: BlsRoot>(
        params: Params,
        session: &[u8; 32],
        commitments: &[[u8; 48]],
    ) -> Result<Self, Misuse> {
        let coefficients: Option<Vec<Element<R::Group>>> =
            commitments.iter().map(|bytes| Element::decode(bytes)).collect();
        let coefficients = coefficients
            .filter(|coefficients| coefficients.len() == usize::from(params.threshold()))
            .ok_or(Misuse::PublicKey)?;
        let elements = public_shares::<R>(params, &coefficients).ok_or(Misuse::PublicKey)?;
        let digest = public_digest::<R>((params, session), &coefficients, &elements);
        let key = ValueKey(bls12381::key_of(coefficients[0].point()));
        let shares = elements.iter().map(|element| bls12381::key_of(element.point())).collect();
        Ok(PublicShares { params, digest, shares, key })
    }

    /// The digest that [`RootShare::public_digest`] gives every member of the same ceremony.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// t and n.
    #[must_use]
    pub fn params(&self) -> Params {
        self.params
    }

    /// The key that values are checked with.
    #[must_use]
    pub fn value_key(&self) -> ValueKey {
        self.key
    }

    /// Whether this is `from`'s part of the value of `message`.
    #[must_use]
    pub fn verify_partial(&self, from: PartyIndex, message: &[u8], partial: &Partial) -> bool {
        let share = usize::from(from.get()).checked_sub(1).and_then(|place| self.shares.get(place));
        share.is_some_and(|share| partial.0.verifies(share, message))
    }
}

/// Whether `value` is the value of `message` under a root's compressed public key.
///
/// # Errors
///
/// [`Misuse::PublicKey`] and [`Misuse::Value`] if the bytes are none.
pub fn verify(public_key: &[u8], message: &[u8], value: &[u8]) -> Result<bool, Misuse> {
    Ok(ValueKey::from_bytes(public_key)?.verify(message, &Value::from_bytes(value)?))
}

/// Combines exactly t partials. The result is checked by nobody yet.
///
/// # Errors
///
/// [`Misuse::SignerSet`] unless they are t, of members of the committee; [`Misuse::Value`] if they
/// combine to the identity, which partials of honest members never do.
pub fn combine(params: Params, partials: &BTreeMap<PartyIndex, Partial>) -> Result<Value, Misuse> {
    let parties: Vec<PartyIndex> = partials.keys().copied().collect();
    if parties.len() != usize::from(params.threshold())
        || !parties.iter().all(|party| params.contains(*party))
    {
        return Err(Misuse::SignerSet);
    }
    let weights = Weights::of(&parties).ok_or(Misuse::SignerSet)?;
    let points: Vec<min_pk::Signature> = partials
        .values()
        .zip(weights.negative())
        .map(|(partial, negative)| if negative { negated(&partial.0.point) } else { partial.0.point })
        .collect();
    let sum = points.as_slice().mult(weights.numbers(), weights.bits());
    let point = match weights.factor() {
        None => sum.to_signature(),
        Some(factor) => signature(&(projective(&sum) * factor)),
    };
    // The subgroup is closed; only the identity is in it and no value.
    Point::of(point).finite().map(Value)
}

/// What came of some partials.
#[derive(Clone, Debug)]
pub struct Combined {
    /// The value, checked under the root; `None` while fewer than t partials are good.
    pub value: Option<Value>,
    /// Members whose partial is wrong, ascending. Each is certain.
    pub culprits: Vec<PartyIndex>,
    /// Members whose partial was checked alone and is right; empty when none had to be.
    pub good: Vec<PartyIndex>,
}

impl<R: BlsRoot> RootShare<R> {
    /// This member's part of the value of `message`.
    ///
    /// # Errors
    ///
    /// [`Misuse::Stored`] if the share is zero, which no loaded or generated share is.
    pub fn partial(&self, message: &[u8]) -> Result<Partial, Misuse> {
        let key = bls12381::secret_key(self.scalar()).ok_or(Misuse::Stored("the share is zero"))?;
        Ok(Partial(Point::of(key.sign(message, DST, &[]))))
    }

    /// The key that values of this root are checked with.
    #[must_use]
    pub fn value_key(&self) -> ValueKey {
        ValueKey(bls12381::key_of(self.root_element().point()))
    }

    /// Whether this is `from`'s part of the value of `message`.
    #[must_use]
    pub fn verify_partial(&self, from: PartyIndex, message: &[u8], partial: &Partial) -> bool {
        self.public_element(from)
            .is_some_and(|share| partial.0.verifies(&bls12381::key_of(share.point()), message))
    }

    /// Combines t of the partials and checks the result once. Only if it is wrong, each partial is
    /// checked by itself, the liars are named, and t of the good ones are combined if there are so many.
    ///
    /// # Errors
    ///
    /// [`Misuse::SignerSet`] if there are fewer than t, or one is of nobody in the committee.
    pub fn value(
        &self,
        message: &[u8],
        partials: &BTreeMap<PartyIndex, Partial>,
    ) -> Result<Combined, Misuse> {
        let params = self.params();
        let threshold = usize::from(params.threshold());
        if partials.len() < threshold || !partials.keys().all(|party| params.contains(*party)) {
            return Err(Misuse::SignerSet);
        }
        let key = self.value_key();
        let checked = |some: &BTreeMap<PartyIndex, Partial>| {
            combine(params, some).ok().filter(|value| key.verify(message, value))
        };
        let first = partials.iter().take(threshold).map(|(party, partial)| (*party, *partial)).collect();
        if let Some(value) = checked(&first) {
            return Ok(Combined { value: Some(value), culprits: Vec::new(), good: Vec::new() });
        }
        let (good, wrong): (BTreeMap<_, _>, BTreeMap<_, _>) = partials
            .iter()
            .map(|(party, partial)| (*party, *partial))
            .partition(|(party, partial)| self.verify_partial(*party, message, partial));
        let some = good.iter().take(threshold).map(|(party, partial)| (*party, *partial)).collect();
        let value = if good.len() < threshold { None } else { checked(&some) };
        Ok(Combined { value, culprits: wrong.into_keys().collect(), good: good.into_keys().collect() })
    }
}

fn affine(signature: &min_pk::Signature) -> G2Affine {
    let mut affine = G2Affine::default();
    let point: &blst::blst_p2_affine = signature.into();
    *affine.as_mut() = *point;
    affine
}

fn projective(sum: &min_pk::AggregateSignature) -> G2Projective {
    let mut projective = G2Projective::from(G2Affine::default());
    let point: &blst::blst_p2 = sum.into();
    *projective.as_mut() = *point;
    projective
}

fn signature(point: &G2Projective) -> min_pk::Signature {
    (*G2Affine::from(point).as_ref()).into()
}

fn negated(signature: &min_pk::Signature) -> min_pk::Signature {
    (*(-affine(signature)).as_ref()).into()
}
