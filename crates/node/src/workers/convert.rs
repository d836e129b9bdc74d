//! Between the engine's words and those of the worker pool.

use quorate_actions::{ActionOutcome, Finished, ParentCall};
use quorate_engine::{ActionEnd, ActionFailure, ActionStart, Answer};
use quorate_wire::{Digest, ErrorCode, HostReply, Seen, limits};
use sha2::{Digest as _, Sha256};

use super::refusal;
use crate::egress::{FetchError, Fetched};

pub(super) fn start(start: ActionStart) -> quorate_actions::ActionStart {
    quorate_actions::ActionStart {
        execution: start.run.0,
        cid: start.action.to_string(),
        code: start.code.into(),
        params: start.params,
        auth: start.auth,
        time_ms: start.time_ms,
        random_seed: start.seed,
        limits: start.limits,
        parent: start.parent.map(|(run, call)| ParentCall { execution: run.0, call }),
        payers: start.payers.all(),
    }
}

pub(super) fn end(finished: Finished) -> ActionEnd {
    let result = match finished.outcome {
        ActionOutcome::Completed { response } => Ok(response),
        ActionOutcome::Failed { code, message, cause } => {
            // A refusal by the host that the action did not catch is why it failed.
            let cause = cause.as_deref().and_then(ErrorCode::from_text);
            let code = cause.filter(|_| code == ErrorCode::ActionThrew).unwrap_or(code);
            Err(ActionFailure { code, message })
        }
    };
    ActionEnd { result, logs: finished.logs, usage: finished.usage }
}

/// The engine's answer, as the worker gets it.
pub(super) fn answer(answer: Result<Answer, ActionFailure>) -> HostReply {
    match answer {
        Ok(Answer::Signed(signature)) => HostReply::Signed(signature),
        Ok(Answer::Value(json)) => HostReply::Value(json),
        Err(failure) => refusal(failure.code, &failure.message),
    }
}

/// What a vote says of an answer from another server. Of the address it tells what comes before a query:
/// the rest, and a user's name, may be secrets of the caller.
pub(super) fn seen(url: &str, answer: Option<&Fetched>) -> Seen {
    let mut shown = url.split(['?', '#']).next().unwrap_or_default().to_owned();
    if let Some(start) = shown.find("://").map(|place| place + 3) {
        let host_end = shown[start..].find('/').map_or(shown.len(), |place| start + place);
        if let Some(user_end) = shown[start..host_end].rfind('@') {
            shown.replace_range(start..=start + user_end, "");
        }
    }
    shown.truncate(shown.floor_char_boundary(limits::SEEN_URL_BYTES_MAX));
    Seen {
        url: shown,
        url_hash: Digest(Sha256::digest(url).into()),
        status: answer.map_or(0, |answer| answer.status),
        body: Digest(Sha256::digest(answer.map_or(&[][..], |answer| &answer.body)).into()),
    }
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

    fn ended(code: ErrorCode, cause: Option<&str>) -> ErrorCode {
        let outcome = ActionOutcome::Failed { code, message: String::new(), cause: cause.map(str::to_owned) };
        let finished = Finished { outcome, logs: String::new(), usage: quorate_actions::Usage::default() };
        end(finished).result.unwrap_err().code
    }

    #[test]
    fn uncaught_refusal_is_the_code_of_the_failure() {
        assert_eq!(ended(ErrorCode::ActionThrew, Some("not_granted")), ErrorCode::NotGranted);
        assert_eq!(ended(ErrorCode::ActionThrew, Some("no such code")), ErrorCode::ActionThrew);
        assert_eq!(ended(ErrorCode::LimitCpu, Some("not_granted")), ErrorCode::LimitCpu);
    }

    #[test]
    fn a_vote_shows_no_secret_part_of_an_address() {
        let seen = seen("https://user:key@prices.example/v1/eth?key=secret#x", None);
        assert_eq!((seen.url.as_str(), seen.status), ("https://prices.example/v1/eth", 0));
        let long = super::seen(&format!("https://e.example/{}", "é".repeat(500)), None);
        assert!(long.url.len() <= limits::SEEN_URL_BYTES_MAX);
    }
}
