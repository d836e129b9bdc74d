//! How an execution ends.

use std::io::{self, Read};

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_wire::ErrorCode;

use crate::limits::Usage;

/// What one execution came to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Finished {
    /// Completed or failed.
    pub outcome: ActionOutcome,
    /// Everything the action wrote to its console, at most `ActionLimits::log_bytes`.
    pub logs: String,
    /// What it used.
    pub usage: Usage,
}

/// The end of an execution.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ActionOutcome {
    /// The action ran to its end.
    Completed {
        /// What it set with `setResponse`, or else what its `main` returned.
        response: Option<String>,
    },
    /// The action did not run to its end.
    Failed {
        /// Why: one of the codes with which a run can end.
        #[borsh(deserialize_with = "end_code")]
        code: ErrorCode,
        /// Why, for people. It is the action's own text where the action threw: treat it as hostile.
        message: String,
        /// The code of the host's error that the action left uncaught, if that is what ended it.
        cause: Option<String>,
    },
}

/// The codes with which a worker can say that a run has ended.
///
/// A plain [`ErrorCode`] is what both sides work with. That a code is one of these is checked where a frame is read: a worker
/// that was broken into could otherwise end its run with `not_granted`, which is this node's to say.
///
/// - `deadline_exceeded`: its caller gave the run up.
/// - `internal`: the engine itself failed; the instance was thrown away.
const ENDS: [ErrorCode; 30] = [
    ErrorCode::ActionThrew,
    ErrorCode::ActionPending,
    ErrorCode::ActionSyntax,
    ErrorCode::LimitCpu,
    ErrorCode::LimitWall,
    ErrorCode::LimitTotal,
    ErrorCode::LimitMemory,
    ErrorCode::LimitStack,
    ErrorCode::LimitResponse,
    ErrorCode::LimitLogs,
    ErrorCode::LimitCode,
    ErrorCode::LimitParams,
    ErrorCode::LimitFetches,
    ErrorCode::LimitFetchedBytes,
    ErrorCode::LimitSignatures,
    ErrorCode::LimitCollects,
    ErrorCode::LimitContractCalls,
    ErrorCode::LimitClaims,
    ErrorCode::LimitRandoms,
    ErrorCode::LimitDecryptions,
    ErrorCode::LimitChildren,
    ErrorCode::LimitDepth,
    ErrorCode::LimitHostCalls,
    ErrorCode::LimitPromises,
    ErrorCode::LimitTimers,
    ErrorCode::ParamReserved,
    ErrorCode::NotSupported,
    ErrorCode::DeadlineExceeded,
    ErrorCode::Internal,
    ErrorCode::WorkerDied,
];

/// Reads a code of a frame that ends a run.
pub(crate) fn end_code<R: Read>(reader: &mut R) -> io::Result<ErrorCode> {
    let code = ErrorCode::deserialize_reader(reader)?;
    if ENDS.contains(&code) { Ok(code) } else { Err(io::ErrorKind::InvalidData.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_ends_with_a_code_that_is_the_nodes_to_say() {
        let read: Vec<ErrorCode> = ErrorCode::ALL
            .iter()
            .copied()
            .filter(|code| {
                let outcome = ActionOutcome::Failed { code: *code, message: String::new(), cause: None };
                let bytes = borsh::to_vec(&outcome).expect("it is written");
                let read = borsh::from_slice::<ActionOutcome>(&bytes).ok();
                assert!(read.is_none() || read == Some(outcome));
                read.is_some()
            })
            .collect();
        let mut expected = ENDS.to_vec();
        expected.sort_unstable();
        let mut sorted = read.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
        for code in
            [ErrorCode::NotGranted, ErrorCode::ScopeMissing, ErrorCode::PolicyDenied, ErrorCode::NoQuorum]
        {
            assert!(!read.contains(&code), "{code}");
        }
    }
}
