//! The closed list of what can happen to a node, and of what it can do.

use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

use quorate_auth::Ended;
use quorate_wire::{
    ActionCid, ActionLimits, BlockRef, DecryptionReply, DecryptionSubmission, Digest, EcdsaAnswer, ErrorCode,
    ExecutionReply, HostCall, Lane, LoginId, NetworkFile, NodeEndpoint, NodeIndex, NodeVote, Payer, Problem,
    RequestId, RevocationReply, RevocationSubmission, RootKeys, Seen, Submission, Usage,
};
use zeroize::Zeroizing;

use crate::{IssuerKeys, ReadRegistry, Report};

/// The two clocks of a node. Nothing that is safe depends on the wall clock alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic milliseconds since some moment of this process.
    pub mono_ms: u64,
    /// Wall clock, milliseconds since the epoch.
    pub unix_ms: u64,
}

/// Names a waiting caller to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplyTo(pub u64);

/// Names a run of an action inside one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunNumber(pub u64);

/// All that can happen to a node.
pub enum Input {
    /// A caller submitted an execution over HTTP.
    Request {
        /// Whom to answer.
        reply_to: ReplyTo,
        /// Address of the caller, for rate limits.
        source: IpAddr,
        /// What was submitted.
        submission: Submission,
    },
    /// A caller asks for this node's share of what opens a ciphertext.
    Decryption {
        /// Whom to answer.
        reply_to: ReplyTo,
        /// Address of the caller, for rate limits.
        source: IpAddr,
        /// What was submitted.
        submission: DecryptionSubmission,
    },
    /// A caller signs out.
    Revocation {
        /// Whom to answer.
        reply_to: ReplyTo,
        /// Address of the caller, for rate limits.
        source: IpAddr,
        /// What was submitted.
        submission: RevocationSubmission,
    },
    /// The caller no longer waits.
    RequestAbandoned {
        /// Who gave up.
        reply_to: ReplyTo,
    },
    /// An authenticated channel to a peer stands. A second one replaces the first.
    PeerConnected {
        /// The peer, by its transport key.
        peer: NodeIndex,
    },
    /// The channel to a peer has ended.
    PeerDisconnected {
        /// The peer.
        peer: NodeIndex,
    },
    /// A frame came over the channel of this peer.
    Peer {
        /// The sender, by the transport's identity.
        from: NodeIndex,
        /// The frame's bytes, unchecked.
        frame: Vec<u8>,
    },
    /// A running action asks for something, or has ended.
    Action {
        /// The run.
        run: RunNumber,
        /// What happened.
        event: ActionEvent,
    },
    /// The answer to [`Effect::FindCode`].
    Code {
        /// The run that waits for it.
        run: RunNumber,
        /// The source, or why there is none.
        ///
        /// # Security
        /// Whoever finds it has computed its CID. The engine does not again: that takes milliseconds, and a
        /// run may call one long source after the other.
        code: Result<Arc<str>, ErrorCode>,
    },
    /// This node has fetched keys of issuers.
    IssuerKeys(IssuerKeys),
    /// The registry's view has moved on.
    Registry(Arc<dyn ReadRegistry>),
    /// Time has passed; a deadline may be due.
    Tick,
    /// The operator asks the node to stop: no new executions, those running may end.
    Drain,
}

/// What a running action does that concerns the engine. Requests to other servers and reads of a
/// chain do not.
#[derive(Debug, Clone)]
pub enum ActionEvent {
    /// It asks for something.
    Call(Call),
    /// It has ended.
    Finished(ActionEnd),
}

/// A host call, exactly as the worker sent it: nothing is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Number of the host call, for the answer.
    pub call: u32,
    /// What the run had been answered with by other servers before, the newest last.
    pub seen: Vec<Seen>,
    /// What it asks for. What an engine does not answer is refused as `not_supported`.
    pub wanted: HostCall,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionEnd {
    /// The response text, or why there is none.
    pub result: Result<Option<String>, ActionFailure>,
    /// The run's log.
    pub logs: String,
    /// What it used.
    pub usage: Usage,
}

/// Why an action failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionFailure {
    /// The code.
    pub code: ErrorCode,
    /// The action's own words, bounded.
    pub message: String,
}

