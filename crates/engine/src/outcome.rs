//! How executions end: a run's statement, the quorum of equal statements, the caller's answer.

use std::collections::BTreeMap;

use quorate_wire::{
    Claim, Digest, EcdsaBytes, ErrorClass, ErrorCode, ExecutionReply, GUESTS_DIFFER, Lane, NodeIndex,
    OddNode, OperationNumber, OutcomeMessage, PeerMessage, Problem, Receipt, RequestId, SignatureView,
    Signed, Statement, Status, Vote, ecdsa_valid, limits,
};

use crate::{
    ActionEnd, Effect, Engine, Report,
    accept::QUORUM_CHECK_MS,
    coordinate::odd_nodes,
    execution::{Execution, Group},
    turn::Turn,
};

/// Members that are not even connected are given up sooner than those that fell silent.
const ABSENT_MS: u64 = 500;
/// Longest words for people beside an outcome or a refusal.
pub(crate) const DETAIL_BYTES_MAX: usize = 1_024;

impl Engine {
    /// Ends this node's own run: states what it did, and tells whoever coordinates.
    pub(crate) fn end_run(&mut self, execution: &mut Execution, end: ActionEnd, turn: &mut Turn<'_>) {
        if !execution.running() {
            return;
        }
        self.drop_attempts(execution);
        self.forget_run(execution, execution.root, turn);
        let ActionEnd { result, mut logs, usage } = end;
        let of_children = std::mem::take(&mut execution.logs_of_children);
        let room = limits::LOG_BYTES_MAX.saturating_sub(logs.len());
        logs.push_str(&of_children[..of_children.floor_char_boundary(room)]);
        let result = result.map_err(|mut failure| {
            failure.code = self.cause(execution, Lane::ROOT, failure.code);
            failure
        });
        let (status, error, response, detail) = ending(execution, result);
        // Calls made at once can be refused in another order elsewhere, and statements are compared.
        execution.refusals.sort_by_key(|refusal| refusal.operation);
        execution.claims.sort_by_key(|claim| claim.operation);
        let statement = self.committee.sign(Statement {
            network: self.committee.id,
            epoch: self.committee.epoch,
            request: execution.id,
            login: execution.request.login,
            action: execution.request.action,
            params: execution.request.params_hash(),
            block: execution.request.block,
            intents: execution.signed().map(|(intent, _)| intent.clone()).collect(),
            refusals: execution.refusals.clone(),
            collected: execution.collected(),
            single_node: execution.single_node(),
            claims: execution.claims.clone(),
            failed: execution.failed_after_signing(),
            wildcard: false,
            status,
            error,
            response: response.as_deref().map(Statement::response_hash),
            guest: self.committee.guest,
        });
        let shown = execution.signed().filter(|(intent, _)| statement.body.shows(intent));
        let signatures = shown.map(|(_, signature)| signature).collect();
        let outcome = OutcomeMessage { statement, response, signatures, logs, usage, detail };
        turn.report(Report::Ended {
            request: execution.id,
            status,
            error,
            duration_ms: turn.now.mono_ms.saturating_sub(execution.accepted_mono_ms),
        });
        execution.ended = true;
        if execution.callers.is_empty() {
            execution.submission = None;
        }
        turn.send_all(execution.coordinated_by(turn.me), PeerMessage::Outcome(Box::new(outcome.clone())));
        execution.outcomes.insert(self.committee.me, outcome);
    }

    pub(crate) fn on_outcome(&mut self, from: NodeIndex, outcome: OutcomeMessage, turn: &mut Turn<'_>) {
        let id = outcome.statement.body.request;
        self.with(id, |engine, execution| {
            if from == engine.committee.me {
                return engine.outcomes_changed(execution, turn);
            }
            let awaited = execution.coordinating && execution.reply.is_none();
            if !awaited {
                return;
            }
            if let Some(known) = execution.outcomes.get(&from) {
                if *known == outcome {
                    execution.refused.remove(&from);
                }
                return;
            }
            if !engine.sound_outcome(from, &outcome) {
                return turn.fault(from, "outcome");
            }
            execution.refused.remove(&from);
            execution.outcomes.insert(from, outcome);
            engine.outcomes_changed(execution, turn);
        });
    }

