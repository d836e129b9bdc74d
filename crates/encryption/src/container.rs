//! Our container: a header with an encrypted file key, and a payload of authenticated chunks.
//!
//! The bytes, and the checks in their order, are in `docs/protocols/encryption.md`, section 2.

use core::fmt;
use std::io::{self, Read, Write};

use hkdf::Hkdf;
use quorate_wire::{Digest, Identity, NetworkId};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::root::{ROOT_KEY_LEN, RootKey, VALUE_LEN};
use crate::stream::{self, TAG_BYTES};
use crate::{Ciphertext, OpenError, ibe};

/// The first bytes of a container. The first one is in no text.
pub const MAGIC: [u8; 8] = *b"\x89QUORATE";

/// The version that this crate writes and reads.
pub const VERSION: u8 = 1;

/// Bytes of plaintext in each chunk but the last.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// The longest policy in a header, in bytes of its JSON text.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;

/// The longest header, in bytes.
pub const HEADER_BYTES_MAX: usize = FIXED_BYTES + POLICY_BYTES_MAX;

/// The longest payload that [`open_bytes`] opens, in bytes of the container.
const IN_MEMORY_BYTES_MAX: usize = 64 << 20;

/// Bytes of the encrypted file key: a ciphertext of 32 bytes.
const KEY_BYTES: usize = 115;
/// Magic and version.
const START_BYTES: usize = 9;
/// The header without its policy.
const FIXED_BYTES: usize = START_BYTES + 32 + ROOT_KEY_LEN + 32 + KEY_BYTES + 4;

/// The domain of the payload's key.
const PAYLOAD_INFO: &[u8] = b"quorate/container-payload/v1";

