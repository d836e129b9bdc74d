//! Who is asked for a source: the other nodes first, then the gateways that the operator has named.

use std::{sync::Arc, time::Duration};

use quorate_wire::{ActionCid, NetworkFile, NodeIndex, limits::CODE_BYTES_MAX};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{CodeConfig, CodeError, Outcome, blocking, blocks, checked, config::base};
use crate::egress::Egress;

/// Sources that are asked at the same time for one action, as long as they answer.
const ASKED_AT_ONCE: usize = 4;
/// Asking the nodes, which are near, and asking the gateways.
const NODES: Duration = Duration::from_secs(3);
const GATEWAYS: Duration = Duration::from_secs(8);
/// One that has not answered by then goes on, but no longer keeps the next one waiting.
const PATIENCE: Duration = Duration::from_secs(2);

/// The other nodes, the gateways, and the way to them.
pub(crate) struct Sources {
    egress: Arc<Egress>,
    nodes: Vec<String>,
    gateways: Vec<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Node,
    Gateway,
}

impl Sources {
    /// Everybody but this node. The configuration has been checked.
    pub(crate) fn new(
        network: &NetworkFile,
        me: NodeIndex,
        config: &CodeConfig,
        egress: Arc<Egress>,
    ) -> Self {
        let others = network.indices().filter(|&node| node != me);
        let nodes = others.filter_map(|node| network.endpoint(node));
        Sources {
            egress,
            nodes: nodes.map(|endpoint| endpoint.http.trim_end_matches('/').to_owned()).collect(),
            gateways: config.gateways.iter().filter_map(|gateway| base(gateway).ok()).collect(),
        }
    }

    /// Asks for a source; says what kind of source had it.
    ///
    /// # Errors
    /// [`CodeError::Missing`] if nobody has it, [`CodeError::NotText`].
    pub(super) async fn look(&self, cid: ActionCid) -> Result<(&'static str, Arc<str>), CodeError> {
        if let Some(outcome) = self.first(cid, &self.nodes, Kind::Node, NODES).await {
            return outcome.map(|code| ("node", code));
        }
        match self.first(cid, &self.gateways, Kind::Gateway, GATEWAYS).await {
            Some(outcome) => outcome.map(|code| ("gateway", code)),
            None => Err(CodeError::Missing),
        }
    }

    /// The first answer that is what its name says. The others are not waited for.
    async fn first(&self, cid: ActionCid, bases: &[String], kind: Kind, within: Duration) -> Option<Outcome> {
        let places = Arc::new(Semaphore::new(ASKED_AT_ONCE));
        let mut asked = JoinSet::new();
        for base in bases {
            let (places, egress, base) = (places.clone(), self.egress.clone(), base.clone());
            asked.spawn(async move {
                let place = places.acquire_owned().await.ok()?;
                let asking = ask(&egress, cid, &base, kind);
                tokio::pin!(asking);
                if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut asking).await {
                    return answer;
                }
                drop(place);
                asking.await
            });
        }
        let answers = async {
            while let Some(answer) = asked.join_next().await {
                if let Ok(Some(outcome)) = answer {
                    return Some(outcome);
                }
            }
            None
        };
        tokio::time::timeout(within, answers).await.unwrap_or(None)
    }
}

async fn ask(egress: &Egress, cid: ActionCid, base: &str, kind: Kind) -> Option<Outcome> {
    let body = match kind {
        Kind::Node => {
            let fetched = egress.download_from_node(&format!("{base}/v1/code/{cid}"), CODE_BYTES_MAX).await;
            fetched.ok().filter(|fetched| fetched.status == 200)?.body
        }
        Kind::Gateway => from_gateway(egress, cid, base).await?,
    };
    let outcome = blocking(move || checked(cid, body)).await.ok()?;
    if outcome.is_none() {
        tracing::warn!(action = %cid, source = base, "a source of code gave something else");
    }
    outcome
}

/// The file as it is; or its blocks, where a gateway says that it hands out only what its readers can check.
async fn from_gateway(egress: &Egress, cid: ActionCid, base: &str) -> Option<Vec<u8>> {
    let fetched = egress.download(&format!("{base}/ipfs/{cid}"), None, CODE_BYTES_MAX).await.ok()?;
    match fetched.status {
        200 => Some(fetched.body),
        400 | 406 | 415 => blocks::download(egress, base, cid).await,
        _ => None,
    }
}
