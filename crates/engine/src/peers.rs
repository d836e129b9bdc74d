//! What this node knows of the other members: whether they live, which start they are in, bans.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_wire::{
    BanNotice, Digest, Hello, NodeEndpoint, NodeIndex, PairSetUp, PeerMessage, Signed, SignedHead,
    StartNotice, limits,
};
use zeroize::Zeroizing;

use crate::{
    Effect, Report, StartError, Stored,
    committee::Committee,
    conduct::Conducts,
    starts::{NO_NUMBER, OwnStart, Standing, Starts},
    turn::Turn,
};

/// A node that spoilt an attempt goes last in the choice of signers for this long.
const FAILED_MS: u64 = 30_000;

/// A hello that does not fit may only be late; after this it is asked for again.
const REPAIR_MS: u64 = 1_000;

#[derive(Default)]
struct Peer {
    connected: bool,
    heard_mono_ms: u64,
    /// When it was last heard after it had greeted us.
    reached_mono_ms: Option<u64>,
    hello: Option<Hello>,
    /// The start that the present connection belongs to, once it has told of one.
    met: Option<StartNotice>,
    /// Whether it was told in the present connection which start of its own was taken.
    told_heard: bool,
    /// The newest hello that was heard in any connection: start and serial.
    newest: Option<([u8; 16], u64)>,
    next_repair_mono_ms: u64,
    failed_mono_ms: Option<u64>,
    stalled_mono_ms: Option<u64>,
    /// Bytes that it makes us keep for executions, all together.
    kept_bytes: usize,
}

pub(crate) struct Peers {
    starts: Starts,
    serial: u64,
    peers: BTreeMap<NodeIndex, Peer>,
    bans: BTreeMap<(NodeIndex, NodeIndex), Signed<BanNotice>>,
    next_ping_mono_ms: u64,
}

/// What a hello tells beyond this module.
pub(crate) struct Told {
    pub(crate) set_ups: Vec<PairSetUp>,
    pub(crate) final_head: Option<SignedHead>,
    pub(crate) endpoints: Vec<(NodeIndex, NodeEndpoint)>,
}

/// What a hello or a claim of staleness asks of the engine beyond this module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// Nothing.
    None,
    /// The peer is in a start that we may work with.
    Greeted {
        /// It asks for our own hello.
        answer: bool,
    },
    /// The peer's disk is older than we remember: our half of the pair is void.
    PeerRolledBack,
    /// Our own disk is older than a peer remembers: all pairs are void.
    WeRolledBack,
}

