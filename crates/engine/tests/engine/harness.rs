//! Three engines (t = 2) in one process: founded once, then cloned from their stores for each test.

mod caller;
mod effects;
mod founded;
pub(crate) mod people;
mod registry;

use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use ed25519_dalek::SigningKey;
use quorate_engine::{
    ActionEnd, ActionFailure, ActionStart, Config, Effect, Engine, Input, NewerStart, Now, Rates, ReplyTo,
    Report, RunNumber, StartError, Stored,
};
use quorate_threshold::derive;
use quorate_wire::{
    ActionLimits, Address, Admission, BanNotice, BlockRef, ChainParameters, ContractRecord, Contracts,
    DecryptionReply, DecryptionSubmission, Digest, ErrorCode, ExecutionReply, FoundingNode, Hello, HostCall,
    NetworkFile, NodeEndpoint, NodeIndex, NodeVote, OperationNumber, PeerMessage, Problem, PublicKey,
    Recipient, RequestId, RevocationReply, RevocationSubmission, RootKeys, Signable, Signed, StatementKey,
    TransportKey, Usage, encode, root_keys_digest,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

pub(crate) use caller::{CODE, Caller, with_wallet};
pub(crate) use registry::{HEAD, Registry, block, domains, final_head, head_key};

pub(crate) const UNIX_MS: u64 = 1_800_000_000_000;
pub(crate) const KEY_ID: [u8; 32] = [0x5a; 32];
/// What every run writes to its log.
pub(crate) const LOG: &str = "a line";
pub(crate) const GUEST: Digest = Digest([9; 32]);

pub(crate) type Answer = Result<Box<ExecutionReply>, Box<Problem>>;

pub(crate) fn index(node: u8) -> NodeIndex {
    NodeIndex::new(node).unwrap()
}

pub(crate) fn statement_key(node: u8) -> SigningKey {
    SigningKey::from_bytes(&[node; 32])
}

pub(crate) fn signed<T: Signable>(node: u8, body: T) -> Signed<T> {
    Signed::new(index(node), body, &statement_key(node))
}

thread_local! {
    /// What the nodes of this test are there for.
    pub(crate) static RATES: Cell<Rates> =
        const { Cell::new(Rates { executions_per_second: 400, login_per_second: 200 }) };
    /// In what the network of this test differs from that of the others.
    static CHANGE: Cell<fn(&mut NetworkFile)> = const { Cell::new(|_| {}) };
}

pub(crate) fn network() -> NetworkFile {
    let mut network = usual_network();
    CHANGE.get()(&mut network);
    network
}

/// The members of the network of this test.
fn members() -> std::ops::RangeInclusive<u8> {
    1..=u8::try_from(network().nodes.len()).unwrap()
}

fn founding_node(node: u8) -> FoundingNode {
    FoundingNode {
        transport_key: TransportKey([node; 32]),
        statement_key: StatementKey(statement_key(node).verifying_key().to_bytes()),
        chain_address: account(node),
    }
}

/// The key of a node's account on the chain.
pub(crate) fn chain_key(node: u8) -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&[node; 32]).unwrap()
}

fn account(node: u8) -> Address {
    let key = chain_key(node).verifying_key().to_sec1_point(true);
    PublicKey::from_sec1(key.as_bytes()).unwrap().address()
}

/// What nodes sign to vote for roots.
pub(crate) fn roots_digest(roots: &RootKeys) -> Digest {
    root_keys_digest(&network().router_domain(), "quorate-keyset1", roots)
}

/// Makes a network one of five nodes, of which three sign.
pub(crate) fn of_five(network: &mut NetworkFile) {
    network.threshold = 3;
    network.nodes = (1..=5).map(founding_node).collect();
    network.endpoints = vec![network.endpoints[0].clone(); 5];
}

fn usual_network() -> NetworkFile {
    let record = ContractRecord { address: Address([1; 20]), code_hash: Digest([1; 32]) };
    let endpoint = NodeEndpoint::unsigned("http://127.0.0.1:0", "127.0.0.1:0");
    NetworkFile {
        version: NetworkFile::VERSION_BEFORE,
        name: "test".to_owned(),
        chain: ChainParameters {
            id: 31_337,
            genesis: Digest([1; 32]),
            head_key: StatementKey(head_key().verifying_key().to_bytes()),
        },
        contracts: Contracts {
            pkp_nft: record,
            pubkey_router: record,
            pkp_permissions: record,
            node_registry: record,
            directory: record,
        },
        threshold: 2,
        nodes: (1..=3).map(founding_node).collect(),
        wildcard_sessions: false,
        admission: Admission::Open,
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints: vec![endpoint; 3],
    }
}

