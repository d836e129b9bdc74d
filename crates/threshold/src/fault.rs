//! What can go wrong, kept apart by who is to blame: a peer ([`Fault`]), the caller of this crate
//! ([`Misuse`]) or this crate itself ([`Bug`]).

use crate::PartyIndex;

/// A check that a peer's message did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The message's version, suite or round is not one of this ceremony.
    Header,
    /// The message is longer or shorter than its round allows.
    Length,
    /// The message belongs to a round that an honest peer cannot have reached.
    RoundTooEarly,
    /// A second, different message for one round.
    SecondMessageDiffers,
    /// The bytes are not the one encoding of a scalar, a point or a message.
    Encoding,
    /// What was revealed is not what was committed to.
    RevealCommitment,
    /// The proof that the dealer knows its part of the key.
    ProofOfPossession,
    /// Two members saw different packages of one dealer.
    Echo,
    /// A dealt share is not the value of the dealer's public polynomial.
    DealtShare,
    /// The packages add up to a point at infinity.
    TrivialKey,
    /// The zero-share seed is not the one committed to.
    ZeroShareSeed,
    /// A proof in the base oblivious transfer.
    BaseTransfer,
    /// The two sides of a pair saw different set-ups.
    SetUpTranscript,
    /// The peer signs something else, for another session, key or signer set, or over another pairwise
    /// state. This shows a disagreement, never guilt: either side may have been told a lie.
    SessionDiffers,
    /// The multiplication's consistency check.
    Multiplication,
    /// The nonce part of the multiplication does not fit the peer's nonce point.
    NonceProduct,
    /// The key part of the multiplication does not fit the peer's key point.
    KeyProduct,
    /// The nonce point is not the one committed to.
    NonceCommitment,
    /// The nonce point is the point at infinity.
    TrivialNonce,
    /// The signers' key parts do not add up to the public key.
    KeySum,
    /// The parts did not add up to a valid signature.
    Signature,
}

impl Check {
    /// A stable name for logs, metrics and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Length => "length",
            Self::RoundTooEarly => "round_too_early",
            Self::SecondMessageDiffers => "second_message_differs",
            Self::Encoding => "encoding",
            Self::RevealCommitment => "reveal_commitment",
            Self::ProofOfPossession => "proof_of_possession",
            Self::Echo => "echo",
            Self::DealtShare => "dealt_share",
            Self::TrivialKey => "trivial_key",
            Self::ZeroShareSeed => "zero_share_seed",
            Self::BaseTransfer => "base_transfer",
            Self::SetUpTranscript => "set_up_transcript",
            Self::SessionDiffers => "session_differs",
            Self::Multiplication => "multiplication",
            Self::NonceProduct => "nonce_product",
            Self::KeyProduct => "key_product",
            Self::NonceCommitment => "nonce_commitment",
            Self::TrivialNonce => "trivial_nonce",
            Self::KeySum => "key_sum",
            Self::Signature => "signature",
        }
    }
}

/// A peer did not follow the protocol.
///
/// At least one of `culprits` is to blame. One name alone is therefore certain, as far as the
/// channels are authenticated; several names mean that this node's own view cannot tell them apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a peer's message failed the check {}", check.as_str())]
pub struct Fault {
    /// Suspects, ascending, without repetition.
    pub culprits: Vec<PartyIndex>,
    /// What failed.
    pub check: Check,
}

impl Fault {
    /// A fault of one party.
    #[must_use]
    pub fn of(culprit: PartyIndex, check: Check) -> Self {
        Self { culprits: vec![culprit], check }
    }
}

/// Why a ceremony ended without its output. Its secret state is gone already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing that outlives the attempt was harmed: try again, with a new session and perhaps without
    /// the culprits.
    #[error(transparent)]
    Recoverable(#[from] Fault),
    /// The counterparty cheated where a guess about this node's lasting pairwise state pays off.
    ///
    /// # Security
    ///
    /// The pair must never sign again on this pairwise state: write the ban durably before anything is
    /// answered. Only a message that came in as from that very counterparty leads here.
    #[error("counterparty {counterparty} must be banned: check {}", check.as_str())]
    Ban {
        /// Who cheated.
        counterparty: PartyIndex,
        /// What failed.
        check: Check,
    },
    /// This crate contradicts itself.
    #[error(transparent)]
    Bug(#[from] Bug),
}

impl Failure {
    /// Everybody whom the failure names.
    #[must_use]
    pub fn culprits(&self) -> &[PartyIndex] {
        match self {
            Self::Recoverable(fault) => &fault.culprits,
            Self::Ban { counterparty, .. } => core::slice::from_ref(counterparty),
            Self::Bug(_) => &[],
        }
    }

    /// The check that failed, if it was a peer's message.
    #[must_use]
    pub fn check(&self) -> Option<Check> {
        match self {
            Self::Recoverable(fault) => Some(fault.check),
            Self::Ban { check, .. } => Some(*check),
            Self::Bug(_) => None,
        }
    }
}

/// The caller of this crate asked for something that has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// An index outside 1..=[`crate::PARTIES_MAX`].
    #[error("party index out of range")]
    PartyIndex,
    /// t and n do not fit.
    #[error("threshold and share count do not fit")]
    Params,
    /// The own index is not in the committee or not among the signers.
    #[error("this party has no part in the ceremony")]
    NotTakingPart,
    /// The entropy that was handed in is not random, or the operating system gives none.
    #[error("the entropy source gives no usable values")]
    Entropy,
    /// A message from somebody who has no part in the ceremony. The ceremony is unharmed.
    #[error("the sender has no part in the ceremony")]
    ForeignSender,
    /// The signer set is not exactly t distinct members in ascending order.
    #[error("the signer set is not exactly the threshold, ascending and distinct")]
    SignerSet,
    /// There is no pairwise state with one of the signers.
    #[error("no pairwise state with signer {0}")]
    MissingPair(PartyIndex),
    /// The digest is zero modulo the group order.
    #[error("the digest is zero modulo the group order")]
    ZeroDigest,
    /// The tweak is zero, not reduced, or cancels the root key.
    #[error("the tweak gives no usable key")]
    Tweak,
    /// No keys are derived from a root of this purpose.
    #[error("no keys are derived from a root of this purpose")]
    NoDerivation,
    /// The bytes are no encoding of a public key.
    #[error("not an encoded public key")]
    PublicKey,
    /// The bytes are no encoding of a partial or of a value.
    #[error("not an encoded threshold value")]
    Value,
    /// Stored bytes that this crate did not write, or that were damaged.
    #[error("stored secret bytes are damaged: {0}")]
    Stored(&'static str),
}

/// This crate found its own state impossible. The ceremony stops rather than go on in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("internal contradiction: {0}")]
pub struct Bug(pub &'static str);
