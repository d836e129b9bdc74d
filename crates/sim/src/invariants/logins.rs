//! Which logins of people a node may take, by what the world knows of each: when it was made, by which key of the issuer,
//! at which block. Nothing here calls what the engine decides by.
//!
//! What holds after a session was signed out belongs here as well.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checker, Life};
use crate::issuer::Documents;

/// What a login rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Basis {
    pub(crate) expires_ms: u64,
    pub(crate) token: Option<TokenBasis>,
    /// Number of the block that a passkey's assertion names.
    pub(crate) block: Option<u64>,
}

/// By which key of the issuer a token was signed, under which name, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenBasis {
    pub(crate) name: u8,
    pub(crate) key: u8,
    pub(crate) issued_ms: u64,
}

/// What one node sees of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The issuer's rule, if both heads have the same one.
    pub(crate) rule: Option<u8>,
    pub(crate) height: u64,
}

/// What is known of nodes and logins.
#[derive(Default)]
pub(super) struct Seen {
    /// What each slot's engine was given of the issuer's keys.
    documents: BTreeMap<usize, Documents>,
    /// Lives that had all they needed to take a login, at some moment since it was made, and the rule by which. They may go
    /// on without the keys.
    taken: BTreeSet<(Life, usize, u8)>,
}

impl Checker {
    /// A node's engine is given keys, or has none any more.
    pub(crate) fn given_keys(&mut self, slot: usize, documents: Documents) {
        self.logins.documents.insert(slot, documents);
    }

    /// A node has just seen something new: it could take this login from now on.
    pub(crate) fn could_take(&mut self, life: Life, (login, basis): (usize, &Basis), reading: Reading) {
        if let Some(rule) = reading.rule
            && self.has_all(life.slot, basis, reading)
        {
            self.logins.taken.insert((life, login, rule));
        }
    }

    /// Whether a node that has never seen a login has all that it needs to take it.
    pub(crate) fn has_all(&self, slot: usize, basis: &Basis, reading: Reading) -> bool {
        let block = basis.block.is_none_or(|block| block <= reading.height);
        block && basis.token.is_none_or(|token| reading.rule.is_some() && self.has_key(slot, token))
    }

    /// Whether a node may act on a login now, for something that began before its session ended.
    pub(crate) fn may_take(&self, life: Life, (login, basis): (usize, &Basis), reading: Reading) -> bool {
        let block = basis.block.is_none_or(|block| block <= reading.height);
        let listed = || reading.rule.is_some_and(|rule| self.logins.taken.contains(&(life, login, rule)));
        block && (basis.token.is_none() || listed())
    }

    /// The newest document that has a name says which key it is; if it is not the newest of all, what was signed before the
    /// next one came counts.
    fn has_key(&self, slot: usize, token: TokenBasis) -> bool {
        let documents = self.logins.documents.get(&slot).into_iter().flatten().rev();
        let found =
            documents.filter_map(|(names, until_ms)| Some((names.get(&token.name)?, until_ms))).next();
        found.is_some_and(|(key, until_ms)| {
            *key == token.key && until_ms.is_none_or(|until_ms| token.issued_ms < until_ms)
        })
    }
}