/// What an effect did, in the order in which one node did it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Done {
    Persisted(Vec<String>),
    Sent(NodeIndex, Box<PeerMessage>),
}

pub(crate) struct Node {
    pub(crate) engine: Option<Engine>,
    pub(crate) store: Stored,
    pub(crate) registry: Registry,
    pub(crate) accept_rollback_to: Option<BlockRef>,
    /// Where it is, from its next start on.
    pub(crate) place: Option<NodeEndpoint>,
    /// Where it was told that peers are.
    pub(crate) endpoints: Vec<(u8, NodeEndpoint)>,
    /// The roots that it wanted to be set, each time.
    pub(crate) submitted: Vec<RootKeys>,
    pub(crate) done: Vec<Done>,
    /// How often it wanted keys of issuers.
    pub(crate) key_fetches: usize,
    /// What it was told to take nothing more of, outside of the engine.
    pub(crate) signed_out: Vec<quorate_auth::Ended>,
    pub(crate) reports: Vec<Report>,
    pub(crate) halted: Option<String>,
    /// The later start of the same node that it halted for.
    pub(crate) newer: Option<NewerStart>,
    /// The guest that it runs from its next start on.
    pub(crate) guest: Digest,
    /// The digest for which this node's runs ask.
    pub(crate) digest: [u8; 32],
    /// Runs that wait for their code.
    pub(crate) searches: Vec<RunNumber>,
    rng: ChaCha20Rng,
    pub(crate) runs: BTreeMap<RunNumber, ActionStart>,
}

/// What a caller who asked for a share is answered.
pub(crate) type ShareAnswer = Result<Box<DecryptionReply>, Box<Problem>>;

/// What a caller who signs out is answered.
pub(crate) type SignOutAnswer = Result<Box<RevocationReply>, Box<Problem>>;

/// Whether a message between two nodes arrives.
type Links = Box<dyn FnMut(u8, u8, &PeerMessage) -> bool>;

/// What the run of a node asks for.
type Script = fn(u8) -> Vec<HostCall>;

pub(crate) struct Net {
    pub(crate) mono_ms: u64,
    pub(crate) unix_ms: u64,
    pub(crate) nodes: BTreeMap<u8, Node>,
    pub(crate) replies: Vec<(ReplyTo, Answer)>,
    /// What callers who asked for shares were answered.
    pub(crate) shares: Vec<(ReplyTo, ShareAnswer)>,
    /// What callers who sign out were answered.
    pub(crate) sign_outs: Vec<(ReplyTo, SignOutAnswer)>,
    pub(crate) links: Links,
    /// Whether the chain still tells its heads.
    pub(crate) heads: bool,
    /// The text that every run wants signed instead of a digest.
    pub(crate) text: Option<String>,
    /// The names under which every run asks to sign, one after the other.
    pub(crate) names: Vec<&'static str>,
    /// For whom they are.
    pub(crate) recipient: Recipient,
    /// What every run asks for instead, if this is set: one after the other, or all at once.
    pub(crate) wanted: Option<(Script, bool)>,
    /// What runs were answered with: node, number of the call, answer.
    pub(crate) answers: Vec<(u8, u32, Result<quorate_engine::Answer, ErrorCode>)>,
    /// What each run that began was told of its caller.
    pub(crate) started_auth: Vec<(u8, String)>,
    pub(crate) key: PublicKey,
    flight: VecDeque<(u8, u8, Vec<u8>)>,
    /// The first roots that came to the chain with the votes of all.
    voted: Option<RootKeys>,
    next_reply: u64,
    /// Where callers call from.
    pub(crate) source: IpAddr,
    next_head_ms: u64,
    /// Channels that were ended, and when they are tried again.
    apart: Vec<(u64, u8, u8)>,
}

impl Net {
    /// Nodes that have never met.
    pub(crate) fn unfounded() -> Net {
        Net::with_stores(BTreeMap::new(), None)
    }

