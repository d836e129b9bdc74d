//! Encryption to the network's `decrypt` root, and its opening with a threshold value: bytes in, bytes out.
//!
//! **What it knows.** Two formats. [`Ciphertext`] is Lit's, byte for byte, for short messages. A container
//! ([`seal`], [`Header`], [`FileKey`]) is ours, for anything up to any size, in constant memory. Both are
//! encrypted to an [`Identity`] under the root's public key ([`RootKey`]), by anybody and offline. What
//! opens them is the *value* of the identity: 96 bytes that t members of the network make together.
//!
//! **What it deliberately does not know.** Who may open what, and how a value comes about; networks,
//! clocks and files. Entropy is an argument. What a policy says and how it is hashed is known to others.
//!
//! The formats, with the checks in their order, are in `docs/protocols/encryption.md`.
//!
//! # Example
//!
//! ```
//! use quorate_encryption::{Header, Identity, Recipient, RootKey, open_bytes, seal_bytes};
//! use quorate_wire::{Digest, NetworkId};
//! # use rand_chacha::rand_core::SeedableRng;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In a network nobody has this key; its members have shares of it.
//! let secret = blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).map_err(|_| "a key")?;
//! let root = RootKey::from_bytes(&secret.sk_to_pk().compress())?;
//! # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//!
//! let (network, policy_hash) = (NetworkId([1; 32]), Digest([2; 32]));
//! let recipient = Recipient { network, root, policy: "[]", policy_hash };
//! let container = seal_bytes(&recipient, &mut rng, b"a secret")?;
//!
//! let header = Header::read(&mut container.as_slice())?;
//! let identity = header.identity(policy_hash);
//! let value = secret.sign(&identity.bytes(), quorate_encryption::DST, &[]).compress();
//! assert_eq!(open_bytes(&container, &value)?.as_slice(), b"a secret");
//! # Ok(())
//! # }
//! ```

// A new variant of one of our enums has to be looked at wherever there is a choice by it.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod container;
mod ibe;
mod root;
pub mod sealed;
mod stream;
mod varint;

pub use container::{
    CHUNK_BYTES, ContainerError, FileKey, HEADER_BYTES_MAX, Header, MAGIC, POLICY_BYTES_MAX, Recipient,
    VERSION, open_bytes, seal, seal_bytes,
};
pub use ibe::{Ciphertext, CiphertextError, MESSAGE_BYTES_MAX, OpenError, TooLong, encrypt};
pub use quorate_wire::Identity;
pub use root::{BadRootKey, DST, ROOT_KEY_LEN, RootKey, VALUE_LEN};
