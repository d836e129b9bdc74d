//! Tries against a computation from scratch, and stores that lie.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use alloy_primitives::{b256, keccak256};
use alloy_trie::{
    HashBuilder,
    nodes::TrieNode,
    proof::{ProofRetainer, verify_proof},
};
use proptest::prelude::*;

use super::*;

/// Nodes in memory.
#[derive(Clone, Default)]
struct Memory {
    nodes: BTreeMap<NodeKey, Vec<u8>>,
    reads: Cell<usize>,
}

impl NodeSource for Memory {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.reads.set(self.reads.get() + 1);
        Ok(self.nodes.get(key).cloned())
    }
}

impl Memory {
    fn write(&mut self, changes: NodeChanges) {
        for (key, node) in changes {
            match node {
                Some(node) => self.nodes.insert(key, node),
                None => self.nodes.remove(&key),
            };
        }
    }
}

type Batch = BTreeMap<B256, Option<Vec<u8>>>;
type Entries = BTreeMap<B256, Vec<u8>>;

const TRIE: TrieId = TrieId::Storage(B256::repeat_byte(9));

fn apply(entries: &mut Entries, batch: &Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => entries.insert(*key, value.clone()),
            None => entries.remove(key),
        };
    }
}

fn root_of(entries: &Entries) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in entries {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder.root()
}

/// The proof that another implementation makes.
fn proof_of(entries: &Entries, key: B256) -> Vec<Bytes> {
    let key = Nibbles::unpack(key);
    let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![key]));
    for (key, value) in entries {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder.root();
    let nodes = builder.take_proof_nodes().into_nodes_sorted();
    // It lists also those that are within their parent.
    nodes.into_iter().map(|(_, node)| node).filter(|node| node.len() >= STORED_BYTES_MIN).collect()
}

fn batch_of(entries: &Entries) -> Batch {
    entries.iter().map(|(key, value)| (*key, Some(value.clone()))).collect()
}

fn stored(entries: &Entries) -> (Memory, B256) {
    let mut memory = Memory::default();
    let mut out = NodeChanges::new();
    let root = update(&memory, TRIE, EMPTY_ROOT, &batch_of(entries), &mut out).unwrap();
    memory.write(out);
    (memory, root)
}

/// The keys of all stored nodes that a walk from the root finds.
fn walk(memory: &Memory, root: B256) -> BTreeSet<NodeKey> {
    let mut found = BTreeSet::new();
    let mut todo = vec![(Nibbles::new(), RlpNode::word_rlp(&root))];
    if root == EMPTY_ROOT {
        todo.clear();
    }
    while let Some((at, reference)) = todo.pop() {
        let key = NodeKey::new(TRIE, &at);
        let rlp = match reference.as_hash() {
            Some(hash) => {
                let rlp = memory.nodes.get(&key).expect("a node is missing").clone();
                assert_eq!(keccak256(&rlp), hash);
                assert!(found.insert(key));
                rlp
            }
            None => reference.to_vec(),
        };
        match alloy_rlp::decode_exact::<TrieNode>(&rlp).unwrap() {
            TrieNode::EmptyRoot => panic!("an empty node"),
            TrieNode::Leaf(leaf) => assert_eq!(at.len() + leaf.key.len(), 64),
            TrieNode::Extension(node) => todo.push((at.join(&node.key), node.child)),
            TrieNode::Branch(node) => {
                todo.extend(
                    node.as_ref().children().filter_map(|(n, child)| Some((below(&at, n), child?.clone()))),
                );
            }
        }
    }
    found
}

/// Keys that differ in few places, so that they share long starts.
fn key() -> impl Strategy<Value = B256> {
    let place = || prop_oneof![4 => Just(0_u8), 1 => 1..3_u8, 1 => Just(15_u8)];
    [place(), place(), place(), place(), place(), place()].prop_map(|places| {
        let mut key = B256::repeat_byte(0x77);
        for (nibble, at) in places.into_iter().zip([0, 1, 30, 61, 62, 63]) {
            let byte = &mut key[at / 2];
            *byte = if at % 2 == 0 { *byte & 0x0f | nibble << 4 } else { *byte & 0xf0 | nibble };
        }
        key
    })
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![3 => 1..3_usize, 1 => 1..61_usize];
    length.prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length))
}

