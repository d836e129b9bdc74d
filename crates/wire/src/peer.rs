//! What nodes say to each other, over channels whose transport identity is the sender.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{
    Digest, EcdsaBytes, ErrorCode, Evidence, FaultNotice, HeldRevocation, IntentHash, NetworkId,
    NodeEndpoint, NodeIndex, NodeVote, OperationNumber, Purpose, RequestId, RevocationSubmission, RootKeys,
    Signable, Signed, SignedHead, Statement, StatementKey, Submission, Usage, ValuePoint, Vote,
};

/// The first message on every connection, and again whenever what it says changes.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hello {
    /// Which start of the sender this is. It tells the network too: another one is not heard.
    pub start: Signed<StartNotice>,
    /// Hash of the guest that this node runs.
    pub guest: Digest,
    /// The receiver's start that the sender has taken as its latest, in this connection.
    pub heard: Option<[u8; 16]>,
    /// Number of this hello within the start: of two, the higher counts.
    pub serial: u64,
    /// Whether the sender has no hello of the receiver, or one that does not fit its own.
    pub answer: bool,
    /// The sender's pairwise set-ups.
    pub set_ups: Vec<PairSetUp>,
    /// All bans that the sender knows.
    pub bans: Vec<Signed<BanNotice>>,
    /// The chain's own word of the newest final head that the sender knows.
    pub final_head: Option<SignedHead>,
    /// Where members are reached, by the newest word of each that the sender knows, its own included.
    pub endpoints: Vec<(NodeIndex, NodeEndpoint)>,
}

/// A node's word that it has started. Peers remember the latest one, and show it to a later start that has not
/// come after it: nobody else can say that a node is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StartNotice {
    /// The network.
    pub network: NetworkId,
    /// The node, by its statement key: its place may be another in another epoch.
    pub node: StatementKey,
    /// Number of this start of the node; each start takes a higher one. The upper half counts the moves of the node to
    /// another machine.
    pub incarnation: u64,
    /// Random bytes of this start: two starts with one number are told apart.
    pub start: [u8; 16],
}

impl StartNotice {
    /// How often the node had moved to another machine. A copy that was left behind knows a later move by this.
    #[must_use]
    pub fn moves(&self) -> u64 {
        self.incarnation >> Self::STARTS_BITS
    }

    /// The first number after a further move.
    #[must_use]
    pub fn after_move(incarnation: u64) -> u64 {
        ((incarnation >> Self::STARTS_BITS) + 1) << Self::STARTS_BITS
    }

    /// Starts between two moves are counted in as many bits.
    pub const STARTS_BITS: u32 = 32;
}

impl Signable for StartNotice {
    const DOMAIN: &'static str = "quorate/start/v1";
}

/// A pairwise set-up that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PairSetUp {
    /// The other node of the pair.
    pub peer: NodeIndex,
    /// The set-up's id, equal on both sides.
    pub id: [u8; 32],
}

/// A node's word that it will not sign with another on their present set-up.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BanNotice {
    /// The network.
    pub network: NetworkId,
    /// The epoch.
    pub epoch: u64,
    /// Who bans, by its statement key.
    pub by: StatementKey,
    /// Who cheated in the oblivious transfer, by its statement key.
    pub counterparty: StatementKey,
    /// The set-up on which it happened.
    pub set_up: [u8; 32],
}

impl Signable for BanNotice {
    const DOMAIN: &'static str = "quorate/ban/v1";
}

/// A message of a key ceremony: the DKG, or one pair's set-up.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CeremonyMessage {
    /// Which ceremony, as both sides compute it.
    pub session: [u8; 32],
    /// Payload of the protocol's driver.
    pub payload: Vec<u8>,
}

/// What a member confirms of one root: the key, and the digest of its public commitments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedRoot {
    /// What the root is for.
    pub purpose: Purpose,
    /// Digest of the root's public result.
    pub result: Digest,
}

/// A member's word that its shares of all roots are on disk, and fit the public commitments.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmShare {
    /// The network.
    pub network: NetworkId,
    /// The epoch.
    pub epoch: u64,
    /// The ceremony.
    pub session: Digest,
    /// The root public keys.
    pub roots: RootKeys,
    /// The digests of the roots' public commitments, in the order of [`Purpose::ALL`].
    pub results: Vec<ConfirmedRoot>,
}

