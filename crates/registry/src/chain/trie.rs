//! The Merkle-Patricia tries of the state (Ethereum yellow paper, appendix D), changed block by block.
//!
//! A node is stored by its path from the root, not by its hash: the store holds one version of each trie, and an
//! update overwrites what it replaces. A node whose RLP is shorter than 32 bytes is only within its parent, as in the
//! parent's RLP; nothing is stored at its own path. The root is always stored, except that of an empty trie.
//!
//! Keys are Keccak hashes, 64 nibbles long, so no key is the start of another and branches have no values. A branch
//! never moves: it stays at the path where its keys differ. Leaves and extensions do: they begin right below the
//! branch above them. So an update carries up what is in a subtree (`Top`), and only the branch above writes it.
//!
//! What the store returns is compared with the hash in the node above, so damage is an error and never another root.

mod node;
mod sorted;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::{Nibbles, nodes::RlpNode};

use self::node::{Children, Node, STORED_BYTES_MIN, stored_hash};
pub(crate) use self::sorted::{Leaves, SortedTrie};
use super::store::StoreError;

/// The root of a trie without keys.
pub(crate) const EMPTY_ROOT: B256 = alloy_trie::EMPTY_ROOT_HASH;

/// Which trie a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum TrieId {
    /// The accounts.
    Accounts,
    /// The storage of the account whose address has this Keccak hash.
    Storage(B256),
}

/// Where a node is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeKey {
    /// The trie.
    pub(crate) trie: TrieId,
    /// The nibbles (0 to 15) from the root, one byte each, at most 64.
    pub(crate) path: Vec<u8>,
}

impl NodeKey {
    fn new(trie: TrieId, at: &Nibbles) -> Self {
        Self { trie, path: at.to_vec() }
    }

    /// The key for an ordered store: 0, or 1 and the hash; then the nibbles in pairs; then a last byte that has the
    /// nibble that is left over, if any, and whether there is one. Different keys give different bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 32 + self.path.len() / 2 + 1);
        match &self.trie {
            TrieId::Accounts => bytes.push(0),
            TrieId::Storage(account) => {
                bytes.push(1);
                bytes.extend_from_slice(account.as_slice());
            }
        }
        let (pairs, rest) = self.path.as_chunks::<2>();
        bytes.extend(pairs.iter().map(|[high, low]| high << 4 | low));
        bytes.push(rest.first().map_or(0, |nibble| nibble << 4 | 1));
        bytes
    }
}

/// Reads stored nodes.
pub(crate) trait NodeSource {
    /// The RLP of the node at a key.
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, StoreError>;
}

/// A store that has no node: that of an empty trie.
pub(crate) struct Nothing;

impl NodeSource for Nothing {
    fn node(&self, _: &NodeKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
}

/// Nodes that an update writes (`Some`) or removes (`None`).
pub(crate) type NodeChanges = BTreeMap<NodeKey, Option<Vec<u8>>>;

/// Why a trie cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrieError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node is not there, or is not the one that the node above names.
    #[error("a stored node is missing or damaged: {0:?}")]
    Damaged(NodeKey),
}

/// Applies changes to a trie and returns its new root. A change is a hashed key with the RLP of its new value; `None`
/// removes, and so does an empty value, which is no RLP. `out` collects the writes; nodes in it, from an earlier
/// update of the same trie, are seen before those of `source`. After an error `out` is of no use.
pub(crate) fn update(
    source: &impl NodeSource,
    trie: TrieId,
    root: B256,
    changes: &BTreeMap<B256, Option<Vec<u8>>>,
    out: &mut NodeChanges,
) -> Result<B256, TrieError> {
    let changes: Vec<Change<'_>> = changes
        .iter()
        .map(|(key, value)| (Nibbles::unpack(key), value.as_deref().filter(|value| !value.is_empty())))
        .collect();
    if changes.is_empty() {
        return Ok(root);
    }
    let at = Nibbles::new();
    let was = root_reference(root);
    let mut update = Update { source, trie, out };
    let top = update.change(&at, &was, &changes)?;
    let node = update.place(&at, top, &was);
    if node.is_empty() {
        return Ok(EMPTY_ROOT);
    }
    Ok(stored_hash(&node).copied().map_or_else(|| keccak256(&node), B256::from))
}

