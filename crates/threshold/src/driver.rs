//! One driver for all ceremonies: it bounds, orders and checks messages, says who is silent and who
//! lied, and knows nothing of what they mean.

use core::fmt;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Bug, Check, Failure, Fault, Misuse, PartyIndex};

/// First byte of every message.
const VERSION: u8 = 1;
/// Version, suite, round.
const HEADER_LEN: usize = 3;

/// A message for one peer. A broadcast is one such message for every peer.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Whom it is for, over a channel that is authenticated and encrypted.
    pub to: PartyIndex,
    /// The round, from 1.
    pub round: u8,
    /// After this message the result is out of this node's hands. Whoever sends it must decide again,
    /// at that moment, that the result may exist.
    pub last: bool,
    /// The bytes to deliver.
    pub payload: Vec<u8>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads may hold dealt shares, so only their length is shown.
        f.debug_struct("Outgoing")
            .field("to", &self.to)
            .field("round", &self.round)
            .field("last", &self.last)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// What follows from a received message: messages to send, and perhaps the end.
///
/// Both can come at once, when a peer's next message was there early. `last` then holds all the same:
/// the output rests on messages of others only, and this node's own must still be decided about.
#[derive(Debug)]
#[must_use]
pub struct Step<O> {
    /// To be sent, in any order.
    pub messages: Vec<Outgoing>,
    /// The end of the ceremony, if it came.
    pub outcome: Option<Outcome<O>>,
}

impl<O> Step<O> {
    fn nothing() -> Self {
        Self { messages: Vec::new(), outcome: None }
    }
}

/// How a ceremony ended.
#[derive(Debug)]
#[must_use]
pub enum Outcome<O> {
    /// With its output.
    Done(O),
    /// Without one.
    Failed(Failure),
}

/// The rounds of one ceremony, as the driver sees them. Implemented in this crate only.
pub trait Protocol: rounds::Rounds {}

impl<P: rounds::Rounds> Protocol for P {}

pub(crate) mod rounds {
    use super::{BTreeMap, Failure, PartyIndex, Zeroizing};

    /// Messages of one round by sender; always exactly one from every peer.
    pub(crate) type Received = BTreeMap<PartyIndex, Zeroizing<Vec<u8>>>;
    /// Messages to send.
    pub(crate) type Bodies = Vec<(PartyIndex, Vec<u8>)>;

    /// The protocol's side of the driver.
    pub trait Rounds: Sized {
        /// What comes out at the end.
        type Output;
        /// Which ceremony, in every header.
        const SUITE: u8;
        /// How many rounds of messages there are.
        const ROUNDS: u8;
        /// The round whose message releases the result, if there is one.
        const RELEASING_ROUND: Option<u8>;

        /// The exact length of a round's body.
        fn body_len(&self, round: u8) -> usize;

        /// Takes all messages of `round` and goes on. The state is consumed, so nothing secret can be
        /// used for a second answer.
        fn advance(self, round: u8, received: Received) -> Result<Advance<Self>, Failure>;
    }

    /// What a complete round leads to.
    pub enum Advance<P: Rounds> {
        /// The next round and its messages.
        Next(P, Bodies),
        /// The end.
        Done(P::Output),
    }
}

use rounds::{Advance, Bodies, Received};

/// A running ceremony.
///
/// Sans-IO: starting it gives messages to send, [`Driver::receive`] takes one and says what follows.
/// Time is the caller's: when it runs out, [`Driver::waiting_for`] names the silent, and dropping the
/// driver wipes the state.
pub struct Driver<P: Protocol> {
    me: PartyIndex,
    peers: Vec<PartyIndex>,
    round: u8,
    /// `None` once the ceremony has ended.
    state: Option<P>,
    current: Received,
    early: Received,
    /// Digests of what was accepted, to tell a repetition from a second, different message.
    seen: BTreeMap<(u8, PartyIndex), [u8; 32]>,
}

