//! Having something opened: every node is asked for its share, each judges by itself, and t right ones make the value.

use std::collections::BTreeMap;

use quorate_encryption::sealed::{self, Reader};
use quorate_threshold::{
    Params, PartyIndex,
    value::{Partial, PublicShares, Value, combine},
};
use quorate_wire::{
    BlockRef, DecryptionReply, DecryptionRequest, DecryptionSubmission, Digest, ErrorCode, Identity,
    NodeIndex, PolicyForm, Problem, RequestId, ShareStatement, Signed, decryption_request_id,
};
use rand_core::CryptoRng;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{Client, ClientError, Login, VerifyError, ask::Trouble, client::now_ms};

/// What is to be opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The policy: a JSON list, as it was written.
    pub policy: Box<RawValue>,
    /// In which form it is.
    pub form: PolicyForm,
    /// What the ciphertext is under.
    pub identity: Identity,
}

/// What one node said when it was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// It gave its share, and signed at which of its blocks it judged: the latest and the finalized one.
    Gave(BlockRef, BlockRef),
    /// It gave a share that is none of its own, by this client's own check. What it stated of it.
    Lied(Box<Signed<ShareStatement>>),
    /// Its own word why not.
    Refused(Box<Problem>),
    /// Nothing that is understood.
    Silent(String),
}

/// A value that opens what is under one identity, proven under the network's key.
#[derive(Debug, Clone)]
pub struct OpeningValue {
    /// The value: a compressed point of G2.
    pub value: [u8; 96],
    /// What each node said that answered before the value was there.
    pub nodes: BTreeMap<NodeIndex, Said>,
}

/// The request to one node, and the secret half of its one-time key.
struct Asked {
    id: RequestId,
    body: bytes::Bytes,
    reader: Reader,
    login: Digest,
    identity: Identity,
}

impl Asked {
    /// A request to each node: what one is sent is of no use at another.
    fn of_all(
        client: &Client,
        (login, opening): (&Login, &Opening),
        rng: &mut dyn CryptoRng,
    ) -> Result<BTreeMap<NodeIndex, Self>, ClientError> {
        let nodes = client.network_file().indices();
        nodes.map(|node| Ok((node, Asked::new(client, node, (login, opening), rng)?))).collect()
    }

    fn new(
        client: &Client,
        node: NodeIndex,
        (login, opening): (&Login, &Opening),
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, ClientError> {
        let reader = Reader::new(rng);
        let mut nonce = [0u8; 16];
        rng.fill_bytes(&mut nonce);
        let request = DecryptionRequest {
            v: 1,
            network: client.id,
            node,
            session: login.session().key,
            login: login.hash(),
            policy: opening.policy.clone(),
            form: opening.form,
            identity: opening.identity,
            reader: Digest(*reader.public()),
            time_ms: now_ms()?,
            nonce: hex::encode(nonce),
        };
        let malformed = |_| ClientError::from(Problem::of(ErrorCode::MalformedRequest));
        let bytes = serde_json::to_vec(&request).map_err(malformed)?;
        DecryptionRequest::parse(&bytes)?;
        let id = decryption_request_id(&client.id, &bytes);
        let sig = login.sign_request(&id).to_vec();
        let submission = DecryptionSubmission { request: bytes, sig, login: login.proof().clone() };
        let body = serde_json::to_vec(&submission).map_err(malformed)?.into();
        Ok(Asked { id, body, reader, login: login.hash(), identity: opening.identity })
    }

    /// The share in a node's answer, if the node has signed exactly that.
    fn share(
        &self,
        client: &Client,
        (node, reply): (NodeIndex, DecryptionReply),
    ) -> Result<(Partial, Signed<ShareStatement>), Trouble> {
        let DecryptionReply { sealed, statement } = reply;
        let body = &statement.body;
        let committee = client.network_file().committee(body.epoch);
        let signed = committee.is_some_and(|committee| committee.has_signed(&statement));
        let about = (body.network, body.request, body.login, body.identity)
            == (client.id, self.id, self.login, self.identity);
        let hash: [u8; 32] = Sha256::digest(&sealed).into();
        if statement.node != node || !signed || !about || body.sealed != Digest(hash) {
            return Err(VerifyError::ShareStatement.into());
        }
        let share = self.reader.open(&sealed::context(&self.id, node), &sealed);
        let partial = share.and_then(|bytes| Partial::from_bytes(&bytes).ok());
        Ok((partial.ok_or(VerifyError::Share)?, statement))
    }
}

/// What has come so far.
struct Gathering<'a> {
    shares: &'a PublicShares,
    message: Vec<u8>,
    partials: BTreeMap<NodeIndex, (Partial, Signed<ShareStatement>)>,
    nodes: BTreeMap<NodeIndex, Said>,
}

