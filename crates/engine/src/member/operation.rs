//! One operation of our own run: what it asked for, and how far that has come.

use std::collections::{BTreeMap, BTreeSet};

use quorate_policy::Policy;
use quorate_threshold::{EcdsaSign, value::Partial};
use quorate_wire::{
    ActionCid, EcdsaBytes, Identity, Intent, LeaderValue, NodeIndex, Offer, OpenTo, OperationNumber,
    RequestId, Signed, Verdict, Vote,
};

use super::vote::Right;
use crate::RunNumber;

/// An operation that our own run has come to.
pub(super) struct Operation {
    pub(super) run: RunNumber,
    pub(super) vote: Signed<Vote>,
    pub(super) began_mono_ms: u64,
    /// When it is to be looked at again, as long as it waits.
    pub(super) look_mono_ms: Option<u64>,
    /// Coordinators that are waited for no more, and since when the next one is.
    pub(super) passed: BTreeSet<NodeIndex>,
    pub(super) patience_mono_ms: u64,
    /// The host call that is answered as soon as the result is there, whatever other calls wait for; none where answers
    /// come in the order of calls.
    pub(super) at_once: Option<u32>,
    pub(super) work: Work,
}

/// What the run asked for. A kind of operation is one arm.
pub(super) enum Work {
    Sign(Signing),
    Collect(Waiting),
    Once(Leading),
    Draw(Drawing),
    Open(Opening),
    /// Our own verdict was no, whatever it asked for.
    Denied,
}

/// Whether a run still waits for what others fix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Yes,
    /// It has its answer, or has ended.
    No,
}

/// A signature that our run asked for, and that our own verdict allows.
pub(super) struct Signing {
    /// By what right; judged anew at the last message.
    pub(super) right: Right,
    pub(super) tweak: [u8; 32],
    /// The attempts that we joined, for each coordinator.
    pub(super) joined: BTreeMap<NodeIndex, Joined>,
    state: State,
}

/// How far a signature has come. Before our run asks for it, it is unseen: there is no operation.
pub(super) enum State {
    /// These fresh bytes are offered, and no session has used them.
    Offered { fresh: [u8; 32] },
    /// An attempt lives. Its bytes are spent; the next ones are offered.
    Live { fresh: [u8; 32], attempt: Box<Attempt> },
    /// An attempt gave a signature. Another one may have given another elsewhere, so a coordinator fixes which it is.
    Made(EcdsaBytes),
    /// The one that all go on with.
    Signed(EcdsaBytes),
    /// At the last message the registry did not allow it any more.
    Denied,
    /// Our run has ended.
    Withdrawn,
}

/// The states of a signature, without what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Offered,
    Live,
    Made,
    Signed,
    Denied,
    Withdrawn,
}

/// Every move that a signature may make, and why. Whatever is not here is a fault of ours, and is not made.
pub(super) const MOVES: [(Stage, Stage, &str); 12] = [
    (Stage::Offered, Stage::Live, "a proposal is joined, and the offered bytes are spent"),
    (Stage::Offered, Stage::Offered, "an attempt could not begin, and its bytes are spent"),
    (Stage::Live, Stage::Live, "another attempt takes the place of the living one"),
    (Stage::Live, Stage::Offered, "the attempt came to nothing"),
    (Stage::Live, Stage::Made, "the attempt gave a signature"),
    (Stage::Live, Stage::Denied, "the registry does not allow the last message any more"),
    (Stage::Offered, Stage::Signed, "a coordinator fixed one that others made"),
    (Stage::Live, Stage::Signed, "a coordinator fixed one that another attempt made"),
    (Stage::Made, Stage::Signed, "a coordinator fixed this one, or another valid one"),
    (Stage::Offered, Stage::Withdrawn, "the run has ended"),
    (Stage::Live, Stage::Withdrawn, "the run has ended, and its attempt with it"),
    (Stage::Made, Stage::Withdrawn, "the run has ended before one was fixed"),
];