/// The nodes from the root to where `key` is or would be, as `eth_getProof` lists them (EIP-1186). Nodes that are
/// within their parent are not listed; an empty trie has an empty list.
pub(crate) fn prove(
    source: &impl NodeSource,
    trie: TrieId,
    root: B256,
    key: B256,
) -> Result<Vec<Bytes>, TrieError> {
    let key = Nibbles::unpack(key);
    let none = NodeChanges::new();
    let mut proof = Vec::new();
    let mut at = Nibbles::new();
    let mut reference = root_reference(root);
    while !reference.is_empty() {
        let rlp = read(source, &none, trie, &at, &reference)?;
        let node = Node::decode(&at, &rlp).ok_or_else(|| TrieError::Damaged(NodeKey::new(trie, &at)))?;
        if let Cow::Owned(rlp) = rlp {
            proof.push(Bytes::from(rlp));
        }
        (at, reference) = match node {
            Node::Leaf { .. } => break,
            Node::Extension { path, child } if key.starts_with(&path) => (path, child),
            Node::Extension { .. } => break,
            Node::Branch(mut children) => {
                let nibble = key.get(at.len()).unwrap_or_default();
                (below(&at, nibble), std::mem::take(&mut children[usize::from(nibble)]))
            }
        };
    }
    Ok(proof)
}

/// The stored node at a place, from all keys of its trie that begin there, in order, with the RLP of their values.
pub(crate) fn rebuilt(place: &NodeKey, leaves: &[(B256, Vec<u8>)]) -> Option<Vec<u8>> {
    let sets: Vec<Set<'_>> =
        leaves.iter().map(|(key, value)| (Nibbles::unpack(key), value.as_slice())).collect();
    let (at, none, mut out) = (Nibbles::from_nibbles(&place.path), RlpNode::default(), NodeChanges::new());
    let mut update = Update { source: &Nothing, trie: place.trie, out: &mut out };
    let top = update.build(&at, &none, &sets);
    update.place(&at, top, &none);
    out.remove(place)?
}

/// A key and what becomes of its value.
type Change<'a> = (Nibbles, Option<&'a [u8]>);
/// A key and its value.
type Set<'a> = (Nibbles, &'a [u8]);

/// What a subtree has at its top, whatever the path where the subtree begins.
enum Top {
    /// Nothing.
    Empty,
    /// One key.
    Leaf { key: Nibbles, value: Vec<u8> },
    /// More keys, which differ first after `path`. The branch is written; an extension in front of it is not.
    Branch { path: Nibbles, reference: RlpNode },
}

/// An update that goes on. In all functions `at` is a path, and `was` the reference to the node that was there before
/// the update, empty if there was none. Each path is written once: a branch where it is made, another node by `place`.
struct Update<'a, S> {
    source: &'a S,
    trie: TrieId,
    out: &'a mut NodeChanges,
}

