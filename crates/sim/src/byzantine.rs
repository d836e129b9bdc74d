//! Nodes that lie. A byzantine node runs a real engine with its real shares; what it sends passes
//! through here first, and it sends more of its own making.

use std::collections::VecDeque;

use ed25519_dalek::SigningKey;
use quorate_wire::{
    CeremonyMessage, Decision, Digest, ErrorCode, Evidence, Intent, NetworkId, NodeIndex, Offer,
    OperationNumber, OutcomeMessage, PeerMessage, Proposal, RequestId, RoundMessage, Signed, Statement,
    Status, Verdict, Vote, decode, encode, limits,
};

use crate::{committee::Committee, entropy::Dice, invariants::EPOCH};

mod founding;
mod logins;
mod signatures;
mod starts;
mod values;

use founding::{Ballot, FoundingLies};
pub(crate) use founding::{FoundingHabits, VoteLie};
pub(crate) use signatures::SignatureHabits;
use signatures::SignatureLies;
pub(crate) use starts::StartHabits;
use starts::StartLies;
pub(crate) use values::ValueHabits;
use values::ValueLies;

/// Header, name of the set-up and binding of the session, with which the first message of an attempt begins.
const BOUND_BYTES: usize = 3 + 32 + 32;
/// What a byzantine node remembers of the network, at most.
const MEMORY: usize = 64;

/// What it does, each per thousand frames or moments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Habits {
    /// Flips a bit of a frame.
    pub(crate) flips: u32,
    /// Overwrites the body of a round message.
    pub(crate) garbles: u32,
    /// Sends nothing to one peer of a frame's receivers.
    pub(crate) withholds: u32,
    /// Never sends round messages.
    pub(crate) mute_rounds: bool,
    /// Sends to these peers only.
    pub(crate) only_to: Option<NodeIndex>,
    /// Sends old frames again.
    pub(crate) replays: u32,
    /// Sends votes that differ, and votes in others' names.
    pub(crate) forges_votes: u32,
    /// Sends proposals that no honest coordinator makes.
    pub(crate) forges_proposals: u32,
    /// Sends other messages of its own making.
    pub(crate) forges_others: u32,
    /// Passes requests on behind a login of its own for the caller's session.
    pub(crate) replaces_logins: u32,
    /// Passes requests on with other code than the caller's, or without.
    pub(crate) alters_code: u32,
    /// Overwrites what a round message says behind its binding to the session.
    pub(crate) cheats: u32,
    /// Sends bogus sessions in masses.
    pub(crate) floods: u32,
    /// Does not answer callers.
    pub(crate) ignores_callers: bool,
    /// How it lies in operations on values.
    pub(crate) values: ValueHabits,
    /// How it lies about signatures.
    pub(crate) signatures: SignatureHabits,
    /// How it lies about starts.
    pub(crate) starts: StartHabits,
    /// How it lies while the network is founded.
    pub(crate) founding: FoundingHabits,
}

/// A byzantine node's wrapper.
pub(crate) struct Byzantine {
    me: NodeIndex,
    network: NetworkId,
    key: SigningKey,
    ballot: Ballot,
    peers: Vec<NodeIndex>,
    /// The statement keys that name members.
    members: quorate_wire::Committee,
    threshold: usize,
    pub(crate) habits: Habits,
    dice: Dice,
    frames: VecDeque<Vec<u8>>,
    votes: VecDeque<Signed<Vote>>,
    offers: VecDeque<(NodeIndex, Offer)>,
    proposals: VecDeque<Proposal>,
    sessions: VecDeque<[u8; 32]>,
    requests: VecDeque<RequestId>,
    values: ValueLies,
    /// What it made of requests that it overheard.
    overheard: Vec<(NodeIndex, Vec<u8>)>,
    signatures: SignatureLies,
    starts: StartLies,
    founding: FoundingLies,
    /// Lies left that cost its peers a pairwise set-up.
    rations: u8,
    /// Messages about set-ups that it may still keep, to replay them.
    kept: u8,
    /// How often it did something wrong.
    pub(crate) acts: u64,
}

