//! A whole trie, made from its keys in order: what an update of an empty trie would make, in memory that the number of keys
//! does not matter for.

use alloy_primitives::{B256, keccak256};
use alloy_trie::{Nibbles, nodes::RlpNode};

use super::{
    EMPTY_ROOT, NodeChanges, NodeKey, TrieId, below,
    node::{self, Children, STORED_BYTES_MIN, stored_hash},
};

/// Takes the keys of one trie, each greater than the one before.
pub(crate) struct SortedTrie {
    trie: TrieId,
    /// A node above no more keys than these is not given: [`rebuilt`](super::rebuilt) makes it when it is wanted.
    left_out: usize,
    /// The branches on the path of the last key that may get further children.
    open: Vec<Open>,
    last: Option<(Nibbles, Value)>,
}

/// What a key has.
enum Value {
    /// The RLP of its value.
    Rlp(Vec<u8>),
    /// Its leaf, which [`Leaves`] has made.
    Leaf(RlpNode),
}

/// What a subtree has at its top.
enum Top {
    Key(Nibbles, Value),
    /// The branch at a path is written; an extension in front of it is not.
    Branch(Nibbles, RlpNode),
}

/// A branch that may get further children.
struct Open {
    /// Where its keys differ.
    depth: usize,
    children: Box<Children>,
    /// How many keys are below it.
    keys: usize,
}

impl SortedTrie {
    /// One of which all nodes are wanted.
    #[cfg(test)]
    pub(crate) fn new(trie: TrieId) -> Self {
        Self::without(trie, 0)
    }

    /// One of which no node is wanted that is above so few keys.
    pub(crate) fn without(trie: TrieId, left_out: usize) -> Self {
        Self { trie, left_out, open: Vec::new(), last: None }
    }

    /// Adds a key with the RLP of its value; nodes that are complete go into `out`. False for a key that is not greater.
    pub(crate) fn add(&mut self, key: B256, value: Vec<u8>, out: &mut NodeChanges) -> bool {
        self.push(key, Value::Rlp(value), out)
    }

    /// Adds a key with the leaf that [`Leaves`] has made of it and its neighbours. Leaves are not given.
    pub(crate) fn add_leaf(&mut self, key: B256, leaf: RlpNode, out: &mut NodeChanges) -> bool {
        self.push(key, Value::Leaf(leaf), out)
    }

    fn push(&mut self, key: B256, value: Value, out: &mut NodeChanges) -> bool {
        let key = Nibbles::unpack(key);
        let Some((last, last_value)) = self.last.replace((key, value)) else { return true };
        if last >= key {
            return false;
        }
        let depth = last.common_prefix_length(&key);
        let (top, keys) = self.close(depth + 1, last, last_value, out);
        if self.open.last().is_none_or(|open| open.depth != depth) {
            self.open.push(Open { depth, children: Box::default(), keys: 0 });
        }
        let (nibble, child) = self.child(&last, depth, top, keys, out);
        if let Some(open) = self.open.last_mut() {
            open.children[nibble] = child;
            open.keys += keys;
        }
        true
    }

    /// The root, once all keys were added.
    pub(crate) fn finish(mut self, out: &mut NodeChanges) -> B256 {
        let Some((last, value)) = self.last.take() else { return EMPTY_ROOT };
        let (top, keys) = self.close(0, last, value, out);
        let node = self.place(&Nibbles::new(), top, keys, out);
        stored_hash(&node).copied().map_or_else(|| keccak256(&node), B256::from)
    }

    /// Completes the branches at this depth and below, from the last key upwards: what is on top, and of how many keys.
    fn close(&mut self, depth: usize, last: Nibbles, value: Value, out: &mut NodeChanges) -> (Top, usize) {
        let (mut top, mut keys) = (Top::Key(last, value), 1);
        while let Some(mut open) = self.open.pop_if(|open| open.depth >= depth) {
            let (nibble, child) = self.child(&last, open.depth, top, keys, out);
            open.children[nibble] = child;
            keys += open.keys;
            let path = last.slice(..open.depth);
            let reference = self.write(&path, node::branch(&open.children), keys, out);
            top = Top::Branch(path, reference);
        }
        (top, keys)
    }

    /// Writes what is below a branch on the path of a key: the child's place, and the reference to it.
    fn child(
        &self,
        key: &Nibbles,
        depth: usize,
        top: Top,
        keys: usize,
        out: &mut NodeChanges,
    ) -> (usize, RlpNode) {
        let nibble = key.get(depth).unwrap_or_default();
        let begin = below(&key.slice(..depth), nibble);
        (usize::from(nibble), self.place(&begin, top, keys, out))
    }

    /// Writes the top of a subtree that begins at `at`, and returns the reference to it.
    fn place(&self, at: &Nibbles, top: Top, keys: usize, out: &mut NodeChanges) -> RlpNode {
        match top {
            Top::Key(_, Value::Leaf(leaf)) => leaf,
            Top::Key(key, Value::Rlp(value)) => {
                self.write(at, node::leaf(&key.slice(at.len()..), &value), keys, out)
            }
            Top::Branch(path, reference) if path == *at => reference,
            Top::Branch(path, reference) => {
                self.write(at, node::extension(&path.slice(at.len()..), &reference), keys, out)
            }
        }
    }