/// A function that one node runs for all.
pub(super) struct Leading {
    /// The host call that asked for it.
    pub(super) asked_by: u32,
    pub(super) waiting: Waiting,
    /// Whether our own run runs the function.
    pub(super) leads: bool,
    /// What it gave.
    pub(super) stated: Option<Signed<LeaderValue>>,
}

/// A value that all nodes draw.
pub(super) struct Drawing {
    /// Our own partial.
    pub(super) own: Partial,
    pub(super) waiting: Waiting,
}

/// A ciphertext that is to be opened.
pub(super) struct Opening {
    /// The running action, for which it is.
    pub(super) action: ActionCid,
    pub(super) identity: Identity,
    pub(super) to: OpenTo,
    /// The policy, and whether the run knew a value of one node: judged anew before the share is said again.
    pub(super) policy: Policy,
    pub(super) single_node: bool,
    /// When it was judged last.
    pub(super) judged_mono_ms: u64,
    /// Our own share.
    pub(super) own: Partial,
    pub(super) waiting: Waiting,
}

/// The attempts of one coordinator that this node has joined.
#[derive(Clone, Copy, Default)]
pub(super) struct Joined {
    /// The highest number.
    pub(super) last: u8,
    pub(super) count: u8,
}

/// Names an attempt: the numbers of one coordinator mean nothing to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AttemptId {
    pub(super) coordinator: NodeIndex,
    pub(super) operation: OperationNumber,
    pub(super) number: u8,
}

/// A signing attempt that this node takes part in. Its secret state lives in the driver only.
pub(super) struct Attempt {
    pub(super) id: AttemptId,
    /// Our own set-ups as they were used. A ban names one even if the pair has been set up again since.
    pub(super) set_ups: BTreeMap<NodeIndex, [u8; 32]>,
    pub(super) session: [u8; 32],
    pub(super) signers: Vec<NodeIndex>,
    pub(super) driver: EcdsaSign,
    pub(super) stalls_mono_ms: u64,
    pub(super) until_mono_ms: u64,
    pub(super) stall_told: bool,
}

impl Signing {
    pub(super) fn new(right: Right, tweak: [u8; 32], fresh: [u8; 32]) -> Self {
        Signing { right, tweak, joined: BTreeMap::new(), state: State::Offered { fresh } }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// The bytes that are good for one proposal.
    pub(super) fn offered(&self) -> Option<[u8; 32]> {
        match &self.state {
            State::Offered { fresh } | State::Live { fresh, .. } => Some(*fresh),
            State::Made(_) | State::Signed(_) | State::Denied | State::Withdrawn => None,
        }
    }

    pub(super) fn live(&mut self) -> Option<&mut Attempt> {
        if let State::Live { attempt, .. } = &mut self.state { Some(attempt) } else { None }
    }

    /// How many attempts we joined, whoever proposed them.
    pub(super) fn attempts(&self) -> u8 {
        self.joined.values().fold(0, |sum, joined| sum.saturating_add(joined.count))
    }

    /// Ends the living attempt, if there is one; what is offered for the next stays offered.
    pub(super) fn drop_attempt(&mut self) -> Option<Attempt> {
        let State::Live { fresh, .. } = &self.state else { return None };
        let next = State::Offered { fresh: *fresh };
        match self.go(next) {
            Some(State::Live { attempt, .. }) => Some(*attempt),
            _ => None,
        }
    }

    /// Makes a move of the table, and returns the state that was left.
    pub(super) fn go(&mut self, next: State) -> Option<State> {
        let (from, to) = (self.state.stage(), next.stage());
        let allowed = MOVES.iter().any(|(a, b, _)| (*a, *b) == (from, to));
        debug_assert!(allowed, "a signature cannot go from {from:?} to {to:?}");
        allowed.then(|| std::mem::replace(&mut self.state, next))
    }

    fn waits(&self) -> bool {
        matches!(self.state.stage(), Stage::Offered | Stage::Live | Stage::Made)
    }
}

impl State {
    pub(super) fn stage(&self) -> Stage {
        match self {
            State::Offered { .. } => Stage::Offered,
            State::Live { .. } => Stage::Live,
            State::Made(_) => Stage::Made,
            State::Signed(_) => Stage::Signed,
            State::Denied => Stage::Denied,
            State::Withdrawn => Stage::Withdrawn,
        }
    }
}

impl Operation {
    /// Whether our own run waits for it to be decided.
    pub(super) fn waits(&self) -> bool {
        match &self.work {
            Work::Sign(signing) => signing.waits(),
            Work::Collect(waiting) => *waiting == Waiting::Yes,
            Work::Once(leading) => leading.waiting == Waiting::Yes,
            Work::Draw(drawing) => drawing.waiting == Waiting::Yes,
            Work::Open(opening) => opening.waiting == Waiting::Yes,
            Work::Denied => false,
        }
    }

