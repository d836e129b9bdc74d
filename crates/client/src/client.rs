//! Asking the nodes of a network.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hyper::StatusCode;
use quorate_threshold::value::PublicShares;
use quorate_wire::{
    BlockRef, ExecutionReply, HeadView, NetworkFile, NetworkId, NetworkView, NodeIndex, PkpView, Problem,
    RootKeys, TokenId, limits::EXECUTION_MS_MAX,
};
use serde::de::DeserializeOwned;

use crate::{
    ClientError, ExecutionCall, Login, PreparedRequest, Verified, VerifyError,
    ask::{Pace, Trouble, first_answer},
    call::Moment,
    http::Http,
    places::Places,
    verify::{shows_divergence, verify_execution, verify_problem},
};

/// How a client asks.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The node that is asked first; the others follow in the committee's order.
    pub first: Option<NodeIndex>,
    /// A node that has not answered a call for so long gets company by the next one.
    pub hedge: Duration,
    /// An execution ends after this, whatever the nodes do.
    pub deadline: Duration,
    /// A read ends after this.
    pub read_deadline: Duration,
    /// A node that does not take a connection for so long counts as unreachable.
    pub connect_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            first: None,
            hedge: Duration::from_secs(5),
            deadline: Duration::from_millis(EXECUTION_MS_MAX + 5_000),
            read_deadline: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(1),
        }
    }
}

/// A client of one network. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Client {
    network: Arc<NetworkFile>,
    pub(crate) id: NetworkId,
    pub(crate) http: Http,
    pub(crate) options: ClientOptions,
    /// Where the nodes are now, by their newest words.
    pub(crate) places: Arc<Places>,
    /// The network's root keys, once they are known.
    pub(crate) known_keys: Arc<OnceLock<RootKeys>>,
    /// The public shares of the decryption root, once they are known.
    pub(crate) known_shares: Arc<OnceLock<Arc<PublicShares>>>,
}

/// An execution's verified answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The node that answered first.
    pub node: NodeIndex,
    /// Its answer. Logs and usage are that node's own word; all else is proven by the receipt.
    pub reply: ExecutionReply,
    /// What the receipt proves.
    pub verified: Verified,
}

impl Client {
    /// A client of the network that the file describes.
    ///
    /// # Errors
    /// [`ClientError::NetworkFile`] for a file of version 5 that not every operator has approved;
    /// [`ClientError::Machine`] if TLS cannot be set up.
    pub fn new(network: NetworkFile, options: ClientOptions) -> Result<Self, ClientError> {
        if network.founding.is_some() {
            network.check_approvals().map_err(ClientError::NetworkFile)?;
        }
        let http = Http::new(options.connect_timeout).map_err(|_| ClientError::Machine("TLS"))?;
        let (known_keys, known_shares) = (Arc::default(), Arc::default());
        let places = Arc::new(Places::new(&network));
        let (id, network) = (network.id(), Arc::new(network));
        Ok(Client { network, id, http, options, places, known_keys, known_shares })
    }

    /// The network file.
    #[must_use]
    pub fn network_file(&self) -> &NetworkFile {
        &self.network
    }

    /// How one node sees the network. Unproven: the node's own word.
    ///
    /// # Errors
    /// [`ClientError`]; a node of another network, or another node, is refused.
    pub async fn network(&self, node: NodeIndex) -> Result<NetworkView, ClientError> {
        let client = self.clone();
        let ask = move |node| client.clone().read_network(node);
        let (_, view) = first_answer(vec![node], self.read_pace(), ask).await?;
        Ok(view)
    }

