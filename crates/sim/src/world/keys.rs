//! Keys, who owns them, and who may use them.

use quorate_auth::Session;
use quorate_engine::{At, Pkp, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, SCOPE_SIGN_LOGINS};
use quorate_threshold::derive;
use quorate_wire::{
    ActionCid, Address, Capability, CapabilityAction, CapabilityKey, LoginId, MessageKind, OperationNumber,
    PublicKey, RequestId, RootKeys, action_key_id, limits,
};

use super::World;
use crate::{
    caller::Wallet,
    chain::{Chain, Granted, State, View},
    entropy::Dice,
    invariants::{Asked, Shown},
    scenario::{Chosen, KEYS, OWNERS, Who},
};

/// The scope that a raw digest needs.
pub(super) const SIGN_ANYTHING: u64 = 1 << SCOPE_SIGN_ANYTHING;
/// Wallets that are no keys of the network: the caller's, the owner's, and the caller's twin.
const WALLETS: usize = 3;

impl World {
    /// Mints the keys under roots that stand already, and plans the requests.
    pub(super) fn register(&mut self, roots: RootKeys) {
        let mut state = State { roots: Some(roots), ..State::default() };
        self.mint(&mut state);
        self.chain = Chain::new(self.epoch_unix_ms, state);
        for wish in self.plan.wishes.clone() {
            self.wish(wish, false);
        }
    }

    /// Mints the keys of a network that has just been founded.
    pub(super) fn found_keys(&mut self) {
        let mut state = std::mem::take(self.chain.pending());
        self.mint(&mut state);
        *self.chain.pending() = state;
    }

