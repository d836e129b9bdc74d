//! The revocations that a node has: on disk, by whom they count, what they end, and which peer may lack which.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_auth::{Ended, Session, SignedOut};
use quorate_quota::{Bucket, Rate, may_hold};
use quorate_wire::{
    ErrorCode, HeldRevocation, LoginId, NodeIndex, Payer, PeerMessage, Problem, RequestId, RevocationReply,
    RevocationSubmission, SessionKey, Signed, limits,
};

use crate::{
    Effect, Now, ReplyTo, StartError, Stored,
    admission::Buckets,
    committee::Committee,
    peers::{Peers, bytes},
    turn::Turn,
};

/// The place in the store of revocations, each by its id.
const PLACE: &str = "revocation/";
/// What a revocation costs its caller's address, in tokens.
pub(super) const TOKENS: u64 = 15;
/// What is handed to one peer: a node that was away gets the newest at once, and all others in time.
const PACE: Rate = Rate::per_second(64, 16);
/// What is handed on is looked at so often.
const LOOK_MS: u64 = 250;
/// A peer that does not say that it has what it was handed is handed it again, each time after twice as long, so often.
const AGAIN_MS: u64 = 5_000;
const AGAIN_DOUBLED_MAX: u32 = 6;

/// A revocation as it stands on disk: as it was signed, so that others can check it, and what it ends, so that a start needs
/// no key of an issuer.
#[derive(BorshSerialize, BorshDeserialize)]
struct Record {
    submission: RevocationSubmission,
    login: LoginId,
    session: SessionKey,
    methods: Vec<LoginId>,
    proven_ms: u64,
    everywhere: bool,
    at_ms: u64,
    learned_ms: u64,
}

impl Record {
    fn new(submission: RevocationSubmission, login: LoginId, ended: &Ended) -> Self {
        let Ended { session, methods, proven_ms, everywhere, at_ms, learned_ms } = ended.clone();
        Record { submission, login, session, methods, proven_ms, everywhere, at_ms, learned_ms }
    }

    fn read(self) -> (RevocationSubmission, LoginId, Ended) {
        let Record { submission, login, session, methods, proven_ms, everywhere, at_ms, learned_ms } = self;
        (submission, login, Ended { session, methods, proven_ms, everywhere, at_ms, learned_ms })
    }
}

/// A revocation that this node has.
struct Kept {
    submission: RevocationSubmission,
    login: LoginId,
    ended: Ended,
    /// Its place in the order in which they came.
    serial: u64,
    bytes: usize,
    /// In whose share it counts.
    payers: Vec<Payer>,
    /// Who else has it, by its own word.
    held: BTreeMap<NodeIndex, Signed<HeldRevocation>>,
    /// When each is handed it again, and how often it was.
    told: BTreeMap<NodeIndex, (u64, u32)>,
}

/// What one peer may not have.
#[derive(Default)]
struct Lacking {
    /// What it was not handed since it came, in the order in which it came here.
    untold: BTreeMap<u64, RequestId>,
    /// What it was handed, by when it is handed again.
    told: BTreeMap<(u64, u64), RequestId>,
}

impl Lacking {
    fn remove(&mut self, serial: u64, told: Option<&(u64, u32)>) {
        self.untold.remove(&serial);
        if let Some((due_mono_ms, _)) = told {
            self.told.remove(&(*due_mono_ms, serial));
        }
    }

    /// What is handed next: what is due again, and of what is new the newest and the oldest by turns, so that neither what
    /// comes in a flood nor what came before it is waited for.
    fn next(&mut self, now_mono_ms: u64, turn: usize) -> Option<RequestId> {
        let due = |told: &mut BTreeMap<(u64, u64), RequestId>| {
            let first = told.first_entry().filter(|first| first.key().0 <= now_mono_ms)?;
            Some(first.remove())
        };
        let again = if turn % 3 == 2 { due(&mut self.told) } else { None };
        let new = |untold: &mut BTreeMap<u64, RequestId>| {
            if turn.is_multiple_of(2) { untold.pop_last() } else { untold.pop_first() }
        };
        again.or_else(|| new(&mut self.untold).map(|(_, id)| id)).or_else(|| due(&mut self.told))
    }
}

/// A clock for forgetting: it never goes faster than time, so that a wall clock that jumps ahead and back forgets nothing.
#[derive(Default)]
struct Steady {
    unix_ms: u64,
    at_mono_ms: u64,
}

