//! Keys of issuers, as one node has fetched them.

use std::collections::BTreeSet;

use crate::oidc::{JwksError, SigningKeys};

/// How long a key counts, for what was signed before, after its issuer has withdrawn it, in milliseconds.
pub const WITHDRAWN_MS_MAX: u64 = 24 * 60 * 60 * 1_000;
/// Older sets that are kept: an issuer that changes its keys more often than this in a day loses sessions.
const OLDER_MAX: usize = 8;

/// The keys of one issuer: those that it shows, and those that it has shown not long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldKeys {
    current: KeySet,
    /// With the moment when another set took its place, the latest last.
    older: Vec<(KeySet, u64)>,
    blocked: BTreeSet<String>,
}

/// One document of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeySet {
    keys: SigningKeys,
    text: String,
}

impl KeySet {
    fn parse(text: &str) -> Result<Self, JwksError> {
        Ok(KeySet { keys: SigningKeys::parse(text.as_bytes())?, text: text.to_owned() })
    }

    fn has(&self, kid: &str) -> bool {
        self.keys.kids().any(|known| known == kid)
    }
}

/// Where a key was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The set that has it.
    pub keys: &'a SigningKeys,
    /// When its issuer withdrew it, in milliseconds since the epoch.
    pub withdrawn_ms: Option<u64>,
}

impl HeldKeys {
    /// The first document that was fetched.
    ///
    /// # Errors
    /// If it is no set of keys.
    pub fn new(text: &str) -> Result<Self, JwksError> {
        Ok(HeldKeys { current: KeySet::parse(text)?, older: Vec::new(), blocked: BTreeSet::new() })
    }

    /// What was kept of it: the document that was shown last, and older ones with the moment when another took their place,
    /// in milliseconds since the epoch.
    ///
    /// # Errors
    /// If one of them is no set of keys.
    pub fn restore(current: &str, older: &[(String, u64)]) -> Result<Self, JwksError> {
        let older = older.iter().map(|(text, until_ms)| Ok((KeySet::parse(text)?, *until_ms)));
        Ok(HeldKeys { older: older.collect::<Result<_, _>>()?, ..Self::new(current)? })
    }

    /// The documents, to be kept: as [`Self::restore`] takes them.
    #[must_use]
    pub fn documents(&self) -> (&str, Vec<(String, u64)>) {
        let older = self.older.iter().map(|(set, until_ms)| (set.text.clone(), *until_ms));
        (&self.current.text, older.collect())
    }

    /// The same without these keys, by name: tokens without a name of a key count no longer then.
    #[must_use]
    pub fn without(self, blocked: BTreeSet<String>) -> Self {
        HeldKeys { blocked, ..self }
    }

