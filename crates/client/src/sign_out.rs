//! Signing out: all nodes are told at once, and each says in its own signed word that it has it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use quorate_wire::{
    Ends, ErrorCode, HeldRevocation, NodeIndex, Problem, RequestId, RevocationReply, RevocationRequest,
    RevocationSubmission, Signed, revocation_request_id,
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{Client, ClientError, Login, Tried, ask::Trouble, client::now_ms};

/// Who takes nothing more of what was signed out.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedOut {
    /// The nodes that have the revocation on disk, each by its own signature. They hand it on to the others.
    pub nodes: Vec<NodeIndex>,
    /// How many nodes there are.
    pub of: usize,
    /// Whether the nodes without it are less than the threshold: they alone can sign nothing.
    pub done: bool,
    /// The nodes that have refused it.
    pub refused: Vec<(NodeIndex, Problem)>,
    /// The nodes that gave no answer that is understood.
    pub silent: Vec<Tried>,
}

impl Client {
    /// Signs out: the login's session, or everything that its methods have allowed up to now. All nodes are asked at once,
    /// and hand it on to those that cannot be reached.
    ///
    /// # Errors
    /// [`ClientError::Machine`]. What a single node answers is in the result, also if none has it.
    pub async fn sign_out(&self, login: &Login, ends: Ends) -> Result<SignedOut, ClientError> {
        let (id, body) = self.revocation(login, ends)?;
        let mut asked = JoinSet::new();
        for node in self.network_file().indices() {
            let (client, body) = (self.clone(), body.clone());
            asked.spawn(async move { (node, client.sign_out_at(node, body).await) });
        }
        let threshold = usize::from(self.network_file().threshold);
        let of = self.network_file().indices().count();
        let mut held = BTreeSet::new();
        let mut troubles = BTreeMap::new();
        let deadline = Instant::now() + self.options.read_deadline;
        // All are waited for, also once it is enough: what has not left this machine yet may be what the last node needs.
        while let Ok(Some(ended)) = timeout_at(deadline, asked.join_next()).await {
            // A panic of ours in an asking task: the node counts as silent.
            let Ok((node, answer)) = ended else { continue };
            match answer {
                Ok(reply) => {
                    let words = reply.held.into_iter().filter(|word| self.says_so(id, word));
                    held.extend(words.map(|word| word.node));
                }
                Err(trouble) => drop(troubles.insert(node, trouble)),
            }
        }
        let (mut refused, mut silent) = (Vec::new(), Vec::new());
        for node in self.network_file().indices().filter(|node| !held.contains(node)) {
            match troubles.remove(&node) {
                Some(Trouble::Problem(problem) | Trouble::Proven(problem)) => refused.push((node, *problem)),
                Some(Trouble::Silent(trouble)) => silent.push(Tried { node, trouble }),
                Some(Trouble::Unproven(error)) => silent.push(Tried { node, trouble: error.to_string() }),
                None => silent.push(Tried { node, trouble: "it does not answer in time".to_owned() }),
            }
        }
        let nodes: Vec<NodeIndex> = held.into_iter().collect();
        Ok(SignedOut { done: of - nodes.len() < threshold, nodes, of, refused, silent })
    }

    /// Whether this is a member's own word that it has the revocation.
    fn says_so(&self, id: RequestId, word: &Signed<HeldRevocation>) -> bool {
        let HeldRevocation { network, epoch, revocation } = &word.body;
        let committee = self.network_file().committee(*epoch);
        (*network, *revocation) == (self.id, id)
            && committee.is_some_and(|committee| committee.has_signed(word))
    }

    fn revocation(&self, login: &Login, ends: Ends) -> Result<(RequestId, Bytes), ClientError> {
        let request = RevocationRequest {
            v: 1,
            network: self.id,
            session: login.session().key,
            login: login.hash(),
            ends,
            time_ms: now_ms()?,
        };
        let malformed = |_| Problem::of(ErrorCode::MalformedRequest);
        let request = serde_json::to_vec(&request).map_err(malformed)?;
        let id = revocation_request_id(&self.id, &request);
        let sig = login.sign_request(&id).to_vec();
        let submission = RevocationSubmission { request, sig, login: login.proof().clone() };
        Ok((id, serde_json::to_vec(&submission).map_err(malformed)?.into()))
    }

    async fn sign_out_at(self, node: NodeIndex, body: Bytes) -> Result<RevocationReply, Trouble> {
        self.post(node, "/v1/revocations", body).await
    }
}
