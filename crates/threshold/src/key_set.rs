//! One member's shares of all roots of a network: made together, stored together.

use core::fmt;

use zeroize::Zeroizing;

use crate::purpose::{Decrypt, Random, Root, Session, SignEd25519, SignP256, SignSecp256k1};
use crate::{Misuse, Params, PartyIndex, Purpose, RootShare};

/// 1 and 2 are records of one root.
const VERSION: u8 = 3;

/// One member's shares of all roots, of one ceremony.
pub struct KeySetShares {
    pub(crate) sign_secp256k1: RootShare<SignSecp256k1>,
    pub(crate) sign_p256: RootShare<SignP256>,
    pub(crate) sign_ed25519: RootShare<SignEd25519>,
    pub(crate) decrypt: RootShare<Decrypt>,
    pub(crate) session: RootShare<Session>,
    pub(crate) random: RootShare<Random>,
}

/// The public side of one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootInfo {
    /// What it is for.
    pub purpose: Purpose,
    /// Its public key, compressed.
    pub public_key: Vec<u8>,
    /// Hash of everything public about it ([`RootShare::public_digest`]).
    pub public_digest: [u8; 32],
}

/// Does the same for each share, in the order of [`Purpose::ALL`].
macro_rules! for_each_share {
    ($shares:expr, |$share:ident| $does:expr) => {{
        let shares: &KeySetShares = $shares;
        [
            {
                let $share = &shares.sign_secp256k1;
                $does
            },
            {
                let $share = &shares.sign_p256;
                $does
            },
            {
                let $share = &shares.sign_ed25519;
                $does
            },
            {
                let $share = &shares.decrypt;
                $does
            },
            {
                let $share = &shares.session;
                $does
            },
            {
                let $share = &shares.random;
                $does
            },
        ]
    }};
}

impl KeySetShares {
    /// The share of one purpose.
    #[must_use]
    pub fn of<R: Root>(&self) -> &RootShare<R> {
        R::share_of(self)
    }

    /// t and n.
    #[must_use]
    pub fn params(&self) -> Params {
        self.sign_secp256k1.params()
    }

    /// Whose shares they are.
    #[must_use]
    pub fn me(&self) -> PartyIndex {
        self.sign_secp256k1.me()
    }

    /// The session of the key generation.
    #[must_use]
    pub fn session(&self) -> &[u8; 32] {
        self.sign_secp256k1.session()
    }

    /// The public side of every root, in the order of [`Purpose::ALL`].
    #[must_use]
    pub fn roots(&self) -> [RootInfo; 6] {
        for_each_share!(self, |share| RootInfo {
            purpose: share.purpose(),
            public_key: share.root_public_key().to_vec(),
            public_digest: share.public_digest(),
        })
    }

    /// All shares for sealed storage, as one record.
    ///
    /// # Security
    ///
    /// The bytes are the shares in the clear: seal them before they go anywhere.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        // One allocation of the final size, so no copy of a share is left behind by growing.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(1 + stored_lengths(self.params()).iter().sum::<usize>()));
        bytes.push(VERSION);
        for_each_share!(self, |share| share.write_secret_bytes(&mut bytes));
        bytes
    }

    /// Reads what [`Self::to_secret_bytes`] wrote: all shares of one member in one ceremony, or none.
    ///
    /// # Errors
    ///
    /// [`Misuse::Stored`] for any other bytes.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, Misuse> {
        // The first record's purpose, t and n follow its version.
        let [VERSION, _, _, threshold, share_count, ..] = *bytes else {
            return Err(Misuse::Stored("unknown version"));
        };
        let params = Params::new(threshold, share_count).map_err(|_| Misuse::Stored("t and n"))?;
        let lengths = stored_lengths(params);
        if bytes.len() != 1 + lengths.iter().sum::<usize>() {
            return Err(Misuse::Stored("wrong length"));
        }
        let mut rest = &bytes[1..];
        let mut records = [rest; 6];
        for (record, length) in records.iter_mut().zip(lengths) {
            (*record, rest) = rest.split_at(length);
        }
        let [sign_secp256k1, sign_p256, sign_ed25519, decrypt, session, random] = records;
        let shares = Self {
            sign_secp256k1: RootShare::from_secret_bytes(sign_secp256k1)?,
            sign_p256: RootShare::from_secret_bytes(sign_p256)?,
            sign_ed25519: RootShare::from_secret_bytes(sign_ed25519)?,
            decrypt: RootShare::from_secret_bytes(decrypt)?,
            session: RootShare::from_secret_bytes(session)?,
            random: RootShare::from_secret_bytes(random)?,
        };
        let ceremonies = for_each_share!(&shares, |share| (share.params(), share.me(), *share.session()));
        if ceremonies.iter().any(|ceremony| *ceremony != ceremonies[0]) {
            return Err(Misuse::Stored("shares of several ceremonies"));
        }
        Ok(shares)
    }
}

fn stored_lengths(params: Params) -> [usize; 6] {
    [
        RootShare::<SignSecp256k1>::stored_len(params),
        RootShare::<SignP256>::stored_len(params),
        RootShare::<SignEd25519>::stored_len(params),
        RootShare::<Decrypt>::stored_len(params),
        RootShare::<Session>::stored_len(params),
        RootShare::<Random>::stored_len(params),
    ]
}

impl fmt::Debug for KeySetShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySetShares")
            .field("params", &self.params())
            .field("me", &self.me())
            .finish_non_exhaustive()
    }
}