/// Why a container is not made or does not open.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// It does not begin as a container does.
    #[error("this is no container")]
    NotAContainer,
    /// It is of a version that this program does not read.
    #[error("the container is of version {0}, and this program reads version {VERSION}")]
    Version(u8),
    /// It ends before its end.
    #[error("the container is truncated")]
    Truncated,
    /// The header has a key, a length or a text that no header has; which one is named.
    #[error("the container's header is malformed: {0}")]
    Malformed(&'static str),
    /// The policy is longer than [`POLICY_BYTES_MAX`].
    #[error("the policy is longer than 64 KiB")]
    PolicyTooLong,
    /// It was encrypted for another network.
    #[error("the container is of another network")]
    OtherNetwork,
    /// It was encrypted to another root of this network.
    #[error("the container is of another root key")]
    OtherRoot,
    /// The value does not open the file key.
    #[error(transparent)]
    Key(#[from] OpenError),
    /// A chunk was changed or is out of its place, or the header was changed.
    #[error("the container was changed: a chunk or the header is not as it was made")]
    Chunk,
    /// Something stands behind the last chunk.
    #[error("the container has trailing bytes")]
    Trailing,
    /// It is longer than what is opened in memory.
    #[error("the container is too long to be opened in memory")]
    TooLong,
    /// What was to be read could not be.
    #[error("reading failed")]
    Read(#[source] io::Error),
    /// What was to be written could not be.
    #[error("writing failed")]
    Write(#[source] io::Error),
}

/// To whom a container is encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The network.
    pub network: NetworkId,
    /// Its `decrypt` root.
    pub root: RootKey,
    /// The policy's JSON text, at most [`POLICY_BYTES_MAX`] bytes. It stands in the header, for everybody to read.
    pub policy: &'a str,
    /// The hash that the network computes of this policy. It is no part of the header: readers compute it again.
    pub policy_hash: Digest,
}

/// Encrypts all that `from` gives. `progress` gets the bytes of plaintext so far, after each chunk.
/// Returns how many there were.
///
/// Memory is constant. What was written before an error is to be thrown away.
///
/// # Errors
///
/// [`ContainerError::PolicyTooLong`], [`ContainerError::Read`] and [`ContainerError::Write`].
pub fn seal(
    recipient: &Recipient<'_>,
    rng: &mut dyn CryptoRng,
    from: &mut impl Read,
    to: &mut impl Write,
    progress: impl FnMut(u64),
) -> Result<u64, ContainerError> {
    if recipient.policy.len() > POLICY_BYTES_MAX {
        return Err(ContainerError::PolicyTooLong);
    }
    let mut salt = [0; 32];
    rng.fill_bytes(&mut salt);
    let mut file_key = Zeroizing::new([0; 32]);
    rng.fill_bytes(file_key.as_mut_slice());
    let (network, policy) = (recipient.network, recipient.policy_hash);
    let identity = Identity::Container { network, policy, salt };
    let key = ibe::encrypt(&recipient.root, &identity.bytes(), file_key.as_slice(), rng)
        .expect("a key is far below the bound of messages");
    let header = Header { network, root: recipient.root, salt, key, policy: recipient.policy.to_owned() };
    let bytes = header.to_bytes();
    to.write_all(&bytes).map_err(ContainerError::Write)?;
    stream::seal(&payload_key(&file_key, &bytes), from, to, progress)
}

/// As [`seal`], from memory to memory.
///
/// # Errors
///
/// [`ContainerError::PolicyTooLong`].
pub fn seal_bytes(
    recipient: &Recipient<'_>,
    rng: &mut dyn CryptoRng,
    mut plaintext: &[u8],
) -> Result<Vec<u8>, ContainerError> {
    let tags = TAG_BYTES * (plaintext.len() / CHUNK_BYTES + 1);
    let mut container = Vec::with_capacity(FIXED_BYTES + recipient.policy.len() + plaintext.len() + tags);
    seal(recipient, rng, &mut plaintext, &mut container, |_| {})?;
    Ok(container)
}

/// Opens a container of at most 64 MiB in memory; gives all of it or nothing.
///
/// Network and root are not compared: [`Header::expect`] does that.
///
/// # Errors
///
/// [`ContainerError`], of all kinds but [`ContainerError::Write`].
pub fn open_bytes(
    mut container: &[u8],
    value: &[u8; VALUE_LEN],
) -> Result<Zeroizing<Vec<u8>>, ContainerError> {
    let key = Header::read(&mut container)?.open(value)?;
    if container.len() > IN_MEMORY_BYTES_MAX {
        return Err(ContainerError::TooLong);
    }
    // Never grown, so no part of the plaintext is left behind in memory.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(container.len()));
    key.decrypt(&mut container, &mut *plaintext, |_| {})?;
    Ok(plaintext)
}

/// What stands before a container's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    network: NetworkId,
    root: RootKey,
    salt: [u8; 32],
    key: Ciphertext,
    policy: String,
}

impl Header {
    /// Reads a header and nothing behind it: at most [`HEADER_BYTES_MAX`] bytes.
    ///
    /// Nothing is authenticated yet. A changed header is found when the file key or the first chunk is opened.
    ///
    /// # Errors
    ///
    /// [`ContainerError::NotAContainer`], [`ContainerError::Version`], [`ContainerError::Truncated`],
    /// [`ContainerError::Malformed`], [`ContainerError::PolicyTooLong`] and [`ContainerError::Read`].
    pub fn read(from: &mut impl Read) -> Result<Self, ContainerError> {
        let mut start = [0; START_BYTES];
        let filled = stream::fill(from, &mut start)?;
        let magic = MAGIC.len().min(filled);
        if filled == 0 || start[..magic] != MAGIC[..magic] {
            return Err(ContainerError::NotAContainer);
        }
        if filled < START_BYTES {
            return Err(ContainerError::Truncated);
        }
        // Later versions may have another form behind this byte.
        if start[START_BYTES - 1] != VERSION {
            return Err(ContainerError::Version(start[START_BYTES - 1]));
        }
        let (network, root, salt) = (NetworkId(array(from)?), array(from)?, array(from)?);
        let key: [u8; KEY_BYTES] = array(from)?;
        let length = u32::from_be_bytes(array(from)?);
        let length = usize::try_from(length).map_err(|_| ContainerError::PolicyTooLong)?;
        if length > POLICY_BYTES_MAX {
            return Err(ContainerError::PolicyTooLong);
        }
        let mut policy = vec![0; length];
        exactly(from, &mut policy)?;
        let policy = String::from_utf8(policy).map_err(|_| ContainerError::Malformed("the policy"))?;
        let root = RootKey::from_bytes(&root).map_err(|_| ContainerError::Malformed("the root key"))?;
        let key = Ciphertext::parse(&key).map_err(|_| ContainerError::Malformed("the file key"))?;
        Ok(Self { network, root, salt, key, policy })
    }

    /// The bytes that [`Header::read`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED_BYTES + self.policy.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.network.0);
        bytes.extend_from_slice(&self.root.to_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.key.to_bytes());
        let length = u32::try_from(self.policy.len()).expect("the policy's length was checked");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(self.policy.as_bytes());
        bytes
    }

    /// Compares it with the network and the root that are to open it.
    ///
    /// # Errors
    ///
    /// [`ContainerError::OtherNetwork`], and [`ContainerError::OtherRoot`] for another root of this network.
    pub fn expect(&self, network: NetworkId, root: &RootKey) -> Result<(), ContainerError> {
        if self.network != network {
            return Err(ContainerError::OtherNetwork);
        }
        if self.root != *root {
            return Err(ContainerError::OtherRoot);
        }
        Ok(())
    }

    /// The network that it says it is of.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.network
    }

    /// The root that it says it is encrypted to.
    #[must_use]
    pub fn root(&self) -> RootKey {
        self.root
    }

    /// The policy's JSON text. Nobody has parsed it here.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The salt of the identity.
    #[must_use]
    pub fn salt(&self) -> [u8; 32] {
        self.salt
    }

    /// The identity whose value opens the file key. `policy_hash` is the network's hash of [`Header::policy`].
    #[must_use]
    pub fn identity(&self, policy_hash: Digest) -> Identity {
        Identity::Container { network: self.network, policy: policy_hash, salt: self.salt }
    }

    /// Opens the file key with the value of the identity, and checks it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] unless the value is right and the encrypted key is as it was made.
    pub fn open(&self, value: &[u8; VALUE_LEN]) -> Result<FileKey, OpenError> {
        let opened = self.key.open(value)?;
        let file_key = opened.as_slice().try_into().map_err(|_| OpenError)?;
        Ok(FileKey(payload_key(file_key, &self.to_bytes())))
    }
}

