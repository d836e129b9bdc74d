//! What a verified login allows.

use quorate_wire::{
    ActionCid, Address, Admission, Capability, CapabilityAction, CapabilityKey, CapabilityPolicy, Digest,
    LoginId, PublicKey, SessionKey,
};

/// One way in which somebody has shown who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Who it is, in the terms of its kind.
    pub who: Who,
    /// Its id.
    pub id: LoginId,
    /// Whom it was shown to: a wallet's domain, a token's client id, a passkey's relying party.
    pub audience: String,
    /// The moment that it proves, in milliseconds since the epoch: that the text was issued, that the token was issued, or
    /// that the assertion's block was made.
    pub proven_ms: u64,
}

impl Method {
    fn is_listed(&self, admission: &Admission) -> bool {
        match (admission, &self.who) {
            (Admission::List(wallets), Who::Wallet(address)) => wallets.contains(address),
            (Admission::Logins(ids), _) => ids.contains(&self.id),
            (Admission::List(_) | Admission::Open | Admission::Granted, _) => false,
        }
    }
}

/// Who somebody is, in the terms of one kind of method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The holder of a wallet.
    Wallet(Address),
    /// Somebody whom an issuer knows.
    Oidc {
        /// The issuer's own identifier, not an alias of it.
        issuer: String,
        /// The issuer's name for the person.
        subject: String,
        /// [`IssuerRule::digest`](quorate_wire::IssuerRule::digest) of the rule by which the token was taken.
        rule: Digest,
        /// When the person authenticated to the issuer, in seconds since the epoch, if the token says so.
        auth_time_s: Option<u64>,
    },
    /// The holder of a passkey.
    Passkey {
        /// The COSE key, canonical.
        public_key: Vec<u8>,
        /// The credential's id as base64url. It proves nothing by itself.
        credential_id: Option<String>,
    },
}

/// A session, as a verified login describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key that signs requests.
    pub key: SessionKey,
    /// By whom it counts, stores and pays: its method, several together, or the one of them that an admission list names.
    pub id: LoginId,
    /// Who allowed it, in one way or in several: in the order of the login, none twice.
    pub methods: Vec<Method>,
    /// What it may do, in the order of the login.
    pub capabilities: Vec<Capability>,
    /// Its end, in milliseconds since the epoch.
    pub expires_ms: u64,
    /// All resources of a wallet's text, capabilities among them: policies may ask for one. Of other logins the
    /// capabilities.
    pub resources: Vec<String>,
}

impl Session {
    /// The session of one wallet's login.
    #[must_use]
    pub fn of_wallet(key: SessionKey, wallet: Address, domain: impl Into<String>) -> Self {
        let method = Method {
            who: Who::Wallet(wallet),
            id: LoginId::of_wallet(&wallet),
            audience: domain.into(),
            proven_ms: 0,
        };
        let (capabilities, resources) = (Vec::new(), Vec::new());
        Session { key, id: method.id, methods: vec![method], capabilities, expires_ms: 0, resources }
    }

    /// By whom the methods count together: the only one, or all of them. Under a list, by what is listed: whoever adds a
    /// method of its own to a listed one is nobody else by that.
    pub(crate) fn identify(&mut self, admission: &Admission) {
        let all = match self.methods.as_slice() {
            [only] => only.id,
            several => LoginId::of_several(several.iter().map(|method| method.id).collect()),
        };
        let listed = self.methods.iter().find(|method| method.is_listed(admission));
        self.id = match admission {
            Admission::Logins(ids) if ids.contains(&all) => all,
            Admission::Open | Admission::Granted | Admission::List(_) | Admission::Logins(_) => {
                listed.map_or(all, |method| method.id)
            }
        };
    }

    /// Whether an admission by list lets it in: by one of its methods, or by all together.
    #[must_use]
    pub fn is_listed(&self, admission: &Admission) -> bool {
        let together = matches!(admission, Admission::Logins(ids) if ids.contains(&self.id));
        together || self.methods.iter().any(|method| method.is_listed(admission))
    }

