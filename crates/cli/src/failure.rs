//! How a command fails: a code, a short message, and what to do about it.

use quorate_wire::{ErrorClass, ErrorCode, GUESTS_DIFFER, Problem};
use serde_json::{Value, json};

use crate::output::{log_lines, printable};

/// What the guest says of an action that failed and had asked for parameters in vain (`guest/js/describe.js`).
const PARAMETERS_ABSENT: &str = "parameters that were not given: ";

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A node refused, or the network could not.
    Network(Box<Problem>),
    /// Something on this side: a file, a key, the chain.
    Local(anyhow::Error),
}

/// A refusal on this side that programs and documents know by a code.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The code.
    pub(crate) code: &'static str,
    /// What it is about, and what to do.
    pub(crate) detail: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}

impl std::error::Error for Refused {}

impl Failure {
    /// The exit status of the process. A node that must not be started again has one of its own.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Failure::Network(_) => 1,
            Failure::Local(error) => quorate_node::exit_status(error),
        }
    }

    /// The document for programs.
    pub(crate) fn as_json(&self) -> Value {
        match self {
            Failure::Network(problem) => {
                let mut value = serde_json::to_value(problem).unwrap_or_default();
                value["advice"] = json!(advice(problem));
                json!({ "error": value })
            }
            Failure::Local(error) => {
                let code = error.downcast_ref::<Refused>().map_or("local", |refused| refused.code);
                json!({ "error": { "code": code, "detail": format!("{error:#}") } })
            }
        }
    }

    /// The lines for people.
    pub(crate) fn as_text(&self) -> String {
        match self {
            Failure::Network(problem) => {
                let mut text = format!("refused ({}): {}", problem.code, printable(&problem.title));
                if problem.detail != problem.title {
                    text.push_str(&format!("\n  \u{2502} {}", printable(&problem.detail)));
                }
                if !problem.nodes.is_empty() {
                    let nodes: Vec<String> = problem.nodes.iter().map(ToString::to_string).collect();
                    text.push_str(&format!("\n  nodes: {}", nodes.join(", ")));
                }
                for odd in &problem.odd {
                    let (node, field, operation) = (odd.node, printable(&odd.field), odd.operation);
                    text.push_str(&format!(
                        "\n  node {node}, operation {operation}: {field} differs, intent {}",
                        odd.intent
                    ));
                    for seen in &odd.vote.body.seen {
                        let url = printable(&seen.url);
                        text.push_str(&format!("\n    {url}: status {}, body {}", seen.status, seen.body));
                    }
                }
                if let Some(request) = &problem.request_id {
                    text.push_str(&format!("\n  request {request}"));
                }
                for line in problem.execution.iter().flat_map(|execution| log_lines(&execution.logs)) {
                    text.push_str(&format!("\n  {line}"));
                }
                text.push_str(&format!("\n  {}", advice(problem)));
                text.push_str(&format!("\n  more: docs/errors.md, {}", problem.code));
                text
            }
            Failure::Local(error) => format!("error: {}", printable(&format!("{error:#}"))),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Problem>() {
            Ok(problem) => Failure::Network(Box::new(problem)),
            Err(error) => Failure::Local(error),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Network(Box::new(problem))
    }
}

/// What to do, in one sentence. `docs/errors.md` says more.
fn advice(problem: &Problem) -> &'static str {
    match problem.code {
        ErrorCode::IntentsDiverged | ErrorCode::OutcomesDiverged
            if problem.detail.contains(GUESTS_DIFFER)
                || problem.odd.iter().any(|odd| odd.field == "guest") =>
        {
            "It is not the action: tell the nodes' operators; GET /v1/network shows which guest each node runs."
        }
        ErrorCode::ActionThrew if problem.detail.contains(PARAMETERS_ABSENT) => {
            "If it needs them, give the action what it reads: --params '{…}'; --pkp KEY gives publicKey, --to-sign \
             DIGEST gives toSign."
        }
        ErrorCode::NotGranted => {
            "Grant the key to this action: quorate pkp grant KEY --action FILE --scope sign-anything."
        }
        ErrorCode::ScopeMissing => "Grant the scope as well; a bare digest needs --scope sign-anything.",
        ErrorCode::LoginInvalid if problem.detail.contains("domain") => {
            "Name a domain that the network takes: --login-domain DOMAIN; quorate network show lists them."
        }
        ErrorCode::PkpUnknown => "Check the public key, and that it was minted on this network.",
        ErrorCode::CodeMissing | ErrorCode::CidMismatch => {
            "Send the very bytes that the CID was made of, or store them: quorate action put FILE."
        }
        ErrorCode::RequestExpired | ErrorCode::RequestFromFuture => {
            "Compare this machine's clock with the nodes' and ask again."
        }
        ErrorCode::RequestPredatesNode => "A node has just started; ask again with a new request.",
        ErrorCode::WrongNetwork => "Use the network file of the network that you ask.",
        ErrorCode::IntentsDiverged | ErrorCode::OutcomesDiverged => {
            "The action must do the same on every node: look for data that differs between them, and for signatures or \
             claims inside runOnce."
        }
        ErrorCode::ReplyNotKept => {
            "It ran and will not run again; ask with a new request, and keep replies that are long or signed a lot."
        }
        ErrorCode::NotReady | ErrorCode::NoQuorum => {
            "Wait until enough nodes are up and connected; GET /v1/network says what a node waits for."
        }
        code => match code.class() {
            ErrorClass::BadRequest | ErrorClass::TooLarge => "Change the request; sent again it fails again.",
            ErrorClass::Unauthenticated => "Log in again with a fresh session.",
            ErrorClass::Forbidden => "Ask for less, or have it allowed.",
            ErrorClass::NotFound => "Check the name.",
            ErrorClass::ActionFailed => "Change the action; its log says where it ended.",
            ErrorClass::Disagreement => "See what the nodes differ in.",
            ErrorClass::Busy | ErrorClass::Unavailable | ErrorClass::Timeout => "Ask again in a moment.",
            ErrorClass::Internal => "Look for the request id in the nodes' logs and report it.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_for_who_can_do_something() {
        let advised = |code, detail: &str| advice(&Problem::new(code, detail));
        for code in [ErrorCode::IntentsDiverged, ErrorCode::OutcomesDiverged] {
            assert!(advised(code, &format!("3 votes; {GUESTS_DIFFER}")).contains("operators"));
            assert!(advised(code, "3 votes").contains("action must do the same"));
        }
        let forgotten = format!("TypeError: x\n{PARAMETERS_ABSENT}toSign");
        assert!(advised(ErrorCode::ActionThrew, &forgotten).contains("--to-sign"));
        assert!(advised(ErrorCode::ActionThrew, "TypeError: x").contains("log"));
    }
}
