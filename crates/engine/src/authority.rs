//! May this action, for this caller, use this key? Decided by each node at its own heads.
//!
//! Asked twice for every signature: when the intent is made, and when the node's last message of the
//! signature leaves it. The block that a request names never authorises anything.

use quorate_auth::Session;
use quorate_threshold::derive;
use quorate_wire::{ActionCid, ErrorCode, PublicKey, limits};

use crate::{At, Pkp, ReadRegistry, SCOPE_SIGN_ANYTHING, Subject};

/// Who wants what.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) key: &'a PublicKey,
    pub(crate) action: &'a ActionCid,
    pub(crate) session: &'a Session,
}

/// Whether the last head statement is recent enough to decide anything by.
pub(crate) fn registry_fresh(registry: &dyn ReadRegistry, now_mono_ms: u64) -> Result<(), ErrorCode> {
    if now_mono_ms.saturating_sub(registry.heard_mono_ms()) <= limits::HEAD_AGE_MS_MAX {
        Ok(())
    } else {
        Err(ErrorCode::RegistryStale)
    }
}

/// The key's tweak, if the wish is allowed at this node's latest head *and* at its finalized block.
///
/// Grants so wait for finality, revocations bite at once, and a reorganisation can only deny.
///
/// # Errors
/// `registry_stale`, `pkp_unknown`, `not_granted` or `scope_missing`.
pub(crate) fn may_sign_digest(
    registry: &dyn ReadRegistry,
    root: &PublicKey,
    now_mono_ms: u64,
    wish: Wish<'_>,
) -> Result<[u8; 32], ErrorCode> {
    registry_fresh(registry, now_mono_ms)?;
    let finalized = allowed_at(registry, At::Finalized, wish)?;
    let latest = allowed_at(registry, At::Latest, wish)?;
    // The registry names the key's id; that the id gives this very key is computed here.
    let derived = derive::public_key(root.as_bytes(), &latest.key_id.0);
    if latest.key_id != finalized.key_id || derived.as_ref().ok() != Some(wish.key.as_bytes()) {
        return Err(ErrorCode::PkpUnknown);
    }
    derive::tweak(&latest.key_id.0).map_err(|_| ErrorCode::PkpUnknown)
}

fn allowed_at(registry: &dyn ReadRegistry, at: At, wish: Wish<'_>) -> Result<Pkp, ErrorCode> {
    let pkp = registry.pkp(wish.key, at).ok_or(ErrorCode::PkpUnknown)?;
    if pkp.token != wish.key.token_id() {
        return Err(ErrorCode::PkpUnknown);
    }
    let to_action = registry.grant(&pkp.token, &Subject::Action(*wish.action), at);
    if to_action.allows(SCOPE_SIGN_ANYTHING) {
        return Ok(pkp);
    }
    // The other way: the caller's session names this very key and this very action, and the login
    // behind it owns the token or has a grant of its own.
    if wish.session.names_exactly(wish.key, wish.action) {
        let to_caller = registry.grant(&pkp.token, &Subject::Address(wish.session.wallet), at);
        if pkp.owner == Some(wish.session.wallet) || to_caller.allows(SCOPE_SIGN_ANYTHING) {
            return Ok(pkp);
        }
    }
    Err(if to_action.member { ErrorCode::ScopeMissing } else { ErrorCode::NotGranted })
}
