//! How executions end for callers: the quorum of equal statements, and the answer.

use std::collections::BTreeMap;

use quorate_wire::{
    Claim, Digest, EcdsaBytes, ErrorCode, ExecutionReply, FaultNotice, GUESTS_DIFFER, NodeIndex, OddNode,
    OutcomeMessage, Problem, Receipt, SignatureView, Signed, Statement, Vote, ecdsa_valid, limits,
};

use super::{Coordinator, QUORUM_CHECK_MS, Reply, tally::Group};
use crate::{Effect, accept::DETAIL_BYTES_MAX, committee::Committee, node::Scene};

/// Members that are not even connected are given up sooner than those that fell silent.
const ABSENT_MS: u64 = 500;

impl Coordinator {
    /// How a member's run ended.
    pub(crate) fn on_outcome(&mut self, from: NodeIndex, outcome: OutcomeMessage, scene: &mut Scene<'_, '_>) {
        let own = from == scene.me();
        if own && !self.awaited() {
            self.submission = None;
        }
        if self.reply.is_some() && !own {
            return;
        }
        if let Some(known) = self.outcomes.get(&from) {
            if *known == outcome {
                self.refused.remove(&from);
            }
            return;
        }
        if !own && !sound_outcome(&scene.node.committee, from, &outcome) {
            return scene.turn.fault(from, "outcome");
        }
        self.refused.remove(&from);
        self.outcomes.insert(from, outcome);
        scene.facts.gone.insert(from);
        self.outcomes_changed(scene);
    }

    /// A member will not run it.
    pub(crate) fn on_refused(
        &mut self,
        from: NodeIndex,
        reason: (ErrorCode, String),
        scene: &mut Scene<'_, '_>,
    ) {
        if reason.1.len() <= DETAIL_BYTES_MAX {
            self.refused.insert(from, reason);
            scene.facts.gone.insert(from);
            self.outcomes_changed(scene);
        }
    }

    /// The end of a run can decide both the outcome and every operation that the run never reached.
    pub(super) fn outcomes_changed(&mut self, scene: &mut Scene<'_, '_>) {
        self.evaluate_outcomes(scene);
        for number in self.numbers().collect::<Vec<_>>() {
            self.evaluate(number, scene);
        }
    }

    /// Answers the callers as soon as t statements are equal, or cannot be any more.
    fn evaluate_outcomes(&mut self, scene: &mut Scene<'_, '_>) {
        if self.reply.is_some() {
            return;
        }
        let threshold = scene.node.committee.threshold();
        let best = self.ended_alike();
        if best.len() >= threshold {
            let agreed = *self.agreed_mono_ms.get_or_insert(scene.now());
            if self.expects_runner(agreed, scene) {
                return;
            }
            if let Some(reply) = self.reply_of(&best, scene) {
                self.answer_callers(reply, scene);
            }
            return;
        }
        let members = scene.node.committee.members();
        let open =
            members.filter(|node| !self.outcomes.contains_key(node) && !self.refused.contains_key(node));
        if best.len() + open.count() < threshold {
            let problem = self.no_outcome(&best, scene);
            self.answer_callers(Err(Box::new(problem)), scene);
        }
    }

    /// The most members whose statements are equal.
    pub(super) fn ended_alike(&self) -> Vec<NodeIndex> {
        let mut groups: BTreeMap<Vec<u8>, Vec<NodeIndex>> = BTreeMap::new();
        for (node, outcome) in &self.outcomes {
            let bytes = borsh::to_vec(&outcome.statement.body).unwrap_or_default();
            groups.entry(bytes).or_default().push(*node);
        }
        groups.into_values().max_by_key(Vec::len).unwrap_or_default()
    }

