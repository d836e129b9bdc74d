//! What is left of an execution when everybody has heard how it ended: its id, and this node's own account of it.

use quorate_auth::Session;
use quorate_wire::{
    ErrorCode, ExecutionRequest, NodeIndex, OutcomeMessage, PeerMessage, Problem, RequestId, limits,
};

use crate::{
    Effect, Engine, Now, Payers, ReplyTo, accept::new_execution, admission::Held, execution::Execution,
    turn::Turn,
};

/// Bytes beside the account: the id, who pays, and what tables take for an entry.
const ENTRY_BYTES: usize = 256;
/// The longest account that is kept.
const ACCOUNT_BYTES_MAX: usize = limits::ENDED_BYTES_MAX - ENTRY_BYTES;

/// An execution that has ended, kept so that it is not run again, and so that whoever asks again is told how it ended.
pub(crate) struct Remembered {
    payers: Payers,
    forget_unix_ms: u64,
    /// What this node stated, as it is sent; nothing if that is too long.
    account: Option<Box<[u8]>>,
}

impl Remembered {
    fn of(execution: &Execution) -> Self {
        Remembered {
            payers: execution.facts.payers(),
            forget_unix_ms: execution.facts.forget_unix_ms,
            account: execution.member.outcome.as_ref().and_then(account),
        }
    }

    fn outcome(&self) -> Option<OutcomeMessage> {
        borsh::from_slice(self.account.as_deref()?).ok()
    }
}

/// An account within its bound. If it is too long, first its log goes, which nobody has signed, then what it says of
/// others: so nobody's wrong partials make an account be forgotten.
fn account(outcome: &OutcomeMessage) -> Option<Box<[u8]>> {
    let within = |outcome: &OutcomeMessage| {
        let bytes = borsh::to_vec(outcome).ok()?;
        (bytes.len() <= ACCOUNT_BYTES_MAX).then(|| bytes.into_boxed_slice())
    };
    let short = || OutcomeMessage { logs: String::new(), ..outcome.clone() };
    within(outcome)
        .or_else(|| within(&short()))
        .or_else(|| within(&OutcomeMessage { faults: None, ..short() }))
}

impl Engine {
    /// Whether this node has begun an execution that it still remembers.
    pub(crate) fn remembers(&self, id: &RequestId) -> bool {
        self.executions.contains_key(id) || self.ended.contains_key(id)
    }

    /// What all payers together hold.
    pub(crate) fn held(&self) -> Held {
        Held {
            remembered: self.executions.len() + self.ended.len(),
            bytes: self.remembered_bytes,
            running: self.node.runs.len(),
        }
    }

    /// Forgets what is over, and keeps little of what has ended. An execution ends everywhere within its deadline, so after
    /// it nobody needs votes and values any more.
    pub(crate) fn forget_executions(&mut self, now: Now) {
        self.forgot_until_unix_ms = self.forgot_until_unix_ms.max(now.unix_ms);
        let over: Vec<RequestId> = self
            .executions
            .iter()
            .filter(|(_, execution)| execution.idle())
            .filter(|(_, Execution { facts, .. })| {
                facts.forget_unix_ms <= now.unix_ms || facts.deadline_mono_ms <= now.mono_ms
            })
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            if let Some(execution) = self.executions.remove(&id) {
                self.ended.insert(id, Remembered::of(&execution));
            }
        }
        let shares = &mut self.node.shares;
        self.ended.retain(|_, ended| {
            let keep = now.unix_ms < ended.forget_unix_ms;
            if !keep {
                for payer in ended.payers.all() {
                    let held = shares.of(payer);
                    held.remembered = held.remembered.saturating_sub(1);
                }
            }
            keep
        });
        let mut bytes = Vec::new();
        self.remembered_bytes = 0;
        for execution in self.executions.values() {
            let weight = execution.weight();
            self.remembered_bytes += weight;
            bytes.extend(execution.facts.payers().all().into_iter().map(|payer| (payer, weight)));
        }
        self.node.shares.sweep(bytes);
        self.node
            .peers
            .recount_kept(self.executions.values().flat_map(|execution| execution.facts.kept_by_peers()));
    }

    /// Takes an execution that has ended up again for a caller who asks for its reply: the others are asked for their
    /// accounts. Tells the caller if this node's own was too long to be kept. Returns whether there is anything to go on with.
    pub(crate) fn take_up(
        &mut self,
        id: RequestId,
        (request, session): (&ExecutionRequest, &Session),
        reply_to: ReplyTo,
        turn: &mut Turn<'_>,
    ) -> bool {
        let Some(ended) = self.ended.get(&id) else { return true };
        let Some(outcome) = ended.outcome() else {
            let problem = Problem::of(ErrorCode::ReplyNotKept).about(id);
            turn.effects.push(Effect::Reply { to: reply_to, result: Err(Box::new(problem)) });
            return false;
        };
        let Payers { asked_by, .. } = ended.payers;
        self.ended.remove(&id);
        let members = self.node.committee.members().collect();
        let mut execution = new_execution(id, request.clone(), session.clone(), members, turn.now);
        execution.facts.asked_by = asked_by;
        execution.facts.deadline_mono_ms = turn.now.mono_ms;
        execution.facts.ended = true;
        execution.member.outcome = Some(outcome);
        self.executions.insert(id, execution);
        true
    }

    /// Tells a coordinator that asks late how an execution ended here.
    pub(crate) fn tell_ended(&self, id: RequestId, to: NodeIndex, turn: &mut Turn<'_>) {
        let Some(ended) = self.ended.get(&id) else { return };
        let message = match ended.outcome() {
            Some(outcome) => PeerMessage::Outcome(Box::new(outcome)),
            None => {
                let code = ErrorCode::ReplyNotKept;
                PeerMessage::Refused { request: id, code, detail: code.title().to_owned() }
            }
        };
        turn.send(to, message);
    }
}