    /// A statement of this network, signed by the sender, that hashes the text beside it.
    fn sound_outcome(&self, from: NodeIndex, outcome: &OutcomeMessage) -> bool {
        let statement = &outcome.statement.body;
        let hash = outcome.response.as_deref().map(Statement::response_hash);
        let short = |length: usize| length <= limits::EXECUTION_OPERATIONS_MAX;
        let claim_fits = |claim: &Claim| claim.key_id.len() <= limits::CLAIM_KEY_ID_BYTES_MAX;
        let bounded = short(statement.intents.len())
            && short(statement.refusals.len())
            && short(statement.collected.len())
            && statement.collected.iter().all(|collected| collected.nodes.len() <= self.committee.size())
            && short(statement.single_node.len())
            && short(statement.claims.len())
            && statement.claims.iter().all(claim_fits)
            && short(statement.failed.len())
            && outcome.response.as_ref().is_none_or(|text| text.len() <= limits::RESPONSE_BYTES_MAX)
            && outcome.logs.len() <= limits::LOG_BYTES_MAX
            && outcome.detail.as_ref().is_none_or(|text| text.len() <= DETAIL_BYTES_MAX);
        outcome.statement.node == from
            && statement.network == self.committee.id
            && statement.epoch == self.committee.epoch
            && statement.response == hash
            && outcome.signatures.len() == statement.shown().len()
            && statement.intents.iter().all(|intent| intent.name.len() <= limits::SIGNATURE_NAME_BYTES_MAX)
            && bounded
            && self.committee.signed_by_member(&outcome.statement)
    }

    pub(crate) fn on_refused(
        &mut self,
        from: NodeIndex,
        id: RequestId,
        reason: (ErrorCode, String),
        turn: &mut Turn<'_>,
    ) {
        self.with(id, |engine, execution| {
            if execution.coordinating && reason.1.len() <= DETAIL_BYTES_MAX {
                execution.refused.insert(from, reason);
                engine.outcomes_changed(execution, turn);
            }
        });
    }

    /// The end of a run can decide both the outcome and every operation that the run never reached.
    fn outcomes_changed(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        self.evaluate_outcomes(execution, turn);
        let numbers: Vec<OperationNumber> = execution.operations.keys().copied().collect();
        for number in numbers {
            self.evaluate_votes(execution, number, turn);
        }
    }

    /// Answers the callers as soon as t statements are equal, or can not be any more.
    pub(crate) fn evaluate_outcomes(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        if !execution.coordinating || execution.reply.is_some() {
            return;
        }
        let threshold = self.committee.threshold();
        let best = Self::ended_alike(execution);
        if best.len() >= threshold {
            if execution.expects_runner(turn.now.mono_ms) {
                return;
            }
            if let Some(reply) = self.reply(execution, &best) {
                self.answer_callers(execution, reply, turn);
            }
            return;
        }
        let open = self
            .committee
            .members()
            .filter(|node| !execution.outcomes.contains_key(node) && !execution.refused.contains_key(node));
        if best.len() + open.count() < threshold {
            let problem = self.no_outcome(execution, &best);
            self.answer_callers(execution, Err(Box::new(problem)), turn);
        }
    }

    /// The most members whose statements are equal.
    pub(crate) fn ended_alike(execution: &Execution) -> Vec<NodeIndex> {
        let mut groups: BTreeMap<Vec<u8>, Vec<NodeIndex>> = BTreeMap::new();
        for (node, outcome) in &execution.outcomes {
            let bytes = borsh::to_vec(&outcome.statement.body).unwrap_or_default();
            groups.entry(bytes).or_default().push(*node);
        }
        groups.into_values().max_by_key(Vec::len).unwrap_or_default()
    }

    /// Why the runs came to no common end.
    fn no_outcome(&self, execution: &Execution, best: &[NodeIndex]) -> Problem {
        // One that passes comes before one that does not: the answer is remembered otherwise, by one member's word.
        let passing = execution.refused.iter().find(|(_, (code, _))| code.class().retryable());
        if let Some((node, (code, detail))) = passing.or(execution.refused.iter().next())
            && self.committee.size() - execution.refused.len() < self.committee.threshold()
        {
            let mut problem = Problem::new(*code, format!("{node:?}: {detail}"));
            problem.nodes = execution.refused.keys().copied().collect();
            return problem.about(execution.id);
        }
        let ends: Vec<String> = execution
            .outcomes
            .iter()
            .map(|(node, outcome)| match outcome.statement.body.error {
                Some(code) => format!("{node:?}: {code}"),
                None => format!("{node:?}: completed"),
            })
            .chain(execution.refused.iter().map(|(node, (code, _))| format!("{node:?}: refused, {code}")))
            .collect();
        let code = self.common_error(execution).unwrap_or(ErrorCode::OutcomesDiverged);
        let mut detail = ends.join("; ");
        let mut guests = execution.outcomes.values().map(|outcome| outcome.statement.body.guest);
        let first = guests.next();
        if guests.any(|guest| Some(guest) != first) {
            detail = format!("{detail}; {GUESTS_DIFFER}");
        }
        let mut problem = Problem::new(code, detail).about(execution.id);
        problem.nodes = execution.outcomes.keys().filter(|node| !best.contains(node)).copied().collect();
        problem
    }

