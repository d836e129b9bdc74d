//! Which roots one ceremony makes: a single one, or all six.

use rand_core::CryptoRng;

use super::DkgInput;
use super::part::{Part, RootPart};
use crate::purpose::Root;
use crate::{Bug, KeySetShares, Misuse, Purpose, RootShare};

/// The roots that a ceremony makes. Implemented for each single root and for [`SixRoots`].
pub trait RootSet: inside::Set {}

impl<K: inside::Set> RootSet for K {}

/// All roots of a network.
#[derive(Clone, Copy, Debug)]
pub struct SixRoots;

pub(crate) mod inside {
    use super::{Bug, CryptoRng, DkgInput, Misuse, Part, Purpose};

    /// The rounds' side of a set of roots.
    pub trait Set: Send + Sync + 'static {
        /// What a member ends with.
        type Output;
        /// A member's parts.
        type Parts: Send + Sync;
        /// The purposes, in the order of the parts.
        const PURPOSES: &'static [Purpose];

        /// 1.1 for every root.
        fn make(input: DkgInput, ceremony: &[u8; 32], rng: &mut dyn CryptoRng)
        -> Result<Self::Parts, Misuse>;
        /// The parts, in the order of the purposes.
        fn each(parts: &Self::Parts) -> Vec<&dyn Part>;
        /// The same, to be changed.
        fn each_mut(parts: &mut Self::Parts) -> Vec<&mut dyn Part>;
        /// 4.3 for every root.
        fn finish(parts: Self::Parts) -> Result<Self::Output, Bug>;
    }
}

impl<R: Root> inside::Set for R {
    type Output = RootShare<R>;
    type Parts = RootPart<R>;
    const PURPOSES: &'static [Purpose] = &[R::PURPOSE];

    fn make(input: DkgInput, ceremony: &[u8; 32], rng: &mut dyn CryptoRng) -> Result<RootPart<R>, Misuse> {
        RootPart::make(input, ceremony, rng)
    }

    fn each(parts: &RootPart<R>) -> Vec<&dyn Part> {
        vec![parts]
    }

    fn each_mut(parts: &mut RootPart<R>) -> Vec<&mut dyn Part> {
        vec![parts]
    }

    fn finish(parts: RootPart<R>) -> Result<RootShare<R>, Bug> {
        parts.finish()
    }
}

macro_rules! six_roots {
    ($($field:ident: $root:ident,)*) => {
        /// The parts of all roots.
        pub struct SixParts {
            $($field: RootPart<crate::purpose::$root>,)*
        }

        impl inside::Set for SixRoots {
            type Output = KeySetShares;
            type Parts = Box<SixParts>;
            const PURPOSES: &'static [Purpose] = &[$(crate::purpose::$root::PURPOSE),*];

            fn make(
                input: DkgInput,
                ceremony: &[u8; 32],
                rng: &mut dyn CryptoRng,
            ) -> Result<Box<SixParts>, Misuse> {
                Ok(Box::new(SixParts { $($field: RootPart::make(input, ceremony, rng)?,)* }))
            }

            fn each(parts: &Box<SixParts>) -> Vec<&dyn Part> {
                vec![$(&parts.$field),*]
            }

            fn each_mut(parts: &mut Box<SixParts>) -> Vec<&mut dyn Part> {
                let parts = parts.as_mut();
                vec![$(&mut parts.$field),*]
            }

            fn finish(parts: Box<SixParts>) -> Result<KeySetShares, Bug> {
                let parts = *parts;
                Ok(KeySetShares { $($field: parts.$field.finish()?,)* })
            }
        }
    };
}

six_roots! {
    sign_secp256k1: SignSecp256k1,
    sign_p256: SignP256,
    sign_ed25519: SignEd25519,
    decrypt: Decrypt,
    session: Session,
    random: Random,
}