fn remember<T: PartialEq>(memory: &mut VecDeque<T>, item: T) {
    if memory.contains(&item) {
        return;
    }
    if memory.len() == MEMORY {
        memory.pop_front();
    }
    memory.push_back(item);
}

impl Byzantine {
    pub(crate) fn new(committee: &Committee, me: NodeIndex, habits: Habits, mut dice: Dice) -> Self {
        // A set-up costs a second: one liar in four may cause some.
        let costly = u8::from(dice.happens(250));
        let values = habits.values;
        let mut byzantine = Byzantine {
            me,
            network: committee.id,
            key: committee.statement_key(me).clone(),
            ballot: Ballot::new(committee, me),
            peers: committee.indices().into_iter().filter(|node| *node != me).collect(),
            members: committee.network.founding_committee(),
            threshold: usize::from(committee.shape.t),
            habits,
            dice,
            frames: VecDeque::new(),
            votes: VecDeque::new(),
            offers: VecDeque::new(),
            proposals: VecDeque::new(),
            sessions: VecDeque::new(),
            requests: VecDeque::new(),
            values: ValueLies::default(),
            overheard: Vec::new(),
            signatures: SignatureLies::default(),
            starts: StartLies::default(),
            founding: FoundingLies::default(),
            rations: costly,
            kept: costly,
            acts: 0,
        };
        byzantine.lie_about_values(values);
        byzantine
    }

