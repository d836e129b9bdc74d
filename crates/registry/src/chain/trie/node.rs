//! One node of a trie, and its RLP.

use alloy_rlp::{EMPTY_LIST_CODE, EMPTY_STRING_CODE, Encodable as _, Header};
use alloy_trie::{
    Nibbles,
    nodes::{ExtensionNodeRef, LeafNodeRef, RlpNode},
};

/// Below this length a node is within its parent.
pub(super) const STORED_BYTES_MIN: usize = 32;
/// The nibbles of a key.
const KEY_NIBBLES: usize = 64;
/// The first byte of a hash in RLP.
const HASH_CODE: u8 = EMPTY_STRING_CODE + 32;

/// References to the children of a branch: empty without a child, else its hash as RLP, or the child itself.
pub(super) type Children = [RlpNode; 16];

/// A node with whole paths, from the root.
pub(super) enum Node {
    /// A key and its value.
    Leaf {
        /// The key.
        key: Nibbles,
        /// The value, RLP itself.
        value: Vec<u8>,
    },
    /// A path that all keys below share.
    Extension {
        /// Where the branch is.
        path: Nibbles,
        /// The reference to the branch.
        child: RlpNode,
    },
    /// Keys that differ from here on.
    Branch(Box<Children>),
}

impl Node {
    /// The node at a path from its RLP; `None` if that cannot be a node there.
    pub(super) fn decode(at: &Nibbles, mut rlp: &[u8]) -> Option<Self> {
        let mut list = Header::decode_bytes(&mut rlp, true).ok()?;
        let mut items = [&[][..]; 17];
        let mut count = 0;
        while !list.is_empty() {
            *items.get_mut(count)? = item(&mut list)?;
            count += 1;
        }
        match (count, items) {
            _ if !rlp.is_empty() => None,
            (17, [children @ .., value]) if value == [EMPTY_STRING_CODE] && at.len() < KEY_NIBBLES => {
                let mut references = Box::<Children>::default();
                for (reference, child) in references.iter_mut().zip(children) {
                    *reference = decode_reference(child)?;
                }
                // A branch with one child would be another node.
                (references.iter().filter(|child| !child.is_empty()).count() > 1)
                    .then_some(Self::Branch(references))
            }
            (2, [path, value, ..]) => Self::decode_short(at, path, value),
            _ => None,
        }
    }

    /// A leaf or an extension, from the two items of its list.
    fn decode_short(at: &Nibbles, mut path: &[u8], mut rest: &[u8]) -> Option<Self> {
        let (first, pairs) = Header::decode_bytes(&mut path, false).ok()?.split_first()?;
        let odd = usize::from(first >> 4 & 1);
        let length = at.len() + odd + 2 * pairs.len();
        if length > KEY_NIBBLES || (odd == 0 && first & 0x0f != 0) {
            return None;
        }
        let mut whole = *at;
        if odd == 1 {
            whole.push_unchecked(first & 0x0f);
        }
        whole.extend(&Nibbles::unpack(pairs));
        match first >> 4 {
            0 | 1 if at.len() < length && length < KEY_NIBBLES => {
                let child = decode_reference(rest)?;
                (!child.is_empty()).then_some(Self::Extension { path: whole, child })
            }
            2 | 3 if length == KEY_NIBBLES => {
                let value = Header::decode_bytes(&mut rest, false).ok()?;
                (!value.is_empty()).then(|| Self::Leaf { key: whole, value: value.to_vec() })
            }
            _ => None,
        }
    }
}

/// Takes one whole item off the front of a list.
fn item<'r>(list: &mut &'r [u8]) -> Option<&'r [u8]> {
    let whole = *list;
    let header = Header::decode(list).ok()?;
    *list = list.get(header.payload_length..)?;
    whole.get(..whole.len() - list.len())
}

/// The item for a child: the empty text, a hash, or a node that is shorter than a hash.
fn decode_reference(item: &[u8]) -> Option<RlpNode> {
    match item {
        [EMPTY_STRING_CODE] => Some(RlpNode::default()),
        [HASH_CODE, ..] => RlpNode::from_raw(item),
        [code, ..] if *code >= EMPTY_LIST_CODE && item.len() < STORED_BYTES_MIN => RlpNode::from_raw(item),
        _ => None,
    }
}

/// The hash in a reference; `None` if there is no child, or the reference is the child itself.
pub(super) fn stored_hash(reference: &RlpNode) -> Option<&[u8; 32]> {
    let (&first, hash) = reference.as_slice().split_first()?;
    hash.try_into().ok().filter(|_| first == HASH_CODE)
}

/// The RLP of a leaf whose key ends with `rest`.
pub(super) fn leaf(rest: &Nibbles, value: &[u8]) -> Vec<u8> {
    let node = LeafNodeRef::new(rest, value);
    let mut rlp = Vec::with_capacity(node.length());
    node.encode(&mut rlp);
    rlp
}

/// The RLP of an extension by `rest`.
pub(super) fn extension(rest: &Nibbles, child: &RlpNode) -> Vec<u8> {
    let node = ExtensionNodeRef::new(rest, child);
    let mut rlp = Vec::with_capacity(node.length());
    node.encode(&mut rlp);
    rlp
}

/// The RLP of a branch.
pub(super) fn branch(children: &Children) -> Vec<u8> {
    let payload_length = children.iter().map(|child| child.len().max(1)).sum::<usize>() + 1;
    let header = Header { list: true, payload_length };
    let mut rlp = Vec::with_capacity(header.length_with_payload());
    header.encode(&mut rlp);
    for child in children {
        rlp.extend_from_slice(if child.is_empty() { &[EMPTY_STRING_CODE] } else { child });
    }
    rlp.push(EMPTY_STRING_CODE);
    rlp
}