impl Steady {
    /// Goes on, and says what time it is at least.
    fn go_on(&mut self, now: Now) -> u64 {
        let passed_ms = now.mono_ms.saturating_sub(self.at_mono_ms);
        self.unix_ms = self.unix_ms.saturating_add(passed_ms).min(now.unix_ms);
        self.at_mono_ms = now.mono_ms;
        self.unix_ms
    }

    /// Something was signed at this moment: it is not earlier now, unless this node's own clock says so.
    fn seen(&mut self, moment_ms: u64, now: Now) {
        self.unix_ms = self.unix_ms.max(moment_ms.min(now.unix_ms));
    }
}

/// A caller that waits for others to have a revocation as well.
struct Waits {
    reply_to: ReplyTo,
    revocation: RequestId,
    until_mono_ms: u64,
}

/// All revocations that a node has.
#[derive(Default)]
pub(crate) struct Revocations {
    kept: BTreeMap<RequestId, Kept>,
    bytes: usize,
    of_payers: BTreeMap<Payer, usize>,
    of_logins: BTreeMap<LoginId, usize>,
    out: SignedOut,
    /// Those of each session, and of each method.
    of_sessions: BTreeMap<SessionKey, BTreeSet<RequestId>>,
    of_methods: BTreeMap<LoginId, BTreeSet<RequestId>>,
    next_serial: u64,
    /// Those that a peer may not have, in the order in which they came.
    lacking: BTreeMap<NodeIndex, Lacking>,
    /// The start in which each peer was met.
    starts: BTreeMap<NodeIndex, Option<[u8; 16]>>,
    steady: Steady,
    /// What callers' addresses have left.
    buckets: Buckets,
    paces: BTreeMap<NodeIndex, Bucket>,
    look_mono_ms: u64,
    waiting: Vec<Waits>,
}

impl Revocations {
    /// Loads what was kept.
    pub(crate) fn load(committee: &Committee, stored: &Stored, now: Now) -> Result<Self, StartError> {
        let mut all = Revocations::default();
        all.steady.at_mono_ms = now.mono_ms;
        let mut kept = Vec::new();
        for (key, value) in stored.iter().filter(|(key, _)| key.starts_with(PLACE)) {
            let damaged = || StartError::Damaged { key: key.clone() };
            let id: RequestId = key[PLACE.len()..].parse().map_err(|_| damaged())?;
            let record: Record = borsh::from_slice(value).map_err(|_| damaged())?;
            kept.push((id, record.read()));
        }
        kept.sort_by_key(|(_, (_, _, ended))| ended.learned_ms);
        for (id, read) in kept {
            all.steady.seen(read.2.at_ms, now);
            all.insert((id, read), Vec::new(), committee);
        }
        Ok(all)
    }

    /// What all of them end.
    pub(crate) fn ended(&self) -> impl Iterator<Item = Ended> {
        self.kept.values().map(|kept| kept.ended.clone())
    }

    /// Whether a session counts.
    ///
    /// # Errors
    /// `session_revoked`.
    pub(crate) fn check(&self, session: &Session) -> Result<(), ErrorCode> {
        self.out.check(session)
    }

    fn insert(
        &mut self,
        (id, (submission, login, ended)): (RequestId, (RevocationSubmission, LoginId, Ended)),
        payers: Vec<Payer>,
        committee: &Committee,
    ) {
        self.out.note(&ended);
        let bytes = submission.bytes() + limits::REVOCATION_BYTES;
        self.bytes += bytes;
        *self.of_logins.entry(login).or_default() += 1;
        for payer in &payers {
            *self.of_payers.entry(*payer).or_default() += bytes;
        }
        self.of_sessions.entry(ended.session).or_default().insert(id);
        for method in &ended.methods {
            self.of_methods.entry(*method).or_default().insert(id);
        }
        self.next_serial += 1;
        let serial = self.next_serial;
        for peer in committee.peers() {
            self.lacking.entry(peer).or_default().untold.insert(serial, id);
        }
        let (held, told) = (BTreeMap::new(), BTreeMap::new());
        self.kept.insert(id, Kept { submission, login, ended, serial, bytes, payers, held, told });
    }

