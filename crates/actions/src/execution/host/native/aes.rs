//! AES in the three modes of the web's crypto API. The block cipher and GHASH are libraries; the modes are
//! written out, because counters of any width, nonces of any length and short tags are wanted.

use aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128, Aes192, Aes256, Block};
use ghash::GHash;
use ghash::universal_hash::UniversalHash as _;

use super::{Job, Outcome, Parts, Pulse, Refused, SLICE_BYTES, cost, fixed, flag, number};

/// The key schedule.
const KEY: u64 = 4_000;
const BLOCK_BYTES: usize = 16;
/// Blocks between two looks at whether to go on.
const SLICE_BLOCKS: usize = SLICE_BYTES / BLOCK_BYTES;
/// Longest nonce of GCM in bytes.
const NONCE_BYTES_MAX: usize = 64;

pub(super) fn cbc<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [encrypt, key, iv, data] = parts.exactly()?;
    let encrypt = flag(encrypt)?;
    let cipher = Cipher::new(key)?;
    let iv = fixed(iv, "an initial vector has 16 bytes")?;
    Ok(Job::sliced(cost(KEY, &[data]), move |pulse| {
        if encrypt { cbc_encrypt(&cipher, iv, data, pulse) } else { cbc_decrypt(&cipher, iv, data, pulse) }
    }))
}

fn cbc_encrypt(cipher: &Cipher, iv: [u8; BLOCK_BYTES], data: &[u8], pulse: &mut Pulse<'_>) -> Outcome {
    let (whole, rest) = data.as_chunks::<BLOCK_BYTES>();
    // PKCS #7: each byte of the padding says how long it is, 1 to 16.
    let padding = BLOCK_BYTES - rest.len();
    let mut last = [u8::try_from(padding).unwrap_or(0); BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    let mut before = iv;
    let mut out = Vec::with_capacity(data.len() + padding);
    for slice in whole.chunks(SLICE_BLOCKS).chain([&[last][..]]) {
        for block in slice {
            xor(&mut before, block);
            before = cipher.encrypt(before);
            out.extend_from_slice(&before);
        }
        pulse.beat()?;
    }
    Ok(out)
}

fn cbc_decrypt(cipher: &Cipher, iv: [u8; BLOCK_BYTES], data: &[u8], pulse: &mut Pulse<'_>) -> Outcome {
    const WRONG: Refused = Refused::failed("it does not decrypt");
    let (blocks, rest) = data.as_chunks::<BLOCK_BYTES>();
    if blocks.is_empty() || !rest.is_empty() {
        return Err(WRONG);
    }
    let mut before = iv;
    let mut out = Vec::with_capacity(data.len());
    for slice in blocks.chunks(SLICE_BLOCKS) {
        for block in slice {
            let mut plain = cipher.decrypt(*block);
            xor(&mut plain, &before);
            out.extend_from_slice(&plain);
            before = *block;
        }
        pulse.beat()?;
    }
    let padding = usize::from(out.last().copied().unwrap_or(0));
    let length = out.len().checked_sub(padding).ok_or(WRONG)?;
    let right = (1..=BLOCK_BYTES).contains(&padding)
        && out[length..].iter().all(|byte| usize::from(*byte) == padding);
    out.truncate(length);
    if right { Ok(out) } else { Err(WRONG) }
}

pub(super) fn ctr<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [key, counter, bits, data] = parts.exactly()?;
    let cipher = Cipher::new(key)?;
    let counter = fixed(counter, "a counter block has 16 bytes")?;
    let bits = number(bits)?;
    if !(1..=128).contains(&bits) {
        return Err(Refused::input("a counter has 1 to 128 bits"));
    }
    let blocks = data.len().div_ceil(BLOCK_BYTES) as u128;
    if bits < 64 && blocks > 1 << bits {
        return Err(Refused::input("the data is longer than the counter counts"));
    }
    Ok(Job::sliced(cost(KEY, &[data]), move |pulse| counted(&cipher, (counter, bits), data, pulse)))
}

/// Adds the key stream that begins at `counter`, of which the last `bits` count and wrap around.
fn counted(
    cipher: &Cipher,
    (counter, bits): ([u8; BLOCK_BYTES], u32),
    data: &[u8],
    pulse: &mut Pulse<'_>,
) -> Outcome {
    let mask = u128::MAX >> (128 - bits);
    let first = u128::from_be_bytes(counter);
    let mut count = first & mask;
    // With room for the tag of GCM.
    let mut out = Vec::with_capacity(data.len() + BLOCK_BYTES);
    for slice in data.chunks(SLICE_BYTES) {
        let start = out.len();
        out.extend_from_slice(slice);
        for chunk in out[start..].chunks_mut(BLOCK_BYTES) {
            let stream = cipher.encrypt(((first & !mask) | count).to_be_bytes());
            xor(chunk, &stream);
            count = count.wrapping_add(1) & mask;
        }
        pulse.beat()?;
    }
    Ok(out)
}

