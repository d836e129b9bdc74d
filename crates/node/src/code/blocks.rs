//! A source out of its IPFS blocks, for gateways that hand out nothing else.
//!
//! Each block is named by its hash, so that a gateway can at most leave one out. What the blocks make up is named anew
//! like any other source: no form of a block is trusted, and this reader may be generous.

use quorate_wire::{ActionCid, limits::CODE_BYTES_MAX};
use sha2::{Digest as _, Sha256};

use crate::egress::Egress;

/// The form of a block, as the `Accept` header names it.
const RAW: &str = "application/vnd.ipld.raw";
/// Longest block: a chunk of 262,144 bytes and its wrapping, or as many links.
const BLOCK_BYTES_MAX: usize = 264 << 10;
/// Blocks at most: the root and the chunks of the longest source.
const BLOCKS_MAX: usize = 1 + CODE_BYTES_MAX.div_ceil(262_144);

/// Reads a source block by block; `None` if one is missing or not what it is called.
pub(super) async fn download(egress: &Egress, gateway: &str, cid: ActionCid) -> Option<Vec<u8>> {
    // The root, and below it nothing but chunks: a longer source would have a level between.
    let root = Block::read(&block(egress, gateway, cid).await?)?;
    if root.links.len() >= BLOCKS_MAX {
        return None;
    }
    let mut source = root.content;
    for link in root.links {
        let chunk = Block::read(&block(egress, gateway, link).await?)?;
        source.extend_from_slice(&chunk.content);
        if !chunk.links.is_empty() || source.len() > CODE_BYTES_MAX {
            return None;
        }
    }
    Some(source)
}

async fn block(egress: &Egress, gateway: &str, cid: ActionCid) -> Option<Vec<u8>> {
    let url = format!("{gateway}/ipfs/{cid}?format=raw");
    let fetched = egress.download(&url, Some(RAW), BLOCK_BYTES_MAX).await.ok()?;
    let named: [u8; 32] = Sha256::digest(&fetched.body).into();
    (fetched.status == 200 && cid.multihash()[2..] == named).then_some(fetched.body)
}

/// What a block of dag-pb with UnixFS in it holds.
#[derive(Debug, Default, PartialEq)]
struct Block {
    content: Vec<u8>,
    links: Vec<ActionCid>,
}

impl Block {
    fn read(block: &[u8]) -> Option<Block> {
        let mut read = Block::default();
        for (field, value) in Fields(block) {
            match (field?, value) {
                // The UnixFS node; in it, the bytes of the file.
                (1, Value::Bytes(unixfs)) => {
                    for (field, value) in Fields(unixfs) {
                        if let (2, Value::Bytes(content)) = (field?, value) {
                            read.content.extend_from_slice(content);
                        }
                    }
                }
                (2, Value::Bytes(link)) => {
                    for (field, value) in Fields(link) {
                        if let (1, Value::Bytes(hash)) = (field?, value) {
                            read.links.push(ActionCid::from_multihash(hash).ok()?);
                        }
                    }
                }
                _ => {}
            }
        }
        Some(read)
    }
}

/// The fields of a protobuf message; one without a number is where it stops making sense.
struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Number,
    Bytes(&'a [u8]),
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Option<u64>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.map_or((None, Value::Number), |(number, value)| (Some(number), value)))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.number()?;
        let value = match key & 7 {
            0 => {
                self.number()?;
                Value::Number
            }
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for place in 0..9u32 {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_block_is_refused_wherever_it_ends() {
        let link = [&[0x0a, 34, 0x12, 32][..], &[7; 32], &[0x12, 0, 0x18, 1]].concat();
        let unixfs = [0x08, 2, 0x12, 2, b'h', b'i', 0x18, 2];
        let block = [&[0x12, 40][..], &link, &[0x0a, 8], &unixfs].concat();
        let cid = ActionCid::from_multihash(&link[2..36]).unwrap();
        assert_eq!(Block::read(&block), Some(Block { content: b"hi".to_vec(), links: vec![cid] }));
        for length in 0..block.len() {
            let read = Block::read(&block[..length]);
            assert!(read.is_none_or(|read| read.content.is_empty()), "{length}");
        }
        for bad in [&[0x0b][..], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], &[0xff; 12]] {
            assert_eq!(Block::read(bad), None);
        }
    }
}