    fn remove(&mut self, id: &RequestId) {
        let Some(kept) = self.kept.remove(id) else { return };
        self.bytes = self.bytes.saturating_sub(kept.bytes);
        less(&mut self.of_logins, &kept.login, 1);
        for payer in &kept.payers {
            less(&mut self.of_payers, payer, kept.bytes);
        }
        take_out(&mut self.of_sessions, &kept.ended.session, id);
        for method in &kept.ended.methods {
            take_out(&mut self.of_methods, method, id);
        }
        for (peer, lacking) in &mut self.lacking {
            lacking.remove(kept.serial, kept.told.get(peer));
        }
    }

    /// Those that need not be kept beside a new one.
    fn covered_by(&self, ended: &Ended) -> BTreeSet<RequestId> {
        let by_method = ended.methods.iter().filter_map(|method| self.of_methods.get(method));
        let related = self.of_sessions.get(&ended.session).into_iter().chain(by_method).flatten();
        let covered = |id: &&RequestId| self.kept.get(id).is_some_and(|kept| ended.covers(&kept.ended));
        related.filter(covered).copied().collect()
    }

    /// Whether this node has it.
    pub(super) fn has(&self, id: &RequestId) -> bool {
        self.kept.contains_key(id)
    }

    /// All that was signed out.
    pub(super) fn out(&self) -> &SignedOut {
        &self.out
    }

    /// A caller waits until a moment for others to have it as well.
    pub(super) fn wait(
        &mut self,
        (reply_to, revocation, until_mono_ms): (ReplyTo, RequestId, u64),
        committee: &Committee,
        turn: &mut Turn<'_>,
    ) {
        self.waiting.push(Waits { reply_to, revocation, until_mono_ms });
        self.answer(revocation, committee, turn);
    }

    /// Writes one down, in the place of those that need not be kept beside it, and hands it on from then on.
    pub(super) fn take(
        &mut self,
        (id, (submission, login, mut ended)): (RequestId, (RevocationSubmission, LoginId, Ended)),
        payers: Vec<Payer>,
        committee: &Committee,
        turn: &mut Turn<'_>,
    ) {
        let older = self.covered_by(&ended);
        let of_same = older.iter().filter_map(|id| self.kept.get(id));
        let of_same = of_same.filter(|kept| kept.ended.session == ended.session);
        // A session is out since this node has learned of the first.
        ended.learned_ms = of_same.map(|kept| kept.ended.learned_ms).fold(ended.learned_ms, u64::min);
        let record = Record::new(submission, login, &ended);
        let gone = older.iter().map(|id| (place(id), None));
        turn.persist(std::iter::once((place(&id), Some(bytes(&record)))).chain(gone));
        for id in &older {
            self.remove(id);
        }
        self.steady.seen(ended.at_ms, turn.now);
        self.insert((id, (record.submission, login, ended)), payers, committee);
        self.look_mono_ms = 0;
    }

    /// Takes what a revocation costs an address or a network around it.
    pub(super) fn pay(&mut self, source: Payer, rate: &Rate, now: Now) -> Result<(), Problem> {
        self.buckets.take(source, rate, TOKENS, now.mono_ms).map_err(|wait_ms| {
            let problem = Problem::of(ErrorCode::RateLimited);
            Problem { retry_after_ms: wait_ms, ..problem }
        })
    }

    /// Whether there is room for one more of these payers, in the place of those that need not be kept beside it. Each gets
    /// more only while it has less than is free.
    pub(super) fn has_room(&self, bytes: usize, payers: &[Payer], ended: &Ended) -> bool {
        let older = self.covered_by(ended);
        let older: Vec<&Kept> = older.iter().filter_map(|id| self.kept.get(id)).collect();
        let all = self.bytes.saturating_sub(older.iter().map(|kept| kept.bytes).sum());
        let free = limits::REVOCATIONS_BYTES_MAX.saturating_sub(all);
        let fair = |payer: &Payer| match payer {
            Payer::Login(login) => {
                let gone = older.iter().filter(|kept| kept.login == *login).count();
                let own = self.of_logins.get(login).copied().unwrap_or(0);
                own.saturating_sub(gone) < limits::REVOCATIONS_PER_LOGIN_MAX
            }
            // The whole of a wide network has no more than one address: logins cost nothing to make.
            Payer::Source(_) | Payer::Peer(_) => {
                let own = self.of_payers.get(payer).copied().unwrap_or(0);
                let of_older = older.iter().filter(|kept| kept.payers.contains(payer));
                let gone: usize = of_older.map(|kept| kept.bytes).sum();
                may_hold(own.saturating_sub(gone), bytes, free, 1)
            }
        };
        bytes <= free && payers.iter().all(fair)
    }