    /// Runs that were ended by divergence differ in their statements, but not in why they ended.
    fn common_error(&self, execution: &Execution) -> Option<ErrorCode> {
        let mut counts: BTreeMap<ErrorCode, usize> = BTreeMap::new();
        for code in execution.outcomes.values().filter_map(|outcome| outcome.statement.body.error) {
            *counts.entry(code).or_default() += 1;
        }
        counts.into_iter().find(|(_, count)| *count >= self.committee.threshold()).map(|(code, _)| code)
    }

    /// The answer that t equal statements prove. Every signature in it is checked here.
    fn reply(
        &self,
        execution: &Execution,
        members: &[NodeIndex],
    ) -> Option<Result<Box<ExecutionReply>, Box<Problem>>> {
        let outcomes: Vec<&OutcomeMessage> =
            members.iter().filter_map(|member| execution.outcomes.get(member)).collect();
        let statement = &outcomes.first()?.statement.body;
        let genuine = outcomes.iter().find(|outcome| signatures_fit(statement, &outcome.signatures))?;
        let signatures = statement.shown().into_iter().zip(&genuine.signatures);
        let signatures = signatures.map(|((name, intent), (signature, recovery_id))| {
            let view = SignatureView {
                scheme: intent.scheme,
                public_key: intent.key,
                digest: intent.digest,
                signature: format!("0x{}", hex(signature)),
                recovery_id: Some(*recovery_id),
            };
            (name, view)
        });
        let odd = execution.operations.keys().flat_map(|number| {
            let groups = execution.groups(*number);
            let quorum = groups.iter().find(|group| group.nodes.len() >= self.committee.threshold());
            match quorum {
                Some(group) => odd_nodes(execution, *number, group.nodes.first().copied()),
                // Where the runs ended because no t votes are alike, all of them are told.
                None if statement.error == Some(ErrorCode::IntentsDiverged)
                    && self.votes_show_divergence(&groups) =>
                {
                    odd_nodes(execution, *number, None)
                }
                None => Vec::new(),
            }
        });
        let odd: Vec<OddNode> = odd.collect();
        let odd = odd.into_iter().filter_map(|entry| shown_odd(statement, entry));
        // Our own run may go on when t others have ended, or have ended in another way: an answer waits for no log.
        let own = members.iter().find(|member| **member == self.committee.me);
        let told = own.and_then(|me| execution.outcomes.get(me)).unwrap_or(genuine);
        let reply = ExecutionReply {
            request_id: execution.id,
            status: statement.status,
            error: statement.error,
            response: genuine.response.clone(),
            signatures: signatures.collect(),
            claims: statement.claims.clone(),
            logs: with_runners(told.logs.clone(), execution),
            usage: told.usage,
            receipt: Receipt {
                statements: outcomes.iter().map(|outcome| outcome.statement.clone()).collect(),
                odd: odd.collect(),
            },
        };
        Some(match statement.error {
            None => Ok(Box::new(reply)),
            Some(code) => {
                let detail = genuine.detail.clone().unwrap_or_else(|| code.title().to_owned());
                let mut problem = Problem::new(code, detail).about(execution.id);
                problem.execution = Some(Box::new(reply));
                Err(Box::new(problem))
            }
        })
    }

    /// Whether these votes alone, without what coordinators know of ended runs, leave no t members alike.
    fn votes_show_divergence(&self, groups: &[Group]) -> bool {
        let voted: usize = groups.iter().map(|group| group.nodes.len()).sum();
        let best = groups.iter().map(|group| group.nodes.len()).max().unwrap_or(0);
        best + (self.committee.size() - voted) < self.committee.threshold()
    }

    /// Answers everybody who waits. Final answers are remembered; what a retry may change is not.
    pub(crate) fn answer_callers(
        &mut self,
        execution: &mut Execution,
        result: Result<Box<ExecutionReply>, Box<Problem>>,
        turn: &mut Turn<'_>,
    ) {
        for (to, _) in std::mem::take(&mut execution.callers) {
            turn.effects.push(Effect::Reply { to, result: result.clone() });
        }
        let passing = result
            .as_ref()
            .is_err_and(|problem| problem.execution.is_none() && problem.code.class().retryable());
        if !execution.running() {
            execution.submission = None;
        }
        if !passing {
            execution.reply = Some(result);
            // What others stated is in the answer; our own account is kept for other coordinators.
            execution.outcomes.retain(|node, _| *node == self.committee.me);
        }
    }