fn batches() -> impl Strategy<Value = Vec<(Batch, bool)>> {
    let change = prop_oneof![3 => value().prop_map(Some), 2 => Just(None)];
    let batch = proptest::collection::btree_map(key(), change, 0..12);
    proptest::collection::vec((batch, any::<bool>()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn each_batch_gives_the_root_of_a_computation_from_scratch(
        batches in batches(),
        questions in proptest::collection::vec(key(), 4),
        all_at_last in any::<bool>(),
    ) {
        let mut memory = Memory::default();
        let mut entries = Entries::new();
        let mut out = NodeChanges::new();
        let mut root = EMPTY_ROOT;
        let keys: BTreeSet<B256> =
            batches.iter().flat_map(|(batch, _)| batch.keys().copied()).chain(questions).collect();
        let last = (batches.iter().flat_map(|(batch, _)| batch.keys().map(|key| (*key, None))).collect(), true);
        for (batch, block_ends) in batches.into_iter().chain(all_at_last.then_some(last)) {
            root = update(&memory, TRIE, root, &batch, &mut out).unwrap();
            apply(&mut entries, &batch);
            prop_assert_eq!(root, root_of(&entries));
            if !block_ends {
                continue;
            }
            memory.write(std::mem::take(&mut out));
            prop_assert_eq!(memory.nodes.keys().cloned().collect::<BTreeSet<_>>(), walk(&memory, root));
            for key in &keys {
                let proof = prove(&memory, TRIE, root, *key).unwrap();
                let value = entries.get(key).cloned();
                verify_proof(root, Nibbles::unpack(key), value, &proof).unwrap();
                prop_assert_eq!(proof, proof_of(&entries, *key));
            }
        }
        if all_at_last {
            prop_assert_eq!(root, EMPTY_ROOT);
            prop_assert!(memory.nodes.is_empty());
        }
    }

    #[test]
    fn the_values_that_are_there_change_nothing(batch in batches().prop_map(|mut b| b.swap_remove(0).0), key in key()) {
        let mut entries = Entries::new();
        apply(&mut entries, &batch);
        let (memory, root) = stored(&entries);
        let mut same = batch_of(&entries);
        same.entry(key).or_insert(None);
        let mut out = NodeChanges::new();
        prop_assert_eq!(update(&memory, TRIE, root, &same, &mut out).unwrap(), root);
        prop_assert!(out.is_empty());
    }

    #[test]
    fn no_bytes_make_a_node_panic(
        rlp in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            // Lists of two texts: the forms of leaves and extensions.
            (proptest::collection::vec(any::<u8>(), 0..50), proptest::collection::vec(any::<u8>(), 0..50))
                .prop_map(|(path, value)| {
                    let mut rlp = Vec::new();
                    alloy_rlp::encode_list::<&[u8], [u8]>(&[&path[..], &value[..]], &mut rlp);
                    rlp
                }),
        ],
        depth in 0..65_usize,
    ) {
        let at = Nibbles::unpack(B256::repeat_byte(0x55)).slice(..depth);
        if let Some(node) = Node::decode(&at, &rlp) {
            match node {
                Node::Leaf { key, .. } => prop_assert_eq!(key.len(), 64),
                Node::Extension { path, .. } => prop_assert!(depth < path.len() && path.len() < 64),
                Node::Branch(_) => prop_assert!(depth < 64),
            }
        }
        // A store that holds such a root with the right hash.
        let mut memory = Memory::default();
        let root = keccak256(&rlp);
        memory.nodes.insert(NodeKey { trie: TRIE, path: vec![] }, rlp);
        for key in [B256::ZERO, B256::repeat_byte(0x55)] {
            let _ = prove(&memory, TRIE, root, key);
            let batch = Batch::from([(key, Some(vec![1])), (B256::repeat_byte(0x54), None)]);
            let _ = update(&memory, TRIE, root, &batch, &mut NodeChanges::new());
        }
    }

    #[test]
    fn node_keys_of_different_nodes_differ(
        a in proptest::collection::vec(0..16_u8, 0..5),
        b in proptest::collection::vec(0..16_u8, 0..5),
        tries in (any::<bool>(), any::<bool>()),
    ) {
        let key = |path: Vec<u8>, storage| {
            NodeKey { trie: if storage { TrieId::Storage(B256::ZERO) } else { TrieId::Accounts }, path }
        };
        let (a, b) = (key(a, tries.0), key(b, tries.1));
        prop_assert_eq!(a == b, a.to_bytes() == b.to_bytes());
    }
}

/// A trie with leaves, extensions, branches and embedded nodes.
fn sample() -> Entries {
    let mut entries = Entries::new();
    for (n, places) in
        (1..).zip([[0, 0, 1], [0, 0, 2], [0, 1, 0], [0, 1, 9], [3, 0, 0], [3, 0, 1], [5, 5, 5]])
    {
        let mut key = B256::repeat_byte(0x44);
        (key[0], key[15], key[31]) = (places[0], places[1], places[2]);
        entries.insert(key, vec![n; 1 + usize::from(n) % 3 * 20]);
    }
    entries
}

/// What a damaged store answers: either the truth, or which node is damaged.
#[test]
fn damage_is_found_wherever_it_is_met() {
    let entries = sample();
    let (memory, root) = stored(&entries);
    // Removes, replaces and adds beside; the first also collapses.
    let batches: Vec<Batch> = entries
        .keys()
        .flat_map(|key| {
            let mut beside = *key;
            beside[20] ^= 0x10;
            [(*key, None), (*key, Some(vec![7; 33])), (beside, Some(vec![8])), (beside, None)]
        })
        .map(|change| Batch::from([change]))
        .collect();
    let truth: Vec<B256> = batches
        .iter()
        .map(|batch| update(&memory, TRIE, root, batch, &mut NodeChanges::new()).unwrap())
        .collect();
    let mut damages = Vec::new();
    for (node, rlp) in &memory.nodes {
        damages.push((node, None));
        damages.push((node, Some(vec![])));
        for bit in 0..rlp.len() * 8 {
            let mut rlp = rlp.clone();
            rlp[bit / 8] ^= 1 << (bit % 8);
            damages.push((node, Some(rlp)));
        }
    }
    assert!(damages.len() > 1000);
    for (node, rlp) in damages {
        let mut damaged = memory.clone();
        damaged.write([(node.clone(), rlp)].into());
        let mut met = [0; 2];
        for key in entries.keys() {
            match prove(&damaged, TRIE, root, *key) {
                Err(TrieError::Damaged(key)) if key == *node => met[0] += 1,
                answer => assert_eq!(answer.unwrap(), prove(&memory, TRIE, root, *key).unwrap()),
            }
        }
        for (batch, truth) in batches.iter().zip(&truth) {
            match update(&damaged, TRIE, root, batch, &mut NodeChanges::new()) {
                Err(TrieError::Damaged(key)) if key == *node => met[1] += 1,
                answer => assert_eq!(answer.unwrap(), *truth),
            }
        }
        assert!(met[0] > 0 && met[1] > 0, "nothing met {node:?}");
    }
}

#[test]
fn another_root_is_damage() {
    let (memory, root) = stored(&sample());
    let batch = Batch::from([(B256::ZERO, Some(vec![1]))]);
    for wrong in [B256::ZERO, !root] {
        let key = NodeKey { trie: TRIE, path: vec![] };
        assert!(
            matches!(update(&memory, TRIE, wrong, &batch, &mut NodeChanges::new()), Err(TrieError::Damaged(k)) if k == key)
        );
        assert!(matches!(prove(&memory, TRIE, wrong, B256::ZERO), Err(TrieError::Damaged(k)) if k == key));
        // The other trie has no nodes.
        assert!(prove(&memory, TrieId::Accounts, root, B256::ZERO).is_err());
    }
}

/// A store that fails.
struct Failing;

impl NodeSource for Failing {
    fn node(&self, _: &NodeKey) -> Result<Option<Vec<u8>>, StoreError> {
        Err(StoreError::Disk("no disk".to_owned()))
    }
}

#[test]
fn errors_of_the_store_are_passed_on() {
    let root = B256::repeat_byte(1);
    assert!(matches!(prove(&Failing, TRIE, root, B256::ZERO), Err(TrieError::Store(_))));
}

/// From `trietest_secureTrie.json` and `trieanyorder_secureTrie.json` of the Ethereum tests.
#[test]
fn roots_of_the_ethereum_tests() {
    assert_eq!(EMPTY_ROOT, keccak256([0x80]));
    let long = "a".repeat(50);
    let tests: [(&[(&str, &str)], B256); 4] = [
        (&[("A", &long)], b256!("e9e2935138352776cad724d31c9fa5266a5c593bb97726dd2a908fe6d53284df")),
        (
            &[("doe", "reindeer"), ("dog", "puppy"), ("dogglesworth", "cat")],
            b256!("d4cd937e4a4368d7931a9cf51686b7e10abb3dce38a39000fd7902a092b64585"),
        ),
        (
            &[("do", "verb"), ("horse", "stallion"), ("doge", "coin"), ("dog", "puppy")],
            b256!("29b235a58c3c25ab83010c327d5932bcf05324b7d6b1185e650798034783ca9d"),
        ),
        (
            &[
                ("do", "verb"),
                ("ether", "wookiedoo"),
                ("horse", "stallion"),
                ("shaman", "horse"),
                ("doge", "coin"),
                // An empty value removes.
                ("ether", ""),
                ("dog", "puppy"),
                ("shaman", ""),
            ],
            b256!("29b235a58c3c25ab83010c327d5932bcf05324b7d6b1185e650798034783ca9d"),
        ),
    ];
    for (entries, expected) in tests {
        let mut memory = Memory::default();
        let mut root = EMPTY_ROOT;
        for (key, value) in entries {
            let batch = Batch::from([(keccak256(key), Some(value.as_bytes().to_vec()))]);
            let mut out = NodeChanges::new();
            root = update(&memory, TRIE, root, &batch, &mut out).unwrap();
            memory.write(out);
        }
        assert_eq!(root, expected);
    }
    assert!(prove(&Memory::default(), TRIE, EMPTY_ROOT, B256::ZERO).unwrap().is_empty());
}

#[test]
fn an_update_reads_each_node_once() {
    let entries: Entries =
        (0..2000_u32).map(|n| (keccak256(n.to_be_bytes()), n.to_be_bytes().to_vec())).collect();
    let (mut memory, root) = stored(&entries);
    let all = memory.nodes.len();
    let batch = entries.keys().map(|key| (*key, Some(vec![5]))).collect();
    memory.reads.set(0);
    let mut out = NodeChanges::new();
    let root = update(&memory, TRIE, root, &batch, &mut out).unwrap();
    assert_eq!((memory.reads.get(), out.len()), (all, all));
    memory.write(out);
    let batch = entries.keys().map(|key| (*key, None)).collect();
    let mut out = NodeChanges::new();
    assert_eq!(update(&memory, TRIE, root, &batch, &mut out).unwrap(), EMPTY_ROOT);
    memory.write(out);
    assert!(memory.nodes.is_empty());
}

/// Keys that each leave the first one at another nibble: the deepest trie that there is.
#[test]
fn a_branch_at_each_nibble() {
    let mut entries = Entries::from([(B256::ZERO, vec![1; 40])]);
    for at in 0..64 {
        let mut key = B256::ZERO;
        key[at / 2] = if at % 2 == 0 { 0x10 } else { 1 };
        entries.insert(key, vec![2; 40]);
    }
    let (mut memory, mut root) = stored(&entries);
    assert_eq!(root, root_of(&entries));
    assert_eq!(prove(&memory, TRIE, root, B256::ZERO).unwrap(), proof_of(&entries, B256::ZERO));
    for key in batch_of(&entries).into_keys() {
        let mut out = NodeChanges::new();
        root = update(&memory, TRIE, root, &Batch::from([(key, None)]), &mut out).unwrap();
        memory.write(out);
        entries.remove(&key);
        assert_eq!(root, root_of(&entries));
        assert_eq!(memory.nodes.keys().cloned().collect::<BTreeSet<_>>(), walk(&memory, root));
    }
}

#[test]
fn keys_of_nodes_as_bytes() {
    let key = |trie, path: &[u8]| NodeKey { trie, path: path.to_vec() }.to_bytes();
    assert_eq!(key(TrieId::Accounts, &[]), [0, 0]);
    assert_eq!(key(TrieId::Accounts, &[15]), [0, 0xf1]);
    assert_eq!(key(TrieId::Accounts, &[1, 2]), [0, 0x12, 0]);
    assert_eq!(key(TrieId::Accounts, &[1, 2, 3]), [0, 0x12, 0x31]);
    assert_eq!(key(TRIE, &[1; 64])[..33], [&[1][..], &[9; 32]].concat());
    assert_eq!(key(TRIE, &[1; 64]).len(), 1 + 32 + 32 + 1);
}