    /// What is due: to hand on, and to answer.
    pub(super) fn tick(&mut self, (committee, peers): (&Committee, &Peers), turn: &mut Turn<'_>) {
        if self.has_open() && turn.now.mono_ms >= self.look_mono_ms {
            self.look_mono_ms = turn.now.mono_ms + LOOK_MS;
            let greeted: Vec<NodeIndex> = committee.peers().filter(|peer| peers.greeted(*peer)).collect();
            for peer in greeted {
                self.hand_on(peer, turn);
            }
        }
        let due = |waits: &Waits| waits.until_mono_ms <= turn.now.mono_ms;
        let (due, others) = std::mem::take(&mut self.waiting).into_iter().partition(due);
        self.waiting = others;
        for Waits { reply_to, revocation, .. } in due {
            self.reply(reply_to, revocation, committee, turn);
        }
    }

    fn has_open(&self) -> bool {
        self.lacking.values().any(|lacking| !lacking.untold.is_empty() || !lacking.told.is_empty())
    }

    /// Hands a peer what it may not have, as fast as it takes it.
    fn hand_on(&mut self, peer: NodeIndex, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let pace = self.paces.entry(peer).or_insert_with(|| Bucket::full(&PACE, now));
        let Some(lacking) = self.lacking.get_mut(&peer) else { return };
        for number in 0.. {
            if !pace.has(&PACE, 1, now) {
                return;
            }
            let Some(id) = lacking.next(now, number) else { return };
            let Some(kept) = self.kept.get_mut(&id) else { continue };
            pace.take(&PACE, 1, now);
            let (due, times) = kept.told.entry(peer).or_insert((0, 0));
            *due = now.saturating_add(AGAIN_MS << (*times).min(AGAIN_DOUBLED_MAX));
            *times = times.saturating_add(1);
            lacking.told.insert((*due, kept.serial), id);
            turn.send(peer, PeerMessage::Revocation(Box::new(kept.submission.clone())));
        }
    }

    /// A peer has come back: it is handed at once what it may not have, also what it would not have before. In a new start
    /// its disk may be an older one, whatever it said before.
    pub(crate) fn greeted(&mut self, peer: NodeIndex, start: Option<[u8; 16]>) {
        self.look_mono_ms = 0;
        let anew = self.starts.insert(peer, start) != Some(start);
        let lacking = self.lacking.entry(peer).or_default();
        for (id, kept) in &mut self.kept {
            if anew {
                kept.held.remove(&peer);
            }
            if !kept.held.contains_key(&peer) {
                lacking.remove(kept.serial, kept.told.remove(&peer).as_ref());
                lacking.untold.insert(kept.serial, *id);
            }
        }
    }

    /// A peer has said of a revocation that it has it, or that it will not.
    pub(super) fn settled(
        &mut self,
        id: RequestId,
        (peer, held): (NodeIndex, Option<Signed<HeldRevocation>>),
        committee: &Committee,
        turn: &mut Turn<'_>,
    ) {
        let Some(kept) = self.kept.get_mut(&id) else { return };
        if let Some(lacking) = self.lacking.get_mut(&peer) {
            lacking.remove(kept.serial, kept.told.get(&peer));
        }
        if let Some(held) = held {
            kept.held.insert(peer, held);
        }
        self.answer(id, committee, turn);
    }

    /// Answers those who wait for it, if nobody can sign any more who has it not.
    fn answer(&mut self, id: RequestId, committee: &Committee, turn: &mut Turn<'_>) {
        if !is_done(self.holders(&id), committee) {
            return;
        }
        let its = |waits: &Waits| waits.revocation == id;
        let (its, others) = std::mem::take(&mut self.waiting).into_iter().partition(its);
        self.waiting = others;
        for Waits { reply_to, .. } in its {
            self.reply(reply_to, id, committee, turn);
        }
    }

    /// How many nodes have it, this one among them.
    fn holders(&self, id: &RequestId) -> usize {
        1 + self.kept.get(id).map_or(0, |kept| kept.held.len())
    }