    /// Tells the callers when too few members are left, naming those that are missing.
    pub(crate) fn check_quorum(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        if execution.callers.is_empty() || now < execution.next_quorum_check_mono_ms {
            return;
        }
        execution.next_quorum_check_mono_ms = now + QUORUM_CHECK_MS;
        let age = now.saturating_sub(execution.accepted_mono_ms);
        let missing: Vec<NodeIndex> = self
            .committee
            .peers()
            .filter(|peer| !execution.outcomes.contains_key(peer) && !execution.refused.contains_key(peer))
            .filter(|peer| !self.peers.reachable(*peer, now))
            .collect();
        let left = self.committee.size() - missing.len() - execution.refused.len();
        let absent = missing.iter().all(|peer| !self.peers.is_connected(*peer));
        let patience = if absent { ABSENT_MS } else { limits::PEER_SILENT_MS };
        if left >= self.committee.threshold() || age < patience {
            return;
        }
        let detail = format!(
            "{left} of {} nodes are left, {} must take part; unreachable: {missing:?}",
            self.committee.size(),
            self.committee.threshold()
        );
        let mut problem = Problem::new(ErrorCode::NoQuorum, detail).about(execution.id);
        problem.nodes = missing;
        self.answer_callers(execution, Err(Box::new(problem)), turn);
    }

    /// The execution has taken as long as any may.
    pub(crate) fn on_deadline(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        if execution.running() {
            self.stop_run(execution, ErrorCode::DeadlineExceeded, turn);
        }
        if !execution.callers.is_empty() {
            let silent: Vec<NodeIndex> =
                self.committee.members().filter(|node| !execution.outcomes.contains_key(node)).collect();
            let detail = format!("no common outcome in time; nothing was heard of {silent:?}");
            let mut problem = Problem::new(ErrorCode::DeadlineExceeded, detail).about(execution.id);
            problem.nodes = silent;
            self.answer_callers(execution, Err(Box::new(problem)), turn);
        }
    }
}

impl Execution {
    /// Whether the end of a run is still to come that alone shows how a function did for which nobody waits.
    fn expects_runner(&self, now_mono_ms: u64) -> bool {
        let in_time = now_mono_ms + 2 * QUORUM_CHECK_MS < self.deadline_mono_ms;
        let open = |(node, since): &(NodeIndex, u64)| {
            let ended = self.outcomes.contains_key(node) || self.refused.contains_key(node);
            !ended && now_mono_ms < since + limits::LEADER_SILENT_MS
        };
        in_time && self.runners.iter().any(open)
    }
}

/// The log, and why the run of a node ended that asked alone for what all nodes do.
fn with_runners(mut logs: String, execution: &Execution) -> String {
    let refused = ErrorCode::RunOnceOperation;
    for (node, outcome) in &execution.outcomes {
        if outcome.statement.body.error != Some(refused) {
            continue;
        }
        let detail = outcome.detail.as_deref().unwrap_or(refused.title());
        let line = format!(
            "the run of node {node} ended with {refused}, and the others did not wait for it: {detail}\n"
        );
        let room = limits::LOG_BYTES_MAX.saturating_sub(logs.len());
        logs.push_str(&line[..line.floor_char_boundary(room)]);
    }
    logs
}

/// How a run's end is stated: status, code, response, and words for people.
fn ending(
    execution: &Execution,
    result: Result<Option<String>, crate::ActionFailure>,
) -> (Status, Option<ErrorCode>, Option<String>, Option<String>) {
    match result {
        Ok(Some(response)) if response.len() > limits::RESPONSE_BYTES_MAX => {
            (Status::Failed, Some(ErrorCode::LimitResponse), None, None)
        }
        Ok(response) => (Status::Completed, None, response, None),
        Err(failure) => {
            let mut detail = failure.message;
            detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
            let code = failure.code;
            let refused = execution.refusals.iter().any(|refusal| refusal.code == code);
            let denied = refused && code.class() == ErrorClass::Forbidden;
            let status = if denied { Status::Denied } else { Status::Failed };
            (status, Some(code), None, Some(detail))
        }
    }
}

/// An odd node as a receipt may name it: by what the statement itself shows. Callers believe no more.
fn shown_odd(statement: &Statement, mut odd: OddNode) -> Option<OddNode> {
    match statement.odd_field(&odd.vote.body) {
        Some(field) => {
            let shows = |other: &Signed<Vote>| other.body.first_difference(&odd.vote.body) == Some(field);
            odd.against = odd.against.take().filter(shows);
            odd.field = field.to_owned();
            Some(odd)
        }
        None => (statement.error == Some(ErrorCode::IntentsDiverged) && odd.against.is_none()).then_some(odd),
    }
}

fn signatures_fit(statement: &Statement, signatures: &[EcdsaBytes]) -> bool {
    let shown = statement.shown();
    shown.len() == signatures.len()
        && shown
            .iter()
            .zip(signatures)
            .all(|((_, intent), signature)| ecdsa_valid(&intent.key, &Digest(intent.digest.0), signature))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
