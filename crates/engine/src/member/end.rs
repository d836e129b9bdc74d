//! The end of our own run: its statement, told to whoever coordinates.

use quorate_wire::{
    ErrorClass, ErrorCode, Lane, OutcomeMessage, PeerMessage, Refusal, Statement, Status, Usage, limits,
};

use super::{Member, failure};
use crate::{ActionEnd, ActionFailure, Effect, Report, accept::DETAIL_BYTES_MAX, node::Scene};

/// How a run's end is stated.
struct Ending {
    status: Status,
    error: Option<ErrorCode>,
    response: Option<String>,
    /// Words for people.
    detail: Option<String>,
}

impl Member {
    /// A host call of a run that has ended is never answered with a signature.
    pub(crate) fn stop_run(&mut self, code: ErrorCode, scene: &mut Scene<'_, '_>) {
        scene.turn.effects.push(Effect::CancelAction { run: self.root });
        let end = ActionEnd { result: Err(failure(code)), logs: String::new(), usage: Usage::default() };
        self.end_run(end, scene);
    }

    /// Ends this node's own run: states what it did, and tells whoever coordinates.
    pub(super) fn end_run(&mut self, end: ActionEnd, scene: &mut Scene<'_, '_>) {
        if !scene.facts.running() {
            return;
        }
        self.drop_attempts(scene.node);
        self.forget_run(self.root, scene);
        let ActionEnd { result, mut logs, usage } = end;
        let of_children = std::mem::take(&mut self.logs_of_children);
        let room = limits::LOG_BYTES_MAX.saturating_sub(logs.len());
        logs.push_str(&of_children[..of_children.floor_char_boundary(room)]);
        let result = result.map_err(|mut failure| {
            failure.code = self.cause(Lane::ROOT, failure.code);
            failure
        });
        let Ending { status, error, response, detail } = ending(&self.refusals, result);
        // Calls made at once can be refused in another order elsewhere, and statements are compared.
        self.refusals.sort_by_key(|refusal| refusal.operation);
        self.claims.sort_by_key(|claim| claim.operation);
        let (committee, facts) = (&scene.node.committee, &*scene.facts);
        let statement = committee.sign(Statement {
            network: committee.id,
            epoch: committee.epoch,
            request: facts.id,
            login: facts.request.login,
            action: facts.request.action,
            params: facts.request.params_hash(),
            block: facts.request.block,
            intents: self.signed().map(|(intent, _)| intent.clone()).collect(),
            refusals: self.refusals.clone(),
            collected: self.collected(scene),
            single_node: self.single_node(scene),
            draws: self.drawn(scene),
            opened: self.opened(scene),
            claims: self.claims.clone(),
            failed: self.failed_after_signing(),
            wildcard: false,
            status,
            error,
            response: response.as_deref().map(Statement::response_hash),
            guest: committee.guest,
        });
        let shown = self.signed().filter(|(intent, _)| statement.body.shows(intent));
        let signatures = shown.map(|(_, signature)| signature).collect();
        let faults = scene.facts.fault_notice(&scene.node.committee);
        let outcome = OutcomeMessage { statement, response, signatures, logs, usage, detail, faults };
        scene.turn.report(Report::Ended {
            request: facts.id,
            status,
            error,
            duration_ms: scene.turn.now.mono_ms.saturating_sub(facts.accepted_mono_ms),
        });
        scene.facts.ended = true;
        let coordinators = scene.facts.coordinated_by(scene.me());
        scene.turn.send_all(coordinators, PeerMessage::Outcome(Box::new(outcome.clone())));
        self.outcome = Some(outcome);
    }
}

fn ending(refusals: &[Refusal], result: Result<Option<String>, ActionFailure>) -> Ending {
    let failed =
        |error, detail| Ending { status: Status::Failed, error: Some(error), response: None, detail };
    match result {
        Ok(Some(response)) if response.len() > limits::RESPONSE_BYTES_MAX => {
            failed(ErrorCode::LimitResponse, None)
        }
        Ok(response) => Ending { status: Status::Completed, error: None, response, detail: None },
        Err(failure) => {
            let mut detail = failure.message;
            detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
            let code = failure.code;
            let refused = refusals.iter().any(|refusal| refusal.code == code);
            let mut ending = failed(code, Some(detail));
            if refused && code.class() == ErrorClass::Forbidden {
                ending.status = Status::Denied;
            }
            ending
        }
    }
}
