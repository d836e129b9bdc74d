//! Random lives of keys, compared after every step with a model that fits on a page.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolEvent as _};
use proptest::prelude::*;

use super::harness::Harness;
use crate::{
    abi::{PKPNFT, PKPPermissions, PubkeyRouter},
    encode,
    subject::{DEFAULT_KEY_SET_ID, Subject},
    view::At,
};

const ACCOUNTS: u8 = 3;
const SUBJECTS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Mint { by: u8 },
    MintGrantBurn { by: u8, action: u8 },
    Add { by: u8, token: usize, subject: usize, scopes: Vec<u8> },
    Remove { by: u8, token: usize, subject: usize },
    AddScope { by: u8, token: usize, subject: usize, scope: u8 },
    RemoveScope { by: u8, token: usize, subject: usize, scope: u8 },
    Batch { by: u8, token: usize, add: usize, remove: usize },
    Transfer { by: u8, token: usize, to: u8 },
    TransferToItself { by: u8, token: usize },
    Burn { by: u8, token: usize },
    MintAgain { by: u8, token: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let by = || 50..50 + ACCOUNTS;
    let token = || 0..4_usize;
    let subject = || 0..SUBJECTS;
    // Every scope is a valid one; the invalid ones have tests of their own.
    let scope = || 1..=255_u8;
    let step = prop_oneof![
        2 => by().prop_map(|by| Step::Mint { by }),
        1 => (by(), 0..2_u8).prop_map(|(by, action)| Step::MintGrantBurn { by, action }),
        6 => (by(), token(), subject(), prop::collection::vec(scope(), 0..3))
            .prop_map(|(by, token, subject, scopes)| Step::Add { by, token, subject, scopes }),
        3 => (by(), token(), subject()).prop_map(|(by, token, subject)| Step::Remove { by, token, subject }),
        2 => (by(), token(), subject(), scope())
            .prop_map(|(by, token, subject, scope)| Step::AddScope { by, token, subject, scope }),
        2 => (by(), token(), subject(), scope())
            .prop_map(|(by, token, subject, scope)| Step::RemoveScope { by, token, subject, scope }),
        1 => (by(), token(), subject(), subject())
            .prop_map(|(by, token, add, remove)| Step::Batch { by, token, add, remove }),
        2 => (by(), token(), by()).prop_map(|(by, token, to)| Step::Transfer { by, token, to }),
        1 => (by(), token()).prop_map(|(by, token)| Step::TransferToItself { by, token }),
        2 => (by(), token()).prop_map(|(by, token)| Step::Burn { by, token }),
        1 => (by(), token()).prop_map(|(by, token)| Step::MintAgain { by, token }),
    ];
    prop::collection::vec(step, 1..40)
}

fn subject(index: usize) -> Subject {
    match index {
        0 | 1 => Subject::Action(action(u8::try_from(index).unwrap())),
        2 => Subject::Address(Address::repeat_byte(0xaa)),
        _ => Subject::AuthMethod { kind: U256::from(6), id: b"issuer|somebody".to_vec() },
    }
}

fn action(index: u8) -> [u8; 34] {
    let mut id = [index; 34];
    id[0] = 0x12;
    id[1] = 0x20;
    id
}

fn bit(scope: u8) -> U256 {
    U256::ONE << usize::from(scope)
}

#[derive(Clone, Debug)]
struct Token {
    id: U256,
    itself: Address,
    owner: Option<Address>,
    grants: BTreeMap<usize, U256>,
    frozen: Option<BTreeMap<usize, U256>>,
}

struct World {
    harness: Harness,
    tokens: Vec<Token>,
    keys: BTreeSet<Bytes>,
}

impl World {
    fn new() -> Self {
        Self { harness: Harness::with_root(), tokens: Vec::new(), keys: BTreeSet::new() }
    }

