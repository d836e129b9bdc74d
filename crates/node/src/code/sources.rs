//! Who is asked for a source: the other nodes first, then the gateways that the operator has named.

use std::{sync::Arc, time::Duration};

use quorate_wire::{ActionCid, NetworkFile, NodeIndex, limits::CODE_BYTES_MAX};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{CodeConfig, CodeError, Outcome, blocking, checked, config::base};
use crate::egress::Egress;

/// Sources that are asked at the same time for one action, and the most that are held of them.
const ASKED_AT_ONCE: usize = 4;
/// Asking the nodes, which are near, and asking the gateways.
const NODES: Duration = Duration::from_secs(3);
const GATEWAYS: Duration = Duration::from_secs(8);

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
        let nodes = self.nodes.iter().map(|node| format!("{node}/v1/code/{cid}")).collect();
        if let Some(outcome) = self.first(cid, nodes, Kind::Node, NODES).await {
            return outcome.map(|code| ("node", code));
        }
        let gateways = self.gateways.iter().map(|gateway| format!("{gateway}/ipfs/{cid}")).collect();
        match self.first(cid, gateways, Kind::Gateway, GATEWAYS).await {
            Some(outcome) => outcome.map(|code| ("gateway", code)),
            None => Err(CodeError::Missing),
        }
    }

    /// The first answer that is what its name says. The others are not waited for.
    async fn first(
        &self,
        cid: ActionCid,
        addresses: Vec<String>,
        kind: Kind,
        within: Duration,
    ) -> Option<Outcome> {
        let places = Arc::new(Semaphore::new(ASKED_AT_ONCE));
        let mut asked = JoinSet::new();
        for address in addresses {
            let (places, egress) = (places.clone(), self.egress.clone());
            asked.spawn(async move {
                let _place = places.acquire_owned().await.ok()?;
                ask(&egress, cid, &address, kind).await
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

async fn ask(egress: &Egress, cid: ActionCid, address: &str, kind: Kind) -> Option<Outcome> {
    let fetched = match kind {
        Kind::Node => egress.download_from_node(address, CODE_BYTES_MAX).await,
        Kind::Gateway => egress.download(address, CODE_BYTES_MAX).await,
    };
    let body = fetched.ok().filter(|fetched| fetched.status == 200)?.body;
    let outcome = blocking(move || checked(cid, body)).await.ok()?;
    if outcome.is_none() {
        tracing::warn!(action = %cid, address, "a source of code gave something else");
    }
    outcome
}
