//! Lies about a request that is passed on: whose it is (a login by a wallet or passkey of the liar's own for the caller's
//! session key, a part of the caller's, or the caller's for a session key of the liar's), and what it runs.

use ed25519_dalek::SigningKey;
use quorate_wire::{
    Capability, CapabilityAction, CapabilityKey, ExecutionRequest, Login, NodeIndex, PeerMessage, Proof,
    SessionKey, Submission, encode,
};

use super::Byzantine;
use crate::{
    caller::{log_in, sign},
    person::{by_passkey_of_liar, login},
};

impl Byzantine {
    /// The request as it was signed, behind a login that nobody but the liar wants; or a request of its own behind the
    /// caller's login.
    pub(super) fn with_other_login(&mut self, submission: &Submission) -> Option<Submission> {
        let request = ExecutionRequest::parse(&submission.request).ok()?;
        let proofs = submission.login.proofs();
        let login = match self.dice.between(0, 4) {
            0 => {
                let own = SigningKey::from_bytes(&self.dice.bytes());
                let session = SessionKey(own.verifying_key().to_bytes());
                let request = ExecutionRequest { session, ..request };
                let code = submission.code.clone();
                return Some(sign(&self.network, (&own, &submission.login), &request, code).1);
            }
            1 => proofs[self.dice.place(proofs.len())].clone().into(),
            2 => self.with_later_end(proofs),
            3 => self.with_own_passkey(proofs),
            _ => {
                let any = [Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any }];
                let allowed = (request.session, any.as_slice());
                log_in(&mut self.dice, &self.network, request.time_ms, allowed).1.into()
            }
        };
        (login != submission.login).then(|| Submission { login, ..submission.clone() })
    }

    /// The same proofs, whose terms name a later end.
    fn with_later_end(&mut self, proofs: &[Proof]) -> Login {
        let more_ms = self.dice.between(1, 100_000);
        let proofs = proofs.iter().cloned().map(|mut proof| {
            match &mut proof {
                Proof::Oidc(shown) => shown.terms.expires_ms += more_ms,
                Proof::Passkey(shown) => shown.terms.expires_ms += more_ms,
                Proof::Wallet(shown) => shown.rz.0[0] ^= 1,
            }
            proof
        });
        login(proofs.collect())
    }

    /// An own passkey in the place of each one, for the same session.
    fn with_own_passkey(&mut self, proofs: &[Proof]) -> Login {
        let proofs = proofs.iter().map(|proof| match proof {
            Proof::Passkey(shown) => by_passkey_of_liar(&mut self.dice, &self.network, shown),
            Proof::Wallet(_) | Proof::Oidc(_) => proof.clone(),
        });
        login(proofs.collect())
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