    /// A frame has come; it is remembered. Whether the node's own engine hears it.
    pub(crate) fn incoming(&mut self, from: NodeIndex, frame: &[u8]) -> bool {
        self.observe(from, frame);
        let Ok(message) = decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX) else { return true };
        let frames = self.overhear(&message);
        self.overheard.extend(frames);
        self.hears_of_founding(&message)
    }

    /// The node's own engine wants to send a frame: what is really sent, and to whom.
    pub(crate) fn outgoing(&mut self, to: NodeIndex, frame: Vec<u8>) -> Vec<(NodeIndex, Vec<u8>)> {
        self.observe(self.me, &frame);
        let message = decode::<PeerMessage>(&frame, limits::PEER_FRAME_BYTES_MAX);
        let keeps_alive = matches!(message, Ok(PeerMessage::Ping(_) | PeerMessage::Hello(_)));
        if message.as_ref().is_ok_and(|message| self.keeps(to, message)) {
            self.acts += 1;
            return Vec::new();
        }
        if let Some(votes) = message.as_ref().ok().and_then(|message| self.voted(to, message)) {
            return votes.iter().map(|vote| (to, encode(vote))).collect();
        }
        if !keeps_alive {
            let muted = self.habits.mute_rounds && matches!(message, Ok(PeerMessage::Round(_)));
            let elsewhere = self.habits.only_to.is_some_and(|only| only != to);
            if muted || elsewhere || self.dice.happens(self.habits.withholds) {
                self.acts += 1;
                return Vec::new();
            }
        }
        let greets = matches!(message, Ok(PeerMessage::Hello(_)));
        let mut frame = frame;
        match message {
            _ if greets && self.rations == 0 => {}
            Ok(PeerMessage::Round(round)) if self.dice.happens(self.habits.garbles) => {
                self.acts += 1;
                frame = encode(&PeerMessage::Round(self.garbled(round)));
            }
            Ok(PeerMessage::Round(round)) if self.dice.happens(self.habits.cheats) => {
                self.acts += 1;
                frame = encode(&PeerMessage::Round(self.cheated(round)));
            }
            Ok(PeerMessage::Propose(proposal)) if self.dice.happens(self.habits.forges_proposals) => {
                self.acts += 1;
                frame = encode(&PeerMessage::Propose(self.twisted(proposal)));
            }
            Ok(message @ (PeerMessage::Vote(_) | PeerMessage::Led(_) | PeerMessage::Decided { .. }))
                if self.dice.happens(self.habits.forges_votes.max(self.habits.forges_proposals)) =>
            {
                self.acts += 1;
                frame = encode(&self.twisted_value(message));
            }
            Ok(PeerMessage::Execute(submission)) if self.dice.happens(self.habits.replaces_logins) => {
                if let Some(other) = self.with_other_login(&submission) {
                    self.acts += 1;
                    frame = encode(&PeerMessage::Execute(other));
                }
            }
            Ok(PeerMessage::Execute(submission)) if self.dice.happens(self.habits.alters_code) => {
                self.acts += 1;
                frame = encode(&PeerMessage::Execute(self.with_other_code(submission)));
            }
            _ if self.dice.happens(self.habits.flips) => {
                self.acts += 1;
                self.rations -= u8::from(greets);
                let place = self.dice.place(frame.len());
                frame[place] ^= 1 << self.dice.between(0, 7);
            }
            _ => {}
        }
        vec![(to, frame)]
    }

    /// Whether it keeps a message of its own engine from a peer.
    fn keeps(&mut self, to: NodeIndex, message: &PeerMessage) -> bool {
        self.keeps_back(message) || self.withholds_signature(message) || self.keeps_confirmation(to, message)
    }

    /// What it sends of its own accord, at a moment of its own choice.
    pub(crate) fn initiative(&mut self) -> Vec<(NodeIndex, Vec<u8>)> {
        let mut frames = Vec::new();
        if self.dice.happens(self.habits.replays)
            && let Some(frame) = self.dice.pick(self.frames.make_contiguous()).cloned()
        {
            frames.push(frame);
        }
        if self.dice.happens(self.habits.forges_votes)
            && let Some(message) = self.forged_vote()
        {
            frames.push(encode(&message));
        }
        if self.dice.happens(self.habits.forges_proposals)
            && let Some(proposal) = self.forged_proposal()
        {
            frames.push(encode(&PeerMessage::Propose(proposal)));
        }
        if self.dice.happens(self.habits.forges_others)
            && let Some(message) = self.forged_other()
        {
            frames.push(encode(&message));
        }
        if self.dice.happens(self.habits.floods) {
            for _ in 0..40 {
                frames.push(encode(&self.bogus()));
            }
        }
        self.acts += u64::try_from(frames.len()).unwrap_or(0);
        let mut sent = self.said_again();
        let mut lies = self.lie_about_starts();
        lies.extend(self.lie_while_founding());
        self.acts += u64::try_from(lies.len()).unwrap_or(0);
        sent.extend(lies);
        for frame in frames {
            // Now to one, now to all: peers need not see the same.
            if self.dice.happens(500) {
                sent.extend(self.peers.iter().map(|peer| (*peer, frame.clone())));
            } else if let Some(peer) = self.dice.pick(&self.peers) {
                sent.push((*peer, frame));
            }
        }
        sent
    }

    fn observe(&mut self, from: NodeIndex, frame: &[u8]) {
        let Ok(message) = decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX) else { return };
        self.see_value(from, &message);
        self.see_signature(from, &message);
        self.see_start(from, &message);
        self.see_founding(from, &message);
        match &message {
            PeerMessage::Vote(vote) => {
                remember(&mut self.requests, vote.body.request);
                remember(&mut self.votes, vote.clone());
            }
            PeerMessage::Offer(offer) => remember(&mut self.offers, (from, *offer)),
            PeerMessage::Propose(proposal) => remember(&mut self.proposals, proposal.clone()),
            PeerMessage::Round(round) => remember(&mut self.sessions, round.session),
            PeerMessage::Ping(_) => return,
            PeerMessage::Hello(_)
            | PeerMessage::Stale(_)
            | PeerMessage::StartPair { .. }
            | PeerMessage::JoinPair { .. }
            | PeerMessage::Pair(_) => {
                // Said again by another, each of them may cost a pairwise set-up.
                if self.kept == 0 {
                    return;
                }
                self.kept -= 1;
            }
            _ => {}
        }
        if frame.len() < 100_000 {
            remember(&mut self.frames, frame.to_vec());
        }
    }

    /// Overwrites everything after the payload's header. Single bits are left alone: whether they are
    /// noticed depends on secret choices of the oblivious transfer, half of the time.
    fn garbled(&mut self, mut round: RoundMessage) -> RoundMessage {
        match self.dice.between(0, 3) {
            0 => {
                round.payload.truncate(self.dice.place(round.payload.len()));
            }
            1 => round.payload.push(0),
            _ => {
                let body = round.payload.len().min(3);
                self.dice.fill(&mut round.payload[body..]);
            }
        }
        round
    }

    /// Leaves header, set-up and session as they are, so that the message is one of this attempt, and draws anew what
    /// comes behind: commitments, transfers, shares. All of it, for the reason above.
    fn cheated(&mut self, mut round: RoundMessage) -> RoundMessage {
        let bound = round.payload.len().min(BOUND_BYTES);
        self.dice.fill(&mut round.payload[bound..]);
        round
    }

    fn twisted(&mut self, mut proposal: Proposal) -> Proposal {
        match self.dice.between(0, 9) {
            0 => {
                proposal.signers.pop();
            }
            1 => {
                if let Some(first) = proposal.signers.first().copied() {
                    proposal.signers.push(first);
                }
            }
            2 => {
                if let Some(first) = proposal.signers.first().copied() {
                    proposal.signers = vec![first; self.threshold];
                }
            }
            3 => proposal.intent = Digest(self.dice.bytes()),
            4 => proposal.attempt = u8::try_from(self.dice.between(0, 255)).unwrap_or(0),
            5 => {
                if let Some(place) = self.place(proposal.signers.len()) {
                    proposal.signers[place].1 = self.dice.bytes();
                }
            }
            6 => {
                let other = self.dice.pick(self.offers.make_contiguous()).copied();
                if let (Some(place), Some((node, offer))) = (self.place(proposal.signers.len()), other) {
                    proposal.signers[place] = (node, offer.fresh);
                }
            }
            7 => {
                if let Some(place) = self.place(proposal.set_ups.len()) {
                    proposal.set_ups[place] = self.dice.bytes();
                }
            }
            8 => {
                if let Some(vote) = self.dice.pick(self.votes.make_contiguous()) {
                    proposal.intent = vote.body.hash();
                }
            }
            _ => proposal.operation = self.operation(12),
        }
        proposal
    }

    fn place(&mut self, length: usize) -> Option<usize> {
        (length > 0).then(|| self.dice.place(length))
    }

    /// A proposal from what others offered, with everything that makes it look right, or an old one.
    fn forged_proposal(&mut self) -> Option<Proposal> {
        if self.dice.happens(400) {
            let old = self.dice.pick(self.proposals.make_contiguous()).cloned()?;
            return Some(if self.dice.happens(500) { self.twisted(old) } else { old });
        }
        let vote = self.dice.pick(self.votes.make_contiguous()).cloned()?;
        let mut signers: Vec<(NodeIndex, [u8; 32])> = Vec::new();
        for (node, offer) in self.offers.iter().rev() {
            let fits = offer.request == vote.body.request && offer.operation == vote.body.operation;
            if fits && signers.len() < self.threshold && signers.iter().all(|(other, _)| other != node) {
                signers.push((*node, offer.fresh));
            }
        }
        if signers.len() < self.threshold && signers.iter().all(|(node, _)| *node != self.me) {
            signers.push((self.me, self.dice.bytes()));
        }
        signers.sort_unstable();
        let set_ups = self.proposals.back().map(|proposal| proposal.set_ups.clone()).unwrap_or_default();
        let proposal = Proposal {
            request: vote.body.request,
            operation: vote.body.operation,
            coordinator: self.me,
            attempt: u8::try_from(self.dice.between(1, 5)).unwrap_or(1),
            intent: vote.body.hash(),
            signers,
            set_ups,
        };
        Some(if self.dice.happens(300) { self.twisted(proposal) } else { proposal })
    }

    fn forged_vote(&mut self) -> Option<PeerMessage> {
        let vote = self.dice.pick(self.votes.make_contiguous()).cloned()?;
        let mut body = vote.body;
        let name = if self.dice.happens(300) { vote.node } else { self.me };
        match (&mut body.verdict, self.dice.between(0, 4)) {
            (Verdict::Intent(intent), 0) => intent.digest = Digest(self.dice.bytes()),
            (Verdict::Intent(intent), 1) => intent.name.push('x'),
            (verdict, 2) => *verdict = Verdict::Denied(ErrorCode::NotGranted),
            (Verdict::Observed { value, .. }, 0) => value.push('x'),
            (Verdict::Observed { name, .. } | Verdict::Once { name }, 1) => name.push('x'),
            (_, 3) => body.operation = self.operation((1 << 30) - 1),
            _ => {}
        }
        Some(PeerMessage::Vote(Signed::new(name, body, &self.key)))
    }

    fn operation(&mut self, last: u64) -> OperationNumber {
        let number = u32::try_from(self.dice.between(0, last)).unwrap_or(0);
        OperationNumber::from_u32(number).unwrap_or_default()
    }

    /// Values of its own, other ones to each: as an observer, as the one that runs a function, and as a
    /// coordinator that fixes what it likes.
    fn twisted_value(&mut self, message: PeerMessage) -> PeerMessage {
        match message {
            PeerMessage::Vote(mut vote) if vote.node == self.me => {
                if let Verdict::Observed { value, .. } = &mut vote.body.verdict {
                    *value = format!("lie {}", self.dice.between(0, 9));
                    vote = Signed::new(self.me, vote.body, &self.key);
                } else if let Verdict::Draw { partial } = &mut vote.body.verdict {
                    self.spoil(partial);
                    vote = Signed::new(self.me, vote.body, &self.key);
                }
                PeerMessage::Vote(vote)
            }
            PeerMessage::Share { request, operation, mut identity, mut share } => {
                if self.dice.happens(300) {
                    identity = Digest(self.dice.bytes());
                } else {
                    self.spoil(&mut share);
                }
                PeerMessage::Share { request, operation, identity, share }
            }
            PeerMessage::Led(mut value) => {
                value.body.result = Ok(format!("lie {}", self.dice.between(0, 9)));
                PeerMessage::Led(Signed::new(self.me, value.body, &self.key))
            }
            PeerMessage::Decided { request, operation, mut decision } => {
                match &mut decision {
                    Decision::Collected(votes) => match self.dice.between(0, 3) {
                        0 => drop(votes.pop()),
                        1 => votes.reverse(),
                        2 => {
                            if let Some(vote) = votes.first_mut()
                                && let Verdict::Observed { value, .. } = &mut vote.body.verdict
                            {
                                value.push('x');
                            }
                        }
                        _ => {
                            for vote in votes.iter_mut().filter(|vote| vote.node == self.me) {
                                if let Verdict::Observed { value, .. } = &mut vote.body.verdict {
                                    *value = format!("lie {}", self.dice.between(0, 9));
                                }
                                *vote = Signed::new(self.me, vote.body.clone(), &self.key);
                            }
                        }
                    },
                    Decision::Drawn(value) | Decision::Opened(value) => self.spoil(value),
                    // An old one instead, if it has one: valid, and of another execution.
                    Decision::Signed(signature) => {
                        if let Some(old) = self.old_signature((request, operation)) {
                            *signature = old;
                        }
                    }
                    Decision::Led(value) => {
                        value.body.result = Ok(format!("lie {}", self.dice.between(0, 9)));
                        *value = Signed::new(self.me, value.body.clone(), &self.key);
                    }
                }
                PeerMessage::Decided { request, operation, decision }
            }
            other => other,
        }
    }

    fn forged_other(&mut self) -> Option<PeerMessage> {
        let request = self.dice.pick(self.requests.make_contiguous()).copied()?;
        let peer = self.dice.pick(&self.peers).copied()?;
        let operation = self.operation(2);
        let attempt = u8::try_from(self.dice.between(1, 5)).unwrap_or(1);
        // What may cost its peers a new set-up is rationed: the simulator pays for it, not the liar.
        let kind = self.dice.between(0, if self.rations > 0 { 10 } else { 8 });
        if kind > 8 {
            self.rations -= 1;
        }
        Some(match kind {
            0 => PeerMessage::AttemptFailed { request, operation, attempt, culprits: vec![peer] },
            1 => PeerMessage::Stalled { request, operation, attempt, waiting_for: vec![peer] },
            2 => {
                let mut signature = [0u8; 64];
                self.dice.fill(&mut signature);
                PeerMessage::Signature { request, operation, signature, recovery_id: attempt }
            }
            3 => {
                let votes = self.votes.iter().filter(|vote| vote.body.request == request).cloned().collect();
                let evidence = Evidence { votes, statements: vec![self.statement(request)?] };
                PeerMessage::Diverged { request, operation, evidence }
            }
            4 => PeerMessage::Outcome(Box::new(OutcomeMessage {
                statement: self.statement(request)?,
                response: Some("forged".to_owned()),
                signatures: vec![([7; 64], 0)],
                logs: String::new(),
                usage: quorate_wire::Usage::default(),
                detail: Some("forged".to_owned()),
                faults: None,
            })),
            5 => PeerMessage::Refused { request, code: ErrorCode::Overloaded, detail: "forged".to_owned() },
            6 => PeerMessage::Offer(Offer { request, operation, attempt, fresh: self.dice.bytes() }),
            7 => {
                let session = self.dice.pick(self.sessions.make_contiguous()).copied()?;
                let mut payload = vec![0u8; 40];
                self.dice.fill(&mut payload);
                payload[..3].copy_from_slice(&[1, 3, attempt.min(3)]);
                PeerMessage::Round(RoundMessage { session, payload })
            }
            8 => PeerMessage::Stale(self.forged_start(peer)),
            9 if self.dice.happens(500) => PeerMessage::StartPair { fresh: self.dice.bytes() },
            _ => PeerMessage::Hello(self.forged_hello()),
        })
    }

    /// A statement of its own about a run that it claims to have seen.
    fn statement(&mut self, request: RequestId) -> Option<Signed<Statement>> {
        let intent: Intent = self
            .votes
            .iter()
            .filter(|vote| vote.body.request == request)
            .find_map(|vote| vote.body.intent().cloned())?;
        let statement = Statement {
            network: self.network,
            epoch: EPOCH,
            request,
            login: Digest([0; 32]),
            action: intent.action,
            params: Digest([0; 32]),
            block: quorate_wire::BlockRef { number: 1, hash: Digest([0; 32]) },
            intents: Vec::new(),
            refusals: Vec::new(),
            collected: Vec::new(),
            single_node: Vec::new(),
            draws: Vec::new(),
            opened: Vec::new(),
            claims: Vec::new(),
            failed: Vec::new(),
            wildcard: false,
            status: Status::Completed,
            error: None,
            response: Some(Statement::response_hash("forged")),
            guest: Committee::guest(),
        };
        Some(Signed::new(self.me, statement, &self.key))
    }

    fn bogus(&mut self) -> PeerMessage {
        let session = self.dice.bytes();
        let request = RequestId(self.dice.bytes());
        match self.dice.between(0, 3) {
            0 => PeerMessage::Round(RoundMessage { session, payload: vec![1, 3, 1, 0, 0, 0] }),
            1 => PeerMessage::Offer(Offer {
                request,
                operation: self.operation(1 << 29),
                attempt: 0,
                fresh: session,
            }),
            2 => PeerMessage::Keygen(CeremonyMessage { session, payload: vec![1, 1, 1, 0] }),
            _ => {
                let intent = Digest(session);
                PeerMessage::Propose(Proposal {
                    request,
                    operation: OperationNumber::FIRST,
                    coordinator: self.me,
                    attempt: 1,
                    intent,
                    signers: self.peers.iter().take(self.threshold).map(|peer| (*peer, session)).collect(),
                    set_ups: Vec::new(),
                })
            }
        }
    }
}
