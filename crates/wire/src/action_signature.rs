//! What an action signs with its own key: never a bare digest, so that no such signature is one of a
//! transaction, a message of a wallet, or anything else that a key of ours signs.

use crate::{ActionCid, Digest, Transcript};

/// Name of the one scheme of such signatures, as actions write it.
const SCHEME: &str = "EcdsaK256Sha256";

/// The digest that `signAsAction` signs: a [`Transcript`] of the domain `quorate/action-signature/v1`, the
/// action's 34-byte multihash, the scheme's name and the bytes that the action gave.
///
/// ```
/// use quorate_wire::{ActionCid, action_signature_digest};
/// let (one, other) = (ActionCid::of_code(b"one"), ActionCid::of_code(b"other"));
/// assert_ne!(action_signature_digest(&one, b"hello"), action_signature_digest(&other, b"hello"));
/// ```
#[must_use]
pub fn action_signature_digest(action: &ActionCid, bytes: &[u8]) -> Digest {
    let transcript = Transcript::new("quorate/action-signature/v1");
    Digest(transcript.field(&action.multihash()).field(SCHEME.as_bytes()).field(bytes).finish())
}
