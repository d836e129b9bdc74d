//! Random lives of keys, compared after every step with a model that fits on a page.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolEvent as _};
use proptest::prelude::*;

use super::{
    directory::change,
    harness::{Claim, Harness, NODES, Puppet},
    helper::Keep,
    steps::{
        MINTERS, NAMES, Permission, SUBJECTS, Step, VALUES, action, key_id, steps, subject, user_pubkey,
    },
};
use crate::{
    abi::{Directory, PKPNFT, PKPNFTWithoutKeySet, PKPPermissions, PubkeyRouter},
    encode,
    subject::{DEFAULT_KEY_SET_ID, Subject},
    view::At,
};

/// How many nodes act together.
const THRESHOLD: usize = 2;

fn bit(scope: u8) -> U256 {
    U256::ONE << usize::from(scope)
}

fn bits(scopes: &[u8]) -> U256 {
    scopes.iter().fold(U256::ZERO, |bits, scope| bits | bit(*scope))
}

/// A subject's word, and the number of the key that was recorded with it.
type Grants = BTreeMap<usize, (U256, u8)>;

/// Whether these are distinct nodes, and as many as needed.
fn agree(nodes: &[u8], needed: usize) -> bool {
    let distinct: BTreeSet<_> = nodes.iter().collect();
    distinct.len() == nodes.len() && nodes.iter().all(|node| *node < NODES) && nodes.len() >= needed
}

/// Permits a subject as the contract does; whether it may.
fn permit(grants: &mut Grants, (index, user_pubkey, scopes): &Permission) -> bool {
    let (word, recorded) = grants.entry(*index).or_insert((U256::ONE, *user_pubkey));
    *word |= bits(scopes);
    recorded == user_pubkey
}

#[derive(Clone, Debug)]
struct Token {
    id: U256,
    itself: Address,
    minter: Address,
    key: (Bytes, alloy_primitives::B256),
    owner: Option<Address>,
    grants: Grants,
    frozen: Option<Grants>,
}

struct World {
    harness: Harness,
    tokens: Vec<Token>,
    keys: BTreeSet<Bytes>,
    /// Key ids that were claimed, or routed by a further minter: each has ids of its own.
    taken: BTreeSet<(Option<usize>, u8)>,
    minters: [Address; MINTERS],
    admitted: [bool; MINTERS],
    /// Version and value of each name.
    values: [(u64, usize); NAMES.len()],
}

impl World {
    fn new() -> Self {
        let mut harness = Harness::with_root();
        let minters = [harness.puppet(), harness.puppet()];
        Self {
            harness,
            tokens: Vec::new(),
            keys: BTreeSet::new(),
            taken: BTreeSet::new(),
            minters,
            admitted: [false; MINTERS],
            values: [(0, 0); NAMES.len()],
        }
    }