/// The key of one container's payload, bound to its whole header.
pub struct FileKey(Zeroizing<[u8; 32]>);

impl FileKey {
    /// Opens the payload: `from` is what stands behind the header. `progress` gets the bytes of plaintext so far, after
    /// each chunk. Returns how many there were.
    ///
    /// Memory is constant. Only authenticated chunks are written.
    ///
    /// # Errors
    ///
    /// [`ContainerError::Truncated`], [`ContainerError::Chunk`], [`ContainerError::Trailing`],
    /// [`ContainerError::Read`] and [`ContainerError::Write`].
    ///
    /// # Security
    ///
    /// That the end is missing is known at the end only. Keep what is written aside until this returns, and throw it
    /// away on an error.
    pub fn decrypt(
        &self,
        from: &mut impl Read,
        to: &mut impl Write,
        progress: impl FnMut(u64),
    ) -> Result<u64, ContainerError> {
        stream::open(&self.0, from, to, progress)
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey")
    }
}

/// The payload's key: the file key, bound to every byte of the header.
fn payload_key(file_key: &[u8; 32], header: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(&Sha256::digest(header)), file_key)
        .expand(PAYLOAD_INFO, key.as_mut_slice())
        .expect("32 bytes are within what HKDF gives");
    key
}

fn array<const N: usize>(from: &mut impl Read) -> Result<[u8; N], ContainerError> {
    let mut bytes = [0; N];
    exactly(from, &mut bytes)?;
    Ok(bytes)
}

fn exactly(from: &mut impl Read, bytes: &mut [u8]) -> Result<(), ContainerError> {
    if stream::fill(from, bytes)? < bytes.len() { Err(ContainerError::Truncated) } else { Ok(()) }
}
