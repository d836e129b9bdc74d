//! What logins are checked by, and those that were checked and need not be checked again.

use std::{collections::BTreeMap, sync::Arc};

use quorate_auth::{HeldKeys, KnownIssuer, LoginBlock, LoginFacts, Session};
use quorate_wire::BlockRef;

use crate::{LoginRule, ReadRegistry};

/// Keys of issuers as this node has fetched them, by each issuer's own identifier.
pub type IssuerKeys = Arc<BTreeMap<String, Arc<HeldKeys>>>;

/// This node's own reading of what logins need.
pub(crate) struct LoginReading<'a> {
    pub(crate) registry: &'a dyn ReadRegistry,
    pub(crate) rule: &'a LoginRule,
    pub(crate) keys: &'a IssuerKeys,
}

impl LoginFacts for LoginReading<'_> {
    fn issuer(&self, iss: &str) -> Option<KnownIssuer> {
        let rule = self.rule.issuer(iss)?;
        Some(KnownIssuer { rule: rule.clone(), keys: self.keys.get(&rule.issuer).cloned() })
    }

    fn login_block(&self, block: &BlockRef) -> LoginBlock {
        self.registry.login_block(block)
    }
}

/// How many are known.
const KNOWN_MAX: usize = 4_096;

/// The known logins by their hash. Of too many, the one that was used longest ago is forgotten: whoever brings many new
/// ones has only those of callers checked again who do not come any more.
#[derive(Default)]
pub(crate) struct KnownLogins {
    sessions: BTreeMap<[u8; 32], (u64, Session)>,
    by_use: BTreeMap<u64, [u8; 32]>,
    uses: u64,
}

impl KnownLogins {
    /// The session of a login that has not expired.
    pub(crate) fn session(&mut self, hash: &[u8; 32], now_unix_ms: u64) -> Option<Session> {
        let session = self.sessions.get(hash).map(|(_, session)| session.clone());
        let session = session.filter(|session| session.expires_ms > now_unix_ms)?;
        self.know(*hash, session.clone());
        Some(session)
    }

    /// Knows a login from now on.
    pub(crate) fn know(&mut self, hash: [u8; 32], session: Session) {
        self.uses += 1;
        if let Some((before, _)) = self.sessions.insert(hash, (self.uses, session)) {
            self.by_use.remove(&before);
        }
        self.by_use.insert(self.uses, hash);
        while self.sessions.len() > KNOWN_MAX {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            self.sessions.remove(&oldest);
        }
    }

    /// Forgets those that have expired.
    pub(crate) fn sweep(&mut self, now_unix_ms: u64) {
        let by_use = &mut self.by_use;
        self.sessions.retain(|_, (used, session)| {
            let valid = session.expires_ms > now_unix_ms;
            if !valid {
                by_use.remove(used);
            }
            valid
        });
    }
}

#[cfg(test)]
mod tests {
    use quorate_wire::{Address, SessionKey};

    use super::*;

    fn hash(number: usize) -> [u8; 32] {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        hash
    }

    fn session(expires_ms: u64) -> Session {
        Session { expires_ms, ..Session::of_wallet(SessionKey([1; 32]), Address([1; 20]), "localhost") }
    }

    #[test]
    fn a_full_table_forgets_who_came_longest_ago_and_nobody_else() {
        let mut known = KnownLogins::default();
        for number in 0..KNOWN_MAX {
            known.know(hash(number), session(1_000));
        }
        // The first has come again, so that the second is the oldest.
        assert!(known.session(&hash(0), 1).is_some());
        known.know(hash(KNOWN_MAX), session(500));
        assert!(known.session(&hash(1), 1).is_none());
        let others = (0..=KNOWN_MAX).filter(|number| *number != 1);
        assert!(others.clone().all(|number| known.session(&hash(number), 1).is_some()));
        assert!(known.session(&hash(KNOWN_MAX), 500).is_none(), "it has expired");
        known.sweep(500);
        assert_eq!((known.sessions.len(), known.by_use.len()), (KNOWN_MAX - 1, KNOWN_MAX - 1));
        known.sweep(1_000);
        assert!(known.sessions.is_empty() && known.by_use.is_empty());
    }
}
