//! Which logins of people a node may take, by what the world knows of each: when it was made, by which key of the issuer,
//! at which block. Nothing here calls what the engine decides by.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checker, Life};
use crate::issuer::Documents;

/// What a login rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Basis {
    pub(crate) expires_ms: u64,
    /// The earliest of the moments that its methods prove.
    pub(crate) proven_ms: u64,
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
    /// Lives that had all they needed to take a login with a token, at some moment since it was made, and the rule by which.
    /// They may go on without the keys.
    taken: BTreeSet<(Life, usize, u8)>,
}

impl Checker {
    /// A node's engine is given keys, or has none any more.
    pub(crate) fn given_keys(&mut self, slot: usize, documents: Documents) {
        self.logins.documents.insert(slot, documents);
    }

    /// A node has just seen something new: it could take this login from now on.
    pub(crate) fn could_take(&mut self, life: Life, (login, basis): (usize, &Basis), reading: Reading) {
        if let (Some(rule), Some(_)) = (reading.rule, basis.token)
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

    /// Whether a node may know a login by another rule of the issuer than its own reading has now: then it has ended.
    pub(crate) fn has_ended(&self, life: Life, login: usize, reading: Reading) -> bool {
        let mut taken = self.logins.taken.range((life, login, 0)..=(life, login, u8::MAX));
        taken.any(|(_, _, rule)| Some(*rule) != reading.rule)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quorate_wire::NodeIndex;

    use super::*;
    use crate::{
        committee::{Committee, Shape},
        issuer::Names,
    };

    const ISSUED_MS: u64 = 1_000;

    fn checker() -> Checker {
        Checker::new(&Committee::new(Shape { n: 3, t: 2 }), BTreeSet::new())
    }

    fn life(generation: u32) -> Life {
        Life { slot: 0, generation, node: NodeIndex::new(1).unwrap() }
    }

    fn token(name: u8) -> Basis {
        let token = Some(TokenBasis { name, key: name, issued_ms: ISSUED_MS });
        Basis { expires_ms: u64::MAX, proven_ms: 0, token, block: None }
    }

    const LISTED: Reading = Reading { rule: Some(0), height: 10 };

    #[test]
    fn a_node_has_a_key_that_is_shown_or_was_when_the_token_was_signed() {
        let has = |documents: Documents, name| {
            let mut checker = checker();
            checker.given_keys(0, documents);
            checker.has_all(0, &token(name), LISTED)
        };
        let shows = |names: &[(u8, u8)]| names.iter().copied().collect::<Names>();
        let one = || shows(&[(1, 1)]);
        assert!(!has(Vec::new(), 1));
        assert!(has(vec![(one(), None)], 1) && !has(vec![(one(), None)], 2));
        for (until_ms, expected) in [(ISSUED_MS + 1, true), (ISSUED_MS, false)] {
            assert_eq!(has(vec![(one(), Some(until_ms)), (shows(&[(2, 2)]), None)], 1), expected);
        }
        // The name means another key by now.
        assert!(!has(vec![(one(), Some(ISSUED_MS + 1)), (shows(&[(1, 9)]), None)], 1));
    }

    #[test]
    fn a_token_counts_by_the_rule_that_it_was_taken_by_in_this_life_and_where_the_issuer_stands() {
        let mut checker = checker();
        let (login, basis) = (3, token(1));
        checker.could_take(life(1), (login, &basis), LISTED);
        assert!(!checker.may_take(life(1), (login, &basis), LISTED), "without the key");
        checker.given_keys(0, vec![(Names::from([(1, 1)]), None)]);
        checker.could_take(life(1), (login, &basis), LISTED);
        checker.given_keys(0, Vec::new());
        assert!(checker.may_take(life(1), (login, &basis), LISTED), "it goes on without the key");
        assert!(!checker.may_take(life(2), (login, &basis), LISTED), "a start forgets");
        assert!(!checker.may_take(life(1), (login + 1, &basis), LISTED), "another login");
        assert!(!checker.has_ended(life(1), login, LISTED));
        for rule in [None, Some(1)] {
            let reading = Reading { rule, ..LISTED };
            assert!(!checker.may_take(life(1), (login, &basis), reading));
            assert!(
                checker.has_ended(life(1), login, reading) && !checker.has_ended(life(2), login, reading)
            );
        }
    }

    #[test]
    fn an_assertion_counts_where_its_block_is_known() {
        let basis = Basis { expires_ms: u64::MAX, proven_ms: 0, token: None, block: Some(11) };
        let may = |height| checker().may_take(life(1), (0, &basis), Reading { rule: None, height });
        assert!(!may(10) && may(11));
    }
}