    /// Nodes that have never met, up to their readiness.
    pub(crate) fn found() -> Net {
        let mut net = Net::unfounded();
        for _ in 0..100 {
            net.advance(100);
            if members().all(|node| {
                let status = net.engine(node).status();
                status.ready && status.peers.iter().all(|peer| peer.set_up)
            }) {
                return net;
            }
        }
        panic!("not ready: {:?}", net.engine(1).status());
    }

    /// As [`Net::ready`], in a network of its own.
    pub(crate) fn ready_in(change: fn(&mut NetworkFile)) -> Net {
        CHANGE.set(change);
        let mut net = Net::found();
        let roots = net.nodes[&1].registry.roots.unwrap();
        net.set_roots(roots);
        net.advance(1_000);
        net
    }

    /// Three nodes of a founded network, connected, with a granted key.
    pub(crate) fn ready() -> Net {
        let (stores, roots) = founded::founded();
        let net = Net::with_stores(stores.clone(), Some(*roots));
        for node in members() {
            assert!(net.engine(node).status().ready, "{:?}", net.engine(node).status());
        }
        net
    }

    fn with_stores(mut stores: BTreeMap<u8, Stored>, roots: Option<RootKeys>) -> Net {
        let mut net = Net {
            mono_ms: 1_000,
            unix_ms: UNIX_MS,
            nodes: BTreeMap::new(),
            replies: Vec::new(),
            shares: Vec::new(),
            sign_outs: Vec::new(),
            links: Box::new(|_, _, _| true),
            heads: true,
            text: None,
            names: vec!["sig"],
            recipient: Recipient::Caller,
            wanted: None,
            answers: Vec::new(),
            started_auth: Vec::new(),
            key: some_key(),
            flight: VecDeque::new(),
            voted: None,
            next_reply: 0,
            source: IpAddr::from([127, 0, 0, 1]),
            next_head_ms: 0,
            apart: Vec::new(),
        };
        for node in members() {
            let state = Node {
                engine: None,
                store: stores.remove(&node).unwrap_or_default(),
                registry: Registry::default(),
                accept_rollback_to: None,
                place: None,
                endpoints: Vec::new(),
                submitted: Vec::new(),
                done: Vec::new(),
                key_fetches: 0,
                signed_out: Vec::new(),
                reports: Vec::new(),
                halted: None,
                newer: None,
                guest: GUEST,
                digest: [7; 32],
                searches: Vec::new(),
                rng: ChaCha20Rng::seed_from_u64(u64::from(node)),
                runs: BTreeMap::new(),
            };
            net.nodes.insert(node, state);
        }
        if let Some(roots) = roots {
            net.set_roots(roots);
        }
        for node in members() {
            net.start(node);
        }
        net.advance(10);
        net
    }

    fn set_roots(&mut self, roots: RootKeys) {
        let key = derive::public_key(roots.sign_secp256k1.as_bytes(), &KEY_ID).unwrap();
        self.key = PublicKey::from_sec1(&key).unwrap();
        for node in self.nodes.values_mut() {
            node.registry.roots = Some(roots);
            node.registry.mint(self.key, KEY_ID);
            node.registry.permit(&self.key, CODE);
        }
        self.next_head_ms = 0;
    }

    /// The chain takes roots with the votes of all, and nothing else.
    fn submit_roots(&mut self, node: u8, roots: RootKeys, votes: &[NodeVote]) {
        let digest = roots_digest(&roots);
        let signers: Vec<Address> = votes.iter().map(|vote| vote.signer(&digest).unwrap()).collect();
        let mut accounts: Vec<Address> = members().map(account).collect();
        accounts.sort();
        assert_eq!(signers, accounts, "node {node}");
        self.node(node).submitted.push(roots);
        self.voted.get_or_insert(roots);
    }

    pub(crate) fn node(&mut self, node: u8) -> &mut Node {
        self.nodes.get_mut(&node).unwrap()
    }

