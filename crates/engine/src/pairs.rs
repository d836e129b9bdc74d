//! The pairwise set-ups: made once for each pair and incarnation, independent of any key.

use std::collections::BTreeMap;

use quorate_threshold::{Outcome, PairInput, PairSetup, PairState, PartyIndex, Step};
use quorate_wire::{CeremonyMessage, NodeIndex, PairSetUp, PeerMessage, Transcript};

use crate::{
    StartError, Stored,
    committee::{Committee, node, party},
    early::EarlyMessages,
    peers::Peers,
    turn::Turn,
};

mod budget;

use budget::Budget;

const SET_UP_MS: u64 = 20_000;
/// A peer that does not announce our common set-up may only be late; after this it has lost it.
const PATIENCE_MS: u64 = 3_000;
/// A proposal that was not answered is repeated after this.
const INTERVAL_MS: u64 = 4_000;

struct Running {
    session: [u8; 32],
    set_up: PairSetup,
    until_mono_ms: u64,
}

#[derive(Default)]
struct Progress {
    /// Our fresh bytes of a proposal that was not answered yet.
    proposed: Option<[u8; 32]>,
    running: Option<Running>,
    not_before_mono_ms: u64,
    budget: Budget,
    /// Whether both sides have said that they have the same set-up, at some time of this process.
    was_agreed: bool,
}

impl Progress {
    /// When the next set-up may start, from this side.
    fn open_mono_ms(&self) -> u64 {
        self.not_before_mono_ms.max(self.budget.open_mono_ms())
    }
}

pub(crate) struct Pairs {
    states: BTreeMap<PartyIndex, PairState>,
    progress: BTreeMap<NodeIndex, Progress>,
}

