//! Which sessions were signed out before their end.

use std::collections::BTreeMap;

use quorate_wire::{
    Ends, ErrorCode, LoginId, SessionKey,
    limits::{REQUEST_AHEAD_MS_MAX, SESSION_MS_MAX},
};

use crate::{ISSUED_AHEAD_MS_MAX, Session};

/// A revocation is remembered for so much longer than what it ends could last.
const LONGER_MS: u64 = 60 * 60_000;

/// What one revocation ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The session that has signed it, and ends.
    pub session: SessionKey,
    /// The ids of the methods that had allowed it.
    pub methods: Vec<LoginId>,
    /// The latest moment that one of them proves, in milliseconds since the epoch.
    pub proven_ms: u64,
    /// Whether everything ends that these methods had allowed.
    pub everywhere: bool,
    /// The revocation's own time, in milliseconds since the epoch. What a method has proven later stands.
    pub at_ms: u64,
    /// When this node has learned of it, by its own clock.
    pub learned_ms: u64,
}

impl Ended {
    /// What a session ends that signs out.
    #[must_use]
    pub fn by(session: &Session, ends: Ends, at_ms: u64, learned_ms: u64) -> Self {
        Ended {
            session: session.key,
            methods: session.methods.iter().map(|method| method.id).collect(),
            proven_ms: session.methods.iter().map(|method| method.proven_ms).max().unwrap_or(0),
            everywhere: ends == Ends::Everywhere,
            at_ms,
            learned_ms,
        }
    }

    /// When the last session has ended that it could touch, in milliseconds since the epoch. A session lasts a day after the
    /// moment that its login proves, which can be somewhat ahead of the time of whoever signs out with it.
    #[must_use]
    pub fn until_ms(&self) -> u64 {
        let ahead = ISSUED_AHEAD_MS_MAX + REQUEST_AHEAD_MS_MAX;
        self.at_ms.saturating_add(SESSION_MS_MAX + ahead + LONGER_MS)
    }

    /// Whether a revocation of before need not be kept beside this one: what it ends, this one ends as well.
    #[must_use]
    pub fn covers(&self, other: &Ended) -> bool {
        let named = |method: &LoginId| self.methods.contains(method);
        // A session of several methods could be shown by each of them alone.
        let named = self.everywhere && other.methods.iter().all(named);
        let session = self.session == other.session || (named && other.proven_ms <= self.at_ms);
        let all = named && other.at_ms <= self.at_ms;
        session && (all || !other.everywhere) && other.until_ms() <= self.until_ms()
    }
}

/// Something that was signed out.
#[derive(Debug, Clone, Copy)]
struct Out {
    at_ms: u64,
    until_ms: u64,
    learned_ms: u64,
}

/// All that was signed out and could still be shown.
#[derive(Debug, Clone, Default)]
pub struct SignedOut {
    sessions: BTreeMap<SessionKey, Out>,
    methods: BTreeMap<LoginId, Out>,
}

impl SignedOut {
    /// Takes what a revocation ends.
    pub fn note(&mut self, ended: &Ended) {
        let new = Out { at_ms: ended.at_ms, until_ms: ended.until_ms(), learned_ms: ended.learned_ms };
        let session = self.sessions.entry(ended.session).or_insert(new);
        session.at_ms = session.at_ms.max(new.at_ms);
        session.until_ms = session.until_ms.max(new.until_ms);
        session.learned_ms = session.learned_ms.min(new.learned_ms);
        for method in ended.methods.iter().filter(|_| ended.everywhere) {
            let method = self.methods.entry(*method).or_insert(new);
            if method.at_ms < new.at_ms {
                // Of what was proven between the two this node has learned only now.
                *method = new;
            }
        }
    }

    /// Whether everything that a revocation ends is out already, and stays so for as long.
    #[must_use]
    pub fn covers(&self, ended: &Ended) -> bool {
        let lasts = |out: &Out| out.at_ms >= ended.at_ms && out.until_ms >= ended.until_ms();
        let mut methods = ended.methods.iter().filter(|_| ended.everywhere);
        self.sessions.get(&ended.session).is_some_and(lasts)
            && methods.all(|method| self.methods.get(method).is_some_and(lasts))
    }

    /// Whether a session counts.
    ///
    /// # Errors
    /// `session_revoked`.
    pub fn check(&self, session: &Session) -> Result<(), ErrorCode> {
        match self.learned_ms(session) {
            None => Ok(()),
            Some(_) => Err(ErrorCode::SessionRevoked),
        }
    }

    /// When this node has learned that a session is out, if it is.
    #[must_use]
    pub fn learned_ms(&self, session: &Session) -> Option<u64> {
        let own = self.sessions.get(&session.key).map(|out| out.learned_ms);
        let of_methods = session.methods.iter().filter_map(|method| {
            let out = self.methods.get(&method.id)?;
            (method.proven_ms <= out.at_ms).then_some(out.learned_ms)
        });
        own.into_iter().chain(of_methods).min()
    }

    /// Forgets what could not be shown any more.
    pub fn sweep(&mut self, now_unix_ms: u64) {
        self.sessions.retain(|_, out| out.until_ms > now_unix_ms);
        self.methods.retain(|_, out| out.until_ms > now_unix_ms);
    }
}

#[cfg(test)]
mod tests {
    use quorate_wire::Address;

    use super::*;

