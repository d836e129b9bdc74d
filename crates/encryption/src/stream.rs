//! The payload of a container: chunks under an AEAD in the STREAM construction.
//!
//! The bytes and the argument are in `docs/protocols/encryption.md`, section 2.

use std::io::{ErrorKind, Read, Write};

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce, Tag};
use zeroize::Zeroizing;

use crate::ContainerError;
use crate::container::CHUNK_BYTES;

/// Bytes that authenticate a chunk, behind it.
pub(crate) const TAG_BYTES: usize = 16;

/// Bytes of a chunk in the container, if it is full.
const SEALED_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

/// The number of the next chunk. No two chunks of a payload get the same nonce.
struct Counter(u64);

impl Counter {
    /// Eleven bytes of the number, big-endian, and whether the chunk is the last.
    fn nonce(&self, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.0.to_be_bytes());
        nonce[11] = u8::from(last);
        Nonce::from(nonce)
    }

    fn step(&mut self) {
        // 2^64 chunks are 2^80 bytes.
        self.0 = self.0.checked_add(1).expect("no payload has so many chunks");
    }
}

/// Seals all that `from` gives; says how many bytes of plaintext that was.
pub(crate) fn seal(
    key: &[u8; 32],
    from: &mut impl Read,
    to: &mut impl Write,
    mut progress: impl FnMut(u64),
) -> Result<u64, ContainerError> {
    let cipher = ChaCha20Poly1305::new(key.into());
    // One byte more than a chunk tells whether the chunk is the last. A tag takes its place, and it comes first in the next.
    let mut buffer = Zeroizing::new(vec![0; SEALED_BYTES]);
    let (mut counter, mut total, mut kept) = (Counter(0), 0_u64, 0);
    loop {
        let filled = kept + fill(from, &mut buffer[kept..=CHUNK_BYTES])?;
        let last = filled <= CHUNK_BYTES;
        let length = filled.min(CHUNK_BYTES);
        let next = buffer[CHUNK_BYTES];
        let tag = cipher
            .encrypt_inout_detached(&counter.nonce(last), &[], (&mut buffer[..length]).into())
            .expect("a chunk is far below the cipher's bound");
        buffer[length..length + TAG_BYTES].copy_from_slice(&tag);
        to.write_all(&buffer[..length + TAG_BYTES]).map_err(ContainerError::Write)?;
        total = total.saturating_add(bytes(length));
        progress(total);
        if last {
            return Ok(total);
        }
        counter.step();
        buffer[0] = next;
        kept = 1;
    }
}

/// Opens a payload to its end; says how many bytes of plaintext it had.
pub(crate) fn open(
    key: &[u8; 32],
    from: &mut impl Read,
    to: &mut impl Write,
    mut progress: impl FnMut(u64),
) -> Result<u64, ContainerError> {
    let cipher = ChaCha20Poly1305::new(key.into());
    let mut buffer = Zeroizing::new(vec![0; SEALED_BYTES + 1]);
    let (mut counter, mut total, mut kept) = (Counter(0), 0_u64, 0);
    loop {
        let filled = kept + fill(from, &mut buffer[kept..])?;
        let last = filled <= SEALED_BYTES;
        let next = buffer[SEALED_BYTES];
        let sealed = &mut buffer[..filled.min(SEALED_BYTES)];
        let (chunk, tag) = sealed.split_last_chunk_mut::<TAG_BYTES>().ok_or(ContainerError::Truncated)?;
        let tag = Tag::from(*tag);
        if chunk.is_empty() && counter.0 > 0 {
            return Err(ContainerError::Chunk);
        }
        let opened =
            cipher.decrypt_inout_detached(&counter.nonce(last), &[], (&mut *chunk).into(), &tag).is_ok();
        if !opened {
            // A failed opening leaves the chunk as it was. Would it be right elsewhere, the end is wrong and not the chunk.
            let other = cipher.decrypt_inout_detached(&counter.nonce(!last), &[], chunk.into(), &tag);
            return Err(match other {
                Ok(()) if last => ContainerError::Truncated,
                Ok(()) => ContainerError::Trailing,
                Err(_) => ContainerError::Chunk,
            });
        }
        to.write_all(chunk).map_err(ContainerError::Write)?;
        total = total.saturating_add(bytes(chunk.len()));
        progress(total);
        if last {
            return Ok(total);
        }
        counter.step();
        buffer[0] = next;
        kept = 1;
    }
}

/// Reads until `buffer` is full or there is no more.
pub(crate) fn fill(from: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ContainerError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(ContainerError::Read(error)),
        }
    }
    Ok(filled)
}

fn bytes(length: usize) -> u64 {
    length.try_into().unwrap_or(u64::MAX)
}
