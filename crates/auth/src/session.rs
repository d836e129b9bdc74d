//! What a verified login allows.

use quorate_wire::{
    ActionCid, Address, Capability, CapabilityAction, CapabilityKey, CapabilityPolicy, Digest, PublicKey,
    SessionKey,
};

/// A session, as a verified login describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key that signs requests.
    pub key: SessionKey,
    /// The wallet that allowed it.
    pub wallet: Address,
    /// What it may do, in the order of the login's text.
    pub capabilities: Vec<Capability>,
    /// Its end, in milliseconds since the epoch.
    pub expires_ms: u64,
    /// The domain that the login is for.
    pub domain: String,
    /// All resources of the login's text, capabilities among them: policies may ask for one.
    pub resources: Vec<String>,
}

impl Session {
    /// Whether the session may run this action. It says nothing about keys.
    #[must_use]
    pub fn may_run(&self, action: &ActionCid) -> bool {
        self.uses().any(|(_, named)| covers_action(named, action))
    }

    /// Whether one capability names this very key together with this very action.
    #[must_use]
    pub fn names_exactly(&self, key: &PublicKey, action: &ActionCid) -> bool {
        self.capabilities.contains(&Capability::Use {
            key: CapabilityKey::Named(*key),
            action: CapabilityAction::Named(*action),
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
        CapabilityKey::Any => true,
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
            key: SessionKey([1; 32]),
            wallet: Address([2; 20]),
            capabilities: vec![text.parse().unwrap()],
            expires_ms: 1,
            domain: "localhost".to_owned(),
            resources: vec![text.to_owned()],
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
            key: SessionKey([1; 32]),
            wallet: Address([2; 20]),
            capabilities: vec![capability],
            expires_ms: 1,
            domain: "localhost".to_owned(),
            resources: Vec::new(),
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
}