    pub(crate) fn engine(&self, node: u8) -> &Engine {
        self.nodes[&node].engine.as_ref().unwrap()
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono_ms: self.mono_ms, unix_ms: self.unix_ms }
    }

    /// Starts a node from its store and connects it to all that are up.
    pub(crate) fn start(&mut self, node: u8) {
        let (engine, effects) = self.try_start(node).unwrap();
        self.node(node).engine = Some(engine);
        self.apply(node, effects);
        self.head(node);
        for peer in members() {
            if peer != node && self.nodes[&peer].engine.is_some() {
                self.input(node, Input::PeerConnected { peer: index(peer) });
                self.input(peer, Input::PeerConnected { peer: index(node) });
            }
        }
    }

    /// A new channel between two nodes, in place of one that stands.
    pub(crate) fn reconnect(&mut self, a: u8, b: u8) {
        self.flight.retain(|(from, to, _)| (*from, *to) != (a, b) && (*from, *to) != (b, a));
        for (near, far) in [(a, b), (b, a)] {
            self.input(near, Input::PeerConnected { peer: index(far) });
        }
    }

    /// What a node's store makes of a start.
    pub(crate) fn try_start(&self, node: u8) -> Result<(Engine, Vec<Effect>), StartError> {
        let config = Config {
            network: network(),
            me: index(node),
            statement_key: statement_key(node),
            chain_key: chain_key(node),
            place: self.nodes[&node].place.clone(),
            guest: self.nodes[&node].guest,
            limits: ActionLimits::default(),
            accept_rollback_to: self.nodes[&node].accept_rollback_to,
            rates: RATES.get(),
        };
        Engine::new(config, &self.nodes[&node].store, self.now())
    }

    /// A node dies; the others' channels to it end.
    pub(crate) fn kill(&mut self, node: u8) {
        self.node(node).engine = None;
        self.node(node).runs.clear();
        self.flight.retain(|(from, to, _)| *from != node && *to != node);
        for peer in members() {
            if peer != node && self.nodes[&peer].engine.is_some() {
                self.input(peer, Input::PeerDisconnected { peer: index(node) });
            }
        }
    }

    /// Sends a submission to a node; the answer is found by what this returns.
    pub(crate) fn submit(&mut self, node: u8, submission: &quorate_wire::Submission) -> ReplyTo {
        self.next_reply += 1;
        let reply_to = ReplyTo(self.next_reply);
        let source = self.source;
        self.input(node, Input::Request { reply_to, source, submission: submission.clone() });
        reply_to
    }

    /// Asks a node for its share, and gives its answer.
    pub(crate) fn share(&mut self, node: u8, submission: &DecryptionSubmission) -> ShareAnswer {
        self.next_reply += 1;
        let (reply_to, source) = (ReplyTo(self.next_reply), self.source);
        self.input(node, Input::Decryption { reply_to, source, submission: submission.clone() });
        let answer = self.shares.pop().expect("it answers at once");
        assert_eq!(answer.0, reply_to);
        answer.1
    }

    /// A caller signs out at a node; the answer comes later, if others have to be waited for.
    pub(crate) fn sign_out(&mut self, node: u8, submission: &RevocationSubmission) -> ReplyTo {
        self.next_reply += 1;
        let (reply_to, source) = (ReplyTo(self.next_reply), self.source);
        self.input(node, Input::Revocation { reply_to, source, submission: submission.clone() });
        reply_to
    }

    /// The one answer to a caller.
    pub(crate) fn answer(&self, to: ReplyTo) -> Option<&Answer> {
        let mut answers = self.replies.iter().filter(|(caller, _)| *caller == to);
        let answer = answers.next().map(|(_, answer)| answer);
        assert!(answers.next().is_none(), "answered twice");
        answer
    }

    pub(crate) fn error(&self, to: ReplyTo) -> ErrorCode {
        self.answer(to).expect("answered").as_ref().unwrap_err().code
    }

    /// A message as from this peer, whatever its engine says.
    pub(crate) fn forge(&mut self, from: u8, to: u8, message: &PeerMessage) {
        self.input(to, Input::Peer { from: index(from), frame: encode(message) });
    }

    /// Everything that a node sent to another one.
    pub(crate) fn sent(&self, from: u8, to: u8) -> impl Iterator<Item = &PeerMessage> {
        self.nodes[&from].done.iter().filter_map(move |done| match done {
            Done::Sent(node, message) if *node == index(to) => Some(message.as_ref()),
            _ => None,
        })
    }

    /// The latest greeting of a node to another one.
    pub(crate) fn hello(&self, from: u8, to: u8) -> Hello {
        let hellos = self.sent(from, to).filter_map(|message| match message {
            PeerMessage::Hello(hello) => Some(hello.clone()),
            _ => None,
        });
        hellos.last().unwrap()
    }

    pub(crate) fn reported(&self, node: u8, wanted: impl Fn(&Report) -> bool) -> usize {
        self.nodes[&node].reports.iter().filter(|report| wanted(report)).count()
    }

    /// How many signatures a node counts for a request.
    pub(crate) fn signatures(&self, node: u8, id: RequestId) -> usize {
        self.reported(node, |report| matches!(report, Report::Signed { request, .. } if *request == id))
    }

    pub(crate) fn input(&mut self, node: u8, input: Input) {
        let now = self.now();
        let state = self.node(node);
        let Some(engine) = state.engine.as_mut() else { return };
        let effects = engine.handle(now, &mut state.rng, input);
        self.apply(node, effects);
    }

    /// Tells one node the chain's head.
    pub(crate) fn head(&mut self, node: u8) {
        let mut view = self.nodes[&node].registry.clone();
        (view.asked_mono_ms, view.stated_unix_ms) = (self.mono_ms, self.unix_ms);
        self.input(node, Input::Registry(Arc::new(view)));
    }

    /// Delivers what is in flight, and lets this much time pass.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.mono_ms + ms;
        loop {
            while let Some((from, to, frame)) = self.flight.pop_front() {
                self.input(to, Input::Peer { from: index(from), frame });
            }
            if let Some(place) = self.apart.iter().position(|(at, ..)| *at <= self.mono_ms) {
                let (_, a, b) = self.apart.remove(place);
                self.reconnect(a, b);
                continue;
            }
            if let Some(roots) = self.voted.filter(|_| self.nodes[&1].registry.roots.is_none()) {
                self.set_roots(roots);
            }
            if self.heads && self.mono_ms >= self.next_head_ms {
                self.next_head_ms = self.mono_ms + 1_000;
                for node in members() {
                    self.head(node);
                }
                continue;
            }
            let deadlines = self.nodes.values().filter_map(|node| node.engine.as_ref()?.next_deadline());
            let mut next = deadlines.min().unwrap_or(u64::MAX);
            if self.heads {
                next = next.min(self.next_head_ms);
            }
            next = self.apart.iter().map(|(at, ..)| *at).fold(next, u64::min);
            if next > end {
                self.unix_ms += end - self.mono_ms;
                self.mono_ms = end;
                return;
            }
            let step = next.saturating_sub(self.mono_ms).max(1);
            self.unix_ms += step;
            self.mono_ms += step;
            for node in members() {
                self.input(node, Input::Tick);
            }
        }
    }
}

