//! From the ECDSA crate's aborts to names and consequences.

use dkls23_secp256k1::protocols::{Abort, AbortKind, AbortReason, PartyIndex as DklsIndex};

use crate::{Bug, Check, Failure, Fault, PartyIndex};

/// Who can be named: the other signers.
pub(super) struct Blame<'a> {
    pub(super) others: &'a [PartyIndex],
}

impl Blame<'_> {
    /// `Abort::index` is the party that reports, never the culprit, and is not looked at.
    pub(super) fn for_abort(&self, abort: &Abort) -> Failure {
        match abort.kind {
            AbortKind::BanCounterparty(counterparty) => self.ban(counterparty, &abort.reason),
            AbortKind::Recoverable => self.recoverable(&abort.reason),
        }
    }

    /// A ban needs a counterparty of this very session: its message came from its own channel, and the
    /// crate compared the session binding before it looked at the products.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is of another crate, and may grow")]
    fn ban(&self, counterparty: DklsIndex, reason: &AbortReason) -> Failure {
        let check = match reason {
            AbortReason::MultiplicationVerificationFailed { .. } => Check::Multiplication,
            AbortReason::GammaUInconsistency { .. } => Check::NonceProduct,
            AbortReason::OtConsistencyCheckFailed { .. } => Check::KeyProduct,
            // The enum may grow. What the crate calls a ban is one, under the widest name.
            _ => Check::Multiplication,
        };
        match self.named(counterparty) {
            Some(counterparty) => Failure::Ban { counterparty, check },
            None => Bug("a ban for somebody who does not sign").into(),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is of another crate, and may grow")]
    fn recoverable(&self, reason: &AbortReason) -> Failure {
        match reason {
            AbortReason::SessionBindingMismatch { counterparty } => {
                self.one(*counterparty, Check::SessionDiffers)
            }
            AbortReason::CommitmentMismatch { counterparty } => {
                self.one(*counterparty, Check::NonceCommitment)
            }
            AbortReason::TrivialInstancePoint { counterparty } => {
                self.one(*counterparty, Check::TrivialNonce)
            }
            // Sums: one of the others put in something wrong. With t = 2 that is one name.
            AbortReason::PolynomialInconsistency => self.all(Check::KeySum),
            AbortReason::SignatureVerificationFailed | AbortReason::ZeroDenominator => {
                self.all(Check::Signature)
            }
            // Everything else was checked before the crate was called.
            _ => Bug("the ECDSA crate refused what was checked before").into(),
        }
    }

    fn one(&self, counterparty: DklsIndex, check: Check) -> Failure {
        match self.named(counterparty) {
            Some(counterparty) => Fault::of(counterparty, check).into(),
            None => Bug("a fault of somebody who does not sign").into(),
        }
    }

    fn all(&self, check: Check) -> Failure {
        Fault { culprits: self.others.to_vec(), check }.into()
    }

    fn named(&self, counterparty: DklsIndex) -> Option<PartyIndex> {
        self.others.iter().copied().find(|other| other.get() == counterparty.as_u8())
    }
}