    fn mint(&mut self, state: &mut State) {
        let now_ms = self.epoch_unix_ms + self.now_us / 1_000;
        let id = self.committee.id;
        let any = Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any };
        let caller = Wallet::new(&mut self.dice, &id, now_ms, vec![any]);
        // The owner's session names keys, so the keys come first; its address is needed for owning.
        let mut keys = Vec::new();
        for number in 0..KEYS + OWNERS {
            let mark = u8::try_from(number + 1).unwrap_or(u8::MAX);
            if let Some(key) = state.mint([mark; 32], None) {
                keys.push(key);
            } else {
                self.checker.broken("keys derive from the root", format!("key {number}"));
            }
        }
        let owner = Wallet::new(&mut self.dice, &id, now_ms, keys.iter().map(named).collect());
        for (number, key) in keys.iter().take(KEYS).enumerate() {
            state.grant(key, Granted::Action(cid(Chosen::Granted)), Some(SIGN_ANYTHING));
            state.grant(key, Granted::Action(cid(Chosen::WithoutScope)), Some(1 << 2));
            if number == 0 {
                // A burnt token: its grants stand.
                state.grant(key, Granted::Address(owner.address), Some(SIGN_ANYTHING));
            } else if let Some(pkp) = state.pkps.get_mut(key) {
                pkp.owner = Some(owner.address);
            }
        }
        self.keys = keys;
        let twin = caller.twin(&mut Dice::new(now_ms, "twin"), &id, now_ms);
        self.wallets = vec![caller, owner, twin];
        self.let_people_in(state);
        self.let_keys_own(state, now_ms);
    }

    /// Of the keys that own, the first owns itself, and each owns the next. Each is a wallet as soon as it has signed a
    /// login; and somebody else says of itself that it is that wallet.
    fn let_keys_own(&mut self, state: &mut State, now_ms: u64) {
        let keys = self.keys.get(KEYS..).unwrap_or_default().to_vec();
        let any = Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any };
        let capabilities: Vec<Capability> = keys.iter().map(named).chain([any]).collect();
        let mut dice = Dice::new(now_ms, "keys that own");
        let mut owner = keys.first();
        for key in &keys {
            if let Some(pkp) = state.pkps.get_mut(key) {
                pkp.owner = owner.map(PublicKey::address);
            }
            owner = Some(key);
        }
        if let Some(first) = keys.first() {
            state.grant(first, Granted::Action(cid(Chosen::Granted)), Some(1 << SCOPE_SIGN_LOGINS));
            state.grant(first, Granted::Action(cid(Chosen::WithoutScope)), Some(1 << SCOPE_PERSONAL_SIGN));
        }
        let id = self.committee.id;
        let wallet = |key: &PublicKey| Wallet::of_key(&mut dice, &id, now_ms, (key.address(), &capabilities));
        let mut wallets: Vec<Wallet> = keys.iter().map(wallet).collect();
        wallets.extend(keys.iter().map(|key| {
            let mut forger = Wallet::of_key(&mut dice, &id, now_ms, (key.address(), &capabilities));
            forger.forge(&mut dice);
            forger
        }));
        self.wallets.extend(wallets);
    }

    /// The text of a key's login.
    pub(super) fn login_of(&self, key: usize) -> String {
        self.wallets[wallet_place(0, Chosen::ByOwner, Who::Key(key))].login_text().to_owned()
    }

    /// Somebody showed a signature that is good. A key whose login it signs is a wallet from here on.
    pub(super) fn log_in(&mut self, shown: &Shown) {
        for wallet in &mut self.wallets {
            if wallet.address == shown.key.address() {
                wallet.signed(shown);
            }
        }
    }

    /// A key is handed to another key, or to the wallet that owns.
    pub(super) fn hand(&mut self, key: usize, to: Option<usize>) {
        let owner = to.map_or(self.wallets[1].address, |to| self.keys[to].address());
        let key = self.keys[key];
        if let Some(pkp) = self.chain.pending().pkps.get_mut(&key) {
            pkp.owner = Some(owner);
        }
    }

    /// The public key of an action's own key.
    pub(super) fn own_key(&self, action: &ActionCid) -> Option<PublicKey> {
        let roots = self.chain.roots()?;
        let key = derive::public_key(roots.sign_secp256k1.as_bytes(), &action_key_id(action).0).ok()?;
        PublicKey::from_sec1(&key).ok()
    }

    /// Whose login a request's caller named, if there is one.
    pub(super) fn named_by(&self, request: &RequestId) -> Option<LoginId> {
        let number = self.wishes.iter().position(|wish| wish.of(request))?;
        match self.wishes[number].plan.who {
            Who::Forger(_) => None,
            Who::Person(person) => self.people.as_ref().map(|people| people.id(person)),
            Who::Wallet | Who::Key(_) => Some(LoginId::of_wallet(&self.wallet(number)?.address)),
        }
    }

    /// The wallet that makes a request, if nobody else does.
    pub(super) fn wallet(&self, wish: usize) -> Option<&Wallet> {
        let plan = &self.wishes[wish].plan;
        let person = matches!(plan.who, Who::Person(_));
        (!person).then(|| &self.wallets[wallet_place(wish, plan.chosen, plan.who)])
    }

    /// What a request's session may do, and to whom grants on keys can be: nothing and nobody, if the node's own view does
    /// not let it act on the login now.
    fn rights(&self, slot: usize, number: usize) -> Option<(Vec<Capability>, Vec<Granted>)> {
        let wish = &self.wishes[number];
        if let Who::Person(person) = wish.plan.who {
            let taken = wish.session.is_some_and(|session| self.may_take(slot, session));
            let subjects = self.people.as_ref().filter(|_| taken)?.subjects(person);
            return Some((super::people::capabilities().to_vec(), subjects));
        }
        let wallet = self.wallet(number)?;
        let forged = matches!(wish.plan.who, Who::Forger(_));
        (wallet.logged_in() && !forged)
            .then(|| (wallet.capabilities.clone(), vec![Granted::Address(wallet.address)]))
    }

    pub(super) fn granted_action(&self) -> ActionCid {
        cid(Chosen::Granted)
    }

    /// Whether a node's own view lets the action of an operation read what is encrypted to the key, at this moment.
    pub(super) fn opens(&self, slot: usize, place: (RequestId, OperationNumber)) -> bool {
        let node = &self.nodes[slot];
        let (Some(view), Some((action, key))) = (&node.view, node.opens.get(&place)) else { return false };
        let age_ms = (self.epoch_unix_ms + self.now_us / 1_000).saturating_sub(view.made_unix_ms());
        age_ms <= limits::HEAD_AGE_MS_MAX + node.skew_ms.unsigned_abs()
            && [At::Latest, At::Finalized].into_iter().all(|at| {
                let grant = |pkp: &Pkp| view.state(at).granted(&pkp.token, Granted::Action(*action));
                view.state(at).pkps.get(key).is_some_and(|pkp| grant(pkp).allows(SCOPE_SIGN_ANYTHING))
            })
    }

    /// Whether a node's own view allows a key's use in a request at this moment, by the design's rule and
    /// not by the engine's code.
    pub(super) fn allows(&self, slot: usize, asked: &Asked) -> bool {
        let Asked { request, action, key, kind, .. } = asked;
        let node = &self.nodes[slot];
        let number = self.wishes.iter().position(|wish| wish.of(request));
        let (Some(view), Some(number)) = (&node.view, number) else { return false };
        // The world knows when the head was made, whatever the node was told and when. Its clocks may be off.
        let age_ms = (self.epoch_unix_ms + self.now_us / 1_000).saturating_sub(view.made_unix_ms());
        if age_ms > limits::HEAD_AGE_MS_MAX + node.skew_ms.unsigned_abs() {
            return false;
        }
        let Some((capabilities, subjects)) = self.rights(slot, number) else { return false };
        if *kind == MessageKind::Action {
            return self.own_key(action).as_ref() == Some(key);
        }
        let nobody = Session::of_wallet(quorate_wire::SessionKey([0; 32]), Address([0; 20]), "");
        let session = Session { capabilities, ..nobody };
        let named = session.names_exactly(key, action);
        [At::Latest, At::Finalized].into_iter().all(|at| {
            let by_action = allowed_at(view, (key, *kind), at, Granted::Action(*action));
            let to_caller = |subject: &Granted| allowed_at(view, (key, *kind), at, *subject);
            by_action || (named && subjects.iter().any(to_caller))
        })
    }
}

