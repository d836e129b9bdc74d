//! The blocks of a UnixFS file: chunks of 262,144 bytes, balanced layout with 174 links a node, leaves wrapped in
//! UnixFS. It is what `ipfs add` does by default.

use sha2::{Digest as _, Sha256};

use super::multihash;

/// Bytes of a leaf.
pub(super) const CHUNK_BYTES: usize = 262_144;
/// Links of a branch.
pub(super) const LINKS_MAX: usize = 174;

/// What a parent needs of a DAG node.
pub(super) struct Node {
    pub(super) digest: [u8; 32],
    /// Bytes of the file below this node.
    file_bytes: u64,
    /// Bytes of all blocks below and including this node (`Tsize` of a link to it).
    total_bytes: u64,
}

impl Node {
    /// A chunk of the file.
    pub(super) fn leaf(chunk: &[u8]) -> Node {
        let mut unixfs = vec![0x08, 0x02];
        if !chunk.is_empty() {
            put_bytes(&mut unixfs, 0x12, chunk);
        }
        put_number(&mut unixfs, 0x18, chunk.len() as u64);
        let mut block = Vec::with_capacity(unixfs.len() + 8);
        put_bytes(&mut block, 0x0a, &unixfs);
        Node {
            digest: Sha256::digest(&block).into(),
            file_bytes: chunk.len() as u64,
            total_bytes: block.len() as u64,
        }
    }

    /// A node above others.
    pub(super) fn branch(children: &[Node]) -> Node {
        let mut block = Vec::new();
        let mut unixfs = vec![0x08, 0x02];
        let file_bytes = children.iter().map(|child| child.file_bytes).sum();
        put_number(&mut unixfs, 0x18, file_bytes);
        for child in children {
            let mut link = Vec::new();
            put_bytes(&mut link, 0x0a, &multihash(&child.digest));
            put_bytes(&mut link, 0x12, b"");
            put_number(&mut link, 0x18, child.total_bytes);
            put_bytes(&mut block, 0x12, &link);
            put_number(&mut unixfs, 0x20, child.file_bytes);
        }
        put_bytes(&mut block, 0x0a, &unixfs);
        let below: u64 = children.iter().map(|child| child.total_bytes).sum();
        Node { digest: Sha256::digest(&block).into(), file_bytes, total_bytes: below + block.len() as u64 }
    }
}

/// Protobuf length-delimited field.
fn put_bytes(out: &mut Vec<u8>, key: u8, bytes: &[u8]) {
    put_number(out, key, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Protobuf key and varint.
fn put_number(out: &mut Vec<u8>, key: u8, mut value: u64) {
    out.push(key);
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