    /// Does a step on the chain and in the model; both must agree on whether it is allowed.
    fn step(&mut self, step: &Step) {
        match step {
            Step::Mint { by, older } => {
                let owner = self.harness.address(*by);
                let data = if *older {
                    PKPNFTWithoutKeySet::mintNextCall { keyType: U256::from(2) }.abi_encode().into()
                } else {
                    encode::mint_next(DEFAULT_KEY_SET_ID)
                };
                self.minted(*by, data, Some(owner), Grants::new());
            }
            Step::MintGrantBurn { by, action: index, older } => {
                let data = if *older {
                    let call = PKPNFTWithoutKeySet::mintGrantAndBurnNextCall {
                        keyType: U256::from(2),
                        ipfsCID: Bytes::copy_from_slice(&action(*index)),
                    };
                    call.abi_encode().into()
                } else {
                    encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &action(*index))
                };
                self.minted(
                    *by,
                    data,
                    None,
                    Grants::from([(usize::from(*index), (bits(&[1]) | U256::ONE, 0))]),
                );
            }
            Step::MintWith { by, permissions, own, keep } => {
                self.mint_with(*by, permissions, own.as_deref(), *keep);
            }
            Step::Claim { by, key_id, nodes, by_all } => self.claim(*by, *key_id, nodes, *by_all),
            Step::Transfer { by, token, to } => {
                let to = self.harness.address(*to);
                self.transfer(*by, *token, to);
            }
            Step::TransferToItself { by, token } => {
                let Some(to) = self.tokens.get(*token).map(|token| token.itself) else { return };
                self.transfer(*by, *token, to);
            }
            Step::Burn { by, token } => self.burn(*by, *token),
            Step::MintAgain { by, token } => self.mint_again(*by, *token),
            Step::AdmitMinter { nodes, minter } => self.admit_minter(nodes, *minter),
            Step::RouteByMinter { minter, key_id } => self.route_by_minter(*minter, *key_id),
            Step::Hostile { minter, token } => self.hostile(*minter, *token),
            Step::SetValues { nodes, changes } => self.set_values(nodes, changes),
            other => self.grants_step(other),
        }
    }

    /// Steps that change a token's grants.
    fn grants_step(&mut self, step: &Step) {
        match step {
            Step::Add { by, token, permission } => {
                let Some((id, itself)) = self.named(*token) else { return };
                let (index, user_pubkey_number, scopes) = permission;
                let (kind, name) = subject(*index, itself).auth_method();
                let call = PKPPermissions::addPermittedAuthMethodCall {
                    tokenId: id,
                    authMethod: PKPPermissions::AuthMethod {
                        authMethodType: kind,
                        id: name,
                        userPubkey: user_pubkey(*user_pubkey_number).into(),
                    },
                    scopes: scopes.iter().map(|scope| U256::from(*scope)).collect(),
                };
                self.write(*by, *token, call.abi_encode().into(), |grants| permit(grants, permission));
            }
            Step::Remove { by, token, subject: index } => {
                let Some((id, itself)) = self.named(*token) else { return };
                let data = encode::remove_permitted(id, &subject(*index, itself));
                self.write(*by, *token, data, |grants| grants.remove(index).is_some());
            }
            Step::AddScope { by, token, subject: index, scope } => {
                let Some((id, itself)) = self.named(*token) else { return };
                let data = encode::add_scope(id, &subject(*index, itself), *scope);
                self.write(*by, *token, data, |grants| {
                    grants.get_mut(index).map(|(word, _)| *word |= bit(*scope)).is_some()
                });
            }
            Step::RemoveScope { by, token, subject: index, scope } => {
                let Some((id, itself)) = self.named(*token) else { return };
                let data = encode::remove_scope(id, &subject(*index, itself), *scope);
                self.write(*by, *token, data, |grants| {
                    grants.get_mut(index).map(|(word, _)| *word &= !bit(*scope)).is_some()
                });
            }
            Step::Batch { by, token, add, remove } => self.batch(*by, *token, *add, *remove),
            other => unreachable!("{other:?} changes no grants"),
        }
    }

    fn minted(&mut self, by: u8, data: Bytes, owner: Option<Address>, grants: Grants) {
        let nft = self.harness.contracts.pkp_nft;
        let tx = self.harness.send(by, Some(nft), data).expect("anybody may mint");
        let event = PKPNFT::PKPMinted::decode_log(&tx.logs[0]).unwrap().data;
        self.born(event.tokenId, nft, owner, grants);
    }

    fn born(&mut self, id: U256, minter: Address, owner: Option<Address>, grants: Grants) {
        let pkp = self.harness.view.pkp(id, At::Latest).unwrap().unwrap();
        let key = Bytes::copy_from_slice(&pkp.public_key);
        assert!(self.keys.insert(key.clone()), "a key is minted at most once");
        let frozen = owner.is_none().then(|| grants.clone());
        let (itself, key) = (pkp.eth_address(), (key, pkp.key_id));
        self.tokens.push(Token { id, itself, minter, key, owner, grants, frozen });
    }

    fn mint_with(&mut self, by: u8, permissions: &[Permission], own: Option<&[u8]>, keep: Keep) {
        let terms: Vec<_> = permissions
            .iter()
            .map(|(index, user_pubkey_number, scopes)| {
                let user_pubkey = Bytes::from(user_pubkey(*user_pubkey_number));
                (subject(*index, Address::ZERO), user_pubkey, scopes.clone())
            })
            .collect();
        let mut grants = Grants::new();
        let allowed = permissions.iter().all(|permission| permit(&mut grants, permission));
        if let Some(scopes) = own {
            permit(&mut grants, &(SUBJECTS - 1, 0, scopes.to_vec()));
        }
        let minted = self.harness.mint_with(by, &terms, own, keep);
        assert_eq!(minted.is_ok(), allowed, "{minted:?}");
        let Ok(id) = minted else { return };
        let itself = self.harness.view.pkp(id, At::Latest).unwrap().unwrap().eth_address();
        let owner = match keep {
            Keep::Caller => Some(self.harness.address(by)),
            Keep::Itself => Some(itself),
            Keep::Nobody => None,
        };
        self.born(id, self.harness.contracts.pkp_nft, owner, grants);
    }

    fn claim(&mut self, by: u8, index: u8, nodes: &[u8], by_all: bool) {
        let receiver = self.harness.address(by);
        let claim = Claim { key_id: key_id(index), receiver, minter: receiver, by_all };
        let needed = if by_all { usize::from(NODES) } else { THRESHOLD };
        let allowed = agree(nodes, needed) && !self.taken.contains(&(None, index));
        let signatures = self.harness.attest(nodes, &claim);
        let claimed = self.harness.claim(by, claim.key_id, signatures);
        assert_eq!(claimed.is_ok(), allowed, "{claimed:?}");
        if let Ok(id) = claimed {
            self.taken.insert((None, index));
            self.born(id, self.harness.contracts.pkp_nft, Some(receiver), Grants::new());
        }
    }

    /// A write to the permissions: allowed for the owner if the model's change is.
    fn write(&mut self, by: u8, token: usize, data: Bytes, change: impl FnOnce(&mut Grants) -> bool) {
        let mut changed = self.tokens[token].grants.clone();
        let allowed = self.owns(by, token) && change(&mut changed);
        let permissions = self.harness.contracts.pkp_permissions;
        assert_eq!(self.harness.send(by, Some(permissions), data).is_ok(), allowed);
        if allowed {
            self.tokens[token].grants = changed;
        }
    }

    fn batch(&mut self, by: u8, token: usize, add: usize, remove: usize) {
        let Some((id, itself)) = self.named(token) else { return };
        let (add_kind, add_id) = subject(add, itself).auth_method();
        let (remove_kind, remove_id) = subject(remove, itself).auth_method();
        let call = PKPPermissions::batchAddRemoveAuthMethodsCall {
            tokenId: id,
            typesToAdd: vec![add_kind],
            idsToAdd: vec![add_id],
            userPubkeysToAdd: vec![Bytes::new()],
            scopesToAdd: vec![vec![U256::from(3)]],
            typesToRemove: vec![remove_kind],
            idsToRemove: vec![remove_id],
        };
        self.write(by, token, call.abi_encode().into(), |grants| {
            permit(grants, &(add, 0, vec![3])) && grants.remove(&remove).is_some()
        });
    }

    fn transfer(&mut self, by: u8, token: usize, to: Address) {
        let Some((id, _)) = self.named(token) else { return };
        let from = self.harness.address(by);
        let nft = self.harness.contracts.pkp_nft;
        // A token of a further minter is none of the token contract's.
        let allowed = self.owns(by, token) && self.tokens[token].minter == nft;
        assert_eq!(self.harness.send(by, Some(nft), encode::transfer(from, to, id)).is_ok(), allowed);
        if allowed {
            let token = &mut self.tokens[token];
            token.owner = Some(to);
            // The new owner starts without the grants of the old one; a key that is its own owner keeps them.
            if to != token.itself {
                token.grants.clear();
            }
        }
    }

    fn burn(&mut self, by: u8, token: usize) {
        let Some((id, _)) = self.named(token) else { return };
        let nft = self.harness.contracts.pkp_nft;
        let allowed = self.owns(by, token) && self.tokens[token].minter == nft;
        assert_eq!(self.harness.send(by, Some(nft), encode::burn(id)).is_ok(), allowed);
        if allowed {
            let token = &mut self.tokens[token];
            token.owner = None;
            token.frozen = Some(token.grants.clone());
        }
    }

    /// Every way to record a key a second time fails, for everybody.
    fn mint_again(&mut self, by: u8, token: usize) {
        let Some(token) = self.tokens.get(token) else { return };
        let id = token.key.1;
        let route = route(id);
        let receiver = self.harness.address(by);
        let claim = Claim { key_id: id, receiver, minter: receiver, by_all: true };
        let signatures = self.harness.attest(&[0, 1, 2], &claim);
        assert!(self.harness.claim(by, id, signatures).unwrap_err().contains("AlreadyRouted"));
        let router = self.harness.contracts.pubkey_router;
        assert!(self.harness.send(by, Some(router), route.clone()).is_err());
        // One that is admitted would mint a key of its own by this id.
        for minter in (0..MINTERS).filter(|minter| !self.admitted[*minter]).collect::<Vec<_>>() {
            assert!(self.harness.act(by, self.minters[minter], &[(router, route.clone())]).is_err());
        }
    }

    fn admit_minter(&mut self, nodes: &[u8], minter: usize) {
        let allowed = agree(nodes, THRESHOLD) && !self.admitted[minter];
        assert_eq!(self.harness.admit_minter(nodes, self.minters[minter]).is_ok(), allowed);
        self.admitted[minter] |= allowed;
    }

    fn route_by_minter(&mut self, minter: usize, index: u8) {
        let allowed = self.admitted[minter] && !self.taken.contains(&(Some(minter), index));
        let router = self.harness.contracts.pubkey_router;
        let (puppet, id) = (self.minters[minter], key_id(index));
        assert_eq!(self.harness.act(60, puppet, &[(router, route(id))]).is_ok(), allowed);
        if allowed {
            self.taken.insert((Some(minter), index));
            let token = self.harness.key_of(puppet, id);
            let owner = self.harness.address(50);
            let set = Puppet::setOwnerCall { tokenId: token, owner };
            self.harness.send(60, Some(puppet), set.abi_encode().into()).unwrap();
            self.born(token, puppet, Some(owner), Grants::new());
        }
    }

    /// A further minter says that a token is its own and goes for its grants. It comes to something for its own only.
    fn hostile(&mut self, minter: usize, token: usize) {
        let Some((id, _)) = self.named(token) else { return };
        let (puppet, permissions) = (self.minters[minter], self.harness.contracts.pkp_permissions);
        let own = self.tokens[token].minter == puppet;
        let set = Puppet::setOwnerCall { tokenId: id, owner: puppet };
        self.harness.send(60, Some(puppet), set.abi_encode().into()).unwrap();
        let reset = PKPPermissions::resetOnTransferCall { tokenId: id }.abi_encode().into();
        let add = encode::add_permitted(id, &Subject::Address(puppet), &[1]);
        for data in [add, reset] {
            assert_eq!(self.harness.act(60, puppet, &[(permissions, data)]).is_ok(), own);
        }
        if own {
            self.tokens[token].owner = Some(puppet);
            self.tokens[token].grants.clear();
        }
    }

    /// All changes come to pass, each with the version after the one before, or none does.
    fn set_values(&mut self, nodes: &[u8], changes: &[(usize, u64, usize)]) {
        let mut values = self.values;
        let mut allowed = agree(nodes, THRESHOLD) && !changes.is_empty();
        let signed: Vec<_> = changes
            .iter()
            .map(|(name, ahead, value)| {
                let version = values[*name].0 + ahead;
                allowed &= *ahead == 1;
                values[*name] = (version, *value);
                change(NAMES[*name], version, VALUES[*value])
            })
            .collect();
        let set = self.harness.set_values(nodes, &signed);
        assert_eq!(set.is_ok(), allowed, "{set:?}");
        if allowed {
            self.values = values;
        }
    }

    fn named(&self, token: usize) -> Option<(U256, Address)> {
        self.tokens.get(token).map(|token| (token.id, token.itself))
    }

    fn owns(&self, by: u8, token: usize) -> bool {
        self.tokens[token].owner == Some(self.harness.address(by))
    }

    fn check(&self) {
        for token in &self.tokens {
            if let Some(frozen) = &token.frozen {
                assert_eq!(frozen, &token.grants, "the model itself never changes a burnt token");
            }
            check_at(&self.harness, token, At::Latest);
        }
        assert!(self.harness.kept_by_helper().is_zero(), "the composite holds a token");
        for (name, (version, value)) in NAMES.iter().zip(self.values) {
            let call = Directory::getCall { name: (*name).to_owned() };
            let found = self.harness.call(self.harness.contracts.directory, &call).unwrap();
            assert_eq!((found.version, found.value.as_ref()), (version, VALUES[value]));
        }
    }

    /// The same through the contract's own functions, which share no code with the view's slot reads.
    fn check_by_calls(&self) {
        let permissions = self.harness.contracts.pkp_permissions;
        for token in &self.tokens {
            assert_eq!(self.harness.minter_of(token.id), token.minter);
            for index in 0..SUBJECTS {
                let (kind, id) = subject(index, token.itself).auth_method();
                let call = PKPPermissions::grantBitsCall { tokenId: token.id, authMethodType: kind, id };
                let expected = token.grants.get(&index).map(|grant| grant.0).unwrap_or_default();
                assert_eq!(self.harness.call(permissions, &call).unwrap(), expected);
            }
            let listed = self
                .harness
                .call(permissions, &PKPPermissions::getPermittedAuthMethodsCall { tokenId: token.id })
                .unwrap();
            let listed: BTreeSet<_> =
                listed.into_iter().map(|entry| (entry.authMethodType, entry.id, entry.userPubkey)).collect();
            let expected: BTreeSet<_> = token
                .grants
                .iter()
                .map(|(index, (_, recorded))| {
                    let (kind, id) = subject(*index, token.itself).auth_method();
                    (kind, id, Bytes::from(user_pubkey(*recorded)))
                })
                .collect();
            assert_eq!(listed, expected);
            let exists = PKPNFT::existsCall { tokenId: token.id };
            let nft = self.harness.contracts.pkp_nft;
            assert_eq!(
                self.harness.call(nft, &exists).unwrap(),
                token.owner.is_some() && token.minter == nft
            );
        }
    }
}