    /// The chain's head, by the first node that tells one. Unproven: nodes check what is asked at it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn head(&self) -> Result<(NodeIndex, HeadView), ClientError> {
        let client = self.clone();
        let ask = move |node| {
            let client = client.clone();
            async move {
                let view = client.read_network(node).await?;
                view.head.ok_or_else(|| Trouble::Silent("it has no head of the chain yet".to_owned()))
            }
        };
        first_answer(self.order(), self.read_pace(), ask).await
    }

    /// A key, by the first node that tells of it. The node's own word, but for the relations between
    /// token, public key and address, which are checked.
    ///
    /// # Errors
    /// [`ClientError`], with `pkp_unknown` for a key that is not registered.
    pub async fn pkp(&self, id: &TokenId) -> Result<PkpView, ClientError> {
        let (client, id) = (self.clone(), *id);
        let ask = move |node| {
            let client = client.clone();
            async move {
                let view: PkpView = client.get(node, &format!("/v1/pkps/{id}")).await?;
                if view.token_id != id
                    || view.public_key.token_id() != id
                    || view.public_key.address() != view.address
                {
                    return Err(VerifyError::OtherKey.into());
                }
                Ok(view)
            }
        };
        Ok(first_answer(self.order(), self.read_pace(), ask).await?.1)
    }

    /// Makes a signed request at the head that a node tells, with this machine's time and entropy.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prepare(&self, login: &Login, call: &ExecutionCall) -> Result<PreparedRequest, ClientError> {
        let (_, head) = self.head().await?;
        let mut nonce = [0u8; 16];
        getrandom::fill(&mut nonce).map_err(|_| ClientError::Machine("entropy"))?;
        let time_ms = now_ms()?;
        let block = BlockRef { number: head.number, hash: head.hash };
        let moment = Moment { network: self.id, block, time_ms, nonce };
        Ok(PreparedRequest::sign(call, login, &moment)?)
    }

    /// Sends a request to one node after another, always the same bytes, until one gives an answer
    /// that proves itself. Sending it again later gives the same outcome, not a second execution.
    ///
    /// # Errors
    /// [`ClientError`]. What a [`Problem`] carries of an execution is verified as well.
    pub async fn submit(&self, request: &PreparedRequest) -> Result<Execution, ClientError> {
        let (client, request) = (self.clone(), request.clone());
        let ask = move |node| {
            let (client, request) = (client.clone(), request.clone());
            async move {
                match client.post::<ExecutionReply>(node, "/v1/executions", request.shared_body()).await {
                    Ok(reply) => {
                        let verified = verify_execution(&client.network, request.bytes(), &reply)?;
                        Ok(Execution { node, reply, verified })
                    }
                    Err(Trouble::Problem(mut problem)) => {
                        verify_problem(&client.network, request.bytes(), &problem)?;
                        let diverged = shows_divergence(&client.network, &problem);
                        // Votes that prove nothing are one node's word about others: nobody is named for them.
                        if !diverged {
                            problem.odd.clear();
                        }
                        // An execution that is proven to have ended stays ended, whatever its code.
                        let proven = problem.execution.is_some() || diverged;
                        Err(if proven { Trouble::Proven(problem) } else { Trouble::Problem(problem) })
                    }
                    Err(trouble) => Err(trouble),
                }
            }
        };
        let pace = Pace { hedge: self.options.hedge, deadline: self.options.deadline };
        Ok(first_answer(self.order(), pace, ask).await?.1)
    }

    /// [`Client::prepare`] and [`Client::submit`].
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn execute(&self, login: &Login, call: &ExecutionCall) -> Result<Execution, ClientError> {
        let request = self.prepare(login, call).await?;
        self.submit(&request).await
    }

    /// All nodes, the preferred one first.
    pub(crate) fn order(&self) -> Vec<NodeIndex> {
        let mut nodes: Vec<NodeIndex> = self.network.indices().collect();
        let first = nodes.iter().position(|node| Some(*node) == self.options.first);
        nodes.rotate_left(first.unwrap_or_default());
        nodes
    }

    pub(crate) fn read_pace(&self) -> Pace {
        Pace { hedge: self.options.connect_timeout, deadline: self.options.read_deadline }
    }

    /// Asks a node, wherever it is now.
    pub(crate) async fn get<T: DeserializeOwned>(&self, node: NodeIndex, path: &str) -> Result<T, Trouble> {
        self.at_places(node, path, |url| async move { read(&self.http.get(&url).await?) }).await
    }

    /// Tells a node, wherever it is now.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        node: NodeIndex,
        path: &str,
        json: Bytes,
    ) -> Result<T, Trouble> {
        let post = |url: String| {
            let json = json.clone();
            async move { read(&self.http.post(&url, json).await?) }
        };
        self.at_places(node, path, post).await
    }

    /// Gives a node something, wherever it is now.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        node: NodeIndex,
        path: &str,
        json: Bytes,
    ) -> Result<T, Trouble> {
        let put = |url: String| {
            let json = json.clone();
            async move { read(&self.http.put(&url, json).await?) }
        };
        self.at_places(node, path, put).await
    }

    async fn read_network(self, node: NodeIndex) -> Result<NetworkView, Trouble> {
        let view = |url: String| {
            let client = &self;
            async move { client.view_at(node, &url).await }
        };
        self.at_places(node, "/v1/network", view).await
    }
}

/// This machine's clock.
pub(crate) fn now_ms() -> Result<u64, ClientError> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|time| u64::try_from(time.as_millis()).ok())
        .ok_or(ClientError::Machine("time"))
}

/// Reads what was asked for, or the problem document that came instead.
pub(crate) fn read<T: DeserializeOwned>((status, body): &(StatusCode, Bytes)) -> Result<T, Trouble> {
    let unknown = |_| Trouble::Silent(format!("it answers {} with something else", status.as_u16()));
    if status.is_success() {
        serde_json::from_slice(body).map_err(unknown)
    } else {
        let problem: Problem = serde_json::from_slice(body).map_err(unknown)?;
        Err(Trouble::Problem(Box::new(problem)))
    }
}
