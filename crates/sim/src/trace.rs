//! What happened, in order: a hash that two runs of a seed must share, and the last lines for people.

use std::collections::VecDeque;

use quorate_wire::{Decision, PeerMessage, decode, limits};
use sha2::{Digest as _, Sha256};

/// Lines kept for a failure's report.
const LINES_KEPT: usize = 60;

/// The trace of one run.
pub(crate) struct Trace {
    hash: Sha256,
    lines: VecDeque<String>,
    count: u64,
    echo: bool,
}

impl Trace {
    /// An empty trace; `echo` prints every line as it comes.
    pub(crate) fn new(echo: bool) -> Self {
        Trace { hash: Sha256::new(), lines: VecDeque::new(), count: 0, echo }
    }

    /// Adds a line. It must say nothing that depends on the operating system's randomness.
    pub(crate) fn line(&mut self, at_us: u64, line: &str) {
        let line = format!("{:>10.3} {line}", seconds(at_us));
        self.hash.update(line.as_bytes());
        self.hash.update([0]);
        self.count += 1;
        if self.echo {
            #[expect(clippy::print_stdout, reason = "asked for on the command line, to study one seed")]
            {
                println!("{line}");
            }
        }
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The hash so far.
    #[must_use]
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// The last lines.
    pub(crate) fn tail(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// How many lines there were.
    #[must_use]
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

fn seconds(at_us: u64) -> f64 {
    std::time::Duration::from_micros(at_us).as_secs_f64()
}

/// A frame in few words: its kind, what identifies it, and a hash of its bytes unless they come from
/// the ECDSA crate's randomness. Those are named by kind and length only.
pub(crate) fn describe(frame: &[u8]) -> String {
    let Ok(message) = decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX) else {
        return format!("garbage[{}]", frame.len());
    };
    let (kind, repeatable) = match &message {
        PeerMessage::Hello(hello) => (format!("Hello {}", hello.start.body.incarnation), false),
        PeerMessage::Ping(_) => ("Ping".to_owned(), true),
        PeerMessage::Stale(notice) => (format!("Stale {} of {}", notice.body.incarnation, notice.node), true),
        PeerMessage::Execute(_) => ("Execute".to_owned(), true),
        PeerMessage::Refused { request, code, .. } => (format!("Refused {} {code}", short(&request.0)), true),
        PeerMessage::Vote(vote) => (
            format!(
                "Vote {}/{} of {} {}",
                short(&vote.body.request.0),
                vote.body.operation,
                vote.node,
                short(&vote.body.hash().0)
            ),
            true,
        ),
        PeerMessage::Offer(offer) => {
            (format!("Offer {}/{} after {}", short(&offer.request.0), offer.operation, offer.attempt), true)
        }
        PeerMessage::Propose(proposal) => {
            let signers: Vec<u8> = proposal.signers.iter().map(|(node, _)| node.get()).collect();
            let place = format!("{}/{}", short(&proposal.request.0), proposal.operation);
            (format!("Propose {place} attempt {} {signers:?}", proposal.attempt), false)
        }
        PeerMessage::Round(round) => (format!("Round {:?}", round.payload.get(2)), false),
        PeerMessage::Stalled { request, operation, attempt, waiting_for } => {
            (format!("Stalled {}/{operation} attempt {attempt} for {waiting_for:?}", short(&request.0)), true)
        }
        PeerMessage::AttemptFailed { request, operation, attempt, culprits } => (
            format!("AttemptFailed {}/{operation} attempt {attempt} by {culprits:?}", short(&request.0)),
            true,
        ),
        PeerMessage::Signature { request, operation, .. } => {
            (format!("Signature {}/{operation}", short(&request.0)), false)
        }
        PeerMessage::Diverged { request, operation, .. } => {
            (format!("Diverged {}/{operation}", short(&request.0)), true)
        }
        PeerMessage::Outcome(outcome) => {
            let statement = &outcome.statement.body;
            (format!("Outcome {} {:?}", short(&statement.request.0), statement.status), false)
        }
        PeerMessage::Led(value) => {
            let place = format!("{}/{}", short(&value.body.request.0), value.body.operation);
            (format!("Led {place} by {} {:?}", value.node, value.body.result), true)
        }
        PeerMessage::Leading { request, operation } => {
            (format!("Leading {}/{operation}", short(&request.0)), true)
        }
        PeerMessage::Share { request, operation, .. } => {
            (format!("Share {}/{operation}", short(&request.0)), true)
        }
        PeerMessage::Decided { request, operation, decision } => {
            let nodes: Vec<u8> = match decision {
                Decision::Collected(votes) => votes.iter().map(|vote| vote.node.get()).collect(),
                Decision::Led(value) => vec![value.node.get()],
                Decision::Signed(_) | Decision::Drawn(_) | Decision::Opened(_) => Vec::new(),
            };
            (format!("Decided {}/{operation} {nodes:?}", short(&request.0)), true)
        }
        PeerMessage::Ban(ban) => (format!("Ban {} by {}", short(&ban.body.counterparty.0), ban.node), false),
        PeerMessage::Revocation(submission) => {
            (format!("Revocation {}", short(&submission.login.hash().0)), true)
        }
        PeerMessage::HeldRevocation(held) => {
            (format!("HeldRevocation {}", short(&held.body.revocation.0)), true)
        }
        PeerMessage::RefusedRevocation { revocation } => {
            (format!("RefusedRevocation {}", short(&revocation.0)), true)
        }
        PeerMessage::StartKeygen { attempt, .. } => (format!("StartKeygen {attempt}"), true),
        PeerMessage::StartPair { .. } => ("StartPair".to_owned(), true),
        PeerMessage::JoinPair { .. } => ("JoinPair".to_owned(), true),
        PeerMessage::Keygen(message) => (format!("Keygen {:?}", message.payload.get(2)), true),
        PeerMessage::Pair(message) => (format!("Pair {:?}", message.payload.get(2)), false),
        PeerMessage::Confirm(confirm) => (format!("Confirm of {}", confirm.node), true),
        PeerMessage::Refuse(refusal) => (format!("Refuse by {}", refusal.node), true),
        PeerMessage::RootsVote { roots, .. } => (format!("RootsVote for {}", roots.sign_secp256k1), true),
        PeerMessage::Head(head) => (format!("Head {}", head.finalized.number), true),
        PeerMessage::Certificate(confirms) => (format!("Certificate of {}", confirms.len()), true),
    };
    if repeatable {
        format!("{kind} [{} {}]", frame.len(), short(&Sha256::digest(frame)))
    } else {
        format!("{kind} [{}]", frame.len())
    }
}

/// The first digits of an id.
pub(crate) fn short(bytes: &[u8]) -> String {
    hex::encode(&bytes[..bytes.len().min(4)])
}