pub(super) fn gcm<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [encrypt, key, nonce, data, associated, tag_length] = parts.exactly()?;
    let encrypt = flag(encrypt)?;
    let cipher = Cipher::new(key)?;
    if nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX {
        return Err(Refused::input("an initial vector has 1 to 64 bytes"));
    }
    let tag_length = match number(tag_length)? {
        length @ (4 | 8 | 12..=16) => length as usize,
        _ => return Err(Refused::input("a tag has 4, 8 or 12 to 16 bytes")),
    };
    Ok(Job::sliced(cost(2 * KEY, &[data, data, associated, nonce]), move |pulse| {
        let start = gcm_start(&cipher, nonce);
        let first = ((u128::from_be_bytes(start) & !0xffff_ffff) | next(start)).to_be_bytes();
        if encrypt {
            let mut out = counted(&cipher, (first, 32), data, pulse)?;
            let tag = gcm_tag(&cipher, start, (associated, &out), pulse)?;
            out.extend_from_slice(&tag[..tag_length]);
            return Ok(out);
        }
        let Some(length) = data.len().checked_sub(tag_length) else {
            return Err(Refused::failed("it does not decrypt"));
        };
        let (ciphertext, given) = data.split_at(length);
        // The key is the action's own and nobody outside can ask often enough to measure this comparison.
        if gcm_tag(&cipher, start, (associated, ciphertext), pulse)?[..tag_length] != *given {
            return Err(Refused::failed("it does not decrypt"));
        }
        counted(&cipher, (first, 32), ciphertext, pulse)
    }))
}

/// The last 32 bits of the counter block behind `start`.
fn next(start: [u8; BLOCK_BYTES]) -> u128 {
    u128::from_be_bytes(start).wrapping_add(1) & 0xffff_ffff
}

/// NIST SP 800-38D, 7.1, step 2: the first counter block.
fn gcm_start(cipher: &Cipher, nonce: &[u8]) -> [u8; BLOCK_BYTES] {
    if let Ok(nonce) = <[u8; 12]>::try_from(nonce) {
        let mut start = [0; BLOCK_BYTES];
        start[..12].copy_from_slice(&nonce);
        start[15] = 1;
        return start;
    }
    let mut hash = cipher.ghash();
    hash.update_padded(nonce);
    let bits = (nonce.len() as u128) * 8;
    hash.update(&[bits.to_be_bytes().into()]);
    hash.finalize().into()
}

fn gcm_tag(
    cipher: &Cipher,
    start: [u8; BLOCK_BYTES],
    (associated, ciphertext): (&[u8], &[u8]),
    pulse: &mut Pulse<'_>,
) -> Result<[u8; BLOCK_BYTES], Refused> {
    let mut hash = cipher.ghash();
    // A slice is of whole blocks: only the end of each part is padded.
    pulse.slices(associated, |slice| hash.update_padded(slice))?;
    pulse.slices(ciphertext, |slice| hash.update_padded(slice))?;
    let lengths = ((associated.len() as u128 * 8) << 64) | (ciphertext.len() as u128 * 8);
    hash.update(&[lengths.to_be_bytes().into()]);
    let mut tag: [u8; BLOCK_BYTES] = hash.finalize().into();
    xor(&mut tag, &cipher.encrypt(start));
    Ok(tag)
}

enum Cipher {
    Short(Aes128),
    Middle(Aes192),
    Long(Aes256),
}

impl Cipher {
    fn new(key: &[u8]) -> Result<Self, Refused> {
        let wrong = |_| Refused::input("an AES key has 16, 24 or 32 bytes");
        match key.len() {
            16 => Aes128::new_from_slice(key).map(Self::Short).map_err(wrong),
            24 => Aes192::new_from_slice(key).map(Self::Middle).map_err(wrong),
            _ => Aes256::new_from_slice(key).map(Self::Long).map_err(wrong),
        }
    }

    fn encrypt(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = Block::from(block);
        match self {
            Self::Short(cipher) => cipher.encrypt_block(&mut block),
            Self::Middle(cipher) => cipher.encrypt_block(&mut block),
            Self::Long(cipher) => cipher.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = Block::from(block);
        match self {
            Self::Short(cipher) => cipher.decrypt_block(&mut block),
            Self::Middle(cipher) => cipher.decrypt_block(&mut block),
            Self::Long(cipher) => cipher.decrypt_block(&mut block),
        }
        block.into()
    }

    fn ghash(&self) -> GHash {
        GHash::new(&self.encrypt([0; BLOCK_BYTES]).into())
    }
}

fn xor(bytes: &mut [u8], other: &[u8; BLOCK_BYTES]) {
    bytes.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}
