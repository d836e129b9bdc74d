//! Sessions that were signed out, for what is decided outside of the engine.

use std::sync::{PoisonError, RwLock};

use quorate_auth::{Ended, Session, SignedOut};
use quorate_engine::Effect;
use quorate_wire::ErrorCode;

/// How often what could not be shown any more is forgotten, in milliseconds of the times of revocations: a clock that jumps
/// forgets nothing.
const SWEEP_MS: u64 = 60_000;

/// What the engine has told of. It tells again of everything at each start.
#[derive(Default)]
pub(crate) struct SignedOutBoard(RwLock<Noted>);

#[derive(Default)]
struct Noted {
    out: SignedOut,
    swept_at_ms: u64,
}

impl SignedOutBoard {
    /// Takes what an engine tells of at its start, before anybody is let in.
    pub(crate) fn of(first: &[Effect]) -> Self {
        let board = SignedOutBoard::default();
        for effect in first {
            if let Effect::SignedOut(ended) = effect {
                board.note(ended);
            }
        }
        board
    }

    /// Takes what a revocation ends.
    pub(crate) fn note(&self, ended: &Ended) {
        let mut noted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        noted.out.note(ended);
        if ended.at_ms >= noted.swept_at_ms.saturating_add(SWEEP_MS) {
            noted.swept_at_ms = ended.at_ms;
            noted.out.sweep(ended.at_ms);
        }
    }

    /// Whether a session counts.
    ///
    /// # Errors
    /// `session_revoked`.
    pub(crate) fn check(&self, session: &Session) -> Result<(), ErrorCode> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).out.check(session)
    }
}