    /// How many keys the issuer shows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.current.keys.kids().count()
    }

    /// Takes a document that was fetched now; true if it has other keys.
    ///
    /// # Errors
    /// If it is no set of keys. Nothing is changed then.
    pub fn fetched(&mut self, text: &str, now_ms: u64) -> Result<bool, JwksError> {
        let next = KeySet::parse(text)?;
        self.older.retain(|(_, until_ms)| until_ms.saturating_add(WITHDRAWN_MS_MAX) > now_ms);
        if next.keys == self.current.keys {
            return Ok(false);
        }
        let before = std::mem::replace(&mut self.current, next);
        self.older.push((before, now_ms));
        if self.older.len() > OLDER_MAX {
            self.older.remove(0);
        }
        Ok(true)
    }

    /// The set in which a token's key is. A name that the issuer shows means the key that it shows; one that it does not
    /// show any more means the last key that had it.
    ///
    /// A withdrawn key needs no bound in time here: no session ends later than a day after it was allowed, and it was
    /// allowed before the key was withdrawn.
    #[must_use]
    pub fn find(&self, kid: Option<&str>) -> Option<Found<'_>> {
        let Some(kid) = kid else {
            // It could be any key that is shown.
            let only = Found { keys: &self.current.keys, withdrawn_ms: None };
            return self.blocked.is_empty().then_some(only);
        };
        if self.blocked.contains(kid) {
            return None;
        }
        if self.current.has(kid) {
            return Some(Found { keys: &self.current.keys, withdrawn_ms: None });
        }
        let (set, until_ms) = self.older.iter().rev().find(|(set, _)| set.has(kid))?;
        Some(Found { keys: &set.keys, withdrawn_ms: Some(*until_ms) })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ed25519_dalek::SigningKey;

    use super::*;

    /// A document of Ed25519 keys: a name, and what the key is made of.
    fn document(keys: &[(&str, u8)]) -> String {
        let keys = keys.iter().map(|(kid, seed)| {
            let key = SigningKey::from_bytes(&[*seed; 32]).verifying_key();
            let x = URL_SAFE_NO_PAD.encode(key.to_bytes());
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
        });
        format!(r#"{{"keys":[{}]}}"#, keys.collect::<Vec<_>>().join(","))
    }

    fn withdrawn(held: &HeldKeys, kid: &str) -> Option<Option<u64>> {
        held.find(Some(kid)).map(|found| found.withdrawn_ms)
    }

    #[test]
    fn a_withdrawn_key_is_known_as_such_and_over_a_restart() {
        let mut held = HeldKeys::new(&document(&[("a", 1), ("b", 2)])).unwrap();
        assert_eq!(held.fetched(&document(&[("a", 1), ("b", 2)]), 5), Ok(false));
        assert_eq!(held.fetched(&document(&[("b", 2), ("a", 1)]), 5), Ok(false), "in another order");
        assert_eq!(held.fetched(&document(&[("b", 2), ("c", 3)]), 10), Ok(true));
        assert_eq!(withdrawn(&held, "a"), Some(Some(10)));
        assert_eq!(withdrawn(&held, "b"), Some(None));
        assert_eq!(withdrawn(&held, "c"), Some(None));
        assert_eq!(withdrawn(&held, "d"), None);
        let (current, older) = held.documents();
        assert_eq!(HeldKeys::restore(current, &older), Ok(held.clone()));
        // Documents that are none change nothing.
        assert!(held.fetched("<html>", 20).is_err() && withdrawn(&held, "c") == Some(None));
        assert_eq!(held.fetched(&document(&[("d", 4)]), WITHDRAWN_MS_MAX + 10), Ok(true));
        assert_eq!(withdrawn(&held, "a"), None, "a day has passed");
        assert_eq!(withdrawn(&held, "c"), Some(Some(WITHDRAWN_MS_MAX + 10)));
    }

    #[test]
    fn a_name_that_is_shown_means_the_key_that_is_shown() {
        let mut held = HeldKeys::new(&document(&[("a", 1)])).unwrap();
        let before = held.find(Some("a")).unwrap().keys.clone();
        held.fetched(&document(&[("a", 2)]), 10).unwrap();
        let found = held.find(Some("a")).unwrap();
        assert!(found.withdrawn_ms.is_none() && *found.keys != before);
    }

    #[test]
    fn a_blocked_key_is_not_found_old_or_new_named_or_not() {
        let mut held = HeldKeys::new(&document(&[("a", 1), ("b", 2)])).unwrap();
        assert!(held.find(None).is_some());
        held = held.without(BTreeSet::from(["a".to_owned()]));
        assert!(held.find(Some("a")).is_none() && held.find(None).is_none());
        held.fetched(&document(&[("b", 2)]), 10).unwrap();
        assert!(held.find(Some("a")).is_none() && held.find(Some("b")).is_some());
    }

    #[test]
    fn an_issuer_that_rotates_without_end_fills_nothing() {
        let mut held = HeldKeys::new(&document(&[("0", 0)])).unwrap();
        for number in 1..=100u8 {
            held.fetched(&document(&[(&number.to_string(), number)]), number.into()).unwrap();
        }
        assert_eq!(held.older.len(), OLDER_MAX);
    }
}
