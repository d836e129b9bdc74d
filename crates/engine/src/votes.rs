//! What both roles check of votes and values that a member has signed, and what those hold.

use quorate_wire::{
    Decision, LeaderValue, OperationNumber, OutcomeMessage, RequestId, Signed, Verdict, Vote, WrongPartial,
    limits,
};

use crate::committee::Committee;

impl Committee {
    /// Whether a vote is of this network and epoch, bounded, and signed by the member it names.
    pub(crate) fn sound_vote(&self, vote: &Signed<Vote>) -> bool {
        vote.body.network == self.id
            && vote.body.epoch == self.epoch
            && bounded_vote(vote)
            && self.signed_by_member(vote)
    }

    /// Whether a value is of this network and epoch, bounded, and signed by the member it names.
    pub(crate) fn sound_leader_value(&self, value: &Signed<LeaderValue>) -> bool {
        let (Ok(text) | Err(text)) = &value.body.result;
        value.body.network == self.id
            && value.body.epoch == self.epoch
            && text.len() <= limits::LEADER_VALUE_BYTES_MAX
            && self.signed_by_member(value)
    }

    /// Whether these are equal votes of at least t members on the operation, each of its own.
    ///
    /// # Errors
    /// The check that failed.
    pub(crate) fn sound_set(
        &self,
        request: RequestId,
        number: OperationNumber,
        votes: &[Signed<Vote>],
    ) -> Result<(), &'static str> {
        let about = votes.iter().all(|vote| {
            (vote.body.request, vote.body.operation) == (request, number)
                && matches!(vote.body.verdict, Verdict::Observed { .. })
        });
        let ascending = votes.windows(2).all(|pair| pair[0].node < pair[1].node);
        if !about || !ascending || votes.len() < self.threshold() {
            return Err("set_form");
        }
        let hash = votes[0].body.hash();
        if votes.iter().any(|vote| vote.body.hash() != hash || !self.sound_vote(vote)) {
            return Err("set_votes");
        }
        Ok(())
    }

    /// Whether a decision has sizes that an honest one can have.
    pub(crate) fn bounded_decision(&self, decision: &Decision) -> bool {
        match decision {
            Decision::Collected(votes) => votes.len() <= self.size() && votes.iter().all(bounded_vote),
            Decision::Led(value) => {
                let (Ok(text) | Err(text)) = &value.body.result;
                text.len() <= limits::LEADER_VALUE_BYTES_MAX
            }
            Decision::Signed(_) | Decision::Drawn(_) | Decision::Opened(_) => true,
        }
    }
}

/// Bytes that an outcome holds, about.
pub(crate) fn outcome_bytes(outcome: &OutcomeMessage) -> usize {
    let texts = [outcome.response.as_ref(), Some(&outcome.logs), outcome.detail.as_ref()];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    let wrong = outcome.faults.as_ref().map_or(0, |notice| notice.body.wrong_partials.len());
    texts + wrong * size_of::<WrongPartial>() + 1_024
}

/// About how much a vote holds of what its node may choose freely.
pub(crate) fn vote_bytes(vote: &Signed<Vote>) -> usize {
    let seen: usize = vote.body.seen.iter().map(|seen| seen.url.len() + 80).sum();
    let value = match &vote.body.verdict {
        Verdict::Observed { name, value } => name.len() + value.len(),
        Verdict::Draw { partial } => partial.0.len(),
        Verdict::Intent(_) | Verdict::Denied(_) | Verdict::Once { .. } | Verdict::Open { .. } => 0,
    };
    seen + value
}

/// Whether what a vote holds has sizes that an honest vote can have.
fn bounded_vote(vote: &Signed<Vote>) -> bool {
    let verdict = match &vote.body.verdict {
        Verdict::Intent(intent) => {
            intent.name.len() <= limits::SIGNATURE_NAME_BYTES_MAX && intent.operation == vote.body.operation
        }
        Verdict::Denied(_) | Verdict::Draw { .. } | Verdict::Open { .. } => true,
        Verdict::Observed { name, value } => {
            name.len() <= limits::VALUE_NAME_BYTES_MAX && value.len() <= limits::VALUE_BYTES_MAX
        }
        Verdict::Once { name } => name.len() <= limits::VALUE_NAME_BYTES_MAX,
    };
    let seen = &vote.body.seen;
    verdict
        && seen.len() <= limits::SEEN_MAX
        && seen.iter().all(|seen| seen.url.len() <= limits::SEEN_URL_BYTES_MAX)
}
