//! Between the engine's words and those of the worker pool.

use quorate_actions::{ActionOutcome, FailureCode, Finished, HostReply};
use quorate_engine::{ActionEnd, ActionFailure, ActionStart, EcdsaAnswer};
use quorate_wire::ErrorCode;

use super::refusal;
use crate::egress::{Fetch, FetchError, Fetched};

pub(super) fn start(start: ActionStart) -> quorate_actions::ActionStart {
    quorate_actions::ActionStart {
        execution: start.run.0,
        cid: start.action.to_string(),
        code: start.code.as_bytes().into(),
        params: start.params,
        auth: start.auth,
        time_ms: start.time_ms,
        random_seed: start.seed,
        limits: start.limits,
        parent: None,
    }
}

pub(super) fn end(finished: Finished) -> ActionEnd {
    let result = match finished.outcome {
        ActionOutcome::Completed { response } => Ok(response),
        ActionOutcome::Failed { code, message, cause } => {
            let code = failure(code);
            // A refusal by the host that the action did not catch is why it failed.
            let cause = cause.as_deref().and_then(ErrorCode::from_text);
            let code = cause.filter(|_| code == ErrorCode::ActionThrew).unwrap_or(code);
            Err(ActionFailure { code, message })
        }
    };
    ActionEnd { result, logs: finished.logs, usage: finished.usage }
}

fn failure(code: FailureCode) -> ErrorCode {
    match code {
        FailureCode::ActionThrew => ErrorCode::ActionThrew,
        FailureCode::ActionSyntax => ErrorCode::ActionSyntax,
        FailureCode::LimitCpu => ErrorCode::LimitCpu,
        FailureCode::LimitWall => ErrorCode::LimitWall,
        FailureCode::LimitTotal => ErrorCode::LimitTotal,
        FailureCode::LimitMemory => ErrorCode::LimitMemory,
        FailureCode::LimitStack => ErrorCode::LimitStack,
        FailureCode::LimitResponse => ErrorCode::LimitResponse,
        FailureCode::LimitLogs => ErrorCode::LimitLogs,
        FailureCode::LimitCode => ErrorCode::LimitCode,
        FailureCode::LimitParams => ErrorCode::LimitParams,
        FailureCode::LimitFetches => ErrorCode::LimitFetches,
        FailureCode::LimitFetchedBytes => ErrorCode::LimitFetchedBytes,
        FailureCode::LimitSignatures => ErrorCode::LimitSignatures,
        FailureCode::LimitCollects => ErrorCode::LimitCollects,
        FailureCode::LimitContractCalls => ErrorCode::LimitContractCalls,
        FailureCode::LimitClaims => ErrorCode::LimitClaims,
        FailureCode::LimitChildren => ErrorCode::LimitChildren,
        FailureCode::LimitDepth => ErrorCode::LimitDepth,
        FailureCode::LimitTimers => ErrorCode::LimitTimers,
        FailureCode::LimitHostCalls => ErrorCode::LimitHostCalls,
        FailureCode::LimitPromises => ErrorCode::LimitPromises,
        FailureCode::ParamReserved => ErrorCode::ParamReserved,
        FailureCode::NotSupported => ErrorCode::NotSupported,
        // Only a run that nobody waits for any more is cancelled.
        FailureCode::Cancelled => ErrorCode::DeadlineExceeded,
        FailureCode::EngineFault => ErrorCode::Internal,
        FailureCode::WorkerDied => ErrorCode::WorkerDied,
    }
}

pub(super) fn signed(answer: Result<EcdsaAnswer, ActionFailure>) -> HostReply {
    match answer {
        Ok(EcdsaAnswer { r, s, recovery_id }) => HostReply::Signed { r, s, recovery_id },
        Err(failure) => refusal(failure.code, &failure.message),
    }
}

pub(super) fn fetch(fetch: quorate_actions::FetchRequest) -> Fetch {
    Fetch { method: fetch.method, url: fetch.url, headers: fetch.headers, body: fetch.body }
}

pub(super) fn fetched(outcome: Result<Fetched, FetchError>) -> HostReply {
    match outcome {
        Ok(Fetched { status, headers, body, url }) => HostReply::Fetched { status, headers, body, url },
        // The code's own sentence: equal on all nodes, and nothing of what was found on the way.
        Err(error) => refusal(error.code(), error.code().title()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: FailureCode, cause: Option<&str>) -> ErrorCode {
        let outcome = ActionOutcome::Failed { code, message: String::new(), cause: cause.map(str::to_owned) };
        let finished = Finished { outcome, logs: String::new(), usage: quorate_actions::Usage::default() };
        end(finished).result.unwrap_err().code
    }

    #[test]
    fn uncaught_refusal_is_the_code_of_the_failure() {
        assert_eq!(ended(FailureCode::ActionThrew, Some("not_granted")), ErrorCode::NotGranted);
        assert_eq!(ended(FailureCode::ActionThrew, Some("no such code")), ErrorCode::ActionThrew);
        assert_eq!(ended(FailureCode::LimitCpu, Some("not_granted")), ErrorCode::LimitCpu);
    }

    #[test]
    fn every_failure_of_the_pool_has_a_code() {
        for code in FailureCode::ALL {
            let name = failure(code);
            assert!(
                name.as_str() == code.as_str()
                    || matches!(code, FailureCode::Cancelled | FailureCode::EngineFault)
            );
        }
    }
}