    /// Why the runs came to no common end.
    fn no_outcome(&self, best: &[NodeIndex], scene: &Scene<'_, '_>) -> Problem {
        // One that passes comes before one that does not: the answer is remembered otherwise, by one member's word.
        let passing = self.refused.iter().find(|(_, (code, _))| code.class().retryable());
        if let Some((node, (code, detail))) = passing.or(self.refused.iter().next())
            && scene.node.committee.size() - self.refused.len() < scene.node.committee.threshold()
        {
            let mut problem = Problem::new(*code, format!("{node:?}: {detail}"));
            problem.nodes = self.refused.keys().copied().collect();
            return problem.about(scene.facts.id);
        }
        let ends: Vec<String> = self
            .outcomes
            .iter()
            .map(|(node, outcome)| match outcome.statement.body.error {
                Some(code) => format!("{node:?}: {code}"),
                None => format!("{node:?}: completed"),
            })
            .chain(self.refused.iter().map(|(node, (code, _))| format!("{node:?}: refused, {code}")))
            .collect();
        let code = self.common_error(scene).unwrap_or(ErrorCode::OutcomesDiverged);
        let mut detail = ends.join("; ");
        let mut guests = self.outcomes.values().map(|outcome| outcome.statement.body.guest);
        let first = guests.next();
        if guests.any(|guest| Some(guest) != first) {
            detail = format!("{detail}; {GUESTS_DIFFER}");
        }
        let mut problem = Problem::new(code, detail).about(scene.facts.id);
        problem.nodes = self.outcomes.keys().filter(|node| !best.contains(node)).copied().collect();
        problem
    }

    /// Runs that were ended by divergence differ in their statements, but not in why they ended.
    fn common_error(&self, scene: &Scene<'_, '_>) -> Option<ErrorCode> {
        let mut counts: BTreeMap<ErrorCode, usize> = BTreeMap::new();
        for code in self.outcomes.values().filter_map(|outcome| outcome.statement.body.error) {
            *counts.entry(code).or_default() += 1;
        }
        counts.into_iter().find(|(_, count)| *count >= scene.node.committee.threshold()).map(|(code, _)| code)
    }

    /// The answer that t equal statements prove. Every signature in it is checked here.
    fn reply_of(&self, members: &[NodeIndex], scene: &Scene<'_, '_>) -> Option<Reply> {
        let outcomes: Vec<&OutcomeMessage> =
            members.iter().filter_map(|member| self.outcomes.get(member)).collect();
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
        let odd = self.odd_of_all(statement, &scene.node.committee);
        // Our own run may go on when t others have ended, or have ended in another way: an answer waits for no log.
        let own = members.iter().find(|member| **member == scene.me());
        let told = own.and_then(|me| self.outcomes.get(me)).unwrap_or(genuine);
        let reply = ExecutionReply {
            request_id: scene.facts.id,
            status: statement.status,
            error: statement.error,
            response: genuine.response.clone(),
            signatures: signatures.collect(),
            claims: statement.claims.clone(),
            logs: self.with_runners(told.logs.clone(), scene),
            usage: told.usage,
            receipt: Receipt {
                statements: outcomes.iter().map(|outcome| outcome.statement.clone()).collect(),
                odd,
                faults: self.faults(scene),
            },
        };
        Some(match statement.error {
            None => Ok(Box::new(reply)),
            Some(code) => {
                let detail = genuine.detail.clone().unwrap_or_else(|| code.title().to_owned());
                let mut problem = Problem::new(code, detail).about(scene.facts.id);
                problem.execution = Some(Box::new(reply));
                Err(Box::new(problem))
            }
        })
    }

    /// What members found wrong. A member has its say whatever its run came to, and this node before its own has ended.
    fn faults(&self, scene: &Scene<'_, '_>) -> Vec<Signed<FaultNotice>> {
        let told = |node: &NodeIndex| self.outcomes.get(node).and_then(|outcome| outcome.faults.clone());
        let me = scene.me();
        let mut all: Vec<_> = self.outcomes.keys().filter(|node| **node != me).filter_map(told).collect();
        // Of an execution that is kept, its outcome alone knows.
        all.extend(scene.facts.fault_notice(&scene.node.committee).or_else(|| told(&me)));
        all.sort_by_key(|notice| notice.node);
        all
    }

