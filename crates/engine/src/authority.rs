//! May this action, for this caller, use this key? Decided by each node at its own heads.
//!
//! Asked twice for every signature: when the intent is made, and when the node's last message of the
//! signature leaves it. The block that a request names never authorises anything.

use quorate_auth::Session;
use quorate_threshold::derive;
use quorate_wire::{ActionCid, ErrorCode, KeyId, MessageKind, PublicKey, action_key_id, limits};

use crate::{
    At, Grant, Now, Pkp, ReadRegistry, SCOPE_NO_SINGLE_NODE, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING,
    SCOPE_SIGN_LOGINS, Subject,
};

/// By what right a run wants a signature. It is judged anew each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// The key is the running action's own.
    Own {
        /// The running action.
        action: ActionCid,
    },
    /// The key is granted.
    Granted(Wish),
}

/// Who wants what of a key of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) key: PublicKey,
    /// The running action.
    pub(crate) action: ActionCid,
    pub(crate) kind: MessageKind,
    /// Whether the run knows a value that was taken from one node.
    pub(crate) single_node: bool,
}

/// Whether the last head statement is recent enough to decide anything by. Either clock denies: the monotonic one, for
/// whoever sets the wall clock; the statement's own time, for whoever hands out old statements late.
pub(crate) fn registry_fresh(registry: &dyn ReadRegistry, now: Now) -> Result<(), ErrorCode> {
    let heard = registry.heard();
    let waited_ms = now.mono_ms.saturating_sub(heard.asked_mono_ms);
    let age_ms = now.unix_ms.saturating_sub(heard.stated_unix_ms);
    let ahead_ms = heard.stated_unix_ms.saturating_sub(now.unix_ms);
    if waited_ms.max(age_ms) <= limits::HEAD_AGE_MS_MAX && ahead_ms <= limits::HEAD_AHEAD_MS_MAX {
        Ok(())
    } else {
        Err(ErrorCode::RegistryStale)
    }
}

/// The key and its tweak, if the right stands at this node's latest head *and* at its finalized block.
///
/// Grants so wait for finality, revocations bite at once, and a reorganisation can only deny.
///
/// # Errors
/// `registry_stale`, `pkp_unknown`, `not_granted`, `scope_missing` or `single_node_value`.
pub(crate) fn may_sign(
    registry: &dyn ReadRegistry,
    root: &PublicKey,
    now: Now,
    (right, session): (&Right, &Session),
) -> Result<(PublicKey, [u8; 32]), ErrorCode> {
    registry_fresh(registry, now)?;
    let wish = match right {
        Right::Own { action } => return derived(root, &action_key_id(action)),
        Right::Granted(wish) => wish,
    };
    let finalized = allowed_at(registry, At::Finalized, wish, session)?;
    let latest = allowed_at(registry, At::Latest, wish, session)?;
    // The registry names the key's id; that the id gives this very key is computed here.
    let (key, tweak) = derived(root, &latest.key_id)?;
    if latest.key_id != finalized.key_id || key != wish.key {
        return Err(ErrorCode::PkpUnknown);
    }
    Ok((key, tweak))
}

/// The key of an id under the root, and its tweak.
pub(crate) fn derived(root: &PublicKey, id: &KeyId) -> Result<(PublicKey, [u8; 32]), ErrorCode> {
    let key = derive::public_key(root.as_bytes(), &id.0).map_err(|_| ErrorCode::PkpUnknown)?;
    let key = PublicKey::from_sec1(&key).map_err(|_| ErrorCode::PkpUnknown)?;
    let tweak = derive::tweak(&id.0).map_err(|_| ErrorCode::PkpUnknown)?;
    Ok((key, tweak))
}

fn allowed_at(registry: &dyn ReadRegistry, at: At, wish: &Wish, session: &Session) -> Result<Pkp, ErrorCode> {
    let pkp = registry.pkp(&wish.key, at).ok_or(ErrorCode::PkpUnknown)?;
    if pkp.token != wish.key.token_id() {
        return Err(ErrorCode::PkpUnknown);
    }
    let to_action = registry.grant(&pkp.token, &Subject::Action(wish.action), at);
    if allows(&to_action, wish.kind) {
        return restricted(&to_action, wish).map(|()| pkp);
    }
    // The other way: the caller's session names this very key and this very action, and the login
    // behind it owns the token or has a grant of its own.
    if session.names_exactly(&wish.key, &wish.action) {
        let to_caller = registry.grant(&pkp.token, &Subject::Address(session.wallet), at);
        if pkp.owner == Some(session.wallet) || allows(&to_caller, wish.kind) {
            return restricted(&to_caller, wish).map(|()| pkp);
        }
    }
    Err(if to_action.member { ErrorCode::ScopeMissing } else { ErrorCode::NotGranted })
}

/// Whether a grant covers this kind of message. To sign anything covers all.
fn allows(grant: &Grant, kind: MessageKind) -> bool {
    let own = match kind {
        MessageKind::Personal => grant.allows(SCOPE_PERSONAL_SIGN),
        MessageKind::Login => grant.allows(SCOPE_SIGN_LOGINS),
        MessageKind::Digest | MessageKind::Action => false,
    };
    own || grant.allows(SCOPE_SIGN_ANYTHING)
}

/// What a grant forbids beside what it allows.
fn restricted(grant: &Grant, wish: &Wish) -> Result<(), ErrorCode> {
    if wish.single_node && grant.allows(SCOPE_NO_SINGLE_NODE) {
        return Err(ErrorCode::SingleNodeValue);
    }
    Ok(())
}