impl Peers {
    /// Loads what was remembered and takes the next incarnation number. The caller persists it first.
    pub(crate) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        let mut bans = BTreeMap::new();
        let place = committee.record("ban/");
        for (key, value) in stored.iter().filter(|(key, _)| key.starts_with(&place)) {
            let damaged = || StartError::Damaged { key: key.clone() };
            let ban: Signed<BanNotice> = borsh::from_slice(value).map_err(|_| damaged())?;
            let pair = sound_ban(committee, &ban).ok_or_else(damaged)?;
            bans.insert(pair, ban);
        }
        let peers = committee.peers().map(|peer| (peer, Peer::default())).collect();
        let starts = Starts::load(committee, stored)?;
        let peers = Peers { starts, serial: 0, peers, bans, next_ping_mono_ms: 0 };
        // Whoever supervises the process starts it again: what made it stop still holds.
        match peers.assumption_broken(committee) {
            Some(cheats) => Err(StartError::FaultAssumptionBroken { cheats }),
            None => Ok(peers),
        }
    }

    /// Whom this node has banned, if they are as many as the threshold: then any t may be corrupt.
    fn assumption_broken(&self, committee: &Committee) -> Option<Vec<NodeIndex>> {
        let mine = self.bans.keys().filter(|(by, _)| *by == committee.me);
        let cheats: Vec<NodeIndex> = mine.map(|(_, cheat)| *cheat).collect();
        (cheats.len() >= committee.threshold()).then_some(cheats)
    }

    pub(crate) fn incarnation(&self) -> u64 {
        self.starts.incarnation()
    }

    pub(crate) fn persist_incarnation(&self) -> (String, Option<Zeroizing<Vec<u8>>>) {
        self.starts.persist()
    }

    pub(crate) fn connected(&mut self, peer: NodeIndex, turn: &mut Turn<'_>) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.connected = true;
            peer.hello = None;
            peer.met = None;
            peer.told_heard = false;
            peer.heard_mono_ms = turn.now.mono_ms;
        }
    }

    pub(crate) fn disconnected(&mut self, peer: NodeIndex) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.connected = false;
            peer.hello = None;
        }
    }

    /// Counts every channel as ended; returns those that stood.
    pub(crate) fn disconnect_all(&mut self) -> Vec<NodeIndex> {
        let connected: Vec<NodeIndex> =
            self.peers.iter().filter(|(_, peer)| peer.connected).map(|(index, _)| *index).collect();
        for peer in &connected {
            self.disconnected(*peer);
        }
        connected
    }

    pub(crate) fn heard(&mut self, peer: NodeIndex, turn: &Turn<'_>) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.heard_mono_ms = turn.now.mono_ms;
            if peer.hello.is_some() {
                peer.reached_mono_ms = Some(turn.now.mono_ms);
            }
        }
    }

    pub(crate) fn greet(
        &mut self,
        committee: &Committee,
        (to, answer): (NodeIndex, bool),
        told: Told,
        turn: &mut Turn<'_>,
    ) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        peer.told_heard = peer.met.is_some();
        self.serial += 1;
        let hello = Hello {
            start: self.starts.own(committee, turn),
            guest: committee.guest,
            heard: peer.met.map(|met| met.start),
            serial: self.serial,
            answer,
            set_ups: told.set_ups,
            bans: self.bans.values().cloned().collect(),
            final_head: told.final_head,
            endpoints: told.endpoints,
        };
        turn.send(to, PeerMessage::Hello(hello));
    }

    /// Takes a peer's hello: remembers its start durably, learns bans, and says what follows.
    pub(crate) fn on_hello(
        &mut self,
        committee: &Committee,
        conducts: &mut Conducts,
        (from, hello): (NodeIndex, Hello),
        turn: &mut Turn<'_>,
    ) -> Consequence {
        let size = committee.size();
        let fits = |hello: &Hello| hello.set_ups.len().max(hello.endpoints.len()) <= size;
        if !fits(&hello) || hello.bans.len() > size * size {
            turn.fault(from, "hello_size");
            return Consequence::None;
        }
        let Some(peer) = self.peers.get_mut(&from) else { return Consequence::None };
        let now = hello.start.body;
        if peer.newest.is_some_and(|(start, serial)| start == now.start && hello.serial <= serial) {
            // An older hello that was overtaken by a newer one says nothing any more.
            return Consequence::None;
        }
        if peer.met.is_some_and(|met| met != now) {
            // Whoever starts anew connects anew: each start is a durable write here.
            turn.fault(from, "second_start");
            return Consequence::None;
        }
        match self.starts.judge(committee, conducts, (from, &hello.start), turn) {
            Standing::Latest => {}
            Standing::Behind(remembered) => {
                turn.send(from, PeerMessage::Stale(*remembered));
                return Consequence::PeerRolledBack;
            }
            Standing::Fault(check) => {
                turn.fault(from, check);
                return Consequence::None;
            }
        }
        peer.met = Some(now);
        if peer.newest.map(|(start, _)| start) != Some(now.start) {
            turn.report(Report::PeerGuest { peer: from, same: hello.guest == committee.guest });
        }
        if let Some(heard) = hello.heard {
            self.starts.taken_by(from, heard);
        }
        let answer = hello.answer || !peer.told_heard;
        let bans = hello.bans.clone();
        peer.newest = Some((now.start, hello.serial));
        peer.hello = Some(hello);
        for ban in bans {
            // One that does not hold is enough: the rest is not even looked at.
            if !self.learn_ban(committee, (from, ban), turn) {
                break;
            }
        }
        Consequence::Greeted { answer }
    }

    /// Whether a hello may have been lost, and it is time to send ours again and to ask for theirs:
    /// either there is none, or it does not fit our own side of the pair.
    pub(crate) fn repair_due(
        &mut self,
        committee: &Committee,
        peer: NodeIndex,
        own_set_up: Option<[u8; 32]>,
        now_mono_ms: u64,
    ) -> bool {
        let fits = self.greeted(peer) && self.announced_set_up(peer, committee.me) == own_set_up;
        let Some(state) = self.peers.get_mut(&peer) else { return false };
        if fits || !state.connected {
            state.next_repair_mono_ms = now_mono_ms + REPAIR_MS;
        }
        let due = now_mono_ms >= state.next_repair_mono_ms;
        if due {
            state.next_repair_mono_ms = now_mono_ms + REPAIR_MS;
        }
        due
    }

    /// Takes what a peer says that we signed of a later start than this one. It is a fault unless we did. Whoever lives
    /// elsewhere by now stops here.
    pub(crate) fn on_stale(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        notice: &Signed<StartNotice>,
        turn: &mut Turn<'_>,
    ) -> Consequence {
        match self.starts.learn_own(committee, (from, notice), turn) {
            OwnStart::NoNews => Consequence::None,
            OwnStart::Behind => Consequence::WeRolledBack,
            OwnStart::Elsewhere(reason, newer) => {
                turn.effects.push(Effect::Halt { reason, newer: Some(newer) });
                Consequence::None
            }
            OwnStart::NoNumber => {
                turn.halt(NO_NUMBER);
                Consequence::None
            }
        }
    }

    /// Records a ban of our own, durably, before anything else is said or done.
    pub(crate) fn ban(&mut self, committee: &Committee, notice: BanNotice, turn: &mut Turn<'_>) {
        let ban = committee.sign(notice);
        if let Some(pair) = sound_ban(committee, &ban) {
            self.record_ban(committee, (pair, ban.clone()), turn);
        }
        turn.send_all(committee.peers(), PeerMessage::Ban(ban));
        self.stop_if_broken(committee, turn);
    }

    /// Learns a ban, ours included: a peer's memory of our ban binds us. False if it does not hold.
    pub(crate) fn learn_ban(
        &mut self,
        committee: &Committee,
        (from, ban): (NodeIndex, Signed<BanNotice>),
        turn: &mut Turn<'_>,
    ) -> bool {
        let by = committee.index_of(&ban.body.by);
        let known = by.zip(committee.index_of(&ban.body.counterparty));
        if known.is_some_and(|pair| self.bans.contains_key(&pair)) {
            return true;
        }
        let Some(pair) = sound_ban(committee, &ban) else {
            turn.fault(from, "ban");
            return false;
        };
        self.record_ban(committee, (pair, ban), turn);
        if pair.0 == committee.me {
            self.stop_if_broken(committee, turn);
        }
        true
    }

    fn record_ban(
        &mut self,
        committee: &Committee,
        (pair, ban): ((NodeIndex, NodeIndex), Signed<BanNotice>),
        turn: &mut Turn<'_>,
    ) {
        if self.bans.contains_key(&pair) {
            return;
        }
        let place = committee.record(&format!("ban/{}/{}", ban.body.by, ban.body.counterparty));
        turn.persist([(place, Some(bytes(&ban)))]);
        turn.report(Report::Banned { by: pair.0, counterparty: pair.1 });
        self.bans.insert(pair, ban);
    }

    fn stop_if_broken(&self, committee: &Committee, turn: &mut Turn<'_>) {
        if let Some(cheats) = self.assumption_broken(committee) {
            turn.halt(StartError::FaultAssumptionBroken { cheats }.to_string());
        }
    }

    /// Whether these two may be in one signer set.
    pub(crate) fn banned(&self, a: NodeIndex, b: NodeIndex) -> bool {
        self.bans.contains_key(&(a, b)) || self.bans.contains_key(&(b, a))
    }

    /// Whether the peer is connected, was greeted, and spoke a moment ago.
    pub(crate) fn reachable(&self, peer: NodeIndex, now_mono_ms: u64) -> bool {
        self.peers.get(&peer).is_some_and(|peer| {
            peer.connected
                && peer.hello.is_some()
                && now_mono_ms.saturating_sub(peer.heard_mono_ms) < limits::PEER_SILENT_MS
        })
    }

    /// For how long the peer has not been reached, once it was.
    pub(crate) fn silent_ms(&self, peer: NodeIndex, now_mono_ms: u64) -> Option<u64> {
        let reached = self.peers.get(&peer)?.reached_mono_ms?;
        (!self.reachable(peer, now_mono_ms)).then(|| now_mono_ms.saturating_sub(reached))
    }

    /// In which start the peer greeted us.
    pub(crate) fn start_of(&self, peer: NodeIndex) -> Option<[u8; 16]> {
        self.peers.get(&peer)?.hello.as_ref().map(|hello| hello.start.body.start)
    }

    /// Hash of the guest that the peer runs, by its own word.
    pub(crate) fn guest_of(&self, peer: NodeIndex) -> Option<Digest> {
        self.peers.get(&peer)?.hello.as_ref().map(|hello| hello.guest)
    }

    pub(crate) fn is_connected(&self, peer: NodeIndex) -> bool {
        self.peers.get(&peer).is_some_and(|peer| peer.connected)
    }

    /// The set-up that `a` says it has with `b`.
    pub(crate) fn announced_set_up(&self, a: NodeIndex, b: NodeIndex) -> Option<[u8; 32]> {
        let hello = self.peers.get(&a)?.hello.as_ref()?;
        hello.set_ups.iter().find(|set_up| set_up.peer == b).map(|set_up| set_up.id)
    }

    pub(crate) fn greeted(&self, peer: NodeIndex) -> bool {
        self.peers.get(&peer).is_some_and(|peer| peer.connected && peer.hello.is_some())
    }

    pub(crate) fn all_greeted(&self) -> Vec<NodeIndex> {
        let greeted = self.peers.iter().filter(|(_, peer)| peer.connected && peer.hello.is_some());
        greeted.map(|(index, _)| *index).collect()
    }

    pub(crate) fn failed(&mut self, nodes: &[NodeIndex], now_mono_ms: u64) {
        for node in nodes {
            if let Some(peer) = self.peers.get_mut(node) {
                peer.failed_mono_ms = Some(now_mono_ms);
            }
        }
    }

    /// Makes room for what a peer makes us keep, whatever execution it is for; false if it has had its share.
    pub(crate) fn keep(&mut self, peer: NodeIndex, bytes: usize) -> bool {
        let share = limits::PEERS_KEPT_BYTES_MAX / self.peers.len().max(1);
        let Some(state) = self.peers.get_mut(&peer) else { return false };
        let fits = state.kept_bytes.saturating_add(bytes) <= share;
        if fits {
            state.kept_bytes += bytes;
        }
        fits
    }

    /// A peer does not make us keep this any more.
    pub(crate) fn release(&mut self, peer: NodeIndex, bytes: usize) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.kept_bytes = state.kept_bytes.saturating_sub(bytes);
        }
    }

    /// What all peers together make us keep.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.peers.values().map(|peer| peer.kept_bytes).sum()
    }

    /// Counts anew what peers make us keep, after executions were forgotten.
    pub(crate) fn recount_kept(&mut self, kept: impl Iterator<Item = (NodeIndex, usize)>) {
        for peer in self.peers.values_mut() {
            peer.kept_bytes = 0;
        }
        for (peer, bytes) in kept {
            if let Some(state) = self.peers.get_mut(&peer) {
                state.kept_bytes = state.kept_bytes.saturating_add(bytes);
            }
        }
    }

    /// Whether the node spoilt an attempt not long ago.
    pub(crate) fn failed_lately(&self, node: NodeIndex, now_mono_ms: u64) -> bool {
        let at = self.peers.get(&node).and_then(|peer| peer.failed_mono_ms);
        at.is_some_and(|at| now_mono_ms.saturating_sub(at) < FAILED_MS)
    }

    /// An attempt that the node coordinated came to nothing.
    pub(crate) fn stalled(&mut self, coordinator: NodeIndex, now_mono_ms: u64) {
        if let Some(peer) = self.peers.get_mut(&coordinator) {
            peer.stalled_mono_ms = Some(now_mono_ms);
        }
    }

    /// Whether an attempt that the node coordinated came to nothing not long ago.
    pub(crate) fn stalled_lately(&self, coordinator: NodeIndex, now_mono_ms: u64) -> bool {
        let at = self.peers.get(&coordinator).and_then(|peer| peer.stalled_mono_ms);
        at.is_some_and(|at| now_mono_ms.saturating_sub(at) < FAILED_MS)
    }

    pub(crate) fn next_deadline(&self) -> u64 {
        self.next_ping_mono_ms
    }

    pub(crate) fn tick(&mut self, turn: &mut Turn<'_>) {
        if turn.now.mono_ms < self.next_ping_mono_ms {
            return;
        }
        self.next_ping_mono_ms = turn.now.mono_ms + limits::PING_MS;
        let connected: BTreeSet<NodeIndex> =
            self.peers.iter().filter(|(_, peer)| peer.connected).map(|(index, _)| *index).collect();
        turn.send_all(connected, PeerMessage::Ping(turn.now.mono_ms));
    }
}

/// Who bans whom, if a ban is of this network and epoch, between two members, and signed by the one that bans.
fn sound_ban(committee: &Committee, ban: &Signed<BanNotice>) -> Option<(NodeIndex, NodeIndex)> {
    let pair = (committee.index_of(&ban.body.by)?, committee.index_of(&ban.body.counterparty)?);
    let sound = ban.body.network == committee.id
        && ban.body.epoch == committee.epoch
        && ban.node == pair.0
        && pair.0 != pair.1
        && committee.signed_by_member(ban);
    sound.then_some(pair)
}

/// Reads a record of the store.
pub(crate) fn read<T: BorshDeserialize>(stored: &Stored, key: &str) -> Result<Option<T>, StartError> {
    match stored.get(key) {
        None => Ok(None),
        Some(value) => {
            borsh::from_slice(value).map(Some).map_err(|_| StartError::Damaged { key: key.to_owned() })
        }
    }
}

/// Writes a record's value.
pub(crate) fn bytes<T: BorshSerialize>(value: &T) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(borsh::to_vec(value).expect("memory writes do not fail"))
}