impl<S: NodeSource> Update<'_, S> {
    /// Changes the subtree that begins at `at`.
    fn change(&mut self, at: &Nibbles, was: &RlpNode, changes: &[Change<'_>]) -> Result<Top, TrieError> {
        if was.is_empty() {
            return Ok(self.build(at, was, &sets(changes)));
        }
        match self.node(at, was)? {
            Node::Leaf { key, value } => {
                let mut sets = sets(changes);
                if changes.binary_search_by(|change| change.0.cmp(&key)).is_err() {
                    sets.insert(sets.partition_point(|set| set.0 < key), (key, &value));
                }
                Ok(self.build(at, was, &sets))
            }
            Node::Extension { path, child } => self.change_extension(at, was, &path, &child, changes),
            Node::Branch(children) => self.change_branch(at, was, children, changes),
        }
    }

    /// Changes the subtree of a branch.
    fn change_branch(
        &mut self,
        at: &Nibbles,
        was: &RlpNode,
        children: Box<Children>,
        changes: &[Change<'_>],
    ) -> Result<Top, TrieError> {
        let mut tops = [const { None }; 16];
        for (nibble, group) in groups(changes, at.len()) {
            let child = usize::from(nibble);
            tops[child] = Some(self.change(&below(at, nibble), &children[child], group)?);
        }
        self.join(at, was, children, tops)
    }

    /// Changes the subtree at `at` in which all keys begin with `path`; `child` is the branch there.
    fn change_extension(
        &mut self,
        at: &Nibbles,
        was: &RlpNode,
        path: &Nibbles,
        child: &RlpNode,
        changes: &[Change<'_>],
    ) -> Result<Top, TrieError> {
        // Where the first of the changed keys leaves the path; of sorted keys that is the lowest or the highest.
        let ends = changes.first().into_iter().chain(changes.last());
        let depth = ends.map(|(key, _)| key.common_prefix_length(path)).min().unwrap_or(path.len());
        let fork = path.slice(..depth);
        let Some(along) = path.get(depth) else {
            let Node::Branch(children) = self.node(path, child)? else { return Err(self.damaged(path)) };
            let top = self.change_branch(path, child, children, changes)?;
            self.leave(path, child, &top);
            return Ok(top);
        };
        // Strictly within an extension there was no node.
        let none = RlpNode::default();
        let mut tops = [const { None }; 16];
        tops[usize::from(along)] = Some(Top::Branch { path: *path, reference: child.clone() });
        for (nibble, group) in groups(changes, depth) {
            let begin = below(&fork, nibble);
            tops[usize::from(nibble)] = Some(if nibble == along {
                self.change_extension(&begin, &none, path, child, group)?
            } else {
                self.build(&begin, &none, &sets(group))
            });
        }
        let was = if depth == at.len() { was } else { &none };
        self.join(&fork, was, Box::default(), tops)
    }

    /// Makes the branch at `at`, from children as they were and the changed ones. With fewer than two children it is
    /// no branch: what is left is on its own.
    fn join(
        &mut self,
        at: &Nibbles,
        was: &RlpNode,
        mut children: Box<Children>,
        tops: [Option<Top>; 16],
    ) -> Result<Top, TrieError> {
        let present = children
            .iter()
            .zip(&tops)
            .filter(|(child, top)| top.as_ref().map_or(!child.is_empty(), |top| !matches!(top, Top::Empty)))
            .count();
        if present > 1 {
            for ((nibble, child), top) in (0..).zip(children.iter_mut()).zip(tops) {
                if let Some(top) = top {
                    *child = self.place(&below(at, nibble), top, child);
                }
            }
            let reference = self.write(at, node::branch(&children), was);
            return Ok(Top::Branch { path: *at, reference });
        }
        let mut left = Top::Empty;
        for ((nibble, child), top) in (0..).zip(children.iter()).zip(tops) {
            let begin = below(at, nibble);
            let top = match top {
                Some(top) => top,
                None if child.is_empty() => continue,
                None => self.top(&begin, child)?,
            };
            self.leave(&begin, child, &top);
            if !matches!(top, Top::Empty) {
                left = top;
            }
        }
        Ok(left)
    }

    /// Makes the subtree of new keys, sorted and without others, that begins at `at`.
    fn build(&mut self, at: &Nibbles, was: &RlpNode, sets: &[Set<'_>]) -> Top {
        let (first, last) = match sets {
            [] => return Top::Empty,
            [(key, value)] => return Top::Leaf { key: *key, value: value.to_vec() },
            [first, .., last] => (first, last),
        };
        let depth = first.0.common_prefix_length(&last.0);
        let path = first.0.slice(..depth);
        let none = RlpNode::default();
        let mut children = Children::default();
        for (nibble, group) in groups(sets, depth) {
            let begin = below(&path, nibble);
            let top = self.build(&begin, &none, group);
            children[usize::from(nibble)] = self.place(&begin, top, &none);
        }
        let was = if depth == at.len() { was } else { &none };
        let reference = self.write(&path, node::branch(&children), was);
        Top::Branch { path, reference }
    }

    /// The top of an unchanged subtree.
    fn top(&self, at: &Nibbles, was: &RlpNode) -> Result<Top, TrieError> {
        Ok(match self.node(at, was)? {
            Node::Leaf { key, value } => Top::Leaf { key, value },
            Node::Extension { path, child } => Top::Branch { path, reference: child },
            Node::Branch(_) => Top::Branch { path: *at, reference: was.clone() },
        })
    }

    /// Writes the top of a subtree that begins at `at`, and returns the reference to it.
    fn place(&mut self, at: &Nibbles, top: Top, was: &RlpNode) -> RlpNode {
        match top {
            Top::Empty => {
                self.leave(at, was, &top);
                RlpNode::default()
            }
            Top::Leaf { key, value } => self.write(at, node::leaf(&key.slice(at.len()..), &value), was),
            Top::Branch { path, reference } if path == *at => reference,
            Top::Branch { path, reference } => {
                self.write(at, node::extension(&path.slice(at.len()..), &reference), was)
            }
        }
    }

    /// Removes what was stored at `at`, unless the top is the branch that is written there.
    fn leave(&mut self, at: &Nibbles, was: &RlpNode, top: &Top) {
        if stored_hash(was).is_some() && !matches!(top, Top::Branch { path, .. } if path == at) {
            self.out.insert(NodeKey::new(self.trie, at), None);
        }
    }

    fn write(&mut self, at: &Nibbles, rlp: Vec<u8>, was: &RlpNode) -> RlpNode {
        let reference = RlpNode::from_rlp(&rlp);
        if reference == *was {
            return reference;
        }
        if rlp.len() >= STORED_BYTES_MIN || at.is_empty() {
            self.out.insert(NodeKey::new(self.trie, at), Some(rlp));
        } else if stored_hash(was).is_some() {
            self.out.insert(NodeKey::new(self.trie, at), None);
        }
        reference
    }

    fn node(&self, at: &Nibbles, reference: &RlpNode) -> Result<Node, TrieError> {
        let rlp = read(self.source, self.out, self.trie, at, reference)?;
        Node::decode(at, &rlp).ok_or_else(|| self.damaged(at))
    }

    fn damaged(&self, at: &Nibbles) -> TrieError {
        TrieError::Damaged(NodeKey::new(self.trie, at))
    }
}

/// The RLP of a node: out of the reference to it, or read and compared with the hash.
fn read<'r>(
    source: &impl NodeSource,
    out: &NodeChanges,
    trie: TrieId,
    at: &Nibbles,
    reference: &'r RlpNode,
) -> Result<Cow<'r, [u8]>, TrieError> {
    let Some(hash) = stored_hash(reference) else { return Ok(Cow::Borrowed(reference)) };
    let key = NodeKey::new(trie, at);
    let rlp = match out.get(&key) {
        Some(change) => change.clone(),
        None => source.node(&key)?,
    };
    rlp.filter(|rlp| keccak256(rlp) == *hash).map(Cow::Owned).ok_or(TrieError::Damaged(key))
}

/// The reference to the root, which is by hash whatever its length.
fn root_reference(root: B256) -> RlpNode {
    if root == EMPTY_ROOT { RlpNode::default() } else { RlpNode::word_rlp(&root) }
}

fn below(at: &Nibbles, nibble: u8) -> Nibbles {
    let mut path = *at;
    path.push_unchecked(nibble);
    path
}

fn sets<'a>(changes: &[Change<'a>]) -> Vec<Set<'a>> {
    changes.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect()
}

/// Sorted entries by the nibble of their key at `depth`; those before are equal.
fn groups<V>(entries: &[(Nibbles, V)], depth: usize) -> impl Iterator<Item = (u8, &[(Nibbles, V)])> {
    entries
        .chunk_by(move |a, b| a.0.get(depth) == b.0.get(depth))
        .filter_map(move |group| Some((group.first()?.0.get(depth)?, group)))
}