impl Gathering<'_> {
    fn threshold(&self) -> usize {
        usize::from(self.shares.params().threshold())
    }

    /// The value, if t right shares are there. Shares are looked at one by one only where their sum is wrong.
    fn value(&mut self) -> Option<Value> {
        loop {
            let some = self.partials.iter().take(self.threshold());
            let some: BTreeMap<PartyIndex, Partial> =
                some.filter_map(|(node, (partial, _))| Some((party(*node)?, *partial))).collect();
            if some.len() < self.threshold() {
                return None;
            }
            let key = self.shares.value_key();
            let sum = combine(self.shares.params(), &some).ok();
            if let Some(value) = sum.filter(|value| key.verify(&self.message, value)) {
                return Some(value);
            }
            let wrong = self.partials.iter().filter(|(node, (partial, _))| {
                !party(**node).is_some_and(|from| self.shares.verify_partial(from, &self.message, partial))
            });
            let wrong: Vec<NodeIndex> = wrong.map(|(node, _)| *node).collect();
            for node in &wrong {
                if let Some((_, statement)) = self.partials.remove(node) {
                    self.nodes.insert(*node, Said::Lied(Box::new(statement)));
                }
            }
            if wrong.is_empty() {
                return None;
            }
        }
    }
}

impl Client {
    /// Asks all nodes for their shares of what opens the identity, and combines t of them. The value is checked under the
    /// network's certified key. A node whose share is wrong is named, and another's is taken.
    ///
    /// # Errors
    /// [`ClientError::Problem`]: the code that most nodes gave, or `decryption_failed`, with what each of them said.
    pub async fn opening_value(
        &self,
        login: &Login,
        opening: &Opening,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<OpeningValue, ClientError> {
        let shares = self.decryption_shares().await?;
        let asked = Asked::of_all(self, (login, opening), rng)?;
        let message = opening.identity.bytes();
        let mut gathering =
            Gathering { shares: &shares, message, partials: BTreeMap::new(), nodes: BTreeMap::new() };
        let deadline = Instant::now() + self.options.read_deadline;
        let mut asking = self.ask_all(&asked);
        while let Ok(Some(ended)) = timeout_at(deadline, asking.join_next()).await {
            // A panic of ours in an asking task: the node counts as silent.
            let Ok((node, answer)) = ended else { continue };
            match answer.and_then(|reply| asked[&node].share(self, (node, reply))) {
                Ok((partial, statement)) => {
                    let body = &statement.body;
                    gathering.nodes.insert(node, Said::Gave(body.latest, body.finalized));
                    gathering.partials.insert(node, (partial, statement));
                    if let Some(value) = gathering.value() {
                        return Ok(OpeningValue { value: value.to_bytes(), nodes: gathering.nodes });
                    }
                }
                Err(trouble) => drop(gathering.nodes.insert(node, said(trouble))),
            }
            let gone = gathering.nodes.values().filter(|said| !matches!(said, Said::Gave(..))).count();
            if self.network_file().indices().count() - gone < gathering.threshold() {
                // Whoever has not answered yet is not at fault.
                return Err(verdict(self, &gathering, None));
            }
        }
        Err(verdict(self, &gathering, Some("it does not answer in time")))
    }

    /// Asks every node, and waits for all of them: what each says of an opening, without opening anything.
    ///
    /// # Errors
    /// [`ClientError`] if the network's keys cannot be had, or this machine gives no entropy.
    pub async fn explain_opening(
        &self,
        login: &Login,
        opening: &Opening,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<BTreeMap<NodeIndex, Said>, ClientError> {
        let shares = self.decryption_shares().await?;
        let asked = Asked::of_all(self, (login, opening), rng)?;
        let message = opening.identity.bytes();
        let mut nodes: BTreeMap<NodeIndex, Said> = BTreeMap::new();
        let deadline = Instant::now() + self.options.read_deadline;
        let mut asking = self.ask_all(&asked);
        while let Ok(Some(ended)) = timeout_at(deadline, asking.join_next()).await {
            let Ok((node, answer)) = ended else { continue };
            let said = match answer.and_then(|reply| asked[&node].share(self, (node, reply))) {
                Ok((partial, statement)) => {
                    let right =
                        party(node).is_some_and(|from| shares.verify_partial(from, &message, &partial));
                    let body = &statement.body;
                    if right {
                        Said::Gave(body.latest, body.finalized)
                    } else {
                        Said::Lied(Box::new(statement))
                    }
                }
                Err(trouble) => said(trouble),
            };
            nodes.insert(node, said);
        }
        let late = || Said::Silent("it does not answer in time".to_owned());
        for node in self.network_file().indices() {
            nodes.entry(node).or_insert_with(late);
        }
        Ok(nodes)
    }

    fn ask_all(
        &self,
        asked: &BTreeMap<NodeIndex, Asked>,
    ) -> JoinSet<(NodeIndex, Result<DecryptionReply, Trouble>)> {
        let mut asking = JoinSet::new();
        for (node, asked) in asked {
            let (client, node, body) = (self.clone(), *node, asked.body.clone());
            asking.spawn(async move {
                (node, client.post::<DecryptionReply>(node, "/v1/decryptions", body).await)
            });
        }
        asking
    }
}

fn party(node: NodeIndex) -> Option<PartyIndex> {
    PartyIndex::new(node.get()).ok()
}

fn said(trouble: Trouble) -> Said {
    match trouble {
        Trouble::Problem(problem) | Trouble::Proven(problem) => Said::Refused(problem),
        Trouble::Silent(text) => Said::Silent(text),
        Trouble::Unproven(error) => Said::Silent(error.to_string()),
    }
}

/// Why nothing opens: the code that most nodes gave, and what each of them said. `late` is said of those that have said
/// nothing; without it they are not named.
fn verdict(client: &Client, gathering: &Gathering<'_>, late: Option<&str>) -> ClientError {
    let mut codes: BTreeMap<ErrorCode, usize> = BTreeMap::new();
    let mut texts = Vec::new();
    let mut nodes = Vec::new();
    for node in client.network_file().indices() {
        let text = match gathering.nodes.get(&node) {
            Some(Said::Gave(..)) => continue,
            Some(Said::Lied(_)) => "gave a wrong share".to_owned(),
            Some(Said::Refused(problem)) => {
                *codes.entry(problem.code).or_default() += 1;
                format!("{}: {}", problem.code, problem.detail)
            }
            Some(Said::Silent(text)) => text.clone(),
            None => match late {
                Some(late) => late.to_owned(),
                None => continue,
            },
        };
        nodes.push(node);
        texts.push(format!("node {node}: {text}"));
    }
    let members = client.network_file().indices().count();
    // So many said it that the others are fewer than t, and one of them at least is honest.
    let common = codes.into_iter().max_by_key(|(_, count)| *count);
    let code = common.filter(|(_, count)| members - count < gathering.threshold()).map(|(code, _)| code);
    let mut problem = Problem::new(code.unwrap_or(ErrorCode::DecryptionFailed), texts.join("; "));
    problem.nodes = nodes;
    problem.into()
}

/// The public side of the decryption root, as every member certifies it.
pub(crate) fn public_shares(
    params: Params,
    session: &Digest,
    commitments: &[quorate_wire::RootCommitment],
) -> Option<PublicShares> {
    let commitments: Vec<[u8; 48]> = commitments.iter().map(|commitment| commitment.0).collect();
    PublicShares::new::<quorate_threshold::Decrypt>(params, &session.0, &commitments).ok()
}

#[cfg(test)]
mod tests;
