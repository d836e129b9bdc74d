//! What can go wrong when nodes are asked.

use quorate_wire::{NodeIndex, Problem};

use crate::VerifyError;

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClientError {
    /// A node, or this client before it asked, says why not.
    #[error(transparent)]
    Problem(Problem),
    /// No node gave an answer.
    #[error("no node could be asked: {}", tried_text(tried))]
    Unreachable {
        /// Every node that was tried, in order.
        tried: Vec<Tried>,
    },
    /// A node's answer does not prove what it says. No other node gave a better one.
    #[error("the answer of node {node} is refused: {error}")]
    Verification {
        /// The node.
        node: NodeIndex,
        /// What is wrong with its answer.
        error: VerifyError,
    },
    /// The network file is a proposal that not every operator has approved.
    #[error("the network file cannot be used: {0}")]
    NetworkFile(String),
    /// The operating system gave no entropy, or its clock stands before 1970.
    #[error("this machine gives no {0}")]
    Machine(&'static str),
}

/// A node that was asked in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The node.
    pub node: NodeIndex,
    /// What came of it.
    pub trouble: String,
}

fn tried_text(tried: &[Tried]) -> String {
    let texts: Vec<String> = tried.iter().map(|one| format!("node {}: {}", one.node, one.trouble)).collect();
    texts.join("; ")
}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        ClientError::Problem(problem)
    }
}
