//! A member that lies in operations on values: as one that votes, as one that runs a function, and as a
//! coordinator that nobody asked.

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{
    Decision, Intent, IntentHash, LeaderValue, NodeIndex, OperationNumber, PeerMessage, RequestId, Signed,
    Submission, ValuePoint, Verdict, Vote, encode, limits, request_id,
};

use super::{Byzantine, EPOCH};

/// Frames that one request makes it send, at most.
const FRAMES_MAX: usize = 1_200;
/// Operations of which it speaks in a flood: more than any peer may have a node keep.
const FLOOD: u32 = 80;

/// How it lies, for the whole of its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ValueHabits {
    /// It passes on what it overhears, and so coordinates it.
    pub(crate) overhears: bool,
    /// It fixes sets of its own as soon as it has so many votes; 0 if it fixes none.
    pub(crate) fixes_at: usize,
    /// Whether it has another value of its own in what it says to each.
    pub(crate) parts: bool,
    /// Its own engine's votes on values, values and decisions stay where they are.
    pub(crate) keeps_back: bool,
    /// It votes a second time, differently.
    pub(crate) votes_twice: bool,
    /// It says that it leads whether or not it is its turn, and gives values.
    pub(crate) leads: bool,
    /// It sends more, and longer, than anybody may.
    pub(crate) floods: bool,
    /// It says everything again, later.
    pub(crate) repeats: bool,
}

/// What it knows, and what it is about to send.
#[derive(Default)]
pub(super) struct ValueLies {
    pub(super) habits: ValueHabits,
    votes: BTreeMap<(RequestId, OperationNumber), BTreeMap<NodeIndex, Signed<Vote>>>,
    overheard: BTreeSet<RequestId>,
    fixed: BTreeSet<(RequestId, OperationNumber)>,
    led: BTreeSet<(RequestId, OperationNumber)>,
    sent: BTreeMap<RequestId, usize>,
    queue: Vec<(NodeIndex, Vec<u8>)>,
    /// What it said before.
    said: Vec<(NodeIndex, Vec<u8>)>,
}

impl ValueLies {
    /// The hash of a vote that wants this.
    pub(super) fn vote_for(
        &self,
        place: (RequestId, OperationNumber),
        intent: &Intent,
    ) -> Option<IntentHash> {
        let votes = self.votes.get(&place)?;
        votes.values().find(|vote| vote.body.intent() == Some(intent)).map(|vote| vote.body.hash())
    }
}

impl Byzantine {
    pub(crate) fn lie_about_values(&mut self, habits: ValueHabits) {
        self.values.habits = habits;
    }

    /// What it sends because of what it has just seen.
    pub(crate) fn reactions(&mut self) -> Vec<(NodeIndex, Vec<u8>)> {
        let mut queue = std::mem::take(&mut self.values.queue);
        queue.append(&mut self.overheard);
        queue.append(&mut self.founding.queue);
        self.acts += u64::try_from(queue.len()).unwrap_or(0);
        queue
    }

    /// Something that it said before, to whom it said it.
    pub(super) fn said_again(&mut self) -> Vec<(NodeIndex, Vec<u8>)> {
        if !self.values.habits.repeats {
            return Vec::new();
        }
        self.dice.pick(&self.values.said).cloned().into_iter().collect()
    }

    /// Whether it keeps this message of its own engine to itself.
    pub(super) fn keeps_back(&self, message: &PeerMessage) -> bool {
        let about_values = match message {
            PeerMessage::Vote(vote) => {
                matches!(
                    vote.body.verdict,
                    Verdict::Observed { .. } | Verdict::Once { .. } | Verdict::Draw { .. }
                )
            }
            PeerMessage::Led(_) | PeerMessage::Decided { .. } => true,
            _ => false,
        };
        about_values && self.values.habits.keeps_back
    }

    pub(super) fn see_value(&mut self, from: NodeIndex, message: &PeerMessage) {
        match message {
            PeerMessage::Execute(submission) => self.see_request(from, submission),
            PeerMessage::Vote(vote) if vote.node == from => self.see_vote(vote),
            _ => {}
        }
    }

    fn see_request(&mut self, from: NodeIndex, submission: &Submission) {
        let id = request_id(&self.network, &submission.request);
        if from == self.me || !self.values.overheard.insert(id) {
            return;
        }
        if self.values.habits.overhears {
            self.tell_all(id, &PeerMessage::Execute(submission.clone()));
        }
        if self.values.habits.leads {
            // Before anybody can have come to it.
            for number in 0..3 {
                self.tell_all(id, &PeerMessage::Leading { request: id, operation: operation(number) });
            }
        }
        if self.values.habits.floods {
            self.flood(id);
        }
    }

    fn see_vote(&mut self, vote: &Signed<Vote>) {
        let place = (vote.body.request, vote.body.operation);
        let votes = self.values.votes.entry(place).or_default();
        if votes.insert(vote.node, vote.clone()).is_some() {
            return;
        }
        match &vote.body.verdict {
            Verdict::Observed { .. } => {
                if self.values.habits.votes_twice && vote.node == self.me {
                    let second = PeerMessage::Vote(self.own_vote(vote.body.clone()));
                    self.tell_all(place.0, &second);
                }
                self.fix_early(place);
            }
            Verdict::Once { .. } => self.lead(place, vote),
            Verdict::Intent(_) | Verdict::Denied(_) | Verdict::Draw { .. } | Verdict::Open { .. } => {}
        }
    }

