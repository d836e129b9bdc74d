//! Members' words on a block: this node's own, and those that it asks for when it begins with a snapshot.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quorate_registry::{
    alloy_primitives::B256,
    chain::BlockId,
    follow::{Unvouched, VouchForBlock},
};
use quorate_wire::{BlockRef, BlockWord, Digest, NetworkFile, NodeIndex, Signed};
use tokio::{task::JoinSet, time::Instant};

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
    /// What was logged last of who is missing.
    told: Mutex<String>,
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
            if let Err(Unvouched::TooFew(missing)) = &asked {
                self.tell(block.number, missing);
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
        endpoints: Arc<EndpointBoard>,
        egress: Arc<Egress>,
    ) -> Self {
        Vouchers { network, me, endpoints, egress, told: Mutex::default() }
    }

    /// Asks every other member. As many as the threshold have to say the same, and nobody may say otherwise.
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
        let named = |(node, hash): (&NodeIndex, &B256)| format!("{} signs {hash}", self.network.named(*node));
        let otherwise: Vec<_> = heard.iter().filter(|(_, hash)| **hash != block.hash).map(named).collect();
        if !otherwise.is_empty() {
            return Err(Unvouched::Contradicted(otherwise.join(", ")));
        }
        if heard.len() >= threshold {
            return Ok(());
        }
        let silent = others.iter().filter(|node| !heard.contains_key(node));
        let silent: Vec<_> = silent.map(|node| self.network.named(*node)).collect();
        let (said, silent) = (heard.len(), silent.join(", "));
        Err(Unvouched::TooFew(format!("{said} of {threshold} do, and no word came from {silent}")))
    }

    /// What members sign for a block's number, each once: of all that answer in time, or of enough and some more.
    async fn hear(
        &self,
        others: &[NodeIndex],
        block: BlockId,
        threshold: usize,
    ) -> BTreeMap<NodeIndex, B256> {
        let mut asked = JoinSet::new();
        for &node in others {
            let member = Member {
                network: self.network.clone(),
                endpoints: self.endpoints.clone(),
                egress: self.egress.clone(),
                node,
            };
            asked.spawn(async move { (node, member.word(block.number).await) });
        }
        let mut heard = BTreeMap::new();
        let mut until = Instant::now() + ASK_ALL;
        while let Ok(Some(answer)) = tokio::time::timeout_at(until, asked.join_next()).await {
            let Ok((node, Some(hash))) = answer else { continue };
            heard.insert(node, hash);
            if heard.len() == threshold {
                until = until.min(Instant::now() + OTHERS);
            }
        }
        heard
    }

    /// Says who is missing when that has changed.
    fn tell(&self, number: u64, missing: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != missing {
            tracing::warn!(number, "members are asked to vouch for the snapshot's block: {missing}");
            missing.clone_into(&mut told);
        }
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
    /// The hash that the member signs for a number; at the first of its addresses that has its word.
    async fn word(&self, number: u64) -> Option<B256> {
        for base in self.endpoints.http(self.node) {
            if let Ok(Some(hash)) = tokio::time::timeout(ASK, self.word_at(&base, number)).await {
                return Some(hash);
            }
        }
        None
    }

    async fn word_at(&self, base: &str, number: u64) -> Option<B256> {
        let host = url::Url::parse(base).ok()?;
        let host = host_of(&format!("{}:0", host.host_str()?));
        let may_reach = |address: IpAddr| self.endpoints.may_reach(self.node, &host, address);
        let url = format!("{base}/v1/blocks/{number}");
        let fetched = self.egress.download_from_node(&url, BlockWord::BYTES_MAX, may_reach).await.ok()?;
        if fetched.status != 200 {
            return None;
        }
        let said = checked(&self.network, self.node, number, &fetched.body);
        if said.is_none() {
            tracing::warn!(
                node = self.network.named(self.node),
                "what came is not this node's word on a block"
            );
        }
        said
    }
}

/// The hash in a member's word, if it is this member's, of this network and chain, and on this block.
fn checked(network: &NetworkFile, node: NodeIndex, number: u64, bytes: &[u8]) -> Option<B256> {
    let said: Signed<BlockWord> = serde_json::from_slice(bytes).ok()?;
    let BlockWord { network: of, genesis, block } = said.body;
    let fits = said.node == node
        && of == network.id()
        && genesis == network.chain.genesis
        && block.number == number
        && said.verify(&network.node(node)?.statement_key).is_ok();
    fits.then_some(B256::from(block.hash.0))
}

#[cfg(test)]
mod tests;