    /// What our own run wants to sign.
    pub(super) fn intent(&self) -> Option<&Intent> {
        self.vote.body.intent()
    }

    /// The signature that all go on with.
    pub(super) fn signature(&self) -> Option<EcdsaBytes> {
        match &self.work {
            Work::Sign(signing) => match signing.state() {
                State::Signed(signature) => Some(*signature),
                State::Offered { .. }
                | State::Live { .. }
                | State::Made(_)
                | State::Denied
                | State::Withdrawn => None,
            },
            Work::Collect(_) | Work::Once(_) | Work::Draw(_) | Work::Open(_) | Work::Denied => None,
        }
    }

    pub(super) fn signing(&mut self) -> Option<&mut Signing> {
        if let Work::Sign(signing) = &mut self.work { Some(signing) } else { None }
    }

    /// What our own run gave of the function that one node runs.
    pub(super) fn stated(&self) -> Option<&Signed<LeaderValue>> {
        if let Work::Once(leading) = &self.work { leading.stated.as_ref() } else { None }
    }

    /// Whether everybody has to know that we came to it, and not the coordinators alone.
    pub(super) fn told_to_all(&self) -> bool {
        matches!(self.vote.body.verdict, Verdict::Once { .. } | Verdict::Draw { .. })
    }

    /// What we offer for its next attempt.
    pub(super) fn offer(&self, request: RequestId, operation: OperationNumber) -> Option<Offer> {
        let Work::Sign(signing) = &self.work else { return None };
        let fresh = signing.offered()?;
        Some(Offer { request, operation, attempt: signing.attempts(), fresh })
    }

    /// When something of it is due.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        let live = match &self.work {
            Work::Sign(Signing { state: State::Live { attempt, .. }, .. }) => {
                Some(if attempt.stall_told { attempt.until_mono_ms } else { attempt.stalls_mono_ms })
            }
            Work::Sign(_)
            | Work::Collect(_)
            | Work::Once(_)
            | Work::Draw(_)
            | Work::Open(_)
            | Work::Denied => None,
        };
        self.look_mono_ms.into_iter().chain(live).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_an_end_never_goes_on() {
        let stages =
            [Stage::Offered, Stage::Live, Stage::Made, Stage::Signed, Stage::Denied, Stage::Withdrawn];
        let moves = |from: Stage| MOVES.iter().filter(move |(a, b, _)| *a == from && a != b).count();
        for end in [Stage::Signed, Stage::Denied, Stage::Withdrawn] {
            assert_eq!(moves(end), 0, "{end:?}");
        }
        for (from, to, why) in MOVES {
            let same = MOVES.iter().filter(|(a, b, _)| (*a, *b) == (from, to)).count();
            assert_eq!(same, 1, "{from:?} to {to:?} stands once");
            assert!(!why.is_empty());
            assert!(
                from != Stage::Made || to != Stage::Live,
                "with a signature in hand no attempt is joined"
            );
        }
        assert!(stages.iter().skip(1).all(|to| MOVES.iter().any(|(_, b, _)| b == to)), "each can be reached");
    }
}
