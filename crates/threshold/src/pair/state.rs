//! The lasting state of one pair.

use core::fmt;

use dkls23_secp256k1::utilities::multiplication::{MulReceiver, MulSender};
use dkls23_secp256k1::utilities::zero_shares::SeedPair;
use k256::Secp256k1;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{HASH_LEN, PairInput, index};
use crate::{Misuse, PartyIndex, codec};

const VERSION: u8 = 1;
/// Room for the encoded state: two gadgets, three lists of seeds and the choice bits.
const STORED_LEN_MAX: usize = 60_000;

/// What one side of a pair keeps: used by every signature with that peer, changed by none.
///
/// # Security
///
/// Belongs to one incarnation of a node and is never in a backup. After a ban
/// ([`crate::Failure::Ban`]) it must never be used again.
pub struct PairState {
    me: PartyIndex,
    peer: PartyIndex,
    set_up_id: [u8; HASH_LEN],
    pub(crate) secrets: PairSecrets,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct PairSecrets {
    pub(crate) sender: MulSender<Secp256k1>,
    pub(crate) receiver: MulReceiver<Secp256k1>,
    pub(crate) seed: SeedPair,
}

impl PairState {
    pub(super) fn new(
        input: PairInput,
        set_up_id: [u8; HASH_LEN],
        sender: MulSender<Secp256k1>,
        receiver: MulReceiver<Secp256k1>,
        seed: SeedPair,
    ) -> Self {
        Self { me: input.me, peer: input.peer, set_up_id, secrets: PairSecrets { sender, receiver, seed } }
    }

    /// This party.
    #[must_use]
    pub fn me(&self) -> PartyIndex {
        self.me
    }

    /// The other one.
    #[must_use]
    pub fn peer(&self) -> PartyIndex {
        self.peer
    }

    /// The name of this set-up: a hash of its session and of everything that crossed. Equal on both
    /// sides, and new with every run.
    #[must_use]
    pub fn set_up_id(&self) -> &[u8; HASH_LEN] {
        &self.set_up_id
    }

    /// The state for sealed storage.
    ///
    /// # Security
    ///
    /// The bytes are secret: seal them before they go anywhere.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(STORED_LEN_MAX));
        bytes.extend_from_slice(&[VERSION, self.me.get(), self.peer.get()]);
        bytes.extend_from_slice(&self.set_up_id);
        let secrets = codec::encode(&self.secrets, STORED_LEN_MAX)
            .expect("vectors, scalars and arrays always have an encoding");
        bytes.extend_from_slice(&secrets);
        bytes
    }

    /// Reads what [`Self::to_secret_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`Misuse::Stored`] for any other bytes.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, Misuse> {
        let [VERSION, me, peer, rest @ ..] = bytes else {
            return Err(Misuse::Stored("unknown version"));
        };
        let party = |number: &u8| PartyIndex::new(*number).map_err(|_| Misuse::Stored("index"));
        let (me, peer) = (party(me)?, party(peer)?);
        let Some((set_up_id, secrets)) = rest.split_first_chunk::<HASH_LEN>() else {
            return Err(Misuse::Stored("wrong length"));
        };
        if secrets.len() > STORED_LEN_MAX {
            return Err(Misuse::Stored("wrong length"));
        }
        let secrets: PairSecrets = codec::decode(secrets).ok_or(Misuse::Stored("encoding"))?;
        let sound = secrets.sender.check_state().is_ok() && secrets.receiver.check_state(None).is_ok();
        let seed = &secrets.seed;
        let seed_fits = seed.index_counterparty == index(peer) && seed.lowest_index == (me < peer);
        if me == peer || !sound || !seed_fits {
            return Err(Misuse::Stored("the parts do not fit"));
        }
        Ok(Self { me, peer, set_up_id: *set_up_id, secrets })
    }
}

impl fmt::Debug for PairState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairState").field("me", &self.me).field("peer", &self.peer).finish_non_exhaustive()
    }
}