/// All that a node can do. Effects are applied in order; a [`Effect::Persist`] is durable before any
/// later effect is applied.
pub enum Effect {
    /// Write these records durably, all or none.
    Persist(Vec<Write>),
    /// Send a frame to a peer; drop it if there is no channel.
    Send {
        /// The peer.
        to: NodeIndex,
        /// The frame.
        frame: Vec<u8>,
    },
    /// Send a peer a submission, which may be long: what is said of it may overtake it, and it may be left out if
    /// the peer has not yet read what it was sent before.
    PassOn {
        /// The peer.
        to: NodeIndex,
        /// The frame, one for all peers.
        frame: Arc<[u8]>,
    },
    /// End the channel to a peer, and have none with it for so long. With 0 the peer may come back at once: what
    /// was said on the old channel is void.
    Disconnect {
        /// The peer.
        peer: NodeIndex,
        /// For how long.
        for_ms: u64,
    },
    /// Answer a caller.
    Reply {
        /// The caller.
        to: ReplyTo,
        /// The answer.
        result: Result<Box<ExecutionReply>, Box<Problem>>,
    },
    /// Answer a caller who asked for a share.
    ReplyShare {
        /// The caller.
        to: ReplyTo,
        /// The answer.
        result: Result<Box<DecryptionReply>, Box<Problem>>,
    },
    /// Answer a caller who signs out.
    ReplyRevocation {
        /// The caller.
        to: ReplyTo,
        /// The answer.
        result: Result<Box<RevocationReply>, Box<Problem>>,
    },
    /// Take nothing more of these sessions, wherever a session counts outside of the engine. At a start, each that is
    /// remembered is told.
    SignedOut(Ended),
    /// A login names a key that its issuer had not when its keys were fetched: they may be fetched anew.
    FetchIssuerKeys,
    /// Find the source of an action, for a run that waits for it.
    FindCode {
        /// The run.
        run: RunNumber,
        /// The action.
        action: ActionCid,
        /// In whose shares the search counts.
        payers: Payers,
    },
    /// Run an action in a worker of its CID.
    StartAction(Box<ActionStart>),
    /// Answer a host call of a run.
    Answer {
        /// The run.
        run: RunNumber,
        /// The call.
        call: u32,
        /// The answer.
        answer: Result<Answer, ActionFailure>,
    },
    /// Stop a run; no event of it is expected any more.
    CancelAction {
        /// The run.
        run: RunNumber,
    },
    /// Set these roots on the chain, if this node can pay for it: every member has voted for them. Whoever is first is
    /// enough. It is asked for again until the chain shows roots.
    SubmitRoots {
        /// The root public keys.
        roots: Box<RootKeys>,
        /// The votes of all members, in the form that the contract takes.
        votes: Vec<NodeVote>,
    },
    /// A peer is reached here, by its newest word. At a start each that is newer than the network file's is told.
    Endpoint {
        /// The peer.
        node: NodeIndex,
        /// Its word.
        endpoint: NodeEndpoint,
    },
    /// Count or log something.
    Report(Report),
    /// This node must not go on: stop the process with this reason.
    Halt {
        /// Why.
        reason: String,
        /// The later start of the same node, if that is why: this copy must not start again by itself either.
        newer: Option<NewerStart>,
    },
}

/// A later start of this node than that of this copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewerStart {
    /// Its number.
    pub number: u64,
    /// The number of this copy's start.
    pub own: u64,
    /// The peer that has shown it. The node itself has signed it.
    pub told_by: NodeIndex,
}

/// What a host call is answered with: of all answers, those that an engine can give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A signature.
    Signed(EcdsaAnswer),
    /// Anything else: JSON text.
    Value(String),
}

/// One write to the node's store. Values are secret as a rule: the shell seals all of them.
pub struct Write {
    /// The record.
    pub key: String,
    /// Its new value; `None` removes it.
    pub value: Option<Zeroizing<Vec<u8>>>,
}

/// The whole store, as loaded at start.
pub type Stored = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// Who had this node begin an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// A caller, at this address. Logins cost nothing to make, addresses do.
    Caller(IpAddr),
    /// A peer that passed the request on; no caller has asked this node for it.
    Peer(NodeIndex),
}

/// In whose shares of what a node has a run counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payers {
    /// Who is behind the caller's session.
    pub login: LoginId,
    /// Who brought the request here.
    pub asked_by: AskedBy,
}

impl Payers {
    /// All of them. An address is one, and so is each network around it: whoever brings many logins has no more than one
    /// such part.
    #[must_use]
    pub fn all(&self) -> Vec<Payer> {
        let mut all = match self.asked_by {
            AskedBy::Caller(source) => Payer::of_source(source),
            AskedBy::Peer(peer) => vec![Payer::Peer(peer)],
        };
        all.push(Payer::Login(self.login));
        all
    }
}

/// A run to start.
#[derive(Clone)]
pub struct ActionStart {
    /// The run's number.
    pub run: RunNumber,
    /// Its place among the execution's runs.
    pub lane: Lane,
    /// The run that called it, and with which host call: the two share what the execution may use.
    pub parent: Option<(RunNumber, u32)>,
    /// The action.
    pub action: ActionCid,
    /// Its source, whose CID was checked.
    pub code: Arc<str>,
    /// The parameters: a JSON object as the caller wrote it.
    pub params: String,
    /// `Lit.Auth` as JSON.
    pub auth: String,
    /// `Date.now()` at the start.
    pub time_ms: u64,
    /// Seed of `Math.random`: equal on all nodes, influenced by the caller.
    pub seed: [u8; 32],
    /// What it may use.
    pub limits: ActionLimits,
    /// In whose shares of the workers it counts.
    pub payers: Payers,
    /// The block at which it sees the registry.
    pub block: BlockRef,
    /// The request: runs of one execution share what it allows.
    pub request: RequestId,
}

/// What one node is made with.
pub struct Config {
    /// The root of trust.
    pub network: NetworkFile,
    /// This node.
    pub me: NodeIndex,
    /// Its statement key.
    pub statement_key: ed25519_dalek::SigningKey,
    /// The key of its account on the chain, which votes.
    pub chain_key: k256::ecdsa::SigningKey,
    /// Where it is reached, without a word. With none, what it said last holds, or what the network file has.
    pub place: Option<NodeEndpoint>,
    /// Hash of the guest that its workers run.
    pub guest: Digest,
    /// The network's limits on actions.
    pub limits: ActionLimits,
    /// To which head the chain went back, by this node's operator; taken once.
    pub accept_rollback_to: Option<BlockRef>,
    /// What this node is there for.
    pub rates: crate::Rates,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("me", &self.me).finish_non_exhaustive()
    }
}