fn route(key_id: alloy_primitives::B256) -> Bytes {
    PubkeyRouter::routeCall {
        keyType: U256::from(2),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        derivedKeyId: key_id,
    }
    .abi_encode()
    .into()
}

fn check_at(harness: &Harness, token: &Token, at: At) {
    let pkp = harness.view.pkp(token.id, at).unwrap().unwrap();
    assert_eq!(pkp.owner, token.owner);
    assert_eq!((pkp.public_key.as_slice(), pkp.key_id), (token.key.0.as_ref(), token.key.1));
    for index in 0..SUBJECTS {
        let subject = subject(index, token.itself);
        let grant = harness.view.grant(token.id, &subject, at).unwrap();
        let (word, recorded) = token.grants.get(&index).copied().unwrap_or_default();
        assert_eq!(grant.member, !word.is_zero());
        assert_eq!(grant.scopes.bits(), word & !U256::ONE);
        assert_eq!(harness.view.user_pubkey(token.id, &subject, at).unwrap(), user_pubkey(recorded));
    }
}

/// How many sequences are tried; `cargo xtask ci --full` tries 10,000.
fn sequences() -> u32 {
    std::env::var("REGISTRY_SEQUENCES").ok().and_then(|count| count.parse().ok()).unwrap_or(100)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sequences(), ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_gets_around_an_owner_a_burn_or_a_threshold(steps in steps()) {
        let mut world = World::new();
        let mut history = Vec::new();
        for step in &steps {
            world.step(step);
            world.check();
            history.push((world.harness.view.head().unwrap().latest.number, world.tokens.clone()));
        }
        world.check_by_calls();
        // Older blocks still read as they were.
        for (number, tokens) in history {
            for token in &tokens {
                check_at(&world.harness, token, At::Number(number));
            }
        }
    }
}