    /// Whether the end of a run is still to come that alone shows how a function did for which nobody waits. It is
    /// waited for once, from when t members had ended alike.
    fn expects_runner(&self, agreed_mono_ms: u64, scene: &Scene<'_, '_>) -> bool {
        let (now, facts) = (scene.now(), &*scene.facts);
        let in_time = now < agreed_mono_ms + limits::LEADER_SILENT_MS
            && now + 2 * QUORUM_CHECK_MS < facts.deadline_mono_ms;
        let open = |node: &NodeIndex| !self.outcomes.contains_key(node) && !self.refused.contains_key(node);
        in_time && facts.runners.iter().any(open)
    }

    /// The log, and why the run of a node ended that asked alone for what all nodes do. That is by the node's own
    /// word: only one that was to run a function has a say, and it has one line.
    fn with_runners(&self, mut logs: String, scene: &Scene<'_, '_>) -> String {
        let refused = ErrorCode::RunOnceOperation;
        for (node, outcome) in &self.outcomes {
            if outcome.statement.body.error != Some(refused) || !scene.facts.runners.contains(node) {
                continue;
            }
            let detail = outcome.detail.as_deref().unwrap_or(refused.title());
            let detail = detail.split(char::is_control).next().unwrap_or_default();
            let line = format!(
                "the run of node {node} ended with {refused}, and the others did not wait for it: {detail}\n"
            );
            let room = limits::LOG_BYTES_MAX.saturating_sub(logs.len());
            logs.push_str(&line[..line.floor_char_boundary(room)]);
        }
        logs
    }

    /// The odd nodes of all operations, as the receipt of a statement may name them.
    fn odd_of_all(&self, statement: &Statement, committee: &Committee) -> Vec<OddNode> {
        let diverged = statement.error == Some(ErrorCode::IntentsDiverged);
        let odd = self.tallies.values().flat_map(|tally| {
            let groups = tally.groups();
            match groups.iter().find(|group| group.nodes.len() >= committee.threshold()) {
                Some(group) => tally.odd_nodes(group.nodes.first().copied()),
                // Where the runs ended because no t votes are alike, all of them are told.
                None if diverged && votes_show_divergence(&groups, committee) => tally.odd_nodes(None),
                None => Vec::new(),
            }
        });
        odd.filter_map(|entry| shown_odd(statement, entry)).collect()
    }

    /// Answers everybody who waits. Final answers are remembered; what a retry may change is not.
    pub(super) fn answer_callers(&mut self, result: Reply, scene: &mut Scene<'_, '_>) {
        for (to, _) in std::mem::take(&mut self.callers) {
            scene.turn.effects.push(Effect::Reply { to, result: result.clone() });
        }
        let passing = result
            .as_ref()
            .is_err_and(|problem| problem.execution.is_none() && problem.code.class().retryable());
        if !scene.facts.running() {
            self.submission = None;
        }
        if !passing {
            self.reply = Some(result);
            // What others stated is in the answer; our own account is kept as evidence against odd votes.
            let me = scene.me();
            self.outcomes.retain(|node, _| *node == me);
            let refused = &self.refused;
            scene.facts.gone.retain(|node| *node == me || refused.contains_key(node));
        }
    }

    /// Tells the callers when too few members are left, naming those that are missing.
    pub(crate) fn check_quorum(&mut self, scene: &mut Scene<'_, '_>) {
        let now = scene.now();
        if !self.awaited() || now < self.next_quorum_check_mono_ms {
            return;
        }
        self.next_quorum_check_mono_ms = now + QUORUM_CHECK_MS;
        let age = now.saturating_sub(scene.facts.accepted_mono_ms);
        let (committee, peers) = (&scene.node.committee, &scene.node.peers);
        let missing: Vec<NodeIndex> = committee
            .peers()
            .filter(|peer| !self.outcomes.contains_key(peer) && !self.refused.contains_key(peer))
            .filter(|peer| !peers.reachable(*peer, now))
            .collect();
        let left = committee.size() - missing.len() - self.refused.len();
        let absent = missing.iter().all(|peer| !peers.is_connected(*peer));
        let patience = if absent { ABSENT_MS } else { limits::PEER_SILENT_MS };
        if left >= committee.threshold() || age < patience {
            return;
        }
        let detail = format!(
            "{left} of {} nodes are left, {} must take part; unreachable: {missing:?}",
            committee.size(),
            committee.threshold()
        );
        let mut problem = Problem::new(ErrorCode::NoQuorum, detail).about(scene.facts.id);
        problem.nodes = missing;
        self.answer_callers(Err(Box::new(problem)), scene);
    }