    /// The wallets among the methods.
    pub fn wallets(&self) -> impl Iterator<Item = Address> {
        self.methods.iter().filter_map(|method| match method.who {
            Who::Wallet(address) => Some(address),
            Who::Oidc { .. } | Who::Passkey { .. } => None,
        })
    }

    /// The wallet that speaks for the caller where only one can: the first.
    #[must_use]
    pub fn wallet(&self) -> Option<Address> {
        self.wallets().next()
    }

    /// The domain of that wallet's text.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        let wallet = self.methods.iter().find(|method| matches!(method.who, Who::Wallet(_)));
        wallet.map(|method| method.audience.as_str())
    }

    /// Whether the session may run this action. It says nothing about keys.
    #[must_use]
    pub fn may_run(&self, action: &ActionCid) -> bool {
        self.uses().any(|(_, named)| covers_action(named, action))
    }

    /// Whether one capability names this very action together with this very key, or with every key on which the login
    /// itself has the grant.
    #[must_use]
    pub fn names_exactly(&self, key: &PublicKey, action: &ActionCid) -> bool {
        self.uses().any(|(named_key, named_action)| {
            let this_key = *named_key != CapabilityKey::Any && covers_key(named_key, key);
            this_key && *named_action == CapabilityAction::Named(*action)
        })
    }

    /// Whether a capability covers this key and this action, with `*` for at least one of them.
    ///
    /// # Security
    /// This is authority only under the network parameter `wildcard_sessions`.
    #[must_use]
    pub fn names_by_wildcard(&self, key: &PublicKey, action: &ActionCid) -> bool {
        self.uses().any(|(named_key, named_action)| {
            let wildcard = *named_key == CapabilityKey::Any || *named_action == CapabilityAction::Any;
            wildcard && covers_key(named_key, key) && covers_action(named_action, action)
        })
    }

    /// Whether the person behind the login asks through this session to have opened what is under this policy: by
    /// itself, or by this action. What opens inside an action is named in full, since whoever wrote the action reads it.
    #[must_use]
    pub fn may_open(&self, policy: &Digest, action: Option<&ActionCid>) -> bool {
        self.capabilities.iter().any(|capability| match (capability, action) {
            (Capability::Decrypt { policy: CapabilityPolicy::Any }, None) => true,
            (Capability::Decrypt { policy: CapabilityPolicy::Named(named) }, None) => named == policy,
            (Capability::DecryptIn { policy: named, action: for_action }, Some(action)) => {
                named == policy && for_action == action
            }
            _ => false,
        })
    }

    /// Keys and actions that it names.
    fn uses(&self) -> impl Iterator<Item = (&CapabilityKey, &CapabilityAction)> {
        self.capabilities.iter().filter_map(|capability| match capability {
            Capability::Use { key, action } => Some((key, action)),
            Capability::Decrypt { .. } | Capability::DecryptIn { .. } => None,
        })
    }
}

fn covers_key(capability: &CapabilityKey, key: &PublicKey) -> bool {
    match capability {
        CapabilityKey::Named(named) => named == key,
        CapabilityKey::Own | CapabilityKey::Any => true,
    }
}

