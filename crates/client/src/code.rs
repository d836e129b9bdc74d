//! Storing an action's code with the nodes.

use bytes::Bytes;
use quorate_wire::{
    ActionCid, CodeRequest, CodeStored, CodeSubmission, ErrorCode, NodeIndex, Problem, code_request_id,
    limits::CODE_BYTES_MAX,
};
use tokio::{task::JoinSet, time::timeout};

use crate::{Client, ClientError, Login, Tried, ask::Trouble, client::now_ms};

/// Who has taken an action's code. Each entry is that node's own word; the network runs the action by its name
/// alone as soon as one honest node that can be reached has it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBy {
    /// The action.
    pub action: ActionCid,
    /// The nodes that have it now, and whether it was new to them.
    pub nodes: Vec<(NodeIndex, CodeStored)>,
    /// The nodes that refused it.
    pub refused: Vec<(NodeIndex, Problem)>,
    /// The nodes that gave no answer that is understood.
    pub silent: Vec<Tried>,
}

impl StoredBy {
    /// Whether at least as many nodes have it as it takes to sign: then one of them is honest, and stays reachable as
    /// long as the network can sign at all.
    #[must_use]
    pub fn enough(&self, threshold: u8) -> bool {
        self.nodes.len() >= usize::from(threshold)
    }
}

impl Client {
    /// Stores an action's code with all nodes at once. The session must be allowed to run the action.
    ///
    /// # Errors
    /// [`ClientError::Problem`] if the code is too long, [`ClientError::Machine`]. What a single node answers is in
    /// the result, also if none has taken it.
    pub async fn put_code(&self, login: &Login, code: &str) -> Result<StoredBy, ClientError> {
        if code.len() > CODE_BYTES_MAX {
            return Err(Problem::of(ErrorCode::CodeTooLarge).into());
        }
        let action = ActionCid::of_code(code.as_bytes());
        let body = self.code_body(login, action, code)?;
        let mut asked = JoinSet::new();
        for node in self.network_file().indices() {
            let (client, body) = (self.clone(), body.clone());
            asked.spawn(async move { (node, client.put_code_to(node, action, body).await) });
        }
        let mut stored = StoredBy { action, nodes: Vec::new(), refused: Vec::new(), silent: Vec::new() };
        for (node, answer) in asked.join_all().await {
            match answer {
                Ok(answer) => stored.nodes.push((node, answer)),
                Err(Trouble::Problem(problem) | Trouble::Proven(problem)) => {
                    stored.refused.push((node, *problem))
                }
                Err(Trouble::Silent(trouble)) => stored.silent.push(Tried { node, trouble }),
                Err(Trouble::Unproven(error)) => {
                    stored.silent.push(Tried { node, trouble: error.to_string() });
                }
            }
        }
        stored.nodes.sort_by_key(|(node, _)| *node);
        stored.refused.sort_by_key(|(node, _)| *node);
        stored.silent.sort_by_key(|tried| tried.node);
        Ok(stored)
    }

    fn code_body(&self, login: &Login, action: ActionCid, code: &str) -> Result<Bytes, ClientError> {
        let session = login.session().key;
        let (login_hash, time_ms) = (login.hash(), now_ms()?);
        let request = CodeRequest { v: 1, network: self.id, session, login: login_hash, action, time_ms };
        let malformed = |_| Problem::of(ErrorCode::MalformedRequest);
        let request = serde_json::to_vec(&request).map_err(malformed)?;
        let sig = login.sign_request(&code_request_id(&self.id, &request)).to_vec();
        let submission = CodeSubmission { request, sig, login: login.proof().clone(), code: code.to_owned() };
        Ok(serde_json::to_vec(&submission).map_err(malformed)?.into())
    }

    async fn put_code_to(
        self,
        node: NodeIndex,
        action: ActionCid,
        body: Bytes,
    ) -> Result<CodeStored, Trouble> {
        let answer = timeout(self.options.read_deadline, self.put(node, "/v1/code", body)).await;
        let late = |_| Trouble::Silent("it does not answer in time".to_owned());
        let stored: CodeStored = answer.map_err(late)??;
        if stored.action == action {
            Ok(stored)
        } else {
            Err(Trouble::Silent("it answers for another action".to_owned()))
        }
    }
}
