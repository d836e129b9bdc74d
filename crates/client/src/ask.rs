//! Asking one node after another: the next one when a node fails, or as well when it is slow.

use std::{future::Future, time::Duration};

use quorate_wire::{NodeIndex, Problem};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{ClientError, Tried, VerifyError, http::HttpError};

/// What a node answered instead of what was asked for.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing that is understood.
    Silent(String),
    /// A problem document: one node's word.
    Problem(Box<Problem>),
    /// A problem that other nodes' signatures prove: asking on changes nothing.
    Proven(Box<Problem>),
    /// An answer that does not prove what it says.
    Unproven(VerifyError),
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        Trouble::Silent(error.to_string())
    }
}

impl From<VerifyError> for Trouble {
    fn from(error: VerifyError) -> Self {
        Trouble::Unproven(error)
    }
}

/// How patient the asking is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// A node that has not answered for so long gets company.
    pub(crate) hedge: Duration,
    /// All asking ends after this.
    pub(crate) deadline: Duration,
}

/// Asks the nodes in order until one gives an answer, or two the same refusal that no other can lift.
///
/// Earlier nodes may still answer while later ones are asked; the first good answer wins.
pub(crate) async fn first_answer<T, Asking>(
    nodes: Vec<NodeIndex>,
    pace: Pace,
    ask: impl Fn(NodeIndex) -> Asking,
) -> Result<(NodeIndex, T), ClientError>
where
    T: Send + 'static,
    Asking: Future<Output = Result<T, Trouble>> + Send + 'static,
{
    let deadline = Instant::now() + pace.deadline;
    let mut nodes = nodes.into_iter().peekable();
    let mut running = JoinSet::new();
    let mut waiting = Vec::new();
    let mut failures = Failures::default();
    loop {
        if let Some(node) = nodes.next() {
            waiting.push(node);
            let asking = ask(node);
            running.spawn(async move { (node, asking.await) });
        }
        let hedge = Instant::now() + pace.hedge;
        loop {
            let more = nodes.peek().is_some();
            tokio::select! {
                ended = running.join_next() => match ended {
                    Some(Ok((node, Ok(answer)))) => return Ok((node, answer)),
                    Some(Ok((node, Err(trouble)))) => {
                        waiting.retain(|other| *other != node);
                        failures.add(node, trouble)?;
                        if more {
                            break;
                        }
                    }
                    // A panic of ours, in an asking task; the node counts as silent at the end.
                    Some(Err(_)) if more => break,
                    Some(Err(_)) => {}
                    None => return Err(failures.verdict(&waiting)),
                },
                () = sleep_until(hedge), if more => break,
                () = sleep_until(deadline) => return Err(failures.verdict(&waiting)),
            }
        }
    }
}

/// What went wrong so far, the most telling kept apart.
#[derive(Default)]
struct Failures {
    unproven: Option<(NodeIndex, VerifyError)>,
    problem: Option<Box<Problem>>,
    tried: Vec<Tried>,
}

impl Failures {
    /// Remembers a trouble; a refusal that two nodes give, or one proves, is returned at once.
    fn add(&mut self, node: NodeIndex, trouble: Trouble) -> Result<(), ClientError> {
        match trouble {
            Trouble::Silent(trouble) => self.tried.push(Tried { node, trouble }),
            Trouble::Unproven(error) => self.unproven = Some((node, error)),
            Trouble::Proven(problem) => return Err(ClientError::Problem(*problem)),
            // What a code means is for this client to know; the document's own member could lie. And a
            // refusal is one node's word: it counts once a second node says the same.
            Trouble::Problem(problem) => {
                let is_final = !problem.code.class().retryable();
                match &self.problem {
                    Some(earlier) if is_final && earlier.code == problem.code => {
                        return Err(ClientError::Problem(*problem));
                    }
                    Some(earlier) if !is_final || !earlier.code.class().retryable() => {}
                    _ => self.problem = Some(problem),
                }
            }
        }
        Ok(())
    }

    /// A false answer tells most, then a node's own word, then silence.
    fn verdict(mut self, waiting: &[NodeIndex]) -> ClientError {
        if let Some((node, error)) = self.unproven {
            return ClientError::Verification { node, error };
        }
        if let Some(problem) = self.problem {
            return ClientError::Problem(*problem);
        }
        let late = |node: &NodeIndex| Tried { node: *node, trouble: "it does not answer in time".to_owned() };
        self.tried.extend(waiting.iter().map(late));
        ClientError::Unreachable { tried: self.tried }
    }
}
