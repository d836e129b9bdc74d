//! What a verified login allows.

use quorate_wire::{ActionCid, Address, Capability, CapabilityAction, CapabilityKey, PublicKey, SessionKey};

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
}

impl Session {
    /// Whether the session may run this action. It says nothing about keys.
    #[must_use]
    pub fn may_run(&self, action: &ActionCid) -> bool {
        self.capabilities.iter().any(|capability| covers_action(capability, action))
    }

    /// Whether one capability names this very key together with this very action.
    #[must_use]
    pub fn names_exactly(&self, key: &PublicKey, action: &ActionCid) -> bool {
        self.capabilities.contains(&Capability {
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
        self.capabilities.iter().any(|capability| {
            let wildcard = capability.key == CapabilityKey::Any || capability.action == CapabilityAction::Any;
            wildcard && covers_key(capability, key) && covers_action(capability, action)
        })
    }
}

fn covers_key(capability: &Capability, key: &PublicKey) -> bool {
    match &capability.key {
        CapabilityKey::Named(named) => named == key,
        CapabilityKey::Any => true,
    }
}

fn covers_action(capability: &Capability, action: &ActionCid) -> bool {
    match &capability.action {
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
}