    fn write(&self, at: &Nibbles, rlp: Vec<u8>, keys: usize, out: &mut NodeChanges) -> RlpNode {
        let reference = RlpNode::from_rlp(&rlp);
        if keys > self.left_out && (rlp.len() >= STORED_BYTES_MIN || at.is_empty()) {
            out.insert(NodeKey::new(self.trie, at), Some(rlp));
        }
        reference
    }
}

/// Makes the leaves of the keys of one trie, each greater than the one before: so another thread can make the branches.
#[derive(Default)]
pub(crate) struct Leaves {
    last: Option<(B256, Nibbles, Vec<u8>)>,
    /// Below which depth the last key has no other before it.
    alone: usize,
}

impl Leaves {
    /// Adds a key with the RLP of its value: the leaf of the key before.
    pub(crate) fn add(&mut self, key: B256, value: Vec<u8>) -> Option<(B256, RlpNode)> {
        let nibbles = Nibbles::unpack(key);
        let (last, last_nibbles, last_value) = self.last.replace((key, nibbles, value))?;
        // Of equal keys, which no trie takes, it is the last depth.
        let alone = (last_nibbles.common_prefix_length(&nibbles) + 1).min(last_nibbles.len());
        let begin = std::mem::replace(&mut self.alone, alone).max(alone);
        Some((last, leaf(&last_nibbles, begin, &last_value)))
    }

    /// The last leaf.
    pub(crate) fn finish(self) -> Option<(B256, RlpNode)> {
        let (last, nibbles, value) = self.last?;
        Some((last, leaf(&nibbles, self.alone, &value)))
    }
}

fn leaf(key: &Nibbles, begin: usize, value: &[u8]) -> RlpNode {
    RlpNode::from_rlp(&node::leaf(&key.slice(begin..), value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn keys_in_order_give_the_nodes_and_the_root_of_an_update() {
        for count in [0_u64, 1, 2, 3, 17, 400, 5_000] {
            // Some share long beginnings, and some values are so short that their nodes are within others.
            let key = |number: u64| match number % 3 {
                0 => keccak256(number.to_be_bytes()),
                1 => B256::left_padding_from(&number.to_be_bytes()),
                _ => B256::right_padding_from(&number.to_be_bytes()),
            };
            let value = |number: u64| match number % 2 {
                0 => vec![7],
                _ => vec![0xb8; 40],
            };
            let leaves: BTreeMap<_, _> =
                (0..count).map(|number| (key(number), Some(value(number)))).collect();
            let mut expected = NodeChanges::new();
            let root = super::super::update(
                &super::super::Nothing,
                TrieId::Accounts,
                EMPTY_ROOT,
                &leaves,
                &mut expected,
            );
            let (mut trie, mut found) = (SortedTrie::new(TrieId::Accounts), NodeChanges::new());
            for (key, value) in leaves {
                assert!(trie.add(key, value.unwrap(), &mut found));
            }
            assert_eq!(trie.finish(&mut found), root.unwrap(), "{count} keys");
            assert!(found == expected, "{count} keys");
        }
    }

    #[test]
    fn nodes_that_were_left_out_are_rebuilt() {
        for (count, left_out) in [(1_u64, 64), (2, 1), (64, 64), (65, 64), (5_000, 1), (5_000, 64)] {
            let leaves: BTreeMap<_, _> = (0..count)
                .map(|number| {
                    let value = if number % 5 == 0 { vec![7] } else { vec![0xb8; 40] };
                    (keccak256(number.to_be_bytes()), value)
                })
                .collect();
            let trie = TrieId::Storage(B256::repeat_byte(3));
            let (mut whole, mut all) = (SortedTrie::new(trie), NodeChanges::new());
            let (mut some, mut given) = (SortedTrie::without(trie, left_out), NodeChanges::new());
            for (key, value) in &leaves {
                assert!(whole.add(*key, value.clone(), &mut all));
                assert!(some.add(*key, value.clone(), &mut given));
            }
            let root = whole.finish(&mut all);
            assert_eq!(some.finish(&mut given), root);
            let (mut ahead, mut branches) = (Leaves::default(), SortedTrie::without(trie, left_out));
            let mut again = NodeChanges::new();
            for (key, value) in &leaves {
                if let Some((key, leaf)) = ahead.add(*key, value.clone()) {
                    assert!(branches.add_leaf(key, leaf, &mut again));
                }
            }
            let (key, leaf) = ahead.finish().unwrap();
            assert!(branches.add_leaf(key, leaf, &mut again));
            assert_eq!(branches.finish(&mut again), root);
            assert!(again == given);
            for (key, node) in &all {
                let at = Nibbles::from_nibbles(&key.path);
                let below: Vec<_> = leaves
                    .iter()
                    .filter(|(leaf, _)| Nibbles::unpack(leaf).starts_with(&at))
                    .map(|(leaf, value)| (*leaf, value.clone()))
                    .collect();
                assert_eq!(given.contains_key(key), below.len() > left_out, "{key:?}");
                assert_eq!(super::super::rebuilt(key, &below), *node, "{key:?}");
            }
            assert!(given.iter().all(|(key, node)| all.get(key) == Some(node)));
        }
    }

    #[test]
    fn a_key_that_is_not_greater_is_refused() {
        let (mut trie, mut out) = (SortedTrie::new(TrieId::Accounts), NodeChanges::new());
        assert!(trie.add(B256::with_last_byte(2), vec![1], &mut out));
        assert!(!trie.add(B256::with_last_byte(2), vec![1], &mut out));
        assert!(!trie.add(B256::with_last_byte(1), vec![1], &mut out));
    }
}
