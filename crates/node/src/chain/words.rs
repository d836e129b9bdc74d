//! Members' words on a block: this node's own, and those that it asks for when it begins with a snapshot.

use std::{fmt, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use quorate_registry::{
    alloy_primitives::B256,
    chain::BlockId,
    follow::{Unvouched, VouchForBlock},
};
use quorate_wire::{BlockRef, BlockWord, Digest, NetworkFile, NodeIndex, Signed};
use tokio::{task::JoinSet, time::Instant};

use super::Contradictions;
use crate::{
    egress::Egress,
    endpoints::{EndpointBoard, host_of},
};

/// For how long a member is asked at one of its addresses…
const ASK: Duration = Duration::from_secs(2);
/// …and all members at all of theirs.
const ASK_ALL: Duration = Duration::from_secs(5);
/// How long others are waited for that may say otherwise, once enough have said the same.
const OTHERS: Duration = Duration::from_secs(1);
/// At how many addresses one member is asked.
const ADDRESSES_MAX: usize = 4;
/// Pause before the members are asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// Signs what this node says of blocks.
pub(crate) struct BlockSpeaker {
    network: Arc<NetworkFile>,
    me: NodeIndex,
    key: ed25519_dalek::SigningKey,
}

impl BlockSpeaker {
    pub(crate) fn new(network: Arc<NetworkFile>, me: NodeIndex, key: ed25519_dalek::SigningKey) -> Self {
        BlockSpeaker { network, me, key }
    }

    /// This node's word that a block has this hash: only for one up to which it has replayed the chain itself.
    pub(crate) fn word(&self, number: u64, hash: B256) -> Signed<BlockWord> {
        let block = BlockRef { number, hash: Digest(hash.0) };
        let body = BlockWord { network: self.network.id(), genesis: self.network.chain.genesis, block };
        Signed::new(self.me, body, &self.key)
    }
}

/// The other members, and the way to them.
pub(crate) struct Vouchers {
    network: Arc<NetworkFile>,
    me: NodeIndex,
    endpoints: Arc<EndpointBoard>,
    egress: Arc<Egress>,
    contradictions: Arc<Contradictions>,
}

impl fmt::Debug for Vouchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vouchers").field("me", &self.me).finish_non_exhaustive()
    }
}

impl VouchForBlock for Vouchers {
    fn vouch(&self, block: BlockId) -> Pin<Box<dyn Future<Output = Result<(), Unvouched>> + Send + '_>> {
        Box::pin(async move {
            let asked = self.ask_all(block).await;
            if let Err(Unvouched::TooFew(_)) = &asked {
                tokio::time::sleep(PAUSE).await;
            }
            asked
        })
    }
}

impl Vouchers {
    pub(crate) fn new(
        network: Arc<NetworkFile>,
        me: NodeIndex,
        (endpoints, egress): (Arc<EndpointBoard>, Arc<Egress>),
        contradictions: Arc<Contradictions>,
    ) -> Self {
        Vouchers { network, me, endpoints, egress, contradictions }
    }

    /// Asks every other member for its word on a block that the chain's key has signed. As many as the threshold have to
    /// say the same. Fewer that say otherwise may all lie: they are shown, and stop nothing. As many as the threshold that
    /// say otherwise do stop it, since one of them is honest.
    async fn ask_all(&self, block: BlockId) -> Result<(), Unvouched> {
        let threshold = usize::from(self.network.threshold);
        let others: Vec<_> = self.network.indices().filter(|&node| node != self.me).collect();
        if others.len() < threshold {
            return Err(Unvouched::Never(format!(
                "{threshold} members besides this node have to, and there are {}",
                others.len()
            )));
        }
        let heard = self.hear(&others, block, threshold).await;
        let named = |word: &Signed<BlockWord>| {
            format!("{} signs {}", self.network.named(word.node), word.body.block.hash)
        };
        let otherwise = heard.otherwise.iter().map(named).collect::<Vec<_>>().join(", ");
        self.keep(&heard).await;
        if heard.otherwise.len() >= threshold {
            return Err(Unvouched::Contradicted(otherwise));
        }
        let said = heard.same.len();
        if said >= threshold {
            return Ok(());
        }
        let silent = others.iter().filter(|node| !heard.is_of(**node));
        let silent: Vec<_> = silent.map(|node| self.network.named(*node)).collect();
        let mut missing = format!("{said} of {threshold} do");
        if !silent.is_empty() {
            missing.push_str(&format!(", and no word came from {}", silent.join(", ")));
        }
        if !otherwise.is_empty() {
            missing.push_str(&format!("; {otherwise}"));
        }
        Err(Unvouched::TooFew(missing))
    }