fn covers_action(capability: &CapabilityAction, action: &ActionCid) -> bool {
    match capability {
        CapabilityAction::Named(named) => named == action,
        CapabilityAction::Any => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_is_answered_by_the_capabilities_that_fit_it() {
        let key: PublicKey =
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap();
        let other: PublicKey =
            "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5".parse().unwrap();
        let [a, b] = [ActionCid::of_code(b"a"), ActionCid::of_code(b"b")];
        let session = |text: &str| Session {
            capabilities: vec![text.parse().unwrap()],
            ..Session::of_wallet(SessionKey([1; 32]), Address([2; 20]), "localhost")
        };
        let answers = |text: &str, key, action| {
            let session = session(text);
            (
                session.may_run(action),
                session.names_exactly(key, action),
                session.names_by_wildcard(key, action),
            )
        };
        let exact = format!("quorate:key/{key}/action/{a}");
        assert_eq!(answers(&exact, &key, &a), (true, true, false));
        assert_eq!(answers(&exact, &key, &b), (false, false, false));
        assert_eq!(answers(&exact, &other, &a), (true, false, false));
        let any_key = format!("quorate:key/*/action/{a}");
        assert_eq!(answers(&any_key, &key, &a), (true, false, true));
        assert_eq!(answers(&any_key, &key, &b), (false, false, false));
        let own = format!("quorate:key/own/action/{a}");
        assert_eq!(answers(&own, &key, &a), (true, true, false));
        assert_eq!(answers(&own, &other, &a), (true, true, false));
        assert_eq!(answers(&own, &key, &b), (false, false, false));
        let any_own = "quorate:key/own/action/*";
        assert_eq!(answers(any_own, &key, &a), (true, false, true));
        let any_action = format!("quorate:key/{key}/action/*");
        assert_eq!(answers(&any_action, &key, &b), (true, false, true));
        assert_eq!(answers(&any_action, &other, &b), (true, false, false));
        assert_eq!(answers("quorate:key/*/action/*", &other, &b), (true, false, true));
    }

    #[test]
    fn a_session_opens_what_it_names_and_inside_an_action_only_there() {
        let [a, b] = [ActionCid::of_code(b"a"), ActionCid::of_code(b"b")];
        let [one, two] = [Digest([1; 32]), Digest([2; 32])];
        let session = |capability| Session {
            capabilities: vec![capability],
            ..Session::of_wallet(SessionKey([1; 32]), Address([2; 20]), "localhost")
        };
        let any = session(Capability::Decrypt { policy: CapabilityPolicy::Any });
        assert!(any.may_open(&one, None) && !any.may_open(&one, Some(&a)));
        let named = session(Capability::Decrypt { policy: CapabilityPolicy::Named(one) });
        assert!(named.may_open(&one, None) && !named.may_open(&two, None) && !named.may_open(&one, Some(&a)));
        let inside = session(Capability::DecryptIn { policy: one, action: a });
        assert!(inside.may_open(&one, Some(&a)) && !inside.may_open(&one, Some(&b)));
        assert!(!inside.may_open(&one, None) && !inside.may_open(&two, Some(&a)) && !inside.may_run(&a));
        let all = session(Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any });
        assert!(!all.may_open(&one, None) && !all.may_open(&one, Some(&a)));
    }

    #[test]
    fn under_a_list_a_session_counts_by_what_is_listed_whatever_is_shown_beside_it() {
        let [listed, other] = [[2; 20], [3; 20]].map(Address);
        let of = |wallets: &[Address], admission: &Admission| {
            let methods = wallets.iter().map(|wallet| {
                Session::of_wallet(SessionKey([1; 32]), *wallet, "localhost").methods.remove(0)
            });
            let mut session = Session {
                methods: methods.collect(),
                ..Session::of_wallet(SessionKey([1; 32]), listed, "localhost")
            };
            session.identify(admission);
            (session.id, session.is_listed(admission))
        };
        let [id, others] = [listed, other].map(|wallet| LoginId::of_wallet(&wallet));
        let both = LoginId::of_several(vec![id, others]);
        for admission in [Admission::List(vec![listed]), Admission::Logins(vec![id])] {
            assert_eq!(of(&[listed], &admission), (id, true));
            assert_eq!(of(&[other, listed], &admission), (id, true));
            assert_eq!(of(&[other], &admission), (others, false));
        }
        assert_eq!(of(&[other, listed], &Admission::Logins(vec![both])), (both, true));
        assert_eq!(of(&[other, listed], &Admission::Open), (both, false));
    }
}