    /// Does a step on the chain and in the model; both must agree on whether it is allowed.
    fn step(&mut self, step: &Step) {
        match step {
            Step::Mint { by } => {
                let owner = self.harness.address(*by);
                self.minted(*by, encode::mint_next(DEFAULT_KEY_SET_ID), Some(owner), BTreeMap::new());
            }
            Step::MintGrantBurn { by, action: index } => {
                let data = encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &action(*index));
                let grants = BTreeMap::from([(usize::from(*index), U256::ONE | bit(1))]);
                self.minted(*by, data, None, grants);
            }
            Step::Add { by, token, subject: index, scopes } => {
                let Some(id) = self.id(*token) else { return };
                let data = encode::add_permitted(id, &subject(*index), scopes);
                self.write(*by, *token, data, |grants| {
                    let word = grants.entry(*index).or_insert(U256::ONE);
                    *word |= scopes.iter().fold(U256::ZERO, |bits, scope| bits | bit(*scope));
                    true
                });
            }
            Step::Remove { by, token, subject: index } => {
                let Some(id) = self.id(*token) else { return };
                let data = encode::remove_permitted(id, &subject(*index));
                self.write(*by, *token, data, |grants| grants.remove(index).is_some());
            }
            Step::AddScope { by, token, subject: index, scope } => {
                let Some(id) = self.id(*token) else { return };
                let data = encode::add_scope(id, &subject(*index), *scope);
                self.write(*by, *token, data, |grants| {
                    grants.get_mut(index).map(|word| *word |= bit(*scope)).is_some()
                });
            }
            Step::RemoveScope { by, token, subject: index, scope } => {
                let Some(id) = self.id(*token) else { return };
                let data = encode::remove_scope(id, &subject(*index), *scope);
                self.write(*by, *token, data, |grants| {
                    grants.get_mut(index).map(|word| *word &= !bit(*scope)).is_some()
                });
            }
            Step::Batch { by, token, add, remove } => self.batch(*by, *token, *add, *remove),
            Step::Transfer { by, token, to } => {
                let to = self.harness.address(*to);
                self.transfer(*by, *token, to);
            }
            Step::TransferToItself { by, token } => {
                let Some(to) = self.tokens.get(*token).map(|token| token.itself) else { return };
                self.transfer(*by, *token, to);
            }
            Step::Burn { by, token } => {
                let Some(id) = self.id(*token) else { return };
                let allowed = self.owns(*by, *token);
                let nft = self.harness.contracts.pkp_nft;
                assert_eq!(self.harness.send(*by, Some(nft), encode::burn(id)).is_ok(), allowed);
                if allowed {
                    let token = &mut self.tokens[*token];
                    token.owner = None;
                    token.frozen = Some(token.grants.clone());
                }
            }
            Step::MintAgain { by, token } => self.mint_again(*by, *token),
        }
    }

    fn minted(&mut self, by: u8, data: Bytes, owner: Option<Address>, grants: BTreeMap<usize, U256>) {
        let nft = self.harness.contracts.pkp_nft;
        let tx = self.harness.send(by, Some(nft), data).expect("anybody may mint");
        let event = PKPNFT::PKPMinted::decode_log(&tx.logs[0]).unwrap().data;
        assert!(self.keys.insert(event.pubkey), "a key is minted at most once");
        let pkp = self.harness.view.pkp(event.tokenId, At::Latest).unwrap().unwrap();
        let frozen = owner.is_none().then(|| grants.clone());
        self.tokens.push(Token { id: event.tokenId, itself: pkp.eth_address(), owner, grants, frozen });
    }

    /// A write to the permissions: allowed for the owner if the model's change is.
    fn write(
        &mut self,
        by: u8,
        token: usize,
        data: Bytes,
        change: impl FnOnce(&mut BTreeMap<usize, U256>) -> bool,
    ) {
        let mut changed = self.tokens[token].grants.clone();
        let allowed = self.owns(by, token) && change(&mut changed);
        let permissions = self.harness.contracts.pkp_permissions;
        assert_eq!(self.harness.send(by, Some(permissions), data).is_ok(), allowed);
        if allowed {
            self.tokens[token].grants = changed;
        }
    }

    fn batch(&mut self, by: u8, token: usize, add: usize, remove: usize) {
        let Some(id) = self.id(token) else { return };
        let (add_kind, add_id) = subject(add).auth_method();
        let (remove_kind, remove_id) = subject(remove).auth_method();
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
            *grants.entry(add).or_insert(U256::ONE) |= bit(3);
            grants.remove(&remove).is_some()
        });
    }

    fn transfer(&mut self, by: u8, token: usize, to: Address) {
        let Some(id) = self.id(token) else { return };
        let from = self.harness.address(by);
        let allowed = self.owns(by, token);
        let nft = self.harness.contracts.pkp_nft;
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

    /// Every way to record a key a second time fails, for everybody.
    fn mint_again(&mut self, by: u8, token: usize) {
        let Some(id) = self.id(token) else { return };
        let pkp = self.harness.view.pkp(id, At::Latest).unwrap().unwrap();
        let route = PubkeyRouter::routeCall {
            keyType: U256::from(2),
            keySetId: pkp.key_set,
            derivedKeyId: pkp.key_id,
        };
        let router = self.harness.contracts.pubkey_router;
        assert!(self.harness.send(by, Some(router), route.abi_encode().into()).is_err());
    }

    fn id(&self, token: usize) -> Option<U256> {
        self.tokens.get(token).map(|token| token.id)
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
    }

    /// The same through the contract's own functions, which share no code with the view's slot reads.
    fn check_by_calls(&self) {
        let permissions = self.harness.contracts.pkp_permissions;
        for token in &self.tokens {
            for index in 0..SUBJECTS {
                let (kind, id) = subject(index).auth_method();
                let call = PKPPermissions::grantBitsCall { tokenId: token.id, authMethodType: kind, id };
                let expected = token.grants.get(&index).copied().unwrap_or_default();
                assert_eq!(self.harness.call(permissions, &call).unwrap(), expected);
            }
            let listed = self
                .harness
                .call(permissions, &PKPPermissions::getPermittedAuthMethodsCall { tokenId: token.id })
                .unwrap();
            let listed: BTreeSet<_> =
                listed.into_iter().map(|entry| (entry.authMethodType, entry.id)).collect();
            let expected: BTreeSet<_> =
                token.grants.keys().map(|index| subject(*index).auth_method()).collect();
            assert_eq!(listed, expected);
            let exists = PKPNFT::existsCall { tokenId: token.id };
            assert_eq!(
                self.harness.call(self.harness.contracts.pkp_nft, &exists).unwrap(),
                token.owner.is_some()
            );
        }
    }
}

fn check_at(harness: &Harness, token: &Token, at: At) {
    let pkp = harness.view.pkp(token.id, at).unwrap().unwrap();
    assert_eq!(pkp.owner, token.owner);
    for index in 0..SUBJECTS {
        let grant = harness.view.grant(token.id, &subject(index), at).unwrap();
        let expected = token.grants.get(&index).copied().unwrap_or_default();
        assert_eq!(grant.member, !expected.is_zero());
        assert_eq!(grant.scopes.bits(), expected & !U256::ONE);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_changes_a_grant_of_a_burnt_token(steps in steps()) {
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