    /// Keeps what members signed that contradict the chain.
    async fn keep(&self, heard: &Heard) {
        if heard.otherwise.is_empty() {
            return;
        }
        let (contradictions, heard) = (self.contradictions.clone(), heard.clone());
        let keeping = tokio::task::spawn_blocking(move || {
            for word in &heard.otherwise {
                contradictions.note(word, &heard.same);
            }
        });
        // A panic there (a bug) is no reason to believe anybody more or less.
        let _ = keeping.await;
    }

    /// What members sign for a block's number, each once: of all that answer in time, or of enough and some more.
    async fn hear(&self, others: &[NodeIndex], block: BlockId, threshold: usize) -> Heard {
        let mut asked = JoinSet::new();
        for &node in others {
            let (network, endpoints, egress) =
                (self.network.clone(), self.endpoints.clone(), self.egress.clone());
            let member = Arc::new(Member { network, endpoints, egress, node });
            asked.spawn(member.word(block.number));
        }
        let mut heard = Heard::default();
        let mut until = Instant::now() + ASK_ALL;
        while let Ok(Some(answer)) = tokio::time::timeout_at(until, asked.join_next()).await {
            let Ok(Some(word)) = answer else { continue };
            let same = word.body.block.hash.0 == block.hash.0;
            let said = if same { &mut heard.same } else { &mut heard.otherwise };
            said.push(word);
            if said.len() == threshold {
                until = until.min(Instant::now() + OTHERS);
            }
        }
        heard
    }
}

/// What members signed for one block, each at most once.
#[derive(Clone, Default)]
struct Heard {
    same: Vec<Signed<BlockWord>>,
    otherwise: Vec<Signed<BlockWord>>,
}

impl Heard {
    fn is_of(&self, node: NodeIndex) -> bool {
        self.same.iter().chain(&self.otherwise).any(|word| word.node == node)
    }
}

/// One member, and the way to it.
struct Member {
    network: Arc<NetworkFile>,
    endpoints: Arc<EndpointBoard>,
    egress: Arc<Egress>,
    node: NodeIndex,
}

impl Member {
    /// What the member signs for a number: the first word of its own that comes from any of its addresses.
    async fn word(self: Arc<Self>, number: u64) -> Option<Signed<BlockWord>> {
        let mut asked = JoinSet::new();
        for base in self.endpoints.http(self.node).into_iter().take(ADDRESSES_MAX) {
            let member = self.clone();
            asked.spawn(async move {
                tokio::time::timeout(ASK, member.word_at(&base, number)).await.ok().flatten()
            });
        }
        while let Some(answer) = asked.join_next().await {
            if let Ok(Some(word)) = answer {
                return Some(word);
            }
        }
        None
    }

    async fn word_at(&self, base: &str, number: u64) -> Option<Signed<BlockWord>> {
        let host = url::Url::parse(base).ok()?;
        let host = host_of(&format!("{}:0", host.host_str()?));
        let may_reach = |address: IpAddr| self.endpoints.may_reach(self.node, &host, address);
        let url = format!("{base}/v1/blocks/{number}");
        let fetched = self.egress.download_from_node(&url, BlockWord::BYTES_MAX, may_reach).await.ok()?;
        if fetched.status != 200 {
            return None;
        }
        let word = serde_json::from_slice(&fetched.body).ok();
        let said = word.filter(|word| is_of(&self.network, self.node, number, word));
        if said.is_none() {
            tracing::warn!(
                node = self.network.named(self.node),
                "what came is not this node's word on a block"
            );
        }
        said
    }
}

/// Whether a word is this member's, of this network and chain, and on the block of this number.
pub(super) fn is_of(network: &NetworkFile, node: NodeIndex, number: u64, word: &Signed<BlockWord>) -> bool {
    let BlockWord { network: of, genesis, block } = word.body;
    word.node == node
        && of == network.id()
        && genesis == network.chain.genesis
        && block.number == number
        && network.node(node).is_some_and(|member| word.verify(&member.statement_key).is_ok())
}

#[cfg(test)]
pub(super) mod tests;