    /// Answers callers whose answer waited for the run of one node, when that has taken long enough.
    pub(crate) fn check_runners(&mut self, scene: &mut Scene<'_, '_>) {
        if !scene.facts.runners.is_empty() {
            self.evaluate_outcomes(scene);
        }
    }

    /// The execution has taken as long as any may, and our own run has stated so.
    pub(crate) fn on_deadline(&mut self, scene: &mut Scene<'_, '_>) {
        if !self.awaited() {
            return;
        }
        let members = scene.node.committee.members();
        let silent: Vec<NodeIndex> = members.filter(|node| !self.outcomes.contains_key(node)).collect();
        let detail = format!("no common outcome in time; nothing was heard of {silent:?}");
        let mut problem = Problem::new(ErrorCode::DeadlineExceeded, detail).about(scene.facts.id);
        problem.nodes = silent;
        self.answer_callers(Err(Box::new(problem)), scene);
    }
}

/// A statement of this network, signed by the sender, that hashes the text beside it.
fn sound_outcome(committee: &Committee, from: NodeIndex, outcome: &OutcomeMessage) -> bool {
    let statement = &outcome.statement.body;
    let hash = outcome.response.as_deref().map(Statement::response_hash);
    let short = |length: usize| length <= limits::EXECUTION_OPERATIONS_MAX;
    let claim_fits = |claim: &Claim| claim.key_id.len() <= limits::CLAIM_KEY_ID_BYTES_MAX;
    let bounded = short(statement.intents.len())
        && short(statement.refusals.len())
        && short(statement.collected.len())
        && statement.collected.iter().all(|collected| collected.nodes.len() <= committee.size())
        && short(statement.single_node.len())
        && short(statement.draws.len())
        && short(statement.claims.len())
        && statement.claims.iter().all(claim_fits)
        && short(statement.failed.len())
        && outcome.response.as_ref().is_none_or(|text| text.len() <= limits::RESPONSE_BYTES_MAX)
        && outcome.logs.len() <= limits::LOG_BYTES_MAX
        && outcome.detail.as_ref().is_none_or(|text| text.len() <= DETAIL_BYTES_MAX);
    outcome.statement.node == from
        && statement.network == committee.id
        && statement.epoch == committee.epoch
        && statement.response == hash
        && outcome.signatures.len() == statement.shown().len()
        && statement.intents.iter().all(|intent| intent.name.len() <= limits::SIGNATURE_NAME_BYTES_MAX)
        && bounded
        && committee.signed_by_member(&outcome.statement)
        && outcome.faults.as_ref().is_none_or(|notice| sound_notice(committee, (from, statement), notice))
}

/// The sender's word of the same execution, of what members gave.
fn sound_notice(
    committee: &Committee,
    (from, statement): (NodeIndex, &Statement),
    notice: &Signed<FaultNotice>,
) -> bool {
    let FaultNotice { network, epoch, request, wrong_partials } = &notice.body;
    notice.node == from
        && (network, epoch, request) == (&statement.network, &statement.epoch, &statement.request)
        && notice.body.has_form(from)
        && wrong_partials.iter().all(|wrong| committee.members().any(|member| member == wrong.node))
        && committee.signed_by_member(notice)
}

/// Whether these votes alone, without what coordinators know of ended runs, leave no t members alike.
fn votes_show_divergence(groups: &[Group], committee: &Committee) -> bool {
    let voted: usize = groups.iter().map(|group| group.nodes.len()).sum();
    let best = groups.iter().map(|group| group.nodes.len()).max().unwrap_or(0);
    best + (committee.size() - voted) < committee.threshold()
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