    fn session(key: u8, proven: &[(u8, u64)]) -> Session {
        let mut session = Session::of_wallet(SessionKey([key; 32]), Address([0; 20]), "localhost");
        let of = |(wallet, proven_ms): &(u8, u64)| {
            let mut method = session.methods[0].clone();
            method.id = LoginId::of_wallet(&Address([*wallet; 20]));
            method.proven_ms = *proven_ms;
            method
        };
        session.methods = proven.iter().map(of).collect();
        session
    }

    fn by(session: &Session, ends: Ends, at_ms: u64) -> Ended {
        Ended::by(session, ends, at_ms, at_ms)
    }

    #[test]
    fn one_session_ends_and_its_sisters_do_not() {
        let mut out = SignedOut::default();
        out.note(&by(&session(1, &[(7, 10)]), Ends::Session, 20));
        assert_eq!(out.check(&session(1, &[(7, 10)])), Err(ErrorCode::SessionRevoked));
        let again = session(1, &[(8, 30)]);
        assert_eq!(out.check(&again), Err(ErrorCode::SessionRevoked), "another login for the same key");
        assert_eq!(out.check(&session(2, &[(7, 10)])), Ok(()));
    }

    #[test]
    fn everything_that_a_method_has_allowed_ends_and_what_it_allows_later_does_not() {
        let mut out = SignedOut::default();
        // Its own login was proven ahead of its clock.
        let signer = session(1, &[(7, 25)]);
        out.note(&by(&signer, Ends::Everywhere, 20));
        for (ended, session) in [
            (true, &signer),
            (true, &session(2, &[(7, 20)])),
            (false, &session(2, &[(7, 21)])),
            (true, &session(2, &[(8, 21), (7, 3)])),
            (false, &session(2, &[(8, 3)])),
        ] {
            assert_eq!(out.check(session).is_err(), ended, "{session:?}");
        }
        // An older one that comes late takes nothing back.
        out.note(&by(&session(3, &[(7, 1)]), Ends::Everywhere, 10));
        assert!(out.check(&session(2, &[(7, 20)])).is_err());
    }

    #[test]
    fn it_is_forgotten_when_the_last_session_has_ended_that_it_could_touch() {
        let mut out = SignedOut::default();
        let ended = by(&session(1, &[(7, 25)]), Ends::Everywhere, 20);
        out.note(&ended);
        out.sweep(20 + SESSION_MS_MAX + ISSUED_AHEAD_MS_MAX);
        assert!(out.check(&session(2, &[(7, 20)])).is_err());
        out.sweep(ended.until_ms());
        assert!(out.sessions.is_empty() && out.methods.is_empty());
    }

    #[test]
    fn what_is_known_does_not_stand_for_what_lasts_longer() {
        let (mut out, signer) = (SignedOut::default(), session(1, &[(7, 10)]));
        out.note(&by(&signer, Ends::Session, 15));
        assert!(out.covers(&by(&signer, Ends::Session, 15)));
        // An old revocation that somebody brings late must not keep the owner's out.
        assert!(!out.covers(&by(&signer, Ends::Session, 20)));
        assert!(!out.covers(&by(&signer, Ends::Everywhere, 15)));
        out.note(&by(&signer, Ends::Everywhere, 20));
        assert!(
            out.covers(&by(&signer, Ends::Everywhere, 20)) && out.covers(&by(&signer, Ends::Session, 18))
        );
        assert!(!out.covers(&by(&session(1, &[(8, 10)]), Ends::Everywhere, 20)), "of another method");
    }

    #[test]
    fn the_first_word_of_it_says_since_when_a_session_is_out() {
        let mut out = SignedOut::default();
        let thief = session(1, &[(7, 10)]);
        assert_eq!(out.learned_ms(&thief), None);
        out.note(&Ended::by(&session(2, &[(7, 15)]), Ends::Everywhere, 20, 30));
        assert_eq!(out.learned_ms(&thief), Some(30));
        out.note(&Ended::by(&thief, Ends::Session, 18, 40));
        assert_eq!(out.learned_ms(&thief), Some(30));
        // Somebody who has come back since may sign out again when this one is used to be quicker.
        let back = session(3, &[(7, 50)]);
        out.note(&Ended::by(&thief, Ends::Everywhere, 60, 60));
        assert_eq!(out.learned_ms(&back), Some(60));
    }

    #[test]
    fn a_later_one_stands_for_earlier_ones() {
        let of = |key, ends, at| by(&session(key, &[(7, 1), (8, 1)]), ends, at);
        let (here, all) = (of(1, Ends::Session, 20), of(1, Ends::Everywhere, 20));
        assert!(all.covers(&here) && all.covers(&all) && !here.covers(&all));
        assert!(!all.covers(&of(1, Ends::Everywhere, 21)) && !all.covers(&of(1, Ends::Session, 21)));
        // Of another session of the same methods: however often somebody signs out everywhere, one is kept.
        assert!(of(2, Ends::Everywhere, 22).covers(&all) && of(2, Ends::Everywhere, 22).covers(&here));
        assert!(!of(2, Ends::Session, 22).covers(&here));
        let one = by(&session(3, &[(7, 1)]), Ends::Everywhere, 22);
        assert!(!one.covers(&here) && !one.covers(&all), "the other method alone could show them");
        let late = by(&session(4, &[(7, 30)]), Ends::Session, 15);
        assert!(!one.covers(&late), "the session was allowed later");
    }
}
