//! Lies about a request that is passed on: whose it is (a login by a wallet of the liar's own, for the caller's session
//! key), and what it runs.

use quorate_wire::{
    Capability, CapabilityAction, CapabilityKey, ExecutionRequest, NodeIndex, PeerMessage, Submission, encode,
};

use super::Byzantine;
use crate::caller::log_in;

impl Byzantine {
    /// The request as it was signed, behind a login that nobody but the liar wants.
    pub(super) fn with_other_login(&mut self, submission: &Submission) -> Option<Submission> {
        let request = ExecutionRequest::parse(&submission.request).ok()?;
        let any = [Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any }];
        let allowed = (request.session, any.as_slice());
        let (_, login) = log_in(&mut self.dice, &self.network, request.time_ms, allowed);
        Some(Submission { login: login.into(), ..submission.clone() })
    }

    /// The request as it was signed, with code that the caller did not choose, or with none.
    pub(super) fn with_other_code(&mut self, submission: Submission) -> Submission {
        let own = submission.code.clone().unwrap_or_default();
        let code = match self.dice.between(0, 3) {
            0 => None,
            1 => Some(String::new()),
            2 => Some(format!("{own} ")),
            _ => Some("// simulated action: granted".to_owned()).filter(|granted| *granted != own),
        };
        Submission { code, ..submission }
    }

    /// Passes on what a caller asked another node for, before that node's own message may have come.
    pub(super) fn overhear(&mut self, message: &PeerMessage) -> Vec<(NodeIndex, Vec<u8>)> {
        let PeerMessage::Execute(submission) = message else { return Vec::new() };
        if !self.dice.happens(self.habits.replaces_logins) {
            return Vec::new();
        }
        let Some(other) = self.with_other_login(submission) else { return Vec::new() };
        let frame = encode(&PeerMessage::Execute(other));
        self.peers.iter().map(|peer| (*peer, frame.clone())).collect()
    }
}