impl<P: Protocol> fmt::Debug for Driver<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("me", &self.me)
            .field("round", &self.round)
            .field("waiting_for", &self.waiting_for())
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> Driver<P> {
    /// `peers` are the others, ascending, at least one.
    pub(crate) fn new(
        me: PartyIndex,
        peers: Vec<PartyIndex>,
        state: P,
        bodies: Bodies,
    ) -> (Self, Vec<Outgoing>) {
        let driver = Self {
            me,
            peers,
            round: 1,
            state: Some(state),
            current: Received::new(),
            early: Received::new(),
            seen: BTreeMap::new(),
        };
        let messages = driver.outgoing(bodies);
        (driver, messages)
    }

    /// Takes one message. `from` is the identity that the channel authenticated; nothing in the
    /// payload can change it.
    ///
    /// A repeated message is ignored, and so is everything after the end.
    ///
    /// # Errors
    ///
    /// [`Misuse::ForeignSender`] if `from` has no part in this ceremony, which goes on unharmed.
    pub fn receive(&mut self, from: PartyIndex, payload: &[u8]) -> Result<Step<P::Output>, Misuse> {
        if !self.peers.contains(&from) {
            return Err(Misuse::ForeignSender);
        }
        let Some(state) = &self.state else { return Ok(Step::nothing()) };
        match self.sort(state, from, payload) {
            Err(check) => Ok(self.fail(Vec::new(), Fault::of(from, check).into())),
            Ok(Sorted::Repeated) => Ok(Step::nothing()),
            Ok(Sorted::New { round, digest }) => {
                self.seen.insert((round, from), digest);
                let body = Zeroizing::new(payload[HEADER_LEN..].to_vec());
                let buffer = if round == self.round { &mut self.current } else { &mut self.early };
                buffer.insert(from, body);
                Ok(self.advance())
            }
        }
    }

    /// Whose message of the current round is missing. Empty after the end.
    #[must_use]
    pub fn waiting_for(&self) -> Vec<PartyIndex> {
        if self.state.is_none() {
            return Vec::new();
        }
        self.peers.iter().copied().filter(|peer| !self.current.contains_key(peer)).collect()
    }

    /// The round whose messages are being collected, from 1.
    #[must_use]
    pub fn round(&self) -> u8 {
        self.round
    }

    /// This party.
    #[must_use]
    pub fn me(&self) -> PartyIndex {
        self.me
    }

    /// The others, ascending.
    #[must_use]
    pub fn peers(&self) -> &[PartyIndex] {
        &self.peers
    }

    /// Whether the ceremony has ended, either way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state.is_none()
    }

    /// The longest payload that any round of this ceremony accepts, header included; 0 after the end.
    #[must_use]
    pub fn payload_bytes_max(&self) -> usize {
        let Some(state) = &self.state else { return 0 };
        (1..=P::ROUNDS).map(|round| state.body_len(round) + HEADER_LEN).max().unwrap_or(0)
    }

    fn sort(&self, state: &P, from: PartyIndex, payload: &[u8]) -> Result<Sorted, Check> {
        let [VERSION, suite, round, body @ ..] = payload else { return Err(Check::Header) };
        if *suite != P::SUITE || *round == 0 || *round > P::ROUNDS {
            return Err(Check::Header);
        }
        let round = *round;
        // A peer sends round r+1 only with this party's message of round r in hand, and r+2 never.
        if round > self.round.saturating_add(1) {
            return Err(Check::RoundTooEarly);
        }
        if body.len() != state.body_len(round) {
            return Err(Check::Length);
        }
        let digest: [u8; 32] = Sha256::digest(payload).into();
        match self.seen.get(&(round, from)) {
            Some(seen) if *seen == digest => Ok(Sorted::Repeated),
            Some(_) => Err(Check::SecondMessageDiffers),
            // Rounds end only when everybody has spoken, so an old round has no new senders.
            None => Ok(Sorted::New { round, digest }),
        }
    }

    fn advance(&mut self) -> Step<P::Output> {
        let mut messages = Vec::new();
        while self.current.len() == self.peers.len() {
            let Some(state) = self.state.take() else {
                return self.fail(messages, Bug("a round ended without a state").into());
            };
            let received = core::mem::replace(&mut self.current, core::mem::take(&mut self.early));
            match state.advance(self.round, received) {
                Ok(Advance::Next(state, bodies)) => {
                    self.round += 1;
                    self.state = Some(state);
                    messages.extend(self.outgoing(bodies));
                }
                Ok(Advance::Done(output)) => {
                    self.end();
                    return Step { messages, outcome: Some(Outcome::Done(output)) };
                }
                Err(failure) => return self.fail(messages, failure),
            }
        }
        Step { messages, outcome: None }
    }

    fn fail(&mut self, messages: Vec<Outgoing>, failure: Failure) -> Step<P::Output> {
        self.end();
        Step { messages, outcome: Some(Outcome::Failed(failure)) }
    }

    fn end(&mut self) {
        self.state = None;
        self.current.clear();
        self.early.clear();
    }

    fn outgoing(&self, bodies: Bodies) -> Vec<Outgoing> {
        let last = P::RELEASING_ROUND == Some(self.round);
        bodies
            .into_iter()
            .map(|(to, body)| {
                let mut payload = Vec::with_capacity(HEADER_LEN + body.len());
                payload.extend_from_slice(&[VERSION, P::SUITE, self.round]);
                payload.extend_from_slice(&Zeroizing::new(body));
                Outgoing { to, round: self.round, last, payload }
            })
            .collect()
    }
}

enum Sorted {
    Repeated,
    New { round: u8, digest: [u8; 32] },
}