impl Pairs {
    pub(crate) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        let mut states = BTreeMap::new();
        for peer in committee.peers() {
            let key = pair_key(committee, peer);
            let Some(value) = stored.get(&key) else { continue };
            let state =
                PairState::from_secret_bytes(value).map_err(|_| StartError::Damaged { key: key.clone() })?;
            if state.me() != party(committee.me) || state.peer() != party(peer) {
                return Err(StartError::Damaged { key });
            }
            states.insert(party(peer), state);
        }
        let progress = committee.peers().map(|peer| (peer, Progress::default())).collect();
        Ok(Pairs { states, progress })
    }

    pub(crate) fn states(&self) -> &BTreeMap<PartyIndex, PairState> {
        &self.states
    }

    pub(crate) fn id(&self, peer: NodeIndex) -> Option<[u8; 32]> {
        self.states.get(&party(peer)).map(|state| *state.set_up_id())
    }

    /// Whether both sides say that they have the same set-up.
    pub(crate) fn agreed(&self, committee: &Committee, peers: &Peers, peer: NodeIndex) -> bool {
        self.id(peer).is_some_and(|id| peers.announced_set_up(peer, committee.me) == Some(id))
    }

    pub(crate) fn announced(&self) -> Vec<PairSetUp> {
        self.states
            .iter()
            .map(|(peer, state)| PairSetUp { peer: node(*peer), id: *state.set_up_id() })
            .collect()
    }

    pub(crate) fn forget(&mut self, committee: &Committee, peer: NodeIndex, turn: &mut Turn<'_>) {
        // Neither interval nor budget: a peer that claims to be rolled back again and again gains nothing by it.
        if let Some(progress) = self.progress.get_mut(&peer) {
            progress.proposed = None;
            progress.running = None;
        }
        if self.states.remove(&party(peer)).is_some() {
            turn.persist([(pair_key(committee, peer), None)]);
            turn.ceremony("pair", format!("{peer:?}: thrown away"));
        }
    }

    pub(crate) fn forget_all(&mut self, committee: &Committee, turn: &mut Turn<'_>) {
        let peers: Vec<NodeIndex> = self.progress.keys().copied().collect();
        for peer in peers {
            self.forget(committee, peer, turn);
        }
    }

    /// Ends what takes too long, and proposes what is missing: the lower index of a pair proposes.
    pub(crate) fn tick(&mut self, committee: &Committee, peers: &Peers, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let wanting: Vec<NodeIndex> = committee
            .peers()
            .filter(|&peer| committee.me < peer && peers.greeted(peer) && !peers.banned(committee.me, peer))
            .filter(|&peer| !self.agreed(committee, peers, peer))
            .collect();
        for (peer, progress) in &mut self.progress {
            progress.was_agreed |= self
                .states
                .get(&party(*peer))
                .is_some_and(|state| peers.announced_set_up(*peer, committee.me) == Some(*state.set_up_id()));
            if progress.running.as_ref().is_some_and(|running| now >= running.until_mono_ms) {
                progress.running = None;
                turn.ceremony("pair", format!("{peer:?}: timed out"));
            }
        }
        for peer in wanting {
            let lost = self.states.contains_key(&party(peer));
            let Some(progress) = self.progress.get_mut(&peer) else { continue };
            if progress.running.is_some() || now < progress.open_mono_ms() {
                continue;
            }
            if lost && progress.not_before_mono_ms == 0 {
                progress.not_before_mono_ms = now + PATIENCE_MS;
                continue;
            }
            let fresh = turn.fresh();
            progress.proposed = Some(fresh);
            progress.not_before_mono_ms = now + INTERVAL_MS;
            turn.send(peer, PeerMessage::StartPair { fresh });
        }
    }

    pub(crate) fn next_deadline(&self, committee: &Committee, peers: &Peers) -> Option<u64> {
        let wanting = self.progress.iter().filter(|(peer, progress)| {
            progress.running.is_none()
                && committee.me < **peer
                && peers.greeted(**peer)
                && !peers.banned(committee.me, **peer)
                && !self.agreed(committee, peers, **peer)
        });
        let proposals = wanting.map(|(_, progress)| progress.open_mono_ms());
        let ends = self.progress.values().filter_map(|progress| progress.running.as_ref());
        proposals.chain(ends.map(|running| running.until_mono_ms)).min()
    }

    /// Takes a proposal; returns whether a set-up was finished at once, from messages that came early.
    pub(crate) fn on_start(
        &mut self,
        committee: &Committee,
        peers: &Peers,
        message: (NodeIndex, [u8; 32]),
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) -> bool {
        let (from, fresh) = message;
        let now = turn.now.mono_ms;
        let Some(progress) = self.progress.get_mut(&from) else { return false };
        if from > committee.me || peers.banned(committee.me, from) {
            turn.fault(from, "pair_proposer");
            return false;
        }
        if now < progress.open_mono_ms() {
            return false;
        }
        progress.not_before_mono_ms = now + INTERVAL_MS / 2;
        let joined = turn.fresh();
        turn.send(from, PeerMessage::JoinPair { fresh, joined });
        self.start(committee, from, session(committee, (from, fresh), (committee.me, joined)), early, turn)
    }

    pub(crate) fn on_join(
        &mut self,
        committee: &Committee,
        message: (NodeIndex, [u8; 32], [u8; 32]),
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) -> bool {
        let (from, fresh, joined) = message;
        let Some(progress) = self.progress.get_mut(&from) else { return false };
        if progress.proposed != Some(fresh) {
            return false;
        }
        progress.proposed = None;
        self.start(committee, from, session(committee, (committee.me, fresh), (from, joined)), early, turn)
    }

    fn start(
        &mut self,
        committee: &Committee,
        peer: NodeIndex,
        session: [u8; 32],
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) -> bool {
        let Some(progress) = self.progress.get_mut(&peer) else { return false };
        if !progress.budget.take(progress.was_agreed, turn.now.mono_ms) {
            return false;
        }
        let mut done = false;
        match PairSetup::start(PairInput { me: party(committee.me), peer: party(peer), session }) {
            Err(error) => turn.ceremony("pair", format!("{peer:?}: not started: {error}")),
            Ok((set_up, messages)) => {
                let until_mono_ms = turn.now.mono_ms + SET_UP_MS;
                progress.running = Some(Running { session, set_up, until_mono_ms });
                for message in messages {
                    let payload = message.payload;
                    turn.send(node(message.to), PeerMessage::Pair(CeremonyMessage { session, payload }));
                }
                for (from, payload) in early.take(&session) {
                    done |=
                        self.on_message(committee, from, CeremonyMessage { session, payload }, early, turn);
                }
            }
        }
        done
    }

    /// Returns whether a set-up was finished, so that it is announced.
    pub(crate) fn on_message(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        message: CeremonyMessage,
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) -> bool {
        let Some(progress) = self.progress.get_mut(&from) else { return false };
        let Some(running) = progress.running.as_mut().filter(|running| running.session == message.session)
        else {
            early.keep(message.session, from, message.payload, turn.now.mono_ms);
            return false;
        };
        let Ok(Step { messages, outcome }) = running.set_up.receive(party(from), &message.payload) else {
            turn.fault(from, "pair_sender");
            return false;
        };
        let mut sends = Vec::new();
        for out in messages {
            let message = CeremonyMessage { session: message.session, payload: out.payload };
            sends.push((node(out.to), PeerMessage::Pair(message)));
        }
        let done = match outcome {
            None => false,
            Some(Outcome::Failed(failure)) => {
                progress.running = None;
                for culprit in failure.culprits() {
                    turn.fault(node(*culprit), "pair");
                }
                turn.ceremony("pair", format!("{from:?}: failed: {failure}"));
                false
            }
            Some(Outcome::Done(state)) => {
                progress.running = None;
                progress.not_before_mono_ms = turn.now.mono_ms + PATIENCE_MS;
                // On disk before our last message lets the peer rely on it.
                turn.persist([(pair_key(committee, from), Some(state.to_secret_bytes()))]);
                self.states.insert(party(from), state);
                turn.ceremony("pair", format!("{from:?}: set up"));
                true
            }
        };
        for (to, message) in sends {
            turn.send(to, message);
        }
        done
    }
}

/// Where the records of pairwise set-ups are, within their epoch.
const PLACE: &str = "pair/";

fn pair_key(committee: &Committee, peer: NodeIndex) -> String {
    committee.record(&format!("{PLACE}{}", committee.key_of(peer)))
}

/// Whether a record is a pairwise set-up, of any epoch.
pub(crate) fn is_pairwise(record: &str) -> bool {
    let of_epoch = record.strip_prefix("epoch/").and_then(|place| place.split_once('/'));
    of_epoch.is_some_and(|(_, name)| name.starts_with(PLACE))
}

/// Both sides put fresh bytes in, so neither can make one session twice.
fn session(committee: &Committee, low: (NodeIndex, [u8; 32]), high: (NodeIndex, [u8; 32])) -> [u8; 32] {
    Transcript::new("quorate/pair/v1")
        .field(&committee.id.0)
        .number(committee.epoch)
        .number(low.0.get().into())
        .field(&low.1)
        .number(high.0.get().into())
        .field(&high.1)
        .finish()
}
