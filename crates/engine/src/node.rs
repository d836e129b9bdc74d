//! What a node has that outlasts executions, and the scene in which one execution's two roles act.

use std::{collections::BTreeMap, sync::Arc};

use quorate_auth::Session;
use quorate_wire::{ErrorCode, NodeIndex, OperationNumber, Payer, Problem, PublicKey, RequestId, limits};

use crate::{
    Now, ReadRegistry, RunNumber,
    admission::{Buckets, Shares},
    committee::Committee,
    early::EarlyMessages,
    endpoints::Endpoints,
    facts::Facts,
    finality::Finality,
    founding::Founding,
    pairs::Pairs,
    peers::Peers,
    revocations::Revocations,
    turn::Turn,
};

/// What one call of a contract by a policy costs, made at two heads. At the usual rates a login, or an address, has eight a
/// second, which is an eighth of a processor at most.
const TOKENS_PER_READ: u64 = 25;

/// The parts of a node that all executions share.
pub(crate) struct Node {
    pub(crate) committee: Committee,
    pub(crate) peers: Peers,
    pub(crate) endpoints: Endpoints,
    pub(crate) founding: Founding,
    pub(crate) pairs: Pairs,
    pub(crate) registry: Option<Arc<dyn ReadRegistry>>,
    pub(crate) finality: Finality,
    pub(crate) early_rounds: EarlyMessages,
    pub(crate) revocations: Revocations,
    /// Signing sessions in progress.
    pub(crate) sessions: BTreeMap<[u8; 32], (RequestId, OperationNumber)>,
    /// Runs in progress.
    pub(crate) runs: BTreeMap<RunNumber, RequestId>,
    pub(crate) next_run: u64,
    pub(crate) shares: Shares,
    /// Who had policies read contracts, which this node runs itself.
    pub(crate) reads: Buckets,
}

impl Node {
    /// The registry and the root of signing keys, or why nothing can be decided.
    pub(crate) fn decided_by(&self) -> Result<(Arc<dyn ReadRegistry>, PublicKey), ErrorCode> {
        match (&self.registry, self.founding.roots()) {
            (Some(registry), Some(roots)) => {
                self.finality.check(registry.as_ref())?;
                Ok((registry.clone(), roots.sign_secp256k1))
            }
            _ => Err(ErrorCode::NotReady),
        }
    }

    /// Whether a session counts now: it was not signed out, and the network takes logins like its own.
    ///
    /// # Errors
    /// `session_revoked`, and those of [`LoginRule::check`](crate::LoginRule::check).
    pub(crate) fn counts(&self, session: &Session, registry: &dyn ReadRegistry) -> Result<(), Problem> {
        self.revocations.check(session)?;
        self.committee.logins(registry).check(&session.methods)
    }

    /// The set-up of a pair, if both sides say the same (of our own pairs we know our side).
    pub(crate) fn set_up_of(&self, a: NodeIndex, b: NodeIndex) -> Option<[u8; 32]> {
        let said = |by: NodeIndex, of: NodeIndex| {
            if by == self.committee.me { self.pairs.id(of) } else { self.peers.announced_set_up(by, of) }
        };
        said(a, b).filter(|id| said(b, a) == Some(*id))
    }

    /// Takes what a policy costs that calls contracts: of each of these payers, or of none.
    pub(crate) fn pay_reads(&mut self, payers: &[Payer], calls: usize, now: Now) -> Result<(), Problem> {
        let tokens = u64::try_from(calls).unwrap_or(u64::MAX).saturating_mul(TOKENS_PER_READ);
        if tokens == 0 {
            return Ok(());
        }
        self.reads.take_of_all(payers, &self.committee.rates, (tokens, now.mono_ms)).map_err(|wait_ms| {
            let problem = Problem::of(ErrorCode::RateLimited);
            Problem { retry_after_ms: wait_ms, ..problem }
        })
    }

    /// A new run of an execution.
    pub(crate) fn new_run(&mut self, of: RequestId) -> RunNumber {
        self.next_run += 1;
        let run = RunNumber(self.next_run);
        self.runs.insert(run, of);
        run
    }
}

/// Where the two roles of one execution act: the node, what both know of the execution, and the present turn.
pub(crate) struct Scene<'a, 't> {
    pub(crate) node: &'a mut Node,
    pub(crate) facts: &'a mut Facts,
    pub(crate) turn: &'a mut Turn<'t>,
}

impl Scene<'_, '_> {
    pub(crate) fn me(&self) -> NodeIndex {
        self.node.committee.me
    }

    /// Monotonic milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.turn.now.mono_ms
    }

    /// Makes room for what a peer says of an operation; false if it has had its share of this execution, or of
    /// all that peers can make this node keep.
    pub(crate) fn keep(&mut self, (from, number): (NodeIndex, OperationNumber), bytes: usize) -> bool {
        if from == self.me() {
            return true;
        }
        let ahead = !self.facts.operations.contains_key(&number);
        let bytes = if ahead { bytes.saturating_add(limits::OPERATION_BYTES) } else { bytes };
        // What callers make an honest peer carry in all executions together is no fault of the peer's.
        if !self.node.peers.keep(from, bytes) {
            return false;
        }
        let start = self.node.peers.start_of(from);
        let fits = self.facts.keep((from, start), number, (bytes, ahead));
        if !fits {
            self.turn.fault(from, "too_much");
        }
        fits
    }

    /// A peer states what differs from what it stated of the operation before. The first stands, and it is told
    /// what the operation came to. It is a fault if it remembers what it stated.
    pub(crate) fn stated_otherwise(
        &mut self,
        number: OperationNumber,
        (from, check): (NodeIndex, &'static str),
    ) {
        if !self.facts.begun_anew(from, self.node.peers.start_of(from)) {
            self.turn.fault(from, check);
        }
        self.facts.tell_decision(number, from, self.turn);
    }
}
