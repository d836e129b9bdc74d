//! Who is asked for a source: the other nodes first, then the gateways that the operator has named.

use std::{net::IpAddr, sync::Arc, time::Duration};

use quorate_wire::{ActionCid, NodeIndex, limits::CODE_BYTES_MAX};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{CodeConfig, CodeError, Outcome, blocking, blocks, checked, config::base};
use crate::{
    egress::Egress,
    endpoints::{EndpointBoard, host_of},
};

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
    endpoints: Arc<EndpointBoard>,
    gateways: Vec<String>,
}

/// One that is asked, by its base URL.
#[derive(Clone)]
enum Source {
    Node(NodeIndex, Arc<EndpointBoard>, String),
    Gateway(String),
}

impl Sources {
    /// Everybody but this node. The configuration has been checked.
    pub(crate) fn new(endpoints: Arc<EndpointBoard>, config: &CodeConfig, egress: Arc<Egress>) -> Self {
        let gateways = config.gateways.iter().filter_map(|gateway| base(gateway).ok()).collect();
        Sources { egress, endpoints, gateways }
    }

    /// The other nodes where they are now: each at its public address, and then those that have a private one.
    fn nodes(&self) -> Vec<Source> {
        let bases = self.endpoints.peers().into_iter().flat_map(|node| {
            let bases = self.endpoints.http(node).into_iter().enumerate();
            bases.map(move |(place, base)| (place, node, base))
        });
        let mut bases: Vec<_> = bases.collect();
        bases.sort_by_key(|&(place, node, _)| (place, node));
        bases.into_iter().map(|(_, node, base)| Source::Node(node, self.endpoints.clone(), base)).collect()
    }

    /// Asks for a source; says what kind of source had it.
    ///
    /// # Errors
    /// [`CodeError::Missing`] if nobody has it, [`CodeError::NotText`].
    pub(super) async fn look(&self, cid: ActionCid) -> Result<(&'static str, Arc<str>), CodeError> {
        if let Some(outcome) = self.first(cid, self.nodes(), NODES).await {
            return outcome.map(|code| ("node", code));
        }
        let gateways = self.gateways.iter().cloned().map(Source::Gateway).collect();
        match self.first(cid, gateways, GATEWAYS).await {
            Some(outcome) => outcome.map(|code| ("gateway", code)),
            None => Err(CodeError::Missing),
        }
    }

    /// The first answer that is what its name says. The others are not waited for.
    async fn first(&self, cid: ActionCid, sources: Vec<Source>, within: Duration) -> Option<Outcome> {
        let places = Arc::new(Semaphore::new(ASKED_AT_ONCE));
        let mut asked = JoinSet::new();
        for source in sources {
            let (places, egress) = (places.clone(), self.egress.clone());
            asked.spawn(async move {
                let place = places.acquire_owned().await.ok()?;
                let asking = ask(&egress, cid, &source);
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

async fn ask(egress: &Egress, cid: ActionCid, source: &Source) -> Option<Outcome> {
    let (base, body) = match source {
        Source::Node(node, endpoints, base) => {
            let host =
                url::Url::parse(base).ok().and_then(|url| Some(host_of(&format!("{}:0", url.host_str()?))));
            let host = host.unwrap_or_default();
            let may_reach = |address: IpAddr| endpoints.may_reach(*node, &host, address);
            let url = format!("{base}/v1/code/{cid}");
            let fetched = egress.download_from_node(&url, CODE_BYTES_MAX, may_reach).await;
            (base, fetched.ok().filter(|fetched| fetched.status == 200)?.body)
        }
        Source::Gateway(base) => (base, from_gateway(egress, cid, base).await?),
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