    /// A vote of its own on what another one voted on, with a value of its own.
    fn own_vote(&mut self, mut body: Vote) -> Signed<Vote> {
        if let Verdict::Observed { value, .. } = &mut body.verdict {
            *value = self.lie();
        }
        Signed::new(self.me, body, &self.key)
    }

    fn lie(&mut self) -> String {
        format!("lie {}", self.dice.between(0, 9))
    }

    /// Makes a partial, or a value, another one: of another operation, of nothing, the identity, or no point at all.
    pub(super) fn spoil(&mut self, point: &mut ValuePoint) {
        let mut others = self.votes.iter().filter_map(|vote| match &vote.body.verdict {
            Verdict::Draw { partial } if partial != point => Some(*partial),
            _ => None,
        });
        match (self.dice.between(0, 3), others.next()) {
            (0 | 1, Some(other)) => *point = other,
            (2, _) => {
                *point = ValuePoint([0; 96]);
                point.0[0] = 0xc0;
            }
            _ => {
                let place = self.dice.place(point.0.len());
                point.0[place] ^= 1 << self.dice.between(0, 7);
            }
        }
    }

    /// Fixes a set of as few votes as it likes, its own among them.
    fn fix_early(&mut self, place: (RequestId, OperationNumber)) {
        let Some(votes) = self.values.votes.get(&place) else { return };
        let mut others: Vec<Signed<Vote>> =
            votes.values().filter(|vote| vote.node != self.me).cloned().collect();
        let size = self.values.habits.fixes_at;
        if size == 0 || others.len() + 1 < size || others.is_empty() || !self.values.fixed.insert(place) {
            return;
        }
        let body = others[0].body.clone();
        while others.len() + 1 > size {
            let out = self.dice.place(others.len());
            others.remove(out);
        }
        let mut own = self.own_vote(body.clone());
        for peer in self.peers.clone() {
            if self.values.habits.parts {
                own = self.own_vote(body.clone());
            }
            let mut votes: Vec<Signed<Vote>> = others.iter().cloned().chain([own.clone()]).collect();
            votes.sort_by_key(|vote| vote.node);
            let (request, operation) = place;
            let decision = Decision::Collected(votes);
            self.tell(request, peer, &PeerMessage::Decided { request, operation, decision });
        }
    }

    /// Claims to run a function, and gives its values, out of turn or not.
    fn lead(&mut self, place: (RequestId, OperationNumber), vote: &Signed<Vote>) {
        if !self.values.habits.leads || !self.values.led.insert(place) {
            return;
        }
        let (request, operation) = place;
        self.tell_all(request, &PeerMessage::Leading { request, operation });
        let mut value = self.led_value(vote);
        for peer in self.peers.clone() {
            if self.values.habits.parts {
                value = self.led_value(vote);
            }
            self.tell(request, peer, &PeerMessage::Led(value.clone()));
            let decision = Decision::Led(value.clone());
            self.tell(request, peer, &PeerMessage::Decided { request, operation, decision });
        }
    }

    fn led_value(&mut self, vote: &Signed<Vote>) -> Signed<LeaderValue> {
        let value = LeaderValue {
            network: self.network,
            epoch: EPOCH,
            request: vote.body.request,
            operation: vote.body.operation,
            intent: vote.body.hash(),
            result: Ok(self.lie()),
        };
        Signed::new(self.me, value, &self.key)
    }

    /// Votes on more operations than there can be, and one that is longer than any may be.
    fn flood(&mut self, request: RequestId) {
        for number in 0..FLOOD {
            let long = if number == 0 { limits::VALUE_BYTES_MAX + 1 } else { 500 };
            let vote = Vote {
                network: self.network,
                epoch: EPOCH,
                request,
                operation: operation(1_000 + number),
                verdict: Verdict::Observed { name: "flood".to_owned(), value: "x".repeat(long) },
                seen: Vec::new(),
            };
            let vote = Signed::new(self.me, vote, &self.key);
            self.tell_all(request, &PeerMessage::Vote(vote.clone()));
            if number < 2 {
                let (operation, decision) = (operation(number), Decision::Collected(vec![vote; 40]));
                self.tell_all(request, &PeerMessage::Decided { request, operation, decision });
            }
        }
    }

    fn tell_all(&mut self, request: RequestId, message: &PeerMessage) {
        for peer in self.peers.clone() {
            self.tell(request, peer, message);
        }
    }

    pub(super) fn tell(&mut self, request: RequestId, to: NodeIndex, message: &PeerMessage) {
        let sent = self.values.sent.entry(request).or_default();
        if *sent < FRAMES_MAX {
            *sent += 1;
            let frame = encode(message);
            if self.values.habits.repeats && self.values.said.len() < FRAMES_MAX && frame.len() < 20_000 {
                self.values.said.push((to, frame.clone()));
            }
            self.values.queue.push((to, frame));
        }
    }
}

fn operation(number: u32) -> OperationNumber {
    OperationNumber::from_u32(number).unwrap_or_default()
}