    fn reply(&self, to: ReplyTo, id: RequestId, committee: &Committee, turn: &mut Turn<'_>) {
        let mut held = vec![held(committee, id)];
        held.extend(self.kept.get(&id).into_iter().flat_map(|kept| kept.held.values().cloned()));
        held.sort_by_key(|held| held.node);
        let of = u32::try_from(committee.size()).unwrap_or(u32::MAX);
        let reply = RevocationReply { of, done: is_done(held.len(), committee), held };
        turn.effects.push(Effect::ReplyRevocation { to, result: Ok(Box::new(reply)) });
    }

    pub(crate) fn abandoned(&mut self, reply_to: ReplyTo) {
        self.waiting.retain(|waits| waits.reply_to != reply_to);
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let look = self.has_open().then_some(self.look_mono_ms);
        self.waiting.iter().map(|waits| waits.until_mono_ms).chain(look).min()
    }

    /// Forgets what could end nothing any more.
    pub(crate) fn sweep(&mut self, turn: &mut Turn<'_>) {
        let now_ms = self.steady.go_on(turn.now);
        let over = |(_, kept): &(&RequestId, &Kept)| kept.ended.until_ms() <= now_ms;
        let over: Vec<RequestId> = self.kept.iter().filter(over).map(|(id, _)| *id).collect();
        for id in &over {
            self.remove(id);
        }
        if !over.is_empty() {
            turn.persist(over.iter().map(|id| (place(id), None)));
        }
        self.out.sweep(now_ms);
    }
}

/// Whether the nodes without a revocation can sign nothing.
fn is_done(holders: usize, committee: &Committee) -> bool {
    committee.size().saturating_sub(holders) < committee.threshold()
}

/// This node's word that it has a revocation.
pub(super) fn held(committee: &Committee, revocation: RequestId) -> Signed<HeldRevocation> {
    committee.sign(HeldRevocation { network: committee.id, epoch: committee.epoch, revocation })
}

fn place(id: &RequestId) -> String {
    format!("{PLACE}{id}")
}

fn take_out<K: Ord>(ids: &mut BTreeMap<K, BTreeSet<RequestId>>, of: &K, id: &RequestId) {
    if let Some(all) = ids.get_mut(of) {
        all.remove(id);
        if all.is_empty() {
            ids.remove(of);
        }
    }
}

fn less<K: Ord>(counts: &mut BTreeMap<K, usize>, of: &K, by: usize) {
    if let Some(count) = counts.get_mut(of) {
        *count = count.saturating_sub(by);
        if *count == 0 {
            counts.remove(of);
        }
    }
}

#[cfg(test)]
mod tests {
    use quorate_wire::{Digest, Login, WalletLogin};
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn records_are_written_as_they_were() {
        let login =
            WalletLogin { message: "message".to_owned(), signature: "0x01".to_owned(), rz: Digest([2; 32]) };
        let record = Record {
            submission: RevocationSubmission {
                request: b"request".to_vec(),
                sig: vec![3; 64],
                login: Login::from(login),
            },
            login: LoginId(Digest([4; 32])),
            session: SessionKey([5; 32]),
            methods: vec![LoginId(Digest([6; 32]))],
            proven_ms: 7,
            everywhere: true,
            at_ms: 8,
            learned_ms: 9,
        };
        let found = hex::encode(Sha256::digest(bytes(&record)));
        assert_eq!(
            found, "e212218438fb7a1ce41f10cdc32dc2e626bf2a848ea8d0a0fef36d5f7f4ffa22",
            "what a store has from before is read no more"
        );
    }

    #[test]
    fn a_clock_that_jumps_forgets_nothing() {
        let at = |mono_ms, unix_ms| Now { mono_ms, unix_ms };
        let mut steady = Steady { unix_ms: 0, at_mono_ms: 1_000 };
        steady.seen(50_000, at(1_000, 60_000));
        assert_eq!(steady.go_on(at(2_000, 61_000)), 51_000);
        assert_eq!(steady.go_on(at(3_000, 90_000_000)), 52_000, "it has jumped ahead");
        assert_eq!(steady.go_on(at(4_000, 40_000)), 40_000, "it has gone back");
        steady.seen(70_000, at(4_000, 63_000));
        assert_eq!(steady.go_on(at(4_000, 63_000)), 63_000, "what is signed ahead says nothing");
    }
}
