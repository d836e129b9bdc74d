//! Members that sign another block than the chain: their words are kept, as proof that others can check.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quorate_wire::{BlockWord, NetworkFile, NodeFault, NodeIndex, NodeView, Signed};
use serde::{Deserialize, Serialize};

use super::words::is_of;

/// What a member that does so has failed, where faults are shown.
const CHECK: &str = "block_word";

/// Two signed words on one block of one chain, of which one is false.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// What the member signed.
    word: Signed<BlockWord>,
    /// What others signed for the block's hash as the chain's key has signed it.
    others: Vec<Signed<BlockWord>>,
}

/// Such members: one file for each, in the node's data folder.
pub(crate) struct Contradictions {
    network: Arc<NetworkFile>,
    folder: PathBuf,
    /// The proof of each, and how often it has said so since this start.
    known: Mutex<BTreeMap<NodeIndex, (Proof, u64)>>,
}

impl Contradictions {
    /// Reads what was kept. A file without a proof in it accuses nobody.
    pub(crate) fn open(network: Arc<NetworkFile>, folder: &Path) -> Self {
        let contradictions = Contradictions { network, folder: folder.to_owned(), known: Mutex::default() };
        for node in contradictions.network.indices() {
            let path = contradictions.path(node);
            match contradictions.read(node, &path) {
                Ok(Some(proof)) => {
                    tracing::warn!(
                        node = contradictions.network.named(node),
                        proof = %path.display(),
                        "this member has signed another block than the chain"
                    );
                    drop(contradictions.lock().insert(node, (proof, 1)));
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, file = %path.display(), "this proves nothing of a member")
                }
            }
        }
        contradictions
    }

    fn path(&self, node: NodeIndex) -> PathBuf {
        self.folder.join(format!("block-word-of-node-{node}.json"))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeIndex, (Proof, u64)>> {
        // Each change is whole before anything can panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, node: NodeIndex, path: &Path) -> io::Result<Option<Proof>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let bytes_max = BlockWord::BYTES_MAX * (self.network.nodes.len() + 1);
        let mut bytes = Vec::new();
        file.take(bytes_max as u64).read_to_end(&mut bytes)?;
        let proof: Proof = serde_json::from_slice(&bytes)?;
        if proves(&self.network, node, &proof) {
            Ok(Some(proof))
        } else {
            Err(io::Error::new(ErrorKind::InvalidData, "no two members' words that differ"))
        }
    }

    /// A member has signed another hash than the chain has. Its first word on a block is kept, with those of most others.
    pub(super) fn note(&self, word: &Signed<BlockWord>, others: &[Signed<BlockWord>]) {
        let node = word.node;
        let proof = {
            let mut known = self.lock();
            let before = known.get(&node);
            let count = before.map_or(0, |(_, count)| *count).saturating_add(1);
            let same = before.filter(|(proof, _)| proof.word.body.block.number == word.body.block.number);
            let proof = match same {
                Some((proof, _)) if proof.others.len() >= others.len() => None,
                Some((proof, _)) => Some(Proof { word: proof.word.clone(), others: others.to_vec() }),
                None => Some(Proof { word: word.clone(), others: others.to_vec() }),
            };
            let kept = proof.clone().or_else(|| before.map(|(proof, _)| proof.clone()));
            if let Some(kept) = kept {
                known.insert(node, (kept, count));
            }
            proof
        };
        let Some(proof) = proof else { return };
        let path = self.path(node);
        tracing::error!(
            node = self.network.named(node),
            number = word.body.block.number,
            hash = %word.body.block.hash,
            proof = %path.display(),
            "this member signs another block than the chain: show its operator the proof"
        );
        if let Err(error) = write(&path, &proof) {
            tracing::error!(%error, "the proof cannot be kept");
        }
    }

    /// Puts it where members' faults are shown.
    pub(crate) fn show(&self, nodes: &mut [NodeView]) {
        let known = self.lock();
        for node in nodes {
            if let Some((_, count)) = known.get(&node.index) {
                let others = node.fault.as_ref().map_or(0, |fault| fault.count);
                node.fault = Some(NodeFault { check: CHECK.to_owned(), count: count.saturating_add(others) });
            }
        }
    }
}

/// Whether the member has signed the word, and others on the same block for another hash. A word alone proves nothing.
fn proves(network: &NetworkFile, node: NodeIndex, proof: &Proof) -> bool {
    let block = proof.word.body.block;
    let differs = |other: &Signed<BlockWord>| {
        is_of(network, other.node, block.number, other) && other.body.block.hash != block.hash
    };
    is_of(network, node, block.number, &proof.word)
        && !proof.others.is_empty()
        && proof.others.iter().all(differs)
}

/// Replaces the whole file, and is done when it is on disk.
fn write(path: &Path, proof: &Proof) -> io::Result<()> {
    let new = path.with_extension("json.new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(proof)?)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::words::tests::{founded, index, key, said};

    fn fault(contradictions: &Contradictions) -> Option<NodeFault> {
        let view = |node| NodeView {
            index: index(node),
            connected: true,
            set_up: true,
            banned: false,
            guest: None,
            operator: None,
            endpoint: None,
            silent_ms: None,
            fault: None,
        };
        let mut nodes = [view(2), view(3)];
        contradictions.show(&mut nodes);
        assert!(nodes[0].fault.is_none(), "of node 2 nothing is known");
        nodes[1].fault.clone()
    }

    #[test]
    fn a_members_word_is_kept_as_proof_and_shown_over_starts() {
        let (folder, network) = (crate::testing::TestFolder::new(), Arc::new(founded(4, 2)));
        let open = || Contradictions::open(network.clone(), folder.path());
        let words = |fill| said(&network, 3, &key(index(3)), |word| word.block.hash.0 = [fill; 32]);
        let honest = |node| said(&network, node, &key(index(node)), |_| {});
        let contradictions = open();
        assert_eq!(fault(&contradictions), None);
        contradictions.note(&words(6), &[]);
        contradictions.note(&words(7), &[honest(2), honest(4)]);
        contradictions.note(&words(8), &[honest(2)]);
        assert_eq!(fault(&contradictions), Some(NodeFault { check: CHECK.to_owned(), count: 3 }));
        // The first of its words, with the most of others.
        let path = folder.path().join("block-word-of-node-3.json");
        let kept: Proof = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((kept.word, kept.others), (words(6), vec![honest(2), honest(4)]));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fault(&open()), Some(NodeFault { check: CHECK.to_owned(), count: 1 }));

        // Nobody is accused by a file that this member has not signed.
        let text = std::fs::read_to_string(&path).unwrap();
        let forged = said(&network, 3, &key(index(2)), |word| word.block.hash.0 = [6; 32]);
        let proof = |word, others| serde_json::to_string(&Proof { word, others }).unwrap();
        for text in [
            proof(forged.clone(), vec![honest(2)]),
            proof(words(6), vec![forged]),
            proof(words(6), Vec::new()),
            proof(honest(3), vec![honest(2)]),
            proof(honest(2), vec![words(6)]),
            text[1..].to_owned(),
            String::new(),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(fault(&open()), None, "{text}");
        }
        std::fs::write(&path, text).unwrap();
        assert!(fault(&open()).is_some());
    }
}