/// An operation by its number.
pub(crate) fn operation(number: u32) -> OperationNumber {
    OperationNumber::from_u32(number).unwrap()
}

pub(crate) fn end(result: Result<Option<String>, ActionFailure>) -> ActionEnd {
    let usage = Usage { fuel: 7, ..Usage::default() };
    ActionEnd { result, logs: LOG.to_owned(), usage }
}

/// A key that nobody has a share of.
pub(crate) fn some_key() -> PublicKey {
    PublicKey::from_sec1(SigningKeyOfNobody::public()).unwrap()
}

/// The statement key that names a node.
pub(crate) fn name_of(node: u8) -> StatementKey {
    StatementKey(statement_key(node).verifying_key().to_bytes())
}

/// A node's word that it bans another.
pub(crate) fn ban_notice((by, counterparty): (u8, u8), set_up: [u8; 32]) -> BanNotice {
    let (by, counterparty) = (name_of(by), name_of(counterparty));
    BanNotice { network: network().id(), epoch: 1, by, counterparty, set_up }
}

/// Roots that nobody has a share of.
pub(crate) fn some_roots() -> RootKeys {
    let (p256, ed25519, bls) = ([2; 33], [3; 32], [4; 48]);
    RootKeys {
        sign_secp256k1: some_key(),
        sign_p256: p256,
        sign_ed25519: ed25519,
        decrypt: bls,
        session: bls,
        random: bls,
    }
}

/// Before there is a root there is no key; the generator stands in for it.
struct SigningKeyOfNobody;

impl SigningKeyOfNobody {
    fn public() -> &'static [u8] {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        BYTES.get_or_init(|| {
            hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap()
        })
    }
}