impl Signable for ConfirmShare {
    const DOMAIN: &'static str = "quorate/confirm-share/v1";
}

/// A member's word that it has no share of a ceremony and never shall: the ceremony cannot be certified.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RefuseShare {
    /// The network.
    pub network: NetworkId,
    /// The epoch.
    pub epoch: u64,
    /// The ceremony.
    pub session: [u8; 32],
}

impl Signable for RefuseShare {
    const DOMAIN: &'static str = "quorate/refuse-share/v1";
}

/// Fresh bytes that a node offers for its next attempt at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Offer {
    /// The execution.
    pub request: RequestId,
    /// The operation.
    pub operation: OperationNumber,
    /// The highest attempt that this node has joined, 0 if none.
    pub attempt: u8,
    /// The bytes, drawn for this offer and used in at most one session.
    pub fresh: [u8; 32],
}

/// A coordinator's proposal of who signs. It binds nobody: every signer checks it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    /// The execution.
    pub request: RequestId,
    /// The operation.
    pub operation: OperationNumber,
    /// Who proposes: the sender, by the transport's identity.
    pub coordinator: NodeIndex,
    /// The attempt, from 1; the attempts of one coordinator grow.
    pub attempt: u8,
    /// What t nodes want to sign.
    pub intent: IntentHash,
    /// The signers, ascending, with the bytes that each offered.
    pub signers: Vec<(NodeIndex, [u8; 32])>,
    /// The set-up id of each pair of signers, in ascending order of pairs.
    pub set_ups: Vec<[u8; 32]>,
}

/// A round message, signer to signer.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RoundMessage {
    /// The attempt's session.
    pub session: [u8; 32],
    /// Payload of the protocol's driver.
    pub payload: Vec<u8>,
}

/// What a function gave that one node ran for all.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LeaderValue {
    /// The network.
    pub network: NetworkId,
    /// The epoch.
    pub epoch: u64,
    /// The execution.
    pub request: RequestId,
    /// The operation.
    pub operation: OperationNumber,
    /// Hash of the node's own vote on the operation: what its run had asked for.
    pub intent: IntentHash,
    /// The value, or the text of the error that it threw.
    pub result: Result<String, String>,
}

impl Signable for LeaderValue {
    const DOMAIN: &'static str = "quorate/leader-value/v1";
}

/// What an operation came to. A coordinator fixes it; everybody checks it in full.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Decision {
    /// The values of at least t members, ascending.
    Collected(Vec<Signed<Vote>>),
    /// One member's value.
    Led(Signed<LeaderValue>),
    /// The signature: r ‖ s and recovery id. Whoever has the same intent can check it.
    Signed(EcdsaBytes),
    /// The value that t members' partials make. Whoever knows the root can check it, and there is one only.
    Drawn(ValuePoint),
    /// The value that opens what is under the identity, made by t members' shares. Who has the identity can check it.
    Opened(ValuePoint),
}

/// The end of a node's run.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OutcomeMessage {
    /// What the node states.
    pub statement: Signed<Statement>,
    /// The response text that the statement hashes.
    pub response: Option<String>,
    /// The signatures that a reply shows, in the order of [`Statement::shown`]: r ‖ s and recovery id.
    pub signatures: Vec<([u8; 64], u8)>,
    /// The run's log; no statement covers it.
    pub logs: String,
    /// What the run used; no statement covers it.
    pub usage: Usage,
    /// What went wrong, for people; no statement covers it.
    pub detail: Option<String>,
    /// What the node found wrong in what others gave until its run ended; nothing if it is absent.
    pub faults: Option<Signed<FaultNotice>>,
}

