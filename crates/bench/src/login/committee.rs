//! Three engines in this process, founded for one of them: it has what logins are checked by, and begins no runs.

use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use ed25519_dalek::SigningKey;
use quorate_auth::LoginBlock;
use quorate_engine::{
    At, BlockStanding, Config, Effect, Engine, Grant, Heard, Input, Now, Pkp, Rates, ReadPolicyFacts,
    ReadRegistry, ReadRights, ReplyTo, Stored, Subject, Unreadable,
};
use quorate_wire::{
    ActionLimits, Address, Admission, BlockRef, ChainParameters, ContractRecord, Contracts, Digest,
    ErrorCode, FoundingNode, Issuers, LoginDomains, NetworkFile, NodeEndpoint, NodeIndex, PublicKey,
    RootKeys, SignedHead, StatementKey, Submission, TokenId, TransportKey,
};

use super::proofs::Person;

/// The moment of everything, in milliseconds since the epoch.
pub(super) const UNIX_MS: u64 = 1_800_000_000_000;
pub(super) const BLOCK: BlockRef = BlockRef { number: 100, hash: Digest([100; 32]) };
const MEMBERS: u8 = 3;
const STEPS: usize = 1_000;

type Rng = rand_core::UnwrapErr<getrandom::SysRng>;

/// An engine that knows who asks, and does nothing for anybody.
pub(super) struct Node {
    engine: Engine,
    mono_ms: u64,
}

/// A network of this process.
pub(super) fn network() -> NetworkFile {
    let record = ContractRecord { address: Address([1; 20]), code_hash: Digest([1; 32]) };
    let endpoint = NodeEndpoint::unsigned("http://127.0.0.1:0", "127.0.0.1:0");
    let node = |number: u8| FoundingNode {
        transport_key: TransportKey([number; 32]),
        statement_key: StatementKey(key_of(number).verifying_key().to_bytes()),
        chain_address: account(number),
    };
    NetworkFile {
        version: NetworkFile::VERSION_BEFORE,
        name: "bench".to_owned(),
        chain: ChainParameters {
            id: 1,
            genesis: Digest([1; 32]),
            head_key: StatementKey(key_of(0x4d).verifying_key().to_bytes()),
        },
        contracts: Contracts {
            pkp_nft: record,
            pubkey_router: record,
            pkp_permissions: record,
            node_registry: record,
            directory: record,
        },
        threshold: 2,
        nodes: (1..=MEMBERS).map(node).collect(),
        wildcard_sessions: false,
        admission: Admission::Open,
        limits: ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints: vec![endpoint; usize::from(MEMBERS)],
    }
}

fn key_of(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn chain_key_of(number: u8) -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&[number; 32]).expect("a scalar")
}

fn account(number: u8) -> Address {
    let key = chain_key_of(number).verifying_key().to_sec1_point(true);
    PublicKey::from_sec1(key.as_bytes()).expect("a point").address()
}

impl Node {
    /// Founds a committee, and gives one of its members the issuer's keys.
    pub(super) fn founded(person: &Person) -> Result<Self> {
        let mut founding = Founding { engines: BTreeMap::new(), flight: VecDeque::new(), voted: None };
        let mut registry = Registry::new(person)?;
        let mut rng: Rng = rand_core::UnwrapErr(getrandom::SysRng);
        let mut mono_ms = 1_000;
        founding.start(&registry, Now { mono_ms, unix_ms: UNIX_MS }, &mut rng)?;
        for _ in 0..STEPS {
            mono_ms += 100;
            let now = Now { mono_ms, unix_ms: UNIX_MS };
            registry.asked_mono_ms = mono_ms;
            registry.roots = founding.voted;
            founding.step(&registry, now, &mut rng)?;
            if founding.engines.values().all(|engine| engine.status().roots.is_some()) {
                let (_, mut engine) = founding.engines.pop_first().context("an engine")?;
                engine.handle(now, &mut rng, Input::IssuerKeys(person.issuer_keys()?));
                // From here on it answers that it stops, once it knows who asks.
                engine.handle(now, &mut rng, Input::Drain);
                return Ok(Node { engine, mono_ms });
            }
        }
        anyhow::bail!("no roots after {STEPS} steps")
    }

    /// Some time passes: there is no limit of rates to be felt.
    pub(super) fn moment(&mut self) {
        self.mono_ms += 1_000;
    }

    /// Asks for an execution, and says with which code that is refused.
    pub(super) fn ask(&mut self, submission: Submission) -> Option<ErrorCode> {
        let mut rng: Rng = rand_core::UnwrapErr(getrandom::SysRng);
        let now = Now { mono_ms: self.mono_ms, unix_ms: UNIX_MS };
        let input =
            Input::Request { reply_to: ReplyTo(1), source: IpAddr::V4(Ipv4Addr::LOCALHOST), submission };
        self.engine.handle(now, &mut rng, input).into_iter().find_map(|effect| match effect {
            Effect::Reply { result: Err(problem), .. } => Some(problem.code),
            _ => None,
        })
    }
}

/// Engines on their way to a root.
struct Founding {
    engines: BTreeMap<u8, Engine>,
    flight: VecDeque<(u8, NodeIndex, Vec<u8>)>,
    /// The roots that came with the votes of all.
    voted: Option<RootKeys>,
}

