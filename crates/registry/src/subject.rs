//! Who may be granted what, as the contracts record it.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue as _;
use quorate_wire::{Purpose, RootKeys};

/// Sign anything: also a bare digest.
pub const SCOPE_SIGN_ANYTHING: u8 = 1;
/// Sign EIP-191 messages that are no logins.
pub const SCOPE_PERSONAL_SIGN: u8 = 2;
/// A bar: nothing in runs that know a value of one node only.
pub const SCOPE_NO_SINGLE_NODE: u8 = 3;
/// Sign EIP-191 messages that are logins.
pub const SCOPE_SIGN_LOGINS: u8 = 4;
/// Open what is encrypted to the key.
pub const SCOPE_DECRYPT: u8 = 5;

/// Bytes of an action's multihash: sha2-256 code, length, digest.
pub const ACTION_ID_BYTES: usize = 34;
/// The key set of a network unless another is named.
pub const DEFAULT_KEY_SET_ID: &str = "quorate-keyset1";
/// ECDSA on secp256k1.
pub const KEY_TYPE_ECDSA_K256: u64 = 2;

/// Kind of subject: an address.
pub const TYPE_ADDRESS: u64 = 1;
/// Kind of subject: an action.
pub const TYPE_ACTION: u64 = 2;

/// Whom a grant is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An action, by the multihash of its code (a decoded CIDv0).
    Action([u8; ACTION_ID_BYTES]),
    /// An Ethereum address.
    Address(Address),
    /// Another way to log in.
    AuthMethod {
        /// Kind of login.
        kind: U256,
        /// Who, in the terms of that kind.
        id: Vec<u8>,
    },
}

impl Subject {
    /// Kind and identifier, as the contracts have them.
    #[must_use]
    pub fn auth_method(&self) -> (U256, Bytes) {
        match self {
            Self::Action(multihash) => (U256::from(TYPE_ACTION), Bytes::copy_from_slice(multihash)),
            Self::Address(address) => (U256::from(TYPE_ADDRESS), Bytes::copy_from_slice(address.as_slice())),
            Self::AuthMethod { kind, id } => (*kind, Bytes::copy_from_slice(id)),
        }
    }

    /// The hash that names the subject in grant keys.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(self.auth_method().abi_encode_params())
    }
}

/// What a subject may do with a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Whether it is permitted at all. Without it there are no scopes.
    pub member: bool,
    /// With which scopes.
    pub scopes: Scopes,
}

impl Grant {
    /// From the contract's word: bit 0 member, bit s scope s.
    #[must_use]
    pub fn from_word(word: U256) -> Self {
        // A word without the member bit is never written; it grants nothing.
        if word.bit(0) { Self { member: true, scopes: Scopes(word & !U256::ONE) } } else { Self::default() }
    }
}

/// A grant as a key's list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Kind of the subject.
    pub kind: U256,
    /// Who, in the terms of that kind.
    pub id: Bytes,
    /// With which scopes.
    pub scopes: Scopes,
}

/// A set of scopes, 1 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(U256);

impl Scopes {
    /// Whether a scope is in the set. There is no scope 0.
    #[must_use]
    pub fn has(&self, scope: u8) -> bool {
        scope != 0 && self.0.bit(usize::from(scope))
    }

    /// Every scope of the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (1..=u8::MAX).filter(|scope| self.has(*scope))
    }

    /// The bits; bit 0 is never set.
    #[must_use]
    pub fn bits(&self) -> U256 {
        self.0
    }
}

/// The token of a 65-byte public key.
#[must_use]
pub fn token_id(public_key: &[u8; 65]) -> U256 {
    U256::from_be_bytes(keccak256(public_key).0)
}

/// A key and who owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkp {
    /// Its token.
    pub token_id: U256,
    /// 0x04, x, y.
    pub public_key: [u8; 65],
    /// From which the key is derived.
    pub key_id: B256,
    /// Of which roots.
    pub key_set: String,
    /// Who may change its grants; `None` if the token was burnt: then nobody may, ever. Of a further minter's token it is
    /// that minter's word.
    pub owner: Option<Address>,
    /// Who minted it, if that is not the deployment's own token contract.
    pub further_minter: Option<Address>,
}

impl Pkp {
    /// The compressed public key.
    #[must_use]
    pub fn compressed(&self) -> [u8; 33] {
        let mut key = [0; 33];
        key[0] = 2 + (self.public_key[64] & 1);
        key[1..].copy_from_slice(&self.public_key[1..33]);
        key
    }

    /// Its Ethereum address.
    #[must_use]
    pub fn eth_address(&self) -> Address {
        Address::from_slice(&keccak256(&self.public_key[1..])[12..])
    }
}

/// A root that keys are derived from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKey {
    /// 65 bytes for secp256k1.
    pub public_key: Bytes,
    /// What kind; [`KEY_TYPE_ECDSA_K256`] for secp256k1.
    pub key_type: U256,
}

impl RootKey {
    /// The roots of a key set as the registry lists them.
    #[must_use]
    pub fn list(roots: &RootKeys) -> Vec<RootKey> {
        let entries = roots.iter().map(|(purpose, key)| RootKey {
            public_key: match purpose {
                Purpose::SignSecp256k1 => Bytes::copy_from_slice(&roots.sign_secp256k1.uncompressed()),
                _ => Bytes::copy_from_slice(key),
            },
            key_type: U256::from(purpose.key_type()),
        });
        entries.collect()
    }

    /// The roots that a list names; `None` if it is none, or not one that this release makes.
    #[must_use]
    pub fn read(list: &[RootKey]) -> Option<RootKeys> {
        let types = Purpose::ALL.iter().map(|purpose| U256::from(purpose.key_type()));
        let ordered = list.iter().map(|root| root.key_type).eq(types);
        let roots = RootKeys::from_list(list.iter().map(|root| root.public_key.as_ref())).ok()?;
        ordered.then_some(roots)
    }
}

/// A node as the registry names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitteeNode {
    /// Of the key with which it signs for the contracts.
    pub address: Address,
    /// SHA-256 of its transport key.
    pub transport_key_hash: B256,
    /// Its ed25519 statement key.
    pub statement_key: B256,
    /// Where clients reach it.
    pub url: String,
}

/// The nodes of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    /// Which epoch.
    pub epoch: u64,
    /// How many nodes must agree.
    pub threshold: u32,
    /// In committee order.
    pub nodes: Vec<CommitteeNode>,
}