pub(super) fn code(chosen: Chosen) -> &'static str {
    match chosen {
        Chosen::Granted => "// simulated action: granted",
        Chosen::ByOwner => "// simulated action: its caller owns the key",
        Chosen::Ungranted => "// simulated action: not granted",
        Chosen::WithoutScope => "// simulated action: granted without the scope",
    }
}

/// Whose login a request names: the caller's, that of the keys' owner, or, now and then, that of another wallet which
/// logged in for the caller's session key.
pub(super) fn wallet_place(number: usize, chosen: Chosen, who: Who) -> usize {
    match (who, chosen) {
        (Who::Key(key), _) => WALLETS + key - KEYS,
        (Who::Forger(key), _) => WALLETS + OWNERS + key - KEYS,
        (Who::Wallet | Who::Person(_), Chosen::ByOwner) => 1,
        _ if number % 3 == 2 => 2,
        _ => 0,
    }
}

fn named(key: &PublicKey) -> Capability {
    let action = CapabilityAction::Named(cid(Chosen::ByOwner));
    Capability::Use { key: CapabilityKey::Named(*key), action }
}

/// The code of one of the world's actions.
pub(super) fn code_of(action: &ActionCid) -> Option<&'static str> {
    [Chosen::Granted, Chosen::ByOwner, Chosen::Ungranted, Chosen::WithoutScope]
        .into_iter()
        .find(|chosen| cid(*chosen) == *action)
        .map(code)
}

pub(super) fn cid(chosen: Chosen) -> ActionCid {
    ActionCid::of_code(code(chosen).as_bytes())
}

fn allowed_at(view: &View, (key, kind): (&PublicKey, MessageKind), at: At, subject: Granted) -> bool {
    let state = view.state(at);
    state.pkps.get(key).is_some_and(|pkp| {
        let grant = state.granted(&pkp.token, subject);
        let personal = kind == MessageKind::Personal && grant.allows(SCOPE_PERSONAL_SIGN);
        let login = kind == MessageKind::Login && grant.allows(SCOPE_SIGN_LOGINS);
        personal || login || grant.allows(SCOPE_SIGN_ANYTHING)
    })
}