impl Founding {
    fn start(&mut self, registry: &Registry, now: Now, rng: &mut Rng) -> Result<()> {
        for number in 1..=MEMBERS {
            let config = Config {
                network: network(),
                me: index(number)?,
                statement_key: key_of(number),
                chain_key: chain_key_of(number),
                place: None,
                guest: Digest([9; 32]),
                limits: ActionLimits::default(),
                accept_rollback_to: None,
                rates: Rates { executions_per_second: 4_000, login_per_second: 4_000 },
            };
            let (engine, effects) = Engine::new(config, &Stored::new(), now)?;
            self.engines.insert(number, engine);
            self.follow(number, effects);
        }
        for number in 1..=MEMBERS {
            self.input(number, Input::Registry(Arc::new(registry.clone())), now, rng);
            for peer in (1..=MEMBERS).filter(|peer| *peer != number) {
                self.input(number, Input::PeerConnected { peer: index(peer)? }, now, rng);
            }
        }
        Ok(())
    }

    fn step(&mut self, registry: &Registry, now: Now, rng: &mut Rng) -> Result<()> {
        while let Some((from, to, frame)) = self.flight.pop_front() {
            self.input(to.get(), Input::Peer { from: index(from)?, frame }, now, rng);
        }
        for number in 1..=MEMBERS {
            self.input(number, Input::Registry(Arc::new(registry.clone())), now, rng);
            self.input(number, Input::Tick, now, rng);
        }
        Ok(())
    }

    fn input(&mut self, number: u8, input: Input, now: Now, rng: &mut Rng) {
        let Some(engine) = self.engines.get_mut(&number) else { return };
        let effects = engine.handle(now, rng, input);
        self.follow(number, effects);
    }

    fn follow(&mut self, number: u8, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { to, frame } => self.flight.push_back((number, to, frame)),
                Effect::PassOn { to, frame } => self.flight.push_back((number, to, frame.to_vec())),
                Effect::SubmitRoots { roots, .. } => self.voted = Some(*roots),
                _ => {}
            }
        }
    }
}

fn index(number: u8) -> Result<NodeIndex> {
    NodeIndex::new(number).context("an index")
}

/// One block, in which the issuer and the domain stand.
#[derive(Clone)]
struct Registry {
    roots: Option<RootKeys>,
    asked_mono_ms: u64,
    head: SignedHead,
    domains: Arc<LoginDomains>,
    issuers: Arc<Issuers>,
}

impl Registry {
    fn new(person: &Person) -> Result<Self> {
        let head = SignedHead {
            genesis: Digest([1; 32]),
            sequence: 1_000,
            latest: BLOCK,
            finalized: BLOCK,
            time_ms: UNIX_MS,
            signature: [0; 64],
        };
        let domains = LoginDomains::new(vec!["localhost".to_owned()]).map_err(anyhow::Error::msg)?;
        let issuers = Issuers::new(vec![person.issuer_rule()]).map_err(anyhow::Error::msg)?;
        ensure!(!issuers.rules().is_empty(), "an issuer");
        Ok(Registry {
            roots: None,
            asked_mono_ms: 0,
            head: head.signed(&key_of(0x4d)),
            domains: domains.into(),
            issuers: issuers.into(),
        })
    }
}

impl ReadRights for Registry {
    fn pkp(&self, _: &PublicKey, _: At) -> Option<Pkp> {
        None
    }

    fn grant(&self, _: &TokenId, _: &Subject, _: At) -> Grant {
        Grant::default()
    }
}

impl ReadPolicyFacts for Registry {
    fn policy_block(&self, _: At) -> Result<BlockRef, Unreadable> {
        Ok(BLOCK)
    }

    fn block_time_s(&self, _: At) -> Result<u64, Unreadable> {
        Ok(UNIX_MS / 1_000)
    }

    fn balance(&self, _: &Address, _: At) -> Result<[u8; 32], Unreadable> {
        Ok([0; 32])
    }

    fn call(&self, _: &Address, _: &[u8], _: At) -> Result<Vec<u8>, Unreadable> {
        Err(Unreadable::Reverted)
    }
}

impl ReadRegistry for Registry {
    fn head(&self) -> BlockRef {
        BLOCK
    }

    fn heard(&self) -> Heard {
        Heard { asked_mono_ms: self.asked_mono_ms, stated_unix_ms: UNIX_MS }
    }

    fn final_head(&self) -> Option<SignedHead> {
        Some(self.head)
    }

    fn final_hash(&self, number: u64) -> Option<Digest> {
        (number == BLOCK.number).then_some(BLOCK.hash)
    }

    fn standing(&self, _: &BlockRef, _: u64) -> BlockStanding {
        BlockStanding::Canonical { superseded_ms: 0 }
    }

    fn issuers(&self, _: At) -> Arc<Issuers> {
        self.issuers.clone()
    }

    fn login_block(&self, _: &BlockRef) -> LoginBlock {
        LoginBlock::MadeAt(UNIX_MS - 10_000)
    }

    fn login_domains(&self, _: At) -> Arc<LoginDomains> {
        self.domains.clone()
    }

    fn roots(&self, _: At) -> Option<RootKeys> {
        self.roots
    }
}