/// Everything that one node can say to another.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum PeerMessage {
    /// Who I am, what I remember of you.
    Hello(Hello),
    /// I remember this start of yours, by your own word: the present one is another and not above it.
    Stale(Signed<StartNotice>),
    /// I am alive.
    Ping(u64),
    /// A caller asked me to have this executed.
    Execute(Submission),
    /// I will not run it.
    Refused {
        /// The execution.
        request: RequestId,
        /// Why.
        code: ErrorCode,
        /// More about why.
        detail: String,
    },
    /// How I saw an operation.
    Vote(Signed<Vote>),
    /// I am willing to sign; these are my bytes for the next attempt.
    Offer(Offer),
    /// Let these sign.
    Propose(Proposal),
    /// A signer's message to another.
    Round(RoundMessage),
    /// An attempt is waiting for these.
    Stalled {
        /// The execution.
        request: RequestId,
        /// The operation.
        operation: OperationNumber,
        /// The attempt.
        attempt: u8,
        /// Who is silent.
        waiting_for: Vec<NodeIndex>,
    },
    /// An attempt has ended without a signature.
    AttemptFailed {
        /// The execution.
        request: RequestId,
        /// The operation.
        operation: OperationNumber,
        /// The attempt.
        attempt: u8,
        /// Who lied or was silent, as far as it is known.
        culprits: Vec<NodeIndex>,
    },
    /// An attempt of the operation gave me this signature. Which one it comes to, a coordinator fixes.
    Signature {
        /// The execution.
        request: RequestId,
        /// The operation.
        operation: OperationNumber,
        /// r ‖ s.
        signature: [u8; 64],
        /// Recovery id.
        recovery_id: u8,
    },
    /// No group of t nodes can agree any more, or not on what you saw.
    Diverged {
        /// The execution.
        request: RequestId,
        /// The operation.
        operation: OperationNumber,
        /// The proof.
        evidence: Evidence,
    },
    /// My run has ended.
    Outcome(Box<OutcomeMessage>),
    /// I banned a counterparty, or pass on that somebody did.
    Ban(Signed<BanNotice>),
    /// Start the DKG, attempt number and the proposer's fresh bytes.
    StartKeygen {
        /// Number of the attempt.
        attempt: u32,
        /// Fresh bytes of the proposer.
        fresh: [u8; 32],
    },
    /// Let us set up our pair, with these fresh bytes of the proposer.
    StartPair {
        /// Fresh bytes of the proposer.
        fresh: [u8; 32],
    },
    /// The answer to `StartPair`.
    JoinPair {
        /// The proposer's bytes, repeated.
        fresh: [u8; 32],
        /// Fresh bytes of the one who joins.
        joined: [u8; 32],
    },
    /// A protocol message of the DKG.
    Keygen(CeremonyMessage),
    /// A protocol message of our pair's set-up.
    Pair(CeremonyMessage),
    /// My share of this root is on disk.
    Confirm(Signed<ConfirmShare>),
    /// I have no share of that ceremony and never shall, or pass on that a member says so of itself.
    Refuse(Signed<RefuseShare>),
    /// Every member's share of this root is on disk.
    Certificate(Vec<Signed<ConfirmShare>>),
    /// My account's vote for these roots, which are certified. Whoever has the votes of all can set them on the chain.
    RootsVote {
        /// The roots.
        roots: Box<RootKeys>,
        /// The vote, on [`root_keys_digest`](crate::root_keys_digest).
        vote: NodeVote,
    },
    /// I ran the function; this is what it gave.
    Led(Signed<LeaderValue>),
    /// I have begun to run the function that one node runs, because I saw nobody before me.
    Leading {
        /// The execution.
        request: RequestId,
        /// The operation.
        operation: OperationNumber,
    },
    /// My share of the value that opens a ciphertext. It is not signed, so that nobody can be shown it as mine.
    Share {
        /// The execution.
        request: RequestId,
        /// The operation.
        operation: OperationNumber,
        /// Hash of the identity, [`Identity::hash`](crate::Identity::hash).
        identity: Digest,
        /// The share.
        share: ValuePoint,
    },
    /// Somebody has signed out.
    Revocation(Box<RevocationSubmission>),
    /// A revocation is on my disk.
    HeldRevocation(Signed<HeldRevocation>),
    /// A revocation that I was handed is none, and never will be.
    RefusedRevocation {
        /// Its id.
        revocation: RequestId,
    },
    /// The chain's own word of the newest final head that I know, which has changed since my hello.
    Head(SignedHead),
    /// What an operation came to.
    Decided {
        /// The execution.
        request: RequestId,
        /// The operation.
        operation: OperationNumber,
        /// The values, or the signature.
        decision: Decision,
    },
}
